//! A master that has stepped down keeps its rows as a file, for the one that decides now may not have all of them. Its operator
//! is to be told that by an alert among the rows of who decides. So it is noted beside the database until a master has made
//! that alert, or this host itself when it is told to decide again.

use std::io::ErrorKind;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xapi_db::{Draft, Read};
use xapi_model::{Class, Host, Ref, errors};

use crate::Result;
use crate::alert::tell;
use crate::context::Core;

/// The alert's name.
const NAME: &str = "POOL_MASTER_STEPPED_DOWN";

/// Rows that were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// The file, on the host that has stepped down.
    pub file: String,
    /// The term that it was the master of.
    pub term: u64,
    /// Where the one is for whom it has stepped down.
    pub address: String,
    /// Its UUID and its term; nothing if an operator has named the address.
    pub later: Option<(String, u64)>,
}

impl Aside {
    /// Keeps it until it is told.
    pub(super) fn note(&self, core: &Core) -> Result<()> {
        let path = core.config.stepped_down();
        let text = serde_json::to_vec(self).map_err(errors::internal_error)?;
        xapi_conf::file::write(&path, &text, 0o644)
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
    }

    /// What is still to be told. A file that nobody can read is none: the log has said what is in it.
    pub(crate) fn noted(core: &Core) -> Option<Aside> {
        let path = core.config.stepped_down();
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == ErrorKind::NotFound => return None,
            Err(why) => {
                tracing::error!("{}: {why}", path.display());
                return None;
            }
        };
        serde_json::from_slice(&text)
            .inspect_err(|why| tracing::error!("{}: {why}", path.display()))
            .ok()
    }

    /// It is told, or there is nothing to tell any more.
    pub(crate) fn forget(core: &Core) -> Result<()> {
        let path = core.config.stepped_down();
        xapi_conf::file::remove(&path)
            .map(drop)
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
    }

    /// Makes the alert about the host that has stepped down, unless it is there.
    pub(crate) fn tell(&self, core: &Core, draft: &Draft, host: &Ref<Host>) -> Result<()> {
        let is_odd = self.file.chars().any(char::is_control)
            || self.address.parse::<IpAddr>().is_err()
            || self
                .later
                .as_ref()
                .is_some_and(|(uuid, _)| Uuid::parse_str(uuid).is_err());
        if is_odd {
            // It is the host all the same.
            tracing::warn!("{host}: what it says of having stepped down makes no sense");
            return Ok(());
        }
        let name = draft.field(host, Host::NAME_LABEL)?;
        let body = format!(
            "{name} was the master of term {} and has stepped down for {}. What it has committed itself may not be in the \
             pool; it is kept on {name} in {}",
            self.term,
            self.for_whom(draft)?,
            self.file
        );
        tell(core, draft, host, NAME, &body)
    }

    fn for_whom(&self, rows: &impl Read) -> Result<String> {
        let Some((uuid, term)) = &self.later else {
            return Ok(format!("{}, as somebody has decided", self.address));
        };
        let name = match rows.by_uuid(Host::DESC, uuid) {
            Ok(host) => rows.field(&Ref::new(host), Host::NAME_LABEL)?,
            Err(why) if why.code == "UUID_INVALID" => uuid.clone(),
            Err(why) => return Err(why),
        };
        Ok(format!(
            "{name} at {}, the master since term {term}",
            self.address
        ))
    }
}
