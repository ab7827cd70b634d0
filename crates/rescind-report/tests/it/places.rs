//! The page that says where each verdict stands.

use std::path::Path;

use rescind_model::Verdict;
use rescind_report::places::{Format, place, table};

#[test]
fn the_page_has_every_verdict_in_every_format() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reports.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    assert!(
        page.contains(&table()),
        "docs/reports.md must hold this table:\n{}",
        table()
    );
    for format in Format::ALL {
        for verdict in Verdict::ALL {
            assert!(!place(verdict, format).is_empty());
        }
    }
}
