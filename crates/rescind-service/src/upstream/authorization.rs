//! The authorization request that a user's browser carries to the provider, and the response that
//! it brings back. Pure.

use reqwest::Url;

use super::address;
use crate::one_time;
use crate::secret::Secret;
use crate::toolkit::{AuthorizationEndpoint, Pkce};

/// What an authorization request is made of, beside what its toolkit says.
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) base_url: &'a str,
    pub(crate) client_id: &'a str,
    /// What the auth config asks for. Empty: what the toolkit asks for.
    pub(crate) scopes: &'a [String],
    pub(crate) redirect_uri: &'a str,
    pub(crate) state: &'a Secret,
    pub(crate) code_verifier: &'a Secret,
}

/// Where the browser is sent, RFC 6749 section 4.1.1; none if that would not be below the base URL.
pub(crate) fn request_url(
    endpoint: &AuthorizationEndpoint,
    request: &AuthorizationRequest<'_>,
) -> Option<Secret> {
    let mut url = Url::parse(&address::below(request.base_url, &endpoint.path)?).ok()?;
    let scopes = if request.scopes.is_empty() {
        &endpoint.default_scopes
    } else {
        request.scopes
    };
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", request.client_id)
        .append_pair("redirect_uri", request.redirect_uri);
    if !scopes.is_empty() {
        query.append_pair("scope", &scopes.join(" "));
    }
    query.append_pair("state", request.state.expose());
    if endpoint.pkce == Pkce::S256 {
        // RFC 7636 section 4.3.
        query
            .append_pair(
                "code_challenge",
                &one_time::challenge(request.code_verifier),
            )
            .append_pair("code_challenge_method", "S256");
    }
    query.extend_pairs(&endpoint.parameters);
    drop(query);
    // It carries the state, which no log may.
    Some(Secret::new(url))
}

/// What came back with the browser, RFC 6749 sections 4.1.2 and 4.1.2.1. No `Debug`: most of it is
/// secret.
pub(crate) struct AuthorizationResponse {
    pub(crate) state: Secret,
    /// RFC 9207 section 2: who says that it answers.
    pub(crate) issuer: Option<String>,
    pub(crate) result: AuthorizationResult,
}

/// What the user, or the provider, decided.
pub(crate) enum AuthorizationResult {
    /// A code.
    Granted(Secret),
    /// Why there is none, for the account's reason.
    Refused(&'static str),
}

/// What came back is no authorization response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no authorization response")]
pub(crate) struct NoResponse;

/// Reads the query of a callback.
pub(crate) fn read_response(query: &str) -> Result<AuthorizationResponse, NoResponse> {
    let one = |name: &str| -> Result<Option<String>, NoResponse> {
        let mut values = form_urlencoded::parse(query.as_bytes())
            .filter(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.into_owned());
        let first = values.next().filter(|value| !value.is_empty());
        // RFC 6749 section 3.1: a parameter comes once. Of two, nobody knows which one is meant.
        match values.next() {
            None => Ok(first),
            Some(_) => Err(NoResponse),
        }
    };
    let result = match (one("code")?, one("error")?) {
        (Some(code), None) => AuthorizationResult::Granted(Secret::new(code)),
        (None, Some(error)) => AuthorizationResult::Refused(refusal(&error)),
        _ => return Err(NoResponse),
    };
    Ok(AuthorizationResponse {
        state: Secret::new(one("state")?.ok_or(NoResponse)?),
        issuer: one("iss")?,
        result,
    })
}

/// The words for an error code of RFC 6749 section 4.1.2.1. They are ours: whatever else stands in
/// the address was put there by whoever made the browser go to it.
fn refusal(error: &str) -> &'static str {
    match error {
        "access_denied" => "The user denied the consent",
        "invalid_request" => "The provider refused the authorization request: invalid_request",
        "unauthorized_client" => {
            "The provider refused the authorization request: unauthorized_client"
        }
        "unsupported_response_type" => {
            "The provider refused the authorization request: unsupported_response_type"
        }
        "invalid_scope" => "The provider refused the authorization request: invalid_scope",
        "server_error" => "The provider could not authorize: server_error",
        "temporarily_unavailable" => "The provider could not authorize: temporarily_unavailable",
        _ => "The provider refused the authorization request",
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::{
        AuthorizationRequest, AuthorizationResult, Pkce, read_response, refusal, request_url,
    };
    use crate::secret::Secret;
    use crate::toolkit;

    fn request<'a>(
        base_url: &'a str,
        client_id: &'a str,
        scopes: &'a [String],
        secrets: &'a [Secret; 2],
    ) -> AuthorizationRequest<'a> {
        AuthorizationRequest {
            base_url,
            client_id,
            scopes,
            redirect_uri: "http://service.test/callback",
            state: &secrets[0],
            code_verifier: &secrets[1],
        }
    }

    fn secrets() -> [Secret; 2] {
        [Secret::new("the-state"), Secret::new("the-verifier")]
    }

    #[test]
    fn where_every_toolkit_sends_the_browser() {
        let mut text = String::new();
        let own = ["a".to_owned(), "b:c".to_owned()];
        for (slug, toolkit) in toolkit::load().unwrap() {
            let endpoint = toolkit.authorization.unwrap();
            writeln!(text, "# {slug}").unwrap();
            for scopes in [&own[..], &[]] {
                let secrets = secrets();
                let request = request("https://provider.test/t/1", "my id&", scopes, &secrets);
                let url = request_url(&endpoint, &request).unwrap();
                writeln!(text, "{}", url.expose().replace('&', "\n    &")).unwrap();
            }
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_toolkit_may_leave_pkce_out_and_lead_nowhere_else() {
        let mut endpoint = toolkit::load().unwrap()["rfc7009"].authorization.clone();
        let endpoint = endpoint.as_mut().unwrap();
        endpoint.pkce = Pkce::Never;
        let secrets = secrets();
        let url = request_url(endpoint, &request("https://a.test", "c", &[], &secrets)).unwrap();
        assert!(!url.expose().contains("code_challenge"));
        assert!(request_url(endpoint, &request("javascript:", "c", &[], &secrets)).is_none());
    }

    #[test]
    fn a_response_has_a_state_and_either_a_code_or_an_error_each_once() {
        let response =
            read_response("code=c%2B1&state=s&iss=https%3A%2F%2Fa.test&x=1&x=2").unwrap();
        assert_eq!(response.state.expose(), "s");
        assert_eq!(response.issuer.as_deref(), Some("https://a.test"));
        let AuthorizationResult::Granted(code) = response.result else {
            panic!("a code was expected");
        };
        assert_eq!(code.expose(), "c+1");
        let denied = read_response("error=access_denied&state=s").unwrap();
        assert_eq!(denied.issuer, None);
        assert!(matches!(denied.result, AuthorizationResult::Refused(_)));
        for query in [
            "",
            "state=s",
            "code=c",
            "code=&state=s",
            "code=c&state=",
            "code=c&error=access_denied&state=s",
            "code=c&code=c&state=s",
            "code=c&state=s&state=s",
            "code=c&state=s&iss=a&iss=b",
            "error=a&error=b&state=s",
        ] {
            assert!(read_response(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_our_words() {
        assert_eq!(refusal("access_denied"), "The user denied the consent");
        assert!(refusal("invalid_scope").ends_with("invalid_scope"));
        assert!(!refusal("<script>").contains("script"));
    }

    proptest! {
        #[test]
        fn what_is_asked_arrives_byte_for_byte(client_id in ".{1,30}", scope in "[!-~]{1,20}") {
            let endpoint = toolkit::load().unwrap()["google"].authorization.clone().unwrap();
            let (scopes, secrets) = ([scope.clone()], secrets());
            let request = request("https://a.test", &client_id, &scopes, &secrets);
            let url = request_url(&endpoint, &request).unwrap();
            let url = reqwest::Url::parse(url.expose()).unwrap();
            let value = |name: &str| -> Vec<String> {
                url.query_pairs()
                    .filter(|(candidate, _)| candidate == name)
                    .map(|(_, value)| value.into_owned())
                    .collect()
            };
            prop_assert_eq!(value("client_id"), [client_id]);
            prop_assert_eq!(value("scope"), [scope]);
            prop_assert_eq!(url.path(), "/o/oauth2/v2/auth");
            prop_assert_eq!(url.fragment(), None);
        }

        #[test]
        fn no_query_makes_it_panic(query in ".{0,60}") {
            let _ = read_response(&query);
        }
    }
}
