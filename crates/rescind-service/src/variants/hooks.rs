//! The questions that the shell asks of a variant: one function each, all "as ever" without one.

use std::fmt::Write as _;

use axum::http::StatusCode;
use reqwest::redirect;

use super::Variant;
use crate::identifier::{self, ACCOUNT_PREFIX};

/// Whether no token is refreshed for the sake of a revoke.
pub(crate) fn never_refreshes(variant: Option<Variant>) -> bool {
    variant == Some(Variant::NoRefreshFirst)
}

/// Whether no dispatch is made a second time.
pub(crate) fn never_repeats(variant: Option<Variant>) -> bool {
    variant == Some(Variant::NoRepetition)
}

/// Whether a token that a provider acknowledges once its first answer about it was lost counts as
/// killed by the dispatch whose answer that was.
pub(crate) fn claims_no_unheard_kill(variant: Option<Variant>) -> bool {
    variant == Some(Variant::UnheardKillUnlisted)
}

/// Whether tokens are refreshed before the whole grant is ended.
pub(crate) fn refreshes_first(variant: Option<Variant>) -> bool {
    variant == Some(Variant::RefreshBeforeRevoke)
}

/// Whether a provider that cannot revoke is told of before the account's status.
pub(crate) fn support_comes_first(variant: Option<Variant>) -> bool {
    variant == Some(Variant::SupportBeforeStatus)
}

/// How many connections to a provider are kept open while nobody uses them.
pub(crate) fn idle_connections(variant: Option<Variant>) -> usize {
    usize::from(variant == Some(Variant::OneConnection))
}

/// Which redirects of a provider are followed.
pub(crate) fn redirects(variant: Option<Variant>) -> redirect::Policy {
    if variant != Some(Variant::SameOriginRedirectFollowed) {
        return redirect::Policy::none();
    }
    redirect::Policy::custom(|attempt| {
        // RFC 9110 sections 15.4.8 and 15.4.9: the others may change the method.
        let is_repetition = matches!(attempt.status().as_u16(), 307 | 308);
        let stays = match attempt.previous() {
            [first] => first.origin() == attempt.url().origin(),
            _ => false,
        };
        if is_repetition && stays {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

/// The HTTP status of a revoke of an account that holds nothing which can be killed; none where it
/// is as ever.
pub(crate) fn nothing_held_status(variant: Option<Variant>) -> Option<StatusCode> {
    match variant {
        Some(Variant::NothingHeld409) => Some(StatusCode::CONFLICT),
        Some(Variant::NothingHeld500) => Some(StatusCode::INTERNAL_SERVER_ERROR),
        _ => None,
    }
}

/// The HTTP status for another project's account; none where it is that of one that does not exist.
pub(crate) fn foreign_status(variant: Option<Variant>) -> Option<StatusCode> {
    (variant == Some(Variant::ForeignIs403)).then_some(StatusCode::FORBIDDEN)
}

/// Whether calls about one account are served one after the other.
pub(crate) fn serves_one_call_at_a_time(variant: Option<Variant>) -> bool {
    variant == Some(Variant::OneCallAtATime)
}

/// Whether a revoke ends with its client's connection.
pub(crate) fn stops_with_its_client(variant: Option<Variant>) -> bool {
    variant == Some(Variant::StopsWithItsClient)
}

/// Whether tokens that come after a revoke are thrown away.
pub(crate) fn drops_late_tokens(variant: Option<Variant>) -> bool {
    variant == Some(Variant::LateTokensDropped)
}

/// Whether nothing is finished at the start that a crash interrupted.
pub(crate) fn never_recovers(variant: Option<Variant>) -> bool {
    variant == Some(Variant::NoRecovery)
}

/// The id of a new account.
pub(crate) fn account_id(variant: Option<Variant>) -> Result<String, getrandom::Error> {
    if variant == Some(Variant::OtherIds) {
        return random_uuid();
    }
    identifier::generate(ACCOUNT_PREFIX)
}

/// RFC 9562 section 5.4: six bits say that it is a UUID and random, the others are.
fn random_uuid() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(bytes
        .iter()
        .enumerate()
        .fold(String::new(), |mut text, (index, byte)| {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
}

/// Whether an id has the form that accounts have with one of the variants. Without that variant
/// no account has such an id, which the database says as well as anybody.
pub(crate) fn has_the_other_form(id: &str) -> bool {
    let groups: Vec<&str> = id.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::{account_id, has_the_other_form};
    use crate::variants::Variant;

    #[test]
    fn an_account_has_one_form_of_id_or_the_other() {
        let (honest, other) = (
            account_id(None).unwrap(),
            account_id(Some(Variant::OtherIds)).unwrap(),
        );
        assert!(honest.starts_with("ca_") && !has_the_other_form(&honest));
        assert!(has_the_other_form(&other), "{other}");
        assert_eq!(&other[14..15], "4");
        assert_ne!(other, account_id(Some(Variant::OtherIds)).unwrap());
        for none in ["", "12345678-1234-1234-1234-12345678901g", "12345678"] {
            assert!(!has_the_other_form(none), "{none}");
        }
    }
}
