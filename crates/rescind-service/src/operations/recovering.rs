//! What a service does when it starts: it finishes what an earlier process, or another one that
//! died, left in the middle.
//!
//! Why, since any repeated call would do the same: whoever asked may be gone too, and then nobody
//! repeats it. The user wanted the connection dead, and the account would stay ACTIVE with some of
//! its tokens dead for ever. An interrupted revoke is therefore finished in the background as if
//! its call had been repeated, once nobody else can be at it any more.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::account::ClaimKind;
use crate::clock;
use crate::operations::waiting::poll_interval;
use crate::service::Service;
use crate::store::{ClaimedRevoke, StoreError};
use crate::variants;

/// How many accounts are seen to at once: providers have rate limits, and requests go before.
const MOST_AT_ONCE: usize = 8;

impl Service {
    /// Finishes every revoke that was interrupted. It may be dropped at any time: what it has
    /// begun is tracked, and what it has not begun is found by the next start.
    pub(crate) async fn recover(self: Arc<Self>) {
        if variants::hooks::never_recovers(self.variant) {
            return;
        }
        let interrupted = match self.store.claimed_revokes().await {
            Ok(interrupted) => interrupted,
            Err(error) => {
                tracing::error!(%error, "what was interrupted could not be looked for");
                return;
            }
        };
        let mut running = JoinSet::new();
        for claim in interrupted {
            if running.len() >= MOST_AT_ONCE {
                running.join_next().await;
            }
            running.spawn(Arc::clone(&self).finish_revoke(claim));
        }
        while running.join_next().await.is_some() {}
    }

    async fn finish_revoke(self: Arc<Self>, claim: ClaimedRevoke) {
        let id = &claim.account_id;
        match self.is_left_behind(&claim).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::error!(account = id, %error, "an interrupted revoke was not finished");
                return;
            }
        }
        match self.revoke(id).await {
            Ok(revoked_tokens) => {
                tracing::info!(account = id, ?revoked_tokens, "interrupted revoke finished");
            }
            Err(error) => {
                tracing::warn!(account = id, %error, "interrupted revoke did not succeed");
            }
        }
    }

    /// Waits until it is plain what became of a claim. Whoever holds it and lives renews it, ends
    /// it, and tells its own caller; one that was left behind runs out.
    async fn is_left_behind(&self, claim: &ClaimedRevoke) -> Result<bool, StoreError> {
        let mut poll = poll_interval();
        loop {
            poll.tick().await;
            let account = self.store.find_account(&claim.account_id).await?;
            let Some(account) = account.filter(|account| !account.is_deleted) else {
                return Ok(false);
            };
            if account.version != claim.version {
                return Ok(false);
            }
            if !account.is_claimed_by(ClaimKind::Revoke, clock::now()) {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::account::ClaimKind;
    use crate::clock::{self, Timestamp};
    use crate::config::{Config, Database};
    use crate::public_url::PublicUrl;
    use crate::service::Service;
    use crate::store::tests::{NOW, store_with_account};
    use crate::store::{ClaimedRevoke, Ending};
    use crate::toolkit;
    use crate::upstream::client::UpstreamClient;

    async fn service_with_account() -> (Service, String) {
        let (store, id) = store_with_account().await;
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: None,
            database: Database::Memory,
            encryption_key: None,
            api_keys: Vec::new(),
            dispatch_timeout: Config::DEFAULT_DISPATCH_TIMEOUT,
            claim_lease: Config::DEFAULT_CLAIM_LEASE,
            defect: None,
            variant: None,
        };
        let upstream = UpstreamClient::new(config.dispatch_timeout, None, None).unwrap();
        let public_url = PublicUrl::of_listener(config.listen);
        let toolkits = toolkit::load().unwrap();
        let service = Service::new(&config, store, toolkits, upstream, public_url);
        (service, id)
    }

    async fn claimed_until(service: &Service, id: &str, until: Timestamp) -> ClaimedRevoke {
        let version = service
            .store
            .find_account(id)
            .await
            .unwrap()
            .unwrap()
            .version;
        let claim = service.store.claim(id, version, ClaimKind::Revoke, until);
        ClaimedRevoke {
            account_id: id.to_owned(),
            version: claim.await.unwrap().unwrap(),
        }
    }

    fn in_an_hour() -> Timestamp {
        clock::now().plus(Duration::from_hours(1))
    }

    #[tokio::test]
    async fn a_claim_that_ran_out_was_left_behind() {
        let (service, id) = service_with_account().await;
        let claim = claimed_until(&service, &id, NOW).await;
        assert!(service.is_left_behind(&claim).await.unwrap());
    }

    #[tokio::test]
    async fn a_claim_that_ended_or_was_taken_over_or_deleted_was_not() {
        let (service, id) = service_with_account().await;
        let taken_over = claimed_until(&service, &id, NOW).await;
        let ended = claimed_until(&service, &id, in_an_hour()).await;
        assert!(!service.is_left_behind(&taken_over).await.unwrap());
        let end = service
            .store
            .end_claim(&id, ended.version, Ending::Unchanged, NOW);
        assert!(end.await.unwrap());
        assert!(!service.is_left_behind(&ended).await.unwrap());
        let deleted = claimed_until(&service, &id, NOW).await;
        assert!(service.store.delete_account(&id, NOW).await.unwrap());
        assert!(!service.is_left_behind(&deleted).await.unwrap());
    }
}
