//! TLS: a CA of its own or a given certificate, with a real client that trusts nothing else.

use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::{Certificate, Client};
use rescind_model::secret::Secret;
use rescind_provider::server::{Address, ProviderOptions, StartError, Tls, TlsError};
use rescind_provider::{Provider, RunningProvider};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{loopback, profile};

/// A client that trusts one certificate only, and asks at an address for every host below
/// `localhost` and for `provider.example.test`.
fn client_that_trusts(certificate: &str, address: SocketAddr) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = Certificate::from_pem(certificate.as_bytes()).unwrap();
    let mut builder = Client::builder().tls_certs_only([certificate]).http1_only();
    for host in [
        "localhost",
        "one.localhost",
        "provider.example.test",
        "other.example.test",
    ] {
        builder = builder.resolve(host, address);
    }
    builder.build().unwrap()
}

async fn start_made() -> RunningProvider {
    let builder = Provider::builder().profile("google").tls(Tls::made());
    builder.start().await.unwrap()
}

/// A certificate for `localhost` that signs itself, and its key.
fn self_signed() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

async fn status(client: &Client, url: &str) -> Result<u16, reqwest::Error> {
    let answer = client.get(url).send().await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn whoever_trusts_its_ca_reaches_it_by_every_name() {
    let provider = start_made().await;
    let address = provider.address();
    let client = client_that_trusts(provider.ca_certificate().unwrap(), address);
    assert_eq!(provider.base_url(), format!("https://{address}"));
    let token = provider.mint("ada");
    let url = format!("{}/oauth2/v3/userinfo", provider.base_url());
    let answer = client.get(url).bearer_auth(token.access()).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    for host in ["localhost", "one.localhost"] {
        let url = format!("https://{host}:{}/_rescind", address.port());
        assert_eq!(status(&client, &url).await.unwrap(), 200, "{host}");
    }
    // Its certificates are for the names by which it is known.
    let stranger = format!("https://other.example.test:{}/_rescind", address.port());
    assert!(status(&client, &stranger).await.is_err());
}

#[tokio::test]
async fn whoever_does_not_trust_its_ca_does_not_reach_it() {
    let [one, two] = [start_made().await, start_made().await];
    let client = client_that_trusts(one.ca_certificate().unwrap(), two.address());
    assert!(status(&client, &two.control_url()).await.is_err());
    assert_eq!(status(&client, &one.control_url()).await.unwrap(), 200);
}

#[tokio::test]
async fn it_is_reached_at_an_ipv6_address_and_at_its_public_host() {
    let bind: SocketAddr = "[::1]:0".parse().unwrap();
    let public = "https://provider.example.test";
    let builder = Provider::builder().profile("google").tls(Tls::made());
    let provider = builder.bind(bind).public_url(public).start().await.unwrap();
    assert_eq!(provider.base_url(), public);
    let address = provider.address();
    let client = client_that_trusts(provider.ca_certificate().unwrap(), address);
    for host in ["[::1]", "provider.example.test"] {
        let url = format!("https://{host}:{}/_rescind", address.port());
        assert_eq!(status(&client, &url).await.unwrap(), 200, "{host}");
    }
}

#[tokio::test]
async fn every_port_and_host_of_its_tenants_speaks_tls() {
    let options = ProviderOptions {
        tls: Some(Tls::made()),
        ..ProviderOptions::new(loopback(), "seed")
    };
    let provider = Provider::start_with(options).await.unwrap();
    let ca = provider.ca_certificate().unwrap().to_owned();
    let client = client_that_trusts(&ca, provider.address());
    let host = Address::Host("other.example.test".to_owned());
    for (at, name) in [(Address::Port, "port"), (host, "host")] {
        let tenant = provider.add_tenant(&at, name, profile("google")).unwrap();
        assert_eq!(
            status(&client, &tenant.control_url()).await.unwrap(),
            200,
            "{name}"
        );
    }
    let elsewhere = provider.elsewhere_url();
    assert!(elsewhere.starts_with("https://"));
    assert_eq!(status(&client, &elsewhere).await.unwrap(), 404);
}

#[tokio::test]
async fn a_given_certificate_is_shown() {
    let (certificate, key) = self_signed();
    let folder = tempfile::tempdir().unwrap();
    let paths = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&paths[0], &certificate).unwrap();
    std::fs::write(&paths[1], &key).unwrap();
    let from_files = Tls::from_files(&paths[0], &paths[1]).unwrap();
    let from_text = Tls::from_pem(&certificate, &Secret::new(key)).unwrap();
    for tls in [from_files, from_text] {
        let provider = Provider::builder()
            .profile("google")
            .tls(tls)
            .start()
            .await
            .unwrap();
        assert_eq!(provider.ca_certificate(), None);
        let client = client_that_trusts(&certificate, provider.address());
        let url = format!("https://localhost:{}/_rescind", provider.address().port());
        assert_eq!(status(&client, &url).await.unwrap(), 200);
    }
}

#[test]
fn a_certificate_that_cannot_be_used_says_why() {
    let (certificate, key) = self_signed();
    let (_, another) = self_signed();
    let why = |certificate: &str, key: &str| {
        let error = Tls::from_pem(certificate, &Secret::new(key)).unwrap_err();
        assert!(!error.hint().is_empty() && !error.to_string().contains("PRIVATE"));
        error
    };
    assert!(matches!(why("", &key), TlsError::NoCertificate { .. }));
    assert!(matches!(why(&key, &key), TlsError::NoCertificate { .. }));
    assert!(matches!(
        why("not PEM", &key),
        TlsError::NoCertificate { .. }
    ));
    assert!(matches!(why(&certificate, ""), TlsError::NoKey { .. }));
    assert!(matches!(
        why(&certificate, &certificate),
        TlsError::NoKey { .. }
    ));
    assert!(matches!(
        why(&certificate, &another),
        TlsError::KeyDoesNotFit { .. }
    ));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(why(broken, &key), TlsError::Unusable { .. }));
    let gone = PathBuf::from("no-such-file.pem");
    let error = Tls::from_files(&gone, &gone).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`no-such-file.pem` cannot be read")
    );
    assert!(matches!(
        StartError::from(error),
        StartError::Tls(TlsError::Unreadable { .. })
    ));
}

/// Sends bytes, and reads until the other side closes. No answer to HTTP may come.
async fn is_left(address: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"));
}

#[tokio::test]
async fn plain_http_and_whatever_else_is_no_tls_is_left_without_harm() {
    let provider = start_made().await;
    is_left(
        provider.address(),
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
    )
    .await;
    is_left(provider.address(), &[0; 4096]).await;
    let client = client_that_trusts(provider.ca_certificate().unwrap(), provider.address());
    assert_eq!(status(&client, &provider.control_url()).await.unwrap(), 200);
    assert!(provider.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_never_shakes_hands_is_left_after_a_while() {
    let provider = start_made().await;
    is_left(provider.address(), b"").await;
    is_left(provider.address(), b"\x16\x03\x01").await;
}

#[tokio::test]
async fn a_stop_waits_for_nobody_who_never_shakes_hands() {
    let provider = start_made().await;
    let address = provider.address();
    let client = client_that_trusts(provider.ca_certificate().unwrap(), address);
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The provider takes connections in turn: once it answers this one, it has the first.
    assert_eq!(status(&client, &provider.control_url()).await.unwrap(), 200);
    provider.stop().await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(TcpStream::connect(address).await.is_err());
}
