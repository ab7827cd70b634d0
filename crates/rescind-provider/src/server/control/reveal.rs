//! What is shown of requests and answers: everything but secrets.

use std::collections::BTreeSet;

use rescind_model::secret::SecretScanner;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::journal::Entry;
use crate::ledger::{GrantId, Ledger};
use crate::server::Tenant;
use crate::tenant::TenantState;

/// How many grants a ledger has at most whose tokens are all looked for.
const FEW: usize = 50;

/// A request and what became of it, with what came and went.
#[derive(Serialize, JsonSchema)]
pub(super) struct EntryView {
    /// What is known of it.
    #[serde(flatten)]
    entry: Entry,
    /// The request as it came, line by line.
    request: Vec<String>,
    /// The answer as it went, line by line.
    answer: Vec<String>,
}

impl EntryView {
    /// Without secrets.
    pub(super) fn redacted(entry: Entry, scanner: &SecretScanner) -> Self {
        Self {
            request: entry.request_lines(scanner),
            answer: entry.answer_lines(scanner),
            entry,
        }
    }

    /// As it is.
    pub(super) fn with_secrets(entry: Entry) -> Self {
        let lines = |text: &str| text.trim_end().lines().map(str::to_owned).collect();
        Self {
            request: lines(&entry.request_with_secrets()),
            answer: lines(&entry.answer_with_secrets()),
            entry,
        }
    }
}

/// A scanner for the secrets that entries may hold.
///
/// Those of a large ledger are not all looked for: that would cost as much as it has tokens, for
/// every look at the journal. Then it is the tokens of the grants that an entry is about, and of
/// every grant of which it holds a whole token, in whatever place and form. Whatever stands where a
/// secret does is hidden in any case, known or not.
pub(super) fn scanner_for<'a>(
    tenant: &Tenant,
    state: &TenantState,
    entries: impl Iterator<Item = &'a Entry>,
) -> SecretScanner {
    let key = tenant.fingerprints().clone();
    if state.ledger().grant(GrantId(FEW as u32)).is_none() {
        return state.scanner(key);
    }
    let mut grants = BTreeSet::new();
    for entry in entries {
        grants.extend(entry.presented.grant());
        grants.extend(entry.killed.iter().map(|token| token.grant));
        grants.extend(entry.minted.iter().map(|token| token.grant));
        for text in [entry.request_with_secrets(), entry.answer_with_secrets()] {
            carried(&text, state.ledger(), &mut grants);
        }
    }
    state.scanner_of(key, grants)
}

/// The grants of which a text holds a token.
fn carried(text: &str, ledger: &Ledger, grants: &mut BTreeSet<GrantId>) {
    let mut look = |word: &str| grants.extend(ledger.find(word).map(|token| token.grant));
    for line in text.lines() {
        for word in line.split([' ', '"', '\'', ',', ';', '<', '>', '(', ')']) {
            look(word);
            for part in word.split(['/', '?', '&', '=', ':']) {
                look(part);
                look(&percent_encoding::percent_decode_str(part).decode_utf8_lossy());
            }
            let pairs = word.split_once('?').map_or(word, |(_, query)| query);
            for (_, value) in form_urlencoded::parse(pairs.as_bytes()) {
                look(&value);
            }
        }
        if let Ok(json) = serde_json::from_str::<Value>(line) {
            texts(&json, &mut look);
        }
    }
}

fn texts(json: &Value, look: &mut impl FnMut(&str)) {
    match json {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, look)),
        Value::Object(members) => members.values().for_each(|value| texts(value, look)),
        _ => {}
    }
}
