//! What a provider is seen as, apart from what it listens at.

use std::net::SocketAddr;
use std::sync::Arc;

use rescind_model::fault::{Effect, Fault, Origin, Redirect};
use rescind_model::vocabulary::Endpoint;
use rescind_provider::server::{Address, HostOptions, ProviderOptions};
use rescind_provider::{Addresses, Provider};

use crate::support::{Ask, Http, loopback, profile};

fn options(public: &str, browser: Option<&str>, issuer: Option<&str>) -> ProviderOptions {
    let parse = |url: &str| url.parse().unwrap();
    ProviderOptions {
        public_url: Some(parse(public)),
        browser_url: browser.map(parse),
        issuer: issuer.map(parse),
        ..ProviderOptions::new(loopback(), "seed")
    }
}

async fn addresses(options: ProviderOptions, at: &Address) -> (SocketAddr, Addresses) {
    let provider = Provider::start_with(options).await.unwrap();
    let tenant = provider.add_tenant(at, "one", profile("rfc7009")).unwrap();
    (tenant.bound(), tenant.addresses().clone())
}

#[tokio::test]
async fn by_itself_it_is_seen_where_it_listens() {
    let plain = ProviderOptions::new(loopback(), "seed");
    let (bound, seen) = addresses(plain, &Address::Root).await;
    let own = format!("http://{bound}");
    assert_eq!((&seen.own, &seen.browser, &seen.issuer), (&own, &own, &own));
}

#[tokio::test]
async fn a_port_that_nobody_knows_yet_is_the_one_that_it_listens_at() {
    let public = "http://host.docker.internal:0/fake";
    let (bound, seen) = addresses(options(public, None, None), &Address::Root).await;
    let expected = format!("http://host.docker.internal:{}/fake", bound.port());
    assert_eq!(seen.own, expected);
}

#[tokio::test]
async fn servers_and_browsers_may_see_it_at_different_addresses() {
    let public = "http://provider:8080";
    let (_, seen) = addresses(options(public, None, None), &Address::Root).await;
    assert_eq!(
        (
            seen.own.as_str(),
            seen.browser.as_str(),
            seen.issuer.as_str()
        ),
        (public, public, public)
    );

    let browser = "http://localhost:8080";
    let both = options(public, Some(browser), None);
    let (_, seen) = addresses(both, &Address::Root).await;
    assert_eq!(
        (
            seen.own.as_str(),
            seen.browser.as_str(),
            seen.issuer.as_str()
        ),
        (public, browser, browser)
    );

    let issuer = "https://issuer.example.test/oauth";
    let all = options(public, Some(browser), Some(issuer));
    let (_, seen) = addresses(all, &Address::Root).await;
    assert_eq!(
        (
            seen.own.as_str(),
            seen.browser.as_str(),
            seen.issuer.as_str()
        ),
        (public, browser, issuer)
    );
}

#[tokio::test]
async fn each_kind_of_tenant_is_seen_where_it_lies() {
    let public = || options("https://provider.example.test:8443/oauth", None, None);
    let (_, below) = addresses(public(), &Address::Below("a b".to_owned())).await;
    assert_eq!(
        below.own,
        "https://provider.example.test:8443/oauth/t/a%20b"
    );
    let (bound, port) = addresses(public(), &Address::Port).await;
    let expected = format!("https://provider.example.test:{}/oauth", bound.port());
    assert_eq!(port.own, expected);
    let (_, host) = addresses(public(), &Address::Host("acme".to_owned())).await;
    assert_eq!(host.own, "https://acme.localhost:8443/oauth");
    let (_, client) = addresses(public(), &Address::Client).await;
    assert_eq!(client.own, "https://provider.example.test:8443/oauth");
}

#[tokio::test]
async fn a_redirect_leads_to_the_public_address() {
    let provider = Provider::start_with(options("http://provider:8080", None, None)).await;
    let provider = provider.unwrap();
    let tenant = provider
        .add_tenant(&Address::Root, "root", profile("rfc7009"))
        .unwrap();
    let redirect = Redirect {
        to: Origin::SameOrigin,
        status: 308,
    };
    let fault = Fault::at(Endpoint::Resource, Effect::Redirect(redirect));
    tenant.lock().fail(fault);
    let bound = format!("http://{}", tenant.bound());
    let answer = Http::new().send(&bound, Ask::get("/userinfo")).await;
    assert_eq!(
        answer.header("location"),
        Some("http://provider:8080/userinfo")
    );
    assert_eq!(tenant.control_url(), "http://provider:8080/_rescind");
}

#[tokio::test]
async fn a_further_host_is_seen_as_stated_or_else_at_its_port() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/providers/rfc7009.toml"
    ))
    .unwrap()
    .replacen("confidence =", "hosts = [\"api\"]\nconfidence =", 1)
    .replace("[resource]", "[resource]\nhost = \"api\"");
    let file = rescind_model::SourceFile::new("two-hosts.toml", text);
    let profile = Arc::new(rescind_model::Profile::parse(&file).unwrap());
    let of_api = async |options| {
        let provider = Provider::start_with(options).await.unwrap();
        let tenant = provider.add_tenant(&Address::Root, "root", Arc::clone(&profile));
        tenant.unwrap().addresses().hosts["api"].clone()
    };
    let mut stated = options("http://provider:8080", None, None);
    let beside = of_api(stated.clone()).await;
    assert!(beside.starts_with("http://provider:") && beside != "http://provider:8080");
    let host = HostOptions {
        listen: None,
        public_url: Some("https://api.example.test".parse().unwrap()),
    };
    stated.hosts.insert("api".to_owned(), host);
    assert_eq!(of_api(stated).await, "https://api.example.test");
}
