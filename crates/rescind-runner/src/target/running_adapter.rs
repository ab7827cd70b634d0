//! The command that puts accounts into the target: a process that answers lines of JSON
//! (`rescind_model::adapter_protocol`). `exchange` reads and writes them, `asking` knows what they
//! are about.

mod asking;
mod exchange;

use std::collections::BTreeSet;
use std::fmt;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rescind_model::adapter_protocol::{
    AnswerLine, CleanUp, Hello, HelloAnswer, OPERATIONS, PROTOCOL, Request,
};
use rescind_model::secret::SecretScanner;
use rescind_model::target::AdapterCommand;
use rescind_model::template::Variables;
use rescind_model::vocabulary::AccountStatus;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use exchange::{Exchange, supervise, write_lines};

use super::process::{CapturedLog, Log, fill_command, read_lines};
use crate::error::Problem;

/// How many requests wait at most for the command to read them.
const WAITING: usize = 64;

/// What a command is started with.
#[derive(Clone, Debug)]
pub struct AdapterStart<'a> {
    /// What the target file says of it.
    pub command: &'a AdapterCommand,
    /// What the holes of its words are filled with.
    pub variables: &'a Variables,
    /// How long an answer may take.
    pub request_limit: Duration,
    /// How long an answer may be, in bytes.
    pub answer_bytes: usize,
    /// What knows the secrets that the command's surroundings hold, to hide them.
    pub scanner: SecretScanner,
}

/// Why a command did not do what it was asked to. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterFailure {
    /// What came, and what was expected.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// Whether the command says that there is no such thing at its target.
    pub cannot: bool,
    /// Whether nothing that is asked later will be answered any better.
    pub is_final: bool,
}

impl AdapterFailure {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
            cannot: false,
            is_final: false,
        }
    }

    /// There is no such thing at the command's target.
    fn of_incapacity(message: String) -> Self {
        Self {
            cannot: true,
            ..Self::new(message, "nothing: what needs it is not applicable")
        }
    }

    /// Nothing will be answered any more.
    fn for_good(self) -> Self {
        Self {
            is_final: true,
            ..self
        }
    }
}

impl fmt::Display for AdapterFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the adapter's command {}", self.message)
    }
}

impl From<AdapterFailure> for Problem {
    fn from(failure: AdapterFailure) -> Self {
        Self::new(failure.to_string(), failure.hint)
    }
}

/// How a command ended.
#[derive(Clone, Debug)]
pub struct AdapterEnd {
    /// What it wrote on its standard error.
    pub log: CapturedLog,
    /// Why it did not remove what it had put into the target, if it was to.
    pub left_behind: Option<AdapterFailure>,
    /// Why it did not end as it should have.
    pub unclean: Option<AdapterFailure>,
    /// What of the secrets that it was told shows in its log, in words.
    pub leaks: Vec<String>,
}

impl AdapterEnd {
    /// Everything that a person should be told of it.
    pub fn problems(self) -> impl Iterator<Item = Problem> {
        let failures = self.left_behind.into_iter().chain(self.unclean);
        failures.map(Problem::from)
    }
}

/// A command that runs and has said what it can do. Killed when dropped.
pub struct RunningAdapter {
    lines: Mutex<Option<mpsc::Sender<String>>>,
    exchange: Arc<Mutex<Exchange>>,
    next_id: AtomicU64,
    supervisor: Mutex<Option<JoinHandle<Option<ExitStatus>>>>,
    log_reader: Mutex<Option<JoinHandle<()>>>,
    log: Arc<Mutex<Log>>,
    request_limit: Duration,
    stop_limit: Duration,
    client_facts: Vec<String>,
    account_facts: Vec<String>,
    operations: BTreeSet<String>,
    account_statuses: Option<Vec<AccountStatus>>,
    created: Mutex<CleanUp>,
}

impl fmt::Debug for RunningAdapter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it has put into the target may hold secrets.
        formatter.write_str("RunningAdapter(…)")
    }
}

impl RunningAdapter {
    /// Starts a command, and asks what it can do.
    ///
    /// # Errors
    /// It cannot be started, or does not say it.
    pub async fn start(start: AdapterStart<'_>) -> Result<Self, AdapterFailure> {
        let mut adapter = Self::spawn(&start)?;
        let limit = Duration::from_secs(start.command.ready_seconds);
        let hello = adapter.hello(limit, start.request_limit).await?;
        adapter.operations = hello.operations.into_iter().collect();
        adapter.account_statuses = hello.account_statuses;
        Ok(adapter)
    }

    fn spawn(start: &AdapterStart<'_>) -> Result<Self, AdapterFailure> {
        let stated = start.command;
        let filled = fill_command(&stated.command, &stated.environment, start.variables);
        let filled = filled.map_err(|error| {
            let hint = "correct `[adapter]` in the target file";
            AdapterFailure::new(format!("cannot be filled: {error}"), hint)
        })?;
        let mut child = Command::new(&filled.program)
            .args(filled.arguments)
            .envs(filled.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // Ctrl-C on a terminal reaches its whole group: it must outlive it, to clean up.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                AdapterFailure::new(
                    format!("`{}` cannot be started: {error}", filled.program),
                    "correct `command` under `[adapter]` in the target file",
                )
            })?;
        let exchange = Arc::new(Mutex::new(Exchange::new(start.scanner.clone())));
        let log = Arc::new(Mutex::new(Log::default()));
        let (lines, waiting) = mpsc::channel(WAITING);
        if let Some(stdin) = child.stdin.take() {
            tokio::spawn(write_lines(stdin, waiting));
        }
        let stderr = child.stderr.take();
        let log_reader =
            stderr.map(|stderr| tokio::spawn(read_lines(stderr, Arc::clone(&log), None)));
        let supervisor = supervise(child, Arc::clone(&exchange), start.answer_bytes);
        Ok(Self {
            lines: Mutex::new(Some(lines)),
            exchange,
            next_id: AtomicU64::new(0),
            supervisor: Mutex::new(Some(tokio::spawn(supervisor))),
            log_reader: Mutex::new(log_reader),
            log,
            request_limit: start.request_limit,
            stop_limit: Duration::from_secs(stated.stop_seconds),
            client_facts: names(&stated.client_facts),
            account_facts: names(&stated.account_facts),
            operations: BTreeSet::new(),
            account_statuses: None,
            created: Mutex::new(CleanUp::default()),
        })
    }

    async fn hello(
        &self,
        limit: Duration,
        request_limit: Duration,
    ) -> Result<HelloAnswer, AdapterFailure> {
        let hello = Hello {
            protocol: PROTOCOL.to_owned(),
            request_seconds: request_limit.as_secs_f64(),
        };
        let hint = format!(
            "answer `hello` as `rescind schema adapter` and docs/adapter.md describe, in the protocol `{PROTOCOL}`"
        );
        let answer = match self.ask(Request::Hello(hello), limit).await? {
            AnswerLine::Hello(answer) => answer,
            AnswerLine::Done(_) => {
                let message =
                    "answered `hello` with `ok`, where `protocol` and `operations` are expected";
                return Err(AdapterFailure::new(message, hint));
            }
            AnswerLine::Refused(refused) => return Err(self.refused("hello", &refused.error)),
        };
        if answer.protocol != PROTOCOL {
            let message = format!(
                "speaks the protocol {}, and this program `{PROTOCOL}`",
                self.shown(&format!("`{}`", answer.protocol))
            );
            return Err(AdapterFailure::new(message, hint));
        }
        let known = |name: &String| OPERATIONS.contains(&name.as_str());
        if let Some(other) = answer.operations.iter().find(|name| !known(name)) {
            let message = format!(
                "says that it can do {}, which is no operation",
                self.shown(&format!("`{other}`"))
            );
            let hint = format!("the operations are {}", in_words(&OPERATIONS));
            return Err(AdapterFailure::new(message, hint));
        }
        if !answer.operations.iter().any(|name| name == "account") {
            let message = "does not say that it can put accounts into the target";
            let hint = "list `account` among its `operations`, and answer the requests about it";
            return Err(AdapterFailure::new(message, hint));
        }
        Ok(answer)
    }

    /// Whether it says that it can do an operation.
    pub fn can(&self, operation: &str) -> bool {
        self.operations.contains(operation)
    }

    /// What it says that it can do, as a sentence tells it.
    pub fn operations(&self) -> String {
        let names: Vec<&str> = self.operations.iter().map(String::as_str).collect();
        in_words(&names)
    }

    /// Whether an account can be put into the target with a status, as far as the command says.
    pub fn knows_status(&self, status: AccountStatus) -> bool {
        let known = self.account_statuses.as_ref();
        known.is_none_or(|known| known.contains(&status))
    }

    /// Has it remove what it put into the target, if it can, and ends it.
    pub async fn end(&self) -> AdapterEnd {
        let left_behind = self.clean_up().await.err();
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let unclean = self.ended().await.err();
        let reader = self
            .log_reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(reader) = reader {
            // What it wrote is complete when its process has ended; a child of it may hold the
            // stream open for as long as it likes.
            let _ = tokio::time::timeout(self.stop_limit, reader).await;
        }
        let log = self
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .captured();
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        AdapterEnd {
            leaks: exchange.leaks(&log.text),
            log,
            left_behind,
            unclean,
        }
    }

    /// Waits for its process, whose standard input has ended.
    async fn ended(&self) -> Result<(), AdapterFailure> {
        let supervisor = self
            .supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut supervisor) = supervisor else {
            return Ok(());
        };
        let Ok(joined) = tokio::time::timeout(self.stop_limit, &mut supervisor).await else {
            // Dropped with its task, the process is killed.
            supervisor.abort();
            return Err(AdapterFailure::new(
                format!(
                    "did not end within {} s of the end of its standard input, and was killed",
                    self.stop_limit.as_secs()
                ),
                "let it end when its standard input does, or raise `stop_seconds` under `[adapter]`",
            ));
        };
        match joined.ok().flatten() {
            Some(status) if !status.success() => Err(AdapterFailure::new(
                format!("ended with {status} when its standard input had ended"),
                "let it end with the exit code 0 then; what it wrote on its standard error may say why it does not",
            )),
            _ => Ok(()),
        }
    }

    /// A text of the command's, on one line, without its secrets.
    fn shown(&self, text: &str) -> String {
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.shown(text)
    }
}

impl Drop for RunningAdapter {
    fn drop(&mut self) {
        let supervisor = self
            .supervisor
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(supervisor) = supervisor.take() {
            supervisor.abort();
        }
    }
}

fn names(located: &[rescind_model::Located<String>]) -> Vec<String> {
    located.iter().map(|name| name.get().clone()).collect()
}

/// `` `client` and `account` ``.
fn in_words(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
