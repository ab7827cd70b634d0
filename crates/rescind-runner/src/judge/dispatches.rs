//! What the target asked of the provider, and when.

use rescind_model::Subject;
use rescind_model::profile::ClientAuthentication;
use rescind_model::scenario::Verb;
use rescind_provider::journal::Presented;
use rescind_provider::{Departure, Entry, Outcome};

use super::Sheet;
use super::view::StepView;
use crate::record::CaseRecord;

/// Judges the dispatches of a step.
pub(super) fn judge(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    judge_each(view, sheet);
    if view.revoke().is_some() {
        refusal_dispatches_nothing(view, sheet);
        bounded(view, sheet);
        waits(view, sheet);
        keeps_credentials(view, sheet);
    }
}

/// Judges each dispatch by itself, whatever call it belongs to.
pub(super) fn judge_each(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    for entry in view.dispatches() {
        well_formed(entry, sheet);
        right_client(view, entry, sheet);
    }
    redirect_carries_nothing(view, sheet);
}

/// INV-WELL-FORMED.
fn well_formed(entry: &Entry, sheet: &mut Sheet<'_>) {
    use Departure::{
        CredentialsMissing, CredentialsTwice, CredentialsUndeclared, CredentialsWrong, Encoding,
        LiteralNull, Method, NoSuchRoute, NothingPresented, SecretInUrl, UnknownToken, WrongHost,
    };
    let topics: [(&'static str, &[Departure]); 4] = [
        (
            "dispatch-is-declared",
            &[NoSuchRoute, WrongHost, Method, Encoding],
        ),
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
    let names_a_client = entry
        .credentials
        .iter()
        .any(ClientAuthentication::names_a_client);
    let right = !names_a_client || entry.client.as_deref() == owner.map(String::as_str);
    sheet.check("right-client", right, || {
        let used = entry.client.as_deref().unwrap_or("unknown here");
        format!("a token of client `{}` should be revoked with its credentials; those used are of client `{used}`", owner.map_or("", |owner| owner))
    });
}

/// INV-REFUSED-IS-NOOP, the half that the journal shows.
fn refusal_dispatches_nothing(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let refusals = [400, 401, 403, 404, 409];
    let Some(status) = view.status().filter(|_| view.says_one_of(&refusals)) else {
        return;
    };
    let count = view.dispatches().count();
    sheet.check("refusal-dispatches-nothing", count == 0, || {
        format!("an answer of {status} should dispatch nothing; {count} dispatches came")
    });
}

/// INV-BOUNDED, the half that the journal shows.
fn bounded(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let Some(revoke) = view.revoke().and_then(|revoke| view.account_revoke(revoke)) else {
        return;
    };
    for subject in Subject::ALL {
        let count = revoke
            .dispatches()
            .filter(|entry| revoke.named(entry).contains(&subject))
            .count();
        let limit = view.target.limits.dispatches_per_subject;
        sheet.check("dispatches-are-bounded", count <= limit, || {
            // How many came before the limit of time is a matter of speed.
            format!("a call should make at most {limit} dispatches for the {subject}; it made more")
        });
    }
}

/// How early a dispatch may come after a pause that was asked for, in milliseconds: both times are
/// rounded down, and the client's clock is another one.
const TOLERANCE: u64 = 20;

/// INV-BOUNDED: after 429 or 503 with `Retry-After` (RFC 9110 §10.2.3), no dispatch before that
/// time. A target may send what it has for two subjects side by side, so that the first dispatch
/// for another subject may have been on its way already: nobody can tell, and it is not judged.
fn waits(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let dispatches: Vec<&Entry> = view.dispatches().collect();
    for (index, asked) in dispatches.iter().enumerate() {
        let Some(seconds) = asked
            .retry_after
            .filter(|_| matches!(asked.status, 429 | 503))
        else {
            continue;
        };
        let from = asked.at.0.saturating_add(seconds.saturating_mul(1000));
        let early = (index + 1..dispatches.len()).any(|later| {
            let (earlier, later) = (&dispatches[..later], dispatches[later]);
            later.at.0.saturating_add(TOLERANCE) < from && !is_first_of_its_kind(later, earlier)
        });
        sheet.check("retry-after-is-respected", !early, || {
            format!("after `Retry-After: {seconds}` no dispatch should come within that time; one came earlier")
        });
    }
}

/// Whether a dispatch is the first that presents a token of its kind.
fn is_first_of_its_kind(entry: &Entry, earlier: &[&Entry]) -> bool {
    let kind = |entry: &Entry| match entry.presented {
        Presented::Token(token) => Some((token.grant, token.subject)),
        _ => None,
    };
    kind(entry).is_some() && earlier.iter().all(|earlier| kind(earlier) != kind(entry))
}

/// INV-NO-REDIRECT: judged of every step in which the provider answered with a redirect. An
/// account's id and a client's are no secrets.
fn redirect_carries_nothing(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let entries = &view.step.entries;
    if !entries
        .iter()
        .any(|entry| (300..400).contains(&entry.status))
    {
        return;
    }
    let followed = entries.iter().find(|entry| {
        let mut credentials = entry.credentials.iter();
        let carries = matches!(entry.presented, Presented::Token(_))
            || credentials.any(ClientAuthentication::is_proof);
        entry.outcome == Outcome::Elsewhere && carries
    });
    sheet.check("redirect-carries-no-token", followed.is_none(), || {
        "the provider sent the target to another origin, where it should carry nothing secret; it carried a token or credentials there".to_owned()
    });
}

/// CA-SELF-AUTH: a dispatch that was refused because an earlier one of the same call had ended the
/// token that authenticates it, and whose subject lives on. One that an injected failure had kept
/// from going first is excused.
fn keeps_credentials(view: &StepView<'_>, sheet: &mut Sheet<'_>) {
    let Some(revoke) = view.ordinary_revoke() else {
        return;
    };
    let by_token = |entry: &&Entry| {
        let is_token = |kind: &ClientAuthentication| {
            kind.is_by_access_token() || *kind == ClientAuthentication::BearerToken
        };
        entry.credentials.iter().any(is_token)
    };
    let dispatches: Vec<&Entry> = revoke.dispatches().filter(by_token).collect();
    let ends_access_token = |entry: &&Entry| {
        let mut killed = entry.killed.iter();
        killed.any(|token| token.subject == Subject::AccessToken && token.grant == revoke.grant)
    };
    let Some(ended) = dispatches.iter().position(ends_access_token) else {
        return;
    };
    let faulted = revoke.faulted();
    let in_vain = dispatches[ended + 1..].iter().find(|entry| {
        let mut named = revoke.named(entry).into_iter();
        entry.outcome == Outcome::Unauthenticated
            && named.any(|subject| !faulted.contains(&subject) && !revoke.is_dead_after(subject))
    });
    sheet.check("order-keeps-credentials", in_vain.is_none(), || {
        "the access token authenticates every dispatch, so it should go last; it went first, and a later dispatch was refused".to_owned()
    });
}

/// INV-NO-LATE-DISPATCH: of the case as a whole, up to the end of the run.
pub(super) fn judge_end(record: &CaseRecord, sheet: &mut Sheet<'_>) {
    let between = record.steps.iter().find_map(|step| {
        let asks = |verb: &Verb| matches!(verb, Verb::Revoke(_) | Verb::Delete(_));
        let overlap = record.overlap_at(step.index);
        let calls_for_it = asks(&step.step.verb)
            || overlap.is_some_and(|overlap| overlap.calls.iter().any(|call| asks(&call.verb)));
        let within = !calls_for_it && step.entries.iter().any(Entry::is_dispatch);
        (within || !step.strays.is_empty()).then_some(step.index)
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
