//! What the service is told when it starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::defects::Defect;
use crate::encryption_key::EncryptionKey;
use crate::projects::ApiKey;
use crate::public_url::PublicUrl;
use crate::variants::Variant;

/// How the service is to run. Whoever starts it decides all of it: the service reads no
/// environment variable and no file but its database.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; port 0 lets the operating system choose one.
    pub listen: SocketAddr,
    /// Where browsers find the service; where it listens, if nothing else is said.
    pub public_url: Option<PublicUrl>,
    /// Where accounts are kept.
    pub database: Database,
    /// What secrets are sealed with in the database. One in memory can do without: it makes its
    /// own. One in a file cannot: its secrets have to be opened again.
    pub encryption_key: Option<EncryptionKey>,
    /// The keys of all projects. Every request under `/api/v3.1` must carry one in `x-api-key`.
    pub api_keys: Vec<ApiKey>,
    /// The longest that one call to a provider may take, its body included.
    pub dispatch_timeout: Duration,
    /// How long a claim outlives a process that died. A call after a crash waits for so long.
    pub claim_lease: Duration,
    /// The one bug to seed, if any.
    pub defect: Option<Defect>,
    /// The one other behaviour that is allowed, if any. Never beside a defect.
    pub variant: Option<Variant>,
}

impl Config {
    /// The dispatch timeout to use where nothing else is asked for.
    pub const DEFAULT_DISPATCH_TIMEOUT: Duration = Duration::from_secs(10);

    /// The lease of a claim where nothing else is asked for.
    pub const DEFAULT_CLAIM_LEASE: Duration = Duration::from_secs(3);
}

/// Where the service keeps its accounts.
#[derive(Clone, Debug)]
pub enum Database {
    /// In memory: gone when the service stops.
    Memory,
    /// In this file, which is created if it does not exist. Several processes may share one.
    File(PathBuf),
}
