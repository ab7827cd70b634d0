//! The events of a run, one a line: `rescind.events/1`.

use rescind_model::event::{Event, Finding, Place, RunFinished, RunStarted};
use rescind_model::event_line::{
    CaseFinishedLine, EventLine, FORMAT, FindingLine, PlaceLine, RunFinishedLine, RunStartedLine,
};

use crate::outcome;

/// Each event as one line of JSON or, at the end of a run, as many as there are things that were
/// found.
///
/// # Errors
/// None that an event's types allow; JSON's own error is passed on rather than hidden.
pub fn render<'a>(
    events: impl IntoIterator<Item = &'a Event>,
) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for event in events {
        for line in lines(event) {
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
    }
    Ok(text)
}

/// The lines that an event makes.
pub fn lines(event: &Event) -> Vec<EventLine> {
    match event {
        Event::RunStarted(started) => vec![EventLine::RunStarted(started_line(started))],
        Event::CaseFinished {
            case,
            finished,
            cases,
            verdict,
        } => vec![EventLine::CaseFinished(CaseFinishedLine {
            scenario: case.scenario.clone(),
            profile: case.profile.clone(),
            finished: *finished,
            cases: *cases,
            verdict: *verdict,
        })],
        Event::RunFinished(finished) => finished_lines(finished),
    }
}

fn started_line(started: &RunStarted) -> RunStartedLine {
    RunStartedLine {
        schema: FORMAT.to_owned(),
        contract: started.contract.clone(),
        set: started.set.clone(),
        target: started.target.clone(),
        scenarios: started.scenarios,
        cases: started.cases,
        seed: started.seed.clone(),
    }
}

fn finished_lines(finished: &RunFinished) -> Vec<EventLine> {
    let report = &finished.report;
    let mut lines: Vec<EventLine> = Vec::new();
    lines.extend(report.checks.iter().cloned().map(EventLine::Check));
    lines.extend(
        finished
            .findings
            .iter()
            .map(|finding| EventLine::Finding(Box::new(finding_line(finding)))),
    );
    lines.extend(
        report
            .requirements
            .iter()
            .cloned()
            .map(EventLine::Requirement),
    );
    lines.push(EventLine::RunFinished(RunFinishedLine {
        outcome: outcome::of(report),
        interrupted: report.run.interrupted,
        failed_fast: report.run.failed_fast,
        shard: outcome::shard(report),
        summary: report.summary.clone(),
    }));
    lines
}

fn finding_line(finding: &Finding) -> FindingLine {
    FindingLine {
        check: finding.check.clone(),
        scenario: finding.case.scenario.clone(),
        profile: finding.case.profile.clone(),
        step: finding.step.map(|index| index + 1),
        verdict: finding.verdict,
        message: finding.message.clone(),
        place: finding.place.as_ref().map(place_line),
        requirements: finding.requirements.clone(),
        exchange: finding.exchange.clone(),
        provider_saw: finding.provider_saw.clone(),
        tokens: finding.tokens.clone(),
        curl: finding.curl.clone(),
        difference: finding.difference.clone(),
        deviation: finding.deviation.clone(),
    }
}

fn place_line(place: &Place) -> PlaceLine {
    PlaceLine {
        file: place.file.path().to_owned(),
        line: place.file.line_of(place.span.start),
        label: place.label.clone(),
    }
}
