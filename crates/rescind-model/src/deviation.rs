//! Deviations: findings that somebody has accepted, each for one check of one case, with what was
//! observed, why it is accepted, and until when. Whatever is no longer so fails: an entry is an
//! agreement on one thing, and no place to forget others in.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::value::Datetime;

use crate::calendar::CalendarDate;
use crate::event::{CaseId, SNAPSHOT};
use crate::source::{self, Diagnostic, Located, SourceFile};
use crate::verdict::Verdict;

/// How many days an entry holds that is made from a finding, before a person shortens it.
const DAYS_OF_A_NEW_ENTRY: u64 = 90;

/// A file of deviations, as a person writes it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviationsFile {
    /// The findings that are accepted.
    #[serde(default, rename = "deviation")]
    pub deviations: Vec<DeviationEntry>,
}

/// A finding that is accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviationEntry {
    /// The check that does not hold: `rescind list checks` shows them.
    pub check: Located<String>,
    /// The case in which it does not: `scenario@profile`.
    pub case: Located<String>,
    /// What was observed, as the finding says it. Another observation is another finding.
    pub observed: Located<String>,
    /// Why it is accepted.
    pub reason: Located<String>,
    /// The last day on which it is accepted.
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: Located<Datetime>,
}

/// The deviations of a file.
#[derive(Clone, Debug, Default)]
pub struct Deviations {
    /// The file that states them.
    pub file: SourceFile,
    /// They, in its order.
    pub entries: Vec<Deviation>,
}

/// A finding that is accepted.
#[derive(Clone, Debug)]
pub struct Deviation {
    /// The check that does not hold.
    pub check: Located<String>,
    /// The case in which it does not.
    pub case: Located<CaseId>,
    /// What was observed.
    pub observed: Located<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is accepted.
    pub expires: Located<CalendarDate>,
}

/// The deviations of a run, and the day on which it takes place.
#[derive(Clone, Debug, Default)]
pub struct AcceptedDeviations {
    /// The deviations; none without a file.
    pub deviations: Deviations,
    /// The day: nothing here asks for it.
    pub today: CalendarDate,
}

/// What a deviation makes of a check's verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviated {
    /// What the check comes to.
    pub verdict: Verdict,
    /// What is to be said of it, beside what was observed.
    pub note: String,
    /// Whether the entry itself is what must be mended, rather than the target.
    pub mend_the_entry: bool,
}

impl Deviations {
    /// Reads a file of deviations and validates it in itself.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        let read: DeviationsFile = source::parse(file).map_err(|mistake| vec![mistake])?;
        let mut mistakes = Vec::new();
        let mut entries: Vec<Deviation> = Vec::new();
        for entry in read.deviations {
            match entry.validated(file) {
                Err(found) => mistakes.extend(found),
                Ok(entry) => {
                    let is_same = |other: &Deviation| {
                        *other.check == *entry.check && *other.case == *entry.case
                    };
                    if entries.iter().any(is_same) {
                        let message = format!(
                            "there are two deviations of `{}` at `{}`",
                            *entry.check, *entry.case
                        );
                        mistakes.push(
                            Diagnostic::new(file, entry.check.span(), message)
                                .hint("remove one: a check comes to one thing in a case"),
                        );
                    }
                    entries.push(entry);
                }
            }
        }
        if mistakes.is_empty() {
            Ok(Self {
                file: file.clone(),
                entries,
            })
        } else {
            Err(mistakes)
        }
    }

    /// Holds the names in the file against those that there are.
    ///
    /// # Errors
    /// Every check and every case that there is not.
    pub fn validate_names<'a>(
        &self,
        checks: &[&str],
        known_cases: impl Fn(&CaseId) -> bool,
        all_cases: impl Fn() -> Vec<&'a str>,
    ) -> Result<(), Vec<Diagnostic>> {
        let mut mistakes = Vec::new();
        for entry in &self.entries {
            if !checks.contains(&entry.check.as_str()) {
                let message = format!("there is no check `{}`", *entry.check);
                let mistake = Diagnostic::new(&self.file, entry.check.span(), message);
                mistakes.push(if *entry.check == SNAPSHOT {
                    mistake.hint("a snapshot is accepted by `--snapshots review`")
                } else {
                    mistake.hint_nearest(&entry.check, checks.iter().copied())
                });
            }
            if !known_cases(&entry.case) {
                let message = format!("there is no case `{}`", *entry.case);
                let mistake = Diagnostic::new(&self.file, entry.case.span(), message);
                mistakes.push(mistake.hint_nearest(&entry.case.to_string(), all_cases()));
            }
        }
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(mistakes)
        }
    }

    /// The entry of a check in a case.
    pub fn of(&self, check: &str, case: &CaseId) -> Option<&Deviation> {
        self.entries
            .iter()
            .find(|entry| *entry.check == check && *entry.case == *case)
    }
}

impl DeviationEntry {
    fn validated(self, file: &SourceFile) -> Result<Deviation, Vec<Diagnostic>> {
        let mut mistakes = Vec::new();
        for (key, text) in [("observed", &self.observed), ("reason", &self.reason)] {
            if text.trim().is_empty() {
                let message = format!("`{key}` is empty");
                let hint = if key == "observed" {
                    "copy it from the finding: its output holds an entry that is ready to paste"
                } else {
                    "say why it is accepted, and where that is written down"
                };
                mistakes.push(Diagnostic::new(file, text.span(), message).hint(hint));
            }
        }
        let case = self
            .case
            .split_once('@')
            .filter(|(scenario, profile)| !scenario.is_empty() && !profile.is_empty())
            .map(|(scenario, profile)| CaseId {
                scenario: scenario.to_owned(),
                profile: profile.to_owned(),
            });
        if case.is_none() {
            let message = format!("`{}` names no case", *self.case);
            mistakes.push(
                Diagnostic::new(file, self.case.span(), message)
                    .hint("a case is a scenario at a profile: `connected-accounts/success/both-killed@rfc7009`"),
            );
        }
        let expires = a_day(*self.expires);
        if expires.is_none() {
            mistakes.push(
                Diagnostic::new(
                    file,
                    self.expires.span(),
                    "a day is expected, not a time of one",
                )
                .hint("write year, month and day: `2027-01-31`"),
            );
        }
        match (case, expires) {
            (Some(case), Some(expires)) if mistakes.is_empty() => Ok(Deviation {
                check: self.check,
                case: self.case.map(|_| case),
                observed: self.observed,
                reason: self.reason.get().clone(),
                expires: self.expires.map(|_| expires),
            }),
            _ => Err(mistakes),
        }
    }
}

fn a_day(moment: Datetime) -> Option<CalendarDate> {
    match (moment.date, moment.time, moment.offset) {
        (Some(date), None, None) => CalendarDate::new(date.year, date.month, date.day),
        _ => None,
    }
}

impl Deviation {
    /// What it makes of what its check came to on a day, where that was observed; nothing where the
    /// check was not judged, for then nothing is known.
    pub fn judge(&self, verdict: Verdict, observed: &str, today: CalendarDate) -> Option<Deviated> {
        let (verdict, note, mend_the_entry) = match verdict {
            Verdict::Pass => (
                Verdict::UnexpectedPass,
                "it holds, though a deviation says that it does not: take the entry out".to_owned(),
                true,
            ),
            Verdict::Fail | Verdict::Warn if *self.observed != observed => (
                Verdict::Fail,
                format!("a deviation accepts something else: {}", *self.observed),
                false,
            ),
            Verdict::Fail | Verdict::Warn if today > *self.expires => (
                Verdict::Fail,
                format!("it was accepted until {}, and that is over", *self.expires),
                true,
            ),
            Verdict::Fail | Verdict::Warn => (
                Verdict::ExpectedFail,
                format!("accepted until {}: {}", *self.expires, self.reason),
                false,
            ),
            Verdict::Excluded
            | Verdict::NotApplicable
            | Verdict::ExpectedFail
            | Verdict::Untestable
            | Verdict::NotRun
            | Verdict::UnexpectedPass
            | Verdict::HarnessError => return None,
        };
        Some(Deviated {
            verdict,
            note,
            mend_the_entry,
        })
    }
}

/// An entry for a finding, ready to paste into a file of deviations; what remains to be said is
/// why.
pub fn entry(check: &str, case: &CaseId, observed: &str, today: CalendarDate) -> String {
    format!(
        "[[deviation]]\ncheck = {}\ncase = {}\nobserved = {}\nreason = \"say why, and where that is written down\"\nexpires = {}\n",
        quoted(check),
        quoted(&case.to_string()),
        quoted(observed),
        today.plus_days(DAYS_OF_A_NEW_ENTRY)
    )
}

/// A basic string of TOML (its specification, section "String").
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
