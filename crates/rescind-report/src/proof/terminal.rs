//! The proof for a person at a terminal: the requirements first, then what is not proved, last the
//! counts.

use anstyle::{AnsiColor, Style};
use rescind_model::source::Colour;

use super::{ENOUGH_DEFECTS, Runs};
use crate::explanation::wrapped;

/// How many findings of a run are shown; of the rest, only how many there are.
const SHOWN_FINDINGS: usize = 5;

/// The whole text, wrapped at `width` characters.
pub fn render(runs: &Runs, colour: Colour, width: usize) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
        width,
    };
    // Of a part of the defects they would say nothing.
    if runs.only.is_empty() {
        page.requirements(runs);
    }
    page.honest(runs);
    page.defects(runs);
    page.variants(runs);
    page.end(runs);
    page.text
}

struct Page {
    text: String,
    colour: Colour,
    width: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn painted(&self, style: Style, text: &str) -> String {
        match self.colour {
            Colour::Styled => format!("{style}{text}{style:#}"),
            Colour::Plain => text.to_owned(),
        }
    }

    fn bad(&self, text: &str) -> String {
        self.painted(AnsiColor::Red.on_default(), text)
    }

    fn requirements(&mut self, runs: &Runs) {
        self.line("every MUST, and the defects that make it fail:");
        self.line("");
        let ids = runs.rows.iter().map(|row| row.id.len()).max().unwrap_or(0);
        for row in &runs.rows {
            let defects = runs.breaking(row);
            let (count, about) = match (&row.excluded, defects.len()) {
                (Some(reason), _) => {
                    let style = AnsiColor::BrightBlack.on_default();
                    (self.painted(style, "  -"), format!("excluded: {reason}"))
                }
                (None, count) if count < ENOUGH_DEFECTS => {
                    let style = AnsiColor::Yellow.on_default();
                    let about = format!("{} (fewer than {ENOUGH_DEFECTS})", defects.join(", "));
                    (self.painted(style, &format!("{count:>3}")), about)
                }
                (None, count) => (format!("{count:>3}"), defects.join(", ")),
            };
            let indent = 2 + ids + 2 + 3 + 2;
            let lines = wrapped(&about, self.width.saturating_sub(indent).max(40));
            for (index, line) in lines.iter().enumerate() {
                if index == 0 {
                    self.line(&format!("  {:<ids$}  {count}  {line}", row.id));
                } else {
                    self.line(&format!("{}{line}", " ".repeat(indent)));
                }
            }
        }
        self.line("");
    }

    fn honest(&mut self, runs: &Runs) {
        for run in runs.honest.iter().filter(|run| !run.findings.is_empty()) {
            let head = format!(
                "the service as it should be is found wanting by {}",
                run.set
            );
            self.findings(&head, &run.findings);
        }
    }

    fn defects(&mut self, runs: &Runs) {
        for (run, proof) in runs.defects.iter().zip(runs.proof().defects) {
            if proof.caught && proof.cause_named {
                continue;
            }
            let head = self.bad(&format!("not caught: {}", run.name));
            let problem = if proof.caught {
                format!("fails `{}`, whose finding names no requirement", run.check)
            } else if proof.by.is_empty() {
                format!("must fall to `{}`, and nothing failed", run.check)
            } else {
                let partly = if proof.by.contains(&run.check) {
                    " (not by every set)"
                } else {
                    ""
                };
                format!(
                    "must fall to `{}`, and only these failed: {}{partly}",
                    run.check,
                    proof.by.join(", ")
                )
            };
            self.line(&format!("{head}: {problem}"));
        }
    }

    fn variants(&mut self, runs: &Runs) {
        for run in runs.variants.iter().filter(|run| !run.findings.is_empty()) {
            let head = format!("does not pass: {} (allowed by {})", run.name, run.row);
            self.findings(&head, &run.findings);
        }
    }

    fn findings(&mut self, head: &str, findings: &[String]) {
        let head = self.bad(head);
        self.line(&head);
        for finding in findings.iter().take(SHOWN_FINDINGS) {
            self.line(&format!("  {finding}"));
        }
        if findings.len() > SHOWN_FINDINGS {
            self.line(&format!("  … and {} more", findings.len() - SHOWN_FINDINGS));
        }
    }

    fn end(&mut self, runs: &Runs) {
        let proof = runs.proof();
        if !proof.checks_never_failed.is_empty() {
            let head = self.bad("no defect makes these checks fail");
            self.line(&format!("{head}: {}", proof.checks_never_failed.join(", ")));
        }
        let caught = proof
            .defects
            .iter()
            .filter(|defect| defect.caught && defect.cause_named);
        let passed = proof.variants.iter().filter(|variant| variant.passed);
        self.line(&format!(
            "{} of {} defects caught by the check that names their cause, {} of {} variants pass",
            caught.count(),
            proof.defects.len(),
            passed.count(),
            proof.variants.len()
        ));
        let (word, colour) = if runs.is_proved() {
            ("proved", AnsiColor::Green)
        } else {
            ("not proved", AnsiColor::Red)
        };
        let word = self.painted(colour.on_default().bold(), word);
        self.line(&word);
    }
}
