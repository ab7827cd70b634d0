//! Profiles, and a client of HTTP.

pub mod browser;
pub mod stage;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use oauth2::AsyncHttpClient;
use rescind_model::{Profile, SourceFile};
use rescind_provider::tenant::Minted;
use rescind_wiremock::ProviderMock;
use wiremock::MockServer;

/// The text of a profile of `fixtures/providers`.
pub fn profile_text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/providers")
        .join(format!("{name}.toml"));
    std::fs::read_to_string(&path).unwrap()
}

/// A profile of `fixtures/providers`.
pub fn profile(name: &str) -> Arc<Profile> {
    Arc::new(Profile::parse(&SourceFile::new(name, profile_text(name))).unwrap())
}

/// A provider at the root of a mock server of its own.
pub async fn mounted(profile_name: &str) -> (MockServer, ProviderMock) {
    let server = MockServer::start().await;
    let provider = ProviderMock::profile_of(profile(profile_name));
    let provider = provider.mount(&server).await.unwrap();
    (server, provider)
}

/// A client that follows no redirects, and repeats nothing.
#[derive(Clone)]
pub struct Http(Client<HttpConnector, Full<Bytes>>);

impl Http {
    pub fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Error> {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let (parts, body) = self.0.request(request).await?.into_parts();
        let body = body.collect().await.expect("an answer that goes whole");
        Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
    }

    /// Gets an address, with a bearer token.
    pub async fn get(&self, url: &str, bearer: &str) -> Response<Vec<u8>> {
        let request = Request::get(url)
            .header("authorization", format!("Bearer {bearer}"))
            .body(Vec::new());
        self.send(request.unwrap()).await.unwrap()
    }

    /// Posts a form to an address, as a client with its secret in the body.
    pub async fn post(&self, url: &str, of: &Minted, form: &[(&str, &str)]) -> Response<Vec<u8>> {
        let client = &of.client;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .append_pair("client_id", &client.client_id)
            .append_pair("client_secret", client.client_secret.expose())
            .finish();
        let request = Request::post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into_bytes());
        self.send(request.unwrap()).await.unwrap()
    }
}

/// The client that client libraries send through. What they insist on sending by https arrives by
/// http, as behind a proxy that ends TLS: a mock server speaks none.
impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, Error>> + Send + 'c>>;

    fn call(&'c self, mut request: Request<Vec<u8>>) -> Self::Future {
        let mut parts = request.uri().clone().into_parts();
        parts.scheme = Some(Scheme::HTTP);
        *request.uri_mut() = Uri::from_parts(parts).unwrap();
        Box::pin(self.send(request))
    }
}
