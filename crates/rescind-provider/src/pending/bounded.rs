//! A map that forgets its oldest entries.

use std::collections::{HashMap, VecDeque};

use super::CAPACITY;

/// The newest [`CAPACITY`] entries.
#[derive(Clone)]
pub struct Bounded<V> {
    entries: HashMap<String, V>,
    /// The keys in the order in which they came; one may have gone already.
    order: VecDeque<String>,
}

impl<V> Default for Bounded<V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<V> Bounded<V> {
    /// Adds an entry under a key that was never used before.
    pub fn insert(&mut self, key: String, value: V) {
        if self.order.len() == CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.entries.insert(key, value);
    }

    /// Removes an entry.
    pub fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    /// An entry.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.entries.get(key)
    }

    /// An entry, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}
