//! Are the keys what the target file says?

use std::ops::Range;

use rescind_model::scenario::Key;
use rescind_model::target::OtherKey;

use super::About;
use super::examiner::Examiner;
use crate::target::Connected;

impl Examiner<'_> {
    /// Reads an account with each key. The main one has just read it.
    pub(super) async fn keys(&mut self, account: &Connected) {
        let wrong = self.read_as(Key::Wrong, account).await;
        let header = self.target.api_key.header.get();
        match wrong {
            Some(status) if (200..300).contains(&status) => {
                let message =
                    format!("a read with a wrong key is answered {status}, as with the right one");
                let hint = format!(
                    "let the target check the key in the header `{header}`, or correct `header` and `value`: as it is, no refusal of a key can be judged"
                );
                let place = self.target.api_key.header.span();
                self.problem(About::ApiKey, place, message, hint);
            }
            Some(status) => self.fine(About::ApiKey, format!("a wrong one is answered {status}")),
            None => self.not_asked(About::ApiKey, "a read with a wrong key got no answer"),
        }
        if let Some(key) = &self.target.read_only_api_key {
            self.read_only_key(key, account).await;
        }
        if let Some(key) = &self.target.other_project_api_key {
            self.other_project_key(key, account).await;
        }
    }

    async fn read_only_key(&mut self, key: &OtherKey, account: &Connected) {
        let about = About::ReadOnlyApiKey;
        match self.read_as(Key::ReadOnly, account).await {
            Some(status) if (200..300).contains(&status) => self.fine(about, "it may read"),
            Some(status) => {
                let message =
                    format!("a read with the key that may only read is answered {status}");
                let hint = next_key(
                    key,
                    "read_only_api_key",
                    "of the same project that may read",
                );
                self.problem(about, self.place_of(key), message, hint);
            }
            None => self.not_asked(about, "a read with it got no answer"),
        }
    }

    async fn other_project_key(&mut self, key: &OtherKey, account: &Connected) {
        let about = About::OtherProjectApiKey;
        match self.read_as(Key::OtherProject, account).await {
            Some(status) if self.target.words.means(status, 401) => {
                let message = format!(
                    "a read with the key of another project is answered {status}: the target does not know it"
                );
                let hint = next_key(
                    key,
                    "other_project_api_key",
                    "that is good, of another project",
                );
                self.problem(about, self.place_of(key), message, hint);
            }
            Some(status) => self.fine(about, format!("a read with it is answered {status}")),
            None => self.not_asked(about, "a read with it got no answer"),
        }
    }

    /// The status code of a read with that key; none if there was no whole answer.
    async fn read_as(&self, key: Key, account: &Connected) -> Option<u16> {
        let request = &self.target.read.request;
        let call = self.adapter.call_as(key, request, &account.variables);
        call.await.ok()?.status()
    }

    /// Where the file says where a key comes from. One that was made is told to the process.
    fn place_of(&self, key: &OtherKey) -> Range<usize> {
        let process = self.target.process.as_ref();
        key.environment
            .as_ref()
            .map(rescind_model::source::Located::span)
            .or_else(|| process.map(|process| process.command.span()))
            .unwrap_or_default()
    }
}

fn next_key(key: &OtherKey, hole: &str, which: &str) -> String {
    match &key.environment {
        Some(variable) => format!(
            "put a key {which} into the environment variable `{}`",
            **variable
        ),
        None => format!("hand `{{{hole}}}` to the target's process as a key {which}"),
    }
}
