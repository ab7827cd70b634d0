//! The OAuth clients of a provider.

use rescind_model::secret::Secret;

/// An OAuth client of the provider.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name in scenarios.
    pub name: String,
    /// Its `client_id`; no secret.
    pub client_id: String,
    /// Its `client_secret`.
    pub client_secret: Secret,
}

/// The clients of one tenant.
#[derive(Clone, Debug, Default)]
pub struct Clients(Vec<Client>);

impl Clients {
    /// The client of that `client_id`.
    pub fn by_client_id(&self, client_id: &str) -> Option<&Client> {
        self.0.iter().find(|client| client.client_id == client_id)
    }

    /// The client of that name.
    pub fn by_name(&self, name: &str) -> Option<&Client> {
        self.0.iter().find(|client| client.name == name)
    }

    /// Whether an id and a secret belong together.
    pub fn verify(&self, client_id: &str, client_secret: &str) -> bool {
        self.by_client_id(client_id)
            .is_some_and(|client| client.client_secret.expose() == client_secret)
    }

    /// Whether a value is some client's secret.
    pub fn is_secret(&self, value: &str) -> bool {
        self.0
            .iter()
            .any(|client| client.client_secret.expose() == value)
    }

    /// Adds a client.
    pub fn add(&mut self, client: Client) {
        self.0.push(client);
    }

    /// Every client.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.0.iter()
    }
}
