//! What may be typed after `rescind adapter`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `adapter`.
#[derive(Debug, Args)]
pub struct Adapter {
    /// What to do.
    #[command(subcommand)]
    pub command: AdapterCommand,
}

/// What to do with an adapter.
#[derive(Debug, Subcommand)]
pub enum AdapterCommand {
    /// Test a command that puts accounts into a target: does it keep to `rescind.adapter/1`?
    ///
    /// Has it put a client into the target, and accounts in every status; asks several things at once,
    /// things that make no sense, and what cannot be read; has it clean up, and ends it. The tokens
    /// are made up, and nothing is revoked. `docs/adapter.md` describes the protocol.
    Check(AdapterCheck),
}

/// Arguments of `adapter check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes:\n  0  ready: nothing is wrong, as far as it could be asked\n  2  usage: the command line cannot be understood\n  3  configuration: not ready, each problem with the next step\n  5  harness error: the runner or its machine failed\n  6  interrupted"
)]
pub struct AdapterCheck {
    /// The target file that names the command, under `[adapter]`; its target is started if the file
    /// says how
    #[arg(long, value_name = "FILE", required_unless_present = "command")]
    pub target: Option<PathBuf>,
    /// The address of the target, for a command that is named here
    #[arg(long, value_name = "URL", conflicts_with = "target")]
    pub base_url: Option<String>,
    /// Which provider the client is to be of, for a command that is named here
    #[arg(long, value_name = "NAME", conflicts_with = "target")]
    pub profile: Option<String>,
    /// The command itself, after `--`: the program and its arguments
    #[arg(last = true, conflicts_with = "target")]
    pub command: Vec<String>,
}
