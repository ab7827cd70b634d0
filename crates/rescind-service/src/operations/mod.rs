//! What the service does for an account that takes a call to its provider: the shell around the
//! pure stages (`lifecycle`, `plan`, `upstream::request`, `upstream::classify`, `conclude`).

pub(crate) mod connecting;
pub(crate) mod deleting;
pub(crate) mod dispatching;
mod intents;
mod raced;
mod recovering;
pub(crate) mod refreshing;
pub(crate) mod revoking;
mod seeded;
mod varied;
mod waiting;
