//! What nobody sends in good faith: never a panic, never a 5xx, and nothing dies of it.

use serde_json::json;

use crate::support::{Ask, World, access, every_path, every_profile, send_raw};

/// The longest body that the provider reads.
const LONGEST_BODY: usize = 4 << 20;

const FORM: &str = "application/x-www-form-urlencoded";

/// Every path of the control API. Nobody here asks for the events, whose answer has no end.
fn control_paths() -> Vec<String> {
    let document = rescind_provider::server::control_openapi();
    let paths = document["paths"].as_object().expect("paths");
    let filled = paths.keys().map(|path| path.replace(['{', '}'], ""));
    filled.collect()
}

/// Sends a request to every path of every profile, at each of its hosts, and to every path of the
/// control API.
async fn check(story: &str, ask: impl Fn(&str) -> Ask) {
    for (name, profile) in every_profile() {
        let mut paths = every_path(&profile);
        if name == "rfc7009" {
            // They are the same at all of them.
            paths.extend(control_paths());
        }
        let world = World::of(profile).await;
        for (host, address) in world.listeners() {
            for path in &paths {
                let answer = world.send_to(&format!("http://{address}"), ask(path)).await;
                assert!(
                    (200..500).contains(&answer.status),
                    "{story}: {name} answers {} at {path} of {host}",
                    answer.status
                );
            }
        }
        assert_eq!(world.noteworthy(), [""; 0], "{story} at {name}");
        check_unharmed(&world).await;
    }
}

/// The provider goes on as before.
async fn check_unharmed(world: &World) {
    let addresses = world.tenant.addresses();
    let (host, path) = {
        let state = world.tenant.lock();
        let resource = &state.profile().resource;
        let host = resource.host.as_ref().map(|host| host.as_str());
        (
            addresses.of_host(host).to_owned(),
            resource.path.to_string(),
        )
    };
    let show = Ask::get(path).bearer(access(&world.ada));
    assert_eq!(world.send_to(&host, show).await.status, 200);
    assert_eq!(world.send(Ask::get("/_rescind/journal")).await.status, 200);
}

#[tokio::test]
async fn bodies_that_are_not_what_they_say() {
    for body in [
        &b"\xff\xfe\x00"[..],
        b"token=%",
        b"token=%zz%f",
        b"token=%ff%fe%00",
        b"token=%00",
        b"\0",
        b"=&=&&&%=%",
        b"token",
        b"token=a;token=b",
        b"client_id=%ff&client_secret=%00&token=%80",
        "token=\u{202e}\u{1f600}".as_bytes(),
    ] {
        check("a form", |path| Ask::post(path).body(FORM, body)).await;
    }
}

#[tokio::test]
async fn json_that_is_none_or_not_an_object() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        "{",
        "nul",
        "null",
        "[]",
        "\"text\"",
        "1e999",
        "{\"token\":null}",
        "{\"token\":{}}",
        "{\"token\":1}",
        "{\"token\":\"\\u0000\"}",
        "{\"token\":\"\\ud800\"}",
        "{\"token\":\"a\",\"token\":\"b\"}",
        "\u{feff}{}",
        &deep,
    ] {
        check("JSON", |path| {
            Ask::post(path).body("application/json", body)
        })
        .await;
    }
    check("JSON of other bytes", |path| {
        Ask::post(path).body("application/json", &b"{\"token\":\"\xff\"}"[..])
    })
    .await;
}

#[tokio::test]
async fn content_types_that_are_none() {
    for content_type in [
        "",
        ";",
        "form",
        "application/x-www-form-urlencoded; charset=\"",
        "APPLICATION/JSON;;;",
        "multipart/form-data",
        "text/plain,application/json",
    ] {
        check("a content type", |path| {
            Ask::post(path).body(content_type, "token=x")
        })
        .await;
    }
}

#[tokio::test]
async fn credentials_that_cannot_be_read() {
    for value in [
        "",
        "Basic",
        "Basic ",
        "Basic =",
        "Basic ====",
        "Basic Og",
        "Basic Og==",
        "Basic //79",
        "Basic AAA=",
        "Basic !!!!",
        "Basic bm8tY29sb24=",
        "Bearer",
        "Bearer  ",
        "Bearer \t",
        "Digest x",
        "Basic Bearer Basic",
        "bAsIc  Og==",
        // `%:%`, `%ff:%00` and bytes that are no UTF-8
        "Basic JTol",
        "Basic JWZmOiUwMA==",
        "Basic /zr+",
    ] {
        check("credentials", |path| {
            Ask::post(path)
                .header("authorization", value)
                .body(FORM, "token=x")
        })
        .await;
    }
    let twice = |path: &str| {
        Ask::post(path)
            .header("authorization", "Basic Og==")
            .bearer("x")
            .body(FORM, "token=x")
    };
    check("two headers", twice).await;
}

#[tokio::test]
async fn queries_and_paths_that_cannot_be_read() {
    for query in [
        "?",
        "?&&&",
        "?token=%",
        "?token=%ff%00",
        "?token",
        "?%=%&after=%00",
        "?token=a?token=b",
    ] {
        check("a query", |path| {
            Ask::post(format!("{path}{query}")).body(FORM, "token=x")
        })
        .await;
    }
    let world = World::start("rfc7009").await;
    for path in [
        "/%",
        "/%00",
        "/%ff%fe",
        "//",
        "/..",
        "/oauth2/../oauth2/revoke",
        "/t",
        "/t/%00/",
        "/t/%/_rescind",
        "/_rescind/%00",
    ] {
        let answer = world.send(Ask::post(path)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    check_unharmed(&world).await;
}

#[tokio::test]
async fn methods_that_nobody_knows() {
    for method in ["OPTIONS", "HEAD", "PATCH", "TRACE", "PURGE", "post"] {
        check("a method", |path| Ask::new(method, path)).await;
    }
}

#[tokio::test]
async fn a_body_up_to_the_limit_is_read_and_one_over_it_is_refused() {
    let world = World::start("rfc7009").await;
    for (length, status) in [(LONGEST_BODY, 401), (LONGEST_BODY + 1, 413)] {
        let answer = world
            .send(Ask::post("/oauth2/revoke").body(FORM, vec![b'x'; length]))
            .await;
        assert_eq!(answer.status, status, "{length} bytes");
    }
    check_unharmed(&world).await;
}

#[tokio::test]
async fn a_large_header_is_read() {
    let world = World::start("rfc7009").await;
    let large = "x".repeat(64 << 10);
    let ask = Ask::post("/oauth2/revoke")
        .bearer(&large)
        .header("x-large", &large);
    assert_eq!(world.send(ask).await.status, 401);
    check_unharmed(&world).await;
}

/// What the first line of the answer to some bytes says; nothing if the provider only hangs up.
async fn check_raw(world: &World, bytes: &[u8], status: &str) {
    let answer = send_raw(world.provider.address(), bytes).await;
    let first = answer.lines().next().unwrap_or_default();
    assert_eq!(
        first.get(9..12).unwrap_or_default(),
        status,
        "{}",
        bytes.escape_ascii()
    );
    check_unharmed(world).await;
}

#[tokio::test]
async fn bytes_that_are_no_request() {
    let world = World::start("rfc7009").await;
    let mut many_headers = b"GET / HTTP/1.1\r\n".to_vec();
    many_headers.extend(b"a: b\r\n".repeat(101));
    many_headers.extend(b"\r\n");
    for (bytes, status) in [
        (&b"\0\0\0\0\r\n\r\n"[..], "400"),
        (
            b"POST /oauth2/revoke HTTP/1.1\r\nauthorization: Basic \0\r\n\r\n",
            "400",
        ),
        (b"GET /user\0info HTTP/1.1\r\n\r\n", "400"),
        (b"GET /\xff HTTP/1.1\r\n\r\n", "400"),
        (b"GET / HTTP/9.9\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", "400"),
        (
            b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "400",
        ),
        (&many_headers, "431"),
    ] {
        check_raw(&world, bytes, status).await;
    }
    assert_eq!(world.noteworthy(), [""; 0]);
}

#[tokio::test]
async fn header_values_that_are_no_text() {
    let world = World::start("rfc7009").await;
    for header in [
        "authorization: Basic",
        "authorization: Bearer",
        "content-type:",
        "x-anything:",
    ] {
        let mut bytes = format!(
            "POST /oauth2/revoke HTTP/1.1\r\nconnection: close\r\ncontent-length: 1\r\n{header} "
        )
        .into_bytes();
        bytes.extend(b"\xff\xfe\x80\r\n\r\nx");
        check_raw(&world, &bytes, "401").await;
    }
}

#[tokio::test]
async fn request_targets_that_are_no_paths() {
    let world = World::start("rfc7009").await;
    for (target, status) in [
        ("OPTIONS *", "404"),
        ("CONNECT localhost:1", "404"),
        ("GET http://elsewhere.example/userinfo", "401"),
        ("GET http://elsewhere.example", "404"),
        ("GET *", "404"),
    ] {
        let bytes = format!("{target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        check_raw(&world, bytes.as_bytes(), status).await;
    }
}

#[tokio::test]
async fn a_secret_in_every_odd_place_ends_nothing() {
    let world = World::start("rfc7009").await;
    let token = access(&world.ada);
    for ask in [
        Ask::post("/oauth2/revoke")
            .basic_pair(&format!("{token}:{token}"))
            .form(&[(token, token)]),
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .json(&json!({ "token": [token] })),
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .form(&[("token[]", token)]),
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .form(&[("TOKEN", token)]),
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .form(&[("token", &format!(" {token}"))]),
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .form(&[("token", &format!("{token}\0"))]),
    ] {
        assert!(world.send(ask).await.status < 500);
        assert_eq!(world.noteworthy(), [""; 0]);
    }
}
