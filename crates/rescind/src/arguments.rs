//! What a person may type. The only place that reads the environment.

mod adapter;
mod merge;
mod replay;
mod suite;
mod which;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use rescind_model::BaseUrl;

use crate::assets::DEFAULT_SET;
use crate::exit;
pub use adapter::{Adapter, AdapterCheck, AdapterCommand};
pub use merge::Merge;
pub use replay::Replay;
pub use suite::Suite;
pub use which::Which;

/// Does this revoke endpoint really kill what it says it killed?
#[derive(Debug, Parser)]
#[command(version, about, after_help = exit_codes())]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

fn exit_codes() -> String {
    let lines: Vec<String> = exit::MEANINGS
        .iter()
        .map(|(code, meaning)| format!("  {code}  {meaning}"))
        .collect();
    format!("Exit codes:\n{}", lines.join("\n"))
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a target file to begin with, with every key explained
    Init(Init),
    /// Ask whether a target is ready to be checked
    ///
    /// Is it up, are the keys good, does provisioning work in every status, does it reach the
    /// provider? Puts clients and accounts into the target, reads, refreshes, switches and deletes
    /// them, and never revokes. `check` asks the same before it judges anything.
    Doctor(Doctor),
    /// Test a command that puts accounts into a target
    Adapter(Adapter),
    /// Drive a revoke endpoint through the scenarios and judge it
    ///
    /// Without a target file it starts the reference service as a child process and checks that.
    Check(Check),
    /// Put the reports of all shards of a run together, and say what the run came to
    ///
    /// Judges the requirements over the checks of all shards, and writes the reports and exits as one
    /// run would have. Refuses reports that are not of all shards of one run.
    Merge(Merge),
    /// Run one case again, and show everything that is said in it
    ///
    /// Each step with its line of the scenario, every request to the target and to the provider with
    /// its answer, what became of the tokens, what every check came to, and the same steps as lines for
    /// a shell. From the same seed come the same tokens, and so the same fingerprints.
    Replay(Replay),
    /// Serve a fake provider, with the real one's paths
    Provider(Box<Provider>),
    /// Run the reference revoke service
    Serve(Serve),
    /// Explain a requirement, check, scenario, profile, defect or variant by its id
    Explain(Explain),
    /// Prove the suite: every seeded bug must be found, and every allowed behaviour must pass
    ///
    /// Runs the suite against the reference service once for every defect and every variant. Exits
    /// with 0 if each defect falls to the check that names its cause, each variant passes and each
    /// check falls to some defect, and with 1 otherwise.
    Prove(Prove),
    /// List what there is
    List(List),
    /// Print the JSON Schema of a file format
    Schema(Schema),
}

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes:\n  0  it is written\n  2  usage: the command line cannot be understood\n  3  configuration: there is such a file already, or it cannot be written"
)]
pub struct Init {
    /// The file to write
    #[arg(default_value = "target.toml")]
    pub path: PathBuf,
    /// What it begins with
    #[arg(long, value_enum, value_name = "PRESET", default_value_t = Preset::Blank)]
    pub preset: Preset,
    /// Overwrite a file that is there already
    #[arg(long)]
    pub force: bool,
}

/// What a target file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// An API of your own: every key, with an example
    Blank,
    /// The published API, version 3.1, wherever it runs
    #[value(name = "v3.1")]
    V31,
    /// The reference service, as a process of this program
    Reference,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes:\n  0  ready: nothing is wrong, as far as it could be asked\n  2  usage: the command line cannot be understood\n  3  configuration: not ready, each problem with its place and the next step\n  4  the selection, or the target file, leaves nothing to judge\n  5  harness error: the runner or its machine failed\n  6  interrupted"
)]
pub struct Doctor {
    /// The scenarios that it is to be ready for, by id or by the folder that holds them; all if none
    /// is named
    pub selection: Vec<String>,
    /// The target file; the reference service if none is named
    #[arg(long, value_name = "FILE")]
    pub target: Option<PathBuf>,
    /// The requirement set whose scenarios it is to be ready for
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SET)]
    pub set: String,
    /// Scenarios and profiles of the user's own.
    #[command(flatten)]
    pub suite: Suite,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Which cases are run.
    #[command(flatten)]
    pub which: Which,
    /// Run nothing: print the cases that would be run, and those that the target cannot be asked for
    #[arg(long)]
    pub dry_run: bool,
    /// The requirement set to judge by; `rescind list sets` shows them
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SET)]
    pub set: String,
    /// The target file; the reference service if none is named
    #[arg(long, value_name = "FILE")]
    pub target: Option<PathBuf>,
    /// Where to write a report: FORMAT is `json`, `ndjson`, `junit`, `github` or `markdown`; `-` as
    /// PATH is standard output. May be given more than once
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = report_destination)]
    pub reports: Vec<ReportDestination>,
    /// A folder for everything that was said in each case, a file of JSON for each: both sides,
    /// timed, without a secret; `rescind schema evidence` describes it
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// A file of findings that are accepted for a while; `rescind schema deviations` describes it
    #[arg(long, value_name = "FILE")]
    pub deviations: Option<PathBuf>,
    /// Fail also on what a requirement only recommends (SHOULD)
    #[arg(long)]
    pub strict: bool,
    /// How many cases run at once: most of the time they wait
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// What tokens and keys are made from; a fresh one if none is given
    #[arg(long)]
    pub seed: Option<String>,
    /// Scenarios and profiles of the user's own.
    #[command(flatten)]
    pub suite: Suite,
    /// What to do about the snapshots of what the target did before; `check` if it has any
    #[arg(long, value_enum, value_name = "ACTION")]
    pub snapshots: Option<SnapshotAction>,
}

/// What to do about snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SnapshotAction {
    /// Hold what happens against them: a missing one warns, a different one fails
    Check,
    /// Write what is new or differs, and delete what no case has
    Write,
    /// Show each difference and ask whether it is to be accepted
    Review,
}

impl std::fmt::Display for SnapshotAction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Check => "check",
            Self::Write => "write",
            Self::Review => "review",
        })
    }
}

/// A report and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportDestination {
    /// The format.
    pub format: ReportFormat,
    /// Where it goes.
    pub destination: Destination,
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To a file.
    File(PathBuf),
    /// To standard output: `-`. What is for people then goes to standard error.
    StandardOutput,
}

impl std::fmt::Display for Destination {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "`{}`", path.display()),
            Self::StandardOutput => formatter.write_str("standard output"),
        }
    }
}

/// The formats of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// `rescind.report/1`
    Json,
    /// `rescind.events/1`, one a line
    Ndjson,
    /// JUnit's XML
    Junit,
    /// GitHub's annotations
    Github,
    /// A page
    Markdown,
}

fn report_destination(text: &str) -> Result<ReportDestination, String> {
    let (format, path) = text
        .split_once('=')
        .ok_or("a report is FORMAT=PATH, e.g. `junit=report.xml`")?;
    let format = ReportFormat::from_str(format, false).map_err(|_| {
        let known: Vec<String> = ReportFormat::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        format!(
            "there is no report format `{format}`; there are {}",
            known.join(", ")
        )
    })?;
    let destination = match path {
        "" => {
            return Err(
                "a report needs a place: FORMAT=PATH, or FORMAT=- for standard output".to_owned(),
            );
        }
        "-" => Destination::StandardOutput,
        path => Destination::File(PathBuf::from(path)),
    };
    Ok(ReportDestination {
        format,
        destination,
    })
}

/// Arguments of `provider`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes:\n  0  it was asked to stop (SIGINT, SIGTERM), and did\n  2  usage: the command line cannot be understood\n  3  configuration: a file, an address or a certificate is not as it should be"
)]
pub struct Provider {
    /// The profile; `rescind list profiles` shows them
    pub name: Option<String>,
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, conflicts_with = "listen")]
    pub port: Option<u16>,
    /// The address to listen on; any free port of 127.0.0.1 if none is given
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// A folder of profiles that add to the embedded ones or take their place
    #[arg(long, value_name = "DIR")]
    pub profiles: Option<PathBuf>,
    /// A file with the profile, in place of one that has a name
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub profile_file: Option<PathBuf>,
    /// What tokens are made from; a fresh one if none is given
    #[arg(long)]
    pub seed: Option<String>,
    /// The address as others see it, where that is another than the one it listens on
    #[arg(long, value_name = "URL")]
    pub public_url: Option<BaseUrl>,
    /// The address as a browser sees it, where that is another than what servers see
    #[arg(long, value_name = "URL")]
    pub browser_url: Option<BaseUrl>,
    /// What it calls itself; its address as a browser sees it if not given
    #[arg(long, value_name = "URL")]
    pub issuer: Option<BaseUrl>,
    /// Speak TLS, with a CA and certificates made for this run
    #[arg(long)]
    pub tls: bool,
    /// Where to write the certificate of the CA that is made, for clients to trust
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub tls_ca_out: Option<PathBuf>,
    /// Speak TLS with this certificate (PEM; those that it is signed by after it)
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "tls"
    )]
    pub tls_certificate: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// A file with the key that every request to the control API must show; without one it listens on
    /// loopback addresses only. The variable `RESCIND_CONTROL_KEY` may hold the key itself instead
    #[arg(long, value_name = "FILE")]
    pub control_key_file: Option<PathBuf>,
    /// A file that says all this, and with which clients, grants, faults and further tenants it
    /// begins; what is typed goes before it. `rescind schema provider-config` describes it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read the configuration and the profiles again when one of their files changes
    ///
    /// A tenant keeps its ledger and its journal while its profile stays as it is; its clients'
    /// registrations, its faults and what its users answer are then those of the file. One whose
    /// profile has changed begins anew, with its grants; one that the file no longer has goes. What
    /// it listens on, is seen as and makes tokens from stays as it was at the start. A file with a
    /// mistake changes nothing.
    #[arg(long)]
    pub watch: bool,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The address to listen on; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Where users' browsers find the service, if not where it listens: providers send them back to
    /// `/callback` below it
    #[arg(long, value_name = "URL", env = "RESCIND_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// The SQLite file, or `:memory:`
    #[arg(long, value_name = "FILE", default_value = ":memory:")]
    pub database: String,
    /// A file with the key that seals the secrets in the database (base64 of 32 bytes); the
    /// variable `RESCIND_ENCRYPTION_KEY` may hold the key itself instead
    #[arg(long, value_name = "FILE")]
    pub encryption_key_file: Option<PathBuf>,
    /// A key of the project `default` that may write; better in the environment, where no list of
    /// processes shows it
    #[arg(
        long,
        value_name = "KEY",
        env = "RESCIND_API_KEY",
        hide_env_values = true
    )]
    pub api_key: Option<String>,
    /// A file of keys of any project, `PROJECT:PERMISSION:KEY` each, separated by whitespace, where
    /// the permission is `read` or `write`; `RESCIND_API_KEYS` may hold the same, or more of them
    #[arg(long, value_name = "FILE")]
    pub api_keys_file: Option<PathBuf>,
    /// How long a dispatch to a provider may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub dispatch_timeout: u64,
    /// How long the claim of a process that died keeps others from its account, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub claim_lease: u64,
    /// Seed exactly one bug; `rescind list defects` shows them
    #[arg(long, value_name = "NAME")]
    pub defect: Option<String>,
    /// Behave in one other way that the contract allows; `rescind list variants` shows them
    #[arg(long, value_name = "NAME", conflicts_with = "defect")]
    pub variant: Option<String>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The id; of scenarios also the folder that holds them
    pub id: String,
    /// Print it as JSON: `rescind schema explanation` describes it
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `prove`.
#[derive(Debug, Args)]
pub struct Prove {
    /// Where to write the proof as JSON, `rescind.proof/1`
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where to write the proof as a Markdown page
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// How many runs at once: most of the time they wait
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Only these defects and variants; of the checks then only those that they must fall to
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub only: Vec<String>,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// What to list.
    #[arg(value_enum)]
    pub what: Listed,
    /// Whose requirements, and the scenarios that name them
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SET)]
    pub set: String,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Listed {
    /// Every scenario, its profiles and what it shows
    Scenarios,
    /// Every provider profile and what is particular about it
    Profiles,
    /// Every requirement set, and what it builds on
    Sets,
    /// Every requirement, its level and the checks that judge it
    Requirements,
    /// Every defect that the reference service can be seeded with
    Defects,
    /// Every other allowed behaviour that the reference service can show
    Variants,
    /// Every check and what must hold
    Checks,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// The format: profile, provider-config, requirements, scenario, deviations, target, adapter,
    /// report, event, evidence, explanation or proof; or `service` or `control`, the OpenAPI documents of the reference service and of a
    /// provider's control API
    pub format: String,
}

/// Whether this is continuous integration, as the services that run it and other tools have it:
/// the variable `CI` says so, whatever it says, unless it says no.
pub fn is_continuous_integration() -> bool {
    environment("CI").is_some_and(|value| !["", "0", "false"].contains(&value.as_str()))
}

/// What GitHub Actions tells a step of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GithubActions {
    /// The file that the step's part of the job summary goes to.
    pub step_summary: Option<PathBuf>,
}

/// Whether this is a step of GitHub Actions: its runner sets `GITHUB_ACTIONS` to `true`.
pub fn github_actions() -> Option<GithubActions> {
    if environment("GITHUB_ACTIONS")? != "true" {
        return None;
    }
    let step_summary = environment("GITHUB_STEP_SUMMARY")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    Some(GithubActions { step_summary })
}

/// The value of an environment variable that a target file names.
#[allow(
    clippy::disallowed_methods,
    reason = "this is the argument module, where the environment is read"
)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
