//! Requirement sets: the contract as dated, frozen rows.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::{self, Diagnostic, Located, SourceFile};
use crate::vocabulary::Level;

/// A dated set of requirements. Ids never change meaning and are never reused.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementSet {
    /// The contract that the set belongs to, e.g. `connected-accounts`.
    pub contract: String,
    /// The set's own name: the contract and a date.
    pub name: String,
    /// Where the rows come from.
    pub source: String,
    /// The rows.
    #[serde(rename = "requirement")]
    pub requirements: Vec<Requirement>,
}

/// One row of a contract.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The row's id, e.g. `CA-409-STATE`.
    pub id: Located<String>,
    /// What a violation of its `checks` comes to.
    pub level: Level,
    /// What it asks, in a sentence.
    pub text: String,
    /// Where it is written, if not where the whole set is.
    #[serde(default)]
    pub source: Option<String>,
    /// The checks that judge it at its level.
    #[serde(default)]
    pub checks: Vec<Located<String>>,
    /// The checks that judge its weaker half: violations only warn.
    #[serde(default)]
    pub should: Vec<Located<String>>,
    /// Why no check judges it (yet).
    #[serde(default)]
    pub excluded: Option<String>,
    /// What part of the row its checks do not reach (yet).
    #[serde(default)]
    pub unreached: Option<String>,
}

impl RequirementSet {
    /// Reads a set and validates it against the ids of the checks that exist.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(file: &SourceFile, known_checks: &[&str]) -> Result<Self, Vec<Diagnostic>> {
        let set: Self = source::parse(file).map_err(|diagnostic| vec![diagnostic])?;
        let mut mistakes = Vec::new();
        for (index, row) in set.requirements.iter().enumerate() {
            if set.requirements[..index]
                .iter()
                .any(|earlier| *earlier.id == *row.id)
            {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        row.id.span(),
                        format!("requirement `{}` is there twice", *row.id),
                    )
                    .hint("an id is never reused: remove one, or give it an id of its own"),
                );
            }
            let judged = !row.checks.is_empty() || !row.should.is_empty();
            let has_reason = row
                .excluded
                .as_ref()
                .is_some_and(|reason| !reason.trim().is_empty());
            let problem = match (judged, &row.excluded) {
                (true, Some(_)) => Some("both checks and a reason to be excluded"),
                (false, _) if !has_reason => Some("neither checks nor a reason to be excluded"),
                _ => None,
            };
            if let Some(problem) = problem {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        row.id.span(),
                        format!("requirement `{}` has {problem}", *row.id),
                    )
                    .hint("list its checks under `checks` or `should`, or say under `excluded` why it has none"),
                );
            }
            for check in row.checks.iter().chain(&row.should) {
                if !known_checks.contains(&check.as_str()) {
                    mistakes.push(
                        Diagnostic::new(file, check.span(), format!("unknown check `{}`", **check))
                            .hint_nearest(check, known_checks.iter().copied()),
                    );
                }
            }
        }
        if mistakes.is_empty() {
            Ok(set)
        } else {
            Err(mistakes)
        }
    }

    /// The row of that id.
    pub fn row(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|row| *row.id == id)
    }

    /// The rows that list a check, with the level at which each is judged by it.
    pub fn rows_of_check<'a>(
        &'a self,
        check: &'a str,
    ) -> impl Iterator<Item = (&'a Requirement, Level)> {
        self.requirements
            .iter()
            .filter_map(move |row| row.level_of(check).map(|level| (row, level)))
    }
}

impl Requirement {
    /// The level at which a check judges this row; none if it does not.
    pub fn level_of(&self, check: &str) -> Option<Level> {
        if self.checks.iter().any(|listed| **listed == check) {
            Some(self.level)
        } else if self.should.iter().any(|listed| **listed == check) {
            Some(Level::Should)
        } else {
            None
        }
    }
}
