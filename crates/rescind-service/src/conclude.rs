//! What a revoke comes to, from what each of its dispatches came to. Pure.

use crate::account::Subject;

/// What one dispatch came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The provider answered as its toolkit says that it answers a success.
    Acknowledged,
    /// The provider answered as its toolkit says that it answers a dead token.
    AlreadyDead,
    /// The provider said so too, or was not asked: a dispatch of ours before this one ended it, and
    /// its answer was lost, or given to a call that was interrupted.
    EndedEarlier,
    /// The provider answered something else below 500.
    Refused(u16),
    /// No answer that says anything about the token.
    Failed(Failure),
}

impl Outcome {
    /// Whether what was named is dead, but did not die of this dispatch.
    fn is_dead_before(self) -> bool {
        matches!(self, Self::AlreadyDead | Self::EndedEarlier)
    }

    /// Whether the same dispatch may well come to something else in a moment. Not after a timeout:
    /// whoever waits has waited long enough.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::Failed(Failure::Status(_) | Failure::Transport))
    }
}

/// Why a dispatch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The provider answered 5xx or 429: it could not do it now.
    Status(u16),
    /// No complete answer came: connection refused, reset, cut short.
    Transport,
    /// No complete answer came in time.
    Timeout,
    /// The token or the base URL cannot be put into a request.
    Unsendable,
    /// The provider had asked for a longer pause than a caller can be kept waiting for.
    AskedToWait,
    /// The refresh that had to come first did not succeed.
    Refresh,
    /// The access token that authenticates the call is dead, so that nothing was done.
    AccessTokenDead,
    /// Another call took the account over, so that nothing was sent.
    ClaimLost,
}

/// One dispatch that was made, or had to be left out.
#[derive(Clone, Debug)]
pub(crate) struct Dispatched {
    /// What is dead if it was acknowledged.
    pub(crate) ends: Vec<Subject>,
    pub(crate) outcome: Outcome,
}

/// What a revoke comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Conclusion {
    /// The account is REVOKED; these are the subjects that this call killed.
    Revoked { listed: Vec<Subject> },
    /// Nothing is known to be dead; the account stays as it was, and the call may be repeated.
    Failed,
}

/// Concludes a revoke. A dispatch that ends nothing which the account holds says nothing about
/// the account.
pub(crate) fn conclude(dispatched: &[Dispatched]) -> Conclusion {
    let own: Vec<&Dispatched> = dispatched
        .iter()
        .filter(|dispatch| !dispatch.ends.is_empty())
        .collect();
    let has = |outcome: Outcome| own.iter().any(|dispatch| dispatch.outcome == outcome);
    if has(Outcome::Acknowledged) {
        let ended = |subject: &Subject| {
            own.iter().any(|dispatch| {
                dispatch.outcome == Outcome::Acknowledged && dispatch.ends.contains(subject)
            })
        };
        // What the provider called dead when it was named did not die of this call.
        let was_dead = |subject: &Subject| {
            own.iter().any(|dispatch| {
                dispatch.outcome.is_dead_before() && dispatch.ends.first() == Some(subject)
            })
        };
        let is_dead = |subject: &Subject| ended(subject) && !was_dead(subject);
        return Conclusion::Revoked {
            listed: Subject::ALL.into_iter().filter(is_dead).collect(),
        };
    }
    // The user removed the application at the provider, say: nothing was killed by this call,
    // and nothing is left to kill. To refuse would leave the user with a dead connection for ever.
    if all_already_dead(dispatched) {
        return Conclusion::Revoked { listed: Vec::new() };
    }
    // A call before this one killed something and could not say so. It would have been a success,
    // whatever else was refused; and a refusal will not change. What failed for the moment may
    // still be killed by a repetition, so the account stays open to one.
    let is_for_the_moment = |dispatch: &&Dispatched| matches!(dispatch.outcome, Outcome::Failed(_));
    if has(Outcome::EndedEarlier) && !own.iter().any(is_for_the_moment) {
        return Conclusion::Revoked { listed: Vec::new() };
    }
    Conclusion::Failed
}

/// Whether every dispatch found its token dead already.
pub(crate) fn all_already_dead(dispatched: &[Dispatched]) -> bool {
    let mut own = dispatched
        .iter()
        .filter(|dispatch| !dispatch.ends.is_empty())
        .peekable();
    own.peek().is_some() && own.all(|dispatch| dispatch.outcome.is_dead_before())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Conclusion, Dispatched, Failure, Outcome, conclude};
    use crate::account::Subject::{self, AccessToken, RefreshToken};

    const FAILED: Outcome = Outcome::Failed(Failure::Transport);

    #[track_caller]
    fn check(dispatched: &[(&[Subject], Outcome)], expected: Option<&[Subject]>) {
        let dispatched: Vec<Dispatched> = dispatched
            .iter()
            .map(|(ends, outcome)| Dispatched {
                ends: ends.to_vec(),
                outcome: *outcome,
            })
            .collect();
        let expected = expected.map_or(Conclusion::Failed, |listed| Conclusion::Revoked {
            listed: listed.to_vec(),
        });
        assert_eq!(conclude(&dispatched), expected);
    }

    #[test]
    fn what_was_acknowledged_is_listed_and_nothing_else() {
        let (acknowledged, dead) = (Outcome::Acknowledged, Outcome::AlreadyDead);
        let (access, refresh) = (&[AccessToken][..], &[RefreshToken][..]);
        check(
            &[(access, acknowledged), (refresh, acknowledged)],
            Some(&Subject::ALL),
        );
        check(&[(access, acknowledged), (refresh, FAILED)], Some(access));
        check(&[(access, FAILED), (refresh, acknowledged)], Some(refresh));
        check(&[(access, dead), (refresh, acknowledged)], Some(refresh));
        check(&[(&Subject::ALL, acknowledged)], Some(&Subject::ALL));
    }

    #[test]
    fn nothing_acknowledged_is_success_only_if_all_was_dead() {
        let dead = Outcome::AlreadyDead;
        let (access, refresh) = (&[AccessToken][..], &[RefreshToken][..]);
        check(&[(access, dead), (refresh, dead)], Some(&[]));
        check(&[(access, dead), (refresh, FAILED)], None);
        check(&[(access, Outcome::Refused(400))], None);
        check(&[(access, FAILED), (refresh, FAILED)], None);
        check(&[], None);
        check(&[(&[], Outcome::Acknowledged)], None);
    }

    #[test]
    fn what_an_earlier_call_killed_is_done_and_not_listed() {
        let (acknowledged, earlier) = (Outcome::Acknowledged, Outcome::EndedEarlier);
        let (access, refresh) = (&[AccessToken][..], &[RefreshToken][..]);
        check(&[(&Subject::ALL, earlier)], Some(&[]));
        check(&[(access, earlier), (refresh, earlier)], Some(&[]));
        check(&[(access, earlier), (refresh, acknowledged)], Some(refresh));
        check(
            &[(access, earlier), (refresh, Outcome::AlreadyDead)],
            Some(&[]),
        );
        check(
            &[(access, earlier), (refresh, Outcome::Refused(400))],
            Some(&[]),
        );
        check(&[(access, earlier), (refresh, FAILED)], None);
    }

    #[test]
    fn what_may_pass_is_neither_an_answer_nor_a_timeout() {
        let may_pass = |failure| Outcome::Failed(failure).may_pass();
        assert!(may_pass(Failure::Transport));
        assert!(may_pass(Failure::Status(429)) && may_pass(Failure::Status(503)));
        assert!(!may_pass(Failure::Timeout) && !may_pass(Failure::AskedToWait));
        assert!(!Outcome::Refused(400).may_pass() && !Outcome::AlreadyDead.may_pass());
    }

    fn any_dispatched() -> impl Strategy<Value = Dispatched> {
        let outcome = prop::sample::select(vec![
            Outcome::Acknowledged,
            Outcome::AlreadyDead,
            Outcome::EndedEarlier,
            Outcome::Refused(302),
            Outcome::Refused(400),
            Outcome::Failed(Failure::Status(500)),
            FAILED,
        ]);
        let ends = prop::sample::subsequence(&Subject::ALL[..], 0..=2);
        (ends, outcome).prop_map(|(ends, outcome)| Dispatched { ends, outcome })
    }

    proptest! {
        #[test]
        fn listed_is_what_acknowledged_dispatches_end_and_was_not_dead_before(
            dispatched in prop::collection::vec(any_dispatched(), 0..5),
        ) {
            let acknowledged: Vec<Subject> = dispatched
                .iter()
                .filter(|dispatch| dispatch.outcome == Outcome::Acknowledged)
                .flat_map(|dispatch| dispatch.ends.clone())
                .collect();
            let named_dead: Vec<Subject> = dispatched
                .iter()
                .filter(|dispatch| dispatch.outcome.is_dead_before())
                .filter_map(|dispatch| dispatch.ends.first().copied())
                .collect();
            let dies = |subject: &Subject| acknowledged.contains(subject) && !named_dead.contains(subject);
            match conclude(&dispatched) {
                Conclusion::Revoked { listed } => {
                    for subject in Subject::ALL {
                        let times = listed.iter().filter(|one| **one == subject).count();
                        prop_assert_eq!(times, usize::from(dies(&subject)));
                    }
                }
                Conclusion::Failed => prop_assert!(acknowledged.is_empty()),
            }
        }

        #[test]
        fn a_further_failure_never_takes_a_success_away(
            dispatched in prop::collection::vec(any_dispatched(), 0..5),
        ) {
            let before = conclude(&dispatched);
            let mut with_failure = dispatched;
            with_failure.push(Dispatched { ends: vec![Subject::RefreshToken], outcome: FAILED });
            if let Conclusion::Revoked { listed } = before && !listed.is_empty() {
                prop_assert_eq!(conclude(&with_failure), Conclusion::Revoked { listed });
            }
        }
    }
}
