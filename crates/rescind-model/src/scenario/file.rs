//! The scenario format, as a person writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::races::{HoldFile, Kill, Named, Restart, StartFile, WaitUntilFile};
use crate::fault::Stated;
use crate::source::Located;
use crate::vocabulary::{AccountStatus, Subject};

/// A scenario file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// What the scenario shows, in a sentence.
    pub title: Located<String>,
    /// The profiles that it runs at; a case for each.
    pub profiles: Located<Vec<Located<String>>>,
    /// The requirements that its expectations judge, where a step names none of its own.
    pub requirements: Located<Vec<Located<String>>>,
    /// Public accounts of real bugs, as `https` links: a target that has one of them fails this
    /// scenario.
    #[serde(default)]
    pub seen_in: Vec<Located<String>>,
    /// Words to select it by that say more than its folder does: lower-case letters, digits and `-`.
    #[serde(default)]
    pub tags: Vec<Located<String>>,
    /// The steps, in order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Located<StepFile>>,
    /// What the ledger must say at the end, by account.
    pub ledger: Located<BTreeMap<String, Located<ExpectedTokens>>>,
}

/// One step: exactly one verb, and what must come of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepFile {
    /// Put an account into the target.
    #[serde(default)]
    pub connect: Option<Connect>,
    /// Call the revoke endpoint.
    #[serde(default)]
    pub revoke: Option<Revoke>,
    /// Read an account.
    #[serde(default)]
    pub read: Option<Read>,
    /// Delete an account.
    #[serde(default)]
    pub delete: Option<Delete>,
    /// Have the target refresh an account's tokens.
    #[serde(default)]
    pub refresh: Option<Refresh>,
    /// Switch an account on or off.
    #[serde(default)]
    pub set_status: Option<SetStatus>,
    /// Delete a client's registration in the target, and with it every account connected through
    /// it.
    #[serde(default)]
    pub delete_client: Option<DeleteClient>,
    /// Switch a client's registration in the target on or off.
    #[serde(default)]
    pub set_client_status: Option<SetClientStatus>,
    /// The user removes the app on the provider's site.
    #[serde(default)]
    pub remove_by_user: Option<RemoveByUser>,
    /// Let a token expire at the provider.
    #[serde(default)]
    pub expire: Option<Expire>,
    /// Move the provider's clock.
    #[serde(default)]
    pub advance_clock: Option<AdvanceClock>,
    /// Make an endpoint of the provider fail.
    #[serde(default)]
    pub fail: Option<Located<Stated>>,
    /// End every failure.
    #[serde(default)]
    pub recover: Option<Recover>,
    /// Hold a request to the provider.
    #[serde(default)]
    pub hold: Option<Located<HoldFile>>,
    /// Let go what a gate holds.
    #[serde(default)]
    pub release: Option<Located<Named>>,
    /// Begin a call to the target, and do not wait for its answer.
    #[serde(default)]
    pub start: Option<Located<StartFile>>,
    /// Take the answer of a call that was begun.
    #[serde(default)]
    pub finish: Option<Located<Named>>,
    /// Break the connection of a call that was begun, as a client does that waits no longer.
    #[serde(default)]
    pub give_up: Option<Located<Named>>,
    /// Wait until things stand as the scenario wants them.
    #[serde(default)]
    pub wait_until: Option<Located<WaitUntilFile>>,
    /// Kill the target's process, and with it every call that is under way.
    #[serde(default)]
    pub kill: Option<Located<Kill>>,
    /// Start the process again.
    #[serde(default)]
    pub restart: Option<Located<Restart>>,

    /// The one outcome that is right.
    #[serde(default)]
    pub expect: Option<Located<Expectation>>,
    /// Where the contract is silent: the outcomes that are allowed, each with its reason.
    #[serde(default)]
    pub allow: Vec<Located<Expectation>>,
    /// The requirements that this step's outcome judges, if not those of the scenario.
    #[serde(default)]
    pub requirements: Vec<Located<String>>,
    /// `true` on the step that shows that the refused request, corrected, takes effect.
    #[serde(default)]
    pub positive_control: bool,
}

/// Puts an account into the target, with tokens that the provider has just minted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// The account's name in this scenario.
    pub account: Located<String>,
    /// The user at the provider; the account's name if not stated.
    #[serde(default)]
    pub user: Option<String>,
    /// The OAuth client; every name is a client of its own.
    #[serde(default = "Connect::main_client")]
    pub client: String,
    /// The authentication scheme, in the target's words. Only an `OAUTH2` account holds tokens
    /// that a provider can revoke.
    #[serde(default = "Connect::oauth2")]
    pub scheme: String,
    /// The status to import the account with.
    #[serde(default = "Connect::active")]
    pub status: AccountStatus,
    /// The access token that the account holds.
    #[serde(default)]
    pub access_token: HeldToken,
    /// The refresh token that the account holds.
    #[serde(default)]
    pub refresh_token: HeldToken,
}

impl Connect {
    /// The scheme of the accounts that can be revoked.
    pub const OAUTH2: &'static str = "OAUTH2";

    fn main_client() -> String {
        "main".to_owned()
    }
    fn oauth2() -> String {
        Self::OAUTH2.to_owned()
    }
    const fn active() -> AccountStatus {
        AccountStatus::Active
    }
}

/// In what state an account holds a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldToken {
    /// The provider accepts it.
    #[default]
    Alive,
    /// It has expired, and the imported expiry says so.
    Expired,
    /// It has expired at the provider only: the imported expiry lies ahead.
    ExpiredAtProvider,
    /// The provider has ended it, alone and for a reason of its own; the account does not know.
    Dead,
    /// The account holds none.
    Absent,
}

/// Calls the revoke endpoint: of an account, of an id like an account's that does not exist, or of
/// a literal id.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// The account. Exactly one of `account`, `unknown_like` and `id` is stated.
    #[serde(default)]
    pub account: Option<Located<String>>,
    /// The account whose id is changed until it is well formed and nobody's.
    #[serde(default)]
    pub unknown_like: Option<Located<String>>,
    /// An id to put into the path instead of an account's own.
    #[serde(default)]
    pub id: Option<Located<String>>,
    /// The API key to send.
    #[serde(default)]
    pub key: Key,
    /// The body to send.
    #[serde(default)]
    pub body: RequestBody,
    /// The HTTP method, if not the target's own.
    #[serde(default)]
    pub method: Option<Located<String>>,
}

/// The API key that a call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The target file's.
    #[default]
    Right,
    /// A valid one of the same project that may read and not write.
    ReadOnly,
    /// A valid one of another project.
    OtherProject,
    /// One that the target has never seen.
    Wrong,
    /// None.
    Missing,
}

/// The body of a revoke call: the published clients send each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestBody {
    /// No body, no content type.
    #[default]
    Absent,
    /// No body, but a JSON content type.
    EmptyJson,
    /// `{}`
    EmptyObject,
}

/// Reads an account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The account.
    pub account: Located<String>,
}

/// Deletes an account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// The account.
    pub account: Located<String>,
    /// Whether the target is asked to revoke its tokens as well (CA-DELETE-REVOKES). It may do
    /// that after its answer; the step lasts until what can be killed is dead, or the target
    /// file's bound has passed.
    #[serde(default)]
    pub and_revoke: bool,
}

/// Deletes a client's registration in the target.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteClient {
    /// The client, by the name under which an account was connected.
    pub client: Located<String>,
}

/// Switches a client's registration in the target on or off.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetClientStatus {
    /// The client, by the name under which an account was connected.
    pub client: Located<String>,
    /// The status that it is to have.
    pub to: SwitchedStatus,
}

/// Has the target refresh an account's tokens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The account.
    pub account: Located<String>,
}

/// Switches an account on or off.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    /// The account.
    pub account: Located<String>,
    /// The status that it is to have.
    pub to: SwitchedStatus,
}

/// The statuses that an API user can switch between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SwitchedStatus {
    /// On.
    Active,
    /// Off.
    Inactive,
}

impl From<SwitchedStatus> for AccountStatus {
    fn from(switched: SwitchedStatus) -> Self {
        match switched {
            SwitchedStatus::Active => Self::Active,
            SwitchedStatus::Inactive => Self::Inactive,
        }
    }
}

/// The user removes the app on the provider's site.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveByUser {
    /// The account whose user does.
    pub account: Located<String>,
}

/// Lets a token expire at the provider, whatever its lifetime.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expire {
    /// The account that holds the token.
    pub account: Located<String>,
    /// Which of its tokens.
    pub token: Subject,
}

/// Moves the provider's clock; the target's own clock stays.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceClock {
    /// By how many seconds.
    pub seconds: u64,
}

/// Ends every failure. Has no parameters.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recover {}

/// What must come of a step. What is not stated is not judged here.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The HTTP status of the answer.
    #[serde(default)]
    pub status: Option<Located<u16>>,
    /// The subjects that a revoke's answer lists, in any order.
    #[serde(default)]
    pub revoked_tokens: Option<Located<Vec<Subject>>>,
    /// The status of the account, as a read after the step says.
    #[serde(default)]
    pub account_status: Option<Located<AccountStatus>>,
    /// How many requests reached a revocation route during the step.
    #[serde(default)]
    pub dispatches: Option<Located<usize>>,
    /// Why the outcome is allowed; required under `allow`.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What the ledger must say of an account's tokens at the end.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedTokens {
    /// Of its access token (the newest, if there were several).
    pub access_token: Located<ExpectedTokenState>,
    /// Of its refresh token.
    pub refresh_token: Located<ExpectedTokenState>,
}

/// A state that the ledger must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedTokenState {
    /// The provider accepts it.
    Alive,
    /// Its lifetime ended, and nobody killed it.
    Expired,
    /// Something killed it.
    Dead,
    /// Expired or killed, no matter which.
    Gone,
    /// There is no such token.
    Absent,
    /// Any state: the outcomes that the scenario allows differ in it.
    Any,
}
