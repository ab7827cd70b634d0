//! What a user decides on a page.

use super::parameters::Parameters;
use super::{Context, authorization, pages};
use crate::consent::SOMEBODY;
use crate::journal::{Entry, Outcome, Presented};
use crate::message::Reply;
use crate::pending::Question;

/// The longest name of a user, in bytes.
const LONGEST_NAME: usize = 200;

/// What a user said, and to what.
pub struct Decided {
    /// The page's id.
    pub page: String,
    /// What it asked.
    pub question: Question,
    /// The user's name if they said yes.
    pub allowed_by: Option<String>,
}

/// Answers a decision at the authorization endpoint.
pub fn answer(context: &mut Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let decided = match read(context, parameters, entry) {
        Ok(decided) => decided,
        Err(reason) => return pages::refused(context.profile, reason),
    };
    let Question::Code(request) = decided.question else {
        entry.outcome = Outcome::Malformed;
        return pages::refused(context.profile, "the page asked something else");
    };
    entry.client = Some(request.client.clone());
    context.pending.close(&decided.page);
    match decided.allowed_by {
        Some(user) => authorization::allow(context, request, &user, entry),
        None => authorization::deny(context, &request, entry),
    }
}

/// Reads what a user sent from a page that is open. Nothing is decided by what cannot be read.
pub fn read(
    context: &Context<'_>,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Result<Decided, &'static str> {
    entry.outcome = Outcome::Malformed;
    if parameters.form_repeats() {
        return Err("a parameter is there twice");
    }
    let Some(page) = parameters.body("consent").filter(|id| !id.is_empty()) else {
        return Err("the decision names no page");
    };
    // RFC 9700 §4.7: whoever does not know the page's id was not shown it.
    let Some(question) = context.pending.question(page, context.now) else {
        entry.presented = Presented::Unknown;
        entry.outcome = Outcome::Unknown;
        return Err("the page was answered already, is too old, or never was");
    };
    entry.presented = Presented::Code;
    let name = parameters.body("user").unwrap_or_default().trim();
    if name.len() > LONGEST_NAME {
        return Err("the name is longer than 200 bytes");
    }
    let name = if name.is_empty() { SOMEBODY } else { name };
    let allowed_by = match parameters.body("decision") {
        Some("allow") => Some(name.to_owned()),
        Some("deny") => None,
        _ => return Err("the decision is neither allow nor deny"),
    };
    Ok(Decided {
        page: page.to_owned(),
        question: question.clone(),
        allowed_by,
    })
}
