//! What tokens are derived from.

use std::fmt::{self, Write};

use rescind_model::profile::{TokenCharacters, TokenFormat};
use sha2::{Digest, Sha256};

/// What makes tokens unguessable and repeatable: the run's seed and the tenant's name.
///
/// It is kept as HMAC uses it (RFC 2104 §4): as the two hashes that have taken in the padded key,
/// so that a token costs two blocks and not four.
#[derive(Clone)]
pub struct LedgerKey {
    inner: Sha256,
    outer: Sha256,
}

/// How many characters a token has behind its prefix.
pub(super) const RANDOM_LENGTH: usize = 32;

const LETTERS_AND_DIGITS: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// RFC 2104 §2: the block of the hash.
const BLOCK: usize = 64;

/// A hash that can be written to.
struct Taking(Sha256);

impl Write for Taking {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

impl LedgerKey {
    /// The key of a tenant in a run.
    pub fn new(seed: &str, tenant: &str) -> Self {
        let run = hmac_sha256::HMAC::mac(b"rescind ledger", seed.as_bytes());
        Self::of_bytes(hmac_sha256::HMAC::mac(tenant.as_bytes(), run))
    }

    /// The key after so many resets: what was given out before one is not given out again.
    #[must_use]
    pub fn after_resets(&self, resets: u32) -> Self {
        match resets {
            0 => self.clone(),
            _ => Self::of_bytes(self.derive_bytes(&format!("reset/{resets}"))),
        }
    }

    fn of_bytes(key: [u8; 32]) -> Self {
        let padded = |pad: u8| {
            let mut block = [pad; BLOCK];
            for (byte, of_key) in block.iter_mut().zip(key) {
                *byte ^= of_key;
            }
            Sha256::new_with_prefix(block)
        };
        Self {
            inner: padded(0x36),
            outer: padded(0x5c),
        }
    }

    /// 32 secret bytes under a name; the same name gives the same bytes.
    pub fn derive_bytes(&self, name: &str) -> [u8; 32] {
        self.hash(format_args!("{name}"))
    }

    /// A secret of the given format under a name; the same name gives the same secret.
    pub fn derive(&self, name: &str, format: &TokenFormat) -> String {
        let mut text = String::with_capacity(format.prefix.len() + RANDOM_LENGTH);
        text.push_str(&format.prefix);
        let random = self.derive_characters(format_args!("{name}"), format.characters);
        text.extend(random.map(char::from));
        text
    }

    /// The characters of a secret behind its prefix; all of them are ASCII.
    pub(super) fn derive_characters(
        &self,
        name: fmt::Arguments<'_>,
        characters: TokenCharacters,
    ) -> [u8; RANDOM_LENGTH] {
        let awkward: &[u8] = match characters {
            TokenCharacters::UrlSafe => b"-_",
            TokenCharacters::Bearer => b"-._~+/",
            TokenCharacters::Printable => b"+/=&%~.-_",
        };
        let mut text = self.hash(name);
        for (index, byte) in text.iter_mut().enumerate() {
            // Every third character is one that a careless carrier spoils, so that none goes
            // unnoticed for want of luck.
            *byte = match index % 3 {
                2 => awkward[(index / 3) % awkward.len()],
                _ => LETTERS_AND_DIGITS[usize::from(*byte) % LETTERS_AND_DIGITS.len()],
            };
        }
        text
    }

    fn hash(&self, name: fmt::Arguments<'_>) -> [u8; 32] {
        let mut inner = Taking(self.inner.clone());
        // A hash takes whatever it is given.
        let _ = inner.write_fmt(name);
        self.outer
            .clone()
            .chain_update(inner.0.finalize())
            .finalize()
            .into()
    }
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LedgerKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_bytes_are_those_of_hmac(seed in "\\PC{0,90}", tenant in "\\PC{0,90}", name in "\\PC{0,150}") {
            let run = hmac_sha256::HMAC::mac(b"rescind ledger", seed.as_bytes());
            let key = hmac_sha256::HMAC::mac(tenant.as_bytes(), run);
            let expected = hmac_sha256::HMAC::mac(name.as_bytes(), key);
            prop_assert_eq!(LedgerKey::new(&seed, &tenant).derive_bytes(&name), expected);
        }
    }
}
