//! What a profile can be wrong about in what the provider says of itself, and signs.

use super::super::{AccessTokenFormat, Place, Profile};
use crate::source::{Diagnostic, Located, SourceFile};

impl Profile {
    /// The endpoints among what the provider says of itself, with a method of each.
    pub(super) fn server_paths(&self) -> Vec<(&'static str, &Located<String>)> {
        let keys = self.signing_keys.iter().map(|keys| ("GET", &keys.path));
        let userinfo = self
            .openid
            .iter()
            .flat_map(|openid| ["GET", "POST"].map(|method| (method, &openid.userinfo_path)));
        let registration = self
            .registration
            .iter()
            .map(|registration| ("POST", &registration.path));
        keys.chain(userinfo).chain(registration).collect()
    }

    /// What is signed without a key, what is called OpenID and is none, and what a token that
    /// lives on would make a lie of.
    pub(super) fn validate_server(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let mut mistake = |place: std::ops::Range<usize>, message: &str, hint: &str| {
            mistakes.push(Diagnostic::new(file, place, message).hint(hint));
        };
        let format = &self.tokens.access_token_format;
        if format.is_jwt() {
            if self.signing_keys.is_none() {
                mistake(
                    format.span(),
                    "its access tokens are JWTs, and nothing signs them",
                    "state `[signing_keys]` with the path of the public keys",
                );
            }
            if self.tokens.access_token.lifetime_seconds.is_none() {
                mistake(
                    format.span(),
                    "its access tokens are JWTs, and never expire",
                    "state `lifetime_seconds` of the access token: RFC 9068 §2.2 requires `exp`",
                );
            }
            if !self.tokens.access_token.prefix.is_empty() {
                mistake(
                    format.span(),
                    "its access tokens are JWTs, and have a prefix",
                    "leave `prefix` out: a JWT begins as every JWT does",
                );
            }
        }
        for route in &self.revocation_routes {
            if **format == AccessTokenFormat::JwtThatLivesOn && route.ends.access_token.is_some() {
                let message = format!(
                    "route `{}` ends access tokens, which live on whatever is revoked",
                    *route.name
                );
                mistake(
                    route.name.span(),
                    &message,
                    "leave `ends.access_token` out, or state `access_token_format = \"jwt\"`",
                );
            }
        }
        if let Some(openid) = &self.openid {
            if self.signing_keys.is_none() {
                mistake(
                    openid.userinfo_path.span(),
                    "an OpenID Provider that signs nothing",
                    "state `[signing_keys]` with the path of the public keys",
                );
            }
            if *self.metadata.openid && self.authorization_endpoint.is_none() {
                mistake(
                    openid.userinfo_path.span(),
                    "an OpenID Provider where no user can sign in",
                    "state `[authorization_endpoint]`: OpenID Connect Discovery 1.0 §3 requires it",
                );
            }
        } else if *self.metadata.openid {
            mistake(
                self.metadata.openid.span(),
                "`metadata.openid` describes an OpenID Provider, which this is not",
                "state `[openid]`, or `metadata.oauth` in its place",
            );
        }
        self.validate_endpoint_places(file, mistakes);
    }

    /// Only the path of a revocation route has holes, and only such a route is told how its body
    /// is encoded.
    fn validate_endpoint_places(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let token = &self.token_endpoint;
        let mut paths = vec![&token.path, &self.resource.path];
        let mut endpoints = vec![(&token.path, &token.client_authentication)];
        if let Some(endpoint) = &self.introspection {
            paths.push(&endpoint.path);
            endpoints.push((&endpoint.path, &endpoint.client_authentication));
        }
        if let Some(endpoint) = &self.device_authorization {
            paths.extend([&endpoint.path, &endpoint.verification_path]);
            endpoints.push((&endpoint.path, &endpoint.client_authentication));
        }
        if let Some(endpoint) = &self.authorization_endpoint {
            paths.push(&endpoint.path);
        }
        paths.extend(self.server_paths().into_iter().map(|(_, path)| path));
        paths.dedup_by_key(|path| path.span());
        for path in paths {
            if path.contains(['{', '}']) {
                let message = format!("the path `{}` has a hole", **path);
                mistakes.push(
                    Diagnostic::new(file, path.span(), message)
                        .hint("only the path of a revocation route may have one"),
                );
            }
        }
        for (path, authentication) in endpoints {
            for place in authentication.iter().filter_map(|kind| kind.place()) {
                let wrong = match place {
                    Place::Path(name) => Some((
                        format!(
                            "`{}` takes `{name}` from its path, which has no such hole",
                            **path
                        ),
                        "only a revocation route's path has holes; take it from another place",
                    )),
                    Place::Header(name) | Place::Scheme(name) => super::wrong_name(place, name)
                        .map(|(message, hint)| (format!("`{}` {message}", **path), hint)),
                    Place::Form(_) | Place::Query(_) | Place::Json(_) | Place::Bearer => None,
                };
                if let Some((message, hint)) = wrong {
                    mistakes.push(Diagnostic::new(file, path.span(), message).hint(hint));
                }
            }
        }
    }
}
