//! The tenants of the provider: which there are, a new one, and the end of one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rescind_model::Profile;
use rescind_model::source::{Colour, SourceFile, nearest_hint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;
use super::{Operation, Scope};
use crate::profiles;
use crate::server::{Address, Origin, ProviderOptions, Shared, Tenant};

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
    /// The addresses of the further hosts of its profile, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    hosts: BTreeMap<String, String>,
}

impl From<&Arc<Tenant>> for TenantView {
    fn from(tenant: &Arc<Tenant>) -> Self {
        Self {
            name: tenant.name().to_owned(),
            base_url: tenant.base_url().to_owned(),
            control_url: tenant.control_url(),
            profile: tenant.lock().profile().title.clone(),
            hosts: tenant.addresses().hosts.clone().into_iter().collect(),
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
    /// Its name, from which its tokens are made: letters, digits, `-`, `_` and `.`. One that nobody
    /// has, if not stated.
    #[serde(default)]
    name: Option<String>,
    /// The name of a profile that the program has.
    #[serde(default)]
    profile: Option<String>,
    /// The profile in place of a named one, as the text of a profile file.
    #[serde(default)]
    profile_toml: Option<String>,
    /// Where it lies; below `/t/NAME` if not stated.
    #[serde(default)]
    address: Option<NewAddress>,
    /// What its tokens are made from, in place of the provider's seed and the tenant's name.
    #[serde(default)]
    made_from: Option<MadeFrom>,
}

/// What a tenant's tokens are made from: of the same, the same are made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MadeFrom {
    /// In place of the provider's seed; fingerprints are made from it, too.
    seed: String,
    /// In place of the tenant's name.
    name: String,
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
    /// At the root, for requests to a host of the tenant's name: below that of the provider's public
    /// address, or else below `localhost`.
    HostOfItsName,
    /// At the root, for requests of its clients, or with what it has given out.
    Client,
}

impl NewAddress {
    fn of(self, name: &str, options: &ProviderOptions) -> Address {
        match self {
            Self::Root => Address::Root,
            Self::Path => Address::Below(name.to_owned()),
            Self::Port => Address::Port,
            Self::Host(host) => Address::Host(host),
            Self::HostOfItsName => Address::host_of(name, options),
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
        let profile = profile(new.profile.as_deref(), new.profile_toml)?;
        let shared = &call.shared;
        let name = name(shared, new.name)?;
        let address = new.address.unwrap_or(NewAddress::Path);
        let address = address.of(&name, &shared.options);
        let made_from = new.made_from.as_ref().map_or_else(
            || shared.made_from(&name),
            |stated| Origin {
                seed: &stated.seed,
                name: &stated.name,
            },
        );
        let added = shared.add_tenant_made_from(&address, &name, Arc::new(profile), made_from);
        let tenant = added.map_err(|error| Mistake::new(&error.to_string(), error.hint()))?;
        Ok(Given::Json(TenantView::from(&tenant)))
    }
}

/// The name that is stated, if nobody has it, or one that nobody has.
fn name(shared: &Shared, stated: Option<String>) -> Result<String, Mistake> {
    let is_taken = |name: &str| shared.directory.has_name(name);
    let Some(name) = stated else {
        let mut names = std::iter::repeat_with(|| {
            let number = shared.named.fetch_add(1, Ordering::Relaxed) + 1;
            format!("tenant-{number}")
        });
        return Ok(names.find(|name| !is_taken(name)).unwrap_or_default());
    };
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if name.is_empty() || name.len() > 100 || !name.chars().all(is_plain) {
        return Err(Mistake::new(
            "that is no name of a tenant",
            "one to a hundred letters, digits, `-`, `_` or `.`: it stands in its address",
        ));
    }
    if is_taken(&name) {
        return Err(Mistake::new(
            "there is a tenant of that name",
            "choose another name, or remove that one first",
        ));
    }
    Ok(name)
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
