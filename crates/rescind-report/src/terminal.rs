//! What a person reads at the end of a run: a row a requirement, then what needs mending, last the
//! counts. Aligned and readable without colour.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use rescind_model::event::{Finding, Report, RequirementVerdict, RunFinished, SNAPSHOT};
use rescind_model::source::{Colour, underline};
use rescind_model::verdict::Verdict;

use crate::outcome::{RunVerdict, unjudged_rows};

/// How many steps with findings are shown in full; the rest get a line for each finding.
const SHOWN_STEPS: usize = 5;

/// The whole text. Colours are ANSI escapes where `colour` says so.
pub fn render(finished: &RunFinished, colour: Colour) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
    };
    page.requirements(&finished.report);
    let groups = by_step(&finished.findings);
    for group in groups.iter().take(SHOWN_STEPS) {
        page.group(group);
    }
    page.further(groups.into_iter().skip(SHOWN_STEPS).flatten().collect());
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
    match colour {
        Colour::Styled => format!("{style}{line}{style:#}"),
        Colour::Plain => line.to_owned(),
    }
}

/// The findings that one exchange explains, together. Snapshots come last: what the contract asks
/// weighs more than what the target did before.
fn by_step(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        groups
            .entry((&finding.case, finding.step))
            .or_default()
            .push(finding);
    }
    let mut groups: Vec<Vec<&Finding>> = groups.into_values().collect();
    groups.sort_by_key(|group| group.iter().all(|finding| finding.check == SNAPSHOT));
    groups
}

struct Page {
    text: String,
    colour: Colour,
}

impl Page {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref().trim_end());
        self.text.push('\n');
    }

    fn painted(&self, style: Style, text: &str) -> String {
        match self.colour {
            Colour::Styled => format!("{style}{text}{style:#}"),
            Colour::Plain => text.to_owned(),
        }
    }

    fn verdict(&self, verdict: Verdict) -> String {
        // Padded before it is painted: escapes have no width.
        let word = format!("{:<13}", verdict.as_str().replace('_', " "));
        self.painted(style_of(verdict), &word)
    }

    fn requirements(&mut self, report: &Report) {
        self.line(format!(
            "{}, target `{}`, seed {}",
            report.set, report.target, report.run.seed
        ));
        self.line("");
        let width = report
            .requirements
            .iter()
            .map(|row| row.id.len())
            .max()
            .unwrap_or(0);
        // Of a selection, only what it judged is of interest.
        let full = report.run.selection.is_empty();
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

    fn group(&mut self, group: &[&Finding]) {
        for finding in group {
            self.finding(finding);
        }
        let Some(first) = group.first() else { return };
        if first.check == SNAPSHOT {
            self.snapshot(first);
            return;
        }
        if let Some(exchange) = &first.exchange {
            self.block("sent", &exchange.sent);
            self.block("received", &exchange.received);
        }
        self.block("the provider saw", &first.provider_saw);
        let tokens: Vec<String> = first
            .tokens
            .iter()
            .map(|token| {
                let cause = token
                    .cause
                    .as_ref()
                    .map_or(String::new(), |cause| format!(" ({cause})"));
                format!(
                    "{} of `{}`, {}: {}{cause}",
                    token.kind, token.account, token.fingerprint, token.state
                )
            })
            .collect();
        self.block("the ledger says", &tokens);
        if let Some(curl) = &first.curl {
            self.block(
                "to try by hand, with what is secret in shell variables",
                std::slice::from_ref(curl),
            );
        }
        self.line(format!(
            "hint: `rescind check {}` with the same target runs this scenario alone",
            first.case.scenario
        ));
    }

    fn snapshot(&mut self, finding: &Finding) {
        let lines = finding.difference.iter();
        let lines: Vec<String> = lines
            .map(|line| difference_line(line, self.colour))
            .collect();
        self.block("how it differs", &lines);
        self.line(
            "hint: `rescind check --snapshots review` with the same target shows it and asks whether it is to be accepted",
        );
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
        let mut sources: Vec<&str> = Vec::new();
        for requirement in &finding.requirements {
            self.line(format!(
                "requirement: {} ({}): {}",
                requirement.id, requirement.level, requirement.text
            ));
            if !sources.contains(&requirement.source.as_str()) {
                sources.push(&requirement.source);
            }
        }
        for source in sources {
            self.line(format!("source: {source}"));
        }
    }

    fn block(&mut self, title: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.line(format!("{title}:"));
        for line in lines {
            self.line(format!("  {line}"));
        }
    }

    fn further(&mut self, findings: Vec<&Finding>) {
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
        for (count, word) in [
            (summary.pass, "passed"),
            (summary.fail, "failed"),
            (summary.warn, "warned"),
            (summary.not_run, "not run"),
            (summary.expected_fail, "failed as expected"),
            (summary.unexpected_pass, "passed unexpectedly"),
            (summary.not_applicable, "not applicable"),
            (summary.untestable, "untestable"),
            (summary.harness_error, "spoiled by the harness"),
        ] {
            if count > 0 {
                counts.push(format!("{count} {word}"));
            }
        }
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
        let (word, style) = match RunVerdict::of(report) {
            RunVerdict::Pass => ("pass", style_of(Verdict::Pass)),
            RunVerdict::Findings if unjudged.is_empty() && only_snapshots_fail(report) => (
                "findings: the target does something else than its snapshots hold",
                style_of(Verdict::Fail),
            ),
            RunVerdict::Findings => (
                "findings: the target does not do what the contract asks",
                style_of(Verdict::Fail),
            ),
            RunVerdict::NothingJudged => ("nothing judged", style_of(Verdict::Fail)),
            RunVerdict::HarnessError => (
                "harness error: some cases could not be run",
                style_of(Verdict::HarnessError),
            ),
        };
        self.line(self.painted(style.bold(), word));
    }
}

fn only_snapshots_fail(report: &Report) -> bool {
    let mut bad = report
        .checks
        .iter()
        .filter(|row| row.verdict > Verdict::Warn);
    bad.all(|row| row.id == SNAPSHOT)
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

const fn style_of(verdict: Verdict) -> Style {
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
