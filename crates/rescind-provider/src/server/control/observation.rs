//! What a judge looks at, and what it looks for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Nothing, Secrets};
use super::mistake::Mistake;
use crate::ledger::GrantId;
use crate::observation::Written;
use crate::server::Tenant;

/// The most grants that are looked at together: requests wait meanwhile.
const MOST_GRANTS: usize = 1000;

/// What is looked at.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationQuery {
    /// The journal's entries after this number; all of them if not stated.
    #[serde(default)]
    after: Option<u64>,
    /// The numbers of the grants whose tokens are looked at, up to a thousand, with commas between
    /// them; none if not stated.
    #[serde(default)]
    grants: Option<String>,
    /// So many seconds at most, up to 60, until there is an entry after that number. The answer
    /// comes at once if not stated.
    #[serde(default)]
    wait_seconds: Option<u64>,
    /// It shows tokens, so it must be asked for, with the provider's key.
    #[serde(default)]
    secrets: Option<Secrets>,
}

/// Shows how the tenant stands.
pub(super) struct Observe;

impl Operation for Observe {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/observation";
    const SUMMARY: &'static str = "the journal ?after a number and the tokens of some ?grants, of one moment and byte for \
                                   byte: ?secrets=show";
    type Query = ObservationQuery;
    type Body = Nothing;
    type Answer = Written;

    async fn handle(
        call: Call,
        query: ObservationQuery,
        _: Nothing,
    ) -> Result<Given<Written>, Mistake> {
        must_show(&call, query.secrets)?;
        let grants = numbers(query.grants.as_deref().unwrap_or_default())?;
        let after = query.after.unwrap_or(0);
        let look = |tenant: &Tenant| {
            let elapsed = tenant.elapsed();
            let state = tenant.lock();
            Ok(state.observe(after, grants.iter().copied(), elapsed))
        };
        let seen = call
            .wait(query.wait_seconds, look, |seen| seen.received > after)
            .await?;
        Ok(Given::Json(Written::from(seen)))
    }
}

/// Whether secrets are asked for by whoever may see them: without them there is nothing to show.
fn must_show(call: &Call, secrets: Option<Secrets>) -> Result<(), Mistake> {
    if call.shows(secrets)? {
        return Ok(());
    }
    Err(Mistake::new(
        "the answer holds secrets, and they were not asked for",
        "ask with `?secrets=show` and the provider's control key",
    ))
}

fn numbers(list: &str) -> Result<Vec<GrantId>, Mistake> {
    let hint = format!("up to {MOST_GRANTS} numbers of grants, as in `?grants=0,1`");
    let numbers = list.split(',').filter(|number| !number.is_empty());
    let numbers: Result<Vec<GrantId>, _> =
        numbers.map(|number| number.parse().map(GrantId)).collect();
    match numbers {
        Ok(numbers) if numbers.len() <= MOST_GRANTS => Ok(numbers),
        Ok(_) => Err(Mistake::new("too many `grants` at once", &hint)),
        Err(_) => Err(Mistake::new("`grants` holds what is no number", &hint)),
    }
}

/// How secrets are asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretsQuery {
    /// It shows them, so it must be asked for, with the provider's key.
    #[serde(default)]
    secrets: Option<Secrets>,
}

/// Secrets.
#[derive(Serialize, JsonSchema)]
pub(super) struct SecretList {
    /// Every one that the tenant has given out.
    secrets: Vec<ShownSecret>,
}

/// A secret.
#[derive(Serialize, JsonSchema)]
struct ShownSecret {
    /// What it is: `access_token`, `client_secret`.
    kind: String,
    /// The secret itself.
    secret: String,
    /// How many bytes at its start are a fixed prefix, and no secret.
    prefix_length: usize,
}

/// Shows every secret.
pub(super) struct List;

impl Operation for List {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/secrets";
    const SUMMARY: &'static str =
        "every secret that was given out, to look for where none may be: ?secrets=show";
    type Query = SecretsQuery;
    type Body = Nothing;
    type Answer = SecretList;

    async fn handle(
        call: Call,
        query: SecretsQuery,
        _: Nothing,
    ) -> Result<Given<SecretList>, Mistake> {
        must_show(&call, query.secrets)?;
        let tenant = call.tenant()?;
        let scanner = tenant.lock().scanner(tenant.fingerprints().clone());
        let secrets = scanner.secrets().iter().map(|known| ShownSecret {
            kind: known.kind.clone(),
            secret: known.secret.expose().to_owned(),
            prefix_length: known.prefix_length,
        });
        Ok(Given::Json(SecretList {
            secrets: secrets.collect(),
        }))
    }
}
