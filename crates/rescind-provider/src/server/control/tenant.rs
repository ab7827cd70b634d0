//! The tenant as a whole: what can be done to it, and back to the beginning.

use schemars::JsonSchema;
use serde::Serialize;

use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;
use super::{OPERATIONS, Operation, Scope};
use crate::server::CONTROL_PREFIX;

/// Everything that can be done.
#[derive(Serialize, JsonSchema)]
pub(super) struct OperationList {
    /// The tenant's name; null at the root of a provider that has no tenant there.
    tenant: Option<String>,
    /// The title of its profile.
    profile: Option<String>,
    /// The operations.
    operations: Vec<Listed>,
}

/// An operation.
#[derive(Serialize, JsonSchema)]
struct Listed {
    /// Its method.
    method: &'static str,
    /// Its path, below the tenant's address.
    path: String,
    /// What it does.
    what: &'static str,
}

/// Lists the operations.
pub(super) struct Index;

impl Operation for Index {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "";
    const SUMMARY: &'static str = "this list";
    const SCOPE: Scope = Scope::Anywhere;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = OperationList;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<OperationList>, Mistake> {
        let tenant = call.tenant.as_ref();
        let is_there = |scope: Scope| match scope {
            Scope::Anywhere => true,
            Scope::Tenant => tenant.is_some(),
            Scope::Provider => call.is_root,
        };
        let rows = OPERATIONS.iter().filter(|row| is_there(row.scope));
        let operations = rows.map(|row| Listed {
            method: row.method,
            path: format!("{CONTROL_PREFIX}{}", row.path),
            what: row.summary,
        });
        Ok(Given::Json(OperationList {
            tenant: tenant.map(|tenant| tenant.name().to_owned()),
            profile: tenant.map(|tenant| tenant.lock().profile().title.clone()),
            operations: operations.collect(),
        }))
    }
}

/// What a reset came to.
#[derive(Serialize, JsonSchema)]
pub(super) struct ResetDone {
    /// Always true.
    reset: bool,
}

/// Back to the beginning.
pub(super) struct Reset;

impl Operation for Reset {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/reset";
    const SUMMARY: &'static str =
        "back to the beginning: no grants, no journal, no faults, no gates; clients stay";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = ResetDone;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<ResetDone>, Mistake> {
        call.tenant()?.lock().reset();
        Ok(Given::Json(ResetDone { reset: true }))
    }
}
