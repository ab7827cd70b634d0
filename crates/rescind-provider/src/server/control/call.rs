//! A control request that may be made, and what an operation gives.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body_util::Either;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::events::Events;
use super::mistake::Mistake;
use super::{Response, whole};
use crate::server::changes::Woken;
use crate::server::{Shared, Tenant};

/// The longest that a request may wait for something to happen, in seconds.
const LONGEST_WAIT: u64 = 60;

/// A request that may be made.
pub(super) struct Call {
    /// The provider.
    pub(super) shared: Arc<Shared>,
    /// The tenant below whose address it was made.
    pub(super) tenant: Option<Arc<Tenant>>,
    /// Whether it was made at the root of the provider.
    pub(super) is_root: bool,
    /// The values of the parameters of its path.
    pub(super) parameters: Vec<String>,
    /// Its query.
    pub(super) query: String,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: Bytes,
    /// Whether it showed the provider's key.
    pub(super) shows_key: bool,
}

/// What an operation takes that needs to be told nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Whether tokens are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Secrets {
    /// As they are, to whoever shows the provider's key.
    Show,
}

/// What an operation gives.
pub(super) enum Given<T> {
    /// JSON.
    Json(T),
    /// A plain text.
    Text(String),
    /// Events as they happen.
    Events(Box<Events>),
}

impl Call {
    /// The tenant.
    pub(super) fn tenant(&self) -> Result<&Arc<Tenant>, Mistake> {
        self.tenant.as_ref().ok_or_else(no_tenant)
    }

    /// The number in the path.
    pub(super) fn number(&self, what: &str) -> Result<u32, Mistake> {
        let text = self.parameters.first().map(String::as_str);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| {
            Mistake::not_found(
                &format!("what stands for the number of a {what} is none"),
                "GET /_rescind lists the operations",
            )
        })
    }

    /// Whether tokens are to be shown.
    pub(super) fn shows(&self, secrets: Option<Secrets>) -> Result<bool, Mistake> {
        match secrets {
            None => Ok(false),
            Some(Secrets::Show) if self.shows_key => Ok(true),
            Some(Secrets::Show) => Err(Mistake::forbidden(
                "secrets are shown to whoever shows the provider's control key, and there is none",
                "start the provider with a control key",
            )),
        }
    }

    /// Looks until there is something to see, for as long as the request wants to wait.
    pub(super) async fn wait<T>(
        &self,
        wait_seconds: Option<u64>,
        look: impl Fn(&Tenant) -> Result<T, Mistake> + Send,
        is_enough: impl Fn(&T) -> bool + Send,
    ) -> Result<T, Mistake> {
        let wait_seconds = wait_seconds.unwrap_or(0);
        if wait_seconds > LONGEST_WAIT {
            return Err(Mistake::new(
                "`wait_seconds` is too long",
                &format!("a number from 0 to {LONGEST_WAIT}: ask again when it is over"),
            ));
        }
        let tenant = self.tenant()?;
        let until = tenant.elapsed().after_seconds(wait_seconds);
        let mut listening = tenant.changes.listen();
        loop {
            let seen = look(tenant)?;
            let left = until.0.saturating_sub(tenant.elapsed().0);
            if is_enough(&seen) || left == 0 {
                return Ok(seen);
            }
            let left = Duration::from_millis(left);
            if listening.changed(left, &tenant.listening).await == Woken::Stopped {
                return Ok(seen);
            }
        }
    }
}

/// The root has no tenant.
pub(super) fn no_tenant() -> Mistake {
    Mistake::not_found(
        "there is no tenant at the root of this provider",
        "GET /_rescind/tenants lists those that there are; each has a control API of its own",
    )
}

impl<T: Serialize> Given<T> {
    /// With the JSON written down.
    pub(super) fn written(self) -> Result<Given<Value>, Mistake> {
        Ok(match self {
            Self::Json(value) => Given::Json(serde_json::to_value(value).map_err(|_| {
                Mistake::new(
                    "the answer cannot be written as JSON",
                    "this is a defect of rescind: please report it",
                )
            })?),
            Self::Text(text) => Given::Text(text),
            Self::Events(events) => Given::Events(events),
        })
    }
}

impl Given<Value> {
    /// The answer.
    pub(super) fn response(self) -> Response {
        match self {
            Self::Json(value) => whole(200, "application/json", value.to_string()),
            Self::Text(text) => whole(200, "text/plain; charset=utf-8", text),
            Self::Events(events) => {
                let mut response = hyper::Response::new(Either::Right(*events));
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
        }
    }
}
