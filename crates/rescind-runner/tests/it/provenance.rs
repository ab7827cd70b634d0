//! Where the facts of the profiles come from: every field of those that come with the program is
//! sourced or explained.

use rescind_model::{Profile, SourceFile};

use crate::files::profiles;

/// What is missing in a profile, in order.
fn missing(text: &str) -> Vec<String> {
    let file = SourceFile::new("profile.toml", text);
    let profile = Profile::parse(&file).expect("the profile is valid");
    let mistakes = profile.without_provenance();
    mistakes
        .iter()
        .map(|mistake| mistake.message.clone())
        .collect()
}

#[test]
fn every_field_of_every_profile_is_sourced_or_explained() {
    let all = profiles();
    assert!(all.len() >= 11, "{}", all.len());
    for profile in all {
        let missing = missing(profile.file.text());
        assert!(missing.is_empty(), "{}: {missing:#?}", profile.name);
    }
}

const PROFILE: &str = r#"
title = "A provider"
summary = "for this test"
CONFIDENCE

[sources]
"RFC 7009" = ["revocation_route.revoke.method", "revocation_route.revoke.ends"]
"https://provider.example/docs" = [FIELDS]

[tokens]
access_token = { prefix = "a-", lifetime_seconds = 60 }

[token_endpoint]
path = "/token"
client_authentication = ["basic"]

[resource]
path = "/me"

[[revocation_route]]
name = "revoke"
method = "POST"
path = "/revoke"
encoding = "form"
client_authentication = ["basic"]
token_in = [{ form = "token" }]
ends = { access_token = "token" }

[revocation_route.answers]
success = { status = 200 }
"#;

fn check(confidence: &str, fields: &str, expected: &[&str]) {
    let text = PROFILE
        .replace("CONFIDENCE", confidence)
        .replace("FIELDS", fields);
    assert_eq!(missing(&text), expected);
}

const SURE: &str = "confidence = \"high\"";

#[test]
fn what_is_not_said_of_a_field_is_missed_for_each_field() {
    check(
        SURE,
        r#""token_endpoint", "resource.path", "tokens.access_token.prefix""#,
        &[
            "nothing says where `tokens.access_token.lifetime_seconds` is from",
            "nothing says where `revocation_route.revoke.path` is from",
            "nothing says where `revocation_route.revoke.encoding` is from",
            "nothing says where `revocation_route.revoke.client_authentication` is from",
            "nothing says where `revocation_route.revoke.token_in` is from",
            "nothing says where `revocation_route.revoke.answers.success.status` is from",
        ],
    );
}

#[test]
fn who_names_a_table_names_what_is_in_it() {
    let all = r#""tokens", "token_endpoint", "resource", "revocation_route""#;
    check(SURE, all, &[]);
    check("", all, &["a profile that does not say how sure it is"]);
}

#[test]
fn a_name_that_only_begins_like_a_field_does_not_speak_for_it() {
    check(
        SURE,
        r#""tokens", "token_endpoint", "revocation_route""#,
        &["nothing says where `resource.path` is from"],
    );
}
