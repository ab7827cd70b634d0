//! What a read of a revoked account says (set 2026-09).

use rescind_model::scenario::Verb;
use rescind_model::{AccountStatus, Subject};
use serde_json::Value;

use super::Sheet;
use super::view::StepView;
use crate::record::{Answered, CaseRecord};

/// CA-REVOKED-READ: judged of every read that says REVOKED. Why an account that was REVOKED when it
/// was connected is so, nobody has told the target.
pub(super) fn judge(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let Some(reason) = &view.target.read.status_reason else {
        return;
    };
    for (name, read) in &view.step.reads {
        let after = view.step.after.accounts.get(name);
        let is_revoked = after.is_some_and(|account| account.is(AccountStatus::Revoked));
        if !is_revoked || was_connected_as_revoked(view.record, name) {
            continue;
        }
        let json = read.answered().and_then(Answered::json).unwrap_or_default();
        let says_why = json
            .pointer(reason)
            .and_then(Value::as_str)
            .is_some_and(|reason| !reason.trim().is_empty());
        let token = Subject::ALL
            .into_iter()
            .find(|subject| has_member(&json, subject.as_str()));
        sheet.check("revoked-read-is-explained", says_why && token.is_none(), || {
            let problem = match token {
                Some(subject) => format!("it has a member `{subject}`"),
                None => format!("there is no text at `{}`", reason.get()),
            };
            format!("a read of a REVOKED account should say why it is, and have no token's member; {problem}")
        });
    }
}

fn was_connected_as_revoked(record: &CaseRecord, account: &str) -> bool {
    record.steps.iter().any(|step| match &step.step.verb {
        Verb::Connect(connect) => {
            *connect.account.get() == account && connect.status == AccountStatus::Revoked
        }
        _ => false,
    })
}

/// Whether an object anywhere in a value has a member of that name.
fn has_member(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(member, value)| member == name || has_member(value, name)),
        Value::Array(items) => items.iter().any(|item| has_member(item, name)),
        _ => false,
    }
}
