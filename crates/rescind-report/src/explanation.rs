//! What a person reads after `rescind explain`: a block for each topic, its parts under each other,
//! wrapped at a width and readable without colour.

use anstyle::{AnsiColor, Style};
use rescind_model::explanation::{
    CheckTopic, DefectTopic, Explanation, FolderTopic, Mention, ProfileTopic, RequirementTopic,
    RouteInWords, RowMention, ScenarioTopic, Statement, StepInWords, Topic, VariantTopic,
};
use rescind_model::source::Colour;

/// How wide the column of labels is.
const LABELS: usize = 13;

/// How few characters a line of text may have beside its name before it goes below it.
const NARROWEST: usize = 40;

/// The whole text, wrapped at `width` characters. Colours are ANSI escapes where `colour` says so.
pub fn render(explanation: &Explanation, colour: Colour, width: usize) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
        width: width.max(LABELS + NARROWEST),
    };
    for (index, topic) in explanation.topics.iter().enumerate() {
        if index > 0 {
            page.line("");
        }
        match topic {
            Topic::Requirement(topic) => requirement(&mut page, topic),
            Topic::Check(topic) => check(&mut page, topic),
            Topic::Scenario(topic) => scenario(&mut page, topic),
            Topic::Folder(topic) => folder(&mut page, topic),
            Topic::Profile(topic) => profile(&mut page, topic),
            Topic::Defect(topic) => defect(&mut page, topic),
            Topic::Variant(topic) => variant(&mut page, topic),
        }
    }
    page.text
}

fn requirement(page: &mut Page, topic: &RequirementTopic) {
    page.heading("requirement", &topic.id, &topic.text);
    page.part("level", vec![Entry::text(topic.level.as_str())]);
    page.part("set", vec![Entry::text(&topic.set)]);
    page.part("source", vec![Entry::text(&topic.source)]);
    page.part(
        "written in",
        vec![Entry::text(topic.written_at.to_string())],
    );
    page.part("excluded", topic.excluded.iter().map(Entry::text).collect());
    page.part(
        "unreached",
        topic.unreached.iter().map(Entry::text).collect(),
    );
    let checks = topic.checks.iter().map(|check| {
        // The row's own level goes without saying.
        let weight = if check.level == topic.level {
            String::new()
        } else {
            format!(" ({})", check.level)
        };
        Entry::named(&check.id, format!("{}{weight}", check.statement))
    });
    page.part("checks", checks.collect());
    page.mentions("scenarios", &topic.scenarios);
    let defects = topic
        .defects
        .iter()
        .map(|defect| Entry::named(&defect.id, format!("{} → {}", defect.summary, defect.check)));
    page.part("defects", defects.collect());
    page.mentions("variants", &topic.variants);
}

fn check(page: &mut Page, topic: &CheckTopic) {
    page.heading("check", &topic.id, &topic.statement);
    page.part(
        "written in",
        vec![Entry::text(topic.written_at.to_string())],
    );
    page.rows(&topic.rows);
    page.mentions("defects", &topic.defects);
    page.mentions("scenarios", &topic.scenarios);
    if topic.scenarios.is_empty() {
        let everywhere = "every one: it is judged after every step, named or not";
        page.part("scenarios", vec![Entry::text(everywhere)]);
    }
}

fn scenario(page: &mut Page, topic: &ScenarioTopic) {
    page.heading("scenario", &topic.id, &topic.title);
    page.part(
        "written in",
        vec![Entry::text(topic.written_at.to_string())],
    );
    page.mentions("profiles", &topic.profiles);
    let tags = topic.tags.join(", ");
    let tags = (!tags.is_empty()).then_some(tags);
    page.part("tags", tags.into_iter().map(Entry::text).collect());
    page.rows(&topic.rows);
    page.part("seen in", topic.seen_in.iter().map(Entry::text).collect());
    let steps = topic.steps.iter().enumerate();
    page.part(
        "steps",
        steps
            .flat_map(|(index, step)| in_lines(index + 1, step))
            .collect(),
    );
    page.part("at the end", topic.ledger.iter().map(Entry::text).collect());
    let run = format!("rescind check {}", topic.id);
    page.part("to run it", vec![Entry::text(run)]);
}

/// A step's lines: what is done, then what must come of it.
fn in_lines(number: usize, step: &StepInWords) -> Vec<Entry> {
    let control = if step.positive_control {
        " (the positive control)"
    } else {
        ""
    };
    let mut lines = vec![Entry::named(
        format!("{number}."),
        format!("{}{control}", step.does),
    )];
    lines.extend(step.outcomes.iter().enumerate().map(|(index, outcome)| {
        Entry::named(
            "",
            format!("{} {outcome}", if index == 0 { "→" } else { "or" }),
        )
    }));
    lines
}

fn folder(page: &mut Page, topic: &FolderTopic) {
    page.heading("folder", &topic.id, "scenarios that belong together");
    page.part(
        "written in",
        vec![Entry::text(topic.written_at.to_string())],
    );
    page.mentions("scenarios", &topic.scenarios);
    let run = format!("rescind check {}", topic.id);
    page.part("to run it", vec![Entry::text(run)]);
}

fn profile(page: &mut Page, topic: &ProfileTopic) {
    page.heading("profile", &topic.id, &topic.summary);
    page.part("provider", vec![Entry::text(&topic.title)]);
    if let Some(confidence) = topic.confidence {
        page.part("confidence", vec![Entry::text(confidence.as_str())]);
    }
    page.part("sources", statements(&topic.sources));
    page.part("assumptions", statements(&topic.assumptions));
    page.part(
        "written in",
        vec![Entry::text(topic.written_at.to_string())],
    );
    for route in &topic.routes {
        page.part("route", route_in_lines(route));
    }
    if topic.routes.is_empty() {
        page.part(
            "route",
            vec![Entry::text("none: no client can revoke here")],
        );
    }
    page.mentions("scenarios", &topic.scenarios);
    let run = format!("rescind provider {}", topic.id);
    page.part("to see it", vec![Entry::text(run)]);
}

/// Each with the fields that it speaks for below it.
fn statements(statements: &[Statement]) -> Vec<Entry> {
    let lines = statements.iter().flat_map(|statement| {
        let fields =
            (!statement.fields.is_empty()).then(|| Entry::named("", statement.fields.join(", ")));
        std::iter::once(Entry::text(&statement.text)).chain(fields)
    });
    lines.collect()
}

fn route_in_lines(route: &RouteInWords) -> Vec<Entry> {
    let mut lines = vec![
        Entry::text(format!("{} {} ({})", route.method, route.path, route.name)),
        Entry::text(format!("authentication: {}", route.authentication)),
        Entry::text(route.ends.clone()),
    ];
    lines.extend(route.answers.iter().map(|answer| {
        let text = format!("{} {}", answer.status, answer.body);
        Entry::named(&answer.when, text.trim_end())
    }));
    lines
}

fn defect(page: &mut Page, topic: &DefectTopic) {
    page.heading("defect", &topic.id, &topic.summary);
    page.part("sources", topic.sources.iter().map(Entry::text).collect());
    page.part(
        "written in",
        vec![Entry::text(topic.written_at.to_string())],
    );
    page.mentions("falls to", std::slice::from_ref(&topic.check));
    page.rows(&topic.rows);
    page.part("to see it", vec![Entry::text(&topic.see_it)]);
    page.part("to prove it", vec![Entry::text(&topic.prove_it)]);
}

fn variant(page: &mut Page, topic: &VariantTopic) {
    page.heading("variant", &topic.id, &topic.summary);
    page.part(
        "written in",
        vec![Entry::text(topic.written_at.to_string())],
    );
    page.rows(&topic.rows);
    page.part("to see it", vec![Entry::text(&topic.see_it)]);
    page.part("to prove it", vec![Entry::text(&topic.prove_it)]);
}

/// A line of a part: a text, beside a name if it has one.
struct Entry {
    name: Option<String>,
    text: String,
}

impl Entry {
    fn text(text: impl Into<String>) -> Self {
        Self {
            name: None,
            text: text.into(),
        }
    }

    fn named(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            text: text.into(),
        }
    }
}

struct Page {
    text: String,
    colour: Colour,
    width: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn painted(&self, style: Style, text: &str) -> String {
        match self.colour {
            Colour::Styled if !text.is_empty() => format!("{style}{text}{style:#}"),
            _ => text.to_owned(),
        }
    }

    fn heading(&mut self, kind: &str, id: &str, about: &str) {
        let id = self.painted(AnsiColor::Cyan.on_default().bold(), id);
        self.line(&format!("{kind} {id}"));
        for line in wrapped(about, self.width - 2) {
            self.line(&format!("  {line}"));
        }
        self.line("");
    }

    fn mentions(&mut self, label: &str, mentions: &[Mention]) {
        let entries = mentions
            .iter()
            .map(|mention| Entry::named(&mention.id, &mention.about));
        self.part(label, entries.collect());
    }

    fn rows(&mut self, rows: &[RowMention]) {
        let several_sets = rows.iter().any(|row| row.set != rows[0].set);
        let entries = rows.iter().map(|row| {
            let set = if several_sets {
                format!(" ({})", row.set)
            } else {
                String::new()
            };
            Entry::named(&row.id, format!("{}: {}{set}", row.level, row.text))
        });
        self.part("rows", entries.collect());
    }

    /// A label, and its entries beside it; nothing if it has none.
    fn part(&mut self, label: &str, entries: Vec<Entry>) {
        let room = self.width - LABELS - 2;
        let names = entries
            .iter()
            .filter_map(|entry| Some(entry.name.as_ref()?.chars().count()))
            .max()
            .unwrap_or(0);
        let beside = names + 2 + NARROWEST <= room;
        let mut label = label;
        for Entry { name, text } in entries {
            let (indent, width) = match name {
                Some(_) if beside => (names + 2, room - names - 2),
                Some(_) => (2, room - 2),
                None => (0, room),
            };
            let mut first = name.unwrap_or_default();
            let mut lines = wrapped(&text, width);
            if indent > 0 && !beside && !first.is_empty() {
                lines.insert(0, String::new());
            }
            for line in lines {
                let padding = " ".repeat(indent.saturating_sub(first.chars().count()));
                let head = self.painted(AnsiColor::BrightBlack.on_default(), label);
                let head_padding = " ".repeat(LABELS - label.chars().count());
                let name = self.painted(AnsiColor::Cyan.on_default(), &first);
                self.line(&format!("  {head}{head_padding}{name}{padding}{line}"));
                label = "";
                first.clear();
            }
        }
    }
}

/// A text in lines of at most `width` characters, as far as its words allow.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            lines.push(String::new());
            length = 0;
        }
        if let Some(line) = lines.last_mut() {
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += word_length;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use rescind_model::explanation::WrittenAt;

    #[test]
    fn a_text_is_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrapped("incomprehensibilities two", 7),
            ["incomprehensibilities", "two"]
        );
        assert_eq!(wrapped("", 7), [""]);
    }

    fn folder_topic() -> Explanation {
        Explanation {
            schema: "rescind.explanation/1".into(),
            id: "folder".into(),
            topics: vec![Topic::Folder(FolderTopic {
                id: "folder".into(),
                written_at: WrittenAt {
                    path: "scenarios/folder".into(),
                    line: None,
                },
                scenarios: vec![
                    Mention::new(
                        "folder/one",
                        "shows the first thing and nothing that is longer",
                    ),
                    Mention::new("folder/twenty", "shows another"),
                ],
            })],
        }
    }

    #[test]
    fn what_is_long_is_wrapped_beside_its_name() {
        assert_eq!(
            render(&folder_topic(), Colour::Plain, 77),
            "folder folder
  scenarios that belong together

  written in   scenarios/folder
  scenarios    folder/one     shows the first thing and nothing that is
                              longer
               folder/twenty  shows another
  to run it    rescind check folder
"
        );
    }

    #[test]
    fn where_there_is_no_room_beside_a_name_the_text_goes_below_it() {
        assert_eq!(
            render(&folder_topic(), Colour::Plain, 20),
            "folder folder
  scenarios that belong together

  written in   scenarios/folder
  scenarios    folder/one
                 shows the first thing and nothing
                 that is longer
               folder/twenty
                 shows another
  to run it    rescind check folder
"
        );
    }

    #[test]
    fn no_line_is_longer_than_the_width_that_fits_its_words() {
        for width in [50, 64, 80, 100, 132] {
            let text = render(&folder_topic(), Colour::Plain, width);
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{width}: {text}"
            );
        }
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let styled = render(&folder_topic(), Colour::Styled, 64);
        let plain = render(&folder_topic(), Colour::Plain, 64);
        assert_ne!(styled, plain);
        let mut without = String::new();
        let mut rest = styled.as_str();
        while let Some(at) = rest.find('\u{1b}') {
            without.push_str(&rest[..at]);
            let end = rest[at..].find('m').map_or(rest.len(), |end| at + end + 1);
            rest = &rest[end..];
        }
        without.push_str(rest);
        assert_eq!(without, plain);
    }
}
