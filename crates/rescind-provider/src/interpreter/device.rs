//! Authorization of a device without a browser (RFC 8628).

use rescind_model::profile::{DeviceAuthorization, GrantType};
use serde_json::json;

use super::authorization::is_refreshable;
use super::client::{Authenticated, authenticate};
use super::parameters::Parameters;
use super::{Context, consent, pages, token};
use crate::clients::Client;
use crate::consent::Consent;
use crate::journal::{Entry, Outcome, Presented};
use crate::message::{Reply, Request};
use crate::pending::{Decision, DeviceCodes, Question};
use crate::scope;

/// The longest value that is read of a device's request, in bytes: it is kept until the user has
/// decided.
const LONGEST_REQUEST: usize = 8192;

/// Answers a device that begins (RFC 8628 §3.1, §3.2).
pub fn begin(context: &mut Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let Some(endpoint) = &context.profile.device_authorization else {
        return token::malformed("invalid_request", entry);
    };
    let client = match client(context, endpoint, parameters, entry) {
        Ok(client) => client,
        Err(reply) => return reply,
    };
    if parameters.form_repeats() || parameters.length() > LONGEST_REQUEST {
        return token::malformed("invalid_request", entry);
    }
    if !client.may_use(GrantType::DeviceCode) {
        return token::unauthorized_client(entry);
    }
    let granted = match scope::grant(&context.profile.scopes, parameters.body("scope")) {
        Ok(granted) => granted,
        Err(invalid) => return token::invalid_scope(invalid, entry),
    };
    let with_refresh_token = is_refreshable(context.profile, granted.scope.as_ref(), parameters);
    let now = context.now;
    let codes = context.pending.begin_device(
        &client.name,
        granted,
        with_refresh_token,
        *endpoint.code_lifetime_seconds,
        endpoint.interval_seconds,
        now,
    );
    let decision = match context.consent {
        Consent::Ask => None,
        Consent::Allow { user } => Some(Decision::Allowed {
            user: user.clone(),
            at: now,
        }),
        Consent::Deny => Some(Decision::Denied),
    };
    if let Some(decision) = decision {
        context.pending.decide(&codes.device_code, decision, now);
    }
    entry.outcome = Outcome::Done;
    entry.acknowledged = true;
    Reply::json(200, &device_response(context, endpoint, &codes))
}

/// Answers at the page where the user enters the code and decides (RFC 8628 §3.3).
pub fn verify(
    context: &mut Context<'_>,
    request: &Request,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Reply {
    if request.method == "POST" {
        return decide(context, parameters, entry);
    }
    let Some(user_code) = parameters.only("user_code") else {
        entry.outcome = Outcome::Pending;
        return pages::enter_code(context.profile, 200, None);
    };
    let found = context.pending.waiting_device(user_code, context.now);
    let found = found.map(str::to_owned);
    let device = found
        .as_ref()
        .and_then(|code| context.pending.device(code))
        .cloned();
    let (Some(device_code), Some(device)) = (found, device) else {
        entry.presented = Presented::Unknown;
        entry.outcome = Outcome::Unknown;
        let remark = "No device waits with that code. It may be too old.";
        return pages::enter_code(context.profile, 400, Some(remark));
    };
    entry.presented = Presented::Code;
    entry.outcome = Outcome::Pending;
    entry.client = Some(device.client.clone());
    let asked = Question::Device(device_code);
    let id = context.pending.ask(asked, context.now);
    pages::device_consent(context, &device, user_code, &id)
}

fn decide(context: &mut Context<'_>, parameters: &Parameters, entry: &mut Entry) -> Reply {
    let decided = match consent::read(context, parameters, entry) {
        Ok(decided) => decided,
        Err(reason) => return pages::refused(context.profile, reason),
    };
    let Question::Device(device_code) = decided.question else {
        entry.outcome = Outcome::Malformed;
        return pages::refused(context.profile, "the page asked something else");
    };
    context.pending.close(&decided.page);
    let device = context.pending.device(&device_code);
    entry.client = device.map(|device| device.client.clone());
    let now = context.now;
    let allowed = decided.allowed_by.is_some();
    let decision = match decided.allowed_by {
        Some(user) => Decision::Allowed { user, at: now },
        None => Decision::Denied,
    };
    if !context.pending.decide(&device_code, decision, now) {
        entry.outcome = Outcome::Expired;
        return pages::refused(
            context.profile,
            "the device's code is too old, or somebody has decided already",
        );
    }
    entry.outcome = if allowed {
        Outcome::Done
    } else {
        Outcome::Denied
    };
    entry.acknowledged = allowed;
    pages::device_decided(context.profile, allowed)
}

/// Who begins.
fn client<'a>(
    context: &mut Context<'a>,
    endpoint: &DeviceAuthorization,
    parameters: &Parameters,
    entry: &mut Entry,
) -> Result<&'a Client, Reply> {
    let declared = &endpoint.client_authentication;
    let caller = match authenticate(declared, parameters, context, entry) {
        Authenticated::As(caller) => caller,
        Authenticated::Twice => return Err(token::malformed("invalid_request", entry)),
        Authenticated::Not => return Err(token::invalid_client(context, entry)),
    };
    let name = caller.client.or_else(|| entry.client.clone());
    name.and_then(|name| context.clients.by_name(&name))
        .ok_or_else(|| token::malformed("invalid_request", entry))
}

fn device_response(
    context: &Context<'_>,
    endpoint: &DeviceAuthorization,
    codes: &DeviceCodes,
) -> serde_json::Value {
    let address = match &endpoint.host {
        Some(host) => context.addresses.of_host(Some(host)),
        None => context.browser_address(),
    };
    let page = format!("{address}{}", *endpoint.verification_path);
    json!({
        "device_code": codes.device_code,
        "user_code": codes.user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", codes.user_code),
        "expires_in": *endpoint.code_lifetime_seconds,
        "interval": endpoint.interval_seconds,
    })
}
