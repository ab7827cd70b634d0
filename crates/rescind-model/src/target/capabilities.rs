//! What a target cannot do, and what a scenario needs of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Target;
use crate::scenario::{Connect, Key, Scenario, Verb};
use crate::source::Located;
use crate::vocabulary::AccountStatus;

/// What the target does not do, and why. What needs it is then not applicable, and said to be so;
/// what needs something that the file neither states nor declares away cannot be tested, and fails.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// The profiles whose providers the target knows; all if not stated.
    pub profiles: Option<Located<Vec<Located<String>>>>,
    /// The statuses that an account can be connected with; all if not stated.
    pub account_statuses: Option<Located<Vec<AccountStatus>>>,
    /// What it cannot do at all, each with the reason, which is shown in reports.
    pub cannot: BTreeMap<Capability, Located<String>>,
}

/// Something that not every target can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// It deletes accounts (`[delete]`).
    Delete,
    /// It deletes accounts and revokes their tokens (`[delete_and_revoke]`).
    DeleteAndRevoke,
    /// It refreshes tokens when asked to (`[refresh]`).
    Refresh,
    /// It switches accounts on and off (`[set_status]`).
    SetStatus,
    /// It deletes a client's registration (`[delete_client]`).
    DeleteClient,
    /// It switches a client's registration on and off (`[set_client_status]`).
    SetClientStatus,
    /// It has keys that may read and not write (`[read_only_api_key]`).
    ReadOnlyApiKey,
    /// It has keys of several projects (`[other_project_api_key]`).
    OtherProjectApiKey,
    /// It holds accounts that are not OAuth 2.0's (`{scheme}`).
    OtherSchemes,
    /// It holds several accounts at a time.
    SeveralAccounts,
    /// Its process can be killed and started again (`durable_command` under `[process]`).
    Restart,
}

impl Capability {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Delete,
        Self::DeleteAndRevoke,
        Self::Refresh,
        Self::SetStatus,
        Self::DeleteClient,
        Self::SetClientStatus,
        Self::ReadOnlyApiKey,
        Self::OtherProjectApiKey,
        Self::OtherSchemes,
        Self::SeveralAccounts,
    ];

    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::DeleteAndRevoke => "delete_and_revoke",
            Self::Refresh => "refresh",
            Self::SetStatus => "set_status",
            Self::DeleteClient => "delete_client",
            Self::SetClientStatus => "set_client_status",
            Self::ReadOnlyApiKey => "read_only_api_key",
            Self::OtherProjectApiKey => "other_project_api_key",
            Self::OtherSchemes => "other_schemes",
            Self::SeveralAccounts => "several_accounts",
            Self::Restart => "restart",
        }
    }

    /// Whether it is so unless the target file declares it away.
    pub const fn needs_nothing_stated(self) -> bool {
        matches!(self, Self::OtherSchemes | Self::SeveralAccounts)
    }

    /// Whether a target file states how it is done, or need not.
    pub const fn is_stated(self, target: &Target) -> bool {
        match self {
            Self::Delete => target.delete.is_some(),
            Self::DeleteAndRevoke => target.delete_and_revoke.is_some(),
            Self::Refresh => target.refresh.is_some(),
            Self::SetStatus => target.set_status.is_some(),
            Self::DeleteClient => target.delete_client.is_some(),
            Self::SetClientStatus => target.set_client_status.is_some(),
            Self::ReadOnlyApiKey => target.read_only_api_key.is_some(),
            Self::OtherProjectApiKey => target.other_project_api_key.is_some(),
            Self::OtherSchemes | Self::SeveralAccounts => true,
            Self::Restart => match &target.process {
                Some(process) => process.durable_command.is_some(),
                None => false,
            },
        }
    }

    fn of(verb: &Verb) -> Option<Self> {
        Some(match verb.called() {
            Verb::Delete(delete) if delete.and_revoke => Self::DeleteAndRevoke,
            Verb::Delete(_) => Self::Delete,
            Verb::Refresh(_) => Self::Refresh,
            Verb::SetStatus(_) => Self::SetStatus,
            Verb::DeleteClient(_) => Self::DeleteClient,
            Verb::SetClientStatus(_) => Self::SetClientStatus,
            Verb::Connect(connect) if connect.scheme != Connect::OAUTH2 => Self::OtherSchemes,
            Verb::Revoke(revoke) => match revoke.key {
                Key::ReadOnly => Self::ReadOnlyApiKey,
                Key::OtherProject => Self::OtherProjectApiKey,
                Key::Right | Key::Wrong | Key::Missing => return None,
            },
            Verb::Kill => Self::Restart,
            _ => return None,
        })
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why a case is not run at a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The target file declares it away: not applicable.
    Declared(String),
    /// The target file says nothing of what the case needs: untestable.
    Unstated(Capability),
}

impl Obstacle {
    /// Not everybody can have their target killed: who says nothing of it says that it cannot be.
    fn of_unstated(capability: Capability) -> Self {
        match capability {
            Capability::Restart => Self::Declared(
                "the case kills the target's process, and the target file has no `durable_command` under `[process]`, for one that keeps what it knows".to_owned(),
            ),
            other => Self::Unstated(other),
        }
    }
}

impl Target {
    /// What keeps a scenario from being run at a profile; none if nothing does. What is declared
    /// away comes first: then it does not matter what else is missing.
    pub fn obstacle(&self, scenario: &Scenario, profile: &str) -> Option<Obstacle> {
        let capabilities = &self.capabilities;
        if let Some(known) = &capabilities.profiles
            && !known.iter().any(|known| **known == profile)
        {
            let reason = format!("the target does not know the provider `{profile}`");
            return Some(Obstacle::Declared(reason));
        }
        let verbs = || scenario.steps.iter().map(|step| &step.verb);
        let statuses = verbs().filter_map(|verb| match verb {
            Verb::Connect(connect) => Some(connect.status),
            _ => None,
        });
        if let Some(known) = &capabilities.account_statuses
            && let Some(status) = statuses.clone().find(|status| !known.contains(status))
        {
            let reason = format!("no account can be connected as {status}");
            return Some(Obstacle::Declared(reason));
        }
        let mut needed: BTreeSet<Capability> = verbs().filter_map(Capability::of).collect();
        let connected = verbs().filter_map(|verb| match verb {
            Verb::Connect(connect) => Some(connect.account.as_str()),
            _ => None,
        });
        if connected.collect::<BTreeSet<&str>>().len() > 1 {
            needed.insert(Capability::SeveralAccounts);
        }
        let declared = needed.iter().find_map(|needed| {
            let reason = capabilities.cannot.get(needed)?;
            Some(Obstacle::Declared(format!("`{needed}`: {}", **reason)))
        });
        let unstated = || needed.iter().find(|needed| !needed.is_stated(self));
        declared.or_else(|| unstated().copied().map(Obstacle::of_unstated))
    }
}
