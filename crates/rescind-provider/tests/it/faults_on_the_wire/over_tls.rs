//! Faults below TLS: what a client decrypts is what it would have read without.

use std::sync::Arc;

use rescind_model::fault::Fault;
use rescind_provider::server::Tls;
use rescind_provider::{Provider, RunningProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{SHOWN, fault};

async fn start(kind: &str, parameters: &Value) -> RunningProvider {
    let builder = Provider::builder().profile("rfc7009").tls(Tls::made());
    let provider = builder.start().await.unwrap();
    let fault: Fault = fault(&json!({ "endpoint": "resource", kind: parameters }));
    provider.fail(fault);
    provider
}

/// Everything that a client of its own connection decrypts, and whether the end was a clean one.
async fn send(provider: &RunningProvider) -> (String, bool) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pem = provider.ca_certificate().unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots);
    let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
    let stream = TcpStream::connect(provider.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let token = provider.mint("ada");
    let request = format!(
        "GET /userinfo HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        token.access()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let is_clean = stream.read_to_end(&mut bytes).await.is_ok();
    (String::from_utf8(bytes).unwrap(), is_clean)
}

#[tokio::test]
async fn bytes_are_spoiled_below_tls_as_above_it() {
    let cut = start("truncate", &json!({ "at_byte": 40 })).await;
    assert_eq!(send(&cut).await, (SHOWN[..40].to_owned(), true));
    let longer = start("wrong_length", &json!({ "by": 4 })).await;
    let expected = SHOWN.replace("content-length: 13", "content-length: 17");
    assert_eq!(send(&longer).await, (expected, true));
    let dripped = start("drip", &json!({ "bytes": 7, "every_milliseconds": 1 })).await;
    let expected = SHOWN.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1);
    assert_eq!(send(&dripped).await, (expected, true));
}

#[tokio::test]
async fn connections_end_without_an_answer() {
    let dropped = start("drop", &json!({})).await;
    assert_eq!(send(&dropped).await, (String::new(), true));
    let reset = start("reset", &json!({})).await;
    assert_eq!(send(&reset).await, (String::new(), false));
}
