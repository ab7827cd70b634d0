//! From the file to the scenario: everything that one file can be wrong about in itself.

use std::ops::Range;

use super::file::{Expectation, ScenarioFile, StepFile};
use super::races::Stage;
use super::{Scenario, Step, StepRole, Verb};
use crate::fault::{self, Stated};
use crate::source::{self, Diagnostic, Located, SourceFile};

const VERBS: &str = "`connect`, `revoke`, `read`, `delete`, `refresh`, `set_status`, \
                     `delete_client`, `set_client_status`, `remove_by_user`, `expire`, `advance_clock`, `fail`, `recover`, \
                     `hold`, `release`, `start`, `finish`, `give_up`, `wait_until`, `kill`, `restart`";

/// Reads and validates a scenario file.
pub(super) fn scenario(id: &str, file: &SourceFile) -> Result<Scenario, Vec<Diagnostic>> {
    let raw: ScenarioFile = source::parse(file).map_err(|diagnostic| vec![diagnostic])?;
    let mut mistakes = Vec::new();
    head(&raw, file, &mut mistakes);
    seen_in(&raw.seen_in, file, &mut mistakes);
    let tags = tags(&raw, file, &mut mistakes);
    let mut connected: Vec<String> = Vec::new();
    let mut stage = Stage::new(file);
    let mut steps = Vec::new();
    for step in &raw.steps {
        if let Some(step) = self::step(step, file, &mut stage, &mut connected, &mut mistakes) {
            client(&step.verb, file, &steps, &mut mistakes);
            steps.push(step);
        }
    }
    mistakes.extend(stage.end());
    let expects = |step: &Located<StepFile>| step.expect.is_some() || !step.allow.is_empty();
    if !raw.steps.is_empty() && !raw.steps.iter().any(expects) {
        mistakes.push(
            Diagnostic::new(file, raw.title.span(), "a scenario that expects nothing")
                .hint("state under some step what must come of it: `expect = { status = 200 }`"),
        );
    }
    ledger(&raw, file, &connected, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Scenario {
        id: id.to_owned(),
        file: file.clone(),
        title: raw.title.get().clone(),
        profiles: raw.profiles.get().clone(),
        requirements: raw.requirements.get().clone(),
        seen_in: raw.seen_in.clone(),
        tags,
        steps,
        ledger: raw
            .ledger
            .iter()
            .map(|(name, tokens)| (name.clone(), tokens.get().clone()))
            .collect(),
    })
}

/// The tags in their order. Each is a word that a command line takes as it stands.
fn tags(raw: &ScenarioFile, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in &raw.tags {
        let mut characters = tag.chars();
        let is_word = characters
            .next()
            .is_some_and(|first| first.is_ascii_lowercase())
            && characters.all(|character| {
                character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
            });
        if !is_word {
            let message = format!("`{}` is no tag", **tag);
            mistakes.push(Diagnostic::new(file, tag.span(), message).hint(
                "a tag is a lower-case letter, and then lower-case letters, digits and `-`: `hostile-answer`",
            ));
        } else if tags.contains(tag.get()) {
            let message = format!("the tag `{}` is there twice", **tag);
            mistakes.push(Diagnostic::new(file, tag.span(), message).hint("once is enough"));
        }
        tags.push(tag.get().clone());
    }
    tags.sort();
    tags
}

fn head(raw: &ScenarioFile, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
    let mut empty = |span: Range<usize>, what: &str, hint: &str| {
        mistakes.push(Diagnostic::new(file, span, format!("a scenario without {what}")).hint(hint));
    };
    if raw.title.trim().is_empty() {
        empty(
            raw.title.span(),
            "a title",
            "say in a sentence what it shows",
        );
    }
    if raw.profiles.is_empty() {
        empty(
            raw.profiles.span(),
            "a profile",
            "name at least one under `profiles`",
        );
    }
    if raw.requirements.is_empty() {
        empty(
            raw.requirements.span(),
            "a requirement",
            "name the rows of the contract that it judges",
        );
    }
    if raw.steps.is_empty() {
        empty(raw.title.span(), "a step", "add a `[[step]]` with one verb");
    }
    for (index, profile) in raw.profiles.iter().enumerate() {
        if raw.profiles[..index]
            .iter()
            .any(|earlier| **earlier == **profile)
        {
            mistakes.push(
                Diagnostic::new(
                    file,
                    profile.span(),
                    format!("profile `{}` is named twice", **profile),
                )
                .hint("name it once: each name is a case of its own"),
            );
        }
    }
}

/// Everybody can follow each of the links, and each stands there once.
fn seen_in(links: &[Located<String>], file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
    for (index, link) in links.iter().enumerate() {
        if !is_public(link) {
            let message = "not a link that everybody can follow";
            mistakes.push(
                Diagnostic::new(file, link.span(), message).hint(
                    "the address of a public page about the bug: `https://`, a host and a path",
                ),
            );
        } else if links[..index].iter().any(|earlier| **earlier == **link) {
            let message = format!("`{}` is named twice", **link);
            let diagnostic = Diagnostic::new(file, link.span(), message);
            mistakes.push(diagnostic.hint("name it once"));
        }
    }
}

/// Whether a text is an `https` address of a page: a host without credentials, and a path.
fn is_public(link: &str) -> bool {
    let Ok(address) = link.parse::<http::Uri>() else {
        return false;
    };
    let has_host = address.host().is_some_and(|host| host.contains('.'));
    let is_anonymous = address
        .authority()
        .is_some_and(|authority| !authority.as_str().contains('@'));
    address.scheme_str() == Some("https") && has_host && is_anonymous && address.path().len() > 1
}

fn step(
    step: &Located<StepFile>,
    file: &SourceFile,
    stage: &mut Stage<'_>,
    connected: &mut Vec<String>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<Step> {
    let verb = verb(step, file, stage, mistakes)?;
    stage.answers(&verb, step.span());
    parameters(step, &verb, file, mistakes);
    accounts(&verb, file, connected, mistakes);
    let outcomes = outcomes(step, &verb, file, mistakes);
    Some(Step {
        verb,
        span: step.span(),
        outcomes,
        requirements: step.requirements.clone(),
        role: if step.positive_control {
            StepRole::PositiveControl
        } else {
            StepRole::Subject
        },
    })
}

/// The step's one verb.
fn verb(
    step: &Located<StepFile>,
    file: &SourceFile,
    stage: &mut Stage<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<Verb> {
    let found: Vec<Verb> = [
        step.connect.clone().map(Verb::Connect),
        step.revoke.clone().map(Verb::Revoke),
        step.read.clone().map(Verb::Read),
        step.delete.clone().map(Verb::Delete),
        step.refresh.clone().map(Verb::Refresh),
        step.set_status.clone().map(Verb::SetStatus),
        step.delete_client.clone().map(Verb::DeleteClient),
        step.set_client_status.clone().map(Verb::SetClientStatus),
        step.remove_by_user.clone().map(Verb::RemoveByUser),
        step.expire.clone().map(Verb::Expire),
        step.advance_clock.clone().map(Verb::AdvanceClock),
        step.fail
            .as_ref()
            .and_then(|stated| fail(stated, file, mistakes)),
        step.recover.clone().map(|_| Verb::Recover),
    ]
    .into_iter()
    .flatten()
    .chain(stage.verbs(step))
    .collect();
    match <[Verb; 1]>::try_from(found) {
        Ok([verb]) => Some(verb),
        // What is wrong with a failure, a race or a crash has been said.
        Err(found) if found.is_empty() && (step.fail.is_some() || Stage::is_staged(step)) => None,
        Err(found) => {
            let message = if found.is_empty() {
                "a step without a verb".to_owned()
            } else {
                let words: Vec<&str> = found.iter().map(Verb::word).collect();
                format!("a step with {} verbs: {}", words.len(), words.join(", "))
            };
            mistakes.push(
                Diagnostic::new(file, step.span(), message)
                    .hint(format!("a step has exactly one of {VERBS}")),
            );
            None
        }
    }
}

/// The fault that a step sets; none if it makes no sense.
fn fail(
    stated: &Located<Stated>,
    file: &SourceFile,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<Verb> {
    match fault::read(stated, file) {
        Ok(fault) => Some(Verb::Fail(fault)),
        Err(senseless) => {
            mistakes.extend(senseless);
            None
        }
    }
}

/// What a verb's parameters can be wrong about, whatever the other steps are.
fn parameters(
    step: &Located<StepFile>,
    verb: &Verb,
    file: &SourceFile,
    mistakes: &mut Vec<Diagnostic>,
) {
    let mut mistake = |span: Range<usize>, message: &str, hint: &str| {
        mistakes.push(Diagnostic::new(file, span, message).hint(hint));
    };
    let begins = !matches!(verb, Verb::Finish(_) | Verb::GiveUp(_));
    if let (Verb::Revoke(revoke), true) = (verb.called(), begins) {
        let stated = [&revoke.account, &revoke.unknown_like, &revoke.id];
        let stated: Vec<_> = stated.into_iter().flatten().collect();
        if stated.len() != 1 {
            // Of several, the second is the one too many.
            mistake(
                stated.get(1).map_or(step.span(), |second| second.span()),
                "a revoke must name exactly one of an account, an unknown id and a literal id",
                "state `account`, `unknown_like` or `id`",
            );
        }
        if let Some(method) = &revoke.method
            && http::Method::from_bytes(method.as_bytes()).is_err()
        {
            mistake(method.span(), "not an HTTP method", "e.g. `PUT`");
        }
    }
}

/// Accounts are connected once, and before they are used.
fn accounts(
    verb: &Verb,
    file: &SourceFile,
    connected: &mut Vec<String>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let Some(account) = verb.account() else {
        return;
    };
    // Where a call ends, its account has been looked at.
    if matches!(verb, Verb::Finish(_) | Verb::GiveUp(_)) {
        return;
    }
    let known = connected.iter().any(|name| name == account.get());
    if matches!(verb, Verb::Connect(_)) {
        if known {
            mistakes.push(
                Diagnostic::new(
                    file,
                    account.span(),
                    format!("account `{}` is connected twice", **account),
                )
                .hint("give the second one a name of its own; `user` can be the same"),
            );
        }
        connected.push(account.get().clone());
    } else if !known {
        let diagnostic = Diagnostic::new(
            file,
            account.span(),
            format!("account `{}` is not connected yet", **account),
        );
        mistakes.push(if connected.is_empty() {
            diagnostic.hint("connect it in an earlier step")
        } else {
            diagnostic.hint_nearest(account, connected.iter().map(String::as_str))
        });
    }
}

/// A client is registered in the target when the first account is connected through it.
fn client(verb: &Verb, file: &SourceFile, earlier: &[Step], mistakes: &mut Vec<Diagnostic>) {
    let Some(client) = verb.client() else {
        return;
    };
    let known: Vec<&str> = earlier
        .iter()
        .filter_map(|step| match &step.verb {
            Verb::Connect(connect) => Some(connect.client.as_str()),
            _ => None,
        })
        .collect();
    if !known.contains(&client.as_str()) {
        let message = format!("no account is connected through client `{}` yet", **client);
        let diagnostic = Diagnostic::new(file, client.span(), message);
        mistakes.push(if known.is_empty() {
            diagnostic.hint("connect one in an earlier step: `connect = { account = \"alice\", client = \"main\" }`")
        } else {
            diagnostic.hint_nearest(client, known)
        });
    }
}

/// What may come of the step.
fn outcomes(
    step: &Located<StepFile>,
    verb: &Verb,
    file: &SourceFile,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<Expectation> {
    let stated: Vec<&Located<Expectation>> = step.expect.iter().chain(&step.allow).collect();
    let Some(first) = stated.first() else {
        return Vec::new();
    };
    let mut mistake = |span: Range<usize>, message: &str, hint: &str| {
        mistakes.push(Diagnostic::new(file, span, message).hint(hint));
    };
    if !verb.calls_target() {
        mistake(
            first.span(),
            "an outcome of a step that calls no target",
            "only revoke, read, delete, refresh, set_status, delete_client and set_client_status are answered; a call that was started, when it is finished",
        );
    }
    if step.expect.is_some() && !step.allow.is_empty() {
        mistake(
            first.span(),
            "both `expect` and `allow`",
            "one outcome under `expect`, or several under `allow`, each with its reason",
        );
    }
    if let Some(expect) = step
        .expect
        .as_ref()
        .filter(|expect| expect.reason.is_some())
    {
        mistake(
            expect.span(),
            "a reason under `expect`",
            "a reason belongs to the outcomes under `allow`",
        );
    }
    if let [single] = step.allow.as_slice() {
        mistake(
            single.span(),
            "one outcome alone under `allow`",
            "state a single right outcome under `expect`",
        );
    }
    for outcome in &step.allow {
        if outcome
            .reason
            .as_deref()
            .is_none_or(|reason| reason.trim().is_empty())
        {
            mistake(
                outcome.span(),
                "an allowed outcome without a reason",
                "say under `reason` why the contract allows it",
            );
        }
    }
    for outcome in &stated {
        self::outcome(outcome, verb, &mut mistake);
    }
    stated
        .into_iter()
        .map(|outcome| outcome.get().clone())
        .collect()
}

/// What one outcome states, held against the step.
fn outcome(
    outcome: &Located<Expectation>,
    verb: &Verb,
    mistake: &mut impl FnMut(Range<usize>, &str, &str),
) {
    let empty = outcome.status.is_none()
        && outcome.revoked_tokens.is_none()
        && outcome.account_status.is_none()
        && outcome.dispatches.is_none();
    if empty {
        mistake(
            outcome.span(),
            "an outcome that states nothing",
            "state at least one of `status`, `revoked_tokens`, `account_status`, `dispatches`",
        );
    }
    if let Some(status) = outcome
        .status
        .as_ref()
        .filter(|status| !(100..=599).contains(status.get()))
    {
        mistake(
            status.span(),
            "not an HTTP status code",
            "a number from 100 to 599",
        );
    }
    if let Some(revoked) = outcome
        .revoked_tokens
        .as_ref()
        .filter(|_| !matches!(verb.called(), Verb::Revoke(_)))
    {
        mistake(
            revoked.span(),
            "`revoked_tokens` of a step that revokes nothing",
            "only a revoke's answer lists them",
        );
    }
    if let Some(status) = outcome
        .account_status
        .as_ref()
        .filter(|_| verb.calls_target() && verb.account().is_none())
    {
        mistake(
            status.span(),
            "`account_status` of a step that names no account",
            "leave it out, or read an account in a step of its own",
        );
    }
}

/// Every account's tokens are compared at the end, and no other's.
fn ledger(
    raw: &ScenarioFile,
    file: &SourceFile,
    connected: &[String],
    mistakes: &mut Vec<Diagnostic>,
) {
    for name in connected {
        if !raw.ledger.contains_key(name) {
            mistakes.push(
                Diagnostic::new(
                    file,
                    raw.ledger.span(),
                    format!("the ledger says nothing of account `{name}`"),
                )
                .hint(format!(
                    "add `[ledger.{name}]` with the state of both tokens at the end"
                )),
            );
        }
    }
    for (name, tokens) in raw.ledger.iter() {
        if !connected.contains(name) {
            mistakes.push(
                Diagnostic::new(
                    file,
                    tokens.span(),
                    format!("the ledger names account `{name}`, which is never connected"),
                )
                .hint_nearest(name, connected.iter().map(String::as_str)),
            );
        }
    }
}
