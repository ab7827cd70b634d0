//! Makes the calls of a plan, one after the other.

use std::time::Duration;

use crate::account::{Account, Held, Subject};
use crate::clock;
use crate::conclude::{Dispatched, Failure, Outcome};
use crate::defects::{hooks, seams};
use crate::plan::{Cargo, Dispatch, Plan, RefreshRule};
use crate::service::Service;
use crate::store::StoreError;
use crate::toolkit::Toolkit;
use crate::upstream::classify::{self, Pause, RefreshOutcome};
use crate::upstream::request::{self, ProviderClient};

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
    /// The version under which the account is claimed.
    version: i64,
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
        if hooks::uses_first_client(self.defect) {
            let first = self
                .store
                .find_first_auth_config(&config.client.base_url)
                .await?;
            return Ok(first.unwrap_or(config).client);
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
        let mut run = Run {
            service: self,
            account,
            toolkit: self.toolkit_of(account)?,
            client: self.client_of(account).await?,
            version,
            held: account.held.clone(),
            pause: None,
            is_refresh_refused: false,
            executed: Executed::default(),
        };
        for dispatch in plan.dispatches {
            let ends = dispatch.ends.clone();
            let outcome = run.dispatch(dispatch).await?;
            run.executed.dispatched.push(Dispatched { ends, outcome });
            if hooks::stops_after(self.defect, outcome) {
                break;
            }
        }
        Ok(run.executed)
    }
}

impl Run<'_> {
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
        let outcome = self.send(&dispatch).await;
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
        let is_stored = self
            .service
            .store
            .store_held(&self.account.id, self.version, self.held.clone(), now)
            .await?;
        tracing::info!(
            account = self.account.id,
            is_stored,
            "refreshed before revocation"
        );
        self.carry_what_is_held_now(dispatch);
        Ok(self.send(dispatch).await)
    }

    async fn send(&mut self, dispatch: &Dispatch) -> Outcome {
        let mut outcome = self.send_once(dispatch).await;
        // None, without a seeded defect.
        let repetitions = hooks::repetitions(self.service.defect, outcome);
        for _ in 0..repetitions {
            pause_for(Duration::from_millis(100)).await;
            outcome = self.send_once(dispatch).await;
            if !matches!(outcome, Outcome::Failed(_)) {
                break;
            }
        }
        outcome
    }

    async fn send_once(&mut self, dispatch: &Dispatch) -> Outcome {
        let defect = self.service.defect;
        let Some(request) =
            request::revoke(dispatch, &self.client, self.held.access_token.as_ref())
        else {
            return Outcome::Failed(Failure::Unsendable);
        };
        let request = seams::request(defect, request, dispatch, &self.client);
        hooks::log_token(defect, dispatch);
        self.executed.echo = hooks::echoed_request(defect, &request);
        if let Cargo::Token { subject, .. } = &dispatch.cargo {
            self.executed.named.push(*subject);
        }
        let outcome = match self.service.upstream.send(request).await {
            Ok(answer) => {
                self.pause = classify::requested_pause(&answer);
                about_its_token(dispatch, classify::revoke(&dispatch.route, &answer))
            }
            Err(failure) => Outcome::Failed(failure),
        };
        let outcome = seams::outcome(defect, outcome);
        tracing::info!(
            account = self.account.id,
            route = dispatch.route.name,
            ?outcome,
            "revocation dispatched"
        );
        outcome
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

/// Lets the time pass that a provider asked for. Not a way to wait for something to happen.
async fn pause_for(duration: Duration) {
    // An interval of no length is not allowed, and there is nothing to wait for.
    if duration.is_zero() {
        return;
    }
    let mut interval = tokio::time::interval(duration);
    interval.tick().await;
    interval.tick().await;
}
