//! The bytes of the requests, made before anything is measured.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::grants::KnownGrants;

/// Requests, one after another in memory.
#[derive(Debug, Default)]
pub struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Requests {
    /// How many.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let start = match index {
            0 => 0,
            _ => *self.ends.get(index - 1)?,
        };
        self.bytes.get(start..*self.ends.get(index)?)
    }

    fn add(&mut self, client: &Client, path: &str, form: &[(&str, &str)]) {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        self.bytes.extend_from_slice(
            format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
                 user-agent: rescind-benches\r\nauthorization: Basic {}\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                client.basic,
                body.len()
            )
            .as_bytes(),
        );
        self.ends.push(self.bytes.len());
    }
}

/// The measured requests of a client.
#[derive(Debug)]
pub struct Client {
    basic: String,
}

impl Client {
    /// The client of the grants, which authenticates by Basic with form-encoded credentials
    /// (RFC 6749 §2.3.1).
    pub fn of(grants: &KnownGrants) -> Self {
        let encoded =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let pair = format!(
            "{}:{}",
            encoded(&grants.client_id),
            encoded(&grants.client_secret)
        );
        Self {
            basic: STANDARD.encode(pair),
        }
    }

    /// Revocations, each of another token: first every access token, then every refresh token, so
    /// that none finds its grant where the one before has just put it.
    pub fn revocations(&self, tokens: &[(String, String)]) -> Requests {
        let mut requests = Requests::default();
        let mut add = |token: &str, hint| {
            let form = [("token", token), ("token_type_hint", hint)];
            requests.add(self, "/oauth2/revoke", &form);
        };
        for (access, _) in tokens {
            add(access, "access_token");
        }
        for (_, refresh) in tokens {
            add(refresh, "refresh_token");
        }
        requests
    }

    /// Refreshes, each of another grant.
    pub fn refreshes(&self, tokens: &[(String, String)]) -> Requests {
        let mut requests = Requests::default();
        for (_, refresh) in tokens {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh.as_str()),
            ];
            requests.add(self, "/oauth2/token", &form);
        }
        requests
    }

    /// Introspections: of each grant, the access token and then the refresh token.
    pub fn introspections(&self, tokens: &[(String, String)]) -> Requests {
        let mut requests = Requests::default();
        for (access, refresh) in tokens {
            for token in [access, refresh] {
                requests.add(self, "/oauth2/introspect", &[("token", token.as_str())]);
            }
        }
        requests
    }
}

/// A request without credentials or body.
pub fn plain(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_whole_and_carries_its_own_token() {
        let grants = KnownGrants {
            client_id: "client".into(),
            client_secret: "a+b".into(),
            tokens: vec![
                ("acc&1".into(), "ref 1".into()),
                ("acc2".into(), "ref2".into()),
            ],
        };
        let client = Client::of(&grants);
        let requests = client.revocations(&grants.tokens);
        assert_eq!(requests.len(), 4);
        let text = |index| String::from_utf8_lossy(requests.get(index).unwrap()).into_owned();
        assert!(text(0).starts_with("POST /oauth2/revoke HTTP/1.1\r\n"));
        assert!(text(0).contains(&format!("Basic {}\r\n", STANDARD.encode("client:a%2Bb"))));
        let bodies = [
            "token=acc%261&",
            "token=acc2&",
            "token=ref+1&",
            "token=ref2&",
        ];
        for (index, body) in bodies.into_iter().enumerate() {
            let text = text(index);
            let (head, found) = text.split_once("\r\n\r\n").unwrap();
            assert!(found.starts_with(body), "{found}");
            assert!(head.ends_with(&format!("content-length: {}", found.len())));
        }
        assert!(requests.get(4).is_none());
    }
}
