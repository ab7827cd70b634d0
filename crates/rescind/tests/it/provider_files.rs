//! `rescind provider` from files: a configuration that is followed, certificates, addresses.

use std::path::Path;
use std::process::Command;

use crate::provider::{Running, statuses};
use crate::support::{root, run, write};

/// What curl prints of a request: the status, and the header and body that matter here.
fn curl(arguments: &[&str]) -> String {
    let shown = "%{http_code} %header{location}";
    let output = Command::new("curl")
        .args(["-s", "-w", shown])
        .args(arguments)
        .output()
        .expect("a curl");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn revoke(address: &str) -> String {
    curl(&[
        "-o",
        "/dev/null",
        "-X",
        "POST",
        &format!("{address}/revoke?token=x"),
    ])
}

fn control(address: &str, operation: &str) -> String {
    curl(&[&format!("{address}/_rescind/{operation}")])
}

/// Replaces a file as an editor does: a reader sees the old one or the new one.
fn replace(folder: &Path, name: &str, text: &str) {
    let new = write(folder, &format!("{name}.new"), text);
    std::fs::rename(new, folder.join(name)).expect("it can be renamed");
}

const BEGINNING: &str = r#"
profile = "google"
seed = "fixed"
consent = { allow = "ada" }

[[client]]
name = "main"
redirect_uris = ["http://127.0.0.1:3000/callback"]

[[grant]]
user = "ada"

[[fault]]
endpoint = "revocation"
answer = { status = 503 }
"#;

#[test]
fn it_begins_with_what_its_configuration_states() {
    let folder = tempfile::tempdir().expect("a folder");
    let further = r#"
[[tenant]]
name = "acme"
profile = "rfc7009"

[[tenant]]
name = "other"
profile = "dropbox"
at = "port"
"#;
    let config = write(
        folder.path(),
        "provider.toml",
        &format!("{BEGINNING}{further}"),
    );
    let provider = Running::with(&["--config", &config]);
    let address = provider.address();
    assert!(
        provider
            .introduction
            .starts_with("Google on http://127.0.0.1:")
    );
    assert!(provider.introduction.contains("(seed fixed)"));
    assert_eq!(revoke(address), "503 ");
    let ledger = control(address, "ledger");
    assert_eq!(ledger.matches(r#""user":"ada""#).count(), 1, "{ledger}");
    // A client that mints is `main`, whose browser may go back to one place only.
    let minted = curl(&["-X", "POST", &format!("{address}/_rescind/grants")]);
    let client_id = minted.split("client_id\":\"").nth(1).expect("an id");
    let client_id = client_id.split('"').next().expect("its end");
    let authorize = |redirect_uri: &str| {
        let url = format!(
            "{address}/o/oauth2/v2/auth?response_type=code&client_id={client_id}&redirect_uri={redirect_uri}"
        );
        curl(&["-o", "/dev/null", &url])
    };
    let back = authorize("http://127.0.0.1:3000/callback");
    assert!(
        back.contains(" http://127.0.0.1:3000/callback?code="),
        "{back}"
    );
    assert_eq!(authorize("http://elsewhere.test/callback"), "400 ");
    assert!(control(&format!("{address}/t/acme"), "ledger").ends_with("200 "));
    let said = provider.says("other: Dropbox on http://127.0.0.1:");
    let further = format!(
        "acme: Plain RFC 7009 on {address}/t/acme; its control API is at {address}/t/acme/_rescind"
    );
    assert!(said.contains(&further), "{said}");
    assert_eq!(provider.stop(), Some(0));
}

#[test]
fn what_is_typed_goes_before_what_the_configuration_states() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "profile = \"google\"\nseed = \"fixed\"\npublic_url = \"http://stated.test\"\n";
    let config = write(folder.path(), "provider.toml", text);
    let arguments = ["dropbox", "--config", &config, "--seed", "typed"];
    let public = ["--public-url", "http://typed.test:8080"];
    let provider = Running::with(&[&arguments[..], &public[..]].concat());
    let first = provider.introduction.lines().next();
    assert_eq!(
        first,
        Some("Dropbox on http://typed.test:8080 (seed typed)")
    );
    let lines = provider.script();
    assert!(
        lines.contains("'http://typed.test:8080/_rescind/grants?format=shell'"),
        "{lines}"
    );
}

#[test]
fn it_follows_its_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = write(folder.path(), "provider.toml", BEGINNING);
    let provider = Running::with(&["--config", &config, "--watch"]);
    let address = provider.address();
    assert_eq!(revoke(address), "503 ");

    // Another fault: what happened stays.
    replace(
        folder.path(),
        "provider.toml",
        &BEGINNING.replace("503", "429"),
    );
    provider.says("google: its grants and journal stay");
    assert_eq!(revoke(address), "429 ");
    assert!(control(address, "journal").contains(r#""received":2"#));

    // A mistake: everything stays.
    replace(
        folder.path(),
        "provider.toml",
        &BEGINNING.replace("consent", "consents"),
    );
    let said = provider.says("the provider goes on as it was");
    assert!(
        said.contains("unknown key `consents`") && said.contains("^^^^^^^^"),
        "{said}"
    );
    assert!(said.contains("did you mean `consent`?"), "{said}");
    assert_eq!(revoke(address), "429 ");

    // A further one comes, and what cannot change is said.
    let further = "\n[[tenant]]\nname = \"acme\"\nprofile = \"rfc7009\"\n";
    let moved = BEGINNING.replace("\"fixed\"", "\"another\"");
    replace(folder.path(), "provider.toml", &format!("{moved}{further}"));
    let said = provider.says("read again");
    assert!(said.contains("start it again to change that"), "{said}");
    assert!(
        said.contains("google: its grants and journal stay; acme: new, on http"),
        "{said}"
    );
    let below = format!("{address}/t/acme");
    assert!(control(&below, "ledger").ends_with("200 "));

    // Another profile: that tenant begins anew, and the further one is gone.
    let another = BEGINNING
        .replace("\"google\"", "\"rfc7009\"")
        .replace("503", "500");
    replace(folder.path(), "provider.toml", &another);
    let said = provider.says("read again");
    assert!(
        said.contains("google: gone; acme: gone; rfc7009: new, on http"),
        "{said}"
    );
    assert!(control(&below, "ledger").ends_with("404 "));
    assert!(control(address, "journal").contains(r#""received":0"#));
    assert!(control(address, "ledger").contains(r#""user":"ada""#));
    assert_eq!(provider.stop(), Some(0));
}

#[test]
fn it_follows_a_profile_of_ones_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = root().join("fixtures/providers/google.toml");
    let text = std::fs::read_to_string(profile).expect("it is there");
    let path = write(folder.path(), "mine.toml", &text);
    let provider = Running::with(&["--profile-file", &path, "--watch"]);
    let address = provider.address();
    assert_eq!(revoke(address), "400 ");
    let changed = text.replace("\"/revoke\"", "\"/revocation\"");
    assert!(changed != text);
    replace(folder.path(), "mine.toml", &changed);
    provider.says("mine: new, on http");
    assert_eq!(revoke(address), "404 ");
}

#[test]
fn the_printed_lines_work_by_tls_for_whoever_trusts_the_ca() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("the ca's.pem");
    let ca = ca.to_str().expect("a path");
    let provider = Running::with(&["rfc7009", "--tls", "--tls-ca-out", ca]);
    assert!(provider.address().starts_with("https://127.0.0.1:"));
    assert_eq!(statuses(&provider.script()), ["200", "200", "200", "401"]);
    let said = provider.says("REQUESTS_CA_BUNDLE");
    assert!(said.contains("it holds for this run only"), "{said}");
    let written = std::fs::read_to_string(ca).expect("it is written");
    assert!(written.starts_with("-----BEGIN CERTIFICATE-----") && !written.contains("KEY"));
    // Whoever does not trust it does not get through; nor does plain HTTP.
    let index = format!("{}/_rescind", provider.address());
    assert_eq!(curl(&[&index]), "000 ");
    assert_eq!(curl(&[&index.replace("https:", "http:")]), "000 ");
    assert_eq!(provider.stop(), Some(0));
}

#[test]
fn with_a_key_its_control_api_is_for_who_has_it_and_it_may_listen_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = write(folder.path(), "the key", "a-key-of-one-test\n");
    let arguments = [
        "rfc7009",
        "--listen",
        "0.0.0.0:0",
        "--control-key-file",
        &key,
    ];
    let provider = Running::with(&arguments);
    assert!(provider.address().starts_with("http://127.0.0.1:"));
    assert!(!provider.introduction.contains("a-key-of-one-test"));
    assert_eq!(statuses(&provider.script()), ["200", "200", "200", "401"]);
    assert!(control(provider.address(), "ledger").ends_with("401 "));
}

#[test]
fn a_request_that_is_never_answered_does_not_keep_it_from_stopping() {
    let folder = tempfile::tempdir().expect("a folder");
    let hanging = BEGINNING.replace("answer = { status = 503 }", "hang = {}");
    let config = write(folder.path(), "provider.toml", &hanging);
    let provider = Running::with(&["--config", &config]);
    let url = format!("{}/revoke?token=x", provider.address());
    let client = Command::new("curl")
        .args(["-s", "-X", "POST", &url])
        .spawn();
    let mut client = client.expect("a curl");
    // The request has come once the journal has it.
    let came =
        (0..10_000).any(|_| control(provider.address(), "journal").contains(r#""received":1"#));
    assert!(came);
    assert_eq!(provider.stop(), Some(0));
    assert!(!client.wait().expect("it ends").success());
}

/// Runs it to its end, which must come at once.
fn check_refusal(arguments: &[&str], code: i32, says: &[&str]) {
    let finished = run(&[&["provider"], arguments].concat());
    assert_eq!(finished.code, code, "{}", finished.stderr);
    for text in says {
        assert!(
            finished.stderr.contains(text),
            "`{text}`: {}",
            finished.stderr
        );
    }
}

#[test]
fn what_is_not_ready_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| write(folder.path(), name, text);
    check_refusal(
        &[],
        2,
        &["a provider without a profile", "rescind provider google"],
    );
    check_refusal(
        &["google", "--watch"],
        2,
        &["without a file to watch", "--config FILE"],
    );
    check_refusal(
        &["google", "--public-url", "x"],
        2,
        &["begins with `http://`"],
    );
    check_refusal(&["google", "--tls-key", "x"], 2, &["--tls-certificate"]);
    check_refusal(
        &["google", "--listen", "192.0.2.1:0"],
        3,
        &["not a loopback address", "state a control key"],
    );
    let gone = folder.path().join("gone.toml");
    let gone = gone.to_str().expect("a path");
    check_refusal(
        &["--config", gone],
        3,
        &["cannot be read", "check the path"],
    );
    let unknown = file("unknown.toml", "profile = \"gogle\"\n");
    check_refusal(
        &["--config", &unknown],
        3,
        &[
            "there is no profile `gogle`",
            "unknown.toml:1:11",
            "did you mean `google`?",
        ],
    );
    let empty = file("empty.pem", "");
    check_refusal(
        &["google", "--tls-certificate", &empty, "--tls-key", &empty],
        3,
        &["empty.pem` holds no certificate", "BEGIN CERTIFICATE"],
    );
    check_refusal(
        &["google", "--control-key-file", &empty],
        3,
        &["empty.pem: the key is empty", "openssl rand"],
    );
    let nowhere = folder.path().join("no/such/folder/ca.pem");
    let nowhere = nowhere.to_str().expect("a path");
    check_refusal(
        &["google", "--tls", "--tls-ca-out", nowhere],
        3,
        &["cannot be written", "a folder that is there"],
    );
    let rootless = file("rootless.toml", "consent = \"deny\"\n");
    check_refusal(
        &["--config", &rootless],
        2,
        &["a provider without a profile"],
    );
}
