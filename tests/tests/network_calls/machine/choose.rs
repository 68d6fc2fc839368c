//! Which call comes next, by chance.

use super::{MODES, Machine, VMS};
use crate::model::machines::{Change, Deed, Power};
use crate::model::{Call, Kind, Nic};

impl Machine {
    pub(super) fn choose(&mut self) -> Call {
        let pifs: Vec<String> = self.model.pifs.keys().cloned().collect();
        let nets: Vec<String> = self.model.mtus.keys().cloned().collect();
        let free: Vec<String> = nets
            .iter()
            .filter(|net| !self.model.pifs.contains_key(*net))
            .cloned()
            .collect();
        let of = |is: fn(&Kind) -> bool| -> Vec<String> {
            let found = self.model.pifs.iter().filter(|(_, pif)| is(&pif.kind));
            found.map(|(bridge, _)| bridge.clone()).collect()
        };
        let (vlans, tunnels, bonds, nics) = (
            of(|kind| matches!(kind, Kind::Vlan { .. })),
            of(|kind| matches!(kind, Kind::Tunnel { .. })),
            of(|kind| matches!(kind, Kind::Bond { .. })),
            of(|kind| matches!(kind, Kind::Nic)),
        );
        let nics_of_guests: Vec<Nic> = self.model.vifs.keys().copied().collect();
        let random = &mut self.random;
        let net = if free.is_empty() || random.one_in(20) {
            random.one(&nets)
        } else {
            random.one(&free)
        };
        let pif = random.one(&pifs);
        self.addresses += 1;
        let n = self.addresses;
        match random.below(34) {
            0..4 => Call::VlanCreate {
                on: pif,
                tag: [7, 8, 0, 4095][random.below(9) % 4],
                net,
            },
            4..6 if !vlans.is_empty() => Call::VlanDestroy {
                pif: random.one(&vlans),
            },
            6 => Call::TunnelCreate {
                through: pif,
                net,
                protocol: random.one(&["gre", "vxlan"]),
            },
            7 if !tunnels.is_empty() => Call::TunnelDestroy {
                pif: random.one(&tunnels),
            },
            8..11 => {
                let from = if random.one_in(10) { &pifs } else { &nics };
                let members = (0..1 + random.below(3)).map(|_| random.one(from)).collect();
                Call::BondCreate {
                    net,
                    members,
                    mode: random.one(&MODES),
                }
            }
            11..14 if !bonds.is_empty() => Call::BondDestroy {
                pif: random.one(&bonds),
            },
            14 if !bonds.is_empty() => Call::SetMode {
                pif: random.one(&bonds),
                mode: random.one(&MODES),
            },
            15 => Call::Plug { pif },
            16 => Call::Unplug { pif },
            17 => Call::V4 {
                pif,
                address: (!random.one_in(3)).then(|| format!("10.{}.{}.2", n / 250 % 250, n % 250)),
            },
            18 => Call::V6 {
                pif,
                address: (!random.one_in(3)).then(|| format!("fd00:{n:x}::2/64")),
            },
            19 => Call::Manage { pif },
            20 if random.one_in(3) => Call::Protect {
                pif,
                on: random.one_in(3),
            },
            21 if random.one_in(3) => Call::Mtu {
                net: random.one(&nets),
                mtu: random.one(&[1500, 1500, 1600, 9000]),
            },
            22..27 => {
                let vm = random.below(VMS);
                Call::Vm {
                    vm,
                    deed: self.deed(vm),
                }
            }
            27 => Call::VifCreate {
                nic: (random.below(VMS), random.below(4) as u32),
                net: random.one(&nets),
            },
            28..34 if !nics_of_guests.is_empty() => Call::Vif {
                nic: random.one(&nics_of_guests),
                change: match random.below(12) {
                    0..2 => Change::Destroy,
                    2..5 => Change::Plug,
                    5..7 => Change::Unplug,
                    7 => Change::Force,
                    _ => Change::Move {
                        net: random.one(&nets),
                    },
                },
            },
            _ => Call::Plug { pif },
        }
    }

    /// Mostly one that makes sense.
    fn deed(&mut self, vm: usize) -> Deed {
        let vm = &self.model.vms[&vm];
        let any = [
            Deed::Start,
            Deed::CleanShutdown,
            Deed::HardShutdown,
            Deed::Pause,
            Deed::Unpause,
            Deed::Suspend,
            Deed::Resume,
        ];
        if self.random.one_in(8) {
            return self.random.one(&any);
        }
        match vm.power {
            // Nothing moves while a guest that cannot let go is there.
            Power::Halted if (vm.clings || !vm.drivers) && !self.random.one_in(3) => {
                Deed::HardShutdown
            }
            Power::Halted => Deed::Start,
            Power::Running if vm.clings || !vm.drivers => Deed::HardShutdown,
            Power::Running => self.random.one(&any[1..6]),
            Power::Paused if self.random.one_in(3) => Deed::HardShutdown,
            Power::Paused => Deed::Unpause,
            Power::Suspended if self.random.one_in(4) => Deed::HardShutdown,
            Power::Suspended => Deed::Resume,
        }
    }
}
