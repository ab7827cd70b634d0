//! A provider that spans two hosts, on two mock servers.

use rescind_model::TokenState;
use rescind_provider::{Departure, Outcome};
use rescind_wiremock::{MountError, ProviderMock, ProviderMockBuilder};
use wiremock::MockServer;

use crate::support::{Http, profile_text};

/// The plain provider, whose resource lies at a host of its own.
fn two_hosts<'servers>() -> ProviderMockBuilder<'servers> {
    let text = profile_text("rfc7009");
    let text = text.replace("[resource]", "[resource]\nhost = \"api\"");
    ProviderMock::profile_toml(&format!("hosts = [\"api\"]\n{text}")).below("/plain")
}

#[tokio::test]
async fn an_endpoint_is_found_at_its_host_alone() {
    let (main, api) = (MockServer::start().await, MockServer::start().await);
    let provider = two_hosts().host("api", &api).mount(&main).await.unwrap();
    assert_eq!(provider.base_url(), format!("{}/plain", main.uri()));
    let host = format!("{}/plain", api.uri());
    assert_eq!(provider.host_url("api").as_ref(), Some(&host));
    assert_eq!(provider.host_url("web"), None);
    let (http, ada) = (Http::new(), provider.mint("ada"));

    let resource = http.get(&format!("{host}/userinfo"), ada.access()).await;
    assert_eq!(resource.status(), 200);
    let form = [("token", ada.access())];
    let misled = http
        .post(&format!("{host}/oauth2/revoke"), &ada, &form)
        .await;
    assert_eq!(misled.status(), 404);
    assert_eq!(provider.state_of(ada.access()), TokenState::Alive);
    let journal = provider.journal();
    assert_eq!(journal[1].outcome, Outcome::NoRoute);
    assert_eq!(journal[1].departures, [Departure::WrongHost]);

    let base = provider.base_url();
    let revoked = http
        .post(&format!("{base}/oauth2/revoke"), &ada, &form)
        .await;
    assert_eq!(revoked.status(), 200);
    assert_eq!(provider.state_of(ada.access()), TokenState::Dead);
}

#[tokio::test]
async fn a_host_without_a_server_and_a_server_without_a_host_are_refused() {
    let (main, other) = (MockServer::start().await, MockServer::start().await);
    let missing = two_hosts().mount(&main).await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the profile spans several hosts, and nothing says where `api` is: state `.host(\"api\", &another_server)`"
    );
    let builder = two_hosts().host("api", &other).host("web", &other);
    let unknown = builder.mount(&main).await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the profile has no host `web`: it has `api`"
    );
    let plain = ProviderMock::profile_toml(&profile_text("rfc7009"));
    let unknown = plain.host("api", &other).mount(&main).await.unwrap_err();
    assert!(matches!(unknown, MountError::HostUnknown { .. }));
    assert_eq!(
        unknown.to_string(),
        "the profile has no host `api`: it has one host alone"
    );
}
