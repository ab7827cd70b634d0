//! The answer of a success, and no effect.

use rescind_model::fault::Lie;

use super::{Act, Circumstances, Course, TakesEffect};

impl Act for Lie {
    fn act(&self, course: &mut Course, _circumstances: &Circumstances<'_>) {
        course.effect = TakesEffect::Never;
    }
}
