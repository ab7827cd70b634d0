//! Target files: how to reach an implementation, put an account into it, and read its answers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::source::{self, Diagnostic, Located, SourceFile};
use crate::template;

/// An implementation under test.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The name in reports.
    pub name: String,
    /// The address of the target. A template: `{base_url}` is what the process's ready line says.
    pub base_url: Located<String>,
    /// The API key and the header that carries it.
    pub api_key: ApiKey,
    /// A second key, of the same project, that may read and not write (CA-403-SCOPE).
    #[serde(default)]
    pub read_only_api_key: Option<OtherKey>,
    /// A key of another project (CA-FOREIGN).
    #[serde(default)]
    pub other_project_api_key: Option<OtherKey>,
    /// Headers that every call carries.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How to run the target, if the runner is to.
    #[serde(default)]
    pub process: Option<Process>,
    /// What a call may take, and what may come after it.
    #[serde(default)]
    pub limits: Located<Limits>,
    /// The folder of this target's snapshots, relative to this file's own: what it did in each
    /// case, held against what it does.
    #[serde(default)]
    pub snapshots: Option<Located<String>>,
    /// The steps that put an OAuth client of the provider into the target, once for each client
    /// of a scenario.
    #[serde(default, rename = "client")]
    pub client_steps: Vec<HttpStep>,
    /// The steps that put an account into the target. They must capture `account_id`.
    #[serde(rename = "account")]
    pub account_steps: Located<Vec<HttpStep>>,
    /// The call that the whole program is about.
    pub revoke: RevokeCall,
    /// How an account is read: the second channel for its status.
    pub read: ReadCall,
    /// How an account is deleted.
    #[serde(default)]
    pub delete: Option<Call>,
    /// How an account is deleted and its tokens revoked with it.
    #[serde(default)]
    pub delete_and_revoke: Option<DeleteAndRevokeCall>,
    /// How an account's tokens are refreshed.
    #[serde(default)]
    pub refresh: Option<Call>,
    /// How an account is switched on and off; the template variable `{enabled}` says which.
    #[serde(default)]
    pub set_status: Option<Call>,
    /// How a client's registration is deleted. Its templates are filled with what the client
    /// steps captured.
    #[serde(default)]
    pub delete_client: Option<Call>,
    /// How a client's registration is switched on and off; `{enabled}` says which.
    #[serde(default)]
    pub set_client_status: Option<Call>,
}

/// The API key and the header that carries it. The key itself never stands in the file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The header's name.
    pub header: Located<String>,
    /// The header's value, a template over `{api_key}`.
    #[serde(default = "ApiKey::bare")]
    pub value: Located<String>,
    /// The environment variable that holds the key. If not stated, a key is made for the run,
    /// which the process must be told by `{api_key}`.
    #[serde(default)]
    pub environment: Option<Located<String>>,
}

impl ApiKey {
    fn bare() -> Located<String> {
        Located::unplaced("{api_key}".to_owned())
    }
}

/// A key beside the main one, sent in the same header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherKey {
    /// The environment variable that holds the key. If not stated, a key is made for the run,
    /// which the process must be told by `{read_only_api_key}` or `{other_project_api_key}`.
    #[serde(default)]
    pub environment: Option<Located<String>>,
}

/// How to run the target.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The program and its arguments, templates over `{rescind}` (this program), `{api_key}`,
    /// `{read_only_api_key}` and `{other_project_api_key}`.
    pub command: Located<Vec<Located<String>>>,
    /// Environment variables, templates over the same.
    #[serde(default)]
    pub environment: BTreeMap<String, Located<String>>,
    /// The line on its standard output that says that it is ready; its holes become variables,
    /// `{base_url}` above all.
    pub ready_line: Located<String>,
    /// How long it may take to get ready, in seconds.
    #[serde(default = "Process::ready_seconds")]
    pub ready_seconds: u64,
    /// How long it may take to end after SIGTERM, in seconds.
    #[serde(default = "Process::stop_seconds")]
    pub stop_seconds: u64,
}

impl Process {
    const fn ready_seconds() -> u64 {
        10
    }
    const fn stop_seconds() -> u64 {
        10
    }
}

/// What a call may take, and what may come after it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How long a revoke may take, in seconds (INV-BOUNDED).
    pub revoke_seconds: f64,
    /// How many dispatches a revoke may make for each subject (INV-BOUNDED).
    pub dispatches_per_subject: usize,
    /// How long after a run a queued dispatch may still come, in seconds (INV-NO-LATE-DISPATCH).
    pub background_seconds: f64,
    /// How long any other call may take, in seconds.
    pub call_seconds: f64,
    /// How long an answer may be, in bytes. A longer one is not read to its end.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            revoke_seconds: 60.0,
            dispatches_per_subject: 3,
            background_seconds: 1.0,
            call_seconds: 10.0,
            answer_bytes: 1 << 20,
        }
    }
}

/// A request and what is kept of its answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpStep {
    /// What is sent.
    pub request: RequestTemplate,
    /// The status codes that mean that it worked; any 2xx if not stated.
    #[serde(default)]
    pub expect: Vec<u16>,
    /// What is taken out of the JSON answer: a name, and a JSON pointer (RFC 6901).
    #[serde(default)]
    pub capture: BTreeMap<String, Located<String>>,
}

/// A request with holes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestTemplate {
    /// The HTTP method.
    pub method: Located<String>,
    /// The path and query below the target's address; what fills a hole is escaped as one
    /// segment.
    pub path: Located<String>,
    /// A JSON body. A string that is one hole and nothing else takes the value with its type;
    /// `{name?}` is left out if it is missing.
    #[serde(default)]
    pub json: Option<Located<Value>>,
}

/// The revoke call and where its answer says what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeCall {
    /// What is sent.
    pub request: RequestTemplate,
    /// A JSON pointer to the list of revoked subjects.
    pub revoked_tokens: Located<String>,
    /// A JSON pointer to the account's id.
    pub account_id: Located<String>,
    /// A JSON pointer to the account's status.
    pub account_status: Located<String>,
}

/// The read call and where its answer says what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadCall {
    /// What is sent.
    pub request: RequestTemplate,
    /// A JSON pointer to the account's status.
    pub account_status: Located<String>,
    /// A JSON pointer to the text that says why the account has its status (CA-REVOKED-READ).
    #[serde(default)]
    pub status_reason: Option<Located<String>>,
}

/// The call that deletes an account and has its tokens revoked, perhaps after its answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAndRevokeCall {
    /// What is sent.
    pub request: RequestTemplate,
    /// A JSON pointer to the id of the job that revokes.
    pub job_id: Located<String>,
    /// How long after the answer the tokens may still be alive, in seconds;
    /// `limits.background_seconds` if not stated.
    #[serde(default)]
    pub seconds: Option<Located<f64>>,
}

/// A call of which only the status code counts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// What is sent.
    pub request: RequestTemplate,
}

/// The names that a client step's templates may use, besides what earlier steps captured.
const CLIENT_VARIABLES: [&str; 6] = [
    "provider_base_url",
    "profile",
    "scheme",
    "client",
    "client_id",
    "client_secret",
];

/// The names that an account step's templates may use, besides those of the client.
const ACCOUNT_VARIABLES: [&str; 7] = [
    "account",
    "user",
    "status",
    "access_token",
    "refresh_token",
    "expires_in",
    "provider_account_id",
];

impl Target {
    /// The keys beside the main one, each by the name of its hole.
    pub fn other_keys(&self) -> impl Iterator<Item = (&'static str, &OtherKey)> {
        [
            ("read_only_api_key", &self.read_only_api_key),
            ("other_project_api_key", &self.other_project_api_key),
        ]
        .into_iter()
        .filter_map(|(name, key)| key.as_ref().map(|key| (name, key)))
    }

    /// The environment variables that hold keys.
    pub fn key_variables(&self) -> impl Iterator<Item = &Located<String>> {
        let others = self
            .other_keys()
            .filter_map(|(_, key)| key.environment.as_ref());
        self.api_key.environment.iter().chain(others)
    }

    /// Reads a target file and validates it.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        let target: Self =
            source::parse(file).map_err(|diagnostic| vec![without_value(diagnostic)])?;
        let mut check = Check {
            file,
            mistakes: Vec::new(),
        };
        check.address(&target);
        check.provisioning(&target);
        check.calls(&target);
        check.snapshots(&target);
        if check.mistakes.is_empty() {
            Ok(target)
        } else {
            Err(check.mistakes)
        }
    }

    /// The same target, whose process is started with further arguments, as they stand. A target
    /// without a process stays as it is.
    #[must_use]
    pub fn with_process_arguments(mut self, arguments: &[&str]) -> Self {
        if let Some(process) = &mut self.process {
            let command = process.command.get_mut();
            command.extend(arguments.iter().map(|argument| {
                // The command's words are templates, and these are not.
                let literal = argument.replace('{', "{{").replace('}', "}}");
                Located::unplaced(literal)
            }));
        }
        self
    }
}

/// An unknown key in a target file may be where somebody wrote a secret: its value is not shown.
fn without_value(mut diagnostic: Diagnostic) -> Diagnostic {
    let text = diagnostic.file.text();
    let from = text.floor_char_boundary(diagnostic.span.end);
    let line_end = text[from..].find('\n').map_or(text.len(), |at| from + at);
    let value = text[from..line_end].find('=').map(|at| from + at + 1);
    if let Some(value) = value.filter(|_| diagnostic.message.starts_with("unknown key")) {
        let shown = format!("{} …{}", &text[..value], &text[line_end..]);
        diagnostic.file = SourceFile::new(diagnostic.file.path(), shown);
    }
    diagnostic
}

struct Check<'a> {
    file: &'a SourceFile,
    mistakes: Vec<Diagnostic>,
}

impl Check<'_> {
    fn mistake(&mut self, place: &Located<impl Sized>, message: impl Into<String>, hint: &str) {
        self.mistakes
            .push(Diagnostic::new(self.file, place.span(), message).hint(hint));
    }

    fn holes(&mut self, place: &Located<String>, known: &BTreeSet<&str>) {
        self.holes_in(place, place, known);
    }

    fn holes_in(&mut self, place: &Located<impl Sized>, text: &str, known: &BTreeSet<&str>) {
        match template::names(text) {
            Err(error) => {
                self.mistake(
                    place,
                    error.to_string(),
                    "a hole is `{name}`; a brace itself is `{{` or `}}`",
                );
            }
            Ok(names) => {
                for name in names {
                    if !known.contains(name) {
                        let message = format!("nothing is known here by the name `{name}`");
                        let span = self.hole_span(place.span(), name);
                        let diagnostic = Diagnostic::new(self.file, span, message);
                        self.mistakes.push(if known.is_empty() {
                            diagnostic.hint("write what is meant in its place")
                        } else {
                            diagnostic.hint_nearest(name, known.iter().copied())
                        });
                    }
                }
            }
        }
    }

    /// Where in a text a hole stands. A text with escapes is underlined as a whole.
    fn hole_span(&self, place: Range<usize>, name: &str) -> Range<usize> {
        let text = self.file.text().get(place.clone()).unwrap_or_default();
        let holes = [format!("{{{name}}}"), format!("{{{name}?}}")];
        let found = holes
            .iter()
            .find_map(|hole| text.find(hole).map(|at| (at, hole.len())));
        found.map_or(place.clone(), |(at, length)| {
            place.start + at..place.start + at + length
        })
    }

    fn address(&mut self, target: &Target) {
        if let Some(known) = self.process(target) {
            self.base_url(target, &known);
        }
        self.holes(&target.api_key.value, &BTreeSet::from(["api_key"]));
        if http::HeaderName::from_bytes(target.api_key.header.as_bytes()).is_err() {
            self.mistake(
                &target.api_key.header,
                "not the name of an HTTP header",
                "e.g. `x-api-key`",
            );
        }
        let limits = &target.limits;
        for (name, seconds) in [
            ("revoke_seconds", limits.revoke_seconds),
            ("background_seconds", limits.background_seconds),
            ("call_seconds", limits.call_seconds),
        ] {
            if !is_a_length_of_time(seconds) {
                self.mistake(
                    limits,
                    format!("`{name}` is {seconds}, which is no length of time"),
                    LENGTH_OF_TIME,
                );
            }
        }
    }

    /// The names that the process's ready line tells; none if it cannot be read.
    fn process<'b>(&mut self, target: &'b Target) -> Option<BTreeSet<&'b str>> {
        let mut known = BTreeSet::new();
        if let Some(process) = &target.process {
            if process.command.is_empty() {
                self.mistake(
                    &process.command,
                    "a process without a command",
                    "name the program and its arguments",
                );
            }
            let mut at_start = BTreeSet::from(["rescind", "api_key"]);
            at_start.extend(target.other_keys().map(|(name, _)| name));
            for text in process.command.iter().chain(process.environment.values()) {
                self.holes(text, &at_start);
            }
            match template::names(&process.ready_line) {
                Ok(names) => known.extend(names),
                Err(error) => {
                    let hint = "a hole is `{name}`; a brace itself is `{{` or `}}`";
                    self.mistake(&process.ready_line, error.to_string(), hint);
                    return None;
                }
            }
        } else if target.api_key.environment.is_none()
            || target
                .other_keys()
                .any(|(_, key)| key.environment.is_none())
        {
            self.mistake(
                &target.api_key.header,
                "no process to tell a key to, and no environment variable to take it from",
                "state `environment` under each key, or a `[process]`",
            );
        }
        Some(known)
    }

    fn base_url(&mut self, target: &Target, known: &BTreeSet<&str>) {
        let names = template::names(&target.base_url).unwrap_or_default();
        if let Some(name) = names.first().filter(|_| known.is_empty()) {
            let span = self.hole_span(target.base_url.span(), name);
            let message = format!("nothing tells what `{name}` is");
            let hint = "write the address itself, or let the `ready_line` of a `[process]` tell it: `listening on {base_url}`";
            self.mistakes
                .push(Diagnostic::new(self.file, span, message).hint(hint));
            return;
        }
        self.holes(&target.base_url, known);
        let literal = !target.base_url.contains('{');
        if literal
            && !target.base_url.starts_with("http://")
            && !target.base_url.starts_with("https://")
        {
            self.mistake(
                &target.base_url,
                "not an http or https address",
                "e.g. `https://staging.example.com`",
            );
        }
    }

    fn provisioning(&mut self, target: &Target) {
        let mut known = BTreeSet::from(CLIENT_VARIABLES);
        for step in &target.client_steps {
            self.request(&step.request, &known);
            self.pointers(step.capture.values());
            known.extend(step.capture.keys().map(String::as_str));
        }
        known.extend(ACCOUNT_VARIABLES);
        let mut captured = false;
        for step in target.account_steps.iter() {
            self.request(&step.request, &known);
            self.pointers(step.capture.values());
            known.extend(step.capture.keys().map(String::as_str));
            captured |= step.capture.contains_key("account_id");
        }
        if !captured {
            let message = "no account step captures `account_id`";
            let hint = "e.g. `capture = { account_id = \"/id\" }`";
            match target.account_steps.first() {
                Some(step) => self.mistake(&step.request.path, message, hint),
                None => self.mistake(&target.account_steps, message, hint),
            }
        }
    }

    fn calls(&mut self, target: &Target) {
        let mut known: BTreeSet<&str> = BTreeSet::from(["account_id"]);
        let steps = target
            .client_steps
            .iter()
            .chain(target.account_steps.iter());
        known.extend(steps.flat_map(|step| step.capture.keys().map(String::as_str)));
        self.request(&target.revoke.request, &known);
        self.request(&target.read.request, &known);
        for call in target.delete.iter().chain(&target.refresh) {
            self.request(&call.request, &known);
        }
        if let Some(call) = &target.delete_and_revoke {
            self.request(&call.request, &known);
            self.pointers([&call.job_id]);
            self.seconds_of_job(call);
        }
        if let Some(call) = &target.set_status {
            known.insert("enabled");
            self.request(&call.request, &known);
        }
        self.client_calls(target);
        let revoke = &target.revoke;
        self.pointers([
            &revoke.revoked_tokens,
            &revoke.account_id,
            &revoke.account_status,
            &target.read.account_status,
        ]);
        self.pointers(&target.read.status_reason);
    }

    /// The calls about a client know nothing of any account.
    fn client_calls(&mut self, target: &Target) {
        let captured = target
            .client_steps
            .iter()
            .flat_map(|step| step.capture.keys());
        let mut known: BTreeSet<&str> = captured.map(String::as_str).collect();
        if let Some(call) = &target.delete_client {
            self.request(&call.request, &known);
        }
        if let Some(call) = &target.set_client_status {
            known.insert("enabled");
            self.request(&call.request, &known);
        }
    }

    fn seconds_of_job(&mut self, call: &DeleteAndRevokeCall) {
        let Some(seconds) = &call.seconds else {
            return;
        };
        if !is_a_length_of_time(**seconds) {
            self.mistake(
                seconds,
                format!("`seconds` is {}, which is no length of time", **seconds),
                LENGTH_OF_TIME,
            );
        }
    }

    fn snapshots(&mut self, target: &Target) {
        // The target file's own folder holds other things than snapshots.
        if let Some(folder) = target
            .snapshots
            .as_ref()
            .filter(|folder| folder.trim_matches(['.', '/']).is_empty())
        {
            self.mistake(
                folder,
                "not a folder of its own",
                "name one that holds nothing else, e.g. `snapshots`",
            );
        }
    }

    fn request(&mut self, request: &RequestTemplate, known: &BTreeSet<&str>) {
        self.holes(&request.path, known);
        if !request.path.starts_with('/') {
            self.mistake(
                &request.path,
                format!("the path `{}` does not start with `/`", *request.path),
                "paths are below `base_url`",
            );
        }
        if http::Method::from_bytes(request.method.as_bytes()).is_err() {
            self.mistake(&request.method, "not an HTTP method", "e.g. `POST`");
        }
        if let Some(json) = &request.json {
            let mut texts = Vec::new();
            collect_texts(json, &mut texts);
            for text in texts {
                self.holes_in(json, text, known);
            }
        }
    }

    fn pointers<'b>(&mut self, pointers: impl IntoIterator<Item = &'b Located<String>>) {
        for pointer in pointers {
            // RFC 6901 §3: empty, or reference tokens that each start with a slash.
            if !pointer.is_empty() && !pointer.starts_with('/') {
                self.mistake(
                    pointer,
                    format!("`{}` is not a JSON pointer", **pointer),
                    "start it with `/`, e.g. `/connected_account/status` (RFC 6901)",
                );
            }
        }
    }
}

const LENGTH_OF_TIME: &str = "a number of seconds from 0 to 86400";

fn is_a_length_of_time(seconds: f64) -> bool {
    seconds.is_finite() && (0.0..=86_400.0).contains(&seconds)
}

fn collect_texts<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(members) => members
            .values()
            .for_each(|member| collect_texts(member, texts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
