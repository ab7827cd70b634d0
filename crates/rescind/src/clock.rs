//! The one place of the program that asks what day it is.

use std::time::SystemTime;

use rescind_model::calendar::CalendarDate;

/// Today, in UTC.
#[allow(
    clippy::disallowed_methods,
    reason = "this is where the day of a run comes from"
)]
pub fn today() -> CalendarDate {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    // A clock that stands before 1970 says nothing.
    CalendarDate::of_unix_seconds(since_epoch.map_or(0, |duration| duration.as_secs()))
}
