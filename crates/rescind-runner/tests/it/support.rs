//! A case that ran without HTTP between runner and target: the provider is a real tenant, and the
//! target is a closure that is asked step by step what it does and answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rescind_model::event::CaseId;
use rescind_model::profile::{ClientAuthentication, Place, Profile, RevocationRoute};
use rescind_model::scenario::{HeldToken, Scenario, Verb};
use rescind_model::secret::FingerprintKey;
use rescind_model::{AccountStatus, SourceFile, Subject};
use rescind_provider::Entry;
use rescind_provider::ledger::{LedgerKey, Moment};
use rescind_provider::message::Request;
use rescind_provider::tenant::TenantState;
use rescind_runner::record::{
    AccountIdentity, AccountWorld, Answered, Call, CallOutcome, CaseRecord, ReadStatus, Sent,
    StepRecord, World,
};
use serde_json::{Value, json};

/// Time stands still: only `advance_clock` moves the provider's.
const NOW: Moment = Moment(0);

/// What a target has before it: the provider, and the accounts that it was given.
pub struct Desk {
    tenant: TenantState,
    accounts: BTreeMap<String, AccountIdentity>,
    world: World,
}

impl Desk {
    /// Asks the provider to end a token, as the profile's route for it wants to be asked.
    pub fn dispatch(&mut self, account: &str, subject: Subject) {
        let profile = Arc::clone(self.tenant.profile());
        let (route, _) = profile
            .routes_for(subject)
            .next()
            .expect("a route takes such a token");
        let token = self.world_of(account).held(subject).unwrap().text.clone();
        self.send(account, route, route.token_in.first().unwrap(), &token);
    }

    /// Asks the provider to end the grant of an account, by the provider's id of it.
    pub fn dispatch_account(&mut self, account: &str) {
        let profile = Arc::clone(self.tenant.profile());
        let mut routes = profile.revocation_routes.iter();
        let route = routes.find(|route| route.account_in.is_some()).unwrap();
        let grant = self.accounts[account].grant;
        let id = self
            .tenant
            .ledger()
            .grant(grant)
            .unwrap()
            .account_id
            .clone();
        self.send(account, route, route.account_in.as_ref().unwrap(), &id);
    }

    fn send(&mut self, account: &str, route: &RevocationRoute, place: &Place, value: &str) {
        let Place::Form(name) = place else {
            panic!("only routes that take a form are called in these tests")
        };
        let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(http::header::CONTENT_TYPE, form);
        if route
            .client_authentication
            .contains(&ClientAuthentication::Basic)
        {
            let client = self.tenant.client(&self.accounts[account].client);
            let secret = escaped(client.client_secret.expose());
            let pair = STANDARD.encode(format!("{}:{secret}", escaped(&client.client_id)));
            let basic = format!("Basic {pair}").parse().unwrap();
            headers.insert(http::header::AUTHORIZATION, basic);
        }
        let request = Request {
            method: route.method.as_str().to_owned(),
            path: route.path.get().clone(),
            query: None,
            headers,
            body: Bytes::from(format!("{name}={}", escaped(value))),
        };
        self.tenant.handle(&request, NOW);
    }

    /// From now on a read says this of an account.
    pub fn becomes(&mut self, account: &str, status: AccountStatus) {
        self.world.accounts.get_mut(account).unwrap().status = ReadStatus::Known(status);
    }

    /// A 200 that says that an account is REVOKED and lists what is given.
    pub fn success(&self, account: &str, listed: &[&str]) -> CallOutcome {
        let id = &self.accounts[account].target_id;
        answer(
            200,
            &json!({ "revoked_tokens": listed, "connected_account": { "id": id, "status": "REVOKED" } }),
        )
    }

    fn world_of(&self, account: &str) -> &AccountWorld {
        &self.world.accounts[account]
    }

    fn observe(&mut self) {
        let now = self.tenant.now(NOW);
        for (name, account) in &mut self.world.accounts {
            account.tokens = self.tenant.ledger().tokens(self.accounts[name].grant, now);
        }
    }

    /// Everything that a step does which does not call the target.
    fn stage(&mut self, verb: &Verb) {
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
                let minted = self.tenant.mint(user, &connect.client, &subjects, NOW);
                for (subject, state) in held {
                    if matches!(state, HeldToken::Expired | HeldToken::ExpiredAtProvider) {
                        assert!(self.tenant.expire(minted.grant, subject, NOW));
                    }
                }
                let identity = AccountIdentity {
                    target_id: format!("ca_{name}"),
                    grant: minted.grant,
                    user: user.clone(),
                    client: connect.client.clone(),
                };
                self.accounts.insert(name.clone(), identity);
                let account = AccountWorld {
                    status: ReadStatus::Known(connect.status),
                    deleted: false,
                    tokens: Vec::new(),
                };
                self.world.accounts.insert(name.clone(), account);
            }
            Verb::RemoveByUser(removal) => {
                let grant = self.accounts[removal.account.get()].grant;
                self.tenant.remove_by_user(grant, NOW);
            }
            Verb::Expire(expire) => {
                let grant = self.accounts[expire.account.get()].grant;
                assert!(self.tenant.expire(grant, expire.token, NOW));
            }
            Verb::AdvanceClock(advance) => self.tenant.advance(advance.seconds),
            Verb::Fail(fault) => self.tenant.fail(*fault),
            Verb::Recover => self.tenant.recover(),
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

/// Runs a scenario of one profile at a target. The target is asked of each step that calls it, and
/// says what came of the call.
pub fn record(
    profile: &Arc<Profile>,
    scenario: &str,
    mut target: impl FnMut(&mut Desk, &Verb) -> CallOutcome,
) -> CaseRecord {
    let file = SourceFile::new("scenario.toml", scenario);
    let scenario = Scenario::parse("scenario", &file).expect("the scenario is valid");
    let mut desk = Desk {
        tenant: TenantState::new(Arc::clone(profile), LedgerKey::new("seed", "tenant")),
        accounts: BTreeMap::new(),
        world: World::default(),
    };
    let mut steps = Vec::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        let before = desk.world.clone();
        let seen = desk.tenant.journal().received();
        let call = if step.verb.calls_target() {
            let outcome = target(&mut desk, &step.verb);
            Some(Call {
                sent: Sent {
                    method: "POST".to_owned(),
                    path: "/revoke".to_owned(),
                    ..Sent::default()
                },
                outcome,
                elapsed: Duration::from_millis(1),
            })
        } else {
            desk.stage(&step.verb);
            None
        };
        desk.observe();
        let entries: Vec<Entry> = desk.tenant.journal().after(seen).cloned().collect();
        steps.push(StepRecord {
            index,
            step: step.clone(),
            before,
            after: desk.world.clone(),
            call,
            reads: Vec::new(),
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
        late: Vec::new(),
        scanner: desk.tenant.scanner(FingerprintKey::of_seed("seed")),
        accounts: desk.accounts,
        log_leaks: None,
        harness_error: None,
    }
}

/// A scenario that connects `alice`, does what is given, revokes her account and expects a 200.
pub fn revoke_of_alice(held: &str, steps: &str) -> String {
    let mut text = format!(
        "title = \"a revoke\"\nprofiles = [\"x\"]\nrequirements = [\"CA-EMPTY\"]\n\n\
         [[step]]\nconnect = {{ account = \"alice\"{held} }}\n"
    );
    for step in steps.lines() {
        // Writing to a string does not fail.
        let _ = write!(text, "\n[[step]]\n{step}\n");
    }
    text.push_str(
        "\n[[step]]\nrevoke = { account = \"alice\" }\nexpect = { status = 200 }\n\n\
         [ledger.alice]\naccess_token = \"any\"\nrefresh_token = \"any\"\n",
    );
    text
}
