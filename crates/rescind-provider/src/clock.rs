//! A tenant's clock: it follows the time that it is told, can be moved ahead, and stand still.
//!
//! Pure: what it shows follows from the time that has passed since the provider started.

use crate::ledger::Moment;

/// A clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantClock {
    /// It goes, so many milliseconds ahead of the time that has passed, or behind it.
    Going(i128),
    /// It stands still.
    Standing(Moment),
}

impl Default for TenantClock {
    fn default() -> Self {
        Self::Going(0)
    }
}

impl TenantClock {
    /// What it shows.
    pub fn now(self, elapsed: Moment) -> Moment {
        match self {
            Self::Going(ahead) => {
                let shown = i128::from(elapsed.0).saturating_add(ahead);
                Moment(u64::try_from(shown.max(0)).unwrap_or(u64::MAX))
            }
            Self::Standing(at) => at,
        }
    }

    /// Moves it ahead.
    pub fn advance(&mut self, seconds: u64) {
        let milliseconds = seconds.saturating_mul(1000);
        match self {
            Self::Going(ahead) => *ahead = ahead.saturating_add(i128::from(milliseconds)),
            Self::Standing(at) => *at = at.after(milliseconds),
        }
    }

    /// Lets it stand still.
    pub fn freeze(&mut self, elapsed: Moment) {
        *self = Self::Standing(self.now(elapsed));
    }

    /// Lets it go on, from what it shows.
    pub fn thaw(&mut self, elapsed: Moment) {
        if let Self::Standing(at) = *self {
            *self = Self::Going(i128::from(at.0) - i128::from(elapsed.0));
        }
    }

    /// Whether it stands still.
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::Standing(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(clock: TenantClock, elapsed: u64, shows: u64) {
        assert_eq!(clock.now(Moment(elapsed)), Moment(shows));
    }

    #[test]
    fn it_goes_with_time_and_can_be_moved_ahead() {
        let mut clock = TenantClock::default();
        check(clock, 5, 5);
        clock.advance(2);
        check(clock, 5, 2005);
        clock.advance(u64::MAX);
        check(clock, 5, u64::MAX);
    }

    #[test]
    fn it_stands_still_and_goes_on_from_there() {
        let mut clock = TenantClock::default();
        clock.advance(1);
        clock.freeze(Moment(10));
        check(clock, 70_000, 1010);
        clock.advance(1);
        check(clock, 80_000, 2010);
        clock.freeze(Moment(90_000));
        clock.thaw(Moment(100_000));
        check(clock, 100_000, 2010);
        check(clock, 100_007, 2017);
        // It goes already.
        clock.thaw(Moment(200_000));
        check(clock, 200_000, 102_010);
    }
}
