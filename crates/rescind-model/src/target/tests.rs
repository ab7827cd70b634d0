use super::*;
use crate::template;

const TARGET: &str = r#"
name = "t"
base_url = "{base_url}"
api_key = { header = "x-api-key" }
account = [{ request = { method = "POST", path = "/" }, capture = { account_id = "/id" } }]
process = { command = ["{rescind}", "serve"], ready_line = "listening on {base_url}" }

[revoke]
request = { method = "POST", path = "/" }
revoked_tokens = "/revoked_tokens"
account_id = "/id"
account_status = "/status"

[read]
request = { method = "GET", path = "/" }
account_status = "/status"
"#;

/// The words of the process's command, with these further arguments.
fn command(text: &str, arguments: &[&str]) -> Option<Vec<String>> {
    let target = Target::parse(&SourceFile::new("target.toml", text)).expect("it is valid");
    let process = target.with_process_arguments(arguments).process?;
    let words = process.command.iter();
    Some(words.map(|word| word.get().clone()).collect())
}

#[test]
fn further_arguments_are_taken_as_they_stand() {
    let words = command(TARGET, &["--defect", "{not-a-hole}"]).expect("there is a process");
    assert_eq!(words, ["{rescind}", "serve", "--defect", "{{not-a-hole}}"]);
    let filled = template::fill(
        &words[3],
        &template::Variables::new(),
        template::Escape::None,
    );
    assert_eq!(filled.expect("it has no holes"), "{not-a-hole}");
}

#[test]
fn a_target_without_a_process_has_none_afterwards() {
    let text = TARGET
        .lines()
        .filter(|line| !line.starts_with("process"))
        .map(|line| line.replace("\"{base_url}\"", "\"http://127.0.0.1:1\""))
        .map(|line| line.replace("\"x-api-key\"", "\"x-api-key\", environment = \"KEY\""))
        .collect::<Vec<String>>()
        .join("\n");
    assert_eq!(command(&text, &["--defect", "x"]), None);
}
