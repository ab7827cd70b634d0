//! Every seeded bug of the reference service is taken from somewhere, and has a check to fall to.
//! That it does fall to it is proved in [`crate::prove`].

use rescind_runner::judge::checks;
use rescind_service::Defect;

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
