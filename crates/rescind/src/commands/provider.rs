//! `rescind provider`: serve fake providers, and say what they imitate.

mod control_key;
mod plan;
mod tenants;
mod watching;

use std::path::Path;

use rescind_provider::describe::{self, Where};
use rescind_provider::server::{Address, Provider, ProviderOptions, Tls};

use super::{NotReady, fresh_seed, write_atomically};
use crate::arguments::Provider as Arguments;
use crate::{exit, output};
use control_key::ControlKey;
use plan::{Certificate, Fixed};
use tenants::Serving;

/// Runs the command until it is interrupted. Returns the exit code.
pub async fn run(arguments: &Arguments) -> u8 {
    match serve(arguments).await {
        Ok(()) => exit::PASS,
        Err(not_ready) => not_ready.report(),
    }
}

async fn serve(arguments: &Arguments) -> Result<(), NotReady> {
    let plan = plan::read(arguments)?;
    if arguments.watch && plan.files.is_empty() {
        return Err(NotReady::Usage(
            "`--watch` without a file to watch".to_owned(),
            "state `--config FILE`, `--profile-file FILE` or `--profiles DIR`".to_owned(),
        ));
    }
    let seed = match &plan.fixed.seed {
        Some(seed) => seed.clone(),
        None => fresh_seed()?,
    };
    let key = control_key::read(arguments.control_key_file.as_deref())?;
    let shown_by_curl = control_key::shown_by_curl(key.as_ref());
    let provider = start(&plan.fixed, key, &seed).await?;
    let curl = Curl {
        trusts: trust(&plan.fixed, &provider)?,
        shows: shown_by_curl,
    };
    let mut serving = Serving::begin(&provider, plan.tenants)?;
    introduce(&serving, &curl, &seed);
    if arguments.watch {
        let watched = watching::Watched::begin(plan.files);
        watching::until_stopped(arguments, watched, &plan.fixed, &mut serving).await;
    } else {
        // A signal that cannot be waited for ends the program anyway.
        let _ = stop_requested().await;
    }
    provider.stop().await;
    Ok(())
}

/// What curl is told in the lines that are printed.
struct Curl {
    /// To trust the certificate.
    trusts: String,
    /// To show the control key.
    shows: String,
}

async fn start(fixed: &Fixed, key: Option<ControlKey>, seed: &str) -> Result<Provider, NotReady> {
    let problem = |message: String, hint: &str| NotReady::Problem(message, hint.to_owned());
    let tls = match &fixed.certificate {
        Certificate::None => None,
        Certificate::Made(_) => Some(Tls::made()),
        Certificate::Given { certificate, key } => Some(
            Tls::from_files(certificate, key)
                .map_err(|error| problem(error.to_string(), error.hint()))?,
        ),
    };
    let options = ProviderOptions {
        public_url: fixed.public_url.clone(),
        browser_url: fixed.browser_url.clone(),
        issuer: fixed.issuer.clone(),
        hosts: fixed.hosts.clone(),
        tls,
        control_key: key.map(|key| key.secret),
        ..ProviderOptions::new(fixed.listen, seed)
    };
    Provider::start_with(options)
        .await
        .map_err(|error| problem(error.to_string(), error.hint()))
}

/// Writes the CA's certificate where it is asked for. Returns what curl needs to trust it.
fn trust(fixed: &Fixed, provider: &Provider) -> Result<String, NotReady> {
    let Some(certificate) = provider.ca_certificate() else {
        return Ok(String::new());
    };
    let Certificate::Made(Some(path)) = &fixed.certificate else {
        output::talk(
            "note: nobody trusts the CA that was made; `--tls-ca-out FILE` writes its certificate, for clients to trust",
        );
        return Ok(" -k".to_owned());
    };
    write_atomically(path, certificate).map_err(|error| {
        NotReady::Problem(
            format!("`{}` cannot be written: {error}", path.display()),
            "name a file in a folder that is there and that this user may write to".to_owned(),
        )
    })?;
    output::talk(&how_to_trust(path));
    Ok(format!(" --cacert {}", quoted(path)))
}

fn how_to_trust(path: &Path) -> String {
    let path = quoted(path);
    format!(
        "the CA's certificate is in {path}; it holds for this run only. To trust it:\n  \
         curl --cacert {path} …\n  \
         SSL_CERT_FILE={path}              (OpenSSL, Go, Python's ssl, rustls)\n  \
         NODE_EXTRA_CA_CERTS={path}        (Node)\n  \
         REQUESTS_CA_BUNDLE={path}         (Python's requests)"
    )
}

/// A path as a word for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

/// The first line that says where a provider is comes when everything is ready.
fn introduce(serving: &Serving<'_>, curl: &Curl, seed: &str) {
    let is_only_one = serving.running().count() == 1;
    let texts = serving.running().map(|tenant| {
        let control_url = tenant.control_url();
        let profile = tenant.lock().profile().clone();
        if is_only_one || *tenant.at() == Address::Root {
            let at = Where {
                addresses: tenant.addresses(),
                control_url: &control_url,
                curl_options: &curl.trusts,
                control_options: &curl.shows,
            };
            return describe::introduction(&profile, at, seed);
        }
        let (name, title, own) = (tenant.name(), &profile.title, tenant.base_url());
        format!("{name}: {title} on {own}; its control API is at {control_url}\n")
    });
    let text: String = texts.collect();
    output::data(&text);
}

/// Waits for ctrl-C or SIGTERM.
pub async fn stop_requested() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
