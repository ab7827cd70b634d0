//! Texts with their paths, values with their places, and errors that underline both.

use std::ops::{Deref, Range};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// A text and the path that it is known by in messages. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
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
    pub fn get(&self) -> &T {
        &self.value
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
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
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
/// A [`Diagnostic`] at the place that TOML or the type objects to; for an unknown key or word
/// the hint names the nearest known one.
pub fn parse<T: DeserializeOwned>(file: &SourceFile) -> Result<T, Diagnostic> {
    toml::from_str(file.text()).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let diagnostic = Diagnostic::new(file, span, plain_words(error.message()));
        match unknown_word(error.message()) {
            Some((word, known)) => diagnostic.hint_nearest(&word, known.iter().map(String::as_str)),
            None => diagnostic,
        }
    })
}

/// Serde's words, in ours: lower case, "key" for "field", one line.
fn plain_words(message: &str) -> String {
    let first_line = message.lines().next().unwrap_or("not readable");
    // The list of what was expected goes into the hint.
    let head = first_line
        .split(", expected one of")
        .next()
        .unwrap_or(first_line);
    let head = match unknown_word(message) {
        Some(_) => head.split(", expected").next().unwrap_or(head),
        None => head,
    };
    head.replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("duplicate field", "duplicate key")
        .replace("unknown variant", "unknown word")
}

/// From serde's message of an unknown field or variant: the word, and those it knows.
fn unknown_word(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message
        .strip_prefix("unknown field ")
        .or_else(|| message.strip_prefix("unknown variant "))?;
    let mut words = rest.split('`').skip(1).step_by(2).map(str::to_owned);
    let word = words.next()?;
    Some((word, words.collect()))
}

/// "did you mean …" when a known word is near, else the list of them.
pub fn nearest_hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .max_by(|left, right| left.0.total_cmp(&right.0))?;
    if nearest.0 >= 0.8 {
        return Some(format!("did you mean `{}`?", nearest.1));
    }
    let list: Vec<String> = known
        .iter()
        .map(|candidate| format!("`{candidate}`"))
        .collect();
    Some(format!("known here: {}", list.join(", ")))
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
  | ^",
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
