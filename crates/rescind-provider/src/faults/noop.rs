//! Nothing: the pattern of a fault.

use rescind_model::fault::Noop;

use super::{Act, Circumstances, Course};

impl Act for Noop {
    fn act(&self, _course: &mut Course, _circumstances: &Circumstances<'_>) {}
}
