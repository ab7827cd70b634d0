//! Form bodies, query strings and what is encoded like them, read as the URL standard says
//! (`application/x-www-form-urlencoded` parsing), each text in one go.

use std::borrow::Cow;

/// A name and its value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The names and values of a form.
pub fn pairs(form: &[u8]) -> Vec<Pair<'_>> {
    let parts = form.split(|byte| *byte == b'&');
    let parts = parts.filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let equals = part.iter().position(|byte| *byte == b'=');
            let (name, value) = match equals {
                Some(equals) => (&part[..equals], &part[equals + 1..]),
                None => (part, &[][..]),
            };
            (decoded(name), decoded(value))
        })
        .collect()
}

/// A text without its escapes. What is no UTF-8 then is replaced.
pub fn decoded(text: &[u8]) -> Cow<'_, str> {
    let Some(first) = text.iter().position(|byte| matches!(byte, b'%' | b'+')) else {
        return String::from_utf8_lossy(text);
    };
    let mut bytes = Vec::with_capacity(text.len());
    let (plain, mut rest) = text.split_at(first);
    bytes.extend_from_slice(plain);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match escaped(after) {
                Some(escaped) => {
                    rest = &after[2..];
                    escaped
                }
                None => b'%',
            },
            plain => *plain,
        });
    }
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => String::from_utf8_lossy(error.as_bytes())
            .into_owned()
            .into(),
    }
}

/// The byte that two digits stand for, at the beginning of a text.
fn escaped(text: &[u8]) -> Option<u8> {
    let digit = |index: usize| char::from(*text.get(index)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes of which many mean something.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let meaningful = prop::sample::select(b"&=+%0aF9\xC3\xA4".to_vec());
        prop::collection::vec(prop_oneof![3 => meaningful, 1 => any::<u8>()], 0..40)
    }

    proptest! {
        #[test]
        fn it_reads_what_the_url_standard_reads(bytes in bytes()) {
            let expected: Vec<Pair<'_>> = form_urlencoded::parse(&bytes).collect();
            prop_assert_eq!(pairs(&bytes), expected);
        }
    }
}
