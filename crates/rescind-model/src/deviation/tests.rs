//! What a deviation makes of a verdict, and that a printed entry is read back.

use super::*;

fn case() -> CaseId {
    CaseId {
        scenario: "folder/name".to_owned(),
        profile: "slack".to_owned(),
    }
}

fn day(text: &str) -> CalendarDate {
    let date = text.parse::<Datetime>().expect("a date");
    a_day(date).expect("a day")
}

/// A file of one entry.
fn one(expires: &str) -> Deviations {
    let text = format!(
        "[[deviation]]\ncheck = \"check\"\ncase = \"folder/name@slack\"\nobserved = \"step 2: 500\"\nreason = \"ticket 7\"\nexpires = {expires}\n"
    );
    let file = SourceFile::new("deviations.toml", text);
    Deviations::parse(&file).expect("it is valid")
}

fn judged(verdict: Verdict, observed: &str, today: &str) -> Option<Verdict> {
    let deviations = one("2027-01-31");
    let entry = deviations.of("check", &case()).expect("the entry");
    entry
        .judge(verdict, observed, day(today))
        .map(|deviated| deviated.verdict)
}

#[test]
fn what_is_accepted_fails_as_expected_up_to_its_last_day() {
    let same = "step 2: 500";
    for verdict in [Verdict::Fail, Verdict::Warn] {
        let on = |today| judged(verdict, same, today);
        assert_eq!(on("2027-01-31"), Some(Verdict::ExpectedFail));
        assert_eq!(on("2027-02-01"), Some(Verdict::Fail), "expired");
    }
}

#[test]
fn something_else_than_what_is_accepted_fails() {
    let other = judged(Verdict::Warn, "step 2: 404", "2027-01-01");
    assert_eq!(other, Some(Verdict::Fail));
}

#[test]
fn what_holds_now_makes_the_entry_stale() {
    for today in ["2027-01-01", "2028-01-01"] {
        let verdict = judged(Verdict::Pass, "", today);
        assert_eq!(verdict, Some(Verdict::UnexpectedPass));
    }
}

#[test]
fn of_what_was_not_judged_an_entry_says_nothing() {
    for verdict in Verdict::ALL {
        let is_judged = matches!(verdict, Verdict::Pass | Verdict::Fail | Verdict::Warn);
        let deviated = judged(verdict, "step 2: 500", "2027-01-01");
        assert_eq!(deviated.is_some(), is_judged, "{verdict}");
    }
}

#[test]
fn an_entry_is_of_its_check_and_its_case_alone() {
    let deviations = one("2027-01-31");
    let mut other = case();
    other.profile = "google".to_owned();
    assert!(deviations.of("check", &other).is_none());
    assert!(deviations.of("another", &case()).is_none());
}

#[test]
fn an_empty_file_accepts_nothing() {
    let file = SourceFile::new("deviations.toml", "# nothing yet\n");
    assert!(Deviations::parse(&file).expect("valid").entries.is_empty());
}

proptest::proptest! {
    #[test]
    fn a_printed_entry_is_read_back_and_accepts_its_finding(observed in "\\PC{0,10}[\\x00-\\x7f\"\\\\é\u{85}\u{7f}]{1,20}x") {
        let today = day("2026-11-23");
        let text = entry("check", &case(), &observed, today);
        let file = SourceFile::new("deviations.toml", text.as_str());
        let deviations = Deviations::parse(&file).map_err(|mistakes| {
            proptest::test_runner::TestCaseError::fail(format!("{text}: {mistakes:?}"))
        })?;
        let entry = deviations.of("check", &case()).expect("the entry");
        let deviated = entry.judge(Verdict::Fail, &observed, today).expect("it is judged");
        proptest::prop_assert_eq!(deviated.verdict, Verdict::ExpectedFail);
        proptest::prop_assert_eq!(entry.expires.to_string(), "2027-02-21");
    }
}
