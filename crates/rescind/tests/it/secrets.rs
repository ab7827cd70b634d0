//! No token appears in any file or output of a run.

use std::path::PathBuf;
use std::sync::LazyLock;

use rescind_model::requirement::SetFiles;
use rescind_model::secret::{FingerprintKey, KnownSecret, Secret, SecretScanner};
use rescind_model::verdict::Strictness;
use rescind_model::{SourceFile, Target};
use rescind_runner::catalogue::NamedFile;
use rescind_runner::snapshots::SnapshotMode;
use rescind_runner::{Catalogue, RunOptions, Selection};
use rescind_service::Defect;

use crate::evidence::files_below;
use crate::support::{Finished, reference_target, rescind, root, write};

/// Every secret that a run of that seed makes: tokens, client secrets, keys. A run in this
/// process tells them; a token is a function of the seed and of its place, so they are the same.
fn secrets_of(seed: &str, target: &str) -> Vec<Secret> {
    let target =
        Target::parse(&SourceFile::new("target.toml", target)).expect("the target is valid");
    let known: Vec<SourceFile> = files("fixtures/requirements")
        .into_iter()
        .map(|set| set.file)
        .collect();
    let chosen = known.first().expect("there are sets").clone();
    let sets = SetFiles { chosen, known };
    let catalogue = Catalogue::load(sets, &files("fixtures/providers"), &files("scenarios"))
        .expect("the files are valid");
    let options = RunOptions {
        seed: seed.to_owned(),
        jobs: 32,
        strictness: Strictness::Strict,
        selection: Selection::default(),
        rescind: PathBuf::from(env!("CARGO_BIN_EXE_rescind")),
        environment: std::collections::BTreeMap::new(),
        ca_certificates: None,
        directory: PathBuf::from("."),
        snapshots: SnapshotMode::Ignore,
        deviations: rescind_model::deviation::AcceptedDeviations::default(),
        fail_fast: false,
        keeps_exchanges: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (events, mut receiver) = tokio::sync::mpsc::channel(64);
        let drain = tokio::spawn(async move { while receiver.recv().await.is_some() {} });
        let outcome = rescind_runner::run(&catalogue, &target, &options, &events)
            .await
            .expect("the run ends");
        drop(events);
        drain.await.expect("nothing panicked");
        outcome.secrets
    })
}

fn files(folder: &str) -> Vec<NamedFile> {
    fn walk(root: &std::path::Path, folder: &std::path::Path, found: &mut Vec<NamedFile>) {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path
                    .strip_prefix(root)
                    .expect("below")
                    .with_extension("")
                    .to_string_lossy()
                    .into_owned();
                let text = std::fs::read_to_string(&path).expect("text");
                found.push(NamedFile {
                    file: SourceFile::new(name.clone(), text),
                    name,
                });
            }
        }
    }
    let mut found = Vec::new();
    let folder = root().join(folder);
    walk(&folder, &folder, &mut found);
    found
}

const SEED: &str = "a seed that a test knows";

/// A scanner for all of them, whole or in part. Made once: they are the same whatever the target
/// does with them.
static SCANNER: LazyLock<SecretScanner> = LazyLock::new(|| {
    let secrets = secrets_of(SEED, &reference_target(&[]));
    assert!(
        secrets.len() > 300,
        "only {} secrets: the test would look for nothing",
        secrets.len()
    );
    let mut scanner = SecretScanner::new(FingerprintKey::of_seed("test"));
    for secret in secrets {
        // A fixed prefix is no secret, and all that the profiles have is shorter than this.
        scanner.add(KnownSecret {
            kind: "secret".into(),
            prefix_length: 5.min(secret.expose().len()),
            secret,
        });
    }
    scanner
});

/// Runs the suite with a seed, and looks for its secrets in everything that comes out.
fn check(defect: Option<&str>) {
    let folder = tempfile::tempdir().expect("a folder");
    let serve = defect.map_or_else(
        || "\"serve\"".to_owned(),
        |name| format!("\"serve\", \"--defect\", \"{name}\""),
    );
    let target = reference_target(&[("\"serve\"", &serve)]);
    let path = write(folder.path(), "target.toml", &target);
    let formats = ["json", "ndjson", "junit", "github", "markdown"];
    let reports = formats.map(|format| format!("{format}=report.{format}"));
    let mut command = rescind(&["check", "--strict", "--seed", SEED, "--target", &path]);
    for report in &reports {
        command.args(["--report", report]);
    }
    let finished: Finished = command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "summary.md")
        .current_dir(folder.path())
        .output()
        .expect("the program starts")
        .into();
    assert_eq!(
        finished.code,
        i32::from(defect.is_some()),
        "{}",
        finished.stderr
    );
    let mut outputs = vec![
        ("standard output".to_owned(), finished.stdout),
        ("standard error".to_owned(), finished.stderr),
    ];
    for entry in std::fs::read_dir(folder.path()).expect("the folder is there") {
        let path = entry.expect("readable").path();
        outputs.push((
            path.display().to_string(),
            String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned(),
        ));
    }
    // Both streams, the target file, every report, the job summary.
    assert_eq!(outputs.len(), 2 + 1 + formats.len() + 1);
    for (name, text) in outputs {
        let leaks = SCANNER.find(&text);
        assert!(
            leaks.is_empty(),
            "{name} with {defect:?} shows {} parts of secrets",
            leaks.len()
        );
    }
}

#[test]
fn a_clean_run_shows_no_secret() {
    check(None);
}

#[test]
fn a_run_with_findings_shows_no_secret() {
    // Those whose evidence is full of them: wrong encodings, wrong places, echoes.
    for defect in [
        Defect::TokenInLog,
        Defect::TokenInError,
        Defect::TokenInRead,
        Defect::TokenInUrl,
        Defect::GetWithQuery,
        Defect::TokenNotEncoded,
        Defect::CredentialsTwice,
        Defect::FirstClientWins,
        Defect::WholeUserDisconnected,
    ] {
        check(Some(defect.name()));
    }
}

#[test]
fn what_is_kept_of_every_case_shows_no_secret() {
    let selected = "connected-accounts/secrets";
    let folder = tempfile::tempdir().expect("a folder");
    // Its answers and its log repeat what a provider says, which repeats what it is sent.
    let defect = Defect::TokenInError.name();
    let serve = format!("\"serve\", \"--defect\", \"{defect}\"");
    let target = reference_target(&[("\"serve\"", &serve)]);
    let path = write(folder.path(), "target.toml", &target);
    let evidence = folder.path().join("evidence");
    let finished: Finished = rescind(&["check", selected, "--seed", SEED, "--target", &path])
        .arg("--evidence")
        .arg(&evidence)
        .output()
        .expect("the program starts")
        .into();
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let files = files_below(&evidence);
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        assert!(text.contains("‹access_token "), "{}", file.display());
        assert_eq!(SCANNER.find(&text), [], "{}", file.display());
    }
    let case = "connected-accounts/secrets/provider-echoes-with-400@rfc7009";
    let replayed = Finished::from(
        rescind(&["replay", case, "--seed", SEED, "--target", &path])
            .output()
            .expect("the program starts"),
    );
    assert_eq!(replayed.code, 1, "{}", replayed.stderr);
    assert!(replayed.stdout.contains("‹access_token "));
    assert_eq!(SCANNER.find(&replayed.stdout), []);
}
