//! Faults: which requests meet one, and what such a request gets in place of its answer.
//!
//! Pure, as the rest of the tenant. A kind of fault is a variant of [`Effect`] and an arm of
//! [`reaction`]; what it needs of the network, the shell does.

use http::header::AUTHORIZATION;
use rescind_model::Subject;
use rescind_model::vocabulary::Endpoint;
use serde_json::{Value, json};

pub use rescind_model::fault::{Effect, Fault, Origin};

use crate::message::{Reaction, Reply, Request};

/// The two addresses of a tenant, without a slash at their ends. Empty where there is no network:
/// what is at the same origin can be named without it (RFC 9110 §10.2.2).
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Its own.
    pub own: String,
    /// The same path at another origin, which is none of the provider's.
    pub elsewhere: String,
}

/// The faults that are set, and how many requests each has matched.
#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<SetFault>);

#[derive(Clone, Debug)]
struct SetFault {
    fault: Fault,
    matched: u32,
}

impl Faults {
    /// Adds a fault.
    pub fn set(&mut self, fault: Fault) {
        self.0.push(SetFault { fault, matched: 0 });
    }

    /// Ends every fault.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What the next request to an endpoint, with a token of that subject, meets. It counts
    /// against every fault that it matches; of several that it meets, the first acts.
    pub fn meet(&mut self, endpoint: Endpoint, subject: Option<Subject>) -> Option<Effect> {
        let mut met = None;
        for SetFault { fault, matched } in &mut self.0 {
            if fault.endpoint == endpoint && (fault.subject.is_none() || fault.subject == subject) {
                *matched += 1;
                if fault.nth.is_none_or(|nth| nth == *matched) {
                    met.get_or_insert(fault.effect);
                }
            }
        }
        met
    }
}

/// What a request gets that meets a fault.
pub fn reaction(effect: Effect, request: &Request, addresses: &Addresses) -> Reaction {
    match effect {
        Effect::Answer {
            status,
            retry_after,
            echo,
        } => Reaction::Answer(answer(status, retry_after, echo.then_some(request))),
        Effect::Hang => Reaction::Silence,
        Effect::Redirect { status, to } => {
            Reaction::Answer(redirect(status, to, request, addresses))
        }
    }
}

fn answer(status: u16, retry_after: Option<u64>, echoed: Option<&Request>) -> Reply {
    let mut body = json!({ "error": "temporarily_unavailable" });
    if let Some(request) = echoed {
        body["request"] = echo(request);
    }
    let mut reply = Reply::json(status, &body);
    let header = retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
    reply.headers.extend(header);
    reply
}

/// What a request carried, as a careless error message repeats it.
fn echo(request: &Request) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let authorization = request.headers.get(AUTHORIZATION);
    json!({
        "authorization": authorization.map(|value| text(value.as_bytes())),
        "query": request.query,
        "body": text(&request.body),
    })
}

fn redirect(status: u16, to: Origin, request: &Request, addresses: &Addresses) -> Reply {
    let address = match to {
        Origin::SameOrigin => &addresses.own,
        Origin::OtherOrigin => &addresses.elsewhere,
    };
    let mut location = format!("{address}{}", request.path);
    if let Some(query) = &request.query {
        location.extend(["?", query]);
    }
    let mut reply = Reply::json(status, &json!({ "error": "moved" }));
    reply.headers.push(("location".into(), location));
    reply
}
