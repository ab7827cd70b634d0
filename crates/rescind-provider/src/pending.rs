//! Authorizations under way: open consent pages, codes, devices that wait.
//!
//! Pure, and cheap to copy: a copy shares everything until one of the two changes, so that a
//! request's effect can be taken back by putting an earlier copy in its place. Bounded: of each
//! kind only the newest are kept, so that nobody fills the memory by asking for ever.

use std::sync::Arc;

use rescind_model::profile::{TokenCharacters, TokenFormat};

use crate::ledger::{GrantId, LedgerKey, Moment};
use crate::name::Name;
use crate::pkce::Challenge;
use crate::scope::Granted;

mod bounded;

use bounded::Bounded;

/// How many of each kind are kept.
pub const CAPACITY: usize = 4_096;

/// How long a page waits for the user, in milliseconds.
const PAGE_LIFETIME: u64 = 600_000;

/// By how much a device that asks too often has to wait longer, in milliseconds (RFC 8628 §3.5).
const SLOW_DOWN: u64 = 5_000;

/// What a client asks for at the authorization endpoint, once it makes sense.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// The client's name.
    pub client: Name,
    /// Where the browser goes afterwards.
    pub redirect_uri: String,
    /// Whether the request stated it: the exchange must then state the same (RFC 6749 §4.1.3).
    pub redirect_uri_stated: bool,
    /// What goes back with it.
    pub state: Option<String>,
    /// What it grants.
    pub granted: Granted,
    /// What the exchange has to prove.
    pub challenge: Option<Challenge>,
    /// What the ID token has to repeat (OpenID Connect Core §3.1.2.1).
    pub nonce: Option<String>,
    /// Whether a refresh token comes of it.
    pub with_refresh_token: bool,
}

/// An authorization code and what it stands for.
#[derive(Clone, Debug)]
pub struct IssuedCode {
    /// What the user allowed.
    pub request: AuthorizationRequest,
    /// Who allowed it.
    pub user: String,
    /// When.
    pub authorized_at: Moment,
    /// From when on it cannot be exchanged.
    pub expires_at: Moment,
    /// The grant that it was exchanged for.
    pub used_for: Option<GrantId>,
}

/// A device that waits for its user.
#[derive(Clone, Debug)]
pub struct Device {
    /// The client's name.
    pub client: Name,
    /// What it grants.
    pub granted: Granted,
    /// Whether a refresh token comes of it.
    pub with_refresh_token: bool,
    /// From when on its codes are worth nothing.
    pub expires_at: Moment,
    /// What the user said.
    pub decision: Decision,
    interval: u64,
    polled_at: Option<Moment>,
}

/// What a user said to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    None,
    /// Yes.
    Allowed {
        /// Who said so.
        user: String,
        /// When.
        at: Moment,
    },
    /// No.
    Denied,
    /// Yes, and the device has its tokens.
    Spent,
}

/// How a device stands that asks for its tokens (RFC 8628 §3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll {
    /// Its user has said nothing yet.
    Waiting,
    /// Nor is it time to ask.
    TooSoon,
    /// Its user said yes, who and when.
    Allowed {
        /// Who said so.
        user: String,
        /// When.
        at: Moment,
    },
    /// Its user said no.
    Denied,
    /// It is too late.
    Expired,
    /// It has its tokens already.
    Spent,
}

/// What a page asks a user.
#[derive(Clone, Debug)]
pub enum Question {
    /// Whether a client may have a code.
    Code(AuthorizationRequest),
    /// Whether the device of that code may have tokens.
    Device(String),
}

/// The two codes of a device.
#[derive(Clone)]
pub struct DeviceCodes {
    /// What the device shows to the token endpoint.
    pub device_code: String,
    /// What the user enters.
    pub user_code: String,
}

/// Every authorization of a tenant that is under way.
#[derive(Clone)]
pub struct Pending {
    key: LedgerKey,
    state: Arc<State>,
}

#[derive(Clone, Default)]
struct State {
    /// How many codes and pages there have been: each is a function of its number.
    made: u64,
    pages: Bounded<Page>,
    codes: Bounded<IssuedCode>,
    devices: Bounded<Device>,
    /// The device code of each user code.
    user_codes: Bounded<String>,
}

#[derive(Clone)]
struct Page {
    question: Question,
    expires_at: Moment,
}

impl Pending {
    /// None yet.
    pub fn new(key: LedgerKey) -> Self {
        Self {
            key,
            state: Arc::default(),
        }
    }

    /// Opens a page that asks a user, and names it by an id that nobody can guess.
    pub fn ask(&mut self, question: Question, now: Moment) -> String {
        let id = self.next_secret("consent");
        let expires_at = later(now, PAGE_LIFETIME);
        let page = Page {
            question,
            expires_at,
        };
        self.change().pages.insert(id.clone(), page);
        id
    }

    /// What the open page of that id asks.
    pub fn question(&self, id: &str, now: Moment) -> Option<&Question> {
        let page = self.state.pages.get(id)?;
        (page.expires_at > now).then_some(&page.question)
    }

    /// Whether it has made that, as the id of a page or as a code, whatever has become of it.
    pub fn knows(&self, text: &str) -> bool {
        let state = &self.state;
        state.pages.get(text).is_some()
            || state.codes.get(text).is_some()
            || state.devices.get(text).is_some()
            || state.user_codes.get(text).is_some()
    }

    /// Closes a page: it was answered.
    pub fn close(&mut self, id: &str) {
        self.change().pages.remove(id);
    }

    /// Gives out a code for what a user allowed.
    pub fn issue_code(
        &mut self,
        request: AuthorizationRequest,
        user: &str,
        lifetime_seconds: u64,
        now: Moment,
    ) -> String {
        let text = self.next_secret("code");
        let code = IssuedCode {
            request,
            user: user.to_owned(),
            authorized_at: now,
            expires_at: later(now, lifetime_seconds.saturating_mul(1000)),
            used_for: None,
        };
        self.change().codes.insert(text.clone(), code);
        text
    }

    /// The code of that text, in whatever state.
    pub fn code(&self, text: &str) -> Option<&IssuedCode> {
        self.state.codes.get(text)
    }

    /// Notes what a code was exchanged for.
    pub fn use_code(&mut self, text: &str, grant: GrantId) {
        if let Some(code) = self.change().codes.get_mut(text) {
            code.used_for.get_or_insert(grant);
        }
    }

    /// Lets a device wait for its user.
    pub fn begin_device(
        &mut self,
        client: &str,
        granted: Granted,
        with_refresh_token: bool,
        lifetime_seconds: u64,
        interval_seconds: u64,
        now: Moment,
    ) -> DeviceCodes {
        let device_code = self.next_secret("device");
        let user_code = loop {
            let code = user_code(&self.next_secret("user-code"));
            // They are short: one that is in use must not come again.
            if self.state.user_codes.get(&code).is_none() {
                break code;
            }
        };
        let device = Device {
            client: client.into(),
            granted,
            with_refresh_token,
            expires_at: later(now, lifetime_seconds.saturating_mul(1000)),
            decision: Decision::None,
            interval: interval_seconds.saturating_mul(1000),
            polled_at: None,
        };
        let state = self.change();
        state
            .user_codes
            .insert(user_code.clone(), device_code.clone());
        state.devices.insert(device_code.clone(), device);
        DeviceCodes {
            device_code,
            user_code,
        }
    }

    /// The device of that device code, in whatever state.
    pub fn device(&self, device_code: &str) -> Option<&Device> {
        self.state.devices.get(device_code)
    }

    /// The device code of a user code, as a person enters it, while its user can decide.
    pub fn waiting_device(&self, entered: &str, now: Moment) -> Option<&str> {
        // RFC 8628 §6.1: case does not matter, nor do characters that no code has.
        let letters: Vec<char> = entered
            .chars()
            .filter(char::is_ascii_alphabetic)
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        let device_code = self.state.user_codes.get(&with_dash(&letters))?;
        let device = self.device(device_code)?;
        let waits = device.decision == Decision::None && device.expires_at > now;
        waits.then_some(device_code)
    }

    /// Notes what a user said to a device. False if it is too late, or somebody has decided.
    pub fn decide(&mut self, device_code: &str, decision: Decision, now: Moment) -> bool {
        match self.change().devices.get_mut(device_code) {
            Some(device) if device.decision == Decision::None && device.expires_at > now => {
                device.decision = decision;
                true
            }
            _ => false,
        }
    }

    /// A device asks for its tokens; none if there is no such device.
    pub fn poll(&mut self, device_code: &str, now: Moment) -> Option<Poll> {
        let device = self.change().devices.get_mut(device_code)?;
        Some(device.poll(now))
    }

    /// Notes that a device has its tokens.
    pub fn spend(&mut self, device_code: &str) {
        if let Some(device) = self.change().devices.get_mut(device_code) {
            device.decision = Decision::Spent;
        }
    }

    /// Every code and id that somebody could still use, and what it is.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let pages = self.state.pages.keys().map(|id| ("consent", id));
        let codes = self.state.codes.keys().map(|code| ("code", code));
        let devices = self.state.devices.keys().map(|code| ("device_code", code));
        pages.chain(codes).chain(devices)
    }

    fn change(&mut self) -> &mut State {
        Arc::make_mut(&mut self.state)
    }

    fn next_secret(&mut self, kind: &str) -> String {
        let state = self.change();
        state.made += 1;
        let name = format!("{kind}/{}", state.made);
        let format = TokenFormat {
            prefix: String::new(),
            characters: TokenCharacters::UrlSafe,
            lifetime_seconds: None,
        };
        self.key.derive(&name, &format)
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pending(…)")
    }
}

impl Device {
    fn poll(&mut self, now: Moment) -> Poll {
        match &self.decision {
            Decision::Spent => Poll::Spent,
            _ if self.expires_at <= now => Poll::Expired,
            Decision::Denied => Poll::Denied,
            Decision::Allowed { user, at } => Poll::Allowed {
                user: user.clone(),
                at: *at,
            },
            Decision::None => {
                let earliest = self.polled_at.map(|before| later(before, self.interval));
                self.polled_at = Some(now);
                if earliest.is_some_and(|earliest| now < earliest) {
                    self.interval = self.interval.saturating_add(SLOW_DOWN);
                    Poll::TooSoon
                } else {
                    Poll::Waiting
                }
            }
        }
    }
}

const fn later(moment: Moment, milliseconds: u64) -> Moment {
    Moment(moment.0.saturating_add(milliseconds))
}

/// A code for people, of letters that spell no word and look like no digit (RFC 8628 §6.1).
fn user_code(secret: &str) -> String {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let letters: Vec<char> = secret
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .take(8)
        .map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]))
        .collect();
    with_dash(&letters)
}

fn with_dash(letters: &[char]) -> String {
    let (first, second) = letters.split_at(letters.len() / 2);
    first.iter().chain(&['-']).chain(second).collect()
}

#[cfg(test)]
mod tests;
