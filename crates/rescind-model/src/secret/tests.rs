//! What is found, and what is shown of it.

use super::*;

fn scanner() -> SecretScanner {
    let mut scanner = SecretScanner::new(FingerprintKey::of_seed("seed"));
    scanner.add(KnownSecret {
        kind: "access_token".into(),
        secret: Secret::new("ya29.AbCd+fGh/jKlMnOp"),
        prefix_length: 5,
    });
    scanner
}

fn check(text: &str, leaks: usize) {
    let found = scanner().find(text);
    assert_eq!(found.len(), leaks, "in {text:?}: {found:?}");
    let redacted = scanner().redact(text);
    assert!(
        scanner().find(&redacted).is_empty(),
        "{redacted:?} still leaks"
    );
}

#[test]
fn a_secret_is_found_whole_in_part_and_escaped() {
    check("token=ya29.AbCd+fGh/jKlMnOp&x=1", 1);
    check("prefix AbCd+fGh suffix", 1);
    check("AbCd%2BfGh%2FjKlMnOp", 1);
    check("a ya29.AbCd+fG", 0);
    check("ya29. is no secret", 0);
    check("AbCd+fGh/jKl and fGh/jKlMnOp", 2);
}

#[test]
fn a_whole_secret_is_found_with_its_prefix() {
    let whole = |text: &str| {
        let leaks = scanner().find(text);
        let whole = leaks.first().expect("a secret").whole.clone();
        text[whole].to_owned()
    };
    assert_eq!(
        whole("token=ya29.AbCd+fGh/jKlMnOp&x=1"),
        "ya29.AbCd+fGh/jKlMnOp"
    );
    assert_eq!(whole("token=AbCd+fGh/jKlMnOp"), "AbCd+fGh/jKlMnOp");
    let scanner = scanner();
    let shown = scanner.fingerprint("ya29.AbCd+fGh/jKlMnOp");
    assert_eq!(
        scanner.redact_message("authorization: Bearer ya29.AbCd+fGh/jKlMnOp"),
        format!("authorization: Bearer ‹access_token {shown}›")
    );
}

#[test]
fn secrets_that_begin_alike_are_told_apart() {
    let mut scanner = SecretScanner::new(FingerprintKey::of_seed("seed"));
    for (id, secret) in [("one", "secret-that-is-1"), ("two", "secret-that-is-2")] {
        scanner.add_basic(id, &Secret::new(secret));
    }
    let second = STANDARD.encode("two:secret-that-is-2");
    let shown = format!("‹client_secret {}›", scanner.fingerprint(&second));
    assert_eq!(
        scanner.redact(&format!("Basic {second}.")),
        format!("Basic {shown}.")
    );
}

#[test]
fn a_fingerprint_is_the_same_wherever_it_occurs() {
    let scanner = scanner();
    let redacted = scanner.redact("ya29.AbCd+fGh/jKlMnOp, AbCd+fGh");
    let fingerprint = scanner.fingerprint("ya29.AbCd+fGh/jKlMnOp");
    assert_eq!(redacted.matches(&fingerprint).count(), 2, "{redacted}");
    assert_ne!(
        FingerprintKey::of_seed("other").fingerprint("x"),
        scanner.fingerprint("x")
    );
}

#[test]
fn nothing_of_a_secret_is_left_however_it_is_escaped() {
    let token = "Qx+/=Lm&%~.P-_q8w+/=";
    let mut scanner = SecretScanner::new(FingerprintKey::of_seed("seed"));
    let known = |secret: &str| KnownSecret {
        kind: "token".into(),
        secret: Secret::new(secret),
        prefix_length: 0,
    };
    scanner.add(known(token));
    let shown = format!("‹token {}›", scanner.fingerprint(token));
    for form in written_forms(token) {
        assert_eq!(
            scanner.redact(&format!("token={form}&x=1")),
            format!("token={shown}&x=1")
        );
    }
}

#[test]
fn what_stands_where_a_secret_does_is_hidden_though_unknown() {
    let scanner = scanner();
    let shown = |kind: &str, value: &str| format!("‹{kind} {}›", scanner.fingerprint(value));
    let message =
        "POST /revoke?token=abc\nAuthorization: Bearer xyz\naccept: */*\n\ntoken=None&hint=x";
    let expected = format!(
        "POST /revoke?token={}\nAuthorization: Bearer {}\naccept: */*\n\ntoken={}&hint=x",
        shown("token", "abc"),
        shown("credentials", "xyz"),
        shown("token", "None")
    );
    assert_eq!(scanner.redact_message(message), expected);
    let json = "{\"list\":[{\"token\":\"abc\"}],\"error\":\"invalid_token\"}";
    let expected = format!(
        "{{\"list\":[{{\"token\":\"{}\"}}],\"error\":\"invalid_token\"}}",
        shown("token", "abc")
    );
    assert_eq!(scanner.redact_message(json), expected);
}

#[test]
fn basic_credentials_are_found_without_their_client_id() {
    let mut scanner = scanner();
    scanner.add_basic("client-1", &Secret::new("correct horse battery"));
    assert_eq!(
        scanner
            .find(&STANDARD.encode("client-1:correct horse battery"))
            .len(),
        1
    );
    assert!(scanner.find(&STANDARD.encode("client-1:")).is_empty());
}

proptest::proptest! {
    #[test]
    fn redaction_never_panics_and_leaves_nothing(before in "\\PC{0,12}", part in 0usize..14, after in "\\PC{0,12}") {
        let text = format!("{before}{}{after}", &"AbCd+fGh/jKlMnOp"[..part]);
        let scanner = scanner();
        let redacted = scanner.redact(&text);
        proptest::prop_assert!(scanner.find(&redacted).is_empty(), "{redacted}");
    }
}
