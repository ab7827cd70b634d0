//! One case for a person: each step with its line of the scenario, every exchange in its order, what
//! became of tokens, what every check came to, and the same steps as lines for a shell.

use anstyle::{AnsiColor, Style};
use rescind_model::case_evidence::{
    CaseEvidence, EvidentStep, KeptExchange, Party, ProviderNote, Purpose,
};
use rescind_model::event::{CheckVerdict, ExplainedToken};
use rescind_model::source::Colour;
use rescind_model::verdict::Verdict;

use crate::evidence::token_line;
use crate::page::Page;
use crate::terminal::style_of;

/// The whole text. Colours are ANSI escapes where `colour` says so.
pub fn render(evidence: &CaseEvidence, colour: Colour) -> String {
    let mut page = Page::new(colour);
    page.head(evidence);
    for step in &evidence.steps {
        page.step(evidence, step);
    }
    page.checks(evidence);
    page.by_hand(evidence);
    page.text
}

impl Page {
    fn head(&mut self, evidence: &CaseEvidence) {
        let case = self.painted(Style::new().bold(), &evidence.case());
        self.line(format!("{case}: {}", evidence.title));
        self.line(format!(
            "{}, target `{}`, seed {}",
            evidence.set, evidence.target, evidence.seed
        ));
        if evidence.is_incomplete {
            self.line(
                "there were more requests to the provider than are kept: the first are missing",
            );
        }
    }

    fn step(&mut self, evidence: &CaseEvidence, step: &EvidentStep) {
        self.line("");
        let head = format!("step {}: {}", step.step, step.verb);
        let head = self.painted(Style::new().bold(), &head);
        self.line(format!(
            "{head}, {}:{}, after {} ms",
            evidence.file, step.line, step.offset_ms
        ));
        // The table's own line says nothing.
        for line in step.text.iter().filter(|line| *line != "[[step]]") {
            self.line(format!("  {line}"));
        }
        let exchanges = evidence.exchanges.iter();
        for exchange in exchanges.filter(|exchange| exchange.step == step.step) {
            self.exchange(exchange);
        }
        self.tokens(&step.tokens);
    }

    fn exchange(&mut self, exchange: &KeptExchange) {
        let (style, asked) = match exchange.asked {
            Party::Target => (AnsiColor::Cyan, asked_of_target(exchange.purpose)),
            Party::Provider => (AnsiColor::Yellow, "the target asks the provider"),
        };
        let asked = self.painted(style.on_default(), asked);
        self.line("");
        self.line(format!(
            "  {asked}, after {} ms, for {} ms",
            exchange.offset_ms, exchange.duration_ms
        ));
        for (mark, lines) in [
            ('>', &exchange.exchange.sent),
            ('<', &exchange.exchange.received),
        ] {
            for line in lines.iter().flat_map(|line| pretty(line)) {
                self.line(format!("    {mark} {line}"));
            }
        }
        let said = exchange.provider.as_ref().map(said_of).unwrap_or_default();
        if !said.is_empty() {
            self.line(format!("    → {}", said.join(", ")));
        }
    }

    fn tokens(&mut self, tokens: &[ExplainedToken]) {
        if tokens.is_empty() {
            return;
        }
        self.line("");
        self.line("  the ledger says:");
        for token in tokens {
            self.line(format!("    {}", token_line(token)));
        }
    }

    /// What holds first, in the order of ids; what does not, last, where a person looks first.
    fn checks(&mut self, evidence: &CaseEvidence) {
        self.line("");
        self.line(self.painted(Style::new().bold(), "checks"));
        let mut checks: Vec<&CheckVerdict> = evidence.checks.iter().collect();
        checks.sort_by_key(|check| check.verdict > Verdict::Pass);
        let width = checks.iter().map(|check| check.id.len()).max();
        let width = width.unwrap_or_default();
        for check in checks {
            // Padded before it is painted: escapes have no width.
            let word = format!("{:<13}", check.verdict.as_str().replace('_', " "));
            let word = self.painted(style_of(check.verdict), &word);
            self.line(format!("  {word}  {:<width$}  {}", check.id, check.message));
        }
        if evidence.checks.is_empty() {
            self.line("  none: nothing was judged");
        }
    }

    fn by_hand(&mut self, evidence: &CaseEvidence) {
        self.line("");
        let title = "the same by hand, with curl and jq";
        self.line(self.painted(Style::new().bold(), title));
        // Without an indent: it is there to be copied.
        for line in &evidence.by_hand {
            self.line(line);
        }
    }
}

const fn asked_of_target(purpose: Option<Purpose>) -> &'static str {
    match purpose {
        Some(Purpose::Setup) => "the target is set up",
        Some(Purpose::Look) => "the target is asked how things stand",
        Some(Purpose::Step) | None => "the target is asked",
    }
}

/// A body of JSON on lines of its own; anything else as it is.
fn pretty(line: &str) -> Vec<String> {
    let json = serde_json::from_str::<serde_json::Value>(line).ok();
    let json = json.filter(|json| json.is_object() || json.is_array());
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    let text = pretty.as_deref().unwrap_or(line);
    // A line without anything in it is a line as well.
    let lines = text.split('\n').map(without_controls);
    lines.collect()
}

/// What a terminal would obey is shown, and not done: the target says what it likes.
fn without_controls(line: &str) -> String {
    let characters = line.chars();
    characters
        .map(|character| match character {
            '\t' => ' ',
            control if control.is_control() => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
}

/// What the provider made of a request.
fn said_of(note: &ProviderNote) -> Vec<String> {
    let mut said = vec![format!("request {}", note.number)];
    if note.is_dispatch {
        let acknowledged = if note.is_acknowledged { "" } else { "not " };
        said.push(format!("a dispatch, {acknowledged}acknowledged"));
    }
    said.extend(
        note.presented
            .iter()
            .map(|token| format!("presents {token}")),
    );
    let lists = [("kills", &note.killed), ("brings", &note.minted)];
    for (word, tokens) in lists {
        if !tokens.is_empty() {
            said.push(format!("{word} {}", tokens.join(" and ")));
        }
    }
    said.extend(note.faults.iter().map(|fault| format!("a fault ({fault})")));
    said.extend(note.departures.iter().cloned());
    said
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn json_is_shown_on_lines_and_nothing_steers_the_terminal() {
        assert_eq!(
            pretty("{\"a\":[1]}"),
            ["{", "  \"a\": [", "    1", "  ]", "}"]
        );
        assert_eq!(pretty("POST /a"), ["POST /a"]);
        assert_eq!(pretty("12"), ["12"]);
        assert_eq!(pretty("\u{1b}[2Jx\ty"), ["\u{fffd}[2Jx y"]);
        assert_eq!(pretty(""), [""]);
    }
}
