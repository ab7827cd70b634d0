//! What is held against what: keys against themselves, tokens against published examples, against
//! arbitrary bytes, and against another implementation.

mod assertions;
mod foreign;
mod interoperability;
mod key_sets;
mod properties;
mod refusals;
mod support;
mod vectors;
