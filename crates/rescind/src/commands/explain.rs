//! `rescind explain`: everything that goes by an id, and what exercises it.

mod library;
mod topics;
mod words;

use rescind_model::explanation::Explanation;
use rescind_model::source::{Colour, nearest_hint};
use rescind_report::explanation;

use super::NotReady;
use crate::arguments::Explain;
use crate::{exit, output};
use library::Library;

/// Runs the command. Returns the exit code.
pub fn run(arguments: &Explain) -> u8 {
    let explanation = match explain(&arguments.id) {
        Ok(explanation) => explanation,
        Err(not_ready) => return not_ready.report(),
    };
    if !arguments.json {
        let text = explanation::render(&explanation, Colour::Styled, output::width());
        output::data(&text);
        return exit::PASS;
    }
    match serde_json::to_string_pretty(&explanation) {
        Ok(text) => {
            output::data(&(text + "\n"));
            exit::PASS
        }
        Err(error) => {
            output::problem(
                &format!("the explanation cannot be written: {error}"),
                "this is a defect of rescind: please report it",
            );
            exit::HARNESS_ERROR
        }
    }
}

fn explain(id: &str) -> Result<Explanation, NotReady> {
    let library = Library::load()?;
    let topics = topics::of(&library, id);
    if topics.is_empty() {
        let ids = topics::ids(&library);
        let hint = nearest_hint(id, ids.iter().map(String::as_str)).unwrap_or_default();
        return Err(NotReady::Usage(
            format!("nothing is known by the name `{id}`"),
            hint,
        ));
    }
    Ok(Explanation {
        schema: "rescind.explanation/1".to_owned(),
        id: id.to_owned(),
        topics,
    })
}

#[cfg(test)]
mod tests {
    use rescind_model::explanation::Topic;

    use super::{Library, topics};

    fn library() -> Library {
        let Ok(library) = Library::load() else {
            panic!("the embedded files are valid");
        };
        library
    }

    #[test]
    fn every_id_is_explained_and_so_is_every_id_that_an_explanation_names() {
        let library = library();
        let ids = topics::ids(&library);
        assert!(ids.len() > 150, "{ids:?}");
        for id in &ids {
            let found = topics::of(&library, id);
            assert!(!found.is_empty(), "{id}");
            let mentioned: Vec<String> = found.into_iter().flat_map(mentions).collect();
            for other in mentioned {
                assert!(ids.contains(&other), "{id} names {other}");
            }
        }
    }

    /// The ids that a topic points to.
    fn mentions(topic: Topic) -> Vec<String> {
        let (rows, others) = match topic {
            Topic::Requirement(topic) => {
                let checks = topic.checks.into_iter().map(|check| check.id);
                let defects = topic.defects.into_iter().map(|defect| defect.id);
                let others = [topic.scenarios, topic.variants].concat();
                let others = others.into_iter().map(|mention| mention.id);
                return checks.chain(defects).chain(others).collect();
            }
            Topic::Check(topic) => (topic.rows, [topic.defects, topic.scenarios].concat()),
            Topic::Scenario(topic) => (topic.rows, topic.profiles),
            Topic::Folder(topic) => (Vec::new(), topic.scenarios),
            Topic::Profile(topic) => (Vec::new(), topic.scenarios),
            Topic::Defect(topic) => (topic.rows, vec![topic.check]),
            Topic::Variant(topic) => (topic.rows, Vec::new()),
        };
        let rows = rows.into_iter().map(|row| row.id);
        rows.chain(others.into_iter().map(|mention| mention.id))
            .collect()
    }

    #[test]
    fn a_row_that_a_later_set_states_anew_is_shown_as_each_of_them_has_it() {
        let sets: Vec<String> = topics::of(&library(), "INV-NO-SECRET")
            .into_iter()
            .filter_map(|topic| match topic {
                Topic::Requirement(row) => Some(row.set),
                _ => None,
            })
            .collect();
        assert_eq!(
            sets,
            [
                "connected-accounts-2026-05-12",
                "connected-accounts-2026-09"
            ]
        );
    }
}
