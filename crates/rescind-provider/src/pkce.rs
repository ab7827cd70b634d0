//! The proof that a code is exchanged by the client that asked for it (RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What a client has to prove, as its authorization request states it.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    method: Method,
    value: String,
}

/// How a challenge is made of its verifier (RFC 7636 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It is the verifier.
    Plain,
    /// It is the verifier's SHA-256.
    S256,
}

/// A challenge that cannot be taken (RFC 7636 §4.4.1: `invalid_request`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChallenge {
    /// A method that does not exist.
    #[error("code_challenge_method is neither S256 nor plain")]
    UnknownMethod,
    /// A method without a challenge.
    #[error("code_challenge_method is there without code_challenge")]
    MethodAlone,
    /// A challenge of another form.
    #[error("code_challenge is not 43 to 128 letters, digits and -._~")]
    Malformed,
}

impl Challenge {
    /// Reads the parameters of an authorization request; none if it has none.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if what is there cannot be taken.
    pub fn read(
        value: Option<&str>,
        method: Option<&str>,
    ) -> Result<Option<Self>, InvalidChallenge> {
        let method = match method {
            // RFC 7636 §4.3: the default.
            None | Some("plain") => Method::Plain,
            Some("S256") => Method::S256,
            Some(_) => return Err(InvalidChallenge::UnknownMethod),
        };
        match value {
            None if method == Method::S256 => Err(InvalidChallenge::MethodAlone),
            None => Ok(None),
            Some(value) if is_well_formed(value) => Ok(Some(Self {
                method,
                value: value.to_owned(),
            })),
            Some(_) => Err(InvalidChallenge::Malformed),
        }
    }

    /// The method.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Whether a verifier is the one that the challenge was made of (RFC 7636 §4.6).
    pub fn is_met_by(&self, verifier: &str) -> bool {
        is_well_formed(verifier)
            && match self.method {
                Method::Plain => verifier == self.value,
                Method::S256 => {
                    let digest = hmac_sha256::Hash::hash(verifier.as_bytes());
                    URL_SAFE_NO_PAD.encode(digest) == self.value
                }
            }
    }
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // By the plain method, the challenge is the verifier.
        write!(formatter, "Challenge({:?}, …)", self.method)
    }
}

/// RFC 7636 §4.1 and §4.2: 43 to 128 unreserved characters.
fn is_well_formed(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The pair of RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn challenge(value: &str, method: Option<&str>) -> Challenge {
        Challenge::read(Some(value), method).unwrap().unwrap()
    }

    #[test]
    fn the_pair_of_the_rfc_fits_and_none_of_its_halves_does_for_the_other() {
        assert!(challenge(CHALLENGE, Some("S256")).is_met_by(VERIFIER));
        assert!(!challenge(CHALLENGE, Some("S256")).is_met_by(CHALLENGE));
        assert!(!challenge(CHALLENGE, Some("plain")).is_met_by(VERIFIER));
        assert!(challenge(VERIFIER, None).is_met_by(VERIFIER));
    }

    #[test]
    fn what_cannot_be_taken_is_told_apart() {
        let long = "a".repeat(129);
        for (value, method, expected) in [
            (
                Some(CHALLENGE),
                Some("s256"),
                Err(InvalidChallenge::UnknownMethod),
            ),
            (None, Some("S256"), Err(InvalidChallenge::MethodAlone)),
            (
                Some("short"),
                Some("S256"),
                Err(InvalidChallenge::Malformed),
            ),
            (Some(&long), None, Err(InvalidChallenge::Malformed)),
            (None, None, Ok(None)),
            (None, Some("plain"), Ok(None)),
        ] {
            assert_eq!(Challenge::read(value, method), expected);
        }
    }

    #[test]
    fn nothing_of_a_challenge_shows() {
        let shown = format!("{:?}", challenge(VERIFIER, None));
        assert_eq!(shown, "Challenge(Plain, …)");
    }

    proptest! {
        #[test]
        fn a_verifier_meets_its_own_challenge_and_no_other(
            own in "[A-Za-z0-9._~-]{43,128}",
            other in "[A-Za-z0-9._~-]{43,128}",
        ) {
            let digest = URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(own.as_bytes()));
            for challenge in [challenge(&digest, Some("S256")), challenge(&own, Some("plain"))] {
                prop_assert!(challenge.is_met_by(&own));
                prop_assert_eq!(challenge.is_met_by(&other), own == other);
            }
        }

        #[test]
        fn no_text_of_another_form_meets_anything(text in "\\PC{0,140}") {
            if !is_well_formed(&text) {
                let digest = URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(text.as_bytes()));
                prop_assert!(!challenge(&digest, Some("S256")).is_met_by(&text));
                prop_assert!(Challenge::read(Some(&text), None).is_err());
            }
        }
    }
}
