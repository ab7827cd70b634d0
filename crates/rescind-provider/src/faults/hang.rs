//! An answer that never comes.

use rescind_model::fault::Hang;

use super::{Act, Circumstances, Course};
use crate::message::Delivery;

impl Act for Hang {
    fn act(&self, course: &mut Course, _circumstances: &Circumstances<'_>) {
        course.go_unanswered(Delivery::Never, self.when);
    }
}
