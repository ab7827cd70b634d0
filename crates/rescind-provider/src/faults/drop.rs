//! A connection that is closed in place of an answer.

use rescind_model::fault::DropConnection;

use super::{Act, Circumstances, Course};
use crate::message::Delivery;

impl Act for DropConnection {
    fn act(&self, course: &mut Course, _circumstances: &Circumstances<'_>) {
        course.go_unanswered(Delivery::Dropped, self.when);
    }
}
