//! What the kernel and the host's files say, whether the daemon runs or not.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use xapi_conf::inventory::{self, Inventory};
use xapi_conf::pool_conf::{self, PoolRole};
use xapi_net::kernel::{self, Duplex, Pattern, Resolver, Watch};
use xapi_reset::settings;

use super::{Nudge, thread};
use crate::app::Event;
use crate::queue::Tell;
use crate::seen::{Address, Kernel, Nic, Role, clean};

/// Files tell nobody when they change: this is how old what is shown may be.
const EVERY: Duration = Duration::from_secs(5);
/// After a look nobody looks again for so long, whatever happens.
const PAUSE: Duration = Duration::from_millis(200);

/// Looks at once, whenever the kernel says that something changed, and every few seconds.
pub fn follow(
    root: PathBuf,
    tell: Tell,
    nudge: SyncSender<Nudge>,
    nudged: Receiver<Nudge>,
) -> std::io::Result<()> {
    thread("kernel", move || {
        // One that waits already is enough.
        let told = move |_| drop(nudge.try_send(Nudge));
        // Without the kernel's word there is still the clock.
        let watch = Watch::start(told);
        loop {
            let mut seen = look(&root);
            if let Err(why) = &watch {
                seen.trouble.push(format!("changes are seen late: {why}"));
            }
            if !tell.event(Event::Kernel(Box::new(seen))) {
                return;
            }
            match nudged.recv_timeout(EVERY) {
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => continue,
                Ok(Nudge) => {}
            }
            // Changes come in swarms: all that comes within a moment is one.
            let end = std::time::Instant::now() + PAUSE;
            while let Ok(Nudge) =
                nudged.recv_timeout(end.saturating_duration_since(std::time::Instant::now()))
            {
            }
        }
    })
}

/// What there is now. What cannot be read is said, and the rest is there.
pub fn look(root: &Path) -> Kernel {
    let mut seen = Kernel::default();
    match nix::unistd::gethostname() {
        Ok(name) => seen.hostname = clean(&name.to_string_lossy()),
        Err(why) => seen.trouble.push(format!("the host's name: {why}")),
    }
    let named = settings::network(root, &mut seen.trouble).nics;
    if let Err(why) = network(&named, &mut seen) {
        seen.trouble.push(why.to_string());
    }
    match Resolver::read(root) {
        Ok(resolver) => seen.servers = resolver.servers,
        Err(why) => seen.trouble.push(why.to_string()),
    }
    match Inventory::read(&root.join(inventory::PATH.trim_start_matches('/'))) {
        Ok(inventory) => {
            let text = |key| clean(inventory.get(key).unwrap_or_default());
            seen.management = text(inventory::MANAGEMENT_INTERFACE);
            let product = [text("PRODUCT_BRAND"), text("PRODUCT_VERSION")].join(" ");
            seen.product = product.trim().to_owned();
        }
        Err(why) => seen.trouble.push(format!("{}: {why}", inventory::PATH)),
    }
    seen.role = Some(
        match PoolRole::read(&root.join(pool_conf::PATH.trim_start_matches('/'))) {
            Ok(None | Some(PoolRole::Master)) => Role::Master,
            Ok(Some(PoolRole::Slave(master))) => Role::Slave(clean(&master)),
            Ok(Some(PoolRole::Broken)) => Role::Unclear("pool.conf says broken".to_owned()),
            Err(why) => Role::Unclear(clean(&format!("pool.conf {why}"))),
        },
    );
    seen
}

fn network(named: &[Pattern], seen: &mut Kernel) -> Result<(), kernel::KernelError> {
    let mut kernel = kernel::Kernel::open()?;
    let nics = kernel.nics(named)?;
    seen.nics = nics.into_iter().map(nic).collect();
    let links = kernel.links()?;
    let names: BTreeMap<u32, String> = links
        .into_iter()
        .map(|link| (link.index, link.name))
        .collect();
    for address in kernel.addresses()? {
        let device = names.get(&address.index).filter(|_| !address.local_scope);
        if let Some(device) = device.filter(|_| !address.address.is_loopback()) {
            seen.addresses.push(Address {
                device: device.clone(),
                address: address.address,
                prefix: address.prefix,
            });
        }
    }
    let mut routes = kernel.routes()?;
    routes.retain(|route| route.destination.prefix() == 0);
    routes.sort_by_key(|route| route.metric);
    for route in routes {
        if let Some(router) = route.gateway
            && !seen.routers.iter().any(|(known, _)| *known == router)
        {
            seen.routers.push((router, route.device));
        }
    }
    Ok(())
}

fn nic(nic: kernel::Nic) -> Nic {
    Nic {
        mac: nic.mac.to_string(),
        carrier: nic.carrier,
        speed: nic.speed,
        full_duplex: nic.duplex.map(|duplex| duplex == Duplex::Full),
        driver: nic.driver.unwrap_or_default(),
        bus: nic.pci_path.unwrap_or_default(),
        name: nic.name,
    }
}

#[cfg(test)]
mod tests {
    use super::look;
    use crate::seen::Role;

    #[test]
    fn what_cannot_be_read_is_said_and_the_rest_is_there() {
        let root = tempfile::tempdir().unwrap();
        let etc = root.path().join("etc");
        std::fs::create_dir_all(etc.join("xensource/pool.conf")).unwrap();
        std::fs::write(etc.join("xensource/xapi.toml"), "nics = [").unwrap();
        std::fs::write(
            etc.join("xensource-inventory"),
            "MANAGEMENT_INTERFACE='xenbr0'\nPRODUCT_BRAND='Brand\x1b[2J'\nPRODUCT_VERSION='8.3'\n",
        )
        .unwrap();
        std::fs::write(etc.join("resolv.conf"), "nameserver 10.0.0.1\n").unwrap();
        let seen = look(root.path());
        assert_eq!(seen.management, "xenbr0");
        assert_eq!(seen.product, "Brand [2J 8.3", "no control characters");
        assert_eq!(
            seen.servers,
            ["10.0.0.1".parse::<std::net::IpAddr>().unwrap()]
        );
        assert!(
            matches!(seen.role, Some(Role::Unclear(_))),
            "{:?}",
            seen.role
        );
        assert!(
            seen.trouble
                .iter()
                .any(|trouble| trouble.contains("xapi.toml")),
            "{:?}",
            seen.trouble
        );
        let nothing = tempfile::tempdir().unwrap();
        let seen = look(nothing.path());
        assert_eq!(seen.role, Some(Role::Master), "a host without a pool");
        assert_eq!(seen.trouble, Vec::<String>::new());
    }
}
