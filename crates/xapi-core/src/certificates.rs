//! The host's own certificates: the one that clients see, in /etc/xensource/xapi-ssl.pem, and the one by which the hosts of
//! a pool know each other, in xapi-pool-tls.pem beside it: both ends of a line show that one. File, row and what clients see
//! change together; what has to change while others go on is in [`staged`].

pub(crate) mod shared;
pub(crate) mod staged;

use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xapi_db::{Draft, Read};
use xapi_model::{Certificate as Row, CertificateType, Class, DateTime, Host, Ref, errors};
use xapi_tls::{BadIdentity, Certificate, Identity, SelfSigned, SelfSignedError};

use crate::alert::tell;
use crate::context::Core;
use crate::files;
use crate::topology::pifs_of;
use crate::{Config, Result};

/// Only the daemon reads them; nobody needs to write.
const SECRET: u32 = 0o400;

/// How long a certificate that we make is valid, as XAPI's.
const DAYS: u32 = 3650;

/// Bytes of a file of ours; no chain is longer.
const LONGEST: u64 = 1 << 20;

/// One of the host's own certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Own {
    /// Clients see it.
    Outside,
    /// Other hosts of the pool see it, and know the host by it.
    Inside,
}

impl Own {
    /// The file with its key, the certificate, and its chain.
    pub(crate) fn path(self, config: &Config) -> PathBuf {
        config.path(match self {
            Own::Outside => "/etc/xensource/xapi-ssl.pem",
            Own::Inside => "/etc/xensource/xapi-pool-tls.pem",
        })
    }

    fn kind(self) -> CertificateType {
        match self {
            Own::Outside => CertificateType::Host,
            Own::Inside => CertificateType::HostInternal,
        }
    }
}

/// Why a file gives no identity.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// What is in it.
    #[error(transparent)]
    Text(#[from] BadIdentity),
    /// There was none, and none could be made.
    #[error(transparent)]
    Make(#[from] SelfSignedError),
}

impl Unusable {
    /// Whether there is no file.
    fn is_absence(&self) -> bool {
        matches!(self, Unusable::File(why) if why.kind() == io::ErrorKind::NotFound)
    }
}

/// The step of start-up: what is missing is made, what is there is shown, and rows say what is shown.
pub(crate) fn start(core: &Core) -> Result<()> {
    prepare(core, Own::Outside)?;
    prepare(core, Own::Inside)
}

/// What this host shows at its end of a line.
pub(crate) fn of_link(core: &Core) -> Result<Arc<Identity>> {
    let own = Own::Inside;
    read(&core.config, own).map(Arc::new).map_err(|why| {
        errors::internal_error(format!("{}: {why}", own.path(&core.config).display()))
    })
}

/// Finds or makes one of the certificates, and its row. A file that cannot be used is left alone and named in an alert;
/// clients then see a temporary certificate.
fn prepare(core: &Core, own: Own) -> Result<()> {
    let found = match read(&core.config, own) {
        Err(why) if why.is_absence() => {
            if own == Own::Inside && is_known_to_others(core)? {
                tell_unusable(
                    core,
                    own,
                    &why,
                    "; a new one is made, which no other host knows",
                );
            }
            make(core, own).and_then(|identity| {
                write(&core.config, own, &identity)?;
                Ok(identity)
            })
        }
        found => found,
    };
    let (identity, unusable) = match found {
        Ok(identity) => (identity, None),
        Err(why) if own == Own::Inside => {
            tell_unusable(core, own, &why, "");
            return Ok(());
        }
        Err(why) => match make(core, own) {
            Ok(identity) => (identity, Some(why)),
            Err(also) => {
                tell_unusable(core, own, &why, "");
                return Err(errors::internal_error(also.to_string()));
            }
        },
    };
    let certificate = identity.certificate().clone();
    if own == Own::Outside {
        // Before the alert and the row: a database that refuses is no reason to leave clients without TLS.
        core.tls.show(Arc::new(identity));
    }
    if let Some(why) = unusable {
        tell_unusable(core, own, &why, "; clients see a temporary one");
    }
    record(core, own, &certificate)
}

/// Whether there are other hosts, and they know this one by a certificate for the pool.
fn is_known_to_others(core: &Core) -> Result<bool> {
    let (view, here) = (core.view()?, core.localhost()?);
    let all = view.all::<Row>()?;
    let mut own = all.iter();
    let known = own.any(|(_, row)| row.kind == Own::Inside.kind() && row.host == here);
    Ok(known && view.refs(Host::DESC)?.len() > 1)
}

/// Tells the operator of a file that gives no identity, and what is instead of it; in the log at least.
fn tell_unusable(core: &Core, own: Own, why: &Unusable, instead: &str) {
    let path = own.path(&core.config);
    let body = format!(
        "the certificate in {} cannot be used{instead}: {why}",
        path.display()
    );
    let told = core.localhost().and_then(|host| {
        core.store
            .change(|draft| tell(core, draft, &host, "HOST_CERTIFICATE_UNUSABLE", &body))
    });
    if let Err(failed) = told {
        tracing::error!("{body}; nor could the operator be told: {failed}");
    }
}

/// Reads one of the files.
pub(crate) fn read(config: &Config, own: Own) -> std::result::Result<Identity, Unusable> {
    let path = own.path(config);
    let metadata = std::fs::metadata(&path)?;
    let (length, mode) = (metadata.len(), metadata.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!("{}: others than its owner can read the key", path.display());
    }
    if length > LONGEST {
        let why = format!("it has {length} bytes, more than {LONGEST}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why).into());
    }
    Ok(Identity::parse(&std::fs::read_to_string(path)?)?)
}

/// Makes a new certificate, which signs itself. Nothing is written.
pub(crate) fn make(core: &Core, own: Own) -> std::result::Result<Identity, Unusable> {
    let says = match own {
        Own::Outside => names(core),
        Own::Inside => core.localhost().and_then(|host| {
            Ok(SelfSigned {
                common_name: core.view()?.field(&host, Host::UUID)?,
                ..SelfSigned::default()
            })
        }),
    };
    let says = SelfSigned {
        from: core.seconds(),
        days: DAYS,
        ..says.map_err(|why| io::Error::other(why.to_string()))?
    };
    Ok(says.make()?)
}

/// A new certificate for clients of a host without its rows. Nothing is written.
pub(crate) fn without_rows(
    hostname: String,
    addresses: impl IntoIterator<Item = IpAddr>,
    from: i64,
) -> std::result::Result<Identity, Unusable> {
    let mut reached: Vec<IpAddr> = Vec::new();
    for address in addresses {
        if is_reached(address) && !address.is_loopback() && !reached.contains(&address) {
            reached.push(address);
        }
    }
    let says = SelfSigned {
        from,
        days: DAYS,
        ..named(hostname, reached)
    };
    Ok(says.make()?)
}

/// Writes one of the files.
pub(crate) fn write(config: &Config, own: Own, identity: &Identity) -> io::Result<()> {
    xapi_conf::file::write(&own.path(config), identity.pem().as_bytes(), SECRET)
}

/// The names and addresses by which clients reach this host, those of management first.
fn names(core: &Core) -> Result<SelfSigned> {
    let view = core.view()?;
    let host = core.localhost()?;
    let hostname = view.field(&host, Host::HOSTNAME)?;
    let mut pifs = pifs_of(&view, &host)?;
    pifs.sort_by_key(|(_, pif)| !pif.management);
    let mut addresses: Vec<IpAddr> = Vec::new();
    for (_, pif) in &pifs {
        let texts = std::iter::once(&pif.ip).chain(&pif.ipv6);
        for text in texts {
            let bare = text.split('/').next().unwrap_or_default();
            // A PIF without an address says so by an empty text.
            let Ok(address) = bare.parse::<IpAddr>() else {
                continue;
            };
            if is_reached(address) && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    Ok(named(hostname, addresses))
}

fn named(hostname: String, addresses: Vec<IpAddr>) -> SelfSigned {
    let common_name = match (hostname.as_str(), addresses.first()) {
        ("" | "localhost", Some(address)) => address.to_string(),
        _ => hostname.clone(),
    };
    let known = |name: &String| !name.is_empty() && name != "localhost";
    SelfSigned {
        common_name,
        names: Some(hostname).filter(known).into_iter().collect(),
        addresses,
        ..SelfSigned::default()
    }
}

/// Whether clients can use an address: not one that is good on a single link only.
fn is_reached(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_link_local() && !address.is_unspecified(),
        IpAddr::V6(address) => !address.is_unicast_link_local() && !address.is_unspecified(),
    }
}

/// Replaces the certificate that clients see: the file, the row, and what new connections see. When anything fails all three
/// are as before.
pub(crate) fn replace(core: &Core, identity: Identity) -> Result<()> {
    let _alone = core.certificates();
    let own = Own::Outside;
    let path = own.path(&core.config);
    let mut file = files::Changes::default();
    file.write(&path, identity.pem().as_bytes(), SECRET)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))?;
    record(core, own, identity.certificate())?;
    file.keep();
    tracing::info!("{own:?}: certificate {}", identity.certificate().sha256());
    core.tls.show(Arc::new(identity));
    Ok(())
}

/// Makes the row of one of the certificates say what this one says.
fn record(core: &Core, own: Own, certificate: &Certificate) -> Result<()> {
    // The rows of a slave are its master's to write.
    if !core.pool.is_master() {
        return Ok(());
    }
    record_of(core, &core.localhost()?, own, certificate)
}

/// The same for any host.
fn record_of(core: &Core, host: &Ref<Host>, own: Own, certificate: &Certificate) -> Result<()> {
    core.store.change(|draft| {
        let mut known = false;
        for (row, old) in draft.all::<Row>()? {
            if old.host != *host || old.kind != own.kind() {
                continue;
            }
            if old.fingerprint_sha256 == certificate.sha256() && !known {
                known = true;
            } else {
                draft.destroy(&row)?;
            }
        }
        if !known {
            draft.insert(row(own.kind(), host.clone(), certificate))?;
        }
        Ok(())
    })
}

/// What a row says of a certificate.
pub(crate) fn row(kind: CertificateType, host: Ref<Host>, certificate: &Certificate) -> Row {
    Row {
        kind,
        host,
        not_before: DateTime::from_unix(certificate.not_before()),
        not_after: DateTime::from_unix(certificate.not_after()),
        fingerprint: certificate.sha256(),
        fingerprint_sha256: certificate.sha256(),
        fingerprint_sha1: certificate.sha1(),
        ..Row::blank()
    }
}

/// Rows of certificates that are not a host's own: those that the pool trusts.
pub(crate) fn trusted(draft: &Draft) -> Result<Vec<(Ref<Row>, Row)>> {
    let mut rows = draft.all::<Row>()?;
    rows.retain(|(_, row)| matches!(row.kind, CertificateType::Ca | CertificateType::Pinned));
    Ok(rows)
}
