//! Sends requests to providers: no redirect is followed, no proxy is taken from the environment,
//! nothing is repeated.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Url, redirect, retry};
use tokio::time::timeout;

use super::classify::{RetryAfter, UpstreamAnswer};
use super::request::UpstreamRequest;
use super::resolving::Resolver;
use crate::conclude::Failure;
use crate::defects::{self, Defect};
use crate::variants::{Variant, hooks};

/// An answer's body is read up to here; no declared answer is longer.
const LONGEST_BODY: usize = 64 * 1024;

fn client_builder(variant: Option<Variant>, defect: Option<Defect>) -> ClientBuilder {
    let redirects = if defects::hooks::follows_redirects(defect) {
        redirect::Policy::default()
    } else {
        hooks::redirects(variant)
    };
    Client::builder()
        .user_agent("rescind-service")
        // A redirect would carry the token to a place that the toolkit does not name.
        .redirect(redirects)
        .retry(retry::never())
        .no_proxy()
        .dns_resolver(Resolver)
        // Revocations are rare: a connection kept open would be closed by the provider at about
        // the time it is used again, and that would look like a failed dispatch.
        .pool_max_idle_per_host(hooks::idle_connections(variant))
}

/// The client for all providers.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamClient {
    client: Client,
    dispatch_timeout: Duration,
}

impl UpstreamClient {
    pub(crate) fn new(
        dispatch_timeout: Duration,
        variant: Option<Variant>,
        defect: Option<Defect>,
    ) -> Result<Self, reqwest::Error> {
        // Fails only where a provider is installed already, and then that one is used.
        let installed = rustls::crypto::CryptoProvider::get_default().is_some()
            || rustls::crypto::ring::default_provider()
                .install_default()
                .is_ok();
        tracing::debug!(installed, "TLS provider chosen");
        let client = client_builder(variant, defect).build().or_else(|error| {
            // A machine without CA certificates can still call providers without TLS.
            tracing::warn!(error = %describe(&error), "no CA certificates: https providers cannot be called");
            client_builder(variant, defect).tls_certs_only([]).build()
        })?;
        Ok(Self {
            client,
            dispatch_timeout: defects::hooks::dispatch_timeout(defect, dispatch_timeout),
        })
    }

    /// Sends the request and reads the whole answer, within the dispatch timeout.
    pub(crate) async fn send(&self, request: UpstreamRequest) -> Result<UpstreamAnswer, Failure> {
        let request = self.build(request)?;
        timeout(self.dispatch_timeout, self.exchange(request))
            .await
            .map_err(|_elapsed| Failure::Timeout)?
            .map_err(|error| {
                // The URL is left out: it is the one part of the error that could hold a secret.
                tracing::warn!(error = %describe(&error.without_url()), "provider gave no answer");
                Failure::Transport
            })
    }

    fn build(&self, request: UpstreamRequest) -> Result<reqwest::Request, Failure> {
        let url = Url::parse(&request.url).map_err(|_| Failure::Unsendable)?;
        let mut builder = self.client.request(request.method, url);
        if let Some(authorization) = &request.authorization {
            let mut value =
                HeaderValue::from_str(authorization.expose()).map_err(|_| Failure::Unsendable)?;
            value.set_sensitive(true);
            builder = builder.header(AUTHORIZATION, value);
        }
        if let Some(body) = request.body {
            builder = builder
                .header(CONTENT_TYPE, body.content_type)
                .body(body.bytes);
        }
        builder.build().map_err(|_| Failure::Unsendable)
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<UpstreamAnswer, reqwest::Error> {
        let mut response = self.client.execute(request).await?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .map(|value| RetryAfter::parse(value.as_bytes()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_BODY {
                body.truncate(LONGEST_BODY);
                break;
            }
        }
        Ok(UpstreamAnswer {
            status,
            body,
            retry_after,
        })
    }
}

/// An error with its causes: reqwest's own text says little more than "error sending request".
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
