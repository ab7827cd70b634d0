//! From the file to the target: everything that one file can be wrong about in itself.

mod adapter;
mod upkeep;

use std::collections::BTreeSet;
use std::ops::Range;

use super::{DeleteAndRevokeCall, HOLE_OF_HOST, RequestTemplate, Target, Words, hole_of_host};
use crate::source::{self, Diagnostic, Located, SourceFile};
use crate::template;

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

/// Reads and validates a target file.
pub(super) fn target(
    file: &SourceFile,
    hosts: &BTreeSet<String>,
) -> Result<Target, Vec<Diagnostic>> {
    let mut target: Target =
        source::parse(file).map_err(|diagnostic| vec![without_value(diagnostic)])?;
    target.file = file.clone();
    let mut check = Check {
        file,
        hosts: hosts.iter().map(|host| hole_of_host(host)).collect(),
        mistakes: Vec::new(),
    };
    check.address(&target);
    check.provisioning(&target);
    check.calls(&target);
    check.limits(&target);
    check.upkeep(&target);
    check.snapshots(&target);
    check.words(&target.words);
    check.capabilities(&target);
    check.mistakes.extend(target.provider.mistakes(file));
    if check.mistakes.is_empty() {
        Ok(target)
    } else {
        Err(check.mistakes)
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
    /// The holes for the further hosts of providers.
    hosts: Vec<String>,
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
                        let span = self.hole_span(place.span(), name);
                        let diagnostic = self.unknown(span, name, known);
                        self.mistakes.push(diagnostic);
                    }
                }
            }
        }
    }

    fn unknown(&self, span: Range<usize>, name: &str, known: &BTreeSet<&str>) -> Diagnostic {
        let host = name.strip_prefix(HOLE_OF_HOST);
        if let Some(host) = host.filter(|_| known.contains("provider_base_url")) {
            let message = format!("no profile has a further host by the name `{host}`");
            let diagnostic = Diagnostic::new(self.file, span, message);
            return if self.hosts.is_empty() {
                diagnostic.hint(
                    "every profile here is at one host, `{provider_base_url}`; one that names more under `hosts` is loaded by `--profiles`",
                )
            } else {
                diagnostic.hint_nearest(name, self.hosts.iter().map(String::as_str))
            };
        }
        let message = format!("nothing is known here by the name `{name}`");
        let diagnostic = Diagnostic::new(self.file, span, message);
        if known.is_empty() {
            diagnostic.hint("write what is meant in its place")
        } else {
            diagnostic.hint_nearest(name, known.iter().copied())
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
        for name in target
            .headers
            .keys()
            .chain(target.headers_from_environment.keys())
        {
            self.header_name(target, name);
        }
        for value in target.headers.values() {
            if http::HeaderValue::from_str(value).is_err() {
                self.mistake(
                    value,
                    "not the value of an HTTP header",
                    "use visible ASCII characters, without a line break",
                );
            }
        }
    }

    fn header_name(&mut self, target: &Target, name: &str) {
        let value = target.headers.get(name);
        let place = value.or_else(|| target.headers_from_environment.get(name));
        if http::HeaderName::from_bytes(name.as_bytes()).is_err()
            && let Some(place) = place
        {
            let message = format!("`{name}` is not the name of an HTTP header");
            self.mistake(place, message, "e.g. `x-tenant`");
        }
    }

    /// The names that the process's ready line tells; none if it cannot be read.
    fn process<'b>(&mut self, target: &'b Target) -> Option<BTreeSet<&'b str>> {
        let mut known = BTreeSet::new();
        if let Some(process) = &target.process {
            for command in std::iter::once(&process.command).chain(&process.durable_command) {
                if command.is_empty() {
                    self.mistake(
                        command,
                        "a process without a command",
                        "name the program and its arguments",
                    );
                }
            }
            let mut at_start = BTreeSet::from(["rescind", "directory", "api_key", "sealing_key"]);
            at_start.extend(target.other_keys().map(|(name, _)| name));
            for text in process.command.iter().chain(process.environment.values()) {
                self.holes(text, &at_start);
            }
            at_start.insert("state_directory");
            for text in process
                .durable_command
                .iter()
                .flat_map(|words| words.iter())
            {
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
        let durable = target.process.as_ref();
        let durable = durable.and_then(|process| process.durable_command.as_ref());
        if let (true, Some(command)) = (literal, durable) {
            self.mistake(
                command,
                "a process for one case alone, at the address of all others",
                "let the `ready_line` tell the address, `listening on {base_url}`, and use it as `base_url`",
            );
        }
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
        if let Some(adapter) = &target.adapter {
            self.adapter(target, adapter);
            return;
        }
        if target.account_steps.span().is_empty() {
            self.no_provisioning(target);
            return;
        }
        let mut known = BTreeSet::from(CLIENT_VARIABLES);
        let hosts = self.hosts.clone();
        known.extend(hosts.iter().map(String::as_str));
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
        known.extend(target.facts_of_client());
        known.extend(target.facts_of_account());
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
            known.extend(["enabled", "status"]);
            self.request(&call.request, &known);
        }
        self.client_calls(target);
        let revoke = &target.revoke;
        self.pointers([&revoke.revoked_tokens, &target.read.account_status]);
        self.pointers(&revoke.account_id);
        self.pointers(&revoke.account_status);
        self.pointers(target.words.error.as_ref().map(|error| &error.message));
        self.pointers(&target.read.status_reason);
    }

    /// The calls about a client know nothing of any account.
    fn client_calls(&mut self, target: &Target) {
        let mut known: BTreeSet<&str> = target.facts_of_client().collect();
        if let Some(call) = &target.delete_client {
            self.request(&call.request, &known);
        }
        if let Some(call) = &target.set_client_status {
            known.extend(["enabled", "status"]);
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

    fn capabilities(&mut self, target: &Target) {
        for (capability, reason) in &target.capabilities.cannot {
            if capability.is_stated(target) && !capability.needs_nothing_stated() {
                let message = format!("`[{capability}]` says how, and this that it cannot be done");
                self.mistake(reason, message, "leave one of the two out");
            }
            if reason.trim().is_empty() {
                let hint = "say why, in words for those who read the report";
                self.mistake(reason, format!("no reason why not `{capability}`"), hint);
            }
        }
    }

    fn words(&mut self, words: &Words) {
        for (contract, codes) in &words.status_codes {
            let known = Words::STATUS_CODES.map(|code| code.to_string());
            if !known.contains(contract) {
                let message = format!("the contract says nothing by `{contract}`");
                let hint = format!("it answers {}", known.join(", "));
                self.mistake(codes, message, &hint);
            }
            let is_success = contract == "200";
            let fits = |code: u16| if is_success { 200..300 } else { 400..600 }.contains(&code);
            if codes.is_empty() || !codes.iter().copied().all(fits) {
                let message = format!("not the status codes of a {}", success_or_error(is_success));
                let hint = format!(
                    "list one or more {}",
                    if is_success {
                        "from 200 to 299"
                    } else {
                        "from 400 to 599"
                    }
                );
                self.mistake(codes, message, &hint);
            }
        }
        for (status, own) in &words.account_statuses {
            if own.is_empty() {
                let message = format!("no word for {status}");
                self.mistake(own, message, "list at least one, or leave the status out");
            }
            for word in own.iter() {
                if words.account_status(word) != Some(*status) {
                    let message = format!("`{word}` stands for another status, too");
                    self.mistake(own, message, "let each word stand for one status");
                }
            }
        }
        for (subject, word) in &words.subjects {
            if words.word_of(subject.partner()) == word.as_str() {
                let message = format!("`{}` stands for another subject, too", **word);
                self.mistake(word, message, "let each word stand for one subject");
            }
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
            template::collect_texts(json, &mut texts);
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

const fn success_or_error(is_success: bool) -> &'static str {
    if is_success { "success" } else { "refusal" }
}

const LENGTH_OF_TIME: &str = "a number of seconds from 0 to 86400";

fn is_a_length_of_time(seconds: f64) -> bool {
    seconds.is_finite() && (0.0..=86_400.0).contains(&seconds)
}
