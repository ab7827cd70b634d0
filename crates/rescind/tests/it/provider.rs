//! `rescind provider`: it says what it imitates, and the lines that it prints work.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::support::{rescind, run};

/// A provider that runs, and what it said.
struct Running {
    child: Child,
    introduction: String,
}

impl Running {
    fn start(name: &str) -> Self {
        let mut child = rescind(&["provider", name, "--port", "0", "--seed", "fixed"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut reader = BufReader::new(child.stdout.take().expect("it has a standard output"));
        let mut introduction = String::new();
        // The last line is the one about everything else.
        while !introduction.contains("everything else") {
            assert!(
                reader.read_line(&mut introduction).expect("a line") > 0,
                "it ended: {introduction}"
            );
        }
        // Keep the pipe open, so that it can say more.
        std::thread::spawn(move || reader.read_to_string(&mut String::new()));
        Self {
            child,
            introduction,
        }
    }

    /// The lines for a shell.
    fn script(&self) -> String {
        let lines = self.introduction.lines().map(str::trim);
        lines
            .filter(|line| line.starts_with("curl") || line.starts_with("eval"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status codes that the printed lines get, one after the other, of those that show them.
fn statuses(script: &str) -> Vec<String> {
    let output = Command::new("sh")
        .args(["-euc", script])
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // A body without a line break is followed by the next status line at once.
    text.split("HTTP/1.1 ")
        .skip(1)
        .map(|rest| rest[..3].to_owned())
        .collect()
}

fn check(name: &str, expected: &[&str]) {
    let provider = Running::start(name);
    assert_eq!(
        statuses(&provider.script()),
        expected,
        "{name}: {}",
        provider.introduction
    );
}

#[test]
fn the_printed_lines_show_what_the_profile_does() {
    // The resource before, each revocation, the resource afterwards.
    check("rfc7009", &["200", "200", "200", "401"]);
    check("no-revoke-route", &["200", "200"]);
    check("access-only", &["200", "200", "401"]);
    check("refresh-only", &["200", "200", "200"]);
    check("externally-revoked", &["200", "200", "200", "401"]);
    // The second revocation finds a dead token.
    check("google", &["200", "200", "400", "401"]);
    check("dropbox", &["200", "200", "401"]);
    check("grant-only", &["200", "200", "401"]);
    // The refresh token goes first: the access token authenticates both.
    check("self-authenticating", &["200", "200", "200", "401"]);
    // The second route finds a dead token.
    check("two-routes", &["200", "200", "200", "200", "401"]);
}

#[test]
fn it_says_what_it_imitates() {
    let provider = Running::start("google");
    insta::with_settings!({ filters => vec![(r"127\.0\.0\.1:\d+", "ADDRESS")] }, {
        insta::assert_snapshot!(provider.introduction);
    });
}

#[test]
fn it_says_who_authenticates_by_an_access_token() {
    let provider = Running::start("self-authenticating");
    insta::with_settings!({ filters => vec![(r"127\.0\.0\.1:\d+", "ADDRESS")] }, {
        insta::assert_snapshot!(provider.introduction);
    });
}

#[test]
fn it_says_how_far_each_of_two_routes_reaches() {
    let provider = Running::start("two-routes");
    insta::with_settings!({ filters => vec![(r"127\.0\.0\.1:\d+", "ADDRESS")] }, {
        insta::assert_snapshot!(provider.introduction);
    });
}

#[test]
fn an_unknown_profile_names_the_nearest() {
    let finished = run(&["provider", "gogle"]);
    assert_eq!(finished.code, 3);
    insta::assert_snapshot!(finished.stderr);
}
