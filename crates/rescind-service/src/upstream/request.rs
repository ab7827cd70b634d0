//! From a dispatch to the request that goes on the wire. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Map, Value};

use super::address;
use crate::plan::{Cargo, Dispatch};
use crate::secret::Secret;
use crate::toolkit::{ClientAuthentication, Encoding, Fields, Pkce, RouteMethod, TokenEndpoint};

/// The client of an auth config, and where its provider is.
#[derive(Clone, Debug)]
pub(crate) struct ProviderClient {
    pub(crate) base_url: String,
    pub(crate) client_id: String,
    /// A public client has none.
    pub(crate) client_secret: Option<Secret>,
}

/// A request to a provider. No `Debug`: most of it is secret.
#[derive(Clone)]
pub(crate) struct UpstreamRequest {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) authorization: Option<Secret>,
    /// What the body carries, before it was encoded.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
}

#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The request of a dispatch; none while a token that it takes is still to be got by a refresh, and
/// none if it would not go to the provider that issued the tokens.
/// `access_token` is the one that the account holds.
pub(crate) fn revoke(
    dispatch: &Dispatch,
    client: &ProviderClient,
    access_token: Option<&Secret>,
) -> Option<UpstreamRequest> {
    let route = &dispatch.route;
    let (mut fields, token) = match &dispatch.cargo {
        Cargo::Token { subject, token } => {
            let fields = token_fields(&route.fields, subject.name(), token);
            (fields, Some(token))
        }
        Cargo::AccountId(id) => {
            let field = route.fields.account_id.clone();
            (
                field.map(|name| (name, id.clone())).into_iter().collect(),
                None,
            )
        }
        Cargo::AccessTokenAfterRefresh => return None,
    };
    let bearer = if route.authenticates_with_the_access_token() {
        Some(access_token?)
    } else {
        token
    };
    let authorization = authenticate(route.client_authentication, client, bearer, &mut fields);
    Some(UpstreamRequest {
        method: method(route.method),
        url: address::below(&client.base_url, &route.path)?,
        authorization,
        body: encode(route.encoding, &fields),
        fields,
    })
}

/// RFC 6749 section 6: the refresh of an access token; none if it would not go to the provider.
pub(crate) fn refresh(
    endpoint: &TokenEndpoint,
    client: &ProviderClient,
    refresh_token: &Secret,
) -> Option<UpstreamRequest> {
    let mut fields = vec![
        ("grant_type".to_owned(), "refresh_token".to_owned()),
        (
            "refresh_token".to_owned(),
            refresh_token.expose().to_owned(),
        ),
    ];
    let authorization = authenticate(endpoint.client_authentication, client, None, &mut fields);
    Some(UpstreamRequest {
        method: Method::POST,
        url: address::below(&client.base_url, &endpoint.path)?,
        authorization,
        body: encode(Encoding::Form, &fields),
        fields,
    })
}

/// A code, and what it was asked for with.
pub(crate) struct CodeGrant<'a> {
    pub(crate) code: &'a Secret,
    pub(crate) code_verifier: &'a Secret,
    pub(crate) redirect_uri: &'a str,
}

/// RFC 6749 section 4.1.3: the exchange of a code for tokens; none if it would not go to the
/// provider.
pub(crate) fn exchange(
    endpoint: &TokenEndpoint,
    pkce: Pkce,
    client: &ProviderClient,
    grant: &CodeGrant<'_>,
) -> Option<UpstreamRequest> {
    let mut fields = vec![
        ("grant_type".to_owned(), "authorization_code".to_owned()),
        ("code".to_owned(), grant.code.expose().to_owned()),
        ("redirect_uri".to_owned(), grant.redirect_uri.to_owned()),
    ];
    if pkce == Pkce::S256 {
        // RFC 7636 section 4.5.
        let code_verifier = grant.code_verifier.expose().to_owned();
        fields.push(("code_verifier".to_owned(), code_verifier));
    }
    let authorization = authenticate(endpoint.client_authentication, client, None, &mut fields);
    Some(UpstreamRequest {
        method: Method::POST,
        url: address::below(&client.base_url, &endpoint.path)?,
        authorization,
        body: encode(Encoding::Form, &fields),
        fields,
    })
}

/// RFC 7009 section 2.1: `token`, and `token_type_hint` where the route takes one.
fn token_fields(names: &Fields, hint: &str, token: &Secret) -> Vec<(String, String)> {
    let token = names
        .token
        .clone()
        .map(|name| (name, token.expose().to_owned()));
    let hint = names.hint.clone().map(|name| (name, hint.to_owned()));
    token.into_iter().chain(hint).collect()
}

/// The one set of credentials that is declared: as a header, which is returned, or as fields.
fn authenticate(
    declared: ClientAuthentication,
    client: &ProviderClient,
    bearer: Option<&Secret>,
    fields: &mut Vec<(String, String)>,
) -> Option<Secret> {
    match (declared, &client.client_secret) {
        (ClientAuthentication::None, _) => None,
        (ClientAuthentication::BearerToken | ClientAuthentication::AccessToken, _) => {
            bearer.map(|token| Secret::new(format!("Bearer {}", token.expose())))
        }
        (ClientAuthentication::Basic, Some(secret)) => Some(basic(&client.client_id, secret)),
        // A public client has nothing to authenticate with: it names itself, RFC 6749 section
        // 3.2.1.
        (ClientAuthentication::Basic | ClientAuthentication::Post, secret) => {
            fields.push(("client_id".to_owned(), client.client_id.clone()));
            if let Some(secret) = secret {
                fields.push(("client_secret".to_owned(), secret.expose().to_owned()));
            }
            None
        }
    }
}

/// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined, so that a colon
/// in the id cannot be taken for the one between them.
fn basic(client_id: &str, client_secret: &Secret) -> Secret {
    let encode =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{}:{}", encode(client_id), encode(client_secret.expose()));
    Secret::new(format!("Basic {}", STANDARD.encode(pair)))
}

fn encode(encoding: Encoding, fields: &[(String, String)]) -> Option<Body> {
    match encoding {
        Encoding::None => None,
        Encoding::Form => Some(Body {
            content_type: FORM,
            bytes: form(fields).into_bytes(),
        }),
        Encoding::Json => {
            let object: Map<String, Value> = fields
                .iter()
                .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                .collect();
            Some(Body {
                content_type: "application/json",
                bytes: Value::Object(object).to_string().into_bytes(),
            })
        }
    }
}

/// `application/x-www-form-urlencoded`, RFC 6749 appendix B.
pub(crate) fn form(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

fn method(method: RouteMethod) -> Method {
    match method {
        RouteMethod::Post => Method::POST,
        RouteMethod::Delete => Method::DELETE,
        RouteMethod::Put => Method::PUT,
        RouteMethod::Get => Method::GET,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::{CodeGrant, ProviderClient, UpstreamRequest, exchange, refresh, revoke};
    use crate::account::Held;
    use crate::clock::Timestamp;
    use crate::plan::plan;
    use crate::secret::Secret;
    use crate::toolkit::{self, Pkce};

    const NOW: Timestamp = Timestamp(0);

    fn client(client_id: &str, client_secret: Option<&str>) -> ProviderClient {
        ProviderClient {
            base_url: "http://provider.test/tenant/".to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.map(Secret::new),
        }
    }

    fn requests(slug: &str, token: &str, client: &ProviderClient) -> Vec<UpstreamRequest> {
        let fields: Map<String, Value> = [
            ("access_token", token),
            ("refresh_token", token),
            ("account_id", "acct 1"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
        let toolkit = toolkit::load().unwrap().remove(slug).unwrap();
        plan(&toolkit, &Held::from_fields(fields, NOW), NOW)
            .unwrap()
            .dispatches
            .iter()
            .map(|dispatch| revoke(dispatch, client, Some(&Secret::new(token))).unwrap())
            .collect()
    }

    fn describe(request: &UpstreamRequest) -> String {
        let body = request.body.as_ref().map_or("no body".to_owned(), |body| {
            format!(
                "{} {}",
                body.content_type,
                String::from_utf8_lossy(&body.bytes)
            )
        });
        let authorization = request
            .authorization
            .as_ref()
            .map_or("no authorization", Secret::expose);
        format!(
            "{} {}\n  {authorization}\n  {body}\n",
            request.method, request.url
        )
    }

    #[test]
    fn what_every_toolkit_sends() {
        let mut text = String::new();
        for (slug, toolkit) in toolkit::load().unwrap() {
            writeln!(text, "# {slug}").unwrap();
            let confidential = client("my id", Some("s:c%t"));
            if !toolkit.revoke_routes.is_empty() {
                for request in requests(&slug, "t+k/n=&~", &confidential) {
                    text.push_str(&describe(&request));
                }
            }
            let request = refresh(&toolkit.token, &confidential, &Secret::new("r+1"));
            text.push_str(&describe(&request.unwrap()));
        }
        text.push_str("# rfc7009, public client\n");
        for request in requests("rfc7009", "t", &client("public", None)) {
            text.push_str(&describe(&request));
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_exchanges_a_code_at_every_toolkit() {
        let grant = CodeGrant {
            code: &Secret::new("c+o/d=e"),
            code_verifier: &Secret::new("the-verifier"),
            redirect_uri: "http://service.test/callback",
        };
        let mut text = String::new();
        for (slug, toolkit) in toolkit::load().unwrap() {
            writeln!(text, "# {slug}").unwrap();
            let confidential = client("my id", Some("s:c%t"));
            let request = exchange(&toolkit.token, Pkce::S256, &confidential, &grant);
            text.push_str(&describe(&request.unwrap()));
        }
        let toolkit = toolkit::load().unwrap().remove("rfc7009").unwrap();
        text.push_str("# rfc7009, public client\n");
        let public = client("public", None);
        let request = exchange(&toolkit.token, Pkce::S256, &public, &grant);
        text.push_str(&describe(&request.unwrap()));
        text.push_str("# rfc7009, without PKCE\n");
        let request = exchange(&toolkit.token, Pkce::Never, &public, &grant);
        text.push_str(&describe(&request.unwrap()));
        insta::assert_snapshot!(text);
    }

    fn form_value(request: &UpstreamRequest, name: &str) -> Vec<String> {
        let body = &request.body.as_ref().unwrap().bytes;
        form_urlencoded::parse(body)
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    proptest! {
        #[test]
        fn the_token_arrives_byte_for_byte(token in "[!-~]{1,80}") {
            for request in requests("rfc7009", &token, &client("id", Some("secret"))) {
                prop_assert_eq!(form_value(&request, "token"), vec![token.clone()]);
                prop_assert!(!request.url.contains('?'));
            }
            let bearer = requests("dropbox", &token, &client("id", Some("secret"))).remove(0);
            let header = bearer.authorization.unwrap();
            prop_assert_eq!(header.expose(), format!("Bearer {token}"));
        }

        #[test]
        fn basic_credentials_arrive_byte_for_byte(id in "[ -~]{1,30}", secret in "[ -~]{1,30}") {
            let request = requests("rfc7009", "t", &client(&id, Some(&secret))).remove(0);
            let header = request.authorization.clone().unwrap();
            let pair = STANDARD.decode(header.expose().strip_prefix("Basic ").unwrap()).unwrap();
            let pair = String::from_utf8(pair).unwrap();
            let (left, right) = pair.split_once(':').unwrap();
            let decode = |text: &str| -> String {
                let (name, _) = form_urlencoded::parse(text.as_bytes()).next().unwrap();
                name.into_owned()
            };
            prop_assert_eq!(decode(left), id);
            prop_assert_eq!(decode(right), secret);
            prop_assert_eq!(form_value(&request, "client_secret"), Vec::<String>::new());
        }
    }
}
