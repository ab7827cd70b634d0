//! Where each verdict stands in each format: the table of `docs/reports.md`. A verdict or format
//! that is added and has no place here does not compile.

use rescind_model::verdict::Verdict;

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// What a person reads on a terminal.
    Terminal,
    /// `rescind.report/1`
    Json,
    /// `rescind.events/1`
    Ndjson,
    /// JUnit's XML.
    Junit,
    /// GitHub's annotations.
    Github,
    /// A Markdown page, which is also GitHub's job summary.
    Markdown,
}

impl Format {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Terminal,
        Self::Json,
        Self::Ndjson,
        Self::Junit,
        Self::Github,
        Self::Markdown,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Markdown => "markdown",
        }
    }
}

/// Where a verdict stands in a format, in Markdown.
pub fn place(verdict: Verdict, format: Format) -> String {
    let word = verdict.as_str();
    let excluded = verdict == Verdict::Excluded;
    match format {
        Format::Json if excluded => format!("`requirements[]`, `\"{word}\"`, with its `reason`"),
        Format::Json => format!("`checks[]`, `\"{word}\"`; `summary.{word}`"),
        Format::Ndjson if excluded => format!("a line `requirement`, `\"{word}\"`"),
        Format::Ndjson => {
            let explained = if is_explained(verdict) {
                ", and a line `finding`"
            } else {
                ""
            };
            format!("a line `check`, `\"{word}\"`{explained}")
        }
        Format::Terminal => terminal(verdict).to_owned(),
        Format::Junit => junit(verdict).to_owned(),
        Format::Github => github(verdict).to_owned(),
        Format::Markdown => markdown(verdict).to_owned(),
    }
}

/// Whether there is something to explain about it.
const fn is_explained(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Pass | Verdict::NotApplicable | Verdict::Excluded => false,
        Verdict::ExpectedFail
        | Verdict::Warn
        | Verdict::Untestable
        | Verdict::NotRun
        | Verdict::UnexpectedPass
        | Verdict::Fail
        | Verdict::HarnessError => true,
    }
}

const fn terminal(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Excluded => "a row, with the reason; counted",
        Verdict::Pass | Verdict::NotApplicable => "counted",
        Verdict::ExpectedFail => "a line before the failures; counted",
        Verdict::Warn
        | Verdict::Untestable
        | Verdict::NotRun
        | Verdict::UnexpectedPass
        | Verdict::Fail
        | Verdict::HarnessError => "explained, the gravest last; counted",
    }
}

const fn junit(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Excluded => "`skipped`, in the suite `requirements`",
        Verdict::NotApplicable => "`skipped`",
        Verdict::Pass => "passed",
        Verdict::ExpectedFail => "`skipped`, with the reason",
        Verdict::Warn => "passed, with the warning in `system-out`",
        Verdict::Fail | Verdict::UnexpectedPass => "`failure`",
        Verdict::Untestable | Verdict::NotRun | Verdict::HarnessError => "`error`",
    }
}

const fn github(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Excluded | Verdict::NotApplicable | Verdict::Pass => {
            "no annotation; in the job summary"
        }
        Verdict::ExpectedFail => "`notice`",
        Verdict::Warn => "`warning`",
        Verdict::Untestable
        | Verdict::NotRun
        | Verdict::UnexpectedPass
        | Verdict::Fail
        | Verdict::HarnessError => "`error`",
    }
}

const fn markdown(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Excluded => "a row of *Requirements*, with the reason",
        Verdict::Pass | Verdict::NotApplicable => "counted",
        Verdict::ExpectedFail => "counted; *Failed as expected*",
        Verdict::Warn => "counted; *Warnings*",
        Verdict::Untestable
        | Verdict::NotRun
        | Verdict::UnexpectedPass
        | Verdict::Fail
        | Verdict::HarnessError => "counted; *Findings*",
    }
}

/// The table, as `docs/reports.md` has it.
pub fn table() -> String {
    let mut text = "| verdict |".to_owned();
    for format in Format::ALL {
        text.extend([" ", format.as_str(), " |"]);
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Format::ALL.len()));
    text.push('\n');
    for verdict in Verdict::ALL.into_iter().rev() {
        text.extend(["| `", verdict.as_str(), "` |"]);
        for format in Format::ALL {
            text.extend([" ", &place(verdict, format), " |"]);
        }
        text.push('\n');
    }
    text
}
