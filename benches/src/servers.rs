//! The servers: built, started on cores of their own, and read in `/proc`.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::{Failure, PROFILE};

/// Where the servers' programs lie.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `rescind`, of which `rescind provider` is measured.
    pub rescind: PathBuf,
    /// The bare server.
    pub bare: PathBuf,
    /// The provider whose ledger can be filled from outside.
    pub ledger: PathBuf,
}

impl Programs {
    /// Builds them for release.
    pub fn build() -> Result<Self, Failure> {
        let built = Built::for_release()?;
        Ok(Self {
            rescind: built.program("rescind")?,
            bare: built.program("bare-server")?,
            ledger: built.program("ledger-server")?,
        })
    }
}

/// What cargo says that it has built.
#[derive(Debug)]
pub struct Built(Vec<u8>);

impl Built {
    /// Builds every program that is measured, or measures, for release.
    pub fn for_release() -> Result<Self, Failure> {
        let output = Command::new("cargo")
            .args([
                "build",
                "--release",
                "--bins",
                "--message-format=json-render-diagnostics",
            ])
            .args(["-p", "rescind", "-p", "rescind-benches"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Failure::of("cargo cannot be run", &error))?;
        Ok(Self(output.stdout))
    }

    /// Where one of them lies.
    pub fn program(&self, name: &str) -> Result<PathBuf, Failure> {
        executable(&self.0, name).ok_or_else(|| {
            Failure::new(
                format!("cargo did not build `{name}`"),
                "`cargo build --release -p rescind -p rescind-benches --bins` says why",
            )
        })
    }
}

/// The path of a program among the messages of a build.
fn executable(messages: &[u8], name: &str) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// The processor's cores, one half for the servers and one for the load.
#[derive(Debug)]
pub struct Cores {
    servers: Option<CpuSet>,
    load: Option<CpuSet>,
    counts: (usize, usize),
}

impl Cores {
    /// Divides those that this process may use. One alone is shared.
    pub fn divide() -> Self {
        let usable = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
        let all: Vec<usize> = (0..CpuSet::count())
            .filter(|core| usable.is_set(*core).unwrap_or(false))
            .collect();
        let (servers, load) = all.split_at(all.len() / 2);
        if servers.is_empty() {
            return Self {
                servers: None,
                load: None,
                counts: (all.len(), all.len()),
            };
        }
        Self {
            servers: Some(set_of(servers)),
            load: Some(set_of(load)),
            counts: (servers.len(), load.len()),
        }
    }

    /// How many the servers have, and how many the load.
    pub const fn counts(&self) -> (usize, usize) {
        self.counts
    }

    /// Starts a server on the servers' cores, which a child takes over from its parent; and goes on
    /// on the load's.
    fn spawn(&self, command: &mut Command) -> std::io::Result<Child> {
        stay_on(self.servers.as_ref());
        let child = command.spawn();
        stay_on(self.load.as_ref());
        child
    }

    /// Starts on the load's cores what is not a server.
    pub fn spawn_load(&self, command: &mut Command) -> std::io::Result<Child> {
        stay_on(self.load.as_ref());
        command.spawn()
    }
}

fn set_of(cores: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    for core in cores {
        // They come from such a set, so they fit.
        let _ = set.set(*core);
    }
    set
}

fn stay_on(set: Option<&CpuSet>) {
    if let Some(set) = set {
        // Where it is not allowed, everything shares all cores, which is noisier and no less true.
        let _ = sched_setaffinity(Pid::from_raw(0), set);
    }
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    orders: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    /// Starts the bare server.
    pub fn bare(programs: &Programs, cores: &Cores) -> Result<Self, Failure> {
        Self::start(Command::new(&programs.bare), cores)
    }

    /// Starts `rescind provider`, or what is called in the same way.
    pub fn provider(program: &Path, seed: &str, cores: &Cores) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(["provider", PROFILE, "--port", "0", "--seed", seed]);
        Self::start(command, cores)
    }

    /// Starts any that says in its first line where it listens.
    pub fn start(mut command: Command, cores: &Cores) -> Result<Self, Failure> {
        let program = PathBuf::from(command.get_program());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let failed =
            |error| Failure::of(&format!("{} cannot be started", program.display()), &error);
        let mut child = cores.spawn(&mut command).map_err(failed)?;
        let orders = child.stdin.take();
        let Some(stdout) = child.stdout.take() else {
            return Err(Failure::new("a server has no output", "run it again"));
        };
        let mut server = Self {
            child,
            orders,
            lines: BufReader::new(stdout),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let line = server.line()?;
        server.address = address_in(&line).ok_or_else(|| {
            Failure::new(
                format!("{} does not say where it listens", program.display()),
                "its first line must hold its address",
            )
        })?;
        Ok(server)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives the ledger server a new tenant with so many grants, and waits until it has it.
    pub fn fill(&mut self, grants: usize) -> Result<(), Failure> {
        if let Some(orders) = &mut self.orders {
            writeln!(orders, "fill {grants}")
                .and_then(|()| orders.flush())
                .map_err(|error| Failure::of("the server takes no orders", &error))?;
        }
        self.line().map(|_| ())
    }

    /// The nanoseconds of processor time that it has used.
    pub fn processor_time(&self) -> Result<u64, Failure> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let unreadable = |error| Failure::of("the server's processor time cannot be read", &error);
        let mut total = 0;
        for task in std::fs::read_dir(tasks).map_err(unreadable)? {
            let path = task.map_err(unreadable)?.path().join("schedstat");
            let text = std::fs::read_to_string(path).map_err(unreadable)?;
            let first = text.split(' ').next().unwrap_or_default();
            total += first.parse::<u64>().unwrap_or_default();
        }
        Ok(total)
    }

    /// The bytes of memory that it has in residence.
    pub fn resident_bytes(&self) -> Result<u64, Failure> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::of("the server's memory cannot be read", &error))?;
        let kilobytes = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
            .and_then(|number| number.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| {
            Failure::new(
                "the server's memory cannot be read",
                "see whether it still runs",
            )
        })
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(1..) => Ok(line),
            Ok(0) => Err(Failure::new(
                "a server ended before it was asked to",
                "see on standard error why",
            )),
            Err(error) => Err(Failure::of("a server's output cannot be read", &error)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once("http://")?;
    after.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_stands_in_the_first_line() {
        let line = "Plain RFC 7009 on http://127.0.0.1:8080 (seed x)\n";
        assert_eq!(
            address_in(line),
            Some(SocketAddr::from(([127, 0, 0, 1], 8080)))
        );
        assert_eq!(address_in("error: the port is taken"), None);
    }

    #[test]
    fn a_program_is_found_among_the_messages_of_a_build() {
        let messages = br#"{"target":{"name":"rescind"},"executable":null}
{"target":{"name":"rescind"},"executable":"/somewhere/rescind"}
no json"#;
        assert_eq!(
            executable(messages, "rescind"),
            Some("/somewhere/rescind".into())
        );
        assert_eq!(executable(messages, "bare-server"), None);
    }

    #[test]
    fn this_process_has_at_least_one_core_for_each() {
        let (servers, load) = Cores::divide().counts();
        assert!(servers > 0 && load > 0);
    }
}
