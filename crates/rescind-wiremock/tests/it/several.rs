//! Several providers on one server.

use rescind_model::TokenState;
use rescind_wiremock::ProviderMock;
use wiremock::MockServer;

use crate::support::{Http, profile};

#[tokio::test]
async fn each_has_its_own_path_and_knows_its_own_tokens_only() {
    let server = MockServer::start().await;
    // The one at the root comes first, and leaves room for the others all the same.
    let root = ProviderMock::profile_of(profile("rfc7009"));
    let root = root.mount(&server).await.unwrap();
    let google = ProviderMock::profile_of(profile("google")).below("/google");
    let google = google.mount(&server).await.unwrap();
    let twin = ProviderMock::profile_of(profile("google")).below("/google/twin/");
    let twin = twin.mount(&server).await.unwrap();
    assert_eq!(google.base_url(), format!("{}/google", server.uri()));
    assert_eq!(twin.base_url(), format!("{}/google/twin", server.uri()));
    let http = Http::new();
    let (of_root, of_google, of_twin) = (root.mint("ada"), google.mint("ada"), twin.mint("ada"));
    assert_ne!(of_google.access(), of_twin.access());

    for (provider, path, own) in [
        (&root, "/userinfo", &of_root),
        (&google, "/oauth2/v3/userinfo", &of_google),
        (&twin, "/oauth2/v3/userinfo", &of_twin),
    ] {
        let url = format!("{}{path}", provider.base_url());
        for minted in [&of_root, &of_google, &of_twin] {
            let is_own = std::ptr::eq(minted, own);
            let status = http.get(&url, minted.access()).await.status();
            assert_eq!(status, if is_own { 200 } else { 401 }, "{url}");
        }
        assert_eq!(provider.journal().len(), 3, "{url}");
    }

    let url = format!("{}/revoke", google.base_url());
    let form = [("token", of_google.access())];
    assert_eq!(http.post(&url, &of_google, &form).await.status(), 200);
    assert_eq!(google.state_of(of_google.access()), TokenState::Dead);
    assert_eq!(twin.state_of(of_twin.access()), TokenState::Alive);
    assert_eq!(root.state_of(of_root.access()), TokenState::Alive);
}
