//! A command that puts accounts into the target, in place of HTTP steps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Target;
use crate::source::Located;

/// A command that puts clients and accounts into the target, in place of the client and account
/// steps. It is started once for a run and speaks JSON lines: a request on its standard input, the
/// answer on its standard output (`docs/adapter.md`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdapterCommand {
    /// The program and its arguments, templates over what a process's command is filled with.
    pub command: Located<Vec<Located<String>>>,
    /// Environment variables, templates over the same.
    #[serde(default)]
    pub environment: BTreeMap<String, Located<String>>,
    /// What its answer to a request about a client holds for the holes of later calls, by name.
    #[serde(default)]
    pub client_facts: Vec<Located<String>>,
    /// What its answer to a request about an account holds for them, beside `account_id`.
    #[serde(default)]
    pub account_facts: Vec<Located<String>>,
    /// How long it may take to answer the first request, in seconds. Each later one may take
    /// `limits.call_seconds`.
    #[serde(default = "AdapterCommand::ready_seconds")]
    pub ready_seconds: u64,
    /// How long it may take to end when its standard input has ended, in seconds.
    #[serde(default = "AdapterCommand::stop_seconds")]
    pub stop_seconds: u64,
}

impl AdapterCommand {
    /// A command that no file states, of these words as they stand.
    pub fn of_words(words: &[String]) -> Self {
        let literal = |word: &String| {
            // The words of a command are templates, and these are not.
            Located::unplaced(word.replace('{', "{{").replace('}', "}}"))
        };
        Self {
            command: Located::unplaced(words.iter().map(literal).collect()),
            environment: BTreeMap::new(),
            client_facts: Vec::new(),
            account_facts: Vec::new(),
            ready_seconds: Self::ready_seconds(),
            stop_seconds: Self::stop_seconds(),
        }
    }

    const fn ready_seconds() -> u64 {
        10
    }
    const fn stop_seconds() -> u64 {
        10
    }
}

impl Target {
    /// What is known of a client once it is in the target, by name: what the client steps capture,
    /// or what the adapter's command answers with.
    pub fn facts_of_client(&self) -> impl Iterator<Item = &str> {
        let captured = self
            .client_steps
            .iter()
            .flat_map(|step| step.capture.keys())
            .map(String::as_str);
        let answered = self
            .adapter
            .iter()
            .flat_map(|adapter| &adapter.client_facts);
        captured.chain(answered.map(|name| name.as_str()))
    }

    /// What is known of an account once it is in the target, beside what is known of its client.
    pub fn facts_of_account(&self) -> impl Iterator<Item = &str> {
        let captured = self
            .account_steps
            .iter()
            .flat_map(|step| step.capture.keys())
            .map(String::as_str);
        let answered = self
            .adapter
            .iter()
            .flat_map(|adapter| &adapter.account_facts);
        captured.chain(answered.map(|name| name.as_str()))
    }
}
