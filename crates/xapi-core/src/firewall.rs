//! The host's firewall lets VXLAN in while a tunnel is up, where the host has XAPI's program for that. It speaks of ports,
//! and GRE has none.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use xapi_db::Read;
use xapi_model::{Host, Pif, Ref, Tunnel, TunnelProtocol, errors};

use crate::Result;
use crate::context::Core;
use crate::ops::plugin;

/// The program, under the root: `firewall-port open|close PORT PROTOCOL`.
const PROGRAM: &str = "/etc/xapi.d/plugins/firewall-port";

/// Exists while the port is open by our doing; gone with the rules after a boot.
const OPENED: &str = "/run/xapi/vxlan-port-opened";

/// VXLAN's port, RFC 7348.
const PORT: &str = "4789";

/// It moves a rule in microseconds; what takes longer hangs, and changes of the network wait for it.
const WITHIN: Duration = Duration::from_secs(10);
/// After a failure it is left alone for so long.
const PAUSE: Duration = Duration::from_secs(60);

/// Whether the port was last opened or closed; not known after a start.
#[derive(Default)]
pub(crate) struct Firewall(Mutex<Told>);

#[derive(Default)]
struct Told {
    open: Option<bool>,
    failed: Option<Instant>,
}

/// Opens or closes the port as the rows want it, unless it is so already. A firewall that fails fails no call: the next
/// change, and the next start, try again.
pub(crate) fn follow(core: &Core, host: &Ref<Host>) {
    let program = core.config.path(PROGRAM);
    if !program.is_file() {
        return;
    }
    let mut known = core
        .firewall
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if known.failed.is_some_and(|at| at.elapsed() < PAUSE) {
        return;
    }
    let done = core
        .view()
        .and_then(|view| wanted(&view, host))
        .and_then(|open| {
            // A port that is open when we start may be somebody else's, unless we have noted that it is ours.
            let noted = core.config.path(OPENED);
            if known.open.unwrap_or_else(|| noted.exists()) != open {
                set(&program, open)?;
                note(&noted, open)
                    .map_err(|why| errors::internal_error(format!("{}: {why}", noted.display())))?;
            }
            Ok(open)
        });
    match done {
        Ok(open) => {
            *known = Told {
                open: Some(open),
                failed: None,
            };
        }
        Err(why) => {
            known.failed = Some(Instant::now());
            tracing::error!("the firewall was not told of UDP port {PORT}: {why}");
        }
    }
}

/// Notes for the next start whether the port is open by our doing.
fn note(path: &Path, open: bool) -> std::io::Result<()> {
    if open {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        return std::fs::write(path, b"");
    }
    match std::fs::remove_file(path) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}

/// Whether a VXLAN tunnel of the host is plugged.
fn wanted(rows: &impl Read, host: &Ref<Host>) -> Result<bool> {
    for (_, tunnel) in rows.all::<Tunnel>()? {
        if tunnel.protocol == TunnelProtocol::Vxlan
            && rows.field(&tunnel.access_pif, Pif::HOST)? == *host
            && rows.field(&tunnel.access_pif, Pif::CURRENTLY_ATTACHED)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn set(program: &Path, open: bool) -> Result<()> {
    let what = if open { "open" } else { "close" };
    let arguments = [what, PORT, "udp"];
    let ended = plugin::run_within(WITHIN, program, &arguments)?;
    if ended.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&ended.err).trim().to_owned();
    let why = format!("{} {what}: {}: {told}", program.display(), ended.status);
    Err(errors::internal_error(why))
}
