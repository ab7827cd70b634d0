//! Running the program, and target files made for a test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use rescind_model::event::Report;

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
        .env_remove("RESCIND_ENCRYPTION_KEY")
        .env_remove("RESCIND_API_KEYS")
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
