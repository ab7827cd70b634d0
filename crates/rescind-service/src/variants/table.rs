//! Every variant, once: its name, what it does, and the row of the contract whose freedom it shows.

use crate::named::named;

macro_rules! variants {
    ($($variant:ident { $name:literal, $row:literal, $summary:literal })+) => {
        /// One other behaviour that the contract allows. At most one is active in a service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Variant {
            $(#[doc = $summary] $variant,)+
        }

        impl Variant {
            /// Every variant, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name by which it is asked for.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it does, in one sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)+ }
            }

            /// The row of the contract that leaves the choice.
            pub fn row(self) -> &'static str {
                match self { $(Self::$variant => $row,)+ }
            }
        }
    };
}

variants! {
    // How answers are written.
    ListReversed { "list-reversed", "CA-UNIQUE",
        "Lists what it revoked in the opposite order." }
    ExtraFields { "extra-fields", "CA-200-SHAPE",
        "Adds unknown members to every object of its answers." }
    KeysReordered { "keys-reordered", "CA-200-SHAPE",
        "Writes the members of every object in the opposite order." }
    PrettyPrinted { "pretty-printed", "CA-200-SHAPE",
        "Writes its answers as indented JSON." }
    Charset { "charset", "CA-200-SHAPE",
        "Adds a charset to the content type of its answers." }
    ExtraHeaders { "extra-headers", "CA-200-SHAPE",
        "Adds harmless headers to its answers." }
    Chunked { "chunked", "CA-200-SHAPE",
        "Sends its answers in chunks, without a content length." }
    Slow { "slow", "INV-BOUNDED",
        "Sends the body of its answers in pieces, with a small pause before each." }
    ConnectionClose { "connection-close", "CA-ROUTE",
        "Closes the connection after every answer." }
    OtherMessages { "other-messages", "CA-ENVELOPE",
        "Uses other messages, slugs and codes in its errors, and no optional members." }
    OtherIds { "other-ids", "CA-ROUTE",
        "Gives accounts a UUID without a prefix as their id." }

    // What the provider is asked.
    RefreshTokenFirst { "refresh-token-first", "CA-SELF-AUTH",
        "Dispatches the refresh token before the access token where nothing depends on the order." }
    HintOmitted { "hint-omitted", "INV-WELL-FORMED",
        "Sends no hint of what kind a token is." }
    FieldsReordered { "fields-reordered", "INV-WELL-FORMED",
        "Writes the fields of a form in the opposite order." }
    LowercasePercentEncoding { "lowercase-percent-encoding", "INV-WELL-FORMED",
        "Percent-encodes forms with lowercase digits." }
    OverEncoded { "over-encoded", "INV-WELL-FORMED",
        "Percent-encodes everything in a form that is no letter and no digit." }
    SpaceAsPercent20 { "space-as-percent-20", "INV-WELL-FORMED",
        "Encodes forms as URI components: a space as %20, and ~ ! ' ( ) as they are." }
    FormCharset { "form-charset", "INV-WELL-FORMED",
        "Adds a charset to the content type of forms." }
    LowercaseScheme { "lowercase-scheme", "INV-WELL-FORMED",
        "Writes the scheme of the Authorization header in lowercase." }
    ClientIdBesideBasic { "client-id-beside-basic", "INV-WELL-FORMED",
        "Names the client in the form as well where it authenticates with Basic." }
    OneConnection { "one-connection", "INV-WELL-FORMED",
        "Keeps connections to a provider open and uses them again." }
    RefreshBeforeRevoke { "refresh-before-revoke", "CA-EXACT-NO-OVERCLAIM",
        "Refreshes before a call that ends the whole grant, where there is no access token that may live; if the grant is gone, it answers 500 and the account is EXPIRED." }
    NoRepetition { "no-repetition", "INV-BOUNDED",
        "Makes no dispatch again that failed for a passing reason." }
    SameOriginRedirectFollowed { "same-origin-redirect-followed", "INV-NO-REDIRECT",
        "Follows a 307 or 308 to the same origin once, with the same method and body." }

    // What the contract does not decide.
    NothingHeld409 { "nothing-held-409", "CA-NOTHING-HELD",
        "Answers 409 where the account holds nothing that the provider can kill." }
    NothingHeld500 { "nothing-held-500", "CA-NOTHING-HELD",
        "Answers 500 where the account holds nothing that the provider can kill." }
    NothingHeldEmpty { "nothing-held-empty", "CA-NOTHING-HELD",
        "Answers 200 with an empty list, and REVOKED, where the account holds nothing that the provider can kill." }
    DeadBefore500 { "dead-before-500", "CA-DEAD-BEFORE",
        "Answers 500 and changes nothing if every token was dead already." }
    DeadBeforeExpired { "dead-before-expired", "CA-DEAD-BEFORE",
        "Answers 500 if every token was dead already, and the account is EXPIRED." }
    DeadBeforeEmpty { "dead-before-empty", "CA-DEAD-BEFORE",
        "Dispatches nothing that it knows to have expired; if nothing else is left to kill, it answers 200 with an empty list, and REVOKED." }
    NoRefreshFirst { "no-refresh-first", "CA-DEAD-PARTNER",
        "Answers 500 where a refresh would have to bring a token to revoke with." }
    UnheardKillUnlisted { "unheard-kill-unlisted", "CA-LOST-ANSWER",
        "Does not list what was acknowledged only after an answer about it had been lost." }
    SupportBeforeStatus { "support-before-status", "CA-ORDER",
        "Answers 400 for a provider that cannot revoke, whatever the account's status." }
    MalformedIs400 { "malformed-is-400", "CA-MALFORMED-ID",
        "Answers 400 for an id that has not the form of one." }
    OtherMethod404 { "other-method-404", "CA-METHOD",
        "Answers 404 for a method that a route does not take." }
    ForeignIs403 { "foreign-is-403", "CA-FOREIGN",
        "Answers 403 for another project's account." }
    ScopeIs401 { "scope-is-401", "CA-403-SCOPE",
        "Answers 401 to a key that lacks the permission." }

    // What calls at once do to each other, and what a crash leaves behind.
    OneCallAtATime { "one-call-at-a-time", "CA-CONCURRENT",
        "Begins no call about an account while another one is under way." }
    StopsWithItsClient { "stops-with-its-client", "CA-RETRY-OVERLAP",
        "Stops a revoke whose client has left, as far as it has come." }
    LateTokensDropped { "late-tokens-dropped", "CA-RACE-REFRESH",
        "Throws away what a refresh brings that ends after a revoke." }
    NoRecovery { "no-recovery", "CA-CRASH",
        "Leaves a revoke that a crash interrupted to the next call." }

    // What a later set adds.
    CredentialListed { "credential-listed", "CA-CREDENTIAL",
        "Lists `credential`, too, where it lists what it revoked." }
    RepetitionNotDiscouraged { "repetition-not-discouraged", "CA-CLIENT-RETRY",
        "Does not tell clients to leave a 409 or 500 alone, which do no harm by repeating the call." }
}

named!(Variant, UnknownVariant, "variant");

#[cfg(test)]
mod tests {
    use super::Variant;

    #[test]
    fn every_variant_says_what_it_does_and_which_row_allows_it() {
        for variant in Variant::ALL {
            let is_row = variant.row().starts_with("CA-") || variant.row().starts_with("INV-");
            assert!(is_row, "{variant}: {}", variant.row());
        }
    }
}
