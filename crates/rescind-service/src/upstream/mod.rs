//! Calls to providers: where they go (`address`), what is sent (`request`), how it is sent
//! (`client`), and what the answer means (`classify`). What a user's browser carries there and back
//! is in `authorization`. Only `client` does I/O.

pub(crate) mod address;
pub(crate) mod authorization;
pub(crate) mod classify;
pub(crate) mod client;
pub(crate) mod request;
mod resolving;
