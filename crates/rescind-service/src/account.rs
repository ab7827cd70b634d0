//! A connected account and what it holds.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::lifecycle::Status;
use crate::secret::Secret;

/// What can be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    AccessToken,
    RefreshToken,
}

impl Subject {
    /// In the order in which they are listed.
    pub(crate) const ALL: [Self; 2] = [Self::AccessToken, Self::RefreshToken];

    /// As it is written in an answer, and as a `token_type_hint` (RFC 7009 section 2.1).
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// What an account holds of its provider: its tokens, and the rest of the token response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) access_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) access_token_expires_at: Option<Timestamp>,
    /// `token_type`, `scope`, and whatever else the provider sent, as it sent it.
    pub(crate) other_fields: Map<String, Value>,
}

impl Held {
    /// Reads a token response, or an imported one: the tokens and the expiry are taken out, the
    /// rest is kept as it is. A token that is empty or no string counts as absent, so that none
    /// such is ever sent to a provider.
    pub(crate) fn from_fields(mut fields: Map<String, Value>, now: Timestamp) -> Self {
        let access_token = take_token(&mut fields, Subject::AccessToken);
        let refresh_token = take_token(&mut fields, Subject::RefreshToken);
        let lifetime = fields
            .remove("expires_in")
            .and_then(|value| seconds(&value));
        Self {
            access_token_expires_at: lifetime.map(|lifetime| now.plus_seconds(lifetime)),
            access_token,
            refresh_token,
            other_fields: fields,
        }
    }

    pub(crate) fn token(&self, subject: Subject) -> Option<&Secret> {
        match subject {
            Subject::AccessToken => self.access_token.as_ref(),
            Subject::RefreshToken => self.refresh_token.as_ref(),
        }
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        Subject::ALL
            .into_iter()
            .filter(|subject| self.token(*subject).is_some())
            .collect()
    }

    pub(crate) fn access_token_is_known_expired(&self, now: Timestamp) -> bool {
        self.access_token_expires_at
            .is_some_and(|expires_at| expires_at <= now)
    }

    /// The account's id at the provider, where the token response carried one.
    pub(crate) fn provider_account_id(&self) -> Option<String> {
        match self.other_fields.get("account_id")? {
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    /// What is held after a refresh. RFC 6749 section 6: where the answer brings no new refresh
    /// token, the old one stays in use.
    pub(crate) fn refreshed_with(&self, fresh: Self) -> Self {
        let mut other_fields = self.other_fields.clone();
        other_fields.extend(fresh.other_fields);
        Self {
            access_token: fresh.access_token,
            refresh_token: fresh.refresh_token.or_else(|| self.refresh_token.clone()),
            access_token_expires_at: fresh.access_token_expires_at,
            other_fields,
        }
    }
}

fn take_token(fields: &mut Map<String, Value>, subject: Subject) -> Option<Secret> {
    match fields.remove(subject.name())? {
        Value::String(token) if !token.is_empty() => Some(Secret::new(token)),
        _ => None,
    }
}

/// RFC 6749 section 5.1 wants a number; some providers send it as a string.
fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().map(|seconds| seconds as i64)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Who holds an account for the time of a call to its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimKind {
    Refresh,
    Revoke,
}

/// That somebody holds the account, and until when if nothing more is heard of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) kind: ClaimKind,
    pub(crate) until: Timestamp,
}

/// One row of the store.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) auth_config_id: String,
    pub(crate) auth_config_is_disabled: bool,
    pub(crate) toolkit: String,
    pub(crate) auth_scheme: String,
    pub(crate) user_id: String,
    pub(crate) status: Status,
    pub(crate) status_reason: Option<String>,
    /// What its owner calls it.
    pub(crate) alias: Option<String>,
    pub(crate) held: Held,
    /// Grows with every change of status, tokens or claim: what was decided on one version is
    /// written only if that is still the current one.
    pub(crate) version: i64,
    pub(crate) claim: Option<Claim>,
    pub(crate) is_deleted: bool,
    /// A client deleted it and asked for its revocation: it does not exist for clients, but what
    /// it holds is still to be revoked, or was.
    pub(crate) is_hidden: bool,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Account {
    /// Whether clients may still see it.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_deleted || self.is_hidden
    }

    /// Whether a revoke of this account is under way, here or in another process. A claim that
    /// is past its end was left by a process that died.
    pub(crate) fn is_claimed_by(&self, kind: ClaimKind, now: Timestamp) -> bool {
        self.claim
            .is_some_and(|claim| claim.kind == kind && claim.until > now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Held, Subject};
    use crate::clock::Timestamp;

    fn held(fields: Value) -> Held {
        let Value::Object(fields) = fields else {
            panic!("an object was expected")
        };
        Held::from_fields(fields, Timestamp(1_000))
    }

    #[test]
    fn tokens_and_expiry_are_taken_out_and_the_rest_is_kept() {
        let held = held(
            json!({"access_token": "a", "refresh_token": "r", "expires_in": 60, "account_id": 7}),
        );
        assert_eq!(held.subjects(), Subject::ALL);
        assert_eq!(held.access_token_expires_at, Some(Timestamp(61_000)));
        assert_eq!(held.provider_account_id().as_deref(), Some("7"));
        assert_eq!(Value::Object(held.other_fields), json!({"account_id": 7}));
    }

    #[test]
    fn empty_and_null_tokens_count_as_absent() {
        for absent in [json!(""), json!(null), json!(5), json!({})] {
            let held = held(json!({"access_token": absent, "account_id": ""}));
            assert!(held.subjects().is_empty());
            assert_eq!(held.provider_account_id(), None);
        }
    }

    #[test]
    fn expiry_is_known_only_where_it_was_given() {
        let now = Timestamp(2_000);
        assert!(!held(json!({"access_token": "a"})).access_token_is_known_expired(now));
        assert!(held(json!({"expires_in": 0})).access_token_is_known_expired(now));
        assert!(held(json!({"expires_in": "-5"})).access_token_is_known_expired(now));
        assert!(!held(json!({"expires_in": 3600.0})).access_token_is_known_expired(now));
    }

    #[test]
    fn a_refresh_keeps_the_refresh_token_unless_a_new_one_came() {
        let before = held(json!({"access_token": "a1", "refresh_token": "r1", "account_id": "x"}));
        let kept = before.refreshed_with(held(json!({"access_token": "a2", "scope": "all"})));
        assert_eq!(kept.refresh_token, before.refresh_token);
        assert_eq!(kept.access_token.unwrap().expose(), "a2");
        assert_eq!(
            Value::Object(kept.other_fields),
            json!({"account_id": "x", "scope": "all"})
        );
        let rotated =
            before.refreshed_with(held(json!({"access_token": "a2", "refresh_token": "r2"})));
        assert_eq!(rotated.refresh_token.unwrap().expose(), "r2");
    }
}
