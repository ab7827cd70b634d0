//! Which addresses the name of a provider's host leads to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What the system says; a name below `localhost` leads to this machine, which not every system
/// knows (RFC 6761 §6.3).
#[derive(Debug)]
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            if is_below_localhost(name.as_str()) {
                let loopback: [IpAddr; 2] =
                    [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                let addresses = loopback.into_iter().map(|ip| SocketAddr::new(ip, 0));
                return Ok(Box::new(addresses) as Addrs);
            }
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = addresses.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn is_below_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name.strip_suffix(".localhost")
        .is_some_and(|below| !below.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_below_localhost;

    #[test]
    fn only_names_below_localhost_lead_to_this_machine_by_themselves() {
        for (name, is_below) in [
            ("acme.localhost", true),
            ("a.b.LocalHost.", true),
            ("localhost", false),
            (".localhost", false),
            ("notlocalhost", false),
            ("localhost.example.test", false),
        ] {
            assert_eq!(is_below_localhost(name), is_below, "{name}");
        }
    }
}
