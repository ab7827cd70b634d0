//! The questions that the shell asks of a defect: one function each, all "no" without one.

use super::Defect;
use crate::conclude::{Dispatched, Outcome, all_already_dead};
use crate::plan::{Cargo, Dispatch};
use crate::secret::Secret;
use crate::upstream::request::UpstreamRequest;

/// Whether the remaining dispatches are left out after one that came to this.
pub(crate) fn stops_after(defect: Option<Defect>, outcome: Outcome) -> bool {
    defect == Some(Defect::FirstFailureEndsTheCall) && outcome != Outcome::Acknowledged
}

/// How often a dispatch that came to this is repeated.
pub(crate) fn repetitions(defect: Option<Defect>, outcome: Outcome) -> u32 {
    match (defect, outcome) {
        (Some(Defect::RetryWithoutLimit), Outcome::Failed(_)) => 100,
        _ => 0,
    }
}

/// Writes the token of a dispatch to the log.
pub(crate) fn log_token(defect: Option<Defect>, dispatch: &Dispatch) {
    if let (Some(Defect::TokenInLog), Cargo::Token { token, .. }) = (defect, &dispatch.cargo) {
        tracing::info!(token = token.expose(), "revoking token");
    }
}

/// What of a request is repeated in the message of a 500.
pub(crate) fn echoed_request(defect: Option<Defect>, request: &UpstreamRequest) -> Option<String> {
    if defect != Some(Defect::TokenInError) {
        return None;
    }
    let body = request.body.as_ref();
    let authorization = request.authorization.as_ref().map(Secret::expose);
    body.map(|body| String::from_utf8_lossy(&body.bytes).into_owned())
        .or(authorization.map(str::to_owned))
}

/// Whether the client of another auth config is used.
pub(crate) fn uses_first_client(defect: Option<Defect>) -> bool {
    defect == Some(Defect::FirstClientWins)
}

/// Whether the accounts beside this one are revoked as well.
pub(crate) fn disconnects_siblings(defect: Option<Defect>) -> bool {
    defect == Some(Defect::WholeUserDisconnected)
}

/// Whether the provider is called before a revoke is refused for the account's status.
pub(crate) fn dispatches_before_refusing(defect: Option<Defect>) -> bool {
    defect == Some(Defect::DispatchBeforeStateCheck)
}

/// Whether an account keeps its tokens after it was revoked.
pub(crate) fn keeps_tokens(defect: Option<Defect>) -> bool {
    defect == Some(Defect::RepeatDispatches)
}

/// Whether an unknown account is answered as a failure of the service.
pub(crate) fn fails_for_unknown(defect: Option<Defect>) -> bool {
    defect == Some(Defect::UnknownIs500)
}

/// Whether a deleted account is still found by a revoke.
pub(crate) fn finds_deleted(defect: Option<Defect>) -> bool {
    defect == Some(Defect::DeletedStillThere)
}

/// Whether a revoke is accepted without a valid key.
pub(crate) fn skips_key_check(defect: Option<Defect>) -> bool {
    defect == Some(Defect::KeyNotChecked)
}

/// Whether a revoke wants a body.
pub(crate) fn requires_body(defect: Option<Defect>) -> bool {
    defect == Some(Defect::BodyRequired)
}

/// Whether errors are written as plain text.
pub(crate) fn writes_errors_as_text(defect: Option<Defect>) -> bool {
    defect == Some(Defect::ErrorIsText)
}

/// The HTTP status of a revoke that failed.
pub(crate) fn failure_status(defect: Option<Defect>) -> u16 {
    match defect {
        Some(Defect::ErrorUnder200) => 200,
        _ => 500,
    }
}

/// Whether a revoke is answered 502, because every token was dead already.
pub(crate) fn answers_502(defect: Option<Defect>, dispatched: &[Dispatched]) -> bool {
    defect == Some(Defect::DeadIs502) && all_already_dead(dispatched)
}

/// What a deletion does instead of, or beside, deleting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// It deletes.
    Honest,
    /// It revokes first.
    RevokesFirst,
    /// It deletes, and revokes when the service stops.
    RevokesAtTheEnd,
    /// It does nothing.
    DoesNothing,
}

/// What a deletion does.
pub(crate) fn deletion(defect: Option<Defect>) -> Deletion {
    match defect {
        Some(Defect::DeleteRevokes) => Deletion::RevokesFirst,
        Some(Defect::QueuedUntilTheEnd) => Deletion::RevokesAtTheEnd,
        Some(Defect::DeleteMarksOnly) => Deletion::DoesNothing,
        _ => Deletion::Honest,
    }
}
