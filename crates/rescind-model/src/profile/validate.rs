//! Everything that a profile can be wrong about, beyond its form.

use super::{Answer, BodyEncoding, ClientAuthentication, Place, Profile, RevocationRoute};
use crate::source::{Diagnostic, Located, SourceFile};

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
        self.validate_paths(file, &mut mistakes);
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
        mistakes
    }

    fn validate_paths(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let mut seen: Vec<(&str, &Located<String>)> = Vec::new();
        let mut paths: Vec<(&str, &Located<String>)> = vec![
            ("POST", &self.token_endpoint.path),
            ("GET", &self.resource.path),
        ];
        paths.extend(
            self.introspection
                .iter()
                .map(|introspection| ("POST", &introspection.path)),
        );
        paths.extend(
            self.revocation_routes
                .iter()
                .map(|route| (route.method.as_str(), &route.path)),
        );
        for (method, path) in paths {
            if !path.starts_with('/') {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        path.span(),
                        format!("the path `{}` does not start with `/`", **path),
                    )
                    .hint("paths are below the provider's address, e.g. `/oauth2/revoke`"),
                );
            }
            if seen
                .iter()
                .any(|(other_method, other)| *other_method == method && ***other == **path)
            {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        path.span(),
                        format!("two endpoints answer `{method} {}`", **path),
                    )
                    .hint("give each endpoint a method and path of its own"),
                );
            }
            seen.push((method, path));
        }
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
        for (path, authentication) in endpoints {
            if authentication.contains(&ClientAuthentication::AccessToken) {
                let message = format!(
                    "`{}` cannot be authenticated by an access token of the grant",
                    **path
                );
                mistakes.push(
                    Diagnostic::new(file, path.span(), message)
                        .hint("leave `access_token` to revocation routes, and state `basic`, say"),
                );
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
    let itself = ClientAuthentication::BearerToken;
    let takes_bearer = route.token_in.contains(&Place::Bearer)
        || route.account_in.as_ref() == Some(&Place::Bearer)
        || route.client_authentication.contains(&itself);
    if takes_bearer && route.is_authenticated_by_access_token() {
        mistakes.push(mistake(
            route,
            file,
            "takes one bearer token for two things: what it revokes, and who asks",
            "state `bearer_token` in place of `access_token` for a token that authenticates itself, or take what it revokes from another place",
        ));
    }
}

fn validate_places(route: &RevocationRoute, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
    let places = route.token_in.iter().chain(&route.account_in);
    for place in places.chain(&route.hint_in) {
        let (name, encoding, word) = match place {
            Place::Form(name) => (name, BodyEncoding::Form, "form"),
            Place::Json(name) => (name, BodyEncoding::Json, "json"),
            Place::Query(_) | Place::Bearer => continue,
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
