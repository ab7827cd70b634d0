//! Every grant of a ledger, found by the account's id and by user and client.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use rescind_model::Subject;

use super::GrantId;
use super::slots::{Slot, Slots, in_order};
use crate::name::Name;
use crate::scope::Scope;

/// What one user gave one client.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The user at the provider.
    pub user: String,
    /// The client's name.
    pub client: Name,
    /// The provider's id of the user's account; no secret.
    pub account_id: String,
    /// What the user allowed; none if nobody asked for anything in particular.
    pub scope: Option<Scope>,
    access_tokens: Slots,
    refresh_tokens: Slots,
    /// The one before it of the same user and client.
    earlier: Option<GrantId>,
}

impl Grant {
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
    /// Of users there are as many as of grants, so only the clients' names are shared.
    clients: HashTable<Name>,
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
        let grant = Grant {
            user: user.to_owned(),
            client: self.name(client),
            account_id: account_id.to_owned(),
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
        let account = |id: &GrantId| hasher.hash_one(all[id.0 as usize].account_id.as_str());
        by_account.insert_unique(account(&id), id, account);
        let owner = |id: &GrantId| {
            let grant = &all[id.0 as usize];
            hasher.hash_one((grant.user.as_str(), grant.client.as_str()))
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
        let account = self.hasher.hash_one(last.account_id.as_str());
        if let Ok(entry) = self.by_account.find_entry(account, |other| *other == id) {
            entry.remove();
        }
        let owner = self
            .hasher
            .hash_one((last.user.as_str(), last.client.as_str()));
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
                .is_some_and(|grant| grant.account_id == account_id)
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
            grant.is_some_and(|grant| grant.user == user && *grant.client == *client)
        };
        let hash = self.hasher.hash_one((user, client));
        self.by_owner.find(hash, is_it).copied()
    }

    fn name(&mut self, text: &str) -> Name {
        let hash = self.hasher.hash_one(text);
        if let Some(name) = self.clients.find(hash, |name| **name == *text) {
            return name.clone();
        }
        let name = Name::from(text);
        let hasher = &self.hasher;
        let rehash = |name: &Name| hasher.hash_one(name.as_str());
        self.clients.insert_unique(hash, name.clone(), rehash);
        name
    }
}
