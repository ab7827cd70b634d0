//! Reading requests, so that what cannot be read is answered with the envelope too.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::{ACCOUNT_NOT_FOUND, ApiError};
use crate::identifier::{ACCOUNT_PREFIX, is_well_formed};

/// The account id in the path. One that is malformed is answered as one that does not exist:
/// clients report every 400 of a revoke as "not supported", which would mislead their users.
pub(super) struct AccountId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for AccountId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(id) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ACCOUNT_NOT_FOUND)?;
        if is_well_formed(ACCOUNT_PREFIX, &id) {
            return Ok(Self(id));
        }
        Err(ACCOUNT_NOT_FOUND)
    }
}

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            // The rejection's own text is left out: it may quote the body, and tokens with it.
            Err(JsonRejection::JsonDataError(_)) => Err(ApiError::bad_request(
                "a field of the JSON body is missing or of the wrong type",
            )),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::bad_request(
                "the body must be sent as application/json",
            )),
            Err(_) => Err(ApiError::bad_request("the body is not JSON")),
        }
    }
}
