//! `docs/bugs.md` and the scenarios: which real bug is seen by which scenario, said twice and the
//! same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rescind_model::{Scenario, SourceFile};

use crate::support::root;

/// Links, and the scenarios that see what they are about.
type Seen = BTreeMap<String, BTreeSet<String>>;

/// Below which the page's scenarios are named.
const CONTRACT: &str = "connected-accounts/";

/// What a row says in place of scenarios begins so.
const NONE: &str = "none: ";

/// A row of the page.
struct Row {
    links: Vec<String>,
    what: String,
    seen_by: String,
}

impl Row {
    /// The scenarios that it names; none if it says why there are none.
    fn scenarios(&self) -> Vec<String> {
        if self.seen_by.starts_with(NONE) {
            return Vec::new();
        }
        let names = self.seen_by.split(", ").map(|name| {
            let name = name
                .strip_prefix('`')
                .and_then(|name| name.strip_suffix('`'));
            name.unwrap_or_else(|| panic!("no scenario between backticks: {}", self.seen_by))
        });
        names.map(|name| format!("{CONTRACT}{name}")).collect()
    }
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/bugs.md")).expect("the page can be read")
}

/// Every row of the page's tables.
fn rows(page: &str) -> Vec<Row> {
    let found = page.lines().filter(|line| line.starts_with("| ["));
    found
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
            let [links, what, seen_by] = cells.as_slice() else {
                panic!("not three cells: {line}");
            };
            Row {
                links: links.split("](").skip(1).map(before_bracket).collect(),
                what: what.trim().to_owned(),
                seen_by: seen_by.trim().to_owned(),
            }
        })
        .collect()
}

fn before_bracket(text: &str) -> String {
    let (link, _) = text.split_once(')').expect("a link ends");
    link.to_owned()
}

/// What every scenario says of itself; the scenarios that say nothing are there, too.
fn scenarios() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let folder = root().join("scenarios");
    collect(&folder, &folder, &mut found);
    found
}

fn collect(folder: &Path, below: &Path, found: &mut BTreeMap<String, Vec<String>>) {
    for entry in std::fs::read_dir(below).expect("the folder can be read") {
        let path = entry.expect("it has entries").path();
        if path.is_dir() {
            collect(folder, &path, found);
            continue;
        }
        let relative = path.strip_prefix(folder).expect("it lies below");
        let id = relative.with_extension("").display().to_string();
        let text = std::fs::read_to_string(&path).expect("a scenario can be read");
        let file = SourceFile::new(relative.display().to_string(), text);
        let scenario = Scenario::parse(&id, &file).expect("a scenario is valid");
        let links = scenario.seen_in.iter().map(|link| link.get().clone());
        found.insert(id, links.collect());
    }
}

#[test]
fn the_page_and_the_scenarios_say_the_same() {
    let mut by_page = Seen::new();
    for row in rows(&page()) {
        for link in &row.links {
            // One page on the web can be about several bugs.
            let seen = by_page.entry(link.clone()).or_default();
            seen.extend(row.scenarios());
        }
    }
    by_page.retain(|_, scenarios| !scenarios.is_empty());
    let mut by_scenarios = Seen::new();
    for (id, links) in scenarios() {
        for link in links {
            by_scenarios.entry(link).or_default().insert(id.clone());
        }
    }
    let links: BTreeSet<&String> = by_page.keys().chain(by_scenarios.keys()).collect();
    let different: Vec<String> = links
        .into_iter()
        .filter(|link| by_page.get(*link) != by_scenarios.get(*link))
        .map(|link| {
            let (page, files) = (by_page.get(link), by_scenarios.get(link));
            format!("{link}\n  the page: {page:?}\n  `seen_in`: {files:?}")
        })
        .collect();
    assert!(different.is_empty(), "\n{}", different.join("\n"));
}

#[test]
fn every_row_says_what_it_was_and_which_scenarios_see_it_or_why_none_does() {
    let known = scenarios();
    for row in rows(&page()) {
        let link = row.links.first().expect("a row has a link");
        assert!(!row.what.is_empty(), "{link}: what was it?");
        if let Some(reason) = row.seen_by.strip_prefix(NONE) {
            assert!(reason.len() > 20, "{link}: {reason} is no reason");
        }
        for scenario in row.scenarios() {
            assert!(known.contains_key(&scenario), "{link}: no {scenario}");
        }
    }
}

#[test]
fn the_page_counts_its_rows() {
    let page = page();
    let rows = rows(&page);
    let unseen = rows.iter().filter(|row| row.seen_by.starts_with(NONE));
    let (all, unseen) = (rows.len(), unseen.count());
    let head = page.split("## ").next().unwrap_or_default();
    let stated: Vec<usize> = head
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    assert_eq!(stated, [all, all - unseen, unseen]);
    let tabled = page.lines().filter(|line| line.starts_with("| ")).count();
    let heads = page
        .lines()
        .filter(|line| line.starts_with("| bug |"))
        .count();
    assert_eq!(tabled, all + heads, "a row that does not begin with a link");
}
