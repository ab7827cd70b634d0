//! The benchmark: `cargo run --release -p rescind-benches`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rescind_benches::Failure;
use rescind_benches::measurements::{self, Plan};
use rescind_benches::report::Report;
use rescind_benches::servers::Programs;

/// Measures the provider against a bare hyper server in the same run, and says which targets hold.
#[derive(Parser)]
struct Arguments {
    /// Write the figures as JSON to this file as well.
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// A few requests only: whether it works, not how fast.
    #[arg(long)]
    quick: bool,
    /// This `rescind`, and the two servers below, in place of building them.
    #[arg(long, value_name = "PATH", requires_all = ["bare_server", "ledger_server"])]
    rescind: Option<PathBuf>,
    /// This bare server.
    #[arg(long, value_name = "PATH", requires = "rescind")]
    bare_server: Option<PathBuf>,
    /// This ledger server.
    #[arg(long, value_name = "PATH", requires = "rescind")]
    ledger_server: Option<PathBuf>,
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
    let programs = match (
        arguments.rescind,
        arguments.bare_server,
        arguments.ledger_server,
    ) {
        (Some(rescind), Some(bare), Some(ledger)) => Programs {
            rescind,
            bare,
            ledger,
        },
        _ => Programs::build()?,
    };
    let plan = if arguments.quick {
        Plan::quick()
    } else {
        Plan::full()
    };
    let report = measurements::measure(plan, &programs, &|what| anstream::eprintln!("{what} …"))?;
    if let Some(path) = arguments.json {
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::of("the figures cannot be written as JSON", &error))?;
        std::fs::write(&path, text + "\n").map_err(|error| {
            Failure::of(&format!("{} cannot be written", path.display()), &error)
        })?;
    }
    Ok(report)
}
