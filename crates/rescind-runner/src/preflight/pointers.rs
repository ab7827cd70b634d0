//! Where an answer's JSON holds what a JSON pointer of the target file did not find.

use rescind_model::secret::SecretScanner;
use rescind_model::source::nearest_hint;
use serde_json::Value;

use super::said;

/// How many places of an answer are looked at.
const MOST_PLACES: usize = 200;

/// The next step for a pointer that leads nowhere: the place that holds what is wanted, or else
/// those whose names are nearest.
pub fn hint(
    json: Option<&Value>,
    pointer: &str,
    scanner: &SecretScanner,
    is_wanted: impl Fn(&Value) -> bool,
) -> String {
    let Some(json) = json else {
        return "the answer is no JSON: correct the path".to_owned();
    };
    let mut places = Vec::new();
    collect(json, "", scanner, &mut places);
    if let Some((place, _)) = places.iter().find(|(_, value)| is_wanted(value)) {
        return format!("did you mean `{place}`?");
    }
    let names = places.iter().map(|(place, _)| place.as_str());
    nearest_hint(pointer, names).map_or_else(
        || "the answer holds nothing that could be meant: correct the path".to_owned(),
        |hint| hint.replace("known here", "in the answer"),
    )
}

/// Every text, number and truth value of a JSON value, with the pointer to it (RFC 6901 §3). A
/// member whose name may be a secret is left out.
fn collect<'a>(
    value: &'a Value,
    place: &str,
    scanner: &SecretScanner,
    places: &mut Vec<(String, &'a Value)>,
) {
    if places.len() >= MOST_PLACES {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if said::word(name, scanner).is_some() {
                    collect(member, &format!("{place}/{name}"), scanner, places);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{place}/{index}"), scanner, places);
            }
        }
        Value::Null => {}
        _ if place.is_empty() => {}
        leaf => places.push((place.to_owned(), leaf)),
    }
}
