//! Days, as people write them: nothing here asks what day it is.

use std::fmt;

/// A day of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarDate {
    year: u16,
    month: u8,
    day: u8,
}

/// Where counting begins: the first day of Unix time.
const EPOCH: CalendarDate = CalendarDate {
    year: 1970,
    month: 1,
    day: 1,
};

impl CalendarDate {
    /// A day; none if the calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let there_is = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        there_is.then_some(Self { year, month, day })
    }

    /// The day on which a moment of Unix time lies, given in seconds.
    pub fn of_unix_seconds(seconds: u64) -> Self {
        EPOCH.plus_days(seconds / (24 * 60 * 60))
    }

    /// So many days later.
    #[must_use]
    pub fn plus_days(self, days: u64) -> Self {
        let Self {
            mut year,
            mut month,
            day,
        } = self;
        let mut left = days + u64::from(day);
        // Month by month: nobody asks about more than some thousands of them.
        while left > u64::from(days_of(year, month)) && year < u16::MAX {
            left -= u64::from(days_of(year, month));
            (year, month) = if month == 12 {
                (year + 1, 1)
            } else {
                (year, month + 1)
            };
        }
        let day = left.min(u64::from(days_of(year, month))) as u8;
        Self { year, month, day }
    }
}

impl Default for CalendarDate {
    fn default() -> Self {
        EPOCH
    }
}

impl fmt::Display for CalendarDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

const fn days_of(year: u16, month: u8) -> u8 {
    let leaps = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leaps => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::CalendarDate;

    #[test]
    fn a_day_that_the_calendar_does_not_have_is_none() {
        for (year, month, day) in [(2027, 2, 29), (2100, 2, 29), (2027, 4, 31), (2027, 13, 1)] {
            assert_eq!(CalendarDate::new(year, month, day), None);
        }
        assert!(CalendarDate::new(2000, 2, 29).is_some());
        assert_eq!(CalendarDate::new(2027, 1, 0), None);
    }

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        // The right column is what `date -u -d @SECONDS +%F` prints.
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_400, "2000-02-29"),
            (4_107_542_400, "2100-03-01"),
            (1_795_392_000, "2026-11-23"),
        ] {
            let day = CalendarDate::of_unix_seconds(seconds);
            assert_eq!(day.to_string(), expected, "{seconds}");
        }
        let end = CalendarDate::new(2026, 12, 31).expect("a day");
        assert_eq!(end.plus_days(1).to_string(), "2027-01-01");
        assert_eq!(end.plus_days(0), end);
    }

    #[test]
    fn an_earlier_day_is_less() {
        let day = |year, month, day| CalendarDate::new(year, month, day).expect("a day");
        assert!(day(2026, 12, 31) < day(2027, 1, 1));
        assert!(day(2027, 1, 31) < day(2027, 2, 1));
    }
}
