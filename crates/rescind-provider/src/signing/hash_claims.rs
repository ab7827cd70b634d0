//! The claims by which an ID token names what came with it.

use super::public_key::encode;

/// `at_hash`: what binds an ID token to an access token (OpenID Connect Core 1.0 section
/// 3.1.3.6). The hash is that of the ID token's `alg`, which is SHA-256 for every algorithm here.
pub fn at_hash(access_token: &str) -> String {
    left_half(access_token)
}

/// `c_hash`: what binds an ID token to an authorization code (OpenID Connect Core 1.0 section
/// 3.3.2.11).
pub fn c_hash(code: &str) -> String {
    left_half(code)
}

fn left_half(text: &str) -> String {
    encode(&hmac_sha256::Hash::hash(text.as_bytes())[..16])
}
