//! Which cases are run: what may be typed after `check` about that.

use std::path::PathBuf;

use clap::Args;
use rescind_model::shard::Shard;

/// Which cases are run.
#[derive(Debug, Args)]
pub struct Which {
    /// Scenarios to run, by id or by the folder that holds them; all if none is named
    pub selection: Vec<String>,
    /// Run the cases of this profile only. May be given more than once
    #[arg(long = "profile", value_name = "NAME")]
    pub only_profiles: Vec<String>,
    /// Run the scenarios that name this requirement only. May be given more than once
    #[arg(long = "requirement", value_name = "ID")]
    pub only_requirements: Vec<String>,
    /// Run the scenarios that have this tag only; `rescind list scenarios` shows them. May be given more
    /// than once
    #[arg(long = "tag", value_name = "NAME")]
    pub only_tags: Vec<String>,
    /// Run only the cases in which something was not as it should be, by the JSON report of an
    /// earlier run
    #[arg(long, value_name = "REPORT")]
    pub failed_last_time: Option<PathBuf>,
    /// Run one part of so many: `2/4` is the second of four. Each case is in exactly one, whatever else
    /// is selected; `rescind merge` puts the JSON reports of all of them together
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Begin no further case after the first one with a finding; those under way come to their end
    #[arg(long)]
    pub fail_fast: bool,
}
