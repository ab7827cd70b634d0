//! Secrets that are made here and used once: the links, states and verifiers of connect flows, and
//! what tells one browser from another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::secret::Secret;

/// 256 bits: RFC 7636 section 4.1 recommends as many for a verifier, and RFC 6749 section 10.10
/// wants at least 128 of whatever nobody may guess.
const LENGTH: usize = 32;

/// A new one: 43 letters, digits, `-` and `_`.
pub(crate) fn generate() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// What such a secret is known by where it must not be kept: its SHA-256. Nothing slower is needed,
/// nor a key, because nobody guesses 256 random bits. Whoever compares fingerprints tells nothing
/// by the time it takes: what resembles a stored one is no nearer to its secret.
pub(crate) fn fingerprint(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

/// The challenge of a PKCE verifier by the method S256, RFC 7636 section 4.2.
pub(crate) fn challenge(code_verifier: &Secret) -> String {
    fingerprint(code_verifier.expose())
}

#[cfg(test)]
mod tests {
    use super::{challenge, generate};
    use crate::secret::Secret;

    #[test]
    fn a_challenge_is_that_of_the_standard() {
        // RFC 7636 appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let expected = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge(&verifier), expected);
    }

    #[test]
    fn a_new_one_is_a_verifier_by_its_form_and_no_other_ones() {
        let [one, other] = [generate().unwrap(), generate().unwrap()];
        assert_ne!(one, other);
        // RFC 7636 section 4.1.
        assert!((43..=128).contains(&one.expose().len()));
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        assert!(one.expose().bytes().all(is_unreserved));
    }
}
