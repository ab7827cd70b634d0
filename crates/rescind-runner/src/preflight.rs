//! Before anything is judged: is the target up, are the keys good, does provisioning work in every
//! status that is needed, can the target reach the provider? What is found here is a configuration
//! error, never a finding, and says where in the target file and what to do next.
//!
//! Nothing here revokes. What only a revoke would show is said to be not asked.

mod accounts;
mod calls;
mod contact;
mod doctor;
mod examiner;
mod keys;
mod pointers;
mod said;
mod start;

use std::fmt;

use rescind_model::target::Capability;
use rescind_model::{AccountStatus, Diagnostic, Target};

pub use doctor::doctor;
pub(crate) use examiner::{examine, statuses};
pub(crate) use start::{environment, no_client, no_command, no_process, provider};

/// What a target is asked before anything is judged, in this order, and what it came to.
#[derive(Clone, Debug)]
pub struct Examination {
    asked: Vec<Asked>,
    /// Whether a command puts accounts into the target.
    by_command: bool,
}

/// A question and what it came to.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it is about.
    pub about: About,
    /// What it came to.
    pub answer: Answer,
}

/// What a question came to.
#[derive(Clone, Debug)]
pub enum Answer {
    /// All is well; with what was seen.
    Fine(String),
    /// Something must be mended.
    Problem(Vec<Diagnostic>),
    /// It could not be asked, and why.
    NotAsked(String),
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Are the environment variables set that the file names?
    Environment,
    /// Does the target's process get ready?
    Process,
    /// Does the command that puts accounts into the target say what it can do?
    Command,
    /// Can the provider run where the file says, or be reached there?
    ProviderPlace,
    /// Does the target answer?
    Connection,
    /// Is the key accepted, and a wrong one not?
    ApiKey,
    /// Can it be emptied?
    Reset,
    /// Can a client of the provider be put into it?
    Client,
    /// Can an account of that status be put into it, and does a read say so?
    Account(AccountStatus),
    /// Does a read say why an account has its status?
    StatusReason,
    /// May the key that reads read?
    ReadOnlyApiKey,
    /// Is the other project's key one?
    OtherProjectApiKey,
    /// Does it reach the provider?
    Provider,
    /// Can an account be switched off and on?
    SetStatus,
    /// Can a client be switched off and on?
    SetClientStatus,
    /// Can an account be deleted?
    Delete,
    /// Can a client be deleted?
    DeleteClient,
    /// Can what was put into it be taken out again?
    CleanUp,
    /// Where does the answer to a revoke say what?
    Revoke,
    /// … and that of a deletion that revokes?
    DeleteAndRevoke,
    /// Does the target's process end when it is asked to?
    End,
    /// Does the command that puts accounts into the target remove them, and end?
    CommandEnd,
}

impl fmt::Display for About {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Environment => "environment",
            Self::Process => "process",
            Self::Command => "[adapter]",
            Self::ProviderPlace => "[provider]",
            Self::Connection => "connection",
            Self::ApiKey => "[api_key]",
            Self::Reset => "[[reset]]",
            Self::CleanUp => "[[cleanup]]",
            Self::Client => "[[client]]",
            Self::Account(status) => return write!(formatter, "[[account]], {status}"),
            Self::StatusReason => "status_reason",
            Self::ReadOnlyApiKey => "[read_only_api_key]",
            Self::OtherProjectApiKey => "[other_project_api_key]",
            Self::Provider => "[refresh]",
            Self::SetStatus => "[set_status]",
            Self::SetClientStatus => "[set_client_status]",
            Self::Delete => "[delete]",
            Self::DeleteClient => "[delete_client]",
            Self::Revoke => "[revoke]",
            Self::DeleteAndRevoke => "[delete_and_revoke]",
            Self::End => "end of the process",
            Self::CommandEnd => "end of [adapter]",
        })
    }
}

/// Why a question is not asked if nothing better is known.
const BLOCKED: &str = "something before it does not work";

/// Why the answers to revokes are not looked at.
const NO_REVOKE: &str = "only a revoke shows where its answer says what, and none is made here";

impl Examination {
    /// Everything that there is to ask of a target, as yet not asked.
    pub(crate) fn of(target: &Target, statuses: &[AccountStatus]) -> Self {
        let mut examination = Self {
            asked: Vec::new(),
            by_command: target.adapter.is_some(),
        };
        if target.variables().next().is_some() {
            examination.add(About::Environment, BLOCKED);
        }
        if target.process.is_some() {
            examination.add(About::Process, BLOCKED);
        }
        if target.adapter.is_some() {
            examination.add(About::Command, BLOCKED);
        }
        if target.provider.listen.is_some() || target.provider.control.is_some() {
            examination.add(About::ProviderPlace, BLOCKED);
        }
        let accounts = statuses.iter().copied().map(About::Account);
        let reset = (!target.reset_steps.is_empty()).then_some(About::Reset);
        let always = [About::Connection, About::ApiKey];
        let always = always.into_iter().chain(reset).chain([About::Client]);
        for about in always.chain(accounts) {
            examination.add(about, BLOCKED);
        }
        if target.read.status_reason.is_some() {
            examination.add(About::StatusReason, BLOCKED);
        }
        let optional = [
            (About::ReadOnlyApiKey, Capability::ReadOnlyApiKey),
            (About::OtherProjectApiKey, Capability::OtherProjectApiKey),
            (About::Provider, Capability::Refresh),
            (About::SetStatus, Capability::SetStatus),
            (About::SetClientStatus, Capability::SetClientStatus),
            (About::Delete, Capability::Delete),
            (About::DeleteClient, Capability::DeleteClient),
        ];
        for (about, capability) in optional {
            examination.add(about, &why_not(target, capability, about));
        }
        if !target.cleanup_steps.is_empty() {
            examination.add(About::CleanUp, BLOCKED);
        }
        examination.add(About::Revoke, NO_REVOKE);
        if target.delete_and_revoke.is_some() {
            examination.add(About::DeleteAndRevoke, NO_REVOKE);
        }
        if target.process.is_some() {
            examination.add(About::End, BLOCKED);
        }
        if target.adapter.is_some() {
            examination.add(About::CommandEnd, BLOCKED);
        }
        examination
    }

    fn add(&mut self, about: About, why_not: &str) {
        let answer = Answer::NotAsked(why_not.to_owned());
        self.asked.push(Asked { about, answer });
    }

    /// Notes what a question came to. Of several problems each is kept.
    pub(crate) fn answer(&mut self, about: About, answer: Answer) {
        let Some(asked) = self.asked.iter_mut().find(|asked| asked.about == about) else {
            return;
        };
        match (&mut asked.answer, answer) {
            (Answer::Problem(known), Answer::Problem(further)) => known.extend(further),
            (Answer::Problem(_), _) => {}
            (before, answer) => *before = answer,
        }
    }

    /// Every question and what it came to, in the order in which they are asked.
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// What a question is about, in the words of the target file.
    pub fn title(&self, about: About) -> String {
        match about {
            About::Client if self.by_command => "[adapter], client".to_owned(),
            About::Account(status) if self.by_command => format!("[adapter], {status}"),
            other => other.to_string(),
        }
    }

    /// Everything that must be mended.
    pub fn problems(&self) -> Vec<&Diagnostic> {
        let problems = self.asked.iter().map(|asked| match &asked.answer {
            Answer::Problem(problems) => problems.as_slice(),
            Answer::Fine(_) | Answer::NotAsked(_) => &[],
        });
        problems.flatten().collect()
    }

    /// Whether nothing must be mended.
    pub fn is_fine(&self) -> bool {
        self.problems().is_empty()
    }
}

/// What is wrong, in a line each.
impl fmt::Display for Examination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = self.problems().into_iter().map(|problem| &*problem.message);
        formatter.write_str(&messages.collect::<Vec<&str>>().join("\n"))
    }
}

/// Why something is not asked that not every file states.
fn why_not(target: &Target, capability: Capability, about: About) -> String {
    if capability.is_stated(target) {
        return BLOCKED.to_owned();
    }
    match (target.capabilities.cannot.get(&capability), about) {
        (Some(reason), _) => format!("declared away: {}", **reason),
        (None, About::Provider) => {
            "the file has no `[refresh]`, and only a revoke would show whether the target reaches the provider"
                .to_owned()
        }
        (None, _) => "the file does not have it".to_owned(),
    }
}
