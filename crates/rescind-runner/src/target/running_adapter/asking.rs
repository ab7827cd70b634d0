//! What the command is asked for: clients, accounts, and to remove them.

use std::sync::PoisonError;

use rescind_model::adapter_protocol::{
    AccountRequest, AnswerLine, CleanUp, ClientRequest, CreatedAccount, CreatedClient, Facts,
    Request,
};
use rescind_model::target::Words;
use rescind_model::template::Variables;
use rescind_model::vocabulary::AccountStatus;
use serde_json::Value;

use super::{AdapterFailure, RunningAdapter};

/// Where the whole answer about a client is kept among the facts about it. No hole has this name.
const WHOLE_CLIENT: &str = "whole client";

/// How many accounts or clients are removed by one request.
const AT_A_TIME: usize = 10;

impl RunningAdapter {
    /// Puts a client into the target. `given` is what the provider knows of it. Returns that, with
    /// the facts that later holes may ask for.
    ///
    /// # Errors
    /// It is not there.
    pub async fn client(
        &self,
        given: Variables,
        target_base_url: Option<&str>,
    ) -> Result<Variables, AdapterFailure> {
        let mut facts = Facts::new();
        if self.can("client") {
            let hosts = given.get("provider_hosts").cloned().unwrap_or_default();
            let request = ClientRequest {
                target_base_url: target_base_url.map(str::to_owned),
                provider_base_url: text(&given, "provider_base_url"),
                provider_hosts: serde_json::from_value(hosts).unwrap_or_default(),
                profile: text(&given, "profile"),
                scheme: text(&given, "scheme"),
                client: text(&given, "client"),
                client_id: text(&given, "client_id"),
                client_secret: text(&given, "client_secret"),
            };
            facts = self.done(Request::Client(request)).await?;
            let mut created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
            created.clients.push(CreatedClient {
                target_base_url: target_base_url.map(str::to_owned),
                facts: facts.clone(),
            });
        }
        let mut variables = given;
        self.keep(
            &mut variables,
            &facts,
            ("client", "client_facts"),
            &self.client_facts,
        )?;
        variables.insert(WHOLE_CLIENT.to_owned(), Value::Object(facts));
        Ok(variables)
    }

    /// Puts an account into the target. `given` is what the provider knows of it, and what is known
    /// of its client. Returns that, with `account_id` and the other facts that holes may ask for.
    ///
    /// # Errors
    /// It is not there.
    pub async fn account(
        &self,
        given: Variables,
        words: &Words,
        target_base_url: Option<&str>,
    ) -> Result<Variables, AdapterFailure> {
        let target_status = text(&given, "status");
        let status = account_status(words, &target_status);
        if !self.knows_status(status) {
            return Err(AdapterFailure::of_incapacity(format!(
                "says that no account can be put into the target as {status}"
            )));
        }
        let client = given.get(WHOLE_CLIENT).and_then(Value::as_object);
        let client = client.cloned().unwrap_or_default();
        let request = AccountRequest {
            target_base_url: target_base_url.map(str::to_owned),
            client: client.clone(),
            account: text(&given, "account"),
            user: text(&given, "user"),
            status,
            target_status,
            access_token: optional_text(&given, "access_token"),
            refresh_token: optional_text(&given, "refresh_token"),
            expires_in: given.get("expires_in").and_then(Value::as_u64),
            provider_account_id: optional_text(&given, "provider_account_id"),
        };
        let facts = self.done(Request::Account(Box::new(request))).await?;
        let created = CreatedAccount {
            target_base_url: target_base_url.map(str::to_owned),
            client,
            facts: facts.clone(),
        };
        self.created
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .accounts
            .push(created);
        let mut variables = given;
        self.keep_id(&mut variables, &facts)?;
        self.keep(
            &mut variables,
            &facts,
            ("account", "account_facts"),
            &self.account_facts,
        )?;
        Ok(variables)
    }

    /// Has it remove everything that it has put into the target, if it can: a part at a time, each
    /// within the time of a request. One that fails does not keep the others from being tried.
    pub(super) async fn clean_up(&self) -> Result<(), AdapterFailure> {
        let created = {
            let mut created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *created)
        };
        let is_empty = created.accounts.is_empty() && created.clients.is_empty();
        if is_empty || !self.can("clean_up") {
            return Ok(());
        }
        let mut first_failure = None;
        for part in parts(&created) {
            if let Err(failure) = self.done(Request::CleanUp(part)).await {
                let is_final = failure.is_final;
                first_failure.get_or_insert(failure);
                if is_final {
                    break;
                }
            }
        }
        first_failure.map_or(Ok(()), Err)
    }

    async fn done(&self, request: Request) -> Result<Facts, AdapterFailure> {
        let word = request.word();
        match self.ask(request, self.request_limit).await? {
            AnswerLine::Done(done) => Ok(done.ok),
            AnswerLine::Refused(refused) => Err(self.refused(word, &refused.error)),
            AnswerLine::Hello(_) => Err(AdapterFailure::new(
                format!("was asked for `{word}` and answered as to `hello`"),
                "answer with `ok`, or with `error`",
            )),
        }
    }

    fn keep_id(&self, variables: &mut Variables, facts: &Facts) -> Result<(), AdapterFailure> {
        let id = facts.get("account_id");
        let id = id.filter(|id| id.as_str().is_some_and(|id| !id.is_empty()) || id.is_number());
        let Some(id) = id else {
            return Err(AdapterFailure::new(
                format!(
                    "was asked for `account` and answered without `account_id`, a text or a number{}",
                    self.of_these(facts)
                ),
                "answer with `{\"id\": …, \"ok\": {\"account_id\": …}}`, where it is what the target calls the account",
            ));
        };
        variables.insert("account_id".to_owned(), id.clone());
        Ok(())
    }

    fn keep(
        &self,
        variables: &mut Variables,
        facts: &Facts,
        (word, key): (&str, &str),
        names: &[String],
    ) -> Result<(), AdapterFailure> {
        for name in names {
            let Some(value) = facts.get(name).filter(|value| !value.is_null()) else {
                return Err(AdapterFailure::new(
                    format!(
                        "was asked for `{word}` and answered without `{name}`{}",
                        self.of_these(facts)
                    ),
                    format!(
                        "add `{name}` to the `ok` of its answer, or take it out of `{key}` under `[adapter]`"
                    ),
                ));
            };
            variables.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    /// The names of the facts that came, for the end of a message.
    fn of_these(&self, facts: &Facts) -> String {
        if facts.is_empty() {
            return ", with nothing at all".to_owned();
        }
        let names: Vec<&str> = facts.keys().map(String::as_str).collect();
        format!(", with {} alone", self.shown(&names.join(", ")))
    }
}

/// What was created, in parts: accounts before clients, since those belong to these.
fn parts(created: &CleanUp) -> Vec<CleanUp> {
    let of_accounts = created.accounts.chunks(AT_A_TIME).map(|accounts| CleanUp {
        accounts: accounts.to_vec(),
        clients: Vec::new(),
    });
    let of_clients = created.clients.chunks(AT_A_TIME).map(|clients| CleanUp {
        accounts: Vec::new(),
        clients: clients.to_vec(),
    });
    of_accounts.chain(of_clients).collect()
}

/// The status that a word of the target stands for.
fn account_status(words: &Words, word: &str) -> AccountStatus {
    // What an account is connected with is the word for a status, so that there is one.
    words.account_status(word).unwrap_or(AccountStatus::Active)
}

fn text(variables: &Variables, name: &str) -> String {
    optional_text(variables, name).unwrap_or_default()
}

fn optional_text(variables: &Variables, name: &str) -> Option<String> {
    let value = variables.get(name).and_then(Value::as_str);
    value.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_removed_in_parts_and_the_accounts_first() {
        let account = |number: usize| CreatedAccount {
            target_base_url: None,
            client: Facts::new(),
            facts: Facts::from_iter([("account_id".to_owned(), Value::from(number))]),
        };
        let client = CreatedClient {
            target_base_url: None,
            facts: Facts::new(),
        };
        let created = CleanUp {
            accounts: (0..25).map(account).collect(),
            clients: vec![client],
        };
        let parts = parts(&created);
        let sizes: Vec<(usize, usize)> = parts
            .iter()
            .map(|part| (part.accounts.len(), part.clients.len()))
            .collect();
        assert_eq!(sizes, [(10, 0), (10, 0), (5, 0), (0, 1)]);
        let ids = parts.iter().flat_map(|part| &part.accounts);
        let ids: Vec<Option<u64>> = ids
            .map(|account| account.facts["account_id"].as_u64())
            .collect();
        assert_eq!(ids, (0..25).map(Some).collect::<Vec<Option<u64>>>());
    }
}
