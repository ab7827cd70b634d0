//! What defects and variants have in common: each goes by a name, and is found by it.

/// Gives a type with `ALL` and `name()` the way back from a name, and an error for one that is none.
macro_rules! named {
    ($type:ident, $unknown:ident, $word:literal) => {
        #[doc = concat!("There is no ", $word, " of that name.")]
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("there is no {word} `{0}`", word = $word)]
        pub struct $unknown(String);

        impl std::str::FromStr for $type {
            type Err = $unknown;

            fn from_str(name: &str) -> Result<Self, $unknown> {
                let mut all = Self::ALL.iter().copied();
                all.find(|one| one.name() == name)
                    .ok_or_else(|| $unknown(name.to_owned()))
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.name())
            }
        }

        #[cfg(test)]
        mod names {
            use std::collections::BTreeSet;

            use super::$type;

            #[test]
            fn are_unique_and_parse() {
                let names: BTreeSet<&str> = $type::ALL.iter().map(|one| one.name()).collect();
                assert_eq!(names.len(), $type::ALL.len());
                for one in $type::ALL {
                    assert_eq!(one.name().parse(), Ok(*one));
                    assert!(one.summary().ends_with('.'), "{one}");
                }
                assert!("no-such-name".parse::<$type>().is_err());
            }
        }
    };
}
pub(crate) use named;
