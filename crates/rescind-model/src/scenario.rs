//! Scenarios: a provider profile, steps, expectations, and the ledger at the end.
//!
//! [`mod@file`] is the format as a person writes it; [`Scenario`] is what is left once everything in
//! it has been found to make sense.

pub mod file;
pub mod races;
mod validate;

use std::collections::BTreeMap;

use crate::fault::Fault;
use crate::requirement::RequirementSet;
use crate::source::{Diagnostic, Located, SourceFile};
pub use file::{
    AdvanceClock, Connect, Delete, DeleteClient, Expectation, ExpectedTokenState, ExpectedTokens,
    Expire, HeldToken, Key, Read, Refresh, RemoveByUser, RequestBody, Revoke, SetClientStatus,
    SetStatus, SwitchedStatus,
};
pub use races::{Awaited, Hold, NamedCall};

/// A scenario that has been validated in itself; [`Scenario::validate_names`] holds it against
/// the other files.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its path below `scenarios/`, without the ending.
    pub id: String,
    /// The file that states it.
    pub file: SourceFile,
    /// What it shows, in a sentence.
    pub title: String,
    /// The profiles that it runs at; a case for each.
    pub profiles: Vec<Located<String>>,
    /// The requirements that its expectations judge.
    pub requirements: Vec<Located<String>>,
    /// Public accounts of real bugs that it notices.
    pub seen_in: Vec<Located<String>>,
    /// The words that it can be selected by, in their order.
    pub tags: Vec<String>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What the ledger must say of each account at the end.
    pub ledger: BTreeMap<String, ExpectedTokens>,
}

/// One step: a verb, and what must come of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub verb: Verb,
    /// The place of the step in its file.
    pub span: std::ops::Range<usize>,
    /// The outcomes that are allowed, any one of which satisfies the step; empty if it states
    /// none.
    pub outcomes: Vec<Expectation>,
    /// The requirements that the outcomes judge.
    pub requirements: Vec<Located<String>>,
    /// Whether the step is the positive control of the scenario's refusals.
    pub role: StepRole,
}

/// What a step is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRole {
    /// It is what the scenario is about.
    Subject,
    /// It shows that the refused request, corrected, takes effect: if it fails, the refusals
    /// around it prove nothing.
    PositiveControl,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Verb {
    /// Puts an account into the target.
    Connect(Connect),
    /// Calls the revoke endpoint.
    Revoke(Revoke),
    /// Reads an account.
    Read(Read),
    /// Deletes an account.
    Delete(Delete),
    /// Has the target refresh an account's tokens.
    Refresh(Refresh),
    /// Switches an account on or off.
    SetStatus(SetStatus),
    /// Deletes a client's registration in the target.
    DeleteClient(DeleteClient),
    /// Switches a client's registration in the target on or off.
    SetClientStatus(SetClientStatus),
    /// The user removes the app on the provider's site.
    RemoveByUser(RemoveByUser),
    /// Lets a token expire at the provider.
    Expire(Expire),
    /// Moves the provider's clock.
    AdvanceClock(AdvanceClock),
    /// Makes an endpoint of the provider fail.
    Fail(Fault),
    /// Ends every failure.
    Recover,
    /// Holds a request to the provider.
    Hold(Hold),
    /// Lets go what a gate holds; its name.
    Release(Located<String>),
    /// Begins a call to the target.
    Start(NamedCall),
    /// Takes the answer of a call that was begun.
    Finish(NamedCall),
    /// Breaks the connection of a call that was begun, as a client does that waits no longer.
    GiveUp(NamedCall),
    /// Waits until things stand as the scenario wants them.
    WaitUntil(Awaited),
    /// Kills the target's process, and with it every call that is under way.
    Kill,
    /// Starts the process again.
    Restart,
}

impl Verb {
    /// The verb's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Revoke(_) => "revoke",
            Self::Read(_) => "read",
            Self::Delete(_) => "delete",
            Self::Refresh(_) => "refresh",
            Self::SetStatus(_) => "set_status",
            Self::DeleteClient(_) => "delete_client",
            Self::SetClientStatus(_) => "set_client_status",
            Self::RemoveByUser(_) => "remove_by_user",
            Self::Expire(_) => "expire",
            Self::AdvanceClock(_) => "advance_clock",
            Self::Fail(_) => "fail",
            Self::Recover => "recover",
            Self::Hold(_) => "hold",
            Self::Release(_) => "release",
            Self::Start(_) => "start",
            Self::Finish(_) => "finish",
            Self::GiveUp(_) => "give_up",
            Self::WaitUntil(_) => "wait_until",
            Self::Kill => "kill",
            Self::Restart => "restart",
        }
    }

    /// The account that the step is about, if it is about one.
    pub fn account(&self) -> Option<&Located<String>> {
        match self {
            Self::Connect(Connect { account, .. })
            | Self::Read(Read { account })
            | Self::Delete(Delete { account, .. })
            | Self::Refresh(Refresh { account })
            | Self::SetStatus(SetStatus { account, .. })
            | Self::RemoveByUser(RemoveByUser { account })
            | Self::Expire(Expire { account, .. }) => Some(account),
            Self::Revoke(revoke) => revoke.account.as_ref().or(revoke.unknown_like.as_ref()),
            Self::Start(call) | Self::Finish(call) | Self::GiveUp(call) => call.verb.account(),
            Self::DeleteClient(_)
            | Self::SetClientStatus(_)
            | Self::AdvanceClock(_)
            | Self::Fail(_)
            | Self::Recover
            | Self::Hold(_)
            | Self::Release(_)
            | Self::WaitUntil(_)
            | Self::Kill
            | Self::Restart => None,
        }
    }

    /// The client whose registration the step is about, if it is about one.
    pub const fn client(&self) -> Option<&Located<String>> {
        match self {
            Self::DeleteClient(DeleteClient { client })
            | Self::SetClientStatus(SetClientStatus { client, .. }) => Some(client),
            _ => None,
        }
    }

    /// What is called where a call begins or ends; else the verb itself.
    pub fn called(&self) -> &Self {
        match self {
            Self::Start(call) | Self::Finish(call) | Self::GiveUp(call) => &call.verb,
            verb => verb,
        }
    }

    /// Whether the step has an answer of the target's.
    pub const fn calls_target(&self) -> bool {
        matches!(
            self,
            Self::Finish(_)
                | Self::Revoke(_)
                | Self::Read(_)
                | Self::Delete(_)
                | Self::Refresh(_)
                | Self::SetStatus(_)
                | Self::DeleteClient(_)
                | Self::SetClientStatus(_)
        )
    }
}

impl Scenario {
    /// Reads a scenario and validates what can be known from the file alone.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(id: &str, file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        validate::scenario(id, file)
    }

    /// Whether it takes a process of its own, that can be killed.
    pub fn needs_process(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.verb, Verb::Kill))
    }

    /// Holds the names in the scenario against the profiles and requirements that exist.
    ///
    /// # Errors
    /// Every name that nothing answers to, and every requirement that nothing judges.
    pub fn validate_names(
        &self,
        profiles: &[&str],
        set: &RequirementSet,
    ) -> Result<(), Vec<Diagnostic>> {
        let unknown = |name: &Located<String>, what: &str, known: &[&str]| {
            let message = format!("unknown {what} `{}`", **name);
            Diagnostic::new(&self.file, name.span(), message)
                .hint_nearest(name, known.iter().copied())
        };
        let mut mistakes = Vec::new();
        for profile in &self.profiles {
            if !profiles.contains(&profile.as_str()) {
                mistakes.push(unknown(profile, "profile", profiles));
            }
        }
        let rows = self
            .requirements
            .iter()
            .chain(self.steps.iter().flat_map(|step| &step.requirements));
        let judged = set.requirements.iter().filter(|row| row.excluded.is_none());
        let judged: Vec<&str> = judged.map(|row| row.id.as_str()).collect();
        for name in rows {
            match set.row(name) {
                None => mistakes.push(unknown(name, "requirement", &judged)),
                Some(row) => mistakes.extend(row.excluded.as_ref().map(|reason| {
                    // An excluded one would look judged.
                    let message = format!("requirement `{}` is excluded: {reason}", **name);
                    Diagnostic::new(&self.file, name.span(), message)
                        .hint("leave it out, and name the requirements that the scenario judges")
                })),
            }
        }
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(mistakes)
        }
    }
}
