//! The keys of a provider, from generation to generation.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::compact::{Unverified, Verified, verify};
use super::key::{SigningAlgorithm, SigningError, SigningKey};
use super::public_key::PublicKeys;
use super::refusal::Refusal;
use crate::ledger::LedgerKey;

/// How many generations are published at most. One more, and the oldest is retired.
pub const MOST_GENERATIONS: usize = 8;

/// A provider's signing keys: one for each algorithm in each generation. The newest generation
/// signs; older ones stay published, so that what they signed can be verified, until they are
/// retired.
///
/// A key is made when it is first needed. A clone shares the keys of the set it was made of.
#[derive(Clone, Debug)]
pub struct KeySet {
    ledger_key: LedgerKey,
    /// The first is what signs if nobody says otherwise.
    algorithms: Vec<SigningAlgorithm>,
    /// The newest first; never empty.
    published: VecDeque<Vec<Arc<LazyKey>>>,
    /// The number of the generation that comes next.
    next_generation: u32,
}

/// A key that is made when somebody asks for it.
#[derive(Debug)]
struct LazyKey {
    ledger_key: LedgerKey,
    generation: u32,
    algorithm: SigningAlgorithm,
    made: OnceLock<Result<SigningKey, SigningError>>,
}

impl KeySet {
    /// Keys of one algorithm, at their first generation. None is made yet.
    pub fn new(ledger_key: LedgerKey, algorithm: SigningAlgorithm) -> Self {
        let mut set = Self {
            ledger_key,
            algorithms: vec![algorithm],
            published: VecDeque::new(),
            next_generation: 0,
        };
        set.rotate();
        set
    }

    /// The same set with keys of another algorithm beside those that it has, in the generation
    /// that signs and in those that follow.
    #[must_use]
    pub fn with(mut self, algorithm: SigningAlgorithm) -> Self {
        if !self.algorithms.contains(&algorithm) {
            self.algorithms.push(algorithm);
            let key = self.lazy(self.next_generation.saturating_sub(1), algorithm);
            if let Some(newest) = self.published.front_mut() {
                newest.push(key);
            }
        }
        self
    }

    /// With what it can sign; what signs if nobody says otherwise comes first.
    pub fn algorithms(&self) -> &[SigningAlgorithm] {
        &self.algorithms
    }

    /// Signs with the newest key of the first algorithm. See [`SigningKey::sign`].
    pub fn sign(&self, typ: &str, claims: &Value) -> Result<String, SigningError> {
        self.sign_with(self.algorithms[0], typ, claims)
    }

    /// Signs with the newest key of an algorithm.
    pub fn sign_with(
        &self,
        algorithm: SigningAlgorithm,
        typ: &str,
        claims: &Value,
    ) -> Result<String, SigningError> {
        let mut newest = self.published.iter().flatten();
        newest
            .find(|key| key.algorithm == algorithm)
            .ok_or(SigningError::NoSuchAlgorithm(algorithm))?
            .get()?
            .sign(typ, claims)
    }

    /// Whether a published key signed a token.
    pub fn verify(&self, token: &str) -> Result<Verified, Refusal> {
        // Read first: what is no token, or says that it is of the other algorithm, is no reason
        // to make a key.
        let algorithm = Unverified::read(token)?.signing_algorithm()?;
        let keys = self.published.iter().flatten();
        let keys: Result<Vec<_>, SigningError> = keys
            .filter(|key| key.algorithm == algorithm)
            .map(|key| Ok(key.get()?.public_key()))
            .collect();
        verify(token, &PublicKeys::of(keys?))
    }

    /// What the provider publishes: every key's public half, the newest first (RFC 7517
    /// section 5).
    pub fn jwks(&self) -> Result<Value, SigningError> {
        let keys = self.published.iter().flatten();
        let keys: Result<Vec<Value>, SigningError> =
            keys.map(|key| Ok(key.get()?.public_jwk())).collect();
        Ok(json!({ "keys": keys? }))
    }

    /// Begins the next generation, which signs from now on. Returns its number.
    pub fn rotate(&mut self) -> u32 {
        let generation = self.next_generation;
        self.next_generation = generation.saturating_add(1);
        let keys = self.algorithms.iter();
        let keys = keys
            .map(|algorithm| self.lazy(generation, *algorithm))
            .collect();
        self.published.push_front(keys);
        self.published.truncate(MOST_GENERATIONS);
        generation
    }

    /// Ends every generation but the newest: what they signed is accepted no longer. Returns how
    /// many there were.
    pub fn retire(&mut self) -> usize {
        let older = self.published.len().saturating_sub(1);
        self.published.truncate(1);
        older
    }

    /// Makes every key that is not made yet, which may take long: not on an async thread.
    pub fn warm(&self) -> Result<(), SigningError> {
        for key in self.published.iter().flatten() {
            key.get()?;
        }
        Ok(())
    }

    /// Whether every published key is made, so that nothing here takes long.
    pub fn is_warm(&self) -> bool {
        let mut keys = self.published.iter().flatten();
        keys.all(|key| key.made.get().is_some())
    }

    fn lazy(&self, generation: u32, algorithm: SigningAlgorithm) -> Arc<LazyKey> {
        Arc::new(LazyKey {
            ledger_key: self.ledger_key.clone(),
            generation,
            algorithm,
            made: OnceLock::new(),
        })
    }
}

impl LazyKey {
    fn get(&self) -> Result<&SigningKey, SigningError> {
        let made = self
            .made
            .get_or_init(|| SigningKey::derive(&self.ledger_key, self.generation, self.algorithm));
        made.as_ref().map_err(Clone::clone)
    }
}
