//! The provider's clients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Nothing, Secrets};
use super::mistake::Mistake;
use crate::clients::Client;
use crate::server::Tenant;

/// A client.
#[derive(Serialize, JsonSchema)]
pub(super) struct ClientView {
    /// Its name.
    name: String,
    /// Its id.
    client_id: String,
    /// The fingerprint of its secret.
    secret_fingerprint: String,
    /// Its secret, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// Where a browser may be sent back to; none: anywhere on the web.
    redirect_uris: Vec<String>,
}

impl ClientView {
    fn of(tenant: &Tenant, client: &Client, shows_secret: bool) -> Self {
        let secret = client.client_secret.expose();
        Self {
            name: client.name.to_string(),
            client_id: client.client_id.clone(),
            secret_fingerprint: tenant.fingerprints().fingerprint(secret),
            client_secret: shows_secret.then(|| secret.to_owned()),
            redirect_uris: client.redirect_uris.clone(),
        }
    }
}

/// How clients are shown.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientsQuery {
    /// Whether secrets are shown as they are, to whoever shows the provider's key.
    #[serde(default)]
    secrets: Option<Secrets>,
}

/// The clients.
#[derive(Serialize, JsonSchema)]
pub(super) struct ClientList {
    /// In the order in which they were made.
    clients: Vec<ClientView>,
}

/// Lists the clients.
pub(super) struct List;

impl Operation for List {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/clients";
    const SUMMARY: &'static str = "the provider's clients";
    type Query = ClientsQuery;
    type Body = Nothing;
    type Answer = ClientList;

    async fn handle(
        call: Call,
        query: ClientsQuery,
        _: Nothing,
    ) -> Result<Given<ClientList>, Mistake> {
        let shows_secrets = call.shows(query.secrets)?;
        let tenant = call.tenant()?;
        let state = tenant.lock();
        let clients = state.clients().iter();
        let clients = clients.map(|client| ClientView::of(tenant, client, shows_secrets));
        Ok(Given::Json(ClientList {
            clients: clients.collect(),
        }))
    }
}

/// A client that is to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClient {
    /// Its name.
    name: String,
    /// Where a browser may be sent back to, in place of what is registered; anywhere on the web, if
    /// the list is empty.
    #[serde(default)]
    redirect_uris: Option<Vec<String>>,
}

/// Makes a client.
pub(super) struct Add;

impl Operation for Add {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/clients";
    const SUMMARY: &'static str = "make a client, or change it, and show its credentials";
    type Query = Nothing;
    type Body = NewClient;
    type Answer = ClientView;

    async fn handle(call: Call, _: Nothing, new: NewClient) -> Result<Given<ClientView>, Mistake> {
        let tenant = call.tenant()?;
        let mut state = tenant.lock();
        if let Some(redirect_uris) = new.redirect_uris {
            state.set_redirect_uris(&new.name, redirect_uris);
        }
        let client = state.client(&new.name);
        Ok(Given::Json(ClientView::of(tenant, &client, true)))
    }
}

/// A client that was removed.
#[derive(Serialize, JsonSchema)]
pub(super) struct ClientRemoved {
    /// Its name.
    removed: String,
}

/// Removes a client.
pub(super) struct Remove;

impl Operation for Remove {
    const METHOD: &'static str = "DELETE";
    const PATH: &'static str = "/clients/{client}";
    const SUMMARY: &'static str =
        "forget a client, by its name: its credentials are unknown from now on, its tokens live on";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = ClientRemoved;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<ClientRemoved>, Mistake> {
        let name = call.parameters.first().cloned().unwrap_or_default();
        if call.tenant()?.lock().remove_client(&name) {
            Ok(Given::Json(ClientRemoved { removed: name }))
        } else {
            Err(Mistake::not_found(
                "there is no client of that name",
                "GET /_rescind/clients lists them",
            ))
        }
    }
}
