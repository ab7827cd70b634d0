//! The steps of a case as lines for a shell: what the runner told the provider by its control API,
//! and every call to the target. Whoever runs them needs the target, `rescind provider`, curl and
//! jq; every secret comes from a variable that one of the lines fills, or that its owner has.

use std::collections::{BTreeMap, BTreeSet};

use rescind_model::Subject;
use rescind_model::case_evidence::Purpose;
use rescind_model::scenario::{Connect, HeldToken, Step, Verb};
use rescind_model::secret::SecretScanner;
use serde_json::{Value, json};

use super::Surroundings;
use super::shell::{Held, curl, quoted, single_quoted, with_variables};
use crate::exchanges::{KeptCall, KeptCase, variable};
use crate::record::CaseRecord;

/// Variables that mean something to a shell, or to these lines.
const TAKEN: [&str; 9] = [
    "BASE_URL", "ENV", "HOME", "IFS", "PATH", "PROVIDER", "PWD", "SHELL", "USER",
];

/// The lines.
pub fn by_hand(record: &CaseRecord, kept: &KeptCase, around: &Surroundings<'_>) -> Vec<String> {
    let mut script = Script {
        record,
        kept,
        scanner: around.scanner,
        keys: around.key_variables(),
        address: around
            .base_url
            .map_or_else(|| "$BASE_URL".to_owned(), quoted),
        held: Vec::new(),
        gates: BTreeMap::new(),
        lines: Vec::new(),
    };
    script.begin(around);
    for step in &kept.steps {
        if let Some(stated) = record.scenario.steps.get(step.index) {
            script.step(step.index, stated);
        }
    }
    script.keys();
    script.lines
}

struct Script<'a> {
    record: &'a CaseRecord,
    kept: &'a KeptCase,
    scanner: &'a SecretScanner,
    /// The variables of keys, by fingerprint.
    keys: BTreeMap<String, String>,
    address: String,
    /// What variables hold so far.
    held: Vec<Held>,
    /// The numbers of gates, by name.
    gates: BTreeMap<String, usize>,
    lines: Vec<String>,
}

impl Script<'_> {
    fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// What must be there before the first step.
    fn begin(&mut self, around: &Surroundings<'_>) {
        let profile = &self.record.id.profile;
        self.line(format!(
            "# a provider of its own, in another terminal: rescind provider {profile} --port 4300"
        ));
        for (name, url) in &self.kept.addresses {
            self.held.push(Held {
                text: url.clone(),
                variable: name.clone(),
            });
        }
        self.line("PROVIDER=http://127.0.0.1:4300");
        let further: Vec<&str> = self
            .kept
            .addresses
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| *name != "PROVIDER")
            .collect();
        if !further.is_empty() {
            let further = further.join(", ");
            self.line(format!(
                "# it prints the addresses of its further hosts, for: {further}"
            ));
        }
        if around.base_url.is_none() {
            self.line("# the target, started anew: its address in BASE_URL");
        }
    }

    /// Which keys must be there before the first step: those that some line takes.
    fn keys(&mut self) {
        let is_taken = |variable: &&String| {
            let taken = format!("${{{variable}}}");
            self.lines.iter().any(|line| line.contains(&taken))
        };
        let keys: BTreeSet<&String> = self.keys.values().filter(is_taken).collect();
        let keys: Vec<&str> = keys.into_iter().map(String::as_str).collect();
        if !keys.is_empty() {
            let line = format!(
                "# what only its owner has, in variables: {}",
                keys.join(", ")
            );
            self.lines.insert(1, line);
        }
    }

    fn step(&mut self, index: usize, step: &Step) {
        let line = self.record.scenario.file.line_of(step.span.start);
        let word = step.verb.word();
        self.line(String::new());
        self.line(format!("# step {}, line {line}: {word}", index + 1));
        self.at_the_provider(step);
        let is_begun = matches!(step.verb, Verb::Start(_));
        for call in self.kept.calls.iter().filter(|call| call.step == index) {
            if call.purpose != Purpose::Look {
                self.call(call, is_begun);
            }
        }
    }

    /// What the runner does at the provider.
    fn at_the_provider(&mut self, step: &Step) {
        match &step.verb {
            Verb::Connect(connect) => self.mint(connect),
            Verb::RemoveByUser(removal) => {
                let grant = grant_of(removal.account.get());
                self.control("user-removal", &format!("{{\"grant\": ${grant}}}"));
            }
            Verb::Expire(expire) => self.on_token("expire", &expire.account, expire.token),
            Verb::AdvanceClock(advance) => {
                let body = json!({ "advance_seconds": advance.seconds });
                self.control("clock", &body.to_string());
            }
            Verb::Fail(fault) => {
                let mut stated = json!(fault.meets);
                if let (Some(stated), Value::Object(effect)) =
                    (stated.as_object_mut(), json!(fault.effect))
                {
                    stated.extend(effect);
                }
                self.control("faults", &stated.to_string());
            }
            Verb::Recover => self.line("curl -s -X DELETE \"$PROVIDER/_rescind/faults\""),
            Verb::Hold(hold) => {
                let number = self.gates.len() + 1;
                self.gates.insert(hold.name.get().clone(), number);
                self.control("gates", &json!(hold.gate.stated()).to_string());
            }
            Verb::Release(name) => {
                if let Some(number) = self.gates.get(name.get()) {
                    self.line(format!(
                        "curl -s -X POST \"$PROVIDER/_rescind/gates/{number}/release\""
                    ));
                }
            }
            Verb::WaitUntil(_) => {
                self.line("curl -s \"$PROVIDER/_rescind/gates\"  # until it is as the step says");
            }
            Verb::Finish(_) => self.line("wait"),
            Verb::GiveUp(_) => self.line("kill $!"),
            Verb::Kill => self.line("# kill the target's process, hard"),
            Verb::Restart => self.line("# start it again, with what it has kept"),
            Verb::Revoke(_)
            | Verb::Read(_)
            | Verb::Delete(_)
            | Verb::Refresh(_)
            | Verb::SetStatus(_)
            | Verb::DeleteClient(_)
            | Verb::SetClientStatus(_)
            | Verb::Start(_) => {}
        }
    }

    /// A call of the provider's control API. In `body` may stand variables.
    fn control(&mut self, operation: &str, body: &str) {
        let body = body.replace('\\', "\\\\").replace('"', "\\\"");
        self.line(format!(
            "curl -s \"$PROVIDER/_rescind/{operation}\" -d \"{body}\""
        ));
    }

    fn on_token(&mut self, operation: &str, account: &str, subject: Subject) {
        let grant = grant_of(account);
        self.control(
            operation,
            &format!("{{\"grant\": ${grant}, \"subject\": \"{subject}\"}}"),
        );
    }

    /// Mints what an account holds, into variables.
    fn mint(&mut self, connect: &Connect) {
        let account = connect.account.get();
        let held = [
            (Subject::AccessToken, connect.access_token),
            (Subject::RefreshToken, connect.refresh_token),
        ];
        let subjects = held.iter().filter(|(_, held)| *held != HeldToken::Absent);
        let subjects: Vec<Subject> = subjects.map(|(subject, _)| *subject).collect();
        let user = connect.user.as_ref().unwrap_or(account);
        let grant = json!({ "user": user, "client": connect.client, "subjects": subjects });
        let grant = single_quoted(&grant.to_string());
        self.line(format!(
            "minted=$(curl -s \"$PROVIDER/_rescind/grants\" -d {grant})"
        ));
        self.take("minted", &grant_of(account), ".grant");
        for (name, member) in self.minted(connect) {
            self.take("minted", &name, &format!(".{member}"));
        }
        for (subject, held) in held {
            match held {
                HeldToken::Alive | HeldToken::Absent => {}
                HeldToken::Expired | HeldToken::ExpiredAtProvider => {
                    self.on_token("expire", account, subject);
                }
                HeldToken::Dead => self.on_token("kill", account, subject),
            }
        }
    }

    /// The variables that a mint fills, each with the member of its answer.
    fn minted(&mut self, connect: &Connect) -> Vec<(String, &'static str)> {
        let mut filled = Vec::new();
        let clients = self.kept.clients.iter();
        let mut clients = clients.filter(|client| client.name == connect.client);
        if let Some(client) = clients.next() {
            let id = format!("CLIENT_ID_{}", variable(&client.name));
            self.held.push(Held {
                text: client.id.clone(),
                variable: id.clone(),
            });
            filled.push((id, "client_id"));
            let fingerprint = self.scanner.fingerprint(client.secret.expose());
            filled.push((
                secret_variable("client_secret", &fingerprint),
                "client_secret",
            ));
        }
        let steps = self.record.steps.iter();
        let account = connect.account.get();
        let mut worlds = steps.filter_map(|step| step.after.accounts.get(account));
        let tokens = worlds.find(|world| !world.tokens.is_empty());
        for token in tokens.iter().flat_map(|world| &world.tokens) {
            if token.id.generation == 0 {
                let fingerprint = self.scanner.fingerprint(&token.text);
                let subject = token.id.subject.as_str();
                filled.push((secret_variable(subject, &fingerprint), subject));
            }
        }
        filled
    }

    fn take(&mut self, from: &str, variable: &str, path: &str) {
        self.line(format!(
            "{variable}=$(printf '%s' \"${from}\" | jq -r {})",
            single_quoted(path)
        ));
    }

    fn call(&mut self, call: &KeptCall, is_begun: bool) {
        let (keys, scanner) = (&self.keys, self.scanner);
        let name = |kind: &str, fingerprint: &str| {
            let key = keys.get(fingerprint).cloned();
            key.unwrap_or_else(|| secret_variable(kind, fingerprint))
        };
        let written = |text: &str| with_variables(text, &self.held, scanner, &name);
        let command = if call.captured.is_empty() {
            "curl -i"
        } else {
            "curl -s"
        };
        let line = curl(command, &self.address, &call.sent, written);
        if call.captured.is_empty() {
            let background = if is_begun { " &" } else { "" };
            self.line(format!("{line}{background}"));
            return;
        }
        self.line(format!("answer=$({line})"));
        for (name, pointer, value) in &call.captured {
            let name = self.unused(&variable(name));
            self.take("answer", &name, &path_of(pointer));
            self.held.push(Held {
                text: value.clone(),
                variable: name,
            });
        }
    }

    /// A name that no variable has: an answer may name the same for several accounts.
    fn unused(&self, name: &str) -> String {
        let is_used = |name: &str| {
            let mut keys = self.keys.values();
            let is_held = self.held.iter().any(|held| held.variable == name);
            is_held || TAKEN.contains(&name) || keys.any(|key| key == name)
        };
        let mut names = (1..).map(|number| match number {
            1 => name.to_owned(),
            number => format!("{name}_{number}"),
        });
        names.find(|name| !is_used(name)).unwrap_or_default()
    }
}

fn grant_of(account: &str) -> String {
    format!("GRANT_{}", variable(account))
}

fn secret_variable(kind: &str, fingerprint: &str) -> String {
    variable(&format!("{kind}_{fingerprint}"))
}

/// The place of a JSON pointer (RFC 6901) as jq has it.
fn path_of(pointer: &str) -> String {
    let parts = pointer.split('/').skip(1).map(|part| {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("[{part}]")
        } else {
            format!("[{}]", json!(part))
        }
    });
    format!(".{}", parts.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_json_pointer_is_a_path_of_jq() {
        assert_eq!(path_of("/auth_config/id"), ".[\"auth_config\"][\"id\"]");
        assert_eq!(path_of("/items/0/a~1b"), ".[\"items\"][0][\"a/b\"]");
    }
}
