//! What holds of authorizations under way, whatever happens to them.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn pending() -> Pending {
    Pending::new(LedgerKey::new("seed", "tenant"))
}

fn granted() -> Granted {
    Granted {
        scope: None,
        as_asked: true,
    }
}

fn request(client: &str) -> AuthorizationRequest {
    AuthorizationRequest {
        client: client.into(),
        redirect_uri: "http://127.0.0.1/cb".to_owned(),
        redirect_uri_stated: true,
        state: None,
        granted: granted(),
        challenge: None,
        nonce: None,
        with_refresh_token: true,
    }
}

fn begin(pending: &mut Pending, now: Moment) -> DeviceCodes {
    pending.begin_device("tv", granted(), true, 60, 5, now)
}

fn allowed(at: Moment) -> Decision {
    let user = "ada".to_owned();
    Decision::Allowed { user, at }
}

#[test]
fn a_page_can_be_answered_until_it_is_closed_or_too_old() {
    let mut pending = pending();
    let (one, two) = (
        pending.ask(Question::Code(request("one")), Moment(0)),
        pending.ask(Question::Code(request("two")), Moment(0)),
    );
    assert!(pending.question(&one, Moment(599_999)).is_some());
    assert!(pending.question(&one, Moment(600_000)).is_none());
    pending.close(&one);
    assert!(pending.question(&one, Moment(0)).is_none());
    assert!(pending.question(&two, Moment(0)).is_some());
}

#[test]
fn an_earlier_copy_knows_nothing_of_what_came_later() {
    let mut pending = pending();
    let code = pending.issue_code(request("one"), "ada", 60, Moment(0));
    let before = pending.clone();
    pending.use_code(&code, GrantId(0));
    let another = pending.issue_code(request("one"), "ada", 60, Moment(0));
    assert!(before.code(&another).is_none());
    assert_eq!(before.code(&code).unwrap().used_for, None);
    // What is taken back comes again.
    let again = before
        .clone()
        .issue_code(request("one"), "ada", 60, Moment(0));
    assert!(again == another);
}

#[test]
fn only_the_newest_codes_are_kept() {
    let mut pending = pending();
    let first = pending.issue_code(request("one"), "ada", 60, Moment(0));
    let second = pending.issue_code(request("one"), "ada", 60, Moment(0));
    for _ in 2..=CAPACITY {
        pending.issue_code(request("one"), "ada", 60, Moment(0));
    }
    assert!(pending.code(&first).is_none());
    assert!(pending.code(&second).is_some());
    assert_eq!(pending.secrets().count(), CAPACITY);
}

#[test]
fn a_user_code_may_be_entered_as_people_do() {
    let mut pending = pending();
    let codes = begin(&mut pending, Moment(0));
    let plain = codes.user_code.replace('-', "");
    for entered in [
        codes.user_code.clone(),
        codes.user_code.to_lowercase(),
        plain.clone(),
        format!(" {} {} ", &plain[..3], &plain[3..]),
    ] {
        let found = pending.waiting_device(&entered, Moment(59_999));
        assert!(found == Some(&codes.device_code), "{entered}");
    }
    for entered in ["", "BCDF-GHJ", &plain[1..], "ü"] {
        assert!(pending.waiting_device(entered, Moment(0)).is_none());
    }
    assert!(
        pending
            .waiting_device(&codes.user_code, Moment(60_000))
            .is_none()
    );
}

#[test]
fn a_device_that_hurries_has_to_wait_longer_each_time() {
    let mut pending = pending();
    let DeviceCodes { device_code, .. } = begin(&mut pending, Moment(0));
    let mut poll = |milliseconds| pending.poll(&device_code, Moment(milliseconds)).unwrap();
    assert_eq!(poll(0), Poll::Waiting);
    assert_eq!(poll(4_999), Poll::TooSoon);
    // Ten seconds by now, counted from the last request.
    assert_eq!(poll(14_998), Poll::TooSoon);
    assert_eq!(poll(29_998), Poll::Waiting);
}

/// Something that happens to devices and codes.
#[derive(Clone, Debug)]
enum Happening {
    Begin,
    Poll(Index),
    Decide(Index, bool),
    Spend(Index),
    Later(u16),
}

fn happenings() -> impl Strategy<Value = Happening> {
    prop_oneof![
        2 => Just(Happening::Begin),
        4 => any::<Index>().prop_map(Happening::Poll),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(index, yes)| Happening::Decide(index, yes)),
        1 => any::<Index>().prop_map(Happening::Spend),
        2 => (0u16..30_000).prop_map(Happening::Later),
    ]
}

proptest! {
    #[test]
    fn a_decision_is_made_once_and_tokens_come_once(story in prop::collection::vec(happenings(), 1..60)) {
        let mut pending = pending();
        let mut now = Moment(0);
        let mut codes: Vec<(DeviceCodes, Moment)> = Vec::new();
        for happening in story {
            let of = |index: &Index| (!codes.is_empty()).then(|| index.get(&codes).clone());
            match happening {
                Happening::Begin => {
                    let new = begin(&mut pending, now);
                    prop_assert!(codes.iter().all(|(old, _)| old.user_code != new.user_code
                        && old.device_code != new.device_code));
                    codes.push((new, now));
                }
                Happening::Later(milliseconds) => now = later(now, u64::from(milliseconds)),
                Happening::Decide(index, yes) => {
                    let Some((code, begun)) = of(&index) else { continue };
                    let before = pending.device(&code.device_code).unwrap().decision.clone();
                    let decision = if yes { allowed(now) } else { Decision::Denied };
                    let decided = pending.decide(&code.device_code, decision.clone(), now);
                    let after = pending.device(&code.device_code).unwrap().decision.clone();
                    prop_assert_eq!(decided, before == Decision::None && now < later(begun, 60_000));
                    prop_assert_eq!(after, if decided { decision } else { before });
                }
                Happening::Spend(index) => {
                    let Some((code, _)) = of(&index) else { continue };
                    pending.spend(&code.device_code);
                }
                Happening::Poll(index) => {
                    let Some((code, begun)) = of(&index) else { continue };
                    let decision = pending.device(&code.device_code).unwrap().decision.clone();
                    let poll = pending.poll(&code.device_code, now).unwrap();
                    let expired = now >= later(begun, 60_000);
                    match poll {
                        Poll::Spent => prop_assert_eq!(decision, Decision::Spent),
                        Poll::Expired => prop_assert!(expired),
                        Poll::Denied => prop_assert!(!expired && decision == Decision::Denied),
                        Poll::Allowed { user, at } => {
                            prop_assert!(!expired);
                            prop_assert_eq!(decision, Decision::Allowed { user, at });
                        }
                        Poll::Waiting | Poll::TooSoon => {
                            prop_assert!(!expired && decision == Decision::None);
                        }
                    }
                }
            }
        }
    }
}
