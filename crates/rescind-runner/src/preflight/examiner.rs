//! The questions in their order, and what they have in common.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use rescind_model::scenario::Verb;
use rescind_model::secret::SecretScanner;
use rescind_model::template::Variables;
use rescind_model::{AccountStatus, Diagnostic, Profile, Target};

use super::{About, Answer, Examination, said};
use crate::error::Problem;
use crate::plan::Case;
use crate::provider_access::{AccessError, ProviderAccess, TenantAccess};
use crate::target::{Adapter, Connected};

/// The name of the tenant that the questions are asked with.
const NAME: &str = "preflight";

/// Asks the questions of one target.
pub(super) struct Examiner<'a> {
    pub(super) adapter: &'a Adapter,
    pub(super) target: &'a Target,
    pub(super) tenant: TenantAccess,
    /// The tenant's profile.
    pub(super) profile: Arc<Profile>,
    /// Its name.
    pub(super) profile_name: String,
    /// Finds the secrets that the target has been given so far.
    pub(super) scanner: SecretScanner,
    /// Whether the target has answered anything.
    pub(super) has_answered: bool,
    pub(super) examination: &'a mut Examination,
}

/// The statuses that accounts must be connected with in the cases, the usual one first.
pub fn statuses(target: &Target, cases: &[Case]) -> Vec<AccountStatus> {
    let verbs = cases.iter().flat_map(|case| &case.scenario.steps);
    let needed: BTreeSet<AccountStatus> = verbs
        .filter_map(|step| match &step.verb {
            Verb::Connect(connect) => Some(connect.status),
            _ => None,
        })
        .collect();
    let can_be_active = match &target.capabilities.account_statuses {
        Some(known) => known.contains(&AccountStatus::Active),
        None => true,
    };
    // Whatever is asked beyond provisioning is asked about an account that is in use.
    let active = can_be_active.then_some(AccountStatus::Active);
    let others = needed
        .into_iter()
        .filter(|status| *status != AccountStatus::Active);
    active.into_iter().chain(others).collect()
}

/// Asks a target everything that can be asked before anything is judged, at a tenant of its own.
///
/// # Errors
/// There is no room for that tenant.
pub async fn examine(
    adapter: &Adapter,
    provider: &ProviderAccess,
    cases: &[Case],
    examination: &mut Examination,
) -> Result<(), Problem> {
    // A provider that issues refresh tokens is one that the target can be made to call.
    let refreshes = |case: &&Case| case.profile.tokens.refresh_token.is_some();
    let Some(case) = cases.iter().find(refreshes).or_else(|| cases.first()) else {
        return Ok(());
    };
    let tenant = provider.add_tenant(NAME, None, &case.profile).await?;
    let scanner = said::scanner(adapter, &tenant)
        .await
        .map_err(|error| Problem::new(error.to_string(), error.hint()))?;
    let target = adapter.target();
    let mut examiner = Examiner {
        adapter,
        target,
        tenant,
        profile: Arc::clone(&case.profile),
        profile_name: case.id.profile.clone(),
        scanner,
        has_answered: false,
        examination,
    };
    examiner.ask(&statuses(target, cases)).await;
    Ok(())
}

impl Examiner<'_> {
    async fn ask(&mut self, statuses: &[AccountStatus]) {
        if !self.reset().await {
            return;
        }
        let Some(client) = self.client().await else {
            return;
        };
        let accounts = self.accounts(&client, statuses).await;
        let Some(first) = accounts.first() else {
            return;
        };
        if first.is_readable {
            self.status_reason(&accounts);
            self.keys(&first.connected).await;
        }
        self.provider(&first.connected).await;
        self.switches(&client, &first.connected).await;
        let connected: Vec<&Connected> =
            accounts.iter().map(|account| &account.connected).collect();
        self.deletions(&client, &connected).await;
    }

    /// Learns the secrets that the target has been given meanwhile.
    pub(super) async fn learn_secrets(&mut self) -> Result<(), AccessError> {
        self.scanner = said::scanner(self.adapter, &self.tenant).await?;
        Ok(())
    }

    /// What the provider gave, if it did; the target is about to be given the secrets in it.
    pub(super) async fn asked_of_provider<T>(
        &mut self,
        given: Result<T, AccessError>,
    ) -> Option<T> {
        let learned = match given {
            Ok(given) => self.learn_secrets().await.map(|()| given),
            Err(error) => Err(error),
        };
        learned.map_err(|error| self.provider_failed(&error)).ok()
    }

    /// The provider, which runs elsewhere, did not do what it was asked to.
    pub(super) fn provider_failed(&mut self, error: &AccessError) {
        let control = self.target.provider.control.as_ref();
        let place = control.map(|control| control.url.span());
        let (message, hint) = (error.to_string(), error.hint().to_owned());
        self.problem(
            About::ProviderPlace,
            place.unwrap_or_default(),
            message,
            hint,
        );
    }

    pub(super) fn fine(&mut self, about: About, seen: impl Into<String>) {
        self.examination.answer(about, Answer::Fine(seen.into()));
    }

    pub(super) fn not_asked(&mut self, about: About, why: impl Into<String>) {
        self.examination.answer(about, Answer::NotAsked(why.into()));
    }

    /// Something that must be mended: where in the target file, what, and what to do next.
    pub(super) fn problem(
        &mut self,
        about: About,
        place: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::new(&self.target.file, place, message).hint(hint);
        self.examination
            .answer(about, Answer::Problem(vec![diagnostic]));
    }
}

/// What a client's steps captured, with what they were given.
pub(super) type Client = Variables;
