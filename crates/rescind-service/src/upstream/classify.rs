//! The one place where a provider's answer becomes an outcome. Pure.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::conclude::{Failure, Outcome};
use crate::toolkit::{DeadRule, RevokeRoute};

/// A complete answer of a provider. No `Debug`: a provider may echo the token.
#[derive(Clone)]
pub(crate) struct UpstreamAnswer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) retry_after: Option<RetryAfter>,
}

/// How long a provider asked us to stay away, RFC 9110 section 10.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    /// A date, or nothing that can be understood: too long to wait for.
    Other,
}

impl RetryAfter {
    pub(crate) fn parse(header: &[u8]) -> Self {
        std::str::from_utf8(header)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .map_or(Self::Other, Self::Seconds)
    }
}

/// What a refresh came to.
pub(crate) enum RefreshOutcome {
    /// The fields of the new token response.
    Refreshed(Map<String, Value>),
    /// The grant is gone: no repetition will help.
    PermanentlyRefused,
    /// Anything else.
    Failed(Failure),
}

/// What the exchange of a code came to.
pub(crate) enum ExchangeOutcome {
    /// The fields of the token response.
    Connected(Map<String, Value>),
    /// The provider understood, and gives no tokens for this code.
    Refused,
    /// It could not do it now. A code is good for one try, RFC 6749 section 4.1.2, and what became
    /// of this one is not known.
    Unavailable,
    /// An answer that is none of the protocol's: a redirect, a success without a token.
    Unintelligible,
}

/// What an answer to a revocation means: what its route declares, and nothing by luck. A redirect
/// is not a success, and neither is a 2xx that is not declared.
pub(crate) fn revoke(route: &RevokeRoute, answer: &UpstreamAnswer) -> Outcome {
    let body_matches = |pointer: &str, expected: &[Value]| {
        serde_json::from_slice::<Value>(&answer.body)
            .ok()
            .and_then(|body| Some(expected.contains(body.pointer(pointer)?)))
            .unwrap_or(false)
    };
    let is_success = route.success.status.contains(&answer.status)
        && route
            .success
            .body
            .as_ref()
            .is_none_or(|rule| body_matches(&rule.pointer, &rule.equals));
    if is_success {
        return Outcome::Acknowledged;
    }
    let matches_any = |rules: &[DeadRule]| {
        rules
            .iter()
            .any(|rule| rule.status == answer.status && body_matches(&rule.pointer, &rule.equals))
    };
    if matches_any(&route.already_dead) {
        return Outcome::AlreadyDead;
    }
    if matches_any(&route.access_token_dead) {
        return Outcome::Failed(Failure::AccessTokenDead);
    }
    match answer.status {
        // RFC 6585 section 4: nothing is wrong with the request but its time.
        429 | 500.. => Outcome::Failed(Failure::Status(answer.status)),
        status => Outcome::Refused(status),
    }
}

/// What an answer of a token endpoint means, RFC 6749 sections 5.1 and 5.2.
pub(crate) fn refresh(answer: &UpstreamAnswer) -> RefreshOutcome {
    let body = match serde_json::from_slice(&answer.body) {
        Ok(Value::Object(body)) => body,
        _ => Map::new(),
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    match answer.status {
        200 if !text("access_token").is_empty() => RefreshOutcome::Refreshed(body),
        // Section 5.2 says 400; some providers say 401. `invalid_client` may share the status,
        // but it says nothing about the grant.
        400 | 401 if text("error") == "invalid_grant" => RefreshOutcome::PermanentlyRefused,
        status => RefreshOutcome::Failed(Failure::Status(status)),
    }
}

/// What an answer to the exchange of a code means, RFC 6749 sections 4.1.4 and 5.2.
pub(crate) fn exchange(answer: &UpstreamAnswer) -> ExchangeOutcome {
    match (answer.status, refresh(answer)) {
        (_, RefreshOutcome::Refreshed(fields)) => ExchangeOutcome::Connected(fields),
        (429 | 500.., _) => ExchangeOutcome::Unavailable,
        (400..=499, _) => ExchangeOutcome::Refused,
        _ => ExchangeOutcome::Unintelligible,
    }
}

/// How long the provider asked us to make no further call, where it did. RFC 6585 section 4 and
/// RFC 9110 section 15.6.4 give the header a meaning with these two statuses.
pub(crate) fn requested_pause(answer: &UpstreamAnswer) -> Option<Pause> {
    if !matches!(answer.status, 429 | 503) {
        return None;
    }
    Some(match answer.retry_after? {
        RetryAfter::Seconds(seconds) if seconds <= LONGEST_PAUSE.as_secs() => {
            Pause::Short(Duration::from_secs(seconds))
        }
        _ => Pause::TooLong,
    })
}

/// A caller waits for the answer meanwhile, so a longer pause is a failure instead.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A pause that a provider asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    Short(Duration),
    TooLong,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        ExchangeOutcome, Pause, RefreshOutcome, RetryAfter, UpstreamAnswer, exchange, refresh,
        requested_pause, revoke,
    };
    use crate::conclude::{Failure, Outcome};
    use crate::toolkit::{self, RevokeRoute, Toolkit};

    fn answer(status: u16, body: &str) -> UpstreamAnswer {
        UpstreamAnswer {
            status,
            body: body.as_bytes().to_vec(),
            retry_after: None,
        }
    }

    fn route(slug: &str) -> RevokeRoute {
        toolkit::load()
            .unwrap()
            .remove(slug)
            .unwrap()
            .revoke_routes
            .remove(0)
    }

    #[track_caller]
    fn check(route: &RevokeRoute, status: u16, body: &str, expected: Outcome) {
        assert_eq!(revoke(route, &answer(status, body)), expected);
    }

    #[test]
    fn a_route_declares_what_success_is() {
        let rfc7009 = route("rfc7009");
        check(&rfc7009, 200, "", Outcome::Acknowledged);
        check(&rfc7009, 200, "<html>", Outcome::Acknowledged);
        check(&rfc7009, 202, "", Outcome::Refused(202));
        check(&rfc7009, 204, "", Outcome::Refused(204));
        check(&rfc7009, 302, "", Outcome::Refused(302));
        check(
            &rfc7009,
            400,
            r#"{"error":"invalid_token"}"#,
            Outcome::Refused(400),
        );
        check(&rfc7009, 503, "", Outcome::Failed(Failure::Status(503)));
        check(&rfc7009, 429, "", Outcome::Failed(Failure::Status(429)));
    }

    #[test]
    fn a_route_declares_what_dead_is() {
        let external = route("externally-revoked");
        let dead = r#"{"error":"invalid_token"}"#;
        check(&external, 400, dead, Outcome::AlreadyDead);
        check(&external, 401, dead, Outcome::Refused(401));
        check(&external, 400, "invalid_token", Outcome::Refused(400));
        let dropbox = route("dropbox");
        let expired = r#"{"error_summary":"x/..","error":{".tag":"expired_access_token"}}"#;
        check(&dropbox, 401, expired, Outcome::AlreadyDead);
        check(&dropbox, 401, "{}", Outcome::Refused(401));
    }

    #[test]
    fn an_access_token_that_cannot_authenticate_says_nothing_about_the_token_carried() {
        let self_authenticating = route("self-authenticating");
        let dead = r#"{"error":"invalid_token"}"#;
        let expected = Outcome::Failed(Failure::AccessTokenDead);
        check(&self_authenticating, 401, dead, expected);
        check(&self_authenticating, 401, "{}", Outcome::Refused(401));
        check(&self_authenticating, 400, dead, Outcome::Refused(400));
        check(&self_authenticating, 200, dead, Outcome::Acknowledged);
    }

    #[test]
    fn success_may_depend_on_the_body() {
        let toolkit = Toolkit::parse(
            "ok",
            r#"
            [token]
            path = "/token"
            client_authentication = "basic"
            [[revoke]]
            name = "revoke"
            method = "POST"
            path = "/revoke"
            encoding = "form"
            client_authentication = "none"
            subjects = ["access_token"]
            ends = "token"
            fields.token = "token"
            success = { status = [200], body = { pointer = "/ok", equals = [true] } }
            "#,
        )
        .unwrap();
        let route = &toolkit.revoke_routes[0];
        check(route, 200, r#"{"ok":true}"#, Outcome::Acknowledged);
        check(route, 200, r#"{"ok":false}"#, Outcome::Refused(200));
        check(route, 200, "", Outcome::Refused(200));
    }

    #[test]
    fn only_invalid_grant_is_permanent() {
        let outcome = |status, body| match refresh(&answer(status, body)) {
            RefreshOutcome::Refreshed(_) => "refreshed",
            RefreshOutcome::PermanentlyRefused => "permanent",
            RefreshOutcome::Failed(_) => "failed",
        };
        assert_eq!(outcome(200, r#"{"access_token":"a"}"#), "refreshed");
        assert_eq!(outcome(200, r#"{"access_token":""}"#), "failed");
        assert_eq!(outcome(200, "<html>"), "failed");
        assert_eq!(outcome(400, r#"{"error":"invalid_grant"}"#), "permanent");
        assert_eq!(outcome(401, r#"{"error":"invalid_client"}"#), "failed");
        assert_eq!(outcome(500, r#"{"error":"invalid_grant"}"#), "failed");
    }

    #[test]
    fn only_a_token_response_connects() {
        let outcome = |status, body| match exchange(&answer(status, body)) {
            ExchangeOutcome::Connected(_) => "connected",
            ExchangeOutcome::Refused => "refused",
            ExchangeOutcome::Unavailable => "unavailable",
            ExchangeOutcome::Unintelligible => "unintelligible",
        };
        assert_eq!(outcome(200, r#"{"access_token":"a"}"#), "connected");
        assert_eq!(outcome(200, r#"{"refresh_token":"r"}"#), "unintelligible");
        assert_eq!(outcome(200, r#"{"access_token":["a"]}"#), "unintelligible");
        assert_eq!(outcome(200, r#"{"access_token":"#), "unintelligible");
        assert_eq!(outcome(201, r#"{"access_token":"a"}"#), "unintelligible");
        assert_eq!(outcome(307, ""), "unintelligible");
        assert_eq!(outcome(400, r#"{"error":"invalid_grant"}"#), "refused");
        assert_eq!(outcome(401, "<html>"), "refused");
        assert_eq!(outcome(429, ""), "unavailable");
        assert_eq!(outcome(503, r#"{"access_token":"a"}"#), "unavailable");
    }

    #[test]
    fn a_pause_is_asked_for_by_429_and_503() {
        let with = |status, header: &str| {
            requested_pause(&UpstreamAnswer {
                retry_after: Some(RetryAfter::parse(header.as_bytes())),
                ..answer(status, "")
            })
        };
        assert_eq!(with(429, "2"), Some(Pause::Short(Duration::from_secs(2))));
        assert_eq!(with(503, "600"), Some(Pause::TooLong));
        assert_eq!(
            with(503, "Wed, 21 Oct 2026 07:28:00 GMT"),
            Some(Pause::TooLong)
        );
        assert_eq!(with(500, "2"), None);
        assert_eq!(requested_pause(&answer(429, "")), None);
    }
}
