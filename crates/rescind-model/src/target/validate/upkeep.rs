//! What a target allows at a time, and what is done around each case so that it is as if new.

use std::collections::BTreeSet;

use super::super::Target;
use super::{Check, LENGTH_OF_TIME, is_a_length_of_time};

impl Check<'_> {
    pub(super) fn limits(&mut self, target: &Target) {
        let limits = &target.limits;
        for (name, seconds) in [
            ("revoke_seconds", limits.revoke_seconds),
            ("background_seconds", limits.background_seconds),
            ("call_seconds", limits.call_seconds),
            ("rate_limit_seconds", limits.rate_limit_seconds),
        ] {
            if !is_a_length_of_time(seconds) {
                self.mistake(
                    limits,
                    format!("`{name}` is {seconds}, which is no length of time"),
                    LENGTH_OF_TIME,
                );
            }
        }
        if limits.max_concurrent_cases == Some(0) {
            self.mistake(
                limits,
                "`max_concurrent_cases` is 0, and no case could be run",
                "state 1 for one case after the other, or leave it out",
            );
        }
    }

    pub(super) fn upkeep(&mut self, target: &Target) {
        // Nothing has been put into the target when it is emptied.
        let mut known = BTreeSet::new();
        for step in &target.reset_steps {
            self.request(&step.request, &known);
            self.pointers(step.capture.values());
            known.extend(step.capture.keys().map(String::as_str));
        }
        if let Some(first) = target.reset_steps.first()
            && target.limits.max_concurrent_cases != Some(1)
        {
            self.mistake(
                &first.request.path,
                "a reset before each case takes from the others what they have put into the target",
                "let one case run after the other: `max_concurrent_cases = 1` under `[limits]`",
            );
        }
        let steps = target.client_steps.iter();
        let steps = steps.chain(target.account_steps.iter());
        let mut known = BTreeSet::from(["account_id"]);
        known.extend(steps.flat_map(|step| step.capture.keys().map(String::as_str)));
        for step in &target.cleanup_steps {
            self.request(&step.request, &known);
            self.pointers(step.capture.values());
            known.extend(step.capture.keys().map(String::as_str));
        }
    }
}
