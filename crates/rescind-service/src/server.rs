//! Starting and stopping the service.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::{Config, Database};
use crate::encryption_key::{EncryptionKey, EncryptionKeyError};
use crate::http;
use crate::public_url::PublicUrl;
use crate::service::Service;
use crate::store::{Store, StoreError};
use crate::toolkit::{self, ToolkitError};
use crate::upstream::client::UpstreamClient;
use crate::variants;

/// How long a stop waits for what is under way.
const GRACE: Duration = Duration::from_secs(5);

/// Why the service could not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The database cannot be opened, or not be closed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A database in a file needs a key, and none was given.
    #[error("a database in a file needs an encryption key, and none was given")]
    NoEncryptionKey,
    /// No encryption key could be made.
    #[error(transparent)]
    EncryptionKey(#[from] EncryptionKeyError),
    /// An embedded toolkit is invalid.
    #[error(transparent)]
    Toolkit(#[from] ToolkitError),
    /// The client for calls to providers cannot be set up.
    #[error("cannot set up the client for calls to providers: {0}")]
    Upstream(#[from] reqwest::Error),
    /// Both were asked for: what is then seen could not be told to be of one or the other.
    #[error("a service has a defect or a variant, not both")]
    DefectAndVariant,
    /// The server ended by itself.
    #[error("the server ended by itself: {0}")]
    Ended(String),
}

/// A service that listens. Dropping it asks it to stop, without waiting until it has.
#[derive(Debug)]
pub struct RunningService {
    local_addr: SocketAddr,
    service: Shared,
    server: JoinHandle<io::Result<()>>,
    stop: DropGuard,
}

/// The service has no useful `Debug`.
struct Shared(Arc<Service>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Service")
    }
}

/// Starts the service: when this returns, it listens.
pub async fn serve(config: Config) -> Result<RunningService, ServeError> {
    if config.defect.is_some() && config.variant.is_some() {
        return Err(ServeError::DefectAndVariant);
    }
    let toolkits = toolkit::load()?;
    let upstream = UpstreamClient::new(config.dispatch_timeout, config.variant, config.defect)?;
    let store = Store::open(config.database.clone(), &encryption_key(&config)?)
        .await?
        .with_variant(config.variant);
    let listen_error = |source| ServeError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(listen_error)?;
    let local_addr = listener.local_addr().map_err(listen_error)?;
    let public_url = config.public_url.clone();
    let public_url = public_url.unwrap_or_else(|| PublicUrl::of_listener(local_addr));
    let service = Service::new(&config, store, toolkits, upstream, public_url);
    let service = Arc::new(service);
    service.resume_revoke_jobs().await?;
    let stop = CancellationToken::new();
    recover_until(&service, stop.clone());
    let stopped = stop.clone().cancelled_owned();
    let router = variants::answers::around(http::router(Arc::clone(&service)), &service);
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .into_future();
    if let Some(defect) = config.defect {
        tracing::warn!(%defect, "a defect is seeded: this service is wrong on purpose");
    }
    if let Some(variant) = config.variant {
        tracing::warn!(%variant, "a variant is chosen: this service is different on purpose");
    }
    Ok(RunningService {
        local_addr,
        service: Shared(service),
        server: tokio::spawn(server),
        stop: stop.drop_guard(),
    })
}

/// Recovers in the background, until the service is to stop.
fn recover_until(service: &Arc<Service>, stop: CancellationToken) {
    let recovery = Arc::clone(service).recover();
    service
        .tasks
        .spawn(async move { stop.run_until_cancelled_owned(recovery).await });
}

fn encryption_key(config: &Config) -> Result<EncryptionKey, ServeError> {
    match (&config.encryption_key, &config.database) {
        (Some(key), _) => Ok(key.clone()),
        (None, Database::Memory) => Ok(EncryptionKey::generate()?),
        (None, Database::File(_)) => Err(ServeError::NoEncryptionKey),
    }
}

impl RunningService {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Waits until the server ends by itself, which it does only when something is wrong. May be
    /// dropped and called again.
    pub async fn wait(&mut self) -> Result<(), ServeError> {
        match (&mut self.server).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ServeError::Ended(error.to_string())),
            Err(error) => Err(ServeError::Ended(error.to_string())),
        }
    }

    /// Stops: accepts nothing more, finishes what is under way (for at most five seconds), closes
    /// the database.
    pub async fn shutdown(self) -> Result<(), ServeError> {
        let Self {
            service: Shared(service),
            mut server,
            stop,
            ..
        } = self;
        drop(stop);
        let finish = async {
            // A server that ended by itself has nothing to finish.
            if !server.is_finished()
                && let Err(error) = (&mut server).await
            {
                tracing::error!(%error, "the server did not end well");
            }
            service.tasks.close();
            service.tasks.wait().await;
            service.dispatch_queued().await;
        };
        if timeout(GRACE, finish).await.is_err() {
            tracing::warn!("stopping although requests are still under way");
            server.abort();
        }
        Ok(service.store.close().await?)
    }
}
