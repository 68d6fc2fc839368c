//! What the calls about machines and their NICs shall do, and what machines that run mean for the calls about PIFs.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::refusal::{Param, Refusal, any_of};
use super::{Kind, Model, Nic, Outcome, SLAVE, no};

/// A machine. What its guest is like never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vm {
    pub power: Power,
    /// Keeps every NIC that it is asked for.
    pub clings: bool,
    /// Can be given NICs and asked for them while it runs.
    pub drivers: bool,
}

/// What a machine is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    Halted,
    Running,
    Paused,
    Suspended,
}

impl Power {
    fn text(self) -> &'static str {
        match self {
            Power::Halted => "halted",
            Power::Running => "running",
            Power::Paused => "paused",
            Power::Suspended => "suspended",
        }
    }

    /// Whether there is a guest on the host.
    pub fn is_there(self) -> bool {
        matches!(self, Power::Running | Power::Paused)
    }
}

/// A virtual NIC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vif {
    /// The bridge of its network.
    pub net: String,
    pub attached: bool,
    /// Its locking mode.
    pub lock: &'static str,
    /// The addresses allowed to it when it is locked, of IPv4 and of IPv6, the newest first.
    pub allowed: [Vec<String>; 2],
}

/// What of a guest passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passes {
    All,
    None,
    /// What has one of these addresses.
    Only(BTreeSet<IpAddr>),
}

/// The locking modes.
pub const LOCKS: [&str; 4] = ["network_default", "locked", "unlocked", "disabled"];

/// A call about a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Start,
    CleanShutdown,
    HardShutdown,
    Pause,
    Unpause,
    Suspend,
    Resume,
}

/// A call about a VIF that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Destroy,
    Plug,
    Unplug,
    Force,
    Move {
        net: String,
    },
    /// `VIF.set_locking_mode`.
    Lock(&'static str),
    /// `VIF.add_ipv4_allowed`, or the same for IPv6.
    Allow {
        v6: bool,
        address: &'static str,
    },
    /// `VIF.remove_ipv4_allowed`, or the same for IPv6.
    Disallow {
        v6: bool,
        address: &'static str,
    },
    /// `VIF.set_ipv4_allowed`, or the same for IPv6.
    AllowOnly {
        v6: bool,
        all: Vec<&'static str>,
    },
}

/// The single addresses of an address or a range.
fn singles(text: &str) -> Vec<IpAddr> {
    let (first, prefix) = text.split_once('/').unwrap_or((text, ""));
    let first: IpAddr = first.parse().expect("an address");
    // The ranges that are named are this long, and begin at their first address.
    assert!(["", "30", "126"].contains(&prefix), "{text}");
    let after = |n: u8| match first {
        IpAddr::V4(v4) => IpAddr::from((u32::from(v4) + u32::from(n)).to_be_bytes()),
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) + u128::from(n)).to_be_bytes()),
    };
    (0..if prefix.is_empty() { 1 } else { 4 })
        .map(after)
        .collect()
}

/// Whether addresses are of a family.
fn are_of(v6: bool, addresses: &[&str]) -> Outcome {
    let is = |text: &&&str| {
        let first = text.split('/').next().unwrap_or_default();
        first
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv6() == v6)
    };
    if addresses.iter().all(|text| is(&text)) {
        return Ok(());
    }
    let field = if v6 { "ipv6_allowed" } else { "ipv4_allowed" };
    no("INVALID_IP_ADDRESS_SPECIFIED", [Param::text(field)])
}

impl Deed {
    pub const ALL: [Deed; 7] = [
        Deed::Start,
        Deed::CleanShutdown,
        Deed::HardShutdown,
        Deed::Pause,
        Deed::Unpause,
        Deed::Suspend,
        Deed::Resume,
    ];

    /// The states in which it can be asked for.
    fn from(self) -> &'static [Power] {
        match self {
            Deed::Start => &[Power::Halted],
            Deed::CleanShutdown | Deed::Pause | Deed::Suspend => &[Power::Running],
            Deed::HardShutdown => &[Power::Paused, Power::Suspended, Power::Running],
            Deed::Unpause => &[Power::Paused],
            Deed::Resume => &[Power::Suspended],
        }
    }
}

impl Vm {
    /// Whether a call is among those that may be made now. What a guest has a part in is not, if it has no drivers: whoever
    /// insists may make it all the same.
    pub fn offers(&self, deed: Deed) -> bool {
        let asks = matches!(deed, Deed::CleanShutdown | Deed::Suspend);
        deed.from().contains(&self.power) && (self.drivers || !asks)
    }
}

fn bad_power_state(vm: usize, expected: &[Power], actual: Power) -> Refusal {
    let expected: Vec<_> = expected.iter().map(|power| power.text()).collect();
    let texts = [expected.join(", "), actual.text().to_owned()];
    let params = std::iter::once(Param::Vm(vm)).chain(texts.map(Param::Text));
    Refusal::new("VM_BAD_POWER_STATE", params)
}

impl Model {
    /// Whether a VIF is a port of the host: plugged, and its machine has a guest here.
    pub fn is_port(&self, nic: Nic) -> bool {
        self.vifs[&nic].attached && self.vms[&nic.0].power.is_there()
    }

    /// The real bridge that ports of a network are on, and their tag there.
    pub fn port_on<'a>(&'a self, net: &'a str) -> (&'a str, Option<i64>) {
        match self.pifs.get(net).map(|pif| &pif.kind) {
            Some(Kind::Vlan { on, tag }) => (on, Some(*tag)),
            _ => (net, None),
        }
    }

    /// What of a guest passes through a VIF.
    pub fn passes(&self, nic: Nic) -> Passes {
        let vif = &self.vifs[&nic];
        match vif.lock {
            "network_default" if self.closed.contains(&vif.net) => Passes::None,
            "network_default" | "unlocked" => Passes::All,
            "disabled" => Passes::None,
            _ => {
                let allowed = vif.allowed.iter().flatten();
                Passes::Only(allowed.flat_map(|text| singles(text)).collect())
            }
        }
    }

    /// A network lets guests' packets through by default, or doesn't. That can be said while no VIF is attached to it.
    pub(super) fn close(&mut self, net: &str, closed: bool) -> Outcome {
        let attached = |nic: &&Nic| self.vifs[nic].net == net && self.vifs[nic].attached;
        let used = self
            .vifs
            .keys()
            .filter(attached)
            .map(|nic| in_use(net, *nic));
        any_of(used.collect())?;
        match closed {
            true => self.closed.insert(net.to_owned()),
            false => self.closed.remove(net),
        };
        Ok(())
    }

    fn of(&self, vm: usize) -> Vec<Nic> {
        let of = self.vifs.keys().filter(|nic| nic.0 == vm);
        of.copied().collect()
    }

    fn vif(&mut self, nic: Nic) -> &mut Vif {
        self.vifs.get_mut(&nic).expect("a VIF")
    }

    pub(super) fn deed(&mut self, vm: usize, deed: Deed) -> Outcome {
        let power = self.vms[&vm].power;
        if !deed.from().contains(&power) {
            return Err(vec![bad_power_state(vm, deed.from(), power)]);
        }
        let power = match deed {
            Deed::Start => {
                self.bring_up(vm, |_| true)?;
                Power::Running
            }
            Deed::Resume => {
                self.bring_up(vm, |vif| vif.attached)?;
                Power::Running
            }
            Deed::CleanShutdown | Deed::HardShutdown => {
                for nic in self.of(vm) {
                    self.vif(nic).attached = false;
                }
                Power::Halted
            }
            Deed::Pause => Power::Paused,
            Deed::Unpause => Power::Running,
            Deed::Suspend => Power::Suspended,
        };
        self.vms.get_mut(&vm).expect("a machine").power = power;
        Ok(())
    }

    /// A machine's networks are brought up for those of its NICs that it gets. In which order, nobody promises.
    fn bring_up(&mut self, vm: usize, gets: fn(&Vif) -> bool) -> Outcome {
        let nics = self.of(vm);
        let nets = nics.iter().map(|nic| &self.vifs[nic].net);
        let slaves = nets.filter(|net| self.is_slave(net));
        any_of(slaves.map(|net| Refusal::of_pif(SLAVE, net)).collect())?;
        let mut refused = Vec::new();
        for nic in nics {
            if !gets(&self.vifs[&nic]) {
                continue;
            }
            let net = self.vifs[&nic].net.clone();
            match self.attach(&net) {
                Ok(()) => self.vif(nic).attached = true,
                Err(why) => refused.extend(why),
            }
        }
        any_of(refused)
    }

    /// A network is there for a guest.
    fn attach(&mut self, net: &str) -> Outcome {
        match self.pifs.get(net) {
            Some(pif) if !pif.plugged => self.plug(net),
            _ => Ok(()),
        }
    }

    /// Of a start that failed in the end the networks are left that were brought up for it.
    pub fn keep_brought_up(&mut self, next: &Model) {
        for (bridge, pif) in &mut self.pifs {
            pif.plugged |= next.pifs[bridge].plugged;
        }
    }

    pub(super) fn vif_create(&mut self, nic: Nic, net: &str) -> Outcome {
        if self.vifs.contains_key(&nic) {
            return no("DEVICE_ALREADY_EXISTS", [Param::text(nic.1)]);
        }
        let net = net.to_owned();
        let vif = Vif {
            net,
            attached: false,
            lock: LOCKS[0],
            allowed: Default::default(),
        };
        self.vifs.insert(nic, vif);
        Ok(())
    }

    pub(super) fn vif_change(&mut self, nic: Nic, change: &Change) -> Outcome {
        match change {
            Change::Destroy if self.is_port(nic) => {
                let why = "VIF currently attached to a running VM";
                return no("OPERATION_NOT_ALLOWED", [Param::text(why)]);
            }
            Change::Destroy => drop(self.vifs.remove(&nic)),
            Change::Plug => {
                self.hotplug(nic, true)?;
                let net = self.vifs[&nic].net.clone();
                if self.is_slave(&net) {
                    return Err(vec![Refusal::of_pif(SLAVE, &net)]);
                }
                self.attach(&net)?;
                self.vif(nic).attached = true;
            }
            Change::Unplug => {
                self.hotplug(nic, false)?;
                if self.vms[&nic.0].clings {
                    return Err(vec![kept(nic)]);
                }
                self.vif(nic).attached = false;
            }
            Change::Force => {
                self.hotplug(nic, false)?;
                self.vif(nic).attached = false;
            }
            Change::Move { net } => {
                if self.is_port(nic) {
                    if self.is_slave(net) {
                        let params = [Param::Host, Param::Net(net.clone())];
                        return no("HOST_CANNOT_ATTACH_NETWORK", params);
                    }
                    self.attach(net)?;
                }
                self.vif(nic).net.clone_from(net);
            }
            Change::Lock(mode) => self.vif(nic).lock = mode,
            Change::Allow { v6, address } => {
                are_of(*v6, &[address])?;
                let allowed = &mut self.vif(nic).allowed[usize::from(*v6)];
                if !allowed.iter().any(|other| other == address) {
                    allowed.insert(0, (*address).to_owned());
                }
            }
            Change::Disallow { v6, address } => {
                let allowed = &mut self.vif(nic).allowed[usize::from(*v6)];
                allowed.retain(|other| other != address);
            }
            Change::AllowOnly { v6, all } => {
                are_of(*v6, all)?;
                let mut kept: Vec<String> = Vec::new();
                // Of one that is named twice the last naming counts.
                for address in all.iter().rev() {
                    if !kept.iter().any(|other| other == address) {
                        kept.insert(0, (*address).to_owned());
                    }
                }
                self.vif(nic).allowed[usize::from(*v6)] = kept;
            }
        }
        Ok(())
    }

    /// Whether a NIC could come or go now.
    pub fn hotplug(&self, nic: Nic, comes: bool) -> Outcome {
        let vm = &self.vms[&nic.0];
        if vm.power != Power::Running {
            return Err(vec![bad_power_state(nic.0, &[Power::Running], vm.power)]);
        }
        match (self.vifs[&nic].attached, comes) {
            (true, true) => no("DEVICE_ALREADY_ATTACHED", [Param::Vif(nic)]),
            (false, false) => no("DEVICE_ALREADY_DETACHED", [Param::Vif(nic)]),
            _ if !vm.drivers => no("VM_MISSING_PV_DRIVERS", [Param::Vm(nic.0)]),
            _ => Ok(()),
        }
    }

    /// Whether the guests let go of the NICs that are on other networks than before. All are looked at before any is asked;
    /// in which order, nobody promises.
    pub(super) fn guests_agree(&self, before: &Model) -> Outcome {
        let moves = |nic: &&Nic| self.vifs[nic].net != before.vifs[nic].net;
        let moved: Vec<Nic> = self.vifs.keys().filter(moves).copied().collect();
        let moved: Vec<Nic> = moved.into_iter().filter(|nic| self.is_port(*nic)).collect();
        let unable = moved
            .iter()
            .filter_map(|nic| self.hotplug(*nic, false).err());
        any_of(unable.flatten().collect())?;
        let clings = moved.into_iter().filter(|nic| self.vms[&nic.0].clings);
        any_of(clings.map(kept).collect())
    }

    /// VIF_IN_USE, if machines use the network of a PIF.
    pub(super) fn unused(&self, pif: &str) -> Outcome {
        let on = |nic: &&Nic| self.vifs[nic].net == pif && self.is_port(**nic);
        let used = self.vifs.keys().filter(on).map(|nic| in_use(pif, *nic));
        any_of(used.collect())
    }
}

fn in_use(net: &str, nic: Nic) -> Refusal {
    let params = [Param::Net(net.to_owned()), Param::Vif(nic)];
    Refusal::new("VIF_IN_USE", params)
}

fn kept(nic: Nic) -> Refusal {
    Refusal::new(
        "DEVICE_DETACH_TIMEOUT",
        [Param::text("VIF"), Param::Vif(nic)],
    )
}
