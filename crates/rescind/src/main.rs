//! The `rescind` program: the only crate that prints, parses arguments and decides the exit code.
//!
//! [`arguments`] is what a person may type, [`assets`] the embedded fixtures and scenarios,
//! [`exit`] the documented exit codes; each command is a file in [`commands`].

mod arguments;
mod assets;
mod clock;
mod commands;
mod evidence_folder;
mod exit;
mod output;
mod progress;
mod reports;
mod review;
mod snapshot_folder;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::problem(
                &format!("the runtime cannot start: {error}"),
                "free some threads or file handles",
            );
            return ExitCode::from(exit::HARNESS_ERROR);
        }
    };
    let code = runtime.block_on(async {
        match arguments.command {
            Command::Init(init) => commands::init::run(&init),
            Command::Doctor(doctor) => commands::doctor::run(&doctor).await,
            Command::Adapter(adapter) => commands::adapter::run(&adapter).await,
            Command::Check(check) => on_a_worker(Box::pin(commands::check::run(check))).await,
            Command::Merge(merge) => commands::merge::run(&merge),
            Command::Provider(provider) => commands::provider::run(&provider).await,
            Command::Replay(replay) => commands::replay::run(&replay).await,
            Command::Serve(serve) => commands::serve::run(serve).await,
            Command::Explain(explain) => commands::explain::run(&explain),
            Command::Prove(prove) => commands::prove::run(prove).await,
            Command::List(list) => commands::list::run(&list),
            Command::Schema(schema) => commands::schema::run(&schema),
        }
    });
    ExitCode::from(code)
}

/// Runs a command where its connections are served: the thread that only waits for the commands
/// would have to be woken for each answer.
async fn on_a_worker(command: impl Future<Output = u8> + Send + 'static) -> u8 {
    // A command that ends abnormally has said so itself.
    tokio::spawn(command).await.unwrap_or(exit::HARNESS_ERROR)
}
