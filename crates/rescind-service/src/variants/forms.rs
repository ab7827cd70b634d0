//! Form bodies, written in every way that means the same. Pure.

use std::fmt::Write as _;

use super::Variant;
use crate::upstream::request::form;

/// Encodes the fields of a form as a variant does; none where it encodes them as everybody does.
pub(super) fn encode(variant: Variant, fields: &[(String, String)]) -> Option<String> {
    Some(match variant {
        Variant::LowercasePercentEncoding => with_lowercase_escapes(&form(fields)),
        Variant::OverEncoded => joined(fields, |byte| byte.is_ascii_alphanumeric()),
        // What ECMA-262 section 19.2.6.5 leaves as it is.
        Variant::SpaceAsPercent20 => joined(fields, |byte| {
            byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)
        }),
        Variant::FieldsReordered | Variant::ClientIdBesideBasic => form(fields),
        _ => return None,
    })
}

fn with_lowercase_escapes(encoded: &str) -> String {
    let mut digits_left = 0;
    encoded
        .chars()
        .map(|character| {
            if character == '%' {
                digits_left = 2;
                return character;
            }
            if digits_left == 0 {
                return character;
            }
            digits_left -= 1;
            character.to_ascii_lowercase()
        })
        .collect()
}

fn joined(fields: &[(String, String)], stays: impl Fn(u8) -> bool) -> String {
    let escaped = |text: &str| {
        text.bytes().fold(String::new(), |mut escaped, byte| {
            if stays(byte) {
                escaped.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
            escaped
        })
    };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::encode;
    use crate::variants::Variant;

    const ENCODINGS: [Variant; 4] = [
        Variant::LowercasePercentEncoding,
        Variant::OverEncoded,
        Variant::SpaceAsPercent20,
        Variant::FieldsReordered,
    ];

    #[test]
    fn each_encoding_looks_as_its_name_says() {
        let fields = [("a_token".to_owned(), "T~o k/n!*".to_owned())];
        let texts = ENCODINGS.map(|variant| encode(variant, &fields).unwrap());
        assert_eq!(
            texts,
            [
                "a_token=T%7eo+k%2fn%21*",
                "a%5Ftoken=T%7Eo%20k%2Fn%21%2A",
                "a_token=T~o%20k%2Fn!*",
                "a_token=T%7Eo+k%2Fn%21*",
            ]
        );
        assert_eq!(encode(Variant::ListReversed, &fields), None);
    }

    proptest! {
        #[test]
        fn every_encoding_means_the_same(name in "[ -~]{1,20}", value in "\\PC{0,40}") {
            let fields = [(name, value), ("other".to_owned(), "é %41+".to_owned())];
            for variant in ENCODINGS {
                let encoded = encode(variant, &fields).unwrap();
                let decoded: Vec<(String, String)> =
                    form_urlencoded::parse(encoded.as_bytes()).into_owned().collect();
                prop_assert_eq!(&decoded[..], &fields[..], "{}", variant);
            }
        }
    }
}
