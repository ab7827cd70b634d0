//! What a target has before it: the provider, and the accounts that it was given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rescind_model::profile::{BodyEncoding, ClientAuthentication, Place, Profile, RevocationRoute};
use rescind_model::{AccountStatus, Subject, TokenState};
use rescind_provider::clients::Client;
use rescind_provider::ledger::{LedgerKey, Moment, TokenView};
use rescind_provider::message::Request;
use rescind_provider::tenant::TenantState;
use rescind_provider::{Entry, TokenId};
use rescind_runner::record::{
    AccountIdentity, AccountWorld, Call, CallOutcome, ReadStatus, Sent, World, never_given,
    tokens_of,
};
use serde_json::{Value, json};

use super::answer;

/// What a target has before it.
pub struct Desk {
    pub(super) tenant: TenantState,
    pub(super) accounts: BTreeMap<String, AccountIdentity>,
    pub(super) world: World,
    pub(super) reads: BTreeMap<String, Call>,
    /// The shell's clock, which stands still unless somebody lets time pass.
    pub(super) now: Moment,
}

impl Desk {
    pub(super) fn new(profile: &Arc<Profile>) -> Self {
        Self {
            tenant: TenantState::new(Arc::clone(profile), LedgerKey::new("seed", "tenant")),
            accounts: BTreeMap::new(),
            world: World::default(),
            reads: BTreeMap::new(),
            now: Moment(0),
        }
    }

    /// Asks the provider to end a token, as the profile's first route for it wants to be asked.
    /// What came of it is the journal's entry.
    pub fn dispatch(&mut self, account: &str, subject: Subject) -> Entry {
        let profile = Arc::clone(self.tenant.profile());
        let (route, _) = profile
            .routes_for(subject)
            .next()
            .expect("a route takes such a token");
        self.dispatch_by(account, route, subject)
    }

    /// Asks the provider to end a token by one of its routes.
    pub fn dispatch_by(
        &mut self,
        account: &str,
        route: &RevocationRoute,
        subject: Subject,
    ) -> Entry {
        let token = self.token(account, subject).expect("there is such a token");
        let place = route.token_in.first().expect("the route takes a token");
        let request = self.revocation(account, route, place, &token.text);
        self.send(&request)
    }

    /// Asks the provider to end the grant of an account, by the provider's id of it.
    pub fn dispatch_account(&mut self, account: &str) -> Entry {
        let profile = Arc::clone(self.tenant.profile());
        let mut routes = profile.revocation_routes.iter();
        let route = routes.find(|route| route.account_in.is_some()).unwrap();
        let grant = self.accounts[account].grant;
        let ledger = self.tenant.ledger();
        let id = ledger.grant(grant).unwrap().account_id.clone();
        let place = route.account_in.as_ref().unwrap();
        let request = self.revocation(account, route, place, &id);
        self.send(&request)
    }

    /// Asks the provider to end a token of a kind that its first route does not take.
    pub fn dispatch_unsupported(&mut self, account: &str, subject: Subject) -> Entry {
        let route = &Arc::clone(self.tenant.profile()).revocation_routes[0];
        self.dispatch_by(account, route, subject)
    }

    /// Asks another origin than the provider's to end a token, as if it were the provider.
    pub fn dispatch_elsewhere(&mut self, account: &str, subject: Subject) -> Entry {
        let profile = Arc::clone(self.tenant.profile());
        let (route, _) = profile.routes_for(subject).next().unwrap();
        let token = self.token(account, subject).unwrap();
        let place = route.token_in.first().unwrap();
        let request = self.revocation(account, route, place, &token.text);
        self.send_elsewhere(&request)
    }

    /// Goes to another origin than the provider's with a form and headers of one's own.
    pub fn visit_elsewhere(&mut self, form: &[(&str, &str)], basic_as: Option<&str>) -> Entry {
        let route = &Arc::clone(self.tenant.profile()).revocation_routes[0];
        let mut headers = HeaderMap::new();
        if let Some(account) = basic_as {
            let client = self.client_of(account);
            headers.insert(AUTHORIZATION, basic(&client));
        }
        let request = form_request(route.path.get(), headers, form);
        self.send_elsewhere(&request)
    }

    /// Has the provider refresh an account's tokens. Whether it did is the entry's `minted`.
    pub fn refresh(&mut self, account: &str) -> Entry {
        let profile = Arc::clone(self.tenant.profile());
        let token = self.token(account, Subject::RefreshToken).unwrap();
        let client = self.client_of(account);
        let endpoint = &profile.token_endpoint;
        let mut headers = HeaderMap::new();
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token.text.as_str()),
        ];
        if endpoint
            .client_authentication
            .contains(&ClientAuthentication::Basic)
        {
            headers.insert(AUTHORIZATION, basic(&client));
        } else {
            form.push(("client_id", client.client_id.as_str()));
            form.push(("client_secret", client.client_secret.expose()));
        }
        let request = form_request(endpoint.path.get(), headers, &form);
        self.send(&request)
    }

    /// Lets time pass.
    pub fn let_pass(&mut self, milliseconds: u64) {
        self.now = Moment(self.now.0 + milliseconds);
    }

    /// From now on a read says this of an account.
    pub fn becomes(&mut self, account: &str, status: AccountStatus) {
        self.account_mut(account).status = ReadStatus::Known(status);
    }

    /// From now on a read finds no such account.
    pub fn disappears(&mut self, account: &str) {
        self.account_mut(account).status = ReadStatus::Missing;
    }

    /// From now on a read of an account is answered with this.
    pub fn reads(&mut self, account: &str, body: &Value) {
        let read = call("GET", answer(200, body));
        self.reads.insert(account.to_owned(), read);
    }

    /// A 200 that says that an account is REVOKED and lists what is given.
    pub fn success(&self, account: &str, listed: &[&str]) -> CallOutcome {
        let id = &self.accounts[account].target_id;
        answer(
            200,
            &json!({ "revoked_tokens": listed, "connected_account": { "id": id, "status": "REVOKED" } }),
        )
    }

    /// The provider's profile.
    pub fn profile(&self) -> Arc<Profile> {
        Arc::clone(self.tenant.profile())
    }

    /// How an account stands, but for its tokens.
    pub fn account(&self, account: &str) -> &AccountWorld {
        &self.world.accounts[account]
    }

    /// Whose tokens an account holds.
    pub fn identity(&self, account: &str) -> &AccountIdentity {
        &self.accounts[account]
    }

    /// The newest token of a kind that an account was given.
    pub fn token(&self, account: &str, subject: Subject) -> Option<TokenView> {
        let grant = self.accounts[account].grant;
        let tokens = self
            .tenant
            .ledger()
            .tokens(grant, self.tenant.now(self.now));
        tokens
            .into_iter()
            .rev()
            .find(|token| token.id.subject == subject && !self.never_given().contains(&token.id))
    }

    /// The tokens that answers carried which did not come.
    fn never_given(&self) -> BTreeSet<TokenId> {
        never_given(self.tenant.journal().after(0)).collect()
    }

    /// The state of the newest token of a kind that an account holds.
    pub fn state(&self, account: &str, subject: Subject) -> TokenState {
        self.token(account, subject)
            .map_or(TokenState::Absent, |token| token.state)
    }

    pub(super) fn observe(&mut self) {
        let now = self.tenant.now(self.now);
        let lost = self.never_given();
        for (name, account) in &mut self.world.accounts {
            account.never_given.extend(&lost);
            account.tokens = tokens_of(self.tenant.ledger(), self.accounts[name].grant, now);
        }
    }

    fn account_mut(&mut self, account: &str) -> &mut AccountWorld {
        self.world.accounts.get_mut(account).unwrap()
    }

    fn client_of(&mut self, account: &str) -> Client {
        let name = self.accounts[account].client.clone();
        self.tenant.client(&name)
    }

    /// A request to a route, with the first credentials of those that it declares.
    fn revocation(
        &mut self,
        account: &str,
        route: &RevocationRoute,
        place: &Place,
        value: &str,
    ) -> Request {
        let client = self.client_of(account);
        let mut headers = HeaderMap::new();
        let mut members: Vec<(&str, &str)> = Vec::new();
        let mut query = None;
        match place {
            Place::Form(name) | Place::Json(name) => members.push((name, value)),
            Place::Query(name) => query = Some(format!("{name}={}", escaped(value))),
            Place::Bearer => {
                headers.insert(AUTHORIZATION, bearer(value));
            }
            Place::Header(_) | Place::Scheme(_) | Place::Path(_) => {
                panic!("no profile of the desk has its tokens there")
            }
        }
        match route.client_authentication.first() {
            Some(ClientAuthentication::Basic) => {
                headers.insert(AUTHORIZATION, basic(&client));
            }
            Some(ClientAuthentication::Post) => {
                members.push(("client_id", &client.client_id));
                members.push(("client_secret", client.client_secret.expose()));
            }
            Some(ClientAuthentication::ClientId) => members.push(("client_id", &client.client_id)),
            Some(ClientAuthentication::AccessToken) => {
                let token = self.token(account, Subject::AccessToken);
                headers.extend(token.map(|token| (AUTHORIZATION, bearer(&token.text))));
            }
            Some(ClientAuthentication::None | ClientAuthentication::BearerToken) | None => {}
            Some(kind) => panic!("no profile of the desk has clients that show {kind:?}"),
        }
        let mut request = match route.encoding {
            BodyEncoding::Form => form_request(route.path.get(), headers, &members),
            BodyEncoding::Json => json_request(route.path.get(), headers, &members),
            BodyEncoding::None => Request {
                path: route.path.get().clone(),
                headers,
                ..Request::default()
            },
        };
        route.method.as_str().clone_into(&mut request.method);
        request.query = query;
        request
    }

    fn send(&mut self, request: &Request) -> Entry {
        self.tenant.handle(request, self.now);
        self.last_entry()
    }

    fn send_elsewhere(&mut self, request: &Request) -> Entry {
        self.tenant.handle_elsewhere(request, self.now);
        self.last_entry()
    }

    fn last_entry(&self) -> Entry {
        let journal = self.tenant.journal();
        let last = journal.after(journal.received() - 1).next();
        last.expect("a request was just received").clone()
    }
}

/// A call to the target that took no time worth mentioning.
pub(super) fn call(method: &str, outcome: CallOutcome) -> Call {
    Call {
        sent: Sent {
            method: method.to_owned(),
            path: "/account".to_owned(),
            ..Sent::default()
        },
        outcome,
        elapsed: Duration::from_millis(1),
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn bearer(token: &str) -> HeaderValue {
    format!("Bearer {token}").parse().unwrap()
}

fn basic(client: &Client) -> HeaderValue {
    let secret = escaped(client.client_secret.expose());
    let pair = STANDARD.encode(format!("{}:{secret}", escaped(&client.client_id)));
    format!("Basic {pair}").parse().unwrap()
}

fn form_request(path: &str, mut headers: HeaderMap, members: &[(&str, &str)]) -> Request {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    let pairs: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    Request {
        host: None,
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers,
        body: Bytes::from(pairs.join("&")),
        ..Request::default()
    }
}

fn json_request(path: &str, mut headers: HeaderMap, members: &[(&str, &str)]) -> Request {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let object: serde_json::Map<String, Value> = members
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    Request {
        host: None,
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers,
        body: Bytes::from(Value::Object(object).to_string()),
        ..Request::default()
    }
}
