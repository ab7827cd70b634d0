//! Makes the calls of a plan, one after the other.

use std::time::Duration;

use crate::account::{Account, Held, Subject};
use crate::clock::{self, Timestamp};
use crate::conclude::{Dispatched, Failure, Outcome};
use crate::defects::{hooks, seams};
use crate::operations::intents::Intents;
use crate::plan::{Cargo, Dispatch, Plan, RefreshRule};
use crate::service::Service;
use crate::store::StoreError;
use crate::toolkit::Toolkit;
use crate::upstream::classify::{self, Pause, RefreshOutcome};
use crate::upstream::request::{self, ProviderClient};
use crate::variants;

/// How long to wait before a dispatch is repeated, where the provider does not say.
const DEFAULT_PAUSE: Duration = Duration::from_millis(100);

/// What came of a plan.
#[derive(Default)]
pub(crate) struct Executed {
    pub(crate) dispatched: Vec<Dispatched>,
    /// The subjects whose tokens were sent.
    pub(crate) named: Vec<Subject>,
    /// Filled by a seeded defect only.
    pub(crate) echo: Option<String>,
}

/// The execution of one plan.
struct Run<'a> {
    service: &'a Service,
    account: &'a Account,
    toolkit: &'a Toolkit,
    client: ProviderClient,
    /// The version under which the account is claimed, if it is.
    version: Option<i64>,
    intents: Intents<'a>,
    /// Until when the call may take.
    deadline: Timestamp,
    /// How many dispatches are still to come after the present one.
    remaining: usize,
    /// Whether the present dispatch was repeated.
    is_repeated: bool,
    /// Changes when a refresh has to come first.
    held: Held,
    /// What the provider asked for with its last answer.
    pause: Option<Pause>,
    /// The provider said that the refresh token is dead.
    is_refresh_refused: bool,
    executed: Executed,
}

impl Service {
    /// The toolkit of an account. Every account's is known: it was checked when its auth config
    /// was created, but a later version may have dropped it.
    pub(super) fn toolkit_of(&self, account: &Account) -> Result<&Toolkit, StoreError> {
        self.toolkits
            .get(&account.toolkit)
            .ok_or(StoreError::Unreadable("toolkit"))
    }

    /// The client with which an account was connected.
    pub(super) async fn client_of(&self, account: &Account) -> Result<ProviderClient, StoreError> {
        let config = self
            .store
            .find_auth_config(&account.auth_config_id)
            .await?
            .ok_or(StoreError::Unreadable("auth config"))?;
        if let Some(which) = hooks::other_client(self.defect) {
            let base_url = &config.client.base_url;
            let other = self.store.find_other_auth_config(base_url, which).await?;
            return Ok(other.unwrap_or(config).client);
        }
        Ok(config.client)
    }

    /// Makes the calls of a plan for an account that is claimed under `version`. A call that
    /// fails does not keep the next one from being made.
    pub(super) async fn execute(
        &self,
        account: &Account,
        plan: Plan,
        version: i64,
    ) -> Result<Executed, StoreError> {
        let intents = Intents::of_claimed(&self.store, account, version).await?;
        let run = self.begin_run(account, Some(version), intents).await?;
        run.finish(plan).await
    }

    /// Makes the calls of a plan for tokens that no row holds, so that there is nothing to claim
    /// and nothing to record.
    pub(super) async fn execute_unclaimed(
        &self,
        account: &Account,
        plan: Plan,
    ) -> Result<Executed, StoreError> {
        let intents = Intents::unrecorded(&self.store, account);
        let run = self.begin_run(account, None, intents).await?;
        run.finish(plan).await
    }

    async fn begin_run<'a>(
        &'a self,
        account: &'a Account,
        version: Option<i64>,
        intents: Intents<'a>,
    ) -> Result<Run<'a>, StoreError> {
        Ok(Run {
            service: self,
            account,
            toolkit: self.toolkit_of(account)?,
            client: self.client_of(account).await?,
            version,
            intents,
            deadline: clock::now().plus(self.longest_call()),
            remaining: 0,
            is_repeated: false,
            held: account.held.clone(),
            pause: None,
            is_refresh_refused: false,
            executed: Executed::default(),
        })
    }
}

impl Run<'_> {
    async fn finish(mut self, plan: Plan) -> Result<Executed, StoreError> {
        let count = plan.dispatches.len();
        for (index, dispatch) in plan.dispatches.into_iter().enumerate() {
            self.remaining = count - index - 1;
            self.is_repeated = false;
            let ends = dispatch.ends.clone();
            let outcome = self.dispatch_unless_done(dispatch).await?;
            self.executed.dispatched.push(Dispatched { ends, outcome });
            if hooks::stops_after(self.service.defect, outcome) {
                break;
            }
        }
        Ok(self.executed)
    }

    /// Continues from the record, if there is one of an earlier call.
    async fn dispatch_unless_done(&mut self, dispatch: Dispatch) -> Result<Outcome, StoreError> {
        if self.intents.is_done(&dispatch) {
            tracing::info!(
                account = self.account.id,
                route = dispatch.route.name,
                "an interrupted revoke has dispatched this already"
            );
            return Ok(Outcome::EndedEarlier);
        }
        let outcome = self.dispatch(dispatch.clone()).await?;
        if outcome == Outcome::AlreadyDead && self.intents.may_have_ended(&dispatch) {
            return Ok(Outcome::EndedEarlier);
        }
        Ok(outcome)
    }

    async fn dispatch(&mut self, mut dispatch: Dispatch) -> Result<Outcome, StoreError> {
        // RFC 9110 section 10.2.3: the provider said when it wants to hear from us again.
        match self.pause.take() {
            Some(Pause::TooLong) => {
                self.pause = Some(Pause::TooLong);
                return Ok(Outcome::Failed(Failure::AskedToWait));
            }
            Some(Pause::Short(duration)) => pause_for(duration).await,
            None => {}
        }
        if dispatch.refresh == RefreshRule::Before {
            return self.refresh_and_send(&mut dispatch).await;
        }
        self.carry_what_is_held_now(&mut dispatch);
        if matches!(dispatch.cargo, Cargo::AccessTokenAfterRefresh) {
            return Ok(if self.is_refresh_refused {
                // There is no access token, and there never will be one.
                Outcome::AlreadyDead
            } else {
                Outcome::Failed(Failure::Refresh)
            });
        }
        let outcome = self.send(&dispatch).await?;
        let is_dead = matches!(
            outcome,
            Outcome::AlreadyDead | Outcome::Failed(Failure::AccessTokenDead)
        );
        if is_dead && dispatch.refresh == RefreshRule::IfDead {
            return self.refresh_and_send(&mut dispatch).await;
        }
        Ok(outcome)
    }

    /// After a refresh, an earlier plan's tokens are not the ones that have to die.
    fn carry_what_is_held_now(&self, dispatch: &mut Dispatch) {
        let subject = match &dispatch.cargo {
            Cargo::Token { subject, .. } => *subject,
            Cargo::AccessTokenAfterRefresh => Subject::AccessToken,
            Cargo::AccountId(_) => return,
        };
        // What a seeded defect makes up is not held.
        if dispatch.ends.is_empty() {
            return;
        }
        if let Some(token) = self.held.token(subject).cloned() {
            dispatch.cargo = Cargo::Token { subject, token };
        }
    }

    /// Gets a live access token, because it has to authenticate the call.
    async fn refresh_and_send(&mut self, dispatch: &mut Dispatch) -> Result<Outcome, StoreError> {
        if variants::hooks::never_refreshes(self.service.variant) {
            return Ok(Outcome::Failed(Failure::Refresh));
        }
        let refreshed = self
            .service
            .call_token_endpoint(self.toolkit, &self.client, &self.held)
            .await;
        let fields = match refreshed {
            RefreshOutcome::Refreshed(fields) => fields,
            RefreshOutcome::PermanentlyRefused => {
                self.is_refresh_refused = true;
                return Ok(Outcome::AlreadyDead);
            }
            RefreshOutcome::Failed(failure) => {
                tracing::warn!(
                    account = self.account.id,
                    ?failure,
                    "refresh before revocation failed"
                );
                return Ok(Outcome::Failed(Failure::Refresh));
            }
        };
        let now = clock::now();
        self.held = self.held.refreshed_with(Held::from_fields(fields, now));
        self.intents.forget();
        if let Some(version) = self.version {
            let is_stored = self
                .service
                .store
                .store_held(&self.account.id, version, self.held.clone(), now)
                .await?;
            tracing::info!(
                account = self.account.id,
                is_stored,
                "refreshed before revocation"
            );
        }
        self.carry_what_is_held_now(dispatch);
        self.send(dispatch).await
    }

    async fn send(&mut self, dispatch: &Dispatch) -> Result<Outcome, StoreError> {
        let mut outcome = self.send_once(dispatch).await?;
        if let Some(pause) = self.pause_before_repetition(dispatch, outcome) {
            self.is_repeated = true;
            self.pause = None;
            pause_for(pause).await;
            let is_lost = outcome == Outcome::Failed(Failure::Transport);
            outcome = self.send_once(dispatch).await?;
            let is_modest = variants::hooks::claims_no_unheard_kill(self.service.variant);
            if is_lost && is_modest && outcome == Outcome::Acknowledged {
                outcome = Outcome::EndedEarlier;
            }
        }
        // None, without a seeded defect.
        let repetitions = hooks::repetitions(self.service.defect, outcome);
        for _ in 0..repetitions {
            pause_for(DEFAULT_PAUSE).await;
            outcome = self.send_once(dispatch).await?;
            if !matches!(outcome, Outcome::Failed(_)) {
                break;
            }
        }
        Ok(outcome)
    }

    /// How long to wait before a dispatch is repeated that failed for a passing reason; none if it
    /// is not to be repeated. Once for each, and only where the call then still ends in time: every
    /// dispatch to come, this one, and a refresh that it may turn out to need may each take the
    /// whole timeout.
    fn pause_before_repetition(&self, dispatch: &Dispatch, outcome: Outcome) -> Option<Duration> {
        let is_enough = self.is_repeated || variants::hooks::never_repeats(self.service.variant);
        if !outcome.may_pass() || is_enough {
            return None;
        }
        let pause = match self.pause {
            // No dispatch of this call may be made any more, and this one is none.
            Some(Pause::TooLong) => return None,
            Some(Pause::Short(duration)) => duration,
            None => DEFAULT_PAUSE,
        };
        let refresh_and_dispatch = match dispatch.refresh {
            RefreshRule::IfDead => 2,
            RefreshRule::Never | RefreshRule::Before => 0,
        };
        let calls = self.remaining + 1 + refresh_and_dispatch;
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        let longest = self.service.dispatch_timeout.saturating_mul(calls);
        let end = clock::now().plus(pause).plus(longest);
        (end <= self.deadline).then_some(pause)
    }

    async fn send_once(&mut self, dispatch: &Dispatch) -> Result<Outcome, StoreError> {
        let defect = self.service.defect;
        let access_token = self.held.access_token.as_ref();
        let Some(request) = request::revoke(dispatch, &self.client, access_token) else {
            return Ok(Outcome::Failed(Failure::Unsendable));
        };
        let request = variants::seams::request(self.service.variant, request, &self.client);
        let request = seams::request(defect, request, dispatch, &self.client);
        if !self.intents.intend(dispatch).await? {
            return Ok(Outcome::Failed(Failure::ClaimLost));
        }
        hooks::log_token(defect, dispatch);
        self.executed.echo = hooks::echoed_request(defect, &request);
        if let Cargo::Token { subject, .. } = &dispatch.cargo {
            self.executed.named.push(*subject);
        }
        let outcome = match self.service.upstream.send(request).await {
            Ok(answer) => {
                self.pause = classify::requested_pause(&answer)
                    .filter(|_| !hooks::ignores_retry_after(defect));
                let echo = hooks::echoed_answer(defect, &answer);
                self.executed.echo = echo.or(self.executed.echo.take());
                about_its_token(dispatch, classify::revoke(&dispatch.route, &answer))
            }
            Err(failure) => Outcome::Failed(failure),
        };
        let outcome = seams::outcome(defect, outcome);
        self.intents.note(dispatch, outcome).await?;
        tracing::info!(
            account = self.account.id,
            route = dispatch.route.name,
            ?outcome,
            "revocation dispatched"
        );
        Ok(outcome)
    }
}

/// A token that authenticates its own end and is refused for being dead is dead.
fn about_its_token(dispatch: &Dispatch, outcome: Outcome) -> Outcome {
    match (outcome, dispatch.ends.first()) {
        (Outcome::Failed(Failure::AccessTokenDead), Some(Subject::AccessToken)) => {
            Outcome::AlreadyDead
        }
        (outcome, _) => outcome,
    }
}

/// Lets the time pass that a provider asked for, or is given to recover. Not a way to wait for
/// something to happen.
async fn pause_for(duration: Duration) {
    // An interval of no length is not allowed, and there is nothing to wait for.
    if duration.is_zero() {
        return;
    }
    let mut interval = tokio::time::interval(duration);
    interval.tick().await;
    interval.tick().await;
}
