//! Reading a query and a body into what an operation takes.
//!
//! What is wrong is said in words of our own: serde's quote what they did not expect, which may be
//! a token.

use rescind_model::source::nearest_hint;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::mistake::Mistake;
use super::schema::Known;

const NO_BODY: &str = "the body is not what the operation takes";
const LISTED: &str = "GET /_rescind/openapi.json says what each operation takes";

/// The parameters of a query.
pub(super) fn query<T: DeserializeOwned + JsonSchema>(query: &str) -> Result<T, Mistake> {
    let mut members = Map::new();
    if !query.is_empty() {
        let known = Known::of::<T>();
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            let (name, value) = parameter(&known, &name, &text)?;
            if members.insert(name.to_owned(), value).is_some() {
                let message = format!("`{name}` is given twice");
                return Err(Mistake::new(&message, "state it once"));
            }
        }
    }
    serde_json::from_value(Value::Object(members)).map_err(|error| {
        let (message, hint) = in_plain_words(&error.to_string());
        let message = format!("the query is not what the operation takes: {message}");
        Mistake::new(&message, &hint.unwrap_or_else(|| LISTED.to_owned()))
    })
}

/// A parameter of a query, of the kind that the operation takes.
fn parameter<'a>(known: &'a Known, name: &str, text: &str) -> Result<(&'a str, Value), Mistake> {
    let members = known.members();
    let Some((name, schema)) = members.iter().find(|(known, _)| *known == name) else {
        let names = members.iter().map(|(name, _)| *name);
        let hint = nearest_hint(name, names)
            .unwrap_or_else(|| "this operation takes no parameters in the query".to_owned());
        return Err(Mistake::new("a parameter that nobody knows", &hint));
    };
    let value = match known.kind(schema) {
        "integer" => {
            let number: Result<u64, _> = text.parse();
            Value::from(number.map_err(|_| {
                let message = format!("`{name}` is not a number");
                Mistake::new(&message, "a whole number from 0 on, or leave it out")
            })?)
        }
        _ => Value::from(text),
    };
    Ok((name, value))
}

/// The members of a body. An empty one has none.
pub(super) fn body<T: DeserializeOwned + JsonSchema>(body: &[u8]) -> Result<T, Mistake> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    let value: Value = serde_json::from_slice(body).map_err(|error| told(&error))?;
    // Serde would take the members of a list one after another for those of a type.
    let hint = "write `{\"member\": value}`";
    if !value.is_object() {
        let message = format!("{NO_BODY}: it is no object");
        return Err(Mistake::new(&message, hint).at(1, 1));
    }
    if let Some(path) = Known::of::<T>().misplaced_list(&value) {
        let message = format!("{NO_BODY}: a list at `{path}`, where members are to be named");
        return Err(Mistake::new(&message, hint));
    }
    serde_json::from_slice(body).map_err(|error| told(&error))
}

fn told(error: &serde_json::Error) -> Mistake {
    let text = error.to_string();
    let (message, hint) = match error.classify() {
        Category::Eof => ("it ends too early".to_owned(), None),
        Category::Syntax | Category::Io => ("it is no JSON".to_owned(), None),
        Category::Data => in_plain_words(&text),
    };
    let hint = hint.unwrap_or_else(|| LISTED.to_owned());
    let mistake = Mistake::new(&format!("{NO_BODY}: {message}"), &hint);
    mistake.at(error.line(), error.column())
}

/// What serde says, without what it quotes from the request: only what stands after its last
/// `expected` is ours.
fn in_plain_words(text: &str) -> (String, Option<String>) {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    let has_none = text.ends_with(", there are no fields");
    let expected = text.rsplit_once(", expected ").map(|(_, ours)| ours);
    let expected = expected.filter(|_| !has_none);
    let quoted = || {
        let (_, rest) = text.split_once('`')?;
        let (quoted, _) = rest.rsplit_once("`, expected ")?;
        Some(quoted)
    };
    let words: Vec<&str> = expected
        .into_iter()
        .flat_map(|ours| ours.split('`').skip(1).step_by(2))
        .collect();
    let nearest = quoted().and_then(|word| nearest_hint(word, words.iter().copied()));
    if text.starts_with("unknown field") {
        let hint = nearest.unwrap_or_else(|| "the operation takes no members there".to_owned());
        ("a member that nobody knows".to_owned(), Some(hint))
    } else if text.starts_with("unknown variant") {
        ("a word that nobody knows".to_owned(), nearest)
    } else if let Some(name) = text.strip_prefix("missing field ") {
        (format!("{name} is missing"), None)
    } else if let Some(name) = text.strip_prefix("duplicate field ") {
        (format!("{name} is given twice"), None)
    } else if let Some(ours) = expected {
        (
            "a value of another kind".to_owned(),
            Some(format!("it takes {ours}")),
        )
    } else {
        ("a value that makes no sense".to_owned(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, message: &str, hint: Option<&str>) {
        let (told, hinted) = in_plain_words(text);
        assert_eq!((told.as_str(), hinted.as_deref()), (message, hint));
    }

    #[test]
    fn only_our_own_words_are_repeated() {
        check(
            "unknown field `grnat`, expected one of `grant`, `user` at line 1 column 8",
            "a member that nobody knows",
            Some("did you mean `grant`?"),
        );
        check(
            "unknown field `secret`, expected `, expected `grant` at line 1 column 8",
            "a member that nobody knows",
            Some("known here: `grant`"),
        );
        check(
            "unknown field `secret`, there are no fields at line 1 column 8",
            "a member that nobody knows",
            Some("the operation takes no members there"),
        );
        check(
            "unknown field `a`, expected `secret`, there are no fields at line 1 column 8",
            "a member that nobody knows",
            Some("the operation takes no members there"),
        );
        check(
            "unknown variant `secret`, expected `access_token` or `refresh_token`",
            "a word that nobody knows",
            Some("known here: `access_token`, `refresh_token`"),
        );
        check(
            "invalid type: string \"secret, expected \", expected u64 at line 1 column 8",
            "a value of another kind",
            Some("it takes u64"),
        );
        check("missing field `grant`", "`grant` is missing", None);
        check("anything else", "a value that makes no sense", None);
    }
}
