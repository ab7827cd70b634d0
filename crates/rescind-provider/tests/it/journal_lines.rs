//! What the journal shows of the bytes: enough to follow, and no secret.

use rescind_provider::Entry;
use serde_json::json;

use crate::support::{Ask, World, access, refresh};

fn revoke(world: &World, token: &str) -> Ask {
    Ask::post("/oauth2/revoke")
        .basic(&world.ada.client)
        .form(&[("token", token)])
}

/// The entry of a request.
async fn entry_of(world: &World, ask: Ask) -> Entry {
    let answer = world.send(ask).await;
    let entry = world.last_entry();
    assert_eq!(entry.status, answer.status);
    entry
}

/// The lines of an entry hold no secret, and still say what came and what was answered.
fn check_lines(world: &World, entry: &Entry, request: &str, answer: &str) {
    let scanner = world
        .tenant
        .lock()
        .scanner(world.tenant.fingerprints().clone());
    let written =
        [entry.request_lines(&scanner), entry.answer_lines(&scanner)].map(|lines| lines.join("\n"));
    let secrets = scanner.secrets().iter().map(|known| known.secret.expose());
    for secret in secrets {
        assert!(
            written.iter().all(|text| !text.contains(secret)),
            "a secret shows"
        );
    }
    assert!(
        written.iter().all(|text| scanner.find(text).is_empty()),
        "a part of a secret shows"
    );
    assert!(written[0].starts_with(request), "{}", written[0]);
    assert!(written[1].starts_with(answer), "{}", written[1]);
    assert!(
        !format!("{entry:?}").contains('‹'),
        "the raw bytes are not for Debug"
    );
}

#[tokio::test]
async fn the_lines_of_an_entry_hold_no_secret_wherever_it_stood() {
    let world = World::start("rfc7009").await;
    let client = &world.ada.client;
    let token = [("token", access(&world.ada))];
    let refreshing = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh(&world.ada)),
    ];
    for (ask, request, answer) in [
        (
            revoke(&world, access(&world.ada)),
            "POST /oauth2/revoke\n",
            "200\n",
        ),
        (
            Ask::post("/oauth2/revoke").basic_raw(client).form(&token),
            "POST /oauth2/revoke\n",
            "200\n",
        ),
        (
            Ask::post("/oauth2/revoke").query(&token),
            "POST /oauth2/revoke?token=",
            "401\n",
        ),
        (
            Ask::post("/elsewhere").json(&json!({ "t": access(&world.ada) })),
            "POST /elsewhere\n",
            "404\n",
        ),
        (
            Ask::get("/userinfo").bearer(access(&world.twin)),
            "GET /userinfo\n",
            "200\n",
        ),
        (
            Ask::post("/oauth2/token").basic(client).form(&refreshing),
            "POST /oauth2/token\n",
            "200\n",
        ),
    ] {
        let entry = entry_of(&world, ask).await;
        check_lines(&world, &entry, request, answer);
    }
}

#[tokio::test]
async fn form_encoded_basic_credentials_do_not_show_in_the_lines() {
    let world = World::start("rfc7009").await;
    let entry = entry_of(&world, revoke(&world, access(&world.ada))).await;
    let scanner = world
        .tenant
        .lock()
        .scanner(world.tenant.fingerprints().clone());
    let lines = entry.request_lines(&scanner);
    let line = lines
        .iter()
        .find(|line| line.starts_with("authorization"))
        .unwrap();
    let shown = line.strip_prefix("authorization: Basic ").unwrap();
    // What encodes the client id may stay; of the secret there is at most a scrap at either end.
    let client_id = (world.ada.client.client_id.len() + 1).div_ceil(3) * 4;
    let rest = &shown[client_id.min(shown.len())..];
    let clear: usize = rest.split(['‹', '›']).step_by(2).map(str::len).sum();
    assert!(clear < 16, "{clear} characters of the credentials show");
}

#[tokio::test]
async fn a_long_body_is_kept_in_part_and_its_length_is_told() {
    let world = World::start("rfc7009").await;
    let body = format!("state={}", "x".repeat(10_000));
    let ask = Ask::post("/oauth2/revoke").body("application/x-www-form-urlencoded", body);
    let entry = entry_of(&world, ask).await;
    let scanner = world
        .tenant
        .lock()
        .scanner(world.tenant.fingerprints().clone());
    let lines = entry.request_lines(&scanner);
    assert!(lines.last().unwrap().ends_with("… (10006 bytes)"));
}
