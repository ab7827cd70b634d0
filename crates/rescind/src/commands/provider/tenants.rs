//! The tenants that a plan asks for, and the way from one plan to the next.

use std::sync::Arc;

use rescind_model::provider_config::{Beginning, Consent as Stated};
use rescind_provider::consent::Consent;
use rescind_provider::name::Name;
use rescind_provider::server::{Provider, StartError};
use rescind_provider::{Tenant, tenant::TenantState};

use super::super::NotReady;
use super::plan::TenantPlan;

/// What is served.
pub struct Serving<'a> {
    provider: &'a Provider,
    tenants: Vec<(TenantPlan, Arc<Tenant>)>,
}

impl<'a> Serving<'a> {
    /// Begins to serve.
    ///
    /// # Errors
    /// A port that cannot be listened on.
    pub fn begin(provider: &'a Provider, plans: Vec<TenantPlan>) -> Result<Self, NotReady> {
        let mut serving = Self {
            provider,
            tenants: Vec::new(),
        };
        serving
            .change_to(plans)
            .map_err(|error| NotReady::Problem(error.to_string(), error.hint().to_owned()))?;
        Ok(serving)
    }

    /// Every tenant, in the order of the plan.
    pub fn running(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.iter().map(|(_, tenant)| tenant)
    }

    /// Serves what another plan says. Returns what has become of each tenant, in words.
    ///
    /// # Errors
    /// A port that cannot be listened on: what came before it in the plan is served.
    pub fn change_to(&mut self, plans: Vec<TenantPlan>) -> Result<Vec<String>, StartError> {
        let mut changes = Vec::new();
        let mut kept = Vec::new();
        for (old, tenant) in std::mem::take(&mut self.tenants) {
            if plans.iter().any(|plan| is_same(plan, &old)) {
                kept.push((old, tenant));
            } else {
                self.provider.remove_tenant(&old.name);
                if plans.iter().all(|plan| plan.name != old.name) {
                    changes.push(format!("{}: gone", old.name));
                }
            }
        }
        for plan in plans {
            let place = kept.iter().position(|(old, _)| is_same(&plan, old));
            let tenant = if let Some(place) = place {
                let (_, tenant) = kept.swap_remove(place);
                settle(&mut tenant.lock(), &plan.beginning);
                changes.push(format!("{}: its grants and journal stay", plan.name));
                tenant
            } else {
                match self.begin_one(&plan) {
                    Ok(tenant) => {
                        changes.push(format!("{}: new, on {}", plan.name, tenant.base_url()));
                        tenant
                    }
                    Err(error) => {
                        // Those that the plan has further down go on as they were.
                        self.tenants.append(&mut kept);
                        return Err(error);
                    }
                }
            };
            self.tenants.push((plan, tenant));
        }
        Ok(changes)
    }

    fn begin_one(&self, plan: &TenantPlan) -> Result<Arc<Tenant>, StartError> {
        let profile = Arc::clone(&plan.profile);
        let tenant = self.provider.add_tenant(&plan.at, &plan.name, profile)?;
        let elapsed = tenant.elapsed();
        let mut state = tenant.lock();
        settle(&mut state, &plan.beginning);
        for grant in &plan.beginning.grants {
            state.mint(&grant.user, &grant.client, &grant.subjects, elapsed);
        }
        drop(state);
        Ok(tenant)
    }
}

/// Whether a tenant can go on as it is: at the same place, and imitating the same.
fn is_same(plan: &TenantPlan, old: &TenantPlan) -> bool {
    plan.name == old.name && plan.at == old.at && plan.text.text() == old.text.text()
}

/// Makes clients, faults and consent what is stated. A client that has registered nothing is as
/// it was made.
fn settle(state: &mut TenantState, stated: &Beginning) {
    state.set_consent(match &stated.consent {
        None | Some(Stated::Ask) => Consent::Ask,
        Some(Stated::Allow(user)) => Consent::Allow { user: user.clone() },
        Some(Stated::Deny) => Consent::Deny,
    });
    let known: Vec<Name> = state.clients().iter().map(|it| it.name.clone()).collect();
    let unstated = known
        .iter()
        .filter(|name| stated.clients.iter().all(|client| *client.name != **name));
    for name in unstated {
        state.set_redirect_uris(name, Vec::new());
        state.set_grant_types(name, None);
    }
    for client in &stated.clients {
        let uris = client.redirect_uris.iter().map(|uri| uri.get().clone());
        state.set_redirect_uris(&client.name, uris.collect());
        state.set_grant_types(&client.name, client.grant_types.clone());
    }
    state.recover();
    for fault in &stated.faults {
        state.fail(fault.clone());
    }
}
