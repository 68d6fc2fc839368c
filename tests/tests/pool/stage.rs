//! A simulated host that is a slave: its master is in its rows alone, for what it takes over it takes over from rows.

use std::collections::BTreeMap;

use xapi_core::pool::inherit::{Inherited, inherit};
use xapi_db::{Draft, Read};
use xapi_model::{
    ApiError, Bond, BondMode, Class, Host, HostMetrics, IpConfigurationMode, Network, Pif,
    PifMetrics, Pool, Ref, Tunnel, TunnelProtocol, Value, Vlan,
};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

/// A slave, and who its master is.
pub struct Stage {
    /// The slave.
    pub host: SimHost,
    /// Its master's record.
    pub master: Ref<Host>,
}

impl Stage {
    /// A slave with NICs eth0… whose master has NICs eth0…, so many each.
    pub fn new(nics: usize, masters: usize) -> Stage {
        Stage::of(SimHost::new(nics), 0..masters)
    }

    /// The same of any host, whose master has NICs at these positions.
    pub fn of(host: SimHost, masters: impl IntoIterator<Item = usize>) -> Stage {
        let positions: Vec<_> = masters.into_iter().collect();
        let master = edit(&host, |draft| {
            let metrics = draft.insert(HostMetrics {
                live: true,
                ..HostMetrics::blank()
            })?;
            let software = draft.field(&host.host(), Host::SOFTWARE_VERSION)?;
            let master = draft.insert(Host {
                name_label: "master".to_owned(),
                metrics,
                software_version: software,
                ..Host::blank()
            })?;
            for (pool, _) in draft.all::<Pool>()? {
                draft.set(&pool, Pool::MASTER, master.clone())?;
            }
            for at in &positions {
                nic(draft, &master, *at)?;
            }
            Ok(master)
        });
        Stage { host, master }
    }

    /// Changes rows behind the daemon's back.
    pub fn edit<T>(&self, by: impl Fn(&Draft) -> Result<T, ApiError>) -> T {
        edit(&self.host, by)
    }

    /// The slave takes over what the master has; the simulated host must be able to be so. Then it takes it over again,
    /// which must change nothing.
    pub fn inherit(&self) -> Inherited {
        let (core, this) = (self.host.core(), self.host.host());
        let management = self.management();
        let inherited = core
            .change(&this, &management, |draft| {
                inherit(draft, &core.config, &this)
            })
            .expect("the host is as its rows say");
        assert_eq!(self.host.diverged(), Vec::<String>::new());
        let draft = core.store.draft().expect("a draft");
        let again = inherit(&draft, &core.config, &this).expect("again");
        assert_eq!(again.steps, Vec::<String>::new(), "again");
        assert_eq!(again.alerts, inherited.alerts, "again");
        assert!(draft.is_empty(), "again: {:?}", draft.edits());
        inherited
    }

    /// The slave's management interface.
    pub fn management(&self) -> Ref<Pif> {
        let this = self.host.host();
        let mut pifs = self.host.all::<Pif>().into_iter();
        let found = pifs.find(|(_, pif)| pif.management && pif.host == this);
        found.expect("a management interface").0
    }

    /// The PIF of the slave on a network.
    pub fn mine_on(&self, network: &Ref<Network>) -> Option<Pif> {
        let this = self.host.host();
        let mut pifs = self.host.all::<Pif>().into_iter();
        pifs.find(|(_, pif)| pif.network == *network && pif.host == this)
            .map(|(_, pif)| pif)
    }

    /// The slave's PIF with a device and no VLAN.
    pub fn mine(&self, device: &str) -> Ref<Pif> {
        self.pif_of(&self.host.host(), device)
    }

    /// The master's PIF with a device and no VLAN.
    pub fn masters(&self, device: &str) -> Ref<Pif> {
        self.pif_of(&self.master, device)
    }

    fn pif_of(&self, host: &Ref<Host>, device: &str) -> Ref<Pif> {
        let mut pifs = self.host.all::<Pif>().into_iter();
        let found = pifs.find(|(_, pif)| pif.host == *host && pif.device == device && pif.vlan < 0);
        found.unwrap_or_else(|| panic!("no {device}")).0
    }

    /// The slave makes a bond of its own.
    pub fn bonds(
        &self,
        network: &Ref<Network>,
        devices: &[&str],
        mode: &str,
    ) -> Result<Ref<Bond>, ApiError> {
        let members = devices.iter().map(|device| text(&self.mine(device)));
        let members = Value::Array(members.collect());
        let params = vec![text(network), members, Value::from(""), Value::from(mode)];
        let made = self.host.call("Bond.create", params)?;
        Ok(Ref::new(made.as_str().expect("a reference")))
    }

    /// The members of the slave's bond on a network, with its mode.
    pub fn bond_on(&self, network: &Ref<Network>) -> Option<(Vec<String>, BondMode)> {
        let pif = self.mine_on(network)?;
        let bond = self.host.get(pif.bond_master_of.first()?);
        let devices = bond.slaves.iter().map(|slave| self.host.get(slave).device);
        let mut devices: Vec<_> = devices.collect();
        devices.sort();
        Some((devices, bond.mode))
    }

    /// The slave's VLAN on a network: the device below and the tag.
    pub fn vlan_on(&self, network: &Ref<Network>) -> Option<(String, i64)> {
        let pif = self.mine_on(network)?;
        let vlan = self.host.get(pif.vlan_master_of.some()?);
        Some((self.host.get(&vlan.tagged_pif).device, vlan.tag))
    }

    /// The master makes a bond of devices.
    pub fn master_bonds(
        &self,
        network: &Ref<Network>,
        devices: &[&str],
        mode: BondMode,
    ) -> Ref<Bond> {
        self.edit(|draft| master_bond(draft, &self.master, network, devices, mode))
    }

    /// The master makes a VLAN on a device.
    pub fn master_tags(&self, network: &Ref<Network>, device: &str, tag: i64) -> Ref<Vlan> {
        self.edit(|draft| master_vlan(draft, &self.master, network, device, tag))
    }

    /// The master makes a tunnel through a device.
    pub fn master_tunnels(
        &self,
        network: &Ref<Network>,
        device: &str,
        protocol: TunnelProtocol,
    ) -> Ref<Tunnel> {
        self.edit(|draft| master_tunnel(draft, &self.master, network, device, protocol))
    }

    /// The master has nothing on a network any more.
    pub fn master_leaves(&self, network: &Ref<Network>) {
        self.edit(|draft| leave(draft, &self.master, network));
    }

    /// The slave's addresses, with the PIFs that have them.
    pub fn addresses(&self) -> BTreeMap<String, String> {
        let this = self.host.host();
        let pifs = self.host.all::<Pif>().into_iter();
        pifs.filter(|(_, pif)| pif.host == this && !pif.ip.is_empty())
            .map(|(_, pif)| (pif.ip, pif.device))
            .collect()
    }

    /// Gives a PIF of the slave a static address.
    pub fn address(&self, pif: &Ref<Pif>, ip: &str) {
        self.edit(|draft| {
            draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Static)?;
            draft.set(pif, Pif::IP, ip.to_owned())?;
            draft.set(pif, Pif::NETMASK, "255.255.255.0".to_owned())
        });
    }
}

fn edit<T>(host: &SimHost, by: impl Fn(&Draft) -> Result<T, ApiError>) -> T {
    host.core().store.change(by).expect("an edit")
}

/// The network of a bridge, made if there is none.
pub fn network_of(draft: &Draft, bridge: &str) -> Result<Ref<Network>, ApiError> {
    match draft.find(Network::BRIDGE, &bridge.to_owned())?.pop() {
        Some(network) => Ok(network),
        None => draft.insert(Network {
            name_label: format!("network of {bridge}"),
            bridge: bridge.to_owned(),
            mtu: 1500,
            ..Network::blank()
        }),
    }
}

fn nic(draft: &Draft, host: &Ref<Host>, at: usize) -> Result<Ref<Pif>, ApiError> {
    let network = network_of(draft, &format!("xenbr{at}"))?;
    let metrics = draft.insert(PifMetrics::blank())?;
    let management = at == 0;
    draft.insert(Pif {
        device: format!("eth{at}"),
        device_name: format!("eth{at}"),
        network,
        host: host.clone(),
        mac: format!("02:16:3e:ff:00:{at:02x}"),
        mtu: 1500,
        vlan: -1,
        metrics,
        physical: true,
        management,
        ip_configuration_mode: match management {
            true => IpConfigurationMode::Static,
            false => IpConfigurationMode::None,
        },
        ip: if management { "172.16.0.9" } else { "" }.to_owned(),
        netmask: if management { "255.255.255.224" } else { "" }.to_owned(),
        properties: [("gro".to_owned(), "on".to_owned())].into(),
        ..Pif::blank()
    })
}

fn on_device(draft: &Draft, host: &Ref<Host>, device: &str) -> Result<Ref<Pif>, ApiError> {
    for pif in draft.find(Pif::HOST, host)? {
        if draft.field(&pif, Pif::DEVICE)? == device && draft.field(&pif, Pif::VLAN)? < 0 {
            return Ok(pif);
        }
    }
    panic!("the master has no {device}")
}

/// The PIF of something that a host builds upon its NICs.
fn built(
    draft: &Draft,
    host: &Ref<Host>,
    network: &Ref<Network>,
    device: &str,
) -> Result<Pif, ApiError> {
    Ok(Pif {
        device: device.to_owned(),
        device_name: device.to_owned(),
        network: network.clone(),
        host: host.clone(),
        mac: "02:16:3e:ff:ff:00".to_owned(),
        mtu: 1500,
        vlan: -1,
        metrics: draft.insert(PifMetrics::blank())?,
        ..Pif::blank()
    })
}

/// A bond of a host's devices, in rows.
pub fn master_bond(
    draft: &Draft,
    host: &Ref<Host>,
    network: &Ref<Network>,
    devices: &[&str],
    mode: BondMode,
) -> Result<Ref<Bond>, ApiError> {
    let mut free = 0;
    for pif in draft.find(Pif::HOST, host)? {
        let device = draft.field(&pif, Pif::DEVICE)?;
        let number = device
            .strip_prefix("bond")
            .and_then(|at| at.parse::<u32>().ok());
        free = number.map_or(free, |at| free.max(at + 1));
    }
    let members: Result<Vec<_>, _> = devices
        .iter()
        .map(|device| on_device(draft, host, device))
        .collect();
    let members = members?;
    let master = draft.insert(built(draft, host, network, &format!("bond{free}"))?)?;
    let bond = draft.insert(Bond {
        master: master.clone(),
        primary_slave: members[0].clone(),
        mode,
        ..Bond::blank()
    })?;
    for member in members {
        draft.set(&member, Pif::BOND_SLAVE_OF, bond.clone())?;
        draft.set(&member, Pif::CURRENTLY_ATTACHED, false)?;
        if draft.field(&member, Pif::MANAGEMENT)? {
            draft.set(&member, Pif::MANAGEMENT, false)?;
            draft.set(&master, Pif::MANAGEMENT, true)?;
        }
    }
    Ok(bond)
}

/// A VLAN on a host's device, in rows.
pub fn master_vlan(
    draft: &Draft,
    host: &Ref<Host>,
    network: &Ref<Network>,
    device: &str,
    tag: i64,
) -> Result<Ref<Vlan>, ApiError> {
    let tagged = on_device(draft, host, device)?;
    let untagged = draft.insert(Pif {
        vlan: tag,
        ..built(draft, host, network, device)?
    })?;
    let vlan = draft.insert(Vlan {
        tagged_pif: tagged,
        untagged_pif: untagged.clone(),
        tag,
        ..Vlan::blank()
    })?;
    draft.set(&untagged, Pif::VLAN_MASTER_OF, vlan.clone())?;
    Ok(vlan)
}

/// A tunnel through a host's device, in rows.
pub fn master_tunnel(
    draft: &Draft,
    host: &Ref<Host>,
    network: &Ref<Network>,
    device: &str,
    protocol: TunnelProtocol,
) -> Result<Ref<Tunnel>, ApiError> {
    let transport = on_device(draft, host, device)?;
    let access = draft.insert(built(draft, host, network, &format!("tunnel-{network}"))?)?;
    draft.insert(Tunnel {
        access_pif: access,
        transport_pif: transport,
        protocol,
        ..Tunnel::blank()
    })
}

/// A host has nothing on a network any more. Members of a bond are NICs again.
pub fn leave(draft: &Draft, host: &Ref<Host>, network: &Ref<Network>) -> Result<(), ApiError> {
    for reference in draft.find(Pif::HOST, host)? {
        let pif = draft.get(&reference)?;
        if pif.network != *network || pif.physical {
            continue;
        }
        for bond in pif.bond_master_of.iter() {
            let primary = draft.field(bond, Bond::PRIMARY_SLAVE)?;
            for vlan in pif.vlan_slave_of.iter() {
                draft.set(vlan, Vlan::TAGGED_PIF, primary.clone())?;
            }
            for tunnel in pif.tunnel_transport_pif_of.iter() {
                draft.set(tunnel, Tunnel::TRANSPORT_PIF, primary.clone())?;
            }
            if pif.management {
                draft.set(&primary, Pif::MANAGEMENT, true)?;
            }
            for slave in draft.field(bond, Bond::SLAVES)?.iter() {
                draft.set(slave, Pif::BOND_SLAVE_OF, Ref::null())?;
                draft.set(slave, Pif::CURRENTLY_ATTACHED, true)?;
            }
            draft.destroy(bond)?;
        }
        for tunnel in pif.tunnel_access_pif_of.iter() {
            draft.destroy(tunnel)?;
        }
        if let Some(vlan) = pif.vlan_master_of.some() {
            draft.destroy(vlan)?;
        }
        draft.destroy(&reference)?;
    }
    Ok(())
}
