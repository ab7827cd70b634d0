//! A run that came to everything that a run can come to.

use rescind_model::event::{
    CaseId, CheckVerdict, Event, Exchange, ExplainedRequirement, ExplainedToken, Finding, Place,
    Report, RequirementVerdict, RunFinished, RunInformation, RunStarted, Summary,
};
use rescind_model::{Level, SourceFile, TokenState, Verdict};

/// Texts that mean something in one format or another.
pub const AWKWARD: &str = "100% <b>|*bold*|</b> `tick` ``two`` a,b:c & \"quoted\" ]]> ::error::x";

pub const SCENARIO: &str = "own/a,b:c%|d";

/// The check that came to a verdict.
pub fn check_of(verdict: Verdict) -> String {
    format!("check-{}", verdict.as_str().replace('_', "-"))
}

/// What is said of it.
pub fn message_of(verdict: Verdict) -> String {
    match verdict {
        Verdict::Pass | Verdict::NotApplicable => String::new(),
        verdict => format!("step 2: {} {AWKWARD}\nsecond line", verdict.as_str()),
    }
}

fn case() -> CaseId {
    CaseId {
        scenario: SCENARIO.to_owned(),
        profile: "slack".to_owned(),
    }
}

fn finding(verdict: Verdict) -> Finding {
    let text = "title = \"x\"\n\n[[step]]\nrevoke = {}\n";
    Finding {
        case: case(),
        step: Some(1),
        check: check_of(verdict),
        verdict,
        message: message_of(verdict),
        place: Some(Place {
            file: SourceFile::new("scenarios/own/a,b:c%.toml", text),
            span: 13..21,
            label: "in this step".to_owned(),
        }),
        requirements: vec![ExplainedRequirement {
            id: "CA-ROUTE".to_owned(),
            level: Level::Must,
            text: format!("it works {AWKWARD}"),
            source: "the changelog".to_owned(),
        }],
        exchange: Some(Exchange {
            sent: vec!["POST /revoke".to_owned(), String::new(), AWKWARD.to_owned()],
            received: vec![
                "500".to_owned(),
                "::warning::not ours".to_owned(),
                "```` fence\u{1b}[31m\u{ffff}\u{0}".to_owned(),
            ],
        }),
        provider_saw: vec!["POST /oauth2/revoke".to_owned()],
        tokens: vec![ExplainedToken {
            account: "alice".to_owned(),
            kind: "access_token".to_owned(),
            fingerprint: "5a0f2226".to_owned(),
            state: TokenState::Dead,
            cause: Some("revoked by request 1".to_owned()),
        }],
        curl: Some("curl -i \"$BASE_URL/revoke\"".to_owned()),
        difference: Vec::new(),
        deviation: Some("[[deviation]]\ncheck = \"x\"\n".to_owned()),
    }
}

/// The verdicts that a check can come to.
pub fn of_checks() -> impl Iterator<Item = Verdict> {
    let all = Verdict::ALL.into_iter();
    all.filter(|verdict| *verdict != Verdict::Excluded)
}

/// Those of them that need explaining.
pub fn explained() -> impl Iterator<Item = Verdict> {
    of_checks().filter(|verdict| *verdict > Verdict::Pass)
}

fn row(id: &str, verdict: Verdict, reason: Option<&str>) -> RequirementVerdict {
    RequirementVerdict {
        id: id.to_owned(),
        level: Level::Must,
        verdict,
        checks: Vec::new(),
        cases: usize::from(verdict == Verdict::Fail),
        reason: reason.map(str::to_owned),
    }
}

/// A run's end with a check for every verdict, all of one step of one case.
pub fn finished() -> RunFinished {
    let mut checks: Vec<CheckVerdict> = of_checks()
        .map(|verdict| CheckVerdict {
            id: check_of(verdict),
            scenario: SCENARIO.to_owned(),
            profile: "slack".to_owned(),
            requirements: vec!["CA-ROUTE".to_owned()],
            verdict,
            message: message_of(verdict),
        })
        .collect();
    checks.sort_by(|left, right| left.id.cmp(&right.id));
    let mut summary = Summary {
        scenarios: 1,
        cases: 1,
        duration_ms: 1234,
        ..Summary::default()
    };
    for check in &checks {
        summary.count(check.verdict);
    }
    RunFinished {
        report: Report {
            schema: "rescind.report/1".to_owned(),
            contract: "connected-accounts".to_owned(),
            set: "connected-accounts-2026-05-12".to_owned(),
            target: "mine|`x`".to_owned(),
            run: RunInformation {
                version: "0".to_owned(),
                seed: "seed".to_owned(),
                selection: Vec::new(),
                interrupted: false,
                failed_fast: false,
                notes: Vec::new(),
                shard: None,
            },
            summary,
            requirements: vec![
                row("CA-ROUTE", Verdict::Fail, None),
                row("CA-CRASH", Verdict::Excluded, Some("not | yet")),
                row("CA-AUTH", Verdict::NotRun, None),
            ],
            checks,
        },
        findings: explained().map(finding).collect(),
    }
}

/// … in which nothing is wrong.
pub fn clean() -> RunFinished {
    let mut finished = finished();
    let report = &mut finished.report;
    report.checks.retain(|check| check.verdict == Verdict::Pass);
    report
        .requirements
        .retain(|row| row.verdict == Verdict::Excluded);
    report.summary = Summary {
        scenarios: 1,
        cases: 1,
        checks: 1,
        pass: 1,
        ..Summary::default()
    };
    finished.findings.clear();
    finished
}

/// The whole run.
pub fn events() -> Vec<Event> {
    vec![
        Event::RunStarted(RunStarted {
            contract: "connected-accounts".to_owned(),
            set: "connected-accounts-2026-05-12".to_owned(),
            target: "mine".to_owned(),
            scenarios: 1,
            cases: 1,
            seed: "seed".to_owned(),
        }),
        Event::CaseFinished {
            case: case(),
            finished: 1,
            cases: 1,
            verdict: Verdict::HarnessError,
        },
        Event::RunFinished(Box::new(finished())),
    ]
}
