//! A profile in words, with lines for a shell that show it.

use rescind_model::Subject;
use rescind_model::profile::{
    ClientAuthentication, Place, Profile, RevocationRoute, RevocationScope,
};

use crate::server::CONTROL_PREFIX;

/// What a provider imitates, and curl lines to try it by. The tokens in them are shell variables
/// that the first line fills.
pub fn introduction(profile: &Profile, base_url: &str, seed: &str) -> String {
    let mut lines = vec![
        format!("{} on {base_url} (seed {seed})", profile.title),
        format!("  {}", profile.summary),
        String::new(),
    ];
    lines.extend(
        endpoints(profile)
            .into_iter()
            .map(|line| format!("  {line}")),
    );
    lines.extend([String::new(), "to try it, in another shell:".to_owned()]);
    lines.extend(
        curl_lines(profile, base_url)
            .into_iter()
            .map(|line| format!("  {line}")),
    );
    lines.push(format!(
        "  curl -s {base_url}{CONTROL_PREFIX}/ledger    # what is alive, and why not"
    ));
    lines.push(format!(
        "  curl -s {base_url}{CONTROL_PREFIX}           # everything else that can be done to it"
    ));
    lines.push(String::new());
    lines.join("\n") + "\n"
}

fn endpoints(profile: &Profile) -> Vec<String> {
    let mut lines = vec![format!(
        "POST {} issues and refreshes tokens ({})",
        *profile.token_endpoint.path,
        authentication(&profile.token_endpoint.client_authentication)
    )];
    for route in &profile.revocation_routes {
        lines.push(format!(
            "{} {} revokes ({}): {}",
            route.method.as_str(),
            *route.path,
            authentication(&route.client_authentication),
            ends(route)
        ));
    }
    if profile.revocation_routes.is_empty() {
        lines.push("no route revokes".to_owned());
    }
    if let Some(introspection) = &profile.introspection {
        lines.push(format!(
            "POST {} introspects ({})",
            *introspection.path,
            authentication(&introspection.client_authentication)
        ));
    }
    lines.push(format!(
        "GET {} is a protected resource",
        *profile.resource.path
    ));
    lines
}

/// How a client may authenticate, in words.
pub fn authentication(kinds: &[ClientAuthentication]) -> String {
    let words: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind {
            ClientAuthentication::None => "no client authentication",
            ClientAuthentication::Basic => "HTTP Basic",
            ClientAuthentication::Post => "client secret in the body",
            ClientAuthentication::ClientId => "client id in the body",
            ClientAuthentication::BearerToken => "the token itself as bearer",
            ClientAuthentication::AccessToken => "a live access token of the grant as bearer",
        })
        .collect();
    words.join(" or ")
}

/// What a call of a route ends, in words.
pub fn ends(route: &RevocationRoute) -> String {
    let scope = |scope| match scope {
        RevocationScope::Token => "itself",
        RevocationScope::Grant => "its whole grant",
        RevocationScope::UserGrants => "every grant of that user and client",
    };
    let mut words: Vec<String> = Subject::ALL
        .into_iter()
        .map(|subject| match route.ends.of(subject) {
            Some(reach) => format!("{} ends {}", with_article(subject), scope(reach)),
            None => format!("{} is refused", with_article(subject)),
        })
        .collect();
    if let Some(reach) = route.ends.account {
        words = vec![format!(
            "an account id, and no token, ends {}",
            scope(reach)
        )];
    }
    words.join(", ")
}

const fn with_article(subject: Subject) -> &'static str {
    match subject {
        Subject::AccessToken => "an access token",
        Subject::RefreshToken => "a refresh token",
    }
}

/// Lines for a shell: mint, use, revoke, use again.
pub fn curl_lines(profile: &Profile, base_url: &str) -> Vec<String> {
    let mint = format!(
        "eval \"$(curl -s -X POST '{base_url}{CONTROL_PREFIX}/grants?format=shell')\"    # mints a grant"
    );
    let resource = format!(
        "curl -i {base_url}{} -H \"Authorization: Bearer $ACCESS_TOKEN\"",
        *profile.resource.path
    );
    let mut lines = vec![mint, resource.clone()];
    for route in &profile.revocation_routes {
        let mut subjects: Vec<Option<Subject>> = if route.account_in.is_some() {
            vec![None]
        } else {
            Subject::ALL
                .into_iter()
                .filter(|subject| route.ends.of(*subject).is_some())
                .map(Some)
                .collect()
        };
        if route.is_authenticated_by_access_token() {
            // The access token is needed until the end.
            subjects.reverse();
        }
        lines.extend(
            subjects
                .into_iter()
                .map(|subject| revocation_line(route, base_url, subject)),
        );
    }
    lines.push(format!("{resource}    # afterwards"));
    lines
}

fn revocation_line(route: &RevocationRoute, base_url: &str, subject: Option<Subject>) -> String {
    let variable = match subject {
        Some(Subject::AccessToken) => "$ACCESS_TOKEN",
        Some(Subject::RefreshToken) => "$REFRESH_TOKEN",
        None => "$ACCOUNT_ID",
    };
    let mut parts = vec![format!(
        "curl -i -X {} '{base_url}{}'",
        route.method.as_str(),
        *route.path
    )];
    parts.extend(match route.client_authentication.first() {
        Some(ClientAuthentication::Basic) => Some("-u \"$CLIENT_ID:$CLIENT_SECRET\"".to_owned()),
        Some(ClientAuthentication::Post) => Some(
            "-d \"client_id=$CLIENT_ID\" --data-urlencode \"client_secret=$CLIENT_SECRET\""
                .to_owned(),
        ),
        Some(ClientAuthentication::ClientId) => Some("-d \"client_id=$CLIENT_ID\"".to_owned()),
        Some(ClientAuthentication::AccessToken) => {
            Some("-H \"Authorization: Bearer $ACCESS_TOKEN\"".to_owned())
        }
        Some(ClientAuthentication::None | ClientAuthentication::BearerToken) | None => None,
    });
    parts.extend(
        route
            .token_in
            .first()
            .or(route.account_in.as_ref())
            .map(|place| match place {
                Place::Form(name) => format!("--data-urlencode \"{name}={variable}\""),
                Place::Query(name) => format!("--url-query \"{name}={variable}\""),
                Place::Json(name) => format!("--json \"{{\\\"{name}\\\":\\\"{variable}\\\"}}\""),
                Place::Bearer => format!("-H \"Authorization: Bearer {variable}\""),
            }),
    );
    parts.join(" ")
}
