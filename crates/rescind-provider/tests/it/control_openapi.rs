//! The OpenAPI document is true: every answer of every operation has a status that is documented,
//! and a body that the documented schema allows, in every member.

use std::collections::BTreeSet;

use rescind_model::secret::Secret;
use rescind_provider::Provider;
use rescind_provider::server::{Address, ProviderOptions, control_openapi};
use serde_json::{Map, Value, json};

use crate::support::{Ask, Http, loopback, profile};

const KEY: &str = "correct-horse-battery-staple";

/// A request to an operation: its method, its path as the document has it, the path as it is sent,
/// and the body.
struct Sent {
    method: &'static str,
    form: &'static str,
    path: String,
    body: Value,
    has_key: bool,
}

fn sent(method: &'static str, form: &'static str, path: &str, body: Value) -> Sent {
    Sent {
        method,
        form,
        path: path.to_owned(),
        body,
        has_key: true,
    }
}

/// What a program asks that judges somebody.
fn requests_of_a_judge() -> Vec<Sent> {
    let none = || json!({});
    let tenant = json!({
        "profile": "google",
        "address": "host_of_its_name",
        "made_from": { "seed": "another", "name": "one" },
    });
    let observation = "/observation?secrets=show&grants=0,1";
    vec![
        sent("GET", "/observation", observation, none()),
        sent("GET", "/secrets", "/secrets?secrets=show", none()),
        sent("POST", "/tenants", "/tenants", tenant),
    ]
}

/// Requests that show each answer of each operation.
fn requests(toml: &str) -> Vec<Sent> {
    let none = || json!({});
    let fault =
        json!({ "endpoint": "revocation", "nth": 9, "latency": { "fixed_milliseconds": 1 } });
    let gate = json!({ "endpoint": "revocation", "nth": 9, "subject": "access_token" });
    let mut requests = vec![
        sent("GET", "", "", none()),
        sent("GET", "/openapi.json", "/openapi.json", none()),
        sent("GET", "/health", "/health", none()),
        sent("POST", "/grants", "/grants", json!({ "user": "ada" })),
        sent(
            "POST",
            "/grants",
            "/grants",
            json!({ "subjects": ["refresh_token"] }),
        ),
        sent("POST", "/clients", "/clients", json!({ "name": "new" })),
        sent("GET", "/clients", "/clients?secrets=show", none()),
        sent("DELETE", "/clients/{client}", "/clients/new", none()),
        sent("DELETE", "/clients/{client}", "/clients/none", none()),
        sent("POST", "/expire", "/expire", json!({ "grant": 0 })),
        sent(
            "POST",
            "/kill",
            "/kill",
            json!({ "grant": 0, "subject": "access_token" }),
        ),
        sent(
            "POST",
            "/user-removal",
            "/user-removal",
            json!({ "user": "ada" }),
        ),
        sent("GET", "/ledger", "/ledger?secrets=show", none()),
        sent("GET", "/ledger", "/ledger?limit=1", none()),
        sent("GET", "/journal", "/journal", none()),
        sent("GET", "/journal", "/journal?secrets=show&limit=1", none()),
        sent("GET", "/clock", "/clock", none()),
        sent("POST", "/clock", "/clock", json!({ "advance_seconds": 1 })),
        sent("POST", "/clock/freeze", "/clock/freeze", none()),
        sent("POST", "/clock/thaw", "/clock/thaw", none()),
        sent("POST", "/faults", "/faults", fault),
        sent("GET", "/faults", "/faults", none()),
        sent("DELETE", "/faults/{fault}", "/faults/1", none()),
        sent("DELETE", "/faults/{fault}", "/faults/99", none()),
        sent("DELETE", "/faults", "/faults", none()),
        sent("POST", "/gates", "/gates", gate),
        sent("GET", "/gates", "/gates", none()),
        sent("GET", "/gates/{gate}", "/gates/1", none()),
        sent("GET", "/gates/{gate}", "/gates/99", none()),
        sent("POST", "/gates/{gate}/release", "/gates/1/release", none()),
        sent("POST", "/gates/{gate}/release", "/gates/99/release", none()),
        sent("POST", "/gates/release", "/gates/release", none()),
        sent(
            "POST",
            "/tenants",
            "/tenants",
            json!({ "name": "two", "profile_toml": toml }),
        ),
        sent("GET", "/tenants", "/tenants", none()),
        sent("DELETE", "/tenants/{tenant}", "/tenants/two", none()),
        sent("DELETE", "/tenants/{tenant}", "/tenants/two", none()),
        sent("GET", "/consent", "/consent", none()),
        sent(
            "POST",
            "/consent",
            "/consent",
            json!({ "consent": "allow" }),
        ),
        sent(
            "POST",
            "/signing-keys/rotate",
            "/signing-keys/rotate",
            none(),
        ),
        sent("POST", "/reset", "/reset", none()),
    ];
    requests.extend(requests_of_a_judge());
    let mistakes: Vec<Sent> = requests
        .iter()
        .flat_map(|right| {
            let unknown = format!("{}?nothing=1", right.path.split('?').next().unwrap());
            let mut keyless = sent(right.method, right.form, &right.path, right.body.clone());
            keyless.has_key = false;
            [
                sent(right.method, right.form, &unknown, right.body.clone()),
                sent(
                    right.method,
                    right.form,
                    &right.path,
                    json!({ "nothing": 1 }),
                ),
                sent(right.method, right.form, &right.path, json!([])),
                keyless,
            ]
        })
        .collect();
    requests.extend(mistakes);
    requests
}

#[tokio::test]
async fn every_answer_is_as_documented() {
    let options = ProviderOptions {
        control_key: Some(Secret::new(KEY)),
        ..ProviderOptions::new(loopback(), "seed")
    };
    let provider = Provider::start_with(options).await.unwrap();
    provider
        .add_tenant(&Address::Root, "root", profile("openid"))
        .unwrap();
    let base_url = format!("http://{}", provider.address());
    let http = Http::new();
    http.send(&base_url, Ask::get("/userinfo").bearer("x"))
        .await;
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/providers/google.toml"
    );
    let toml = std::fs::read_to_string(path).unwrap();
    let document = control_openapi();
    let mut seen = BTreeSet::new();
    for request in requests(&toml) {
        let mut ask = Ask::new(request.method, format!("/_rescind{}", request.path));
        ask = ask.json(&request.body);
        if request.has_key {
            ask = ask.bearer(KEY);
        }
        let answer = http.send(&base_url, ask).await;
        let method = request.method.to_lowercase();
        let operation = &document["paths"][format!("/_rescind{}", request.form)][&method];
        let documented = &operation["responses"][answer.status.to_string()];
        let schema = &documented["content"]["application/json"]["schema"];
        let name = format!("{} {}", request.method, request.path);
        assert!(
            schema.is_object(),
            "{name}: {} is not documented",
            answer.status
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
        if let Err(problem) = validate(&document, schema, &answer.json()) {
            panic!("{name}: {problem}");
        }
        seen.insert((request.form, method, answer.status));
    }
    // Everything that is documented was seen, but for 403, and for the stream.
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let form = path.strip_prefix("/_rescind").unwrap();
            for status in operation["responses"].as_object().unwrap().keys() {
                let status: u16 = status.parse().unwrap();
                let is_seen = seen
                    .iter()
                    .any(|seen| *seen == (form, method.clone(), status));
                let root_is_there = status == 404 && !form.contains('{');
                assert!(
                    is_seen || status == 403 || form == "/events" || root_is_there,
                    "{method} {path} {status} was not seen"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_document_is_the_one_that_is_served_and_committed() {
    let world = crate::support::World::start("rfc7009").await;
    let served = world.send(Ask::get("/_rescind/openapi.json")).await;
    assert_eq!((served.status, served.json()), (200, control_openapi()));
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../schemas/control.openapi.json"
    );
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        serde_json::from_str::<Value>(&committed).unwrap() == control_openapi(),
        "stale: `cargo run -- schema control > schemas/control.openapi.json`"
    );
}

#[test]
fn everything_in_the_document_is_described_and_named_once() {
    let document = control_openapi();
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap()),
                "{path}"
            );
            assert!(!operation["summary"].as_str().unwrap().is_empty());
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let is_described = parameter["description"].is_string();
                assert!(
                    is_described || parameter["in"] == "path",
                    "{path}: {parameter}"
                );
            }
        }
    }
    assert_eq!(ids.len(), 35);
    assert!(
        !document.to_string().contains("\\n"),
        "a text is broken into lines"
    );
}

#[test]
fn the_page_about_the_control_api_names_every_operation_and_no_other() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/control.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: BTreeSet<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let document = control_openapi();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/_rescind").unwrap();
        let path = if path.is_empty() { "/" } else { path };
        let methods = methods.as_object().unwrap().keys();
        documented.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    assert_eq!(named, documented.iter().map(String::as_str).collect());
}

/// The part of JSON Schema that the document uses, strictly: a member that is not documented is a
/// mistake, and a keyword that is not known here fails the test.
fn validate(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(keywords) = schema.as_object() else {
        return Ok(());
    };
    let mut is_open = keywords.is_empty();
    let mut members: Option<&Map<String, Value>> = None;
    let mut others: Option<&Value> = None;
    for (keyword, argument) in keywords {
        let holds = match keyword.as_str() {
            "$ref" => {
                let name = argument.as_str().unwrap().rsplit('/').next().unwrap();
                let target = &document["components"]["schemas"][name];
                assert!(target.is_object(), "there is no schema {name}");
                validate(document, target, value)?;
                is_open = true;
                true
            }
            "anyOf" | "oneOf" => {
                is_open = true;
                let alternatives = argument.as_array().unwrap().iter();
                let fits = alternatives.filter(|one| validate(document, one, value).is_ok());
                let fits = fits.count();
                fits == 1 || (fits > 0 && keyword == "anyOf")
            }
            "type" => match argument {
                Value::Array(kinds) => kinds.iter().any(|kind| is_of_type(kind, value)),
                kind => is_of_type(kind, value),
            },
            "const" => argument == value,
            "enum" => argument.as_array().unwrap().contains(value),
            "required" => {
                let names = argument.as_array().unwrap().iter();
                names
                    .map(|name| name.as_str().unwrap())
                    .all(|name| value.get(name).is_some())
            }
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
            "minimum" => value.is_null() || value.as_f64() >= argument.as_f64(),
            "maximum" => value.is_null() || value.as_f64() <= argument.as_f64(),
            "additionalProperties" => {
                others = Some(argument).filter(|argument| argument.is_object());
                is_open |= *argument == Value::Bool(true);
                true
            }
            "format" | "description" | "default" => true,
            other => panic!("the keyword {other} is not known here"),
        };
        if !holds {
            return Err(format!("{value} breaks `{keyword}`: {argument}"));
        }
    }
    let none = Map::new();
    for (name, member) in value.as_object().unwrap_or(&none) {
        let known = members.and_then(|members| members.get(name));
        match known.or(others) {
            Some(schema) => validate(document, schema, member)?,
            None if is_open
                || (!keywords.contains_key("properties") && !keywords.contains_key("type")) => {}
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
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let document = control_openapi();
    let schema = json!({ "$ref": "#/components/schemas/ClockView" });
    let check = |value: &Value| validate(&document, &schema, value);
    assert_eq!(check(&json!({ "now": 1, "standing": true })), Ok(()));
    for wrong in [
        json!(null),
        json!({ "now": 1 }),
        json!({ "now": "1", "standing": true }),
        json!({ "now": -1, "standing": true }),
        json!({ "now": 1, "standing": true, "more": 1 }),
    ] {
        assert!(check(&wrong).is_err(), "{wrong}");
    }
}
