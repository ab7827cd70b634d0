//! Calls to providers: what is sent (`request`), how it is sent (`client`), and what the answer
//! means (`classify`). Only `client` does I/O.

pub(crate) mod classify;
pub(crate) mod client;
pub(crate) mod request;
