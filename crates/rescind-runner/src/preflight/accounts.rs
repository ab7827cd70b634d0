//! Can clients and accounts be put into the target, and does a read say how they stand?

use rescind_model::scenario::Connect;
use rescind_model::target::Capability;
use rescind_model::template::Variables;
use rescind_model::{AccountStatus, Subject};
use serde_json::Value;

use super::contact::{hands_on, hint_for_call, hint_for_silence};
use super::examiner::{Client, Examiner};
use super::{About, pointers, said};
use crate::provision;
use crate::record::{Answered, Call, CallOutcome, ReadStatus};
use crate::target::{Connected, ConnectionFacts};

/// The name of the client that accounts are connected with.
const CLIENT: &str = "main";

/// An account that was put into the target.
pub(super) struct Account {
    pub(super) connected: Connected,
    /// The answer to a read of it.
    pub(super) read: Option<Answered>,
    /// Whether a read finds it.
    pub(super) is_readable: bool,
}

impl Examiner<'_> {
    /// Empties the target, as before each case. Whether it could.
    pub(super) async fn reset(&mut self) -> bool {
        if self.target.reset_steps.is_empty() {
            return true;
        }
        match self.adapter.reset().await {
            Ok(()) => {
                self.note_answer();
                self.fine(About::Reset, "emptied");
                true
            }
            Err(error) => {
                self.step_failed(About::Reset, &error);
                false
            }
        }
    }

    /// Puts a client of the provider into the target.
    pub(super) async fn client(&mut self) -> Option<Client> {
        let registered = self.tenant.client(CLIENT).await;
        let registered = self.asked_of_provider(registered).await?;
        let facts = provision::client_facts(
            self.tenant.addresses(),
            &registered,
            self.target,
            &self.profile_name,
            CLIENT,
            Connect::OAUTH2,
        );
        match self.adapter.connect_client(facts).await {
            Ok(client) => {
                if self.target.adapter.is_some() {
                    self.fine(About::Client, "put into the target");
                } else if self.target.client_steps.is_empty() {
                    self.not_asked(About::Client, "the file does not have it");
                } else {
                    self.note_answer();
                    self.fine(About::Client, "put into the target");
                }
                Some(client)
            }
            Err(error) => {
                self.step_failed(About::Client, &error);
                None
            }
        }
    }

    /// Puts an account of each status into the target, and reads it. What is wrong with every
    /// account is said of the first alone.
    pub(super) async fn accounts(
        &mut self,
        client: &Client,
        statuses: &[AccountStatus],
    ) -> Vec<Account> {
        let mut accounts: Vec<Account> = Vec::new();
        let cannot = &self.target.capabilities.cannot;
        let holds_one = cannot.contains_key(&Capability::SeveralAccounts);
        for status in statuses {
            if holds_one && !accounts.is_empty() {
                self.not_asked(
                    About::Account(*status),
                    "the target holds one account at a time",
                );
                continue;
            }
            let connected = match self.connect(client, *status).await {
                Some(connected) => connected,
                None if accounts.is_empty() => return accounts,
                None => continue,
            };
            if let Some(other) = accounts.first()
                && other.connected.target_id == connected.target_id
            {
                self.same_id(*status);
                return accounts;
            }
            let account = self.read(*status, connected).await;
            let is_readable = account.is_readable;
            accounts.push(account);
            if !is_readable {
                return accounts;
            }
        }
        accounts
    }

    async fn connect(&mut self, client: &Client, status: AccountStatus) -> Option<Connected> {
        let name = format!("preflight-{}", status.as_str().to_lowercase());
        let minted = self.tenant.mint(&name, CLIENT, &Subject::ALL).await;
        let minted = self.asked_of_provider(minted).await?;
        let word = self.target.words.word_to_connect(status);
        let account = provision::account_facts(&name, &name, word, &minted, minted.expires_in);
        let facts = ConnectionFacts {
            client: client.clone(),
            account,
        };
        match self.adapter.connect_account(facts).await {
            Ok(connected) => {
                // What a command says is not the target's answer: a read is the first.
                if self.target.adapter.is_none() {
                    self.note_answer();
                }
                Some(connected)
            }
            Err(error) => {
                self.step_failed(About::Account(status), &error);
                None
            }
        }
    }

    /// Two accounts of one id are one account to all that follows.
    fn same_id(&mut self, status: AccountStatus) {
        let mut steps = self.target.account_steps.iter();
        let pointer = steps.find_map(|step| step.capture.get("account_id"));
        let command = self.target.adapter.as_ref();
        let place = pointer.map(rescind_model::Located::span);
        let place = place.or_else(|| command.map(|command| command.command.span()));
        self.problem(
            About::Account(status),
            place.unwrap_or_default(),
            "two accounts were put into the target, and `account_id` is the same of both",
            "let it point to what tells one account from another",
        );
    }

    async fn read(&mut self, status: AccountStatus, connected: Connected) -> Account {
        let about = About::Account(status);
        let place = self.target.read.request.path.span();
        let read = self.adapter.read(&connected.variables).await;
        let (call, said) = match read {
            Ok(read) => read,
            Err(error) => {
                self.problem(about, place, error.to_string(), hint_for_call(&error));
                return unreadable(connected, None);
            }
        };
        if self.target.adapter.is_some() && !self.first_call_works(&call) {
            return unreadable(connected, Some(&call));
        }
        if said == ReadStatus::Known(status) {
            self.fine(about, "put into the target, and a read says so");
            return Account {
                connected,
                read: call.answered().cloned(),
                is_readable: true,
            };
        }
        match (&said, &call.outcome) {
            (_, CallOutcome::Failed(failure)) => {
                let message = format!("a read of an account was not answered: {failure}");
                self.problem(about, place, message, hint_for_silence(failure));
            }
            (ReadStatus::Known(other), _) => self.other_status(status, *other),
            (_, CallOutcome::Answered(answered)) if answered.is_success() => {
                if self.unknown_word(status, answered) {
                    return Account {
                        connected,
                        read: call.answered().cloned(),
                        is_readable: true,
                    };
                }
            }
            (_, CallOutcome::Answered(answered)) => {
                let shown = said::body(answered, &self.scanner);
                let message = format!(
                    "an account was put into the target, and a read of it is answered {}{shown}",
                    answered.status
                );
                let hint = "correct `[read]`, or what the account steps capture as `account_id`";
                self.problem(about, place, message, hint);
            }
        }
        let is_known = matches!(said, ReadStatus::Known(_));
        Account {
            is_readable: is_known,
            ..unreadable(connected, Some(&call))
        }
    }

    /// Whether the first call of the target, where a command has put the account into it, shows that
    /// it is there, and that it accepts the key.
    fn first_call_works(&mut self, call: &Call) -> bool {
        if self.has_answered {
            return true;
        }
        match &call.outcome {
            CallOutcome::Failed(failure) => {
                let what = format!("a read of an account was not answered: {failure}");
                self.not_reached(&what, failure);
                false
            }
            CallOutcome::Answered(answered) => {
                self.note_answer();
                let said = said::body(answered, &self.scanner);
                let what = format!("a read of an account is answered {}{said}", answered.status);
                !self.key_refused(&what, answered)
            }
        }
    }

    fn other_status(&mut self, status: AccountStatus, other: AccountStatus) {
        let message =
            format!("an account was put into the target as {status}, and a read says {other}");
        let target = self.target;
        let steps = target.account_steps.get();
        let without = format!("leave {status} out of `account_statuses` under `[capabilities]`");
        let (place, hint) = if let Some(command) = &target.adapter {
            let hint = format!(
                "look at what the command makes of `status` and `target_status`, or {without}"
            );
            (command.command.span(), hint)
        } else if hands_on(steps, "status") {
            let word = target.words.word_to_connect(status);
            let hint = format!(
                "look at what the target makes of `{{status}}`, which is `{word}` here, or {without}"
            );
            (target.read.account_status.span(), hint)
        } else {
            let step = steps.last().map(|step| step.request.path.span());
            let hint = format!("hand `{{status}}` to the target in an account step, or {without}");
            (step.unwrap_or_default(), hint)
        };
        self.problem(About::Account(status), place, message, hint);
    }

    /// The read found the account, and its status is not where it should be, or is a word of its own.
    /// Returns whether it is the latter.
    fn unknown_word(&mut self, status: AccountStatus, answered: &Answered) -> bool {
        let about = About::Account(status);
        let target = self.target;
        let pointer = &target.read.account_status;
        let json = answered.json();
        let scanner = self.scanner.clone();
        let text = json
            .as_ref()
            .and_then(|json| json.pointer(pointer).and_then(Value::as_str));
        let Some(text) = text else {
            let is_wanted = |value: &Value| {
                let known = value
                    .as_str()
                    .and_then(|word| target.words.account_status(word));
                known == Some(status)
            };
            let hint = pointers::hint(json.as_ref(), pointer, &scanner, is_wanted);
            let message = format!("the answer to a read has no text at `{}`", **pointer);
            self.problem(about, pointer.span(), message, hint);
            return false;
        };
        let (shown, entry) = match said::word(text, &scanner) {
            Some(word) => (format!("`{word}`"), format!("[\"{word}\"]")),
            None => ("something else".to_owned(), "[…]".to_owned()),
        };
        let message = format!(
            "an account was put into the target as {status}, and a read says {shown} at `{}`, which stands for no status",
            **pointer
        );
        let hint = format!(
            "if that is the target's word for it, add it under `[words]`: `account_statuses = {{ {status} = {entry} }}`"
        );
        self.problem(about, pointer.span(), message, hint);
        true
    }

    /// Whether any read says why an account has its status.
    pub(super) fn status_reason(&mut self, accounts: &[Account]) {
        let Some(pointer) = &self.target.read.status_reason else {
            return;
        };
        let says = |account: &Account| {
            let json = account.read.as_ref().and_then(Answered::json);
            json.is_some_and(|json| json.pointer(pointer).is_some_and(Value::is_string))
        };
        if accounts.iter().any(says) {
            self.fine(About::StatusReason, "a read says it");
        } else {
            let why = "no account that was read has one, and only a revoked one must";
            self.not_asked(About::StatusReason, why);
        }
    }
}

fn unreadable(connected: Connected, call: Option<&Call>) -> Account {
    Account {
        connected,
        read: call.and_then(Call::answered).cloned(),
        is_readable: false,
    }
}

/// What a call's templates about an account are filled with to switch it.
pub(super) fn switched(variables: &Variables, is_on: bool, word: &str) -> Variables {
    let mut variables = variables.clone();
    variables.insert("enabled".to_owned(), Value::Bool(is_on));
    variables.insert("status".to_owned(), Value::String(word.to_owned()));
    variables
}
