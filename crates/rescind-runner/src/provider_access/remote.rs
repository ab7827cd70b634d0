//! A provider that runs elsewhere, by its control API.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use rescind_model::fault::Fault;
use rescind_model::gate::Gate;
use rescind_model::secret::{FingerprintKey, KnownSecret, Secret, SecretScanner};
use rescind_model::target::TenantsBy;
use rescind_model::{Profile, Subject};
use rescind_provider::gates::GateState;
use rescind_provider::ledger::GrantId;
use rescind_provider::observation::Written;
use rescind_provider::{Addresses, Observation};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::control_client::{AccessError, ControlClient};
use super::{MintedGrant, RegisteredClient};
use crate::error::Problem;

/// A provider that runs elsewhere.
#[derive(Debug)]
pub struct RemoteProvider {
    control: ControlClient,
    tenants: TenantsBy,
    seed: String,
    /// The names of the tenants that were made, to be removed in the end.
    made: Mutex<Vec<String>>,
}

/// A tenant of it.
#[derive(Debug)]
pub struct RemoteTenant {
    control: ControlClient,
    /// Where its control API lies, without the prefix.
    below: String,
    addresses: Addresses,
    fingerprints: FingerprintKey,
    /// What token responses call the user's account id, where they carry one.
    account_id_field: Option<String>,
}

/// What its owner is to mend of a provider that runs elsewhere.
#[derive(Clone, Debug)]
pub enum NotReached {
    /// Something about its address, or about what is there.
    Address(Problem),
    /// Something about its key.
    Key(Problem),
}

/// That a provider runs.
#[derive(Deserialize)]
struct Health {
    version: String,
}

/// Anything: that it was done is enough.
type Done = serde::de::IgnoredAny;

impl RemoteProvider {
    /// Reaches it, with its key, and makes sure that it is one that this program understands.
    ///
    /// # Errors
    /// What its owner is to mend.
    pub async fn reach(
        url: &str,
        key: &Secret,
        tenants: TenantsBy,
        seed: &str,
    ) -> Result<Self, NotReached> {
        let stranger = ControlClient::new(url).map_err(NotReached::Address)?;
        let health: Health = stranger
            .call("GET", "", "/health", None)
            .await
            .map_err(|error| no_provider(&error))?;
        let own = env!("CARGO_PKG_VERSION");
        if health.version != own {
            return Err(NotReached::Address(Problem::new(
                format!(
                    "the provider at {url} is rescind {}, and this is {own}",
                    health.version
                ),
                "let both be of the same version",
            )));
        }
        // Whoever needs no key is shown no secrets by it, either.
        if stranger
            .call::<Done>("GET", "", "/tenants", None)
            .await
            .is_ok()
        {
            return Err(NotReached::Key(Problem::new(
                format!("the provider at {url} has no control key, and shows secrets to nobody"),
                "start it with one, in `RESCIND_CONTROL_KEY` or by `--control-key-file`",
            )));
        }
        let control = stranger.with_key(key);
        match control.call::<Done>("GET", "", "/tenants", None).await {
            Ok(_) => Ok(Self {
                control,
                tenants,
                seed: seed.to_owned(),
                made: Mutex::default(),
            }),
            Err(error) if error.refused_with() == Some(401) => Err(NotReached::Key(Problem::new(
                format!("the provider at {url} does not take this control key"),
                "put the key into it that the provider was started with",
            ))),
            Err(error) => Err(no_provider(&error)),
        }
    }

    /// Adds a tenant, whose tokens are made from the run's seed and this name, if there is one.
    pub(super) async fn add_tenant(
        &self,
        name: Option<&str>,
        profile: &Profile,
    ) -> Result<RemoteTenant, AccessError> {
        #[derive(Deserialize)]
        struct Made {
            name: String,
            base_url: String,
            #[serde(default)]
            hosts: BTreeMap<String, String>,
        }
        let address = match self.tenants {
            TenantsBy::Path => "path",
            TenantsBy::Port => "port",
            TenantsBy::Host => "host_of_its_name",
            TenantsBy::Client => "client",
        };
        // The whole file, with where its facts are from: the provider reads it as this program did, and
        // the places that it names in a mistake are those of the file.
        let tenant = json!({
            "profile_toml": profile.file.text(),
            "address": address,
            "made_from": name.map(|name| json!({ "seed": self.seed, "name": name })),
        });
        let made: Made = self
            .control
            .call("POST", "", "/tenants", Some(&tenant))
            .await?;
        let below = format!("/t/{}", made.name);
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(made.name);
        Ok(RemoteTenant {
            control: self.control.clone(),
            below,
            addresses: Addresses {
                own: made.base_url,
                hosts: made.hosts,
                ..Addresses::default()
            },
            fingerprints: FingerprintKey::of_seed(&self.seed),
            account_id_field: profile.tokens.account_id_field.clone(),
        })
    }

    /// Removes every tenant that was made. One that cannot be removed does no harm.
    pub async fn remove_tenants(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for name in made {
            let removal = format!("/tenants/{name}");
            let removed: Result<Done, _> = self.control.call("DELETE", "", &removal, None).await;
            if matches!(removed, Err(AccessError::Silent { .. })) {
                return;
            }
        }
    }
}

/// What answers there, if anything, is no provider that this program understands.
fn no_provider(error: &AccessError) -> NotReached {
    NotReached::Address(match error {
        AccessError::Silent { .. } => Problem::new(
            error.to_string(),
            "start it, `rescind provider --listen ADDRESS`, with a control key, or correct `url`",
        ),
        AccessError::Refused { .. } | AccessError::Unreadable { .. } => {
            Problem::new(error.to_string(), error.hint())
        }
    })
}

/// A gate, as far as a case asks for it.
#[derive(Deserialize)]
pub(super) struct RemoteGate {
    gate: u32,
    pub(super) state: GateState,
    pub(super) holding: usize,
}

impl RemoteTenant {
    /// Its addresses, as the target sees them.
    pub(super) const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The key of the run's fingerprints.
    pub(super) const fn fingerprints(&self) -> &FingerprintKey {
        &self.fingerprints
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, operation: &str) -> Result<T, AccessError> {
        self.control.call("GET", &self.below, operation, None).await
    }

    async fn post<T: serde::de::DeserializeOwned>(
        &self,
        operation: &str,
        body: &Value,
    ) -> Result<T, AccessError> {
        self.control
            .call("POST", &self.below, operation, Some(body))
            .await
    }

    pub(super) async fn client(&self, name: &str) -> Result<RegisteredClient, AccessError> {
        #[derive(Deserialize)]
        struct Registered {
            client_id: String,
            client_secret: String,
        }
        let registered: Registered = self.post("/clients", &json!({ "name": name })).await?;
        Ok(RegisteredClient {
            client_id: registered.client_id,
            client_secret: Secret::new(registered.client_secret),
        })
    }

    pub(super) async fn mint(
        &self,
        user: &str,
        client: &str,
        subjects: &[Subject],
    ) -> Result<MintedGrant, AccessError> {
        #[derive(Deserialize)]
        struct Minted {
            grant: GrantId,
            access_token: Option<String>,
            refresh_token: Option<String>,
            expires_in: Option<u64>,
            #[serde(flatten)]
            others: Map<String, Value>,
        }
        let grant = json!({ "user": user, "client": client, "subjects": subjects });
        let minted: Minted = self.post("/grants", &grant).await?;
        let account_id = self.account_id_field.as_ref();
        let account_id = account_id.and_then(|field| minted.others.get(field)?.as_str());
        Ok(MintedGrant {
            grant: minted.grant,
            access_token: minted.access_token.map(Secret::new),
            refresh_token: minted.refresh_token.map(Secret::new),
            expires_in: minted.expires_in,
            account_id: account_id.map(str::to_owned),
        })
    }

    /// Ends the newest token of a kind, by an operation that takes one. False if that makes no sense.
    pub(super) async fn end(
        &self,
        operation: &str,
        grant: GrantId,
        subject: Subject,
    ) -> Result<bool, AccessError> {
        let which = json!({ "grant": grant, "subject": subject });
        match self.post::<Done>(operation, &which).await {
            Ok(_) => Ok(true),
            Err(error) if error.refused_with() == Some(400) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn remove_by_user(&self, grant: GrantId) -> Result<(), AccessError> {
        let removal = json!({ "grant": grant });
        self.post("/user-removal", &removal).await.map(|_: Done| ())
    }

    pub(super) async fn advance(&self, seconds: u64) -> Result<(), AccessError> {
        let ahead = json!({ "advance_seconds": seconds });
        self.post("/clock", &ahead).await.map(|_: Done| ())
    }

    pub(super) async fn fail(&self, fault: &Fault) -> Result<(), AccessError> {
        self.post("/faults", &json!(fault)).await.map(|_: Done| ())
    }

    pub(super) async fn recover(&self) -> Result<(), AccessError> {
        let ended = self.control.call("DELETE", &self.below, "/faults", None);
        ended.await.map(|_: Done| ())
    }

    pub(super) async fn hold(&self, gate: &Gate) -> Result<u32, AccessError> {
        let set: RemoteGate = self.post("/gates", &json!(gate.stated())).await?;
        Ok(set.gate)
    }

    pub(super) async fn gate(&self, id: u32) -> Result<RemoteGate, AccessError> {
        self.get(&format!("/gates/{id}")).await
    }

    pub(super) async fn release(&self, id: u32) -> Result<(), AccessError> {
        let release = format!("/gates/{id}/release");
        self.post(&release, &json!({})).await.map(|_: Done| ())
    }

    pub(super) async fn observe(
        &self,
        after: u64,
        grants: impl IntoIterator<Item = GrantId>,
    ) -> Result<Observation, AccessError> {
        let mut operation = format!("/observation?secrets=show&after={after}&grants=");
        for grant in grants {
            // Writing to a string does not fail.
            let _ = write!(operation, "{},", grant.0);
        }
        let written: Written = self.get(&operation).await?;
        Observation::try_from(written).map_err(|_| self.unreadable(operation))
    }

    /// A scanner for every secret that it has given out.
    pub(super) async fn scanner(&self) -> Result<SecretScanner, AccessError> {
        #[derive(Deserialize)]
        struct Listed {
            secrets: Vec<Shown>,
        }
        #[derive(Deserialize)]
        struct Shown {
            kind: String,
            secret: String,
            prefix_length: usize,
        }
        let listed: Listed = self.get("/secrets?secrets=show").await?;
        let mut scanner = SecretScanner::new(self.fingerprints.clone());
        for shown in listed.secrets {
            scanner.add(KnownSecret {
                kind: shown.kind,
                secret: Secret::new(shown.secret),
                prefix_length: shown.prefix_length,
            });
        }
        Ok(scanner)
    }

    fn unreadable(&self, operation: String) -> AccessError {
        AccessError::Unreadable {
            url: Arc::clone(self.control.url()),
            operation,
        }
    }
}
