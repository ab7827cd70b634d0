//! Lines to and from the command: which answer belongs to which request, and what makes no sense.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rescind_model::adapter_protocol::{
    AnswerLine, Refusal, Request, RequestLine, Unreadable, read_answer,
};
use rescind_model::secret::{KnownSecret, SecretScanner};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};

use super::{AdapterFailure, RunningAdapter};

/// How much of a line is shown, in characters.
const SHOWN: usize = 240;

/// How long a process that has closed its standard output may take to end, to say how it did.
const END_IS_SEEN: Duration = Duration::from_secs(1);

const HINT_FOR_LINES: &str = "let it write answers on its standard output, one JSON object a line, and everything else on its standard error";

const HINT_FOR_ANSWERS: &str =
    "let it answer as `rescind schema adapter` and docs/adapter.md describe";

/// What has been asked and not been answered.
pub(super) struct Exchange {
    open: BTreeMap<u64, Open>,
    /// Why nothing that it says can be believed any more.
    broken: Option<AdapterFailure>,
    scanner: SecretScanner,
    /// How many lines it was sent on purpose that cannot be read: it may say so of each.
    unreadable_lines: usize,
}

/// A request that has not been answered.
struct Open {
    word: String,
    answer: oneshot::Sender<Result<AnswerLine, AdapterFailure>>,
}

impl Exchange {
    pub(super) const fn new(scanner: SecretScanner) -> Self {
        Self {
            open: BTreeMap::new(),
            broken: None,
            scanner,
            unreadable_lines: 0,
        }
    }

    /// A text of the command's, on one line, without its secrets.
    pub(super) fn shown(&self, text: &str) -> String {
        let plain = |character: char| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        };
        let redacted = self.scanner.redact_message(text);
        let mut shown: String = redacted.chars().take(SHOWN).map(plain).collect();
        if redacted.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        shown
    }

    /// The secrets that show in a text, each in words.
    pub(super) fn leaks(&self, text: &str) -> Vec<String> {
        let found = self.scanner.find(text).into_iter();
        let mut words: Vec<String> = found
            .map(|leak| format!("a part of the {} ‹{}›", leak.kind, leak.fingerprint))
            .collect();
        words.sort();
        words.dedup();
        words
    }

    /// From here on every request fails: the first reason counts.
    fn break_with(&mut self, failure: AdapterFailure) {
        let failure = failure.for_good();
        for (_, open) in std::mem::take(&mut self.open) {
            // Who has stopped waiting need not know.
            let _ = open.answer.send(Err(failure.clone()));
        }
        self.broken.get_or_insert(failure);
    }

    /// Takes a line that the command wrote.
    fn take(&mut self, line: &str) {
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        let (id, answer) = match read_answer(line) {
            Ok(answer) => (id_of(&answer), Ok(answer)),
            Err(Unreadable { id, problem }) => {
                let message = format!("wrote a line that {problem}: {}", self.shown(line));
                let hint = id.map_or(HINT_FOR_LINES, |_| HINT_FOR_ANSWERS);
                (id, Err(AdapterFailure::new(message, hint)))
            }
        };
        match (id.and_then(|id| self.open.remove(&id)), answer) {
            (Some(open), answer) => {
                let answer = answer.map_err(|failure| AdapterFailure {
                    message: format!("was asked for `{}` and {}", open.word, failure.message),
                    ..failure
                });
                let _ = open.answer.send(answer);
            }
            (None, Err(failure)) => self.break_with(failure),
            (None, Ok(_)) if id.is_none() && self.unreadable_lines > 0 => {
                self.unreadable_lines -= 1;
            }
            (None, Ok(_)) => {
                let (what, hint) = if id.is_none() {
                    let hint = "let it read one JSON object a line, however long the line is";
                    ("says that it cannot read a request", hint)
                } else {
                    let hint = "let it answer each request once, with the `id` of that request";
                    ("answered a request that is not open", hint)
                };
                let message = format!("{what}: {}", self.shown(line));
                self.break_with(AdapterFailure::new(message, hint));
            }
        }
    }
}

fn id_of(answer: &AnswerLine) -> Option<u64> {
    match answer {
        AnswerLine::Hello(hello) => Some(hello.id),
        AnswerLine::Done(done) => Some(done.id),
        AnswerLine::Refused(refused) => refused.id,
    }
}

impl RunningAdapter {
    /// Asks something, and waits for the answer.
    pub(super) async fn ask(
        &self,
        request: Request,
        limit: Duration,
    ) -> Result<AnswerLine, AdapterFailure> {
        self.know_secrets_of(&request);
        let word = request.word();
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let line = serde_json::to_string(&RequestLine { id, request }).map_err(|error| {
            let hint = "this is a defect of rescind: please report it";
            AdapterFailure::new(format!("cannot be asked for `{word}`: {error}"), hint)
        })?;
        self.exchange_line(id, word, line, limit).await
    }

    /// Asks something that is no request of the protocol, if only its `id` stands in it.
    pub(crate) async fn ask_oddly(
        &self,
        word: &str,
        members: serde_json::Map<String, serde_json::Value>,
    ) -> Result<AnswerLine, AdapterFailure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut line = serde_json::Map::new();
        line.insert("id".to_owned(), id.into());
        line.insert("request".to_owned(), word.into());
        line.extend(members);
        let line = serde_json::Value::Object(line).to_string();
        self.exchange_line(id, word, line, self.request_limit).await
    }

    /// Sends a line that is no JSON object. Nothing tells what its answer would be the answer to.
    pub(crate) async fn send_unreadable(&self, line: &str) {
        self.exchange
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .unreadable_lines += 1;
        self.send(line.to_owned()).await;
    }

    async fn exchange_line(
        &self,
        id: u64,
        word: &str,
        line: String,
        limit: Duration,
    ) -> Result<AnswerLine, AdapterFailure> {
        let (sender, answer) = oneshot::channel();
        {
            let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(broken) = &exchange.broken {
                return Err(broken.clone());
            }
            let open = Open {
                word: word.to_owned(),
                answer: sender,
            };
            exchange.open.insert(id, open);
        }
        let asked = async {
            self.send(line).await;
            answer.await
        };
        match tokio::time::timeout(limit, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(ended_early(None).for_good()),
            // It stays open: an answer that comes late is one to that request.
            Err(_) => Err(AdapterFailure::new(
                format!(
                    "was asked for `{word}` and did not answer within {} s",
                    limit.as_secs_f64()
                ),
                if word == "hello" {
                    "let it answer `hello` before anything else, and flush its standard output after each line; or raise `ready_seconds` under `[adapter]`"
                } else {
                    "look at what it waits for, and flush its standard output after each line; or raise `call_seconds` under `[limits]`"
                },
            )
            .for_good()),
        }
    }

    /// A command that reads nothing makes who sends wait.
    async fn send(&self, line: String) {
        let lines = self
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(lines) = lines {
            // If nobody writes it any more, the process has ended, which is seen where it is read.
            let _ = lines.send(line).await;
        }
    }

    /// What the command said why it does not do something.
    pub(super) fn refused(&self, word: &str, refusal: &Refusal) -> AdapterFailure {
        let message = self.shown(&refusal.message);
        if refusal.cannot {
            let message = format!("cannot do `{word}`: {message}");
            return AdapterFailure::of_incapacity(message);
        }
        AdapterFailure::new(
            format!("was asked for `{word}` and answered with an error: {message}"),
            "mend what it says; if the target has no such thing at all, let it answer with `\"cannot\": true`",
        )
    }

    /// Whatever it is told that is secret is hidden in what is shown of it.
    fn know_secrets_of(&self, request: &Request) {
        let secrets = match request {
            Request::Client(client) => vec![("client_secret", Some(&client.client_secret))],
            Request::Account(account) => vec![
                ("access_token", account.access_token.as_ref()),
                ("refresh_token", account.refresh_token.as_ref()),
            ],
            Request::Hello(_) | Request::CleanUp(_) => Vec::new(),
        };
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, secret) in secrets {
            if let Some(secret) = secret {
                exchange.scanner.add(KnownSecret {
                    kind: kind.to_owned(),
                    secret: rescind_model::secret::Secret::new(secret.clone()),
                    prefix_length: 0,
                });
            }
        }
        if let Request::Client(client) = request {
            let secret = rescind_model::secret::Secret::new(client.client_secret.clone());
            exchange.scanner.add_basic(&client.client_id, &secret);
        }
    }
}

fn ended_early(status: Option<ExitStatus>) -> AdapterFailure {
    let how = status.map_or_else(
        || "closed its standard output".to_owned(),
        |status| format!("ended with {status}"),
    );
    AdapterFailure::new(
        format!("{how}, with requests still to come"),
        "let it read requests until its standard input ends; what it wrote on its standard error may say why it does not",
    )
}

/// Writes lines to the command until there are no more to come, which ends its standard input.
pub(super) async fn write_lines(mut stdin: ChildStdin, mut lines: mpsc::Receiver<String>) {
    while let Some(mut line) = lines.recv().await {
        line.push('\n');
        let written = stdin.write_all(line.as_bytes()).await;
        if written.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// Reads what the command writes, and waits for its end. Returns how it ended.
pub(super) async fn supervise(
    mut child: Child,
    exchange: Arc<Mutex<Exchange>>,
    longest: usize,
) -> Option<ExitStatus> {
    if let Some(stdout) = child.stdout.take() {
        read_answers(stdout, &exchange, longest).await;
    }
    let status = tokio::time::timeout(END_IS_SEEN, child.wait()).await;
    let status = status.ok().and_then(Result::ok);
    exchange
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .break_with(ended_early(status));
    match status {
        Some(status) => Some(status),
        None => child.wait().await.ok(),
    }
}

async fn read_answers(stdout: ChildStdout, exchange: &Mutex<Exchange>, longest: usize) {
    let mut reader = BufReader::new(stdout);
    let most = u64::try_from(longest).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(most).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let mut exchange = exchange.lock().unwrap_or_else(PoisonError::into_inner);
        if line.last() != Some(&b'\n') && line.len() >= longest {
            let message = format!("wrote a line that is longer than {longest} bytes");
            let hint = "let it answer briefly, or raise `answer_bytes` under `[limits]`";
            exchange.break_with(AdapterFailure::new(message, hint));
        } else if exchange.broken.is_none() {
            exchange.take(&String::from_utf8_lossy(&line));
        }
    }
}
