//! Minting.

use std::collections::BTreeMap;

use rescind_model::Subject;
use rescind_model::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given};
use super::mistake::Mistake;
use crate::ledger::GrantId;

/// A user gives a client a grant.
pub(super) struct Mint;

/// How what was minted is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MintQuery {
    /// As JSON, if not stated.
    #[serde(default)]
    format: Option<Format>,
}

/// A form other than JSON.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// As assignments for a shell's `eval`.
    Shell,
}

/// A grant that is to be minted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGrant {
    /// Who gives it; `user` if not stated.
    #[serde(default = "NewGrant::somebody")]
    user: String,
    /// The name of the client that it is given to, which is made if it is new; `main` if not stated.
    #[serde(default = "NewGrant::main_client")]
    client: String,
    /// The kinds of tokens that it begins with; both if not stated.
    #[serde(default = "NewGrant::all_subjects")]
    subjects: Vec<Subject>,
}

impl NewGrant {
    fn somebody() -> String {
        "user".to_owned()
    }
    fn main_client() -> String {
        "main".to_owned()
    }
    fn all_subjects() -> Vec<Subject> {
        Subject::ALL.to_vec()
    }
}

/// A grant that was minted, with its tokens and its client's credentials as they are.
#[derive(Serialize, JsonSchema)]
pub(super) struct MintedGrant {
    /// The grant.
    grant: GrantId,
    /// Who gave it.
    user: String,
    /// The name of the client.
    client: String,
    /// The client's id.
    client_id: String,
    /// The client's secret.
    client_secret: String,
    /// The access token.
    access_token: Option<String>,
    /// The refresh token.
    refresh_token: Option<String>,
    /// How many seconds the access token has left.
    expires_in: Option<u64>,
    /// The user's account id, where the provider's token responses carry one, by the name that it
    /// has there.
    #[serde(flatten)]
    account_id: BTreeMap<String, String>,
}

impl Operation for Mint {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/grants";
    const SUMMARY: &'static str = "mint a grant; ?format=shell for assignments to eval";
    const OTHERWISE: Option<&'static str> = Some("text/plain");
    type Query = MintQuery;
    type Body = NewGrant;
    type Answer = MintedGrant;

    async fn handle(
        call: Call,
        query: MintQuery,
        new: NewGrant,
    ) -> Result<Given<MintedGrant>, Mistake> {
        let tenant = call.tenant()?;
        let elapsed = tenant.elapsed();
        let minted = tenant
            .lock()
            .mint(&new.user, &new.client, &new.subjects, elapsed);
        let shown = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
        let minted = MintedGrant {
            grant: minted.grant,
            user: new.user,
            client: minted.client.name.to_string(),
            client_id: minted.client.client_id,
            client_secret: minted.client.client_secret.expose().to_owned(),
            access_token: shown(minted.access_token),
            refresh_token: shown(minted.refresh_token),
            expires_in: minted.expires_in,
            account_id: minted.account_id.into_iter().collect(),
        };
        Ok(match query.format {
            Some(Format::Shell) => Given::Text(minted.assignments()),
            None => Given::Json(minted),
        })
    }
}

impl MintedGrant {
    /// What was minted as assignments for a shell's `eval`. `user` and `client` are left out: a
    /// shell may have variables of its own by these names.
    fn assignments(&self) -> String {
        let optional = |name, value: &Option<String>| Some((name, value.clone()?));
        let mut pairs = vec![
            ("client_id", self.client_id.clone()),
            ("client_secret", self.client_secret.clone()),
        ];
        pairs.extend(optional("access_token", &self.access_token));
        pairs.extend(optional("refresh_token", &self.refresh_token));
        let account = self.account_id.iter();
        pairs.extend(account.map(|(name, value)| (name.as_str(), value.clone())));
        let assignment = |(name, value): (&str, String)| {
            format!(
                "{}='{}'\n",
                name.to_uppercase(),
                value.replace('\'', "'\\''")
            )
        };
        pairs.into_iter().map(assignment).collect()
    }
}
