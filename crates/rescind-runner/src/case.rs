//! Runs one case: its steps in order, each with how things stood before and after.

use std::collections::BTreeMap;
use std::sync::Arc;

use rescind_model::Subject;
use rescind_model::scenario::{Connect, HeldToken, Revoke, Step, SwitchedStatus, Verb};
use rescind_model::secret::{KnownSecret, Secret};
use rescind_model::target::RequestTemplate;
use rescind_model::template::{TemplateError, Variables};
use rescind_provider::{Entry, Tenant};
use serde_json::{Value, json};

use crate::plan::Case;
use crate::provision;
use crate::record::{AccountIdentity, AccountWorld, Call, CaseRecord, StepRecord, World};
use crate::target::{Adapter, Connected, ConnectionFacts, ProvisioningError};

/// A case on its way.
pub struct CaseRun {
    case: Case,
    adapter: Arc<Adapter>,
    tenant: Arc<Tenant>,
    api_key: Secret,
    /// What the target's client steps captured, by client.
    clients: BTreeMap<String, Variables>,
    connected: BTreeMap<String, Connected>,
    identities: BTreeMap<String, AccountIdentity>,
    world: World,
    /// The number of the last request that a step has accounted for.
    seen: u64,
    steps: Vec<StepRecord>,
}

/// A case that has run, and the tenant that dispatches may still come to.
pub struct FinishedCase {
    /// What is known so far.
    pub record: CaseRecord,
    /// Its tenant.
    pub tenant: Arc<Tenant>,
    /// The number of the last request that a step has accounted for.
    pub seen: u64,
}

/// Why a step could not be made: the runner's fault, its environment's, or the scenario's.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("provisioning failed: {0}")]
    Provisioning(ProvisioningError),
    #[error("a call of the target file cannot be filled: {0}")]
    Template(#[from] TemplateError),
    #[error("the target file has no `{0}` call")]
    NoSuchCall(&'static str),
    #[error("the account has no {0} at the provider")]
    NoSuchToken(Subject),
    #[error("the provider's journal has dropped requests that the verdict would need")]
    JournalLost,
}

impl CaseRun {
    /// A case at a tenant of its own.
    pub fn new(case: Case, adapter: Arc<Adapter>, tenant: Arc<Tenant>, api_key: Secret) -> Self {
        Self {
            case,
            adapter,
            tenant,
            api_key,
            clients: BTreeMap::new(),
            connected: BTreeMap::new(),
            identities: BTreeMap::new(),
            world: World::default(),
            seen: 0,
            steps: Vec::new(),
        }
    }

    /// Makes every step.
    pub async fn run(mut self) -> FinishedCase {
        let scenario = Arc::clone(&self.case.scenario);
        let mut harness_error = None;
        for (index, step) in scenario.steps.iter().enumerate() {
            if let Err(error) = self.step(index, step).await {
                let line = scenario.file.line_of(step.span.start);
                harness_error = Some(format!(
                    "step {} (`{}`, line {line}): {error}",
                    index + 1,
                    step.verb.word()
                ));
                break;
            }
        }
        let mut scanner = self
            .tenant
            .lock()
            .scanner(self.tenant.fingerprints().clone());
        scanner.add(KnownSecret {
            kind: "api_key".into(),
            secret: self.api_key.clone(),
            prefix_length: 0,
        });
        FinishedCase {
            record: CaseRecord {
                id: self.case.id.clone(),
                scenario,
                profile: Arc::clone(&self.case.profile),
                steps: self.steps,
                late: Vec::new(),
                accounts: self.identities,
                scanner,
                log_leaks: None,
                harness_error,
            },
            tenant: self.tenant,
            seen: self.seen,
        }
    }

    async fn step(&mut self, index: usize, step: &Step) -> Result<(), StepError> {
        // What came since the last call was answered came unasked.
        let strays = self.dispatches_since();
        if let Some(last) = self.steps.last_mut() {
            last.strays.extend(strays);
        }
        self.observe_ledger();
        let before = self.world.clone();
        let call = self.act(&step.verb).await?;
        let entries = self.entries_since()?;
        self.observe_ledger();
        let reads = if call.is_some() {
            self.read_all().await?
        } else {
            Vec::new()
        };
        self.steps.push(StepRecord {
            index,
            step: step.clone(),
            before,
            after: self.world.clone(),
            call,
            reads,
            entries,
            strays: Vec::new(),
        });
        Ok(())
    }

    async fn act(&mut self, verb: &Verb) -> Result<Option<Call>, StepError> {
        let elapsed = self.tenant.elapsed();
        match verb {
            Verb::Connect(connect) => self.connect(connect).await.map(|()| None),
            Verb::Revoke(revoke) => self.revoke(revoke).await.map(Some),
            Verb::Read(read) => {
                self.call(
                    &read.account,
                    "read",
                    Some(&self.adapter.target().read.request),
                    None,
                )
                .await
            }
            Verb::Delete(delete) => {
                let request = self
                    .adapter
                    .target()
                    .delete
                    .as_ref()
                    .map(|call| &call.request);
                let call = self.call(&delete.account, "delete", request, None).await?;
                let deleted = call
                    .as_ref()
                    .and_then(Call::answered)
                    .is_some_and(crate::record::Answered::is_success);
                if let Some(account) = self.world.accounts.get_mut(delete.account.get()) {
                    account.deleted |= deleted;
                }
                Ok(call)
            }
            Verb::Refresh(refresh) => {
                let request = self
                    .adapter
                    .target()
                    .refresh
                    .as_ref()
                    .map(|call| &call.request);
                self.call(&refresh.account, "refresh", request, None).await
            }
            Verb::SetStatus(set) => {
                let request = self
                    .adapter
                    .target()
                    .set_status
                    .as_ref()
                    .map(|call| &call.request);
                let enabled = json!(set.to == SwitchedStatus::Active);
                self.call(
                    &set.account,
                    "set_status",
                    request,
                    Some(("enabled", enabled)),
                )
                .await
            }
            Verb::RemoveByUser(removal) => {
                if let Some(identity) = self.identities.get(removal.account.get()) {
                    self.tenant.lock().remove_by_user(identity.grant, elapsed);
                }
                Ok(None)
            }
            Verb::Expire(expire) => self.expire(&expire.account, expire.token).map(|()| None),
            Verb::AdvanceClock(advance) => {
                self.tenant.lock().advance(advance.seconds);
                Ok(None)
            }
            Verb::Fail(fault) => {
                self.tenant.lock().fail(*fault);
                Ok(None)
            }
            Verb::Recover => {
                self.tenant.lock().recover();
                Ok(None)
            }
        }
    }

    async fn connect(&mut self, connect: &Connect) -> Result<(), StepError> {
        let held = [
            (Subject::AccessToken, connect.access_token),
            (Subject::RefreshToken, connect.refresh_token),
        ];
        let subjects: Vec<Subject> = held
            .into_iter()
            .filter(|(_, held)| *held != HeldToken::Absent)
            .map(|(subject, _)| subject)
            .collect();
        let user = connect
            .user
            .as_ref()
            .unwrap_or(connect.account.get())
            .clone();
        let elapsed = self.tenant.elapsed();
        let minted = self
            .tenant
            .lock()
            .mint(&user, &connect.client, &subjects, elapsed);
        for (subject, held) in held {
            if matches!(held, HeldToken::Expired | HeldToken::ExpiredAtProvider)
                && !self.tenant.lock().expire(minted.grant, subject, elapsed)
            {
                return Err(StepError::NoSuchToken(subject));
            }
        }
        let client = self.connect_client(&connect.client).await?;
        let expires_in = match connect.access_token {
            HeldToken::Expired => Some(0),
            _ => minted.expires_in,
        };
        let account = provision::account_facts(
            connect.account.get(),
            &user,
            connect.status,
            &minted,
            expires_in,
        );
        let facts = ConnectionFacts { client, account };
        let connected = self
            .adapter
            .connect_account(facts)
            .await
            .map_err(StepError::Provisioning)?;
        self.identities.insert(
            connect.account.get().clone(),
            AccountIdentity {
                target_id: connected.target_id.clone(),
                grant: minted.grant,
                user,
                client: connect.client.clone(),
            },
        );
        let (_, status) = self.adapter.read(&connected.variables).await?;
        self.connected
            .insert(connect.account.get().clone(), connected);
        self.world.accounts.insert(
            connect.account.get().clone(),
            AccountWorld {
                status,
                deleted: false,
                tokens: Vec::new(),
            },
        );
        Ok(())
    }

    /// Puts a client into the target, once for each of the scenario's.
    async fn connect_client(&mut self, name: &str) -> Result<Variables, StepError> {
        if let Some(variables) = self.clients.get(name) {
            return Ok(variables.clone());
        }
        let facts = provision::client_facts(&self.tenant, &self.case.id.profile, name);
        let captured = self
            .adapter
            .connect_client(facts)
            .await
            .map_err(StepError::Provisioning)?;
        self.clients.insert(name.to_owned(), captured.clone());
        Ok(captured)
    }

    async fn revoke(&self, revoke: &Revoke) -> Result<Call, StepError> {
        let account = revoke.account.as_ref().or(revoke.unknown_like.as_ref());
        let connected = account.and_then(|name| self.connected.get(name.get()));
        let target_id = match (&revoke.id, connected) {
            (Some(literal), _) => literal.get().clone(),
            (None, Some(connected)) if revoke.unknown_like.is_some() => {
                unknown_like(&connected.target_id)
            }
            (None, Some(connected)) => connected.target_id.clone(),
            (None, None) => String::new(),
        };
        // A literal id needs no account, but the path may hold other captures of one.
        let any = connected.or_else(|| self.connected.values().next());
        let variables = any
            .map(|connected| connected.variables.clone())
            .unwrap_or_default();
        Ok(self.adapter.revoke(revoke, &target_id, &variables).await?)
    }

    async fn call(
        &self,
        account: &str,
        word: &'static str,
        request: Option<&RequestTemplate>,
        extra: Option<(&str, Value)>,
    ) -> Result<Option<Call>, StepError> {
        let request = request.ok_or(StepError::NoSuchCall(word))?;
        let mut variables = self
            .connected
            .get(account)
            .map(|connected| connected.variables.clone())
            .unwrap_or_default();
        variables.extend(extra.map(|(name, value)| (name.to_owned(), value)));
        Ok(Some(self.adapter.call(request, &variables).await?))
    }

    fn expire(&self, account: &str, subject: Subject) -> Result<(), StepError> {
        let elapsed = self.tenant.elapsed();
        let grant = self.identities.get(account).map(|identity| identity.grant);
        let done = grant.is_some_and(|grant| self.tenant.lock().expire(grant, subject, elapsed));
        done.then_some(()).ok_or(StepError::NoSuchToken(subject))
    }

    /// What the provider received since the last look.
    fn entries_since(&mut self) -> Result<Vec<Entry>, StepError> {
        let state = self.tenant.lock();
        if state.journal().lost_after(self.seen) {
            return Err(StepError::JournalLost);
        }
        let entries: Vec<Entry> = state.journal().after(self.seen).cloned().collect();
        self.seen = state.journal().received();
        Ok(entries)
    }

    fn dispatches_since(&mut self) -> Vec<Entry> {
        self.entries_since()
            .unwrap_or_default()
            .into_iter()
            .filter(Entry::is_dispatch)
            .collect()
    }

    fn observe_ledger(&mut self) {
        let elapsed = self.tenant.elapsed();
        let state = self.tenant.lock();
        let now = state.now(elapsed);
        for (name, account) in &mut self.world.accounts {
            if let Some(identity) = self.identities.get(name) {
                account.tokens = state.ledger().tokens(identity.grant, now);
            }
        }
    }

    async fn read_all(&mut self) -> Result<Vec<Call>, StepError> {
        let mut reads = Vec::new();
        for (name, connected) in &self.connected {
            let (call, status) = self.adapter.read(&connected.variables).await?;
            if let Some(account) = self.world.accounts.get_mut(name) {
                account.status = status;
            }
            reads.push(call);
        }
        Ok(reads)
    }
}

impl FinishedCase {
    /// Takes in the dispatches that came after the last step.
    pub fn finish(mut self) -> CaseRecord {
        let state = self.tenant.lock();
        if state.journal().lost_after(self.seen) && self.record.harness_error.is_none() {
            self.record.harness_error = Some(StepError::JournalLost.to_string());
        }
        self.record.late = state
            .journal()
            .after(self.seen)
            .filter(|entry| entry.is_dispatch())
            .cloned()
            .collect();
        drop(state);
        self.record
    }
}

/// An id of the same shape as a real one, and nobody's: its last letters and digits are each
/// replaced by the next.
fn unknown_like(id: &str) -> String {
    let mut characters: Vec<char> = id.chars().collect();
    for character in characters.iter_mut().rev().take(6) {
        *character = match *character {
            // After f comes a: a hexadecimal id stays one.
            'f' | 'z' => 'a',
            'F' | 'Z' => 'A',
            '9' => '0',
            letter if letter.is_ascii_alphanumeric() => char::from(letter as u8 + 1),
            other => other,
        };
    }
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::unknown_like;

    #[test]
    fn an_unknown_id_keeps_the_shape_and_differs() {
        assert_eq!(unknown_like("ca_19f"), "db_20a");
        assert_eq!(unknown_like("ca_abcdef09"), "ca_abdefa10");
    }

    proptest::proptest! {
        #[test]
        fn an_unknown_id_is_another_one(id in "[a-z]{2}_[0-9A-Za-z]{6,12}") {
            let unknown = unknown_like(&id);
            proptest::prop_assert_ne!(&unknown, &id);
            proptest::prop_assert_eq!(unknown.len(), id.len());
        }
    }
}
