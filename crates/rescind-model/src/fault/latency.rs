//! `latency = { fixed_milliseconds = 250 }`: the answer waits before it goes, for a time that is
//! fixed, or drawn from a distribution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Senseless;

/// The longest time that anything can be made to wait, in milliseconds.
pub const LONGEST_WAIT_MILLISECONDS: u32 = 60_000;

/// How long an answer waits, in milliseconds of real time; never more than 60000.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// Always so long.
    FixedMilliseconds(u32),
    /// Any time between two, each as likely as the others.
    UniformMilliseconds(Range),
    /// Mostly near the median, sometimes much longer: the logarithm of the time is normally
    /// distributed.
    LogNormal(LogNormal),
}

/// The shortest and the longest time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The shortest.
    pub from: u32,
    /// The longest; no less than `from`.
    pub to: u32,
}

/// A log-normal distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogNormal {
    /// The time that half of the answers take at most, in milliseconds; at least 1.
    pub median_milliseconds: u32,
    /// The standard deviation of the time's natural logarithm, which has no unit; from 0 to 10. At
    /// 0.5, about one answer in six takes more than 1.65 times the median.
    pub sigma: f64,
}

/// What chance gives: two numbers, each from 0 up to but not including 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw(pub f64, pub f64);

impl Draw {
    /// A draw from bytes that are as good as random.
    pub fn of(bytes: [u8; 32]) -> Self {
        let unit = |from: usize| {
            let parts = [0, 1, 2, 3].map(|index| bytes[from + index]);
            f64::from(u32::from_be_bytes(parts)) / 4_294_967_296.0
        };
        Self(unit(0), unit(4))
    }
}

impl Latency {
    /// The time that an answer waits, in milliseconds.
    pub fn milliseconds(self, draw: Draw) -> u32 {
        let drawn = match self {
            Self::FixedMilliseconds(milliseconds) => f64::from(milliseconds),
            Self::UniformMilliseconds(Range { from, to }) => {
                let choices = f64::from(to.saturating_sub(from)) + 1.0;
                f64::from(from) + (draw.0 * choices).floor()
            }
            Self::LogNormal(LogNormal {
                median_milliseconds,
                sigma,
            }) => f64::from(median_milliseconds) * (sigma * standard_normal(draw)).exp(),
        };
        whole_milliseconds(drawn)
    }

    pub(super) fn senseless(self) -> Vec<Senseless> {
        let longest = LONGEST_WAIT_MILLISECONDS;
        match self {
            Self::FixedMilliseconds(milliseconds) => mistake(
                milliseconds > longest,
                &["latency", "fixed_milliseconds"],
                "a wait of more than a minute",
                "at most 60000; for an answer that never comes, state `hang = {}`",
            ),
            Self::UniformMilliseconds(Range { from, to }) => {
                let mut senseless = mistake(
                    from > to,
                    &["latency", "uniform_milliseconds", "from"],
                    "a shortest wait above the longest",
                    "`from` is no more than `to`",
                );
                senseless.extend(mistake(
                    to > longest,
                    &["latency", "uniform_milliseconds", "to"],
                    "a wait of more than a minute",
                    "at most 60000",
                ));
                senseless
            }
            Self::LogNormal(LogNormal {
                median_milliseconds,
                sigma,
            }) => {
                let mut senseless = mistake(
                    !(1..=longest).contains(&median_milliseconds),
                    &["latency", "log_normal", "median_milliseconds"],
                    "a median that no wait can have",
                    "from 1 to 60000",
                );
                // Not a number is in no range.
                senseless.extend(mistake(
                    !(0.0..=10.0).contains(&sigma),
                    &["latency", "log_normal", "sigma"],
                    "a deviation that no wait can have",
                    "from 0 to 10; 0.5 is moderate",
                ));
                senseless
            }
        }
    }
}

fn mistake(is_one: bool, path: &[&'static str], message: &str, hint: &str) -> Vec<Senseless> {
    if is_one {
        vec![Senseless::new(path, message, hint)]
    } else {
        Vec::new()
    }
}

/// A number of the standard normal distribution (Box and Muller, 1958).
fn standard_normal(Draw(first, second): Draw) -> f64 {
    let radius = (-2.0 * (1.0 - first).ln()).sqrt();
    radius * (std::f64::consts::TAU * second).cos()
}

/// The nearest whole number of milliseconds, within the bound.
fn whole_milliseconds(drawn: f64) -> u32 {
    let bounded = drawn.clamp(0.0, f64::from(LONGEST_WAIT_MILLISECONDS));
    // A duration is what the standard library makes of a float without a cast.
    let duration = std::time::Duration::try_from_secs_f64(bounded.round() / 1000.0);
    duration.map_or(LONGEST_WAIT_MILLISECONDS, |duration| {
        u32::try_from(duration.as_millis()).unwrap_or(LONGEST_WAIT_MILLISECONDS)
    })
}
