//! The list of accounts: filters, order, pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Harness, both, import_body};

const ACCOUNTS: &str = "/api/v3.1/connected_accounts";

async fn list(harness: &Harness, query: &str) -> Value {
    let answer = harness
        .send("GET", &format!("{ACCOUNTS}?{query}"), None)
        .await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.body
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn import(harness: &Harness, config: &str, user: &str, status: &str) -> String {
    let mut body = import_body(config, "OAUTH2", both());
    body["connection"]["user_id"] = user.into();
    body["connection"]["state"]["val"]["status"] = status.into();
    let answer = harness.send("POST", ACCOUNTS, Some(body)).await;
    answer.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn filters_hold_all_at_once() {
    let harness = Harness::start().await;
    let plain = harness.auth_config("rfc7009", "c").await;
    let google = harness.auth_config("google", "c").await;
    let one = import(&harness, &plain, "u1", "ACTIVE").await;
    let two = import(&harness, &plain, "u2", "EXPIRED").await;
    let three = import(&harness, &google, "u/3, x", "ACTIVE").await;
    let gone = import(&harness, &google, "u1", "ACTIVE").await;
    harness.delete(&gone).await;
    for (query, expected) in [
        (String::new(), vec![&one, &two, &three]),
        ("statuses=ACTIVE".to_owned(), vec![&one, &three]),
        (
            "statuses=ACTIVE,EXPIRED".to_owned(),
            vec![&one, &two, &three],
        ),
        (
            "statuses=ACTIVE&statuses=EXPIRED".to_owned(),
            vec![&one, &two, &three],
        ),
        ("statuses=FAILED".to_owned(), vec![]),
        ("toolkit_slugs=google".to_owned(), vec![&three]),
        (
            "user_ids=u1,u2&toolkit_slugs=rfc7009".to_owned(),
            vec![&one, &two],
        ),
        ("user_ids=u1&statuses=EXPIRED".to_owned(), vec![]),
        (format!("auth_config_ids={plain}"), vec![&one, &two]),
        (
            format!("connected_account_ids={one},{three},{gone}"),
            vec![&one, &three],
        ),
        (
            "user_ids=&statuses=&unknown=1".to_owned(),
            vec![&one, &two, &three],
        ),
    ] {
        let page = list(&harness, &query).await;
        let found: BTreeSet<String> = ids(&page).into_iter().collect();
        let expected: BTreeSet<String> = expected.into_iter().cloned().collect();
        assert_eq!(found, expected, "{query}");
        assert_eq!(page["total_items"], expected.len(), "{query}");
        assert_eq!(
            (&page["current_page"], &page["next_cursor"]),
            (&json!(1), &Value::Null)
        );
    }
}

#[tokio::test]
async fn pages_hold_every_account_once_whatever_is_added_meanwhile() {
    for order in [
        "",
        "&order_direction=asc",
        "&order_by=updated_at&order_direction=desc",
    ] {
        let harness = Harness::start().await;
        let config = harness.auth_config("rfc7009", "c").await;
        let mut before = BTreeSet::new();
        for _ in 0..7 {
            before.insert(import(&harness, &config, "u", "ACTIVE").await);
        }
        let (mut seen, mut cursor, mut number) = (Vec::new(), String::new(), 0);
        loop {
            let page = list(&harness, &format!("limit=3{order}{cursor}")).await;
            number += 1;
            assert_eq!(page["current_page"], number);
            let items: i32 = 7 + number - 1;
            assert_eq!(page["total_items"], items);
            assert_eq!(
                page["total_pages"],
                items.div_euclid(3) + i32::from(items % 3 > 0)
            );
            seen.extend(ids(&page));
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
            import(&harness, &config, "u", "ACTIVE").await;
        }
        let distinct: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "{order}: seen twice");
        assert!(before.is_subset(&distinct), "{order}: left out");
    }
}

#[tokio::test]
async fn the_newest_come_first_unless_asked_otherwise() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    for _ in 0..4 {
        import(&harness, &config, "u", "ACTIVE").await;
    }
    let newest_first = list(&harness, "").await;
    let moments: Vec<&str> = newest_first["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["created_at"].as_str().unwrap())
        .collect();
    assert!(moments.is_sorted_by(|one, next| one >= next), "{moments:?}");
    let mut oldest_first = ids(&list(&harness, "order_by=created_at&order_direction=asc").await);
    oldest_first.reverse();
    assert_eq!(ids(&newest_first), oldest_first);
}

#[tokio::test]
async fn parameters_that_cannot_be_read_are_refused() {
    let harness = Harness::start().await;
    let config = harness.auth_config("rfc7009", "c").await;
    for _ in 0..2 {
        import(&harness, &config, "u", "ACTIVE").await;
    }
    let first = list(&harness, "limit=1").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let other_order = format!("order_direction=asc&cursor={cursor}");
    let cut = format!("cursor={}", &cursor[1..]);
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=1.5",
        "limit=many",
        "limit=1&limit=2",
        "order_by=name",
        "order_direction=up",
        "statuses=active",
        "statuses=ACTIVE,GONE",
        "cursor=x",
        "cursor=%00%ff",
        &other_order,
        &cut,
    ] {
        let answer = harness
            .send("GET", &format!("{ACCOUNTS}?{query}"), None)
            .await;
        assert_eq!(answer.status, 400, "{query}");
        let name = query.rsplit('&').next().unwrap().split('=').next().unwrap();
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(name), "{query}: {message}");
    }
    assert_eq!(list(&harness, "limit=1000").await["total_items"], 2);
}
