//! Bytes that look random and are a function of a key, for whatever asks for a generator.

use std::convert::Infallible;

use rsa::rand_core::{TryCryptoRng, TryRng};

/// HMAC-SHA-256 over a counter. A generator of a library would do as well, but may give other
/// bytes in its next version, and a key must stay the same for its seed.
pub(super) struct SeededGenerator {
    key: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl SeededGenerator {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            counter: 0,
            block: [0; 32],
            used: 32,
        }
    }

    pub(super) fn bytes<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        for byte in &mut bytes {
            *byte = self.byte();
        }
        bytes
    }

    fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            self.block = hmac_sha256::HMAC::mac(self.counter.to_be_bytes(), self.key);
            self.counter += 1;
            self.used = 0;
        }
        let byte = self.block[self.used];
        self.used += 1;
        byte
    }
}

impl TryRng for SeededGenerator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        for byte in target {
            *byte = self.byte();
        }
        Ok(())
    }
}

impl TryCryptoRng for SeededGenerator {}
