//! The few pages that a person sees: small, without a script or a picture, and without anything in
//! them that came with the request.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::lifecycle::Status;
use crate::store::StoreError;

/// In the colours that the reader has chosen, light or dark, and in lines that are not too long.
const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{font:1.1rem/1.5 system-ui,sans-serif;margin:0}\
    main{max-width:34rem;margin:0 auto;padding:2rem 1.25rem;overflow-wrap:break-word}\
    h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}";

/// What a page may load and do: nothing but that style, which it has in itself and whose SHA-256
/// stands here (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
const POLICY: &str = "default-src 'none'; \
    style-src 'sha256-GhCyFv82j9ZDjGbimOnPiXleICNgrJ16pMsXj3LPqlQ='; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) about: About,
}

/// What a page is about, for programs: attributes of its `main`.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// `data-status` and `data-connected-account-id`.
    Account { status: Status, id: String },
    /// `data-problem`.
    Problem(&'static str),
}

/// Marks an answer that is a page, and gets no envelope.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsPage;

impl Page {
    pub(super) fn problem(
        status: StatusCode,
        name: &'static str,
        title: &'static str,
        text: &'static str,
    ) -> Self {
        Self {
            status,
            title,
            text: text.to_owned(),
            about: About::Problem(name),
        }
    }

    /// The service failed. Why is in its log.
    pub(super) fn failure() -> Self {
        Self::problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failure",
            "That did not work",
            "The service could not do this. Try again from where you came from.",
        )
    }

    fn html(&self) -> String {
        let about = match &self.about {
            About::Account { status, id } => format!(
                "data-status=\"{status}\" data-connected-account-id=\"{}\"",
                escape(id)
            ),
            About::Problem(name) => format!("data-problem=\"{name}\""),
        };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main {about}>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n\
             </body>\n</html>\n",
            title = self.title,
            text = escape(&self.text),
        )
    }
}

impl From<StoreError> for Page {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database failed a page");
        Self::failure()
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, headers(), self.html()).into_response();
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        response.extensions_mut().insert(IsPage);
        response
    }
}

/// For every answer of a connect flow. Its own address holds a secret of the flow: no cache keeps
/// it, and no page that comes after it is told where its visitor was (RFC 9700 section 4.2). No
/// page frames it (section 4.16).
pub(super) fn headers() -> HeaderMap {
    const HEADERS: [(HeaderName, &str); 4] = [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    HEADERS
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, letter| {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ring::digest::{SHA256, digest};

    use super::{About, POLICY, Page, STYLE, StatusCode};
    use crate::lifecycle::Status;

    #[test]
    fn the_policy_lets_the_style_in() {
        let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        assert!(
            POLICY.contains(&format!("style-src 'sha256-{hash}';")),
            "{hash}"
        );
    }

    #[test]
    fn a_page_is_what_it_says_and_no_more() {
        let page = Page {
            status: StatusCode::OK,
            title: "Title",
            text: "<b>'1' & \"2\"</b>".to_owned(),
            about: About::Account {
                status: Status::Active,
                id: "ca_\"".to_owned(),
            },
        };
        insta::assert_snapshot!(page.html());
    }
}
