//! Calls as lines for a shell. What is secret in them comes from variables, and so does what
//! another run has otherwise: addresses, and what an answer named.

use std::cmp::Reverse;

use rescind_model::secret::SecretScanner;

use crate::record::Sent;

/// What a text is too short for to be looked for everywhere, in bytes.
const SHORT: usize = 4;

/// What a variable holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The text.
    pub text: String,
    /// The variable's name.
    pub variable: String,
}

/// A line that sends the call of a finding again. Its variables are named after what they hold.
pub fn of_finding(sent: &Sent, scanner: &SecretScanner, base_url: Option<&str>) -> String {
    let address = base_url.map_or_else(|| "$BASE_URL".to_owned(), quoted);
    let name = |kind: &str, _: &str| kind.to_uppercase();
    let written = |text: &str| with_variables(text, &[], scanner, &name);
    curl("curl -i", &address, sent, written)
}

/// A line that sends a call. `written` says how a text stands between double quotes.
pub fn curl(command: &str, address: &str, sent: &Sent, written: impl Fn(&str) -> String) -> String {
    let path = written(&sent.path);
    let mut line = format!("{command} -X {} \"{address}{path}\"", sent.method);
    for (name, value) in &sent.headers {
        line.extend([" -H \"", name, ": ", &written(value), "\""]);
    }
    if let Some(body) = &sent.body {
        line.extend([" -d \"", &written(body), "\""]);
    }
    line
}

/// A text for the inside of double quotes, with variables for what they hold, and for secrets.
/// `name` names the variable of a secret, by its kind and its fingerprint.
pub fn with_variables(
    text: &str,
    held: &[Held],
    scanner: &SecretScanner,
    name: &impl Fn(&str, &str) -> String,
) -> String {
    let found = held
        .iter()
        .filter_map(|held| place(text, &held.text).map(|at| (at, held)));
    // Of those that begin at one place, the longest.
    let first = found.min_by_key(|(at, held)| (*at, Reverse(held.text.len())));
    let Some((at, first)) = first else {
        return secrets(text, scanner, name);
    };
    let rest = &text[at + first.text.len()..];
    format!(
        "{}${{{}}}{}",
        secrets(&text[..at], scanner, name),
        first.variable,
        with_variables(rest, held, scanner, name)
    )
}

/// Where a text stands by itself, and not as a part of a longer word; a short one only where a part
/// of a path or a value in JSON is nothing else.
fn place(text: &str, wanted: &str) -> Option<usize> {
    let is_apart = |neighbour: Option<char>| {
        neighbour.is_none_or(|character| {
            if wanted.len() < SHORT {
                matches!(character, '/' | '"' | '?' | '&' | '=')
            } else {
                !character.is_ascii_alphanumeric()
            }
        })
    };
    let mut found = text.match_indices(wanted);
    let found = found.find(|(at, found)| {
        !wanted.is_empty()
            && is_apart(text[..*at].chars().next_back())
            && is_apart(text[at + found.len()..].chars().next())
    });
    found.map(|(at, _)| at)
}

/// A text with variables for secrets alone.
fn secrets(text: &str, scanner: &SecretScanner, name: &impl Fn(&str, &str) -> String) -> String {
    let mut shown = String::new();
    let mut done = 0;
    for leak in scanner.find(text) {
        if leak.whole.start >= done {
            shown.push_str(&quoted(&text[done..leak.whole.start]));
            shown.extend(["${", &name(&leak.kind, &leak.fingerprint), "}"]);
            done = leak.whole.end;
        }
    }
    shown.push_str(&quoted(&text[done..]));
    shown
}

/// For the inside of double quotes in a shell.
pub fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "\\$")
        .replace('`', "\\`")
}

/// For a shell between single quotes, these included.
pub fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rescind_model::secret::{FingerprintKey, KnownSecret, Secret};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut scanner = SecretScanner::new(FingerprintKey::of_seed("seed"));
        scanner.add(KnownSecret {
            kind: "access_token".into(),
            secret: Secret::new("ya29.AbCd+fGh/jKlMnOp"),
            prefix_length: 5,
        });
        let held = |text: &str, variable: &str| Held {
            text: text.to_owned(),
            variable: variable.to_owned(),
        };
        let held = [
            held("http://127.0.0.1:1/3", "PROVIDER"),
            held("ca_12", "ACCOUNT_ID"),
            held("7", "NUMBER"),
        ];
        let name = |kind: &str, _: &str| kind.to_uppercase();
        assert_eq!(with_variables(text, &held, &scanner, &name), expected);
    }

    #[test]
    fn what_variables_hold_stands_by_itself() {
        check("/a/ca_12/revoke", "/a/${ACCOUNT_ID}/revoke");
        check("/a/ca_123/revoke", "/a/ca_123/revoke");
        check("/v3.7/a/7", "/v3.7/a/${NUMBER}");
        check(
            "{\"url\":\"http://127.0.0.1:1/3/token\",\"n\":\"7\"}",
            "{\\\"url\\\":\\\"${PROVIDER}/token\\\",\\\"n\\\":\\\"${NUMBER}\\\"}",
        );
    }

    #[test]
    fn a_secret_is_replaced_with_its_prefix_and_the_rest_is_quoted() {
        check(
            "{\"t\":\"ya29.AbCd+fGh/jKlMnOp\",\"p\":\"$x`\\\\\"}",
            "{\\\"t\\\":\\\"${ACCESS_TOKEN}\\\",\\\"p\\\":\\\"\\$x\\`\\\\\\\\\\\"}",
        );
    }
}
