//! A token's text, where it needs no memory of its own if it is short, as all but signed ones are.

/// How many bytes are short: a record is looked at for every request, and this leaves it within two
/// lines of the processor's cache.
const SHORT: usize = 46;

/// A text that does not change.
#[derive(Clone)]
pub(super) enum Text {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl Text {
    /// One part after the other.
    pub(super) fn of(parts: [&[u8]; 2]) -> Self {
        let length = parts[0].len() + parts[1].len();
        match u8::try_from(length) {
            Ok(short) if length <= SHORT => {
                let mut bytes = [0; SHORT];
                let (first, rest) = bytes.split_at_mut(parts[0].len());
                first.copy_from_slice(parts[0]);
                rest[..parts[1].len()].copy_from_slice(parts[1]);
                Self::Short {
                    length: short,
                    bytes,
                }
            }
            _ => Self::Long(parts.concat().into()),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => &bytes[..usize::from(*length)],
            Self::Long(bytes) => bytes,
        }
    }

    /// It as a text. It was made of texts, so it is one.
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Text(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_it_was_made_of(first in "\\PC{0,30}", second in "\\PC{0,60}") {
            let text = Text::of([first.as_bytes(), second.as_bytes()]);
            prop_assert_eq!(text.as_str(), format!("{first}{second}"));
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Text::of([b"sec", b"ret"])), "Text(…)");
    }
}
