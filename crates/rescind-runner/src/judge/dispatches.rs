//! What the target asked of the provider, and when.

use rescind_model::Subject;
use rescind_model::profile::ClientAuthentication;
use rescind_model::scenario::Verb;
use rescind_model::target::Limits;
use rescind_provider::{Departure, Entry};

use super::Sheet;
use super::view::StepView;
use crate::record::{Answered, CaseRecord};

/// Judges the dispatches of a step.
pub(super) fn judge(view: &StepView<'_>, limits: &Limits, sheet: &mut Sheet<'_>) {
    for entry in view.dispatches() {
        well_formed(entry, sheet);
        right_client(view, entry, sheet);
    }
    if view.revoke().is_some() {
        refusal_dispatches_nothing(view, sheet);
        bounded(view, limits, sheet);
    }
    if matches!(view.step.step.verb, Verb::Delete(_)) {
        delete(view, sheet);
    }
}

/// INV-WELL-FORMED.
fn well_formed(entry: &Entry, sheet: &mut Sheet<'_>) {
    use Departure::{
        CredentialsMissing, CredentialsTwice, CredentialsUndeclared, CredentialsWrong, Encoding,
        LiteralNull, Method, NoSuchRoute, NothingPresented, SecretInUrl, UnknownToken,
    };
    let topics: [(&'static str, &[Departure]); 4] = [
        ("dispatch-is-declared", &[NoSuchRoute, Method, Encoding]),
        (
            "credentials-are-declared",
            &[
                CredentialsMissing,
                CredentialsUndeclared,
                CredentialsTwice,
                CredentialsWrong,
            ],
        ),
        (
            "token-is-exact",
            &[NothingPresented, LiteralNull, UnknownToken],
        ),
        ("no-secret-in-url", &[SecretInUrl]),
    ];
    for (check, departures) in topics {
        let found = entry
            .departures
            .iter()
            .find(|departure| departures.contains(departure));
        sheet.check(check, found.is_none(), || {
            format!(
                "a dispatch should be as its route declares; it had {}",
                found.map_or("", |departure| departure.describe())
            )
        });
    }
}

/// INV-RIGHT-PROVIDER.
fn right_client(view: &StepView<'_>, entry: &Entry, sheet: &mut Sheet<'_>) {
    let Some(grant) = entry.presented.grant() else {
        return;
    };
    let owner = view
        .record
        .accounts
        .values()
        .find(|identity| identity.grant == grant)
        .map(|identity| &identity.client);
    let names_a_client = entry.credentials.iter().any(|kind| {
        matches!(
            kind,
            ClientAuthentication::Basic
                | ClientAuthentication::Post
                | ClientAuthentication::ClientId
        )
    });
    let right = !names_a_client || entry.client.as_ref() == owner;
    sheet.check("right-client", right, || {
        let used = entry.client.as_deref().unwrap_or("unknown here");
        format!("a token of client `{}` should be revoked with its credentials; those used are of client `{used}`", owner.map_or("", |owner| owner))
    });
}

/// INV-REFUSED-IS-NOOP, the half that the journal shows.
fn refusal_dispatches_nothing(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let Some(status @ (400 | 401 | 403 | 404 | 409)) = view.status() else {
        return;
    };
    let count = view.dispatches().count();
    sheet.check("refusal-dispatches-nothing", count == 0, || {
        format!("an answer of {status} should dispatch nothing; {count} dispatches came")
    });
}

/// INV-BOUNDED, the half that the journal shows.
fn bounded(view: &StepView<'_>, limits: &Limits, sheet: &mut Sheet<'_>) {
    let Some(revoke) = view.revoke().and_then(|revoke| view.account_revoke(revoke)) else {
        return;
    };
    for subject in Subject::ALL {
        let count = revoke
            .dispatches()
            .filter(|entry| revoke.named(entry).contains(&subject))
            .count();
        let limit = limits.dispatches_per_subject;
        sheet.check("dispatches-are-bounded", count <= limit, || {
            // How many came before the limit of time is a matter of speed.
            format!("a call should make at most {limit} dispatches for the {subject}; it made more")
        });
    }
}

/// CA-DELETE-KEEPS.
fn delete(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    if !view.answered().is_some_and(Answered::is_success) {
        return;
    }
    let count = view.dispatches().count();
    let mut died: Vec<String> = Vec::new();
    for (name, before) in &view.step.before.accounts {
        for token in &before.tokens {
            let after = view
                .step
                .after
                .accounts
                .get(name)
                .map(|after| after.state_of(token.id));
            if after.is_some_and(|after| after != token.state) {
                died.push(format!("the {} of `{name}`", token.id.subject));
            }
        }
    }
    sheet.check("delete-is-silent", count == 0 && died.is_empty(), || {
        let died = if died.is_empty() {
            String::new()
        } else {
            format!(", and {} died", died.join(" and "))
        };
        format!("a deletion should dispatch nothing; {count} dispatches came{died}")
    });
}

/// INV-NO-LATE-DISPATCH: of the case as a whole, up to the end of the run.
pub(super) fn judge_end(record: &CaseRecord, sheet: &mut Sheet<'_>) {
    let between = record.steps.iter().find_map(|step| {
        let unasked = !matches!(step.step.verb, Verb::Revoke(_) | Verb::Delete(_))
            && step.entries.iter().any(Entry::is_dispatch);
        (unasked || !step.strays.is_empty()).then_some(step.index)
    });
    let when = match between {
        Some(index) => format!(
            "during or after step {}, which does not ask for it",
            index + 1
        ),
        None => "after the last step".to_owned(),
    };
    sheet.check(
        "no-late-dispatch",
        between.is_none() && record.late.is_empty(),
        || format!("a dispatch should come within the call that asks for it; one came {when}"),
    );
}
