//! What a command is asked, one thing after the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use rescind_model::adapter_protocol::AnswerLine;
use rescind_model::profile::{TokenCharacters, TokenFormat};
use rescind_model::template::Variables;
use rescind_model::vocabulary::AccountStatus;
use rescind_provider::ledger::LedgerKey;
use serde_json::{Map, json};
use tokio::task::JoinSet;

use super::{AdapterQuestion, UnderTest};
use crate::preflight::Answer;
use crate::record::id_in_words;
use crate::target::{AdapterFailure, RunningAdapter};

/// Why a question is not asked after a failure that nothing comes after.
pub(super) const BLOCKED: &str = "something before it does not work";

/// How many requests are made at once.
const AT_ONCE: usize = 8;

/// A request that the protocol does not have.
const NO_REQUEST: &str = "no_such_request";

/// What was asked, and what it came to.
pub(super) struct Questions<'a> {
    under_test: &'a UnderTest,
    pub(super) asked: Vec<AdapterQuestion>,
    /// Whether the command will not answer anything any more.
    pub(super) is_over: bool,
    /// The ids of the accounts that it put into the target.
    ids: BTreeSet<String>,
    /// A status that an account can be put into the target with.
    works: Option<AccountStatus>,
}

impl<'a> Questions<'a> {
    pub(super) const fn new(under_test: &'a UnderTest) -> Self {
        Self {
            under_test,
            asked: Vec::new(),
            is_over: false,
            ids: BTreeSet::new(),
            works: None,
        }
    }

    pub(super) fn answer(&mut self, about: &str, answer: Answer) {
        self.asked.push(AdapterQuestion {
            about: about.to_owned(),
            answer,
        });
    }

    pub(super) fn fine(&mut self, about: &str, seen: &str) {
        self.answer(about, Answer::Fine(seen.to_owned()));
    }

    pub(super) fn not_asked(&mut self, about: &str, why: &str) {
        self.answer(about, Answer::NotAsked(why.to_owned()));
    }

    pub(super) fn problem(&mut self, about: &str, message: &str, hint: &str) {
        self.answer(about, self.under_test.problem(message, hint));
    }

    /// What the target does not have needs no mending.
    pub(super) fn failed(&mut self, about: &str, failure: &AdapterFailure) {
        self.is_over |= failure.is_final;
        if failure.cannot {
            self.not_asked(about, &failure.to_string());
        } else {
            self.problem(about, &failure.to_string(), &failure.hint);
        }
    }

    /// Asks a command that has said what it can do.
    pub(super) async fn ask(&mut self, adapter: &Arc<RunningAdapter>) {
        let client = self.client(adapter).await;
        for status in self.under_test.statuses.clone() {
            let about = format!("account, {status}");
            match &client {
                Some(client) if !self.is_over => {
                    self.account(adapter, client, status, &about).await;
                }
                _ => self.not_asked(&about, BLOCKED),
            }
        }
        match (&client, self.works) {
            (Some(client), Some(status)) if !self.is_over => {
                self.at_once(adapter, client, status).await;
            }
            _ => self.not_asked("requests at once", BLOCKED),
        }
        self.odd(adapter, "unknown request", NO_REQUEST).await;
        self.odd(adapter, "request without members", "account")
            .await;
        self.unreadable(adapter).await;
    }

    async fn client(&mut self, adapter: &Arc<RunningAdapter>) -> Option<Variables> {
        let base_url = self.under_test.target_base_url.as_deref();
        match adapter.client(self.client_facts(), base_url).await {
            Ok(client) => {
                if adapter.can("client") {
                    self.fine("client", "put into the target");
                } else {
                    self.not_asked("client", "it does not say that it can");
                }
                Some(client)
            }
            Err(failure) => {
                self.failed("client", &failure);
                None
            }
        }
    }

    async fn account(
        &mut self,
        adapter: &Arc<RunningAdapter>,
        client: &Variables,
        status: AccountStatus,
        about: &str,
    ) {
        let given = self.account_facts(client, status, status.as_str());
        let base_url = self.under_test.target_base_url.as_deref();
        match adapter
            .account(given, &self.under_test.words, base_url)
            .await
        {
            Ok(account) => {
                if self.ids.insert(id_of(&account)) {
                    self.works.get_or_insert(status);
                    self.fine(about, "put into the target");
                } else {
                    self.same_id(about);
                }
            }
            Err(failure) => self.failed(about, &failure),
        }
    }

    fn same_id(&mut self, about: &str) {
        self.problem(
            about,
            "the adapter's command put two accounts into the target, and their `account_id` is the same",
            "answer with what tells one account from another",
        );
    }

    /// Each answer is told from the others by its id, in whatever order they come.
    async fn at_once(
        &mut self,
        adapter: &Arc<RunningAdapter>,
        client: &Variables,
        status: AccountStatus,
    ) {
        let about = "requests at once";
        let mut requests = JoinSet::new();
        for number in 0..AT_ONCE {
            let given = self.account_facts(client, status, &format!("at-once-{number}"));
            let base_url = self.under_test.target_base_url.clone();
            let words = self.under_test.words.clone();
            let adapter = Arc::clone(adapter);
            requests
                .spawn(async move { adapter.account(given, &words, base_url.as_deref()).await });
        }
        for answer in requests.join_all().await {
            match answer {
                Ok(account) => {
                    if !self.ids.insert(id_of(&account)) {
                        self.same_id(about);
                        return;
                    }
                }
                Err(failure) => {
                    self.failed(about, &failure);
                    return;
                }
            }
        }
        self.fine(
            about,
            &format!("{AT_ONCE}, and each was answered by its `id`"),
        );
    }

    /// What makes no sense is answered with an error, and nothing else comes of it.
    async fn odd(&mut self, adapter: &Arc<RunningAdapter>, about: &str, word: &str) {
        if self.is_over {
            self.not_asked(about, BLOCKED);
            return;
        }
        match adapter.ask_oddly(word, Map::new()).await {
            Ok(AnswerLine::Refused(refused)) if !refused.error.cannot => {
                self.fine(about, "answered with an error");
            }
            Ok(AnswerLine::Refused(_)) => {
                let message = format!(
                    "the adapter's command was sent `{word}`, which makes no sense as it stands, and answered that its target has no such thing"
                );
                let hint = "keep `\"cannot\": true` for what the target does not have: what needs that is not tested then";
                self.problem(about, &message, hint);
            }
            Ok(_) => {
                let message = format!(
                    "the adapter's command was sent `{word}`, which makes no sense as it stands, and answered that it is done"
                );
                let hint = "answer what cannot be understood with `error`";
                self.problem(about, &message, hint);
            }
            Err(failure) => self.failed(about, &failure),
        }
    }

    /// What cannot be read may be answered with `"id": null`, or not at all, and the next request is
    /// answered.
    async fn unreadable(&mut self, adapter: &Arc<RunningAdapter>) {
        let about = "line that is no JSON";
        if self.is_over {
            self.not_asked(about, BLOCKED);
            return;
        }
        adapter.send_unreadable("this is no JSON").await;
        match adapter.ask_oddly(NO_REQUEST, Map::new()).await {
            Ok(_) => self.fine(about, "the next request is answered"),
            Err(failure) => {
                let failure = AdapterFailure {
                    message: format!(
                        "was sent a line that is no JSON, and then {}",
                        failure.message
                    ),
                    hint:
                        "answer it with `{\"id\": null, \"error\": {…}}`, or not at all, and go on"
                            .to_owned(),
                    ..failure
                };
                self.failed(about, &failure);
            }
        }
    }

    fn client_facts(&self) -> Variables {
        let secret = self.made_up("client_secret");
        Variables::from([
            // The discard port (RFC 863): nothing listens there on a machine of today.
            ("provider_base_url".to_owned(), json!("http://127.0.0.1:9")),
            ("provider_hosts".to_owned(), json!({})),
            ("profile".to_owned(), json!(self.under_test.profile)),
            ("scheme".to_owned(), json!("OAUTH2")),
            ("client".to_owned(), json!("main")),
            ("client_id".to_owned(), json!("adapter-check")),
            ("client_secret".to_owned(), json!(secret)),
        ])
    }

    fn account_facts(&self, client: &Variables, status: AccountStatus, name: &str) -> Variables {
        let name = format!("adapter-check-{}", name.to_lowercase());
        let word = self.under_test.words.word_to_connect(status);
        let mut facts = client.clone();
        facts.extend([
            ("account".to_owned(), json!(name)),
            ("user".to_owned(), json!(name)),
            ("status".to_owned(), json!(word)),
            (
                "access_token".to_owned(),
                json!(self.made_up(&format!("{name} access"))),
            ),
            (
                "refresh_token".to_owned(),
                json!(self.made_up(&format!("{name} refresh"))),
            ),
            ("expires_in".to_owned(), json!(3600)),
        ]);
        facts
    }

    /// A secret that no provider has issued.
    fn made_up(&self, name: &str) -> String {
        let format = TokenFormat {
            prefix: String::new(),
            characters: TokenCharacters::UrlSafe,
            lifetime_seconds: None,
        };
        LedgerKey::new(&self.under_test.seed, "adapter check").derive(name, &format)
    }
}

fn id_of(account: &Variables) -> String {
    account
        .get("account_id")
        .map(id_in_words)
        .unwrap_or_default()
}
