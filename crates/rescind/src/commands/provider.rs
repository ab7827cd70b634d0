//! `rescind provider`: serve one fake provider, and say what it imitates.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rescind_model::Profile;
use rescind_model::source::nearest_hint;
use rescind_provider::describe;
use rescind_provider::server::{Address, Provider};

use super::{NotReady, fresh_seed};
use crate::arguments::Provider as Arguments;
use crate::{assets, exit, output};

/// Runs the command until it is interrupted. Returns the exit code.
pub async fn run(arguments: Arguments) -> u8 {
    let (profile, seed) = match prepare(&arguments) {
        Ok(prepared) => prepared,
        Err(not_ready) => return not_ready.report(),
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let provider = match Provider::start(address, &seed).await {
        Ok(provider) => provider,
        Err(error) => {
            output::problem(
                &error.to_string(),
                "choose another `--port`, or 0 for any free one",
            );
            return exit::CONFIGURATION;
        }
    };
    let profile = Arc::new(profile);
    let tenant = provider.add_tenant(&Address::Root, &arguments.name, Arc::clone(&profile));
    output::data(&describe::introduction(&profile, tenant.base_url(), &seed));
    // A signal that cannot be waited for ends the program anyway.
    let _ = stop_requested().await;
    provider.stop().await;
    exit::PASS
}

fn prepare(arguments: &Arguments) -> Result<(Profile, String), NotReady> {
    let profiles = assets::profiles(arguments.profiles.as_deref())?;
    let Some(named) = profiles.iter().find(|named| named.name == arguments.name) else {
        let known = profiles.iter().map(|named| named.name.as_str());
        let hint = nearest_hint(&arguments.name, known).unwrap_or_default();
        return Err(NotReady::Problem(
            format!("there is no profile `{}`", arguments.name),
            hint,
        ));
    };
    let profile = Profile::parse(&named.file)?;
    let seed = match &arguments.seed {
        Some(seed) => seed.clone(),
        None => fresh_seed()?,
    };
    Ok((profile, seed))
}

/// Waits for ctrl-C or SIGTERM.
pub async fn stop_requested() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
