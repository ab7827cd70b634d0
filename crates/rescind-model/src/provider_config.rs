//! The configuration of `rescind provider`, as it is left once it makes sense.
//!
//! `file` is what a person writes. Which profiles there are, and what lies in files, is for
//! whoever starts the provider to find out.

pub mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::base_url::BaseUrl;
use crate::fault::{self, Fault};
use crate::source::{self, Diagnostic, Located, SourceFile};
use file::{ClientFile, HostFile, ProviderConfigFile, TlsFile};

pub use file::{ConsentFile as Consent, GrantFile as GrantAtStart, TenantAt};

/// Where a provider listens, and what it begins with. What is not stated is none.
#[derive(Clone, Debug, Default)]
pub struct ProviderConfig {
    /// What tokens are made from.
    pub seed: Option<String>,
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// The address as servers see it.
    pub public_url: Option<BaseUrl>,
    /// The address as a browser sees it.
    pub browser_url: Option<BaseUrl>,
    /// What it calls itself.
    pub issuer: Option<BaseUrl>,
    /// The further hosts.
    pub hosts: BTreeMap<String, Host>,
    /// How it speaks TLS.
    pub tls: Option<TlsChoice>,
    /// What the provider at the root imitates; none if the file does not say.
    pub root_profile: Option<ProfileChoice>,
    /// What the provider at the root begins with.
    pub root: Beginning,
    /// Further providers, in the file's order.
    pub tenants: Vec<TenantConfig>,
}

/// A further host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// The address as others see it.
    pub public_url: Option<BaseUrl>,
}

/// How TLS is spoken. Paths are from the folder of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsChoice {
    /// With a CA that is made; where its certificate goes.
    Made(Option<String>),
    /// With a certificate and its key, from files.
    Given {
        /// The certificate.
        certificate: String,
        /// The key.
        key: String,
    },
}

/// What a provider imitates.
#[derive(Clone, Debug)]
pub enum ProfileChoice {
    /// A profile by its name.
    Named(Located<String>),
    /// A file, from the folder of the configuration.
    File(Located<String>),
}

/// A further provider in the same process.
#[derive(Clone, Debug)]
pub struct TenantConfig {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub at: TenantAt,
    /// What it imitates.
    pub profile: ProfileChoice,
    /// What it begins with.
    pub beginning: Beginning,
}

/// What a provider begins with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beginning {
    /// What users say who are asked to let a client in; a page asks them, if not stated.
    pub consent: Option<Consent>,
    /// What clients have registered.
    pub clients: Vec<ClientFile>,
    /// Grants.
    pub grants: Vec<GrantAtStart>,
    /// Endpoints that fail.
    pub faults: Vec<Fault>,
}

impl PartialEq for ClientFile {
    fn eq(&self, other: &Self) -> bool {
        let uris = |client: &Self| -> Vec<String> {
            client
                .redirect_uris
                .iter()
                .map(|uri| uri.to_string())
                .collect()
        };
        *self.name == *other.name
            && uris(self) == uris(other)
            && self.grant_types == other.grant_types
    }
}

impl ProviderConfig {
    /// Reads a configuration and validates it.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        let stated: ProviderConfigFile = source::parse(file).map_err(|mistake| vec![mistake])?;
        let mut reader = Reader {
            file,
            mistakes: Vec::new(),
        };
        let config = reader.config(stated);
        if reader.mistakes.is_empty() {
            Ok(config)
        } else {
            Err(reader.mistakes)
        }
    }
}

/// Makes sense of what is stated, and notes what makes none.
struct Reader<'a> {
    file: &'a SourceFile,
    mistakes: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn mistake<T>(&mut self, at: &Located<T>, message: impl Into<String>, hint: &str) {
        let mistake = Diagnostic::new(self.file, at.span(), message);
        self.mistakes.push(mistake.hint(hint));
    }

    fn config(&mut self, stated: ProviderConfigFile) -> ProviderConfig {
        let hosts = stated.hosts.into_iter();
        ProviderConfig {
            seed: stated.seed,
            listen: self.listen(stated.listen.as_ref()),
            public_url: self.address(stated.public_url.as_ref()),
            browser_url: self.address(stated.browser_url.as_ref()),
            issuer: self.address(stated.issuer.as_ref()),
            hosts: hosts.map(|(name, host)| (name, self.host(&host))).collect(),
            tls: stated.tls.and_then(|tls| self.tls(&tls)),
            root_profile: self.profile(stated.profile, stated.profile_file),
            root: Beginning {
                consent: stated.consent,
                clients: self.clients(stated.clients),
                grants: stated.grants,
                faults: self.faults(&stated.faults),
            },
            tenants: self.tenants(stated.tenants),
        }
    }

    fn listen(&mut self, stated: Option<&Located<String>>) -> Option<SocketAddr> {
        let stated = stated?;
        let address = stated.parse().ok();
        if address.is_none() {
            self.mistake(
                stated,
                format!("`{}` is no address to listen on", **stated),
                "an IP address and a port, e.g. `127.0.0.1:8080`; port 0 takes any free one",
            );
        }
        address
    }

    fn address(&mut self, stated: Option<&Located<String>>) -> Option<BaseUrl> {
        let stated = stated?;
        match stated.parse() {
            Ok(address) => Some(address),
            Err(why) => {
                // What stands there is not repeated: it may hold a password.
                let message = format!("no address to be seen at: {why}");
                self.mistake(stated, message, "e.g. `https://provider.example.test:8443`");
                None
            }
        }
    }

    fn host(&mut self, stated: &HostFile) -> Host {
        Host {
            listen: self.listen(stated.listen.as_ref()),
            public_url: self.address(stated.public_url.as_ref()),
        }
    }

    fn tls(&mut self, stated: &Located<TlsFile>) -> Option<TlsChoice> {
        let text = |path: &Option<Located<String>>| path.as_ref().map(|path| path.to_string());
        match (text(&stated.certificate), text(&stated.key)) {
            (Some(certificate), Some(key)) => {
                if let Some(ca_out) = &stated.ca_out {
                    self.mistake(
                        ca_out,
                        "a CA's certificate to be written where a certificate is given",
                        "leave `ca_out` out, or let a CA be made: leave out `certificate` and `key`",
                    );
                }
                Some(TlsChoice::Given { certificate, key })
            }
            (None, None) => Some(TlsChoice::Made(text(&stated.ca_out))),
            (certificate, _) => {
                let (message, hint) = if certificate.is_some() {
                    ("a certificate without its key", "state `key`, too")
                } else {
                    ("a key without its certificate", "state `certificate`, too")
                };
                self.mistake(stated, message, hint);
                None
            }
        }
    }

    fn profile(
        &mut self,
        name: Option<Located<String>>,
        file: Option<Located<String>>,
    ) -> Option<ProfileChoice> {
        match (name, file) {
            (Some(_), Some(file)) => {
                self.mistake(
                    &file,
                    "two profiles for one provider",
                    "state `profile` or `profile_file`, not both",
                );
                None
            }
            (Some(name), None) => Some(ProfileChoice::Named(name)),
            (None, Some(file)) => Some(ProfileChoice::File(file)),
            (None, None) => None,
        }
    }

    fn clients(&mut self, stated: Vec<ClientFile>) -> Vec<ClientFile> {
        let mut names = BTreeSet::new();
        for client in &stated {
            if !names.insert(client.name.as_str()) {
                self.mistake(
                    &client.name,
                    format!("two clients are called `{}`", *client.name),
                    "state what a client has registered once",
                );
            }
            for uri in &client.redirect_uris {
                // RFC 6749 §3.1.2: an absolute URI without a fragment.
                let is_absolute = uri.split_once(':').is_some_and(|(scheme, rest)| {
                    !rest.is_empty()
                        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                });
                if !is_absolute || uri.contains('#') {
                    self.mistake(
                        uri,
                        format!("no browser can be sent back to `{}`", **uri),
                        "a whole address without a fragment, e.g. `http://127.0.0.1:3000/callback`",
                    );
                }
            }
        }
        stated
    }

    fn faults(&mut self, stated: &[Located<fault::Stated>]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for fault in stated {
            match fault::read(fault, self.file) {
                Ok(fault) => faults.push(fault),
                Err(mistakes) => self.mistakes.extend(mistakes),
            }
        }
        faults
    }

    fn tenants(&mut self, stated: Vec<file::TenantFile>) -> Vec<TenantConfig> {
        let mut names = BTreeSet::new();
        let mut tenants = Vec::new();
        for tenant in stated {
            if tenant.name.is_empty() {
                let hint = "a short name: it stands in addresses, and tokens are made from it";
                self.mistake(&tenant.name, "a provider without a name", hint);
            }
            if !names.insert(tenant.name.to_string()) {
                self.mistake(
                    &tenant.name,
                    format!("two providers are called `{}`", *tenant.name),
                    "give each a name of its own: tokens are made from it",
                );
            }
            let is_stated = tenant.profile.is_some() || tenant.profile_file.is_some();
            let profile = self.profile(tenant.profile, tenant.profile_file);
            if !is_stated {
                self.mistake(
                    &tenant.name,
                    format!("`{}` does not say what it imitates", *tenant.name),
                    "state `profile`, or `profile_file`",
                );
            }
            let beginning = Beginning {
                consent: tenant.consent,
                clients: self.clients(tenant.clients),
                grants: tenant.grants,
                faults: self.faults(&tenant.faults),
            };
            tenants.extend(profile.map(|profile| TenantConfig {
                name: tenant.name.to_string(),
                at: tenant.at,
                profile,
                beginning,
            }));
        }
        tenants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ProviderConfig {
        ProviderConfig::parse(&SourceFile::new("provider.toml", text)).expect("it is valid")
    }

    #[test]
    fn an_empty_file_states_nothing() {
        let config = parse("");
        assert!(config.root_profile.is_none() && config.listen.is_none() && config.tls.is_none());
        assert!(config.root == Beginning::default() && config.tenants.is_empty());
    }

    #[test]
    fn everything_that_can_be_stated_is_read() {
        let config = parse(
            r#"
            profile = "google"
            seed = "fixed"
            listen = "127.0.0.1:8080"
            public_url = "http://provider:8080/"
            browser_url = "http://localhost:8080"
            issuer = "https://issuer.example.test"
            consent = { allow = "ada" }

            [hosts.api]
            listen = "127.0.0.1:8081"

            [tls]
            ca_out = "ca.pem"

            [[client]]
            name = "main"
            redirect_uris = ["http://127.0.0.1:3000/callback"]
            grant_types = ["authorization_code"]

            [[grant]]
            user = "ada"

            [[fault]]
            endpoint = "revocation"
            answer = { status = 503 }

            [[tenant]]
            name = "acme"
            at = { host = "acme" }
            profile_file = "acme.toml"
            consent = "deny"
            "#,
        );
        assert!(
            matches!(&config.root_profile, Some(ProfileChoice::Named(name)) if **name == "google")
        );
        assert_eq!(config.listen, "127.0.0.1:8080".parse().ok());
        let public = config.public_url.map(|url| url.to_string());
        assert_eq!(public.as_deref(), Some("http://provider:8080"));
        assert_eq!(config.tls, Some(TlsChoice::Made(Some("ca.pem".to_owned()))));
        assert_eq!(config.hosts["api"].listen, "127.0.0.1:8081".parse().ok());
        assert_eq!(config.root.consent, Some(Consent::Allow("ada".to_owned())));
        assert_eq!(config.root.grants[0].client, "main");
        assert_eq!(
            (config.root.clients.len(), config.root.faults.len()),
            (1, 1)
        );
        let tenant = &config.tenants[0];
        assert_eq!(tenant.at, TenantAt::Host("acme".to_owned()));
        assert_eq!(tenant.beginning.consent, Some(Consent::Deny));
    }
}
