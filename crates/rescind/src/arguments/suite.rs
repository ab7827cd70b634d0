//! What a suite is made of beside what is inside the program.

use std::path::PathBuf;

use clap::Args;

/// Scenarios and profiles of the user's own.
#[derive(Debug, Default, Args)]
pub struct Suite {
    /// A folder of scenarios that add to the embedded ones or take their place
    #[arg(long, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// A folder of profiles that add to the embedded ones or take their place
    #[arg(long, value_name = "DIR")]
    pub profiles: Option<PathBuf>,
    /// Take no embedded scenario, only those of `--scenarios`
    #[arg(long, requires = "scenarios")]
    pub only_own_scenarios: bool,
}
