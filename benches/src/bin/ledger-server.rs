//! The provider with a ledger as large as it is told: `ledger-server provider NAME --seed SEED`,
//! the way that `rescind provider` is started, and then lines on standard input. `fill N` replaces
//! the tenant by a new one with N grants and answers with a line; the end of the input ends it.
//!
//! A million grants come into being here and not through the control API, which would take a
//! million requests. The server itself is the library's, as it is that of `rescind provider`.

use std::io::BufRead;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use rescind_benches::{Failure, grants, profile};
use rescind_provider::server::{Address, Provider};

#[derive(Parser)]
struct Arguments {
    /// The word `provider`.
    command: String,
    /// The profile's name.
    name: String,
    /// The seed of the run.
    #[arg(long)]
    seed: String,
    /// The port.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.command != "provider" {
        return Err(Failure::new(
            format!("there is no command `{}`", arguments.command),
            "`provider` is the only one",
        ));
    }
    let profile = Arc::new(profile(&arguments.name)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of("the runtime cannot start", &error))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let provider = runtime
        .block_on(Provider::start(address, &arguments.seed))
        .map_err(|error| Failure::of("the provider cannot start", &error))?;
    let new_tenant = || {
        let tenant = provider.add_tenant(&Address::Root, grants::TENANT, Arc::clone(&profile));
        tenant.map_err(|error| Failure::of("the tenant cannot be added", &error))
    };
    new_tenant()?;
    anstream::println!("listening on http://{}", provider.address());
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::of("standard input ended early", &error))?;
        let Some(count) = line
            .strip_prefix("fill ")
            .and_then(|count| count.parse().ok())
        else {
            return Err(Failure::new(
                format!("`{line}` is no order"),
                "`fill N` is the only one",
            ));
        };
        let tenant = new_tenant()?;
        grants::mint(&mut tenant.lock(), count, |_| {});
        anstream::println!("filled {count}");
    }
    runtime.block_on(provider.stop());
    Ok(())
}
