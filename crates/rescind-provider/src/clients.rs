//! The OAuth clients of a provider.

use std::collections::{BTreeMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hashbrown::HashMap;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rescind_model::profile::{ClientAuthentication, GrantType};
use rescind_model::secret::Secret;
use serde_json::Value;

use crate::name::Name;

/// An OAuth client of the provider.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name in scenarios.
    pub name: Name,
    /// Its `client_id`; no secret.
    pub client_id: String,
    /// Its `client_secret`. A public client has one that nobody is told.
    pub client_secret: Secret,
    /// Where a browser may be sent back to; none: anywhere on the web.
    pub redirect_uris: Vec<String>,
    /// The grants that it may use; none stated: every one that the provider takes.
    pub grant_types: Option<Vec<GrantType>>,
    /// How it authenticates, and in no other way; none stated: any way that the endpoint declares
    /// and that proves something.
    pub authentication: Option<ClientAuthentication>,
    /// Its public keys (RFC 7517 §5), for assertions that it signs.
    pub keys: Option<Value>,
    /// What it registered itself as; none for a client that the provider's owner made.
    pub own: Option<OwnRegistration>,
}

/// A client's registration by itself.
#[derive(Clone, Debug)]
pub struct OwnRegistration {
    /// What it may read and change its registration with (RFC 7592 §3).
    pub access_token: Secret,
    /// What it said of itself, with what the provider made of it.
    pub metadata: serde_json::Map<String, Value>,
    /// When it registered, in seconds since 1970.
    pub issued_at: u64,
}

/// What a request makes of the clients.
#[derive(Clone, Debug)]
pub enum ClientChange {
    /// There is another.
    Registered(Box<Client>),
    /// One of that name is another than before.
    Changed(Box<Client>),
    /// The one of that name is gone.
    Deleted(Name),
}

impl Client {
    /// Whether it may show who it is in that way. A client that is not registered as a public one
    /// is confidential wherever the endpoint has a way to prove it (RFC 6749 §2.1).
    pub fn may_authenticate_by(
        &self,
        kind: &ClientAuthentication,
        declared: &[ClientAuthentication],
    ) -> bool {
        match &self.authentication {
            // A public client's id may stand wherever the endpoint takes one.
            Some(ClientAuthentication::None | ClientAuthentication::ClientId) => !kind.is_proof(),
            Some(registered) => registered == kind,
            None => kind.is_proof() || !declared.iter().any(ClientAuthentication::is_proof),
        }
    }

    /// Whether it is registered as a public client, which has no secret.
    pub const fn is_public(&self) -> bool {
        matches!(
            self.authentication,
            Some(ClientAuthentication::None | ClientAuthentication::ClientId)
        )
    }

    /// Whether it has a secret that somebody knows.
    pub const fn has_secret(&self) -> bool {
        !matches!(
            self.authentication,
            Some(
                ClientAuthentication::None
                    | ClientAuthentication::ClientId
                    | ClientAuthentication::PrivateKeyJwt
                    | ClientAuthentication::AssertionAt(_)
            )
        )
    }

    /// Whether it may use a grant.
    pub fn may_use(&self, kind: GrantType) -> bool {
        self.grant_types
            .as_ref()
            .is_none_or(|kinds| kinds.contains(&kind))
    }
}

/// The clients of one tenant. Finding one does not take longer when there are more of them.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    /// By the number that they were given, so that the first comes first.
    by_number: BTreeMap<u64, Client>,
    next: u64,
    by_name: HashMap<Name, u64>,
    by_client_id: HashMap<String, u64>,
    by_secret: HashMap<SecretText, u64>,
    /// By Basic credentials as a careful client writes them (RFC 7617 §2): with the secret as it
    /// is, and form-encoded first (RFC 6749 §2.3.1).
    by_basic: HashMap<SecretText, u64>,
    /// Their secrets stand in the journal still.
    removed: Vec<Client>,
    /// Every name that was ever given.
    names: HashSet<Name>,
    registered: u64,
}

/// A secret that clients are found by.
#[derive(Clone, PartialEq, Eq, Hash)]
struct SecretText(String);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretText(…)")
    }
}

impl std::borrow::Borrow<str> for SecretText {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The credentials of a client in the Basic scheme, in the forms that are found without decoding
/// them. None of one whose id has another form: it could be taken for another id.
fn basic_credentials(client: &Client) -> Vec<SecretText> {
    let (id, secret) = (&client.client_id, client.client_secret.expose());
    let form_encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let escaped = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !id.bytes().all(is_plain) {
        return Vec::new();
    }
    [secret, &form_encoded, &escaped]
        .map(|secret| SecretText(STANDARD.encode(format!("{id}:{secret}"))))
        .into()
}

impl Clients {
    /// The client of that `client_id`.
    pub fn by_client_id(&self, client_id: &str) -> Option<&Client> {
        self.by_number.get(self.by_client_id.get(client_id)?)
    }

    /// The client of that name.
    pub fn by_name(&self, name: &str) -> Option<&Client> {
        self.by_number.get(self.by_name.get(name)?)
    }

    /// The client of that name, to be changed in all but its name, its id and its secret.
    pub fn by_name_mut(&mut self, name: &str) -> Option<&mut Client> {
        self.by_number.get_mut(self.by_name.get(name)?)
    }

    /// The client whose secret that is.
    pub fn by_secret(&self, secret: &str) -> Option<&Client> {
        let client = self.by_number.get(self.by_secret.get(secret)?);
        client.filter(|client| client.has_secret())
    }

    /// The client whose Basic credentials these are, as they stand behind the scheme. There may be
    /// others that are as right.
    pub fn by_basic(&self, credentials: &str) -> Option<&Client> {
        let client = self.by_number.get(self.by_basic.get(credentials)?);
        client.filter(|client| client.has_secret())
    }

    /// Whether an id and a secret belong together.
    pub fn verify(&self, client_id: &str, client_secret: &str) -> bool {
        self.by_client_id(client_id).is_some_and(|client| {
            client.has_secret() && client.client_secret.expose() == client_secret
        })
    }

    /// Whether a value is some client's secret.
    pub fn is_secret(&self, value: &str) -> bool {
        self.by_secret(value).is_some()
    }

    /// Adds a client.
    pub fn add(&mut self, client: Client) {
        let number = self.next;
        self.next += 1;
        self.put(number, client);
    }

    fn put(&mut self, number: u64, client: Client) {
        self.names.insert(client.name.clone());
        self.by_name.entry(client.name.clone()).or_insert(number);
        let client_id = client.client_id.clone();
        self.by_client_id.entry(client_id).or_insert(number);
        let secret = SecretText(client.client_secret.expose().to_owned());
        self.by_secret.entry(secret).or_insert(number);
        for credentials in basic_credentials(&client) {
            self.by_basic.entry(credentials).or_insert(number);
        }
        self.by_number.insert(number, client);
    }

    fn take(&mut self, name: &str) -> Option<(u64, Client)> {
        let number = self.by_name.remove(name)?;
        let client = self.by_number.remove(&number)?;
        self.by_client_id.remove(&client.client_id);
        self.by_secret.remove(client.client_secret.expose());
        for credentials in basic_credentials(&client) {
            self.by_basic.remove(credentials.0.as_str());
        }
        Some((number, client))
    }

    /// The name of the next client that registers itself: no name is ever given twice.
    pub fn next_registered(&self) -> Name {
        let mut names = (self.registered + 1..).map(|number| format!("registered-{number}"));
        let free = names.find(|name| !self.names.contains(name.as_str()));
        free.unwrap_or_default().into()
    }

    /// Does what a request asked for.
    pub fn apply(&mut self, change: ClientChange) {
        match change {
            ClientChange::Registered(client) => {
                self.registered += 1;
                self.add(*client);
            }
            ClientChange::Changed(client) => {
                if let Some((number, _)) = self.take(&client.name) {
                    self.put(number, *client);
                }
            }
            ClientChange::Deleted(name) => self.remove(&name),
        }
    }

    /// Takes a client out. Its grants stay as they are.
    pub fn remove(&mut self, name: &str) {
        if let Some((_, client)) = self.take(name) {
            self.removed.push(client);
        }
    }

    /// Every client that there is or was.
    pub fn with_removed(&self) -> impl Iterator<Item = &Client> {
        self.by_number.values().chain(&self.removed)
    }

    /// Every client.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.by_number.values()
    }
}
