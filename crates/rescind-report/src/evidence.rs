//! What explains a finding, as titled lines: the same in every format for people.

use std::collections::BTreeMap;

use rescind_model::event::{ExplainedToken, Finding, Report, SNAPSHOT};
use rescind_model::verdict::Verdict;

/// Lines under a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What the lines are.
    pub title: &'static str,
    /// The lines; there is at least one.
    pub lines: Vec<String>,
}

/// What was sent, what came back, what the provider saw, what is alive, and how to try it by hand.
/// Findings of one step share it.
pub fn sections(finding: &Finding) -> Vec<Section> {
    if finding.check == SNAPSHOT {
        return some("how it differs", finding.difference.clone())
            .into_iter()
            .collect();
    }
    let (sent, received) = match &finding.exchange {
        Some(exchange) => (exchange.sent.clone(), exchange.received.clone()),
        None => (Vec::new(), Vec::new()),
    };
    let curl = finding.curl.iter().cloned().collect();
    let titled = [
        ("sent", sent),
        ("received", received),
        ("the provider saw", finding.provider_saw.clone()),
        ("the ledger says", tokens(finding)),
        (
            "to try by hand, with what is secret in shell variables",
            curl,
        ),
    ];
    titled
        .into_iter()
        .filter_map(|(title, lines)| some(title, lines))
        .collect()
}

fn some(title: &'static str, lines: Vec<String>) -> Option<Section> {
    (!lines.is_empty()).then_some(Section { title, lines })
}

fn tokens(finding: &Finding) -> Vec<String> {
    finding.tokens.iter().map(token_line).collect()
}

/// A token and what the ledger says of it.
pub fn token_line(token: &ExplainedToken) -> String {
    let cause = token.cause.as_ref();
    let cause = cause.map_or(String::new(), |cause| format!(" ({cause})"));
    format!(
        "{} of `{}`, {}: {}{cause}",
        token.kind, token.account, token.fingerprint, token.state
    )
}

/// What runs the case of a finding again, from the same seed, and shows everything that is said in
/// it. A snapshot has a review of its own.
pub fn again(finding: &Finding, report: &Report) -> Option<Section> {
    if finding.check == SNAPSHOT {
        return None;
    }
    let line = format!(
        "rescind replay {} --set {} --seed {}",
        word(&finding.case.to_string()),
        word(&report.set),
        word(&report.run.seed)
    );
    some("to see it again, with the same target", vec![line])
}

/// A word as a shell takes it for one.
fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/@._-".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// An entry of a file of deviations that would accept a finding. Each finding has its own.
pub fn deviation(finding: &Finding) -> Option<Section> {
    let entry = finding.deviation.as_ref()?;
    some(
        "to accept it for a while, in the file that `--deviations` names",
        entry.lines().map(str::to_owned).collect(),
    )
}

/// The requirements of a finding, a line each, then where they are written, each source once.
pub fn requirements(finding: &Finding) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut sources: Vec<&str> = Vec::new();
    for requirement in &finding.requirements {
        lines.push(format!(
            "requirement: {} ({}): {}",
            requirement.id, requirement.level, requirement.text
        ));
        if !sources.contains(&requirement.source.as_str()) {
            sources.push(&requirement.source);
        }
    }
    lines.extend(sources.iter().map(|source| format!("source: {source}")));
    lines
}

/// Where a finding's expectation is stated, as an editor opens it: `file:line`.
pub fn place(finding: &Finding) -> Option<String> {
    let place = finding.place.as_ref()?;
    let line = place.file.line_of(place.span.start);
    Some(format!("{}:{line}", place.file.path()))
}

/// The findings that one exchange explains, together, in the order of their cases and steps.
pub fn by_step<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Vec<&'a Finding>> {
    let mut groups: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        // A snapshot explains itself by its difference, whatever else its case came to.
        let is_snapshot = finding.check == SNAPSHOT;
        groups
            .entry((&finding.case, is_snapshot, finding.step))
            .or_default()
            .push(finding);
    }
    groups.into_values().collect()
}

/// How much a finding weighs for whoever reads: the first to be shown, the last on a screen. What
/// the contract asks weighs more than what the target did before, and both more than a case that
/// the runner spoiled.
pub fn weight(finding: &Finding) -> u8 {
    match finding.verdict {
        Verdict::Fail if finding.check == SNAPSHOT => 5,
        Verdict::Fail => 7,
        Verdict::UnexpectedPass => 6,
        Verdict::NotRun | Verdict::Untestable => 4,
        Verdict::HarnessError => 3,
        Verdict::Warn => 2,
        Verdict::ExpectedFail => 1,
        Verdict::Pass | Verdict::NotApplicable | Verdict::Excluded => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn what_means_something_to_a_shell_is_quoted() {
        assert_eq!(word("a/b-c@d_e.f1"), "a/b-c@d_e.f1");
        assert_eq!(word("a seed"), "'a seed'");
        assert_eq!(word("it's"), "'it'\\''s'");
        assert_eq!(word(""), "''");
    }
}
