//! Before anything is judged: is the target up, is the key good, does provisioning work, can the
//! target reach the provider? What is found here is a configuration error, never a finding.
//!
//! Nothing here revokes.

use std::sync::Arc;

use rescind_model::AccountStatus;
use rescind_model::scenario::Connect;
use rescind_model::vocabulary::Endpoint;
use rescind_provider::Provider;
use rescind_provider::server::Address;

use crate::error::Problem;
use crate::plan::Case;
use crate::provision;
use crate::record::ReadStatus;
use crate::target::{Adapter, ConnectionFacts, ProvisioningError, ProvisioningFailure};

/// Puts an account of the first case's profile into the target, reads it, and has it refreshed
/// where the target file says how.
pub async fn preflight(
    adapter: &Arc<Adapter>,
    provider: &Provider,
    first: &Case,
) -> Result<(), Problem> {
    let name = "preflight";
    let tenant = provider.add_tenant(
        &Address::Below(name.into()),
        name,
        Arc::clone(&first.profile),
    );
    let tenant = tenant.map_err(|error| Problem::new(error.to_string(), error.hint()))?;
    let elapsed = tenant.elapsed();
    let minted = tenant
        .lock()
        .mint(name, "main", &rescind_model::Subject::ALL, elapsed);
    let client = provision::client_facts(
        &tenant,
        adapter.target(),
        &first.id.profile,
        &minted.client.name,
        Connect::OAUTH2,
    );
    let account = provision::account_facts(
        name,
        name,
        adapter
            .target()
            .words
            .word_to_connect(AccountStatus::Active),
        &minted,
        minted.expires_in,
    );
    let client = adapter
        .connect_client(client)
        .await
        .map_err(|error| explain(adapter, &error))?;
    let connected = adapter
        .connect_account(ConnectionFacts { client, account })
        .await
        .map_err(|error| explain(adapter, &error))?;
    let read = adapter.read(&connected.variables).await;
    let (_, status) = read
        .map_err(|error| Problem::new(error.to_string(), "correct `[read]` in the target file"))?;
    if status != ReadStatus::Known(AccountStatus::Active) {
        return Err(Problem::new(
            format!("an account was put into the target as ACTIVE; a read says: {status}"),
            "correct the account steps, or `[read]`, in the target file",
        ));
    }
    if let Some(refresh) = &adapter.target().refresh {
        let call = adapter.call(&refresh.request, &connected.variables).await;
        call.map_err(|error| {
            Problem::new(error.to_string(), "correct `[refresh]` in the target file")
        })?;
        let reached = tenant
            .lock()
            .journal()
            .after(0)
            .any(|entry| entry.endpoint == Some(Endpoint::Token));
        if !reached {
            return Err(Problem::new(
                format!(
                    "the target was asked to refresh an account, and no request reached the provider at {}",
                    tenant.base_url()
                ),
                "hand `{provider_base_url}` to the target in its client steps, and let it reach this machine's loopback",
            ));
        }
    }
    Ok(())
}

/// The next step after a provisioning step that did not work.
fn explain(adapter: &Adapter, error: &ProvisioningError) -> Problem {
    let hint = match &error.failure {
        ProvisioningFailure::NoAnswer(_) => {
            format!(
                "start the target, or correct `base_url` in the target file; it is `{}`",
                adapter.base_url()
            )
        }
        ProvisioningFailure::Status(401 | 403, _) => match &adapter.target().api_key.environment {
            Some(name) => format!(
                "put a key that the target accepts into the environment variable `{}`",
                **name
            ),
            None => {
                "hand `{api_key}` to the target's process, so that it accepts the key".to_owned()
            }
        },
        ProvisioningFailure::Status(..) => {
            "correct the step in the target file: its path, its body, or `expect`".to_owned()
        }
        ProvisioningFailure::Capture(..) => "correct `capture` in the target file".to_owned(),
        ProvisioningFailure::Template(_) => "correct the step in the target file".to_owned(),
    };
    Problem::new(format!("provisioning does not work: {error}"), hint)
}
