//! What a request says of who it is from, where many tenants share one address.

use rescind_model::profile::Place;

use super::parameters::Parameters;
use crate::clients::Clients;
use crate::ledger::Ledger;
use crate::message::Request;
use crate::pending::Pending;

/// Everything in a request by which its tenant may be known.
#[derive(Debug, Default)]
pub struct Identification {
    /// What it names as `client_id`, rightly or not.
    client_ids: Vec<String>,
    /// What it carries that may have been given out: parameters, and what stands in headers and
    /// segments of the path.
    values: Vec<String>,
    /// Whether any of it says who asks, or shows a token.
    is_told: bool,
}

impl Identification {
    /// Reads a request.
    pub fn read(request: &Request) -> Self {
        let parameters = Parameters::read(request);
        let mut client_ids = Vec::new();
        if let Some(basic) = parameters.basic() {
            // RFC 6749 §2.3.1: the id may be form-encoded too.
            let (id, _) = basic.as_sent();
            let (decoded, _) = basic.form_decoded();
            client_ids.extend([id.to_owned(), decoded.into_owned()]);
        }
        client_ids.extend(parameters.body("client_id").map(str::to_owned));
        let in_query = Place::Query("client_id".to_owned());
        client_ids.extend(parameters.at(&in_query).map(str::to_owned));
        let mut values: Vec<String> = parameters
            .values_beside(&[])
            .into_iter()
            .map(str::to_owned)
            .collect();
        let is_told = !client_ids.is_empty() || !values.is_empty();
        let segments = request.path.split('/').map(|segment| {
            let decoded = percent_encoding::percent_decode_str(segment);
            decoded.decode_utf8_lossy().into_owned()
        });
        values.extend(segments);
        // The last word of a header is the credential of a scheme, or the whole value.
        let headers = request.headers.values().filter_map(|value| {
            let text = std::str::from_utf8(value.as_bytes()).ok()?;
            text.split(' ').next_back().map(str::to_owned)
        });
        values.extend(headers);
        Self {
            client_ids,
            values,
            is_told,
        }
    }

    /// Whether the request says nothing of itself.
    pub const fn is_empty(&self) -> bool {
        !self.is_told
    }

    /// Whether it names one of these clients.
    pub fn names_one_of(&self, clients: &Clients) -> bool {
        let mut ids = self.client_ids.iter();
        ids.any(|id| clients.by_client_id(id).is_some())
    }

    /// Whether it carries a token of a ledger.
    pub fn carries_a_token_of(&self, ledger: &Ledger) -> bool {
        self.values.iter().any(|value| ledger.find(value).is_some())
    }

    /// Whether it carries a code, or the id of a page, of what is under way.
    pub fn carries_something_of(&self, pending: &Pending) -> bool {
        self.values.iter().any(|value| pending.knows(value))
    }

    /// Whether it carries the id of an account of a ledger.
    pub fn carries_an_account_of(&self, ledger: &Ledger) -> bool {
        let mut values = self.values.iter();
        values.any(|value| !value.is_empty() && ledger.find_account(value).is_some())
    }
}
