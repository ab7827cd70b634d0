//! Who sits at the browser, and what they say.

/// The name that a user has who gives none.
pub const SOMEBODY: &str = "user";

/// What becomes of a client's or a device's wish to be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// A page asks a person.
    #[default]
    Ask,
    /// The user of that name says yes at once, and no page is shown.
    Allow {
        /// The user's name.
        user: String,
    },
    /// The user says no at once, and no page is shown.
    Deny,
}
