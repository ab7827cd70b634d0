//! What a judge looks at: how a tenant stands at one moment, its secrets among it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rescind_model::{Subject, TokenState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::Entry;
use crate::ledger::{Death, GrantId, Moment, TokenId, TokenView};
use crate::tenant::TenantState;

/// How a tenant stands at one moment.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The tenant's time.
    pub now: Moment,
    /// The time since the provider began, by which entries tell when they came: nobody moves it.
    pub elapsed: Moment,
    /// How many requests it has received: the number of the newest.
    pub received: u64,
    /// Whether an entry was dropped that was asked for.
    pub lost: bool,
    /// The entries that were asked for, oldest first.
    pub entries: Vec<Entry>,
    /// Every token of the grants that were asked for, in the order of issue, with the deaths that
    /// lie ahead.
    pub tokens: BTreeMap<GrantId, Vec<TokenView>>,
}

impl TenantState {
    /// The entries after a number and the tokens of some grants, as they stand together.
    pub fn observe(
        &self,
        after: u64,
        grants: impl IntoIterator<Item = GrantId>,
        elapsed: Moment,
    ) -> Observation {
        let now = self.now(elapsed);
        let tokens = |grant| (grant, self.ledger().tokens_with_what_lies_ahead(grant, now));
        Observation {
            now,
            elapsed,
            received: self.journal().received(),
            lost: self.journal().lost_after(after),
            entries: self.journal().after(after).cloned().collect(),
            tokens: grants.into_iter().map(tokens).collect(),
        }
    }
}

/// An observation as it is written for another program. It holds tokens.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Written {
    /// The milliseconds since the tenant began, by its clock.
    now: Moment,
    /// The milliseconds since the provider began, by a clock that nobody moves.
    elapsed: Moment,
    /// How many requests the tenant has received: the number of the newest.
    received: u64,
    /// Whether an entry after `after` was dropped: a journal keeps the last 10000.
    lost: bool,
    /// The entries after `after`, oldest first.
    entries: Vec<WrittenEntry>,
    /// The grants that were asked for.
    grants: Vec<WrittenGrant>,
}

/// A request and what became of it, byte for byte.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct WrittenEntry {
    /// What is known of it.
    #[serde(flatten)]
    entry: Entry,
    /// The request as the journal has it: its first line, its headers and its body, in base64.
    request: String,
    /// The answer, likewise; null if there was none.
    answer: Option<String>,
}

/// A grant, and how its tokens stand.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct WrittenGrant {
    /// Its number.
    grant: GrantId,
    /// Its tokens, in the order of issue.
    tokens: Vec<WrittenToken>,
}

/// A token, and how it stands.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct WrittenToken {
    /// Its kind.
    subject: Subject,
    /// 0 for the first of its kind in the grant.
    generation: u32,
    /// The token itself.
    token: String,
    /// Alive, expired or dead.
    state: TokenState,
    /// When and why it died, or is going to; null if nothing ends it but time.
    died: Option<Death>,
}

/// What was written is no observation.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a request or an answer is not written in base64")]
pub struct NoObservation;

impl From<Observation> for Written {
    fn from(observation: Observation) -> Self {
        let entries = observation.entries.into_iter().map(|entry| {
            let (request, answer) = entry.bytes();
            WrittenEntry {
                request: STANDARD.encode(request),
                answer: answer.map(|answer| STANDARD.encode(answer)),
                entry,
            }
        });
        let token = |token: TokenView| WrittenToken {
            subject: token.id.subject,
            generation: token.id.generation,
            token: token.text,
            state: token.state,
            died: token.death,
        };
        let grants = observation.tokens.into_iter();
        let grants = grants.map(|(grant, tokens)| WrittenGrant {
            grant,
            tokens: tokens.into_iter().map(token).collect(),
        });
        Self {
            now: observation.now,
            elapsed: observation.elapsed,
            received: observation.received,
            lost: observation.lost,
            entries: entries.collect(),
            grants: grants.collect(),
        }
    }
}

impl TryFrom<Written> for Observation {
    type Error = NoObservation;

    fn try_from(written: Written) -> Result<Self, NoObservation> {
        let bytes = |text: &String| STANDARD.decode(text).map_err(|_| NoObservation);
        let entries = written.entries.into_iter().map(|written| {
            let answer = written.answer.as_ref().map(bytes).transpose()?;
            let mut entry = written.entry;
            entry.set_bytes(&bytes(&written.request)?, answer.as_deref());
            Ok(entry)
        });
        let tokens = written.grants.into_iter().map(|written| {
            let grant = written.grant;
            let token = |token: WrittenToken| TokenView {
                id: TokenId {
                    grant,
                    subject: token.subject,
                    generation: token.generation,
                },
                text: token.token,
                state: token.state,
                death: token.died,
            };
            (grant, written.tokens.into_iter().map(token).collect())
        });
        Ok(Self {
            now: written.now,
            elapsed: written.elapsed,
            received: written.received,
            lost: written.lost,
            entries: entries.collect::<Result<_, NoObservation>>()?,
            tokens: tokens.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rescind_model::fault::{DropConnection, Effect, Fault, When};
    use rescind_model::vocabulary::Endpoint;

    use super::*;
    use crate::ledger::LedgerKey;
    use crate::message::Request;
    use crate::test_profiles::profile;

    fn revocation(token: &str) -> Request {
        Request {
            method: "POST".into(),
            path: "/revoke".into(),
            query: Some(format!("token={token}")),
            body: bytes::Bytes::from_static(b"\xff\x00"),
            ..Request::default()
        }
    }

    #[test]
    fn what_is_written_for_another_program_is_the_same_there() {
        let mut tenant = TenantState::new(Arc::clone(&profile("google")), LedgerKey::new("s", "t"));
        let elapsed = Moment(5);
        let minted = tenant.mint("ada", "main", &Subject::ALL, elapsed);
        tenant.fail(Fault::at(
            Endpoint::Revocation,
            Effect::Drop(DropConnection {
                when: When::AfterEffect,
            }),
        ));
        tenant.handle(&revocation(minted.refresh()), elapsed);
        tenant.recover();
        tenant.handle(&revocation("nobody's"), elapsed);
        let seen = tenant.observe(0, [minted.grant], elapsed);
        assert_eq!((seen.received, seen.entries.len()), (2, 2));
        assert!(!seen.entries[0].killed.is_empty() && !seen.entries[0].faults.is_empty());

        let text = serde_json::to_string(&Written::from(seen.clone())).unwrap();
        let read: Written = serde_json::from_str(&text).unwrap();
        let read = Observation::try_from(read).unwrap();
        assert_eq!(format!("{read:?}"), format!("{seen:?}"));
        for (read, seen) in read.entries.iter().zip(&seen.entries) {
            assert_eq!(read.bytes(), seen.bytes());
        }
        assert_eq!(tenant.observe(1, [], elapsed).entries.len(), 1);
    }
}
