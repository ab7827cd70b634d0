//! What a person reads at the end of a run: a row a requirement, then what needs mending, the gravest
//! last, and the counts. Aligned and readable without colour.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use rescind_model::event::{Finding, Report, RequirementVerdict, RunFinished, SNAPSHOT};
use rescind_model::source::{Colour, underline};
use rescind_model::verdict::{RunVerdict, Verdict};

use crate::evidence;
use crate::outcome::{self, counted, unjudged_rows};
use crate::page::{Page, painted};

/// How many steps with findings are shown in full; the rest get a line for each finding.
const SHOWN_STEPS: usize = 5;

/// How many notes of the harness are shown.
const SHOWN_NOTES: usize = 5;

/// The whole text. Colours are ANSI escapes where `colour` says so.
pub fn render(finished: &RunFinished, colour: Colour) -> String {
    let mut page = Page::new(colour);
    page.requirements(&finished.report);
    page.findings(&finished.findings, &finished.report);
    page.end(&finished.report);
    page.text
}

/// A line of a unified diff, in its colour.
pub fn difference_line(line: &str, colour: Colour) -> String {
    let style = match line.bytes().next() {
        Some(b'+') => AnsiColor::Green.on_default(),
        Some(b'-') => AnsiColor::Red.on_default(),
        Some(b'@') => AnsiColor::Cyan.on_default(),
        _ => Style::new(),
    };
    painted(style, line, colour)
}

impl Page {
    fn verdict(&self, verdict: Verdict) -> String {
        // Padded before it is painted: escapes have no width.
        let word = format!("{:<13}", verdict.as_str().replace('_', " "));
        self.painted(style_of(verdict), &word)
    }

    fn requirements(&mut self, report: &Report) {
        let shard = outcome::shard(report);
        let shard = shard.map_or_else(String::new, |shard| format!(", shard {shard}"));
        self.line(format!(
            "{}, target `{}`, seed {}{shard}",
            report.set, report.target, report.run.seed
        ));
        self.line("");
        let width = report
            .requirements
            .iter()
            .map(|row| row.id.len())
            .max()
            .unwrap_or(0);
        // Of a part, only what it judged is of interest.
        let full = !outcome::is_partial(report);
        let shown = |row: &&RequirementVerdict| full || row.cases > 0;
        for row in report.requirements.iter().filter(shown) {
            let verdict = self.verdict(row.verdict);
            let about = match (&row.reason, row.cases) {
                (Some(reason), _) => reason.clone(),
                (None, 0) => "nothing that happened could show it".to_owned(),
                (None, checks) => counted(checks, "judgement"),
            };
            self.line(format!(
                "  {:<width$}  {:<6}  {verdict}  {about}",
                row.id,
                row.level.as_str()
            ));
        }
    }

    /// The gravest last, where a person looks first, and in full; the others, in a line each,
    /// before them.
    fn findings(&mut self, findings: &[Finding], report: &Report) {
        // What is known to fail needs no explaining any more.
        let (known, others): (Vec<&Finding>, Vec<&Finding>) = findings
            .iter()
            .partition(|finding| finding.verdict == Verdict::ExpectedFail);
        self.brief(known);
        let mut groups = evidence::by_step(others);
        let weight = |group: &Vec<&Finding>| {
            let weights = group.iter().map(|finding| evidence::weight(finding));
            weights.max().unwrap_or(0)
        };
        groups.sort_by_key(|group| std::cmp::Reverse(weight(group)));
        let mut brief = groups.split_off(SHOWN_STEPS.min(groups.len()));
        brief.sort_by_key(weight);
        self.brief(brief.into_iter().flatten().collect());
        groups.sort_by_key(weight);
        for group in groups {
            self.group(&group, report);
        }
    }

    fn group(&mut self, group: &[&Finding], report: &Report) {
        for finding in group {
            self.finding(finding);
        }
        let Some(first) = group.first() else { return };
        self.sections(first);
        let entries = group
            .iter()
            .filter_map(|finding| evidence::deviation(finding));
        for (number, entry) in entries.enumerate() {
            if number == 0 {
                self.line(format!("{}:", entry.title));
            } else {
                self.line("");
            }
            // Without an indent: pasted into a file it looks like the rest of it.
            entry.lines.iter().for_each(|line| self.line(line));
        }
        self.hint(first, report);
    }

    fn sections(&mut self, first: &Finding) {
        let is_snapshot = first.check == SNAPSHOT;
        for section in evidence::sections(first) {
            self.line(format!("{}:", section.title));
            for line in &section.lines {
                let line = if is_snapshot {
                    difference_line(line, self.colour)
                } else {
                    line.clone()
                };
                self.line(format!("  {line}"));
            }
        }
    }

    fn hint(&mut self, first: &Finding, report: &Report) {
        match evidence::again(first, report) {
            Some(again) => self.line(format!("{}: `{}`", again.title, again.lines.concat())),
            None => self.line(
                "hint: `rescind check --snapshots review` with the same target shows it and asks whether it is to be accepted",
            ),
        }
    }

    fn finding(&mut self, finding: &Finding) {
        self.line("");
        let head = format!(
            "{}: {} at {}",
            finding.verdict.as_str().replace('_', " ").to_uppercase(),
            finding.check,
            finding.case
        );
        self.line(self.painted(style_of(finding.verdict), &head));
        match &finding.place {
            Some(place) => self.line(underline(
                &place.file,
                place.span.clone(),
                &finding.message,
                &place.label,
                self.colour,
            )),
            None => self.line(format!("error: {}", finding.message)),
        }
        for line in evidence::requirements(finding) {
            self.line(line);
        }
    }

    fn brief(&mut self, findings: Vec<&Finding>) {
        if findings.is_empty() {
            return;
        }
        self.line("");
        for finding in findings {
            let verdict = self.verdict(finding.verdict);
            self.line(format!(
                "{verdict}  {} at {}: {}",
                finding.check, finding.case, finding.message
            ));
        }
    }

    fn end(&mut self, report: &Report) {
        let summary = &report.summary;
        self.line("");
        let unjudged = unjudged_rows(report);
        if !unjudged.is_empty() {
            self.line(format!(
                "not judged, which fails a full run: {}",
                unjudged.join(", ")
            ));
        }
        for note in report.run.notes.iter().take(SHOWN_NOTES) {
            self.line(format!("note: {note}"));
        }
        let more = report.run.notes.len().saturating_sub(SHOWN_NOTES);
        if more > 0 {
            self.line(format!(
                "note: {} in the JSON report",
                counted(more, "further note")
            ));
        }
        if report.run.failed_fast {
            self.line("no further case was begun after the first finding (`--fail-fast`)");
        }
        let excluded = report
            .requirements
            .iter()
            .filter(|row| row.verdict == Verdict::Excluded)
            .count();
        let mut counts = vec![
            counted(summary.scenarios, "scenario"),
            counted(summary.cases, "case"),
            counted(summary.checks, "check"),
        ];
        counts.extend(outcome::counts(summary));
        if excluded > 0 {
            counts.push(format!("{} excluded", counted(excluded, "requirement")));
        }
        let mut line = counts.join(", ");
        let _ = write!(
            line,
            " in {}.{:03} s",
            summary.duration_ms / 1000,
            summary.duration_ms % 1000
        );
        self.line(line);
        let style = match outcome::of(report) {
            RunVerdict::Pass => style_of(Verdict::Pass),
            RunVerdict::Findings | RunVerdict::NothingJudged => style_of(Verdict::Fail),
            RunVerdict::HarnessError | RunVerdict::Interrupted => style_of(Verdict::HarnessError),
        };
        self.line(self.painted(style.bold(), outcome::in_words(report)));
    }
}

pub(crate) const fn style_of(verdict: Verdict) -> Style {
    let colour = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Fail | Verdict::UnexpectedPass | Verdict::NotRun | Verdict::Untestable => {
            AnsiColor::Red
        }
        Verdict::Warn | Verdict::ExpectedFail => AnsiColor::Yellow,
        Verdict::HarnessError => AnsiColor::Magenta,
        Verdict::Excluded | Verdict::NotApplicable => AnsiColor::BrightBlack,
    };
    colour.on_default()
}
