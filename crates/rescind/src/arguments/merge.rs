//! What may be typed after `merge`.

use std::path::PathBuf;

use clap::Args;

use super::{ReportDestination, report_destination};

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// The JSON reports of all shards (`rescind check --shard I/N --report json=FILE`), in any order
    #[arg(required = true, value_name = "REPORT")]
    pub shards: Vec<PathBuf>,
    /// Where to write a report: FORMAT is `json`, `ndjson`, `junit`, `github` or `markdown`; `-` as
    /// PATH is standard output. May be given more than once
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = report_destination)]
    pub reports: Vec<ReportDestination>,
    /// Fail also on what a requirement only recommends (SHOULD), even if the shards did not
    #[arg(long)]
    pub strict: bool,
}
