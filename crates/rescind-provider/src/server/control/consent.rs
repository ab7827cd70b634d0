//! What users answer who are asked whether to let a client in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;
use crate::consent::{Consent, SOMEBODY};

/// What users answer.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentMode {
    /// Whether a page asks a person, or all is allowed or denied at once.
    consent: Mode,
    /// Who allows; `user` if not stated. Nobody, where a page asks or all is denied.
    #[serde(default)]
    user: Option<String>,
}

/// What becomes of a wish to be let in.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// A page asks a person.
    Ask,
    /// The user says yes at once, and no page is shown.
    Allow,
    /// The user says no at once, and no page is shown.
    Deny,
}

impl From<&Consent> for ConsentMode {
    fn from(consent: &Consent) -> Self {
        let (consent, user) = match consent {
            Consent::Ask => (Mode::Ask, None),
            Consent::Allow { user } => (Mode::Allow, Some(user.clone())),
            Consent::Deny => (Mode::Deny, None),
        };
        Self { consent, user }
    }
}

impl ConsentMode {
    fn consent(self) -> Result<Consent, Mistake> {
        match (self.consent, self.user) {
            (Mode::Allow, user) => Ok(Consent::Allow {
                user: user.unwrap_or_else(|| SOMEBODY.to_owned()),
            }),
            (Mode::Ask, None) => Ok(Consent::Ask),
            (Mode::Deny, None) => Ok(Consent::Deny),
            (Mode::Ask | Mode::Deny, Some(_)) => Err(Mistake::new(
                "a user who allows nothing",
                "state `user` beside `\"consent\": \"allow\"` only",
            )),
        }
    }
}

/// Shows what users answer.
pub(super) struct Show;

impl Operation for Show {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/consent";
    const SUMMARY: &'static str = "what users answer who are asked whether to let a client in";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = ConsentMode;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<ConsentMode>, Mistake> {
        let state = call.tenant()?.lock();
        Ok(Given::Json(ConsentMode::from(state.consent())))
    }
}

/// Says what users answer.
pub(super) struct Set;

impl Operation for Set {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/consent";
    const SUMMARY: &'static str =
        "let a page ask users whether to let a client in, or say it for them";
    type Query = Nothing;
    type Body = ConsentMode;
    type Answer = ConsentMode;

    async fn handle(
        call: Call,
        _: Nothing,
        mode: ConsentMode,
    ) -> Result<Given<ConsentMode>, Mistake> {
        let consent = mode.consent()?;
        let mut state = call.tenant()?.lock();
        state.set_consent(consent);
        Ok(Given::Json(ConsentMode::from(state.consent())))
    }
}
