//! What `rescind explain` says of an id, as data: `rescind.explanation/1`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::Confidence;
use crate::vocabulary::Level;

/// Everything that goes by one id. Keys never change their meaning; new ones may come.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// `rescind.explanation/1`
    pub schema: String,
    /// What was asked for.
    pub id: String,
    /// What goes by that id: one topic for each kind of thing.
    pub topics: Vec<Topic>,
}

/// One thing that goes by an id. `kind` says which of them it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Topic {
    /// A row of a requirement set.
    Requirement(RequirementTopic),
    /// A check of the judge.
    Check(CheckTopic),
    /// A scenario.
    Scenario(ScenarioTopic),
    /// A folder of scenarios.
    Folder(FolderTopic),
    /// A profile of a provider.
    Profile(ProfileTopic),
    /// A seeded bug of the reference service.
    Defect(DefectTopic),
    /// An allowed behaviour of the reference service.
    Variant(VariantTopic),
}

/// Where something is written, below the root of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrittenAt {
    /// The file. What is embedded in the program goes by its path in the repository.
    pub path: String,
    /// The line, counted from 1; none for what is a whole file, or has no one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl fmt::Display for WrittenAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}", self.path),
            None => formatter.write_str(&self.path),
        }
    }
}

/// Something else that an explanation points to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mention {
    /// Its id: `rescind explain` knows it.
    pub id: String,
    /// What it is about, in a sentence.
    pub about: String,
}

impl Mention {
    /// An id, and what it is about.
    pub fn new(id: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            about: about.into(),
        }
    }
}

/// A row that an explanation points to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowMention {
    /// Its id.
    pub id: String,
    /// The set that states it.
    pub set: String,
    /// How much it weighs here.
    pub level: Level,
    /// What it asks.
    pub text: String,
}

/// A row of a requirement set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RequirementTopic {
    /// Its id.
    pub id: String,
    /// The set that states it.
    pub set: String,
    /// How much it weighs.
    pub level: Level,
    /// What it asks.
    pub text: String,
    /// Where that comes from.
    pub source: String,
    /// Where it is written.
    pub written_at: WrittenAt,
    /// Why nothing judges it, if nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
    /// What part of it its checks do not reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreached: Option<String>,
    /// The checks that judge it, each with the level at which it does.
    pub checks: Vec<CheckMention>,
    /// The scenarios that name it.
    pub scenarios: Vec<Mention>,
    /// The defects that must fall to one of its checks.
    pub defects: Vec<DefectMention>,
    /// The variants that show what it allows.
    pub variants: Vec<Mention>,
}

/// A check of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckMention {
    /// Its id.
    pub id: String,
    /// What a violation weighs for the row.
    pub level: Level,
    /// What must hold.
    pub statement: String,
}

/// A defect, and the check that it must fall to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DefectMention {
    /// Its name.
    pub id: String,
    /// The check that it must make fail.
    pub check: String,
    /// What it does.
    pub summary: String,
}

/// A check of the judge.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckTopic {
    /// Its id.
    pub id: String,
    /// What must hold.
    pub statement: String,
    /// Where it is written.
    pub written_at: WrittenAt,
    /// The rows that list it.
    pub rows: Vec<RowMention>,
    /// The defects that must make it fail.
    pub defects: Vec<Mention>,
    /// The scenarios that name one of its rows; empty for an invariant, which is judged in every
    /// scenario.
    pub scenarios: Vec<Mention>,
}

/// A scenario.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioTopic {
    /// Its id.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// Where it is written.
    pub written_at: WrittenAt,
    /// The profiles that it runs at.
    pub profiles: Vec<Mention>,
    /// The words that it can be selected by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The rows that it names.
    pub rows: Vec<RowMention>,
    /// Public accounts of real bugs that it notices, as links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_in: Vec<String>,
    /// Its steps, in words.
    pub steps: Vec<StepInWords>,
    /// What the ledger must say at the end, in words.
    pub ledger: Vec<String>,
}

/// A step, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepInWords {
    /// What is done.
    pub does: String,
    /// What must come of it: any one of these. Empty if the step states nothing.
    pub outcomes: Vec<String>,
    /// Whether it shows that the scenario's refused request, corrected, takes effect.
    pub positive_control: bool,
}

/// A folder of scenarios.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FolderTopic {
    /// Its path below `scenarios/`.
    pub id: String,
    /// Where it is.
    pub written_at: WrittenAt,
    /// The scenarios below it.
    pub scenarios: Vec<Mention>,
}

/// A profile of a provider.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProfileTopic {
    /// Its name.
    pub id: String,
    /// The provider's name for people.
    pub title: String,
    /// What is particular about its revocation.
    pub summary: String,
    /// How sure its facts are.
    pub confidence: Option<Confidence>,
    /// Where the facts come from.
    pub sources: Vec<Statement>,
    /// What no source states, and why it is so.
    pub assumptions: Vec<Statement>,
    /// Where it is written.
    pub written_at: WrittenAt,
    /// The routes that a client can revoke by.
    pub routes: Vec<RouteInWords>,
    /// The scenarios that run at it.
    pub scenarios: Vec<Mention>,
}

/// A source or an assumption of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    /// The link, the section, or the reason.
    pub text: String,
    /// The fields of the profile that it speaks for, by their paths.
    pub fields: Vec<String>,
}

/// A route that a client can revoke by, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteInWords {
    /// Its name.
    pub name: String,
    /// The HTTP method.
    pub method: String,
    /// The path below the provider's address.
    pub path: String,
    /// How a client may authenticate.
    pub authentication: String,
    /// What a call ends.
    pub ends: String,
    /// What it answers, and when.
    pub answers: Vec<AnswerInWords>,
}

/// An answer of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerInWords {
    /// When it is given: `success`, `dead`, `unknown` and so on, as the profile calls it.
    pub when: String,
    /// The status code.
    pub status: u16,
    /// The body; empty if there is none.
    pub body: String,
}

/// A seeded bug of the reference service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DefectTopic {
    /// Its name.
    pub id: String,
    /// What it does.
    pub summary: String,
    /// The public bugs that it imitates, or the row of the contract that it breaks.
    pub sources: Vec<String>,
    /// Where it is written.
    pub written_at: WrittenAt,
    /// The check that it must make fail.
    pub check: Mention,
    /// The rows that list that check.
    pub rows: Vec<RowMention>,
    /// The command that runs the service with it.
    pub see_it: String,
    /// The command that shows that the suite finds it.
    pub prove_it: String,
}

/// An allowed behaviour of the reference service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VariantTopic {
    /// Its name.
    pub id: String,
    /// What it does.
    pub summary: String,
    /// Where it is written.
    pub written_at: WrittenAt,
    /// The row that leaves the choice.
    pub rows: Vec<RowMention>,
    /// The command that runs the service with it.
    pub see_it: String,
    /// The command that shows that the suite lets it pass.
    pub prove_it: String,
}
