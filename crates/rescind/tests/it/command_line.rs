//! What the program prints and exits with.

use crate::support::{Finished, check, reference_target, rescind, root, run, write};

#[test]
fn help_names_the_exit_codes() {
    let finished = run(&["--help"]);
    assert_eq!(finished.code, 0);
    insta::assert_snapshot!(finished.stdout);
}

#[test]
fn an_unknown_option_is_a_usage_error() {
    assert_eq!(run(&["check", "--no-such-option"]).code, 2);
    assert_eq!(run(&["check", "--report", "json="]).code, 2);
    assert_eq!(run(&["check", "--report", "json"]).code, 2);
}

#[test]
fn an_unknown_report_format_names_those_that_there_are() {
    let finished = run(&["check", "--report", "pdf=x"]);
    assert_eq!(finished.code, 2);
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn two_reports_for_one_place_are_a_usage_error() {
    let finished = run(&["check", "--report", "json=-", "--report", "junit=-"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn a_selection_that_names_nothing_is_never_green() {
    let finished = run(&["check", "connected-accounts/succes/both-killed"]);
    assert_eq!(finished.code, 4);
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn a_run_without_scenarios_is_never_green() {
    let folder = tempfile::tempdir().expect("a folder");
    let finished = run(&[
        "check",
        "--only-own-scenarios",
        "--scenarios",
        &folder.path().to_string_lossy(),
    ]);
    assert_eq!(finished.code, 4);
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn a_run_that_leaves_a_must_unjudged_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = std::fs::read_to_string(
        root().join("scenarios/connected-accounts/success/both-killed.toml"),
    )
    .expect("the scenario is there");
    write(folder.path(), "alone.toml", &scenario);
    let finished = run(&[
        "check",
        "--only-own-scenarios",
        "--scenarios",
        &folder.path().to_string_lossy(),
    ]);
    assert_eq!(finished.code, 1, "{}", finished.stdout);
    assert!(
        finished
            .stdout
            .contains("not judged, which fails a full run: "),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_mistake_in_a_file_is_underlined_and_nothing_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = write(
        folder.path(),
        "target.toml",
        &reference_target(&[("[limits]", "[limit]")]),
    );
    let finished = run(&["check", "--target", &target]);
    assert_eq!((finished.code, finished.stdout.as_str()), (3, ""));
    insta::assert_snapshot!(
        finished
            .stderr
            .replace(&*folder.path().to_string_lossy(), "FOLDER")
    );
}

#[test]
fn a_file_that_is_not_there_is_a_configuration_error() {
    let finished = run(&["check", "--target", "no-such-file.toml"]);
    assert_eq!(finished.code, 3);
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn a_report_that_cannot_be_written_is_said_before_anything_runs() {
    let finished = run(&[
        "check",
        "--report",
        "json=/no-such-folder/report.json",
        "connected-accounts/success/both-killed",
    ]);
    assert_eq!((finished.code, finished.stdout.as_str()), (3, ""));
    insta::assert_snapshot!(finished.stderr);
    let folder = tempfile::tempdir().expect("a folder");
    let report = format!("json={}", folder.path().display());
    let finished = run(&["check", "--report", &report]);
    assert_eq!(finished.code, 3);
    assert!(finished.stderr.contains("that is a folder"));
}

#[test]
fn lists() {
    for what in [
        "scenarios",
        "profiles",
        "requirements",
        "defects",
        "variants",
        "checks",
    ] {
        let finished = run(&["list", what]);
        assert_eq!(finished.code, 0);
        assert!(
            finished.stdout.lines().count() >= 8,
            "{what}: {}",
            finished.stdout
        );
    }
    insta::assert_snapshot!(run(&["list", "profiles"]).stdout);
}

#[test]
fn sets_are_listed_and_chosen_by_name() {
    insta::with_settings!({ filters => vec![(r"\d+ (requirements|of)", "N $1")] }, {
        insta::assert_snapshot!(run(&["list", "sets"]).stdout);
    });
    let later = run(&[
        "list",
        "requirements",
        "--set",
        "connected-accounts-2026-09",
    ]);
    assert_eq!(later.code, 0, "{}", later.stderr);
    let own = |line: &str| line.starts_with("CA-DELETE-REVOKES");
    assert!(later.stdout.lines().any(own), "{}", later.stdout);
    let earlier = run(&["list", "requirements"]);
    assert!(!earlier.stdout.lines().any(own), "{}", earlier.stdout);
}

#[test]
fn an_unknown_set_names_the_nearest() {
    let finished = run(&["check", "--set", "connected-acounts-2026-09"]);
    assert_eq!(finished.code, 2);
    insta::assert_snapshot!(finished.stderr);
    assert_eq!(run(&["list", "requirements", "--set", "nothing"]).code, 2);
}

#[test]
fn a_token_in_a_read_is_only_a_warning_by_the_earlier_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = reference_target(&[("\"serve\"", "\"serve\", \"--defect\", \"token-in-read\"")]);
    let target = write(folder.path(), "target.toml", &target);
    let case = "connected-accounts/siblings/another-users-account";
    let by_set = |set: &str| {
        let (finished, report) = check(folder.path(), &["--target", &target, "--set", set, case]);
        assert_eq!(report.set, set);
        finished.code
    };
    assert_eq!(by_set("connected-accounts-2026-05-12"), 0);
    assert_eq!(by_set("connected-accounts-2026-09"), 1);
}

#[test]
fn a_failure_explains_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = write(
        folder.path(),
        "target.toml",
        &reference_target(&[(
            "\"serve\"",
            "\"serve\", \"--defect\", \"access-token-only\"",
        )]),
    );
    let finished = run(&[
        "check",
        "--seed",
        "fixed",
        "--target",
        &target,
        "connected-accounts/success/both-killed",
    ]);
    assert_eq!(finished.code, 1);
    let filters = vec![
        (r"ca_[0-9A-Za-z]{12}", "ca_ID"),
        (r"req_[0-9A-Za-z]{12}", "req_ID"),
        (r"127\.0\.0\.1:\d+", "ADDRESS"),
        (r"date: .*", "date: DATE"),
        (r"expires = .*", "expires = DATE"),
        (r"in \d+\.\d+ s", "in TIME"),
    ];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(finished.stdout);
    });
}

/// What `serve` says to these keys, which it must not serve with.
fn refused_keys(variable: Option<&str>, file: Option<&str>, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys");
    let path = path.to_string_lossy();
    let mut command = rescind(&[&["serve"], arguments].concat());
    if let Some(text) = variable {
        command.env("RESCIND_API_KEYS", text);
    }
    if let Some(text) = file {
        write(folder.path(), "keys", text);
        command.args(["--api-keys-file", &*path]);
    }
    let finished = Finished::from(command.output().expect("the program starts"));
    assert_eq!((finished.code, finished.stdout.as_str()), (3, ""));
    assert!(!finished.stderr.contains("ak_"), "{}", finished.stderr);
    finished.stderr.replace(&*path, "FILE")
}

#[test]
fn mistakes_in_keys_are_configuration_errors_that_show_no_key() {
    let answers = [
        refused_keys(None, None, &[]),
        refused_keys(None, None, &["--api-key", ""]),
        refused_keys(Some("shop:read:ak_1 ak_2"), None, &[]),
        refused_keys(Some("shop:owner:ak_1"), None, &[]),
        refused_keys(None, Some("shop:read:ak_1\nshop:write:ak_1\n"), &[]),
        refused_keys(Some("shop:read:ak_1"), Some("yard:write:ak_1"), &[]),
        refused_keys(Some("shop:read:ak_1"), None, &["--api-key", "ak_1"]),
        refused_keys(None, None, &["--api-keys-file", "no-such-file"]),
    ];
    insta::assert_snapshot!(answers.concat());
}

#[test]
fn a_public_url_that_is_none_is_a_configuration_error() {
    let finished = run(&["serve", "--api-key", "x", "--public-url", "connect.test"]);
    assert_eq!(finished.code, 3);
    assert!(
        finished.stderr.contains("public URL"),
        "{}",
        finished.stderr
    );
    assert!(finished.stderr.contains("--public-url"));
}

#[test]
fn an_unknown_defect_names_the_nearest() {
    let finished = run(&["serve", "--api-key", "x", "--defect", "revoke-is-locale"]);
    assert_eq!(finished.code, 2);
    insta::assert_snapshot!(finished.stderr);
}

#[test]
fn a_database_in_a_file_wants_a_key_that_is_one_and_is_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("service.db");
    let key_file = write(folder.path(), "key", "hunter2-hunter2-hunter2");
    let serve = |more: &[&str]| {
        let database = database.to_string_lossy();
        let arguments = [
            &["serve", "--api-key", "ak_1", "--database", &database],
            more,
        ]
        .concat();
        let finished = run(&arguments);
        assert_eq!(finished.code, 3, "{}", finished.stderr);
        assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
        let place = folder.path().to_string_lossy();
        finished.stderr.replace(&*place, "FOLDER")
    };
    let problems = [
        serve(&[]),
        serve(&["--encryption-key-file", &key_file]),
        serve(&["--encryption-key-file", &format!("{key_file}.missing")]),
    ];
    insta::assert_snapshot!(problems.join("---\n"));
}

#[test]
fn an_unknown_variant_names_the_nearest_and_none_goes_with_a_defect() {
    let finished = run(&["serve", "--api-key", "x", "--variant", "list-revrsed"]);
    assert_eq!(finished.code, 2);
    insta::assert_snapshot!(finished.stderr);
    let both = ["--variant", "slow", "--defect", "listed-twice"];
    let finished = run(&[&["serve", "--api-key", "x"], &both[..]].concat());
    assert_eq!(finished.code, 2);
    assert!(
        finished.stderr.contains("cannot be used with"),
        "{}",
        finished.stderr
    );
}

#[test]
fn every_variant_names_a_row_of_the_contract() {
    // The later set has every row.
    let rows = run(&[
        "list",
        "requirements",
        "--set",
        "connected-accounts-2026-09",
    ])
    .stdout;
    for variant in rescind_service::Variant::ALL {
        let names_it = |line: &str| line.split(' ').next() == Some(variant.row());
        assert!(rows.lines().any(names_it), "{variant}: {}", variant.row());
    }
}
