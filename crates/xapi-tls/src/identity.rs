//! What a server shows to its clients: a certificate with its chain, and the key that proves it.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS13;
use rustls::{ClientConfig, Error, InconsistentKeys, ServerConfig};

use crate::certificate::{BadCertificate, Certificate};
use crate::holder::Holder;
use crate::key::{BadKey, PrivateKey};
use crate::{LINK, VERSIONS, provider};

/// Why a text gives no identity.
#[derive(Debug, thiserror::Error)]
pub enum BadIdentity {
    /// The certificates.
    #[error("the certificate cannot be used: {0}")]
    Certificate(#[from] BadCertificate),
    /// The key.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// They do not belong together, or the key is of a kind that cannot be used.
    #[error("key and certificate cannot be used together: {0}")]
    Pair(#[from] Error),
}

/// A private key with its certificate and those between it and an authority.
pub struct Identity {
    leaf: Certificate,
    pem: String,
    certified: Arc<CertifiedKey>,
    config: Arc<ServerConfig>,
}

impl fmt::Debug for Identity {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.leaf.sha256())
    }
}

impl Identity {
    /// Reads a file of XAPI's kind: one private key, the certificate, and its chain, if there is one.
    pub fn parse(text: &str) -> Result<Identity, BadIdentity> {
        let key = PrivateKey::parse(text)?;
        Identity::new(&key, Certificate::parse_all(text)?)
    }

    /// Puts a key and certificates together, the key's own first. Any kind of key that TLS can use is taken.
    pub fn new(key: &PrivateKey, chain: Vec<Certificate>) -> Result<Identity, BadIdentity> {
        let Some(leaf) = chain.first().cloned() else {
            return Err(BadCertificate::Number(0).into());
        };
        let signer = provider()
            .key_provider
            .load_private_key(key.der().clone_key())?;
        let ders: Vec<CertificateDer<'static>> =
            chain.iter().map(|link| link.der().clone()).collect();
        let certified = Arc::new(CertifiedKey::new(ders, signer));
        match certified.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(why) => return Err(why.into()),
        }
        let mut pem = key.pem();
        for link in &chain {
            pem.push('\n');
            pem.push_str(&link.pem());
        }
        Ok(Identity {
            leaf,
            pem,
            config: server_config(Arc::clone(&certified))?,
            certified,
        })
    }

    /// The certificate itself.
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// Key, certificate and chain as a file holds them. It is a secret.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// How connections are made with this identity.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// How other hosts' [lines](LINK) are taken: they must show a certificate, and prove that they hold its key; whose
    /// it is is for the caller to judge. TLS 1.3, and nothing is resumed, so that each line shows it anew.
    pub fn link_server(&self) -> Result<Arc<ServerConfig>, Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(Holder::default()))
            .with_cert_resolver(self.resolver());
        config.alpn_protocols = vec![LINK.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// How a [line](LINK) to another host is opened, which is shown this identity. The certificate that it shows is for
    /// the caller to judge, as with [`by_fingerprint`](crate::by_fingerprint).
    pub fn link_client(&self) -> Result<Arc<ClientConfig>, Error> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Holder::default()))
            .with_client_cert_resolver(self.resolver());
        config.alpn_protocols = vec![LINK.to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    fn resolver(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.certified)))
    }
}

/// Each identity has a configuration of its own, and with it a store of its own for resumed sessions: after a change of
/// the identity no client resumes a session under the old one without seeing the new certificate.
fn server_config(certified: Arc<CertifiedKey>) -> Result<Arc<ServerConfig>, Error> {
    // No ALPN: HTTP/1 is all there is, and clients that offer only `http/1.0` would be refused.
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    Ok(Arc::new(config))
}

/// The identity that new connections see; it can be changed while others live on with the old one.
#[derive(Debug, Default)]
pub struct TlsIdentity {
    shown: RwLock<Option<Arc<Identity>>>,
}

impl TlsIdentity {
    /// Shows another identity from now on.
    pub fn show(&self, identity: Arc<Identity>) {
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Some(identity);
    }

    /// What is shown; None before there is any.
    pub fn shown(&self) -> Option<Arc<Identity>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }
}
