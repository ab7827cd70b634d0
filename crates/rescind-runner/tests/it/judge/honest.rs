//! A target that is honest is blamed for nothing, in whichever of the allowed manners it works; one
//! that lies in a single way is found out.

mod stories;

use proptest::prelude::*;
use rescind_model::profile::{Profile, RevocationRoute, RevocationScope};
use rescind_model::scenario::Verb;
use rescind_model::{AccountStatus, Subject, TokenState};
use rescind_provider::{Entry, Outcome};
use rescind_runner::judge::Judgement;
use rescind_runner::record::{CallOutcome, CaseRecord, ReadStatus};
use serde_json::json;

use self::stories::{any_call, any_fault, any_held};
use super::{ACCESS, Desk, REFRESH, judgements_by, profile, record, says_revoked};
use crate::files::{named, sets};
use crate::support::{answer, refusal, scenario, with_header};

/// What targets may do in one way or another.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own, and every combination is allowed"
)]
struct Manner {
    /// An access token that is not alive is refreshed first.
    refreshes: bool,
    /// Which token goes first where that is open.
    first: Subject,
    /// Both are sent before any answer is looked at.
    side_by_side: bool,
    /// What failed for a passing reason is tried again, and a redirect within the origin followed.
    tries_again: bool,
    /// What died with another is not dispatched any more.
    is_thrifty: bool,
    /// What an account is told that holds nothing killable.
    nothing_held: u16,
    /// An answer counts by its status, whatever becomes of its body.
    reads_the_status_alone: bool,
    /// What is found dead once an answer to its own dispatch has not come was its own work.
    takes_dead_for_done: bool,
}

const PLAIN: Manner = Manner {
    refreshes: false,
    first: Subject::AccessToken,
    side_by_side: false,
    tries_again: false,
    is_thrifty: false,
    nothing_held: 400,
    reads_the_status_alone: false,
    takes_dead_for_done: false,
};

/// The route for a token that reaches least far.
fn route_for(profile: &Profile, subject: Subject) -> Option<&RevocationRoute> {
    let routes = profile.routes_for(subject);
    let nearest = routes.min_by_key(|(_, scope)| *scope);
    nearest.map(|(route, _)| route)
}

fn ends_grant(scope: Option<RevocationScope>) -> bool {
    scope.is_some_and(|scope| scope >= RevocationScope::Grant)
}

/// The tokens that an account is revoked by, in order. Where the access token authenticates, it
/// goes last.
fn plan(desk: &Desk, account: &str, manner: Manner) -> Vec<Subject> {
    let profile = desk.profile();
    let by_access_token = RevocationRoute::is_authenticated_by_access_token;
    let first = if profile.revocation_routes.iter().any(by_access_token) {
        REFRESH
    } else {
        manner.first
    };
    [first, first.partner()]
        .into_iter()
        .filter(|subject| desk.state(account, *subject) != TokenState::Absent)
        .filter(|subject| {
            let has_access_token = desk.state(account, ACCESS) != TokenState::Absent;
            let route = route_for(&profile, *subject);
            route.is_some_and(|route| has_access_token || !by_access_token(route))
        })
        .collect()
}

/// What came of a dispatch, and of its repetitions.
fn dispatched(
    desk: &mut Desk,
    manner: Manner,
    mut send: impl FnMut(&mut Desk) -> Entry,
) -> Dispatched {
    let entry = send(desk);
    let is_passing = (entry.status == 0 || entry.status >= 500) && entry.retry_after.is_none();
    // Redirects that keep the method; those elsewhere are left alone (the journal tells them not
    // apart, so that this target follows none but to its own provider).
    let is_redirect = matches!(entry.status, 307 | 308);
    let is_unheard = entry.status == 0;
    let last = if manner.tries_again && (is_passing || is_redirect) {
        send(desk)
    } else {
        entry
    };
    // At every provider of these tests the status alone says what is a success.
    let is_read = last.acknowledged || manner.reads_the_status_alone && last.status == 200;
    Dispatched {
        is_read,
        is_done: manner.takes_dead_for_done
            && is_unheard
            && last.status != 0
            && last.outcome == Outcome::Dead,
        is_to_wait: last.retry_after.is_some(),
    }
}

/// What a target makes of a dispatch, and of its repetition.
#[derive(Clone, Copy)]
struct Dispatched {
    /// It was acknowledged, as far as the target reads.
    is_read: bool,
    /// Its token was found dead after a dispatch that was not answered.
    is_done: bool,
    is_to_wait: bool,
}

/// What came of all the dispatches of a call.
struct Killed {
    listed: Vec<Subject>,
    tried: bool,
    /// Whether everything was done without anybody's saying so.
    all_done: bool,
}

/// Asks for everything to be revoked, and says what was acknowledged.
fn kills(desk: &mut Desk, account: &str, mut manner: Manner) -> Killed {
    let profile = desk.profile();
    let held: Vec<Subject> = Subject::ALL
        .into_iter()
        .filter(|subject| desk.state(account, *subject) != TokenState::Absent)
        .collect();
    let mut listed: Vec<Subject> = Vec::new();
    let mut tried = false;
    let mut all_done = true;
    for subject in plan(desk, account, manner) {
        if manner.is_thrifty && listed.contains(&subject) {
            continue;
        }
        let route = route_for(&profile, subject).unwrap();
        // Where dead tokens are acknowledged (RFC 7009 §2.2), that says nothing about the others.
        let is_alive = desk.state(account, subject) == TokenState::Alive;
        let dispatched = dispatched(desk, manner, |desk| {
            desk.dispatch_by(account, route, subject)
        });
        tried = true;
        // Who finds an access token dead gets another one first, to be sure of the refresh token.
        all_done &= dispatched.is_done && is_alive;
        if dispatched.is_read {
            listed.push(subject);
            if is_alive && ends_grant(route.ends.of(subject)) {
                listed.extend(&held);
            }
        }
        if dispatched.is_to_wait {
            // What was on its way already is all that may still come.
            manner.tries_again = false;
            if !manner.side_by_side {
                break;
            }
        }
    }
    let takes_accounts = |route: &RevocationRoute| route.ends.account.is_some();
    if !tried && !held.is_empty() && profile.revocation_routes.iter().any(takes_accounts) {
        tried = true;
        let dispatched = dispatched(desk, manner, |desk| desk.dispatch_account(account));
        all_done &= dispatched.is_done;
        if dispatched.is_read {
            listed.extend(&held);
        }
    }
    listed.sort();
    listed.dedup();
    Killed {
        listed,
        tried,
        all_done: tried && all_done,
    }
}

/// Whether a refresh would bring what the refresh token could be revoked by.
fn could_refresh(desk: &Desk, account: &str) -> bool {
    let profile = desk.profile();
    let presents = route_for(&profile, ACCESS).map(|route| route.ends.access_token);
    let authenticates =
        route_for(&profile, REFRESH).is_some_and(RevocationRoute::is_authenticated_by_access_token);
    desk.state(account, REFRESH) == TokenState::Alive
        && (authenticates || presents.is_some_and(ends_grant))
}

fn refused(status: u16) -> CallOutcome {
    with_header(refusal(status), "x-should-retry", "false")
}

/// An honest target's answer to a revoke with the right key.
fn revoke(desk: &mut Desk, account: &str, manner: Manner) -> CallOutcome {
    let profile = desk.profile();
    let world = desk.account(account);
    if world.deleted || world.status == ReadStatus::Missing {
        return refused(404);
    }
    if !desk.identity(account).is_oauth2() || !profile.can_revoke() {
        return refused(400);
    }
    match world.status {
        ReadStatus::Known(AccountStatus::Active) => {}
        ReadStatus::Known(AccountStatus::Revoked) => return desk.success(account, &[]),
        _ => return refused(409),
    }
    let wants_refresh = desk.state(account, ACCESS) != TokenState::Alive
        && desk.state(account, REFRESH) != TokenState::Absent;
    if manner.refreshes && wants_refresh {
        desk.refresh(account);
    }
    let Killed {
        listed,
        tried,
        all_done,
    } = kills(desk, account, manner);
    if listed.is_empty() && !all_done && (tried || could_refresh(desk, account)) {
        return refusal(500);
    }
    if listed.is_empty() && !all_done && manner.nothing_held != 200 {
        return refused(manner.nothing_held);
    }
    desk.becomes(account, AccountStatus::Revoked);
    desk.reads(
        account,
        &json!({ "status": "REVOKED", "status_reason": "revoked by its owner" }),
    );
    let listed: Vec<&str> = listed.iter().map(|subject| subject.as_str()).collect();
    desk.success(account, &listed)
}

/// An honest target's answer to any call about alice.
fn honest(desk: &mut Desk, verb: &Verb, manner: Manner) -> CallOutcome {
    use rescind_model::scenario::Key;
    match verb {
        Verb::Revoke(call) => match call.key {
            Key::Missing | Key::Wrong => refused(401),
            Key::ReadOnly => refused(403),
            Key::OtherProject => refused(404),
            Key::Right if call.unknown_like.is_some() => refused(404),
            Key::Right if call.id.is_some() => refused(400),
            Key::Right if call.method.is_some() => refused(405),
            Key::Right => revoke(desk, "alice", manner),
        },
        Verb::Delete(delete) => {
            if desk.account("alice").deleted {
                return refused(404);
            }
            let mut body = json!({ "success": true });
            if delete.and_revoke && desk.account("alice").is(AccountStatus::Active) {
                revoke(desk, "alice", manner);
                body["revoke_job_id"] = json!("pj_1");
            }
            desk.disappears("alice");
            answer(200, &body)
        }
        Verb::DeleteClient(_) => {
            desk.disappears("alice");
            answer(200, &json!({}))
        }
        // What is revoked must not come back to life.
        Verb::Refresh(_) if !desk.account("alice").is(AccountStatus::Active) => refused(409),
        Verb::Refresh(_) if desk.state("alice", REFRESH) != TokenState::Absent => {
            desk.refresh("alice");
            answer(200, &json!({}))
        }
        _ => answer(200, &json!({})),
    }
}

/// What is wrong by any set, but for what the scenario itself states.
fn violations(record: &CaseRecord) -> Vec<Judgement> {
    let judged = sets()
        .into_iter()
        .flat_map(|set| judgements_by(record, &set));
    judged
        .filter(|made| made.violation.is_some() && made.rows.is_none())
        .collect()
}

fn providers() -> Vec<String> {
    let profiles = named("fixtures/providers").into_iter();
    profiles.map(|file| file.name).collect()
}

/// How an account's token can stand when it is connected.
const STATES: [&str; 5] = ["alive", "expired", "expired_at_provider", "dead", "absent"];
const OTHERS: &str = "connect = { account = \"bob\" }\n\
                      connect = { account = \"carol\", user = \"alice\" }";
const REVOKE: &str = "revoke = { account = \"alice\" }\nexpect = { status = 200 }";

#[test]
fn an_honest_target_is_right_in_every_state_at_every_provider() {
    for provider in providers() {
        let profile = profile(&provider);
        for (access_token, refresh_token) in STATES
            .iter()
            .flat_map(|access| STATES.iter().map(move |refresh| (access, refresh)))
        {
            for refreshes in [false, true] {
                let held = format!(
                    ", access_token = \"{access_token}\", refresh_token = \"{refresh_token}\""
                );
                let scenario = scenario(&held, OTHERS, &[REVOKE, REVOKE]);
                let manner = Manner { refreshes, ..PLAIN };
                let record = record(&profile, &scenario, |desk, verb| honest(desk, verb, manner));
                let found = violations(&record);
                assert!(
                    found.is_empty(),
                    "at {provider}{held}, {manner:?}: {found:?}"
                );
            }
        }
    }
}

fn any_manner() -> impl Strategy<Value = Manner> {
    (
        any::<bool>(),
        prop::sample::select(Subject::ALL.to_vec()),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(vec![400, 409, 500, 200]),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(
                refreshes,
                first,
                side_by_side,
                tries_again,
                is_thrifty,
                nothing_held,
                reads_the_status_alone,
                takes_dead_for_done,
            )| Manner {
                refreshes,
                first,
                side_by_side,
                tries_again,
                is_thrifty,
                nothing_held,
                reads_the_status_alone,
                takes_dead_for_done,
            },
        )
}

proptest! {
    #[test]
    fn an_honest_target_is_right_whatever_its_manner_and_whatever_fails(
        provider in prop::sample::select(providers()),
        held in any_held(),
        faults in prop::collection::vec(any_fault(), 0..3),
        calls in prop::collection::vec(any_call(), 0..3),
        manner in any_manner(),
    ) {
        let before = format!("{OTHERS}\n{}", faults.join("\n"));
        let before = before.trim_end();
        let mut last = vec![REVOKE];
        last.extend(calls);
        let scenario = scenario(&held, before, &last);
        let record = record(&profile(&provider), &scenario, |desk, verb| {
            honest(desk, verb, manner)
        });
        let found = violations(&record);
        prop_assert!(found.is_empty(), "{found:?}");
    }
}

/// One way not to be honest.
type Lie = fn(&mut Desk, Manner) -> CallOutcome;

/// Every lie, and the check that it must not pass.
const LIES: &[(&str, Lie)] = &[
    ("listed-is-dead", |desk, _| {
        says_revoked(desk, &["access_token", "refresh_token"])
    }),
    ("revoked-means-dead", |desk, _| says_revoked(desk, &[])),
    ("empty-means-revoked", |desk, manner| {
        revoke(desk, "alice", manner);
        desk.success("alice", &[])
    }),
    ("acknowledged-is-listed", |desk, manner| {
        revoke(desk, "alice", manner);
        desk.success("alice", &[])
    }),
    ("read-says-revoked", |desk, manner| {
        let outcome = revoke(desk, "alice", manner);
        desk.becomes("alice", AccountStatus::Active);
        outcome
    }),
    ("refusal-keeps-status", |desk, _| {
        desk.becomes("alice", AccountStatus::Revoked);
        refused(500)
    }),
    ("refusal-dispatches-nothing", |desk, manner| {
        revoke(desk, "alice", manner);
        desk.becomes("alice", AccountStatus::Active);
        refused(400)
    }),
    ("body-is-optional", |desk, manner| {
        revoke(desk, "alice", manner);
        desk.becomes("alice", AccountStatus::Active);
        refused(500)
    }),
    ("listed-once", |desk, manner| {
        revoke(desk, "alice", manner);
        desk.success("alice", &["access_token", "access_token"])
    }),
    ("answer-shape", |desk, manner| {
        revoke(desk, "alice", manner);
        desk.success("bob", &["access_token"])
    }),
    ("no-secret-in-answer", |desk, manner| {
        let token = desk.token("alice", ACCESS).unwrap().text;
        with_header(revoke(desk, "alice", manner), "x-token", &token)
    }),
    ("siblings-live", |desk, manner| {
        kills(desk, "bob", manner);
        revoke(desk, "alice", manner)
    }),
    ("dispatches-are-bounded", |desk, manner| {
        for _ in 0..4 {
            kills(desk, "alice", manner);
        }
        refused(500)
    }),
];

#[test]
fn whoever_lies_in_one_way_is_found_out_at_every_provider() {
    for provider in providers() {
        let profile = profile(&provider);
        if !profile.can_revoke() {
            continue;
        }
        for (check, lie) in LIES {
            let scenario = scenario("", OTHERS, &[REVOKE]);
            let record = record(&profile, &scenario, |desk, _| lie(desk, PLAIN));
            let found = violations(&record);
            let is_found = found.iter().any(|made| made.check == *check);
            assert!(is_found, "`{check}` at {provider}: {found:?}");
        }
    }
}

proptest! {
    #[test]
    fn whoever_lies_in_one_way_is_found_out_whatever_its_manner(
        provider in prop::sample::select(providers()),
        (check, lie) in prop::sample::select(LIES.to_vec()),
        manner in any_manner(),
    ) {
        let profile = profile(&provider);
        prop_assume!(profile.can_revoke());
        let scenario = scenario("", OTHERS, &[REVOKE]);
        let record = record(&profile, &scenario, |desk, _| lie(desk, manner));
        let found = violations(&record);
        prop_assert!(found.iter().any(|made| made.check == check), "`{check}`: {found:?}");
    }
}
