//! Running the program, and target files made for a test.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rescind_model::event::Report;
use rescind_model::profile::Profile;
use rescind_model::source::SourceFile;
use rescind_model::verdict::Verdict;
use serde_json::Value;
use tokio::io::AsyncBufReadExt as _;

/// The key of a service that [`serve`] has started.
pub const KEY: &str = "ak_a-key-for-this-test";
/// What it seals secrets with.
pub const ENCRYPTION_KEY: &str = "dE3Yk9vQ2mXf8LwZr0TnBc5HsJ7uPa1GiKoVx4MqNlU=";

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The program with arguments, in an environment without a key.
pub fn rescind(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rescind"));
    command
        .args(arguments)
        .env_remove("RESCIND_API_KEY")
        // A test says itself when it stands for continuous integration.
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITHUB_STEP_SUMMARY")
        .env_remove("RESCIND_ENCRYPTION_KEY")
        .env_remove("RESCIND_API_KEYS")
        .env_remove("RESCIND_CONTROL_KEY")
        .env_remove("RESCIND_PUBLIC_URL")
        .env("NO_COLOR", "1");
    command
}

/// What a program printed and exited with.
pub struct Finished {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Finished {
    rescind(arguments)
        .output()
        .expect("the program starts")
        .into()
}

/// The reference service on a database file, once it listens. It ends when it is dropped.
pub async fn serve(database: &Path, log: Stdio) -> (tokio::process::Child, SocketAddr) {
    let mut command = tokio::process::Command::from(rescind(&["serve", "--listen", "127.0.0.1:0"]));
    let mut child = command
        .arg("--database")
        .arg(database)
        .args(["--dispatch-timeout", "2"])
        .env("RESCIND_API_KEY", KEY)
        .env("RESCIND_ENCRYPTION_KEY", ENCRYPTION_KEY)
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let output = child.stdout.take().expect("it has a standard output");
    let mut line = String::new();
    let read = tokio::io::BufReader::new(output).read_line(&mut line).await;
    read.expect("a line");
    let address = line
        .trim()
        .strip_prefix("listening on http://")
        .expect("the ready line")
        .parse();
    (child, address.expect("an address"))
}

/// A profile of `fixtures/providers`.
pub fn profile(name: &str) -> Arc<Profile> {
    let path = root()
        .join("fixtures/providers")
        .join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).expect("the profile is there");
    let source = SourceFile::new(path.display().to_string(), text);
    Arc::new(Profile::parse(&source).expect("the profile is valid"))
}

/// The first line of a program's output that has a text in it. What it says later is read, too, so
/// that it can go on.
pub fn first_line_with(child: &mut Child, text: &str) -> String {
    let mut reader = BufReader::new(child.stdout.take().expect("it has a standard output"));
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        let read = reader.read_line(&mut line).expect("a line");
        assert!(read > 0, "it ended before it said `{text}`");
    }
    std::thread::spawn(move || reader.read_to_string(&mut String::new()));
    line
}

/// Runs `check` with a JSON report.
pub fn check(folder: &Path, arguments: &[&str]) -> (Finished, Report) {
    let path = folder.join("report.json");
    let report = format!("json={}", path.display());
    let finished = run(&[&["check", "--report", report.as_str()], arguments].concat());
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("no report ({error}): {}", finished.stderr));
    (
        finished,
        serde_json::from_str(&text).expect("the report is of its type"),
    )
}

/// That nothing but an interleaving which a target never comes to could not be judged: that is the
/// harness's to tell, and no finding.
pub fn only_races_are_spoiled(report: &Report) {
    for check in &report.checks {
        let staged = ["connected-accounts/races/", "connected-accounts/crashes/"];
        let is_staged = staged
            .iter()
            .any(|folder| check.scenario.starts_with(folder));
        let spoiled = check.verdict == Verdict::HarnessError;
        assert!(
            !spoiled || is_staged,
            "{}: {}",
            check.scenario,
            check.message
        );
    }
}

/// The reference target's file with texts replaced; each must be there. It names no snapshots:
/// they are those of the file where it lies.
pub fn reference_target(replacements: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(root().join("fixtures/targets/reference.toml"))
        .expect("the file is there")
        .replace("snapshots = \"../snapshots/reference\"\n", "");
    for (from, to) in replacements {
        assert!(text.contains(from), "the reference target has no `{from}`");
        text = text.replace(from, to);
    }
    text
}

/// Writes a target file. Returns its path.
pub fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("the folder can be written to");
    path.to_string_lossy().into_owned()
}

/// Does something so many times, a few at once: most of a run is waiting.
pub fn many_times(count: usize, what: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    what(number);
                }
            });
        }
    });
}

/// Every file below a folder, with its bytes.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("the folder is there") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("readable");
                let below = path.strip_prefix(folder).expect("it is below").to_owned();
                found.insert(below, bytes);
            }
        }
    }
    found
}

/// A report without what may differ from run to run.
pub fn without_what_varies(report: &Report) -> Value {
    let mut value = serde_json::to_value(report).expect("a report is JSON");
    value["run"]["seed"] = Value::Null;
    value["summary"]["duration_ms"] = Value::Null;
    value
}
