//! The DHCP clients of this host and the leases they hold, by whatever bridge: a lease belongs to an Ethernet address in
//! a network, and moves with it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::{info, warn};

use crate::converge::Client;
use crate::kernel::dhcp::{self, Begin, Config4, Config6, LeaseStore};
use crate::kernel::{self, KernelError};
use crate::names::{Family, Inet, Mac, Name};
use crate::topology::{Dns, Lease};

/// What tells one lease from another.
type Identity = (Mac, Option<u16>, Family);

/// The running clients. When this is dropped they end without a word, and their leases stay valid.
pub struct Leases {
    folder: PathBuf,
    running: BTreeMap<(Name, Family), (Client, dhcp::Client)>,
    shared: Arc<Shared>,
    host_name: Option<String>,
}

struct Shared {
    held: Mutex<BTreeMap<Identity, dhcp::Lease>>,
    /// Those of which a server has said something.
    confirmed: Mutex<BTreeSet<Identity>>,
    /// Called with the bridge whenever a lease is got, changed or lost.
    tell: Box<dyn Fn(Name) + Send + Sync>,
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, BTreeMap<Identity, dhcp::Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn confirmed(&self) -> MutexGuard<'_, BTreeSet<Identity>> {
        self.confirmed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases {
    /// No clients yet; leases of earlier runs are in `folder`. `tell` is called on a client's thread.
    pub fn new(folder: PathBuf, tell: Box<dyn Fn(Name) + Send + Sync>) -> Leases {
        Leases {
            folder,
            running: BTreeMap::new(),
            shared: Arc::new(Shared {
                held: Mutex::default(),
                confirmed: Mutex::default(),
                tell,
            }),
            host_name: nix::unistd::gethostname()
                .ok()
                .and_then(|name| name.into_string().ok()),
        }
    }

    /// The running clients.
    pub fn clients(&self) -> BTreeSet<Client> {
        self.running.values().map(|(client, _)| *client).collect()
    }

    /// Whether a client runs on a bridge.
    pub fn running(&self) -> impl Iterator<Item = &Client> {
        self.running.values().map(|(client, _)| client)
    }

    /// Starts a client. `mac` is the Ethernet address of its device. Without a lease of earlier it asks for the address
    /// that is given, if any.
    pub fn start(
        &mut self,
        client: Client,
        mac: Mac,
        asked_for: Option<IpAddr>,
    ) -> Result<(), KernelError> {
        let identity = (mac, client.vlan, client.family);
        let begin = self.known(identity);
        let store = self.store(client.vlan);
        let shared = Arc::clone(&self.shared);
        let bridge = client.bridge;
        let report = move |event| report(&shared, &store, identity, bridge, event);
        let device = client.bridge.as_str();
        let mac = kernel::Mac(mac.0);
        let seed = seed(identity);
        let started = match (client.family, begin) {
            (Family::V4, begin) => {
                let config = Config4 {
                    mac,
                    client_id: None,
                    host_name: self.host_name.clone(),
                    routers: true,
                    dns: true,
                    suggested: match asked_for {
                        Some(IpAddr::V4(address)) => Some(address),
                        _ => None,
                    },
                    seed,
                };
                let begin = match begin {
                    Some(dhcp::Lease::V4(lease)) => Begin::With(lease),
                    _ => Begin::Fresh,
                };
                dhcp::Client::start4(device, config, begin, report)?
            }
            (Family::V6, begin) => {
                let config = Config6 {
                    mac,
                    duid: Config6::duid_of(mac),
                    dns: true,
                    seed,
                };
                let begin = match begin {
                    Some(dhcp::Lease::V6(lease)) => Begin::With(lease),
                    _ => Begin::Fresh,
                };
                dhcp::Client::start6(device, config, begin, report)?
            }
        };
        let known = Client {
            mac: Some(mac_of(mac)),
            ..client
        };
        // What is compared with the wanted client is what was asked for, not the address it got.
        let shown = if client.mac.is_none() { client } else { known };
        self.running
            .insert((client.bridge, client.family), (shown, started));
        Ok(())
    }

    /// Ends a client without a word. False if there is none.
    pub fn stop(&mut self, bridge: Name, family: Family) -> bool {
        self.running.remove(&(bridge, family)).is_some()
    }

    /// Asks the servers now, for when a carrier has come back.
    pub fn renew(&self) {
        self.running
            .values()
            .for_each(|(_, running)| running.renew());
    }

    /// The lease a client holds or may still use.
    pub fn lease(&self, client: &Client) -> Option<Lease> {
        let lease = match client.mac {
            Some(mac) => self.known((mac, client.vlan, client.family)),
            None => {
                let (_, running) = self.running.get(&(client.bridge, client.family))?;
                running.lease()
            }
        };
        lease.as_ref().and_then(neutral)
    }

    /// Whether a server has given or confirmed the lease of a client since these clients are there.
    pub fn is_confirmed(&self, client: &Client) -> bool {
        // One without an Ethernet address of its own keeps none for a later run.
        client.mac.is_none_or(|mac| {
            let identity = (mac, client.vlan, client.family);
            self.shared.confirmed().contains(&identity)
        })
    }

    fn store(&self, vlan: Option<u16>) -> LeaseStore {
        LeaseStore::new(match vlan {
            None => self.folder.clone(),
            Some(tag) => self.folder.join(format!("vlan-{tag}")),
        })
    }

    /// The lease in hand, or the one of an earlier run.
    fn known(&self, identity: Identity) -> Option<dhcp::Lease> {
        if let Some(lease) = self.shared.held().get(&identity) {
            return (left(lease) != Some(0)).then(|| lease.clone());
        }
        let (mac, vlan, family) = identity;
        let (store, mac) = (self.store(vlan), kernel::Mac(mac.0));
        let loaded = match family {
            Family::V4 => store.load4(mac).map(|lease| lease.map(dhcp::Lease::from)),
            Family::V6 => store.load6(mac).map(|lease| lease.map(dhcp::Lease::from)),
        };
        let lease = loaded.unwrap_or_else(|why| {
            // A client without a lease asks for one.
            warn!("no lease from earlier: {why}");
            None
        })?;
        (left(&lease) != Some(0)).then_some(lease)
    }
}

fn mac_of(mac: kernel::Mac) -> Mac {
    Mac(mac.0)
}

fn left(lease: &dhcp::Lease) -> Option<u32> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    match lease {
        dhcp::Lease::V4(lease) => lease.left(now),
        dhcp::Lease::V6(lease) => lease.left(now),
    }
}

/// Chance for the times of a client; different for each address and start.
fn seed((mac, vlan, _): Identity) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let [a, b, c, d, e, f] = mac.0;
    u64::from_be_bytes([0, vlan.unwrap_or(0) as u8, a, b, c, d, e, f]) ^ (now.as_nanos() as u64)
}

fn report(
    shared: &Shared,
    store: &LeaseStore,
    identity: Identity,
    bridge: Name,
    event: dhcp::Event,
) {
    let is_news = match &event {
        dhcp::Event::Acquired(_) | dhcp::Event::Changed { .. } | dhcp::Event::Renewed(_) => {
            shared.confirmed().insert(identity)
        }
        dhcp::Event::Lost { .. } => shared.confirmed().remove(&identity),
        dhcp::Event::Unconfirmed(_) | dhcp::Event::Unanswered => false,
    };
    let (lease, matters) = match event {
        dhcp::Event::Acquired(lease) | dhcp::Event::Changed { to: lease, .. } => {
            (Some(lease), true)
        }
        dhcp::Event::Renewed(lease) | dhcp::Event::Unconfirmed(lease) => (Some(lease), false),
        dhcp::Event::Lost { lease, why } => {
            warn!("{bridge}: lease lost: {why}");
            if let Err(why) = store.forget(&lease) {
                warn!("{why}");
            }
            (None, true)
        }
        dhcp::Event::Unanswered => {
            warn!("{bridge}: no {} DHCP server answers", identity.2);
            return;
        }
    };
    let had = match &lease {
        Some(lease) => {
            // The address works without the file; only the next start will ask for another one.
            if let Err(why) = store.save(lease) {
                warn!("{why}");
            }
            shared.held().insert(identity, lease.clone())
        }
        None => shared.held().remove(&identity),
    };
    // The first word about a lease of an earlier run tells nothing new either, if it was put in place already; but the
    // listener finds that out for nothing.
    if matters || had.is_none() || is_news {
        info!("{bridge}: {} lease {lease:?}", identity.2);
        (shared.tell)(bridge);
    }
}

/// What a topology knows of a lease.
fn neutral(lease: &dhcp::Lease) -> Option<Lease> {
    Some(match lease {
        dhcp::Lease::V4(lease) => Lease {
            address: Inet::new(lease.address.into(), lease.prefix).ok()?,
            gateway: lease.routers.first().map(|router| (*router).into()),
            dns: Dns {
                servers: lease.dns.iter().map(|server| (*server).into()).collect(),
                search: lease.domains.clone(),
            },
            server: Some(lease.server.into()),
            mtu: lease.mtu.map(u32::from),
        },
        dhcp::Lease::V6(lease) => Lease {
            address: Inet::new(lease.addresses.first()?.address.into(), 128).ok()?,
            gateway: None,
            dns: Dns {
                servers: lease.dns.iter().map(|server| (*server).into()).collect(),
                search: lease.domains.clone(),
            },
            server: None,
            mtu: None,
        },
    })
}
