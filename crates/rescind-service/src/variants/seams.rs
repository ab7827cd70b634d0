//! What each variant makes of the result of a stage. One function a stage.

use super::Variant;
use super::forms;
use crate::account::{Held, Subject};
use crate::clock::Timestamp;
use crate::conclude::{Conclusion, Dispatched, all_already_dead};
use crate::lifecycle::Status;
use crate::plan::{Cargo, Dispatch, Plan, PlanRefusal};
use crate::secret::Secret;
use crate::store::{Ending, TokensAfter};
use crate::toolkit::ClientAuthentication;
use crate::upstream::request::{FORM, ProviderClient, UpstreamRequest};

const FORM_WITH_CHARSET: &str = "application/x-www-form-urlencoded; charset=UTF-8";

/// The calls of a revoke.
pub(crate) fn plan(
    variant: Option<Variant>,
    honest: Result<Plan, PlanRefusal>,
    held: &Held,
    now: Timestamp,
) -> Result<Plan, PlanRefusal> {
    match (variant, honest) {
        (Some(Variant::RefreshTokenFirst), Ok(plan)) => Ok(refresh_token_first(plan)),
        (Some(Variant::HintOmitted), Ok(plan)) => Ok(without_hints(plan)),
        (Some(Variant::NothingHeldEmpty), Err(PlanRefusal::NothingHeld)) => Ok(Plan::default()),
        (Some(Variant::DeadBeforeEmpty), Ok(plan)) => Ok(without_what_has_expired(plan, held, now)),
        (_, honest) => honest,
    }
}

/// The order matters where a token authenticates a call, and where a provider refuses tokens that
/// a dispatch before has taken along: which of them was dead before could not be told any more.
fn refresh_token_first(mut plan: Plan) -> Plan {
    let is_indifferent = plan.dispatches.iter().all(|dispatch| {
        let authentication = dispatch.route.client_authentication;
        dispatch.route.already_dead.is_empty()
            && matches!(
                authentication,
                ClientAuthentication::None
                    | ClientAuthentication::Basic
                    | ClientAuthentication::Post
            )
    });
    if is_indifferent {
        plan.dispatches
            .sort_by_key(|dispatch| names(dispatch) == Some(Subject::AccessToken));
    }
    plan
}

fn names(dispatch: &Dispatch) -> Option<Subject> {
    match dispatch.cargo {
        Cargo::Token { subject, .. } => Some(subject),
        _ => None,
    }
}

fn without_hints(mut plan: Plan) -> Plan {
    for dispatch in &mut plan.dispatches {
        dispatch.route.fields.hint = None;
    }
    plan
}

/// Only if nothing else is to be killed: where a token is left that may live, all is dispatched.
fn without_what_has_expired(plan: Plan, held: &Held, now: Timestamp) -> Plan {
    let ends_nothing_else = plan.dispatches.iter().all(|dispatch| {
        names(dispatch) == Some(Subject::AccessToken) && dispatch.ends == [Subject::AccessToken]
    });
    if ends_nothing_else && held.access_token_is_known_expired(now) {
        return Plan::default();
    }
    plan
}

/// A request to a provider, be it a dispatch or a refresh.
pub(crate) fn request(
    variant: Option<Variant>,
    mut honest: UpstreamRequest,
    client: &ProviderClient,
) -> UpstreamRequest {
    let Some(variant) = variant else {
        return honest;
    };
    if variant == Variant::LowercaseScheme {
        honest.authorization = honest.authorization.as_ref().map(with_lowercase_scheme);
    }
    let is_basic = honest
        .authorization
        .as_ref()
        .is_some_and(|value| value.expose().starts_with("Basic "));
    let Some(body) = honest
        .body
        .as_mut()
        .filter(|body| body.content_type == FORM)
    else {
        return honest;
    };
    match variant {
        Variant::FormCharset => body.content_type = FORM_WITH_CHARSET,
        Variant::FieldsReordered => honest.fields.reverse(),
        Variant::ClientIdBesideBasic if is_basic => honest
            .fields
            .push(("client_id".to_owned(), client.client_id.clone())),
        _ => {}
    }
    if let Some(encoded) = forms::encode(variant, &honest.fields) {
        body.bytes = encoded.into_bytes();
    }
    honest
}

/// RFC 9110 section 11.1: the scheme is case-insensitive.
fn with_lowercase_scheme(authorization: &Secret) -> Secret {
    match authorization.expose().split_once(' ') {
        Some((scheme, rest)) => Secret::new(format!("{} {rest}", scheme.to_ascii_lowercase())),
        None => authorization.clone(),
    }
}

/// What a revoke comes to.
pub(crate) fn conclusion(
    variant: Option<Variant>,
    honest: Conclusion,
    dispatched: &[Dispatched],
) -> Conclusion {
    match (variant, honest) {
        (Some(Variant::NothingHeldEmpty | Variant::DeadBeforeEmpty), Conclusion::Failed)
            if dispatched.is_empty() =>
        {
            Conclusion::Revoked { listed: Vec::new() }
        }
        (Some(Variant::DeadBefore500 | Variant::DeadBeforeExpired), Conclusion::Revoked { .. })
            if all_already_dead(dispatched) =>
        {
            Conclusion::Failed
        }
        (_, honest) => honest,
    }
}

/// How the claim of a revoke ends.
pub(crate) fn ending(
    variant: Option<Variant>,
    honest: Ending,
    dispatched: &[Dispatched],
) -> Ending {
    match variant {
        Some(Variant::DeadBeforeExpired) if all_already_dead(dispatched) => Ending::Status {
            status: Status::Expired,
            reason: Some("The provider does not know the tokens any more"),
            tokens: TokensAfter::Kept,
        },
        _ => honest,
    }
}
