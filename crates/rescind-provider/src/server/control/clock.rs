//! The clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;
use crate::ledger::Moment;
use crate::server::Tenant;

/// What the clock shows.
#[derive(Serialize, JsonSchema)]
pub(super) struct ClockView {
    /// The milliseconds since the tenant began, by its clock.
    now: Moment,
    /// Whether it stands still.
    standing: bool,
}

fn view(tenant: &Tenant) -> Given<ClockView> {
    let elapsed = tenant.elapsed();
    let state = tenant.lock();
    Given::Json(ClockView {
        now: state.now(elapsed),
        standing: state.clock().is_standing(),
    })
}

/// Shows the clock.
pub(super) struct Show;

impl Operation for Show {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/clock";
    const SUMMARY: &'static str = "what the clock shows, and whether it stands still";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = ClockView;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<ClockView>, Mistake> {
        Ok(view(call.tenant()?))
    }
}

/// How far the clock is moved.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ahead {
    /// So many seconds.
    advance_seconds: u64,
}

/// Moves the clock.
pub(super) struct Advance;

impl Operation for Advance {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/clock";
    const SUMMARY: &'static str = "move the clock ahead";
    type Query = Nothing;
    type Body = Ahead;
    type Answer = ClockView;

    async fn handle(call: Call, _: Nothing, ahead: Ahead) -> Result<Given<ClockView>, Mistake> {
        let tenant = call.tenant()?;
        tenant.advance(ahead.advance_seconds);
        Ok(view(tenant))
    }
}

/// Stops the clock.
pub(super) struct Freeze;

impl Operation for Freeze {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/clock/freeze";
    const SUMMARY: &'static str = "let the clock stand still";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = ClockView;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<ClockView>, Mistake> {
        let tenant = call.tenant()?;
        tenant.freeze();
        Ok(view(tenant))
    }
}

/// Starts the clock.
pub(super) struct Thaw;

impl Operation for Thaw {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/clock/thaw";
    const SUMMARY: &'static str = "let the clock go on, from what it shows";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = ClockView;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<ClockView>, Mistake> {
        let tenant = call.tenant()?;
        tenant.thaw();
        Ok(view(tenant))
    }
}
