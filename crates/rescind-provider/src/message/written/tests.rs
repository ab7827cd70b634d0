//! Answers as bytes, whole and spoiled.

use super::*;

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned().into(), (*value).to_owned().into()));
    Reply {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

#[track_caller]
fn check(reply: &Reply, spoiled: &Spoiled, method: &str, expected: &str, is_whole: bool) {
    let written = reply.written(spoiled, method);
    assert_eq!(String::from_utf8_lossy(&written.bytes), expected);
    assert_eq!(written.is_whole(), is_whole);
    assert_eq!(written.flaws().is_empty(), is_whole);
}

const AS_IT_IS: Spoiled = Spoiled {
    length_off_by: 0,
    cut_at_byte: None,
    drip: None,
};

fn off_by(length_off_by: i64) -> Spoiled {
    Spoiled {
        length_off_by,
        ..AS_IT_IS
    }
}

fn cut_at(at_byte: u32) -> Spoiled {
    Spoiled {
        cut_at_byte: Some(at_byte),
        ..AS_IT_IS
    }
}

#[test]
fn a_whole_answer_says_its_length_and_that_the_connection_ends() {
    check(
        &reply(200, &[("x", "y")], "body"),
        &AS_IT_IS,
        "POST",
        "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody",
        true,
    );
}

#[test]
fn an_answer_to_head_and_one_without_a_body_have_none() {
    check(
        &reply(200, &[], "body"),
        &AS_IT_IS,
        "HEAD",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\n",
        true,
    );
    for (status, name) in [(204, "No Content"), (304, "Not Modified")] {
        let expected = format!("HTTP/1.1 {status} {name}\r\nconnection: close\r\n\r\n");
        check(&reply(status, &[], ""), &AS_IT_IS, "GET", &expected, true);
        let expected = format!("HTTP/1.1 {status} {name}\r\ncontent-length: 3\r\n\r\n");
        check(&reply(status, &[], ""), &off_by(3), "GET", &expected, false);
    }
}

#[test]
fn a_status_that_has_no_name_goes_without_one() {
    check(
        &reply(599, &[], ""),
        &AS_IT_IS,
        "GET",
        "HTTP/1.1 599 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        true,
    );
}

#[test]
fn a_wrong_length_is_as_wrong_as_asked_and_never_below_0() {
    let reply = reply(200, &[], "body");
    for (by, declared) in [(1, 5), (-1, 3), (-4, 0), (-5, 0), (i64::MIN, 0)] {
        let expected = format!("HTTP/1.1 200 OK\r\ncontent-length: {declared}\r\n\r\nbody");
        check(&reply, &off_by(by), "POST", &expected, false);
    }
}

#[test]
fn a_length_that_cannot_be_less_is_right() {
    let expected = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    check(&reply(200, &[], ""), &off_by(-7), "POST", expected, true);
}

#[test]
fn a_cut_leaves_the_first_bytes_and_tells_how_far_they_go() {
    let reply = reply(200, &[], "body");
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody";
    let (status_line, head) = (17, 38);
    for at_byte in 1..=50_u32 {
        let length = whole.len().min(at_byte as usize);
        let expected = &whole[..length];
        check(&reply, &cut_at(at_byte), "POST", expected, length == 42);
        let written = reply.written(&cut_at(at_byte), "POST");
        assert_eq!(written.tells_status(), at_byte >= status_line);
        assert_eq!(written.tells_headers(), at_byte >= head);
    }
}

#[test]
fn headers_that_would_say_something_else_stay_out() {
    let headers = [
        ("Content-Length", "1"),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("a b", "c"),
        ("x", "a\r\nb: c"),
        ("kept", "yes"),
    ];
    check(
        &reply(200, &headers, ""),
        &AS_IT_IS,
        "POST",
        "HTTP/1.1 200 OK\r\nkept: yes\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        true,
    );
}

#[test]
fn flaws_are_told_in_numbers() {
    let spoiled = Spoiled {
        length_off_by: 6,
        cut_at_byte: Some(40),
        drip: None,
    };
    let written = reply(200, &[], "body").written(&spoiled, "POST");
    let expected = [
        "content-length 10 in place of 4",
        "cut off after 40 of 43 bytes",
    ];
    assert_eq!(written.flaws(), expected);
}
