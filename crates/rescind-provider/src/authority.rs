//! What an authorization server knows beyond its grants: when it began, what it derives secrets
//! from and signs with, and which assertions it has seen.

use std::collections::BTreeMap;

use rescind_model::profile::{Profile, TokenCharacters, TokenFormat};
use rescind_model::secret::Secret;

use crate::clients::Client;
use crate::ledger::{LedgerKey, Moment};
use crate::signing::{KeySet, SigningAlgorithm};

/// What one tenant knows beyond its grants.
#[derive(Clone, Debug)]
pub struct Authority {
    key: LedgerKey,
    began_at: u64,
    /// None if the profile signs nothing.
    keys: Option<KeySet>,
    /// By client and id; the second at which each assertion ends.
    seen_assertions: BTreeMap<(String, String), u64>,
}

impl Authority {
    /// That of a tenant, new.
    pub fn new(profile: &Profile, key: LedgerKey) -> Self {
        let keys = profile.signing_keys.as_ref().map(|keys| {
            KeySet::new(key.clone(), algorithm(keys.id_tokens)).with(algorithm(keys.access_tokens))
        });
        Self {
            key,
            began_at: 0,
            keys,
            seen_assertions: BTreeMap::new(),
        }
    }

    /// States when the tenant's time began, in seconds since 1970: signed tokens carry such times.
    pub const fn begin_at(&mut self, unix_seconds: u64) {
        self.began_at = unix_seconds;
    }

    /// A moment in seconds since 1970 (RFC 7519 §2, `NumericDate`).
    pub const fn unix(&self, moment: Moment) -> u64 {
        self.began_at.saturating_add(moment.0 / 1000)
    }

    /// What it signs with; none if the profile signs nothing.
    pub const fn keys(&self) -> Option<&KeySet> {
        self.keys.as_ref()
    }

    /// Begins to sign with new keys. The public halves of the older ones stay published.
    pub fn rotate_signing_key(&mut self) {
        if let Some(keys) = &mut self.keys {
            keys.rotate();
        }
    }

    /// Signs with the newest key; none if the profile signs nothing.
    pub fn sign(
        &self,
        with: rescind_model::profile::SigningAlgorithm,
        kind: &str,
        claims: &serde_json::Value,
    ) -> Option<String> {
        let keys = self.keys.as_ref()?;
        keys.sign_with(algorithm(with), kind, claims).ok()
    }

    /// Forgets what it has seen.
    pub fn reset(&mut self) {
        self.seen_assertions.clear();
    }

    /// The client of a name, as it is made: the same name gives the same client.
    pub fn make_client(&self, name: &str) -> Client {
        let mut client_id = self.key.derive(
            &format!("client/{name}/id"),
            &format("client-", TokenCharacters::UrlSafe),
        );
        client_id.truncate(19);
        Client {
            name: name.into(),
            client_id,
            // RFC 6749 appendix A.2: any printable character, so that Basic needs its encoding.
            client_secret: Secret::new(self.key.derive(
                &format!("client/{name}/secret"),
                &format("", TokenCharacters::Printable),
            )),
            redirect_uris: Vec::new(),
            grant_types: None,
            authentication: None,
            keys: None,
            own: None,
        }
    }

    /// What a client may read and change its own registration with.
    pub fn registration_access_token(&self, client: &str) -> Secret {
        Secret::new(self.key.derive(
            &format!("client/{client}/registration"),
            &format("registration-", TokenCharacters::UrlSafe),
        ))
    }

    /// What a client needs to register itself, where the profile asks for it (RFC 7591 §3).
    pub fn initial_access_token(&self) -> Secret {
        Secret::new(self.key.derive(
            "registration",
            &format("initial-", TokenCharacters::UrlSafe),
        ))
    }

    /// Notes a client's assertion. False if it was seen before: each is good for once (RFC 7523
    /// §3, `jti`).
    pub fn see_assertion(&mut self, client: &str, id: &str, ends_at: u64, now: u64) -> bool {
        // One that has ended is refused for that, and need not be remembered.
        self.seen_assertions.retain(|_, ends_at| *ends_at >= now);
        self.seen_assertions
            .insert((client.to_owned(), id.to_owned()), ends_at)
            .is_none()
    }
}

/// What a profile's word for an algorithm is to the signer.
const fn algorithm(stated: rescind_model::profile::SigningAlgorithm) -> SigningAlgorithm {
    match stated {
        rescind_model::profile::SigningAlgorithm::Rs256 => SigningAlgorithm::Rs256,
        rescind_model::profile::SigningAlgorithm::Es256 => SigningAlgorithm::Es256,
    }
}

fn format(prefix: &str, characters: TokenCharacters) -> TokenFormat {
    TokenFormat {
        prefix: prefix.into(),
        characters,
        lifetime_seconds: None,
    }
}
