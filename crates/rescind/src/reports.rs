//! Reports: where they go is checked before a run, and they are written after it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rescind_model::event::{Event, RunFinished};
use rescind_model::source::Colour;
use rescind_report::markdown::Extent;
use rescind_report::{github, json, junit, markdown, ndjson, terminal};

use crate::arguments::{Destination, GithubActions, ReportDestination, ReportFormat};
use crate::commands::{NotReady, fresh_seed, unfinished_path, write_atomically};
use crate::output;

/// What GitHub takes of a job summary for a step: a mebibyte, by its documentation.
const LONGEST_JOB_SUMMARY: usize = 1 << 20;

/// Every report of a run, and what GitHub gets of its own.
#[derive(Debug)]
pub struct Reports {
    wanted: Vec<ReportDestination>,
    github: Option<Github>,
}

/// What a run under GitHub Actions says to it.
#[derive(Debug)]
struct Github {
    actions: GithubActions,
    /// What keeps evidence from being read as commands; nobody can guess it.
    word: String,
}

impl Reports {
    /// Checks that every report can be written, before anything runs: nobody wants to hear after
    /// the run that it was for nothing.
    ///
    /// # Errors
    /// Two reports for one place, a folder that is not there, a file that cannot be written.
    pub fn prepare(
        wanted: &[ReportDestination],
        actions: Option<GithubActions>,
    ) -> Result<Self, NotReady> {
        for (index, report) in wanted.iter().enumerate() {
            if wanted[..index]
                .iter()
                .any(|other| other.destination == report.destination)
            {
                return Err(NotReady::Usage(
                    format!("two reports go to {}", report.destination),
                    "give each a place of its own: the second would take the first one's place"
                        .to_owned(),
                ));
            }
            if let Destination::File(path) = &report.destination {
                check_writable(path)?;
            }
        }
        let github = match actions {
            Some(actions) => Some(Github {
                actions,
                word: fresh_seed()?,
            }),
            None => None,
        };
        Ok(Self {
            wanted: wanted.to_vec(),
            github,
        })
    }

    /// Writes every report, then says what the run came to: to standard output, or beside it where
    /// a report goes there.
    ///
    /// # Errors
    /// What could not be written, when all that could be is.
    pub fn write(&self, events: &[Event], finished: &RunFinished) -> Result<(), String> {
        let mut problems = Vec::new();
        for report in &self.wanted {
            let written = render(report.format, events, finished).and_then(|text| {
                match &report.destination {
                    Destination::File(path) => write_atomically(path, &text),
                    Destination::StandardOutput => {
                        output::data(&text);
                        Ok(())
                    }
                }
            });
            if let Err(error) = written {
                problems.push(format!(
                    "the report to {} cannot be written: {error}",
                    report.destination
                ));
            }
        }
        let text = terminal::render(finished, Colour::Styled);
        match &self.github {
            Some(github) => self.say(&self.with_commands(github, &text, finished)),
            None => self.say(&text),
        }
        if let Some(path) = self.job_summary() {
            let summary = markdown::render(finished, Extent::Bytes(LONGEST_JOB_SUMMARY));
            if let Err(error) = append(path, &summary) {
                problems.push(format!(
                    "the job summary `{}` cannot be written: {error}",
                    path.display()
                ));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.join("; "))
        }
    }

    fn job_summary(&self) -> Option<&Path> {
        self.github.as_ref()?.actions.step_summary.as_deref()
    }

    /// What is for people, with the annotations behind it, unless they are written elsewhere.
    fn with_commands(&self, github: &Github, text: &str, finished: &RunFinished) -> String {
        let mut text = github::shielded(text, &github.word);
        let is_asked_for = self
            .wanted
            .iter()
            .any(|report| report.format == ReportFormat::Github);
        if !is_asked_for {
            text.push_str(&github::annotations(finished));
        }
        text
    }

    fn say(&self, text: &str) {
        let is_taken =
            |report: &ReportDestination| report.destination == Destination::StandardOutput;
        if self.wanted.iter().any(is_taken) {
            output::aside(text);
        } else {
            output::data(text);
        }
    }
}

fn render(
    format: ReportFormat,
    events: &[Event],
    finished: &RunFinished,
) -> std::io::Result<String> {
    match format {
        ReportFormat::Json => json::render(&finished.report).map_err(std::io::Error::other),
        ReportFormat::Ndjson => ndjson::render(events).map_err(std::io::Error::other),
        ReportFormat::Junit => junit::render(finished).map_err(std::io::Error::other),
        ReportFormat::Github => Ok(github::annotations(finished)),
        ReportFormat::Markdown => Ok(markdown::render(finished, Extent::Whole)),
    }
}

/// A job's steps write one after the other into the same file.
fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())
}

fn check_writable(path: &Path) -> Result<(), NotReady> {
    let problem = |why: String, hint: String| {
        let message = format!("the report `{}` cannot be written: {why}", path.display());
        NotReady::Problem(message, hint)
    };
    if path.is_dir() {
        return Err(problem(
            "that is a folder".to_owned(),
            "name a file in it".to_owned(),
        ));
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Err(problem(
            format!("there is no folder `{}`", folder.display()),
            format!("make it: `mkdir -p {}`", folder.display()),
        ));
    }
    // What is asked is whether the file can be made; that is best asked by making it.
    let unfinished = unfinished_path(path);
    std::fs::write(&unfinished, "")
        .and_then(|()| std::fs::remove_file(&unfinished))
        .map_err(|error| {
            problem(
                error.to_string(),
                "check the path, and that this user may write there".to_owned(),
            )
        })
}
