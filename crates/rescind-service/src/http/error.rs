//! Errors, and those that belong to no endpoint.
//!
//! What the client is told and what the operator is told are two messages: the first is fixed
//! text, so that nothing secret can get into it; the second is logged where the error arises.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::store::StoreError;

/// An error as the client is told it.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    /// Tells errors apart for a program.
    pub(crate) code: u32,
    /// Tells errors apart for a person.
    pub(crate) slug: &'static str,
    pub(crate) message: Cow<'static, str>,
    pub(crate) suggested_fix: Option<&'static str>,
}

pub(crate) const NO_SUCH_ROUTE: ApiError = ApiError {
    status: StatusCode::NOT_FOUND,
    code: 404,
    slug: "Api_NoSuchRoute",
    message: Cow::Borrowed("there is no such route"),
    suggested_fix: Some("check the path; every route but /health is under /api/v3.1"),
};

pub(crate) const METHOD_NOT_ALLOWED: ApiError = ApiError {
    status: StatusCode::METHOD_NOT_ALLOWED,
    code: 405,
    slug: "Api_MethodNotAllowed",
    message: Cow::Borrowed("the route does not take this method"),
    suggested_fix: Some("check the method; a revoke is a POST"),
};

pub(crate) const NO_VALID_KEY: ApiError = ApiError {
    status: StatusCode::UNAUTHORIZED,
    code: 401,
    slug: "Api_NoValidKey",
    message: Cow::Borrowed("the API key is missing or wrong"),
    suggested_fix: Some("send the project's key in the header x-api-key"),
};

pub(crate) const NO_PERMISSION: ApiError = ApiError {
    status: StatusCode::FORBIDDEN,
    code: 403,
    slug: "Api_NoPermission",
    message: Cow::Borrowed("the API key may only read"),
    suggested_fix: Some("send a key of the project with the permission `write`"),
};

pub(crate) const BODY_TOO_LARGE: ApiError = ApiError {
    status: StatusCode::PAYLOAD_TOO_LARGE,
    code: 413,
    slug: "Api_BodyTooLarge",
    message: Cow::Borrowed("the body is too large"),
    suggested_fix: Some("send at most 256 KiB"),
};

pub(crate) const ACCOUNT_NOT_FOUND: ApiError = ApiError {
    status: StatusCode::NOT_FOUND,
    code: 606,
    slug: "ConnectedAccount_ResourceNotFound",
    message: Cow::Borrowed("there is no such connected account"),
    suggested_fix: Some("check the id; an account that was deleted is not found either"),
};

pub(crate) const AUTH_CONFIG_NOT_FOUND: ApiError = ApiError {
    status: StatusCode::NOT_FOUND,
    code: 701,
    slug: "AuthConfig_ResourceNotFound",
    message: Cow::Borrowed("there is no such auth config"),
    suggested_fix: Some("check the id; an auth config that was deleted is not found either"),
};

pub(crate) const AUTH_CONFIG_DISABLED: ApiError = ApiError {
    status: StatusCode::BAD_REQUEST,
    code: 702,
    slug: "AuthConfig_Disabled",
    message: Cow::Borrowed("the auth config is disabled"),
    suggested_fix: Some("enable the auth config first"),
};

pub(crate) const INTERNAL: ApiError = ApiError {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    code: 500,
    slug: "Api_Internal",
    message: Cow::Borrowed("the service could not do this"),
    suggested_fix: Some("try again; the operator finds the cause in the log"),
};

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: u32,
        slug: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            slug,
            message: message.into(),
            suggested_fix: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 400, "Api_BadRequest", message)
    }

    /// The same error under another status, where there is one.
    pub(crate) fn with_status(mut self, status: Option<StatusCode>) -> Self {
        self.status = status.unwrap_or(self.status);
        self
    }

    pub(crate) fn with_fix(mut self, suggested_fix: &'static str) -> Self {
        self.suggested_fix = Some(suggested_fix);
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database failed a request");
        INTERNAL
    }
}

impl IntoResponse for ApiError {
    /// Its envelope comes later: see [`super::envelope`].
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A seeded defect: errors as plain text.
pub(super) async fn as_text(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let status = response.status();
    let text = status.canonical_reason().unwrap_or("error");
    (status, [(CONTENT_TYPE, "text/plain")], text).into_response()
}
