//! The members of a token response (RFC 6749 §5.1). Most of its values stand in the ledger, and are
//! written from there.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

/// A token response: its members in the order in which they were stated.
pub struct TokenResponse<'a>(Vec<(&'a str, Member<'a>)>);

/// The value of a member.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Member<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A number.
    Number(u64),
}

impl<'a> TokenResponse<'a> {
    /// One of bearer tokens (RFC 6750), with nothing else in it.
    pub fn new() -> Self {
        let mut members = Vec::with_capacity(6);
        members.push(("token_type", Member::Text("Bearer".into())));
        Self(members)
    }

    /// States a member, in place of one of the same name.
    pub fn set(&mut self, name: &'a str, value: Member<'a>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// The text of a member.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(known, value)| match value {
            Member::Text(text) if *known == name => Some(&**text),
            _ => None,
        })
    }
}

impl Serialize for TokenResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_keeps_its_place_and_has_its_last_value() {
        let mut response = TokenResponse::new();
        response.set("access_token", Member::Text("a\"b".into()));
        response.set("expires_in", Member::Number(3600));
        response.set("access_token", Member::Text("c\"d".into()));
        assert_eq!(response.text("access_token"), Some("c\"d"));
        assert_eq!(response.text("expires_in"), None);
        assert_eq!(
            serde_json::to_string(&response).unwrap(),
            r#"{"token_type":"Bearer","access_token":"c\"d","expires_in":3600}"#
        );
    }
}
