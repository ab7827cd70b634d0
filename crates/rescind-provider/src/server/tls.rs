//! TLS: a CA and certificates made in memory, or a certificate that is given.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rescind_model::secret::Secret;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};

/// The names that every certificate of our own is for, whatever the provider is called.
const OWN_NAMES: [&str; 4] = ["localhost", "*.localhost", "127.0.0.1", "::1"];

/// How many certificates for single names are kept; of more, each is made anew.
const KEPT: usize = 256;

/// How a provider speaks TLS.
#[derive(Clone, Debug)]
pub struct Tls(Source);

#[derive(Clone, Debug)]
enum Source {
    Made,
    Given(Arc<CertifiedKey>),
}

/// What is wrong with a certificate or its key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{place}` cannot be read: {source}")]
    Unreadable {
        /// Which one.
        place: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no certificate where one should be.
    #[error("{place} holds no certificate in PEM form")]
    NoCertificate {
        /// Where.
        place: String,
    },
    /// There is no private key where one should be.
    #[error("{place} holds no private key in PEM form")]
    NoKey {
        /// Where.
        place: String,
    },
    /// A certificate or key that TLS cannot use.
    #[error("the certificate of {certificate} and the key of {key} cannot be used: {source}")]
    Unusable {
        /// Where the certificate is.
        certificate: String,
        /// Where the key is.
        key: String,
        /// What is wrong with them.
        source: rustls::Error,
    },
    /// The key is another certificate's.
    #[error("the key of {key} is not that of the certificate of {certificate}")]
    KeyDoesNotFit {
        /// Where the certificate is.
        certificate: String,
        /// Where the key is.
        key: String,
    },
    /// No certificate can be made.
    #[error("no certificate can be made: {0}")]
    NotMade(#[from] rcgen::Error),
    /// TLS itself cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    NotSetUp(#[from] rustls::Error),
}

impl TlsError {
    /// What to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "check the path, and that this user may read it",
            Self::NoCertificate { .. } => {
                "a certificate stands between `-----BEGIN CERTIFICATE-----` and its end, those that it is signed by after it"
            }
            Self::NoKey { .. } => {
                "a private key stands between `-----BEGIN PRIVATE KEY-----` and its end; an encrypted one has to be decrypted first (openssl pkey -in FILE -out FILE)"
            }
            Self::KeyDoesNotFit { .. } => {
                "name the key that the certificate was made with; the server's own certificate comes first in its file"
            }
            Self::Unusable { .. } => "use an RSA, ECDSA or Ed25519 key, and a certificate for it",
            Self::NotMade(_) | Self::NotSetUp(_) => {
                "name a certificate and a key that you have, in place of one that is made"
            }
        }
    }
}

impl Tls {
    /// A CA, and certificates that it signs, made when the provider starts. They are for
    /// `localhost` and every name below it, for the loopback addresses, and for every host by
    /// which the provider is known. None is stored anywhere.
    pub const fn made() -> Self {
        Self(Source::Made)
    }

    /// A certificate, with those that it is signed by, and its private key, both in PEM form.
    ///
    /// # Errors
    /// [`TlsError`] if either is none, or they do not belong together.
    pub fn from_pem(certificate: &str, key: &Secret) -> Result<Self, TlsError> {
        let places = ("the certificate's text", "the key's text");
        given(certificate.as_bytes(), key.expose().as_bytes(), places)
    }

    /// The same, from two files.
    ///
    /// # Errors
    /// [`TlsError`] if a file cannot be read, or does not hold what it should.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Unreadable {
                place: path.display().to_string(),
                source,
            })
        };
        let shown = |path: &Path| format!("`{}`", path.display());
        given(
            &read(certificate)?,
            &read(key)?,
            (&shown(certificate), &shown(key)),
        )
    }

    /// Makes everything that a server needs.
    pub(super) fn prepare(&self, hosts: BTreeSet<String>) -> Result<Prepared, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        let (mut config, authority) = match &self.0 {
            Source::Given(key) => {
                let resolver = Arc::new(OneCertificate(Arc::clone(key)));
                (builder.with_cert_resolver(resolver), None)
            }
            Source::Made => {
                let authority = Arc::new(Authority::make(hosts, &provider)?);
                let config = builder.with_cert_resolver(Arc::clone(&authority) as _);
                (config, Some(authority))
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Prepared {
            config: Arc::new(config),
            authority,
        })
    }
}

fn given(certificate: &[u8], key: &[u8], places: (&str, &str)) -> Result<Tls, TlsError> {
    let (certificate_place, key_place) = (places.0.to_owned(), places.1.to_owned());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let Some(chain) = chain else {
        return Err(TlsError::NoCertificate {
            place: certificate_place,
        });
    };
    let Ok(key) = PrivateKeyDer::from_pem_slice(key) else {
        return Err(TlsError::NoKey { place: key_place });
    };
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
    let certified = certified.map_err(|source| match source {
        rustls::Error::InconsistentKeys(_) => TlsError::KeyDoesNotFit {
            certificate: certificate_place,
            key: key_place,
        },
        source => TlsError::Unusable {
            certificate: certificate_place,
            key: key_place,
            source,
        },
    })?;
    Ok(Tls(Source::Given(Arc::new(certified))))
}

/// What a server needs to speak TLS.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) config: Arc<ServerConfig>,
    authority: Option<Arc<Authority>>,
}

impl Prepared {
    /// The certificate of the CA that was made, in PEM form.
    pub(super) fn ca_certificate(&self) -> Option<&str> {
        self.authority.as_ref().map(|it| it.certificate.as_str())
    }

    /// Makes certificates for a host, too.
    pub(super) fn also_for(&self, host: &str) {
        if let Some(authority) = &self.authority {
            let mut hosts = authority
                .hosts
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            hosts.insert(host.to_owned());
        }
    }
}

/// A certificate for whatever name is asked for.
#[derive(Debug)]
struct OneCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for OneCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A CA of our own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, in PEM form.
    certificate: String,
    /// The key of every certificate that it signs.
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
    /// The hosts beyond `localhost` and what is below it that it signs for.
    hosts: Mutex<BTreeSet<String>>,
    /// For whoever names no host, or one that it does not sign for.
    standard: Arc<CertifiedKey>,
    /// Clients take a certificate for `*.localhost` for too wide (RFC 6125 §7.2 leaves it to
    /// them), so that such a name has a certificate of its own.
    single: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Authority(…)")
    }
}

impl Authority {
    fn make(hosts: BTreeSet<String>, provider: &CryptoProvider) -> Result<Self, TlsError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let name = "rescind provider: CA of one run";
        params.distinguished_name.push(DnType::CommonName, name);
        let ca_key = KeyPair::generate()?;
        let certificate = params.self_signed(&ca_key)?.pem();
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate()?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = provider.key_provider.load_private_key(der)?;
        let names = OWN_NAMES.map(str::to_owned).into_iter();
        let names = names.chain(hosts.iter().cloned()).collect();
        let standard = sign(names, &key, &issuer, &signing)?;
        Ok(Self {
            issuer,
            certificate,
            key,
            signing,
            hosts: Mutex::new(hosts),
            standard,
            single: Mutex::default(),
        })
    }

    /// The certificate of a single name, if it signs for that and the standard one does not do.
    fn single(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let is_below_localhost = name.ends_with(".localhost");
        let hosts = || self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_below_localhost && !hosts().contains(name) {
            return None;
        }
        let mut single = self.single.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = single.get(name) {
            return Some(Arc::clone(known));
        }
        let names = vec![name.to_owned()];
        let made = sign(names, &self.key, &self.issuer, &self.signing).ok()?;
        if single.len() < KEPT {
            single.insert(name.to_owned(), Arc::clone(&made));
        }
        Some(made)
    }
}

impl ResolvesServerCert for Authority {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let single = hello.server_name().and_then(|name| self.single(name));
        Some(single.unwrap_or_else(|| Arc::clone(&self.standard)))
    }
}

fn sign(
    names: Vec<String>,
    key: &KeyPair,
    issuer: &Issuer<'static, KeyPair>,
    signing: &Arc<dyn SigningKey>,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "rescind provider");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(key, issuer)?.der().clone();
    let certified = CertifiedKey::new(vec![certificate], Arc::clone(signing));
    Ok(Arc::new(certified))
}
