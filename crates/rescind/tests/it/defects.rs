//! The tester tested: each seeded bug is caught, by the check that names its cause, and there is
//! no check that no bug makes fail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use rescind_model::verdict::Verdict;
use rescind_runner::judge::checks;
use rescind_service::Defect;

use crate::support::{check, reference_target, write};

/// The checks that fall to a defect.
fn falls_to(defect: Defect) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let serve = format!("\"serve\", \"--defect\", \"{}\"", defect.name());
    // One of them never ends its call: it is not worth a minute.
    let target = reference_target(&[
        ("\"serve\"", &serve),
        ("revoke_seconds = 55", "revoke_seconds = 3"),
    ]);
    let target = write(folder.path(), "target.toml", &target);
    let (finished, report) = check(folder.path(), &["--strict", "--target", &target]);
    assert_eq!(
        finished.code, 1,
        "{defect}: {}{}",
        finished.stdout, finished.stderr
    );
    let failed = report
        .checks
        .into_iter()
        .filter(|check| check.verdict == Verdict::Fail);
    failed.map(|check| check.id).collect()
}

#[test]
fn every_defect_falls_to_the_check_that_names_it_and_every_check_to_a_defect() {
    let waiting = Mutex::new(Defect::ALL.iter().copied());
    let caught = Mutex::new(BTreeMap::new());
    let next = || waiting.lock().expect("nobody panicked").next();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(defect) = next() {
                    let failed = falls_to(defect);
                    caught
                        .lock()
                        .expect("nobody panicked")
                        .insert(defect.name(), (defect, failed));
                }
            });
        }
    });
    let caught = caught.into_inner().expect("nobody panicked");
    assert_eq!(caught.len(), Defect::ALL.len());
    let missed: Vec<_> = caught
        .values()
        .filter(|(defect, failed)| !failed.contains(defect.check()))
        .map(|(defect, failed)| (defect.name(), defect.check(), failed))
        .collect();
    assert!(
        missed.is_empty(),
        "not caught by the check that names it: {missed:#?}"
    );
    let fallen: BTreeSet<&str> = caught
        .values()
        .flat_map(|(_, failed)| failed)
        .map(String::as_str)
        .collect();
    let never: Vec<&str> = checks::ids()
        .into_iter()
        .filter(|id| !fallen.contains(id))
        .collect();
    assert!(never.is_empty(), "no defect makes these fail: {never:?}");
}

#[test]
fn every_defect_names_its_source_and_a_check_that_exists() {
    for defect in Defect::ALL {
        assert!(
            checks::ids().contains(&defect.check()),
            "{defect}: there is no check {}",
            defect.check()
        );
        for source in defect.sources() {
            assert!(
                source.starts_with("https://") || source.starts_with("contract: "),
                "{defect}: {source}"
            );
        }
        assert!(!defect.sources().is_empty(), "{defect} names no source");
    }
    let from_real_bugs = Defect::ALL.iter().filter(|defect| {
        defect
            .sources()
            .iter()
            .any(|source| source.starts_with("https://"))
    });
    assert!(from_real_bugs.count() >= 10);
}
