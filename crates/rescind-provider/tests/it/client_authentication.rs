//! Every way in which a client shows who it is, each rightly, wrongly, and beside another.

use rescind_model::profile::{ClientAuthentication as How, Place};
use rescind_provider::{Departure, Outcome};
use serde_json::json;

use crate::support::{Ask, World, access, changed_profile, refresh};

/// The plain provider with a revocation route of another kind.
async fn world(authentication: &str, encoding: &str, path: &str, token_in: &str) -> World {
    let route = "path = \"/oauth2/revoke\"\nencoding = \"form\"\nclient_authentication = [\"basic\", \"post\"]\ntoken_in = [{ form = \"token\" }]\nhint_in = { form = \"token_type_hint\" }";
    let other = format!(
        "path = \"{path}\"\nencoding = \"{encoding}\"\nclient_authentication = [{authentication}]\ntoken_in = [{token_in}]"
    );
    // A path can hold a token only if nothing in it has to be escaped by hand here.
    let plain = ("characters = \"printable\"", "characters = \"url_safe\"");
    World::of(changed_profile("rfc7009", &[(route, &other), plain])).await
}

/// What comes of a revocation of ada's access token.
async fn check(world: &World, ask: Ask, status: u16, credentials: &[How], died: bool) {
    let answer = world.send(ask).await;
    let entry = world.last_entry();
    assert_eq!(
        (answer.status, &entry.credentials[..]),
        (status, credentials),
        "{entry:?}"
    );
    let expected = if died {
        vec!["ada access dead"]
    } else {
        vec![]
    };
    assert_eq!(world.noteworthy(), expected);
}

#[tokio::test]
async fn a_secret_in_the_json_body_is_not_one_in_the_form() {
    let json = |world: &World, secret: &str| {
        Ask::post("/oauth2/revoke").json(&json!({
            "client_id": world.ada.client.client_id,
            "client_secret": secret,
            "token": access(&world.ada),
        }))
    };
    let world = world(
        "\"json_body\"",
        "json",
        "/oauth2/revoke",
        "{ json = \"token\" }",
    )
    .await;
    check(&world, json(&world, "wrong"), 401, &[How::JsonBody], false).await;
    assert_eq!(world.last_entry().departures, [Departure::CredentialsWrong]);
    let right = json(&world, world.ada.client.client_secret.expose());
    check(&world, right, 200, &[How::JsonBody], true).await;
    assert!(world.last_entry().departures.is_empty());

    let plain = World::start("rfc7009").await;
    let ask = json(&plain, plain.ada.client.client_secret.expose());
    check(&plain, ask, 401, &[How::JsonBody], false).await;
}

#[tokio::test]
async fn a_scheme_of_the_providers_own_carries_the_secret_alone() {
    let how = How::ClientSecretAt(Place::Scheme("Client".into()));
    let one = std::slice::from_ref(&how);
    let declared = "{ client_secret_at = { scheme = \"Client\" } }";
    let world = world(declared, "form", "/oauth2/revoke", "{ form = \"token\" }").await;
    let ask = |value: &str| {
        Ask::post("/oauth2/revoke")
            .header("authorization", value)
            .form(&[("token", access(&world.ada))])
    };
    check(&world, ask("Client wrong"), 401, one, false).await;
    let secret = world.ada.client.client_secret.expose();
    let bearer = ask(&format!("Bearer {secret}"));
    check(&world, bearer, 401, &[How::BearerToken], false).await;
    let beside_basic = ask(&format!("Client {secret}")).basic(&world.ada.client);
    check(&world, beside_basic, 400, &[How::Basic, how.clone()], false).await;
    let rival = ask(&format!(
        "Client {}",
        world.rival.client.client_secret.expose()
    ));
    check(&world, rival, 400, one, false).await;
    assert_eq!(world.last_entry().outcome, Outcome::Foreign);
    // RFC 9110 §11.1: a scheme is case-insensitive.
    check(&world, ask(&format!("client {secret}")), 200, one, true).await;
    assert_eq!(world.last_entry().client.as_deref(), Some("main"));
}

#[tokio::test]
async fn a_platforms_key_as_bearer_and_the_clients_id_beside_it() {
    let how = How::ClientSecretAt(Place::Bearer);
    let declared = "{ client_secret_at = \"bearer\" }";
    let world = world(declared, "form", "/oauth2/revoke", "{ form = \"token\" }").await;
    let ask = |key: &str| {
        Ask::post("/oauth2/revoke").bearer(key).form(&[
            ("token", access(&world.ada)),
            ("client_id", &world.ada.client.client_id),
        ])
    };
    let both = [How::ClientId, how];
    check(&world, ask("sk_wrong"), 401, &both, false).await;
    let key = world.ada.client.client_secret.expose();
    check(&world, ask(key), 200, &both, true).await;
}

#[tokio::test]
async fn a_token_in_a_header_of_its_own_needs_nothing_beside_it() {
    let token_in = "{ header = \"x-access-token\" }";
    let world = world("\"none\"", "none", "/oauth2/revoke", token_in).await;
    let ask = |token: &str| Ask::post("/oauth2/revoke").header("x-access-token", token);
    check(&world, Ask::post("/oauth2/revoke"), 400, &[], false).await;
    check(&world, ask("never-issued"), 200, &[], false).await;
    let twice = ask(access(&world.ada)).header("x-access-token", access(&world.ada));
    check(&world, twice, 400, &[], false).await;
    check(&world, ask(access(&world.ada)), 200, &[], true).await;
}

#[tokio::test]
async fn a_token_in_the_path_with_a_live_one_in_the_query() {
    let how = How::AccessTokenAt(Place::Query("token".into()));
    let one = std::slice::from_ref(&how);
    let declared = "{ access_token_at = { query = \"token\" } }";
    let path = "/1/tokens/{token}/";
    let world = world(declared, "none", path, "{ path = \"token\" }").await;
    let ask = |named: &str, shown: &str| {
        Ask::post(format!("/1/tokens/{named}/")).query(&[("key", "k"), ("token", shown)])
    };
    let ada = access(&world.ada);
    check(
        &world,
        Ask::post(format!("/1/tokens/{ada}/")),
        401,
        &[],
        false,
    )
    .await;
    let of_another_grant = ask(ada, access(&world.bob));
    check(&world, of_another_grant, 401, one, false).await;
    let refresh_token = ask(ada, refresh(&world.ada));
    check(&world, refresh_token, 401, one, false).await;
    assert_eq!(world.send(Ask::post("/1/tokens//")).await.status, 404);
    check(&world, ask(ada, ada), 200, one, true).await;
    // A dead one authenticates nothing, and to try it is no departure.
    check(&world, ask(ada, ada), 401, one, true).await;
    assert!(
        !world
            .last_entry()
            .departures
            .contains(&Departure::CredentialsWrong)
    );
}

#[tokio::test]
async fn a_clients_id_in_the_path_must_be_that_of_the_credentials() {
    let declared = "\"basic\", { client_id_at = { path = \"client_id\" } }";
    let path = "/applications/{client_id}/token";
    let world = world(declared, "json", path, "{ json = \"access_token\" }").await;
    let ask = |client_id: &str| {
        Ask::post(format!("/applications/{client_id}/token"))
            .basic(&world.ada.client)
            .json(&json!({ "access_token": access(&world.ada) }))
    };
    let both = [How::Basic, How::ClientIdAt(Place::Path("client_id".into()))];
    check(
        &world,
        ask(&world.rival.client.client_id),
        401,
        &both,
        false,
    )
    .await;
    check(&world, ask(&world.ada.client.client_id), 200, &both, true).await;
}

#[tokio::test]
async fn an_access_token_of_the_client_speaks_for_all_its_grants_and_no_others() {
    let how = [How::ClientAccessToken];
    let declared = "\"client_access_token\"";
    let world = world(declared, "form", "/oauth2/revoke", "{ form = \"token\" }").await;
    let ask = |shown: &str| {
        Ask::post("/oauth2/revoke")
            .bearer(shown)
            .form(&[("token", access(&world.ada))])
    };
    check(&world, ask(access(&world.rival)), 400, &how, false).await;
    check(&world, ask(refresh(&world.bob)), 401, &how, false).await;
    check(&world, ask(access(&world.bob)), 200, &how, true).await;
}

#[tokio::test]
async fn a_confidential_client_must_prove_who_it_is_and_a_public_one_cannot() {
    let world = World::start("openid").await;
    let by_id = |client_id: &str, token: &str| {
        Ask::post("/oauth2/revoke").form(&[("token", token), ("client_id", client_id)])
    };
    let ask = by_id(&world.ada.client.client_id, access(&world.ada));
    check(&world, ask.clone(), 401, &[How::ClientId], false).await;
    let secret = world.ada.client.clone();
    world
        .tenant
        .lock()
        .client_mut("main")
        .unwrap()
        .authentication = Some(How::ClientId);
    // It has no secret any more.
    let basic = Ask::post("/oauth2/revoke")
        .basic(&secret)
        .form(&[("token", access(&world.ada))]);
    check(&world, basic, 401, &[How::Basic], false).await;
    // RFC 7009 §2.1: nor may it revoke what is another's.
    let foreign = by_id(&world.ada.client.client_id, access(&world.rival));
    check(&world, foreign, 400, &[How::ClientId], false).await;
    check(&world, ask, 200, &[How::ClientId], true).await;
}

#[tokio::test]
async fn whoever_registered_one_way_gets_nowhere_by_another() {
    let world = World::start("openid").await;
    world
        .tenant
        .lock()
        .client_mut("main")
        .unwrap()
        .authentication = Some(How::Post);
    let client = &world.ada.client;
    let token = ("token", access(&world.ada));
    let basic = Ask::post("/oauth2/revoke").basic(client).form(&[token]);
    check(&world, basic, 401, &[How::Basic], false).await;
    let post = Ask::post("/oauth2/revoke").form(&[
        token,
        ("client_id", &client.client_id),
        ("client_secret", client.client_secret.expose()),
    ]);
    check(&world, post, 200, &[How::Post], true).await;
}
