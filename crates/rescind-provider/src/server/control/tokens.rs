//! One token expires, or is ended alone.

use rescind_model::Subject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Nothing};
use super::ledger::{Filter, each_grant};
use super::mistake::Mistake;
use crate::ledger::{GrantId, Moment, TokenId};
use crate::server::Tenant;

/// Which tokens are meant: those of a grant, or the one of a fingerprint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// The grant. Beside a fingerprint it saves the search among all tokens.
    #[serde(default)]
    grant: Option<u32>,
    /// The newest of that kind; the newest of each, if not stated.
    #[serde(default)]
    subject: Option<Subject>,
    /// That one of its kind, 0 for the first, instead of the newest.
    #[serde(default)]
    generation: Option<u32>,
    /// The token of that fingerprint, as the ledger shows it.
    #[serde(default)]
    fingerprint: Option<String>,
}

/// A token, without showing it.
#[derive(Serialize, JsonSchema)]
pub(super) struct NamedToken {
    /// Which one.
    #[serde(flatten)]
    id: TokenId,
    /// Its fingerprint.
    fingerprint: String,
}

impl NamedToken {
    /// The names of tokens.
    pub(super) fn all(tenant: &Tenant, tokens: &[TokenId]) -> Vec<Self> {
        let state = tenant.lock();
        let named = |id: &TokenId| {
            let token = state.ledger().token(*id, Moment(0))?;
            let fingerprint = tenant.fingerprints().fingerprint(&token.text);
            Some(Self {
                id: *id,
                fingerprint,
            })
        };
        tokens.iter().filter_map(named).collect()
    }
}

/// Tokens that were made to expire.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExpiredTokens {
    /// Which ones.
    expired: Vec<NamedToken>,
}

/// Lets tokens expire.
pub(super) struct Expire;

impl Operation for Expire {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/expire";
    const SUMMARY: &'static str =
        "let the token of a fingerprint, or the newest of a grant, expire";
    type Query = Nothing;
    type Body = Which;
    type Answer = ExpiredTokens;

    async fn handle(call: Call, _: Nothing, which: Which) -> Result<Given<ExpiredTokens>, Mistake> {
        let tenant = call.tenant()?;
        let tokens = which.find(tenant).await?;
        let elapsed = tenant.elapsed();
        {
            let mut state = tenant.lock();
            for token in &tokens {
                state.expire_token(*token, elapsed);
            }
        }
        let expired = NamedToken::all(tenant, &tokens);
        Ok(Given::Json(ExpiredTokens { expired }))
    }
}

/// Tokens that were ended.
#[derive(Serialize, JsonSchema)]
pub(super) struct KilledTokens {
    /// Which ones are dead now, whatever they were before.
    killed: Vec<NamedToken>,
}

/// Ends tokens, and nothing else with them.
pub(super) struct Kill;

impl Operation for Kill {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/kill";
    const SUMMARY: &'static str = "end the token of a fingerprint, or the newest of a grant, alone: as an administrator would";
    type Query = Nothing;
    type Body = Which;
    type Answer = KilledTokens;

    async fn handle(call: Call, _: Nothing, which: Which) -> Result<Given<KilledTokens>, Mistake> {
        let tenant = call.tenant()?;
        let tokens = which.find(tenant).await?;
        let elapsed = tenant.elapsed();
        let mut state = tenant.lock();
        for token in &tokens {
            state.kill_token(*token, elapsed);
        }
        let view = |token: &TokenId| state.ledger().token(*token, Moment(0));
        let is_dead = |token: &TokenId| view(token).is_some_and(|view| view.death.is_some());
        let dead: Vec<TokenId> = tokens.into_iter().filter(is_dead).collect();
        drop(state);
        if dead.is_empty() {
            return Err(Mistake::new(
                "nothing ends that token but time: it is a JWT that lives on",
                "POST /_rescind/expire, or move the clock",
            ));
        }
        let killed = NamedToken::all(tenant, &dead);
        Ok(Given::Json(KilledTokens { killed }))
    }
}

impl Which {
    async fn find(&self, tenant: &Tenant) -> Result<Vec<TokenId>, Mistake> {
        if let Some(grant) = self.grant {
            known_grant(tenant, grant)?;
        }
        match (&self.fingerprint, self.grant) {
            (Some(_), _) if self.subject.is_some() || self.generation.is_some() => {
                Err(Mistake::new(
                    "a fingerprint beside a kind of token",
                    "the fingerprint says which token it is: state nothing else but its grant",
                ))
            }
            (Some(fingerprint), grant) => {
                let found = with_fingerprint(tenant, fingerprint, grant).await;
                let found = found.ok_or_else(|| {
                    Mistake::new(
                        "there is no token of that fingerprint",
                        "GET /_rescind/ledger shows the fingerprints of all tokens",
                    )
                });
                Ok(vec![found?])
            }
            (None, Some(grant)) => self.of_grant(tenant, GrantId(grant)),
            (None, None) => Err(Mistake::new(
                "neither a grant nor a fingerprint",
                "state `grant`, with `subject` or without, or `fingerprint`",
            )),
        }
    }

    fn of_grant(&self, tenant: &Tenant, grant: GrantId) -> Result<Vec<TokenId>, Mistake> {
        let state = tenant.lock();
        let of_kind = |subject| match self.generation {
            None => state.ledger().newest(grant, subject),
            Some(generation) => {
                let id = TokenId {
                    grant,
                    subject,
                    generation,
                };
                state.ledger().token(id, Moment(0)).map(|_| id)
            }
        };
        let subjects = Subject::ALL.into_iter();
        let meant = subjects.filter(|subject| self.subject.is_none_or(|meant| meant == *subject));
        let found: Vec<TokenId> = meant.filter_map(of_kind).collect();
        if found.is_empty() {
            let what = self.subject.map_or("token", Subject::as_str);
            let such = self.generation.map_or("", |_| "such ");
            return Err(Mistake::new(
                &format!("grant {} has no {such}{what}", grant.0),
                "GET /_rescind/ledger shows what it has",
            ));
        }
        Ok(found)
    }
}

/// Searches for a token by what only a hash of each tells.
async fn with_fingerprint(
    tenant: &Tenant,
    fingerprint: &str,
    grant: Option<u32>,
) -> Option<TokenId> {
    let filter = Filter {
        grant,
        ..Filter::default()
    };
    let mut found = None;
    each_grant(tenant, &filter, 0, |state, id, _| {
        let tokens = state.ledger().tokens(id, Moment(0)).into_iter();
        let key = tenant.fingerprints();
        let mut meant = tokens.filter(|token| key.fingerprint(&token.text) == fingerprint);
        found = meant.next().map(|token| token.id);
        found.is_none()
    })
    .await;
    found
}

/// Whether there is such a grant.
pub(super) fn known_grant(tenant: &Tenant, grant: u32) -> Result<GrantId, Mistake> {
    let id = GrantId(grant);
    match tenant.lock().ledger().grant(id) {
        Some(_) => Ok(id),
        None => Err(Mistake::new(
            &format!("there is no grant {grant}"),
            "GET /_rescind/ledger lists them",
        )),
    }
}
