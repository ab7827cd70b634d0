//! Whether the benchmark works, and what shape its JSON has; never how fast anything is.

use std::process::Command;

#[test]
fn a_quick_run_prints_a_table_and_writes_json() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let ledger_server = env!("CARGO_BIN_EXE_ledger-server");
    // `rescind` is another package's and may not be built; the ledger server is called as it is.
    let output = Command::new(env!("CARGO_BIN_EXE_rescind-benches"))
        .args([
            "--quick",
            "--rescind",
            ledger_server,
            "--ledger-server",
            ledger_server,
        ])
        .args(["--bare-server", env!("CARGO_BIN_EXE_bare-server"), "--json"])
        .arg(&json)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(
        table.starts_with("| measured | figure | target | |\n"),
        "{table}"
    );

    let text = std::fs::read_to_string(&json).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["schema"], "rescind.benchmark/1");
    assert_eq!(report["plan"]["large_ledger"], 1000);
    let figures = report["figures"].as_array().unwrap();
    let quantities: Vec<&str> = figures
        .iter()
        .map(|figure| figure["quantity"].as_str().unwrap())
        .collect();
    let expected = [
        "revoke_rate",
        "revoke_processor",
        "refresh_rate",
        "refresh_processor",
        "start",
        "idle",
        "grant",
        "large_rate",
        "large_processor",
    ];
    assert_eq!(quantities, expected);
    for figure in figures {
        assert!(figure["figure"].is_number(), "{figure}");
        assert_eq!(
            figure["holds"].is_boolean(),
            figure["target"].is_object(),
            "{figure}"
        );
        assert!(table.contains(figure["title"].as_str().unwrap()));
    }
    assert!(report["information"]["bare_per_second"].is_number());
}

#[test]
fn a_server_that_is_not_there_is_an_error_that_names_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_rescind-benches"))
        .args([
            "--quick",
            "--rescind",
            "no-such-program",
            "--ledger-server",
            "neither",
        ])
        .args(["--bare-server", env!("CARGO_BIN_EXE_bare-server")])
        .output()
        .unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("error: no-such-program cannot be started"),
        "{errors}"
    );
    assert!(errors.contains("hint: "), "{errors}");
}
