//! The provider as a whole.

use schemars::JsonSchema;
use serde::Serialize;

use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;
use super::{Operation, Scope};

/// That the provider runs.
#[derive(Serialize, JsonSchema)]
pub(super) struct HealthView {
    /// Always `ok`.
    status: &'static str,
    /// The version of rescind.
    version: &'static str,
    /// For how many seconds it has run.
    uptime_seconds: u64,
}

/// Says that the provider runs.
pub(super) struct Health;

impl Operation for Health {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/health";
    const SUMMARY: &'static str = "whether the provider runs; needs no key";
    const SCOPE: Scope = Scope::Anywhere;
    const IS_OPEN: bool = true;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = HealthView;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<HealthView>, Mistake> {
        Ok(Given::Json(HealthView {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: call.shared.clock.elapsed().0 / 1000,
        }))
    }
}
