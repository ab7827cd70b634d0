//! Annotations for GitHub: workflow commands, one a line, that its runner reads from a step's
//! output. How they are written and escaped: GitHub's documentation, "Workflow commands for GitHub
//! Actions", and the runner's own reading of them.

use std::fmt::Write as _;

use rescind_model::event::{Finding, RunFinished};
use rescind_model::verdict::{RunVerdict, Verdict};

use crate::evidence::weight;
use crate::outcome;

/// The annotations, the gravest first: GitHub shows only the first ten of each kind in a step.
pub fn annotations(finished: &RunFinished) -> String {
    let mut findings: Vec<&Finding> = finished.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(weight(finding)));
    let mut text = String::new();
    for finding in findings {
        annotate(&mut text, finding);
    }
    let report = &finished.report;
    for row in outcome::unjudged_rows(report) {
        let title = format!("{row} is not judged");
        let message = "nothing that happened could show it, which fails a full run";
        line(&mut text, "error", &[("title", &title)], message);
    }
    if matches!(
        outcome::of(report),
        RunVerdict::NothingJudged | RunVerdict::Interrupted
    ) {
        let title = [("title", "rescind")];
        line(&mut text, "error", &title, outcome::in_words(report));
    }
    text
}

/// The kind of annotation that a verdict gets; none for what the job summary counts.
fn kind(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Fail
        | Verdict::UnexpectedPass
        | Verdict::NotRun
        | Verdict::Untestable
        | Verdict::HarnessError => Some("error"),
        Verdict::Warn => Some("warning"),
        Verdict::ExpectedFail => Some("notice"),
        Verdict::Pass | Verdict::NotApplicable | Verdict::Excluded => None,
    }
}

fn annotate(text: &mut String, finding: &Finding) {
    let Some(kind) = kind(finding.verdict) else {
        return;
    };
    let title = format!(
        "{}: {} at {}",
        finding.verdict.as_str().replace('_', " "),
        finding.check,
        finding.case
    );
    let mut message = finding.message.clone();
    for requirement in &finding.requirements {
        let _ = write!(
            message,
            "\n{} ({}): {}",
            requirement.id, requirement.level, requirement.text
        );
    }
    match &finding.place {
        Some(place) => {
            let number = place.file.line_of(place.span.start).to_string();
            let properties = [
                ("file", place.file.path()),
                ("line", number.as_str()),
                ("title", title.as_str()),
            ];
            line(text, kind, &properties, &message);
        }
        None => line(text, kind, &[("title", &title)], &message),
    }
}

fn line(text: &mut String, kind: &str, properties: &[(&str, &str)], message: &str) {
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    let _ = writeln!(text, "::{kind} {}::{}", properties.join(","), data(message));
}

/// A message may not break its line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property ends at a comma or a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A text between the two commands that keep the runner from reading commands in it: evidence
/// holds what a target answered, and that may look like one. `word` must be one that the text
/// cannot know.
pub fn shielded(text: &str, word: &str) -> String {
    format!("::stop-commands::{word}\n{text}::{word}::\n")
}
