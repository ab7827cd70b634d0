//! The configuration of a provider, as a person writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::fault::Stated;
use crate::profile::GrantType;
use crate::source::Located;
use crate::vocabulary::Subject;

/// The configuration of `rescind provider`: where it listens, and what it begins with. What is
/// stated on the command line goes before what stands here.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfigFile {
    /// The name of the profile of the provider at the root; `rescind list profiles` shows them.
    #[serde(default)]
    pub profile: Option<Located<String>>,
    /// A file with its profile, from the folder of this file.
    #[serde(default)]
    pub profile_file: Option<Located<String>>,
    /// What tokens are made from: the same seed gives the same ones. A fresh one if not stated.
    #[serde(default)]
    pub seed: Option<String>,
    /// The address to listen on, e.g. `127.0.0.1:8080`; port 0 takes any free one.
    #[serde(default)]
    pub listen: Option<Located<String>>,
    /// The address as servers see it, where that is another than the one it listens on. A path in
    /// it is for a proxy to take off.
    #[serde(default)]
    pub public_url: Option<Located<String>>,
    /// The address as a browser sees it; as servers see it, if not stated.
    #[serde(default)]
    pub browser_url: Option<Located<String>>,
    /// What it calls itself in metadata and tokens; its address as a browser sees it, if not
    /// stated.
    #[serde(default)]
    pub issuer: Option<Located<String>>,
    /// Where the further hosts are that profiles name, by those names.
    #[serde(default)]
    pub hosts: BTreeMap<String, HostFile>,
    /// How it speaks TLS; plain HTTP if not stated.
    #[serde(default)]
    pub tls: Option<Located<TlsFile>>,
    /// What users say who are asked to let a client in, of the provider at the root.
    #[serde(default)]
    pub consent: Option<ConsentFile>,
    /// What its clients have registered.
    #[serde(default, rename = "client")]
    pub clients: Vec<ClientFile>,
    /// Grants that it begins with.
    #[serde(default, rename = "grant")]
    pub grants: Vec<GrantFile>,
    /// Endpoints that fail, until the control API ends it.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Located<Stated>>,
    /// Further providers in the same process.
    #[serde(default, rename = "tenant")]
    pub tenants: Vec<TenantFile>,
}

/// A further provider in the same process.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantFile {
    /// Its name, which its tokens are made from.
    pub name: Located<String>,
    /// Where it lies; below a path if not stated.
    #[serde(default)]
    pub at: TenantAt,
    /// The name of its profile.
    #[serde(default)]
    pub profile: Option<Located<String>>,
    /// A file with its profile, from the folder of this file.
    #[serde(default)]
    pub profile_file: Option<Located<String>>,
    /// What its users say who are asked to let a client in.
    #[serde(default)]
    pub consent: Option<ConsentFile>,
    /// What its clients have registered.
    #[serde(default, rename = "client")]
    pub clients: Vec<ClientFile>,
    /// Grants that it begins with.
    #[serde(default, rename = "grant")]
    pub grants: Vec<GrantFile>,
    /// Endpoints that fail, until the control API ends it.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Located<Stated>>,
}

/// Where a further provider lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantAt {
    /// Below `/t/NAME` of the address.
    #[default]
    Path,
    /// At the root of any free port of its own.
    Port,
    /// At the root of the address, for requests whose `Host` is this; a name without a dot is one
    /// below `localhost`.
    Host(String),
    /// At the root of the address, for requests that name one of its clients or carry one of its
    /// tokens.
    Client,
}

/// Where a further host of a provider is that spans several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostFile {
    /// The address to listen on; any free port if not stated.
    #[serde(default)]
    pub listen: Option<Located<String>>,
    /// The address as others see it, where that is another.
    #[serde(default)]
    pub public_url: Option<Located<String>>,
}

/// How a provider speaks TLS: with a CA and certificates that it makes, unless it is given one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsFile {
    /// Where to write the certificate of the CA that is made, from the folder of this file.
    #[serde(default)]
    pub ca_out: Option<Located<String>>,
    /// A file with a certificate in PEM form, and those that it is signed by after it, from the
    /// folder of this file.
    #[serde(default)]
    pub certificate: Option<Located<String>>,
    /// A file with its private key in PEM form.
    #[serde(default)]
    pub key: Option<Located<String>>,
}

/// What users say who are asked to let a client in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentFile {
    /// A page asks a person.
    Ask,
    /// The user of that name says yes at once.
    Allow(String),
    /// The user says no at once.
    Deny,
}

/// What a client has registered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientFile {
    /// Its name: grants are given to it by this name.
    pub name: Located<String>,
    /// Where a browser may be sent back to; anywhere on the web if not stated.
    #[serde(default)]
    pub redirect_uris: Vec<Located<String>>,
    /// The grants that it may use; every one that the profile takes if not stated.
    #[serde(default)]
    pub grant_types: Option<Vec<GrantType>>,
}

/// A grant that a provider begins with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantFile {
    /// The user that gives it.
    pub user: String,
    /// The name of the client that it is given to; `main` if not stated.
    #[serde(default = "main_client")]
    pub client: String,
    /// The tokens that come with it; every kind that the profile issues, if not stated.
    #[serde(default = "all_subjects")]
    pub subjects: Vec<Subject>,
}

fn main_client() -> String {
    "main".to_owned()
}

fn all_subjects() -> Vec<Subject> {
    Subject::ALL.to_vec()
}
