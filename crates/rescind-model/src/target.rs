//! Target files: how to reach an implementation, put an account into it, and read its answers.

mod capabilities;
mod command;
mod provider;
mod validate;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::source::{Diagnostic, Located, SourceFile};
use crate::template;
pub use capabilities::{Capabilities, Capability, Obstacle};
pub use command::AdapterCommand;
pub use provider::{Control, ProviderPlace, TenantsBy};
pub use words::{ErrorWords, Words};

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
    pub headers: BTreeMap<String, Located<String>>,
    /// Headers that every call carries, each with the environment variable that holds its value:
    /// that is treated as a secret.
    #[serde(default)]
    pub headers_from_environment: BTreeMap<String, Located<String>>,
    /// A file of PEM certificates, relative to this file's own: those whom to trust for a target at
    /// an https address, in place of those whom the system trusts.
    #[serde(default)]
    pub ca_certificates: Option<Located<String>>,
    /// The target's own words for what the contract says.
    #[serde(default)]
    pub words: Words,
    /// What the target does not do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// How to run the target, if the runner is to.
    #[serde(default)]
    pub process: Option<Process>,
    /// How the target sees the provider, and where the provider runs. On loopback, in this program,
    /// if not stated.
    #[serde(default)]
    pub provider: ProviderPlace,
    /// What a call may take, and what may come after it.
    #[serde(default)]
    pub limits: Located<Limits>,
    /// The folder of this target's snapshots, relative to this file's own: what it did in each
    /// case, held against what it does.
    #[serde(default)]
    pub snapshots: Option<Located<String>>,
    /// The steps that put an OAuth client of the provider into the target, once for each client
    /// of a scenario. `{provider_base_url}` is the provider's address; of one that spans several
    /// hosts, `{provider_base_url_NAME}` is that of the further host which its profile calls `NAME`,
    /// with `_` for every `-`. A provider without such a host has it all at its own address.
    #[serde(default, rename = "client")]
    pub client_steps: Vec<HttpStep>,
    /// The steps that put an account into the target. They must capture `account_id`.
    #[serde(default, rename = "account")]
    pub account_steps: Located<Vec<HttpStep>>,
    /// A command that puts clients and accounts into the target, in place of those steps.
    #[serde(default)]
    pub adapter: Option<AdapterCommand>,
    /// The steps that empty the target, made before each case. Cases then run one after the other:
    /// they want `max_concurrent_cases = 1` under `limits`. Only what earlier steps captured fills
    /// their holes.
    #[serde(default, rename = "reset")]
    pub reset_steps: Vec<HttpStep>,
    /// The steps that take an account out of the target again, made at the end of each case for each
    /// account that it has not deleted. `limits.background_seconds` pass before the first, so that
    /// what the case itself caused is told from what they cause. What fails of them is a note in the
    /// report.
    #[serde(default, rename = "cleanup")]
    pub cleanup_steps: Vec<HttpStep>,
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
    /// How an account is switched on and off; the template variables
    /// `{enabled}`, true or false, and `{status}`, the word for what it is to be, say which.
    #[serde(default)]
    pub set_status: Option<Call>,
    /// How a client's registration is deleted. Its templates are filled with what the client
    /// steps captured.
    #[serde(default)]
    pub delete_client: Option<Call>,
    /// How a client's registration is switched on and off; `{enabled}` and `{status}` say
    /// which.
    #[serde(default)]
    pub set_client_status: Option<Call>,
    /// The file that states all this: what is found wrong later is underlined in it.
    #[serde(skip)]
    pub file: SourceFile,
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
    /// The program and its arguments, templates over `{rescind}` (this program), `{directory}` (that
    /// of the target file), `{api_key}`, `{read_only_api_key}`, `{other_project_api_key}` and
    /// `{sealing_key}` (32 random bytes in base64, the same whenever a process of the run is
    /// started).
    pub command: Located<Vec<Located<String>>>,
    /// The same for a process that keeps what it knows in `{state_directory}`, a folder that is
    /// empty when it is started first. A case that kills the target has such a process to itself;
    /// without this there are no such cases.
    #[serde(default)]
    pub durable_command: Option<Located<Vec<Located<String>>>>,
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
    /// How long all the waits of one call may take, in seconds, that the target demands by 429 before
    /// it takes the call up; 0 never waits, and judges a 429 as any answer.
    pub rate_limit_seconds: f64,
    /// How many cases may run at once, whatever `--jobs` says; as many as that says if not stated.
    pub max_concurrent_cases: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            revoke_seconds: 60.0,
            dispatches_per_subject: 3,
            background_seconds: 1.0,
            call_seconds: 10.0,
            answer_bytes: 1 << 20,
            rate_limit_seconds: 60.0,
            max_concurrent_cases: None,
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
    /// A JSON pointer to the account's id, if the answer has it.
    #[serde(default)]
    pub account_id: Option<Located<String>>,
    /// A JSON pointer to the account's status, if the answer has it. Without it a read alone says
    /// what the account has become.
    #[serde(default)]
    pub account_status: Option<Located<String>>,
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

/// How the holes begin that ask for the address of a further host of a provider.
const HOLE_OF_HOST: &str = "provider_base_url_";

/// The hole that asks for the address of a further host, by the name that profiles give it. Every
/// `-` of the name is a `_` there: `api-eu` is at `{provider_base_url_api_eu}`.
pub fn hole_of_host(host: &str) -> String {
    format!("{HOLE_OF_HOST}{}", host.replace('-', "_"))
}

impl RequestTemplate {
    /// Which call it is, as its file states it: `POST /accounts/{account_id}/revoke`.
    pub fn in_words(&self) -> String {
        format!("{} {}", *self.method, *self.path)
    }

    /// Its texts with holes.
    fn templates(&self) -> Vec<&str> {
        let mut texts = vec![self.path.as_str()];
        if let Some(json) = &self.json {
            template::collect_texts(json, &mut texts);
        }
        texts
    }
}

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

    /// The environment variables that hold keys and headers.
    pub fn variables(&self) -> impl Iterator<Item = &Located<String>> {
        let others = self
            .other_keys()
            .filter_map(|(_, key)| key.environment.as_ref());
        let headers = self.headers_from_environment.values();
        let control = self.provider.control.as_ref();
        let control = control.map(|control| &control.key_from_environment);
        let keys = self.api_key.environment.iter().chain(others);
        keys.chain(headers).chain(control)
    }

    /// Reads a target file and validates it, for providers at one host.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        validate::target(file, &BTreeSet::new())
    }

    /// Reads a target file and validates it. `hosts` are the further hosts that profiles name: its
    /// holes may ask for the address of any of them ([`hole_of_host`]).
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse_for_hosts(
        file: &SourceFile,
        hosts: &BTreeSet<String>,
    ) -> Result<Self, Vec<Diagnostic>> {
        validate::target(file, hosts)
    }

    /// The holes of its client and account steps that ask for the address of a further host.
    pub fn holes_of_hosts(&self) -> BTreeSet<String> {
        let steps = self.client_steps.iter().chain(self.account_steps.iter());
        let mut holes = BTreeSet::new();
        for text in steps.flat_map(|step| step.request.templates()) {
            // What cannot be read is a mistake that the file was not loaded with.
            let names = template::names(text).unwrap_or_default().into_iter();
            let names = names.filter(|name| name.starts_with(HOLE_OF_HOST));
            holes.extend(names.map(str::to_owned));
        }
        holes
    }

    /// How to run a process of the target that keeps what it knows; none if the file does not say.
    pub fn durable_process(&self) -> Option<Process> {
        let process = self.process.as_ref()?;
        let command = process.durable_command.clone()?;
        Some(Process {
            command,
            ..process.clone()
        })
    }

    /// The same target, whose process is started with further arguments, as they stand. A target
    /// without a process stays as it is.
    #[must_use]
    pub fn with_process_arguments(mut self, arguments: &[&str]) -> Self {
        let commands = self.process.iter_mut().flat_map(|process| {
            let durable = process.durable_command.as_mut();
            std::iter::once(&mut process.command).chain(durable)
        });
        for command in commands {
            command.get_mut().extend(arguments.iter().map(|argument| {
                // The command's words are templates, and these are not.
                let literal = argument.replace('{', "{{").replace('}', "}}");
                Located::unplaced(literal)
            }));
        }
        self
    }
}

#[cfg(test)]
mod tests;
