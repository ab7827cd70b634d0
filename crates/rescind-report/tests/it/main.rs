//! Every format, read by somebody else's reader.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot go on says why by panicking"
)]

mod github;
mod junit;
mod markdown;
mod ndjson;
mod places;
mod sample;
mod terminal;
