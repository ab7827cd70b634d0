//! An answer in place of the endpoint's, once there have been too many requests.

use rescind_model::fault::{Answer, Quota};

use super::{Act, Circumstances, Course, Used};
use crate::ledger::Moment;

impl Act for Quota {
    fn acts(&self, used: &mut Used, now: Moment) -> bool {
        if used.requests == 0 || now >= used.until {
            used.requests = 0;
            used.until = now.after_seconds(self.per_seconds);
        }
        let is_one_too_many = used.requests >= self.requests;
        if !is_one_too_many {
            used.requests += 1;
        }
        is_one_too_many
    }

    fn act(&self, course: &mut Course, circumstances: &Circumstances<'_>) {
        let left = circumstances
            .used
            .until
            .0
            .saturating_sub(circumstances.now.0);
        let refusal = Answer {
            // RFC 9110 §10.2.3: whole seconds, so that nobody who waits them comes too early.
            retry_after: Some(left.div_ceil(1000)),
            ..Answer::of(self.status)
        };
        refusal.act(course, circumstances);
    }
}
