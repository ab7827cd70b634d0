//! What can be wrong about a command that puts accounts into the target.

use std::collections::BTreeSet;

use super::Check;
use crate::target::{AdapterCommand, Target};

impl Check<'_> {
    /// A file has steps or a command, and not both.
    pub(super) fn adapter(&mut self, target: &Target, adapter: &AdapterCommand) {
        if !target.client_steps.is_empty() || !target.account_steps.is_empty() {
            self.mistake(
                &adapter.command,
                "accounts are put into the target by this command, and by steps",
                "leave out `[adapter]`, or both `[[client]]` and `[[account]]`",
            );
        }
        if adapter.command.is_empty() {
            self.mistake(
                &adapter.command,
                "an adapter without a command",
                "name the program and its arguments",
            );
        }
        let mut known = BTreeSet::from(["rescind", "directory", "api_key", "sealing_key"]);
        known.extend(target.other_keys().map(|(name, _)| name));
        for text in adapter.command.iter().chain(adapter.environment.values()) {
            self.holes(text, &known);
        }
        for name in adapter.client_facts.iter().chain(&adapter.account_facts) {
            let of_names = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if name.is_empty() || !name.bytes().all(of_names) {
                let hint = "use letters, digits and `_`: what it names fills the hole `{name}`";
                self.mistake(
                    name,
                    format!("`{}` is not the name of a hole", **name),
                    hint,
                );
            }
        }
    }

    /// Neither steps nor a command.
    pub(super) fn no_provisioning(&mut self, target: &Target) {
        self.mistake(
            &target.account_steps,
            "nothing says how an account is put into the target",
            "state `[[account]]`, the requests that do it, or `[adapter]`, a command that does",
        );
    }
}
