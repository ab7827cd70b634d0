//! From a request to a mock server to the provider's answer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use rescind_provider::message::{Delivery, Reaction, Reply, Request};
use wiremock::{Mock, ResponseTemplate};

use crate::location::Location;
use crate::mounted::Mounted;

/// What a mock server is to a provider.
#[derive(Clone, Debug)]
pub(crate) enum Side {
    /// The provider itself.
    Own,
    /// One of its further hosts, by the name that the profile gives it.
    Host(Arc<str>),
    /// Another origin, which is none of the provider's.
    Elsewhere,
}

/// Where a mock answers, and when it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub location: &'a Location,
    pub side: Side,
    pub priority: u8,
}

/// A mock that answers as a provider does, for whatever is below a location.
pub(crate) fn mock(mounted: &Arc<Mounted>, place: Place<'_>) -> Mock {
    let Place {
        location,
        side,
        priority,
    } = place;
    let here = location.clone();
    let is_below = move |request: &wiremock::Request| {
        let path = request.url.path();
        here.path_at_provider(path).is_some()
    };
    let title = mounted.lock().profile().title.clone();
    let (mounted, location) = (Arc::clone(mounted), location.clone());
    Mock::given(is_below)
        .respond_with(move |request: &wiremock::Request| {
            template(react(&mounted, &location, &side, request))
        })
        .with_priority(priority)
        .named(format!("the provider {title}"))
}

fn react(
    mounted: &Mounted,
    location: &Location,
    side: &Side,
    request: &wiremock::Request,
) -> Reaction {
    let path = request.url.path();
    let request = Request {
        method: request.method.as_str().to_owned(),
        path: location
            .path_at_provider(path)
            .map_or_else(|| path.to_owned(), Cow::into_owned),
        query: request.url.query().map(str::to_owned),
        headers: request.headers.clone(),
        body: Bytes::from(request.body.clone()),
        host: match side {
            Side::Host(host) => Some(Arc::clone(host)),
            Side::Own | Side::Elsewhere => None,
        },
    };
    mounted.with(|state, elapsed| match side {
        Side::Own | Side::Host(_) => state.handle(&request, elapsed),
        Side::Elsewhere => state.handle_elsewhere(&request, elapsed).into(),
    })
}

/// The answer, as wiremock takes it.
fn template(reaction: Reaction) -> ResponseTemplate {
    let whole = match reaction.delivery {
        Delivery::Whole => whole(reaction.reply),
        // `fail` refuses such faults; this one was set on the state itself.
        Delivery::Never | Delivery::Dropped | Delivery::Reset | Delivery::Spoiled(_) => None,
    };
    let template = whole.unwrap_or_else(|| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        ResponseTemplate::new(status).set_body_string("a mock server cannot send this answer")
    });
    match reaction.delay_milliseconds {
        0 => template,
        milliseconds => template.set_delay(Duration::from_millis(milliseconds)),
    }
}

/// An answer that goes whole; none if HTTP does not know its status or a header of it, which a
/// profile can state.
fn whole(reply: Reply) -> Option<ResponseTemplate> {
    let status = StatusCode::from_u16(reply.status).ok()?;
    let mut template = ResponseTemplate::new(status).set_body_bytes(reply.body.into_bytes());
    for (name, value) in reply.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = HeaderValue::from_str(&value).ok()?;
        template = template.append_header(name, value);
    }
    Some(template)
}
