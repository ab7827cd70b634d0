//! What is known of the dispatches of a revoke that has not ended: one row for each route and each
//! thing that it carries. It is written before the provider is called and again once it has
//! answered, so that whoever continues after a crash knows which calls were made, which were
//! acknowledged, and which may have been heard although nobody heard the answer.
//!
//! The rows of an account live as long as its tokens: they are deleted when the revoke succeeds,
//! and when a refresh brings other tokens. A revoke that failed leaves them, because its repetition
//! is about the same tokens. So there are never more rows than routes and subjects, and no history
//! has to be cut; what happened is in the log. A deleted account keeps its rows, as it keeps its
//! own: they hold no secret.

use rusqlite::params;

use super::{Store, StoreError, Transaction};
use crate::account::Subject;
use crate::clock::Timestamp;

/// Which dispatch of an account's: a route, and what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DispatchName {
    pub(crate) route: String,
    /// The name of a subject, or `account_id`.
    pub(crate) carries: String,
}

/// What is known of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DispatchState {
    /// It was about to be sent; perhaps it was.
    Intended,
    /// The provider acknowledged it.
    Acknowledged,
    /// The provider did nothing.
    Refused,
    /// It was sent, and no answer says what the provider did.
    Unanswered,
    /// The provider called what it carries dead.
    FoundDead,
}

impl DispatchState {
    const ALL: [Self; 5] = [
        Self::Intended,
        Self::Acknowledged,
        Self::Refused,
        Self::Unanswered,
        Self::FoundDead,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Acknowledged => "acknowledged",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
            Self::FoundDead => "found_dead",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it may have taken effect although nobody knows.
    pub(crate) fn is_uncertain(self) -> bool {
        matches!(self, Self::Intended | Self::Unanswered)
    }
}

/// A dispatch that was made, or was about to be made, by this or an earlier revoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordedDispatch {
    pub(crate) name: DispatchName,
    pub(crate) state: DispatchState,
    /// Whether it, or one like it before, may have taken effect although nobody knows.
    pub(crate) may_have_ended: bool,
}

/// A revoke that has claimed an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimedRevoke {
    pub(crate) account_id: String,
    pub(crate) version: i64,
}

impl Store {
    /// Records that a dispatch is about to be sent, if the claim under `version` is still held.
    /// Says whether it was: nothing may be sent without.
    pub(crate) async fn intend_dispatch(
        &self,
        account_id: &str,
        version: i64,
        name: DispatchName,
        ends: &[Subject],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let account_id = account_id.to_owned();
        let ends: Vec<&str> = ends.iter().map(|subject| subject.name()).collect();
        let ends = ends.join(" ");
        self.write(move |transaction| {
            let changed = transaction.execute(
                "INSERT INTO dispatches (account_id, route, carries, ends, attempt, state,
                                         may_have_ended, intended_at)
                 SELECT id, ?, ?, ?, version, 'intended', 0, ?
                 FROM connected_accounts WHERE id = ? AND version = ?
                 ON CONFLICT (account_id, route, carries) DO UPDATE SET
                     ends = excluded.ends,
                     attempt = excluded.attempt,
                     may_have_ended = may_have_ended OR state IN ('intended', 'unanswered'),
                     state = 'intended',
                     intended_at = excluded.intended_at,
                     ended_at = NULL",
                params![name.route, name.carries, ends, now.0, account_id, version],
            )?;
            Ok(changed == 1)
        })
        .await
    }

    /// Records what came of a dispatch, unless another call has taken the account over.
    pub(crate) async fn note_dispatch(
        &self,
        account_id: &str,
        version: i64,
        name: DispatchName,
        state: DispatchState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let account_id = account_id.to_owned();
        self.write(move |transaction| {
            transaction.execute(
                "UPDATE dispatches SET state = ?, ended_at = ?
                 WHERE account_id = ? AND route = ? AND carries = ? AND attempt = ?",
                params![
                    state.name(),
                    now.0,
                    account_id,
                    name.route,
                    name.carries,
                    version
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// What is known of the dispatches of an account's revoke.
    pub(crate) async fn recorded_dispatches(
        &self,
        account_id: &str,
    ) -> Result<Vec<RecordedDispatch>, StoreError> {
        let account_id = account_id.to_owned();
        self.read(move |transaction| {
            let mut statement = transaction.prepare(
                "SELECT route, carries, state, may_have_ended FROM dispatches
                 WHERE account_id = ? ORDER BY intended_at",
            )?;
            let rows = statement.query_map([account_id], |row| {
                let name = DispatchName {
                    route: row.get(0)?,
                    carries: row.get(1)?,
                };
                Ok((name, row.get::<_, String>(2)?, row.get::<_, bool>(3)?))
            })?;
            rows.map(|row| {
                let (name, state, may_have_ended) = row?;
                let state = DispatchState::parse(&state)
                    .ok_or(StoreError::Unreadable("state of a dispatch"))?;
                Ok(RecordedDispatch {
                    name,
                    state,
                    may_have_ended: may_have_ended || state.is_uncertain(),
                })
            })
            .collect()
        })
        .await
    }

    /// Forgets the dispatches of an account.
    pub(crate) async fn forget_dispatches(&self, account_id: &str) -> Result<(), StoreError> {
        let account_id = account_id.to_owned();
        self.write(move |transaction| forget(transaction, &account_id))
            .await
    }

    /// Every revoke that has claimed an account, in this process, in another one, or in one that
    /// is no more.
    pub(crate) async fn claimed_revokes(&self) -> Result<Vec<ClaimedRevoke>, StoreError> {
        self.read(|transaction| {
            let mut statement = transaction.prepare(
                "SELECT id, version FROM connected_accounts
                 WHERE claim_kind = 'revoke' AND deleted_at IS NULL ORDER BY claim_until",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(ClaimedRevoke {
                    account_id: row.get(0)?,
                    version: row.get(1)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Forgets the dispatches of an account: they are not about the tokens that it holds from now on.
pub(super) fn forget(transaction: &Transaction<'_>, account_id: &str) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM dispatches WHERE account_id = ?", [account_id])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{DispatchName, DispatchState, RecordedDispatch};
    use crate::account::{ClaimKind, Held, Subject};
    use crate::clock::Timestamp;
    use crate::lifecycle::Status;
    use crate::store::tests::{LATER, NOW, store_with_account};
    use crate::store::{Ending, Store, TokensAfter};

    fn name() -> DispatchName {
        DispatchName {
            route: "revoke".to_owned(),
            carries: "access_token".to_owned(),
        }
    }

    async fn claimed() -> (Store, String, i64) {
        let (store, id) = store_with_account().await;
        let version = store.claim(&id, 1, ClaimKind::Revoke, LATER).await.unwrap();
        (store, id, version.unwrap())
    }

    async fn intend(store: &Store, id: &str, version: i64) -> bool {
        let ends = &[Subject::AccessToken];
        store
            .intend_dispatch(id, version, name(), ends, NOW)
            .await
            .unwrap()
    }

    async fn note(store: &Store, id: &str, version: i64, state: DispatchState) {
        let at = Timestamp(1_001);
        store
            .note_dispatch(id, version, name(), state, at)
            .await
            .unwrap();
    }

    #[track_caller]
    fn check(recorded: &[RecordedDispatch], state: DispatchState, may_have_ended: bool) {
        let expected = RecordedDispatch {
            name: name(),
            state,
            may_have_ended,
        };
        assert_eq!(recorded, [expected]);
    }

    #[tokio::test]
    async fn a_dispatch_is_known_from_its_intent_to_its_outcome() {
        let (store, id, version) = claimed().await;
        assert!(intend(&store, &id, version).await);
        let recorded = store.recorded_dispatches(&id).await.unwrap();
        check(&recorded, DispatchState::Intended, true);
        note(&store, &id, version, DispatchState::Acknowledged).await;
        let recorded = store.recorded_dispatches(&id).await.unwrap();
        check(&recorded, DispatchState::Acknowledged, false);
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_not_forgotten_by_the_next_one() {
        let (store, id, version) = claimed().await;
        intend(&store, &id, version).await;
        note(&store, &id, version, DispatchState::Unanswered).await;
        intend(&store, &id, version).await;
        note(&store, &id, version, DispatchState::FoundDead).await;
        let recorded = store.recorded_dispatches(&id).await.unwrap();
        check(&recorded, DispatchState::FoundDead, true);
    }

    #[tokio::test]
    async fn whoever_lost_the_claim_may_send_nothing_and_knows_nothing_better() {
        let (store, id, lost) = claimed().await;
        intend(&store, &id, lost).await;
        let version = store
            .claim(&id, lost, ClaimKind::Revoke, LATER)
            .await
            .unwrap()
            .unwrap();
        assert!(!intend(&store, &id, lost).await);
        assert!(intend(&store, &id, version).await);
        note(&store, &id, lost, DispatchState::Refused).await;
        let recorded = store.recorded_dispatches(&id).await.unwrap();
        check(&recorded, DispatchState::Intended, true);
    }

    #[tokio::test]
    async fn a_record_lives_as_long_as_the_tokens() {
        let revoked = Ending::Status {
            status: Status::Revoked,
            reason: None,
            tokens: TokensAfter::Erased,
        };
        for (ending, remaining) in [
            (Ending::Unchanged, 1),
            (Ending::Holds(Held::default()), 0),
            (revoked, 0),
        ] {
            let (store, id, version) = claimed().await;
            intend(&store, &id, version).await;
            assert!(store.end_claim(&id, version, ending, NOW).await.unwrap());
            let recorded = store.recorded_dispatches(&id).await.unwrap();
            assert_eq!(recorded.len(), remaining);
        }
    }

    #[tokio::test]
    async fn claimed_revokes_are_found_and_nothing_else() {
        let (store, id, version) = claimed().await;
        let found = store.claimed_revokes().await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].account_id, found[0].version), (&id, version));
        let ended = store.end_claim(&id, version, Ending::Unchanged, NOW).await;
        assert!(ended.unwrap());
        assert!(store.claimed_revokes().await.unwrap().is_empty());
    }
}
