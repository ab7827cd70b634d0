//! Shards: parts of a run that are run apart, and put together again afterwards.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Finding;

/// One of so many parts of a run: `2/4` is the second of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// The one of that number, counted from 1; none if there is no such one.
    pub const fn new(index: usize, of: usize) -> Option<Self> {
        if index >= 1 && index <= of {
            Some(Self { index, of })
        } else {
            None
        }
    }

    /// Its number, counted from 1.
    pub const fn index(self) -> usize {
        self.index
    }

    /// How many there are.
    pub const fn of(self) -> usize {
        self.of
    }

    /// Whether what stands at that place of a list, counted from 0, is this shard's. They take
    /// turns: what lies side by side, and is often slow together, does not come to the same one.
    pub const fn has(self, position: usize) -> bool {
        position % self.of == self.index - 1
    }

    /// What of a list is this shard's, and what is not, each in its order.
    pub fn part<T>(self, list: impl IntoIterator<Item = T>) -> (Vec<T>, Vec<T>) {
        let mut own = Vec::new();
        let mut others = Vec::new();
        for (position, one) in list.into_iter().enumerate() {
            if self.has(position) {
                own.push(one);
            } else {
                others.push(one);
            }
        }
        (own, others)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/');
        let numbers = numbers.and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        let Some((index, of)) = numbers else {
            return Err("a shard is I/N, e.g. `2/4`, the second of four".to_owned());
        };
        Self::new(index, of)
            .ok_or_else(|| format!("shards are counted from 1: the first of {of} is `1/{of}`"))
    }
}

/// What the report of a shard says beside that of a whole run, so that `rescind merge` can make the
/// report of the whole run of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ShardInformation {
    /// Which one it is, counted from 1.
    pub index: usize,
    /// How many there are.
    pub of: usize,
    /// How many scenarios the whole run has.
    pub scenarios: usize,
    /// How many cases the whole run has.
    pub cases: usize,
    /// Whether a SHOULD that does not hold fails (`--strict`).
    pub strict: bool,
    /// What must be the same in all shards of a run.
    pub same: SameInAllShards,
    /// The cases that the harness spoiled, with the requirements that their scenarios name.
    pub spoiled: Vec<SpoiledCase>,
    /// What explains each check that needs explaining.
    pub findings: Vec<Finding>,
}

/// What must be the same in all shards of a run, each as the digest of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SameInAllShards {
    /// The cases of the whole run, and those that the target cannot be asked for.
    pub cases: String,
    /// The scenarios and profiles.
    pub suite: String,
    /// The target file.
    pub target: String,
    /// The file of deviations.
    pub deviations: String,
    /// The snapshots, and whether they are compared.
    pub snapshots: String,
}

/// A case that the harness spoiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpoiledCase {
    /// The scenario's id.
    pub scenario: String,
    /// The profile's name.
    pub profile: String,
    /// The requirements that the scenario names.
    pub requirements: Vec<String>,
}

/// The digest of texts, in which each has its own place: 16 hexadecimal digits of their SHA-256.
pub fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = hmac_sha256::Hash::new();
    for text in texts {
        // Where one text ends and the next begins counts, too.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize()
        .iter()
        .take(8)
        .fold(String::new(), |mut hexadecimal, byte| {
            let _ = write!(hexadecimal, "{byte:02x}");
            hexadecimal
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, prop_assert_eq};

    proptest::proptest! {
        #[test]
        fn every_place_is_in_exactly_one_shard(length in 0_usize..300, of in 1_usize..20) {
            let list: Vec<usize> = (0..length).collect();
            let mut together = Vec::new();
            let mut lengths = Vec::new();
            for index in 1..=of {
                let shard = Shard::new(index, of).expect("there is such a shard");
                let (own, others) = shard.part(list.clone());
                prop_assert_eq!(own.len() + others.len(), length);
                prop_assert!(own.is_sorted() && others.is_sorted());
                lengths.push(own.len());
                together.extend(own);
            }
            together.sort_unstable();
            prop_assert_eq!(together, list);
            let most = lengths.iter().max().copied().unwrap_or(0);
            let fewest = lengths.iter().min().copied().unwrap_or(0);
            prop_assert!(most - fewest <= 1, "{:?}", lengths);
        }

        #[test]
        fn a_shard_is_read_as_it_is_written(of in 1_usize..1000, index in 1_usize..1000) {
            let shard = Shard::new(index, of);
            prop_assert_eq!(shard.is_some(), index <= of);
            let read: Result<Shard, String> = format!("{index}/{of}").parse();
            prop_assert_eq!(read.ok(), shard);
        }
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        for text in ["", "1", "0/4", "5/4", "1/0", "a/b", "1/2/3", "-1/4"] {
            assert!(text.parse::<Shard>().is_err(), "`{text}` was read");
        }
    }

    #[test]
    fn a_digest_knows_where_a_text_ends() {
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        assert_ne!(digest(["ab"]), digest(["ab", ""]));
        assert_eq!(digest(["ab", "c"]), digest(["ab", "c"]));
        assert_eq!(digest([]).len(), 16);
    }
}
