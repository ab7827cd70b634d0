//! The ledger: every grant and token, and when and why each died.

use rescind_model::{Subject, TokenState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Secrets};
use super::mistake::Mistake;
use crate::ledger::{Death, Grant, GrantId, Moment, TokenView};
use crate::server::Tenant;
use crate::tenant::TenantState;

/// How many grants are shown at once, if not stated.
const DEFAULT_LIMIT: u64 = 1000;

/// The most grants that are shown at once.
const HIGHEST_LIMIT: u64 = 10_000;

/// How many grants are looked at before requests get their turn.
const LOOKED_AT_ONCE: u32 = 4096;

/// Which grants are meant: every condition that is stated must hold.
#[derive(Clone, Default)]
pub(super) struct Filter {
    pub(super) user: Option<String>,
    pub(super) client: Option<String>,
    pub(super) grant: Option<u32>,
}

impl Filter {
    fn fits(&self, grant: &Grant) -> bool {
        self.user.as_deref().is_none_or(|user| *user == *grant.user)
            && self
                .client
                .as_ref()
                .is_none_or(|client| *client == grant.client)
    }
}

/// Looks at every grant from a number on that a filter lets pass, until there is enough. However
/// many there are, requests are not kept waiting. Returns the first grant that was not looked at,
/// if there is one.
pub(super) async fn each_grant(
    tenant: &Tenant,
    filter: &Filter,
    from: u32,
    mut take: impl FnMut(&TenantState, GrantId, &Grant) -> bool + Send,
) -> Option<u32> {
    let (mut number, end) = match filter.grant {
        Some(grant) => (grant.max(from), grant.saturating_add(1)),
        None => (from, u32::MAX),
    };
    loop {
        {
            let state = tenant.lock();
            for _ in 0..LOOKED_AT_ONCE {
                let id = GrantId(number);
                let grant = state.ledger().grant(id).filter(|_| number < end)?;
                number += 1;
                if filter.fits(grant) && !take(&state, id, grant) {
                    let next = state.ledger().grant(GrantId(number));
                    return next.filter(|_| number < end).map(|_| number);
                }
            }
        }
        tokio::task::yield_now().await;
    }
}

/// Which grants are shown, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerQuery {
    /// Only those of this user.
    #[serde(default)]
    user: Option<String>,
    /// Only those of this client, by its name.
    #[serde(default)]
    client: Option<String>,
    /// Only this one.
    #[serde(default)]
    grant: Option<u32>,
    /// From this one on: `next` of the answer before.
    #[serde(default)]
    from: Option<u32>,
    /// How many at once, up to 10000; 1000 if not stated.
    #[serde(default)]
    limit: Option<u64>,
    /// Whether tokens are shown as they are, to whoever shows the provider's key.
    #[serde(default)]
    secrets: Option<Secrets>,
}

/// Grants with their tokens.
#[derive(Serialize, JsonSchema)]
pub(super) struct LedgerView {
    /// The provider's time, in milliseconds since the tenant began.
    now: Moment,
    /// The grants.
    grants: Vec<GrantView>,
    /// The grant to go on from; null if there are no more.
    next: Option<u32>,
}

/// What one user gave one client.
#[derive(Serialize, JsonSchema)]
struct GrantView {
    /// Its number.
    grant: GrantId,
    /// The user.
    user: String,
    /// The name of the client.
    client: String,
    /// The provider's id of the user's account.
    account_id: String,
    /// Every token, in the order of issue.
    tokens: Vec<LedgerToken>,
}

/// A token and its fate.
#[derive(Serialize, JsonSchema)]
struct LedgerToken {
    /// Its kind.
    subject: Subject,
    /// 0 for the first of its kind in the grant.
    generation: u32,
    /// What stands for it wherever it is not shown.
    fingerprint: String,
    /// Alive, expired or dead.
    state: TokenState,
    /// When and why it died, or is going to; null if nothing ends it but time.
    died: Option<Death>,
    /// The token itself, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Shows the ledger.
pub(super) struct Show;

impl Operation for Show {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/ledger";
    const SUMMARY: &'static str =
        "grants and tokens, and when and why each died; ?user, ?client, ?grant, ?from, ?limit";
    type Query = LedgerQuery;
    type Body = super::call::Nothing;
    type Answer = LedgerView;

    async fn handle(
        call: Call,
        query: LedgerQuery,
        _: super::call::Nothing,
    ) -> Result<Given<LedgerView>, Mistake> {
        let shows_secrets = call.shows(query.secrets)?;
        let limit = limit(query.limit, DEFAULT_LIMIT, HIGHEST_LIMIT)?;
        let tenant = call.tenant()?;
        let filter = Filter {
            user: query.user,
            client: query.client,
            grant: query.grant,
        };
        let now = {
            let elapsed = tenant.elapsed();
            tenant.lock().now(elapsed)
        };
        let mut found: Vec<(GrantView, Vec<TokenView>)> = Vec::new();
        let next = each_grant(
            tenant,
            &filter,
            query.from.unwrap_or(0),
            |state, id, grant| {
                let view = GrantView {
                    grant: id,
                    user: grant.user.to_string(),
                    client: grant.client.to_string(),
                    account_id: grant.account_id.to_string(),
                    tokens: Vec::new(),
                };
                found.push((view, state.ledger().tokens(id, now)));
                found.len() < limit
            },
        );
        let next = next.await;
        // Fingerprints are made while requests have their turn.
        let shown = |token: TokenView| LedgerToken {
            subject: token.id.subject,
            generation: token.id.generation,
            fingerprint: tenant.fingerprints().fingerprint(&token.text),
            state: token.state,
            died: token.death,
            token: shows_secrets.then_some(token.text),
        };
        let grants = found.into_iter().map(|(view, tokens)| GrantView {
            tokens: tokens.into_iter().map(shown).collect(),
            ..view
        });
        Ok(Given::Json(LedgerView {
            now,
            grants: grants.collect(),
            next,
        }))
    }
}

/// How many are shown at once.
pub(super) fn limit(stated: Option<u64>, default: u64, highest: u64) -> Result<usize, Mistake> {
    let limit = stated.unwrap_or(default);
    if limit == 0 || limit > highest {
        let hint = format!("a number from 1 to {highest}");
        return Err(Mistake::new("`limit` is none", &hint));
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}
