//! What can happen to a target: what it is given, what the provider does to it, what it is asked.

use proptest::prelude::*;

use super::STATES;

/// Whatever an endpoint can do to a target: failures that it can tell from success, answers that never
/// come or not whole, and such as are not true.
pub fn any_fault() -> impl Strategy<Value = String> {
    let effect = prop_oneof![
        prop::sample::select(vec![400, 401, 403, 404, 429, 500, 502, 503])
            .prop_map(|status| format!("answer = {{ status = {status}, echo = true }}")),
        prop::sample::select(vec![429, 503])
            .prop_map(|status| format!("answer = {{ status = {status}, retry_after = 3600 }}")),
        Just("hang = {}".to_owned()),
        (
            prop::sample::select(vec![301, 302, 303, 307, 308]),
            prop::sample::select(vec!["same_origin", "other_origin"]),
        )
            .prop_map(|(status, to)| format!("redirect = {{ to = \"{to}\", status = {status} }}")),
    ];
    let when = prop::sample::select(vec!["before_effect", "after_effect"]);
    let broken = (prop::sample::select(vec!["drop", "reset", "hang"]), when)
        .prop_map(|(kind, when)| format!("{kind} = {{ when = \"{when}\" }}"));
    let spoiled = prop::sample::select(vec![
        "truncate = { at_byte = 9 }",
        "truncate = { at_byte = 40 }",
        "wrong_length = { by = 5 }",
        "wrong_length = { by = -1 }",
        "drip = { bytes = 10, every_milliseconds = 10 }",
        "latency = { fixed_milliseconds = 10 }",
        "quota = { requests = 1, per_seconds = 60 }",
    ])
    .prop_map(str::to_owned);
    // A lie of the token endpoint gives tokens that nobody knows: no business of any revoke.
    let untrue = prop::sample::select(vec![
        "lie = {}",
        "late_kill = { seconds = 30 }",
        "answer = { status = 200, text = \"<html>\" }",
    ])
    .prop_map(str::to_owned);
    let whom = prop::sample::select(vec![
        "",
        ", subject = \"access_token\"",
        ", subject = \"refresh_token\"",
        ", nth = 1",
        ", nth = 2",
    ]);
    let endpoint = prop::sample::select(vec!["revocation", "revocation", "token"]);
    let anywhere = (endpoint, prop_oneof![effect, broken, spoiled]);
    let at_revocation = (Just("revocation"), untrue);
    (prop_oneof![4 => anywhere, 1 => at_revocation], whom).prop_map(|((endpoint, effect), whom)| {
        // A quota counts for itself.
        let whom = if effect.starts_with("quota") {
            ""
        } else {
            whom
        };
        format!("fail = {{ endpoint = \"{endpoint}\", {effect}{whom} }}")
    })
}

pub fn any_held() -> impl Strategy<Value = String> {
    let state = || prop::sample::select(STATES.to_vec());
    let status = prop_oneof![
        4 => Just("ACTIVE"),
        1 => prop::sample::select(vec!["REVOKED", "EXPIRED", "INACTIVE", "FAILED"]),
    ];
    let scheme = prop_oneof![9 => Just("OAUTH2"), 1 => Just("BEARER_TOKEN")];
    (state(), state(), status, scheme).prop_map(|(access, refresh, status, scheme)| {
        format!(", access_token = \"{access}\", refresh_token = \"{refresh}\", status = \"{status}\", scheme = \"{scheme}\"")
    })
}

pub fn any_call() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "revoke = { account = \"alice\" }",
        "revoke = { account = \"alice\" }",
        "revoke = { account = \"alice\", key = \"read_only\" }",
        "revoke = { account = \"alice\", key = \"other_project\" }",
        "revoke = { account = \"alice\", key = \"missing\" }",
        "revoke = { unknown_like = \"alice\" }",
        "revoke = { id = \"nonsense\" }",
        "revoke = { account = \"alice\", method = \"PUT\" }",
        "refresh = { account = \"alice\" }",
        "delete = { account = \"alice\" }",
        "delete = { account = \"alice\", and_revoke = true }",
        "delete_client = { client = \"main\" }",
    ])
}
