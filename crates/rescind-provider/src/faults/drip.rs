//! An answer that comes a little at a time.

use rescind_model::fault::Drip;

use super::{Act, Circumstances, Course};

impl Act for Drip {
    fn act(&self, course: &mut Course, _circumstances: &Circumstances<'_>) {
        if let Some(spoiled) = course.spoiled() {
            spoiled.drip = Some(*self);
        }
    }
}
