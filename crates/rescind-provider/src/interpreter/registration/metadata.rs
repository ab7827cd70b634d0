//! What a client says of itself (RFC 7591 §2), and what the provider makes of it.

use rescind_model::profile::{ClientAuthentication, GrantType, Profile};
use serde_json::{Map, Value, json};

use super::super::metadata::names;
use crate::clients::Client;
use crate::signing::PublicKeys;

/// What is kept as the client states it, if it is a text.
const TEXTS: [&str; 8] = [
    "client_name",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "scope",
    "software_id",
    "software_version",
    "tos_uri",
];

/// What is wrong with a registration (RFC 7591 §3.2.2).
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The error's code.
    pub error: &'static str,
    /// What is wrong, and nothing that the request said.
    pub message: String,
}

impl Mistake {
    /// A member that does not do.
    pub const fn metadata(message: String) -> Self {
        Self {
            error: "invalid_client_metadata",
            message,
        }
    }

    fn redirect(message: &str) -> Self {
        Self {
            error: "invalid_redirect_uri",
            message: message.to_owned(),
        }
    }
}

/// What a client says of itself, understood.
#[derive(Debug)]
pub struct Stated {
    authentication: ClientAuthentication,
    redirect_uris: Vec<String>,
    grant_types: Vec<GrantType>,
    keys: Option<Value>,
    /// As it is told again: what was understood, with what was chosen where nothing was said.
    pub metadata: Map<String, Value>,
}

impl Stated {
    /// Understands a registration. What nobody knows is not kept (RFC 7591 §2).
    pub fn read(profile: &Profile, members: &Map<String, Value>) -> Result<Self, Mistake> {
        let redirect_uris = redirect_uris(members)?;
        let authentication = authentication(profile, members)?;
        let keys = keys(members, &authentication)?;
        let grants = chosen(
            members,
            "grant_types",
            &grant_types(profile),
            &["authorization_code"],
        )?;
        let responses = chosen(
            members,
            "response_types",
            &response_types(profile),
            &["code"],
        )?;
        if grants.iter().any(|grant| grant == "authorization_code") && redirect_uris.is_empty() {
            // RFC 7591 §2: a flow with redirection needs them.
            return Err(Mistake::redirect(
                "`redirect_uris` is missing: state at least one, or `grant_types` without `authorization_code`",
            ));
        }
        let mut metadata = Map::new();
        if !redirect_uris.is_empty() {
            metadata.insert("redirect_uris".into(), json!(redirect_uris));
        }
        let method = authentication.registered_name();
        metadata.insert("token_endpoint_auth_method".into(), json!(method));
        metadata.insert("grant_types".into(), json!(grants));
        metadata.insert("response_types".into(), json!(responses));
        for name in TEXTS {
            match members.get(name) {
                Some(Value::String(text)) => {
                    metadata.insert(name.into(), json!(text));
                }
                Some(_) => return Err(Mistake::metadata(format!("`{name}` is no text"))),
                None => {}
            }
        }
        metadata.extend(keys.clone().map(|keys| ("jwks".to_owned(), keys)));
        Ok(Self {
            authentication,
            redirect_uris,
            grant_types: grants
                .iter()
                .filter_map(|name| GrantType::parse(name))
                .collect(),
            keys,
            metadata,
        })
    }

    /// Makes the client what it says it is.
    pub fn apply(&self, client: &mut Client) {
        client.authentication = Some(self.authentication.clone());
        client.redirect_uris.clone_from(&self.redirect_uris);
        client.grant_types = Some(self.grant_types.clone());
        client.keys.clone_from(&self.keys);
    }
}

/// The grant types of a profile's token endpoint.
pub fn grant_types(profile: &Profile) -> Vec<&'static str> {
    let kinds = GrantType::ALL.into_iter();
    kinds
        .filter(|kind| profile.takes(*kind))
        .map(GrantType::as_str)
        .collect()
}

/// The response types of a profile's authorization endpoint.
pub fn response_types(profile: &Profile) -> Vec<&'static str> {
    let endpoint = profile.authorization_endpoint.as_ref();
    endpoint.map(|_| "code").into_iter().collect()
}

fn redirect_uris(members: &Map<String, Value>) -> Result<Vec<String>, Mistake> {
    let Some(stated) = members.get("redirect_uris") else {
        return Ok(Vec::new());
    };
    let uris: Option<Vec<String>> = stated.as_array().and_then(|uris| {
        uris.iter()
            .map(|uri| uri.as_str().map(str::to_owned))
            .collect()
    });
    let uris = uris.ok_or_else(|| Mistake::redirect("`redirect_uris` is no list of texts"))?;
    // RFC 6749 §3.1.2: absolute, and without a fragment.
    let is_right = |uri: &String| {
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        let mut letters = scheme.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
            && uri.len() > scheme.len() + 1
            && uri.chars().all(|letter| letter.is_ascii_graphic() && letter != '#')
            // RFC 7591 §5: a script is no place to go back to.
            && !["javascript", "data"].contains(&scheme.to_ascii_lowercase().as_str())
    };
    if uris.iter().all(is_right) {
        Ok(uris)
    } else {
        Err(Mistake::redirect(
            "a redirect URI is not absolute, has a fragment, or leads to a script",
        ))
    }
}

/// The method that it will use at the token endpoint.
fn authentication(
    profile: &Profile,
    members: &Map<String, Value>,
) -> Result<ClientAuthentication, Mistake> {
    let kinds = &profile.token_endpoint.client_authentication;
    let of_name = |name: &str| {
        let mut kinds = kinds.iter();
        kinds
            .find(|kind| kind.registered_name() == Some(name))
            .cloned()
    };
    let supported = || {
        Mistake::metadata(format!(
            "`token_endpoint_auth_method` must be one of: {}",
            names(kinds).join(", ")
        ))
    };
    match members.get("token_endpoint_auth_method") {
        Some(Value::String(name)) => of_name(name).ok_or_else(supported),
        Some(_) => Err(supported()),
        // RFC 7591 §2: `client_secret_basic`, where the provider has it.
        None => of_name("client_secret_basic")
            .or_else(|| of_name(names(kinds).first()?))
            .ok_or_else(supported),
    }
}

fn keys(
    members: &Map<String, Value>,
    authentication: &ClientAuthentication,
) -> Result<Option<Value>, Mistake> {
    if members.contains_key("jwks_uri") {
        let message = "`jwks_uri` is not looked up here: state the keys themselves as `jwks`";
        return Err(Mistake::metadata(message.to_owned()));
    }
    let keys = members.get("jwks").cloned();
    let usable = keys.as_ref().map(|keys| PublicKeys::read(keys).len());
    if *authentication == ClientAuthentication::PrivateKeyJwt && usable.unwrap_or_default() == 0 {
        let message =
            "`private_key_jwt` needs `jwks` with at least one public key for RS256 or ES256";
        return Err(Mistake::metadata(message.to_owned()));
    }
    if usable == Some(0) {
        let message = "`jwks` holds no public key for RS256 or ES256";
        return Err(Mistake::metadata(message.to_owned()));
    }
    Ok(keys)
}

/// A list of words among those that the provider knows; what the standard says if none is stated,
/// as far as the provider knows it.
fn chosen(
    members: &Map<String, Value>,
    name: &str,
    known: &[&str],
    default: &[&str],
) -> Result<Vec<String>, Mistake> {
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    let Some(stated) = members.get(name) else {
        let default = default.iter().filter(|word| known.contains(word));
        return Ok(owned(default.copied().collect()));
    };
    let words: Option<Vec<&str>> = stated
        .as_array()
        .and_then(|words| words.iter().map(Value::as_str).collect());
    match words {
        Some(words) if words.iter().all(|word| known.contains(word)) => Ok(owned(words)),
        _ => Err(Mistake::metadata(format!(
            "`{name}` must be a list of some of: {}",
            known.join(", ")
        ))),
    }
}
