//! Secrets: how they are held, found in texts, and kept out of what is written.

use std::fmt;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hashbrown::{HashMap, HashSet};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// How many characters of a secret's random part make a leak (INV-NO-SECRET).
const WINDOW: usize = 8;

/// The key of a run's fingerprints, which are the same wherever a secret occurs in that run and
/// say nothing outside it.
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// The key that belongs to a run's seed.
    pub fn of_seed(seed: &str) -> Self {
        Self(hmac_sha256::HMAC::mac(
            b"rescind fingerprint",
            seed.as_bytes(),
        ))
    }

    /// The fingerprint of a secret: eight hexadecimal digits.
    pub fn fingerprint(&self, secret: &str) -> String {
        use fmt::Write as _;
        let mac = hmac_sha256::HMAC::mac(secret.as_bytes(), self.0);
        mac[..4].iter().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FingerprintKey(…)")
    }
}

/// A token, a client secret or an API key. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Holds a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: for the wire and for comparing, never for writing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// A known secret: what it is, and where its random part begins.
#[derive(Clone, Debug)]
pub struct KnownSecret {
    /// What it is, for people: `access_token`, `client_secret`, `api_key`.
    pub kind: String,
    /// The secret.
    pub secret: Secret,
    /// How many bytes at its start are a fixed prefix, and no secret.
    pub prefix_length: usize,
}

/// Finds known secrets in texts, whole or in part, and replaces them by fingerprints.
#[derive(Clone, Debug)]
pub struct SecretScanner {
    key: FingerprintKey,
    secrets: Vec<KnownSecret>,
    known: HashSet<Secret>,
    /// Those whose random part is too short for a window.
    short: Vec<usize>,
    /// Every run of [`WINDOW`] bytes of a random part, as written and as base64 of Basic
    /// credentials, with the index of its secret. Every text is looked up in it byte by byte, and
    /// nobody can choose what stands in it, so that a quick table will do.
    windows: HashMap<[u8; WINDOW], usize>,
}

/// RFC 3986 §2.3: what a careful client leaves unescaped.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The URL standard's form encoding.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// A secret as requests and answers write it: as it is, or escaped in one of the usual ways.
fn written_forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    // No way to escape changes letters and digits.
    if secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return forms;
    }
    for escaped in [UNRESERVED, FORM, NON_ALPHANUMERIC] {
        let form = utf8_percent_encode(secret, escaped).to_string();
        for form in [with_small_escapes(&form), form] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// RFC 3986 §2.1: the digits of an escape may be small letters.
fn with_small_escapes(text: &str) -> String {
    let mut small = String::with_capacity(text.len());
    let mut left = 0;
    for character in text.chars() {
        small.push(if left > 0 {
            character.to_ascii_lowercase()
        } else {
            character
        });
        left = if character == '%' { 2 } else { left.max(1) - 1 };
    }
    small
}

/// The parameters of OAuth requests that carry secrets (RFC 6749, RFC 7009, RFC 7521, RFC 7636,
/// RFC 8628), and the id of a consent page.
const SECRET_PARAMETERS: [&str; 12] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "consent",
    "device_code",
    "id_token",
    "password",
    "refresh_token",
    "token",
];

/// Whether a text is one hidden secret and nothing else.
fn is_hidden(text: &str) -> bool {
    text.starts_with('‹') && text.ends_with('›') && text.matches('‹').count() == 1
}

/// A place in a text where a secret shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// What leaked: `access_token`, `client_secret`, `api_key`.
    pub kind: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The bytes of the text.
    pub range: Range<usize>,
    /// … with the secret's fixed prefix before them, where the text has it: what a whole secret
    /// takes the place of.
    pub whole: Range<usize>,
}

impl SecretScanner {
    /// A scanner without secrets.
    pub fn new(key: FingerprintKey) -> Self {
        Self {
            key,
            secrets: Vec::new(),
            known: HashSet::new(),
            short: Vec::new(),
            windows: HashMap::new(),
        }
    }

    /// Adds a secret. A second time does nothing.
    pub fn add(&mut self, known: KnownSecret) {
        let text = known.secret.expose();
        if text.is_empty() || !self.known.insert(known.secret.clone()) {
            return;
        }
        let index = self.secrets.len();
        let random = text.get(known.prefix_length..).unwrap_or_default();
        // A short secret is found whole; its windows would be found everywhere.
        if random.len() < WINDOW {
            self.short.push(index);
        }
        for form in written_forms(random) {
            for window in form.as_bytes().windows(WINDOW) {
                if let Ok(window) = <[u8; WINDOW]>::try_from(window) {
                    self.windows.entry(window).or_insert(index);
                }
            }
        }
        self.secrets.push(known);
    }

    /// Adds the credentials of a client in their Basic form (RFC 7617), which hides the secret from
    /// a search for its text: as it is, or form-encoded first (RFC 6749 §2.3.1).
    pub fn add_basic(&mut self, client_id: &str, client_secret: &Secret) {
        for secret in written_forms(client_secret.expose()) {
            let encoded = STANDARD.encode(format!("{client_id}:{secret}"));
            // What encodes the client id and the colon is the same for any secret.
            let prefix_length = (client_id.len() + 1) / 3 * 4;
            self.add(KnownSecret {
                kind: "client_secret".into(),
                secret: Secret::new(encoded),
                prefix_length,
            });
        }
    }

    /// Every secret that it knows.
    pub fn secrets(&self) -> &[KnownSecret] {
        &self.secrets
    }

    /// The fingerprint of any secret, known or not.
    pub fn fingerprint(&self, secret: &str) -> String {
        self.key.fingerprint(secret)
    }

    /// Every place where a known secret shows, whole or as eight or more characters of its random
    /// part.
    pub fn find(&self, text: &str) -> Vec<Leak> {
        let bytes = text.as_bytes();
        let mut leaks: Vec<Leak> = Vec::new();
        let mut at = 0;
        while at + WINDOW <= bytes.len() {
            let Some(mut owner) = self.owner_of(&bytes[at..at + WINDOW]) else {
                at += 1;
                continue;
            };
            let mut end = at + WINDOW;
            // Secrets may begin alike: what comes later tells them apart.
            while end < bytes.len()
                && let Some(index) = self.owner_of(&bytes[end + 1 - WINDOW..=end])
            {
                owner = index;
                end += 1;
            }
            leaks.push(self.leak(owner, text, at..end));
            at = end;
        }
        for index in &self.short {
            let secret = self.secrets[*index].secret.expose();
            for (start, found) in text.match_indices(secret) {
                leaks.push(self.leak(*index, text, start..start + found.len()));
            }
        }
        leaks.sort_by_key(|leak| leak.range.start);
        leaks
    }

    fn owner_of(&self, window: &[u8]) -> Option<usize> {
        let window = <[u8; WINDOW]>::try_from(window).ok()?;
        self.windows.get(&window).copied()
    }

    fn leak(&self, index: usize, text: &str, range: Range<usize>) -> Leak {
        let known = &self.secrets[index];
        let prefix = &known.secret.expose().as_bytes()[..known.prefix_length];
        let before = &text.as_bytes()[..range.start];
        let start = if before.ends_with(prefix) {
            range.start - prefix.len()
        } else {
            range.start
        };
        Leak {
            kind: known.kind.clone(),
            fingerprint: self.key.fingerprint(known.secret.expose()),
            whole: start..range.end,
            range,
        }
    }

    /// A request or an answer as text, with every secret replaced, known or not: what stands
    /// where a secret does is taken for one.
    pub fn redact_message(&self, text: &str) -> String {
        let lines: Vec<String> = text
            .split('\n')
            .map(|line| self.redact_line(line))
            .collect();
        lines.join("\n")
    }

    fn redact_line(&self, line: &str) -> String {
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            // Only a word that can be a scheme is shown: a client may have left it out.
            let is_scheme = |word: &str| {
                word.len() <= 12 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
            };
            let parts = value
                .split_once(' ')
                .filter(|(scheme, _)| is_scheme(scheme));
            let (scheme, credentials) = parts.map_or(("", value), |(scheme, rest)| (scheme, rest));
            let space = if scheme.is_empty() { "" } else { " " };
            // A token that is known stays what it is; anything else is hidden as a whole.
            let known = self.redact(credentials);
            // Of Basic credentials a part is the secret, and the rest says nothing.
            let shown = if is_hidden(&known) && !scheme.eq_ignore_ascii_case("basic") {
                known
            } else {
                self.hidden("credentials", credentials)
            };
            return format!("{name}: {scheme}{space}{shown}");
        }
        let line = self.redact(line);
        if let Ok(mut json) = serde_json::from_str::<serde_json::Value>(&line)
            && json.is_object()
        {
            self.hide_members(&mut json);
            return json.to_string();
        }
        let mut parts: Vec<String> = Vec::new();
        for part in line.split_inclusive(['&', '?']) {
            let (pair, separator) = match part.strip_suffix(['&', '?']) {
                Some(pair) => (pair, &part[pair.len()..]),
                None => (part, ""),
            };
            parts.push(match pair.split_once('=') {
                Some((name, value)) if SECRET_PARAMETERS.contains(&name) => {
                    format!("{name}={}{separator}", self.hidden(name, value))
                }
                _ => part.to_owned(),
            });
        }
        parts.concat()
    }

    fn hide_members(&self, json: &mut serde_json::Value) {
        match json {
            serde_json::Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        serde_json::Value::String(text)
                            if SECRET_PARAMETERS.contains(&name.as_str()) =>
                        {
                            *text = self.hidden(name, text);
                        }
                        other => self.hide_members(other),
                    }
                }
            }
            serde_json::Value::Array(items) => {
                for item in items {
                    self.hide_members(item);
                }
            }
            _ => {}
        }
    }

    /// What is hidden already stays as it is.
    fn hidden(&self, kind: &str, value: &str) -> String {
        if value.is_empty() || is_hidden(value) {
            return value.to_owned();
        }
        format!("‹{kind} {}›", self.key.fingerprint(value))
    }

    /// The text with every secret replaced by what it is and its fingerprint.
    pub fn redact(&self, text: &str) -> String {
        let mut redacted = String::with_capacity(text.len());
        let mut done = 0;
        for leak in self.find(text) {
            // Windows are bytes: a range may begin or end inside a character of another script.
            let start = text.floor_char_boundary(leak.whole.start.max(done));
            let end = text.ceil_char_boundary(leak.range.end);
            if start < done {
                continue;
            }
            redacted.push_str(&text[done..start]);
            redacted.extend(["‹", &leak.kind, " ", &leak.fingerprint, "›"]);
            done = end;
        }
        redacted.push_str(&text[done.min(text.len())..]);
        redacted
    }
}

#[cfg(test)]
mod tests;
