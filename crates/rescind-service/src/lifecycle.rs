//! The life of a connected account: status × event → next status, or a refusal. Pure.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

/// Where a connected account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    /// A connect flow was created and not yet opened.
    Initializing,
    /// The user has opened the connect flow.
    Initiated,
    /// The account is connected and may be used.
    Active,
    /// The connect flow failed.
    Failed,
    /// The connect flow ran out of time, or the provider refuses to renew the tokens.
    Expired,
    /// Switched off by its owner.
    Inactive,
    /// Its tokens were revoked. Never left again.
    Revoked,
}

impl Status {
    pub(crate) const ALL: [Self; 7] = [
        Self::Initializing,
        Self::Initiated,
        Self::Active,
        Self::Failed,
        Self::Expired,
        Self::Inactive,
        Self::Revoked,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Initializing => "INITIALIZING",
            Self::Initiated => "INITIATED",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What can happen to a connected account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its owner switched it on.
    Enabled,
    /// Its owner switched it off.
    Disabled,
    /// A refresh brought new tokens.
    Refreshed,
    /// A refresh met a permanent error.
    RefreshRefused,
    /// A revoke took effect at the provider.
    Revoked,
    /// A connect flow was asked for, for an account that was connected before.
    ReconnectRequested,
    /// The user opened the link of a connect flow.
    ConnectOpened,
    /// The user consented, and the code was exchanged for tokens.
    Connected,
    /// The user denied the consent, or the code was not exchanged.
    ConnectFailed,
    /// A connect flow was not completed in time.
    ConnectTimedOut,
}

impl Event {
    #[cfg(test)]
    const ALL: [Self; 10] = [
        Self::Enabled,
        Self::Disabled,
        Self::Refreshed,
        Self::RefreshRefused,
        Self::Revoked,
        Self::ReconnectRequested,
        Self::ConnectOpened,
        Self::Connected,
        Self::ConnectFailed,
        Self::ConnectTimedOut,
    ];
}

/// The account is in a status in which the event cannot happen. It stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: Status,
    pub(crate) event: Event,
}

/// The status after `event`, or why it cannot happen.
pub(crate) fn next(status: Status, event: Event) -> Result<Status, Refusal> {
    match (status, event) {
        (Status::Active | Status::Inactive, Event::Enabled)
        | (Status::Active, Event::Refreshed)
        | (Status::Initiated | Status::Expired, Event::Connected) => Ok(Status::Active),
        (Status::Active | Status::Inactive, Event::Disabled) => Ok(Status::Inactive),
        (Status::Active, Event::RefreshRefused)
        | (Status::Initializing | Status::Initiated, Event::ConnectTimedOut)
        // A flow that is to connect an account anew leaves it as it is until it succeeds.
        | (
            Status::Expired,
            Event::ReconnectRequested
            | Event::ConnectOpened
            | Event::ConnectFailed
            | Event::ConnectTimedOut,
        ) => Ok(Status::Expired),
        // A reload opens a link a second time.
        (Status::Initializing | Status::Initiated, Event::ConnectOpened) => Ok(Status::Initiated),
        (Status::Initiated, Event::ConnectFailed) => Ok(Status::Failed),
        // A second revoke is no error: what it asks for is already so.
        (Status::Active | Status::Revoked, Event::Revoked) => Ok(Status::Revoked),
        (status, event) => Err(Refusal { status, event }),
    }
}

/// What a revoke of an account in some status has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RevokeDecision {
    /// Call the provider.
    Dispatch,
    /// Nothing: it is already revoked.
    AlreadyRevoked,
    /// Refuse.
    Refuse(Refusal),
}

/// What a revoke of an account in this status has to do.
pub(crate) fn decide_revoke(status: Status) -> RevokeDecision {
    match next(status, Event::Revoked) {
        Err(refusal) => RevokeDecision::Refuse(refusal),
        Ok(next) if next == status => RevokeDecision::AlreadyRevoked,
        Ok(_) => RevokeDecision::Dispatch,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::{Event, Refusal, RevokeDecision, Status, decide_revoke, next};

    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for status in Status::ALL {
            for event in Event::ALL {
                let outcome = match next(status, event) {
                    Ok(next) => next.name(),
                    Err(_) => "refused",
                };
                writeln!(table, "{status} + {event:?} -> {outcome}").unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn names_round_trip() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.name()), Some(status));
        }
        assert_eq!(Status::parse("active"), None);
    }

    #[test]
    fn only_active_accounts_are_dispatched() {
        for status in Status::ALL {
            let expected = match status {
                Status::Active => RevokeDecision::Dispatch,
                Status::Revoked => RevokeDecision::AlreadyRevoked,
                _ => RevokeDecision::Refuse(Refusal {
                    status,
                    event: Event::Revoked,
                }),
            };
            assert_eq!(decide_revoke(status), expected);
        }
    }

    proptest! {
        #[test]
        fn revoked_is_never_left(events in prop::collection::vec(prop::sample::select(&Event::ALL[..]), 0..50)) {
            let mut status = Status::Revoked;
            for event in events {
                status = next(status, event).unwrap_or(status);
                prop_assert_eq!(status, Status::Revoked);
            }
        }

        #[test]
        fn a_refusal_names_the_status_that_stays(
            status in prop::sample::select(&Status::ALL[..]),
            event in prop::sample::select(&Event::ALL[..]),
        ) {
            if let Err(refusal) = next(status, event) {
                prop_assert_eq!(refusal, Refusal { status, event });
            }
        }

        #[test]
        fn only_a_switch_a_refresh_or_a_connect_flow_makes_active(
            status in prop::sample::select(&Status::ALL[..]),
            event in prop::sample::select(&Event::ALL[..]),
        ) {
            if next(status, event) == Ok(Status::Active) && status != Status::Active {
                let expected = match status {
                    Status::Inactive => Event::Enabled,
                    _ => Event::Connected,
                };
                prop_assert_eq!(event, expected);
            }
        }

        #[test]
        fn only_a_revoke_revokes(
            status in prop::sample::select(&Status::ALL[..]),
            event in prop::sample::select(&Event::ALL[..]),
        ) {
            if next(status, event) == Ok(Status::Revoked) {
                prop_assert_eq!(event, Event::Revoked);
            }
        }
    }
}
