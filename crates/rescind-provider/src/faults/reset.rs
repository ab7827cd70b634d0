//! A connection that is reset in place of an answer.

use rescind_model::fault::Reset;

use super::{Act, Circumstances, Course};
use crate::message::Delivery;

impl Act for Reset {
    fn act(&self, course: &mut Course, _circumstances: &Circumstances<'_>) {
        course.go_unanswered(Delivery::Reset, self.when);
    }
}
