//! What follows from a profile and from what an account holds: which subjects are killable, and
//! by what. Pure.

use std::collections::BTreeSet;

use rescind_model::profile::{Profile, RevocationRoute, RevocationScope};
use rescind_model::{Subject, TokenState};

use crate::record::AccountWorld;

/// The states of the two subjects of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Of the access token.
    pub access_token: TokenState,
    /// Of the refresh token.
    pub refresh_token: TokenState,
}

impl Held {
    /// What an account holds, by the ledger.
    pub fn of(account: &AccountWorld) -> Self {
        Self {
            access_token: account.state(Subject::AccessToken),
            refresh_token: account.state(Subject::RefreshToken),
        }
    }

    /// The state of one.
    pub const fn state(self, subject: Subject) -> TokenState {
        match subject {
            Subject::AccessToken => self.access_token,
            Subject::RefreshToken => self.refresh_token,
        }
    }

    /// Whether the account holds one, in whatever state.
    pub fn has(self, subject: Subject) -> bool {
        self.state(subject) != TokenState::Absent
    }

    fn is_alive(self, subject: Subject) -> bool {
        self.state(subject) == TokenState::Alive
    }

    /// Whether a client can present a token of that kind: it holds one, or can get an access
    /// token by one refresh.
    fn can_present(self, subject: Subject) -> bool {
        self.has(subject)
            || (subject == Subject::AccessToken && self.is_alive(Subject::RefreshToken))
    }

    /// Whether a client can call a route that takes an account's id: an access token that
    /// authenticates the call it must have at least to try.
    fn can_name_account(self, route: &RevocationRoute) -> bool {
        !route.is_authenticated_by_access_token() || self.can_present(Subject::AccessToken)
    }

    /// Whether a client can present a token on a route. Where the access token authenticates the
    /// call, there must be one, or one to be got; the access token itself it can at least try.
    fn can_use(self, route: &RevocationRoute, presented: Subject) -> bool {
        let authenticated = !route.is_authenticated_by_access_token()
            || presented == Subject::AccessToken
            || Subject::ALL
                .into_iter()
                .any(|subject| self.is_alive(subject));
        authenticated && self.can_present(presented)
    }
}

/// A way to kill a subject: by presenting what, and how far it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The token that is presented; none for a route that takes an account id.
    pub presents: Option<Subject>,
    /// Whether it takes a live access token, to be presented or to authenticate.
    pub needs_access_token: bool,
    /// How far it reaches.
    pub scope: RevocationScope,
}

/// The ways in which declared routes reach a subject with what an account holds.
pub fn ways(profile: &Profile, held: Held, subject: Subject) -> Vec<Way> {
    let mut ways = Vec::new();
    for route in &profile.revocation_routes {
        if let Some(scope) = route.ends.account.filter(|_| held.can_name_account(route)) {
            ways.push(Way {
                presents: None,
                needs_access_token: route.is_authenticated_by_access_token(),
                scope,
            });
        }
        for presented in Subject::ALL {
            if let Some(scope) = route.ends.of(presented) {
                let reaches = presented == subject || scope >= RevocationScope::Grant;
                if reaches && held.can_use(route, presented) {
                    ways.push(Way {
                        presents: Some(presented),
                        needs_access_token: presented == Subject::AccessToken
                            || route.is_authenticated_by_access_token(),
                        scope,
                    });
                }
            }
        }
    }
    ways
}

/// The subjects that the account holds and that some declared route reaches.
pub fn killable(profile: &Profile, held: Held) -> BTreeSet<Subject> {
    Subject::ALL
        .into_iter()
        .filter(|subject| held.has(*subject) && !ways(profile, held, *subject).is_empty())
        .collect()
}

/// Whether some route reaches a subject without a refresh that would have to come first.
pub fn is_reached_at_once(profile: &Profile, held: Held, subject: Subject) -> bool {
    let has_access_token = held.is_alive(Subject::AccessToken);
    ways(profile, held, subject)
        .iter()
        .any(|way| has_access_token || !way.needs_access_token)
}

/// Whether a declared route reaches the refresh token without an access token being presented.
pub fn refresh_token_needs_no_access_token(profile: &Profile, held: Held) -> bool {
    ways(profile, held, Subject::RefreshToken)
        .iter()
        .any(|way| !way.needs_access_token)
}

/// How far a target must at least reach to kill what is killable: the tokens within that reach
/// cannot be spared.
pub fn least_reach(profile: &Profile, held: Held) -> Option<RevocationScope> {
    killable(profile, held)
        .into_iter()
        .filter(|subject| held.is_alive(*subject))
        .filter_map(|subject| {
            ways(profile, held, subject)
                .iter()
                .map(|way| way.scope)
                .min()
        })
        .max()
}

#[cfg(test)]
mod tests {
    use rescind_model::SourceFile;
    use rescind_model::profile::ClientAuthentication;

    use super::*;
    use TokenState::{Absent, Alive, Expired};

    fn profile(name: &str) -> Profile {
        let path = format!(
            "{}/../../fixtures/providers/{name}.toml",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path).expect("the profile is there");
        Profile::parse(&SourceFile::new(path, text)).expect("the profile is valid")
    }

    fn check(
        name: &str,
        access_token: TokenState,
        refresh_token: TokenState,
        expected: &[Subject],
    ) {
        let held = Held {
            access_token,
            refresh_token,
        };
        let killable: Vec<Subject> = killable(&profile(name), held).into_iter().collect();
        assert_eq!(killable, expected, "at {name} with {held:?}");
    }

    #[test]
    fn what_is_killable_follows_from_routes_and_tokens() {
        use Subject::{AccessToken, RefreshToken};
        check("rfc7009", Alive, Alive, &[AccessToken, RefreshToken]);
        check("rfc7009", Alive, Absent, &[AccessToken]);
        check("no-revoke-route", Alive, Alive, &[]);
        check("access-only", Alive, Alive, &[AccessToken]);
        check("access-only", Absent, Alive, &[]);
        check("refresh-only", Alive, Alive, &[RefreshToken]);
        check("refresh-only", Alive, Absent, &[]);
        check("google", Alive, Absent, &[AccessToken]);
        check("google", Expired, Alive, &[AccessToken, RefreshToken]);
        check("dropbox", Alive, Alive, &[AccessToken, RefreshToken]);
        check("dropbox", Absent, Alive, &[RefreshToken]);
        check("grant-only", Alive, Alive, &[AccessToken, RefreshToken]);
    }

    #[test]
    fn an_account_is_named_only_by_who_has_an_access_token_to_show() {
        let mut profile = self::profile("grant-only");
        for route in &mut profile.revocation_routes {
            route.client_authentication = vec![ClientAuthentication::AccessToken];
        }
        let check = |access_token, refresh_token, expected: &[Subject]| {
            let held = Held {
                access_token,
                refresh_token,
            };
            let killable = killable(&profile, held).into_iter();
            assert_eq!(killable.collect::<Vec<_>>(), expected, "{held:?}");
        };
        check(Absent, Expired, &[]);
        check(Absent, Alive, &[Subject::RefreshToken]);
        check(Expired, Absent, &[Subject::AccessToken]);
        check(Alive, Alive, &[Subject::AccessToken, Subject::RefreshToken]);
    }

    #[test]
    fn only_dropbox_needs_the_access_token() {
        let held = Held {
            access_token: Expired,
            refresh_token: Alive,
        };
        for name in [
            "rfc7009",
            "google",
            "grant-only",
            "refresh-only",
            "externally-revoked",
        ] {
            assert!(
                refresh_token_needs_no_access_token(&profile(name), held),
                "{name}"
            );
        }
        assert!(!refresh_token_needs_no_access_token(
            &profile("dropbox"),
            held
        ));
    }

    #[track_caller]
    fn check_reached_at_once(
        name: &str,
        access_token: TokenState,
        refresh_token: TokenState,
        expected: [bool; 2],
    ) {
        let held = Held {
            access_token,
            refresh_token,
        };
        let profile = profile(name);
        let reached = Subject::ALL.map(|subject| is_reached_at_once(&profile, held, subject));
        assert_eq!(reached, expected, "at {name} with {held:?}");
    }

    #[test]
    fn what_is_reached_at_once_needs_no_refresh_first() {
        use TokenState::Dead;
        for name in ["rfc7009", "google", "grant-only", "two-routes"] {
            for refresh_token in [Alive, Dead, Expired] {
                check_reached_at_once(name, Alive, refresh_token, [true, true]);
            }
        }
        // A refresh token that ends the grant reaches the access token, too.
        for name in ["rfc7009", "google"] {
            check_reached_at_once(name, Dead, Alive, [true, true]);
        }
        check_reached_at_once("two-routes", Dead, Alive, [false, true]);
        for name in ["dropbox", "self-authenticating"] {
            check_reached_at_once(name, Alive, Alive, [true, true]);
            check_reached_at_once(name, Expired, Alive, [false, false]);
            check_reached_at_once(name, Dead, Alive, [false, false]);
            check_reached_at_once(name, Absent, Alive, [false, false]);
        }
        check_reached_at_once("refresh-only", Alive, Alive, [false, true]);
        check_reached_at_once("access-only", Alive, Alive, [true, false]);
        check_reached_at_once("no-revoke-route", Alive, Alive, [false, false]);
    }

    #[test]
    fn what_the_access_token_authenticates_takes_one() {
        use Subject::{AccessToken, RefreshToken};
        use TokenState::Dead;
        let name = "self-authenticating";
        check(name, Alive, Alive, &[AccessToken, RefreshToken]);
        check(name, Alive, Dead, &[AccessToken, RefreshToken]);
        check(name, Dead, Alive, &[AccessToken, RefreshToken]);
        check(name, Absent, Alive, &[RefreshToken]);
        // There is none, and none to be got.
        check(name, Dead, Expired, &[AccessToken]);
        check(name, Absent, Dead, &[]);
    }

    #[test]
    fn google_cannot_spare_the_users_other_grants() {
        let held = Held {
            access_token: Alive,
            refresh_token: Alive,
        };
        assert_eq!(
            least_reach(&profile("google"), held),
            Some(RevocationScope::UserGrants)
        );
        assert_eq!(
            least_reach(&profile("dropbox"), held),
            Some(RevocationScope::Grant)
        );
        assert_eq!(
            least_reach(&profile("access-only"), held),
            Some(RevocationScope::Token)
        );
        // The route that signs out everywhere is not the only one.
        assert_eq!(
            least_reach(&profile("two-routes"), held),
            Some(RevocationScope::Token)
        );
    }
}
