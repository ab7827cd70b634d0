//! A profile in words, with lines for a shell that show it.

use rescind_model::profile::{
    ClientAuthentication, Pkce, Place, Profile, RevocationRoute, RevocationScope, path_template,
};
use rescind_model::{Located, Subject};

use crate::addresses::Addresses;
use crate::interpreter::metadata::Document;
use crate::signing::assertion::CLIENT_ASSERTION_TYPE;

/// Where a provider is, for lines of a shell.
#[derive(Clone, Copy, Debug)]
pub struct Where<'a> {
    /// Its addresses.
    pub addresses: &'a Addresses,
    /// The address of its control API.
    pub control_url: &'a str,
    /// What curl has to be told to trust it, with a space before it; empty for plain HTTP.
    pub curl_options: &'a str,
    /// What curl has to be told to be let into its control API, with a space before it; empty where
    /// that takes no key.
    pub control_options: &'a str,
}

impl Where<'_> {
    /// The address of a host that a profile states.
    fn host(&self, host: Option<&Located<String>>) -> &str {
        self.addresses.of_host(host.map(|host| host.as_str()))
    }
}

/// What a provider imitates, and curl lines to try it by. The tokens in them are shell variables
/// that the first line fills.
pub fn introduction(profile: &Profile, at: Where<'_>, seed: &str) -> String {
    let (own, control) = (&at.addresses.own, at.control_url);
    let curl = format!("curl -s{}{}", at.curl_options, at.control_options);
    let mut lines = vec![
        format!("{} on {own} (seed {seed})", profile.title),
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
        curl_lines(profile, at)
            .into_iter()
            .map(|line| format!("  {line}")),
    );
    lines.push(format!(
        "  {curl} {control}/ledger    # what is alive, and why not"
    ));
    lines.push(format!(
        "  {curl} {control}           # everything else that can be done to it"
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
    if let Some(endpoint) = &profile.authorization_endpoint {
        lines.push(format!(
            "GET {} asks the user and gives out codes ({})",
            *endpoint.path,
            match endpoint.pkce {
                Pkce::Optional => "PKCE if the client likes",
                Pkce::Required => "PKCE demanded",
                Pkce::S256Required => "PKCE with S256 demanded",
            }
        ));
    }
    if let Some(endpoint) = &profile.device_authorization {
        lines.push(format!(
            "POST {} lets a device begin ({}), and GET {} asks its user",
            *endpoint.path,
            authentication(&endpoint.client_authentication),
            *endpoint.verification_path
        ));
    }
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
    lines.extend(server_endpoints(profile));
    lines
}

/// Where the provider speaks of itself.
fn server_endpoints(profile: &Profile) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(openid) = &profile.openid {
        lines.push(format!("GET {} is userinfo", *openid.userinfo_path));
    }
    for document in [Document::OAuth, Document::OpenId] {
        if Document::at(profile, document.path()).is_some() {
            lines.push(format!("GET {} describes all this", document.path()));
        }
    }
    if let Some(keys) = &profile.signing_keys {
        lines.push(format!("GET {} shows the public keys", *keys.path));
    }
    if let Some(registration) = &profile.registration {
        lines.push(format!("POST {} registers a client", *registration.path));
    }
    lines
}

/// How a client may authenticate, in words.
pub fn authentication(kinds: &[ClientAuthentication]) -> String {
    let words: Vec<String> = kinds.iter().map(in_words).collect();
    words.join(" or ")
}

fn in_words(kind: &ClientAuthentication) -> String {
    let words = match kind {
        ClientAuthentication::None => "no client authentication",
        ClientAuthentication::Basic => "HTTP Basic",
        ClientAuthentication::Post => "client secret in the body",
        ClientAuthentication::JsonBody => "client secret in the JSON body",
        ClientAuthentication::ClientId => "client id in the body",
        ClientAuthentication::PrivateKeyJwt => "an assertion signed with the client's key",
        ClientAuthentication::ClientSecretJwt => "an assertion made with the client's secret",
        ClientAuthentication::BearerToken => "the token itself as bearer",
        ClientAuthentication::AccessToken => "a live access token of the grant as bearer",
        ClientAuthentication::ClientAccessToken => "a live access token of the client as bearer",
        ClientAuthentication::AccessTokenAt(place) => {
            return format!("a live access token of the grant {}", at(place));
        }
        ClientAuthentication::ClientSecretAt(place) => {
            return format!("the client secret {}", at(place));
        }
        ClientAuthentication::ClientIdAt(place) => return format!("the client id {}", at(place)),
        ClientAuthentication::AssertionAt(place) => {
            return format!("an assertion signed with the client's key {}", at(place));
        }
    };
    words.to_owned()
}

fn at(place: &Place) -> String {
    match place {
        Place::Form(name) => format!("in the form as `{name}`"),
        Place::Query(name) => format!("in the query as `{name}`"),
        Place::Json(name) => format!("in the JSON body as `{name}`"),
        Place::Bearer => "as bearer".to_owned(),
        Place::Header(name) => format!("in the header `{name}`"),
        Place::Scheme(scheme) => format!("in `Authorization: {scheme}`"),
        Place::Path(name) => format!("in the path as `{name}`"),
    }
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
pub fn curl_lines(profile: &Profile, at: Where<'_>) -> Vec<String> {
    let (control, options, key) = (at.control_url, at.curl_options, at.control_options);
    let mint = format!(
        "eval \"$(curl -s{options}{key} -X POST '{control}/grants?format=shell')\"    # mints a grant"
    );
    let resource = format!(
        "curl -i{options} {}{} -H \"Authorization: Bearer $ACCESS_TOKEN\"",
        at.host(profile.resource.host.as_ref()),
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
                .map(|subject| revocation_line(route, at, subject)),
        );
    }
    lines.push(format!("{resource}    # afterwards"));
    lines
}

fn revocation_line(route: &RevocationRoute, at: Where<'_>, subject: Option<Subject>) -> String {
    let variable = match subject {
        Some(Subject::AccessToken) => "$ACCESS_TOKEN",
        Some(Subject::RefreshToken) => "$REFRESH_TOKEN",
        None => "$ACCOUNT_ID",
    };
    let presented = route.token_in.first().or(route.account_in.as_ref());
    let mut parts = vec![format!(
        "curl -i{} -X {} {}",
        at.curl_options,
        route.method.as_str(),
        quoted_url(route, at.host(route.host.as_ref()), presented, variable)
    )];
    match (route.client_authentication.first(), presented) {
        // One body, and so one object.
        (Some(ClientAuthentication::JsonBody), Some(Place::Json(name))) => {
            let mut members = CREDENTIALS.to_vec();
            members.push((name, variable));
            parts.push(json(&members));
        }
        (kind, presented) => {
            parts.extend(kind.and_then(shown));
            parts.extend(presented.and_then(|place| option(place, variable)));
        }
    }
    parts.join(" ")
}

/// The address of a route; what sits in its path is filled by the shell.
fn quoted_url(
    route: &RevocationRoute,
    base_url: &str,
    presented: Option<&Place>,
    variable: &str,
) -> String {
    let holes = path_template::holes(&route.path);
    if holes.is_empty() {
        return format!("'{base_url}{}'", *route.path);
    }
    let mut path = route.path.to_string();
    for hole in holes {
        let is_presented = matches!(presented, Some(Place::Path(name)) if name == hole);
        let value = if is_presented {
            variable.to_owned()
        } else {
            format!("${}", hole.to_uppercase())
        };
        path = path.replace(&format!("{{{hole}}}"), &value);
    }
    format!("\"{base_url}{path}\"")
}

/// What a client adds to a call to show who it is.
fn shown(kind: &ClientAuthentication) -> Option<String> {
    let id = "-d \"client_id=$CLIENT_ID\"";
    match kind {
        ClientAuthentication::Basic => Some("-u \"$CLIENT_ID:$CLIENT_SECRET\"".to_owned()),
        ClientAuthentication::Post => Some(format!(
            "{id} --data-urlencode \"client_secret=$CLIENT_SECRET\""
        )),
        ClientAuthentication::JsonBody => Some(json(&CREDENTIALS)),
        ClientAuthentication::ClientId => Some(id.to_owned()),
        ClientAuthentication::PrivateKeyJwt | ClientAuthentication::ClientSecretJwt => {
            Some(format!(
                "-d client_assertion_type={CLIENT_ASSERTION_TYPE} -d \"client_assertion=$CLIENT_ASSERTION\""
            ))
        }
        ClientAuthentication::AccessToken | ClientAuthentication::ClientAccessToken => {
            option(&Place::Bearer, "$ACCESS_TOKEN")
        }
        ClientAuthentication::AccessTokenAt(place) => option(place, "$ACCESS_TOKEN"),
        ClientAuthentication::ClientSecretAt(place) => option(place, "$CLIENT_SECRET"),
        ClientAuthentication::ClientIdAt(place) => option(place, "$CLIENT_ID"),
        ClientAuthentication::AssertionAt(place) => option(place, "$CLIENT_ASSERTION"),
        ClientAuthentication::None | ClientAuthentication::BearerToken => None,
    }
}

/// What a client names itself by in a body.
const CREDENTIALS: [(&str, &str); 2] = [
    ("client_id", "$CLIENT_ID"),
    ("client_secret", "$CLIENT_SECRET"),
];

/// A JSON body of shell variables.
fn json(members: &[(&str, &str)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, variable)| format!("\\\"{name}\\\":\\\"{variable}\\\""))
        .collect();
    format!("--json \"{{{}}}\"", members.join(","))
}

/// What puts a shell's variable at a place; none for one in the path.
fn option(place: &Place, variable: &str) -> Option<String> {
    Some(match place {
        Place::Form(name) => format!("--data-urlencode \"{name}={variable}\""),
        Place::Query(name) => format!("--url-query \"{name}={variable}\""),
        Place::Json(name) => json(&[(name, variable)]),
        Place::Bearer => format!("-H \"Authorization: Bearer {variable}\""),
        Place::Header(name) => format!("-H \"{name}: {variable}\""),
        Place::Scheme(scheme) => format!("-H \"Authorization: {scheme} {variable}\""),
        Place::Path(_) => return None,
    })
}
