//! Every grant of a ledger, found by the account's id and by user and client.

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use rescind_model::Subject;

use super::GrantId;
use super::slots::{Slot, Slots, in_order};
use crate::name::Name;
use crate::scope::Scope;

/// What one user gave one client. Its tokens stand at the beginning, in one line of the processor's
/// cache: requests look for them.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Grant {
    access_tokens: Slots,
    refresh_tokens: Slots,
    /// The number of the client.
    client_number: u32,
    /// The one before it of the same user and client.
    earlier: Option<GrantId>,
    /// The client's name.
    pub client: Name,
    /// The user at the provider.
    pub user: Box<str>,
    /// The provider's id of the user's account; no secret.
    pub account_id: Box<str>,
    /// What the user allowed; none if nobody asked for anything in particular.
    pub scope: Option<Scope>,
}

impl Grant {
    pub(super) const fn client_number(&self) -> u32 {
        self.client_number
    }

    pub(super) const fn tokens_of(&self, subject: Subject) -> &Slots {
        match subject {
            Subject::AccessToken => &self.access_tokens,
            Subject::RefreshToken => &self.refresh_tokens,
        }
    }

    pub(super) const fn tokens_of_mut(&mut self, subject: Subject) -> &mut Slots {
        match subject {
            Subject::AccessToken => &mut self.access_tokens,
            Subject::RefreshToken => &mut self.refresh_tokens,
        }
    }

    /// Every token, in the order of issue.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Slot> {
        in_order(
            self.access_tokens.as_slice(),
            self.refresh_tokens.as_slice(),
        )
    }
}

/// The grants in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub(super) struct Grants {
    all: Vec<Grant>,
    by_account: HashTable<GrantId>,
    /// The latest of each user and client.
    by_owner: HashTable<GrantId>,
    hasher: DefaultHashBuilder,
    /// Of users there are as many as of grants, so only the clients' names are shared: by number,
    /// and the numbers by name.
    clients: Vec<Name>,
    client_numbers: HashMap<Name, u32>,
}

impl Grants {
    pub(super) fn get(&self, id: GrantId) -> Option<&Grant> {
        self.all.get(id.0 as usize)
    }

    pub(super) fn get_mut(&mut self, id: GrantId) -> Option<&mut Grant> {
        self.all.get_mut(id.0 as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (GrantId, &Grant)> {
        let ids = (0..).map(GrantId);
        ids.zip(&self.all)
    }

    /// The id that the next one will have.
    pub(super) fn next_id(&self) -> GrantId {
        GrantId(u32::try_from(self.all.len()).unwrap_or(u32::MAX))
    }

    /// Adds a grant without tokens.
    pub(super) fn push(&mut self, user: &str, client: &str, account_id: &str) {
        let id = self.next_id();
        let (client_number, client_name) = self.client(client);
        let grant = Grant {
            user: user.into(),
            client: client_name,
            client_number,
            account_id: account_id.into(),
            scope: None,
            access_tokens: Slots::default(),
            refresh_tokens: Slots::default(),
            earlier: self.latest(user, client),
        };
        let earlier = grant.earlier;
        self.all.push(grant);
        let Self {
            all,
            by_account,
            by_owner,
            hasher,
            ..
        } = self;
        let account = |id: &GrantId| hasher.hash_one(&*all[id.0 as usize].account_id);
        by_account.insert_unique(account(&id), id, account);
        let owner = |id: &GrantId| {
            let grant = &all[id.0 as usize];
            hasher.hash_one((&*grant.user, grant.client.as_str()))
        };
        match by_owner.find_mut(owner(&id), |other| Some(*other) == earlier) {
            Some(latest) => *latest = id,
            None => {
                by_owner.insert_unique(owner(&id), id, owner);
            }
        }
    }

    /// Takes back the grant that was added last.
    pub(super) fn pop(&mut self) {
        let Some(last) = self.all.pop() else {
            return;
        };
        let id = self.next_id();
        let account = self.hasher.hash_one(&*last.account_id);
        if let Ok(entry) = self.by_account.find_entry(account, |other| *other == id) {
            entry.remove();
        }
        let owner = self.hasher.hash_one((&*last.user, last.client.as_str()));
        if let Ok(mut entry) = self.by_owner.find_entry(owner, |other| *other == id) {
            match last.earlier {
                Some(earlier) => *entry.get_mut() = earlier,
                None => {
                    entry.remove();
                }
            }
        }
    }

    /// The grant that an account id names.
    pub(super) fn find_account(&self, account_id: &str) -> Option<GrantId> {
        let is_it = |id: &GrantId| {
            self.get(*id)
                .is_some_and(|grant| *grant.account_id == *account_id)
        };
        let hash = self.hasher.hash_one(account_id);
        self.by_account.find(hash, is_it).copied()
    }

    /// Every grant that the user of one gave its client, the first first.
    pub(super) fn of_same_owner(&self, id: GrantId) -> Vec<GrantId> {
        let latest = self
            .get(id)
            .and_then(|grant| self.latest(&grant.user, &grant.client));
        let before = |id: &GrantId| self.get(*id).and_then(|grant| grant.earlier);
        let mut grants: Vec<GrantId> = std::iter::successors(latest, before).collect();
        grants.reverse();
        grants
    }

    fn latest(&self, user: &str, client: &str) -> Option<GrantId> {
        let is_it = |id: &GrantId| {
            let grant = self.get(*id);
            grant.is_some_and(|grant| *grant.user == *user && grant.client == *client)
        };
        let hash = self.hasher.hash_one((user, client));
        self.by_owner.find(hash, is_it).copied()
    }

    /// The name of the client of that number.
    pub(super) fn client_of_number(&self, number: u32) -> Option<&Name> {
        self.clients.get(number as usize)
    }

    fn client(&mut self, name: &str) -> (u32, Name) {
        if let Some((known, number)) = self.client_numbers.get_key_value(name) {
            return (*number, known.clone());
        }
        let number = u32::try_from(self.clients.len()).unwrap_or(u32::MAX);
        let name = Name::from(name);
        self.clients.push(name.clone());
        self.client_numbers.insert(name.clone(), number);
        (number, name)
    }
}
