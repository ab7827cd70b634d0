//! Requirement sets: the contract as dated, frozen rows. A later set extends an earlier one: it
//! states only what it adds or says anew.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::{self, Diagnostic, Located, SourceFile};
use crate::vocabulary::Level;

/// A dated set of requirements, with everything that it inherits. Ids never change meaning and are
/// never reused.
#[derive(Clone, Debug)]
pub struct RequirementSet {
    /// The contract that the set belongs to, e.g. `connected-accounts`.
    pub contract: String,
    /// The set's own name: the contract and a date.
    pub name: String,
    /// Where the rows that the set itself states come from.
    pub source: String,
    /// The set that it builds on, if it builds on one.
    pub extends: Option<String>,
    /// The words that a list of revoked subjects may hold beside `access_token` and
    /// `refresh_token`.
    pub extra_subjects: Vec<Located<String>>,
    /// The file that states it.
    pub file: SourceFile,
    /// The rows: those inherited in the order of the set that they come from, then those added.
    pub requirements: Vec<Requirement>,
}

/// A requirement set, as a person writes it. Ids never change meaning and are never reused.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementSetFile {
    /// The contract that the set belongs to, e.g. `connected-accounts`.
    pub contract: Located<String>,
    /// The set's own name, which is also its file's: the contract and a date.
    pub name: String,
    /// Where the rows come from.
    pub source: String,
    /// The set of the same contract whose rows hold here too. A row that is stated again takes the
    /// place of the inherited one.
    #[serde(default)]
    pub extends: Option<Located<String>>,
    /// The words that a list of revoked subjects may hold beside `access_token` and
    /// `refresh_token`; they add to those that are inherited.
    #[serde(default)]
    pub extra_subjects: Vec<Located<String>>,
    /// The rows; of a set that extends another, only those that it adds or states anew.
    #[serde(rename = "requirement")]
    pub requirements: Vec<Requirement>,
}

/// The file of a set, and the files of the sets that it may extend. A set is found by its file's
/// name.
#[derive(Clone, Debug)]
pub struct SetFiles {
    /// The set that is meant.
    pub chosen: SourceFile,
    /// All the sets that there are.
    pub known: Vec<SourceFile>,
}

impl SetFiles {
    fn named(&self, name: &str) -> Option<&SourceFile> {
        self.known.iter().find(|file| name_of(file) == name)
    }
}

impl From<&SourceFile> for SetFiles {
    fn from(file: &SourceFile) -> Self {
        Self {
            chosen: file.clone(),
            known: Vec::new(),
        }
    }
}

impl From<&Self> for SetFiles {
    fn from(files: &Self) -> Self {
        files.clone()
    }
}

/// The name that a set's file goes by: that of the file, without folder and ending.
fn name_of(file: &SourceFile) -> &str {
    let name = file.path().rsplit(['/', '\\']).next().unwrap_or_default();
    name.strip_suffix(".toml").unwrap_or(name)
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
    /// The file that states the row: of an inherited one, that of the set it comes from.
    #[serde(skip)]
    pub file: SourceFile,
}

impl RequirementSet {
    /// Reads a set, with what it inherits, and validates it against the ids of the checks that
    /// exist.
    ///
    /// # Errors
    /// Every mistake in the file, or in those that it builds on.
    pub fn parse(
        files: impl Into<SetFiles>,
        known_checks: &[&str],
    ) -> Result<Self, Vec<Diagnostic>> {
        let files = files.into();
        let mut reader = Reader {
            files: &files,
            known_checks,
            being_read: Vec::new(),
        };
        reader.read(&files.chosen)
    }

    /// The rows that the set itself states: those that it adds, and those that it states anew.
    pub fn own_rows(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements
            .iter()
            .filter(|row| row.file.path() == self.file.path())
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

/// Reads a set and those that it builds on, one inside the other.
struct Reader<'a> {
    files: &'a SetFiles,
    known_checks: &'a [&'a str],
    /// The names of the sets that extend each other up to the one that is being read.
    being_read: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, file: &SourceFile) -> Result<RequirementSet, Vec<Diagnostic>> {
        let own: RequirementSetFile = source::parse(file).map_err(|diagnostic| vec![diagnostic])?;
        let mut mistakes = mistakes_in_rows(file, &own.requirements, self.known_checks);
        self.being_read.push(name_of(file).to_owned());
        let base = match own.extends.as_ref().map(|name| self.base(file, name)) {
            None => None,
            Some(Ok(base)) => Some(base),
            Some(Err(found)) => {
                mistakes.extend(found);
                None
            }
        };
        self.being_read.pop();
        if let Some(base) = base.as_ref().filter(|base| base.contract != *own.contract) {
            mistakes.push(
                Diagnostic::new(
                    file,
                    own.contract.span(),
                    format!(
                        "a set of the contract `{}` cannot extend one of `{}`",
                        *own.contract, base.contract
                    ),
                )
                .hint(format!("write `{}`, or extend another set", base.contract)),
            );
        }
        if mistakes.is_empty() {
            Ok(merged(base, own, file))
        } else {
            Err(mistakes)
        }
    }

    /// The set that another one extends.
    fn base(
        &mut self,
        file: &SourceFile,
        name: &Located<String>,
    ) -> Result<RequirementSet, Vec<Diagnostic>> {
        let mistake = |message: String| Diagnostic::new(file, name.span(), message);
        if let Some(first) = self.being_read.iter().position(|above| above == name.get()) {
            let way = self.being_read[first..].join("` extends `");
            return Err(vec![
                mistake(format!(
                    "a set cannot extend itself: `{way}` extends `{}`",
                    **name
                ))
                .hint("leave `extends` out of the oldest of them"),
            ]);
        }
        let Some(base) = self.files.named(name) else {
            let unknown = mistake(format!("unknown requirement set `{}`", **name));
            let known = self.files.known.iter().map(name_of);
            return Err(vec![if self.files.known.is_empty() {
                unknown.hint("no other set is known here: state every row in this file")
            } else {
                unknown.hint_nearest(name, known)
            }]);
        };
        self.read(&base.clone())
    }
}

/// A set's own rows over those that it inherits.
fn merged(
    base: Option<RequirementSet>,
    own: RequirementSetFile,
    file: &SourceFile,
) -> RequirementSet {
    let mut requirements = Vec::new();
    let mut extra_subjects = Vec::new();
    if let Some(base) = base {
        requirements = base.requirements;
        extra_subjects = base.extra_subjects;
        for row in &mut requirements {
            // Without a source of its own, a row's is that of the set that states it.
            row.source.get_or_insert_with(|| base.source.clone());
        }
    }
    for mut row in own.requirements {
        row.file = file.clone();
        let inherited = requirements
            .iter_mut()
            .find(|earlier: &&mut Requirement| *earlier.id == *row.id);
        match inherited {
            Some(inherited) => *inherited = row,
            None => requirements.push(row),
        }
    }
    extra_subjects.extend(own.extra_subjects);
    RequirementSet {
        contract: own.contract.get().clone(),
        name: own.name,
        source: own.source,
        extends: own.extends.map(|name| name.get().clone()),
        extra_subjects,
        file: file.clone(),
        requirements,
    }
}

/// Every mistake in the rows of one file.
fn mistakes_in_rows(
    file: &SourceFile,
    rows: &[Requirement],
    known_checks: &[&str],
) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mistake = |message: String| Diagnostic::new(file, row.id.span(), message);
        if rows[..index].iter().any(|earlier| *earlier.id == *row.id) {
            mistakes.push(
                mistake(format!("requirement `{}` is there twice", *row.id))
                    .hint("an id is never reused: remove one, or give it an id of its own"),
            );
        }
        if let Some(problem) = row.judging_problem() {
            mistakes.push(
                mistake(format!("requirement `{}` has {problem}", *row.id))
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
    mistakes
}

impl Requirement {
    /// What is wrong with how a row says by what it is judged.
    fn judging_problem(&self) -> Option<&'static str> {
        let judged = !self.checks.is_empty() || !self.should.is_empty();
        let has_reason = self
            .excluded
            .as_ref()
            .is_some_and(|reason| !reason.trim().is_empty());
        match (judged, &self.excluded) {
            (true, Some(_)) => Some("both checks and a reason to be excluded"),
            (false, _) if !has_reason => Some("neither checks nor a reason to be excluded"),
            _ => None,
        }
    }

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
