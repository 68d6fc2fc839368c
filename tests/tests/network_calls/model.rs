//! What the network calls shall do, on plain maps: an oracle that knows neither drafts nor hosts. A PIF is known by its
//! bridge, since a host has one PIF at most on a network.

pub mod machines;
pub mod refusal;

use std::collections::{BTreeMap, BTreeSet};

use machines::{Change, Deed, Vif, Vm};
use refusal::{Param, Refusal, any_of, pif_ref};

/// Errors, any of which may be the answer.
pub type Outcome = Result<(), Vec<Refusal>>;

/// A VIF: the number of its machine, and its device.
pub type Nic = (usize, u32);

/// What a PIF is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Nic,
    Bond {
        members: BTreeSet<String>,
        primary: String,
        mode: &'static str,
        properties: BTreeMap<String, String>,
    },
    Vlan {
        on: String,
        tag: i64,
    },
    Tunnel {
        through: String,
        protocol: &'static str,
    },
}

/// A PIF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pif {
    pub kind: Kind,
    pub plugged: bool,
    pub management: bool,
    pub protected: bool,
    /// Its address, or [`DHCP`].
    pub v4: Option<String>,
    /// The same.
    pub v6: Option<String>,
}

/// Instead of an address: whichever a server gives.
pub const DHCP: &str = "DHCP";

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    pub pifs: BTreeMap<String, Pif>,
    /// The MTU asked for of each network.
    pub mtus: BTreeMap<String, u32>,
    /// The networks that let nothing of a guest through unless its VIF says otherwise.
    pub closed: BTreeSet<String>,
    pub vms: BTreeMap<usize, Vm>,
    pub vifs: BTreeMap<Nic, Vif>,
}

/// The calls that make a VLAN.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// `VLAN.create`, on a PIF.
    Pif,
    /// `PIF.create_VLAN`, by the name of a device.
    Device,
    /// `pool.create_VLAN_from_PIF`.
    Pool,
}

/// A device that is not there.
pub const NO_DEVICE: &str = "eth99";

/// A call, in the model's words.
#[derive(Clone, Debug)]
pub enum Call {
    VlanCreate {
        on: String,
        tag: i64,
        net: String,
        by: By,
    },
    /// `PIF.create_VLAN` on a device that is not there.
    VlanNowhere {
        net: String,
    },
    VlanDestroy {
        pif: String,
    },
    /// `PIF.destroy`.
    PifDestroy {
        pif: String,
    },
    TunnelCreate {
        through: String,
        net: String,
        protocol: &'static str,
    },
    TunnelDestroy {
        pif: String,
    },
    BondCreate {
        net: String,
        members: Vec<String>,
        mode: &'static str,
    },
    BondDestroy {
        pif: String,
    },
    SetMode {
        pif: String,
        mode: &'static str,
    },
    SetProperty {
        pif: String,
        name: &'static str,
        value: &'static str,
    },
    Plug {
        pif: String,
    },
    Unplug {
        pif: String,
    },
    V4 {
        pif: String,
        address: Option<String>,
    },
    V6 {
        pif: String,
        address: Option<String>,
    },
    Manage {
        pif: String,
    },
    Protect {
        pif: String,
        on: bool,
    },
    Mtu {
        net: String,
        mtu: u32,
    },
    /// `network.set_default_locking_mode`.
    Close {
        net: String,
        closed: bool,
    },
    /// `PIF.forget`.
    Forget {
        pif: String,
    },
    /// `PIF.scan`.
    Scan,
    /// `PIF.introduce`, of the NIC whose network this is.
    Introduce {
        net: String,
    },
    /// `PIF.introduce` of a NIC that is not there.
    IntroduceNothing,
    /// The daemon ends and starts again.
    Restart,
    Vm {
        vm: usize,
        deed: Deed,
    },
    VifCreate {
        nic: Nic,
        net: String,
    },
    Vif {
        nic: Nic,
        change: Change,
    },
}

/// How the bridges of NICs begin.
const OF_A_NIC: &str = "xenbr";

/// The NIC whose network has a bridge.
pub fn nic_of(net: &str) -> String {
    net.replace(OF_A_NIC, "eth")
}

const SLAVE: &str = "CANNOT_PLUG_BOND_SLAVE";

fn no(code: &'static str, params: impl IntoIterator<Item = Param>) -> Outcome {
    Err(vec![Refusal::new(code, params)])
}

fn no_pif(code: &'static str, pif: &str) -> Outcome {
    Err(vec![Refusal::of_pif(code, pif)])
}

/// PIF_CONFIGURATION_ERROR [PIF, text].
fn no_way(pif: &str) -> Outcome {
    Err(vec![Refusal::configuration(pif)])
}

/// INVALID_VALUE [field, value].
fn no_value(field: &str, value: &str) -> Outcome {
    no("INVALID_VALUE", [field, value].map(Param::text))
}

/// The properties of a bond that are there from the beginning.
fn defaults(mode: &str) -> BTreeMap<String, String> {
    let of_lacp = [
        ("hashing_algorithm", "tcpudp_ports"),
        ("lacp-time", "slow"),
        ("lacp-fallback-ab", "true"),
    ];
    let of_lacp = of_lacp.into_iter().filter(|_| mode == "lacp");
    let owned = of_lacp.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}

/// Whether a bond can have a property.
fn fits(mode: &str, name: &str, value: &str) -> bool {
    mode == "lacp"
        && match name {
            "hashing_algorithm" => ["src_mac", "tcpudp_ports"].contains(&value),
            "lacp-time" => ["fast", "slow"].contains(&value),
            "lacp-fallback-ab" => ["true", "false"].contains(&value),
            "lacp-aggregation-key" => value.parse::<u16>().is_ok(),
            _ => false,
        }
}

impl Model {
    /// The model after a call, or the errors that it may answer.
    pub fn after(&self, call: &Call) -> Result<Model, Vec<Refusal>> {
        let mut next = self.clone();
        next.apply(call)?;
        Ok(next)
    }

    fn apply(&mut self, call: &Call) -> Outcome {
        match call {
            Call::VlanCreate { on, tag, net, by } => match &self.pifs[on].kind {
                // It shows the device that it is on.
                Kind::Vlan { on, .. } if matches!(by, By::Device) => {
                    self.vlan_create(&on.clone(), *tag, net)
                }
                _ => self.vlan_create(on, *tag, net),
            },
            Call::VlanNowhere { .. } => no_value("device", NO_DEVICE),
            Call::VlanDestroy { pif } => self.vlan_destroy(pif),
            Call::PifDestroy { pif } => match self.pifs[pif].kind {
                Kind::Vlan { .. } => self.vlan_destroy(pif),
                _ => no("PIF_IS_PHYSICAL", []),
            },
            Call::TunnelCreate {
                through,
                net,
                protocol,
            } => self.tunnel_create(through, net, protocol),
            Call::TunnelDestroy { pif } => {
                self.unplug(pif)?;
                self.pifs.remove(pif);
                Ok(())
            }
            Call::BondCreate { net, members, mode } => self.bond_create(net, members, mode),
            Call::BondDestroy { pif } => self.bond_destroy(pif),
            Call::SetMode { pif, mode } => {
                let bond = self.at(pif);
                bond.plugged = true;
                if let Kind::Bond {
                    mode: old,
                    properties,
                    ..
                } = &mut bond.kind
                {
                    *old = mode;
                    properties.retain(|name, value| fits(mode, name, value));
                    for (name, value) in defaults(mode) {
                        properties.entry(name).or_insert(value);
                    }
                }
                Ok(())
            }
            Call::SetProperty { pif, name, value } => {
                let bond = self.at(pif);
                bond.plugged = true;
                match &mut bond.kind {
                    Kind::Bond {
                        mode, properties, ..
                    } if fits(mode, name, value) => {
                        properties.insert((*name).to_owned(), (*value).to_owned());
                        Ok(())
                    }
                    _ => no_value("properties", &format!("{name} = {value}")),
                }
            }
            Call::Plug { pif } => self.plug(pif),
            Call::Unplug { pif } => self.unplug(pif),
            Call::V4 { pif, address } => self.address(pif, address, true),
            Call::V6 { pif, address } => self.address(pif, address, false),
            Call::Manage { pif } => self.manage(pif),
            Call::Protect { pif, on } => {
                self.at(pif).protected = *on;
                Ok(())
            }
            Call::Mtu { net, mtu } => {
                self.mtus.insert(net.clone(), *mtu);
                Ok(())
            }
            Call::Close { net, closed } => self.close(net, *closed),
            Call::Forget { pif } => self.forget(pif),
            Call::Scan => {
                for net in self.forgotten() {
                    self.introduce(&net);
                }
                Ok(())
            }
            Call::Introduce { net } if !self.forgotten().contains(net) => {
                no("DUPLICATE_PIF_DEVICE_NAME", [Param::Text(nic_of(net))])
            }
            Call::Introduce { net } => {
                self.introduce(net);
                Ok(())
            }
            Call::IntroduceNothing => no(
                "COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS",
                [NO_DEVICE, ""].map(Param::text),
            ),
            Call::Restart => {
                *self = self.started();
                Ok(())
            }
            Call::Vm { vm, deed } => self.deed(*vm, *deed),
            Call::VifCreate { nic, net } => self.vif_create(*nic, net),
            Call::Vif { nic, change } => self.vif_change(*nic, change),
        }
    }

    /// The model after a start, which moves what a bond's members have up to the bond.
    pub fn started(&self) -> Model {
        let mut next = self.clone();
        for (bond, pif) in &self.pifs {
            let Kind::Bond { members, .. } = &pif.kind else {
                continue;
            };
            for member in members {
                let protected = std::mem::take(&mut next.at(member).protected);
                next.at(bond).protected |= protected;
                next.re_home(member, bond);
            }
        }
        next
    }

    fn at(&mut self, pif: &str) -> &mut Pif {
        self.pifs.get_mut(pif).expect("a PIF")
    }

    /// The networks of NICs that have no PIF any more.
    pub fn forgotten(&self) -> Vec<String> {
        let of_nics = self.mtus.keys().filter(|net| net.starts_with(OF_A_NIC));
        let forgotten = of_nics.filter(|net| !self.pifs.contains_key(*net));
        forgotten.cloned().collect()
    }

    fn introduce(&mut self, net: &str) {
        self.new_pif(net, Kind::Nic);
        self.at(net).plugged = false;
    }

    fn forget(&mut self, pif: &str) -> Outcome {
        if self.pifs[pif].management {
            return no_pif("PIF_IS_MANAGEMENT_INTERFACE", pif);
        }
        let is_vlan = match self.pifs[pif].kind {
            Kind::Bond { .. } => return no_pif("PIF_ALREADY_BONDED", pif),
            Kind::Nic if self.is_slave(pif) => return no_pif("PIF_ALREADY_BONDED", pif),
            Kind::Vlan { .. } => true,
            Kind::Tunnel { .. } => return no_pif("PIF_TUNNEL_STILL_EXISTS", pif),
            Kind::Nic => false,
        };
        if is_vlan || !self.vlans_of(pif).is_empty() {
            return no_pif("PIF_VLAN_STILL_EXISTS", pif);
        }
        if !self.tunnels_of(pif).is_empty() {
            return no_pif("PIF_TUNNEL_STILL_EXISTS", pif);
        }
        self.pifs.remove(pif);
        Ok(())
    }

    pub fn is_slave(&self, pif: &str) -> bool {
        let mut pifs = self.pifs.values();
        pifs.any(|other| matches!(&other.kind, Kind::Bond { members, .. } if members.contains(pif)))
    }

    fn vlans_of(&self, pif: &str) -> BTreeMap<i64, String> {
        let vlans = self
            .pifs
            .iter()
            .filter_map(|(bridge, other)| match &other.kind {
                Kind::Vlan { on, tag } if on == pif => Some((*tag, bridge.clone())),
                _ => None,
            });
        vlans.collect()
    }

    fn tunnels_of(&self, pif: &str) -> Vec<String> {
        let through =
            |other: &Pif| matches!(&other.kind, Kind::Tunnel { through, .. } if through == pif);
        let found = self.pifs.iter().filter(|(_, other)| through(other));
        found.map(|(bridge, _)| bridge.clone()).collect()
    }

    /// The largest packet that a PIF can have.
    pub fn room(&self, pif: &str) -> u32 {
        let wished = self.mtus[pif];
        match &self.pifs[pif].kind {
            Kind::Nic | Kind::Bond { .. } => wished,
            Kind::Vlan { on, .. } => wished.min(self.room(on)),
            Kind::Tunnel { through, protocol } => {
                let own = if *protocol == "gre" { 42 } else { 50 };
                wished.min(self.room(through) - own)
            }
        }
    }

    fn plug(&mut self, pif: &str) -> Outcome {
        match self.pifs[pif].kind.clone() {
            Kind::Nic if self.is_slave(pif) => return no_pif(SLAVE, pif),
            Kind::Vlan { .. } if self.mtus[pif] > self.room(pif) => return no_way(pif),
            Kind::Tunnel { through, .. } => {
                if self.pifs[&through].v4.is_none() {
                    return no_pif("TRANSPORT_PIF_NOT_CONFIGURED", &through);
                }
                self.plug(&through)?;
            }
            _ => {}
        }
        self.at(pif).plugged = true;
        Ok(())
    }

    fn unplug(&mut self, pif: &str) -> Outcome {
        if self.pifs[pif].management {
            return no_pif("PIF_IS_MANAGEMENT_INTERFACE", pif);
        }
        self.unused(pif)?;
        if self.pifs[pif].protected {
            return no_pif("PIF_DOES_NOT_ALLOW_UNPLUG", pif);
        }
        // Tunnels are unplugged in no order that anybody promises.
        let mut refused = Vec::new();
        for tunnel in self.tunnels_of(pif) {
            if let Err(why) = self.unplug(&tunnel) {
                refused.extend(why);
            }
        }
        any_of(refused)?;
        self.at(pif).plugged = false;
        Ok(())
    }

    fn new_pif(&mut self, net: &str, kind: Kind) {
        let pif = Pif {
            kind,
            plugged: true,
            management: false,
            protected: false,
            v4: None,
            v6: None,
        };
        self.pifs.insert(net.to_owned(), pif);
    }

    fn vlan_destroy(&mut self, pif: &str) -> Outcome {
        self.unplug(pif)?;
        if !self.tunnels_of(pif).is_empty() {
            return no_pif("PIF_TUNNEL_STILL_EXISTS", pif);
        }
        self.pifs.remove(pif);
        Ok(())
    }

    fn vlan_create(&mut self, on: &str, tag: i64, net: &str) -> Outcome {
        if self.pifs.contains_key(net) {
            return no("NETWORK_ALREADY_CONNECTED", [Param::Host, pif_ref(net)]);
        }
        match self.pifs[on].kind {
            Kind::Nic if self.is_slave(on) => return no_pif("CANNOT_ADD_VLAN_TO_BOND_SLAVE", on),
            Kind::Vlan { .. } => return no_pif("PIF_IS_VLAN", on),
            Kind::Tunnel { .. } => return no_pif("IS_TUNNEL_ACCESS_PIF", on),
            _ => {}
        }
        if !(0..=4094).contains(&tag) {
            return no("VLAN_TAG_INVALID", [Param::text(tag)]);
        }
        if self.vlans_of(on).contains_key(&tag) {
            return no("PIF_VLAN_EXISTS", [Param::Device(on.to_owned())]);
        }
        if self.mtus[net] > self.room(on) {
            return no_way(on);
        }
        let on = on.to_owned();
        self.new_pif(net, Kind::Vlan { on, tag });
        Ok(())
    }

    fn tunnel_create(&mut self, through: &str, net: &str, protocol: &'static str) -> Outcome {
        if self.pifs.contains_key(net) {
            return no("NETWORK_ALREADY_CONNECTED", [Param::Host, pif_ref(net)]);
        }
        match self.pifs[through].kind {
            Kind::Nic if self.is_slave(through) => {
                return no_pif("CANNOT_ADD_TUNNEL_TO_BOND_SLAVE", through);
            }
            Kind::Tunnel { .. } => return no_pif("IS_TUNNEL_ACCESS_PIF", through),
            _ => {}
        }
        if self.pifs[through].v4.is_none() {
            return no_pif("TRANSPORT_PIF_NOT_CONFIGURED", through);
        }
        self.plug(through)?;
        let through = through.to_owned();
        self.new_pif(net, Kind::Tunnel { through, protocol });
        Ok(())
    }

    fn bond_create(&mut self, net: &str, named: &[String], mode: &'static str) -> Outcome {
        let last = |at: &usize| !named[at + 1..].contains(&named[*at]);
        let members: Vec<_> = (0..named.len()).filter(last).map(|at| &named[at]).collect();
        let Some(first) = members.first() else {
            return no("PIF_BOND_NEEDS_MORE_MEMBERS", []);
        };
        if self.pifs.contains_key(net) {
            return no("NETWORK_ALREADY_CONNECTED", [Param::Host, pif_ref(net)]);
        }
        let managed = members.iter().find(|pif| self.pifs[**pif].management);
        let addressed = members.iter().find(|pif| self.pifs[**pif].v4.is_some());
        let primary = (*managed.or(addressed).unwrap_or(first)).clone();
        for member in &members {
            match self.pifs[*member].kind {
                Kind::Nic if self.is_slave(member) => return no_pif("PIF_ALREADY_BONDED", member),
                Kind::Bond { .. } => return no_pif("PIF_ALREADY_BONDED", member),
                Kind::Vlan { .. } => {
                    let device = Param::Device((*member).clone());
                    return no("PIF_VLAN_EXISTS", [device]);
                }
                Kind::Tunnel { .. } => return no_pif("IS_TUNNEL_ACCESS_PIF", member),
                Kind::Nic => {}
            }
        }
        let having =
            |has: fn(&Pif) -> bool| members.iter().filter(|pif| has(&self.pifs[**pif])).count();
        if having(|pif| pif.v4.is_some()) > 1 || having(|pif| pif.v6.is_some()) > 1 {
            return no("PIF_BOND_MORE_THAN_ONE_IP", []);
        }
        let before = self.clone();
        let kind = Kind::Bond {
            members: members.iter().map(|pif| (*pif).clone()).collect(),
            primary,
            mode,
            properties: defaults(mode),
        };
        self.new_pif(net, kind);
        for member in &members {
            self.hand_over(member, net)?;
            let pif = self.at(member);
            (pif.plugged, pif.protected) = (false, false);
        }
        self.carry(&members, net, &before)?;
        self.guests_agree(&before)
    }

    fn bond_destroy(&mut self, bond: &str) -> Outcome {
        let pif = self.pifs[bond].clone();
        let Kind::Bond {
            members, primary, ..
        } = pif.kind
        else {
            panic!("no bond")
        };
        let vlans = self.vlans_of(bond);
        let plugged =
            pif.plugged || pif.management || vlans.values().any(|vlan| self.pifs[vlan].management);
        let before = self.clone();
        for member in &members {
            self.at(member).plugged = plugged;
        }
        self.hand_over(bond, &primary)?;
        self.carry(&[&bond.to_owned()], &primary, &before)?;
        self.pifs.remove(bond);
        self.guests_agree(&before)
    }

    /// Addresses, management and protection go from one PIF to another.
    fn hand_over(&mut self, from: &str, to: &str) -> Outcome {
        let source = self.at(from);
        let (v4, v6) = (source.v4.take(), source.v6.take());
        let management = std::mem::take(&mut source.management);
        let protected = source.protected;
        let target = self.at(to);
        if v4.is_some() && target.v4.is_some() || v6.is_some() && target.v6.is_some() {
            return no_way(from);
        }
        target.v4 = target.v4.take().or(v4);
        target.v6 = target.v6.take().or(v6);
        target.management |= management;
        target.protected |= protected;
        Ok(())
    }

    /// VLANs, tunnels and VIFs go from PIFs to another. What keeps them from it is found in no order that anybody promises.
    fn carry(&mut self, from: &[&String], to: &str, before: &Model) -> Outcome {
        let mut refused = Vec::new();
        let mut by_tag: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for pif in from {
            for (tag, vlan) in self.vlans_of(pif) {
                by_tag.entry(tag).or_default().push(vlan);
            }
        }
        for (tag, mut same) in by_tag {
            same.sort_by_key(|vlan| {
                let pif = &self.pifs[vlan];
                (!pif.management, pif.v4.is_none() && pif.v6.is_none())
            });
            let kept = same.remove(0);
            let on = to.to_owned();
            self.at(&kept).kind = Kind::Vlan { on, tag };
            for merged in same {
                refused.extend(self.hand_over(&merged, &kept).err().into_iter().flatten());
                let plugged = self.pifs[&merged].plugged;
                self.at(&kept).plugged |= plugged;
                self.re_home(&merged, &kept);
                self.pifs.remove(&merged);
            }
        }
        for pif in from {
            self.re_home(pif, to);
        }
        refused.extend(self.smaller_than(before));
        any_of(refused)
    }

    /// Tunnels and VIFs of one PIF go to another.
    fn re_home(&mut self, from: &str, to: &str) {
        for tunnel in self.tunnels_of(from) {
            if let Kind::Tunnel { through, .. } = &mut self.at(&tunnel).kind {
                to.clone_into(through);
            }
        }
        for vif in self.vifs.values_mut().filter(|vif| vif.net == from) {
            to.clone_into(&mut vif.net);
        }
    }

    /// The VLANs and tunnels with less room than before.
    fn smaller_than(&self, before: &Model) -> Vec<Refusal> {
        let is_carried = |pif: &Pif| matches!(pif.kind, Kind::Vlan { .. } | Kind::Tunnel { .. });
        let carried = self.pifs.iter().filter(|(_, pif)| is_carried(pif));
        let smaller = carried.filter(|(bridge, _)| self.room(bridge) < before.room(bridge));
        smaller
            .map(|(bridge, _)| Refusal::configuration(bridge))
            .collect()
    }

    fn address(&mut self, pif: &str, address: &Option<String>, v4: bool) -> Outcome {
        if address.is_some() && self.is_slave(pif) {
            return no_pif(SLAVE, pif);
        }
        if v4 && address.is_none() && self.pifs[pif].management {
            return no_pif("PIF_IS_MANAGEMENT_INTERFACE", pif);
        }
        let pif = self.at(pif);
        *if v4 { &mut pif.v4 } else { &mut pif.v6 } = address.clone();
        pif.plugged |= pif.management;
        Ok(())
    }

    fn manage(&mut self, pif: &str) -> Outcome {
        if self.is_slave(pif) {
            return no_pif(SLAVE, pif);
        }
        if self.pifs[pif].v4.is_none() {
            return no_pif("PIF_HAS_NO_NETWORK_CONFIGURATION", pif);
        }
        if self.pifs[pif].management {
            return Ok(());
        }
        for other in self.pifs.values_mut() {
            other.management = false;
        }
        self.at(pif).management = true;
        self.plug(pif)
    }
}
