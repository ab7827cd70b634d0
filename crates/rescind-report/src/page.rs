//! A text for a terminal, line by line.

use anstyle::Style;
use rescind_model::source::Colour;

/// A text that grows.
pub struct Page {
    /// What it says so far.
    pub text: String,
    /// Whether styles show.
    pub colour: Colour,
}

impl Page {
    /// An empty one.
    pub const fn new(colour: Colour) -> Self {
        Self {
            text: String::new(),
            colour,
        }
    }

    /// Adds a line. Blanks at its end say nothing.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref().trim_end());
        self.text.push('\n');
    }

    /// A text in its style, where the page has any.
    pub fn painted(&self, style: Style, text: &str) -> String {
        painted(style, text, self.colour)
    }
}

/// A text in its style, if colours show.
pub fn painted(style: Style, text: &str, colour: Colour) -> String {
    match colour {
        Colour::Styled => format!("{style}{text}{style:#}"),
        Colour::Plain => text.to_owned(),
    }
}
