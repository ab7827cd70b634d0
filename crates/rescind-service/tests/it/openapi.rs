//! The OpenAPI document is true: whatever an operation is sent, it answers with a status that is
//! documented for it, and with a body that the documented schema allows.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::raw::{RawAnswer, encode, exchange};
use crate::support::{API_KEY, Harness, OTHER_KEY, READ_KEY, both, import_body, ok};

const KEYS: [Option<&str>; 5] = [
    Some(API_KEY),
    Some(READ_KEY),
    Some(OTHER_KEY),
    Some("ak_wrong"),
    None,
];

/// One operation of the document.
#[derive(Clone, Debug)]
struct Operation {
    method: String,
    path: String,
    responses: Map<String, Value>,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_about(&self, what: &str) -> bool {
        self.path.contains(what)
    }
}

/// What an operation is sent.
#[derive(Clone, Debug)]
struct Input {
    key: Option<&'static str>,
    id: String,
    status: String,
    query: String,
    content_type: Option<&'static str>,
    body: Vec<u8>,
}

struct Driven {
    harness: Harness,
    document: Value,
    config: String,
    /// Which operation was seen to answer with which status.
    seen: BTreeSet<(String, u16)>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                responses: operation["responses"].as_object().unwrap().clone(),
            });
        }
    }
    operations
}

impl Driven {
    async fn begin() -> Self {
        let harness = Harness::start().await;
        harness.answer("/oauth2/revoke", ok()).await;
        let fresh = json!({"access_token": "a2", "refresh_token": "r2"});
        harness
            .answer("/oauth2/token", ok().set_body_json(fresh))
            .await;
        let config = harness.auth_config("rfc7009", "c").await;
        Self {
            harness,
            document: rescind_service::openapi().unwrap(),
            config,
            seen: BTreeSet::new(),
        }
    }

    /// An account of some kind, or an auth config, as the operation needs it.
    async fn existing_id(&self, operation: &Operation, kind: usize) -> String {
        if operation.is_about("auth_configs") {
            return match kind {
                0 | 1 => self.harness.auth_config("rfc7009", "c").await,
                2 => "ac_AAAAAAAAAAAA".to_owned(),
                _ => "none".to_owned(),
            };
        }
        match kind {
            0 => self.harness.import_into(&self.config, both()).await,
            // No route of this provider answers, so that dispatches and refreshes fail.
            1 => self.harness.account_with_both("google").await,
            2 => self.harness.account_with_both("no-revoke-route").await,
            3 => {
                let val = json!({"status": "EXPIRED", "access_token": "a"});
                self.harness.import_into(&self.config, val).await
            }
            4 => {
                let val = json!({"status": "REVOKED"});
                self.harness.import_into(&self.config, val).await
            }
            5 => "ca_AAAAAAAAAAAA".to_owned(),
            _ => "none".to_owned(),
        }
    }

    fn well_formed_body(&self, operation: &Operation, kind: usize) -> Value {
        if operation.is_about("/status") {
            return json!({"enabled": true});
        }
        match operation.path.rsplit('/').next() {
            Some("link") => {
                let unknown = "ac_AAAAAAAAAAAA".to_owned();
                let config = if kind == 5 { &unknown } else { &self.config };
                json!({"auth_config_id": config, "user_id": "u"})
            }
            Some("connected_accounts") => {
                import_body(&self.config, "OAUTH2", json!({"status": "ACTIVE"}))
            }
            Some("auth_configs") => json!({
                "toolkit": {"slug": "rfc7009"},
                "auth_config": {
                    "type": "use_custom_auth",
                    "authScheme": "OAUTH2",
                    "credentials": {"client_id": "c", "base_url": "http://localhost"},
                },
            }),
            _ => json!({}),
        }
    }

    async fn drive(&mut self, operation: &Operation, input: &Input) {
        let path = operation
            .path
            .replace("{id}", &encode(&input.id))
            .replace("{status}", &encode(&input.status));
        let mut head = format!(
            "{} {path}{} HTTP/1.1\r\nhost: x\r\n",
            operation.method, input.query
        );
        if let Some(key) = input.key {
            write!(head, "x-api-key: {key}\r\n").unwrap();
        }
        if let Some(content_type) = input.content_type {
            write!(head, "content-type: {content_type}\r\n").unwrap();
        }
        write!(head, "content-length: {}\r\n\r\n", input.body.len()).unwrap();
        let request = [head.as_bytes(), &input.body].concat();
        let answer = exchange(self.harness.service.local_addr(), &request).await;
        self.check(operation, input, &answer);
        self.seen.insert((operation.name(), answer.status));
    }

    fn check(&self, operation: &Operation, input: &Input, answer: &RawAnswer) {
        let situation = || format!("{} with {input:?}: {answer:?}", operation.name());
        let documented = operation.responses.get(&answer.status.to_string());
        let documented = documented.unwrap_or_else(|| panic!("not documented: {}", situation()));
        let content = &documented["content"]["application/json"];
        assert!(
            content.is_object(),
            "no JSON is documented: {}",
            situation()
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{}",
            situation()
        );
        if let Err(problem) = validate(&self.document, &content["schema"], &answer.body) {
            panic!("{problem}: {}", situation());
        }
        // A failing database is documented everywhere, but there is none here.
        assert!(
            answer.status != 500 || operation.is_about("/revoke"),
            "{}",
            situation()
        );
    }

    /// Every operation, with every key, about everything there is: what must be seen was seen.
    async fn drive_well_formed(&mut self, operations: &[Operation]) {
        for operation in operations {
            for key in KEYS {
                for kind in 0..7 {
                    let input = Input {
                        key,
                        id: self.existing_id(operation, kind).await,
                        status: "DISABLED".to_owned(),
                        query: String::new(),
                        content_type: Some("application/json"),
                        body: self
                            .well_formed_body(operation, kind)
                            .to_string()
                            .into_bytes(),
                    };
                    self.drive(operation, &input).await;
                }
            }
        }
        for operation in operations {
            for status in [200, 201, 401, 403, 404] {
                let is_documented = operation.responses.contains_key(&status.to_string());
                let is_seen = self.seen.contains(&(operation.name(), status));
                assert_eq!(is_seen, is_documented, "{} {status}", operation.name());
            }
        }
    }
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let names = prop_oneof![
        prop::sample::select(vec![
            "toolkit",
            "slug",
            "auth_config",
            "connection",
            "state",
            "val",
            "enabled",
            "type",
            "authScheme",
            "credentials",
            "scopes",
            "status",
            "id",
            "user_id",
            "auth_config_id",
            "callback_url",
            "connected_account_id",
            "alias",
            "name",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn arbitrary_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        arbitrary_json().prop_map(|body| body.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn arbitrary_query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "limit",
        "cursor",
        "order_by",
        "order_direction",
        "statuses",
        "toolkit_slugs",
        "user_ids",
        "auth_config_ids",
        "connected_account_ids",
        "revoke_on_delete",
        "show_disabled",
        "search",
        "toolkit_slug",
        "is_composio_managed",
        "other",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "",
            "1",
            "0",
            "true",
            "asc",
            "updated_at",
            "ACTIVE",
            "a,b",
            "%zz"
        ])
        .prop_map(str::to_owned),
        ".{0,10}".prop_map(|text| encode(&text)),
    ];
    prop::collection::vec((name, value), 0..4).prop_map(|parameters| {
        let parameters: Vec<String> = parameters
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("?{}", parameters.join("&"))
    })
}

fn arbitrary_input() -> impl Strategy<Value = (Input, Option<usize>, bool)> {
    let id = prop_oneof![Just("ca_A".to_owned()), "(ca_|ac_)?.{1,20}"];
    let status = prop_oneof![
        Just("ENABLED".to_owned()),
        Just("DISABLED".to_owned()),
        ".{1,8}"
    ];
    let content_type = prop::sample::select(vec![
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("text/plain"),
        None,
    ]);
    let strange = (
        prop::sample::select(KEYS.to_vec()),
        id,
        status,
        arbitrary_query(),
        content_type,
        arbitrary_body(),
    );
    let input = strange.prop_map(|(key, id, status, query, content_type, body)| Input {
        key,
        id,
        status,
        query,
        content_type,
        body,
    });
    // Half of the time about something that exists, half of those with a body that makes sense.
    (input, prop::option::of(0_usize..5), any::<bool>())
}

#[test]
fn every_answer_is_as_documented() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut driven = runtime.block_on(Driven::begin());
    let operations = operations(&driven.document);
    runtime.block_on(driven.drive_well_formed(&operations));
    let driven = std::cell::RefCell::new(driven);
    let strategy = (prop::sample::select(operations), arbitrary_input());
    let mut runner = TestRunner::new(Config {
        cases: 500,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(
            &strategy,
            |(operation, (mut input, kind, has_sensible_body))| {
                let mut driven = driven.borrow_mut();
                runtime.block_on(async {
                    if let Some(kind) = kind {
                        input.id = driven.existing_id(&operation, kind).await;
                    }
                    if has_sensible_body {
                        let body = driven.well_formed_body(&operation, 0);
                        input.body = body.to_string().into_bytes();
                    }
                    driven.drive(&operation, &input).await;
                });
                Ok(())
            },
        )
        .unwrap();
}

#[tokio::test]
async fn the_document_is_served_without_a_key() {
    let harness = Harness::start().await;
    let answer = harness.send_as("", "GET", "/openapi.json", None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, rescind_service::openapi().unwrap());
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/openapi.json");
    let committed: Value =
        serde_json::from_str(&std::fs::read_to_string(committed).unwrap()).unwrap();
    assert_eq!(
        answer.body, committed,
        "stale: `cargo run -- schema service > schemas/openapi.json`"
    );
}

/// The part of JSON Schema that the document uses, strictly: a member that is not documented is a
/// mistake, and a keyword that is not known here fails the test.
fn validate(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let mut is_open = false;
    let mut members: Option<&Map<String, Value>> = None;
    for (keyword, argument) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$ref" => {
                let name = argument.as_str().unwrap().rsplit('/').next().unwrap();
                let target = &document["components"]["schemas"][name];
                assert!(target.is_object(), "there is no schema {name}");
                validate(document, target, value)?;
                is_open = true;
                true
            }
            "type" => match argument {
                Value::Array(types) => types.iter().any(|kind| is_of_type(kind, value)),
                kind => is_of_type(kind, value),
            },
            "enum" => argument.as_array().unwrap().contains(value),
            "required" => argument
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" => {
                members = argument.as_object();
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    validate(document, argument, item)?;
                }
                true
            }
            "minimum" => value.as_f64() >= argument.as_f64(),
            "additionalProperties" => {
                is_open = true;
                true
            }
            "format" => match argument.as_str().unwrap() {
                "int32" => value
                    .as_i64()
                    .is_some_and(|number| i32::try_from(number).is_ok()),
                "int64" => value.is_i64() || value.is_u64(),
                other => panic!("the format {other} is not known here"),
            },
            "description" | "propertyNames" => true,
            other => panic!("the keyword {other} is not known here"),
        };
        if !holds {
            return Err(format!("{value} breaks `{keyword}`: {argument}"));
        }
    }
    let none = Map::new();
    for (name, member) in value.as_object().unwrap_or(&none) {
        match members.and_then(|members| members.get(name)) {
            Some(schema) => validate(document, schema, member)?,
            None if is_open || schema.as_object().unwrap().is_empty() => {}
            None => return Err(format!("`{name}` is not documented")),
        }
    }
    Ok(())
}

fn is_of_type(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let document = rescind_service::openapi().unwrap();
    let schema = json!({"$ref": "#/components/schemas/RevokedAccount"});
    let account = json!({"id": "ca_1", "status": "REVOKED"});
    let right = json!({"connected_account": account, "revoked_tokens": ["access_token"]});
    assert_eq!(validate(&document, &schema, &right), Ok(()));
    for wrong in [
        json!(null),
        json!({"connected_account": account}),
        json!({"connected_account": account, "revoked_tokens": {}}),
        json!({"connected_account": account, "revoked_tokens": ["other"]}),
        json!({"connected_account": account, "revoked_tokens": [], "more": 1}),
        json!({"connected_account": {"id": 1, "status": "REVOKED"}, "revoked_tokens": []}),
        json!({"connected_account": {"id": "ca_1", "status": "GONE"}, "revoked_tokens": []}),
    ] {
        assert!(validate(&document, &schema, &wrong).is_err(), "{wrong}");
    }
}
