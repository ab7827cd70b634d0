//! Every defect, once: its name, what it does, the public bugs that it imitates, and the check of
//! the judge that it must make fail.

use crate::named::named;

macro_rules! defects {
    ($($variant:ident { $name:literal, $check:literal, $summary:literal, [$($source:literal),+ $(,)?] })+) => {
        /// One seeded bug. At most one is active in a service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Defect {
            $(#[doc = $summary] $variant,)+
        }

        impl Defect {
            /// Every defect, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name by which it is asked for.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it does, in one sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)+ }
            }

            /// The public bugs that it imitates, or the row of the contract that it breaks.
            pub fn sources(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($source),+],)+ }
            }

            /// The check of the judge that it must make fail.
            pub fn check(self) -> &'static str {
                match self { $(Self::$variant => $check,)+ }
            }
        }
    };
}

defects! {
    RevokeIsLocal { "revoke-is-local", "listed-is-dead",
        "Dispatches nothing, marks the account REVOKED and lists what it holds.",
        ["https://github.com/myConsciousness/atproto.dart/pull/2556"] }
    UnkillableIsClaimed { "unkillable-is-claimed", "nothing-held-outcome",
        "Claims to have killed what the account holds where the provider can kill none of it.",
        ["https://github.com/InsForge/insforge-mcp/pull/97"] }
    FirstFailureEndsTheCall { "first-failure-ends-the-call", "every-subject-tried",
        "Stops after the first dispatch that is not acknowledged.",
        ["https://github.com/cloudflare/cloudflare-os/issues/41"] }
    UpstreamStatusIgnored { "upstream-status-ignored", "listed-is-acknowledged",
        "Takes any HTTP answer of the provider for an acknowledgement.",
        [
            "https://github.com/Significant-Gravitas/AutoGPT/pull/11520",
            "https://github.com/indigo-dc/oidc-agent/pull/140",
        ] }
    AccessTokenOnly { "access-token-only", "revoked-means-dead",
        "Dispatches only the access token where there is one, and marks the account REVOKED.",
        ["https://github.com/ReviewStage/luke/pull/261"] }
    TokenNotEncoded { "token-not-encoded", "token-is-exact",
        "Puts the token into the form body without percent-encoding.",
        ["https://github.com/node-red/node-red.github.io/issues/298"] }
    CredentialsTwice { "credentials-twice", "credentials-are-declared",
        "Sends the client's credentials in the body too where HTTP Basic is declared.",
        ["https://github.com/expo/expo/issues/43637"] }
    GetWithQuery { "get-with-query", "dispatch-is-declared",
        "Calls form routes with GET and a query string.",
        ["https://github.com/openid/AppAuth-JS/pull/19"] }
    TokenInUrl { "token-in-url", "no-secret-in-url",
        "Appends the form's parameters to the URL as well.",
        ["https://github.com/2witstudios/PageSpace/pull/1380"] }
    TokenInLog { "token-in-log", "no-secret-in-log",
        "Logs the token on the revoke path.",
        ["https://github.com/kinde-oss/expo/pull/192"] }
    TokenInError { "token-in-error", "no-secret-in-answer",
        "Puts what it sent to the provider into the message of a 500.",
        ["https://github.com/coder/coder/pull/27300"] }
    TokenInRead { "token-in-read", "no-secret-elsewhere",
        "Shows the access token when an account is read.",
        ["https://github.com/getmaxun/maxun/issues/1079"] }
    RetryWithoutLimit { "retry-without-limit", "dispatches-are-bounded",
        "Repeats a failed dispatch a hundred times.",
        ["https://github.com/Significant-Gravitas/AutoGPT/pull/12874"] }
    RejectionMarksRevoked { "rejection-marks-revoked", "refusal-keeps-status",
        "Answers 500 but stores REVOKED.",
        ["https://github.com/elie222/rakazo/pull/589"] }
    RowRemains { "row-remains", "read-says-revoked",
        "Answers 200 and REVOKED but leaves the row ACTIVE.",
        [
            "https://github.com/better-auth/better-auth/issues/1327",
            "https://github.com/better-auth/better-auth/pull/1818",
        ] }
    OneFailureFailsAll { "one-failure-fails-all", "some-acknowledged-is-200",
        "Answers 500 if any dispatch was not acknowledged, though another one was.",
        ["https://github.com/authts/oidc-client-ts/issues/753"] }
    ExpiredAccessTokenBlocks { "expired-access-token-blocks", "live-refresh-token-dies",
        "Dispatches nothing and answers 500 if the access token is absent or known to be expired.",
        ["https://github.com/cronofy/pycronofy/issues/59"] }
    FirstClientWins { "first-client-wins", "right-client",
        "Uses the credentials of the auth config that was created first for the same base URL.",
        ["https://github.com/PostHog/posthog/pull/70044"] }
    WholeUserDisconnected { "whole-user-disconnected", "siblings-live",
        "Dispatches the tokens of every other account of the same toolkit and base URL too.",
        ["https://github.com/n8n-io/n8n/pull/31944"] }
    LiteralNoneToken { "literal-none-token", "token-is-exact",
        "Sends the literal `None` for a token that the account does not hold.",
        [
            "https://github.com/omab/python-social-auth/issues/484",
            "https://github.com/googleapis/oauth2client/issues/132",
            "https://github.com/googleapis/oauth2client/pull/134",
        ] }
    AlwaysListsBoth { "always-lists-both", "listed-is-held",
        "Lists both subjects after an acknowledged call, held or not.",
        ["https://github.com/coder/coder/pull/27300"] }
    DeleteRevokes { "delete-revokes", "delete-is-silent",
        "Dispatches the revocation when an account is deleted.",
        [
            "https://github.com/cloudflare/cloudflare-os/pull/39",
            "https://github.com/cloudflare/cloudflare-os/issues/10",
        ] }
    QueuedUntilTheEnd { "queued-until-the-end", "no-late-dispatch",
        "Remembers deleted accounts and dispatches their revocation when the service stops.",
        ["https://github.com/xorbitsai/xagent/pull/2407"] }
    UnsupportedIsSuccess { "unsupported-is-success", "unsupported-is-400",
        "Answers 200 and REVOKED for a provider without revocation routes.",
        ["https://github.com/xorbitsai/xagent/issues/1491"] }
    RepeatDispatches { "repeat-dispatches", "repeat-is-silent",
        "Dispatches again when a REVOKED account is revoked.",
        ["https://github.com/simstudioai/sim/pull/6099"] }
    StateNotChecked { "state-not-checked", "state-is-409",
        "Revokes accounts in any status as if they were ACTIVE.",
        ["https://github.com/czpython/druks/pull/553"] }
    DispatchBeforeStateCheck { "dispatch-before-state-check", "refusal-dispatches-nothing",
        "Dispatches before it finds the status wrong and answers 409.",
        ["https://github.com/Significant-Gravitas/AutoGPT/pull/12874"] }
    UnknownIs500 { "unknown-is-500", "unknown-is-404",
        "Answers 500 for an id that does not exist.",
        ["https://github.com/XeroAPI/xero-node/issues/403"] }
    DeletedStillThere { "deleted-still-there", "deleted-is-404",
        "Still finds a deleted account when it is revoked, and answers 409.",
        [
            "https://github.com/better-auth/better-auth/issues/1327",
            "https://github.com/better-auth/better-auth/pull/1818",
        ] }
    ErrorUnder200 { "error-under-200", "answer-shape",
        "Answers 200 with an error envelope where it should answer 500.",
        ["https://github.com/coder/coder/pull/27300"] }
    FailureIsEmptySuccess { "failure-is-empty-success", "all-failed-is-500",
        "Answers 200 with an empty list, and REVOKED, after every dispatch failed.",
        [
            "https://github.com/dnplus/streamlit-oauth/pull/105",
            "https://github.com/dnplus/streamlit-oauth/pull/102",
        ] }
    EmptyAfterKill { "empty-after-kill", "empty-means-revoked",
        "Answers an empty list though a dispatch was acknowledged.",
        ["https://github.com/googleapis/google-api-php-client/issues/58"] }
    OnlyFirstListed { "only-first-listed", "acknowledged-is-listed",
        "Lists only the first of several acknowledged subjects.",
        ["https://github.com/arrikto/oidc-authservice/pull/69"] }
    CascadeUnlisted { "cascade-unlisted", "cascade-is-listed",
        "Lists only the subject whose token was sent to a route that ends the whole grant.",
        ["https://github.com/authts/oidc-client-ts/issues/753"] }
    PartialSupportRefused { "partial-support-refused", "partial-support-is-200",
        "Answers 400 for a provider that cannot kill both subjects.",
        [
            "https://github.com/authts/oidc-client-ts/issues/262",
            "https://github.com/AxaFrance/oidc-client/issues/1037",
        ] }
    ErrorIsText { "error-is-text", "error-envelope",
        "Writes errors as plain text.",
        ["contract: CA-ENVELOPE"] }
    ListedTwice { "listed-twice", "listed-once",
        "Lists every subject twice.",
        ["contract: CA-UNIQUE"] }
    KeyNotChecked { "key-not-checked", "key-is-required",
        "Accepts any API key, or none, on the revoke route.",
        ["https://github.com/infiniflow/ragflow/issues/14859"] }
    BodyRequired { "body-required", "body-is-optional",
        "Refuses a revoke that has no JSON object as its body.",
        ["contract: CA-ROUTE"] }
    AnswerSaysActive { "answer-says-active", "answer-says-revoked",
        "Answers 200 with the status ACTIVE though the row is REVOKED.",
        ["https://github.com/AzureAD/microsoft-authentication-library-for-python/issues/335"] }
    DeadIs502 { "dead-is-502", "dead-before-outcome",
        "Answers 502 if every token was dead already.",
        ["https://github.com/CartoDB/cartodb/pull/12359"] }
    RotatedTokenLost { "rotated-token-lost", "revoked-means-dead",
        "Keeps the old refresh token when a refresh brings a new one.",
        ["https://github.com/elie222/inbox-zero/pull/3524"] }
    DeleteMarksOnly { "delete-marks-only", "expect-status",
        "Answers that an account was deleted, but it is still there.",
        [
            "https://github.com/manfredsteyer/angular-oauth2-oidc/issues/1262",
            "https://github.com/OpenImaging/miqa/pull/477",
            "contract: CA-REVOKE-THEN-DELETE",
        ] }

    // Who may revoke.
    ScopeNotChecked { "scope-not-checked", "scope-is-required",
        "Revokes with a key that may only read.",
        ["contract: CA-403-SCOPE"] }
    DispatchBeforeScopeCheck { "dispatch-before-scope-check", "refusal-dispatches-nothing",
        "Dispatches before it finds that the key may only read and answers 403.",
        ["contract: CA-403-SCOPE"] }
    ProjectNotChecked { "project-not-checked", "foreign-is-refused",
        "Revokes accounts of other projects.",
        ["https://github.com/infiniflow/ragflow/issues/14859"] }
    ForeignStatusTold { "foreign-status-told", "foreign-is-refused",
        "Tells another project that an account is not ACTIVE, with a 409.",
        ["contract: CA-FOREIGN"] }
    SchemeNotChecked { "scheme-not-checked", "unsupported-is-400",
        "Tries to revoke accounts of schemes other than OAuth 2.0.",
        ["contract: CA-400-UNSUPPORTED"] }
    AuthConfigDeletionForgotten { "auth-config-deletion-forgotten", "deleted-is-404",
        "Answers the deletion of an auth config and leaves its accounts in use.",
        ["contract: CA-404-DELETED"] }
    UnknownIsSuccess { "unknown-is-success", "unknown-is-404",
        "Answers 200 with an empty list for an id that does not exist.",
        ["contract: CA-404-UNKNOWN"] }
    MalformedIs500 { "malformed-is-500", "expect-status",
        "Answers 500 for an id that has not the form of one.",
        ["contract: CA-MALFORMED-ID"] }
    MalformedIsOk { "malformed-is-ok", "expect-status",
        "Answers 200 for an id that has not the form of one.",
        ["contract: CA-MALFORMED-ID"] }
    EmptyJsonRefused { "empty-json-refused", "body-is-optional",
        "Refuses a revoke that has a JSON content type and no body.",
        ["contract: CA-ROUTE"] }

    // What the provider is asked.
    RedirectFollowed { "redirect-followed", "redirect-carries-no-token",
        "Follows every redirect of a provider, to whatever origin.",
        ["https://github.com/better-auth/better-auth/pull/10241"] }
    RedirectIsSuccess { "redirect-is-success", "redirect-is-no-success",
        "Takes a redirect for an acknowledgement.",
        ["https://github.com/BoldGrid/w3-total-cache/pull/1387"] }
    RetryAfterIgnored { "retry-after-ignored", "retry-after-is-respected",
        "Repeats a dispatch at once though the provider asked for a pause.",
        ["https://github.com/marcusquinn/aidevops/pull/5302"] }
    TimeoutTooLong { "timeout-too-long", "call-is-answered",
        "Waits four times as long for a provider as it was told to.",
        ["https://github.com/flightctl/flightctl-ui/pull/709"] }
    AccessTokenFirst { "access-token-first", "order-keeps-credentials",
        "Revokes the access token before the refresh token that it has to authenticate.",
        ["contract: CA-SELF-AUTH"] }
    PresentedTokenAsBearer { "presented-token-as-bearer", "credentials-are-declared",
        "Authenticates a revocation with the presented token where the access token is declared.",
        ["contract: CA-SELF-AUTH"] }
    WidestRoute { "widest-route", "siblings-live",
        "Ends every grant of the user where a narrower route is declared beside.",
        ["https://github.com/cloudflare/cloudflare-os/pull/39"] }
    CiphertextSent { "ciphertext-sent", "token-is-exact",
        "Sends a token in another form than the one it was issued in.",
        ["https://github.com/customeros/customeros/pull/11590"] }
    QueuedRevoke { "queued-revoke", "no-late-dispatch",
        "Answers a revoke at once and dispatches when the service stops.",
        ["https://github.com/xorbitsai/xagent/pull/2407"] }

    // What it says, and shows.
    ProviderErrorPassedOn { "provider-error-passed-on", "no-secret-in-answer",
        "Puts the body of the provider's error into the message of a 500.",
        ["https://github.com/coder/coder/pull/27300"] }
    TokenPrefixInLog { "token-prefix-in-log", "no-secret-in-log",
        "Names a token in the log by its first sixteen characters.",
        ["https://github.com/canonical/testflinger/pull/1029"] }
    TokenInRefreshAnswer { "token-in-refresh-answer", "no-secret-elsewhere",
        "Shows the new access token in the answer to a refresh.",
        ["contract: CA-NO-TOKENS-READ"] }
    EmptyListIsNull { "empty-list-is-null", "answer-shape",
        "Writes an empty list as null.",
        ["contract: CA-200-SHAPE"] }
    RevokedReadBare { "revoked-read-bare", "revoked-read-is-explained",
        "Does not say why a revoked account is revoked.",
        ["contract: CA-REVOKED-READ"] }
    RefusalLetThrough { "refusal-let-through", "retry-is-harmless",
        "Lets a revoke through that is repeated after a 409, and does not tell clients to leave it.",
        ["contract: CA-CLIENT-RETRY"] }

    // Deletions, and whose client is used.
    LastClientWins { "last-client-wins", "right-client",
        "Uses the credentials of the auth config that was created last for the same base URL.",
        ["contract: INV-RIGHT-PROVIDER"] }
    DeletionEndsAccessToken { "deletion-ends-access-token", "delete-is-silent",
        "Dispatches the access token when an account is deleted.",
        ["contract: CA-DELETE-KEEPS"] }
    DeletionJobForgotten { "deletion-job-forgotten", "deletion-revokes",
        "Names a job that is to revoke a deleted account, and never begins it.",
        ["https://github.com/NangoHQ/nango/issues/459"] }
    LostAnswerIsSuccess { "lost-answer-is-success", "listed-is-acknowledged",
        "Takes a connection that ends without a whole answer for an acknowledgement.",
        ["contract: CA-LOST-ANSWER"] }
    AnySuccessStatus { "any-success-status", "listed-is-acknowledged",
        "Takes every 2xx for an acknowledgement, whichever of them the route declares.",
        ["contract: CA-HOSTILE-ANSWER"] }
    DeletionJobUnnamed { "deletion-job-unnamed", "deletion-names-its-job",
        "Revokes a deleted account without naming the job.",
        ["contract: CA-DELETE-REVOKES"] }

    // What calls at once do to each other, and what a crash leaves behind.
    ClaimIgnored { "claim-ignored", "concurrent-revokes-kill-once",
        "Revokes an account that another call is revoking as if nobody were at it.",
        ["contract: CA-CONCURRENT-ONCE"] }
    WaiterListsToo { "waiter-lists-too", "listed-is-acknowledged",
        "Lists what an account held in the answer to a call that waited for another's revoke.",
        ["contract: CA-CONCURRENT"] }
    FailureRestoresStatus { "failure-restores-status", "expect-account-status",
        "Revokes an account that another call is revoking, and the one that fails restores the status that it had begun with.",
        ["https://github.com/superloglabs/superlog/pull/473"] }
    BusyIs409 { "busy-is-409", "repetition-kills-once",
        "Answers 409 to a revoke of an account that another call is revoking.",
        ["contract: CA-RETRY-OVERLAP"] }
    LateTokensRevive { "late-tokens-revive", "read-says-revoked",
        "Stores what a refresh brings that ends after a revoke, and the account is ACTIVE again.",
        ["https://github.com/ReviewStage/luke/pull/261"] }
    LateTokensKept { "late-tokens-kept", "revoked-means-dead",
        "Answers a refresh that ends after a revoke with a success, and leaves what it brought alive.",
        ["https://github.com/ReviewStage/luke/pull/261"] }
    DeletionFailsRevoke { "deletion-fails-revoke", "deletion-meets-revoke",
        "Answers 500 to a revoke whose account was deleted meanwhile.",
        ["contract: CA-RACE-DELETE"] }
    RevokedFirst { "revoked-first", "crash-is-no-success",
        "Stores REVOKED before it dispatches, and takes it back if that fails.",
        ["https://github.com/xorbitsai/xagent/pull/2407"] }
    InterruptedIsFinal { "interrupted-is-final", "retry-after-crash-converges",
        "Answers 409 to the revoke of an account whose revoke a crash interrupted.",
        ["contract: CA-CRASH"] }
}

named!(Defect, UnknownDefect, "defect");

#[cfg(test)]
mod tests {
    use super::Defect;

    #[test]
    fn every_defect_says_what_it_does_where_it_is_from_and_what_finds_it() {
        for defect in Defect::ALL {
            assert!(!defect.check().is_empty(), "{defect}");
            for source in defect.sources() {
                let is_known =
                    source.starts_with("https://github.com/") || source.starts_with("contract: ");
                assert!(is_known, "{defect}: {source}");
            }
        }
    }
}
