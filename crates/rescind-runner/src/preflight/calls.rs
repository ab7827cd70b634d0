//! Does the target reach the provider, and do its other calls work? None of them revokes.

use std::time::Duration;

use rescind_model::AccountStatus;
use rescind_model::target::{Call as TargetCall, RequestTemplate};
use rescind_model::template::Variables;
use rescind_model::vocabulary::Endpoint;

use super::accounts::switched;
use super::contact::{hands_on, hint_for_call, hint_for_silence};
use super::examiner::{Client, Examiner};
use super::{About, said};
use crate::clock::Looks;
use crate::record::{CallOutcome, ReadStatus};
use crate::target::Connected;

impl Examiner<'_> {
    /// Has an account refreshed: the provider's journal says whether the target asked it.
    pub(super) async fn provider(&mut self, account: &Connected) {
        let Some(refresh) = &self.target.refresh else {
            return;
        };
        let about = About::Provider;
        if self.profile.tokens.refresh_token.is_none() {
            self.not_asked(
                about,
                "no provider of the selected scenarios issues refresh tokens",
            );
            return;
        }
        let Some(status) = self
            .called(about, &refresh.request, &account.variables)
            .await
        else {
            return;
        };
        let bound = Duration::from_secs_f64(self.adapter.limits().background_seconds);
        let mut looks = Looks::within(bound);
        let received = loop {
            let seen = self.tenant.observe(0, []).await;
            let Some(seen) = self.asked_of_provider(seen).await else {
                return;
            };
            let mut entries = seen.entries.iter();
            if entries.any(|entry| entry.endpoint == Some(Endpoint::Token)) {
                self.fine(about, "a refresh reaches the provider");
                return;
            }
            if !looks.again().await {
                break seen.received;
            }
        };
        self.provider_not_reached(&refresh.request, status, received);
    }

    fn provider_not_reached(&mut self, refresh: &RequestTemplate, status: u16, received: u64) {
        let target = self.target;
        let base_url = self.tenant.addresses().own.clone();
        let token_path = self.profile.token_endpoint.path.to_string();
        let message = format!(
            "the target was asked to refresh an account and answered {status}, and the provider at {base_url} was not asked for tokens"
        );
        if received > 0 {
            let message = format!(
                "{message}; {received} of the target's requests came to other paths than `{token_path}`"
            );
            let hint = format!(
                "let the target know that provider `{}` refreshes at `{token_path}` below that address",
                self.profile_name
            );
            self.problem(About::Provider, refresh.path.span(), message, hint);
            return;
        }
        if let Some(command) = &target.adapter {
            let hint = "let the command hand `provider_base_url` to the target, the whole of it, with its path; let the target reach this machine's loopback; or correct `[refresh]`";
            self.problem(About::Provider, command.command.span(), message, hint);
            return;
        }
        let steps = [target.client_steps.as_slice(), target.account_steps.get()].concat();
        if hands_on(&steps, "provider_base_url") || !target.holes_of_hosts().is_empty() {
            let hint = "let the target use the whole of `{provider_base_url}`, with its path, and reach this machine's loopback; or correct `[refresh]`";
            self.problem(About::Provider, refresh.path.span(), message, hint);
        } else {
            let step = steps.first().map(|step| step.request.path.span());
            let hint = "hand `{provider_base_url}` to the target in a client step, as the address of the provider";
            self.problem(About::Provider, step.unwrap_or_default(), message, hint);
        }
    }

    /// Switches an account, and then a client, off and on again.
    pub(super) async fn switches(&mut self, client: &Client, account: &Connected) {
        let target = self.target;
        let of_account = (About::SetStatus, &target.set_status, &account.variables);
        let of_client = (About::SetClientStatus, &target.set_client_status, client);
        for (about, call, variables) in [of_account, of_client] {
            if let Some(call) = call {
                self.switch(about, call, variables).await;
            }
        }
    }

    async fn switch(&mut self, about: About, call: &TargetCall, variables: &Variables) {
        for status in [AccountStatus::Inactive, AccountStatus::Active] {
            let is_on = status == AccountStatus::Active;
            let word = self.target.words.word_to_connect(status);
            let variables = switched(variables, is_on, word);
            if !self.works(about, call, &variables).await {
                return;
            }
        }
        self.fine(about, "off and on again");
    }

    /// Deletes what was put into the target, as far as the file says how.
    pub(super) async fn deletions(&mut self, client: &Client, accounts: &[&Connected]) {
        let target = self.target;
        let mut left = accounts;
        if let (Some(delete), Some((first, others))) = (&target.delete, accounts.split_first()) {
            left = others;
            if self.works(About::Delete, delete, &first.variables).await {
                let seen = self.seen_after_deletion(first).await;
                self.fine(About::Delete, seen);
            }
            if target.cleanup_steps.is_empty() {
                for account in others {
                    // It is good to leave nothing behind; whether it works is known from the first.
                    let _ = self.adapter.call(&delete.request, &account.variables).await;
                }
            }
        }
        if !target.cleanup_steps.is_empty() {
            self.clean_up(left).await;
        }
        if let Some(delete) = &target.delete_client
            && self.works(About::DeleteClient, delete, client).await
        {
            self.fine(About::DeleteClient, "deleted");
        }
    }

    /// Takes accounts out of the target, as at the end of each case.
    async fn clean_up(&mut self, accounts: &[&Connected]) {
        if accounts.is_empty() {
            self.not_asked(About::CleanUp, "the one account has been deleted already");
        }
        for account in accounts {
            match self.adapter.clean_up(account).await {
                Ok(()) => self.fine(About::CleanUp, "taken out again"),
                Err(error) => {
                    self.step_failed(About::CleanUp, &error);
                    return;
                }
            }
        }
    }

    async fn seen_after_deletion(&self, account: &Connected) -> &'static str {
        let read = self.adapter.read(&account.variables).await;
        match read {
            Ok((_, ReadStatus::Missing)) => "deleted, and a read no longer finds it",
            // Whether that may be is for the scenarios to judge.
            _ => "answered as deleted; a read does not say that it is gone",
        }
    }

    async fn works(&mut self, about: About, call: &TargetCall, variables: &Variables) -> bool {
        let Some(status) = self.called(about, &call.request, variables).await else {
            return false;
        };
        (200..300).contains(&status)
    }

    /// Makes a call. Returns its status code; if it did not work, says so, and if there is none,
    /// returns nothing.
    async fn called(
        &mut self,
        about: About,
        request: &RequestTemplate,
        variables: &Variables,
    ) -> Option<u16> {
        let place = request.path.span();
        let shown = format!("`{} {}`", *request.method, *request.path);
        let call = match self.adapter.call(request, variables).await {
            Ok(call) => call,
            Err(error) => {
                let message = format!("{shown} cannot be made: {error}");
                self.problem(about, place, message, hint_for_call(&error));
                return None;
            }
        };
        match &call.outcome {
            CallOutcome::Failed(failure) => {
                let message = format!("{shown} was not answered: {failure}");
                self.problem(about, place, message, hint_for_silence(failure));
                None
            }
            CallOutcome::Answered(answered) => {
                // The answer to a refresh is the provider's doing as much as the target's.
                if !answered.is_success() && about != About::Provider {
                    let known = self.learn_secrets().await;
                    self.asked_of_provider(known).await?;
                    let said = said::body(answered, &self.scanner);
                    let message = format!("{shown} was answered {}{said}", answered.status);
                    let hint = format!("correct `{about}`: its method, its path or its body");
                    self.problem(about, place, message, hint);
                }
                Some(answered.status)
            }
        }
    }
}
