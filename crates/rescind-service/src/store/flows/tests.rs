//! Flows, step by step, at moments of the tests' own.

use super::{FlowEnding, FlowRequest, FlowStep, Linked, Opened, Opening, PendingFlow};
use crate::account::{ClaimKind, Held};
use crate::clock::Timestamp;
use crate::lifecycle::{Event, Status};
use crate::projects::Caller;
use crate::secret::Secret;
use crate::store::Store;
use crate::store::tests::{NOW, store_with_account};

const DEADLINE: Timestamp = Timestamp(10_000);
const MUCH_LATER: Timestamp = Timestamp(90_000);

fn held() -> Held {
    Held {
        access_token: Some(Secret::new("new")),
        ..Held::default()
    }
}

fn opening() -> Opening {
    Opening {
        state_fingerprint: "state".to_owned(),
        browser_fingerprint: "browser".to_owned(),
        code_verifier: Secret::new("verifier"),
    }
}

async fn request(store: &Store, other_account: &str, again: bool) -> FlowRequest {
    let account = store.find_account(other_account).await.unwrap().unwrap();
    FlowRequest {
        caller: Caller::without_key(),
        auth_config_id: account.auth_config_id,
        user_id: account.user_id,
        account_id: again.then_some(account.id),
        link_fingerprint: "link".to_owned(),
        callback_url: Some("https://app.test/".to_owned()),
        expires_at: DEADLINE,
    }
}

/// A flow whose browser has come back.
async fn pending_flow() -> (Store, PendingFlow) {
    let (store, other) = store_with_account().await;
    let flow = request(&store, &other, false).await;
    let linked = store.create_flow(flow, NOW).await.unwrap();
    assert!(matches!(linked, Linked::Account(_)), "{linked:?}");
    let opened = store.open_flow("link", opening(), NOW).await.unwrap();
    assert!(matches!(opened, Opened::Flow { .. }), "{opened:?}");
    let flow = store.pending_flow("state", NOW).await.unwrap().unwrap();
    assert_eq!(flow.code_verifier.expose(), "verifier");
    assert_eq!(flow.callback_url.as_deref(), Some("https://app.test/"));
    (store, flow)
}

async fn status(store: &Store, flow: &PendingFlow) -> Status {
    let account = store.find_account(&flow.account_id).await;
    account.unwrap().unwrap().status
}

#[tokio::test]
async fn a_flow_waits_until_its_deadline_and_not_a_moment_longer() {
    let (store, flow) = pending_flow().await;
    let just_before = Timestamp(DEADLINE.0 - 1);
    assert_eq!(store.end_overdue_flows(just_before).await.unwrap(), 0);
    assert!(
        store
            .pending_flow("state", just_before)
            .await
            .unwrap()
            .is_some()
    );
    // Also where nobody has ended it yet.
    assert!(
        store
            .pending_flow("state", DEADLINE)
            .await
            .unwrap()
            .is_none()
    );
    let late = store.open_flow("link", opening(), DEADLINE).await.unwrap();
    assert_eq!(late, Opened::TooLate(FlowStep::Opened, Status::Initiated));
    assert_eq!(store.end_overdue_flows(DEADLINE).await.unwrap(), 1);
    assert_eq!(store.end_overdue_flows(DEADLINE).await.unwrap(), 0);
    assert_eq!(status(&store, &flow).await, Status::Expired);
    let late = store.open_flow("link", opening(), DEADLINE).await.unwrap();
    assert_eq!(late, Opened::TooLate(FlowStep::Ended, Status::Expired));
}

#[tokio::test]
async fn an_exchange_that_began_in_time_may_end_after_the_deadline() {
    let (store, flow) = pending_flow().await;
    let until = Timestamp(DEADLINE.0 + 5_000);
    assert!(store.begin_exchange(&flow, until).await.unwrap());
    assert_eq!(store.end_overdue_flows(DEADLINE).await.unwrap(), 0);
    let ending = FlowEnding::Connected(held());
    let ended = store.end_flow(&flow, FlowStep::Exchanging, ending, DEADLINE);
    assert_eq!(ended.await.unwrap(), Some(Status::Active));
    assert_eq!(store.end_overdue_flows(MUCH_LATER).await.unwrap(), 0);
    assert_eq!(status(&store, &flow).await, Status::Active);
}

#[tokio::test]
async fn whoever_comes_second_neither_exchanges_nor_ends_anything() {
    let (store, flow) = pending_flow().await;
    assert!(store.begin_exchange(&flow, DEADLINE).await.unwrap());
    assert!(!store.begin_exchange(&flow, DEADLINE).await.unwrap());
    let denied = FlowEnding::Failed("denied");
    let ended = store.end_flow(&flow, FlowStep::Opened, denied, NOW);
    assert_eq!(ended.await.unwrap(), None);
    assert_eq!(status(&store, &flow).await, Status::Initiated);
    // A process that comes to life again after it was given up changes nothing, either.
    assert_eq!(store.end_overdue_flows(DEADLINE).await.unwrap(), 1);
    let late = FlowEnding::Connected(held());
    let ended = store.end_flow(&flow, FlowStep::Exchanging, late, MUCH_LATER);
    assert_eq!(ended.await.unwrap(), None);
    let account = store.find_account(&flow.account_id).await.unwrap().unwrap();
    assert_eq!(account.status, Status::Expired);
    assert!(account.held.subjects().is_empty());
}

#[tokio::test]
async fn an_account_is_not_connected_anew_while_that_is_under_way() {
    let (store, flow) = pending_flow().await;
    assert_eq!(store.end_overdue_flows(DEADLINE).await.unwrap(), 1);
    let account = flow.account_id;
    let anew = |link: &str, expires_at| {
        let (store, account, link) = (store.clone(), account.clone(), link.to_owned());
        async move {
            let flow = FlowRequest {
                link_fingerprint: link,
                expires_at,
                ..request(&store, &account, true).await
            };
            store.create_flow(flow, DEADLINE).await.unwrap()
        }
    };
    let linked = Linked::Account(account.clone());
    assert_eq!(anew("second", MUCH_LATER).await, linked);
    let opened = store.open_flow("second", opening(), DEADLINE);
    opened.await.unwrap();
    let second = store
        .pending_flow("state", DEADLINE)
        .await
        .unwrap()
        .unwrap();
    assert!(store.begin_exchange(&second, MUCH_LATER).await.unwrap());
    assert_eq!(anew("third", MUCH_LATER).await, Linked::Exchanging);
    let ending = FlowEnding::Failed("refused");
    let ended = store.end_flow(&second, FlowStep::Exchanging, ending, DEADLINE);
    assert_eq!(ended.await.unwrap(), Some(Status::Expired));
    assert_eq!(anew("third", MUCH_LATER).await, linked);
}

#[tokio::test]
async fn who_is_connected_anew_is_claimed_by_nobody() {
    let (store, flow) = pending_flow().await;
    let account = store.find_account(&flow.account_id).await.unwrap().unwrap();
    let claim = store.claim(&account.id, account.version, ClaimKind::Refresh, MUCH_LATER);
    claim.await.unwrap().unwrap();
    let ending = FlowEnding::Connected(held());
    let ended = store.end_flow(&flow, FlowStep::Opened, ending, NOW);
    assert_eq!(ended.await.unwrap(), Some(Status::Active));
    let account = store.find_account(&flow.account_id).await.unwrap().unwrap();
    assert_eq!(account.claim, None);
    let refused = crate::lifecycle::next(account.status, Event::Connected);
    assert!(refused.is_err());
}
