//! The measure of the runner: sends what it is given on standard input, and says what that took.

use std::process::ExitCode;

use rescind_benches::Failure;
use rescind_benches::runner::replay::{Replay, Replayed};

#[tokio::main]
async fn main() -> ExitCode {
    match replay().await {
        Ok(replayed) => {
            anstream::println!("{replayed}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            anstream::eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn replay() -> Result<String, Failure> {
    let replay: Replay = serde_json::from_reader(std::io::stdin().lock())
        .map_err(|error| Failure::of("what is to be sent cannot be read", &error))?;
    let replayed: Replayed = replay.send().await?;
    serde_json::to_string(&replayed)
        .map_err(|error| Failure::of("what it took cannot be written", &error))
}
