//! An answer whose length is not what it says.

use rescind_model::fault::WrongLength;

use super::{Act, Circumstances, Course};

impl Act for WrongLength {
    fn act(&self, course: &mut Course, _circumstances: &Circumstances<'_>) {
        if let Some(spoiled) = course.spoiled() {
            spoiled.length_off_by = spoiled.length_off_by.saturating_add(i64::from(self.by));
        }
    }
}
