//! The key under which secrets are kept in the database.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What seals every secret in the database: 32 random bytes. Whoever has it and the file has the
/// tokens, so it is kept somewhere else than the file.
#[derive(Clone)]
pub struct EncryptionKey([u8; EncryptionKey::LENGTH]);

/// A text is no encryption key. What it is stays unsaid: it may be most of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionKeyError {
    /// It is not base64.
    #[error("the encryption key is not base64")]
    NotBase64,
    /// It is base64, but of another length.
    #[error("the encryption key holds {0} bytes instead of 32")]
    WrongLength(usize),
    /// The operating system gave no randomness for a new one.
    #[error("no randomness for an encryption key: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl EncryptionKey {
    const LENGTH: usize = 32;

    /// Reads a key as `openssl rand -base64 32` writes it: base64, with blanks around it.
    pub fn parse(text: &str) -> Result<Self, EncryptionKeyError> {
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| EncryptionKeyError::NotBase64)?;
        let length = bytes.len();
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| EncryptionKeyError::WrongLength(length))
    }

    /// A new one, for what is not to outlive this process.
    pub fn generate() -> Result<Self, EncryptionKeyError> {
        let mut bytes = [0; Self::LENGTH];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EncryptionKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::{EncryptionKey, EncryptionKeyError};

    const TEXT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn a_key_is_read_with_blanks_around_it_and_never_shown() {
        let key = EncryptionKey::parse(&format!(" {TEXT}\n")).unwrap();
        assert_eq!(key.bytes()[..3], [0, 1, 2]);
        assert_eq!(format!("{key:?}"), "EncryptionKey(redacted)");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let problem = |text: &str| EncryptionKey::parse(text).unwrap_err();
        assert_eq!(problem("hunter2!"), EncryptionKeyError::NotBase64);
        assert_eq!(problem(""), EncryptionKeyError::WrongLength(0));
        assert_eq!(problem("AAEC"), EncryptionKeyError::WrongLength(3));
        assert!(!problem("hunter2!").to_string().contains("hunter"));
    }

    #[test]
    fn new_keys_differ() {
        let [one, other] = [EncryptionKey::generate(), EncryptionKey::generate()];
        assert_ne!(one.unwrap().bytes(), other.unwrap().bytes());
    }
}
