//! What must hold of guests and of their ports.

use xapi_db::Read;
use xapi_guest::{Found, Guests as _, host_end};
use xapi_model::{Vm, VmOperations};
use xapi_net::names::{GUARD, Name};
use xapi_net::object::{Filter, Port};
use xapi_net::ovs::row::VIF_DEVICE;

use super::Machine;
use crate::model::Model;
use crate::model::machines::{Deed, Passes, Power};

fn operation(deed: Deed) -> VmOperations {
    match deed {
        Deed::Start => VmOperations::Start,
        Deed::CleanShutdown => VmOperations::CleanShutdown,
        Deed::HardShutdown => VmOperations::HardShutdown,
        Deed::Pause => VmOperations::Pause,
        Deed::Unpause => VmOperations::Unpause,
        Deed::Suspend => VmOperations::Suspend,
        Deed::Resume => VmOperations::Resume,
    }
}

impl Machine {
    /// A machine runs as its row says; a plugged VIF is its guest's NIC and a port on the bridge of its network, which is no
    /// network of a bond's member; and there is no other NIC and no other port.
    pub(super) fn guests_and_ports(&self, seen: &Model) {
        let view = self.host.core().view().expect("a view");
        let found = self.host.guests.found();
        let kept = self.host.guests.suspended().expect("suspended guests");
        let mut ends = Vec::new();
        for (number, vm) in &seen.vms {
            let machine = &self.vms[*number];
            let uuid = view.field(machine, Vm::UUID).expect("a machine");
            let domain = view.field(machine, Vm::DOMID).expect("a machine");
            let guest = found.iter().find(|guest| guest.uuid == uuid);
            assert_eq!(guest.is_some(), vm.power.is_there(), "m{number}: a guest");
            let is_kept = kept.contains(&uuid);
            assert_eq!(is_kept, vm.power == Power::Suspended, "m{number}: memory");
            let shown = guest.map_or(-1, |guest| i64::from(guest.domain));
            assert_eq!(shown, domain, "m{number}: its domain");
            let Some(guest) = guest else { continue };
            let paused = guest.state == xapi_guest::State::Paused;
            assert_eq!(paused, vm.power == Power::Paused, "m{number}: paused");
            ends.extend(self.its_ports(seen, *number, guest));
        }
        ends.sort();
        let world = self.host.handle.world();
        let ports = world.state.ports.keys().filter(|name| name.is_guests_end());
        let mut ports: Vec<_> = ports.map(ToString::to_string).collect();
        ports.sort();
        assert_eq!(ports, ends, "ports of guests");
    }

    /// What may be asked of machines is what would be done.
    pub(super) fn allowed_operations(&self, seen: &Model) {
        let view = self.host.core().view().expect("a view");
        for (number, vm) in &seen.vms {
            let allowed = view.field(&self.vms[*number], Vm::ALLOWED_OPERATIONS);
            let allowed = allowed.expect("a machine");
            for deed in Deed::ALL {
                let is_listed = allowed.contains(&operation(deed));
                assert_eq!(
                    is_listed,
                    vm.offers(deed),
                    "m{number}: {deed:?} {allowed:?}"
                );
            }
        }
    }

    /// The ports that a guest's NICs have.
    fn its_ports(&self, seen: &Model, number: usize, guest: &Found) -> Vec<String> {
        let world = self.host.handle.world();
        let mut ends = Vec::new();
        let mut devices = Vec::new();
        for ((_, device), vif) in seen.vifs.iter().filter(|((vm, _), _)| *vm == number) {
            if !vif.attached {
                continue;
            }
            devices.push(*device);
            assert!(
                !seen.is_slave(&vif.net),
                "m{number}.{device} is on a member"
            );
            let end = host_end(guest.domain, *device);
            let name = Name::new(&end).expect("a name");
            let passes = seen.passes((number, *device));
            let is_up = world.state.nics.get(&name).map(|nic| nic.up);
            let shall = Some(passes != Passes::None);
            assert_eq!(is_up, shall, "m{number}.{device}: up");
            let filter = world.state.filters.get(&name);
            let port = world.state.ports.get(&name);
            let place = |port: &Port| {
                let on = (port.row.bridge.as_str(), port.row.tag.map(i64::from));
                assert_eq!(on, seen.port_on(&vif.net), "m{number}.{device}: its bridge");
            };
            let (Some(port), Passes::All | Passes::Only(_)) = (port, &passes) else {
                let closed = port.is_none() && filter.is_none() && passes == Passes::None;
                assert!(closed, "m{number}.{device}: {passes:?} {port:?} {filter:?}");
                continue;
            };
            match passes {
                Passes::Only(addresses) => {
                    let mac = self.host.get(&self.vif((number, *device))).mac;
                    let mac = mac.parse().expect("a MAC");
                    let only = Filter::Only { mac, addresses };
                    assert_eq!(filter, Some(&only), "m{number}.{device}: its rules");
                    assert_eq!(port.row.bridge, GUARD.as_str(), "m{number}.{device}");
                    let ports = world.state.ports.values();
                    let is_its = |port: &&Port| {
                        let of = port.row.external_ids.get(VIF_DEVICE);
                        of.is_some_and(|of| *of == end) && port.row.bridge != GUARD.as_str()
                    };
                    let behind: Vec<_> = ports.filter(is_its).collect();
                    assert_eq!(behind.len(), 1, "m{number}.{device}: {behind:?}");
                    place(behind[0]);
                }
                _ => {
                    assert_eq!(filter, None, "m{number}.{device}: rules");
                    place(port);
                }
            }
            ends.push(end);
        }
        let has: Vec<_> = guest.nics.iter().map(|it| it.nic.device).collect();
        assert_eq!(has, devices, "m{number}: its NICs");
        ends
    }
}
