//! What the user does on the provider's site.

use rescind_model::profile::RevocationScope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Nothing};
use super::ledger::{Filter, each_grant};
use super::mistake::Mistake;
use super::tokens::{NamedToken, known_grant};
use crate::ledger::{GrantId, TokenId};

/// How many of what a removal reached are named one by one.
const NAMED: usize = 1000;

/// Which grants are removed: every condition that is stated must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// This one, and what the provider removes with it.
    #[serde(default)]
    grant: Option<u32>,
    /// Those of this user.
    #[serde(default)]
    user: Option<String>,
    /// Those of this client, by its name.
    #[serde(default)]
    client: Option<String>,
}

/// What a removal came to. Of many, the first thousand are named.
#[derive(Serialize, JsonSchema)]
pub(super) struct RemovalDone {
    /// The grants that were removed.
    removed: Vec<GrantId>,
    /// How many they are.
    removed_count: usize,
    /// The tokens that died of it.
    died: Vec<NamedToken>,
    /// How many they are.
    died_count: usize,
}

/// Removes the app as the user would.
pub(super) struct Remove;

impl Operation for Remove {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/user-removal";
    const SUMMARY: &'static str =
        "remove the app as the user would: by grant, user or client, or several of them";
    type Query = Nothing;
    type Body = Removal;
    type Answer = RemovalDone;

    async fn handle(
        call: Call,
        _: Nothing,
        removal: Removal,
    ) -> Result<Given<RemovalDone>, Mistake> {
        let tenant = call.tenant()?;
        if removal.grant.is_none() && removal.user.is_none() && removal.client.is_none() {
            return Err(Mistake::new(
                "a removal of nothing in particular",
                "state `grant`, `user` or `client`, or several of them",
            ));
        }
        if let Some(grant) = removal.grant {
            known_grant(tenant, grant)?;
        }
        let filter = Filter {
            user: removal.user,
            client: removal.client,
            grant: removal.grant,
        };
        let mut removed: Vec<GrantId> = Vec::new();
        each_grant(tenant, &filter, 0, |_, id, _| {
            removed.push(id);
            true
        })
        .await;
        let elapsed = tenant.elapsed();
        let mut died: Vec<TokenId> = Vec::new();
        for grants in removed.chunks(NAMED) {
            {
                let mut state = tenant.lock();
                for grant in grants {
                    // All of a user's or client's are removed anyway: none need be searched for.
                    died.extend(if filter.grant.is_some() {
                        state.remove_by_user(*grant, elapsed)
                    } else {
                        state.remove_by_user_within(*grant, RevocationScope::Grant, elapsed)
                    });
                }
            }
            tokio::task::yield_now().await;
        }
        Ok(Given::Json(RemovalDone {
            removed_count: removed.len(),
            removed: removed.into_iter().take(NAMED).collect(),
            died_count: died.len(),
            died: NamedToken::all(tenant, &died[..died.len().min(NAMED)]),
        }))
    }
}
