//! Who takes part in a run, each a process of its own: the reference service, a provider, and the
//! runner between them.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::processor_time;
use crate::Failure;
use crate::servers::{Built, Cores, Server};

/// The set that has every scenario.
const SET: &str = "connected-accounts-2026-09";

/// The environment variables that the target file names, and what stands in them. They open nothing
/// but what is started here and ends here.
const KEYS: [(&str, &str); 4] = [
    ("BENCHMARK_API_KEY", "benchmark-key-that-may-write"),
    ("BENCHMARK_READ_KEY", "benchmark-key-that-may-read"),
    ("BENCHMARK_OTHER_KEY", "benchmark-key-of-another-project"),
    (CONTROL_KEY, "benchmark-key-of-the-control-api"),
];

/// The last of them.
const CONTROL_KEY: &str = "RESCIND_CONTROL_KEY";

/// What the service seals with: base64 of 32 bytes.
const SEALING_KEY: &str = "YmVuY2htYXJrLWtleS10aGF0LXNlYWxzLW5vdGhpbmc=";

/// Where the programs lie.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `rescind`, which is measured.
    pub rescind: PathBuf,
    /// The client that it is held against.
    pub bare_client: PathBuf,
    /// The server that answers that client.
    pub sized_server: PathBuf,
}

impl Programs {
    /// Builds them for release.
    pub fn build() -> Result<Self, Failure> {
        let built = Built::for_release()?;
        Ok(Self {
            rescind: built.program("rescind")?,
            bare_client: built.program("bare-client")?,
            sized_server: built.program("sized-server")?,
        })
    }
}

/// The reference service and a provider, which serve every run.
#[derive(Debug)]
pub struct Parties {
    service: Server,
    provider: Server,
}

/// A run that can be made.
#[derive(Clone, Debug)]
pub struct Check<'a> {
    /// `rescind`.
    pub rescind: &'a Path,
    /// The target file.
    pub target: &'a Path,
    /// Which cases, in the words of the command line.
    pub selection: &'a [String],
    /// Which part of them, in the same words: `1/4`.
    pub shard: Option<&'static str>,
    /// How many at once.
    pub jobs: usize,
}

impl Parties {
    /// Starts both.
    pub fn start(rescind: &Path, cores: &Cores) -> Result<Self, Failure> {
        let [(_, main), (_, read), (_, other), (_, control)] = KEYS;
        let keys = format!("main:write:{main} main:read:{read} other:write:{other}");
        let mut service = Command::new(rescind);
        // As the target file of the reference service says.
        service
            .args(["serve", "--listen", "127.0.0.1:0", "--database", ":memory:"])
            .args(["--dispatch-timeout", "3"])
            .env("RESCIND_ENCRYPTION_KEY", SEALING_KEY)
            .env("RESCIND_API_KEYS", keys)
            .stderr(Stdio::null());
        let mut provider = Command::new(rescind);
        provider
            .args(["provider", crate::PROFILE, "--port", "0"])
            .env(CONTROL_KEY, control);
        Ok(Self {
            service: Server::start(service, cores)?,
            provider: Server::start(provider, cores)?,
        })
    }

    /// Where the service listens.
    pub const fn service(&self) -> SocketAddr {
        self.service.address()
    }

    /// Where the provider listens.
    pub const fn provider(&self) -> SocketAddr {
        self.provider.address()
    }
}

/// The reference service's target file, for a service and a provider that run already.
pub fn target_file(service: SocketAddr, provider: SocketAddr) -> Result<String, Failure> {
    let text = include_str!("../../../fixtures/targets/reference.toml");
    let process = text.find("\n[process]\n").zip(text.find("\n[limits]\n"));
    let snapshots = "snapshots = \"../snapshots/reference\"\n";
    let (Some((from, to)), true) = (process, text.contains(snapshots)) else {
        return Err(Failure::new(
            "the reference service's target file is not as it was",
            "let the benchmark's `target_file` follow it",
        ));
    };
    let text = format!("{}{}", &text[..from], &text[to..]);
    let address = format!("base_url = \"http://{service}\"");
    let control = format!(
        "\n[provider]\ncontrol = {{ url = \"http://{provider}\", key_from_environment = \"{CONTROL_KEY}\" }}\n\n\
         [limits]\n"
    );
    Ok(text
        .replace(snapshots, "")
        .replace("base_url = \"{base_url}\"", &address)
        .replace("\n[limits]\n", &control)
        .replace(
            "\n[api_key]\n",
            "\n[api_key]\nenvironment = \"BENCHMARK_API_KEY\"\n",
        )
        .replace(
            "\n[read_only_api_key]\n",
            "\n[read_only_api_key]\nenvironment = \"BENCHMARK_READ_KEY\"\n",
        )
        .replace(
            "\n[other_project_api_key]\n",
            "\n[other_project_api_key]\nenvironment = \"BENCHMARK_OTHER_KEY\"\n",
        ))
}

impl Check<'_> {
    /// Makes the run, and says how many milliseconds of processor time it took.
    pub fn run(&self, cores: &Cores) -> Result<f64, Failure> {
        self.make(&[], cores)
    }

    /// Reads all that a run reads, and runs nothing: what it takes to start.
    pub fn start_only(&self, cores: &Cores) -> Result<f64, Failure> {
        self.make(&["--dry-run"], cores)
    }

    /// Makes the run, and says how many cases it had.
    pub fn count(&self, folder: &Path, cores: &Cores) -> Result<u64, Failure> {
        let path = folder.join("report.json");
        self.make(&["--report", &format!("json={}", path.display())], cores)?;
        let unreadable = |error| Failure::of("the report of a run cannot be read", &error);
        let file = File::open(&path).map_err(unreadable)?;
        let report: serde_json::Value = serde_json::from_reader(file)
            .map_err(|error| Failure::of("the report of a run cannot be read", &error))?;
        report["summary"]["cases"].as_u64().ok_or_else(|| {
            Failure::new(
                "the report of a run does not say how many cases it had",
                "let the benchmark follow the report's form",
            )
        })
    }

    fn make(&self, also: &[&str], cores: &Cores) -> Result<f64, Failure> {
        let mut command = Command::new(self.rescind);
        command
            .args(["check", "--set", SET, "--jobs", &self.jobs.to_string()])
            .arg("--target")
            .arg(self.target)
            .args(self.shard.iter().flat_map(|shard| ["--shard", shard]))
            .args(also)
            .args(self.selection)
            .envs(KEYS)
            .stdout(Stdio::null());
        let failed = |error| Failure::of("`rescind check` cannot be run", &error);
        let before = processor_time::of_ended_children()?;
        let status = cores
            .spawn_load(&mut command)
            .and_then(|mut child| child.wait())
            .map_err(failed)?;
        let took = processor_time::of_ended_children()? - before;
        if !status.success() {
            return Err(Failure::new(
                format!("`rescind check` ended with {status}"),
                "see on standard error why; a run with findings is not one to measure",
            ));
        }
        Ok(took)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_file_starts_nothing_and_names_its_keys() {
        let service = SocketAddr::from(([127, 0, 0, 1], 4000));
        let provider = SocketAddr::from(([127, 0, 0, 1], 4300));
        let text = target_file(service, provider).unwrap();
        let file = rescind_model::source::SourceFile::new("target.toml".to_owned(), text);
        let target = rescind_model::Target::parse(&file).unwrap();
        assert!(target.process.is_none() && target.snapshots.is_none());
        assert_eq!(target.base_url.get(), "http://127.0.0.1:4000");
        assert_eq!(
            target.api_key.environment.unwrap().get(),
            "BENCHMARK_API_KEY"
        );
        assert!(target.read_only_api_key.unwrap().environment.is_some());
        assert!(target.other_project_api_key.unwrap().environment.is_some());
    }
}
