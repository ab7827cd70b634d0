//! Every check that exists: what it judges. The requirement set says which rows it belongs to,
//! and a seeded defect of the reference service makes each of them fail. Where it may be made, and
//! when it must be, is held against what the judge did ([`super::declared`]).

use std::panic::Location;

use super::declared::{At, Duty, Outcome};

/// A judgement that the suite can make.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its id, which never changes its meaning.
    pub id: &'static str,
    /// What must hold, in a sentence.
    pub statement: &'static str,
    /// Where it is written.
    pub place: &'static Location<'static>,
    /// Where it may be made.
    pub at: At,
    /// When it must be made there.
    pub duty: Duty,
}

#[track_caller]
const fn check(id: &'static str, statement: &'static str, at: At, duty: Duty) -> Check {
    Check {
        id,
        statement,
        place: Location::caller(),
        at,
        duty,
    }
}

/// Every check, by topic.
pub const CHECKS: &[Check] = &[
    // What a revoke's answer says.
    check(
        "call-is-answered",
        "a revoke gets a whole answer within the target's limits of time and length",
        At::Revoke,
        Duty::Always,
    ),
    check(
        "answer-shape",
        "a success is JSON with the list of revoked subjects, the account's id and its status",
        At::OrdinaryRevoke,
        Duty::WhenSucceeded,
    ),
    check(
        "answer-says-revoked",
        "a success says that the account is REVOKED",
        At::OrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "read-says-revoked",
        "a read after a success says that the account is REVOKED",
        At::OrdinaryRevoke,
        Duty::WhenSucceededAndKept,
    ),
    check(
        "listed-once",
        "no subject is listed twice",
        At::OrdinaryRevoke,
        Duty::WhenListed,
    ),
    check(
        "empty-means-revoked",
        "an empty list only of an account that was REVOKED already, or of which nothing killable was left",
        At::LoneOrdinaryRevoke,
        Duty::WhenListed,
    ),
    check(
        "error-envelope",
        "an error is JSON with message, code, slug and the HTTP status",
        At::Revoke,
        Duty::WhenRefused,
    ),
    // Which answer is right.
    check(
        "body-is-optional",
        "an ordinary revoke succeeds, whatever of the harmless bodies it carries",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "key-is-required",
        "without a valid key: 401",
        At::RevokeWithoutKey,
        Duty::WhenAnswered,
    ),
    check(
        "scope-is-required",
        "with a key that may only read: 403 or 401, and nothing changes",
        At::RevokeWithReadOnlyKey,
        Duty::Possible,
    ),
    check(
        "foreign-is-refused",
        "with a key of another project: 404 or 403, and nothing changes",
        At::RevokeFromAnotherProject,
        Duty::WhenAnswered,
    ),
    check(
        "repeat-is-silent",
        "a revoke of a REVOKED account: 200, an empty list, no dispatch",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "unsupported-is-400",
        "a provider without a revocation route, or a scheme that is not OAuth 2.0: 400, no dispatch, status unchanged",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "unknown-is-404",
        "an id that does not exist: 404",
        At::RevokeOfUnknown,
        Duty::Always,
    ),
    check(
        "deleted-is-404",
        "a deleted account, or one whose client's registration was deleted: 404",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "state-is-409",
        "an account that is neither ACTIVE nor REVOKED: 409, status unchanged",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "all-failed-is-500",
        "no dispatch was acknowledged: 500, and the account is not REVOKED",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "some-acknowledged-is-200",
        "one dispatch was acknowledged and another failed: 200",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "partial-support-is-200",
        "what the provider can kill is killed and listed, and the other subject is left as it was",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "nothing-held-outcome",
        "the account holds nothing that the provider can kill: 400, 409, 500 or an empty success, and no dispatch of nothing",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "dead-before-outcome",
        "everything killable was dead before: 500, or an empty success, or a success that lists what was acknowledged",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "refusal-keeps-status",
        "a refused revoke makes no account REVOKED",
        At::LoneRevokeOfAccount,
        Duty::WhenRefused,
    ),
    check(
        "refusal-dispatches-nothing",
        "400, 401, 403, 404 and 409 dispatch nothing",
        At::LoneRevoke,
        Duty::Possible,
    ),
    // What the list claims.
    check(
        "listed-is-held",
        "a listed subject was held by the account, or obtained during the call",
        At::OrdinaryRevoke,
        Duty::WhenSomethingListed,
    ),
    check(
        "listed-is-dead",
        "a listed subject is dead after the call",
        At::OrdinaryRevoke,
        Duty::WhenSomethingListed,
    ),
    check(
        "listed-is-acknowledged",
        "a listed subject was acknowledged by the provider, or died with one that was",
        At::OrdinaryRevoke,
        Duty::WhenSomethingListed,
    ),
    check(
        "acknowledged-is-listed",
        "a subject that was dispatched, acknowledged and is dead is listed",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "cascade-is-listed",
        "a subject that died with an acknowledged one is listed",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    // What is dead, and what is not.
    check(
        "revoked-means-dead",
        "every killable subject of an account that a revoke made REVOKED is dead",
        At::LoneOrdinaryRevokeAndEnd,
        Duty::Possible,
    ),
    check(
        "live-refresh-token-dies",
        "an access token that is not alive keeps no killable refresh token alive",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "every-subject-tried",
        "a failed dispatch for one subject does not keep the other from being tried",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "siblings-live",
        "other accounts' tokens are as alive as before",
        At::CallBesideOthers,
        Duty::Always,
    ),
    check(
        "delete-is-silent",
        "deleting an account dispatches nothing and kills nothing",
        At::Deletion,
        Duty::WhenSucceeded,
    ),
    check(
        "deletion-names-its-job",
        "a deletion that is asked to revoke names the job that does",
        At::RevokingDeletion,
        Duty::Possible,
    ),
    check(
        "deletion-revokes",
        "a deletion that is asked to revoke ends in dead tokens",
        At::RevokingDeletion,
        Duty::Possible,
    ),
    check(
        "no-late-dispatch",
        "no dispatch comes outside the call that asks for it",
        At::Case,
        Duty::Always,
    ),
    // How it was asked of the provider.
    check(
        "dispatch-is-declared",
        "a dispatch uses a declared route with its method and encoding",
        At::Step,
        Duty::WhenDispatched,
    ),
    check(
        "credentials-are-declared",
        "a dispatch carries exactly the credentials that its route declares",
        At::Step,
        Duty::WhenDispatched,
    ),
    check(
        "token-is-exact",
        "a dispatch carries, byte for byte, a token that the provider issued",
        At::Step,
        Duty::WhenDispatched,
    ),
    check(
        "no-secret-in-url",
        "no secret stands in a dispatch's URL unless the route wants it there",
        At::Step,
        Duty::WhenDispatched,
    ),
    check(
        "right-client",
        "a dispatch uses the credentials of the client that the token was issued to",
        At::Step,
        Duty::WhenTokenDispatched,
    ),
    check(
        "dispatches-are-bounded",
        "a call makes no more dispatches for a subject than the target's limit",
        At::LoneRevokeOfAccount,
        Duty::Always,
    ),
    check(
        "retry-after-is-respected",
        "after `Retry-After`, no further dispatch of the call comes before that time",
        At::LoneRevoke,
        Duty::Possible,
    ),
    check(
        "redirect-carries-no-token",
        "no token follows a redirect to another origin",
        At::Step,
        Duty::Possible,
    ),
    check(
        "redirect-is-no-success",
        "a provider that answers with nothing but redirects has revoked nothing: 500",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    check(
        "order-keeps-credentials",
        "no dispatch is made impossible by an earlier one that ended its credential",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    // What clients rely on.
    check(
        "revoked-read-is-explained",
        "a read of a REVOKED account says why it is, and has no token's member",
        At::Step,
        Duty::Possible,
    ),
    check(
        "retry-is-harmless",
        "a 409 or 500 says `x-should-retry: false`, or its repetition does no harm",
        At::LoneOrdinaryRevoke,
        Duty::Possible,
    ),
    // What calls do to each other, and what a crash leaves behind.
    check(
        "concurrent-revokes-kill-once",
        "of simultaneous revokes each is answered 200, one lists the kill, and no token is dispatched twice",
        At::Overlap,
        Duty::Possible,
    ),
    check(
        "repetition-kills-once",
        "a revoke that is sent again while the first runs, whose client has left, is answered 200 and kills nothing twice",
        At::Overlap,
        Duty::Possible,
    ),
    check(
        "deletion-meets-revoke",
        "a revoke and a deletion of one account at once: neither is answered 5xx",
        At::Overlap,
        Duty::Possible,
    ),
    check(
        "crash-is-no-success",
        "after a crash no account is REVOKED of which something killable was never dispatched",
        At::Overlap,
        Duty::Possible,
    ),
    check(
        "retry-after-crash-converges",
        "a revoke after a crash ends in 200, REVOKED and dead tokens, or as what was dead before",
        At::Overlap,
        Duty::Possible,
    ),
    // What must not be seen.
    check(
        "no-secret-in-answer",
        "no token, client secret or API key shows in a revoke's answer",
        At::Revoke,
        Duty::WhenAnswered,
    ),
    check(
        "no-secret-elsewhere",
        "… nor in any other answer",
        At::Step,
        Duty::WhenOthersAnswered,
    ),
    check(
        "no-secret-in-log",
        "… nor in the target's log",
        At::Case,
        Duty::WhenLogIsRead,
    ),
    // What the scenario states.
    check(
        "expect-status",
        "the HTTP status is what the scenario states",
        At::Stated(Outcome::Status),
        Duty::Always,
    ),
    check(
        "expect-revoked-tokens",
        "the list is what the scenario states",
        At::Stated(Outcome::RevokedTokens),
        Duty::Always,
    ),
    check(
        "expect-account-status",
        "a read says the status that the scenario states",
        At::Stated(Outcome::AccountStatus),
        Duty::Always,
    ),
    check(
        "expect-dispatches",
        "as many dispatches as the scenario states",
        At::Stated(Outcome::Dispatches),
        Duty::Always,
    ),
    check(
        "expect-ledger",
        "at the end the ledger says what the scenario states",
        At::Ledger,
        Duty::Always,
    ),
];

/// The ids of all checks.
pub fn ids() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.id).collect()
}
