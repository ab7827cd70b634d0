//! An answer that ends early.

use rescind_model::fault::Truncate;

use super::{Act, Circumstances, Course};

impl Act for Truncate {
    fn act(&self, course: &mut Course, _circumstances: &Circumstances<'_>) {
        if let Some(spoiled) = course.spoiled() {
            // What is cut off stays off.
            let already = spoiled.cut_at_byte.unwrap_or(u32::MAX);
            spoiled.cut_at_byte = Some(already.min(self.at_byte));
        }
    }
}
