//! The tenants of the provider: which there are, a new one, and the end of one.

use std::sync::Arc;

use rescind_model::Profile;
use rescind_model::source::{Colour, SourceFile, nearest_hint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;
use super::{Operation, Scope};
use crate::profiles;
use crate::server::{Address, Tenant};

/// A tenant.
#[derive(Serialize, JsonSchema)]
pub(super) struct TenantView {
    /// Its name.
    name: String,
    /// Its address.
    base_url: String,
    /// The address of its control API.
    control_url: String,
    /// The title of its profile.
    profile: String,
}

impl From<&Arc<Tenant>> for TenantView {
    fn from(tenant: &Arc<Tenant>) -> Self {
        Self {
            name: tenant.name().to_owned(),
            base_url: tenant.base_url().to_owned(),
            control_url: tenant.control_url(),
            profile: tenant.lock().profile().title.clone(),
        }
    }
}

/// The tenants.
#[derive(Serialize, JsonSchema)]
pub(super) struct TenantList {
    /// By their names.
    tenants: Vec<TenantView>,
}

/// Lists the tenants.
pub(super) struct List;

impl Operation for List {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/tenants";
    const SUMMARY: &'static str = "the tenants of this provider";
    const SCOPE: Scope = Scope::Provider;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = TenantList;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<TenantList>, Mistake> {
        let tenants = call.shared.directory.all();
        Ok(Given::Json(TenantList {
            tenants: tenants.iter().map(TenantView::from).collect(),
        }))
    }
}

/// A tenant that is to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTenant {
    /// Its name, from which its tokens are made: letters, digits, `-`, `_` and `.`.
    name: String,
    /// The name of a profile that the program has.
    #[serde(default)]
    profile: Option<String>,
    /// The profile in place of a named one, as the text of a profile file.
    #[serde(default)]
    profile_toml: Option<String>,
    /// Where it lies; below `/t/NAME` if not stated.
    #[serde(default)]
    address: Option<NewAddress>,
}

/// Where a tenant lies.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum NewAddress {
    /// At the root of the provider's address.
    Root,
    /// Below `/t/NAME`.
    Path,
    /// At a port of its own.
    Port,
    /// At the root, for requests to a host of this name; one without a dot is below `localhost`.
    Host(String),
    /// At the root, for requests of its clients, or with what it has given out.
    Client,
}

impl NewAddress {
    fn of(self, name: &str) -> Address {
        match self {
            Self::Root => Address::Root,
            Self::Path => Address::Below(name.to_owned()),
            Self::Port => Address::Port,
            Self::Host(host) => Address::Host(host),
            Self::Client => Address::Client,
        }
    }
}

/// Makes a tenant.
pub(super) struct Add;

impl Operation for Add {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/tenants";
    const SUMMARY: &'static str = "make a tenant of a profile";
    const SCOPE: Scope = Scope::Provider;
    type Query = Nothing;
    type Body = NewTenant;
    type Answer = TenantView;

    async fn handle(call: Call, _: Nothing, new: NewTenant) -> Result<Given<TenantView>, Mistake> {
        let is_plain =
            |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if new.name.is_empty() || new.name.len() > 100 || !new.name.chars().all(is_plain) {
            return Err(Mistake::new(
                "that is no name of a tenant",
                "one to a hundred letters, digits, `-`, `_` or `.`: it stands in its address",
            ));
        }
        let profile = profile(new.profile.as_deref(), new.profile_toml)?;
        let address = new.address.unwrap_or(NewAddress::Path).of(&new.name);
        let taken = |tenant: &Arc<Tenant>| tenant.name() == new.name;
        if call.shared.directory.all().iter().any(taken) {
            return Err(Mistake::new(
                "there is a tenant of that name",
                "choose another name, or remove that one first",
            ));
        }
        let added = call
            .shared
            .add_tenant(&address, &new.name, Arc::new(profile));
        let tenant = added.map_err(|error| Mistake::new(&error.to_string(), error.hint()))?;
        Ok(Given::Json(TenantView::from(&tenant)))
    }
}

/// The profile that is meant.
fn profile(name: Option<&str>, text: Option<String>) -> Result<Profile, Mistake> {
    let file = match (name, text) {
        (Some(name), None) => profiles::named(name).ok_or_else(|| {
            let known = profiles::embedded();
            let known = known.iter().map(|(name, _)| name.as_str());
            let hint = nearest_hint(name, known).unwrap_or_default();
            Mistake::new("there is no profile of that name", &hint)
        })?,
        (None, Some(text)) => SourceFile::new("profile_toml", text),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Mistake::new(
                "a tenant has one profile",
                "state `profile`, the name of one, or `profile_toml`, the text of one",
            ));
        }
    };
    Profile::parse(&file).map_err(|diagnostics| {
        let rendered: Vec<String> = diagnostics
            .iter()
            .map(|diagnostic| diagnostic.render(Colour::Plain))
            .collect();
        Mistake::new(
            &format!("the profile makes no sense:\n{}", rendered.join("\n")),
            "`rescind schema profile` prints what a profile may state",
        )
    })
}

/// A tenant that was removed.
#[derive(Serialize, JsonSchema)]
pub(super) struct TenantRemoved {
    /// Its name.
    removed: String,
}

/// Removes a tenant.
pub(super) struct Remove;

impl Operation for Remove {
    const METHOD: &'static str = "DELETE";
    const PATH: &'static str = "/tenants/{tenant}";
    const SUMMARY: &'static str = "remove a tenant, by its name";
    const SCOPE: Scope = Scope::Provider;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = TenantRemoved;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<TenantRemoved>, Mistake> {
        let name = call.parameters.first().cloned().unwrap_or_default();
        if call.shared.remove_tenant(&name) {
            Ok(Given::Json(TenantRemoved { removed: name }))
        } else {
            Err(Mistake::not_found(
                "there is no tenant of that name",
                "GET /_rescind/tenants lists them",
            ))
        }
    }
}
