//! `rescind adapter check`: does a command that puts accounts into a target keep to the protocol?
//!
//! Nothing is judged here, and no provider runs: the tokens are made up, the address of the provider
//! is one that nothing listens at. A command under test need not use either, only hand them on.

mod questions;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rescind_model::adapter_protocol::PROTOCOL;
use rescind_model::source::SourceFile;
use rescind_model::target::{AdapterCommand, Limits, Words};
use rescind_model::template::Variables;
use rescind_model::vocabulary::AccountStatus;
use rescind_model::{Diagnostic, Target};

use crate::error::{Problem, RunError};
use crate::preflight::Answer;
use crate::run::RunOptions;
use crate::run::surroundings::{self, Surroundings};
use crate::target::{AdapterEnd, AdapterStart, RunningAdapter};
use questions::Questions;

/// The profile of the made-up provider, where nothing says which providers the target knows.
const PROFILE: &str = "rfc7009";

/// What was asked of a command, and what it came to.
#[derive(Clone, Debug)]
pub struct AdapterQuestion {
    /// What it is about.
    pub about: String,
    /// What it came to.
    pub answer: Answer,
}

/// A command that no target file names.
#[derive(Clone, Debug)]
pub struct AdapterWords {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The address of the target that it is handed, if any.
    pub target_base_url: Option<String>,
    /// The name of the provider's profile; a usual one if not stated.
    pub profile: Option<String>,
}

/// A command under test, and all that it is told.
struct UnderTest {
    /// Where problems are underlined.
    file: SourceFile,
    place: Range<usize>,
    words: Words,
    statuses: Vec<AccountStatus>,
    profile: String,
    target_base_url: Option<String>,
    seed: String,
}

/// Tests the command that a target file names, at its target, which is started and ended where the
/// file says how.
///
/// # Errors
/// [`RunError::Configuration`] if the file has no command, or its target is not to be had.
pub async fn of_target(
    target: &Target,
    options: &RunOptions,
) -> Result<Vec<AdapterQuestion>, RunError> {
    let Some(command) = &target.adapter else {
        return Err(RunError::Configuration(Problem::new(
            format!("{} has no `[adapter]`", target.file.path()),
            "name a target file that has one, or the command itself: `rescind adapter check -- COMMAND`",
        )));
    };
    let Surroundings {
        variables,
        scanner,
        process,
        base_url,
    } = surroundings::of_command(target, options).await?;
    let known = &target.capabilities;
    let profile = known.profiles.as_ref().and_then(|known| known.first());
    let statuses = known.account_statuses.as_ref();
    let under_test = UnderTest {
        file: target.file.clone(),
        place: command.command.span(),
        words: target.words.clone(),
        statuses: statuses.map_or_else(|| AccountStatus::ALL.to_vec(), |known| known.get().clone()),
        profile: profile.map_or_else(|| PROFILE.to_owned(), |profile| profile.get().clone()),
        target_base_url: Some(base_url),
        seed: options.seed.clone(),
    };
    let start = AdapterStart {
        command,
        variables: &variables,
        request_limit: Duration::from_secs_f64(target.limits.call_seconds),
        answer_bytes: target.limits.answer_bytes,
        scanner,
    };
    let asked = test(&under_test, start).await;
    if let Some(process) = process {
        process.stop().await.map_err(RunError::Configuration)?;
    }
    Ok(asked)
}

/// Tests a command that no target file names.
pub async fn of_words(words: &AdapterWords, seed: &str) -> Vec<AdapterQuestion> {
    let command = AdapterCommand::of_words(&words.words);
    let text = words.words.join(" ");
    let under_test = UnderTest {
        place: 0..text.len(),
        file: SourceFile::new("command line", text),
        words: Words::default(),
        statuses: AccountStatus::ALL.to_vec(),
        profile: words.profile.clone().unwrap_or_else(|| PROFILE.to_owned()),
        target_base_url: words.target_base_url.clone(),
        seed: seed.to_owned(),
    };
    let limits = Limits::default();
    let start = AdapterStart {
        command: &command,
        variables: &Variables::new(),
        request_limit: Duration::from_secs_f64(limits.call_seconds),
        answer_bytes: limits.answer_bytes,
        scanner: surroundings::scanner_of_seed(seed),
    };
    test(&under_test, start).await
}

async fn test(under_test: &UnderTest, start: AdapterStart<'_>) -> Vec<AdapterQuestion> {
    let mut questions = Questions::new(under_test);
    match RunningAdapter::start(start).await {
        Ok(adapter) => {
            let adapter = Arc::new(adapter);
            let seen = format!(
                "it speaks `{PROTOCOL}`, and can do {}",
                adapter.operations()
            );
            questions.answer("hello", Answer::Fine(seen));
            questions.ask(&adapter).await;
            let cleans_up = adapter.can("clean_up");
            let end = adapter.end().await;
            questions.end(cleans_up, &end);
        }
        Err(failure) => {
            questions.failed("hello", &failure);
        }
    }
    questions.asked
}

impl UnderTest {
    fn problem(&self, message: &str, hint: &str) -> Answer {
        let diagnostic = Diagnostic::new(&self.file, self.place.clone(), message);
        Answer::Problem(vec![diagnostic.hint(hint)])
    }
}

impl Questions<'_> {
    /// How it ended.
    fn end(&mut self, cleans_up: bool, end: &AdapterEnd) {
        match &end.left_behind {
            Some(failure) => {
                self.failed("clean_up", failure);
            }
            None if self.is_over => self.not_asked("clean_up", questions::BLOCKED),
            None if cleans_up => self.fine("clean_up", "what it put there is removed"),
            None => self.not_asked("clean_up", "it does not say that it can"),
        }
        if end.leaks.is_empty() {
            self.fine("secrets", "none shows on its standard error");
        } else {
            let message = format!(
                "the adapter's command wrote on its standard error {}",
                end.leaks.join(" and ")
            );
            self.problem("secrets", &message, "let it write no token and no secret");
        }
        match &end.unclean {
            Some(failure) => {
                self.failed("end", failure);
            }
            None => self.fine("end", "it ends when its standard input does"),
        }
    }
}
