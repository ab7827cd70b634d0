//! One tenant: a profile with its own clients, ledger, journal, faults and offset of the clock.
//!
//! Pure: [`TenantState::handle`] is a function of the state, the request and the time.

use std::sync::Arc;

use rescind_model::Subject;
use rescind_model::profile::{Profile, TokenCharacters, TokenFormat};
use rescind_model::secret::{FingerprintKey, KnownSecret, Secret, SecretScanner};
use serde_json::json;

use crate::clients::{Client, Clients};
use crate::fault::{self, Addresses, Effect, Fault, Faults};
use crate::interpreter;
use crate::journal::{Departure, Entry, Journal, Outcome, Presented};
use crate::ledger::{GrantId, Ledger, LedgerKey, Moment, format_of};
use crate::message::{Reaction, Reply, Request};

/// Everything that one tenant is.
#[derive(Clone, Debug)]
pub struct TenantState {
    profile: Arc<Profile>,
    key: LedgerKey,
    clients: Clients,
    ledger: Ledger,
    journal: Journal,
    faults: Faults,
    addresses: Addresses,
    clock_offset: u64,
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

impl TenantState {
    /// A tenant of a profile, new.
    pub fn new(profile: Arc<Profile>, key: LedgerKey) -> Self {
        Self {
            profile,
            ledger: Ledger::new(key.clone()),
            key,
            clients: Clients::default(),
            journal: Journal::default(),
            faults: Faults::default(),
            addresses: Addresses::default(),
            clock_offset: 0,
        }
    }

    /// The tenant, at addresses that redirects can lead to.
    #[must_use]
    pub fn at(mut self, addresses: Addresses) -> Self {
        self.addresses = addresses;
        self
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

    /// The tenant's time: that of the shell, and what the clock was moved by.
    pub const fn now(&self, elapsed: Moment) -> Moment {
        Moment(elapsed.0.saturating_add(self.clock_offset))
    }

    /// Moves the clock.
    pub const fn advance(&mut self, seconds: u64) {
        self.clock_offset = self
            .clock_offset
            .saturating_add(seconds.saturating_mul(1000));
    }

    /// The client of that name, made if it is new.
    pub fn client(&mut self, name: &str) -> Client {
        if let Some(client) = self.clients.by_name(name) {
            return client.clone();
        }
        let format = |prefix: &str, characters| TokenFormat {
            prefix: prefix.into(),
            characters,
            lifetime_seconds: None,
        };
        let mut client_id = self.key.derive(
            &format!("client/{name}/id"),
            &format("client-", TokenCharacters::UrlSafe),
        );
        client_id.truncate(19);
        let client = Client {
            name: name.to_owned(),
            client_id,
            // RFC 6749 appendix A.2: any printable character, so that Basic needs its encoding.
            client_secret: Secret::new(self.key.derive(
                &format!("client/{name}/secret"),
                &format("", TokenCharacters::Printable),
            )),
        };
        self.clients.add(client.clone());
        client
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
            .map(|grant| grant.account_id.clone());
        minted.account_id = self.profile.tokens.account_id_field.clone().zip(account_id);
        minted
    }

    /// What a removal of the app by the user ends.
    pub fn remove_by_user(&mut self, grant: GrantId, elapsed: Moment) {
        let now = self.now(elapsed);
        self.ledger
            .remove_by_user(grant, self.profile.removal_by_user_ends, now);
    }

    /// Lets the newest token of a kind expire. False if there is none.
    pub fn expire(&mut self, grant: GrantId, subject: Subject, elapsed: Moment) -> bool {
        let now = self.now(elapsed);
        self.ledger.expire(grant, subject, now).is_some()
    }

    /// Ends the newest token of a kind alone, as the provider's administrator can. False if there
    /// is none.
    pub fn kill_at_provider(&mut self, grant: GrantId, subject: Subject, elapsed: Moment) -> bool {
        let now = self.now(elapsed);
        self.ledger.kill_at_provider(grant, subject, now).is_some()
    }

    /// Makes an endpoint fail.
    pub fn fail(&mut self, fault: Fault) {
        self.faults.set(fault);
    }

    /// Ends every failure.
    pub fn recover(&mut self) {
        self.faults.clear();
    }

    /// Back to the beginning: no grants, no journal, no faults, the clock as it was. Clients stay.
    pub fn reset(&mut self) {
        self.ledger = Ledger::new(self.key.clone());
        self.journal = Journal::default();
        self.faults.clear();
        self.clock_offset = 0;
    }

    /// Takes a request.
    pub fn handle(&mut self, request: &Request, elapsed: Moment) -> Reaction {
        let now = self.now(elapsed);
        let mut entry = Entry::new(self.journal.next_number(), now, request);
        let reaction = match self.fault_met_by(request) {
            Some(effect) => {
                self.note_unheeded(request, &mut entry);
                entry.outcome = Outcome::Fault;
                fault::reaction(effect, request, &self.addresses)
            }
            None => Reaction::Answer(interpreter::answer(
                &self.profile,
                &mut self.ledger,
                &self.clients,
                request,
                now,
                &mut entry,
            )),
        };
        if let Reaction::Answer(reply) = &reaction {
            entry.answered(reply);
        }
        self.journal.push(entry);
        reaction
    }

    /// Takes a request that went to another origin than the provider's. It changes nothing, and
    /// the answer looks like a success, so that only the journal tells.
    pub fn handle_elsewhere(&mut self, request: &Request, elapsed: Moment) -> Reply {
        let now = self.now(elapsed);
        let mut entry = Entry::new(self.journal.next_number(), now, request);
        self.note_unheeded(request, &mut entry);
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

    /// The fault that this request meets.
    fn fault_met_by(&mut self, request: &Request) -> Option<Effect> {
        let endpoint = interpreter::endpoint_of(&self.profile, &request.path)?;
        let subject = interpreter::named_subject(&self.profile, &self.ledger, request);
        self.faults.meet(endpoint, subject)
    }

    /// Notes of a request what it was, and lets it change nothing: the interpreter looks at it with
    /// a copy of the ledger.
    fn note_unheeded(&self, request: &Request, entry: &mut Entry) {
        let mut untouched = self.ledger.clone();
        let now = entry.at;
        interpreter::answer(
            &self.profile,
            &mut untouched,
            &self.clients,
            request,
            now,
            entry,
        );
        entry.acknowledged = false;
        entry.killed.clear();
        entry.minted.clear();
    }

    /// A scanner for every secret that this tenant has given out.
    pub fn scanner(&self, key: FingerprintKey) -> SecretScanner {
        let mut scanner = SecretScanner::new(key);
        for client in self.clients.iter() {
            scanner.add(KnownSecret {
                kind: "client_secret".into(),
                secret: client.client_secret.clone(),
                prefix_length: 0,
            });
            scanner.add_basic(&client.client_id, &client.client_secret);
        }
        for (grant, _) in self.ledger.grants() {
            for token in self.ledger.tokens(grant, Moment(0)) {
                let prefix_length = format_of(&self.profile, token.id.subject)
                    .map_or(0, |format| format.prefix.len());
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

#[cfg(test)]
mod tests;
