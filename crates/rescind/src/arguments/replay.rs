//! What may be typed after `replay`.

use std::path::PathBuf;

use clap::Args;

use super::Suite;

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = super::exit_codes())]
pub struct Replay {
    /// The case, `SCENARIO@PROFILE`, as reports name it; the scenario alone if it has one profile
    pub case: String,
    /// The JSON report of the run that it is a case of: its seed and its requirement set, if none
    /// others are given
    #[arg(long, value_name = "REPORT")]
    pub from: Option<PathBuf>,
    /// What tokens and keys are made from; a fresh one if none is given
    #[arg(long)]
    pub seed: Option<String>,
    /// The requirement set to judge by; the first one if none is given
    #[arg(long, value_name = "NAME")]
    pub set: Option<String>,
    /// The target file; the reference service if none is named
    #[arg(long, value_name = "FILE")]
    pub target: Option<PathBuf>,
    /// Fail also on what a requirement only recommends (SHOULD)
    #[arg(long)]
    pub strict: bool,
    /// Scenarios and profiles of the user's own.
    #[command(flatten)]
    pub suite: Suite,
}
