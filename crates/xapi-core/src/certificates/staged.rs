//! Certificates that change while others go on. The files of another host are its own to write and its rows the master's; in
//! between the line may be lost. A new one is therefore laid beside the old one first, then the rows know both, then it takes
//! the place of the old one, and then the rows know it alone. Wherever that is cut, the host shows a certificate that its
//! rows know, so that it is let in; and when it is linked the rows follow what it shows.
//!
//! The one for the pool, also the master's own, is shown only when every other host has the rows that know both: none could
//! learn it any more from a master that it does not believe.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};
use xapi_db::Read;
use xapi_model::{Certificate as Row, Host, Ref, errors};
use xapi_tls::{Certificate, Identity};

use super::{Own, SECRET, make, read, record_of, row};
use crate::context::Core;
use crate::pool::job::{Hidden, Job};
use crate::{Config, Result};

/// A certificate longer than this is none.
const LONGEST: usize = 1 << 20;

/// A step, as the host is asked for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stage {
    /// Which of its certificates.
    pub(crate) own: Own,
    /// What is to become of it.
    pub(crate) step: Step,
}

/// What is to become of a certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Nothing: it is told.
    Tell,
    /// A new one is made and laid beside it.
    Make,
    /// This one is laid beside it: key, certificate and chain, as PEM.
    Take(Hidden),
    /// The one that lies beside it, with this SHA-256, takes its place.
    Show(String),
}

fn beside(config: &Config, own: Own) -> PathBuf {
    let mut path = own.path(config).into_os_string();
    path.push(".next");
    PathBuf::from(path)
}

impl Stage {
    /// Whether nothing becomes of it.
    pub(crate) fn only_tells(&self) -> bool {
        matches!(self.step, Step::Tell)
    }

    /// Does it on this host, and answers the certificate that it is about, as PEM.
    pub(crate) fn done_here(self, core: &Core) -> Result<String> {
        let (config, own) = (&core.config, self.own);
        let failed = |why: &dyn std::fmt::Display| {
            errors::internal_error(format!("{}: {why}", own.path(config).display()))
        };
        let _alone = core.certificates();
        let lay = |identity: Identity| -> Result<String> {
            xapi_conf::file::write(&beside(config, own), identity.pem().as_bytes(), SECRET)
                .map_err(|why| failed(&why))?;
            Ok(identity.certificate().pem())
        };
        match self.step {
            Step::Tell => match read(config, own) {
                Ok(identity) => Ok(identity.certificate().pem()),
                Err(why) => {
                    tracing::error!("{}: {why}", own.path(config).display());
                    Err(errors::certificate_library_corrupt())
                }
            },
            Step::Make => lay(make(core, own).map_err(|why| failed(&why))?),
            Step::Take(pem) => lay(Identity::parse(pem.expose()).map_err(|why| failed(&why))?),
            Step::Show(wanted) => show(core, own, &wanted),
        }
    }
}

/// Has the certificate that lies beside take the place of the one that is shown.
fn show(core: &Core, own: Own, wanted: &str) -> Result<String> {
    let (path, next) = (own.path(&core.config), beside(&core.config, own));
    let failed =
        |why: &dyn std::fmt::Display| errors::internal_error(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(&next).map_err(|why| failed(&why))?;
    let identity = Identity::parse(&text).map_err(|why| failed(&why))?;
    if identity.certificate().sha256() != wanted {
        return Err(failed(&"another certificate lies beside it"));
    }
    let pem = identity.certificate().pem();
    xapi_conf::file::write(&path, identity.pem().as_bytes(), SECRET).map_err(|why| failed(&why))?;
    if let Err(why) = xapi_conf::file::remove(&next) {
        // The next one is written over it.
        tracing::warn!("{}: {why}", next.display());
    }
    tracing::info!("{own:?}: certificate {wanted}");
    if own == Own::Outside {
        core.tls.show(Arc::new(identity));
    }
    Ok(pem)
}

fn asked(core: &Arc<Core>, host: &Ref<Host>, own: Own, step: Step) -> Result<Certificate> {
    let pem = core.have_told(host, Job::Certificate(Stage { own, step }))?;
    let pem = Some(pem)
        .filter(|pem| pem.len() <= LONGEST)
        .unwrap_or_default();
    Certificate::parse(&pem)
        .map_err(|why| errors::internal_error(format!("{host} tells no certificate: {why}")))
}

/// Replaces a certificate of a host by a new one, or by this one. That of the pool is not changed unless every host of it
/// knows the new one: HOST_OFFLINE [host], CANNOT_CONTACT_HOST [host].
pub(crate) fn replace(
    core: &Arc<Core>,
    host: &Ref<Host>,
    own: Own,
    identity: Option<&Identity>,
) -> Result<()> {
    let its = core.certificates_of(host);
    let _alone = its.lock().unwrap_or_else(PoisonError::into_inner);
    let step = match identity {
        Some(identity) => Step::Take(identity.pem().to_owned().into()),
        None => Step::Make,
    };
    let fresh = asked(core, host, own, step)?;
    let both = |draft: &xapi_db::Draft| draft.insert(row(own.kind(), host.clone(), &fresh));
    let made = core.store.change(both)?;
    let take_back = |why| {
        core.store.change(|draft| match draft.exists(&made)? {
            true => draft.destroy(&made),
            false => Ok(()),
        })?;
        Err(why)
    };
    if own == Own::Inside
        && let Err(why) = known_to_all(core)
    {
        return take_back(why);
    }
    match asked(core, host, own, Step::Show(fresh.sha256())) {
        Ok(_) => record_of(core, host, own, &fresh),
        // It shows one of the two, and is let in with either; its next arrival tells which.
        Err(why) if why.code == "CANNOT_CONTACT_HOST" => Err(why),
        Err(why) => take_back(why),
    }
}

/// Every host of the pool has the rows as they are now, or this is an error with one that has not.
fn known_to_all(core: &Core) -> Result<()> {
    core.pool.all_linked(&core.view()?)?;
    core.pool.catches_up(core)
}

/// The rows of a host that is linked say what it shows.
pub(crate) fn settle(core: &Arc<Core>, host: &Ref<Host>) -> Result<()> {
    let its = core.certificates_of(host);
    let _alone = its.lock().unwrap_or_else(PoisonError::into_inner);
    for own in [Own::Outside, Own::Inside] {
        let shown = match asked(core, host, own, Step::Tell) {
            Ok(shown) => shown,
            // Its operator mends the file.
            Err(why) if why.code == "CERTIFICATE_LIBRARY_CORRUPT" => continue,
            Err(why) => return Err(why),
        };
        let rows = core.view()?.all::<Row>()?.into_iter();
        let mut its = rows.filter(|(_, row)| row.host == *host && row.kind == own.kind());
        let is_known = its.any(|(_, row)| row.fingerprint_sha256 == shown.sha256());
        if own == Own::Inside && !is_known {
            // By this one it is let in: only a call may put another one in its place.
            tracing::error!("{host}: its own certificate for the pool is not in its rows");
            continue;
        }
        record_of(core, host, own, &shown)?;
    }
    Ok(())
}
