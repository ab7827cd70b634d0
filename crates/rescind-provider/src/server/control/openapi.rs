//! The OpenAPI document of the control API, made from the table of operations.

use schemars::Schema;
use serde_json::{Map, Value, json};

use super::call::{Call, Given, Nothing};
use super::mistake::{ControlError, Mistake};
use super::schema::{DEFINITIONS, generator, is_empty, members};
use super::{OPERATIONS, Operation, Row, Scope};
use crate::server::CONTROL_PREFIX;

/// Shows the document.
pub(super) struct Document;

impl Operation for Document {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/openapi.json";
    const SUMMARY: &'static str = "what each operation takes and answers: an OpenAPI document";
    const SCOPE: Scope = Scope::Anywhere;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = Map<String, Value>;

    async fn handle(_: Call, _: Nothing, _: Nothing) -> Result<Given<Map<String, Value>>, Mistake> {
        let document = openapi();
        Ok(Given::Json(
            document.as_object().cloned().unwrap_or_default(),
        ))
    }
}

/// The description of the control API, an `OpenAPI` document.
pub fn openapi() -> Value {
    let mut generator = generator();
    let mistake = generator.subschema_for::<ControlError>();
    let rows: Vec<(&Row, [Schema; 3])> = OPERATIONS
        .iter()
        .map(|row| {
            let schemas = [row.query, row.body, row.answer].map(|schema| schema(&mut generator));
            (row, schemas)
        })
        .collect();
    let mut definitions = generator.take_definitions(true);
    let mut paths: Map<String, Value> = Map::new();
    for (row, schemas) in &rows {
        let path = format!("{CONTROL_PREFIX}{}", row.path);
        let described = describe(row, schemas, &mistake, &definitions);
        paths.entry(path).or_insert_with(|| json!({}))[row.method.to_lowercase()] = described;
    }
    drop_unused(&mut definitions, &json!(paths));
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Control API of the fake provider",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What only the provider's owner, its user or time could do. It lies \
                below the address of every tenant. Where the provider has a control key, every \
                request shows it; where it has none, it listens on this machine only, and pages of \
                other origins are refused. Tokens are shown where they are minted; elsewhere \
                fingerprints stand for them, unless `secrets=show` is asked for with the key. A body \
                is JSON, whatever its content type says; an absent one counts as `{}`.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "security": [{}, { "bearer": [] }, { "header": [] }],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "header": { "type": "apiKey", "in": "header", "name": "x-rescind-key" },
            },
        },
    });
    unbroken(&mut document);
    document
}

/// Queries are described parameter by parameter, and empty bodies not at all: their schemas are
/// referred to by nothing.
fn drop_unused(definitions: &mut Map<String, Value>, paths: &Value) {
    let mut referring = paths.to_string();
    loop {
        let is_used = |name: &String| referring.contains(&format!("\"#{DEFINITIONS}/{name}\""));
        let used: Vec<String> = definitions
            .keys()
            .filter(|name| is_used(name))
            .cloned()
            .collect();
        let used_schemas = used.iter().filter_map(|name| definitions.get(name));
        let texts: String = used_schemas.map(Value::to_string).collect();
        let grown = format!("{paths}{texts}");
        if grown == referring {
            definitions.retain(|name, _| used.contains(name));
            return;
        }
        referring = grown;
    }
}

/// An operation.
fn describe(
    row: &Row,
    [query, body, answer]: &[Schema; 3],
    mistake: &Schema,
    definitions: &Map<String, Value>,
) -> Value {
    let mut described = json!({
        "operationId": operation_id(row),
        "summary": row.summary,
    });
    let parameters: Vec<Value> = path_parameters(row.path)
        .chain(query_parameters(query, definitions))
        .collect();
    if !parameters.is_empty() {
        described["parameters"] = json!(parameters);
    }
    if row.is_open {
        described["security"] = json!([]);
    }
    if !is_empty(body, definitions) {
        described["requestBody"] = json!({ "content": { "application/json": { "schema": body } } });
    }
    let mut content = match row.otherwise {
        Some(media_type @ "text/event-stream") => {
            json!({ media_type: { "schema": { "type": "string" } } })
        }
        Some(media_type) => {
            json!({ "application/json": { "schema": answer }, media_type: { "schema": { "type": "string" } } })
        }
        None => json!({ "application/json": { "schema": answer } }),
    };
    if row.otherwise == Some("text/event-stream") {
        described["description"] = json!(
            "The data of each event is JSON: the one member of `EventData` that has the event's name."
        );
        content["text/event-stream"]["x-event-data"] = json!(answer);
    }
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({ "description": "It is done", "content": content }),
    );
    for (status, description) in refusals(row) {
        let content = json!({ "application/json": { "schema": mistake } });
        let refusal = json!({ "description": description, "content": content });
        responses.insert(status.to_owned(), refusal);
    }
    described["responses"] = json!(responses);
    described
}

/// How an operation may refuse.
fn refusals(row: &Row) -> Vec<(&'static str, &'static str)> {
    let mut refusals = vec![("400", "The request makes no sense")];
    if !row.is_open {
        refusals.push((
            "401",
            "The provider has a key, and the request does not show it",
        ));
        refusals.push((
            "403",
            "The request comes from where none may come from, or asks for secrets \
             of a provider that has no key",
        ));
    }
    if row.scope == Scope::Tenant || row.path.contains('{') {
        refusals.push(("404", "There is no such thing"));
    }
    refusals
}

fn operation_id(row: &Row) -> String {
    let words: Vec<&str> = row
        .path
        .split(['/', '-', '.', '{', '}'])
        .filter(|word| !word.is_empty())
        .collect();
    let words = if words.is_empty() {
        "index".to_owned()
    } else {
        words.join("_")
    };
    format!("{}_{words}", row.method.to_lowercase())
}

fn path_parameters(path: &str) -> impl Iterator<Item = Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let kind = if ["gate", "fault"].contains(&name) {
            "integer"
        } else {
            "string"
        };
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": kind } })
    })
}

/// The schema of a parameter that is there: one that is not has no null in its place.
fn stated(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let stated = alternatives.iter().find(|one| one["type"] != "null");
        schema = stated.cloned().unwrap_or_default();
    }
    let kind = schema["type"]
        .as_array()
        .and_then(|kinds| kinds.first())
        .cloned();
    if let Some(members) = schema.as_object_mut() {
        members.remove("description");
        members.remove("default");
        members.extend(kind.map(|kind| ("type".to_owned(), kind)));
    }
    schema
}

/// Comments in code are broken into lines; texts of a document are not.
fn unbroken(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "description" => {
                        *text = text.split('\n').collect::<Vec<_>>().join(" ");
                    }
                    value => unbroken(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unbroken),
        _ => {}
    }
}

fn query_parameters(
    query: &Schema,
    definitions: &Map<String, Value>,
) -> impl Iterator<Item = Value> {
    let reference = query.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|reference| reference.rsplit('/').next());
    let resolved = name.and_then(|name| definitions.get(name));
    let members = members(resolved.unwrap_or(query.as_value()));
    let parameters: Vec<Value> = members
        .into_iter()
        .map(|(name, schema)| {
            let description = schema["description"].clone();
            let schema = stated(schema);
            json!({ "name": name, "in": "query", "description": description, "schema": schema })
        })
        .collect();
    parameters.into_iter()
}
