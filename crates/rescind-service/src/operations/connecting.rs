//! Connects an account: a link is made, the user opens it and is sent to the provider, comes back
//! with a code, and the code is exchanged for tokens. RFC 6749 section 4.1, with what RFC 9700
//! section 2.1 adds.
//!
//! What ties the steps together: the link token finds the flow, and is a secret; the state finds it
//! again when the browser comes back, once; a cookie shows that it is the same browser (RFC 9700
//! section 4.7.1: what somebody else began must not be completed here); the verifier shows the
//! provider that who exchanges the code is who asked for it (RFC 7636).
//!
//! The exchange is committed as an intent, by the flow's step, before the provider is called. A
//! code is good for one try: a process that dies between the two leaves a flow behind that nobody
//! continues, and an account that is EXPIRED once its time is over. The tokens that the provider
//! may have given out are then known to nobody: the user removes them on the provider's own site.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::account::Held;
use crate::clock::{self, Timestamp};
use crate::conclude::Failure;
use crate::lifecycle::{Refusal, Status};
use crate::one_time;
use crate::projects::Caller;
use crate::secret::Secret;
use crate::service::Service;
use crate::store::{
    AuthConfig, FlowEnding, FlowRequest, FlowStep, Linked, Opened, Opening, PendingFlow, StoreError,
};
use crate::toolkit::Toolkit;
use crate::upstream::authorization::{
    self, AuthorizationRequest, AuthorizationResponse, AuthorizationResult,
};
use crate::upstream::classify::{self, ExchangeOutcome};
use crate::upstream::request::{self, CodeGrant};

/// How long a connect flow may take, from the making of its link to the return of the browser.
pub(crate) const LONGEST_FLOW: Duration = Duration::from_mins(10);
/// What an exchange may take beside the call itself, before its flow counts as left behind.
const EXCHANGE_MARGIN: Duration = Duration::from_secs(5);
/// What a link token begins with.
const LINK_PREFIX: &str = "lk_";

const OTHER_ISSUER: &str = "The answer came from another authorization server";
const AUTH_CONFIG_OFF: &str = "The auth config was switched off during the connect flow";
const REFUSED: &str = "The provider refused the code exchange";
const UNAVAILABLE: &str = "The provider failed at the code exchange";
const UNINTELLIGIBLE: &str = "The provider's answer to the code exchange was not understood";
const NO_ANSWER: &str = "The provider did not answer the code exchange";
const TOO_SLOW: &str = "The provider did not answer the code exchange in time";

/// What a connect flow is asked for with.
pub(crate) struct LinkRequest {
    pub(crate) auth_config_id: String,
    pub(crate) user_id: String,
    /// The account that is to be connected anew, if there is one.
    pub(crate) account_id: Option<String>,
    /// Where the browser is sent in the end, instead of a page of this service.
    pub(crate) callback_url: Option<String>,
}

/// A connect flow that waits for its user.
pub(crate) struct Link {
    pub(crate) token: Secret,
    pub(crate) url: Secret,
    pub(crate) account_id: String,
    pub(crate) expires_at: Timestamp,
}

/// Why there is no connect flow.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("there is no such auth config")]
    NoSuchAuthConfig,
    #[error("the auth config is disabled")]
    AuthConfigDisabled,
    #[error("the scheme is not OAUTH2")]
    OtherScheme,
    #[error("the toolkit has no authorization endpoint")]
    Unsupported,
    #[error("there is no such account")]
    NoSuchAccount,
    #[error("an account that is {} cannot be connected anew", .0.status)]
    WrongStatus(Refusal),
    #[error("another connect flow of the account is being completed")]
    Exchanging,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the browser is given that opened a link.
pub(crate) struct SentOff {
    pub(crate) flow_id: String,
    /// Where it is to go.
    pub(crate) authorization_url: Secret,
    /// What it is to bring back, beside what the provider gives it.
    pub(crate) browser: Secret,
}

/// Why a link could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("there is no such link")]
    NoSuchLink,
    #[error("the link leads to a flow that is {0:?}, of an account that is {1}")]
    TooLate(FlowStep, Status),
    #[error("the auth config is disabled")]
    AuthConfigDisabled,
    #[error("the toolkit has no authorization endpoint, or its address is none")]
    NoEndpoint,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a flow whose browser came back.
pub(crate) struct Completed {
    pub(crate) flow_id: String,
    pub(crate) account_id: String,
    pub(crate) status: Status,
    /// Why it is no success.
    pub(crate) problem: Option<&'static str>,
    pub(crate) callback_url: Option<String>,
}

/// Why a browser that came back changed nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallbackError {
    #[error("no flow waits for this state")]
    NothingWaits,
    #[error("the flow was begun in another browser")]
    OtherBrowser,
    #[error("the account was deleted, or the flow ended, during the code exchange")]
    EndedMeanwhile,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the code exchange was stopped midway")]
    Stopped,
}

impl Service {
    /// Makes the link of a connect flow, and the account that it is to connect.
    pub(crate) async fn link(
        &self,
        caller: Caller,
        request: LinkRequest,
    ) -> Result<Link, LinkError> {
        // Neither the toolkit nor the scheme of an auth config ever changes: looking first is no
        // race. Whether it is in use is for the transaction to find out.
        let record = self
            .store
            .find_auth_config_record(&caller, &request.auth_config_id)
            .await?
            .ok_or(LinkError::NoSuchAuthConfig)?;
        if record.auth_scheme != "OAUTH2" {
            return Err(LinkError::OtherScheme);
        }
        let toolkit = self.toolkits.get(&record.toolkit);
        if toolkit.is_none_or(|toolkit| toolkit.authorization.is_none()) {
            return Err(LinkError::Unsupported);
        }
        let token = one_time::generate().map_err(StoreError::from)?;
        let token = Secret::new(format!("{LINK_PREFIX}{}", token.expose()));
        let now = clock::now();
        let expires_at = now.plus(LONGEST_FLOW);
        let flow = FlowRequest {
            caller,
            auth_config_id: request.auth_config_id,
            user_id: request.user_id,
            account_id: request.account_id,
            link_fingerprint: one_time::fingerprint(token.expose()),
            callback_url: request.callback_url,
            expires_at,
        };
        match self.store.create_flow(flow, now).await? {
            Linked::Account(account_id) => Ok(Link {
                url: Secret::new(self.public_url.link(token.expose())),
                token,
                account_id,
                expires_at,
            }),
            Linked::NoSuchAuthConfig => Err(LinkError::NoSuchAuthConfig),
            Linked::AuthConfigDisabled => Err(LinkError::AuthConfigDisabled),
            Linked::NoSuchAccount => Err(LinkError::NoSuchAccount),
            Linked::Refused(refusal) => Err(LinkError::WrongStatus(refusal)),
            Linked::Exchanging => Err(LinkError::Exchanging),
        }
    }

    /// Opens a link: the browser that did is to go to the provider.
    pub(crate) async fn open_link(&self, token: &str) -> Result<SentOff, OpenError> {
        self.end_overdue_flows().await?;
        let new = || one_time::generate().map_err(StoreError::from);
        let (state, browser, code_verifier) = (new()?, new()?, new()?);
        let opening = Opening {
            state_fingerprint: one_time::fingerprint(state.expose()),
            browser_fingerprint: one_time::fingerprint(browser.expose()),
            code_verifier: code_verifier.clone(),
        };
        let link_fingerprint = one_time::fingerprint(token);
        let opened = self
            .store
            .open_flow(&link_fingerprint, opening, clock::now())
            .await?;
        let (flow_id, auth_config_id) = match opened {
            Opened::Flow { id, auth_config_id } => (id, auth_config_id),
            Opened::NoSuchLink => return Err(OpenError::NoSuchLink),
            Opened::AuthConfigDisabled => return Err(OpenError::AuthConfigDisabled),
            Opened::TooLate(step, status) => return Err(OpenError::TooLate(step, status)),
        };
        let (config, toolkit) = self.provider_of(&auth_config_id).await?;
        let endpoint = toolkit.authorization.as_ref();
        let request = AuthorizationRequest {
            base_url: config.authorization_base_url(),
            client_id: &config.client.client_id,
            scopes: &config.scopes,
            redirect_uri: &self.public_url.redirect_uri(),
            state: &state,
            code_verifier: &code_verifier,
        };
        let authorization_url = endpoint
            .and_then(|endpoint| authorization::request_url(endpoint, &request))
            .ok_or(OpenError::NoEndpoint)?;
        Ok(SentOff {
            flow_id,
            authorization_url,
            browser,
        })
    }

    /// A browser came back. `browser_of` is what it brought of a flow, beside the response.
    pub(crate) async fn complete_flow(
        self: &Arc<Self>,
        response: AuthorizationResponse,
        browser_of: impl Fn(&str) -> Option<String>,
    ) -> Result<Completed, CallbackError> {
        self.end_overdue_flows().await?;
        let state_fingerprint = one_time::fingerprint(response.state.expose());
        let flow = self
            .store
            .pending_flow(&state_fingerprint, clock::now())
            .await?
            .ok_or(CallbackError::NothingWaits)?;
        let brought = browser_of(&flow.id).map(|browser| one_time::fingerprint(&browser));
        if brought.as_deref() != Some(flow.browser_fingerprint.as_str()) {
            return Err(CallbackError::OtherBrowser);
        }
        let (config, toolkit) = self.provider_of(&flow.auth_config_id).await?;
        // RFC 9207 section 2.4: compared as it stands, and of no answer whoever else it is from is
        // anything believed.
        let is_of_other = response
            .issuer
            .as_deref()
            .is_some_and(|issuer| issuer != config.issuer());
        let code = match response.result {
            _ if is_of_other => return self.fail(flow, FlowStep::Opened, OTHER_ISSUER).await,
            AuthorizationResult::Refused(reason) => {
                return self.fail(flow, FlowStep::Opened, reason).await;
            }
            AuthorizationResult::Granted(_) if flow.auth_config_is_disabled => {
                return self.fail(flow, FlowStep::Opened, AUTH_CONFIG_OFF).await;
            }
            AuthorizationResult::Granted(code) => code,
        };
        let until = clock::now().plus(self.dispatch_timeout + EXCHANGE_MARGIN);
        let until = until.max(flow.expires_at);
        if !self.store.begin_exchange(&flow, until).await? {
            return Err(CallbackError::NothingWaits);
        }
        // Tracked, not awaited in place: if the browser goes away, what was begun is finished.
        let (service, toolkit) = (Arc::clone(self), toolkit.clone());
        let exchange = async move {
            service
                .exchange_and_store(flow, &config, &toolkit, &code)
                .await
        };
        match self.tasks.spawn(exchange).await {
            Ok(completed) => completed,
            Err(_stopped) => Err(CallbackError::Stopped),
        }
    }

    /// Whatever was not completed in time has ended by the time this returns. Asked for by every
    /// request that could tell: no flow ends by itself.
    pub(crate) async fn end_overdue_flows(&self) -> Result<(), StoreError> {
        let count = self.store.end_overdue_flows(clock::now()).await?;
        if count > 0 {
            tracing::info!(count, "connect flows were not completed in time");
        }
        Ok(())
    }

    async fn provider_of(
        &self,
        auth_config_id: &str,
    ) -> Result<(AuthConfig, &Toolkit), StoreError> {
        let config = self.store.find_auth_config(auth_config_id).await?;
        let config = config.ok_or(StoreError::Unreadable("auth config"))?;
        let toolkit = self.toolkits.get(&config.toolkit);
        Ok((config, toolkit.ok_or(StoreError::Unreadable("toolkit"))?))
    }

    async fn exchange_and_store(
        &self,
        flow: PendingFlow,
        config: &AuthConfig,
        toolkit: &Toolkit,
        code: &Secret,
    ) -> Result<Completed, CallbackError> {
        let step = FlowStep::Exchanging;
        let fields = match self.exchange(&flow, config, toolkit, code).await {
            Ok(fields) => fields,
            Err(reason) => return self.fail(flow, step, reason).await,
        };
        let now = clock::now();
        let ending = FlowEnding::Connected(Held::from_fields(fields, now));
        let status = self.store.end_flow(&flow, step, ending, now).await?;
        let Some(status) = status else {
            // As with a refresh that is late: a deletion dispatches nothing.
            tracing::warn!(
                account = flow.account_id,
                "tokens came for an account that is gone, and were dropped"
            );
            return Err(CallbackError::EndedMeanwhile);
        };
        tracing::info!(account = flow.account_id, %status, "account connected");
        Ok(Completed {
            flow_id: flow.id,
            account_id: flow.account_id,
            status,
            problem: None,
            callback_url: flow.callback_url,
        })
    }

    /// The token response, or why there is none. Nothing is tried twice: a provider that gets a
    /// code a second time takes it for stolen (RFC 6749 section 4.1.2).
    async fn exchange(
        &self,
        flow: &PendingFlow,
        config: &AuthConfig,
        toolkit: &Toolkit,
        code: &Secret,
    ) -> Result<Map<String, Value>, &'static str> {
        let endpoint = toolkit.authorization.as_ref();
        let pkce = endpoint.map(|endpoint| endpoint.pkce).unwrap_or_default();
        let grant = CodeGrant {
            code,
            code_verifier: &flow.code_verifier,
            redirect_uri: &self.public_url.redirect_uri(),
        };
        let request = request::exchange(&toolkit.token, pkce, &config.client, &grant);
        let request = request.ok_or(NO_ANSWER)?;
        let answer = match self.upstream.send(request).await {
            Ok(answer) => answer,
            Err(Failure::Timeout) => return Err(TOO_SLOW),
            Err(_) => return Err(NO_ANSWER),
        };
        tracing::info!(
            account = flow.account_id,
            status = answer.status,
            "code exchange answered"
        );
        match classify::exchange(&answer) {
            ExchangeOutcome::Connected(fields) => Ok(fields),
            ExchangeOutcome::Refused => Err(REFUSED),
            ExchangeOutcome::Unavailable => Err(UNAVAILABLE),
            ExchangeOutcome::Unintelligible => Err(UNINTELLIGIBLE),
        }
    }

    async fn fail(
        &self,
        flow: PendingFlow,
        step: FlowStep,
        reason: &'static str,
    ) -> Result<Completed, CallbackError> {
        let ending = FlowEnding::Failed(reason);
        let status = self
            .store
            .end_flow(&flow, step, ending, clock::now())
            .await?;
        let status = status.ok_or(match step {
            FlowStep::Exchanging => CallbackError::EndedMeanwhile,
            _ => CallbackError::NothingWaits,
        })?;
        tracing::warn!(account = flow.account_id, %status, reason, "account not connected");
        Ok(Completed {
            flow_id: flow.id,
            account_id: flow.account_id,
            status,
            problem: Some(reason),
            callback_url: flow.callback_url,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{LinkError, LinkRequest};
    use crate::config::{Config, Database};
    use crate::projects::Caller;
    use crate::public_url::PublicUrl;
    use crate::service::Service;
    use crate::store::tests::store_with_account;
    use crate::toolkit::{self, Toolkit};
    use crate::upstream::client::UpstreamClient;

    /// Asks for a link under an auth config of the toolkit `rfc7009`, with these toolkits.
    async fn link(toolkits: BTreeMap<String, Toolkit>) -> Result<(), LinkError> {
        let (store, account) = store_with_account().await;
        let account = store.find_account(&account).await.unwrap().unwrap();
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: None,
            database: Database::Memory,
            encryption_key: None,
            api_keys: Vec::new(),
            dispatch_timeout: Config::DEFAULT_DISPATCH_TIMEOUT,
            claim_lease: Config::DEFAULT_CLAIM_LEASE,
            defect: None,
            variant: None,
        };
        let upstream = UpstreamClient::new(config.dispatch_timeout, None, None).unwrap();
        let public_url = PublicUrl::of_listener(config.listen);
        let service = Service::new(&config, store, toolkits, upstream, public_url);
        let request = LinkRequest {
            auth_config_id: account.auth_config_id,
            user_id: "u".to_owned(),
            account_id: None,
            callback_url: None,
        };
        service.link(Caller::without_key(), request).await.map(drop)
    }

    #[tokio::test]
    async fn a_toolkit_without_an_authorization_endpoint_connects_nobody() {
        let mut toolkits = toolkit::load().unwrap();
        link(toolkits.clone()).await.unwrap();
        toolkits.get_mut("rfc7009").unwrap().authorization = None;
        let refused = link(toolkits).await.unwrap_err();
        assert!(matches!(refused, LinkError::Unsupported));
        let dropped = link(BTreeMap::new()).await.unwrap_err();
        assert!(matches!(dropped, LinkError::Unsupported));
    }
}
