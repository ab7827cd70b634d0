//! A process of the target for one case alone: it is killed and started again, and keeps what it
//! knows in a folder of its own. The others go on meanwhile.

use std::sync::Arc;

use rescind_model::Target;
use rescind_model::target::Process;
use rescind_model::template::{self, Escape, Variables};
use serde_json::json;
use tempfile::TempDir;

use super::{Adapter, ApiKeys, CapturedLog, Client, RunningAdapter, RunningProcess};
use crate::error::Problem;

/// What such a process is started with.
#[derive(Clone, Debug)]
pub struct Durable {
    target: Target,
    process: Process,
    keys: ApiKeys,
    variables: Variables,
    certificates: Option<Vec<u8>>,
    command: Option<Arc<RunningAdapter>>,
}

/// Such a process, with its folder, and what it has written each time that it ran.
#[derive(Debug)]
pub struct DurableProcess {
    durable: Arc<Durable>,
    folder: TempDir,
    running: Option<RunningProcess>,
    log: CapturedLog,
}

impl Durable {
    /// What the processes of a target are started with; none if its file does not say how to start
    /// one that keeps what it knows. `variables` are those of the target's main process.
    pub fn of_target(
        target: &Target,
        keys: &ApiKeys,
        variables: &Variables,
        certificates: Option<&[u8]>,
    ) -> Option<Self> {
        Some(Self {
            process: target.durable_process()?,
            target: target.clone(),
            keys: keys.clone(),
            variables: variables.clone(),
            certificates: certificates.map(<[u8]>::to_vec),
            command: None,
        })
    }

    /// The same, into which a command puts accounts, if there is one: that of all cases.
    #[must_use]
    pub fn with_command(mut self, command: Option<Arc<RunningAdapter>>) -> Self {
        self.command = command;
        self
    }
}

impl DurableProcess {
    /// Starts a process in a folder that is new and empty. Returns what calls it.
    ///
    /// # Errors
    /// There can be no folder, or the process does not start.
    pub async fn start(durable: &Arc<Durable>) -> Result<(Self, Adapter), Problem> {
        let folder = TempDir::new().map_err(|error| {
            Problem::new(
                format!("there can be no folder for the state of the target's process: {error}"),
                "let this user write to the folder for temporary files",
            )
        })?;
        let mut process = Self {
            durable: Arc::clone(durable),
            folder,
            running: None,
            log: CapturedLog::default(),
        };
        let adapter = process.begin().await?;
        Ok((process, adapter))
    }

    /// Starts it, with what is in its folder. It listens where it likes.
    ///
    /// # Errors
    /// It does not start, or is not to be reached.
    pub async fn begin(&mut self) -> Result<Adapter, Problem> {
        let durable = &self.durable;
        let mut variables = durable.variables.clone();
        let folder = self.folder.path().to_string_lossy();
        variables.insert("state_directory".to_owned(), json!(folder));
        let running = RunningProcess::start(&durable.process, &variables).await?;
        let filled = template::fill(&durable.target.base_url, &running.variables, Escape::None);
        self.running = Some(running);
        let base_url = filled.map_err(|error| {
            Problem::new(error.to_string(), "correct `base_url` in the target file")
        })?;
        let client = Client::new(&base_url, durable.certificates.as_deref())?;
        let (target, keys) = (durable.target.clone(), durable.keys.clone());
        Ok(Adapter::new(target, base_url, keys, client).with_command(durable.command.clone()))
    }

    /// Kills it.
    pub async fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            self.log.append(&running.kill().await);
        }
    }

    /// Ends it in peace. Returns everything that it has written.
    ///
    /// # Errors
    /// It does not end in time.
    pub async fn stop(mut self) -> Result<CapturedLog, Problem> {
        if let Some(running) = self.running.take() {
            self.log.append(&running.stop().await?);
        }
        Ok(self.log)
    }
}
