//! Texts and JSON with named holes: `{name}`, `{name?}` for one that may be missing, `{{` and
//! `}}` for braces.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// The values that holes are filled with.
pub type Variables = BTreeMap<String, Value>;

/// Why a template could not be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// A hole whose name nothing answers to.
    Unknown {
        /// The name in the hole.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A brace that opens or closes nothing.
    Unbalanced,
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { name, .. } => {
                write!(formatter, "nothing is known by the name `{name}`")
            }
            Self::Unbalanced => formatter.write_str("a brace that opens or closes nothing"),
        }
    }
}

impl std::error::Error for TemplateError {}

/// How a filled-in value is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    None,
    /// As one segment of a path (RFC 3986 §3.3).
    PathSegment,
}

/// Unreserved characters stay (RFC 3986 §2.3); all else is escaped.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

enum Part<'a> {
    Text(&'a str),
    Hole { name: &'a str, optional: bool },
}

fn parts(template: &str) -> Result<Vec<Part<'_>>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        parts.push(Part::Text(before));
        if let Some(after) = from.strip_prefix("{{") {
            parts.push(Part::Text("{"));
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            parts.push(Part::Text("}"));
            rest = after;
        } else {
            let inside = from.strip_prefix('{').ok_or(TemplateError::Unbalanced)?;
            let (name, after) = inside.split_once('}').ok_or(TemplateError::Unbalanced)?;
            let (name, optional) = name
                .strip_suffix('?')
                .map_or((name, false), |name| (name, true));
            parts.push(Part::Hole { name, optional });
            rest = after;
        }
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

/// The names of a template's holes, for validation before anything runs.
///
/// # Errors
/// [`TemplateError::Unbalanced`] for a brace that opens or closes nothing.
pub fn names(template: &str) -> Result<Vec<&str>, TemplateError> {
    Ok(parts(template)?
        .into_iter()
        .filter_map(|part| match part {
            Part::Hole { name, .. } => Some(name),
            Part::Text(_) => None,
        })
        .collect())
}

/// Every text in a JSON value: its templates.
pub(crate) fn collect_texts<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(members) => members
            .values()
            .for_each(|member| collect_texts(member, texts)),
        _ => {}
    }
}

/// Fills a text.
///
/// # Errors
/// A name that nothing answers to, or a stray brace.
pub fn fill(
    template: &str,
    variables: &Variables,
    escape: Escape,
) -> Result<String, TemplateError> {
    let mut text = String::new();
    for part in parts(template)? {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Hole { name, optional } => match variables.get(name) {
                Some(value) => {
                    let value = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    match escape {
                        Escape::None => text.push_str(&value),
                        Escape::PathSegment => text.extend(utf8_percent_encode(&value, SEGMENT)),
                    }
                }
                None if optional => {}
                None => return Err(unknown(name, variables)),
            },
        }
    }
    Ok(text)
}

/// Fills every string of a JSON value. A string that is one hole and nothing else takes the
/// value with its type; if it is optional and missing, its member or element is left out.
///
/// # Errors
/// A name that nothing answers to, or a stray brace.
pub fn fill_json(template: &Value, variables: &Variables) -> Result<Option<Value>, TemplateError> {
    Ok(match template {
        Value::String(text) => match parts(text)?.as_slice() {
            [
                Part::Text(""),
                Part::Hole { name, optional },
                Part::Text(""),
            ] => match variables.get(*name) {
                Some(value) => Some(value.clone()),
                None if *optional => None,
                None => return Err(unknown(name, variables)),
            },
            _ => Some(Value::String(fill(text, variables, Escape::None)?)),
        },
        Value::Array(items) => {
            let mut filled = Vec::new();
            for item in items {
                filled.extend(fill_json(item, variables)?);
            }
            Some(Value::Array(filled))
        }
        Value::Object(members) => {
            let mut filled = serde_json::Map::new();
            for (key, value) in members {
                if let Some(value) = fill_json(value, variables)? {
                    filled.insert(key.clone(), value);
                }
            }
            Some(Value::Object(filled))
        }
        other => Some(other.clone()),
    })
}

fn unknown(name: &str, variables: &Variables) -> TemplateError {
    TemplateError::Unknown {
        name: name.to_owned(),
        known: variables.keys().cloned().collect(),
    }
}

/// Takes the values of a template's holes out of a text that the template describes, e.g.
/// `listening on {base_url}`. A hole reaches to the next white space.
pub fn extract(template: &str, text: &str) -> Option<Variables> {
    let mut found = Variables::new();
    let parts = parts(template).ok()?;
    let mut rest = text;
    for part in parts {
        match part {
            Part::Text(literal) => rest = rest.strip_prefix(literal)?,
            Part::Hole { name, .. } => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                found.insert(name.to_owned(), Value::String(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
    }
    rest.trim().is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variables() -> Variables {
        [("id", json!("a/b c")), ("enabled", json!(true))]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn check(template: &str, escape: Escape, expected: &str) {
        assert_eq!(
            fill(template, &variables(), escape).expect("the template fills"),
            expected
        );
    }

    #[test]
    fn holes_are_filled_and_escaped_as_asked() {
        check("/x/{id}/y", Escape::PathSegment, "/x/a%2Fb%20c/y");
        check(
            "{{{id}}} {enabled} {none?}.",
            Escape::None,
            "{a/b c} true .",
        );
    }

    #[test]
    fn json_keeps_types_and_leaves_out_what_is_missing() {
        let template =
            json!({"on": "{enabled}", "id": "<{id}>", "gone": "{none?}", "list": ["{none?}", 1]});
        let expected = json!({"on": true, "id": "<a/b c>", "list": [1]});
        assert_eq!(fill_json(&template, &variables()), Ok(Some(expected)));
    }

    #[test]
    fn a_missing_name_is_an_error() {
        let error = fill("{nope}", &variables(), Escape::None).expect_err("nothing is called nope");
        assert!(matches!(error, TemplateError::Unknown { name, .. } if name == "nope"));
        assert_eq!(
            fill("{nope", &variables(), Escape::None),
            Err(TemplateError::Unbalanced)
        );
    }

    #[test]
    fn a_ready_line_gives_the_address() {
        let found = extract(
            "listening on {base_url}",
            "listening on http://127.0.0.1:80",
        )
        .expect("it matches");
        assert_eq!(found["base_url"], json!("http://127.0.0.1:80"));
        assert!(extract("listening on {base_url}", "something else").is_none());
    }

    proptest::proptest! {
        #[test]
        fn an_escaped_value_is_one_segment(value in "\\PC{0,20}") {
            let variables = Variables::from([("v".to_owned(), json!(value))]);
            let filled = fill("/{v}", &variables, Escape::PathSegment).expect("v is known");
            proptest::prop_assert!(!filled[1..].contains(['/', '?', '#', ' ']));
            let back = percent_encoding::percent_decode_str(&filled[1..]).decode_utf8().expect("UTF-8 stays UTF-8").into_owned();
            proptest::prop_assert_eq!(back, value);
        }
    }
}
