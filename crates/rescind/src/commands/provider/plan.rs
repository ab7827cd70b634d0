//! What a provider is to be, from the command line and its files.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rescind_model::provider_config::{Beginning, ProfileChoice, TenantAt, TlsChoice};
use rescind_model::source::nearest_hint;
use rescind_model::{BaseUrl, Diagnostic, Profile, ProviderConfig, SourceFile};
use rescind_provider::server::{Address, HostOptions};
use rescind_runner::catalogue::NamedFile;

use super::super::NotReady;
use crate::arguments::Provider as Arguments;
use crate::assets;

/// What a provider is to be.
#[derive(Debug)]
pub struct Plan {
    /// What cannot change while it runs.
    pub fixed: Fixed,
    /// What it serves, the tenant at the root first.
    pub tenants: Vec<TenantPlan>,
    /// The files that say so, as they were read.
    pub files: Vec<(PathBuf, SourceFile)>,
}

/// What cannot change while a provider runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub seed: Option<String>,
    pub listen: SocketAddr,
    pub public_url: Option<BaseUrl>,
    pub browser_url: Option<BaseUrl>,
    pub issuer: Option<BaseUrl>,
    pub hosts: BTreeMap<String, HostOptions>,
    pub certificate: Certificate,
}

/// The certificate that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// None: plain HTTP.
    None,
    /// One that is made; where that of its CA goes.
    Made(Option<PathBuf>),
    /// One from files.
    Given { certificate: PathBuf, key: PathBuf },
}

/// One provider.
#[derive(Clone, Debug)]
pub struct TenantPlan {
    pub name: String,
    pub at: Address,
    pub profile: Arc<Profile>,
    /// The profile's text, which tells whether it has changed.
    pub text: SourceFile,
    pub beginning: Beginning,
}

/// Reads everything that says what a provider is to be.
///
/// # Errors
/// A file that cannot be read or has mistakes, or a word that nothing answers to.
pub fn read(arguments: &Arguments) -> Result<Plan, NotReady> {
    let mut reader = Reader {
        profiles: assets::profiles(arguments.profiles.as_deref())?,
        own_profiles: arguments.profiles.as_deref(),
        folder: PathBuf::new(),
        config: None,
        files: Vec::new(),
    };
    let config = match &arguments.config {
        Some(path) => reader.configuration(path)?,
        None => ProviderConfig::default(),
    };
    let tenants = reader.tenants(arguments, &config)?;
    Ok(Plan {
        fixed: fixed(arguments, config, &reader.folder),
        tenants,
        files: reader.files,
    })
}

fn fixed(arguments: &Arguments, config: ProviderConfig, folder: &Path) -> Fixed {
    let at_port = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let typed = arguments.listen.or_else(|| arguments.port.map(at_port));
    let hosts = config.hosts.into_iter().map(|(name, host)| {
        let options = HostOptions {
            listen: host.listen,
            public_url: host.public_url,
        };
        (name, options)
    });
    Fixed {
        seed: arguments.seed.clone().or(config.seed),
        listen: typed.or(config.listen).unwrap_or_else(|| at_port(0)),
        public_url: arguments.public_url.clone().or(config.public_url),
        browser_url: arguments.browser_url.clone().or(config.browser_url),
        issuer: arguments.issuer.clone().or(config.issuer),
        hosts: hosts.collect(),
        certificate: certificate(arguments, config.tls, folder),
    }
}

fn certificate(arguments: &Arguments, stated: Option<TlsChoice>, folder: &Path) -> Certificate {
    if let (Some(certificate), Some(key)) = (&arguments.tls_certificate, &arguments.tls_key) {
        return Certificate::Given {
            certificate: certificate.clone(),
            key: key.clone(),
        };
    }
    if arguments.tls {
        return Certificate::Made(arguments.tls_ca_out.clone());
    }
    match stated {
        None => Certificate::None,
        Some(TlsChoice::Made(ca_out)) => Certificate::Made(ca_out.map(|path| folder.join(path))),
        Some(TlsChoice::Given { certificate, key }) => Certificate::Given {
            certificate: folder.join(certificate),
            key: folder.join(key),
        },
    }
}

/// What is read from, and what has been read.
struct Reader<'a> {
    profiles: Vec<NamedFile>,
    own_profiles: Option<&'a Path>,
    /// That of the configuration, where its paths begin.
    folder: PathBuf,
    config: Option<SourceFile>,
    files: Vec<(PathBuf, SourceFile)>,
}

impl Reader<'_> {
    fn configuration(&mut self, path: &Path) -> Result<ProviderConfig, NotReady> {
        let file = self.file(path)?;
        let config = ProviderConfig::parse(&file)?;
        self.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        self.config = Some(file);
        Ok(config)
    }

    fn file(&mut self, path: &Path) -> Result<SourceFile, NotReady> {
        let file = assets::read(path)?;
        self.files.push((path.to_owned(), file.clone()));
        Ok(file)
    }

    fn tenants(
        &mut self,
        arguments: &Arguments,
        config: &ProviderConfig,
    ) -> Result<Vec<TenantPlan>, NotReady> {
        let mut tenants = Vec::new();
        if let Some((name, text)) = self.root(arguments, config)? {
            tenants.push(TenantPlan {
                name,
                at: Address::Root,
                profile: Arc::new(Profile::parse(&text)?),
                text,
                beginning: config.root.clone(),
            });
        } else if config.root != Beginning::default() || config.tenants.is_empty() {
            return Err(NotReady::Usage(
                "a provider without a profile".to_owned(),
                "name one, as in `rescind provider google`; `rescind list profiles` shows them, and `--profile-file FILE` reads another".to_owned(),
            ));
        }
        for tenant in &config.tenants {
            let text = self.chosen(&tenant.profile)?;
            tenants.push(TenantPlan {
                name: tenant.name.clone(),
                at: address(&tenant.at, &tenant.name),
                profile: Arc::new(Profile::parse(&text)?),
                text,
                beginning: tenant.beginning.clone(),
            });
        }
        Ok(tenants)
    }

    /// The name and the profile of the provider at the root.
    fn root(
        &mut self,
        arguments: &Arguments,
        config: &ProviderConfig,
    ) -> Result<Option<(String, SourceFile)>, NotReady> {
        if let Some(name) = &arguments.name {
            let Some(text) = self.named(name) else {
                let message = format!("there is no profile `{name}`");
                return Err(NotReady::Problem(message, self.nearest(name)));
            };
            return Ok(Some((name.clone(), text)));
        }
        if let Some(path) = &arguments.profile_file {
            return Ok(Some((stem(path), self.file(path)?)));
        }
        let Some(choice) = &config.root_profile else {
            return Ok(None);
        };
        let name = match choice {
            ProfileChoice::Named(name) => name.to_string(),
            ProfileChoice::File(path) => stem(Path::new(path.as_str())),
        };
        Ok(Some((name, self.chosen(choice)?)))
    }

    /// The profile that the configuration chooses.
    fn chosen(&mut self, choice: &ProfileChoice) -> Result<SourceFile, NotReady> {
        match choice {
            ProfileChoice::File(path) => {
                let path = self.folder.join(path.as_str());
                self.file(&path)
            }
            ProfileChoice::Named(name) => self.named(name).ok_or_else(|| {
                let message = format!("there is no profile `{}`", **name);
                let hint = self.nearest(name);
                let file = self.config.clone().unwrap_or_default();
                let mistake = Diagnostic::new(&file, name.span(), message).hint(hint);
                NotReady::Mistakes(vec![mistake])
            }),
        }
    }

    /// The profile of a name. One of a folder of one's own is a file like another.
    fn named(&mut self, name: &str) -> Option<SourceFile> {
        let named = self.profiles.iter().find(|named| named.name == name)?;
        if let Some(folder) = self.own_profiles {
            let path = folder.join(format!("{name}.toml"));
            if path.is_file() {
                self.files.push((path, named.file.clone()));
            }
        }
        Some(named.file.clone())
    }

    fn nearest(&self, name: &str) -> String {
        let known = self.profiles.iter().map(|named| named.name.as_str());
        nearest_hint(name, known).unwrap_or_default()
    }
}

fn address(at: &TenantAt, name: &str) -> Address {
    match at {
        TenantAt::Path => Address::Below(name.to_owned()),
        TenantAt::Port => Address::Port,
        TenantAt::Host(host) => Address::Host(host.clone()),
        TenantAt::Client => Address::Client,
    }
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
