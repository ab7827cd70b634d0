//! Middleware around the whole router: the service's answers, written in other ways that the
//! published API allows.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    VARY,
};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http_body_util::channel::Channel;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tokio::time::interval;

use super::turns::{self, Turns};
use super::{Variant, hooks};
use crate::identifier::{ACCOUNT_PREFIX, is_well_formed};
use crate::service::Service;

const ACCOUNTS: &str = "/api/v3.1/connected_accounts/";
/// In how many pieces a body is sent that does not come at once.
const PIECES: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);
/// No answer of this service is longer.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// The router, with its answers written as the service's variant has it.
pub(crate) fn around(router: Router, service: &Arc<Service>) -> Router {
    if service.variant.is_none() {
        return router;
    }
    let router = router.layer(from_fn_with_state(Arc::clone(service), rewrite));
    if hooks::serves_one_call_at_a_time(service.variant) {
        return router.layer(from_fn_with_state(Turns::default(), turns::wait));
    }
    router
}

async fn rewrite(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    // What is outside is no part of the contract.
    let Some(variant) = service.variant.filter(|_| path.starts_with("/api/")) else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LONGEST_ANSWER).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts.status = status(variant, &path, parts.status);
    let bytes = match serde_json::from_slice(&bytes) {
        Ok(honest) => written(variant, &document(variant, honest, parts.status)),
        Err(_) => bytes,
    };
    // Whoever sends the body knows its length, if it is known at all.
    parts.headers.remove(CONTENT_LENGTH);
    headers(variant, &mut parts.headers);
    let body = match variant {
        Variant::Chunked => in_pieces(&service, bytes, None),
        Variant::Slow => in_pieces(&service, bytes, Some(PAUSE)),
        _ => Body::from(bytes),
    };
    Response::from_parts(parts, body)
}

fn status(variant: Variant, path: &str, honest: StatusCode) -> StatusCode {
    match (variant, honest) {
        (Variant::MalformedIs400, StatusCode::NOT_FOUND) if names_a_malformed_id(path) => {
            StatusCode::BAD_REQUEST
        }
        (Variant::OtherMethod404, StatusCode::METHOD_NOT_ALLOWED) => StatusCode::NOT_FOUND,
        (Variant::ScopeIs401, StatusCode::FORBIDDEN) => StatusCode::UNAUTHORIZED,
        _ => honest,
    }
}

/// An id that is escaped although it need not be is still one.
fn names_a_malformed_id(path: &str) -> bool {
    let Some(id) = path
        .strip_prefix(ACCOUNTS)
        .and_then(|rest| rest.split('/').next())
    else {
        return false;
    };
    let unescaped = percent_decode_str(id).decode_utf8_lossy();
    !is_well_formed(ACCOUNT_PREFIX, &unescaped) && !hooks::has_the_other_form(&unescaped)
}

/// The answer's JSON. An error names the status with which it is sent.
fn document(variant: Variant, mut honest: Value, status: StatusCode) -> Value {
    if let Some(error) = honest.get_mut("error").and_then(Value::as_object_mut) {
        error.insert("status".to_owned(), status.as_u16().into());
        if variant == Variant::OtherMessages {
            *error = other_error(status);
        }
    }
    match variant {
        Variant::ListReversed => {
            if let Some(Value::Array(listed)) = honest.get_mut("revoked_tokens") {
                listed.reverse();
            }
            honest
        }
        Variant::CredentialListed => {
            if let Some(Value::Array(listed)) = honest.get_mut("revoked_tokens")
                && !listed.is_empty()
            {
                listed.push("credential".into());
            }
            honest
        }
        Variant::ExtraFields => with_extra_fields(honest),
        Variant::KeysReordered => with_keys_reordered(honest),
        _ => honest,
    }
}

fn other_error(status: StatusCode) -> Map<String, Value> {
    let status = status.as_u16();
    let members = [
        ("slug", format!("Other_{status}").into()),
        ("status", status.into()),
        ("message", "it did not work".into()),
        ("code", (9000 + u32::from(status)).into()),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Unknown members in every object, of every type, before and after the known ones.
fn with_extra_fields(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let known = fields
                .into_iter()
                .map(|(name, value)| (name, with_extra_fields(value)));
            let mut all: Map<String, Value> =
                [("x_first".to_owned(), Value::Null)].into_iter().collect();
            all.extend(known);
            all.insert("x_number".to_owned(), 17.5.into());
            all.insert(
                "x_nested".to_owned(),
                json!({ "status": ["ACTIVE", false] }),
            );
            Value::Object(all)
        }
        Value::Array(items) => items.into_iter().map(with_extra_fields).collect(),
        other => other,
    }
}

fn with_keys_reordered(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut reordered: Vec<(String, Value)> = fields
                .into_iter()
                .map(|(name, value)| (name, with_keys_reordered(value)))
                .collect();
            reordered.reverse();
            Value::Object(reordered.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(with_keys_reordered).collect(),
        other => other,
    }
}

fn written(variant: Variant, document: &Value) -> Bytes {
    if variant == Variant::PrettyPrinted {
        return format!("{document:#}\n").into();
    }
    document.to_string().into()
}

fn headers(variant: Variant, headers: &mut HeaderMap) {
    match variant {
        Variant::Charset => {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/json; charset=utf-8"),
            );
        }
        Variant::RepetitionNotDiscouraged => {
            headers.remove("x-should-retry");
        }
        Variant::ConnectionClose => {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Variant::ExtraHeaders => {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, private"));
            headers.insert(VARY, HeaderValue::from_static("x-api-key, accept"));
            for (name, value) in [
                ("x-powered-by", "something else"),
                ("x-ratelimit-remaining", "0"),
                ("x-empty", ""),
            ] {
                let name = HeaderName::from_static(name);
                headers.append(name, HeaderValue::from_static(value));
            }
        }
        _ => {}
    }
}

/// A body whose length nobody is told, so that HTTP/1.1 sends it in chunks.
fn in_pieces(service: &Service, bytes: Bytes, pause: Option<Duration>) -> Body {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    let length = bytes.len().div_ceil(PIECES).max(1);
    service.tasks.spawn(async move {
        let mut rhythm = pause.map(interval);
        for piece in bytes.chunks(length) {
            if let Some(rhythm) = &mut rhythm {
                rhythm.tick().await;
            }
            // A client that has gone away hears no more.
            if sender.send_data(bytes.slice_ref(piece)).await.is_err() {
                return;
            }
        }
    });
    Body::new(body)
}
