//! What a profile can be wrong about in how tokens come to be.

use super::super::{GraceAnswer, GrantType, Profile, RefreshTokenWhen, Reuse, is_scope_name};
use crate::source::{Diagnostic, SourceFile};

impl Profile {
    /// Every mistake in how tokens come to be.
    pub(super) fn validate_flows(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        self.validate_grant_types(file, mistakes);
        self.validate_rotation(file, mistakes);
        self.validate_lifetimes(file, mistakes);
        self.validate_scopes(file, mistakes);
    }

    /// What the token endpoint takes is what the other endpoints give out.
    fn validate_grant_types(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let Some(stated) = &self.token_endpoint.grant_types else {
            return;
        };
        let mut mistake = |message: String, hint: &str| {
            mistakes.push(Diagnostic::new(file, stated.span(), message).hint(hint));
        };
        let sources = [
            (
                GrantType::AuthorizationCode,
                self.authorization_endpoint.is_some(),
                "authorization_endpoint",
            ),
            (
                GrantType::DeviceCode,
                self.device_authorization.is_some(),
                "device_authorization",
            ),
        ];
        for (kind, is_there, table) in sources {
            match (stated.contains(&kind), is_there) {
                (true, false) => mistake(
                    format!("no endpoint gives out what `{}` takes", kind.word()),
                    &format!("add a table `[{table}]`, or leave the grant type out"),
                ),
                (false, true) => mistake(
                    format!("nothing takes what `[{table}]` gives out"),
                    &format!("add `{}`, or leave the table out", kind.word()),
                ),
                (true, true) | (false, false) => {}
            }
        }
        for (index, kind) in stated.iter().enumerate() {
            if stated[..index].contains(kind) {
                mistake(
                    format!("`{}` stands there twice", kind.word()),
                    "state each grant type once",
                );
            }
        }
    }

    /// What is said of replaced refresh tokens holds only where they are replaced.
    fn validate_rotation(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let tokens = &self.tokens;
        let mut mistake = |span, message: &str, hint: &str| {
            mistakes.push(Diagnostic::new(file, span, message).hint(hint));
        };
        let reuse = &tokens.refresh_token_reuse;
        let grace = &tokens.rotation_grace_seconds;
        let spans = [
            (**reuse != Reuse::Refused).then(|| reuse.span()),
            (**grace > 0).then(|| grace.span()),
        ];
        for span in spans.into_iter().flatten() {
            if !tokens.refresh_token_rotates {
                mistake(
                    span,
                    "refresh tokens are never replaced, so that none can be used after it was",
                    "add `refresh_token_rotates = true`, or leave this out",
                );
            }
        }
        let answers = &tokens.rotation_grace_answers;
        if **answers != GraceAnswer::Another && **grace == 0 {
            mistake(
                answers.span(),
                "a replaced refresh token is dead at once, so that nothing is answered to it",
                "add `rotation_grace_seconds`, or leave this out",
            );
        }
    }

    /// What expires at once can never be used.
    fn validate_lifetimes(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let codes = self
            .authorization_endpoint
            .iter()
            .map(|endpoint| &endpoint.code_lifetime_seconds);
        let device_codes = self
            .device_authorization
            .iter()
            .map(|endpoint| &endpoint.code_lifetime_seconds);
        for seconds in codes.chain(device_codes) {
            if **seconds == 0 {
                mistakes.push(
                    Diagnostic::new(file, seconds.span(), "a code that expires at once")
                        .hint("a number above 0; 600 if it is left out"),
                );
            }
        }
    }

    /// Scopes that can be asked for, and granted by default.
    fn validate_scopes(&self, file: &SourceFile, mistakes: &mut Vec<Diagnostic>) {
        let scopes = &self.scopes;
        for name in scopes.known.iter().chain(&scopes.default) {
            if !is_scope_name(name) {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        name.span(),
                        "a scope's name is one word of visible ASCII characters without `\"` and `\\`",
                    )
                    .hint("write one name for each entry, e.g. `[\"files.read\", \"files.write\"]`"),
                );
            }
        }
        let is_unknown = |name: &str| {
            !scopes.known.is_empty() && scopes.known.iter().all(|known| **known != name)
        };
        for name in &scopes.default {
            if is_unknown(name) {
                mistakes.push(
                    Diagnostic::new(
                        file,
                        name.span(),
                        format!("the default scope `{}` is not known", **name),
                    )
                    .hint("add it to `known`, or leave it out"),
                );
            }
        }
        let when = &self.tokens.refresh_token_when;
        if let RefreshTokenWhen::Scope(name) = when.get()
            && is_unknown(name)
        {
            mistakes.push(
                Diagnostic::new(
                    file,
                    when.span(),
                    format!("refresh tokens want the scope `{name}`, which is not known"),
                )
                .hint("add it to `known` under `scopes`"),
            );
        }
    }
}
