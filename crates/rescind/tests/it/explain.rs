//! What `rescind explain` says of the things that go by an id.

use rescind_model::explanation::{Explanation, Topic};

use crate::support::{root, run};

/// What is printed for an id.
fn explained(id: &str) -> String {
    let finished = run(&["explain", id]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    finished.stdout
}

/// The same as data.
fn as_data(id: &str) -> Explanation {
    let finished = run(&["explain", id, "--json"]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    serde_json::from_str(&finished.stdout).expect("the explanation is of its type")
}

#[test]
fn a_scenario_is_told_step_by_step() {
    insta::assert_snapshot!(explained("connected-accounts/siblings/two-clients"));
}

#[test]
fn a_scenario_names_the_real_bugs_that_it_sees() {
    let id = "connected-accounts/failure/refused-with-422";
    let bug = "https://github.com/xorbitsai/xagent/pull/2407";
    let explanation = as_data(id);
    let [Topic::Scenario(scenario)] = explanation.topics.as_slice() else {
        panic!("one scenario, not {:?}", explanation.topics);
    };
    assert_eq!(scenario.seen_in, [bug]);
    let text = explained(id);
    let line = text.lines().find(|line| line.contains(bug));
    assert!(
        line.is_some_and(|line| line.trim_start().starts_with("seen in")),
        "{text}"
    );
}

#[test]
fn a_defect_says_what_it_falls_to_and_how_to_see_it() {
    insta::assert_snapshot!(explained("listed-twice"));
}

#[test]
fn a_profile_says_what_its_route_ends_and_answers() {
    let text = explained("access-only");
    let route = text.split("scenarios").next().expect("a text has a start");
    insta::assert_snapshot!(route);
}

#[test]
fn a_requirement_is_shown_with_its_place_and_all_that_exercises_it() {
    let explanation = as_data("CA-UNIQUE");
    assert_eq!(explanation.schema, "rescind.explanation/1");
    let [Topic::Requirement(row)] = explanation.topics.as_slice() else {
        panic!("one requirement, not {:?}", explanation.topics);
    };
    let file = std::fs::read_to_string(root().join(&row.written_at.path)).expect("it is there");
    let line = row.written_at.line.expect("a row has a line");
    assert_eq!(file.lines().nth(line - 1), Some("id = \"CA-UNIQUE\""));
    assert!(row.checks.iter().any(|check| check.id == "listed-once"));
    assert!(row.defects.iter().any(|defect| defect.id == "listed-twice"));
}

#[test]
fn a_check_knows_the_line_that_states_it() {
    let explanation = as_data("expect-ledger");
    let [Topic::Check(check)] = explanation.topics.as_slice() else {
        panic!("one check, not {:?}", explanation.topics);
    };
    let file = std::fs::read_to_string(root().join(&check.written_at.path)).expect("it is there");
    let line = check.written_at.line.expect("a check has a line");
    let place: Vec<&str> = file.lines().skip(line - 1).take(2).collect();
    assert!(place.concat().contains("\"expect-ledger\""), "{place:?}");
    assert!(!check.scenarios.is_empty());
}

#[test]
fn a_folder_goes_by_its_path_too() {
    for id in [
        "connected-accounts/siblings",
        "scenarios/connected-accounts/siblings/",
    ] {
        let explanation = as_data(id);
        let [Topic::Folder(folder)] = explanation.topics.as_slice() else {
            panic!("one folder, not {:?}", explanation.topics);
        };
        let inside = |id: &str| id.starts_with("connected-accounts/siblings/");
        assert!(folder.scenarios.iter().all(|scenario| inside(&scenario.id)));
        assert!(folder.scenarios.len() >= 4);
    }
    let by_file = as_data("scenarios/connected-accounts/siblings/two-clients.toml");
    assert!(matches!(by_file.topics.as_slice(), [Topic::Scenario(_)]));
}

#[test]
fn an_unknown_id_names_the_nearest() {
    let finished = run(&["explain", "listed-twise"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(finished.stderr);
}
