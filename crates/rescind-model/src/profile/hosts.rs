//! A provider that spans several hosts: which of its endpoints lies where.

use std::collections::BTreeSet;

use super::Profile;
use crate::source::{Diagnostic, Located, SourceFile, nearest_hint};

impl Profile {
    /// The host of every endpoint that states one.
    fn stated_hosts(&self) -> impl Iterator<Item = &Located<String>> {
        let introspection = self.introspection.iter();
        let authorization = self.authorization_endpoint.iter();
        let device = self.device_authorization.iter();
        let endpoints = [&self.token_endpoint.host, &self.resource.host]
            .into_iter()
            .chain(introspection.map(|endpoint| &endpoint.host))
            .chain(authorization.map(|endpoint| &endpoint.host))
            .chain(device.map(|endpoint| &endpoint.host))
            .chain(self.revocation_routes.iter().map(|route| &route.host));
        endpoints.flatten()
    }

    /// Hosts that are none, or that lead nowhere.
    pub(super) fn validate_hosts(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let mut mistake = |at: &Located<String>, message: String, hint: &str| {
            mistakes.push(Diagnostic::new(file, at.span(), message).hint(hint));
        };
        let used: BTreeSet<&str> = self.stated_hosts().map(|host| host.as_str()).collect();
        let mut declared = BTreeSet::new();
        for host in &self.hosts {
            if !is_name(host) {
                mistake(
                    host,
                    format!("`{}` is no name for a host", **host),
                    "a short name of small letters, digits and `-`, e.g. `api`: the address is chosen when the provider starts",
                );
            } else if !used.contains(host.as_str()) {
                mistake(
                    host,
                    format!("no endpoint lies at the host `{}`", **host),
                    &format!(
                        "state `host = \"{}\"` for one, or leave the host out",
                        **host
                    ),
                );
            }
            if !declared.insert(host.as_str()) {
                mistake(
                    host,
                    format!("two hosts are called `{}`", **host),
                    "name each host once",
                );
            }
        }
        for host in self.stated_hosts() {
            if !declared.contains(host.as_str()) {
                let known = nearest_hint(host, declared.iter().copied());
                mistake(
                    host,
                    format!("there is no host `{}`", **host),
                    &known.unwrap_or_else(|| {
                        format!("name it at the top of the file: `hosts = [\"{}\"]`", **host)
                    }),
                );
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(allowed)
}
