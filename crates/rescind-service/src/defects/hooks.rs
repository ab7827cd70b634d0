//! The questions that the shell asks of a defect: one function each, all "no" without one.

use std::time::Duration;

use axum::http::StatusCode;

use super::Defect;
use crate::conclude::{Dispatched, Outcome, all_already_dead};
use crate::plan::{Cargo, Dispatch};
use crate::secret::Secret;
use crate::upstream::classify::UpstreamAnswer;
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

/// Writes the token of a dispatch to the log, or the beginning of it.
pub(crate) fn log_token(defect: Option<Defect>, dispatch: &Dispatch) {
    let Cargo::Token { token, .. } = &dispatch.cargo else {
        return;
    };
    match defect {
        Some(Defect::TokenInLog) => tracing::info!(token = token.expose(), "revoking token"),
        Some(Defect::TokenPrefixInLog) => {
            let beginning: String = token.expose().chars().take(16).collect();
            tracing::info!(token = beginning, "revoking token");
        }
        _ => {}
    }
}

/// What of a provider's answer is repeated in the message of a 500.
pub(crate) fn echoed_answer(defect: Option<Defect>, answer: &UpstreamAnswer) -> Option<String> {
    (defect == Some(Defect::ProviderErrorPassedOn))
        .then(|| String::from_utf8_lossy(&answer.body).into_owned())
}

/// Whether a revoke is accepted with a key that may only read.
pub(crate) fn ignores_permission(defect: Option<Defect>) -> bool {
    defect == Some(Defect::ScopeNotChecked)
}

/// Whether the provider is called before a revoke is refused for its key's permission.
pub(crate) fn dispatches_before_permission(defect: Option<Defect>) -> bool {
    defect == Some(Defect::DispatchBeforeScopeCheck)
}

/// Whether accounts of other projects are found.
pub(crate) fn ignores_project(defect: Option<Defect>) -> bool {
    defect == Some(Defect::ProjectNotChecked)
}

/// Whether another project is told of an account's status.
pub(crate) fn tells_foreign_status(defect: Option<Defect>) -> bool {
    defect == Some(Defect::ForeignStatusTold)
}

/// The HTTP status for a malformed id; none where it is the honest one.
pub(crate) fn malformed_status(defect: Option<Defect>) -> Option<StatusCode> {
    match defect {
        Some(Defect::MalformedIs500) => Some(StatusCode::INTERNAL_SERVER_ERROR),
        Some(Defect::MalformedIsOk) => Some(StatusCode::OK),
        _ => None,
    }
}

/// Whether accounts of other schemes are taken for OAuth 2.0.
pub(crate) fn ignores_scheme(defect: Option<Defect>) -> bool {
    defect == Some(Defect::SchemeNotChecked)
}

/// Whether the deletion of an auth config does nothing.
pub(crate) fn forgets_auth_config_deletion(defect: Option<Defect>) -> bool {
    defect == Some(Defect::AuthConfigDeletionForgotten)
}

/// Whether an id that does not exist is answered as one that is revoked.
pub(crate) fn takes_unknown_for_revoked(defect: Option<Defect>) -> bool {
    defect == Some(Defect::UnknownIsSuccess)
}

/// Whether a revoke with a JSON content type wants a body.
pub(crate) fn refuses_empty_json(defect: Option<Defect>) -> bool {
    defect == Some(Defect::EmptyJsonRefused)
}

/// Whether every redirect of a provider is followed.
pub(crate) fn follows_redirects(defect: Option<Defect>) -> bool {
    defect == Some(Defect::RedirectFollowed)
}

/// Whether a provider's wish for a pause is not heard.
pub(crate) fn ignores_retry_after(defect: Option<Defect>) -> bool {
    defect == Some(Defect::RetryAfterIgnored)
}

/// How long a call to a provider may take.
pub(crate) fn dispatch_timeout(defect: Option<Defect>, honest: Duration) -> Duration {
    match defect {
        Some(Defect::TimeoutTooLong) => honest * 4,
        _ => honest,
    }
}

/// Whether a revoke is answered at once and dispatched when the service stops.
pub(crate) fn queues_revokes(defect: Option<Defect>) -> bool {
    defect == Some(Defect::QueuedRevoke)
}

/// Whether a revoke that was refused is let through when it is repeated.
pub(crate) fn lets_repetition_through(defect: Option<Defect>) -> bool {
    defect == Some(Defect::RefusalLetThrough)
}

/// Whether the job of a deletion that revokes is named and never begun.
pub(crate) fn forgets_jobs(defect: Option<Defect>) -> bool {
    defect == Some(Defect::DeletionJobForgotten)
}

/// Whether the job of a deletion that revokes is not named.
pub(crate) fn hides_jobs(defect: Option<Defect>) -> bool {
    defect == Some(Defect::DeletionJobUnnamed)
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

/// Which client of the same provider is used in place of the account's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherClient {
    /// The one that was configured first.
    First,
    /// The one that was configured last.
    Last,
}

/// The client that is used in place of the account's own, if another one is.
pub(crate) fn other_client(defect: Option<Defect>) -> Option<OtherClient> {
    match defect {
        Some(Defect::FirstClientWins) => Some(OtherClient::First),
        Some(Defect::LastClientWins) => Some(OtherClient::Last),
        _ => None,
    }
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

/// Whether a deletion that dispatches leaves the refresh token alone.
pub(crate) fn spares_refresh_tokens(defect: Option<Defect>) -> bool {
    defect == Some(Defect::DeletionEndsAccessToken)
}

/// What a deletion does.
pub(crate) fn deletion(defect: Option<Defect>) -> Deletion {
    match defect {
        Some(Defect::DeleteRevokes | Defect::DeletionEndsAccessToken) => Deletion::RevokesFirst,
        Some(Defect::QueuedUntilTheEnd) => Deletion::RevokesAtTheEnd,
        Some(Defect::DeleteMarksOnly) => Deletion::DoesNothing,
        _ => Deletion::Honest,
    }
}

/// Whether an account is revoked that another call is revoking.
pub(crate) fn ignores_claims(defect: Option<Defect>) -> bool {
    matches!(
        defect,
        Some(Defect::ClaimIgnored | Defect::FailureRestoresStatus)
    )
}

/// Whether a call that has lost its claim restores the status that the account had.
pub(crate) fn restores_status(defect: Option<Defect>) -> bool {
    defect == Some(Defect::FailureRestoresStatus)
}

/// Whether a call that waited for another's revoke lists what the account held.
pub(crate) fn lists_for_waiters(defect: Option<Defect>) -> bool {
    defect == Some(Defect::WaiterListsToo)
}

/// Whether a revoke is refused while another is under way.
pub(crate) fn refuses_while_busy(defect: Option<Defect>) -> bool {
    defect == Some(Defect::BusyIs409)
}

/// What becomes of tokens that come after a revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LateTokens {
    /// They are revoked.
    Revoked,
    /// They are stored, and the account is ACTIVE again.
    Revive,
    /// They are answered for, and left alive.
    Kept,
}

/// What becomes of tokens that come after a revoke.
pub(crate) fn late_tokens(defect: Option<Defect>) -> LateTokens {
    match defect {
        Some(Defect::LateTokensRevive) => LateTokens::Revive,
        Some(Defect::LateTokensKept) => LateTokens::Kept,
        _ => LateTokens::Revoked,
    }
}

/// Whether a revoke fails whose account is deleted meanwhile.
pub(crate) fn fails_if_deleted(defect: Option<Defect>) -> bool {
    defect == Some(Defect::DeletionFailsRevoke)
}

/// Whether REVOKED is stored before anything is dispatched.
pub(crate) fn stores_revoked_first(defect: Option<Defect>) -> bool {
    defect == Some(Defect::RevokedFirst)
}

/// Whether a revoke that was interrupted can never be taken up.
pub(crate) fn refuses_interrupted(defect: Option<Defect>) -> bool {
    defect == Some(Defect::InterruptedIsFinal)
}
