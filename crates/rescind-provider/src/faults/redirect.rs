//! An answer that leads elsewhere.

use rescind_model::fault::{Origin, Redirect};
use serde_json::json;

use super::{Act, Circumstances, Course, TakesEffect};
use crate::message::Reply;

impl Act for Redirect {
    fn act(&self, course: &mut Course, circumstances: &Circumstances<'_>) {
        let (request, addresses) = (circumstances.request, circumstances.addresses);
        let address = match self.to {
            Origin::SameOrigin => addresses.of_host(request.host.as_deref()),
            Origin::OtherOrigin => &addresses.elsewhere,
        };
        let mut location = format!("{address}{}", request.path);
        if let Some(query) = &request.query {
            location.extend(["?", query]);
        }
        let mut reply = Reply::json(self.status, &json!({ "error": "moved" }));
        reply.headers.push(("location".into(), location.into()));
        course.instead = Some(reply);
        course.effect = TakesEffect::Never;
    }
}
