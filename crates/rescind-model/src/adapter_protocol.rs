//! What a runner and the command that puts accounts into a target say to each other:
//! `rescind.adapter/1`, one JSON object a line. The runner asks, on the command's standard input; the
//! command answers, on its standard output, in any order. `docs/adapter.md` is the page for those who
//! write such a command.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::vocabulary::AccountStatus;

/// The name of the protocol, as its first exchange states it.
pub const PROTOCOL: &str = "rescind.adapter/1";

/// Facts about a client or an account by their names: whatever the command needs to find it again.
pub type Facts = Map<String, Value>;

/// One line, of either side. A tool that knows the schema can tell which.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "a schema is generated from it, and no value made")]
#[schemars(untagged)]
pub enum Line {
    /// What the runner asks.
    Request(RequestLine),
    /// What the command answers.
    Answer(AnswerLine),
}

/// A request and what its answer is known by.
#[derive(Clone, Serialize, JsonSchema)]
pub struct RequestLine {
    /// The answer has the same. The first request has 0, and each another.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

/// What a command is asked.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Which protocol does it speak, and what can it do? Always first.
    Hello(Hello),
    /// Put an OAuth client of a provider into the target.
    Client(ClientRequest),
    /// Put an account into the target.
    Account(Box<AccountRequest>),
    /// Remove from the target what it put there, a part of it. Always last, and only if it can.
    CleanUp(CleanUp),
}

impl Request {
    /// The word by which it goes: an operation, or `hello`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Client(_) => "client",
            Self::Account(_) => "account",
            Self::CleanUp(_) => "clean_up",
        }
    }
}

/// The operations that a command may say it can do.
pub const OPERATIONS: [&str; 3] = ["client", "account", "clean_up"];

/// Which protocol does it speak, and what can it do?
#[derive(Clone, Serialize, JsonSchema)]
pub struct Hello {
    /// `rescind.adapter/1`
    pub protocol: String,
    /// How long the answer to each later request may take, in seconds.
    pub request_seconds: f64,
}

/// An OAuth client of a provider, to be put into the target.
#[derive(Clone, Serialize, JsonSchema)]
pub struct ClientRequest {
    /// Where the target is. A case that kills the target has one to itself, elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_base_url: Option<String>,
    /// Where the target must send refreshes and revocations: all of it, with its path.
    pub provider_base_url: String,
    /// The further hosts of a provider that spans several, by the names that its profile gives them.
    pub provider_hosts: BTreeMap<String, String>,
    /// Which provider it is.
    pub profile: String,
    /// `OAUTH2`, nearly always.
    pub scheme: String,
    /// The scenario's name for the client.
    pub client: String,
    /// The id of the client at the provider.
    pub client_id: String,
    /// Its secret; empty if it has none.
    pub client_secret: String,
}

/// An account, to be put into the target with the tokens that the provider has just issued.
#[derive(Clone, Serialize, JsonSchema)]
pub struct AccountRequest {
    /// Where the target is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_base_url: Option<String>,
    /// What the request about its client was answered with: all of it.
    pub client: Facts,
    /// The scenario's name for the account.
    pub account: String,
    /// Whose account it is.
    pub user: String,
    /// The status that it is to have, in the contract's words.
    pub status: AccountStatus,
    /// … and in the target's own, as the target file states them.
    pub target_status: String,
    /// Its access token, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// Its refresh token, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// When the target is to believe that the access token expires, in seconds from now, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Its id at the provider, where that has one: some are revoked by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_account_id: Option<String>,
}

/// A part of what the command has put into the target: what is gone already counts as removed. There
/// is a request for each part.
#[derive(Clone, Default, Serialize, JsonSchema)]
pub struct CleanUp {
    /// What each request about an account was answered with, and those about its client and target.
    pub accounts: Vec<CreatedAccount>,
    /// What each request about a client was answered with.
    pub clients: Vec<CreatedClient>,
}

/// A client that was put into the target.
#[derive(Clone, Serialize, JsonSchema)]
pub struct CreatedClient {
    /// Where the target is, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_base_url: Option<String>,
    /// What the request was answered with.
    pub facts: Facts,
}

/// An account that was put into the target.
#[derive(Clone, Serialize, JsonSchema)]
pub struct CreatedAccount {
    /// Where the target is, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_base_url: Option<String>,
    /// What the request about its client was answered with.
    pub client: Facts,
    /// What the request was answered with, `account_id` among it.
    pub facts: Facts,
}

/// An answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AnswerLine {
    /// To `hello`.
    Hello(HelloAnswer),
    /// It is done.
    Done(DoneAnswer),
    /// It is not.
    Refused(RefusedAnswer),
}

/// Which protocol the command speaks, and what it can do.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct HelloAnswer {
    /// 0
    pub id: u64,
    /// `rescind.adapter/1`
    pub protocol: String,
    /// `account` at least; `client` if clients are put into the target apart from their accounts;
    /// `clean_up` if it can remove what it put there.
    pub operations: Vec<String>,
    /// The statuses that an account can be put into the target with; all if not stated. What needs
    /// another is not applicable.
    #[serde(default)]
    pub account_statuses: Option<Vec<AccountStatus>>,
}

/// It is done.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct DoneAnswer {
    /// That of the request.
    pub id: u64,
    /// Facts. Of an account, `account_id` is among them: what the target calls it.
    pub ok: Facts,
}

/// It is not done.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct RefusedAnswer {
    /// That of the request; `null` if it could not be read.
    pub id: Option<u64>,
    /// Why not.
    pub error: Refusal,
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Refusal {
    /// For people.
    pub message: String,
    /// Whether the target has no such thing at all, so that what needs it is not applicable. If not,
    /// something must be mended.
    #[serde(default)]
    pub cannot: bool,
}

/// An answer that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The request that it is about, where that can be told.
    pub id: Option<u64>,
    /// What is wrong with it, as the end of a sentence about the line: `is no JSON`.
    pub problem: String,
}

/// Reads a line that a command has written.
///
/// # Errors
/// What is wrong with it, without showing any of it.
pub fn read_answer(line: &str) -> Result<AnswerLine, Unreadable> {
    let fail = |id, problem: &str| {
        Err(Unreadable {
            id,
            problem: problem.to_owned(),
        })
    };
    let Ok(value) = serde_json::from_str::<Value>(line) else {
        return fail(None, "is no JSON");
    };
    let Some(members) = value.as_object() else {
        return fail(None, "is no JSON object");
    };
    let id = members.get("id").and_then(Value::as_u64);
    let is_about_none = members.get("id").is_some_and(Value::is_null);
    if id.is_none() && !(is_about_none && members.contains_key("error")) {
        return fail(None, "has no `id` that is that of a request");
    }
    let kinds = ["ok", "error", "protocol"];
    let said = kinds.iter().filter(|kind| members.contains_key(**kind));
    let said: Vec<&&str> = said.collect();
    let [kind] = said.as_slice() else {
        return fail(id, "has not one of `ok`, `error` and `protocol`");
    };
    let read = match **kind {
        "ok" => serde_json::from_value(value.clone()).map(AnswerLine::Done),
        "error" => serde_json::from_value(value.clone()).map(AnswerLine::Refused),
        _ => serde_json::from_value(value.clone()).map(AnswerLine::Hello),
    };
    read.or_else(|_| {
        let problem = match **kind {
            "ok" => "has an `ok` that is no object",
            "error" => "has an `error` without a `message` that is a text, or with a `cannot` that is neither true nor false",
            _ => "has no `operations` that are a list of texts, or `account_statuses` that are none of the contract's",
        };
        fail(id, problem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a line, and which request it is about.
    fn wrong(line: &str) -> (Option<u64>, String) {
        let unreadable = read_answer(line).expect_err(line);
        (unreadable.id, unreadable.problem)
    }

    #[test]
    fn answers_are_read_by_what_they_hold() {
        let hello = r#"{"id":0,"protocol":"rescind.adapter/1","operations":["account"],"account_statuses":["ACTIVE"]}"#;
        let Ok(AnswerLine::Hello(hello)) = read_answer(hello) else {
            panic!("it is an answer to hello");
        };
        assert_eq!((hello.id, hello.operations.len()), (0, 1));
        assert_eq!(hello.account_statuses, Some(vec![AccountStatus::Active]));
        let Ok(AnswerLine::Done(done)) = read_answer(r#"{"id":3,"ok":{"account_id":"a"}}"#) else {
            panic!("it is done");
        };
        assert_eq!((done.id, done.ok["account_id"].as_str()), (3, Some("a")));
        for (line, id, cannot) in [
            (r#"{"id":4,"error":{"message":"m"}}"#, Some(4), false),
            (
                r#"{"id":null,"error":{"message":"m","cannot":true}}"#,
                None,
                true,
            ),
        ] {
            let Ok(AnswerLine::Refused(refused)) = read_answer(line) else {
                panic!("it is refused");
            };
            assert_eq!((refused.id, refused.error.cannot), (id, cannot));
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_with_the_request_that_it_is_about() {
        let said = |id, problem: &str| (id, problem.to_owned());
        assert_eq!(wrong("listening"), said(None, "is no JSON"));
        assert_eq!(wrong("[]"), said(None, "is no JSON object"));
        let no_id = said(None, "has no `id` that is that of a request");
        assert_eq!(wrong(r#"{"ok":{}}"#), no_id);
        assert_eq!(wrong(r#"{"id":"1","ok":{}}"#), no_id);
        assert_eq!(wrong(r#"{"id":null,"ok":{}}"#), no_id);
        let kinds = said(Some(1), "has not one of `ok`, `error` and `protocol`");
        assert_eq!(wrong(r#"{"id":1}"#), kinds);
        assert_eq!(wrong(r#"{"id":1,"ok":{},"error":{"message":"m"}}"#), kinds);
        let no_object = said(Some(1), "has an `ok` that is no object");
        assert_eq!(wrong(r#"{"id":1,"ok":"done"}"#), no_object);
        let (id, problem) = wrong(r#"{"id":1,"error":"no"}"#);
        assert_eq!(id, Some(1));
        assert!(problem.contains("without a `message`"), "{problem}");
        let (id, problem) = wrong(r#"{"id":0,"protocol":"rescind.adapter/1"}"#);
        assert_eq!(id, Some(0));
        assert!(problem.contains("no `operations`"), "{problem}");
    }
}
