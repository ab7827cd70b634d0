//! `rescind provider`: it says what it imitates, and the lines that it prints work.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::support::{rescind, run};

/// A provider that runs, and what it said.
pub struct Running {
    child: Child,
    pub introduction: String,
    said: Receiver<String>,
}

impl Running {
    fn start(name: &str) -> Self {
        Self::with(&[name, "--port", "0", "--seed", "fixed"])
    }

    /// Starts it with arguments.
    pub fn with(arguments: &[&str]) -> Self {
        let mut child = rescind(&[&["provider"], arguments].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
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
        let errors = BufReader::new(child.stderr.take().expect("it has a standard error"));
        let (say, said) = sync_channel(1000);
        // Both pipes stay open, so that it can say more.
        pump(reader, say.clone());
        pump(errors, say);
        Self {
            child,
            introduction,
            said,
        }
    }

    /// What it has said since it introduced itself, up to a line that contains a text.
    pub fn says(&self, text: &str) -> String {
        let mut all = String::new();
        while !all.contains(text) {
            let line = self.said.recv_timeout(Duration::from_mins(1));
            all += &line.unwrap_or_else(|_| panic!("it never said `{text}`, but: {all}"));
            all.push('\n');
        }
        all
    }

    /// Its address, from the first line.
    pub fn address(&self) -> &str {
        let first = self.introduction.lines().next().unwrap_or_default();
        let after = first.split(" on ").nth(1).unwrap_or_default();
        after.split(' ').next().unwrap_or_default()
    }

    /// Asks it to stop. Returns what it exits with.
    pub fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.expect("a `kill`").success());
        self.child.wait().expect("it ends").code()
    }

    /// The lines for a shell.
    pub fn script(&self) -> String {
        let lines = self.introduction.lines().map(str::trim);
        lines
            .filter(|line| line.starts_with("curl") || line.starts_with("eval"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Passes every line on.
fn pump(lines: impl BufRead + Send + 'static, to: SyncSender<String>) {
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            let _ = to.send(line);
        }
    });
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status codes that the printed lines get, one after the other, of those that show them.
pub fn statuses(script: &str) -> Vec<String> {
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
