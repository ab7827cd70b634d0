//! Where text goes: data to standard output, talk to standard error; colours only where a
//! terminal shows them.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the one place that prints"
)]

use std::io::Write;

use rescind_model::Diagnostic;
use rescind_model::source::Colour;

/// Prints data. Escapes are taken out where standard output is no terminal.
pub fn data(text: &str) {
    // A reader that has gone away, as `| head` does, is no error.
    let _ = write!(anstream::stdout(), "{text}");
    let _ = anstream::stdout().flush();
}

/// Prints what would be data, had not something else a better claim to standard output.
pub fn aside(text: &str) {
    let _ = write!(anstream::stderr(), "{text}");
    let _ = anstream::stderr().flush();
}

/// How many characters fit on a line of the terminal; a hundred where standard output is none.
pub fn width() -> usize {
    terminal_size::terminal_size_of(std::io::stdout())
        .map_or(100, |(terminal_size::Width(width), _)| usize::from(width))
}

/// Says something to the person.
pub fn talk(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says what is wrong and what to do next.
pub fn problem(message: &str, hint: &str) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    talk(&format!("{red}error{red:#}: {message}\nhint: {hint}"));
}

/// Shows mistakes in files, each with its underlined place.
pub fn diagnostics(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        talk(&diagnostic.render(Colour::Styled));
        talk("");
    }
}
