//! The report as a Markdown page (with GitHub's tables): what the run came to, a row for each
//! requirement, then each finding with its evidence.

use std::fmt::Write as _;

use rescind_model::event::{Finding, Report, RunFinished};
use rescind_model::verdict::Verdict;

use crate::evidence::{self, Section};
use crate::outcome::{self, counted};

/// How long a page may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// As long as it takes.
    Whole,
    /// So many bytes: what does not fit is counted, and left out. GitHub takes a job summary of at
    /// most a mebibyte for a step, and none of a longer one.
    Bytes(usize),
}

/// How many notes of the harness are shown.
const SHOWN_NOTES: usize = 20;

/// What is kept free for saying how much was left out.
const RESERVE: usize = 400;

/// The page.
pub fn render(finished: &RunFinished, extent: Extent) -> String {
    let report = &finished.report;
    let mut page = head(report);
    page.push_str(&requirements(report));
    let limit = match extent {
        Extent::Whole => usize::MAX,
        Extent::Bytes(bytes) => bytes.saturating_sub(RESERVE),
    };
    let parts = [
        (
            "Findings",
            findings(finished, |verdict| verdict > Verdict::Warn),
        ),
        (
            "Warnings",
            findings(finished, |verdict| verdict == Verdict::Warn),
        ),
        (
            "Failed as expected",
            findings(finished, |verdict| verdict == Verdict::ExpectedFail),
        ),
    ];
    let mut left_out = 0;
    for (title, texts) in parts {
        let mut title = Some(format!("\n## {title}\n"));
        for text in texts {
            let needed = text.len() + title.as_ref().map_or(0, String::len);
            if page.len() + needed > limit {
                left_out += 1;
                continue;
            }
            page.extend(title.take());
            page.push_str(&text);
        }
    }
    if left_out > 0 {
        let _ = write!(
            page,
            "\n{} more did not fit here: the other reports have all of them.\n",
            counted(left_out, "group of findings")
        );
    }
    page
}

fn head(report: &Report) -> String {
    let summary = &report.summary;
    let mut text = format!(
        "# rescind: {}\n\n{}, target {}, seed {}\n\n",
        plain(outcome::in_words(report)),
        code(&report.set),
        code(&report.target),
        code(&report.run.seed)
    );
    if let Some(shard) = outcome::shard(report) {
        let _ = write!(
            text,
            "**This is shard {shard} of a run**: the requirements are judged over all of them, by {}.\n\n",
            code("rescind merge")
        );
    }
    for note in report.run.notes.iter().take(SHOWN_NOTES) {
        let _ = write!(text, "Note: {}\n\n", plain(note));
    }
    let more = report.run.notes.len().saturating_sub(SHOWN_NOTES);
    if more > 0 {
        let _ = write!(
            text,
            "{} in the JSON report\n\n",
            counted(more, "further note")
        );
    }
    if report.run.failed_fast {
        let option = code("--fail-fast");
        let _ = write!(
            text,
            "**No further case was begun after the first finding** ({option}): what had not begun counts as not run.\n\n"
        );
    }
    if report.run.interrupted {
        text.push_str("**The run was interrupted**: what had not ended counts as not run.\n\n");
    }
    let _ = writeln!(
        text,
        "{}, {}, {} in {}.{:03} s\n",
        counted(summary.scenarios, "scenario"),
        counted(summary.cases, "case"),
        counted(summary.checks, "check"),
        summary.duration_ms / 1000,
        summary.duration_ms % 1000
    );
    text.push_str("| verdict | checks |\n|---|---:|\n");
    for (verdict, count) in counts(report) {
        let _ = writeln!(text, "| {} | {count} |", words(verdict));
    }
    let unjudged = outcome::unjudged_rows(report);
    if !unjudged.is_empty() {
        let rows: Vec<String> = unjudged.iter().map(|row| code(row)).collect();
        let _ = write!(
            text,
            "\nNot judged, which fails a full run: {}\n",
            rows.join(", ")
        );
    }
    text
}

/// How many checks came to each verdict, the worst first; of an excluded row there is none.
fn counts(report: &Report) -> Vec<(Verdict, usize)> {
    let mut counts: Vec<(Verdict, usize)> = Vec::new();
    for verdict in Verdict::ALL.into_iter().rev() {
        let rows = report.checks.iter();
        let count = rows.filter(|row| row.verdict == verdict).count();
        if count > 0 {
            counts.push((verdict, count));
        }
    }
    counts
}

fn requirements(report: &Report) -> String {
    let mut text =
        "\n## Requirements\n\n| requirement | level | verdict | about |\n|---|---|---|---|\n"
            .to_owned();
    let full = !outcome::is_partial(report);
    // Of a part, only what it judged is of interest.
    for row in report
        .requirements
        .iter()
        .filter(|row| full || row.cases > 0)
    {
        let about = match (&row.reason, row.cases) {
            (Some(reason), _) => plain(reason),
            (None, 0) => "nothing that happened could show it".to_owned(),
            (None, count) => counted(count, "judgement"),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {about} |",
            cell_code(&row.id),
            row.level,
            words(row.verdict)
        );
    }
    text
}

/// The findings of these verdicts, those of one step together, the gravest first.
fn findings(finished: &RunFinished, is_meant: impl Fn(Verdict) -> bool) -> Vec<String> {
    let meant = finished
        .findings
        .iter()
        .filter(|finding| is_meant(finding.verdict));
    let mut groups = evidence::by_step(meant);
    groups.sort_by_key(|group| {
        let weights = group.iter().map(|finding| evidence::weight(finding));
        std::cmp::Reverse(weights.max())
    });
    let texts = groups.iter();
    texts
        .map(|group| group_text(group, &finished.report))
        .collect()
}

fn group_text(group: &[&Finding], report: &Report) -> String {
    let mut text = String::new();
    for finding in group {
        let _ = write!(
            text,
            "\n### {}: {} at {}\n\n{}\n",
            words(finding.verdict),
            code(&finding.check),
            code(&finding.case.to_string()),
            paragraph(&finding.message)
        );
        if let Some(place) = evidence::place(finding) {
            let _ = write!(text, "\nStated at {}\n", code(&place));
        }
        let requirements = evidence::requirements(finding);
        if !requirements.is_empty() {
            text.push('\n');
        }
        for line in requirements {
            let _ = writeln!(text, "- {}", plain(&line));
        }
    }
    let sections = group.first().map(|first| evidence::sections(first));
    let entries = group
        .iter()
        .filter_map(|finding| evidence::deviation(finding));
    let again = group
        .first()
        .and_then(|first| evidence::again(first, report));
    let sections = sections.unwrap_or_default().into_iter().chain(again);
    for section in sections.chain(entries) {
        text.push_str(&block(&section));
    }
    text
}

fn block(section: &Section) -> String {
    let content = section.lines.join("\n");
    // A fence is longer than any that the content has.
    let fence = "`".repeat(longest_run(&content).max(2) + 1);
    let title = paragraph(section.title);
    format!("\n{title}:\n\n{fence}text\n{content}\n{fence}\n")
}

fn words(verdict: Verdict) -> String {
    verdict.as_str().replace('_', " ")
}

/// A text in which nothing means anything, on one line.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&'
            | '!' | '$' | '@' | ':' => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
    }
    escaped
}

/// … that begins a line, where some more would mean something: the mark of a list, or of a heading.
fn paragraph(text: &str) -> String {
    let text = plain(text.trim());
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    if rest.starts_with(['-', '+', '=', '.', ')']) {
        return format!("{number}\\{rest}");
    }
    text
}

/// A text between backticks, more of them than it has in a row.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let fence = "`".repeat(longest_run(&text) + 1);
    if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// … in a table, where a bar ends a cell even between backticks.
fn cell_code(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// How many backticks stand in a row at most.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|character| character != '`').map(str::len);
    runs.max().unwrap_or(0)
}
