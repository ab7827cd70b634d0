//! One notion of what is alive: what one endpoint takes for a live token, every endpoint does.

use proptest::prelude::*;
use rescind_model::Subject;
use rescind_provider::tenant::Minted;
use serde_json::Value;

use crate::support::{Ask, World, access, refresh};

/// What can happen to a grant.
#[derive(Clone, Debug)]
enum Happening {
    RevokeAccess,
    RevokeRefresh,
    RemoveByUser,
    Expire(Subject),
    Kill(Subject),
    Later(u64),
    Rotate,
}

fn happenings() -> impl Strategy<Value = Happening> {
    let subject = || prop::sample::select(Subject::ALL.to_vec());
    prop_oneof![
        Just(Happening::RevokeAccess),
        Just(Happening::RevokeRefresh),
        Just(Happening::RemoveByUser),
        subject().prop_map(Happening::Expire),
        subject().prop_map(Happening::Kill),
        (0_u64..2000).prop_map(Happening::Later),
        Just(Happening::Rotate),
    ]
}

async fn happen(world: &World, grant: &Minted, happening: &Happening) {
    let revoke = |token: &str| {
        Ask::post("/oauth2/revoke")
            .basic(&world.ada.client)
            .form(&[("token", token)])
    };
    let elapsed = world.tenant.elapsed();
    match happening {
        Happening::RevokeAccess => {
            world.send(revoke(access(grant))).await;
        }
        Happening::RevokeRefresh => {
            world.send(revoke(refresh(grant))).await;
        }
        Happening::RemoveByUser => world.remove_by_user(grant),
        Happening::Expire(subject) => world.expire(grant, *subject),
        Happening::Kill(subject) => {
            let mut state = world.tenant.lock();
            state.kill_at_provider(grant.grant, *subject, elapsed);
        }
        Happening::Later(seconds) => world.tenant.lock().clock_mut().advance(*seconds),
        Happening::Rotate => world.tenant.lock().rotate_signing_key(),
    }
}

/// Whether each endpoint that takes an access token takes this one for alive; the ledger first.
async fn opinions(world: &World, grant: &Minted) -> Vec<(&'static str, bool)> {
    let token = access(grant);
    let alive = {
        let elapsed = world.tenant.elapsed();
        let state = world.tenant.lock();
        let now = state.now(elapsed);
        let tokens = state.ledger().tokens(grant.grant, now);
        let known = tokens.iter().find(|known| known.text == token).unwrap();
        known.state == rescind_model::TokenState::Alive
    };
    let introspect = Ask::post("/oauth2/introspect")
        .basic(&world.ada.client)
        .form(&[("token", token)]);
    let introspected: Value = world.send(introspect).await.json();
    let mut opinions = vec![
        ("ledger", alive),
        ("introspection", introspected["active"] == true),
    ];
    for path in ["/api/me", "/userinfo"] {
        let answer = world.send(Ask::get(path).bearer(token)).await;
        opinions.push((path, answer.status == 200));
    }
    let form = Ask::post("/userinfo").form(&[("access_token", token)]);
    opinions.push((
        "/userinfo, in the form",
        world.send(form).await.status == 200,
    ));
    opinions
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_alive_at_one_endpoint_is_alive_at_every_endpoint(
        story in prop::collection::vec((any::<bool>(), happenings()), 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let world = World::start("openid").await;
            for (first, happening) in &story {
                let grant = if *first { &world.ada } else { &world.bob };
                happen(&world, grant, happening).await;
                for grant in [&world.ada, &world.bob] {
                    let opinions = opinions(&world, grant).await;
                    let truth = opinions[0].1;
                    prop_assert!(
                        opinions.iter().all(|(_, alive)| *alive == truth),
                        "after {happening:?}: {opinions:?}"
                    );
                }
            }
            // At the end the token endpoint and the revocation route agree about the refresh token.
            let rotate = Ask::post("/oauth2/token").basic(&world.ada.client).form(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh(&world.ada)),
            ]);
            let introspect = Ask::post("/oauth2/introspect")
                .basic(&world.ada.client)
                .form(&[("token", refresh(&world.ada))]);
            let active = world.send(introspect).await.json()["active"] == true;
            prop_assert_eq!(world.send(rotate).await.status == 200, active);
            Ok(())
        })?;
    }
}
