//! What the network calls shall do, on plain maps: an oracle that knows neither drafts nor hosts. A PIF is known by its
//! bridge, since a host has one PIF at most on a network.

use std::collections::{BTreeMap, BTreeSet};

/// Codes of errors, any of which may be the answer.
pub type Outcome = Result<(), Vec<&'static str>>;

/// What a PIF is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Nic,
    Bond {
        members: BTreeSet<String>,
        primary: String,
        mode: &'static str,
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
    pub v4: Option<String>,
    pub v6: Option<String>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    pub pifs: BTreeMap<String, Pif>,
    /// The MTU asked for of each network.
    pub mtus: BTreeMap<String, u32>,
    /// Each VIF, and the bridge that it is on. All are of machines that are off.
    pub vifs: BTreeMap<String, String>,
}

/// A call, in the model's words.
#[derive(Clone, Debug)]
pub enum Call {
    VlanCreate {
        on: String,
        tag: i64,
        net: String,
    },
    VlanDestroy {
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
}

const CONFIGURATION: &str = "PIF_CONFIGURATION_ERROR";
const SLAVE: &str = "CANNOT_PLUG_BOND_SLAVE";

fn no(code: &'static str) -> Outcome {
    Err(vec![code])
}

impl Model {
    /// The model after a call, or the errors that it may answer.
    pub fn after(&self, call: &Call) -> Result<Model, Vec<&'static str>> {
        let mut next = self.clone();
        next.apply(call)?;
        Ok(next)
    }

    fn apply(&mut self, call: &Call) -> Outcome {
        match call {
            Call::VlanCreate { on, tag, net } => self.vlan_create(on, *tag, net),
            Call::VlanDestroy { pif } => {
                self.unplug(pif)?;
                if self.tunnels_of(pif).is_empty() {
                    self.pifs.remove(pif);
                    Ok(())
                } else {
                    no("PIF_TUNNEL_STILL_EXISTS")
                }
            }
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
                if let Kind::Bond { mode: old, .. } = &mut bond.kind {
                    *old = mode;
                }
                Ok(())
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
            }
        }
        next
    }

    fn at(&mut self, pif: &str) -> &mut Pif {
        self.pifs.get_mut(pif).expect("a PIF")
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
            Kind::Nic if self.is_slave(pif) => return no(SLAVE),
            Kind::Vlan { .. } if self.mtus[pif] > self.room(pif) => return no(CONFIGURATION),
            Kind::Tunnel { through, .. } => {
                if self.pifs[&through].v4.is_none() {
                    return no("TRANSPORT_PIF_NOT_CONFIGURED");
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
            return no("PIF_IS_MANAGEMENT_INTERFACE");
        }
        if self.pifs[pif].protected {
            return no("PIF_DOES_NOT_ALLOW_UNPLUG");
        }
        // Tunnels are unplugged in no order that anybody promises.
        let mut refused = Vec::new();
        for tunnel in self.tunnels_of(pif) {
            if let Err(codes) = self.unplug(&tunnel) {
                refused.extend(codes);
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
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

    fn vlan_create(&mut self, on: &str, tag: i64, net: &str) -> Outcome {
        if self.pifs.contains_key(net) {
            return no("NETWORK_ALREADY_CONNECTED");
        }
        match self.pifs[on].kind {
            Kind::Nic if self.is_slave(on) => return no("CANNOT_ADD_VLAN_TO_BOND_SLAVE"),
            Kind::Vlan { .. } => return no("PIF_IS_VLAN"),
            Kind::Tunnel { .. } => return no("IS_TUNNEL_ACCESS_PIF"),
            _ => {}
        }
        if !(0..=4094).contains(&tag) {
            return no("VLAN_TAG_INVALID");
        }
        if self.vlans_of(on).contains_key(&tag) {
            return no("PIF_VLAN_EXISTS");
        }
        if self.mtus[net] > self.room(on) {
            return no(CONFIGURATION);
        }
        let on = on.to_owned();
        self.new_pif(net, Kind::Vlan { on, tag });
        Ok(())
    }

    fn tunnel_create(&mut self, through: &str, net: &str, protocol: &'static str) -> Outcome {
        if self.pifs.contains_key(net) {
            return no("NETWORK_ALREADY_CONNECTED");
        }
        match self.pifs[through].kind {
            Kind::Nic if self.is_slave(through) => return no("CANNOT_ADD_TUNNEL_TO_BOND_SLAVE"),
            Kind::Tunnel { .. } => return no("IS_TUNNEL_ACCESS_PIF"),
            _ => {}
        }
        if self.pifs[through].v4.is_none() {
            return no("TRANSPORT_PIF_NOT_CONFIGURED");
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
            return no("PIF_BOND_NEEDS_MORE_MEMBERS");
        };
        if self.pifs.contains_key(net) {
            return no("NETWORK_ALREADY_CONNECTED");
        }
        let managed = members.iter().find(|pif| self.pifs[**pif].management);
        let addressed = members.iter().find(|pif| self.pifs[**pif].v4.is_some());
        let primary = (*managed.or(addressed).unwrap_or(first)).clone();
        for member in &members {
            match self.pifs[*member].kind {
                Kind::Nic if self.is_slave(member) => return no("PIF_ALREADY_BONDED"),
                Kind::Bond { .. } => return no("PIF_ALREADY_BONDED"),
                Kind::Vlan { .. } => return no("PIF_VLAN_EXISTS"),
                Kind::Tunnel { .. } => return no("IS_TUNNEL_ACCESS_PIF"),
                Kind::Nic => {}
            }
        }
        let having =
            |has: fn(&Pif) -> bool| members.iter().filter(|pif| has(&self.pifs[**pif])).count();
        if having(|pif| pif.v4.is_some()) > 1 || having(|pif| pif.v6.is_some()) > 1 {
            return no("PIF_BOND_MORE_THAN_ONE_IP");
        }
        let before = self.rooms();
        let kind = Kind::Bond {
            members: members.iter().map(|pif| (*pif).clone()).collect(),
            primary,
            mode,
        };
        self.new_pif(net, kind);
        for member in &members {
            self.hand_over(member, net)?;
            let pif = self.at(member);
            (pif.plugged, pif.protected) = (false, false);
        }
        self.carry(&members, net)?;
        self.nothing_shrank(&before)
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
        let before = self.rooms();
        for member in &members {
            self.at(member).plugged = plugged;
        }
        self.hand_over(bond, &primary)?;
        self.carry(&[&bond.to_owned()], &primary)?;
        self.pifs.remove(bond);
        self.nothing_shrank(&before)
    }

    /// Addresses, management and protection go from one PIF to another.
    fn hand_over(&mut self, from: &str, to: &str) -> Outcome {
        let source = self.at(from);
        let (v4, v6) = (source.v4.take(), source.v6.take());
        let management = std::mem::take(&mut source.management);
        let protected = source.protected;
        let target = self.at(to);
        if v4.is_some() && target.v4.is_some() || v6.is_some() && target.v6.is_some() {
            return no(CONFIGURATION);
        }
        target.v4 = target.v4.take().or(v4);
        target.v6 = target.v6.take().or(v6);
        target.management |= management;
        target.protected |= protected;
        Ok(())
    }

    fn carry(&mut self, from: &[&String], to: &str) -> Outcome {
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
                self.hand_over(&merged, &kept)?;
                let plugged = self.pifs[&merged].plugged;
                self.at(&kept).plugged |= plugged;
                self.re_home(&merged, &kept);
                self.pifs.remove(&merged);
            }
        }
        for pif in from {
            self.re_home(pif, to);
        }
        Ok(())
    }

    /// Tunnels and VIFs of one PIF go to another.
    fn re_home(&mut self, from: &str, to: &str) {
        for tunnel in self.tunnels_of(from) {
            if let Kind::Tunnel { through, .. } = &mut self.at(&tunnel).kind {
                to.clone_into(through);
            }
        }
        for bridge in self.vifs.values_mut().filter(|bridge| *bridge == from) {
            to.clone_into(bridge);
        }
    }

    /// The room of every VLAN and tunnel.
    fn rooms(&self) -> BTreeMap<String, u32> {
        let carried = |pif: &Pif| matches!(pif.kind, Kind::Vlan { .. } | Kind::Tunnel { .. });
        let carried = self.pifs.iter().filter(|(_, pif)| carried(pif));
        carried
            .map(|(bridge, _)| (bridge.clone(), self.room(bridge)))
            .collect()
    }

    fn nothing_shrank(&self, before: &BTreeMap<String, u32>) -> Outcome {
        let shrank = |(bridge, room): (&String, &u32)| {
            self.pifs.contains_key(bridge) && self.room(bridge) < *room
        };
        match before.iter().any(shrank) {
            true => no(CONFIGURATION),
            false => Ok(()),
        }
    }

    fn address(&mut self, pif: &str, address: &Option<String>, v4: bool) -> Outcome {
        if address.is_some() && self.is_slave(pif) {
            return no(SLAVE);
        }
        if v4 && address.is_none() && self.pifs[pif].management {
            return no("PIF_IS_MANAGEMENT_INTERFACE");
        }
        let pif = self.at(pif);
        *if v4 { &mut pif.v4 } else { &mut pif.v6 } = address.clone();
        pif.plugged |= pif.management;
        Ok(())
    }

    fn manage(&mut self, pif: &str) -> Outcome {
        if self.is_slave(pif) {
            return no(SLAVE);
        }
        if self.pifs[pif].v4.is_none() {
            return no("PIF_HAS_NO_NETWORK_CONFIGURATION");
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
