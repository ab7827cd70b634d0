//! What is asked of the figures.

use serde::Serialize;

/// Something measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Revocations in a second, as a part of the bare server's requests.
    RevokeRate,
    /// The bare server's processor time for a request, as a part of that for a revocation.
    RevokeProcessor,
    /// Refreshes in a second, as a part of the bare server's requests.
    RefreshRate,
    /// The bare server's processor time for a request, as a part of that for a refresh.
    RefreshProcessor,
    /// Milliseconds from start to first answer beyond the bare server's.
    Start,
    /// Megabytes resident when idle.
    Idle,
    /// Bytes for a live grant of the large ledger.
    Grant,
    /// Revocations in a second at the large ledger, as a part of those at the small one.
    LargeRate,
    /// The processor time of a revocation at the small ledger, as a part of that at the large one.
    LargeProcessor,
}

/// A bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

impl Target {
    /// Whether a figure is within it.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(bound) => figure >= bound,
            Self::AtMost(bound) => figure <= bound,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(formatter, "≥ {bound}"),
            Self::AtMost(bound) => write!(formatter, "≤ {bound}"),
        }
    }
}

impl Quantity {
    /// What is asked of it; nothing of those that only explain another.
    pub const fn target(self) -> Option<Target> {
        match self {
            Self::RevokeRate => Some(Target::AtLeast(0.85)),
            Self::RefreshRate => Some(Target::AtLeast(0.7)),
            Self::Start => Some(Target::AtMost(20.0)),
            Self::Idle => Some(Target::AtMost(10.0)),
            Self::Grant => Some(Target::AtMost(600.0)),
            Self::LargeRate => Some(Target::AtLeast(0.9)),
            Self::RevokeProcessor | Self::RefreshProcessor | Self::LargeProcessor => None,
        }
    }

    /// It in words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::RevokeRate => "POST /revoke, requests per second, to the bare server's",
            Self::RevokeProcessor => "POST /revoke, requests per processor second, to its",
            Self::RefreshRate => "refresh, requests per second, to the bare server's",
            Self::RefreshProcessor => "refresh, requests per processor second, to its",
            Self::Start => "start to first answer, ms more than the bare server",
            Self::Idle => "resident when idle, MB",
            Self::Grant => "bytes per live grant, large ledger",
            Self::LargeRate => "POST /revoke, large ledger to small, requests per second",
            Self::LargeProcessor => "POST /revoke, large ledger to small, per processor second",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_holds_at_itself_and_on_its_side_only() {
        assert!(Target::AtLeast(0.85).holds(0.85) && !Target::AtLeast(0.85).holds(0.849));
        assert!(Target::AtMost(10.0).holds(10.0) && !Target::AtMost(10.0).holds(10.1));
        assert!(!Target::AtLeast(0.85).holds(f64::NAN) && !Target::AtMost(10.0).holds(f64::NAN));
    }
}
