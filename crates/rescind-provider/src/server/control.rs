//! The control API: what only the provider's owner, its user or time could do.
//!
//! JSON below `/_rescind`. Each operation is a row of one table, from which come the way to it, the
//! list of all of them, and the OpenAPI document. Tokens are shown where they are minted, and
//! elsewhere only to whoever shows the provider's key and asks.

mod access;
mod call;
mod clients;
mod clock;
mod consent;
mod events;
mod faults;
mod gates;
mod grants;
mod journal;
mod keys;
mod ledger;
mod mistake;
mod observation;
mod openapi;
mod provider;
mod read;
mod reveal;
mod schema;
mod tenant;
mod tenants;
mod tokens;
mod users;

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http_body_util::{Either, Full};
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;

use super::directory::control_operation;
use super::{Shared, Tenant};
use crate::message::Request;
use call::{Call, Given};
use events::Events;
use mistake::Mistake;

pub use openapi::openapi;

/// The body of an answer: at once, or as things happen.
pub(super) type Body = Either<Full<Bytes>, Events>;

/// An answer of the control API.
pub(super) type Response = hyper::Response<Body>;

/// Where an operation is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Below every tenant's address, and at the root.
    Anywhere,
    /// Below every tenant's address.
    Tenant,
    /// At the root of the provider's address: it is about the provider as a whole.
    Provider,
}

/// What can be done to a provider.
trait Operation {
    /// Its method.
    const METHOD: &'static str;
    /// Its path below the prefix; what stands in braces is a parameter.
    const PATH: &'static str;
    /// What it does.
    const SUMMARY: &'static str;
    /// Where it is to be found.
    const SCOPE: Scope = Scope::Tenant;
    /// Whether it needs no key.
    const IS_OPEN: bool = false;
    /// The media type that it may answer with instead of JSON.
    const OTHERWISE: Option<&'static str> = None;
    /// The parameters of its query.
    type Query: serde::de::DeserializeOwned + schemars::JsonSchema + Send;
    /// The members of its body.
    type Body: serde::de::DeserializeOwned + schemars::JsonSchema + Send;
    /// What it answers.
    type Answer: Serialize + schemars::JsonSchema + Send;

    /// Does it.
    fn handle(
        call: Call,
        query: Self::Query,
        body: Self::Body,
    ) -> impl Future<Output = Result<Given<Self::Answer>, Mistake>> + Send;
}

type Handled = Pin<Box<dyn Future<Output = Result<Given<serde_json::Value>, Mistake>> + Send>>;

/// An operation, as a row of the table.
struct Row {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    scope: Scope,
    is_open: bool,
    otherwise: Option<&'static str>,
    query: fn(&mut SchemaGenerator) -> Schema,
    body: fn(&mut SchemaGenerator) -> Schema,
    answer: fn(&mut SchemaGenerator) -> Schema,
    handle: fn(Call) -> Handled,
}

const fn row<O: Operation + 'static>() -> Row {
    Row {
        method: O::METHOD,
        path: O::PATH,
        summary: O::SUMMARY,
        scope: O::SCOPE,
        is_open: O::IS_OPEN,
        otherwise: O::OTHERWISE,
        query: |generator| generator.subschema_for::<O::Query>(),
        body: |generator| generator.subschema_for::<O::Body>(),
        answer: |generator| generator.subschema_for::<O::Answer>(),
        handle: |call| Box::pin(handle::<O>(call)),
    }
}

async fn handle<O: Operation>(call: Call) -> Result<Given<serde_json::Value>, Mistake> {
    let query = read::query(&call.query)?;
    let body = read::body(&call.body)?;
    O::handle(call, query, body).await?.written()
}

/// Every operation, in the order in which they are listed.
const OPERATIONS: &[Row] = &[
    row::<tenant::Index>(),
    row::<openapi::Document>(),
    row::<provider::Health>(),
    row::<grants::Mint>(),
    row::<ledger::Show>(),
    row::<tokens::Expire>(),
    row::<tokens::Kill>(),
    row::<users::Remove>(),
    row::<journal::Show>(),
    row::<observation::Observe>(),
    row::<observation::List>(),
    row::<events::Watch>(),
    row::<clock::Show>(),
    row::<clock::Advance>(),
    row::<clock::Freeze>(),
    row::<clock::Thaw>(),
    row::<faults::List>(),
    row::<faults::Set>(),
    row::<faults::EndAll>(),
    row::<faults::End>(),
    row::<gates::List>(),
    row::<gates::Set>(),
    row::<gates::ReleaseAll>(),
    row::<gates::Show>(),
    row::<gates::Release>(),
    row::<clients::List>(),
    row::<clients::Add>(),
    row::<clients::Remove>(),
    row::<consent::Show>(),
    row::<consent::Set>(),
    row::<keys::Rotate>(),
    row::<tenant::Reset>(),
    row::<tenants::List>(),
    row::<tenants::Add>(),
    row::<tenants::Remove>(),
];

/// Below whose address a control request was made.
pub(super) struct Below {
    /// A tenant; none only at the root.
    pub(super) tenant: Option<Arc<Tenant>>,
    /// Whether it is the root of the provider.
    pub(super) is_root: bool,
}

/// Answers a control request.
pub(super) async fn answer(shared: &Arc<Shared>, below: Below, request: &Request) -> Response {
    let operation = control_operation(&request.path).unwrap_or_default();
    let operation = operation.trim_end_matches('/');
    match find(operation, &request.method, &below) {
        Ok((row, parameters)) => {
            let granted = access::check(shared, &request.headers, row.is_open);
            let call = granted.map(|shows_key| Call {
                shared: Arc::clone(shared),
                tenant: below.tenant,
                is_root: below.is_root,
                parameters,
                query: request.query.clone().unwrap_or_default(),
                headers: request.headers.clone(),
                body: request.body.clone(),
                shows_key,
            });
            match call {
                Ok(call) => match (row.handle)(call).await {
                    Ok(given) => given.response(),
                    Err(mistake) => mistake.response(),
                },
                Err(mistake) => mistake.response(),
            }
        }
        // Whoever has no right to ask learns nothing of what there is.
        Err(mistake) => match access::check(shared, &request.headers, false) {
            Ok(_) => mistake.response(),
            Err(refused) => refused.response(),
        },
    }
}

/// The operation that a path and a method lead to, and the parameters of the path.
fn find(
    operation: &str,
    method: &str,
    below: &Below,
) -> Result<(&'static Row, Vec<String>), Mistake> {
    let at_path: Vec<(&Row, Vec<String>)> = OPERATIONS
        .iter()
        .filter_map(|row| Some((row, parameters(row.path, operation)?)))
        .collect();
    let allowed: Vec<&str> = at_path.iter().map(|(row, _)| row.method).collect();
    let found = at_path.into_iter().find(|(row, _)| row.method == method);
    match found {
        Some((row, _)) if row.scope == Scope::Tenant && below.tenant.is_none() => {
            Err(call::no_tenant())
        }
        Some((row, _)) if row.scope == Scope::Provider && !below.is_root => {
            Err(Mistake::not_found(
                "the operation is about the provider as a whole",
                "it lies at the root of the provider's address",
            ))
        }
        Some(found) => Ok(found),
        None if allowed.is_empty() => Err(Mistake::not_found(
            "no such operation",
            "GET /_rescind lists the operations",
        )),
        None => Err(Mistake::wrong_method(&allowed)),
    }
}

/// The values of the parameters of a path, if it is of that form.
fn parameters(form: &str, path: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut parts = path.split('/');
    for expected in form.split('/') {
        let part = parts.next()?;
        if expected.starts_with('{') {
            let value = percent_encoding::percent_decode_str(part);
            values.push(value.decode_utf8().ok()?.into_owned());
        } else if expected != part {
            return None;
        }
    }
    parts.next().is_none().then_some(values)
}

/// A response that is whole.
fn whole(status: u16, content_type: &'static str, body: String) -> Response {
    let mut response = hyper::Response::new(Either::Left(Full::new(Bytes::from(body))));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// RFC 9110 §10.2.1.
fn with_allow(mut response: Response, methods: &[&str]) -> Response {
    if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}
