//! A person's browser: it follows nothing by itself, so that a test sees every step.

use http::{Request, Response};
use oauth2::url::Url;

use super::Http;

/// A page, and where it was found.
pub struct Page {
    address: Url,
    html: String,
}

/// Goes to an address that shows a page.
pub async fn open(http: &Http, address: &Url) -> Page {
    let request = Request::get(address.as_str()).body(Vec::new()).unwrap();
    let answer = http.send(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    Page {
        address: address.clone(),
        html: String::from_utf8(answer.into_body()).unwrap(),
    }
}

/// Goes to an address that sends the browser on. Returns where to.
pub async fn follow(http: &Http, address: &Url) -> Url {
    let request = Request::get(address.as_str()).body(Vec::new()).unwrap();
    location(&http.send(request).await.unwrap())
}

impl Page {
    /// Signs in, and presses a button of the page's form.
    pub async fn decide(&self, http: &Http, user: &str, button: &str) -> Response<Vec<u8>> {
        let action = self.between("<form method=\"post\" action=\"", "\"");
        let consent = self.between("name=\"consent\" value=\"", "\"");
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("consent", consent)
            .append_pair("user", user)
            .append_pair("decision", button)
            .finish();
        let request = Request::post(self.address.join(action).unwrap().as_str())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into_bytes());
        http.send(request.unwrap()).await.unwrap()
    }

    fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self.html.split_once(before).expect(before);
        rest.split_once(after).expect(after).0
    }
}

/// Where an answer sends the browser.
pub fn location(answer: &Response<Vec<u8>>) -> Url {
    assert!(answer.status().is_redirection(), "{}", answer.status());
    let location = answer.headers()["location"].to_str().unwrap();
    location.parse().unwrap()
}

/// A parameter of the address that a client gets its user back at.
pub fn parameter(address: &Url, name: &str) -> Option<String> {
    let mut pairs = address.query_pairs();
    pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}
