//! Another answer in place of the endpoint's.

use http::header::AUTHORIZATION;
use rescind_model::fault::Answer;
use serde_json::{Value, json};

use super::{Act, Circumstances, Course, TakesEffect};
use crate::message::{Reply, Request};

impl Act for Answer {
    fn act(&self, course: &mut Course, circumstances: &Circumstances<'_>) {
        course.instead = Some(reply(self, circumstances.request));
        course.effect = TakesEffect::Never;
    }
}

fn reply(answer: &Answer, request: &Request) -> Reply {
    let mut reply = Reply::json(answer.status, &body(answer, request));
    if let Some(text) = &answer.text {
        reply.body.clone_from(text);
    }
    if let Some(seconds) = answer.retry_after {
        reply
            .headers
            .push(("retry-after".into(), seconds.to_string().into()));
    }
    for (name, value) in &answer.headers {
        reply
            .headers
            .retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            reply
                .headers
                .push((name.to_ascii_lowercase().into(), value.clone().into()));
        }
    }
    reply
}

fn body(answer: &Answer, request: &Request) -> Value {
    if let Some(body) = &answer.json {
        return body.clone();
    }
    let mut body = json!({ "error": "temporarily_unavailable" });
    if answer.echo {
        body["request"] = echo(request);
    }
    body
}

/// What a request carried, as a careless error message repeats it.
fn echo(request: &Request) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let authorization = request.headers.get(AUTHORIZATION);
    json!({
        "authorization": authorization.map(|value| text(value.as_bytes())),
        "query": request.query,
        "body": text(&request.body),
    })
}
