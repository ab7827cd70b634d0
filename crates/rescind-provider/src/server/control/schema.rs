//! What the schemas of the operations' types say: the kinds of query parameters, and where a list
//! may stand.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

/// Where the schemas of the OpenAPI document lie in it.
pub(super) const DEFINITIONS: &str = "/components/schemas";

/// What makes the schemas of the OpenAPI document (OpenAPI 3.1 §4.8.24: JSON Schema 2020-12).
pub(super) fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with(|settings| {
        settings.definitions_path = DEFINITIONS.into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// A type's schema, and those that it refers to, by their names.
pub(super) struct Known {
    schema: Value,
    definitions: Map<String, Value>,
}

impl Known {
    /// The schema of a type.
    pub(super) fn of<T: JsonSchema>() -> Self {
        let mut generator = generator();
        let schema = generator.subschema_for::<T>().to_value();
        Self {
            schema,
            definitions: generator.take_definitions(true),
        }
    }

    /// The names of its members, each with its schema.
    pub(super) fn members(&self) -> Vec<(&str, &Value)> {
        members(self.resolved(&self.schema))
    }

    /// The kind of a member: `integer`, `boolean`, `string` or another.
    pub(super) fn kind<'a>(&'a self, schema: &'a Value) -> &'a str {
        match &self.resolved(schema)["type"] {
            Value::String(kind) => kind,
            // A member that may be left out may be null.
            Value::Array(kinds) => {
                let mut kinds = kinds.iter().filter_map(Value::as_str);
                kinds.find(|kind| *kind != "null").unwrap_or_default()
            }
            _ => "",
        }
    }

    /// The path of the first list that stands where members are to be named.
    pub(super) fn misplaced_list(&self, value: &Value) -> Option<String> {
        self.misplaced(&self.schema, value, String::new())
    }

    fn misplaced(&self, schema: &Value, value: &Value, path: String) -> Option<String> {
        let schema = self.resolved(schema);
        let alternatives = ["anyOf", "oneOf"]
            .into_iter()
            .filter_map(|word| schema[word].as_array())
            .flatten()
            .filter(|one| one["type"] != "null" || value.is_null());
        let mut alternatives = alternatives.peekable();
        if alternatives.peek().is_some() {
            let misplaced = |one| self.misplaced(one, value, path.clone());
            let fared: Vec<Option<String>> = alternatives.map(misplaced).collect();
            let fits = fared.iter().any(Option::is_none);
            return fared.into_iter().flatten().next().filter(|_| !fits);
        }
        match value {
            Value::Array(_) if schema["type"] == "object" => Some(path),
            Value::Object(given) => {
                let known = members(schema);
                given.iter().find_map(|(name, value)| {
                    let (name, member) = known.iter().find(|(known, _)| known == name)?;
                    self.misplaced(member, value, format!("{path}/{name}"))
                })
            }
            _ => None,
        }
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..8 {
            let name = match &schema["$ref"] {
                Value::String(reference) => reference.rsplit('/').next(),
                _ => return schema,
            };
            match name.and_then(|name| self.definitions.get(name)) {
                Some(definition) => schema = definition,
                None => return schema,
            }
        }
        schema
    }
}

/// The members that a schema names.
pub(super) fn members(schema: &Value) -> Vec<(&str, &Value)> {
    let members = schema["properties"].as_object().into_iter().flatten();
    members
        .map(|(name, schema)| (name.as_str(), schema))
        .collect()
}

/// Whether a schema names no members: there is nothing to send.
pub(super) fn is_empty(schema: &Schema, definitions: &Map<String, Value>) -> bool {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|reference| reference.rsplit('/').next());
    let resolved = name.and_then(|name| definitions.get(name));
    members(resolved.unwrap_or(schema.as_value())).is_empty()
}
