//! An answer that waits before it goes.

use rescind_model::fault::Latency;
use rescind_model::fault::latency::LONGEST_WAIT_MILLISECONDS;

use super::{Act, Circumstances, Course};

impl Act for Latency {
    fn act(&self, course: &mut Course, circumstances: &Circumstances<'_>) {
        let wait = u64::from(self.milliseconds((circumstances.draw)()));
        let together = course.delay_milliseconds.saturating_add(wait);
        course.delay_milliseconds = together.min(u64::from(LONGEST_WAIT_MILLISECONDS));
    }
}
