//! A tenant and its book, to which the same happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use rescind_model::Subject;
use rescind_model::profile::{Profile, RevocationScope};
use rescind_model::vocabulary::TokenState;

use super::asking::{Asker, Asking, CLIENT_KEYS, Credentials, Question, asking};
use super::book::{Book, Verdict, What};
use crate::clients::Client;
use crate::ledger::{GrantId, LedgerKey, Moment, TokenId};
use crate::message::{Delivery, Reply, Request};
use crate::tenant::TenantState;
use crate::tenant::tests::{States, check_moves, states, subjects};

/// What is presented.
#[derive(Clone, Debug)]
pub enum Presented {
    Nothing,
    /// What was given out, in whatever state it is.
    Given(Index),
    /// What was given out before the last reset.
    Forgotten(Index),
    /// What was given out, but for its last character.
    Spoiled(Index),
    /// What nobody ever gave out.
    Invented,
}

/// Something that happens to a tenant.
#[derive(Clone, Debug)]
pub enum Operation {
    Mint(u8, u8, Vec<Subject>),
    Revoke(Index, Presented, Asking),
    Refresh(Presented, Asking),
    Expire(Index),
    ExpireNewest(Index, Subject),
    Kill(Index),
    KillNewest(Index, Subject),
    RemoveByUser(Index),
    RemoveGrantByUser(Index),
    Advance(u16),
    Reset,
}

fn presented() -> impl Strategy<Value = Presented> {
    prop_oneof![
        16 => any::<Index>().prop_map(Presented::Given),
        1 => any::<Index>().prop_map(Presented::Forgotten),
        1 => any::<Index>().prop_map(Presented::Spoiled),
        1 => Just(Presented::Invented),
        1 => Just(Presented::Nothing),
    ]
}

pub fn operations() -> impl Strategy<Value = Operation> {
    use Operation::{
        Advance, Expire, ExpireNewest, Kill, KillNewest, Mint, Refresh, RemoveByUser,
        RemoveGrantByUser, Reset, Revoke,
    };
    let index = any::<Index>;
    let kinds = prop_oneof![
        4 => Just(Subject::ALL.to_vec()),
        1 => subjects().prop_map(|subject| vec![subject]),
        1 => Just(Vec::new()),
    ];
    let seconds = prop_oneof![4 => 0u16..10, 1 => 0u16..5000];
    prop_oneof![
        12 => (0u8..2, 0u8..2, kinds).prop_map(|(user, client, kinds)| Mint(user, client, kinds)),
        16 => (index(), presented(), asking())
            .prop_map(|(route, presented, asking)| Revoke(route, presented, asking)),
        16 => (presented(), asking()).prop_map(|(presented, asking)| Refresh(presented, asking)),
        2 => index().prop_map(Expire),
        2 => (index(), subjects()).prop_map(|(grant, kind)| ExpireNewest(grant, kind)),
        2 => index().prop_map(Kill),
        2 => (index(), subjects()).prop_map(|(grant, kind)| KillNewest(grant, kind)),
        2 => index().prop_map(RemoveByUser),
        1 => index().prop_map(RemoveGrantByUser),
        6 => seconds.prop_map(Advance),
        1 => Just(Reset),
    ]
}

/// A request that was answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The token or account that it presents.
    pub presented: Option<String>,
    pub request: Request,
    pub reply: Reply,
}

/// A tenant and its book. What it has given out is known as a client knows it: from what it was
/// told.
#[derive(Clone)]
pub struct World {
    pub name: &'static str,
    pub tenant: TenantState,
    book: Book,
    pub texts: BTreeMap<TokenId, String>,
    accounts: Vec<Option<String>>,
    forgotten: Vec<String>,
    requests: u32,
}

impl World {
    pub fn new(profile: &Arc<Profile>, name: &'static str) -> Self {
        let key = LedgerKey::new("seed", name);
        let mut world = Self {
            name,
            tenant: TenantState::new(Arc::clone(profile), key),
            book: Book::new(Arc::clone(profile)),
            texts: BTreeMap::new(),
            accounts: Vec::new(),
            forgotten: Vec::new(),
            requests: 0,
        };
        world.end_stated_faults();
        world
    }

    /// How a provider fails by itself is another test's affair.
    fn end_stated_faults(&mut self) {
        let numbers: Vec<u32> = self
            .tenant
            .faults()
            .iter()
            .map(|fault| fault.number)
            .collect();
        for number in numbers {
            assert!(self.tenant.recover_from(number));
        }
    }

    pub fn profile(&self) -> Arc<Profile> {
        Arc::clone(self.tenant.profile())
    }

    /// The client of a number, which can sign.
    pub fn client(&mut self, number: u8) -> Client {
        let name = format!("client {number}");
        let client = self.tenant.client_mut(&name).unwrap();
        if client.keys.is_none() {
            client.keys = Some(CLIENT_KEYS.jwks().unwrap());
        }
        client.clone()
    }

    /// Adds a client that somebody else has, too.
    pub fn add_client(&mut self, client: Client) {
        self.tenant.clients.add(client);
    }

    /// Lets something happen to both, and compares them. The exchange, if it is a request.
    pub fn apply(&mut self, operation: &Operation) -> Option<Exchange> {
        let before = states(&self.tenant);
        let exchange = self.happen(operation);
        let after = states(&self.tenant);
        assert_eq!(after, self.book.states(), "after {operation:?}");
        if !matches!(operation, Operation::Reset) {
            check_moves(&before, &after);
        }
        for text in &self.forgotten {
            let state = self.tenant.state_of(text, Moment(0));
            assert_eq!(state, TokenState::Absent, "given out before a reset");
        }
        exchange
    }

    fn happen(&mut self, operation: &Operation) -> Option<Exchange> {
        match operation {
            Operation::Mint(user, client, kinds) => self.mint(*user, *client, kinds),
            Operation::Revoke(route, presented, asking) => {
                return self.revoke(*route, presented, asking);
            }
            Operation::Refresh(presented, asking) => return Some(self.refresh(presented, asking)),
            Operation::Expire(index) => {
                let token = self.token(*index)?;
                assert!(self.tenant.expire_token(token, Moment(0)));
                self.book.expire(token);
            }
            Operation::ExpireNewest(index, kind) => {
                let grant = self.grant(*index)?;
                let newest = self.book.newest(grant, *kind);
                let expires = self.tenant.expire(grant, *kind, Moment(0));
                assert_eq!(expires, newest.is_some());
                self.book.expire(newest?);
            }
            Operation::Kill(index) => {
                let token = self.token(*index)?;
                self.tenant.kill_token(token, Moment(0));
                self.book.kill(token);
            }
            Operation::KillNewest(index, kind) => {
                let grant = self.grant(*index)?;
                self.tenant.kill_at_provider(grant, *kind, Moment(0));
                self.book.kill(self.book.newest(grant, *kind)?);
            }
            Operation::RemoveByUser(index) => {
                let grant = self.grant(*index)?;
                let scope = self.profile().removal_by_user_ends;
                self.tenant.remove_by_user(grant, Moment(0));
                self.book.remove_by_user(grant, scope);
            }
            Operation::RemoveGrantByUser(index) => {
                let (grant, scope) = (self.grant(*index)?, RevocationScope::Grant);
                self.tenant.remove_by_user_within(grant, scope, Moment(0));
                self.book.remove_by_user(grant, scope);
            }
            Operation::Advance(seconds) => {
                self.tenant.advance(u64::from(*seconds), Moment(0));
                self.book.pass(u64::from(*seconds));
            }
            Operation::Reset => self.reset(),
        }
        None
    }

    fn mint(&mut self, user: u8, client: u8, kinds: &[Subject]) {
        let user = format!("user {user}");
        let client = self.client(client).name.to_string();
        let minted = self.tenant.mint(&user, &client, kinds, Moment(0));
        let expected = self.book.mint(&user, &client, kinds);
        assert_eq!(
            minted.grant,
            GrantId(self.accounts.len().try_into().unwrap())
        );
        self.accounts
            .push(minted.account_id.clone().map(|(_, id)| id));
        let told = [minted.access_token, minted.refresh_token];
        let told = told.iter().flatten().map(|text| text.expose().to_owned());
        self.learn(told.collect(), &expected);
    }

    /// Takes in tokens that a client was told: they are those that have come to be.
    fn learn(&mut self, told: Vec<String>, expected: &BTreeSet<TokenId>) {
        let mut come = BTreeSet::new();
        for text in told {
            let id = self
                .tenant
                .ledger()
                .find(&text)
                .expect("what was given out");
            assert!(come.insert(id));
            assert_eq!(self.texts.insert(id, text), None, "it is told once");
        }
        assert_eq!(come, *expected);
    }

    fn reset(&mut self) {
        self.tenant.reset();
        self.end_stated_faults();
        self.book.reset();
        self.forgotten
            .extend(std::mem::take(&mut self.texts).into_values());
        self.accounts.clear();
    }

    /// A token that was given out.
    fn token(&self, index: Index) -> Option<TokenId> {
        let tokens = self.book.tokens();
        (!tokens.is_empty()).then(|| *index.get(&tokens))
    }

    fn grant(&self, index: Index) -> Option<GrantId> {
        let count = self.accounts.len();
        (count > 0).then(|| GrantId(index.index(count).try_into().unwrap()))
    }

    /// The text that is presented, and what it is.
    fn present(&self, presented: &Presented) -> (Option<String>, What) {
        let given = |index: &Index| {
            let id = self.token(*index)?;
            Some((self.texts[&id].clone(), id))
        };
        let unknown = |text: String| (Some(text), What::Unknown);
        match presented {
            Presented::Nothing => (None, What::Nothing),
            Presented::Given(index) => match given(index) {
                Some((text, id)) => (Some(text), What::Token(id)),
                None => unknown("nothing was given out".to_owned()),
            },
            Presented::Forgotten(index) if !self.forgotten.is_empty() => {
                unknown(index.get(&self.forgotten).clone())
            }
            Presented::Spoiled(index) => {
                let mut text = given(index).map_or_else(|| "spoiled".to_owned(), |(text, _)| text);
                text.pop();
                unknown(text)
            }
            Presented::Forgotten(_) | Presented::Invented => unknown("never-given-out".to_owned()),
        }
    }

    /// As [`World::present`], at a route that takes accounts.
    fn present_account(&self, presented: &Presented) -> (Option<String>, What) {
        let (text, what) = self.present(presented);
        match what {
            What::Token(id) => {
                let account = self.accounts[id.grant.0 as usize].clone();
                (account, What::Account(id.grant))
            }
            _ => (text, what),
        }
    }

    fn revoke(&mut self, route: Index, presented: &Presented, asking: &Asking) -> Option<Exchange> {
        let profile = self.profile();
        let routes = &profile.revocation_routes;
        let route = (!routes.is_empty()).then(|| route.index(routes.len()))?;
        let (text, what) = if routes[route].account_in.is_some() {
            self.present_account(presented)
        } else {
            self.present(presented)
        };
        let (request, shown) = self.ask(what, asking, |question| {
            question.revocation(route, text.as_deref())
        });
        let verdict = self.book.revoke(route, what, &shown);
        Some(self.exchange(text, request, verdict))
    }

    fn refresh(&mut self, presented: &Presented, asking: &Asking) -> Exchange {
        let (text, what) = self.present(presented);
        let (request, shown) = self.ask(what, asking, |question| {
            question.refreshing(text.as_deref())
        });
        let verdict = self.book.refresh(what, &shown);
        self.exchange(text, request, verdict)
    }

    /// Makes a request as the one whose token it is would make it, or another.
    pub fn ask<T>(
        &mut self,
        what: What,
        asking: &Asking,
        make: impl FnOnce(&Question<'_>) -> T,
    ) -> T {
        let grant = match what {
            What::Token(id) => Some(id.grant),
            What::Account(grant) => Some(grant),
            What::Nothing | What::Unknown => None,
        };
        let owner = grant.map_or(0, |grant| {
            u8::from(self.book.client_of(grant) == "client 1")
        });
        let is_other = asking.asker == Asker::Other;
        let client = self.client(if is_other { 1 - owner } else { owner });
        self.requests += 1;
        let nonce = format!("{} {}", self.name, self.requests);
        // The newest of the grant; of none or another, any.
        let tokens = self.book.tokens().into_iter();
        let mut tokens = tokens.filter(|id| {
            id.subject == Subject::AccessToken
                && grant.is_none_or(|grant| (id.grant == grant) != is_other)
        });
        let access_token = tokens.next_back();
        let access_token = access_token.map(|id| (self.texts[&id].as_str(), id));
        make(&Question {
            profile: self.tenant.profile(),
            asking,
            credentials: &Credentials {
                client: &client,
                access_token,
                nonce,
                unix_seconds: self.tenant.now(Moment(0)).0 / 1000,
            },
        })
    }

    /// Sends a request, and holds what comes of it against the verdict.
    fn exchange(
        &mut self,
        presented: Option<String>,
        request: Request,
        verdict: Verdict,
    ) -> Exchange {
        let reaction = self.tenant.handle(&request, Moment(0));
        assert_eq!(reaction.delivery, Delivery::Whole);
        let reply = reaction.reply;
        let (killed, minted) = {
            let entry = self.tenant.journal().after(0).last().unwrap();
            let killed: BTreeSet<TokenId> = entry.killed.iter().copied().collect();
            let minted: BTreeSet<TokenId> = entry.minted.iter().copied().collect();
            (killed, minted)
        };
        match verdict {
            Verdict::Answered(answer, ended) => {
                assert_eq!(reply, Reply::of(&answer));
                assert_eq!((killed, minted), (ended, BTreeSet::new()));
            }
            Verdict::Refused => {
                assert!((400..500).contains(&reply.status));
                assert_eq!((killed, minted), Default::default());
            }
            Verdict::Given(given, refresh_token) => {
                assert_eq!(reply.status, 200);
                assert_eq!((killed, &minted), (BTreeSet::new(), &given));
                self.learn_from(&reply, &given, refresh_token);
            }
        }
        Exchange {
            presented,
            request,
            reply,
        }
    }

    /// Takes in a token response.
    fn learn_from(
        &mut self,
        reply: &Reply,
        given: &BTreeSet<TokenId>,
        refresh_token: Option<TokenId>,
    ) {
        let response: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        let text = |name: &str| response[name].as_str().map(str::to_owned);
        let told = text("refresh_token");
        let is_new = refresh_token.is_some_and(|id| given.contains(&id));
        let known = refresh_token.filter(|_| !is_new);
        if let Some(known) = known {
            assert_eq!(
                told.as_ref(),
                self.texts.get(&known),
                "the newest once more"
            );
        }
        assert_eq!(told.is_some(), refresh_token.is_some());
        let new = text("access_token")
            .into_iter()
            .chain(told.filter(|_| is_new));
        self.learn(new.collect(), given);
    }

    /// How every token stands.
    pub fn states(&self) -> States {
        states(&self.tenant)
    }
}
