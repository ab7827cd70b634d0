//! The authorization endpoint: a client asks for a code (RFC 6749 §4.1.1).

use rescind_model::profile::{AuthorizationEndpoint, GrantType, Pkce, Profile, RefreshTokenWhen};

use super::parameters::Parameters;
use super::{Context, pages};
use crate::clients::Client;
use crate::consent::Consent;
use crate::journal::{Entry, Outcome};
use crate::message::Reply;
use crate::pending::{AuthorizationRequest, Question};
use crate::pkce::{Challenge, Method};
use crate::redirect_uri;
use crate::scope::{self, Scope};

/// The longest request that is read, in bytes of its names and values: what it says is kept until
/// the user has decided.
const LONGEST_REQUEST: usize = 8192;

/// Why a request gets no code.
enum Refusal {
    /// Nobody can say where the browser should go (RFC 6749 §4.1.2.1): a page says why.
    Page(&'static str),
    /// The client is told.
    Redirect {
        back: Back,
        error: &'static str,
        description: String,
    },
}

/// The way back to a client.
struct Back {
    redirect_uri: String,
    state: Option<String>,
}

/// Answers a request to the authorization endpoint.
pub fn answer(context: &mut Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let Some(endpoint) = &context.profile.authorization_endpoint else {
        return pages::refused(
            context.profile,
            "the provider has no authorization endpoint",
        );
    };
    match read(context, endpoint, parameters, entry) {
        Ok(request) => decide(context, request, parameters, entry),
        Err(Refusal::Page(reason)) => {
            entry.outcome = Outcome::Malformed;
            pages::refused(context.profile, reason)
        }
        Err(Refusal::Redirect {
            back,
            error,
            description,
        }) => {
            entry.outcome = Outcome::Malformed;
            refuse(context, &back, error, &description)
        }
    }
}

/// Sends the browser back with a code: the user has said yes.
pub fn allow(
    context: &mut Context<'_>,
    request: AuthorizationRequest,
    user: &str,
    entry: &mut Entry,
) -> Reply {
    let lifetime = context
        .profile
        .authorization_endpoint
        .as_ref()
        .map_or(0, |endpoint| *endpoint.code_lifetime_seconds);
    let back = Back::of(&request);
    let now = context.now;
    let code = context.pending.issue_code(request, user, lifetime, now);
    entry.outcome = Outcome::Done;
    entry.acknowledged = true;
    back.send(context, &[("code", &code)])
}

/// Sends the browser back without a code: the user has said no.
pub fn deny(context: &Context<'_>, request: &AuthorizationRequest, entry: &mut Entry) -> Reply {
    entry.outcome = Outcome::Denied;
    let back = Back::of(request);
    refuse(context, &back, "access_denied", "the user said no")
}

fn decide(
    context: &mut Context<'_>,
    request: AuthorizationRequest,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    match context.consent {
        Consent::Allow { user } => allow(context, request, user, entry),
        Consent::Deny => deny(context, &request, entry),
        // OpenID Connect Core §3.1.2.1: no page may be shown.
        Consent::Ask if parameters.only("prompt") == Some("none") => {
            entry.outcome = Outcome::Pending;
            let description = "the user would have to be asked";
            refuse(
                context,
                &Back::of(&request),
                "interaction_required",
                description,
            )
        }
        Consent::Ask => {
            entry.outcome = Outcome::Pending;
            let asked = Question::Code(request.clone());
            let id = context.pending.ask(asked, context.now);
            let hint = parameters.only("login_hint");
            pages::consent(context, &request, &id, hint)
        }
    }
}

fn read(
    context: &Context<'_>,
    endpoint: &AuthorizationEndpoint,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Result<AuthorizationRequest, Refusal> {
    if parameters.length() > LONGEST_REQUEST {
        return Err(Refusal::Page("the request is longer than 8 KiB"));
    }
    let client = parameters
        .only("client_id")
        .ok_or(Refusal::Page("client_id is missing, or there twice"))?;
    let client = context
        .clients
        .by_client_id(client)
        .ok_or(Refusal::Page("there is no client of that client_id"))?;
    entry.client = Some(client.name.clone());
    let stated = parameters.only("redirect_uri");
    let redirect_uri = destination(client, parameters, stated)?;
    let back = || Back {
        redirect_uri: redirect_uri.clone(),
        state: parameters.only("state").map(str::to_owned),
    };
    let refuse = |(error, description)| Refusal::Redirect {
        back: back(),
        error,
        description,
    };
    form(client, parameters).map_err(refuse)?;
    let challenge = challenge(endpoint.pkce, parameters).map_err(refuse)?;
    let granted = scope::grant(&context.profile.scopes, parameters.only("scope"))
        .map_err(|invalid| refuse(("invalid_scope", invalid.to_string())))?;
    Ok(AuthorizationRequest {
        client: client.name.clone(),
        redirect_uri: redirect_uri.clone(),
        redirect_uri_stated: stated.is_some(),
        state: back().state,
        with_refresh_token: is_refreshable(context.profile, granted.scope.as_ref(), parameters),
        granted,
        challenge,
        nonce: parameters.only("nonce").map(str::to_owned),
    })
}

/// Where the browser goes afterwards, if anywhere (RFC 6749 §3.1.2.3, §3.1.2.4).
fn destination(
    client: &Client,
    parameters: &Parameters,
    stated: Option<&str>,
) -> Result<String, Refusal> {
    let repeated = parameters.query_and_form("redirect_uri") > 1;
    match (stated, client.redirect_uris.as_slice()) {
        _ if repeated => Err(Refusal::Page("redirect_uri is there twice")),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(Refusal::Page(
            "redirect_uri is missing, and the client has not registered exactly one",
        )),
        (Some(uri), registered) if redirect_uri::is_allowed(uri, registered) => Ok(uri.to_owned()),
        (Some(_), []) => Err(Refusal::Page(
            "redirect_uri is no http or https address, or has a fragment",
        )),
        (Some(_), _) => Err(Refusal::Page(
            "redirect_uri is none of those that the client has registered",
        )),
    }
}

/// What every authorization request must be like.
fn form(client: &Client, parameters: &Parameters) -> Result<(), (&'static str, String)> {
    let refuse = |error, description: &str| Err((error, description.to_owned()));
    // OpenID Connect Core §6.1 and §6.2
    if parameters.only("request").is_some() {
        return refuse("request_not_supported", "request objects are not read");
    }
    if parameters.only("request_uri").is_some() {
        return refuse(
            "request_uri_not_supported",
            "request objects are not fetched",
        );
    }
    if parameters.repeats() {
        return refuse("invalid_request", "a parameter is there twice");
    }
    match parameters.only("response_type") {
        Some("code") => {}
        Some(_) => return refuse("unsupported_response_type", "response_type must be code"),
        None => return refuse("invalid_request", "response_type is missing"),
    }
    if !matches!(parameters.only("response_mode"), None | Some("query")) {
        return refuse("invalid_request", "response_mode must be query");
    }
    let mut prompts = parameters.only("prompt").unwrap_or_default().split(' ');
    if prompts.clone().count() > 1 && prompts.any(|prompt| prompt == "none") {
        return refuse("invalid_request", "prompt is none and something else");
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return refuse(
            "unauthorized_client",
            "the client may not use authorization codes",
        );
    }
    Ok(())
}

/// What the exchange will have to prove, if the profile is content with it.
fn challenge(
    pkce: Pkce,
    parameters: &Parameters,
) -> Result<Option<Challenge>, (&'static str, String)> {
    let (value, method) = (
        parameters.only("code_challenge"),
        parameters.only("code_challenge_method"),
    );
    let challenge = Challenge::read(value, method)
        .map_err(|invalid| ("invalid_request", invalid.to_string()))?;
    let refuse = |description: &str| Err(("invalid_request", description.to_owned()));
    match (pkce, challenge.as_ref().map(Challenge::method)) {
        (Pkce::Required | Pkce::S256Required, None) => refuse("code_challenge is missing"),
        (Pkce::S256Required, Some(Method::Plain)) => refuse("code_challenge_method must be S256"),
        _ => Ok(challenge),
    }
}

/// Whether a refresh token comes of what a client asks for.
pub fn is_refreshable(profile: &Profile, granted: Option<&Scope>, parameters: &Parameters) -> bool {
    profile.tokens.refresh_token.is_some()
        && match profile.tokens.refresh_token_when.get() {
            RefreshTokenWhen::Always => true,
            RefreshTokenWhen::Scope(name) => granted.is_some_and(|scope| scope.contains(name)),
            RefreshTokenWhen::Parameter { name, value } => {
                parameters.only(name) == Some(value.as_str())
            }
        }
}

fn refuse(context: &Context<'_>, back: &Back, error: &str, description: &str) -> Reply {
    back.send(
        context,
        &[("error", error), ("error_description", description)],
    )
}

impl Back {
    fn of(request: &AuthorizationRequest) -> Self {
        Self {
            redirect_uri: request.redirect_uri.clone(),
            state: request.state.clone(),
        }
    }

    /// Sends the browser back, with the state that came (RFC 6749 §4.1.2) and the issuer
    /// (RFC 9207 §2).
    fn send(&self, context: &Context<'_>, answer: &[(&str, &str)]) -> Reply {
        let endpoint = context.profile.authorization_endpoint.as_ref();
        let names_issuer = endpoint.is_some_and(|endpoint| endpoint.names_issuer);
        let state = self.state.as_deref().map(|state| ("state", state));
        let issuer = names_issuer.then(|| ("iss", context.issuer()));
        let pairs = answer.iter().copied().chain(state).chain(issuer);
        pages::redirect(redirect_uri::with_parameters(&self.redirect_uri, pairs))
    }
}
