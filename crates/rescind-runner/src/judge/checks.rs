//! Every check that exists: what it judges. The requirement set says which rows it belongs to,
//! and a seeded defect of the reference service makes each of them fail.

use std::panic::Location;

/// A judgement that the suite can make.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its id, which never changes its meaning.
    pub id: &'static str,
    /// What must hold, in a sentence.
    pub statement: &'static str,
    /// Where it is written.
    pub place: &'static Location<'static>,
}

#[track_caller]
const fn check(id: &'static str, statement: &'static str) -> Check {
    Check {
        id,
        statement,
        place: Location::caller(),
    }
}

/// Every check, by topic.
pub const CHECKS: &[Check] = &[
    // What a revoke's answer says.
    check(
        "call-is-answered",
        "a revoke gets a whole answer within the target's limits of time and length",
    ),
    check(
        "answer-shape",
        "a success is JSON with the list of revoked subjects, the account's id and its status",
    ),
    check(
        "answer-says-revoked",
        "a success says that the account is REVOKED",
    ),
    check(
        "read-says-revoked",
        "a read after a success says that the account is REVOKED",
    ),
    check("listed-once", "no subject is listed twice"),
    check(
        "empty-means-revoked",
        "an empty list only of an account that was REVOKED already, or of which nothing killable was left",
    ),
    check(
        "error-envelope",
        "an error is JSON with message, code, slug and the HTTP status",
    ),
    // Which answer is right.
    check(
        "body-is-optional",
        "an ordinary revoke succeeds, whatever of the harmless bodies it carries",
    ),
    check("key-is-required", "without a valid key: 401"),
    check(
        "scope-is-required",
        "with a key that may only read: 403 or 401, and nothing changes",
    ),
    check(
        "foreign-is-refused",
        "with a key of another project: 404 or 403, and nothing changes",
    ),
    check(
        "repeat-is-silent",
        "a revoke of a REVOKED account: 200, an empty list, no dispatch",
    ),
    check(
        "unsupported-is-400",
        "a provider without a revocation route, or a scheme that is not OAuth 2.0: 400, no dispatch, status unchanged",
    ),
    check("unknown-is-404", "an id that does not exist: 404"),
    check(
        "deleted-is-404",
        "a deleted account, or one whose client's registration was deleted: 404",
    ),
    check(
        "state-is-409",
        "an account that is neither ACTIVE nor REVOKED: 409, status unchanged",
    ),
    check(
        "all-failed-is-500",
        "no dispatch was acknowledged: 500, and the account is not REVOKED",
    ),
    check(
        "some-acknowledged-is-200",
        "one dispatch was acknowledged and another failed: 200",
    ),
    check(
        "partial-support-is-200",
        "what the provider can kill is killed and listed, and the other subject is left as it was",
    ),
    check(
        "nothing-held-outcome",
        "the account holds nothing that the provider can kill: 400, 409, 500 or an empty success, and no dispatch of nothing",
    ),
    check(
        "dead-before-outcome",
        "everything killable was dead before: 500, or an empty success, or a success that lists what was acknowledged",
    ),
    check(
        "refusal-keeps-status",
        "a refused revoke makes no account REVOKED",
    ),
    check(
        "refusal-dispatches-nothing",
        "400, 401, 403, 404 and 409 dispatch nothing",
    ),
    // What the list claims.
    check(
        "listed-is-held",
        "a listed subject was held by the account, or obtained during the call",
    ),
    check("listed-is-dead", "a listed subject is dead after the call"),
    check(
        "listed-is-acknowledged",
        "a listed subject was acknowledged by the provider, or died with one that was",
    ),
    check(
        "acknowledged-is-listed",
        "a subject that was dispatched, acknowledged and is dead is listed",
    ),
    check(
        "cascade-is-listed",
        "a subject that died with an acknowledged one is listed",
    ),
    // What is dead, and what is not.
    check(
        "revoked-means-dead",
        "every killable subject of an account that a revoke made REVOKED is dead",
    ),
    check(
        "live-refresh-token-dies",
        "an access token that is not alive keeps no killable refresh token alive",
    ),
    check(
        "every-subject-tried",
        "a failed dispatch for one subject does not keep the other from being tried",
    ),
    check(
        "siblings-live",
        "other accounts' tokens are as alive as before",
    ),
    check(
        "delete-is-silent",
        "deleting an account dispatches nothing and kills nothing",
    ),
    check(
        "deletion-names-its-job",
        "a deletion that is asked to revoke names the job that does",
    ),
    check(
        "deletion-revokes",
        "a deletion that is asked to revoke ends in dead tokens",
    ),
    check(
        "no-late-dispatch",
        "no dispatch comes outside the call that asks for it",
    ),
    // How it was asked of the provider.
    check(
        "dispatch-is-declared",
        "a dispatch uses a declared route with its method and encoding",
    ),
    check(
        "credentials-are-declared",
        "a dispatch carries exactly the credentials that its route declares",
    ),
    check(
        "token-is-exact",
        "a dispatch carries, byte for byte, a token that the provider issued",
    ),
    check(
        "no-secret-in-url",
        "no secret stands in a dispatch's URL unless the route wants it there",
    ),
    check(
        "right-client",
        "a dispatch uses the credentials of the client that the token was issued to",
    ),
    check(
        "dispatches-are-bounded",
        "a call makes no more dispatches for a subject than the target's limit",
    ),
    check(
        "retry-after-is-respected",
        "after `Retry-After`, no further dispatch of the call comes before that time",
    ),
    check(
        "redirect-carries-no-token",
        "no token follows a redirect to another origin",
    ),
    check(
        "redirect-is-no-success",
        "a provider that answers with nothing but redirects has revoked nothing: 500",
    ),
    check(
        "order-keeps-credentials",
        "no dispatch is made impossible by an earlier one that ended its credential",
    ),
    // What clients rely on.
    check(
        "revoked-read-is-explained",
        "a read of a REVOKED account says why it is, and has no token's member",
    ),
    check(
        "retry-is-harmless",
        "a 409 or 500 says `x-should-retry: false`, or its repetition does no harm",
    ),
    // What calls do to each other, and what a crash leaves behind.
    check(
        "concurrent-revokes-kill-once",
        "of simultaneous revokes each is answered 200, one lists the kill, and no token is dispatched twice",
    ),
    check(
        "repetition-kills-once",
        "a revoke that is sent again while the first runs, whose client has left, is answered 200 and kills nothing twice",
    ),
    check(
        "deletion-meets-revoke",
        "a revoke and a deletion of one account at once: neither is answered 5xx",
    ),
    check(
        "crash-is-no-success",
        "after a crash no account is REVOKED of which something killable was never dispatched",
    ),
    check(
        "retry-after-crash-converges",
        "a revoke after a crash ends in 200, REVOKED and dead tokens, or as what was dead before",
    ),
    // What must not be seen.
    check(
        "no-secret-in-answer",
        "no token, client secret or API key shows in a revoke's answer",
    ),
    check("no-secret-elsewhere", "… nor in any other answer"),
    check("no-secret-in-log", "… nor in the target's log"),
    // What the scenario states.
    check(
        "expect-status",
        "the HTTP status is what the scenario states",
    ),
    check(
        "expect-revoked-tokens",
        "the list is what the scenario states",
    ),
    check(
        "expect-account-status",
        "a read says the status that the scenario states",
    ),
    check(
        "expect-dispatches",
        "as many dispatches as the scenario states",
    ),
    check(
        "expect-ledger",
        "at the end the ledger says what the scenario states",
    ),
];

/// The ids of all checks.
pub fn ids() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.id).collect()
}
