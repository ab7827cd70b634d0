//! What a fault does to a request, in words.

use rescind_model::fault::latency::{LogNormal, Range};
use rescind_model::fault::{Answer, Effect, Latency, Origin, When};

/// What an endpoint does while it meets a fault, as the end of a sentence.
pub fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Noop(_) => "answers as ever".to_owned(),
        Effect::Hang(hang) => unanswered(hang.when, "never answers"),
        Effect::Redirect(redirect) => {
            let to = match redirect.to {
                Origin::SameOrigin => "to the same origin",
                Origin::OtherOrigin => "to another origin",
            };
            format!("answers with a redirect {to} ({})", redirect.status)
        }
        Effect::Answer(answer) => self::answer(answer),
        Effect::Lie(_) => "answers as ever and does nothing".to_owned(),
        Effect::LateKill(late_kill) => format!(
            "answers as ever, and what it ends dies {} seconds later",
            late_kill.seconds
        ),
        Effect::Drop(drop) => unanswered(drop.when, "closes the connection without an answer"),
        Effect::Reset(reset) => unanswered(reset.when, "resets the connection without an answer"),
        Effect::Drip(drip) => format!(
            "answers as ever, {} bytes every {} milliseconds",
            drip.bytes, drip.every_milliseconds
        ),
        Effect::Truncate(truncate) => {
            format!("breaks its answer off after {} bytes", truncate.at_byte)
        }
        Effect::WrongLength(wrong_length) => format!(
            "answers with a body whose length it misstates by {:+} bytes",
            wrong_length.by
        ),
        Effect::Latency(latency) => {
            format!("answers as ever, {}", self::latency(*latency))
        }
        Effect::Quota(quota) => format!(
            "answers {} requests in {} seconds, and further ones with {}",
            quota.requests, quota.per_seconds, quota.status
        ),
    }
}

fn unanswered(when: When, what: &str) -> String {
    match when {
        When::BeforeEffect => what.to_owned(),
        When::AfterEffect => format!("does its work and {what}"),
    }
}

fn latency(latency: Latency) -> String {
    match latency {
        Latency::FixedMilliseconds(milliseconds) => format!("{milliseconds} milliseconds later"),
        Latency::UniformMilliseconds(Range { from, to }) => {
            format!("{from} to {to} milliseconds later")
        }
        Latency::LogNormal(LogNormal {
            median_milliseconds,
            sigma,
        }) => format!(
            "some {median_milliseconds} milliseconds later (log-normally distributed, sigma {sigma})"
        ),
    }
}

fn answer(answer: &Answer) -> String {
    let wait = answer.retry_after.map_or(String::new(), |seconds| {
        format!(", asking to wait {seconds} seconds")
    });
    let echo = if answer.echo {
        ", repeating what it was sent"
    } else {
        ""
    };
    let body = if answer.json.is_some() || answer.text.is_some() {
        ", with a body of its own"
    } else {
        ""
    };
    format!("answers with {}{wait}{echo}{body}", answer.status)
}

#[cfg(test)]
mod tests {
    use rescind_model::fault::{Fault, Stated};
    use serde_json::{Value, json};

    use super::*;

    fn fault(kind: &str, parameters: &Value) -> Fault {
        let stated = json!({ "endpoint": "revocation", kind: parameters });
        let stated: Stated = serde_json::from_value(stated).expect("it can be read");
        stated.fault().expect("it makes sense")
    }

    #[test]
    fn every_kind_is_told_with_its_parameters() {
        let told = [
            ("noop", json!({}), "answers as ever"),
            (
                "answer",
                json!({ "status": 503, "retry_after": 5, "echo": true }),
                "answers with 503, asking to wait 5 seconds, repeating what it was sent",
            ),
            ("hang", json!({}), "never answers"),
            (
                "hang",
                json!({ "when": "after_effect" }),
                "does its work and never answers",
            ),
            (
                "redirect",
                json!({ "to": "other_origin" }),
                "answers with a redirect to another origin (307)",
            ),
            ("lie", json!({}), "answers as ever and does nothing"),
            (
                "late_kill",
                json!({ "seconds": 30 }),
                "answers as ever, and what it ends dies 30 seconds later",
            ),
            ("drop", json!({}), "closes the connection without an answer"),
            (
                "reset",
                json!({ "when": "after_effect" }),
                "does its work and resets the connection without an answer",
            ),
            (
                "drip",
                json!({ "bytes": 10, "every_milliseconds": 500 }),
                "answers as ever, 10 bytes every 500 milliseconds",
            ),
            (
                "truncate",
                json!({ "at_byte": 40 }),
                "breaks its answer off after 40 bytes",
            ),
            (
                "wrong_length",
                json!({ "by": 3 }),
                "answers with a body whose length it misstates by +3 bytes",
            ),
            (
                "latency",
                json!({ "fixed_milliseconds": 250 }),
                "answers as ever, 250 milliseconds later",
            ),
            (
                "latency",
                json!({ "uniform_milliseconds": { "from": 1, "to": 9 } }),
                "answers as ever, 1 to 9 milliseconds later",
            ),
            (
                "latency",
                json!({ "log_normal": { "median_milliseconds": 200, "sigma": 0.5 } }),
                "answers as ever, some 200 milliseconds later (log-normally distributed, sigma 0.5)",
            ),
            (
                "quota",
                json!({ "requests": 10, "per_seconds": 60 }),
                "answers 10 requests in 60 seconds, and further ones with 429",
            ),
        ];
        let mut kinds: Vec<&str> = told.iter().map(|(kind, ..)| *kind).collect();
        kinds.dedup();
        assert_eq!(kinds, Effect::WORDS);
        for (kind, parameters, words) in told {
            assert_eq!(effect(&fault(kind, &parameters).effect), words, "{kind}");
        }
    }
}
