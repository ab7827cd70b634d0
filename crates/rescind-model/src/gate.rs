//! Gates: a request to a provider's endpoint is held, before or after it takes effect, until it is
//! released. With them a race has exactly the interleaving that is asked for.
//!
//! [`Stated`] is a gate as somebody writes it; [`Gate`] is what is left once its keys have been
//! found to make sense together. Which requests a gate is for is said as for a fault.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::{Meets, Senseless, When};
use crate::vocabulary::{Endpoint, Subject};

/// How long a gate holds, in seconds, if it does not say.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 30;

/// The longest that a gate may hold, in seconds.
pub const LONGEST_TIMEOUT_SECONDS: u32 = 300;

/// The most requests that one gate may hold: each keeps a connection.
pub const MOST_HELD: u32 = 1000;

/// A gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The requests that it holds; the `nth` is the first of them.
    pub meets: Meets,
    /// On which side of their effect it holds them.
    pub when: When,
    /// How many it holds, one after another.
    pub count: u32,
    /// How many seconds of real time it holds, from the first request on.
    pub timeout_seconds: u32,
}

/// A gate as it is stated.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Gate")]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Only requests that name this subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Only requests whose credentials name this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The first request that it holds, counted from 1 from now on; the next one if not stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// On which side of its effect a request is held; before it, if not stated.
    #[serde(default)]
    pub when: When,
    /// How many requests it holds, from 1 to 1000, one after another; one if not stated.
    #[serde(default = "one")]
    pub count: u32,
    /// How many seconds of real time it holds, from the first request on, from 1 to 300; 30 if not
    /// stated. What it holds by then is answered 503, and what was held before its effect never
    /// takes effect.
    #[serde(default = "default_timeout_seconds")]
    pub timeout_seconds: u32,
}

const fn one() -> u32 {
    1
}

const fn default_timeout_seconds() -> u32 {
    DEFAULT_TIMEOUT_SECONDS
}

impl Gate {
    /// A gate that holds the next request to an endpoint before it takes effect.
    pub const fn before(endpoint: Endpoint) -> Self {
        Self::at(endpoint, When::BeforeEffect)
    }

    /// A gate that holds the next request to an endpoint after it has taken effect.
    pub const fn after(endpoint: Endpoint) -> Self {
        Self::at(endpoint, When::AfterEffect)
    }

    const fn at(endpoint: Endpoint, when: When) -> Self {
        Self {
            meets: Meets {
                endpoint,
                subject: None,
                client: None,
                nth: None,
            },
            when,
            count: 1,
            timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
        }
    }

    /// From the nth request on that it is for, counted from 1.
    #[must_use]
    pub const fn nth(mut self, nth: u32) -> Self {
        self.meets.nth = Some(nth);
        self
    }

    /// Only requests that name this subject.
    #[must_use]
    pub const fn about(mut self, subject: Subject) -> Self {
        self.meets.subject = Some(subject);
        self
    }

    /// Only requests whose credentials name the client of this name.
    #[must_use]
    pub fn from_client(mut self, name: &str) -> Self {
        self.meets.client = Some(name.to_owned());
        self
    }

    /// So many requests, one after another.
    #[must_use]
    pub const fn count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// So many seconds of real time, from the first request on.
    #[must_use]
    pub const fn timeout_seconds(mut self, seconds: u32) -> Self {
        self.timeout_seconds = seconds;
        self
    }

    /// The number of the first request that it holds, of those that it is for.
    pub fn first(&self) -> u32 {
        self.meets.nth.unwrap_or(1)
    }

    /// As it would be stated.
    pub fn stated(&self) -> Stated {
        Stated {
            endpoint: self.meets.endpoint,
            subject: self.meets.subject,
            client: self.meets.client.clone(),
            nth: self.meets.nth,
            when: self.when,
            count: self.count,
            timeout_seconds: self.timeout_seconds,
        }
    }
}

impl Stated {
    /// What the keys mean together.
    ///
    /// # Errors
    /// Everything that makes no sense.
    pub fn gate(&self) -> Result<Gate, Vec<Senseless>> {
        let mut senseless = Vec::new();
        let mut within = |key, value: u32, most: u32, what: &str| {
            if value == 0 || value > most {
                let hint = format!("a number from 1 to {most}");
                senseless.push(Senseless::new(&[key], what, &hint));
            }
        };
        within(
            "nth",
            self.nth.unwrap_or(1),
            u32::MAX,
            "a gate for the request before the first",
        );
        within(
            "count",
            self.count,
            MOST_HELD,
            "a gate that holds none, or more than it can",
        );
        within(
            "timeout_seconds",
            self.timeout_seconds,
            LONGEST_TIMEOUT_SECONDS,
            "a gate that ends at once, or holds too long",
        );
        if !senseless.is_empty() {
            return Err(senseless);
        }
        Ok(Gate {
            meets: Meets {
                endpoint: self.endpoint,
                subject: self.subject,
                client: self.client.clone(),
                nth: self.nth,
            },
            when: self.when,
            count: self.count,
            timeout_seconds: self.timeout_seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Gate, Vec<&'static str>> {
        let stated: Stated = serde_json::from_str(text).expect("the gate can be read");
        stated
            .gate()
            .map_err(|senseless| senseless.iter().map(|one| one.path[0]).collect())
    }

    #[test]
    fn what_is_not_stated_is_the_next_request_before_its_effect() {
        let gate = read(r#"{"endpoint":"token"}"#);
        assert_eq!(gate, Ok(Gate::before(Endpoint::Token)));
        let stated = r#"{"endpoint":"revocation","subject":"access_token","client":"main","nth":2,"when":"after_effect","count":3,"timeout_seconds":300}"#;
        let gate = Gate::after(Endpoint::Revocation)
            .about(Subject::AccessToken)
            .from_client("main")
            .nth(2)
            .count(3)
            .timeout_seconds(300);
        assert_eq!(read(stated), Ok(gate.clone()));
        let written = serde_json::to_string(&gate.stated()).expect("it can be written");
        assert_eq!(written, stated);
    }

    #[test]
    fn numbers_out_of_bounds_make_no_sense() {
        let wrong = r#"{"endpoint":"token","nth":0,"count":0,"timeout_seconds":0}"#;
        assert_eq!(read(wrong), Err(vec!["nth", "count", "timeout_seconds"]));
        let wrong = r#"{"endpoint":"token","count":1001,"timeout_seconds":301}"#;
        assert_eq!(read(wrong), Err(vec!["count", "timeout_seconds"]));
    }
}
