//! Talks to the control API of a provider that runs elsewhere.

use std::sync::Arc;
use std::time::Duration;

use rescind_model::secret::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Problem;
use crate::record::{CallFailure, CallOutcome, Sent};
use crate::target::Client;

/// What every path of the control API begins with.
const PREFIX: &str = "/_rescind";

/// How long an answer may take: none of those that are asked for here waits for anything.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// How long an answer may be, in bytes: a whole journal.
const LONGEST_ANSWER: usize = 256 << 20;

/// Why the provider did not do what it was asked to. Holds no secret.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AccessError {
    /// It did not answer.
    #[error("the provider at {url} did not answer `{operation}`: {why}")]
    Silent {
        /// Its address.
        url: Arc<str>,
        /// What it was asked to do.
        operation: String,
        /// What happened in place of an answer.
        why: CallFailure,
    },
    /// It refused.
    #[error("the provider at {url} answered `{operation}` with {status}: {message}")]
    Refused {
        /// Its address.
        url: Arc<str>,
        /// What it was asked to do.
        operation: String,
        /// The status code of its answer.
        status: u16,
        /// What it says is wrong.
        message: String,
        /// What it says is to be done.
        hint: String,
    },
    /// Its answer is none that this program knows.
    #[error("what the provider at {url} answered to `{operation}` cannot be read")]
    Unreadable {
        /// Its address.
        url: Arc<str>,
        /// What it was asked to do.
        operation: String,
    },
}

impl AccessError {
    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            Self::Silent { .. } => {
                "look whether it still runs, and whether this machine reaches it"
            }
            Self::Refused { hint, .. } => hint,
            Self::Unreadable { .. } => {
                "let `url` be the address of a `rescind provider` of this version"
            }
        }
    }

    /// The status code, if it was refused.
    pub const fn refused_with(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Silent { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// The body of an answer that is an error.
#[derive(Deserialize)]
struct ControlError {
    error: Told,
}

#[derive(Deserialize)]
struct Told {
    message: String,
    hint: String,
}

/// A client of the control API. Cheap to clone: clones share their connections.
#[derive(Clone, Debug)]
pub(super) struct ControlClient {
    client: Client,
    url: Arc<str>,
    key: Option<Secret>,
}

impl ControlClient {
    /// A client that shows no key.
    ///
    /// # Errors
    /// The address is an https one, and the system trusts nobody.
    pub(super) fn new(url: &str) -> Result<Self, Problem> {
        Ok(Self {
            client: Client::pooled(url)?,
            url: url.trim_end_matches('/').into(),
            key: None,
        })
    }

    /// The same, with a key.
    pub(super) fn with_key(mut self, key: &Secret) -> Self {
        self.key = Some(key.clone());
        self
    }

    /// The provider's address.
    pub(super) const fn url(&self) -> &Arc<str> {
        &self.url
    }

    /// Does an operation. `below` is the path of a tenant, or empty for the provider as a whole.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        below: &str,
        operation: &str,
        body: Option<&Value>,
    ) -> Result<T, AccessError> {
        let url = Arc::clone(&self.url);
        let named = format!("{method} {PREFIX}{operation}");
        let mut headers = Vec::new();
        if let Some(key) = &self.key {
            headers.push(("x-rescind-key".to_owned(), key.expose().to_owned()));
        }
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let sent = Sent {
            method: method.to_owned(),
            path: format!("{below}{PREFIX}{operation}"),
            headers,
            body: body.map(Value::to_string),
        };
        let call = self
            .client
            .send(&self.url, sent, ANSWERED_WITHIN, LONGEST_ANSWER)
            .await;
        let answered = match call.outcome {
            CallOutcome::Answered(answered) => answered,
            CallOutcome::Failed(why) => {
                let operation = named;
                return Err(AccessError::Silent {
                    url,
                    operation,
                    why,
                });
            }
        };
        // What an answer says that cannot be read may be a secret, and so is not repeated.
        let operation = named;
        if answered.is_success() {
            return serde_json::from_slice(&answered.body)
                .map_err(|_| AccessError::Unreadable { url, operation });
        }
        let status = answered.status;
        let Ok(ControlError { error }) = serde_json::from_slice(&answered.body) else {
            return Err(AccessError::Unreadable { url, operation });
        };
        Err(AccessError::Refused {
            url,
            operation,
            status,
            message: error.message,
            hint: error.hint,
        })
    }
}
