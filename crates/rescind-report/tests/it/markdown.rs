//! The page, read by a parser of Markdown.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use rescind_model::Verdict;
use rescind_model::event::RunFinished;
use rescind_report::markdown::{Extent, render};

use crate::sample::{self, AWKWARD, SCENARIO, check_of};

/// What a reader sees.
#[derive(Default)]
struct Page {
    headings: Vec<String>,
    /// The cells of each row of each table.
    rows: Vec<Vec<String>>,
    blocks: Vec<String>,
    paragraphs: Vec<String>,
    items: Vec<String>,
}

fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut words = String::new();
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    for event in parser {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => page.rows.push(Vec::new()),
            Event::Start(
                Tag::Heading { .. }
                | Tag::TableCell
                | Tag::CodeBlock(_)
                | Tag::Paragraph
                | Tag::Item,
            ) => words.clear(),
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::SoftBreak => words.push('\n'),
            Event::End(TagEnd::Heading(_)) => page.headings.push(words.clone()),
            Event::End(TagEnd::TableCell) => {
                let row = page.rows.last_mut().expect("a row");
                row.push(words.clone());
            }
            Event::End(TagEnd::CodeBlock) => page.blocks.push(words.clone()),
            Event::End(TagEnd::Paragraph) => page.paragraphs.push(words.clone()),
            Event::End(TagEnd::Item) => page.items.push(words.clone()),
            Event::Start(tag @ (Tag::Emphasis | Tag::Link { .. } | Tag::HtmlBlock)) => {
                panic!("a text of the run means {tag:?}")
            }
            Event::Html(text) | Event::InlineHtml(text) => panic!("HTML: {text}"),
            _ => {}
        }
    }
    page
}

fn whole(finished: &RunFinished) -> Page {
    read(&render(finished, Extent::Whole))
}

#[test]
fn every_verdict_has_its_place() {
    let page = whole(&sample::finished());
    for verdict in sample::of_checks() {
        let words = verdict.as_str().replace('_', " ");
        let counted = [words.clone(), "1".to_owned()];
        assert!(page.rows.iter().any(|row| *row == counted), "{verdict}");
        let heading = format!("{words}: {} at {SCENARIO}@slack", check_of(verdict));
        let explained = verdict > Verdict::Pass;
        assert_eq!(page.headings.contains(&heading), explained, "{verdict}");
    }
    for (section, verdict) in [
        ("Findings", Verdict::Fail),
        ("Warnings", Verdict::Warn),
        ("Failed as expected", Verdict::ExpectedFail),
    ] {
        let at = |wanted: &dyn Fn(&str) -> bool| {
            let position = page.headings.iter().position(|heading| wanted(heading));
            position.expect("a heading")
        };
        let its = check_of(verdict);
        assert!(at(&|heading| heading == section) < at(&|heading| heading.contains(&its)));
    }
    let excluded = ["CA-CRASH", "MUST", "excluded", "not | yet"];
    assert!(page.rows.iter().any(|row| *row == excluded));
}

#[test]
fn texts_of_the_run_mean_nothing() {
    let page = whole(&sample::finished());
    assert_eq!(
        page.headings[0],
        "rescind: findings: the target does not do what the contract asks"
    );
    assert!(page.paragraphs[0].contains("target mine|`x`, seed seed"));
    let said = format!("step 2: fail {AWKWARD} second line");
    assert!(page.paragraphs.contains(&said), "{:?}", page.paragraphs);
    let sent = format!("POST /revoke\n\n{AWKWARD}\n");
    assert!(page.blocks.contains(&sent), "{:?}", page.blocks);
    let required = format!("requirement: CA-ROUTE (MUST): it works {AWKWARD}");
    assert!(page.items.contains(&required), "{:?}", page.items);
    let at = "Stated at scenarios/own/a,b:c%.toml:3";
    assert!(page.paragraphs.iter().any(|paragraph| paragraph == at));
}

#[test]
fn what_does_not_fit_is_counted() {
    let finished = sample::finished();
    let length = render(&finished, Extent::Whole).len();
    for bytes in [1000, 2000, 3000, length - 1] {
        let text = render(&finished, Extent::Bytes(bytes));
        assert!(text.len() <= bytes.max(1200), "{} of {bytes}", text.len());
        assert!(text.contains("did not fit here"), "{text}");
        // It is still a page.
        let page = read(&text);
        assert_eq!(page.headings[1], "Requirements");
    }
    assert_eq!(
        render(&finished, Extent::Bytes(1 << 20)),
        render(&finished, Extent::Whole)
    );
}

#[test]
fn an_interrupted_run_says_so_first() {
    let mut finished = sample::clean();
    finished.report.run.interrupted = true;
    let page = whole(&finished);
    assert!(page.headings[0].starts_with("rescind: interrupted: "));
}

#[test]
fn a_finding_says_how_to_see_it_again() {
    let page = whole(&sample::finished());
    let again = format!(
        "rescind replay '{SCENARIO}@slack' --set connected-accounts-2026-05-12 --seed seed"
    );
    assert!(
        page.blocks.iter().any(|block| block.trim_end() == again),
        "{:?}",
        page.blocks
    );
}
