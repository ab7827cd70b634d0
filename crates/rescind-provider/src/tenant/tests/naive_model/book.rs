//! A book of grants and tokens, kept by hand: lists, looked through from end to end, and what the
//! profile declares. It knows nothing of how the ledger does it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rescind_model::Subject;
use rescind_model::profile::{
    AccessTokenFormat, Answer, ClientAuthentication, GraceAnswer, GrantType, Profile, Reuse,
    RevocationRoute, RevocationScope,
};
use rescind_model::vocabulary::TokenState;

use crate::ledger::{GrantId, TokenId};
use crate::tenant::tests::States;

/// What one user gave one client.
#[derive(Clone, Debug)]
struct Grant {
    user: String,
    client: String,
}

/// A token, and what is to become of it.
#[derive(Clone, Debug)]
struct Token {
    id: TokenId,
    /// None: time does not end it.
    expires_at: Option<u64>,
    expired: bool,
    end: Option<End>,
    dead: bool,
}

/// The end of a token, which may lie ahead.
#[derive(Clone, Copy, Debug)]
struct End {
    at: u64,
    /// Whether it ends because a refresh gave its client another one.
    replaced: bool,
}

impl Token {
    const fn state(&self) -> TokenState {
        match (self.dead, self.expired) {
            (true, _) => TokenState::Dead,
            (false, true) => TokenState::Expired,
            (false, false) => TokenState::Alive,
        }
    }

    const fn is_alive(&self) -> bool {
        !self.dead && !self.expired
    }
}

/// How a caller showed who it is, as whoever wrote the request knows.
#[derive(Clone, Debug)]
pub enum Shown {
    /// Nothing at all.
    Nothing,
    /// What belongs to the client of that name.
    Client(String),
    /// What belongs to nobody.
    Wrong,
    /// An access token, of whatever worth; none that was ever given out.
    AccessToken(Option<TokenId>),
    /// The very token that it presents.
    Itself,
}

/// What a request presents.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// No value.
    Nothing,
    /// A value that was never given out.
    Unknown,
    /// A token.
    Token(TokenId),
    /// The account of a grant.
    Account(GrantId),
}

/// What is to come of a request.
#[derive(Debug)]
pub enum Verdict {
    /// An answer of the profile's, and the tokens that it ends.
    Answered(Answer, BTreeSet<TokenId>),
    /// Tokens: those that come to be, and the refresh token that the client is told, if any.
    Given(BTreeSet<TokenId>, Option<TokenId>),
    /// Nothing comes to be and nothing ends, whatever it is answered.
    Refused,
}

/// For whom a caller may speak: for a client or a grant; for nobody in particular otherwise.
#[derive(Default)]
struct Caller {
    client: Option<String>,
    grant: Option<GrantId>,
}

/// Every grant and token of a tenant.
#[derive(Clone, Debug)]
pub struct Book {
    profile: Arc<Profile>,
    grants: Vec<Grant>,
    tokens: Vec<Token>,
    now: u64,
}

impl Book {
    pub const fn new(profile: Arc<Profile>) -> Self {
        Self {
            profile,
            grants: Vec::new(),
            tokens: Vec::new(),
            now: 0,
        }
    }

    /// How every token stands.
    pub fn states(&self) -> States {
        let tokens = self.tokens.iter();
        tokens.map(|token| (token.id, token.state())).collect()
    }

    /// Every token, the first first.
    pub fn tokens(&self) -> Vec<TokenId> {
        self.tokens.iter().map(|token| token.id).collect()
    }

    /// The name of the client that has a grant.
    pub fn client_of(&self, grant: GrantId) -> &str {
        &self.grants[grant.0 as usize].client
    }

    /// The newest of a kind in a grant.
    pub fn newest(&self, grant: GrantId, subject: Subject) -> Option<TokenId> {
        let is_one = |token: &&Token| token.id.grant == grant && token.id.subject == subject;
        self.tokens
            .iter()
            .filter(is_one)
            .map(|token| token.id)
            .max()
    }

    /// Lets time pass.
    pub fn pass(&mut self, seconds: u64) {
        self.now += seconds * 1000;
        self.settle();
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new(Arc::clone(&self.profile));
    }

    /// Whatever the time has come for, happens.
    fn settle(&mut self) {
        for token in &mut self.tokens {
            token.expired |= token.expires_at.is_some_and(|at| at <= self.now);
            token.dead |= token.end.is_some_and(|end| end.at <= self.now);
        }
    }

    pub fn mint(&mut self, user: &str, client: &str, subjects: &[Subject]) -> BTreeSet<TokenId> {
        self.grants.push(Grant {
            user: user.to_owned(),
            client: client.to_owned(),
        });
        let grant = GrantId(u32::try_from(self.grants.len() - 1).unwrap());
        let issued = subjects.iter().filter_map(|kind| self.issue(grant, *kind));
        issued.collect()
    }

    fn issue(&mut self, grant: GrantId, subject: Subject) -> Option<TokenId> {
        let tokens = &self.profile.tokens;
        let format = match subject {
            Subject::AccessToken => Some(&tokens.access_token),
            Subject::RefreshToken => tokens.refresh_token.as_ref(),
        };
        let lifetime = format?.lifetime_seconds;
        let id = TokenId {
            grant,
            subject,
            generation: self
                .newest(grant, subject)
                .map_or(0, |newest| newest.generation + 1),
        };
        self.tokens.push(Token {
            id,
            expires_at: lifetime.map(|seconds| self.now + seconds * 1000),
            expired: lifetime == Some(0),
            end: None,
            dead: false,
        });
        Some(id)
    }

    /// A token expires before its time.
    pub fn expire(&mut self, id: TokenId) {
        let now = self.now;
        self.token_mut(id).expires_at = Some(now);
        self.settle();
    }

    /// An administrator ends a token, and nothing else.
    pub fn kill(&mut self, id: TokenId) {
        let now = self.now;
        self.end(id, now, false);
        self.settle();
    }

    /// The user removes the app: whatever is reached dies, what had expired too.
    pub fn remove_by_user(&mut self, grant: GrantId, scope: RevocationScope) {
        let now = self.now;
        for id in self.of_grants(grant, scope == RevocationScope::UserGrants) {
            self.end(id, now, false);
        }
        self.settle();
    }

    /// What comes of a revocation.
    pub fn revoke(&mut self, route: usize, what: What, shown: &Shown) -> Verdict {
        let profile = Arc::clone(&self.profile);
        let route = &profile.revocation_routes[route];
        let (answer, ended) = self.judge(route, what, shown);
        self.settle();
        Verdict::Answered(answer.clone(), ended)
    }

    fn judge<'a>(
        &mut self,
        route: &'a RevocationRoute,
        what: What,
        shown: &Shown,
    ) -> (&'a Answer, BTreeSet<TokenId>) {
        let answers = &route.answers;
        let nothing = BTreeSet::new();
        let dead = answers.dead.as_ref().unwrap_or(&answers.success);
        let Some(caller) = self.caller(&route.client_authentication, shown) else {
            return (&answers.unauthenticated, nothing);
        };
        let (grant, scope) = match what {
            What::Nothing => return (&answers.missing, nothing),
            What::Unknown => return (answers.unknown.as_ref().unwrap_or(dead), nothing),
            What::Token(id) => (id.grant, route.ends.of(id.subject)),
            What::Account(grant) => (grant, route.ends.account),
        };
        if caller.grant.is_some_and(|own| own != grant) {
            return (&answers.unauthenticated, nothing);
        }
        if caller
            .client
            .is_some_and(|own| own != self.client_of(grant))
        {
            return (&answers.foreign, nothing);
        }
        let Some(scope) = scope else {
            return (&answers.unsupported, nothing);
        };
        let mut reached = match (scope, what) {
            (RevocationScope::Token, What::Token(id)) => vec![id],
            (RevocationScope::Token, _) => Vec::new(),
            (RevocationScope::Grant, _) => self.of_grants(grant, false),
            (RevocationScope::UserGrants, _) => self.of_grants(grant, true),
        };
        match what {
            What::Token(id) if self.token(id).dead => return (dead, nothing),
            What::Token(id) if self.token(id).expired => {
                return (answers.expired.as_ref().unwrap_or(dead), nothing);
            }
            _ => {}
        }
        reached.retain(|id| self.token(*id).is_alive());
        let answer = if reached.is_empty() {
            dead
        } else {
            &answers.success
        };
        (answer, self.end_later(reached))
    }

    /// What comes of a refresh.
    pub fn refresh(&mut self, what: What, shown: &Shown) -> Verdict {
        let verdict = self.judge_refresh(what, shown);
        self.settle();
        verdict
    }

    fn judge_refresh(&mut self, what: What, shown: &Shown) -> Verdict {
        let profile = Arc::clone(&self.profile);
        let endpoint = &profile.token_endpoint;
        let Some(caller) = self.caller(&endpoint.client_authentication, shown) else {
            return Verdict::Answered(endpoint.invalid_client.clone(), BTreeSet::new());
        };
        let invalid = |ended| Verdict::Answered(endpoint.invalid_grant.clone(), ended);
        if !profile.takes(GrantType::RefreshToken) {
            return Verdict::Refused;
        }
        let id = match what {
            What::Nothing => return Verdict::Refused,
            What::Token(id) if id.subject == Subject::RefreshToken => id,
            _ => return invalid(BTreeSet::new()),
        };
        if caller
            .client
            .is_some_and(|own| own != self.client_of(id.grant))
        {
            return invalid(BTreeSet::new());
        }
        let token = self.token(id).clone();
        let replaced = token.end.is_some_and(|end| end.replaced);
        if token.dead && replaced && *profile.tokens.refresh_token_reuse == Reuse::EndsGrant {
            // Its client has another: somebody has stolen one of the two.
            let mut alive = self.of_grants(id.grant, false);
            alive.retain(|id| self.token(*id).is_alive());
            return invalid(self.end_later(alive));
        }
        if !token.is_alive() {
            return invalid(BTreeSet::new());
        }
        let mut given = BTreeSet::new();
        given.extend(self.issue(id.grant, Subject::AccessToken));
        if !profile.tokens.refresh_token_rotates {
            return Verdict::Given(given, None);
        }
        if replaced && *profile.tokens.rotation_grace_answers == GraceAnswer::Same {
            let others = self.tokens.iter().filter(|other| {
                other.id.grant == id.grant
                    && other.id.subject == Subject::RefreshToken
                    && other.id != id
                    && other.is_alive()
            });
            if let Some(newest) = others.map(|other| other.id).max() {
                return Verdict::Given(given, Some(newest));
            }
        }
        let next = self.issue(id.grant, Subject::RefreshToken);
        given.extend(next);
        let grace = *profile.tokens.rotation_grace_seconds;
        self.end(id, self.now + grace * 1000, true);
        Verdict::Given(given, next)
    }

    /// Whom a caller may speak for; none if it may not speak at all.
    fn caller(&self, declared: &[ClientAuthentication], shown: &Shown) -> Option<Caller> {
        match shown {
            Shown::Nothing => declared
                .contains(&ClientAuthentication::None)
                .then(Caller::default),
            Shown::Itself => Some(Caller::default()),
            Shown::Wrong => None,
            Shown::Client(name) => Some(Caller {
                client: Some(name.clone()),
                grant: None,
            }),
            Shown::AccessToken(token) => {
                let token = token.filter(|id| id.subject == Subject::AccessToken);
                let grant = token.filter(|id| self.token(*id).is_alive())?.grant;
                let of_client = declared.contains(&ClientAuthentication::ClientAccessToken);
                Some(Caller {
                    client: of_client.then(|| self.client_of(grant).to_owned()),
                    grant: (!of_client).then_some(grant),
                })
            }
        }
    }

    /// Every token of a grant; of every grant of the same user and client, if the user's are meant.
    fn of_grants(&self, grant: GrantId, of_user: bool) -> Vec<TokenId> {
        let owner = |id: GrantId| {
            let grant = &self.grants[id.0 as usize];
            (&grant.user, &grant.client)
        };
        let is_reached =
            |id: &TokenId| id.grant == grant || of_user && owner(id.grant) == owner(grant);
        self.tokens().into_iter().filter(is_reached).collect()
    }

    /// Ends tokens when the profile's revocations bite. Returns those that end of it.
    fn end_later(&mut self, reached: Vec<TokenId>) -> BTreeSet<TokenId> {
        let bites = self.now + self.profile.revocation_bites_after_seconds * 1000;
        let ends = reached.into_iter();
        ends.filter(|id| self.end(*id, bites, false)).collect()
    }

    /// Ends a token, unless it ends as early anyway, or only time may end it. Whether it did.
    fn end(&mut self, id: TokenId, at: u64, replaced: bool) -> bool {
        let format = *self.profile.tokens.access_token_format;
        let lives_on = format == AccessTokenFormat::JwtThatLivesOn;
        let token = self.token_mut(id);
        let ends_before = token.end.is_some_and(|end| end.at <= at);
        if ends_before || lives_on && id.subject == Subject::AccessToken {
            return false;
        }
        token.end = Some(End { at, replaced });
        true
    }

    fn token(&self, id: TokenId) -> &Token {
        self.tokens.iter().find(|token| token.id == id).unwrap()
    }

    fn token_mut(&mut self, id: TokenId) -> &mut Token {
        let mut tokens = self.tokens.iter_mut();
        tokens.find(|token| token.id == id).unwrap()
    }
}
