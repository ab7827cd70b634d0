//! What each defect makes of the result of a stage. One function a stage.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::Value;

use super::Defect;
use crate::account::{Account, Held, Subject};
use crate::clock::Timestamp;
use crate::conclude::{Conclusion, Dispatched, Failure, Outcome, all_already_dead};
use crate::lifecycle::{RevokeDecision, Status};
use crate::plan::{Cargo, Dispatch, Plan, PlanRefusal, RefreshRule};
use crate::secret::Secret;
use crate::toolkit::{ClientAuthentication, Ends, Toolkit};
use crate::upstream::request::{FORM, ProviderClient, UpstreamRequest, form};

/// What a revoke has to do in a status.
pub(crate) fn decision(defect: Option<Defect>, honest: RevokeDecision) -> RevokeDecision {
    match (defect, honest) {
        (Some(Defect::RepeatDispatches), RevokeDecision::AlreadyRevoked)
        | (Some(Defect::StateNotChecked), RevokeDecision::Refuse(_)) => RevokeDecision::Dispatch,
        _ => honest,
    }
}

/// The calls of a revoke.
pub(crate) fn plan(
    defect: Option<Defect>,
    honest: Result<Plan, PlanRefusal>,
    toolkit: &Toolkit,
    held: &Held,
    now: Timestamp,
) -> Result<Plan, PlanRefusal> {
    match (defect, honest) {
        (Some(Defect::RevokeIsLocal), Ok(_))
        | (Some(Defect::UnsupportedIsSuccess), Err(PlanRefusal::Unsupported))
        | (Some(Defect::UnkillableIsClaimed), Err(PlanRefusal::NothingHeld)) => Ok(Plan::default()),
        (Some(Defect::AccessTokenOnly), Ok(plan)) => Ok(access_token_only(plan)),
        (Some(Defect::ExpiredAccessTokenBlocks), Ok(plan)) => {
            let is_blocked = held.access_token.is_none() || held.access_token_is_known_expired(now);
            Ok(if is_blocked { Plan::default() } else { plan })
        }
        (Some(Defect::AccessTokenFirst), Ok(plan)) => Ok(access_token_first(plan)),
        (Some(Defect::LiteralNoneToken), Ok(plan)) => Ok(with_literal_none(plan, toolkit, held)),
        (Some(Defect::PartialSupportRefused), Ok(plan)) => {
            let can_kill = |subject: &Subject| {
                toolkit
                    .revoke_routes
                    .iter()
                    .any(|route| route.ends == Ends::Grant || route.subjects.contains(subject))
            };
            if Subject::ALL.iter().all(can_kill) {
                Ok(plan)
            } else {
                Err(PlanRefusal::Unsupported)
            }
        }
        (_, honest) => honest,
    }
}

fn carries_access_token(dispatch: &Dispatch) -> bool {
    matches!(
        dispatch.cargo,
        Cargo::Token {
            subject: Subject::AccessToken,
            ..
        }
    )
}

/// Without a refresh, that would bring another access token.
fn access_token_first(mut plan: Plan) -> Plan {
    for dispatch in &mut plan.dispatches {
        if dispatch.route.client_authentication == ClientAuthentication::AccessToken
            && dispatch.refresh == RefreshRule::IfDead
        {
            dispatch.refresh = RefreshRule::Never;
        }
    }
    plan.dispatches
        .sort_by_key(|dispatch| !carries_access_token(dispatch));
    plan
}

fn access_token_only(plan: Plan) -> Plan {
    if !plan.dispatches.iter().any(carries_access_token) {
        return plan;
    }
    Plan {
        dispatches: plan
            .dispatches
            .into_iter()
            .filter(carries_access_token)
            .collect(),
    }
}

/// The dispatches of absent tokens end nothing that is held, so they change no conclusion.
fn with_literal_none(mut plan: Plan, toolkit: &Toolkit, held: &Held) -> Plan {
    for route in &toolkit.revoke_routes {
        let absent = route
            .subjects
            .iter()
            .filter(|subject| route.ends == Ends::Token && held.token(**subject).is_none());
        plan.dispatches.extend(absent.map(|subject| Dispatch {
            route: route.clone(),
            cargo: Cargo::Token {
                subject: *subject,
                token: Secret::new("None"),
            },
            ends: Vec::new(),
            refresh: RefreshRule::Never,
        }));
    }
    plan
}

/// The request of a dispatch.
pub(crate) fn request(
    defect: Option<Defect>,
    mut honest: UpstreamRequest,
    dispatch: &Dispatch,
    client: &ProviderClient,
) -> UpstreamRequest {
    let has_form = honest
        .body
        .as_ref()
        .is_some_and(|body| body.content_type == FORM);
    match defect {
        Some(Defect::TokenNotEncoded) if has_form => {
            let raw: Vec<String> = honest
                .fields
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            replace_form(&mut honest, raw.join("&"));
        }
        Some(Defect::CredentialsTwice)
            if has_form && dispatch.route.client_authentication == ClientAuthentication::Basic =>
        {
            let secret = client.client_secret.as_ref().map_or("", Secret::expose);
            honest
                .fields
                .push(("client_id".to_owned(), client.client_id.clone()));
            honest
                .fields
                .push(("client_secret".to_owned(), secret.to_owned()));
            let encoded = form(&honest.fields);
            replace_form(&mut honest, encoded);
        }
        Some(Defect::GetWithQuery) if has_form => {
            honest.method = Method::GET;
            honest.url = format!("{}?{}", honest.url, form(&honest.fields));
            honest.body = None;
        }
        Some(Defect::TokenInUrl) if has_form => {
            honest.url = format!("{}?{}", honest.url, form(&honest.fields));
        }
        Some(Defect::CiphertextSent) if has_form => {
            if let Cargo::Token { token, .. } = &dispatch.cargo {
                let sealed = STANDARD.encode(token.expose());
                for (_, value) in &mut honest.fields {
                    if value == token.expose() {
                        value.clone_from(&sealed);
                    }
                }
                let encoded = form(&honest.fields);
                replace_form(&mut honest, encoded);
            }
        }
        Some(Defect::WidestRoute) if has_form && carries_access_token(dispatch) => {
            honest.url = widest(&honest.url, dispatch.route.client_authentication);
        }
        Some(Defect::PresentedTokenAsBearer)
            if dispatch.route.client_authentication == ClientAuthentication::AccessToken =>
        {
            if let Cargo::Token { token, .. } = &dispatch.cargo {
                honest.authorization = Some(Secret::new(format!("Bearer {}", token.expose())));
            }
        }
        _ => {}
    }
    honest
}

/// The provider that declares two routes has the wider one here. No other is called like this.
fn widest(url: &str, authentication: ClientAuthentication) -> String {
    match url.strip_suffix("/revoke") {
        Some(base)
            if authentication == ClientAuthentication::Basic && !base.ends_with("/oauth2") =>
        {
            format!("{base}/sign-out")
        }
        _ => url.to_owned(),
    }
}

fn replace_form(request: &mut UpstreamRequest, encoded: String) {
    if let Some(body) = &mut request.body {
        body.bytes = encoded.into_bytes();
    }
}

/// What a dispatch came to.
pub(crate) fn outcome(defect: Option<Defect>, honest: Outcome) -> Outcome {
    match (defect, honest) {
        (
            Some(Defect::UpstreamStatusIgnored),
            Outcome::AlreadyDead | Outcome::Refused(_) | Outcome::Failed(Failure::Status(_)),
        )
        | (Some(Defect::RedirectIsSuccess), Outcome::Refused(300..=399))
        | (Some(Defect::AnySuccessStatus), Outcome::Refused(200..=299))
        | (Some(Defect::LostAnswerIsSuccess), Outcome::Failed(Failure::Transport)) => {
            Outcome::Acknowledged
        }
        _ => honest,
    }
}

/// What a revoke comes to. `account` is as it was before the call, `named` the subjects whose
/// tokens were sent.
pub(crate) fn conclusion(
    defect: Option<Defect>,
    honest: Conclusion,
    account: &Account,
    dispatched: &[Dispatched],
    named: &[Subject],
) -> Conclusion {
    let acknowledged = dispatched
        .iter()
        .filter(|dispatch| dispatch.outcome == Outcome::Acknowledged)
        .count();
    match (defect, honest) {
        (Some(Defect::RevokeIsLocal), _) => Conclusion::Revoked {
            listed: account.held.subjects(),
        },
        (Some(Defect::UnkillableIsClaimed), Conclusion::Failed) if dispatched.is_empty() => {
            Conclusion::Revoked {
                listed: account.held.subjects(),
            }
        }
        (Some(Defect::UnsupportedIsSuccess), Conclusion::Failed) if dispatched.is_empty() => {
            Conclusion::Revoked { listed: Vec::new() }
        }
        (Some(Defect::FailureIsEmptySuccess), Conclusion::Failed) => {
            Conclusion::Revoked { listed: Vec::new() }
        }
        (Some(Defect::DeadIs502), Conclusion::Revoked { .. }) if all_already_dead(dispatched) => {
            Conclusion::Failed
        }
        // The answer stays the honest one of a repeated revoke: the dispatch alone is the bug.
        (Some(Defect::RepeatDispatches), _) if account.status == Status::Revoked => {
            Conclusion::Revoked { listed: Vec::new() }
        }
        (Some(Defect::OneFailureFailsAll), Conclusion::Revoked { .. })
            if acknowledged > 0 && acknowledged < dispatched.len() =>
        {
            Conclusion::Failed
        }
        (Some(defect), Conclusion::Revoked { listed }) if acknowledged > 0 => Conclusion::Revoked {
            listed: relisted(defect, listed, acknowledged, named),
        },
        (_, honest) => honest,
    }
}

fn relisted(
    defect: Defect,
    mut listed: Vec<Subject>,
    acknowledged: usize,
    named: &[Subject],
) -> Vec<Subject> {
    match defect {
        Defect::AlwaysListsBoth => Subject::ALL.to_vec(),
        Defect::EmptyAfterKill => Vec::new(),
        Defect::OnlyFirstListed if acknowledged > 1 => {
            listed.truncate(1);
            listed
        }
        Defect::CascadeUnlisted if acknowledged == 1 && listed.len() > 1 => {
            listed.retain(|subject| match named {
                [] => *subject == Subject::AccessToken,
                named => named.contains(subject),
            });
            listed
        }
        Defect::ListedTwice => listed.iter().chain(&listed).copied().collect(),
        _ => listed,
    }
}

/// The status that a revoke leaves behind; none leaves it as it was.
pub(crate) fn stored_status(
    defect: Option<Defect>,
    honest: Option<Status>,
    conclusion: &Conclusion,
) -> Option<Status> {
    match (defect, conclusion) {
        (Some(Defect::RejectionMarksRevoked), Conclusion::Failed)
        | (Some(Defect::StateNotChecked), Conclusion::Revoked { .. }) => Some(Status::Revoked),
        (Some(Defect::RowRemains), _) => None,
        _ => honest,
    }
}

/// What is held after a refresh.
pub(crate) fn refreshed(defect: Option<Defect>, honest: Held, before: &Held) -> Held {
    match defect {
        Some(Defect::RotatedTokenLost) => Held {
            refresh_token: before.refresh_token.clone(),
            ..honest
        },
        _ => honest,
    }
}

/// The status that a revoke's 200 names.
pub(crate) fn answered_status(defect: Option<Defect>, honest: Status) -> Status {
    match defect {
        Some(Defect::AnswerSaysActive) => Status::Active,
        _ => honest,
    }
}

/// The answer to a revoke that succeeded.
pub(crate) fn success(defect: Option<Defect>, mut honest: Value) -> Value {
    let list = &mut honest["revoked_tokens"];
    if defect == Some(Defect::EmptyListIsNull) && list.as_array().is_some_and(Vec::is_empty) {
        *list = Value::Null;
    }
    honest
}

/// The answer to a refresh that succeeded.
pub(crate) fn refresh_answer(
    defect: Option<Defect>,
    mut honest: Value,
    account: Option<&Account>,
) -> Value {
    let token = account.and_then(|account| account.held.access_token.as_ref());
    if let (Some(Defect::TokenInRefreshAnswer), Some(token)) = (defect, token) {
        honest["access_token"] = token.expose().into();
    }
    honest
}

/// An account as it is read.
pub(crate) fn read_account(defect: Option<Defect>, mut honest: Value, account: &Account) -> Value {
    if defect == Some(Defect::RevokedReadBare) && account.status == Status::Revoked {
        honest["status_reason"] = Value::Null;
    }
    if let (Some(Defect::TokenInRead), Some(token), Value::Object(fields)) =
        (defect, &account.held.access_token, &mut honest)
    {
        fields.insert(
            "state".to_owned(),
            serde_json::json!({
                "authScheme": account.auth_scheme,
                "val": {"status": account.status.name(), "access_token": token.expose()},
            }),
        );
    }
    honest
}
