//! An effect that comes late.

use rescind_model::fault::LateKill;

use super::{Act, Circumstances, Course, TakesEffect};

impl Act for LateKill {
    fn act(&self, course: &mut Course, _circumstances: &Circumstances<'_>) {
        let late = self.seconds.saturating_mul(1000);
        course.effect = match course.effect {
            TakesEffect::AtOnce => TakesEffect::After(late),
            TakesEffect::After(already) => TakesEffect::After(already.saturating_add(late)),
            TakesEffect::Never => TakesEffect::Never,
        };
    }
}
