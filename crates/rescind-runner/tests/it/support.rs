//! A case that ran without HTTP between runner and target: the provider is a real tenant, and the
//! target is a closure that is asked step by step what it does and answers.

mod desk;
mod races;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use rescind_model::event::CaseId;
use rescind_model::profile::Profile;
use rescind_model::scenario::{HeldToken, Scenario, Verb};
use rescind_model::secret::FingerprintKey;
use rescind_model::{SourceFile, Subject};
use rescind_provider::Entry;
use rescind_runner::record::{
    AccountIdentity, AccountWorld, Answered, CallOutcome, CaseRecord, ReadStatus, StepRecord,
};
use serde_json::{Value, json};

use self::desk::call;

pub use self::desk::Desk;
pub use self::races::{Moment, overlapping};

impl Desk {
    /// An account that the target says it has deleted is, and so are those of a deleted client.
    fn note_deletion(&mut self, verb: &Verb) {
        for (name, account) in &mut self.world.accounts {
            account.deleted |= match verb {
                Verb::Delete(delete) => delete.account.get() == name,
                Verb::DeleteClient(delete) => *delete.client.get() == self.accounts[name].client,
                _ => false,
            };
        }
    }

    /// Everything that a step does which does not call the target.
    fn stage(&mut self, verb: &Verb) {
        let now = self.now;
        match verb {
            Verb::Connect(connect) => {
                let held = [
                    (Subject::AccessToken, connect.access_token),
                    (Subject::RefreshToken, connect.refresh_token),
                ];
                let has = |(_, state): &&(Subject, HeldToken)| *state != HeldToken::Absent;
                let subjects: Vec<Subject> = held
                    .iter()
                    .filter(has)
                    .map(|(subject, _)| *subject)
                    .collect();
                let name = connect.account.get();
                let user = connect.user.as_ref().unwrap_or(name);
                let minted = self.tenant.mint(user, &connect.client, &subjects, now);
                for (subject, state) in held {
                    let done = match state {
                        HeldToken::Alive | HeldToken::Absent => true,
                        HeldToken::Expired | HeldToken::ExpiredAtProvider => {
                            self.tenant.expire(minted.grant, subject, now)
                        }
                        HeldToken::Dead => self.tenant.kill_at_provider(minted.grant, subject, now),
                    };
                    assert!(done);
                }
                let identity = AccountIdentity {
                    target_id: format!("ca_{name}"),
                    grant: minted.grant,
                    user: user.clone(),
                    client: connect.client.clone(),
                    scheme: connect.scheme.clone(),
                };
                self.accounts.insert(name.clone(), identity);
                let account = AccountWorld {
                    status: ReadStatus::Known(connect.status),
                    deleted: false,
                    tokens: Vec::new(),
                    never_given: BTreeSet::new(),
                };
                self.world.accounts.insert(name.clone(), account);
            }
            Verb::RemoveByUser(removal) => {
                let grant = self.accounts[removal.account.get()].grant;
                self.tenant.remove_by_user(grant, now);
            }
            Verb::Expire(expire) => {
                let grant = self.accounts[expire.account.get()].grant;
                assert!(self.tenant.expire(grant, expire.token, now));
            }
            Verb::AdvanceClock(advance) => self.tenant.clock_mut().advance(advance.seconds),
            Verb::Fail(fault) => {
                self.tenant.fail(fault.clone());
            }
            Verb::Recover => {
                self.tenant.recover();
            }
            _ => {}
        }
    }
}

/// An answer with a JSON body.
pub fn answer(status: u16, body: &Value) -> CallOutcome {
    CallOutcome::Answered(Answered {
        status,
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_string()),
    })
}

/// A refusal in the published envelope.
pub fn refusal(status: u16) -> CallOutcome {
    let error = json!({ "message": "no", "code": 1, "slug": "no", "status": status });
    answer(status, &json!({ "error": error }))
}

/// An answer with one more header.
pub fn with_header(outcome: CallOutcome, name: &'static str, value: &str) -> CallOutcome {
    let CallOutcome::Answered(mut answered) = outcome else {
        panic!("there is no answer that a header could be added to")
    };
    let value = HeaderValue::from_str(value).unwrap();
    answered.headers.insert(name, value);
    CallOutcome::Answered(answered)
}

/// Runs a scenario of one profile at a target. The target is asked of each step that calls it, and
/// says what came of the call.
pub fn record(
    profile: &Arc<Profile>,
    scenario: &str,
    mut target: impl FnMut(&mut Desk, &Verb) -> CallOutcome,
) -> CaseRecord {
    let file = SourceFile::new("scenario.toml", scenario);
    let scenario = Scenario::parse("scenario", &file).expect("the scenario is valid");
    let mut desk = Desk::new(profile);
    let mut steps = Vec::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        desk.observe();
        let before = desk.world.clone();
        let seen = desk.tenant.journal().received();
        let call = if step.verb.calls_target() {
            let call = call("POST", target(&mut desk, &step.verb));
            if call.is_success() {
                desk.note_deletion(&step.verb);
            }
            Some(call)
        } else {
            desk.stage(&step.verb);
            None
        };
        desk.observe();
        let entries: Vec<Entry> = desk.tenant.journal().after(seen).cloned().collect();
        let reads = match call {
            Some(_) => desk.reads.clone(),
            None => BTreeMap::new(),
        };
        steps.push(StepRecord {
            index,
            step: step.clone(),
            before,
            after: desk.world.clone(),
            call,
            reads,
            entries,
            strays: Vec::new(),
        });
    }
    CaseRecord {
        id: CaseId {
            scenario: "scenario".to_owned(),
            profile: "profile".to_owned(),
        },
        scenario: Arc::new(scenario),
        profile: Arc::clone(profile),
        steps,
        overlaps: Vec::new(),
        late: Vec::new(),
        scanner: desk.tenant.scanner(FingerprintKey::of_seed("seed")),
        accounts: desk.accounts,
        log_leaks: None,
        harness_error: None,
        incapacity: None,
    }
}

/// A scenario that connects `alice`, does what is given, revokes her account and expects a 200.
pub fn revoke_of_alice(held: &str, steps: &str) -> String {
    revoke_by(held, steps, "account = \"alice\"")
}

/// A scenario that connects `alice`, does what is given, and makes a revoke in the given words.
pub fn revoke_by(held: &str, steps: &str, revoke: &str) -> String {
    let revoke = format!("revoke = {{ {revoke} }}\nexpect = {{ status = 200 }}");
    scenario(held, steps, &[&revoke])
}

/// A scenario that connects `alice`, does what is given line by line, and ends in the given steps.
pub fn scenario(held: &str, lines: &str, last: &[&str]) -> String {
    let mut text = format!(
        "title = \"a revoke\"\nprofiles = [\"x\"]\nrequirements = [\"CA-EMPTY\"]\n\n\
         [[step]]\nconnect = {{ account = \"alice\"{held} }}\n"
    );
    let accounts = lines.lines().filter_map(connected_by);
    let accounts: Vec<&str> = std::iter::once("alice").chain(accounts).collect();
    for step in lines.lines().chain(last.iter().copied()) {
        // Writing to a string does not fail.
        let _ = write!(text, "\n[[step]]\n{step}\n");
    }
    for account in accounts {
        let _ = write!(
            text,
            "\n[ledger.{account}]\naccess_token = \"any\"\nrefresh_token = \"any\"\n"
        );
    }
    text
}

/// The account that a step connects.
fn connected_by(step: &str) -> Option<&str> {
    let rest = step.strip_prefix("connect = { account = \"")?;
    rest.split_once('"').map(|(account, _)| account)
}
