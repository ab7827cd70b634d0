//! What a request carries, wherever it carries it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use rescind_model::profile::{BodyEncoding, Place};

use crate::message::Request;

/// The values of a request by their place.
#[derive(Debug, Default)]
pub struct Parameters {
    /// The encoding of the body by its content type; none if there is no body.
    pub encoding: Option<Encoding>,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    json: serde_json::Map<String, serde_json::Value>,
    /// `Authorization: Basic`: the pair as sent, and form-decoded.
    pub basic: Option<Basic>,
    bearer: Option<String>,
}

/// How a body says it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As a form.
    Form,
    /// As JSON.
    Json,
    /// Any other way, or it does not say.
    Other,
}

/// Basic credentials: some clients form-encode them first (RFC 6749 §2.3.1), some do not.
#[derive(Debug)]
pub struct Basic {
    /// Id and secret as they stand in the header.
    pub raw: (String, String),
    /// Id and secret, form-decoded.
    pub decoded: (String, String),
}

impl Parameters {
    /// Reads a request. What cannot be read is not there.
    pub fn read(request: &Request) -> Self {
        let mut parameters = Self::default();
        if let Some(query) = &request.query {
            parameters.query = pairs(query.as_bytes());
        }
        if !request.body.is_empty() {
            let content_type = header(request, &CONTENT_TYPE).unwrap_or_default();
            let media_type = content_type
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            let encoding = match media_type.as_str() {
                "application/x-www-form-urlencoded" => Encoding::Form,
                "application/json" => Encoding::Json,
                _ => Encoding::Other,
            };
            parameters.encoding = Some(encoding);
            if encoding == Encoding::Form {
                parameters.form = pairs(&request.body);
            } else if encoding == Encoding::Json {
                parameters.json = serde_json::from_slice(&request.body).unwrap_or_default();
            }
        }
        // More than one is not allowed (RFC 9110 §11.6.2), and not to be overlooked either.
        for authorization in request.headers.get_all(AUTHORIZATION) {
            parameters.read_authorization(&String::from_utf8_lossy(authorization.as_bytes()));
        }
        parameters
    }

    fn read_authorization(&mut self, value: &str) {
        let Some((scheme, rest)) = value.split_once(' ') else {
            return;
        };
        // RFC 9110 §11.1: the scheme is case-insensitive.
        if scheme.eq_ignore_ascii_case("bearer") {
            self.bearer = Some(rest.trim().to_owned());
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = STANDARD
                .decode(rest.trim())
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            self.basic = decoded
                .as_deref()
                .and_then(|text| text.split_once(':'))
                .map(|(id, secret)| Basic {
                    raw: (id.to_owned(), secret.to_owned()),
                    decoded: (form_decoded(id), form_decoded(secret)),
                });
        }
    }

    /// Every value at a place: more than one if it is given twice.
    pub fn at(&self, place: &Place) -> Vec<&str> {
        match place {
            Place::Form(name) => named(&self.form, name),
            Place::Query(name) => named(&self.query, name),
            Place::Json(name) => self
                .json
                .get(name)
                .and_then(serde_json::Value::as_str)
                .into_iter()
                .collect(),
            Place::Bearer => self.bearer.as_deref().into_iter().collect(),
        }
    }

    /// The first value of a name in the body, form or JSON.
    pub fn body(&self, name: &str) -> Option<&str> {
        named(&self.form, name)
            .first()
            .copied()
            .or_else(|| self.json.get(name).and_then(serde_json::Value::as_str))
    }

    /// The bearer token.
    pub fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
    }

    /// The query's names and values.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every value, wherever it stands.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values_beside_bearer().chain(self.bearer.as_deref())
    }

    /// Every value but the bearer token.
    pub fn values_beside_bearer(&self) -> impl Iterator<Item = &str> {
        let pairs = self
            .form
            .iter()
            .chain(&self.query)
            .map(|(_, value)| value.as_str());
        let members = self.json.values().filter_map(serde_json::Value::as_str);
        pairs.chain(members)
    }

    /// Whether the body is encoded as a route declares; a body that is not there always is.
    pub fn fits(&self, declared: BodyEncoding) -> bool {
        match (self.encoding, declared) {
            (None, _) | (Some(_), BodyEncoding::None) => true,
            (Some(encoding), BodyEncoding::Form) => encoding == Encoding::Form,
            (Some(encoding), BodyEncoding::Json) => encoding == Encoding::Json,
        }
    }
}

fn header(request: &Request, name: &http::HeaderName) -> Option<String> {
    request
        .headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn named<'a>(pairs: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    pairs
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .collect()
}

fn form_decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}
