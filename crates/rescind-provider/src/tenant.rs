//! One tenant: a profile with its own clients, ledger, journal, faults and offset of the clock.
//!
//! Pure: [`TenantState::handle`] is a function of the state, the request and the time.

use std::sync::Arc;

use rescind_model::Subject;
use rescind_model::profile::{Profile, TokenCharacters, TokenFormat};
use rescind_model::scenario::Endpoint;
use rescind_model::secret::{FingerprintKey, KnownSecret, Secret, SecretScanner};
use serde::Deserialize;

use crate::clients::{Client, Clients};
use crate::interpreter;
use crate::journal::{Entry, Journal, Outcome};
use crate::ledger::{GrantId, Ledger, LedgerKey, Moment, format_of};
use crate::message::{Reply, Request};

/// A failure that answers in an endpoint's place, and changes nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Only requests that name this subject.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// Only the nth such request from now, counted from 1; every one if not stated.
    #[serde(default)]
    pub nth: Option<u32>,
    /// The status code that it answers.
    pub status: u16,
}

/// A fault that is set, and how many requests it has matched.
#[derive(Clone, Debug)]
struct SetFault {
    fault: Fault,
    matched: u32,
}

/// Everything that one tenant is.
#[derive(Clone, Debug)]
pub struct TenantState {
    profile: Arc<Profile>,
    key: LedgerKey,
    clients: Clients,
    ledger: Ledger,
    journal: Journal,
    faults: Vec<SetFault>,
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
            faults: Vec::new(),
            clock_offset: 0,
        }
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

    /// Makes an endpoint fail.
    pub fn fail(&mut self, fault: Fault) {
        self.faults.push(SetFault { fault, matched: 0 });
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

    /// Answers a request.
    pub fn handle(&mut self, request: &Request, elapsed: Moment) -> Reply {
        let now = self.now(elapsed);
        let mut entry = Entry::new(self.journal.next_number(), now, request);
        let reply = match self.matching_fault(request) {
            Some(status) => {
                self.note_faulted(request, &mut entry);
                Reply::json(
                    status,
                    &serde_json::json!({ "error": "temporarily_unavailable" }),
                )
            }
            None => interpreter::answer(
                &self.profile,
                &mut self.ledger,
                &self.clients,
                request,
                now,
                &mut entry,
            ),
        };
        entry.answered(&reply);
        self.journal.push(entry);
        reply
    }

    /// The status of the fault that this request meets. Counts the request against every fault
    /// that it matches.
    fn matching_fault(&mut self, request: &Request) -> Option<u16> {
        let endpoint = interpreter::endpoint_of(&self.profile, &request.path)?;
        let subject = interpreter::named_subject(&self.profile, &self.ledger, request);
        let mut met = None;
        for set in &mut self.faults {
            let fault = &set.fault;
            if fault.endpoint == endpoint && (fault.subject.is_none() || fault.subject == subject) {
                set.matched += 1;
                if fault.nth.is_none_or(|nth| nth == set.matched) {
                    met.get_or_insert(fault.status);
                }
            }
        }
        met
    }

    /// A request that a fault answers is judged by what it was, and changes nothing: the
    /// interpreter looks at it with a copy of the ledger.
    fn note_faulted(&self, request: &Request, entry: &mut Entry) {
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
        entry.outcome = Outcome::Fault;
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
