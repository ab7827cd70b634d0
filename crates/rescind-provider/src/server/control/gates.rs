//! Gates: which there are, a new one, and their release.

use rescind_model::gate::Stated;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Nothing};
use super::faults::told;
use super::mistake::Mistake;
use crate::gates::{GateId, GateState, Held, HeldState, SetGate};
use crate::ledger::{Moment, TokenId};
use crate::server::Tenant;
use crate::tenant::TenantState;

/// A gate.
#[derive(Serialize, JsonSchema)]
pub(super) struct GateView {
    /// Its number.
    gate: GateId,
    /// What has become of it.
    state: GateState,
    /// What it holds.
    holds: Stated,
    /// How many requests that it is for have come so far.
    matched: u32,
    /// How many it holds.
    holding: usize,
    /// Every one that it holds or held.
    requests: Vec<HeldView>,
}

/// A request that a gate holds, or held.
#[derive(Serialize, JsonSchema)]
struct HeldView {
    /// Its number among the requests that the gate is for, counted from 1.
    nth: u32,
    /// What has become of it.
    state: HeldState,
    /// Its method.
    method: String,
    /// The name of the client that its credentials name, rightly or not.
    client: Option<String>,
    /// The token that it is about.
    token: Option<TokenId>,
    /// The fingerprint of that token.
    fingerprint: Option<String>,
    /// The number of its entry in the journal, once it has taken effect.
    entry: Option<u64>,
}

impl GateView {
    fn of(tenant: &Tenant, state: &TenantState, gate: &SetGate) -> Self {
        let held = |held: &Held| {
            let token = held.token;
            let token = token.and_then(|token| state.ledger().token(token, Moment(0)));
            HeldView {
                nth: held.nth,
                state: held.state,
                method: held.method.clone(),
                client: held.client.as_ref().map(ToString::to_string),
                token: held.token,
                fingerprint: token.map(|token| tenant.fingerprints().fingerprint(&token.text)),
                entry: held.entry,
            }
        };
        Self {
            gate: gate.id,
            state: gate.state(),
            holds: gate.gate.stated(),
            matched: gate.matched,
            holding: gate.holding(),
            requests: gate.held.iter().map(held).collect(),
        }
    }

    /// The gate of a number.
    fn find(tenant: &Tenant, id: GateId) -> Result<Self, Mistake> {
        let state = tenant.lock();
        let gate = state.gates().get(id).ok_or_else(no_such_gate)?;
        Ok(Self::of(tenant, &state, gate))
    }
}

fn no_such_gate() -> Mistake {
    Mistake::not_found(
        "there is no gate of that number",
        "GET /_rescind/gates lists them; of those that are over, the last hundred",
    )
}

/// How long the answer waits.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GatesQuery {
    /// So many seconds at most, up to 60, until requests are held. The answer comes at once if not
    /// stated.
    #[serde(default)]
    wait_seconds: Option<u64>,
    /// Until so many are held; one if not stated.
    #[serde(default)]
    holding: Option<u64>,
}

impl GatesQuery {
    fn is_met(&self, holding: usize) -> bool {
        let holding = u64::try_from(holding).unwrap_or(u64::MAX);
        holding >= self.holding.unwrap_or(1)
    }
}

/// The gates.
#[derive(Serialize, JsonSchema)]
pub(super) struct GateList {
    /// In the order in which they were set.
    gates: Vec<GateView>,
}

/// Lists the gates.
pub(super) struct List;

impl Operation for List {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/gates";
    const SUMMARY: &'static str =
        "the gates and what they hold; ?wait_seconds until requests are held";
    type Query = GatesQuery;
    type Body = Nothing;
    type Answer = GateList;

    async fn handle(call: Call, query: GatesQuery, _: Nothing) -> Result<Given<GateList>, Mistake> {
        let look = |tenant: &Tenant| {
            let state = tenant.lock();
            let gates = state.gates().iter();
            let gates = gates.map(|gate| GateView::of(tenant, &state, gate));
            Ok(GateList {
                gates: gates.collect(),
            })
        };
        let holds =
            |list: &GateList| query.is_met(list.gates.iter().map(|gate| gate.holding).sum());
        let list = call.wait(query.wait_seconds, look, holds).await?;
        Ok(Given::Json(list))
    }
}

/// Sets a gate.
pub(super) struct Set;

impl Operation for Set {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/gates";
    const SUMMARY: &'static str = "hold requests before or after they take effect";
    type Query = Nothing;
    type Body = Stated;
    type Answer = GateView;

    async fn handle(call: Call, _: Nothing, stated: Stated) -> Result<Given<GateView>, Mistake> {
        let gate = stated.gate().map_err(|senseless| told(&senseless))?;
        let tenant = call.tenant()?;
        let id = tenant.lock().hold(gate);
        GateView::find(tenant, id).map(Given::Json)
    }
}

/// Shows a gate.
pub(super) struct Show;

impl Operation for Show {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/gates/{gate}";
    const SUMMARY: &'static str =
        "a gate and what it holds; ?wait_seconds until it holds ?holding requests, or is over";
    type Query = GatesQuery;
    type Body = Nothing;
    type Answer = GateView;

    async fn handle(call: Call, query: GatesQuery, _: Nothing) -> Result<Given<GateView>, Mistake> {
        let id = GateId(call.number("gate")?);
        let look = |tenant: &Tenant| GateView::find(tenant, id);
        let holds = |gate: &GateView| gate.state.is_over() || query.is_met(gate.holding);
        let gate = call.wait(query.wait_seconds, look, holds).await?;
        Ok(Given::Json(gate))
    }
}

/// Releases a gate.
pub(super) struct Release;

impl Operation for Release {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/gates/{gate}/release";
    const SUMMARY: &'static str =
        "let everything pass that a gate holds, and hold nothing any more";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = GateView;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<GateView>, Mistake> {
        let id = GateId(call.number("gate")?);
        let tenant = call.tenant()?;
        tenant.lock().release(id);
        GateView::find(tenant, id).map(Given::Json)
    }
}

/// The gates that were released.
#[derive(Serialize, JsonSchema)]
pub(super) struct GatesReleased {
    /// Those that were not over.
    released: Vec<GateId>,
}

/// Releases every gate.
pub(super) struct ReleaseAll;

impl Operation for ReleaseAll {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/gates/release";
    const SUMMARY: &'static str = "release every gate";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = GatesReleased;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<GatesReleased>, Mistake> {
        let released = call.tenant()?.lock().release_all();
        Ok(Given::Json(GatesReleased { released }))
    }
}
