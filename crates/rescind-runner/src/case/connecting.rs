//! Puts an account into the target, with tokens that the provider has just minted.

use std::collections::BTreeSet;

use rescind_model::Subject;
use rescind_model::scenario::{Connect, HeldToken};
use rescind_model::template::Variables;

use super::{CaseRun, StepError};
use crate::provision;
use crate::record::{AccountIdentity, AccountWorld};
use crate::target::ConnectionFacts;

impl CaseRun {
    pub(super) async fn connect(&mut self, connect: &Connect) -> Result<(), StepError> {
        let held = [
            (Subject::AccessToken, connect.access_token),
            (Subject::RefreshToken, connect.refresh_token),
        ];
        let subjects: Vec<Subject> = held
            .into_iter()
            .filter(|(_, held)| *held != HeldToken::Absent)
            .map(|(subject, _)| subject)
            .collect();
        let user = connect
            .user
            .as_ref()
            .unwrap_or(connect.account.get())
            .clone();
        let minted = self.tenant.mint(&user, &connect.client, &subjects).await?;
        for (subject, held) in held {
            let done = match held {
                HeldToken::Alive | HeldToken::Absent => true,
                HeldToken::Expired | HeldToken::ExpiredAtProvider => {
                    self.tenant.expire(minted.grant, subject).await?
                }
                HeldToken::Dead => self.tenant.kill(minted.grant, subject).await?,
            };
            if !done {
                return Err(StepError::NoSuchToken(subject));
            }
        }
        let client = self
            .connect_client(&connect.client, &connect.scheme)
            .await?;
        let expires_in = match connect.access_token {
            HeldToken::Expired => Some(0),
            _ => minted.expires_in,
        };
        let account = provision::account_facts(
            connect.account.get(),
            &user,
            self.adapter.target().words.word_to_connect(connect.status),
            &minted,
            expires_in,
        );
        let facts = ConnectionFacts { client, account };
        let connected = self
            .adapter
            .connect_account(facts)
            .await
            .map_err(StepError::Provisioning)?;
        self.identities.insert(
            connect.account.get().clone(),
            AccountIdentity {
                target_id: connected.target_id.clone(),
                grant: minted.grant,
                user,
                client: connect.client.clone(),
                scheme: connect.scheme.clone(),
            },
        );
        let (_, status) = self.adapter.read(&connected.variables).await?;
        self.connected
            .insert(connect.account.get().clone(), connected);
        self.world.accounts.insert(
            connect.account.get().clone(),
            AccountWorld {
                status,
                deleted: false,
                tokens: Vec::new(),
                never_given: BTreeSet::new(),
            },
        );
        Ok(())
    }

    /// Puts a client into the target, once for each of the scenario's.
    async fn connect_client(&mut self, name: &str, scheme: &str) -> Result<Variables, StepError> {
        let key = (name.to_owned(), scheme.to_owned());
        if let Some(variables) = self.clients.get(&key) {
            return Ok(variables.clone());
        }
        let registered = self.tenant.client(name).await?;
        if let Some(recorder) = &self.recorder {
            recorder.client(name, &registered);
        }
        let facts = provision::client_facts(
            self.tenant.addresses(),
            &registered,
            self.adapter.target(),
            &self.case.id.profile,
            name,
            scheme,
        );
        let captured = self
            .adapter
            .connect_client(facts)
            .await
            .map_err(StepError::Provisioning)?;
        self.clients.insert(key, captured.clone());
        Ok(captured)
    }
}
