//! Query strings: what a list may be asked for.
//!
//! A parameter that is not known is ignored, one that is empty counts as absent: published clients
//! send both. A list may be comma-joined, or be given as several parameters of one name.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::error::ApiError;
use crate::lifecycle::Status;

/// The parameters of a query, each with everything that was given for it.
pub(super) struct Query(BTreeMap<String, Vec<String>>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    fn parse(query: &str) -> Self {
        let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !value.is_empty() {
                let values = parameters.entry(name.into_owned()).or_default();
                values.push(value.into_owned());
            }
        }
        Self(parameters)
    }

    /// A list of words.
    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        let values = self.0.get(name)?;
        let words = values.iter().flat_map(|value| value.split(','));
        let words: Vec<String> = words
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        (!words.is_empty()).then_some(words)
    }

    /// A list of statuses.
    pub(super) fn statuses(&self, name: &str) -> Result<Option<Vec<Status>>, ApiError> {
        let Some(words) = self.list(name) else {
            return Ok(None);
        };
        let statuses: Option<Vec<Status>> = words.iter().map(|word| Status::parse(word)).collect();
        statuses
            .map(Some)
            .ok_or_else(|| bad_parameter(name, "holds a word that is no status"))
    }

    /// A single word. Two that differ are no answer to which one is meant.
    pub(super) fn word(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let Some(values) = self.0.get(name) else {
            return Ok(None);
        };
        match values.as_slice() {
            [first, rest @ ..] if rest.iter().all(|other| other == first) => Ok(Some(first)),
            _ => Err(bad_parameter(name, "is given twice, differently")),
        }
    }

    /// A yes or no.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.word(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(bad_parameter(name, "must be `true` or `false`")),
        }
    }
}

/// What is wrong with a parameter. Its value is left out: it may be anything.
pub(super) fn bad_parameter(name: &str, problem: &str) -> ApiError {
    ApiError::bad_request(format!("the query parameter `{name}` {problem}"))
}

#[cfg(test)]
mod tests {
    use super::Query;
    use crate::lifecycle::Status;

    #[test]
    fn lists_are_comma_joined_or_repeated() {
        let query = Query::parse("a=1,2&b=&c=%2C&a=3%2C4&d=x");
        assert_eq!(query.list("a").unwrap(), ["1", "2", "3", "4"]);
        for absent in ["b", "c", "e"] {
            assert_eq!(query.list(absent), None);
        }
    }

    #[test]
    fn words_must_be_what_they_are_to_be() {
        let query = Query::parse("s=ACTIVE,REVOKED&t=ACTIVE,x&f=true&g=yes&w=1&w=1&v=1&v=2");
        let statuses = query.statuses("s").unwrap().unwrap();
        assert_eq!(statuses, [Status::Active, Status::Revoked]);
        assert!(query.statuses("t").is_err());
        assert_eq!(query.flag("f").unwrap(), Some(true));
        assert!(query.flag("g").is_err());
        assert_eq!(query.word("w").unwrap(), Some("1"));
        assert!(query.word("v").is_err());
    }
}
