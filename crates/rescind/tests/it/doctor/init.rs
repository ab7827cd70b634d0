//! `rescind init`: what it writes is ready, or says what is to be filled in.

use std::path::Path;

use crate::hostile_targets::{KEY, service};
use crate::support::{Finished, rescind, run, write};

fn init(folder: &Path, arguments: &[&str]) -> Finished {
    let output = rescind(&["init"])
        .args(arguments)
        .current_dir(folder)
        .output();
    output.expect("the program starts").into()
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("it was written")
}

#[test]
fn the_blank_one_is_written_and_says_what_to_fill_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let finished = init(folder.path(), &[]);
    assert_eq!((finished.code, finished.stdout.as_str()), (0, ""));
    insta::assert_snapshot!("init_blank", finished.stderr);
    let written = folder.path().join("target.toml");
    let doctor = run(&["doctor", "--target", &written.to_string_lossy()]);
    assert_eq!(doctor.code, 3);
    let asks_for_key = "the environment variable `MY_SERVICE_API_KEY` is not set";
    assert!(doctor.stdout.contains(asks_for_key), "{}", doctor.stdout);
    // Nothing else is left in the folder.
    let names = std::fs::read_dir(folder.path()).expect("a folder");
    assert_eq!(names.count(), 1);
}

#[test]
fn a_file_that_is_there_stays_unless_told() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "mine.toml", "precious");
    let finished = init(folder.path(), &["mine.toml"]);
    assert_eq!(finished.code, 3);
    insta::assert_snapshot!("init_refuses", finished.stderr);
    assert_eq!(read(folder.path(), "mine.toml"), "precious");
    let finished = init(folder.path(), &["--force", "--preset", "v3.1", "mine.toml"]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert!(read(folder.path(), "mine.toml").contains("name = \"v3.1\""));
    let finished = init(folder.path(), &["no-such-folder/target.toml"]);
    assert_eq!(finished.code, 3);
    insta::assert_snapshot!("init_nowhere", finished.stderr);
    assert_eq!(init(folder.path(), &["--preset", "v4"]).code, 2);
}

#[test]
fn the_one_for_the_reference_service_is_ready_and_can_be_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(init(folder.path(), &["--preset", "reference"]).code, 0);
    let path = folder.path().join("target.toml");
    let path = path.to_string_lossy();
    let doctor = run(&["doctor", "--target", &path]);
    assert_eq!(doctor.code, 0, "{}{}", doctor.stdout, doctor.stderr);
    let case = "connected-accounts/success/both-killed";
    let check = run(&["check", "--target", &path, "--strict", case]);
    assert_eq!(check.code, 0, "{}{}", check.stdout, check.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_one_needs_an_address_and_a_key() {
    let service = service().await;
    let address = format!("http://{}", service.local_addr());
    let doctor = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(init(folder.path(), &["--preset", "v3.1"]).code, 0);
        let text = read(folder.path(), "target.toml");
        let text = text.replace("http://127.0.0.1:8081", &address);
        let path = write(folder.path(), "target.toml", &text);
        let output = rescind(&["doctor", "--target", &path])
            .env("RESCIND_TARGET_API_KEY", KEY)
            .output();
        Finished::from(output.expect("the program starts"))
    });
    let doctor = doctor.await.expect("it ends");
    assert_eq!(doctor.code, 0, "{}{}", doctor.stdout, doctor.stderr);
    service.shutdown().await.expect("the service stops");
}
