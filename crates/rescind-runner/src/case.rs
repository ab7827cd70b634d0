//! Runs one case: its steps in order, each with how things stood before and after. `connecting`
//! puts accounts into the target, `races` makes calls that overlap, `processes` kills what they are
//! made to, `upkeep` empties the target before and cleans up afterwards.

mod connecting;
mod finished;
mod keeping;
mod processes;
mod races;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rescind_model::scenario::{Delete, Revoke, Step, SwitchedStatus, Verb};
use rescind_model::secret::{KnownSecret, SecretScanner};
use rescind_model::target::{Call as TargetCall, RequestTemplate};
use rescind_model::template::{TemplateError, Variables};
use rescind_model::{Scenario, Subject, TokenState};
use rescind_provider::ledger::GrantId;
use rescind_provider::{Entry, Observation, TokenId};
use serde_json::json;

pub use self::finished::FinishedCase;
use self::races::Stage;
use crate::clock::Looks;
use crate::error::Problem;
use crate::exchanges::Recorder;
use crate::judge::facts::{self, Held};
use crate::plan::Case;
use crate::provider_access::{AccessError, TenantAccess};
use crate::record::overlaps::Overlap;
use crate::record::{AccountIdentity, Call, CaseRecord, StepRecord, World, never_given};
use crate::target::{
    Adapter, CallError, CapturedLog, Connected, Durable, DurableProcess, ProvisioningError,
    Untouched,
};

/// A case on its way.
pub struct CaseRun {
    case: Case,
    adapter: Arc<Adapter>,
    tenant: TenantAccess,
    /// What the target's client steps captured, by client and scheme.
    clients: BTreeMap<(String, String), Variables>,
    connected: BTreeMap<String, Connected>,
    identities: BTreeMap<String, AccountIdentity>,
    world: World,
    /// The number of the last request that a step has accounted for.
    seen: u64,
    steps: Vec<StepRecord>,
    overlaps: Vec<Overlap>,
    /// What is open between steps.
    stage: Stage,
    /// How the case's own process is started, if it has one.
    durable: Option<Arc<Durable>>,
    process: Option<DurableProcess>,
    /// Why the case cannot be had at this target, if the adapter's command says so.
    incapacity: Option<String>,
    /// Whether its exchanges are kept, and who hears them then, once it has begun.
    is_kept: bool,
    recorder: Option<Arc<Recorder>>,
}

/// Why a step could not be made: the runner's fault, its environment's, or the scenario's.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("provisioning failed: {0}")]
    Provisioning(ProvisioningError),
    #[error("the target could not be emptied before the case: {0}")]
    Reset(ProvisioningError),
    #[error("a call of the target file cannot be filled: {0}")]
    Template(#[from] TemplateError),
    #[error("the call cannot be made: {0}")]
    Call(#[from] CallError),
    #[error("the target file has no `{0}` call")]
    NoSuchCall(&'static str),
    #[error("the account has no {0} at the provider")]
    NoSuchToken(Subject),
    #[error("{0}; {hint}", hint = .0.hint())]
    Provider(#[from] AccessError),
    #[error("the provider's journal has dropped requests that the verdict would need")]
    JournalLost,
    #[error("the interleaving was not reached: {0}")]
    NotReached(String),
    #[error("a call ended abnormally: {0}")]
    Abnormal(String),
    #[error("the target's process: {0}; {hint}", hint = .0.hint)]
    Process(Problem),
    #[error("the case has no process of its own that could be killed")]
    NoProcess,
    #[error(
        "the target still answers after its process was killed; let `durable_command` run the program itself, with `exec` if by a shell"
    )]
    StillThere,
}

impl CaseRun {
    /// A case at a tenant of its own.
    pub fn new(case: Case, adapter: Arc<Adapter>, tenant: impl Into<TenantAccess>) -> Self {
        Self {
            case,
            adapter,
            tenant: tenant.into(),
            clients: BTreeMap::new(),
            connected: BTreeMap::new(),
            identities: BTreeMap::new(),
            world: World::default(),
            seen: 0,
            steps: Vec::new(),
            overlaps: Vec::new(),
            stage: Stage::default(),
            durable: None,
            process: None,
            incapacity: None,
            is_kept: false,
            recorder: None,
        }
    }

    /// Makes every step.
    pub async fn run(mut self) -> FinishedCase {
        let scenario = Arc::clone(&self.case.scenario);
        let mut harness_error = match self.make_ready().await {
            Ok(()) => self.make_steps(&scenario).await,
            Err(error) => Some(error.to_string()),
        };
        let cleaned_up = self.clean_up().await;
        let log = match self.stop_own_process().await {
            Ok(log) => log,
            Err(error) => {
                harness_error.get_or_insert_with(|| error.to_string());
                CapturedLog::default()
            }
        };
        let mut scanner = match self.tenant.scanner().await {
            Ok(scanner) => scanner,
            Err(error) => {
                // Nothing may be shown that could hold a secret which is not known.
                self.steps.clear();
                self.overlaps.clear();
                harness_error.get_or_insert_with(|| StepError::from(error).to_string());
                SecretScanner::new(self.tenant.fingerprints().clone())
            }
        };
        for key in self.adapter.keys().all() {
            scanner.add(KnownSecret {
                kind: "api_key".into(),
                secret: key.clone(),
                prefix_length: 0,
            });
        }
        FinishedCase {
            record: CaseRecord {
                id: self.case.id,
                scenario: self.case.scenario,
                profile: self.case.profile,
                steps: self.steps,
                overlaps: self.overlaps,
                late: Vec::new(),
                accounts: self.identities,
                scanner,
                log_leaks: None,
                harness_error,
                incapacity: self.incapacity,
            },
            tenant: self.tenant,
            seen: self.seen,
            log,
            notes: cleaned_up.notes,
            late: cleaned_up.late,
            recorder: self.recorder,
        }
    }

    async fn make_ready(&mut self) -> Result<(), StepError> {
        self.begin_to_hear().await?;
        self.start_own_process().await?;
        self.reset_target().await
    }

    /// Makes the steps up to the first that cannot be made. Says why it cannot.
    async fn make_steps(&mut self, scenario: &Scenario) -> Option<String> {
        for (index, step) in scenario.steps.iter().enumerate() {
            let is_last = index + 1 == scenario.steps.len();
            if let Err(error) = self.step(index, step, is_last).await {
                // What overlaps and has not come to its end is not judged.
                let judged = self.stage.first().unwrap_or(index);
                self.steps.retain(|step| step.index < judged);
                if let StepError::Provisioning(error) = &error {
                    self.incapacity = error.incapacity();
                    if self.incapacity.is_some() {
                        return None;
                    }
                }
                let line = scenario.file.line_of(step.span.start);
                return Some(format!(
                    "step {} (`{}`, line {line}): {error}",
                    index + 1,
                    step.verb.word()
                ));
            }
        }
        None
    }

    async fn step(&mut self, index: usize, step: &Step, is_last: bool) -> Result<(), StepError> {
        if !self.stage.is_open() {
            // What came since the last call was answered came unasked.
            let strays = self.look().await?;
            if let Some(last) = self.steps.last_mut() {
                last.strays
                    .extend(strays.into_iter().filter(Entry::is_dispatch));
            }
        }
        if let Some(recorder) = &self.recorder {
            recorder.step(index).await;
        }
        let before = self.world.clone();
        self.stage.enter(index, &step.verb, &before);
        let mut record = StepRecord {
            index,
            step: step.clone(),
            after: before.clone(),
            before,
            call: None,
            reads: BTreeMap::new(),
            entries: Vec::new(),
            strays: Vec::new(),
        };
        match &step.verb {
            Verb::Restart => record.reads = self.restart(index).await?,
            verb => record.call = self.act(index, verb).await?,
        }
        if let Some(call) = &record.call {
            let status = self.adapter.status_said_by(call);
            self.stage.note(index, &step.verb, call, status);
        }
        let left = self.stage.leave(index, &step.verb, is_last);
        // What calls that overlap did together is seen when the last of them has ended.
        if !self.stage.is_open() {
            self.look_at_effects(&mut record, left).await?;
        }
        self.steps.push(record);
        Ok(())
    }

    /// How things stand after a step, or after all the steps that it ends.
    async fn look_at_effects(
        &mut self,
        record: &mut StepRecord,
        left: Option<(Overlap, World)>,
    ) -> Result<(), StepError> {
        record.entries = self.look().await?;
        if record.call.is_some() || left.is_some() {
            record.reads.extend(self.read_all().await?);
        }
        record.after = self.world.clone();
        if let Some((overlap, before)) = left {
            record.before = before;
            self.overlaps.push(overlap);
        }
        Ok(())
    }

    async fn act(&mut self, index: usize, verb: &Verb) -> Result<Option<Call>, StepError> {
        let adapter = Arc::clone(&self.adapter);
        let target = adapter.target();
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
                    self.tenant.remove_by_user(identity.grant).await?;
                }
                return Ok(None);
            }
            Verb::Expire(expire) => {
                self.expire(&expire.account, expire.token).await?;
                return Ok(None);
            }
            Verb::AdvanceClock(advance) => {
                self.tenant.advance(advance.seconds).await?;
                return Ok(None);
            }
            Verb::Fail(fault) => {
                self.tenant.fail(fault).await?;
                return Ok(None);
            }
            Verb::Recover => {
                self.tenant.recover().await?;
                return Ok(None);
            }
            Verb::Finish(named) => self.finish(named).await?,
            _ => {
                self.set_stage(index, verb).await?;
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
        let mut looks = Looks::within(Duration::from_secs_f64(bound));
        loop {
            let seen = self.tenant.tokens(self.grants()).await?;
            self.take_in_tokens(&seen);
            let account = self.world.accounts.get(account);
            let is_alive = |subject| {
                account.is_some_and(|account| account.state(subject) == TokenState::Alive)
            };
            if !killable.iter().copied().any(is_alive) || !looks.again().await {
                return Ok(call);
            }
        }
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

    async fn revoke(&self, revoke: &Revoke) -> Result<Call, StepError> {
        let (target_id, variables) = self.whom(revoke);
        let untouched = self.untouched_from_now().await?;
        let call = self
            .adapter
            .revoke(revoke, &target_id, &variables, Some(&untouched));
        Ok(call.await?)
    }

    /// The id that a revoke puts into the path, and what else fills the path's holes.
    fn whom(&self, revoke: &Revoke) -> (String, Variables) {
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
        let variables = any.map(|connected| connected.variables.clone());
        (target_id, variables.unwrap_or_default())
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
        let untouched = self.untouched_from_now().await?;
        let call = self
            .adapter
            .call_while(request, &variables, Some(&untouched));
        Ok(call.await?)
    }

    /// What shows later whether the target has asked the provider for anything since now.
    async fn untouched_from_now(&self) -> Result<Untouched, StepError> {
        // Only calls that overlap come between the last look and this call.
        let received = if self.stage.is_open() {
            self.tenant.received().await?
        } else {
            self.seen
        };
        Ok(Untouched::since(self.tenant.clone(), received))
    }

    async fn expire(&self, account: &str, subject: Subject) -> Result<(), StepError> {
        let identity = self.identities.get(account);
        let grant = identity.map(|identity| identity.grant);
        let grant = grant.ok_or(StepError::NoSuchToken(subject))?;
        let done = self.tenant.expire(grant, subject).await?;
        done.then_some(()).ok_or(StepError::NoSuchToken(subject))
    }

    /// What the provider received since the last look. How the ledger stands at that moment becomes
    /// known with it.
    async fn look(&mut self) -> Result<Vec<Entry>, StepError> {
        let seen = self.tenant.observe(self.seen, self.grants()).await?;
        if seen.lost {
            return Err(StepError::JournalLost);
        }
        self.seen = seen.received;
        self.take_in_tokens(&seen);
        let lost: BTreeSet<TokenId> = never_given(&seen.entries).collect();
        for account in self.world.accounts.values_mut() {
            account.never_given.extend(&lost);
        }
        Ok(seen.entries)
    }

    /// The grants of the accounts.
    fn grants(&self) -> Vec<GrantId> {
        let identities = self.identities.values();
        identities.map(|identity| identity.grant).collect()
    }

    fn take_in_tokens(&mut self, seen: &Observation) {
        for (name, account) in &mut self.world.accounts {
            let identity = self.identities.get(name);
            if let Some(tokens) = identity.and_then(|identity| seen.tokens.get(&identity.grant)) {
                account.tokens.clone_from(tokens);
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
