//! Everything that a profile can be wrong about, beyond its form.

mod flows;
mod server;

use std::ops::Range;

use super::path_template;
use super::{Answer, BodyEncoding, ClientAuthentication, Place, Profile, RevocationRoute};
use crate::fault;
use crate::source::{Diagnostic, Located, SourceFile};

/// A method, a host by its name, a path, and where the file states it.
type StatedPlace = (&'static str, Option<String>, String, Range<usize>);

impl Profile {
    /// Every mistake in it.
    pub(super) fn mistakes(&self, file: &SourceFile) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        if self.sources.is_empty() {
            mistakes.push(
                Diagnostic::new(file, self.sources.span(), "a profile without a source")
                    .hint("name where its facts come from: a link, or an RFC and its section"),
            );
        }
        mistakes.extend(self.misnamed_fields(file));
        self.validate_paths(file, &mut mistakes);
        self.validate_hosts(file, &mut mistakes);
        for (index, route) in self.revocation_routes.iter().enumerate() {
            self.validate_subject(route, file, &mut mistakes);
            validate_authentication(route, file, &mut mistakes);
            validate_places(route, file, &mut mistakes);
            if self.revocation_routes[..index]
                .iter()
                .any(|earlier| *earlier.name == *route.name)
            {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        route.name.span(),
                        format!("two routes are called `{}`", *route.name),
                    )
                    .hint("give each route a name of its own: journals tell them apart by it"),
                );
            }
        }
        self.validate_endpoint_authentication(file, &mut mistakes);
        self.validate_answers(file, &mut mistakes);
        self.validate_server(file, &mut mistakes);
        for stated in &self.stated_faults {
            mistakes.extend(fault::read(stated, file).err().unwrap_or_default());
        }
        self.validate_flows(file, &mut mistakes);
        mistakes
    }

    fn validate_paths(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let mut seen = Vec::new();
        for (method, host, path, span) in self.paths() {
            if !path.starts_with('/') {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        span.clone(),
                        format!("the path `{path}` does not start with `/`"),
                    )
                    .hint("paths are below the provider's address, e.g. `/oauth2/revoke`"),
                );
            }
            let place = (method, host, path.clone());
            if seen.contains(&place) {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        span,
                        format!("two endpoints answer `{method} {path}`"),
                    )
                    .hint("give each endpoint a method and path of its own"),
                );
            }
            seen.push(place);
        }
    }

    /// Every method and path that something answers at the provider's main host; a path may have
    /// parts in braces. Documents at well-known paths are not among them.
    pub fn answered(&self) -> Vec<(&'static str, String)> {
        let places = self.paths().into_iter();
        let at_main_host = places.filter(|(_, host, ..)| host.is_none());
        at_main_host
            .map(|(method, _, path, _)| (method, path))
            .collect()
    }

    /// Every method, host and path that something answers, and where the file states it.
    fn paths(&self) -> Vec<StatedPlace> {
        let stated = |method, host: &Option<Located<String>>, path: &Located<String>| {
            let host = host.as_ref().map(|host| host.to_string());
            (method, host, path.to_string(), path.span())
        };
        let (token, resource) = (&self.token_endpoint, &self.resource);
        let mut paths = vec![
            stated("POST", &token.host, &token.path),
            stated("GET", &resource.host, &resource.path),
        ];
        paths.extend(
            self.introspection
                .iter()
                .map(|introspection| stated("POST", &introspection.host, &introspection.path)),
        );
        if let Some(endpoint) = &self.authorization_endpoint {
            paths.extend(
                ["GET", "POST"].map(|method| stated(method, &endpoint.host, &endpoint.path)),
            );
            let (_, host, _, span) = stated("POST", &endpoint.host, &endpoint.path);
            paths.push(("POST", host, endpoint.decision_path(), span));
        }
        if let Some(endpoint) = &self.device_authorization {
            let page = &endpoint.verification_path;
            paths.push(stated("POST", &endpoint.host, &endpoint.path));
            paths.extend(["GET", "POST"].map(|method| stated(method, &endpoint.host, page)));
        }
        paths.extend(
            self.revocation_routes
                .iter()
                .map(|route| stated(route.method.as_str(), &route.host, &route.path)),
        );
        let server = self.server_paths().into_iter();
        paths.extend(server.map(|(method, path)| stated(method, &None, path)));
        paths
    }

    /// What a route takes, and what it ends by it.
    fn validate_subject(
        &self,
        route: &RevocationRoute,
        file: &SourceFile,
        mistakes: &mut Vec<Diagnostic>,
    ) {
        let takes_token = !route.token_in.is_empty();
        let ends_by_token = route.ends.access_token.is_some() || route.ends.refresh_token.is_some();
        if takes_token == route.account_in.is_some() {
            mistakes.push(mistake(
                route,
                file,
                "must take either a token or an account id",
                "state `token_in` or `account_in`, and not both",
            ));
        } else if takes_token != ends_by_token
            || route.account_in.is_some() != route.ends.account.is_some()
        {
            mistakes.push(mistake(
                route,
                file,
                "must end something by what it takes, and nothing by what it does not",
                "under `ends`, state `access_token` or `refresh_token` for a route with `token_in`, `account` for one with `account_in`",
            ));
        }
        if route.account_in.is_some() && self.tokens.account_id_field.is_none() {
            mistakes.push(mistake(
                route,
                file,
                "takes an account id, which no token response carries",
                "name the field that carries it under `tokens.account_id_field`",
            ));
        }
    }

    /// Only a revocation belongs to a grant whose access token could authenticate it.
    fn validate_endpoint_authentication(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let token = &self.token_endpoint;
        let mut endpoints = vec![(&token.path, &token.client_authentication)];
        endpoints.extend(
            self.introspection
                .iter()
                .map(|endpoint| (&endpoint.path, &endpoint.client_authentication)),
        );
        endpoints.extend(
            self.device_authorization
                .iter()
                .map(|endpoint| (&endpoint.path, &endpoint.client_authentication)),
        );
        for (path, authentication) in endpoints {
            let by_access_token = authentication.iter().find(|kind| kind.is_by_access_token());
            if let Some(kind) = by_access_token {
                let message = format!(
                    "`{}` cannot be authenticated by an access token of the grant",
                    **path
                );
                let hint = format!(
                    "leave `{}` to revocation routes, and state `basic`, say",
                    kind.as_str()
                );
                mistakes.push(Diagnostic::new(file, path.span(), message).hint(hint));
            }
        }
    }

    /// Answers that HTTP can carry, and that say one thing.
    fn validate_answers(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let token = &self.token_endpoint;
        let mut answers: Vec<(&Located<String>, &str, &Answer)> = vec![
            (&token.path, "invalid_grant", &token.invalid_grant),
            (&token.path, "invalid_client", &token.invalid_client),
            (&self.resource.path, "refused", &self.resource.refused),
        ];
        for route in &self.revocation_routes {
            answers.extend(
                route
                    .answers
                    .all()
                    .into_iter()
                    .filter_map(|(name, answer)| Some((&route.name, name, answer?))),
            );
        }
        for (place, name, answer) in answers {
            let mut mistake = |message: &str, hint: &str| {
                mistakes.push(
                    Diagnostic::new(file, place.span(), format!("the answer `{name}` {message}"))
                        .hint(hint),
                );
            };
            // A 1xx is no answer yet (RFC 9110 §15.2).
            if !(200..=599).contains(&answer.status) {
                mistake(
                    &format!("has the status {}, which ends no request", answer.status),
                    "a number from 200 to 599",
                );
            }
            if answer.json.is_some() && answer.json_text.is_some() {
                mistake("has two bodies", "state `json` or `json_text`");
            }
            for (header, value) in &answer.headers {
                if http::HeaderName::from_bytes(header.as_bytes()).is_err()
                    || http::HeaderValue::from_str(value).is_err()
                {
                    mistake(
                        &format!("has a header that HTTP cannot carry: `{header}`"),
                        "e.g. `headers = { retry-after = \"5\" }`",
                    );
                }
            }
        }
    }
}

/// A mistake of a route, at its name.
fn mistake(route: &RevocationRoute, file: &SourceFile, message: &str, hint: &str) -> Diagnostic {
    let message = format!("route `{}` {message}", *route.name);
    Diagnostic::new(file, route.name.span(), message).hint(hint)
}

fn validate_authentication(
    route: &RevocationRoute,
    file: &SourceFile,
    mistakes: &mut Vec<Diagnostic>,
) {
    if route.client_authentication.is_empty() {
        mistakes.push(mistake(
            route,
            file,
            "says nothing of client authentication",
            "state `client_authentication`, `[\"none\"]` if it needs none",
        ));
    }
    // A bearer token that is what is revoked authenticates itself, and nothing else.
    let itself = &ClientAuthentication::BearerToken;
    let mut taken: Vec<&Place> = route.token_in.iter().chain(&route.account_in).collect();
    if route.client_authentication.contains(itself) {
        taken.push(&Place::Bearer);
    }
    let others = route
        .client_authentication
        .iter()
        .filter(|kind| *kind != itself);
    if let Some(kind) = others
        .filter(|kind| kind.is_proof())
        .find(|kind| kind.place().is_some_and(|place| taken.contains(&place)))
    {
        let (message, hint) = match kind.place() {
            Some(Place::Bearer) => (
                "takes one bearer token for two things: what it revokes, and who asks".to_owned(),
                format!(
                    "state `bearer_token` in place of `{}` for a token that authenticates itself, or take what it revokes from another place",
                    kind.as_str()
                ),
            ),
            _ => (
                "takes one value for two things: what it revokes, and who asks".to_owned(),
                format!(
                    "state `none` in place of `{}` for a token that authenticates itself, or take what it revokes from another place",
                    kind.as_str()
                ),
            ),
        };
        mistakes.push(mistake(route, file, &message, &hint));
    }
    validate_distinct_places(route, file, mistakes);
}

/// What stands at a place is one kind of credential, or nobody can tell which it is.
fn validate_distinct_places(
    route: &RevocationRoute,
    file: &SourceFile,
    mistakes: &mut Vec<Diagnostic>,
) {
    let kinds: Vec<&ClientAuthentication> = route
        .client_authentication
        .iter()
        .filter(|kind| **kind != ClientAuthentication::BearerToken)
        .collect();
    for (index, kind) in kinds.iter().enumerate() {
        let same_place = |other: &&&ClientAuthentication| {
            kind.place().is_some() && kind.place() == other.place()
        };
        if let Some(other) = kinds[..index].iter().find(same_place) {
            let message = format!(
                "takes `{}` and `{}` from one place",
                other.as_str(),
                kind.as_str()
            );
            let hint =
                "state the one that it is; `client_access_token` is wider than `access_token`";
            mistakes.push(mistake(route, file, &message, hint));
        }
    }
}

fn validate_places(route: &RevocationRoute, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
    if !path_template::is_well_formed(&route.path) {
        mistakes.push(mistake(
            route,
            file,
            &format!(
                "has a path with a brace that makes no hole: `{}`",
                *route.path
            ),
            "one hole with a name in each part of the path, e.g. `/tokens/{token}`",
        ));
    }
    let places = route.token_in.iter().chain(&route.account_in);
    let shown = route
        .client_authentication
        .iter()
        .filter_map(ClientAuthentication::place);
    for place in places.chain(&route.hint_in).chain(shown) {
        let (name, encoding, word) = match place {
            Place::Form(name) => (name, BodyEncoding::Form, "form"),
            Place::Json(name) => (name, BodyEncoding::Json, "json"),
            Place::Query(_) | Place::Bearer => continue,
            Place::Path(name) => {
                if !path_template::holes(&route.path).contains(&name.as_str()) {
                    mistakes.push(mistake(
                        route,
                        file,
                        &format!("takes `{name}` from its path, which has no such hole"),
                        &format!("write `{{{name}}}` where it sits in the path"),
                    ));
                }
                continue;
            }
            Place::Header(name) | Place::Scheme(name) => {
                if let Some((message, hint)) = wrong_name(place, name) {
                    mistakes.push(mistake(route, file, &message, hint));
                }
                continue;
            }
        };
        if route.encoding != encoding {
            mistakes.push(mistake(
                route,
                file,
                &format!("puts `{name}` into a {word} body, which is not its encoding"),
                &format!("state `encoding = \"{word}\"`, or put it elsewhere"),
            ));
        }
    }
}

/// What is wrong with the name of a header, or of a scheme, and what to write.
fn wrong_name(place: &Place, name: &str) -> Option<(String, &'static str)> {
    // RFC 9110 §5.1 and §11.1: both are tokens.
    if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Some((
            format!("names a header or a scheme that HTTP cannot carry: `{name}`"),
            "letters, digits and `-`, e.g. `{ header = \"x-access-token\" }`",
        ));
    }
    let has_a_word = match place {
        Place::Header(_) => name.eq_ignore_ascii_case("authorization"),
        _ => ["basic", "bearer"].contains(&name.to_ascii_lowercase().as_str()),
    };
    has_a_word.then(|| {
        (
            format!("names `{name}`, which has a word of its own"),
            "state `bearer` for a bearer token, `basic` among `client_authentication`, or `{ scheme = \"…\" }`",
        )
    })
}
