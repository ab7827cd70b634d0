//! What may be shown of a target's answers: nothing that is a secret.

use rescind_model::secret::{KnownSecret, SecretScanner};

use crate::provider_access::{AccessError, TenantAccess};
use crate::record::Answered;
use crate::target::Adapter;

/// How much of an answer's body is shown, in characters.
const SHOWN_BODY: usize = 240;

/// How long a word may be that is shown, in characters.
const LONGEST_WORD: usize = 40;

/// Finds the secrets that the target has been given.
pub async fn scanner(
    adapter: &Adapter,
    tenant: &TenantAccess,
) -> Result<SecretScanner, AccessError> {
    let mut scanner = tenant.scanner().await?;
    for key in adapter.keys().all() {
        scanner.add(KnownSecret {
            kind: "api_key".into(),
            secret: key.clone(),
            prefix_length: 0,
        });
    }
    Ok(scanner)
}

/// The body of an answer, for the end of a message: `: {"error":…}`; nothing if there is nothing
/// that a person could read.
pub fn body(answered: &Answered, scanner: &SecretScanner) -> String {
    let text = match answered.json() {
        // On one line a member that is named like a secret is found, and hidden.
        Some(json) => json.to_string(),
        None => String::from_utf8_lossy(&answered.body).trim().to_owned(),
    };
    if text.is_empty() || text.starts_with('<') {
        return String::new();
    }
    let redacted = scanner.redact_message(&text);
    let plain = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    let mut shown: String = redacted.chars().take(SHOWN_BODY).map(plain).collect();
    if shown.len() < redacted.len() {
        shown.push('…');
    }
    format!(": {shown}")
}

/// A text of an answer that looks like a word, and like no secret.
pub fn word<'a>(text: &'a str, scanner: &SecretScanner) -> Option<&'a str> {
    let of_words = |character: char| character.is_ascii_alphanumeric() || "_- ".contains(character);
    let is_word = !text.is_empty() && text.len() <= LONGEST_WORD && text.chars().all(of_words);
    (is_word && scanner.find(text).is_empty()).then_some(text)
}
