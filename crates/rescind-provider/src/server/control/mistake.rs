//! What is wrong with a control request, and what to do next.

use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Response, whole, with_allow};

/// What is wrong with a control request.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    status: u16,
    told: Told,
    allowed: Vec<String>,
}

/// The body of an answer that is an error.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ControlError {
    /// The error.
    error: Told,
}

/// What is wrong, and what to do next.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Told {
    /// What is wrong. It never repeats what the request carried.
    message: String,
    /// What to do next.
    hint: String,
    /// The line of the body, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The column of that line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl Mistake {
    fn of(status: u16, message: &str, hint: &str) -> Self {
        Self {
            status,
            told: Told {
                message: message.to_owned(),
                hint: hint.to_owned(),
                line: None,
                column: None,
            },
            allowed: Vec::new(),
        }
    }

    /// The request makes no sense.
    pub(super) fn new(message: &str, hint: &str) -> Self {
        Self::of(400, message, hint)
    }

    /// Something in the path is not there.
    pub(super) fn not_found(message: &str, hint: &str) -> Self {
        Self::of(404, message, hint)
    }

    /// The request shows no key, or a wrong one.
    pub(super) fn unauthorized(message: &str) -> Self {
        let hint = "send `Authorization: Bearer KEY` or `x-rescind-key: KEY`";
        Self::of(401, message, hint)
    }

    /// The request comes from where none may come from.
    pub(super) fn forbidden(message: &str, hint: &str) -> Self {
        Self::of(403, message, hint)
    }

    /// Another method than those of the path.
    pub(super) fn wrong_method(allowed: &[&str]) -> Self {
        let hint = format!("it takes {}", allowed.join(", "));
        let mistake = Self::of(405, "another method than the operation's", &hint);
        Self {
            allowed: allowed.iter().map(|method| (*method).to_owned()).collect(),
            ..mistake
        }
    }

    /// At a place of the body.
    pub(super) fn at(mut self, line: usize, column: usize) -> Self {
        self.told.line = Some(line);
        self.told.column = Some(column);
        self
    }

    /// The answer.
    pub(super) fn response(self) -> Response {
        let error = ControlError { error: self.told };
        let body = serde_json::to_string(&error).unwrap_or_default();
        let mut response = whole(self.status, "application/json", body);
        if self.status == 401 {
            // RFC 9110 §15.5.2 asks for a challenge.
            let challenge = HeaderValue::from_static("Bearer realm=\"rescind control\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if self.allowed.is_empty() {
            return response;
        }
        let allowed: Vec<&str> = self.allowed.iter().map(String::as_str).collect();
        with_allow(response, &allowed)
    }
}
