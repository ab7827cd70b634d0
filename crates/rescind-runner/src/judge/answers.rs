//! What a revoke's answer says, and which answer is right.

use std::collections::BTreeSet;

use rescind_model::AccountStatus;
use rescind_model::target::ErrorWords;
use rescind_model::{Subject, TokenState};
use rescind_provider::Departure;
use serde_json::Value;

use super::Sheet;
use super::hearing;
use super::view::{Listed, RevokeView, StepView, has_lost, names};
use crate::record::{Answered, CallOutcome, ReadStatus, id_in_words};

/// Judges the answer to a revoke.
pub(super) fn judge(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let (Some(_), Some(call)) = (view.revoke(), &view.step.call) else {
        return;
    };
    whole(&call.outcome, view.target.words.error.as_ref(), sheet);
    if let Some(revoke) = view.ordinary_revoke() {
        if let Some(answered) = view.answered().filter(|answered| answered.is_success()) {
            shape(&revoke, answered, sheet);
            list(&revoke, sheet);
        }
        outcomes(&revoke, sheet);
    }
}

/// What any answer must be, whatever it says: whole, and in the envelope if it is an error.
pub(super) fn whole(outcome: &CallOutcome, words: Option<&ErrorWords>, sheet: &mut Sheet<'_>) {
    match outcome {
        CallOutcome::Failed(failure) => {
            sheet.check("call-is-answered", false, || {
                format!("a whole answer should come; {failure}")
            });
        }
        CallOutcome::Answered(answered) => {
            sheet.check("call-is-answered", true, String::new);
            if !answered.is_success() {
                envelope(words, answered, sheet);
            }
        }
    }
}

/// The answer's status code in words.
pub(super) fn said(view: &StepView<'_>) -> String {
    view.status().map_or_else(
        || "none came".to_owned(),
        |status| format!("it is {status}"),
    )
}

/// CA-ENVELOPE, with the members where the target says they are.
fn envelope(words: Option<&ErrorWords>, answered: &Answered, sheet: &mut Sheet<'_>) {
    let json = answered.json().unwrap_or_default();
    let own = words.map(|words| own_envelope(words, &json));
    let problem = match own {
        _ if !json.is_object() => Some("it is no JSON object".to_owned()),
        Some(problem) => problem,
        None => contracts_envelope(&json["error"], answered.status),
    };
    sheet.check("error-envelope", problem.is_none(), || {
        format!(
            "an error should be JSON with message, code, slug and status; {}",
            problem.unwrap_or_default()
        )
    });
}

fn contracts_envelope(error: &Value, status: u16) -> Option<String> {
    if !error["message"].is_string() || !error["slug"].is_string() {
        Some("`error.message` and `error.slug` are not both texts".to_owned())
    } else if !error["code"].is_i64() && !error["code"].is_u64() {
        Some("`error.code` is no integer".to_owned())
    } else if !error["status"].is_u64() {
        // What stands there is not shown: it may be a secret.
        Some("`error.status` is no HTTP status".to_owned())
    } else if error["status"].as_u64() != Some(u64::from(status)) {
        let stated = &error["status"];
        Some(format!(
            "`error.status` is {stated}, the HTTP status {status}"
        ))
    } else {
        None
    }
}

fn own_envelope(words: &ErrorWords, json: &Value) -> Option<String> {
    let has_text = |pointer: &str| json.pointer(pointer).is_some_and(Value::is_string);
    let pointer = words.message.as_str();
    (!has_text(pointer)).then(|| format!("`{pointer}` is no text"))
}

/// CA-200-SHAPE and CA-200-STATUS.
pub(super) fn shape(revoke: &RevokeView<'_>, answered: &Answered, sheet: &mut Sheet<'_>) {
    let mapping = &revoke.view.target.revoke;
    let json = answered.json().unwrap_or_default();
    let at = |pointer: &str| json.pointer(pointer).cloned().unwrap_or_default();
    let account = revoke
        .revoke
        .account
        .as_ref()
        .map(|name| name.get().as_str())
        .unwrap_or_default();
    let asked = revoke
        .view
        .record
        .accounts
        .get(account)
        .map(|identity| identity.target_id.as_str());
    let problem = if json.is_null() {
        Some("it is no JSON".to_owned())
    } else if revoke.view.listed() == Listed::None {
        Some(format!(
            "`{}` is no list of access_token and refresh_token",
            *mapping.revoked_tokens
        ))
    } else if let Some(pointer) = &mapping.account_id
        && Some(id_in_words(&at(pointer)).as_str()) != asked
    {
        Some(format!("`{}` is not the id that was asked for", **pointer))
    } else if let Some(pointer) = &mapping.account_status
        && !at(pointer).is_string()
    {
        Some(format!("`{}` is no text", **pointer))
    } else {
        None
    };
    let status = answered.status;
    sheet.check("answer-shape", problem.is_none() && revoke.view.says(200), || {
        format!("a success should be a 200 that lists what was revoked and names the account; it is {status}, {}", problem.unwrap_or_else(|| "and otherwise right".into()))
    });
    let pointer = mapping.account_status.as_ref();
    if let Some(Value::String(status)) = pointer.map(|pointer| at(pointer)) {
        let words = &revoke.view.target.words;
        let revoked = words.account_status(&status) == Some(AccountStatus::Revoked);
        sheet.check("answer-says-revoked", revoked, || {
            "the answer's status should be REVOKED; it is another".to_owned()
        });
    }
    if revoke.after.deleted {
        return;
    }
    let after = revoke.status_after();
    sheet.check(
        "read-says-revoked",
        *after == ReadStatus::Known(AccountStatus::Revoked),
        || format!("after a success a read should say REVOKED; it says {after}"),
    );
}

/// CA-UNIQUE and CA-EMPTY.
fn list(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let Listed::Subjects(listed) = revoke.view.listed() else {
        return;
    };
    let distinct: BTreeSet<&Subject> = listed.iter().collect();
    sheet.check("listed-once", distinct.len() == listed.len(), || {
        format!(
            "no subject should be listed twice; the list is {}",
            names(&listed)
        )
    });
    if listed.is_empty() {
        let silent = revoke.view.dispatches().next().is_none();
        let allowed = (revoke.was_revoked() && silent)
            || revoke.dead_before()
            || revoke.nothing_held()
            || revoke.has_ended_unheard();
        sheet.check("empty-means-revoked", allowed, || {
            format!("an empty list should mean that the account was REVOKED already and nothing was dispatched; it was {}", revoke.before.status)
        });
    } else {
        sheet.check("empty-means-revoked", true, String::new);
    }
}

/// What a revoke of an ACTIVE account must come to, by what the provider made of it.
fn outcomes(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let view = revoke.view;
    if !revoke.was_active() || !revoke.is_supported() {
        return;
    }
    if revoke.nothing_held() {
        nothing_held(revoke, sheet);
        return;
    }
    if revoke.dead_before() {
        dead_before(revoke, sheet);
        return;
    }
    if revoke.is_nominal() {
        sheet.check("body-is-optional", view.says(200), || {
            format!("an ordinary revoke should succeed; {}", said(view))
        });
        partial_support(revoke, sheet);
    }
    acknowledgements(revoke, sheet);
}

/// CA-500-ALL-FAILED and CA-PARTIAL-FAILURE. A kill that went unheard may be taken for one, or not
/// (CA-LOST-ANSWER).
fn acknowledgements(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let view = revoke.view;
    let acknowledged = revoke
        .dispatches()
        .filter(|entry| entry.acknowledged && hearing::is_told_plainly(entry))
        .count();
    let may_be_done = revoke.has_ended_unheard()
        || revoke
            .dispatches()
            .any(|entry| revoke.may_be_believed(entry));
    let failed = revoke
        .dispatches()
        .filter(|entry| !entry.acknowledged)
        .count();
    if !may_be_done && failed > 0 {
        let revoked = revoke.after.is(AccountStatus::Revoked);
        sheet.check("all-failed-is-500", view.says(500) && !revoked, || {
            format!("no dispatch was acknowledged, so the answer should be 500 and the account not REVOKED; {}, and the account is {}", said(view), revoke.after.status)
        });
    }
    if acknowledged > 0 && failed > 0 {
        sheet.check("some-acknowledged-is-200", view.says(200), || {
            format!("{acknowledged} of {} dispatches were acknowledged, so the answer should be 200; {}", acknowledged + failed, said(view))
        });
    }
}

/// CA-PARTIAL-SUPPORT.
fn partial_support(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let view = revoke.view;
    let held: BTreeSet<Subject> = Subject::ALL
        .into_iter()
        .filter(|subject| revoke.held.has(*subject))
        .collect();
    let alive = revoke
        .killable
        .iter()
        .all(|subject| revoke.held.state(*subject) == TokenState::Alive);
    if revoke.killable == held || !alive {
        return;
    }
    let listed = match view.listed() {
        Listed::Subjects(listed) => Some(listed.into_iter().collect::<BTreeSet<Subject>>()),
        Listed::None => None,
    };
    // A refresh may even have replaced it.
    let spared = held.difference(&revoke.killable).all(|subject| {
        let token = revoke.before.held(*subject);
        !token.is_some_and(|token| has_lost(revoke.after, token))
    });
    let right = view.says(200) && listed.as_ref() == Some(&revoke.killable) && spared;
    sheet.check("partial-support-is-200", right, || {
        let list = listed.map_or_else(|| "no list".to_owned(), |listed| names(&listed));
        format!("the provider can kill only {}, so the answer should be 200 with exactly that and the other left as it was; {}, with {list}", names(&revoke.killable), said(view))
    });
}

/// CA-NOTHING-HELD. Who gets a token during the call, by a refresh, may kill that and list it.
fn nothing_held(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let view = revoke.view;
    let empty = view.dispatches().any(|entry| {
        entry.departures.contains(&Departure::NothingPresented)
            || entry.departures.contains(&Departure::LiteralNull)
    });
    let obtained = match view.listed() {
        Listed::Subjects(listed) => listed.iter().all(|subject| revoke.obtained(*subject)),
        Listed::None => false,
    };
    let allowed = view.says_one_of(&[400, 409, 500]) || (view.says(200) && obtained);
    sheet.check("nothing-held-outcome", allowed && !empty, || {
        let dispatched = if empty { ", and an empty token was dispatched" } else { "" };
        format!("the account holds nothing that the provider can kill, so the answer should be 400, 409, 500 or an empty 200; {}{dispatched}", said(view))
    });
}

/// CA-DEAD-BEFORE.
fn dead_before(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let view = revoke.view;
    let acknowledged = revoke.acknowledged();
    let after = revoke.status_after();
    let failed = view.says(500)
        && (revoke.status_unchanged() || *after == ReadStatus::Known(AccountStatus::Expired));
    let listed = view.listed();
    let known = matches!(&listed, Listed::Subjects(listed) if listed.iter().all(|subject| acknowledged.contains(subject)));
    let worked = view.says(200) && known && *after == ReadStatus::Known(AccountStatus::Revoked);
    let allowed = failed || worked;
    sheet.check("dead-before-outcome", allowed, || {
        format!("everything killable was dead before, so the answer should be 500 with the status unchanged or EXPIRED, or 200 and REVOKED listing at most what was acknowledged; {}, and the account is {after}", said(view))
    });
}
