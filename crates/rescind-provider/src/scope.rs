//! Scopes: what a token is good for (RFC 6749 §3.3).

use std::sync::Arc;

use rescind_model::profile::{Scopes, is_scope_name};

/// One or more names of scopes, each once, in the order in which they were asked for. Cheap to
/// clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(Arc<str>);

/// A `scope` parameter that cannot be granted (RFC 6749 §4.1.2.1: `invalid_scope`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScope {
    /// It is not a list of names.
    #[error("the scope is not a list of names with a space between two")]
    Malformed,
    /// The provider has no such scope.
    #[error("a scope that is asked for does not exist")]
    Unknown,
    /// The grant does not reach so far.
    #[error("a scope that is asked for was not granted")]
    Beyond,
}

/// What a client is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The scopes; none if it asked for none and the provider has no default.
    pub scope: Option<Scope>,
    /// Whether they are what it asked for.
    pub as_asked: bool,
}

impl Scope {
    /// Reads a `scope` parameter; none of one that names nothing.
    ///
    /// # Errors
    /// [`InvalidScope::Malformed`] if something in it is no name.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidScope> {
        let mut names: Vec<&str> = Vec::new();
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            if !is_scope_name(name) {
                return Err(InvalidScope::Malformed);
            }
            // RFC 6749 §3.3: their order does not matter.
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(Self::of(&names))
    }

    fn of(names: &[&str]) -> Option<Self> {
        (!names.is_empty()).then(|| Self(names.join(" ").into()))
    }

    /// The names with a space between two, as on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// Whether a name is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
    }

    /// Whether each of these scopes is one of others.
    pub fn is_within(&self, other: &Self) -> bool {
        self.names().all(|name| other.contains(name))
    }

    /// Whether these are the same scopes as others, in whatever order.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.is_within(other) && other.is_within(self)
    }
}

/// What a provider of these scopes grants to a client that asks for some, or says nothing.
///
/// # Errors
/// [`InvalidScope`] if it asks for what cannot be read, or does not exist.
pub fn grant(scopes: &Scopes, asked: Option<&str>) -> Result<Granted, InvalidScope> {
    let asked = asked.map_or(Ok(None), Scope::parse)?;
    let Some(scope) = asked else {
        // RFC 6749 §3.3: a default, which the client is then told.
        let names: Vec<&str> = scopes.default.iter().map(|name| name.as_str()).collect();
        let scope = Scope::of(&names);
        let as_asked = scope.is_none();
        return Ok(Granted { scope, as_asked });
    };
    let is_known = |name: &str| {
        scopes.known.is_empty() || scopes.known.iter().any(|known| known.as_str() == name)
    };
    if scope.names().all(is_known) {
        Ok(Granted {
            scope: Some(scope),
            as_asked: true,
        })
    } else {
        Err(InvalidScope::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rescind_model::Located;

    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap().unwrap()
    }

    fn located(names: &[&str]) -> Vec<Located<String>> {
        let own = |name: &&str| Located::unplaced((*name).to_owned());
        names.iter().map(own).collect()
    }

    #[test]
    fn a_name_counts_once_and_spaces_count_for_nothing() {
        assert_eq!(scope(" b  a b ").as_str(), "b a");
        assert_eq!(Scope::parse("  "), Ok(None));
        for text in ["a \"b\"", "a\\b", "a\tb", "ä", "a\0"] {
            assert_eq!(Scope::parse(text), Err(InvalidScope::Malformed), "{text}");
        }
    }

    #[test]
    fn order_makes_no_difference() {
        assert!(scope("a b").is_same_as(&scope("b a")));
        assert!(!scope("a b").is_same_as(&scope("a")));
        assert!(scope("b").is_within(&scope("a b")) && !scope("a b").is_within(&scope("b")));
    }

    #[test]
    fn who_asks_for_nothing_gets_the_default_and_is_told() {
        let scopes = Scopes {
            known: located(&["a", "b"]),
            default: located(&["b"]),
            ..Scopes::default()
        };
        for asked in [None, Some(""), Some(" ")] {
            let granted = grant(&scopes, asked).unwrap();
            assert_eq!((granted.scope, granted.as_asked), (Some(scope("b")), false));
        }
        let granted = grant(&scopes, Some("a")).unwrap();
        assert_eq!((granted.scope, granted.as_asked), (Some(scope("a")), true));
        assert_eq!(grant(&scopes, Some("a c")), Err(InvalidScope::Unknown));
        let none = grant(&Scopes::default(), None).unwrap();
        assert_eq!((none.scope, none.as_asked), (None, true));
    }

    proptest! {
        #[test]
        fn what_was_read_reads_as_itself(text in "[ -~]{0,24}") {
            if let Ok(Some(scope)) = Scope::parse(&text) {
                prop_assert_eq!(Scope::parse(scope.as_str()), Ok(Some(scope.clone())));
                prop_assert!(scope.names().all(|name| text.contains(name)));
                prop_assert!(scope.is_same_as(&scope));
            }
        }
    }
}
