use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::ledger::LedgerKey;
use crate::signing::{KeySet, SigningAlgorithm};

/// Keys of both algorithms, made once for all tests: making the RSA key takes a while.
pub static BOTH: LazyLock<KeySet> = LazyLock::new(|| {
    KeySet::new(ledger_key(), SigningAlgorithm::Es256).with(SigningAlgorithm::Rs256)
});

pub const ALGORITHMS: [SigningAlgorithm; 2] = [SigningAlgorithm::Es256, SigningAlgorithm::Rs256];

pub fn ledger_key() -> LedgerKey {
    LedgerKey::new("signing tests", "tenant")
}

/// A token of both algorithms, signed by [`BOTH`].
pub fn tokens() -> [String; 2] {
    ALGORITHMS.map(|algorithm| {
        BOTH.sign_with(algorithm, "JWT", &json!({"sub": "user", "nonce": "n-0S6"}))
            .unwrap()
    })
}

/// A token of these parts, whatever they are; the signature is left empty.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}.",
        base64url(&header.to_string()),
        base64url(&claims.to_string())
    )
}

pub fn base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

pub fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
