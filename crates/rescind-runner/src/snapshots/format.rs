//! The file of one snapshot, as insta writes and reads it: a header in YAML between two lines of
//! three dashes, then the text. Its name is `SCENARIO@PROFILE.snap`: what insta calls a name and
//! its suffix.

use rescind_model::event::CaseId;
use serde_json::Value;

/// The ending of a snapshot's file. (insta's pending ones end in `.snap.new`.)
pub const ENDING: &str = ".snap";

const FENCE: &str = "---\n";

/// The path of a case's snapshot below the folder of its set, with slashes on every system.
pub fn path_of(case: &CaseId) -> String {
    format!("{case}{ENDING}")
}

/// The case that a path belongs to. A path that names no profile is taken for a scenario's.
pub fn case_of(path: &str) -> CaseId {
    let name = path.strip_suffix(ENDING).unwrap_or(path);
    let (scenario, profile) = name.rsplit_once('@').unwrap_or((name, ""));
    CaseId {
        scenario: scenario.to_owned(),
        profile: profile.to_owned(),
    }
}

/// The whole file. Nothing in its header depends on where or when it was written.
pub fn file_text(case: &CaseId, transcript: &str) -> String {
    // A JSON string is a YAML string too, whatever characters a scenario's id is made of.
    let source = Value::from(format!("scenarios/{}.toml", case.scenario));
    let expression = Value::from(case.to_string());
    format!("{FENCE}source: {source}\nexpression: {expression}\n{FENCE}{transcript}")
}

/// The text below the header, with the line breaks of any system read as ours; the whole file if
/// it has no header.
pub fn transcript_in(file: &str) -> String {
    let file = file.replace("\r\n", "\n");
    let below = file
        .strip_prefix(FENCE)
        .and_then(|rest| rest.split_once("\n---\n"))
        .map(|(_, transcript)| transcript.to_owned());
    below.unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> CaseId {
        CaseId {
            scenario: "folder/a: \"quoted\" one".to_owned(),
            profile: "google".to_owned(),
        }
    }

    #[test]
    fn a_path_names_its_case() {
        assert_eq!(path_of(&case()), "folder/a: \"quoted\" one@google.snap");
        assert_eq!(case_of(&path_of(&case())), case());
        let without = case_of("folder/name.snap");
        assert_eq!(
            (without.scenario.as_str(), without.profile.as_str()),
            ("folder/name", "")
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let text = "title: x\n---\nledger\n";
        let file = file_text(&case(), text);
        assert_eq!(transcript_in(&file), text);
        assert_eq!(transcript_in(&file.replace('\n', "\r\n")), text);
        assert_eq!(transcript_in("no header"), "no header");
    }
}
