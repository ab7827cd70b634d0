//! What a request carries, wherever it carries it.

use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use rescind_model::profile::{BodyEncoding, Place, path_template};

use super::form::{self, Pair};
use crate::message::Request;

/// The values of a request by their place. What needs no decoding is the request's own text.
#[derive(Debug, Default)]
pub struct Parameters<'a> {
    /// The encoding of the body by its content type; none if there is no body.
    pub encoding: Option<Encoding>,
    query: Vec<Pair<'a>>,
    form: Vec<Pair<'a>>,
    json: serde_json::Map<String, serde_json::Value>,
    /// `Authorization: Basic`, as sent, and decoded as soon as somebody asks.
    basic_as_sent: Option<Cow<'a, str>>,
    basic: OnceCell<Option<Basic>>,
    bearer: Option<Cow<'a, str>>,
    /// Values at places that are read only where somebody declares them.
    elsewhere: Vec<(Place, String)>,
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
pub struct Basic {
    decoded: String,
    colon: usize,
}

impl Basic {
    fn read(credentials: &str) -> Option<Self> {
        let decoded = STANDARD.decode(credentials).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let colon = decoded.find(':')?;
        Some(Self { decoded, colon })
    }

    /// Id and secret as they stand in the header.
    pub fn as_sent(&self) -> (&str, &str) {
        (&self.decoded[..self.colon], &self.decoded[self.colon + 1..])
    }

    /// Id and secret, form-decoded.
    pub fn form_decoded(&self) -> (Cow<'_, str>, Cow<'_, str>) {
        let (id, secret) = self.as_sent();
        (
            form::decoded(id.as_bytes()),
            form::decoded(secret.as_bytes()),
        )
    }
}

impl std::fmt::Debug for Basic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Basic(…)")
    }
}

impl<'a> Parameters<'a> {
    /// Reads a request. What cannot be read is not there.
    pub fn read(request: &'a Request) -> Self {
        let mut parameters = Self::default();
        if let Some(query) = &request.query {
            parameters.query = form::pairs(query.as_bytes());
        }
        if !request.body.is_empty() {
            let encoding = encoding_of(request);
            parameters.encoding = Some(encoding);
            if encoding == Encoding::Form {
                parameters.form = form::pairs(&request.body);
            } else if encoding == Encoding::Json {
                parameters.json = serde_json::from_slice(&request.body).unwrap_or_default();
            }
        }
        // More than one is not allowed (RFC 9110 §11.6.2), and not to be overlooked either.
        for authorization in request.headers.get_all(AUTHORIZATION) {
            parameters.read_authorization(authorization.as_bytes());
        }
        parameters
    }

    /// Reads what stands at places that only a profile knows of: headers of its own, schemes of its
    /// own, holes in a path.
    pub fn read_places<'b>(
        &mut self,
        places: impl Iterator<Item = &'b Place>,
        template: &str,
        request: &Request,
    ) {
        for place in places {
            let values: Vec<String> = match place {
                Place::Header(name) => header_values(request, name),
                Place::Scheme(scheme) => header_values(request, AUTHORIZATION.as_str())
                    .iter()
                    .filter_map(|value| value.split_once(' '))
                    // RFC 9110 §11.1: the scheme is case-insensitive.
                    .filter(|(given, _)| given.eq_ignore_ascii_case(scheme))
                    .map(|(_, rest)| rest.trim().to_owned())
                    .collect(),
                Place::Path(name) => path_template::values(template, &request.path)
                    .into_iter()
                    .flatten()
                    .filter(|(hole, _)| hole == name)
                    .map(|(_, value)| {
                        let decoded = percent_encoding::percent_decode_str(value);
                        decoded.decode_utf8_lossy().into_owned()
                    })
                    .collect(),
                Place::Form(_) | Place::Query(_) | Place::Json(_) | Place::Bearer => continue,
            };
            if !self.elsewhere.iter().any(|(known, _)| known == place) {
                let values = values.into_iter().map(|value| (place.clone(), value));
                self.elsewhere.extend(values);
            }
        }
    }

    fn read_authorization(&mut self, bytes: &'a [u8]) {
        let value = String::from_utf8_lossy(bytes);
        let Some((scheme, rest)) = value.split_once(' ') else {
            return;
        };
        // RFC 9110 §11.1: the scheme is case-insensitive.
        let place = if scheme.eq_ignore_ascii_case("bearer") {
            &mut self.bearer
        } else if scheme.eq_ignore_ascii_case("basic") {
            &mut self.basic_as_sent
        } else {
            return;
        };
        *place = Some(match &value {
            Cow::Borrowed(text) => text[scheme.len() + 1..].trim().into(),
            Cow::Owned(_) => rest.trim().to_owned().into(),
        });
    }

    /// What stands behind `Basic`, not decoded.
    pub fn basic_as_sent(&self) -> Option<&str> {
        self.basic_as_sent.as_deref()
    }

    /// Basic credentials; none if they cannot be read.
    pub fn basic(&self) -> Option<&Basic> {
        let read = || Basic::read(self.basic_as_sent()?);
        self.basic.get_or_init(read).as_ref()
    }

    /// Every value at a place: more than one if it is given twice.
    pub fn at<'b, 'c>(
        &'b self,
        place: &'c Place,
    ) -> impl Iterator<Item = &'b str> + use<'a, 'b, 'c> {
        let (pairs, name) = match place {
            Place::Form(name) => (&self.form[..], name.as_str()),
            Place::Query(name) => (&self.query[..], name.as_str()),
            _ => (&[][..], ""),
        };
        let single = match place {
            Place::Json(name) => self.member(name),
            Place::Bearer => self.bearer(),
            _ => None,
        };
        let elsewhere = match place {
            Place::Header(_) | Place::Scheme(_) | Place::Path(_) => &self.elsewhere[..],
            _ => &[],
        };
        let elsewhere = elsewhere.iter().filter(move |(known, _)| known == place);
        named(pairs, name)
            .chain(single)
            .chain(elsewhere.map(|(_, value)| value.as_str()))
    }

    /// The value at a place; none if it is missing or given twice.
    pub fn only_at(&self, place: &Place) -> Option<&str> {
        only(self.at(place))
    }

    /// The first value of a name in the form.
    pub fn form(&self, name: &str) -> Option<&str> {
        named(&self.form, name).next()
    }

    /// The value of a name in the form; none if it is missing or given twice.
    pub fn only_form(&self, name: &str) -> Option<&str> {
        only(named(&self.form, name))
    }

    /// The string of that name in the JSON body.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.json.get(name)?.as_str()
    }

    /// The first value of a name in the body, form or JSON.
    pub fn body(&self, name: &str) -> Option<&str> {
        self.form(name).or_else(|| self.member(name))
    }

    /// The members of the JSON body; none of a body of another kind.
    pub const fn members(&self) -> &serde_json::Map<String, serde_json::Value> {
        &self.json
    }

    /// The value of a name in the query or the form; none if it is missing, empty, or given twice.
    pub fn only(&self, name: &str) -> Option<&str> {
        let form = self.form.iter().chain(&self.query);
        let mut values = form.filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            // RFC 6749 §3.1: without a value is as if it were not there.
            (Some((_, value)), None) if !value.is_empty() => Some(&**value),
            _ => None,
        }
    }

    /// How often the query and the form together give a name.
    pub fn query_and_form(&self, name: &str) -> usize {
        let pairs = self.query.iter().chain(&self.form);
        pairs.filter(|(key, _)| key == name).count()
    }

    /// Whether the query and the form together give a parameter twice, which RFC 6749 §3.1 forbids.
    pub fn repeats(&self) -> bool {
        repeats(self.query.iter().chain(&self.form))
    }

    /// Whether the form gives a parameter twice, which RFC 6749 §3.2 forbids.
    pub fn form_repeats(&self) -> bool {
        repeats(&self.form)
    }

    /// How long the names and values of query and form are together, in bytes.
    pub fn length(&self) -> usize {
        let pairs = self.query.iter().chain(&self.form);
        pairs.map(|(name, value)| name.len() + value.len()).sum()
    }

    /// The bearer token.
    pub fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
    }

    /// The query's names and values.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Every value that stands elsewhere than at the given places.
    pub fn values_beside(&self, places: &[&Place]) -> Vec<&str> {
        let is = |wanted: &dyn Fn(&Place) -> bool| places.iter().any(|place| wanted(place));
        let form = |name: &str| is(&|place| matches!(place, Place::Form(at) if at == name));
        let query = |name: &str| is(&|place| matches!(place, Place::Query(at) if at == name));
        let json = |name: &str| is(&|place| matches!(place, Place::Json(at) if at == name));
        let in_form = self.form.iter().filter(|(name, _)| !form(name));
        let in_query = self.query.iter().filter(|(name, _)| !query(name));
        let pairs = in_form.chain(in_query).map(|(_, value)| &**value);
        let in_json = self.json.iter().filter(|(name, _)| !json(name));
        let members = in_json.filter_map(|(_, value)| value.as_str());
        let elsewhere = self.elsewhere.iter();
        let elsewhere = elsewhere.filter(|(place, _)| !places.contains(&place));
        let bearer = self.bearer.as_deref();
        pairs
            .chain(members)
            .chain(elsewhere.map(|(_, value)| value.as_str()))
            .chain(bearer.filter(|_| !places.contains(&&Place::Bearer)))
            .collect()
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

fn header_values(request: &Request, name: &str) -> Vec<String> {
    let values = request.headers.get_all(name).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

fn encoding_of(request: &Request) -> Encoding {
    let content_type = request.headers.get(CONTENT_TYPE);
    let content_type = content_type.map_or(&[][..], http::HeaderValue::as_bytes);
    let media_type = content_type.split(|byte| *byte == b';').next();
    let media_type = media_type.unwrap_or_default().trim_ascii();
    if media_type.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        Encoding::Form
    } else if media_type.eq_ignore_ascii_case(b"application/json") {
        Encoding::Json
    } else {
        Encoding::Other
    }
}

fn named<'a, 'b, 'c>(
    pairs: &'b [Pair<'a>],
    name: &'c str,
) -> impl Iterator<Item = &'b str> + use<'a, 'b, 'c> {
    let named = pairs.iter().filter(move |(key, _)| key == name);
    named.map(|(_, value)| &**value)
}

fn only<'b>(mut values: impl Iterator<Item = &'b str>) -> Option<&'b str> {
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

fn repeats<'b>(pairs: impl IntoIterator<Item = &'b Pair<'b>>) -> bool {
    let names = pairs.into_iter().map(|(name, _)| &**name);
    // RFC 8707 §2: a client may want tokens for several resources.
    let mut names: Vec<&str> = names.filter(|name| *name != "resource").collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}
