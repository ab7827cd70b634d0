//! Faults: what an endpoint of a provider does while it is made to fail.
//!
//! [`Stated`] is a fault as somebody writes it, key by key; [`Fault`] is what is left once the keys
//! have been found to make sense together. Scenarios and the provider's control API share both.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::vocabulary::{Endpoint, Subject};

/// The redirect that keeps method and body (RFC 9110 §15.4.8), which one is if none is stated.
const DEFAULT_REDIRECT: u16 = 307;

/// A failure of an endpoint. It changes nothing at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Only requests that name this subject.
    pub subject: Option<Subject>,
    /// Only the nth such request from now, counted from 1; every one if not stated.
    pub nth: Option<u32>,
    /// What the endpoint does in place of its work.
    pub effect: Effect,
}

/// What a failing endpoint does in place of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It answers.
    Answer {
        /// The status code.
        status: u16,
        /// The seconds that `Retry-After` asks the client to wait (RFC 9110 §10.2.3).
        retry_after: Option<u64>,
        /// Whether the body repeats what the request carried, its secrets among it.
        echo: bool,
    },
    /// It never answers, and keeps the connection open.
    Hang,
    /// It sends the client to another address (RFC 9110 §15.4).
    Redirect {
        /// The status code.
        status: u16,
        /// Where that address lies.
        to: Origin,
    },
}

/// Where a redirect leads: the path of the request, at one of two origins (RFC 6454 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The provider's own: the very address that was asked.
    SameOrigin,
    /// Another port of the machine, which is none of the provider's.
    OtherOrigin,
}

/// A fault as it is stated, key by key.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Only requests that name this subject.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// Only the nth such request from now.
    #[serde(default)]
    pub nth: Option<u32>,
    /// The status code that it answers.
    #[serde(default)]
    pub status: Option<u16>,
    /// The seconds that it asks the client to wait.
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// Whether it repeats what the request carried.
    #[serde(default)]
    pub echo: bool,
    /// Whether it never answers.
    #[serde(default)]
    pub hang: bool,
    /// Where it sends the client.
    #[serde(default)]
    pub redirect: Option<Origin>,
}

/// A key that makes no sense beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Senseless {
    /// The key; none if it is one that is missing.
    pub key: Option<Key>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do next.
    pub hint: &'static str,
}

/// The keys of a fault that can make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `nth`
    Nth,
    /// `status`
    Status,
    /// `retry_after`
    RetryAfter,
    /// `echo`
    Echo,
    /// `redirect`
    Redirect,
}

impl Key {
    /// The key as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nth => "nth",
            Self::Status => "status",
            Self::RetryAfter => "retry_after",
            Self::Echo => "echo",
            Self::Redirect => "redirect",
        }
    }
}

fn senseless(key: impl Into<Option<Key>>, message: &str, hint: &'static str) -> Senseless {
    Senseless {
        key: key.into(),
        message: message.to_owned(),
        hint,
    }
}

impl Stated {
    /// What the keys mean together.
    ///
    /// # Errors
    /// Every key that makes no sense.
    pub fn fault(&self) -> Result<Fault, Vec<Senseless>> {
        let zeroth = (self.nth == Some(0)).then_some(senseless(
            Key::Nth,
            "a failure of the request before the first",
            "requests are counted from 1; leave `nth` out to make every one fail",
        ));
        match (self.effect(), zeroth) {
            (Ok(effect), None) => Ok(Fault {
                endpoint: self.endpoint,
                subject: self.subject,
                nth: self.nth,
                effect,
            }),
            (effect, zeroth) => Err(effect.err().into_iter().chain(zeroth).collect()),
        }
    }

    fn effect(&self) -> Result<Effect, Senseless> {
        if self.hang {
            return self.never_answers();
        }
        if let Some(to) = self.redirect {
            return self.redirects(to);
        }
        match self.status {
            Some(status) => self.answers(status),
            None => Err(senseless(
                None,
                "a failure without an effect",
                "state `status`, `hang = true` or `redirect`",
            )),
        }
    }

    fn never_answers(&self) -> Result<Effect, Senseless> {
        let beside = [
            self.status.map(|_| Key::Status),
            self.retry_after.map(|_| Key::RetryAfter),
            self.echo.then_some(Key::Echo),
            self.redirect.map(|_| Key::Redirect),
        ];
        match beside.into_iter().flatten().next() {
            None => Ok(Effect::Hang),
            Some(key) => Err(senseless(
                key,
                &format!("`{}` of an answer that never comes", key.as_str()),
                "leave it out, or leave `hang` out to have requests answered",
            )),
        }
    }

    fn redirects(&self, to: Origin) -> Result<Effect, Senseless> {
        let status = self.status.unwrap_or(DEFAULT_REDIRECT);
        // 300 and 304 send nobody anywhere (RFC 9110 §15.4).
        if ![301, 302, 303, 307, 308].contains(&status) {
            return Err(senseless(
                Key::Status,
                "not the status code of a redirect",
                "301, 302, 303, 307 or 308; leave `status` out for 307",
            ));
        }
        let beside = [
            self.retry_after.map(|_| Key::RetryAfter),
            self.echo.then_some(Key::Echo),
        ];
        match beside.into_iter().flatten().next() {
            None => Ok(Effect::Redirect { status, to }),
            Some(key) => Err(senseless(
                key,
                &format!("`{}` of a redirect", key.as_str()),
                "leave it out, or state a `status` in place of `redirect`",
            )),
        }
    }

    fn answers(&self, status: u16) -> Result<Effect, Senseless> {
        // RFC 9110 §15.2: a 1xx is interim, and no answer.
        if !(200..=599).contains(&status) {
            return Err(senseless(
                Key::Status,
                "not the status code of an answer",
                "a number from 200 to 599",
            ));
        }
        // RFC 9110 §10.2.3 and §15.5.14, RFC 6585 §4.
        if self.retry_after.is_some() && ![413, 429, 503].contains(&status) {
            return Err(senseless(
                Key::RetryAfter,
                "`retry_after` in an answer that asks nobody to wait",
                "the statuses 413, 429 and 503 carry it",
            ));
        }
        if self.echo && status < 400 {
            return Err(senseless(
                Key::Echo,
                "`echo` in an answer that is no error",
                "an error has a status from 400 to 599",
            ));
        }
        Ok(Effect::Answer {
            status,
            retry_after: self.retry_after,
            echo: self.echo,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: Stated = Stated {
        endpoint: Endpoint::Revocation,
        subject: None,
        nth: None,
        status: None,
        retry_after: None,
        echo: false,
        hang: false,
        redirect: None,
    };

    #[track_caller]
    fn check_effect(stated: Stated, expected: Effect) {
        assert_eq!(stated.fault().map(|fault| fault.effect), Ok(expected));
    }

    #[track_caller]
    fn check_senseless(stated: Stated, expected: &[Option<Key>]) {
        let found: Vec<Option<Key>> = match stated.fault() {
            Ok(fault) => panic!("it makes sense: {fault:?}"),
            Err(senseless) => senseless.iter().map(|senseless| senseless.key).collect(),
        };
        assert_eq!(found, expected);
    }

    fn status(status: u16) -> Stated {
        Stated {
            status: Some(status),
            ..BARE
        }
    }

    #[test]
    fn each_effect_is_stated_by_a_key_of_its_own() {
        let answer = |status, retry_after, echo| Effect::Answer {
            status,
            retry_after,
            echo,
        };
        check_effect(status(200), answer(200, None, false));
        check_effect(status(599), answer(599, None, false));
        for code in [413, 429, 503] {
            let waiting = Stated {
                retry_after: Some(7),
                echo: true,
                ..status(code)
            };
            check_effect(waiting, answer(code, Some(7), true));
        }
        check_effect(Stated { hang: true, ..BARE }, Effect::Hang);
        let to = Origin::OtherOrigin;
        let redirect = Some(to);
        check_effect(
            Stated { redirect, ..BARE },
            Effect::Redirect { status: 307, to },
        );
        for code in [301, 302, 303, 307, 308] {
            let stated = Stated {
                redirect,
                ..status(code)
            };
            check_effect(stated, Effect::Redirect { status: code, to });
        }
    }

    #[test]
    fn whom_a_fault_is_for_is_kept() {
        let stated = Stated {
            subject: Some(Subject::RefreshToken),
            nth: Some(3),
            ..status(500)
        };
        let fault = stated.fault().expect("it makes sense");
        assert_eq!(
            (fault.endpoint, fault.subject, fault.nth),
            (Endpoint::Revocation, Some(Subject::RefreshToken), Some(3))
        );
    }

    #[test]
    fn an_answer_carries_only_what_its_status_allows() {
        check_senseless(BARE, &[None]);
        for code in [0, 199, 600] {
            check_senseless(status(code), &[Some(Key::Status)]);
        }
        for code in [200, 307, 400, 500] {
            let waiting = Stated {
                retry_after: Some(1),
                ..status(code)
            };
            check_senseless(waiting, &[Some(Key::RetryAfter)]);
        }
        for code in [200, 204, 399] {
            let echoing = Stated {
                echo: true,
                ..status(code)
            };
            check_senseless(echoing, &[Some(Key::Echo)]);
        }
    }

    #[test]
    fn nothing_is_said_of_an_answer_that_never_comes() {
        let hang = Stated { hang: true, ..BARE };
        let redirect = Some(Origin::SameOrigin);
        check_senseless(
            Stated {
                hang: true,
                ..status(503)
            },
            &[Some(Key::Status)],
        );
        check_senseless(Stated { redirect, ..hang }, &[Some(Key::Redirect)]);
        check_senseless(Stated { echo: true, ..hang }, &[Some(Key::Echo)]);
        let retry_after = Some(1);
        check_senseless(
            Stated {
                retry_after,
                ..hang
            },
            &[Some(Key::RetryAfter)],
        );
    }

    #[test]
    fn a_redirect_has_the_status_of_one_and_nothing_else() {
        let redirect = Some(Origin::SameOrigin);
        let bare = Stated { redirect, ..BARE };
        for code in [200, 300, 304, 305, 400] {
            let stated = Stated {
                redirect,
                ..status(code)
            };
            check_senseless(stated, &[Some(Key::Status)]);
        }
        check_senseless(Stated { echo: true, ..bare }, &[Some(Key::Echo)]);
        let retry_after = Some(1);
        check_senseless(
            Stated {
                retry_after,
                ..bare
            },
            &[Some(Key::RetryAfter)],
        );
    }

    #[test]
    fn every_key_that_makes_no_sense_is_told() {
        let stated = Stated {
            nth: Some(0),
            ..status(99)
        };
        check_senseless(stated, &[Some(Key::Status), Some(Key::Nth)]);
    }
}
