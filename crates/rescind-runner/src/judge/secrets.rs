//! What must not be seen (INV-NO-SECRET).

use rescind_model::scenario::Verb;

use super::Sheet;
use super::view::StepView;
use crate::record::{Call, CaseRecord};

/// Judges the answers of a step.
pub(super) fn judge_step(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let check = if matches!(view.step.step.verb.called(), Verb::Revoke(_)) {
        "no-secret-in-answer"
    } else {
        "no-secret-elsewhere"
    };
    if let Some(call) = &view.step.call {
        answer(view.record, call, check, sheet);
    }
    for read in view.step.reads.values() {
        answer(view.record, read, "no-secret-elsewhere", sheet);
    }
}

fn answer(record: &CaseRecord, call: &Call, check: &'static str, sheet: &mut Sheet<'_>) {
    let Some(answered) = call.answered() else {
        return;
    };
    let leaks = record.scanner.find(&answered.text());
    sheet.check(check, leaks.is_empty(), || {
        let kind = leaks.first().map_or("", |leak| leak.kind.as_str());
        format!(
            "no secret should show in an answer; the answer to {} shows a part of the {kind}",
            call.sent.method
        )
    });
}

/// Judges the target's log, if the runner has it.
pub(super) fn judge_log(record: &CaseRecord, sheet: &mut Sheet<'_>) {
    let Some(leaks) = &record.log_leaks else {
        return;
    };
    sheet.check("no-secret-in-log", leaks.is_empty(), || {
        format!(
            "no secret should show in the target's log; it shows a part of the {}",
            leaks.join(" and of the ")
        )
    });
}
