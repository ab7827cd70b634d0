//! How the target sees the provider, and where the provider runs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::BaseUrl;
use crate::source::{Diagnostic, Located, SourceFile};
use crate::template::{self, Escape, Variables};

/// How the target sees the provider, and where the provider runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderPlace {
    /// How a request of the target's finds the provider of its case.
    pub tenants: TenantsBy,
    /// Where the provider listens, an IP address and a port; port 0 takes any free one, and
    /// `127.0.0.1:0` is what holds if nothing is stated. For a target that runs on another machine or
    /// in a container.
    pub listen: Option<Located<String>>,
    /// The provider's address as the target sees it, where that is another than the one it listens
    /// at. `{port}` is the port that it listens at.
    pub public_url: Option<Located<String>>,
    /// A provider that runs already, in the target's network, say; without this, the run has one of
    /// its own.
    pub control: Option<Control>,
}

/// How a request finds the provider of its case: each case has one to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantsBy {
    /// By the beginning of its path: `{provider_base_url}` has one.
    #[default]
    Path,
    /// By the port.
    Port,
    /// By the name of the host: one below `localhost`, or below the host of `public_url`.
    Host,
    /// By the client that it names, or else the token that it carries: for a target that has the
    /// provider's address once and for all.
    Client,
}

/// A provider that runs already.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its address as this machine sees it.
    pub url: Located<String>,
    /// The environment variable that holds its control key.
    pub key_from_environment: Located<String>,
}

/// What a public address looks like.
const PUBLIC_URL: &str = "e.g. `http://host.docker.internal:{port}`";

impl ProviderPlace {
    /// Where a provider of the run's own listens.
    pub fn listen_address(&self) -> SocketAddr {
        let stated = self.listen.as_ref();
        // What is no address has been a mistake of the file.
        let stated = stated.and_then(|listen| listen.parse().ok());
        stated.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// The provider's address as the target sees it, if it is stated. Port 0 stands for the one that
    /// it listens at.
    pub fn public_address(&self) -> Option<BaseUrl> {
        // What makes no sense has been a mistake of the file.
        let stated = self.public_url.as_ref()?;
        public_address(stated).ok()?.parse().ok()
    }

    /// Everything that is wrong with it.
    pub(super) fn mistakes(&self, file: &SourceFile) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        let mut mistake = |place: &Located<String>, message: String, hint: &str| {
            mistakes.push(Diagnostic::new(file, place.span(), message).hint(hint));
        };
        if let Some(listen) = &self.listen
            && listen.parse::<SocketAddr>().is_err()
        {
            mistake(
                listen,
                "not an IP address and a port".to_owned(),
                "e.g. `127.0.0.1:0`; port 0 takes any free one",
            );
        }
        if let Some(public_url) = &self.public_url
            && let Err(why) = self.check_public_url(public_url)
        {
            mistake(public_url, why, PUBLIC_URL);
        }
        if let Some(control) = &self.control {
            if let Err(why) = control.url.parse::<BaseUrl>() {
                mistake(
                    &control.url,
                    why.to_string(),
                    "e.g. `http://127.0.0.1:4300`",
                );
            }
            if control.key_from_environment.is_empty() {
                mistake(
                    &control.key_from_environment,
                    "not the name of an environment variable".to_owned(),
                    "e.g. `RESCIND_CONTROL_KEY`",
                );
            }
            for (key, stated) in [("listen", &self.listen), ("public_url", &self.public_url)] {
                if let Some(stated) = stated {
                    mistake(
                        stated,
                        format!("`{key}` of a provider that runs already"),
                        "take it out, and say it where that provider is started: `rescind provider --listen ADDRESS --public-url URL`",
                    );
                }
            }
        }
        mistakes
    }

    fn check_public_url(&self, public_url: &Located<String>) -> Result<(), String> {
        let filled = public_address(public_url)?;
        let url: BaseUrl = filled
            .parse()
            .map_err(|error: crate::base_url::NoBaseUrl| error.to_string())?;
        let is_ip = url
            .host()
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok();
        if self.tenants == TenantsBy::Host && is_ip {
            return Err("no name of a host can lie below an IP address".to_owned());
        }
        Ok(())
    }
}

/// A stated address, with port 0 for the one that is not known yet.
fn public_address(stated: &str) -> Result<String, String> {
    let port = Variables::from([("port".to_owned(), json!("0"))]);
    template::fill(stated, &port, Escape::None).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> ProviderPlace {
        toml::from_str(text).expect("it can be read")
    }

    #[test]
    fn what_is_not_stated_is_on_loopback_and_by_path() {
        let place = ProviderPlace::default();
        assert_eq!(place.tenants, TenantsBy::Path);
        assert_eq!(place.listen_address().to_string(), "127.0.0.1:0");
        assert!(place.public_address().is_none());
    }

    #[test]
    fn a_port_that_is_not_known_yet_is_port_0() {
        let place = place("public_url = 'http://provider.test:{port}/fake'");
        let url = place.public_address().map(|url| url.to_string());
        assert_eq!(url.as_deref(), Some("http://provider.test:0/fake"));
    }
}
