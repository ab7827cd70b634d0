//! What a case costs the runner: `cargo run --release -p rescind-benches --bin runner-benchmark`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rescind_benches::Failure;
use rescind_benches::runner::comparison::{self, Plan};
use rescind_benches::runner::parties::Programs;
use rescind_benches::runner::report::Report;

/// Measures the processor time of `rescind check` for a case, with service and provider as processes
/// of their own, against a bare HTTP client that sends the same exchanges.
#[derive(Parser)]
struct Arguments {
    /// Measure these scenarios only, by id or by the folder that holds them.
    selection: Vec<String>,
    /// Write the figures as JSON to this file as well.
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// A few cases only: whether it works, not how fast.
    #[arg(long, conflicts_with = "selection")]
    quick: bool,
    /// How often each is measured.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// This `rescind`, and the two programs below, in place of building them.
    #[arg(long, value_name = "PATH", requires_all = ["bare_client", "sized_server"])]
    rescind: Option<PathBuf>,
    /// This bare client.
    #[arg(long, value_name = "PATH", requires = "rescind")]
    bare_client: Option<PathBuf>,
    /// This server for it.
    #[arg(long, value_name = "PATH", requires = "rescind")]
    sized_server: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(report) => {
            anstream::print!("{}", report.table());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            anstream::eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<Report, Failure> {
    let given = (
        arguments.rescind,
        arguments.bare_client,
        arguments.sized_server,
    );
    let programs = match given {
        (Some(rescind), Some(bare_client), Some(sized_server)) => Programs {
            rescind,
            bare_client,
            sized_server,
        },
        _ => Programs::build()?,
    };
    let mut plan = if arguments.quick {
        Plan::quick()
    } else {
        Plan {
            selection: arguments.selection,
            ..Plan::full()
        }
    };
    if let Some(rounds) = arguments.rounds {
        plan.rounds = rounds;
    }
    let report = comparison::measure(&plan, &programs, &|what| anstream::eprintln!("{what} …"))?;
    if let Some(path) = arguments.json {
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::of("the figures cannot be written as JSON", &error))?;
        std::fs::write(&path, text + "\n").map_err(|error| {
            Failure::of(&format!("{} cannot be written", path.display()), &error)
        })?;
    }
    Ok(report)
}
