//! Which revokes must be refused, and how; and what a refusal must not do.

use rescind_model::AccountStatus;
use rescind_model::scenario::{Key, Revoke};
use rescind_provider::Outcome;

use super::Sheet;
use super::answers::said;
use super::view::{Listed, RevokeView, StepView};

/// Judges whether a revoke was refused where it must be.
pub(super) fn judge(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let Some(revoke) = view.revoke() else {
        return;
    };
    keys(view, revoke, sheet);
    if revoke.key == Key::Right && revoke.method.is_none() && revoke.unknown_like.is_some() {
        unknown(view, sheet);
    }
    if let Some(revoke) = view.ordinary_revoke() {
        by_state(&revoke, sheet);
        redirected(&revoke, sheet);
    }
    if let Some(revoke) = view.account_revoke(revoke) {
        refusal_keeps_status(&revoke, sheet);
    }
}

/// CA-AUTH, CA-403-SCOPE and CA-FOREIGN. Of another method (CA-METHOD) and of an id that is none
/// (CA-MALFORMED-ID) nothing is said here: their refusals may win (CA-ORDER).
fn keys(view: &StepView<'_>, revoke: &Revoke, sheet: &mut Sheet<'_>) {
    let Some(status) = view.status() else {
        return;
    };
    if revoke.method.is_some() || revoke.id.is_some() {
        return;
    }
    let (check, right, statement): (_, &[u16], _) = match revoke.key {
        Key::Right => return,
        Key::Missing | Key::Wrong => (
            "key-is-required",
            &[401],
            "without a valid key the answer should be 401",
        ),
        // A valid key may be told of any other reason to refuse first (CA-ORDER).
        Key::ReadOnly if !would_be_taken_up(view, revoke) => return,
        Key::ReadOnly => (
            "scope-is-required",
            &[403, 401],
            "with a key that may only read the answer should be 403, or 401",
        ),
        Key::OtherProject => (
            "foreign-is-refused",
            &[404, 403],
            "with a key of another project the answer should be 404, or 403",
        ),
    };
    let unchanged = view.statuses_unchanged();
    sheet.check(check, view.says_one_of(right) && unchanged, || {
        let changed = if unchanged {
            ""
        } else {
            ", and a status changed"
        };
        format!("{statement}, and nothing should change; it is {status}{changed}")
    });
}

/// Whether nothing but its key stands in the way of a revoke.
fn would_be_taken_up(view: &StepView<'_>, revoke: &Revoke) -> bool {
    view.account_revoke(revoke).is_some_and(|revoke| {
        let is_there = revoke.was_active() || revoke.was_revoked();
        is_there && !revoke.killable.is_empty()
    })
}

/// CA-404-UNKNOWN.
fn unknown(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let holds = view.says(404) && view.dispatches().next().is_none();
    sheet.check("unknown-is-404", holds, || {
        format!(
            "an id that does not exist should be 404, without a dispatch; {}",
            said(view)
        )
    });
}

/// CA-REPEAT, CA-400-UNSUPPORTED, CA-404-DELETED, CA-409-STATE: what the account's state alone
/// decides. Where two refusals apply the contract is silent (CA-ORDER), and so is this.
fn by_state(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let view = revoke.view;
    let silent = view.dispatches().next().is_none();
    let supported = revoke.is_supported();
    let unchanged = revoke.status_unchanged();
    // What holds nothing killable may be refused for that first.
    let has_work = supported && !revoke.killable.is_empty();
    if revoke.before.deleted && supported {
        let holds = view.says(404) && silent;
        sheet.check("deleted-is-404", holds, || {
            format!(
                "a deleted account should be 404, without a dispatch; {}",
                said(view)
            )
        });
    } else if revoke.was_revoked() && has_work {
        let empty = view.listed() == Listed::Subjects(Vec::new());
        let holds = view.says(200) && empty && silent;
        sheet.check("repeat-is-silent", holds, || {
            let count = view.dispatches().count();
            format!("a revoke of a REVOKED account should be 200 with an empty list and no dispatch; {}, with {count} dispatches", said(view))
        });
    } else if revoke.was_active() && !supported {
        let holds = view.says(400) && silent && unchanged;
        sheet.check("unsupported-is-400", holds, || {
            format!("an account whose tokens cannot be revoked should make it 400, without a dispatch, and the status stay {}; {}, and the status is {}", revoke.before.status, said(view), revoke.after.status)
        });
    } else if has_work && revoke.is_in_no_state_for_it() {
        let holds = view.says(409) && silent && unchanged;
        sheet.check("state-is-409", holds, || {
            format!("a revoke of an account that is {} should be 409, without a dispatch; {}, and the status is {}", revoke.before.status, said(view), revoke.after.status)
        });
    }
}

/// INV-NO-REDIRECT: where the provider answered every dispatch with a redirect, nothing was
/// revoked, whatever another origin answered. What was dead before, or is not killable, may make an
/// account REVOKED all the same (CA-DEAD-BEFORE, CA-NOTHING-HELD).
fn redirected(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let mut dispatches = revoke
        .dispatches()
        .filter(|entry| entry.outcome != Outcome::Elsewhere)
        .peekable();
    let is_redirect = |status: u16| (300..400).contains(&status);
    let all_redirected =
        dispatches.peek().is_some() && dispatches.all(|entry| is_redirect(entry.status));
    if !revoke.was_active() || !all_redirected || revoke.dead_before() || revoke.nothing_held() {
        return;
    }
    let revoked = revoke.after.is(AccountStatus::Revoked);
    let holds = revoke.view.says(500) && !revoked;
    sheet.check("redirect-is-no-success", holds, || {
        format!("the provider answered with nothing but redirects, so the answer should be 500 and the account not REVOKED; {}, and the account is {}", said(revoke.view), revoke.after.status)
    });
}

/// INV-REFUSED-IS-NOOP, the half that a read shows.
fn refusal_keeps_status(revoke: &RevokeView<'_>, sheet: &mut Sheet<'_>) {
    let Some(status) = revoke
        .view
        .status()
        .filter(|status| !(200..300).contains(status))
    else {
        return;
    };
    let became =
        revoke.after.is(AccountStatus::Revoked) && !revoke.before.is(AccountStatus::Revoked);
    sheet.check("refusal-keeps-status", !became, || {
        format!(
            "an answer of {status} should make no account REVOKED; it was {}, and is REVOKED",
            revoke.before.status
        )
    });
}
