//! A target's process: started, stopped, and its log read.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rescind_model::source::Located;
use rescind_model::target::Process;
use rescind_model::template::{self, Escape, TemplateError, Variables};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::Problem;

/// How much of a log is kept, in bytes.
const LONGEST_LOG: usize = 32 << 20;

/// A process that the runner started. Killed when dropped.
#[derive(Debug)]
pub struct RunningProcess {
    child: Child,
    readers: Vec<JoinHandle<()>>,
    log: Arc<Mutex<Log>>,
    stop_limit: Duration,
    /// What the ready line said.
    pub variables: Variables,
}

#[derive(Debug, Default)]
pub(super) struct Log {
    text: String,
    truncated: bool,
}

impl Log {
    /// What is in it so far.
    pub(super) fn captured(&self) -> CapturedLog {
        CapturedLog {
            text: self.text.clone(),
            truncated: self.truncated,
        }
    }
}

/// What a process has written on both its streams.
#[derive(Clone, Debug, Default)]
pub struct CapturedLog {
    /// The text.
    pub text: String,
    /// Whether there was more than is kept.
    pub truncated: bool,
}

impl CapturedLog {
    /// Adds what another process wrote.
    pub fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.truncated |= other.truncated;
    }
}

impl RunningProcess {
    /// Starts the process and waits for its ready line.
    ///
    /// # Errors
    /// It cannot be started, ends, or does not get ready in time.
    pub async fn start(process: &Process, variables: &Variables) -> Result<Self, Problem> {
        let filled = fill_command(&process.command, &process.environment, variables);
        let filled = filled.map_err(|error| {
            Problem::new(error.to_string(), "correct `[process]` in the target file")
        })?;
        let program = filled.program;
        let mut child = Command::new(&program)
            .args(filled.arguments)
            .envs(filled.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // Ctrl-C on a terminal reaches its whole group: the target must outlive it, to be judged.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                Problem::new(
                    format!("the target's program `{program}` cannot be started: {error}"),
                    "correct `command` under `[process]` in the target file",
                )
            })?;
        let log = Arc::new(Mutex::new(Log::default()));
        let (ready, readiness) = oneshot::channel();
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(tokio::spawn(read_lines(
                stdout,
                Arc::clone(&log),
                Some((process.ready_line.get().clone(), ready)),
            )));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(tokio::spawn(read_lines(stderr, Arc::clone(&log), None)));
        }
        let limit = Duration::from_secs(process.ready_seconds);
        let variables = match tokio::time::timeout(limit, readiness).await {
            Ok(Ok(variables)) => variables,
            Ok(Err(_)) => return Err(not_ready("ended before it was ready", &log, process)),
            Err(_) => {
                return Err(not_ready(
                    &format!("was not ready within {} s", limit.as_secs()),
                    &log,
                    process,
                ));
            }
        };
        Ok(Self {
            child,
            readers,
            log,
            stop_limit: Duration::from_secs(process.stop_seconds),
            variables,
        })
    }

    /// Kills the process, which can do nothing about it, and returns what it had written.
    pub async fn kill(mut self) -> CapturedLog {
        // One that has ended already cannot be killed, and need not.
        let _ = self.child.kill().await;
        self.captured().await
    }

    /// Asks the process to end, waits for it, and returns what it wrote.
    ///
    /// # Errors
    /// It did not end in time and was killed.
    pub async fn stop(mut self) -> Result<CapturedLog, Problem> {
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            // One that has ended already cannot be signalled, and need not.
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let ended = tokio::time::timeout(self.stop_limit, self.child.wait())
            .await
            .is_ok();
        if !ended {
            let _ = self.child.kill().await;
        }
        let log = self.captured().await;
        if !ended {
            return Err(Problem::new(
                format!(
                    "the target's process did not end within {} s of SIGTERM, and was killed",
                    self.stop_limit.as_secs()
                ),
                "raise `stop_seconds` under `[process]`, or mend its shutdown",
            ));
        }
        Ok(log)
    }

    /// What a process wrote that has ended.
    async fn captured(&mut self) -> CapturedLog {
        for reader in self.readers.drain(..) {
            let _ = reader.await;
        }
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.captured()
    }
}

/// A command with every hole filled.
pub(super) struct FilledCommand {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
}

/// Fills the holes of a command.
pub(super) fn fill_command(
    command: &[Located<String>],
    environment: &BTreeMap<String, Located<String>>,
    variables: &Variables,
) -> Result<FilledCommand, TemplateError> {
    let fill = |text: &Located<String>| template::fill(text, variables, Escape::None);
    let mut words = command.iter().map(fill);
    Ok(FilledCommand {
        // A file whose command has no words is not loaded.
        program: words.next().transpose()?.unwrap_or_default(),
        arguments: words.collect::<Result<_, _>>()?,
        environment: environment
            .iter()
            .map(|(name, value)| Ok((name.clone(), fill(value)?)))
            .collect::<Result<_, TemplateError>>()?,
    })
}

/// Its last words are the process's own: they may hold a secret, so only their number is told.
fn not_ready(what: &str, log: &Mutex<Log>, process: &Process) -> Problem {
    let lines = log
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .text
        .lines()
        .count();
    Problem::new(
        format!(
            "the target's process {what}; none of the lines that it wrote ({lines}) is `{}`",
            *process.ready_line
        ),
        "run the command by hand to see what it says, or correct `ready_line` in the target file",
    )
}

pub(super) async fn read_lines(
    stream: impl AsyncRead + Unpin,
    log: Arc<Mutex<Log>>,
    mut ready: Option<(String, oneshot::Sender<Variables>)>,
) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let found = ready
            .as_ref()
            .and_then(|(template, _)| template::extract(template, text.trim_end()));
        if let (Some(variables), Some((_, sender))) =
            (found.clone(), found.and_then(|_| ready.take()))
        {
            let _ = sender.send(variables);
        }
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.text.len() + text.len() <= LONGEST_LOG {
            log.text.push_str(&text);
        } else {
            log.truncated = true;
        }
    }
}
