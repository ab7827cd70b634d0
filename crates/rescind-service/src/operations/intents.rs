//! The record of a revoke's dispatches: each is committed as an intent before the provider is
//! called, and as an outcome after it.
//!
//! Why: a process can die at any instant, and a provider does not forget what it was told. Without
//! the intent, nobody who comes later could tell a token that our own call killed (and whose
//! acknowledgement was lost) from one that was dead before; without the outcome, a token whose
//! death was acknowledged would be sent a second time. With both, whoever continues dispatches what
//! is not known to be done, and believes the provider that says "dead already".

use crate::conclude::{Failure, Outcome};
use crate::plan::{Cargo, Dispatch};
use crate::store::{DispatchName, DispatchState, RecordedDispatch, Store, StoreError};
use crate::{account::Account, account::Subject, clock};

/// What this revoke and those before it did for one account.
pub(super) struct Intents<'a> {
    store: &'a Store,
    account_id: &'a str,
    /// The version under which the account is claimed. Without one nothing is written.
    version: Option<i64>,
    known: Vec<RecordedDispatch>,
}

impl<'a> Intents<'a> {
    /// Continues the record of an account that is claimed under `version`.
    pub(super) async fn of_claimed(
        store: &'a Store,
        account: &'a Account,
        version: i64,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            store,
            account_id: &account.id,
            version: Some(version),
            known: store.recorded_dispatches(&account.id).await?,
        })
    }

    /// For calls that belong to no claim. What they did is known as long as they run.
    pub(super) fn unrecorded(store: &'a Store, account: &'a Account) -> Self {
        Self {
            store,
            account_id: &account.id,
            version: None,
            known: Vec::new(),
        }
    }

    /// Whether the provider has acknowledged this dispatch before.
    pub(super) fn is_done(&self, dispatch: &Dispatch) -> bool {
        self.find(dispatch)
            .is_some_and(|recorded| recorded.state == DispatchState::Acknowledged)
    }

    /// Whether an earlier one of the same kind may have taken effect without anybody's knowing.
    pub(super) fn may_have_ended(&self, dispatch: &Dispatch) -> bool {
        self.find(dispatch)
            .is_some_and(|recorded| recorded.may_have_ended)
    }

    /// Records that a dispatch is about to be sent. Says whether it may be: not if another call
    /// has taken the account over.
    pub(super) async fn intend(&mut self, dispatch: &Dispatch) -> Result<bool, StoreError> {
        let Some(version) = self.version else {
            return Ok(true);
        };
        let (name, ends) = (name(dispatch), &dispatch.ends);
        self.store
            .intend_dispatch(self.account_id, version, name, ends, clock::now())
            .await
    }

    /// Records what came of a dispatch.
    pub(super) async fn note(
        &mut self,
        dispatch: &Dispatch,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let (name, state) = (name(dispatch), state(outcome));
        let may_have_ended = self.may_have_ended(dispatch) || state.is_uncertain();
        self.known.retain(|recorded| recorded.name != name);
        self.known.push(RecordedDispatch {
            name: name.clone(),
            state,
            may_have_ended,
        });
        let Some(version) = self.version else {
            return Ok(());
        };
        self.store
            .note_dispatch(self.account_id, version, name, state, clock::now())
            .await
    }

    /// Other tokens came: what is known is not about them. The store forgets by itself.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    fn find(&self, dispatch: &Dispatch) -> Option<&RecordedDispatch> {
        let name = name(dispatch);
        self.known.iter().find(|recorded| recorded.name == name)
    }
}

fn name(dispatch: &Dispatch) -> DispatchName {
    let carries = match &dispatch.cargo {
        Cargo::Token { subject, .. } => subject.name(),
        Cargo::AccessTokenAfterRefresh => Subject::AccessToken.name(),
        Cargo::AccountId(_) => "account_id",
    };
    DispatchName {
        route: dispatch.route.name.clone(),
        carries: carries.to_owned(),
    }
}

fn state(outcome: Outcome) -> DispatchState {
    match outcome {
        Outcome::Acknowledged => DispatchState::Acknowledged,
        Outcome::AlreadyDead | Outcome::EndedEarlier => DispatchState::FoundDead,
        // RFC 6585 section 4: what comes too often is not processed.
        Outcome::Refused(_) | Outcome::Failed(Failure::Status(429) | Failure::AccessTokenDead) => {
            DispatchState::Refused
        }
        Outcome::Failed(_) => DispatchState::Unanswered,
    }
}
