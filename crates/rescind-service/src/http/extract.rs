//! Reading requests, so that what cannot be read is answered with the envelope too.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::{
    ACCOUNT_NOT_FOUND, AUTH_CONFIG_NOT_FOUND, ApiError, BODY_TOO_LARGE, NO_SUCH_ROUTE,
};
use crate::defects;
use crate::identifier::{ACCOUNT_PREFIX, AUTH_CONFIG_PREFIX, is_well_formed};
use crate::projects::Caller;
use crate::service::Service;
use crate::variants::hooks;

/// The id in the path of an account that is the caller's, if it is one at all. One that is
/// malformed, or another project's, is answered as one that does not exist: clients report every
/// 400 of a revoke as "not supported", which would mislead their users.
pub(super) struct AccountId(pub(super) String);

impl FromRequestParts<Arc<Service>> for AccountId {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let Path(id) = Path::<String>::from_request_parts(parts, service)
            .await
            .map_err(|_| ACCOUNT_NOT_FOUND)?;
        if !is_well_formed(ACCOUNT_PREFIX, &id) && !hooks::has_the_other_form(&id) {
            let seeded = defects::hooks::malformed_status(service.defect);
            return Err(ACCOUNT_NOT_FOUND.with_status(seeded));
        }
        // Whose an account is never changes, so that looking first is no race. Whether it exists
        // and is not deleted is for each operation to find out, in its own transaction.
        match service.store.find_ownership(&id).await? {
            Some(ownership)
                if !caller.may_see(&ownership.project)
                    && !defects::hooks::ignores_project(service.defect) =>
            {
                let status = match service.foreign_status(&id).await? {
                    None => hooks::foreign_status(service.variant),
                    seeded => seeded,
                };
                Err(ACCOUNT_NOT_FOUND.with_status(status))
            }
            Some(ownership) if ownership.is_hidden => Err(ACCOUNT_NOT_FOUND),
            Some(_) | None => Ok(Self(id)),
        }
    }
}

/// The id of an auth config, the first of the path's parameters. A malformed one is answered as
/// one that does not exist.
pub(super) struct AuthConfigId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for AuthConfigId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segments = path_parameters(parts, state).await;
        let id = segments.and_then(|segments| segments.into_iter().next());
        id.filter(|id| is_well_formed(AUTH_CONFIG_PREFIX, id))
            .map(Self)
            .ok_or(AUTH_CONFIG_NOT_FOUND)
    }
}

/// The last of the path's parameters.
pub(super) struct LastSegment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for LastSegment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segments = path_parameters(parts, state).await;
        let last = segments.and_then(|mut segments| segments.pop());
        last.map(Self).ok_or(NO_SUCH_ROUTE)
    }
}

/// None if the path is not UTF-8 once its percent-encoding is undone.
async fn path_parameters<S: Send + Sync>(parts: &mut Parts, state: &S) -> Option<Vec<String>> {
    let path = Path::<Vec<String>>::from_request_parts(parts, state).await;
    path.ok().map(|Path(segments)| segments)
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
            Err(JsonRejection::BytesRejection(rejection))
                if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(BODY_TOO_LARGE)
            }
            Err(_) => Err(ApiError::bad_request("the body is not JSON")),
        }
    }
}
