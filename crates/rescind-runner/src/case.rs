//! Runs one case: its steps in order, each with how things stood before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rescind_model::scenario::{Connect, Delete, HeldToken, Revoke, Step, SwitchedStatus, Verb};
use rescind_model::secret::KnownSecret;
use rescind_model::target::{Call as TargetCall, RequestTemplate};
use rescind_model::template::{TemplateError, Variables};
use rescind_model::{Subject, TokenState};
use rescind_provider::{Entry, Tenant, TokenId};
use serde_json::json;

use crate::clock::poll_until;
use crate::judge::facts::{self, Held};
use crate::plan::Case;
use crate::provision;
use crate::record::{
    AccountIdentity, AccountWorld, Call, CaseRecord, StepRecord, World, never_given, tokens_of,
};
use crate::target::{Adapter, CallError, Connected, ConnectionFacts, ProvisioningError};

/// A case on its way.
pub struct CaseRun {
    case: Case,
    adapter: Arc<Adapter>,
    tenant: Arc<Tenant>,
    /// What the target's client steps captured, by client and scheme.
    clients: BTreeMap<(String, String), Variables>,
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
    #[error("the call cannot be made: {0}")]
    Call(#[from] CallError),
    #[error("the target file has no `{0}` call")]
    NoSuchCall(&'static str),
    #[error("the account has no {0} at the provider")]
    NoSuchToken(Subject),
    #[error("the provider's journal has dropped requests that the verdict would need")]
    JournalLost,
}

impl CaseRun {
    /// A case at a tenant of its own.
    pub fn new(case: Case, adapter: Arc<Adapter>, tenant: Arc<Tenant>) -> Self {
        Self {
            case,
            adapter,
            tenant,
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
        for key in self.adapter.keys().all() {
            scanner.add(KnownSecret {
                kind: "api_key".into(),
                secret: key.clone(),
                prefix_length: 0,
            });
        }
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
            BTreeMap::new()
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
        let adapter = Arc::clone(&self.adapter);
        let target = adapter.target();
        let elapsed = self.tenant.elapsed();
        let call = match verb {
            Verb::Connect(connect) => {
                self.connect(connect).await?;
                return Ok(None);
            }
            Verb::Revoke(revoke) => self.revoke(revoke).await?,
            Verb::Read(read) => self.call(&read.account, &target.read.request, None).await?,
            Verb::Delete(delete) => self.delete(delete).await?,
            Verb::Refresh(refresh) => {
                let request = declared("refresh", target.refresh.as_ref())?;
                self.call(&refresh.account, request, None).await?
            }
            Verb::SetStatus(set) => {
                let request = declared("set_status", target.set_status.as_ref())?;
                self.call(&set.account, request, Some(set.to)).await?
            }
            Verb::DeleteClient(delete) => {
                let request = declared("delete_client", target.delete_client.as_ref())?;
                let call = self.client_call(&delete.client, request, None).await?;
                if call.is_success() {
                    self.note_deleted(|identity| identity.client == **delete.client);
                }
                call
            }
            Verb::SetClientStatus(set) => {
                let request = declared("set_client_status", target.set_client_status.as_ref())?;
                self.client_call(&set.client, request, Some(set.to)).await?
            }
            Verb::RemoveByUser(removal) => {
                if let Some(identity) = self.identities.get(removal.account.get()) {
                    self.tenant.lock().remove_by_user(identity.grant, elapsed);
                }
                return Ok(None);
            }
            Verb::Expire(expire) => {
                self.expire(&expire.account, expire.token)?;
                return Ok(None);
            }
            Verb::AdvanceClock(advance) => {
                self.tenant.lock().clock_mut().advance(advance.seconds);
                return Ok(None);
            }
            Verb::Fail(fault) => {
                self.tenant.lock().fail(fault.clone());
                return Ok(None);
            }
            Verb::Recover => {
                self.tenant.lock().recover();
                return Ok(None);
            }
        };
        Ok(Some(call))
    }

    /// Deletes an account; if its tokens are to be revoked with it, returns when they are dead or
    /// the bound for that has passed.
    async fn delete(&mut self, delete: &Delete) -> Result<Call, StepError> {
        let adapter = Arc::clone(&self.adapter);
        let target = adapter.target();
        let account = delete.account.get();
        if !delete.and_revoke {
            let request = declared("delete", target.delete.as_ref())?;
            let call = self.call(account, request, None).await?;
            self.note_deletion(account, &call);
            return Ok(call);
        }
        let declared = target.delete_and_revoke.as_ref();
        let declared = declared.ok_or(StepError::NoSuchCall("delete_and_revoke"))?;
        let killable = self.killable(account);
        let call = self.call(account, &declared.request, None).await?;
        self.note_deletion(account, &call);
        let seconds = declared.seconds.as_ref();
        let bound = seconds.map_or(target.limits.background_seconds, |seconds| **seconds);
        poll_until(Duration::from_secs_f64(bound), || {
            self.observe_ledger();
            let account = self.world.accounts.get(account);
            let is_alive = |subject| {
                account.is_some_and(|account| account.state(subject) == TokenState::Alive)
            };
            !killable.iter().copied().any(is_alive)
        })
        .await;
        Ok(call)
    }

    /// What of an account some declared route reaches.
    fn killable(&self, account: &str) -> BTreeSet<Subject> {
        let identity = self.identities.get(account);
        let is_oauth2 = identity.is_some_and(AccountIdentity::is_oauth2);
        match self.world.accounts.get(account) {
            Some(world) if is_oauth2 => facts::killable(&self.case.profile, Held::of(world)),
            _ => BTreeSet::new(),
        }
    }

    fn note_deletion(&mut self, account: &str, call: &Call) {
        if let Some(account) = self.world.accounts.get_mut(account) {
            account.deleted |= call.is_success();
        }
    }

    fn note_deleted(&mut self, concerns: impl Fn(&AccountIdentity) -> bool) {
        for (name, account) in &mut self.world.accounts {
            account.deleted |= self.identities.get(name).is_some_and(&concerns);
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
            let done = match held {
                HeldToken::Alive | HeldToken::Absent => true,
                HeldToken::Expired | HeldToken::ExpiredAtProvider => {
                    self.tenant.lock().expire(minted.grant, subject, elapsed)
                }
                HeldToken::Dead => {
                    let mut tenant = self.tenant.lock();
                    tenant.kill_at_provider(minted.grant, subject, elapsed)
                }
            };
            if !done {
                return Err(StepError::NoSuchToken(subject));
            }
        }
        let client = self
            .connect_client(&connect.client, &connect.scheme)
            .await?;
        let expires_in = match connect.access_token {
            HeldToken::Expired => Some(0),
            _ => minted.expires_in,
        };
        let account = provision::account_facts(
            connect.account.get(),
            &user,
            self.adapter.target().words.word_to_connect(connect.status),
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
                scheme: connect.scheme.clone(),
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
                never_given: BTreeSet::new(),
            },
        );
        Ok(())
    }

    /// Puts a client into the target, once for each of the scenario's.
    async fn connect_client(&mut self, name: &str, scheme: &str) -> Result<Variables, StepError> {
        let key = (name.to_owned(), scheme.to_owned());
        if let Some(variables) = self.clients.get(&key) {
            return Ok(variables.clone());
        }
        let facts = provision::client_facts(
            &self.tenant,
            self.adapter.target(),
            &self.case.id.profile,
            name,
            scheme,
        );
        let captured = self
            .adapter
            .connect_client(facts)
            .await
            .map_err(StepError::Provisioning)?;
        self.clients.insert(key, captured.clone());
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
        request: &RequestTemplate,
        switch: Option<SwitchedStatus>,
    ) -> Result<Call, StepError> {
        let connected = self.connected.get(account);
        let variables = connected.map(|connected| connected.variables.clone());
        self.call_with(variables.unwrap_or_default(), request, switch)
            .await
    }

    /// A call about a client's registration in the target.
    async fn client_call(
        &self,
        client: &str,
        request: &RequestTemplate,
        switch: Option<SwitchedStatus>,
    ) -> Result<Call, StepError> {
        let registered = self.clients.iter().find(|((name, _), _)| name == client);
        let variables = registered.map(|(_, variables)| variables.clone());
        self.call_with(variables.unwrap_or_default(), request, switch)
            .await
    }

    async fn call_with(
        &self,
        mut variables: Variables,
        request: &RequestTemplate,
        switch: Option<SwitchedStatus>,
    ) -> Result<Call, StepError> {
        if let Some(to) = switch {
            let words = &self.adapter.target().words;
            let word = words.word_to_connect(to.into());
            variables.insert("enabled".to_owned(), json!(to == SwitchedStatus::Active));
            variables.insert("status".to_owned(), json!(word));
        }
        Ok(self.adapter.call(request, &variables).await?)
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
        drop(state);
        let lost: BTreeSet<TokenId> = never_given(&entries).collect();
        for account in self.world.accounts.values_mut() {
            account.never_given.extend(&lost);
        }
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
                account.tokens = tokens_of(state.ledger(), identity.grant, now);
            }
        }
    }

    async fn read_all(&mut self) -> Result<BTreeMap<String, Call>, StepError> {
        let mut reads = BTreeMap::new();
        for (name, connected) in &self.connected {
            let (call, status) = self.adapter.read(&connected.variables).await?;
            if let Some(account) = self.world.accounts.get_mut(name) {
                account.status = status;
            }
            reads.insert(name.clone(), call);
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
        self.record.attribute_jobs();
        self.record
    }
}

/// The request of a call that not every target file has.
fn declared<'a>(
    word: &'static str,
    call: Option<&'a TargetCall>,
) -> Result<&'a RequestTemplate, StepError> {
    call.map(|call| &call.request)
        .ok_or(StepError::NoSuchCall(word))
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
