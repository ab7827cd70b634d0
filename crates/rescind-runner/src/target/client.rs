//! The runner's HTTP client: close to the wire, since a judge must see exactly which failure it
//! was. No redirects, no pool, no retries.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client as PooledClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::clock::Stopwatch;
use crate::error::Problem;
use crate::record::{Answered, Call, CallFailure, CallOutcome, Sent};

/// Sends requests to the target.
#[derive(Clone, Debug)]
pub struct Client {
    inner: PooledClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Client {
    /// A client for a target at that address. One at an https address is trusted by what the
    /// system trusts, or by these PEM certificates.
    ///
    /// # Errors
    /// The certificates are needed and cannot be read.
    pub fn new(base_url: &str, certificates: Option<&[u8]>) -> Result<Self, Problem> {
        // A connection of its own for each call: one that the target closed while it idled would
        // look like a broken answer.
        let inner = PooledClient::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build(connector(base_url, certificates)?);
        Ok(Self { inner })
    }

    /// A client for what is not judged: it keeps its connections, and tries another one where one
    /// was closed while it idled.
    ///
    /// # Errors
    /// The address is an https one, and the system trusts nobody.
    pub fn pooled(base_url: &str) -> Result<Self, Problem> {
        let inner = PooledClient::builder(TokioExecutor::new()).build(connector(base_url, None)?);
        Ok(Self { inner })
    }

    /// Sends a request and reads the whole answer, within bounds of time and length.
    pub async fn send(
        &self,
        base_url: &str,
        sent: Sent,
        limit: Duration,
        longest_answer: usize,
    ) -> Call {
        let stopwatch = Stopwatch::start();
        let outcome = match request(base_url, &sent) {
            Ok(request) => tokio::time::timeout(limit, self.exchange(request, longest_answer))
                .await
                .unwrap_or_else(|_| CallOutcome::Failed(CallFailure::TimedOut(limit.as_millis()))),
            Err(failure) => CallOutcome::Failed(failure),
        };
        Call {
            sent,
            outcome,
            elapsed: stopwatch.elapsed(),
        }
    }

    async fn exchange(
        &self,
        request: http::Request<Full<Bytes>>,
        longest_answer: usize,
    ) -> CallOutcome {
        let response = match self.inner.request(request).await {
            Ok(response) => response,
            Err(error) => {
                let why = root_cause(&error);
                return CallOutcome::Failed(match (error.is_connect(), tls_error(&error)) {
                    (true, Some(rustls::Error::InvalidCertificate(_))) => {
                        CallFailure::NotTrusted(why)
                    }
                    (true, Some(_)) => CallFailure::NoTls(why),
                    (true, None) => CallFailure::NotConnected(why),
                    (false, _) => CallFailure::Broken(why),
                });
            }
        };
        let (parts, mut body) = response.into_parts();
        let mut collected = BytesMut::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    if let Some(data) = frame.data_ref() {
                        collected.extend_from_slice(data);
                    }
                }
                Err(error) => return CallOutcome::Failed(CallFailure::Broken(root_cause(&error))),
            }
            if collected.len() > longest_answer {
                return CallOutcome::Failed(CallFailure::TooLong(longest_answer));
            }
        }
        CallOutcome::Answered(Answered {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: collected.freeze(),
        })
    }
}

/// Connects to an address, by what the system trusts or by these PEM certificates.
fn connector(
    base_url: &str,
    certificates: Option<&[u8]>,
) -> Result<HttpsConnector<HttpConnector>, Problem> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |error: &dyn std::fmt::Display| {
        Problem::new(
            format!("https cannot be used: {error}"),
            "install the system's CA certificates (on Debian: ca-certificates)",
        )
    };
    let builder = hyper_rustls::HttpsConnectorBuilder::new();
    let builder = if base_url.starts_with("https:") && certificates.is_none() {
        builder
            .with_provider_and_native_roots(provider)
            .map_err(|error| unusable(&error))?
    } else {
        // A machine without certificates can still check a target on loopback.
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?
            .with_root_certificates(trusted(certificates.unwrap_or_default())?)
            .with_no_client_auth();
        builder.with_tls_config(config)
    };
    Ok(builder.https_or_http().enable_http1().build())
}

/// What PEM certificates say whom to trust.
fn trusted(certificates: &[u8]) -> Result<RootCertStore, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Problem::new(
            format!("the certificates of `ca_certificates` cannot be used: {error}"),
            "name a file of PEM certificates: `-----BEGIN CERTIFICATE-----`",
        )
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(certificates) {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        store.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if store.is_empty() && !certificates.is_empty() {
        return Err(unreadable(&"there is none in the file"));
    }
    Ok(store)
}

fn request(base_url: &str, sent: &Sent) -> Result<http::Request<Full<Bytes>>, CallFailure> {
    let url = format!("{}{}", base_url.trim_end_matches('/'), sent.path);
    let mut builder = http::Request::builder()
        .method(sent.method.as_str())
        .uri(url);
    for (name, value) in &sent.headers {
        builder = builder.header(name, value);
    }
    let body = sent.body.clone().unwrap_or_default();
    builder
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| CallFailure::NotConnected(error.to_string()))
}

/// What TLS objected to, if it was that. An I/O error does not count what it is made of among its
/// sources.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let inside = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
        .map(|inside| inside as &(dyn std::error::Error + 'static));
    error
        .downcast_ref::<rustls::Error>()
        .or_else(|| inside.and_then(tls_error))
        .or_else(|| error.source().and_then(tls_error))
}

/// The innermost error says what happened; those around it only where.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
