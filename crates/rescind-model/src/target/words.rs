//! The target's own words for what the contract says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::Located;
use crate::vocabulary::{AccountStatus, Subject};

/// The target's own words for what the contract says. What is not stated is said in the contract's.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// For a status code of the contract, those that the target answers with in its place:
    /// `{ 400 = [422], 500 = [502] }`. The code itself then means that no more, unless it is listed
    /// too.
    pub status_codes: BTreeMap<String, Located<Vec<u16>>>,
    /// What stands for a subject in the list of what was revoked.
    pub subjects: BTreeMap<Subject, Located<String>>,
    /// What stands for an account's status: the first is what accounts are connected with, each of
    /// them what reads may say.
    pub account_statuses: BTreeMap<AccountStatus, Located<Vec<String>>>,
    /// Where an error says what it says (CA-ENVELOPE).
    pub error: Option<ErrorWords>,
}

/// Where an error of the target's says what it says. What the contract's errors have beside is then
/// not asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorWords {
    /// A JSON pointer to the message.
    pub message: Located<String>,
}

impl Words {
    /// The status codes with which the contract says something, and which may be said otherwise.
    pub const STATUS_CODES: [u16; 7] = [200, 400, 401, 403, 404, 409, 500];

    /// Whether the target, by answering `code`, says what the contract says by `contract`.
    pub fn means(&self, code: u16, contract: u16) -> bool {
        self.status_codes
            .get(&contract.to_string())
            .map_or(code == contract, |codes| codes.contains(&code))
    }

    /// Whether the target says something of the contract by that code.
    pub fn uses(&self, code: u16) -> bool {
        self.status_codes
            .values()
            .any(|codes| codes.contains(&code))
    }

    /// The subject that a word stands for.
    pub fn subject(&self, word: &str) -> Option<Subject> {
        Subject::ALL
            .into_iter()
            .find(|subject| self.word_of(*subject) == word)
    }

    /// The word for a subject.
    pub fn word_of(&self, subject: Subject) -> &str {
        self.subjects
            .get(&subject)
            .map_or(subject.as_str(), |word| word.as_str())
    }

    /// The status that a word stands for.
    pub fn account_status(&self, word: &str) -> Option<AccountStatus> {
        AccountStatus::ALL
            .into_iter()
            .find(|status| match self.account_statuses.get(status) {
                Some(words) => words.iter().any(|own| own == word),
                None => status.as_str() == word,
            })
    }

    /// The word that accounts of a status are connected with.
    pub fn word_to_connect(&self, status: AccountStatus) -> &str {
        let words = self.account_statuses.get(&status);
        words
            .and_then(|words| words.first())
            .map_or(status.as_str(), String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        toml::from_str(
            r#"
            status_codes = { 400 = [422], 409 = [409, 423] }
            subjects = { access_token = "access" }
            account_statuses = { ACTIVE = ["live", "fresh"], EXPIRED = ["stale"] }
            "#,
        )
        .expect("the words can be read")
    }

    #[test]
    fn a_code_means_what_the_target_says_and_else_what_the_contract_says() {
        let words = words();
        let check = |code, contract, expected| {
            assert_eq!(
                words.means(code, contract),
                expected,
                "{code} for {contract}"
            );
        };
        check(422, 400, true);
        check(400, 400, false);
        check(409, 409, true);
        check(423, 409, true);
        check(500, 500, true);
        check(422, 500, false);
        assert!(words.uses(423) && !words.uses(429));
    }

    #[test]
    fn a_word_stands_for_one_thing_in_both_directions() {
        let words = words();
        assert_eq!(words.subject("access"), Some(Subject::AccessToken));
        assert_eq!(words.subject("access_token"), None);
        assert_eq!(words.subject("refresh_token"), Some(Subject::RefreshToken));
        assert_eq!(words.account_status("fresh"), Some(AccountStatus::Active));
        assert_eq!(words.account_status("ACTIVE"), None);
        assert_eq!(
            words.account_status("REVOKED"),
            Some(AccountStatus::Revoked)
        );
        assert_eq!(words.word_to_connect(AccountStatus::Active), "live");
        assert_eq!(words.word_to_connect(AccountStatus::Revoked), "REVOKED");
    }
}
