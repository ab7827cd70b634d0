//! One tenant: a profile with its own clients, ledger, journal, faults and offset of the clock.
//!
//! Pure: [`TenantState::handle`] is a function of the state, the request and the time.

mod records;

use std::sync::Arc;

use rescind_model::Subject;
use rescind_model::fault::Fault;
use rescind_model::profile::{AccessTokenFormat, GrantType, Profile, RevocationScope};
use rescind_model::secret::{FingerprintKey, KnownSecret, Secret, SecretScanner};
use serde_json::json;

use crate::addresses::Addresses;
use crate::authority::Authority;
use crate::clients::{Client, Clients};
use crate::clock::TenantClock;
use crate::consent::Consent;
use crate::faults::{Arrival, Course, Faults, TakesEffect};
use crate::gates::Gates;
use crate::interpreter::{self, Context, Identification, access_token};
use crate::journal::{Departure, Entry, Journal, Outcome, Presented};
use crate::ledger::{GrantId, Ledger, LedgerKey, Moment, TokenId, format_of};
use crate::message::{Delivery, Reaction, Reply, Request};
use crate::name::Name;
use crate::notices::{Happening, Notices};
use crate::pending::Pending;
use crate::signing::KeySet;

pub use records::{GrantRecord, TokenRecord};

/// Everything that one tenant is.
#[derive(Clone, Debug)]
pub struct TenantState {
    profile: Arc<Profile>,
    /// The names of its revocation routes, in its order.
    routes: Vec<Name>,
    key: LedgerKey,
    clients: Clients,
    authority: Authority,
    ledger: Ledger,
    pending: Pending,
    consent: Consent,
    journal: Journal,
    faults: Faults,
    gates: Gates,
    notices: Notices,
    /// How often it was reset.
    resets: u32,
    addresses: Addresses,
    clock: TenantClock,
}

/// What a mint gave.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The grant.
    pub grant: GrantId,
    /// The client that it was given to.
    pub client: Client,
    /// The access token.
    pub access_token: Option<Secret>,
    /// The refresh token.
    pub refresh_token: Option<Secret>,
    /// The seconds that the access token has left.
    pub expires_in: Option<u64>,
    /// The provider's account id, where its token responses carry one: the field and its value.
    pub account_id: Option<(String, String)>,
}

impl Minted {
    /// The access token as it goes over the wire; empty if there is none.
    pub fn access(&self) -> &str {
        self.access_token.as_ref().map_or("", Secret::expose)
    }

    /// The refresh token as it goes over the wire; empty if there is none.
    pub fn refresh(&self) -> &str {
        self.refresh_token.as_ref().map_or("", Secret::expose)
    }
}

impl TenantState {
    /// A tenant of a profile, new.
    pub fn new(profile: Arc<Profile>, key: LedgerKey) -> Self {
        Self {
            routes: route_names(&profile),
            ledger: empty_ledger(&profile, &key),
            authority: Authority::new(&profile, key.clone()),
            faults: Faults::lasting(profile.faults()),
            profile,
            pending: Pending::new(key.clone()),
            consent: Consent::default(),
            key,
            clients: Clients::default(),
            journal: Journal::default(),
            gates: Gates::default(),
            notices: Notices::default(),
            resets: 0,
            addresses: Addresses::default(),
            clock: TenantClock::default(),
        }
    }

    /// The tenant, at addresses that redirects can lead to.
    #[must_use]
    pub fn at(mut self, addresses: Addresses) -> Self {
        self.addresses = addresses;
        self
    }

    /// The tenant, whose time began so many seconds after 1970: signed tokens carry such times.
    #[must_use]
    pub const fn begun_at(mut self, unix_seconds: u64) -> Self {
        self.authority.begin_at(unix_seconds);
        self
    }

    /// Where it lies.
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The profile.
    pub fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    /// The clients.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The tenant's time: that of the shell, as its clock was moved.
    pub fn now(&self, elapsed: Moment) -> Moment {
        self.clock.now(elapsed)
    }

    /// The clock.
    pub const fn clock(&self) -> TenantClock {
        self.clock
    }

    /// The clock, to be moved.
    pub const fn clock_mut(&mut self) -> &mut TenantClock {
        &mut self.clock
    }

    /// Moves the clock ahead. Returns what it shows.
    pub fn advance(&mut self, seconds: u64, elapsed: Moment) -> Moment {
        self.clock.advance(seconds);
        self.note_clock(elapsed)
    }

    /// Lets the clock stand still. Returns what it shows.
    pub fn freeze(&mut self, elapsed: Moment) -> Moment {
        self.clock.freeze(elapsed);
        self.note_clock(elapsed)
    }

    /// Lets the clock go on from what it shows, which it returns.
    pub fn thaw(&mut self, elapsed: Moment) -> Moment {
        self.clock.thaw(elapsed);
        self.note_clock(elapsed)
    }

    fn note_clock(&mut self, elapsed: Moment) -> Moment {
        let (now, standing) = (self.now(elapsed), self.clock.is_standing());
        self.note(Happening::Clock { now, standing });
        now
    }

    /// What happened other than by requests.
    pub const fn notices(&self) -> &Notices {
        &self.notices
    }

    /// How often it was reset: numbers of entries and notices count from the last time.
    pub const fn resets(&self) -> u32 {
        self.resets
    }

    /// Tells whoever watches that something happened other than by a request.
    pub fn note(&mut self, happening: Happening) {
        self.notices.push(self.journal.received(), happening);
    }

    /// The client of that name, made if it is new.
    pub fn client(&mut self, name: &str) -> Client {
        if let Some(client) = self.clients.by_name(name) {
            return client.clone();
        }
        let client = self.authority.make_client(name);
        self.clients.add(client.clone());
        self.note(Happening::ClientAdded(name.to_owned()));
        client
    }

    /// The client of that name, made if it is new, to be registered as something else than it is:
    /// with redirect URIs, with keys, as a public one.
    pub fn client_mut(&mut self, name: &str) -> Option<&mut Client> {
        self.client(name);
        self.clients.by_name_mut(name)
    }

    /// What a client needs to register itself, where the profile asks for it.
    pub fn initial_access_token(&self) -> Secret {
        self.authority.initial_access_token()
    }

    /// What the provider signs with; none if it signs nothing. A clone shares the keys, so that
    /// they can be made ahead, outside of the tenant's lock.
    pub const fn signing_keys(&self) -> Option<&KeySet> {
        self.authority.keys()
    }

    /// Begins to sign with new keys. The public halves of the older ones stay published.
    pub fn rotate_signing_key(&mut self) {
        self.authority.rotate_signing_key();
        self.note(Happening::KeysRotated);
    }

    /// Forgets a client. False if there is none of that name.
    pub fn remove_client(&mut self, name: &str) -> bool {
        let is_there = self.clients.by_name(name).is_some();
        if is_there {
            self.clients.remove(name);
            self.note(Happening::ClientRemoved(name.to_owned()));
        }
        is_there
    }

    /// What users answer who are asked whether to let a client in.
    pub const fn consent(&self) -> &Consent {
        &self.consent
    }

    /// Says what users answer who are asked whether to let a client in.
    pub fn set_consent(&mut self, consent: Consent) {
        self.consent = consent;
        self.note(Happening::ConsentSet);
    }

    /// Registers where a browser may be sent back to for a client; none: anywhere on the web.
    pub fn set_redirect_uris(&mut self, client: &str, redirect_uris: Vec<String>) {
        self.client(client);
        if let Some(client) = self.clients.by_name_mut(client) {
            client.redirect_uris = redirect_uris;
        }
    }

    /// Registers which grants a client may use; none stated: every one that the provider takes.
    pub fn set_grant_types(&mut self, client: &str, grant_types: Option<Vec<GrantType>>) {
        self.client(client);
        if let Some(client) = self.clients.by_name_mut(client) {
            client.grant_types = grant_types;
        }
    }

    /// Records that a user gave a client a grant, with tokens of the given kinds.
    pub fn mint(
        &mut self,
        user: &str,
        client: &str,
        subjects: &[Subject],
        elapsed: Moment,
    ) -> Minted {
        let now = self.now(elapsed);
        let client = self.client(client);
        let grant = self
            .ledger
            .mint(&self.profile, user, &client.name, subjects, now);
        self.note(Happening::Minted(grant));
        let issued: Vec<TokenId> = self
            .ledger
            .tokens(grant, now)
            .iter()
            .map(|token| token.id)
            .collect();
        access_token::sign(&mut self.context(now, 0), &issued);
        let mut minted = Minted {
            grant,
            client,
            access_token: None,
            refresh_token: None,
            expires_in: None,
            account_id: None,
        };
        for token in self.ledger.tokens(grant, now) {
            match token.id.subject {
                Subject::AccessToken => {
                    minted.expires_in = self
                        .ledger
                        .text(token.id, now)
                        .and_then(|(_, seconds)| seconds);
                    minted.access_token = Some(Secret::new(token.text));
                }
                Subject::RefreshToken => minted.refresh_token = Some(Secret::new(token.text)),
            }
        }
        let account_id = self
            .ledger
            .grant(grant)
            .map(|grant| grant.account_id.to_string());
        minted.account_id = self.profile.tokens.account_id_field.clone().zip(account_id);
        minted
    }

    /// What a removal of the app by the user ends. Returns every token that dies of it.
    pub fn remove_by_user(&mut self, grant: GrantId, elapsed: Moment) -> Vec<TokenId> {
        self.remove_by_user_within(grant, self.profile.removal_by_user_ends, elapsed)
    }

    /// What a removal of the app by the user ends, if it reaches no further than that.
    pub fn remove_by_user_within(
        &mut self,
        grant: GrantId,
        scope: RevocationScope,
        elapsed: Moment,
    ) -> Vec<TokenId> {
        let now = self.now(elapsed);
        let died = self.ledger.remove_by_user(grant, scope, now);
        self.note_deaths(&died);
        died
    }

    /// Lets the newest token of a kind expire. False if there is none.
    pub fn expire(&mut self, grant: GrantId, subject: Subject, elapsed: Moment) -> bool {
        let newest = self.ledger.newest(grant, subject);
        newest.is_some_and(|token| self.expire_token(token, elapsed))
    }

    /// Lets a token expire. False if there is none.
    pub fn expire_token(&mut self, token: TokenId, elapsed: Moment) -> bool {
        let now = self.now(elapsed);
        let expires = self.ledger.expire_token(token, now);
        if expires {
            self.note(Happening::Expired(token));
        }
        expires
    }

    /// Ends the newest token of a kind alone, as the provider's administrator can. False if there
    /// is none, or nothing but time ends it.
    pub fn kill_at_provider(&mut self, grant: GrantId, subject: Subject, elapsed: Moment) -> bool {
        let newest = self.ledger.newest(grant, subject);
        newest.is_some_and(|token| {
            self.kill_token(token, elapsed);
            let view = self.ledger.token(token, Moment(0));
            view.is_some_and(|view| view.death.is_some())
        })
    }

    /// Ends a token alone, as the provider's administrator can. False if it does not die of this.
    pub fn kill_token(&mut self, token: TokenId, elapsed: Moment) -> bool {
        let now = self.now(elapsed);
        let dies = self.ledger.kill_token(token, now);
        if dies {
            self.note_deaths(&[token]);
        }
        dies
    }

    fn note_deaths(&mut self, tokens: &[TokenId]) {
        for token in tokens {
            let view = self.ledger.token(*token, Moment(0));
            if let Some(death) = view.and_then(|view| view.death) {
                self.note(Happening::Died {
                    token: *token,
                    at: death.at,
                    cause: death.cause,
                });
            }
        }
    }

    /// The faults that are set.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Makes an endpoint fail. Returns the number of the fault.
    pub fn fail(&mut self, fault: Fault) -> u32 {
        self.note(Happening::FaultSet(fault.effect.word()));
        self.faults.set(fault)
    }

    /// Ends every failure but those that the profile states: they are how the provider is. Returns
    /// how many.
    pub fn recover(&mut self) -> usize {
        let ended = self.faults.clear();
        self.note(Happening::FaultsEnded(ended));
        ended
    }

    /// Ends one failure, also one that the profile states. False if there is none of that number.
    pub fn recover_from(&mut self, number: u32) -> bool {
        let ended = self.faults.end(number);
        if ended {
            self.note(Happening::FaultsEnded(1));
        }
        ended
    }

    /// Back to the beginning: no grants, nothing under way, no journal, no gates, no faults but the
    /// profile's, whose counts begin anew, the clock as it was. Clients stay, and what users answer.
    /// Nothing that was given out before is given out again.
    pub fn reset(&mut self) {
        self.resets += 1;
        let key = self.key.after_resets(self.resets);
        self.ledger = empty_ledger(&self.profile, &key);
        self.authority.reset();
        self.pending = Pending::new(key);
        self.journal = Journal::default();
        self.faults = Faults::lasting(self.profile.faults());
        self.gates.clear();
        self.notices = Notices::default();
        self.clock = TenantClock::default();
        self.note(Happening::Reset);
    }

    /// Whether a request names one of its clients.
    pub fn has_client_of(&self, identification: &Identification) -> bool {
        identification.names_one_of(&self.clients)
    }

    /// Whether a request carries something that it has given out: a token, a code, the id of a page
    /// or of an account.
    pub fn has_given(&self, identification: &Identification) -> bool {
        let tells_accounts = self.profile.tokens.account_id_field.is_some();
        identification.carries_a_token_of(&self.ledger)
            || identification.carries_something_of(&self.pending)
            || tells_accounts && identification.carries_an_account_of(&self.ledger)
    }

    /// Takes a request, which stops at no gate.
    pub fn handle(&mut self, request: &Request, elapsed: Moment) -> Reaction {
        let course = self.meet(request, elapsed);
        self.take(request, course, elapsed)
    }

    /// What becomes of a request that has come. It counts against every fault, and at every gate,
    /// that it fits. Whoever carries it waits at the gates before it takes effect, and after.
    pub fn meet(&mut self, request: &Request, elapsed: Moment) -> Course {
        if self.faults.is_empty() && self.gates.are_all_over() {
            return Course::default();
        }
        let traits = interpreter::traits(&self.profile, &self.ledger, &self.clients, request);
        let arrival = Arrival {
            request,
            addresses: &self.addresses,
            key: &self.key,
            now: self.now(elapsed),
        };
        traits.map_or_else(Course::default, |traits| {
            let mut course = self.faults.course(&traits, arrival);
            course.gates = self.gates.stops(&traits, request);
            course.came = Some(elapsed);
            course
        })
    }

    /// Lets a request take effect and answers it, as its course is.
    pub fn take(&mut self, request: &Request, course: Course, elapsed: Moment) -> Reaction {
        let now = self.now(elapsed);
        let mut entry = self.journal.begin(now, request);
        entry.came = course.came.unwrap_or(elapsed);
        entry.lasted = elapsed.0.saturating_sub(entry.came.0) + course.delay_milliseconds;
        let reply = match course.effect {
            TakesEffect::AtOnce => self.interpret(request, 0, &mut entry),
            TakesEffect::After(milliseconds) => self.interpret(request, milliseconds, &mut entry),
            TakesEffect::Never => self.note_unheeded(request, &mut entry),
        };
        entry.acknowledged &= course.instead.is_none();
        entry.faults.extend(course.met);
        let gates = course.gates.iter();
        entry.gates.extend(gates.map(|ticket| ticket.gate));
        let reply = course.instead.unwrap_or(reply);
        match course.delivery {
            Delivery::Whole => entry.answered(&reply),
            Delivery::Spoiled(spoiled) => {
                let written = reply.written(&spoiled, &request.method);
                entry.answered_in_part(&reply, &written);
            }
            Delivery::Never | Delivery::Dropped | Delivery::Reset => entry.acknowledged = false,
        }
        self.journal.push(entry);
        Reaction {
            reply,
            delay_milliseconds: course.delay_milliseconds,
            delivery: course.delivery,
        }
    }

    /// Takes a request that went to another origin than the provider's. It changes nothing, and
    /// the answer looks like a success, so that only the journal tells.
    pub fn handle_elsewhere(&mut self, request: &Request, elapsed: Moment) -> Reply {
        let now = self.now(elapsed);
        let mut entry = self.journal.begin(now, request);
        entry.came = elapsed;
        self.note_unheeded(request, &mut entry);
        entry.acknowledged = false;
        entry.outcome = Outcome::Elsewhere;
        // What the provider's routes declare does not hold there.
        entry.departures = vec![Departure::OtherOrigin];
        if !matches!(entry.presented, Presented::Token(_)) {
            // No origin but the provider's may see a token, wherever in a request it stands.
            let carried = interpreter::carried(&self.ledger, request);
            entry.presented = carried.map_or(entry.presented, Presented::Token);
        }
        let reply = Reply::json(200, &json!({}));
        entry.answered(&reply);
        self.journal.push(entry);
        reply
    }

    /// Answers a request. What a revocation ends dies so many milliseconds later than the profile
    /// says.
    fn interpret(&mut self, request: &Request, late: u64, entry: &mut Entry) -> Reply {
        let mut context = self.context(entry.at, late);
        let reply = interpreter::answer(&mut context, request, entry);
        if let Some(change) = context.change.take() {
            self.clients.apply(change);
        }
        reply
    }

    /// What the interpreter works on.
    fn context(&mut self, now: Moment, late: u64) -> Context<'_> {
        Context {
            profile: &self.profile,
            routes: &self.routes,
            ledger: &mut self.ledger,
            clients: &self.clients,
            change: None,
            authority: &mut self.authority,
            pending: &mut self.pending,
            consent: &self.consent,
            addresses: &self.addresses,
            now,
            bites: bites(&self.profile, now).after(late),
        }
    }

    /// Notes of a request what it was, and lets it change nothing. Returns what it would have been
    /// answered.
    fn note_unheeded(&mut self, request: &Request, entry: &mut Entry) -> Reply {
        let (profile, addresses, now) = (&self.profile, &self.addresses, entry.at);
        // What an endpoint may change beside the ledger: small, and only copied here.
        let (authority, pending) = (&mut self.authority.clone(), &mut self.pending.clone());
        let (clients, consent) = (&self.clients, &self.consent);
        let reply = self.ledger.attempt(|ledger| {
            let mut context = Context {
                profile,
                routes: &self.routes,
                ledger,
                clients,
                change: None,
                authority,
                pending,
                consent,
                addresses,
                now,
                bites: bites(profile, now),
            };
            interpreter::answer(&mut context, request, entry)
        });
        entry.outcome = Outcome::Fault;
        entry.killed.clear();
        entry.minted.clear();
        reply
    }

    /// A scanner for every secret that this tenant has given out.
    pub fn scanner(&self, key: FingerprintKey) -> SecretScanner {
        self.scanner_of(key, self.ledger.grants().map(|(grant, _)| grant))
    }

    /// A scanner for the secrets of the clients and of some grants.
    pub fn scanner_of(
        &self,
        key: FingerprintKey,
        grants: impl IntoIterator<Item = GrantId>,
    ) -> SecretScanner {
        let mut scanner = SecretScanner::new(key);
        let mut add = |kind: &str, secret: Secret| {
            scanner.add(KnownSecret {
                kind: kind.into(),
                secret,
                prefix_length: 0,
            });
        };
        add(
            "initial_access_token",
            self.authority.initial_access_token(),
        );
        for client in self.clients.with_removed() {
            if let Some(own) = &client.own {
                add("registration_access_token", own.access_token.clone());
            }
        }
        for client in self.clients.with_removed() {
            scanner.add(KnownSecret {
                kind: "client_secret".into(),
                secret: client.client_secret.clone(),
                prefix_length: 0,
            });
            scanner.add_basic(&client.client_id, &client.client_secret);
        }
        for (kind, text) in self.pending.secrets() {
            scanner.add(KnownSecret {
                kind: kind.to_owned(),
                secret: Secret::new(text),
                prefix_length: 0,
            });
        }
        for grant in grants {
            for token in self.ledger.tokens(grant, Moment(0)) {
                let prefix = format_of(&self.profile, token.id.subject)
                    .map_or("", |format| format.prefix.as_str());
                let prefix_length = access_token::known_part(&token.text, prefix);
                scanner.add(KnownSecret {
                    kind: token.id.subject.to_string(),
                    secret: Secret::new(token.text),
                    prefix_length,
                });
            }
        }
        scanner
    }
}

fn route_names(profile: &Profile) -> Vec<Name> {
    let routes = profile.revocation_routes.iter();
    routes.map(|route| route.name.as_str().into()).collect()
}

/// A ledger of a profile, with nothing in it.
fn empty_ledger(profile: &Profile, key: &LedgerKey) -> Ledger {
    let format = *profile.tokens.access_token_format;
    Ledger::new(key.clone())
        .whose_access_tokens_live_on(format == AccessTokenFormat::JwtThatLivesOn)
}

/// When what is revoked now is dead, by the profile's word.
fn bites(profile: &Profile, now: Moment) -> Moment {
    now.after_seconds(profile.revocation_bites_after_seconds)
}

mod holding;

pub use holding::{Kept, gate_timed_out};

#[cfg(test)]
mod tests;
