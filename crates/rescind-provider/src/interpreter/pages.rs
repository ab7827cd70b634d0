//! The pages that a person sees: no scripts, and nothing from anywhere else.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rescind_model::Profile;

use super::Context;
use crate::consent::SOMEBODY;
use crate::message::{HeaderText, Reply};
use crate::pending::{AuthorizationRequest, Device};
use crate::scope::Scope;

const STYLE: &str = "\
    body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f4f4;color:#1a1a1a}\
    main{max-width:34rem;margin:2rem auto;padding:1.5rem 2rem;background:#fff;border:1px solid #767676}\
    h1{font-size:1.4rem;margin:0}dt{font-weight:bold}dd{margin:0 0 .6rem;overflow-wrap:anywhere}\
    label{display:block;font-weight:bold}\
    input,button{font:inherit;box-sizing:border-box;max-width:100%;padding:.4rem .8rem;margin:.3rem .6rem .8rem 0}\
    :focus-visible{outline:3px solid #1a5fb4;outline-offset:2px}\
    @media(max-width:36rem){main{margin:0;padding:1rem;border-width:0 0 1px}}";

/// A page that asks whether a client may have a code.
pub fn consent(
    context: &Context<'_>,
    request: &AuthorizationRequest,
    id: &str,
    login_hint: Option<&str>,
) -> Reply {
    let endpoint = context.profile.authorization_endpoint.as_ref();
    let action = endpoint.map_or(String::new(), |endpoint| {
        let path = endpoint.decision_path();
        // As seen from the page, wherever the provider is mounted.
        let below = if endpoint.path.ends_with('/') { 1 } else { 2 };
        format!("./{}", last_segments(&path, below))
    });
    let facts = [
        ("client", "The app", request.client.as_str()),
        (
            "scope",
            "It asks for",
            scope_text(request.granted.scope.as_ref()),
        ),
        (
            "redirect-uri",
            "Afterwards you are sent to",
            &request.redirect_uri,
        ),
    ];
    let body = question(&facts, &action, id, login_hint);
    page(context.profile, 200, "consent", "Let this app in?", &body)
}

/// A page that asks whether a device may have tokens.
pub fn device_consent(context: &Context<'_>, device: &Device, user_code: &str, id: &str) -> Reply {
    let facts = [
        ("client", "The app on the device", device.client.as_str()),
        (
            "scope",
            "It asks for",
            scope_text(device.granted.scope.as_ref()),
        ),
        // RFC 8628 §5.4: so that the user can compare.
        ("user-code", "The device shows", user_code),
    ];
    let body = question(&facts, &verification_action(context.profile), id, None);
    page(
        context.profile,
        200,
        "consent",
        "Let this device in?",
        &body,
    )
}

/// A page that asks for the code that a device shows.
pub fn enter_code(profile: &Profile, status: u16, remark: Option<&str>) -> Reply {
    let remark = remark.map_or(String::new(), |remark| {
        format!("<p role=\"alert\" id=\"reason\">{}</p>", escaped(remark))
    });
    let body = format!(
        "{remark}<form method=\"get\" action=\"{}\">\
         <label for=\"user-code\">The code that your device shows</label>\
         <input id=\"user-code\" name=\"user_code\" autocomplete=\"off\" autocapitalize=\"characters\" required>\
         <button id=\"continue\">Continue</button></form>",
        escaped(&verification_action(profile))
    );
    page(profile, status, "user-code", "Connect a device", &body)
}

/// A page that ends the authorization of a device.
pub fn device_decided(profile: &Profile, allowed: bool) -> Reply {
    let (name, text) = if allowed {
        ("allowed", "The device is let in. You can go back to it.")
    } else {
        ("denied", "The device is not let in.")
    };
    page(profile, 200, name, "That is all", &format!("<p>{text}</p>"))
}

/// A page that says why nothing comes of a request.
pub fn refused(profile: &Profile, reason: &str) -> Reply {
    let body = format!(
        "<p>The reason: <strong id=\"reason\">{}</strong>.</p>\
         <p>Go back to the app and begin again.</p>",
        escaped(reason)
    );
    page(profile, 400, "refused", "This cannot go on", &body)
}

/// Sends the browser on. By 303 it comes with GET and without what the user entered
/// (RFC 9700 §4.12).
pub fn redirect(location: String) -> Reply {
    let mut headers = headers();
    headers.push(("location".into(), location.into()));
    Reply {
        status: 303,
        headers,
        body: String::new(),
    }
}

fn question(facts: &[(&str, &str, &str)], action: &str, id: &str, user: Option<&str>) -> String {
    let mut list = String::new();
    for (name, title, value) in facts {
        // Writing to a string does not fail.
        let _ = write!(
            list,
            "<dt>{title}</dt><dd id=\"{name}\">{}</dd>",
            escaped(value)
        );
    }
    format!(
        "<dl>{list}</dl><form method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"consent\" value=\"{}\">\
         <label for=\"user\">Sign in as</label>\
         <input id=\"user\" name=\"user\" value=\"{}\" autocomplete=\"username\"><br>\
         <button id=\"allow\" name=\"decision\" value=\"allow\">Allow</button>\
         <button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button></form>",
        escaped(action),
        escaped(id),
        escaped(user.unwrap_or(SOMEBODY))
    )
}

fn scope_text(scope: Option<&Scope>) -> &str {
    scope.map_or("nothing in particular", Scope::as_str)
}

/// The path of the page for devices, as seen from itself.
fn verification_action(profile: &Profile) -> String {
    let path = profile
        .device_authorization
        .as_ref()
        .map_or("", |endpoint| &endpoint.verification_path);
    format!("./{}", last_segments(path, 1))
}

fn last_segments(path: &str, count: usize) -> &str {
    let start = path.rmatch_indices('/').nth(count - 1);
    start.map_or(path, |(at, _)| &path[at + 1..])
}

fn page(profile: &Profile, status: u16, name: &str, title: &str, body: &str) -> Reply {
    let provider = escaped(&profile.title);
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} – {provider}</title><style>{STYLE}</style></head>\
         <body><main data-page=\"{name}\"><h1>{title}</h1>\
         <p>A fake of {provider}: there is no password, and nothing here is real.</p>\
         {body}</main></body></html>\n"
    );
    let mut headers = headers();
    headers.push(("content-type".into(), "text/html; charset=utf-8".into()));
    Reply {
        status,
        headers,
        body,
    }
}

fn headers() -> Vec<(HeaderText, HeaderText)> {
    let style = STANDARD.encode(hmac_sha256::Hash::hash(STYLE.as_bytes()));
    // No `form-action`: browsers apply it to every redirect that follows the decision too, and
    // where a client sends its users next, nobody here knows
    // (https://github.com/w3c/webappsec-csp/issues/8).
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'"
    );
    vec![
        ("cache-control".into(), "no-store".into()),
        ("content-security-policy".into(), policy.into()),
        // RFC 9700 §4.2.4: the address of the page must not go on to the client.
        ("referrer-policy".into(), "no-referrer".into()),
        ("x-content-type-options".into(), "nosniff".into()),
        // RFC 9700 §4.16
        ("x-frame-options".into(), "DENY".into()),
    ]
}

/// A text that stands for itself in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_action_is_what_a_browser_adds_to_the_pages_own_address() {
        assert_eq!(
            last_segments("/oauth2/authorize/decision", 2),
            "authorize/decision"
        );
        assert_eq!(last_segments("/device", 1), "device");
        assert_eq!(last_segments("/device/", 1), "");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_place(text in "\\PC{0,40}") {
            let escaped = escaped(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let back = escaped
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
            prop_assert_eq!(back, text);
        }
    }
}
