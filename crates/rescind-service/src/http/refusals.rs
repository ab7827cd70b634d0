//! The refusals that many endpoints share, for the description of this API.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema as _};

use super::envelope::Envelope;

/// What every request may come to that only reads.
pub(super) struct Reading;

/// What every request may come to that changes something.
pub(super) struct Writing;

/// What a JSON body may be refused for.
pub(super) struct Body;

/// That the account in the path is none.
pub(super) struct NoAccount;

/// That the auth config in the path is none.
pub(super) struct NoAuthConfig;

type Responses = BTreeMap<String, RefOr<Response>>;

impl IntoResponses for Reading {
    fn responses() -> Responses {
        refusals(&[
            ("401", "The key is missing or wrong"),
            ("500", "The service failed"),
        ])
    }
}

impl IntoResponses for Writing {
    fn responses() -> Responses {
        let mut responses = Reading::responses();
        responses.extend(refusals(&[("403", "The key may only read")]));
        responses
    }
}

impl IntoResponses for Body {
    fn responses() -> Responses {
        refusals(&[
            (
                "400",
                "The body is not JSON, or says something that cannot be",
            ),
            ("413", "The body is too large"),
        ])
    }
}

impl IntoResponses for NoAccount {
    fn responses() -> Responses {
        refusals(&[(
            "404",
            "There is no such account, or it is deleted, or it is another project's",
        )])
    }
}

impl IntoResponses for NoAuthConfig {
    fn responses() -> Responses {
        refusals(&[(
            "404",
            "There is no such auth config, or it is deleted, or it is another project's",
        )])
    }
}

fn refusals(refusals: &[(&str, &str)]) -> Responses {
    refusals
        .iter()
        .map(|(status, description)| {
            let schema = Ref::from_schema_name(Envelope::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response = ResponseBuilder::new()
                .description(*description)
                .content("application/json", content)
                .build();
            ((*status).to_owned(), RefOr::T(response))
        })
        .collect()
}
