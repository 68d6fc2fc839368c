//! What the rows say, in the model's words.

use std::collections::BTreeMap;

use xapi_db::Read;
use xapi_model::{
    Bond, Class, IpConfigurationMode, Ipv6ConfigurationMode, Network, NetworkDefaultLockingMode,
    Pif, Ref, Tunnel, TunnelProtocol, Vif, VifOperations, Vlan, Vm, VmPowerState,
};

use super::{MODES, Machine, machine, offers};
use crate::model::machines::{self, LOCKS, Power};
use crate::model::{self, DHCP, Kind, Model, Nic};
use xapi_net::names::Inet;

fn all<C: Class>(view: &impl Read) -> BTreeMap<Ref<C>, C> {
    view.all().expect("rows").into_iter().collect()
}

impl Machine {
    /// What the rows say, in the model's words. What the model has no word for is checked on the way.
    pub(super) fn seen(&self) -> Model {
        let view = self.host.core().view().expect("a view");
        let networks = all::<Network>(&view);
        let pifs = all::<Pif>(&view);
        let bridge = |pif: &Ref<Pif>| networks[&pifs[pif].network].bridge.clone();
        let bonds = all::<Bond>(&view);
        let vlans = all::<Vlan>(&view);
        let tunnels = all::<Tunnel>(&view);
        let vifs = all::<Vif>(&view);
        let kind = |pif: &Pif| {
            if let Some(tunnel) = pif.tunnel_access_pif_of.first() {
                let tunnel = &tunnels[tunnel];
                return Kind::Tunnel {
                    through: bridge(&tunnel.transport_pif),
                    protocol: match tunnel.protocol {
                        TunnelProtocol::Gre => "gre",
                        TunnelProtocol::Vxlan => "vxlan",
                    },
                };
            }
            if let Some(vlan) = pif.vlan_master_of.some() {
                let vlan = &vlans[vlan];
                let on = &pifs[&vlan.tagged_pif];
                let same = (pif.vlan, &pif.device, &pif.metrics);
                assert_eq!(
                    same,
                    (vlan.tag, &on.device, &on.metrics),
                    "a VLAN and what is below"
                );
                return Kind::Vlan {
                    on: bridge(&vlan.tagged_pif),
                    tag: vlan.tag,
                };
            }
            match pif.bond_master_of.first() {
                Some(bond) => {
                    let bond = &bonds[bond];
                    Kind::Bond {
                        members: bond.slaves.iter().map(bridge).collect(),
                        primary: bridge(&bond.primary_slave),
                        mode: MODES[bond.mode as usize],
                        properties: bond.properties.clone(),
                    }
                }
                None => Kind::Nic,
            }
        };
        // A VLAN has the MAC of what it is on.
        let mac = |pif: &Pif| match pif.vlan_master_of.some() {
            Some(vlan) => pifs[&vlans[vlan].tagged_pif].mac.clone(),
            None => pif.mac.clone(),
        };
        let model_of = |pif: &Pif| model::Pif {
            kind: kind(pif),
            plugged: pif.currently_attached,
            management: pif.management,
            protected: pif.disallow_unplug,
            v4: match pif.ip_configuration_mode {
                IpConfigurationMode::None => None,
                IpConfigurationMode::Dhcp => {
                    self.has_its_lease(pif, &mac(pif), &pif.ip);
                    Some(DHCP.to_owned())
                }
                IpConfigurationMode::Static => Some(pif.ip.clone()),
            },
            v6: match pif.ipv6_configuration_mode {
                Ipv6ConfigurationMode::None => None,
                Ipv6ConfigurationMode::Dhcp => {
                    self.has_its_lease(pif, &mac(pif), &pif.ipv6.join(","));
                    Some(DHCP.to_owned())
                }
                _ => Some(pif.ipv6.join(",")),
            },
        };
        let made = networks.values().filter(|net| net.bridge != "xenapi");
        let model = Model {
            pifs: pifs
                .iter()
                .map(|(reference, pif)| (bridge(reference), model_of(pif)))
                .collect(),
            mtus: made
                .map(|net| (net.bridge.clone(), u32::try_from(net.mtu).expect("an MTU")))
                .collect(),
            closed: networks
                .values()
                .filter(|net| net.default_locking_mode == NetworkDefaultLockingMode::Disabled)
                .map(|net| net.bridge.clone())
                .collect(),
            vms: self.vms_of(&view),
            vifs: vifs
                .values()
                .map(|vif| {
                    let seen = machines::Vif {
                        net: networks[&vif.network].bridge.clone(),
                        attached: vif.currently_attached,
                        lock: LOCKS[vif.locking_mode as usize],
                        allowed: [&vif.ipv4_allowed, &vif.ipv6_allowed].map(Clone::clone),
                    };
                    (self.nic(vif), seen)
                })
                .collect(),
        };
        for vif in vifs.values() {
            assert!(vif.current_operations.is_empty(), "{vif:?}");
            let can = |comes| model.hotplug(self.nic(vif), comes).is_ok();
            let listed = |operation| vif.allowed_operations.contains(&operation);
            let listed = [VifOperations::Plug, VifOperations::Unplug].map(listed);
            assert_eq!(listed, [can(true), can(false)], "{vif:?}");
        }
        for tunnel in tunnels.values() {
            let plugged = pifs[&tunnel.access_pif].currently_attached;
            assert_eq!(tunnel.status["active"], plugged.to_string());
        }
        for (reference, pif) in pifs.iter().filter(|(_, pif)| pif.currently_attached) {
            let room = model.room(&bridge(reference));
            assert_eq!(pif.mtu, i64::from(room), "MTU of {}", bridge(reference));
        }
        model
    }

    /// A PIF that is plugged and asks a server for its address has the one that it would be given.
    fn has_its_lease(&self, pif: &Pif, mac: &str, address: &str) {
        if !pif.currently_attached {
            return;
        }
        let tag = u16::try_from(pif.vlan).ok();
        let offered = offers(mac, tag).map(|lease| lease.address);
        let is_it = |offer: &Inet| {
            [offer.to_string(), offer.address().to_string()].contains(&address.to_owned())
        };
        assert!(offered.iter().any(is_it), "{}: {address:?}", pif.device);
    }

    fn nic(&self, vif: &Vif) -> Nic {
        let vm = self.vms.iter().position(|vm| *vm == vif.vm);
        (
            vm.expect("a machine"),
            vif.device.parse().expect("a number"),
        )
    }

    /// Of few fields: whole rows of machines are large.
    fn vms_of(&self, view: &impl Read) -> BTreeMap<usize, machines::Vm> {
        let seen = self.vms.iter().enumerate().map(|(number, vm)| {
            let goes_on = view.field(vm, Vm::CURRENT_OPERATIONS).expect("a machine");
            assert!(goes_on.is_empty(), "m{number}: {goes_on:?}");
            let scheduled = view.field(vm, Vm::SCHEDULED_TO_BE_RESIDENT_ON);
            assert!(scheduled.expect("a machine").is_null(), "m{number}");
            let power = match view.field(vm, Vm::POWER_STATE).expect("a machine") {
                VmPowerState::Halted => Power::Halted,
                VmPowerState::Running => Power::Running,
                VmPowerState::Paused => Power::Paused,
                VmPowerState::Suspended => Power::Suspended,
            };
            (number, machine(number, power))
        });
        seen.collect()
    }
}
