//! The way from a user's consent to tokens.

use rescind_model::profile::{GraceAnswer, Reuse};

use super::{NAMES, authenticate, form, form_headers, states, status_of, tenant_with_rotation};
use crate::ledger::Moment;
use crate::message::Request;
use crate::tenant::TenantState;

/// Asks for a code. The request that exchanges it, if there was one.
pub fn connecting(tenant: &mut TenantState, client: &str) -> Option<Request> {
    let client = tenant.client(client);
    let redirect = ("redirect_uri", "http://127.0.0.1/cb");
    let query = form(&[
        ("response_type", "code"),
        ("client_id", &client.client_id),
        redirect,
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
    ]);
    let path = tenant
        .profile()
        .authorization_endpoint
        .as_ref()?
        .path
        .to_string();
    let request = Request {
        method: "GET".into(),
        path,
        query: Some(String::from_utf8(query.to_vec()).unwrap()),
        ..Request::default()
    };
    let reaction = tenant.handle(&request, Moment(0));
    let mut answer = reaction.reply.headers.iter();
    let (_, location) = answer.find(|(name, _)| name == "location")?;
    let (_, added) = location.split_once('?')?;
    let (_, code) = form_urlencoded::parse(added.as_bytes()).find(|(name, _)| name == "code")?;
    let endpoint = &tenant.profile().token_endpoint;
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", &code),
        redirect,
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
    ];
    let mut headers = form_headers();
    authenticate(
        &endpoint.client_authentication,
        &client,
        &mut headers,
        &mut pairs,
    );
    Some(Request {
        method: "POST".into(),
        path: endpoint.path.to_string(),
        headers,
        body: form(&pairs),
        ..Request::default()
    })
}

#[test]
fn a_user_can_let_a_client_in_at_every_profile() {
    for name in NAMES {
        let mut tenant = tenant_with_rotation(name, Reuse::Refused, 0, GraceAnswer::Another);
        let request = connecting(&mut tenant, "client 0").expect("a code");
        let reaction = tenant.handle(&request, Moment(0));
        assert_eq!(status_of(&reaction), 200, "{name}");
        assert!(!states(&tenant).is_empty());
    }
}
