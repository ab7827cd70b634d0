//! Where each fact of a profile comes from: a source that states it, or an assumption that says why
//! it is so.
//!
//! A field is named by its path in the file, `tokens.access_token.prefix`; a member of a list of
//! tables by its name, `revocation_route.revoke.answers.dead`. A list whose members have no names is
//! one field. Who names a table names all that is in it; where something in it is named elsewhere, too,
//! that speaks for it.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use super::Profile;
use crate::source::{Diagnostic, Located, SourceFile};

/// What a profile says of itself and not of the provider.
const OF_ITSELF: [&str; 5] = ["title", "summary", "confidence", "sources", "assumptions"];

/// How sure a profile's facts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The provider's own words, or a rule that the profile is made to show.
    High,
    /// Partly others' words: client libraries, reports of what was seen.
    Medium,
    /// Mostly so.
    Low,
}

impl Confidence {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Texts, each with the fields that it speaks for.
pub type Statements = BTreeMap<String, Vec<Located<String>>>;

/// A field of a file, and where it stands.
struct Field {
    path: String,
    span: Range<usize>,
    /// Whether it has no fields of its own.
    is_leaf: bool,
}

impl Profile {
    /// Fields that are named and not there.
    pub(super) fn misnamed_fields(&self, file: &SourceFile) -> Vec<Diagnostic> {
        let fields = fields(file);
        let known = || fields.iter().map(|field| field.path.as_str());
        let named = self.sources.values().chain(self.assumptions.values());
        named
            .flatten()
            .filter(|path| !known().any(|known| known == path.as_str()))
            .map(|path| {
                let problem = format!("this profile has no field `{}`", path.as_str());
                Diagnostic::new(file, path.span(), problem).hint_nearest(path, known())
            })
            .collect()
    }

    /// A mistake for each field that no source states and no assumption explains, and for a
    /// confidence that is not stated: what a profile of a real provider must not have.
    pub fn without_provenance(&self) -> Vec<Diagnostic> {
        let file = &self.file;
        let mut mistakes = Vec::new();
        if self.confidence.is_none() {
            let problem = "a profile that does not say how sure it is";
            mistakes.push(
                Diagnostic::new(file, 0..0, problem)
                    .hint("add `confidence = \"high\"`, `\"medium\"` or `\"low\"`"),
            );
        }
        let named = self.sources.values().chain(self.assumptions.values());
        let named: Vec<&str> = named.flatten().map(|path| path.as_str()).collect();
        let speaks_for = |path: &str| {
            named.iter().any(|named| {
                path.strip_prefix(named)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        let unexplained = fields(file)
            .into_iter()
            .filter(|field| field.is_leaf && !speaks_for(&field.path));
        mistakes.extend(unexplained.map(|field| {
            let problem = format!("nothing says where `{}` is from", field.path);
            Diagnostic::new(file, field.span, problem).hint(
                "name it under the source that states it, or under an assumption that says why it is so",
            )
        }));
        mistakes
    }
}

/// Every field of a profile that says something of the provider.
fn fields(file: &SourceFile) -> Vec<Field> {
    let mut found = Vec::new();
    // What is no TOML has been said already.
    if let Ok(table) = DeTable::parse(file.text()) {
        of_table(table.get_ref(), "", &mut found);
    }
    found
}

fn of_table(table: &DeTable<'_>, below: &str, found: &mut Vec<Field>) {
    for (key, value) in table {
        let key = key.get_ref();
        // A name inside of a table is this file's own word for it.
        let is_own_word = if below.is_empty() {
            OF_ITSELF.contains(&key.as_ref())
        } else {
            key == "name"
        };
        if !is_own_word {
            let path = joined(below, key);
            of_value(value.get_ref(), value.span(), &path, found);
        }
    }
}

fn of_value(value: &DeValue<'_>, span: Range<usize>, path: &str, found: &mut Vec<Field>) {
    let tables = tables_of(value);
    found.push(Field {
        path: path.to_owned(),
        span,
        is_leaf: tables.is_empty(),
    });
    for (name, table) in tables {
        let below = name.map_or_else(|| path.to_owned(), |name| joined(path, &name));
        if below != path {
            found.push(Field {
                path: below.clone(),
                span: 0..0,
                is_leaf: false,
            });
        }
        of_table(table, &below, found);
    }
}

/// The tables that a value is made of: itself, or the members of a list, by their names.
fn tables_of<'a, 'i>(value: &'a DeValue<'i>) -> Vec<(Option<String>, &'a DeTable<'i>)> {
    match value {
        DeValue::Table(table) => vec![(None, table)],
        DeValue::Array(members) => {
            let named = members.iter().map(|member| {
                let table = member.get_ref().as_table()?;
                let name = table.get("name")?.get_ref().as_str()?;
                Some((Some(name.to_owned()), table))
            });
            named.collect::<Option<_>>().unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn joined(below: &str, key: &str) -> String {
    if below.is_empty() {
        key.to_owned()
    } else {
        format!("{below}.{key}")
    }
}
