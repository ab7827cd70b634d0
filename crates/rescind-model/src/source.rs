//! Texts with their paths, values with their places, and errors that underline both.

use std::ops::{Deref, Range};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A text and the path that it is known by in messages. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "PathAndText", into = "PathAndText")]
#[schemars(with = "PathAndText")]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
}

/// A file, as a report holds it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SourceFile")]
struct PathAndText {
    /// The path that messages show.
    path: String,
    /// The whole text.
    text: String,
}

impl From<PathAndText> for SourceFile {
    fn from(file: PathAndText) -> Self {
        Self::new(file.path, file.text)
    }
}

impl From<SourceFile> for PathAndText {
    fn from(file: SourceFile) -> Self {
        Self {
            path: file.path().to_owned(),
            text: file.text().to_owned(),
        }
    }
}

impl SourceFile {
    /// A file's text under the path that messages are to show.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// The path as messages show it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of a byte offset, counted from 1.
    pub fn line_of(&self, offset: usize) -> usize {
        let end = offset.min(self.text.len());
        self.text[..self.text.floor_char_boundary(end)]
            .matches('\n')
            .count()
            + 1
    }

    /// Where the value stands that keys lead to from the table or value at a place, both as TOML
    /// reads them; as far as they lead. None if nothing stands at exactly that place.
    ///
    /// For types that know no places because they are also read from other formats.
    pub fn place_below(&self, start: &Range<usize>, keys: &[&str]) -> Option<Range<usize>> {
        let document = DeTable::parse(&self.text).ok()?;
        let mut value = document
            .get_ref()
            .values()
            .find_map(|value| at(value, start))?;
        for key in keys {
            match value.get_ref().get(*key) {
                Some(below) => value = below,
                None => break,
            }
        }
        Some(value.span())
    }
}

/// The value that stands at exactly that place, in a value or below it.
fn at<'a, 'text>(
    value: &'a Spanned<DeValue<'text>>,
    place: &Range<usize>,
) -> Option<&'a Spanned<DeValue<'text>>> {
    let below = match value.get_ref() {
        DeValue::Table(table) => table.values().find_map(|value| at(value, place)),
        DeValue::Array(values) => values.iter().find_map(|value| at(value, place)),
        _ => None,
    };
    // An array of tables stands where its first table does, and the table is meant.
    below.or_else(|| (value.span() == *place).then_some(value))
}

/// A value and the byte range where its file states it.
#[derive(Clone, Debug)]
pub struct Located<T> {
    value: T,
    span: Range<usize>,
}

impl<T> Located<T> {
    /// A value that no file states: a default.
    pub const fn unplaced(value: T) -> Self {
        Self { value, span: 0..0 }
    }

    /// The byte range in the file that the value was read from.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value itself.
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// What is made of the value, at its place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        Located {
            value: change(self.value),
            span: self.span,
        }
    }

    /// The value, to be changed. Its place stays that of what the file states.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Default> Default for Located<T> {
    fn default() -> Self {
        Self::unplaced(T::default())
    }
}

impl<T> Deref for Located<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        let span = spanned.span();
        Ok(Self {
            value: spanned.into_inner(),
            span,
        })
    }
}

// A place is no part of the format: the schema is that of the value.
impl<T: JsonSchema> JsonSchema for Located<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A mistake in a file: where, what, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file that holds the mistake.
    pub file: SourceFile,
    /// The bytes to underline.
    pub span: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What stands beside the underline.
    pub label: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// Whether a rendered text carries terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Plain,
    /// ANSI escapes.
    Styled,
}

impl Diagnostic {
    /// A mistake at `span` of `file`.
    pub fn new(file: &SourceFile, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            file: file.clone(),
            span,
            message: message.into(),
            label: String::new(),
            hint: None,
        }
    }

    /// With a word beside the underline.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the nearest of the known words as the next step, or all of them if none is near.
    #[must_use]
    pub fn hint_nearest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest_hint(word, known) {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// The message with its underlined line, as rustc draws it, and the hint on a line of its own.
    pub fn render(&self, colour: Colour) -> String {
        let text = underline(
            &self.file,
            self.span.clone(),
            &self.message,
            &self.label,
            colour,
        );
        match &self.hint {
            Some(hint) => format!("{text}\nhint: {hint}"),
            None => text,
        }
    }
}

/// Draws one underlined place of a file under a title.
pub fn underline(
    file: &SourceFile,
    span: Range<usize>,
    title: &str,
    label: &str,
    colour: Colour,
) -> String {
    let length = file.text().len();
    // A span may end inside a character when it comes from a tool that counts otherwise.
    let start = file.text().floor_char_boundary(span.start.min(length));
    // Only the first line is underlined: a whole table underlined says less than its head.
    let line_end = file.text()[start..]
        .find('\n')
        .map_or(length, |offset| start + offset);
    let end = file
        .text()
        .ceil_char_boundary(span.end.clamp(start, line_end.max(start)));
    let annotation = AnnotationKind::Primary.span(start..end);
    let annotation = if label.is_empty() {
        annotation
    } else {
        annotation.label(label)
    };
    let snippet = Snippet::source(file.text())
        .path(file.path())
        .fold(true)
        .annotation(annotation);
    let report = [Level::ERROR.primary_title(title).element(snippet)];
    let renderer = match colour {
        Colour::Plain => Renderer::plain(),
        Colour::Styled => Renderer::styled(),
    };
    renderer.render(&report)
}

/// Reads a TOML text into a type.
///
/// # Errors
/// A [`Diagnostic`] at the place that TOML or the type objects to, with what to do about it; for
/// an unknown key or word that is the nearest known one.
pub fn parse<T: DeserializeOwned>(file: &SourceFile) -> Result<T, Diagnostic> {
    toml::from_str(file.text()).map_err(|error| in_plain_words(file, &error))
}

/// An error of TOML's or of serde's, in our words: "key" for "field", no names of Rust types.
fn in_plain_words(file: &SourceFile, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let said = error.message().lines().next().unwrap_or("not readable");
    let place = file.text().get(span.clone()).unwrap_or_default();
    let diagnostic = |message: String| Diagnostic::new(file, span.clone(), message);
    if let Some((what, word, known)) = unknown_word(error.message()) {
        let diagnostic = diagnostic(format!("unknown {what} `{word}`"));
        return if known.is_empty() {
            diagnostic.hint("nothing is known here: leave it out")
        } else {
            diagnostic.hint_nearest(&word, known.iter().map(String::as_str))
        };
    }
    if let Some(key) = said.strip_prefix("missing field ") {
        return diagnostic(format!("missing key {key}"))
            .hint(format!("state {key}: it cannot be left out here"));
    }
    if said == "duplicate key" {
        return diagnostic(format!("duplicate key `{place}`"))
            .hint("state it once: remove one, or put what both say into one");
    }
    if said.starts_with("wanted exactly 1 element") {
        return diagnostic("exactly one key is expected here".to_owned())
            .hint("state one of the keys, and leave the others out");
    }
    let mistaken = said
        .strip_prefix("invalid type: ")
        .or_else(|| said.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    if let Some((found, expected)) = mistaken {
        let expected = expected_words(expected);
        let found_words = found_words(found);
        let message = if said.starts_with("invalid value") {
            format!("{found_words} does not fit here")
        } else {
            format!("{expected} is expected, not {found_words}")
        };
        return diagnostic(message).hint(conversion(expected, found, place));
    }
    diagnostic(said.to_owned())
        .hint("TOML cannot be read from here on; the mistake may stand just before this place")
}

/// From serde's message of an unknown field or variant: which of the two, the word, and those it
/// knows.
fn unknown_word(message: &str) -> Option<(&'static str, String, Vec<String>)> {
    let (what, rest) = match message.strip_prefix("unknown field ") {
        Some(rest) => ("key", rest),
        None => ("word", message.strip_prefix("unknown variant ")?),
    };
    let mut words = rest.split('`').skip(1).step_by(2).map(str::to_owned);
    let word = words.next()?;
    Some((what, word, words.collect()))
}

/// What a type asks for.
fn expected_words(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number up to 65535",
        "u32" | "u64" | "usize" => "a whole number",
        "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" => "a text",
        "a sequence" => "a list",
        "a map" => "a table",
        "a TOML datetime" => "a day",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// What stands in its place.
fn found_words(found: &str) -> String {
    match found.split_once(' ') {
        Some(("string", text)) => format!("the text {text}"),
        Some(("integer", number)) => format!("the number {}", number.trim_matches('`')),
        Some(("floating", number)) => {
            format!(
                "the number {}",
                number.trim_start_matches("point ").trim_matches('`')
            )
        }
        Some(("boolean", word)) => word.to_owned(),
        _ if found == "map" => "a table".to_owned(),
        _ if found == "sequence" => "a list".to_owned(),
        _ => found.to_owned(),
    }
}

/// How to make what stands there what is expected.
fn conversion(expected: &str, found: &str, place: &str) -> String {
    let inside = place.trim_matches('"');
    match expected {
        "a list" if found == "map" && place.starts_with('[') => {
            format!("a list of tables has two brackets: `[{place}]`")
        }
        "a list" => format!("put it into brackets: `[{place}]`"),
        "a table" => "write `{ key = value }` in its place, or a `[table]` of its own".to_owned(),
        "a day" => "write year, month and day, without quotes: `2027-01-31`".to_owned(),
        "a text" => format!("put it into quotes: `\"{inside}\"`"),
        _ if inside != place && inside.parse::<f64>().is_ok() => {
            format!("leave out the quotes: `{inside}`")
        }
        "a whole number" => "write a whole number that is not below 0, without a unit".to_owned(),
        "a whole number up to 65535" => "write a whole number from 0 to 65535".to_owned(),
        _ => format!("write {expected} in its place"),
    }
}

/// How many known words a hint lists; of more, it lists the nearest.
const LISTED: usize = 16;

/// "did you mean …" when a known word is near, else the list of them.
pub fn nearest_hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Small and capital letters are mistaken for each other, and so are `-` and `_`.
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let mut known: Vec<(f64, &str)> = known
        .into_iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&plain(word), &plain(candidate)),
                candidate,
            )
        })
        .collect();
    let nearest = known
        .iter()
        .copied()
        .max_by(|left, right| left.0.total_cmp(&right.0))?;
    if nearest.0 >= 0.8 {
        return Some(format!("did you mean `{}`?", nearest.1));
    }
    let mut head = "known here:";
    if known.len() > LISTED {
        known.sort_by(|left, right| right.0.total_cmp(&left.0));
        known.truncate(3);
        head = "the nearest that are known here:";
    }
    let list: Vec<String> = known
        .iter()
        .map(|(_, candidate)| format!("`{candidate}`"))
        .collect();
    Some(format!("{head} {}", list.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        title: Located<String>,
    }

    fn check(text: &str, expected: &str) {
        let file = SourceFile::new("sample.toml", text);
        let rendered = match parse::<Sample>(&file) {
            Ok(_) => "no error".to_owned(),
            Err(diagnostic) => diagnostic.render(Colour::Plain),
        };
        assert_eq!(rendered, expected.trim_matches('\n'));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        check(
            "titel = \"x\"\n",
            "
error: unknown key `titel`
 --> sample.toml:1:1
  |
1 | titel = \"x\"
  | ^^^^^
hint: did you mean `title`?",
        );
    }

    #[test]
    fn a_located_value_knows_its_line() {
        let file = SourceFile::new("sample.toml", "\n\ntitle = \"x\"\n");
        let sample: Sample = parse(&file).expect("the sample is well formed");
        assert_eq!(file.line_of(sample.title.span().start), 3);
    }

    #[test]
    fn an_empty_file_is_an_error_with_a_place() {
        check(
            "",
            "
error: missing key `title`
 --> sample.toml:1:1
  |
1 |
  | ^
hint: state `title`: it cannot be left out here",
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_place_panics(text in "\\PC{0,40}\n?\\PC{0,10}", start in 0usize..60, length in 0usize..20) {
            let file = SourceFile::new("sample.toml", text.as_str());
            let _ = parse::<Sample>(&file).map_err(|diagnostic| diagnostic.render(Colour::Plain));
            let start = (0..=start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let _ = Diagnostic::new(&file, start..start + length, "message").render(Colour::Plain);
        }
    }
}
