//! Which call comes next, by chance.

use super::{MODES, Machine, NICS, TAGS, VMS};
use crate::model::machines::{self, Change, Deed, LOCKS, Power};
use crate::model::{By, Call, DHCP, Kind, Nic};

/// Properties of bonds, some of which are of no mode.
const PROPERTIES: [(&str, &str); 8] = [
    ("hashing_algorithm", "src_mac"),
    ("hashing_algorithm", "tcpudp_ports"),
    ("lacp-time", "fast"),
    ("lacp-time", "often"),
    ("lacp-fallback-ab", "false"),
    ("lacp-aggregation-key", "12"),
    ("lacp-aggregation-key", "65536"),
    ("colour", "red"),
];

/// Addresses and ranges that may be allowed to a guest, of each family. The last of each is none.
const ALLOWABLE: [[&str; 4]; 2] = [
    ["10.9.0.1", "10.9.0.2", "10.9.1.4/30", "10.9.0.300"],
    ["fd09::1", "fd09::2", "fd09:0:0:1::8/126", "fd09::1::2"],
];

impl Machine {
    pub(super) fn choose(&mut self) -> Call {
        let pifs: Vec<String> = self.model.pifs.keys().cloned().collect();
        let nets: Vec<String> = self.model.mtus.keys().cloned().collect();
        let forgotten = self.model.forgotten();
        let is_free =
            |net: &&String| !self.model.pifs.contains_key(*net) && !forgotten.contains(net);
        let free: Vec<String> = nets.iter().filter(is_free).cloned().collect();
        // The network of a NIC is kept for its next PIF.
        let taken: Vec<String> = nets
            .iter()
            .filter(|net| !forgotten.contains(net))
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
            random.one_of(&taken)
        } else {
            random.one_of(&free)
        };
        let pif = random.one_of(&pifs);
        // A tunnel's MAC is random, so that no server knows it.
        let asks = !tunnels.contains(&pif) && random.one_in(4);
        self.addresses += 1;
        let n = self.addresses;
        match random.below(34) {
            0..4 => Call::VlanCreate {
                on: pif,
                tag: i64::from(TAGS[random.below(9) % 4]),
                net,
                by: random.one_of(&[By::Pif, By::Pif, By::Device, By::Pool]),
            },
            4 if random.one_in(20) => Call::VlanNowhere { net },
            4 if random.one_in(3) => Call::PifDestroy { pif },
            4..6 if !vlans.is_empty() => {
                let pif = random.one_of(&vlans);
                match random.one_in(4) {
                    true => Call::PifDestroy { pif },
                    false => Call::VlanDestroy { pif },
                }
            }
            6 => Call::TunnelCreate {
                through: pif,
                net,
                protocol: random.one_of(&["gre", "vxlan"]),
            },
            7 if !tunnels.is_empty() => Call::TunnelDestroy {
                pif: random.one_of(&tunnels),
            },
            8..11 => {
                let from = if random.one_in(10) { &pifs } else { &nics };
                let members = (0..1 + random.below(3))
                    .map(|_| random.one_of(from))
                    .collect();
                Call::BondCreate {
                    net,
                    members,
                    mode: random.one_of(&MODES),
                }
            }
            11..14 if !bonds.is_empty() => Call::BondDestroy {
                pif: random.one_of(&bonds),
            },
            14 if !bonds.is_empty() && random.one_in(2) => {
                let (name, value) = random.one_of(&PROPERTIES);
                let pif = random.one_of(&bonds);
                Call::SetProperty { pif, name, value }
            }
            14 if !bonds.is_empty() => Call::SetMode {
                pif: random.one_of(&bonds),
                mode: random.one_of(&MODES),
            },
            15 => Call::Plug { pif },
            16 => Call::Unplug { pif },
            17 => Call::V4 {
                pif,
                address: match random.one_in(3) {
                    _ if asks => Some(DHCP.to_owned()),
                    true => None,
                    false => Some(format!("10.{}.{}.2", n / 250 % 250, n % 250)),
                },
            },
            18 => Call::V6 {
                pif,
                address: match random.one_in(3) {
                    _ if asks => Some(DHCP.to_owned()),
                    true => None,
                    false => Some(format!("fd00:{n:x}::2/64")),
                },
            },
            19 => Call::Manage { pif },
            20 if random.one_in(3) => Call::Protect {
                pif,
                on: random.one_in(3),
            },
            20 if random.one_in(20) => Call::Restart,
            20 if random.one_in(4) => Call::Close {
                net: random.one_of(&nets),
                closed: random.one_in(2),
            },
            20 if random.one_in(8) => match random.below(3) {
                0 => Call::Introduce {
                    net: format!("xenbr{}", random.below(NICS)),
                },
                1 => Call::IntroduceNothing,
                _ => Call::Scan,
            },
            // A NIC that is not there is of no use to what comes, so it comes back soon.
            21 if random.one_in(3) && !forgotten.is_empty() => match random.one_in(2) {
                true => Call::Scan,
                false => Call::Introduce {
                    net: random.one_of(&forgotten),
                },
            },
            21 if random.one_in(6) => Call::Forget { pif },
            21 if random.one_in(3) => Call::Mtu {
                net: random.one_of(&nets),
                mtu: random.one_of(&[1500, 1500, 1600, 9000]),
            },
            22..27 => self.deed(),
            27 => Call::VifCreate {
                nic: (random.below(VMS), random.below(4) as u32),
                net: random.one_of(&nets),
            },
            28..34 if !nics_of_guests.is_empty() => {
                let nic = random.one_of(&nics_of_guests);
                let net = random.one_of(&nets);
                Call::Vif {
                    nic,
                    change: self.change(nic, net),
                }
            }
            _ => Call::Plug { pif },
        }
    }

    /// A call about a machine; mostly one that makes sense.
    fn deed(&mut self) -> Call {
        let random = &mut self.random;
        let mut vm = random.below(VMS);
        let is_firm = |vm: &machines::Vm| vm.clings || !vm.drivers;
        // Nothing moves while a guest that cannot let go is there, so it isn't for long.
        if is_firm(&self.model.vms[&vm]) && random.one_in(2) {
            vm = random.below(VMS);
        }
        let of = &self.model.vms[&vm];
        let willing = [
            Deed::CleanShutdown,
            Deed::HardShutdown,
            Deed::Suspend,
            Deed::Suspend,
            Deed::Pause,
        ];
        let deed = match of.power {
            _ if random.one_in(10) => random.one_of(&Deed::ALL),
            Power::Halted => Deed::Start,
            Power::Running if is_firm(of) => Deed::HardShutdown,
            Power::Running => random.one_of(&willing),
            Power::Paused => random.one_of(&[Deed::Unpause, Deed::Unpause, Deed::HardShutdown]),
            Power::Suspended => random.one_of(&[Deed::Resume, Deed::Resume, Deed::HardShutdown]),
        };
        Call::Vm { vm, deed }
    }

    /// What is asked of a NIC; mostly what makes sense.
    fn change(&mut self, nic: Nic, net: String) -> Change {
        let random = &mut self.random;
        let runs = self.model.vms[&nic.0].power == Power::Running;
        let v6 = random.one_in(2);
        // Some of the other family, and some of none.
        let own = ALLOWABLE[usize::from(v6 != random.one_in(15))];
        match random.below(13) {
            10 | 11 => Change::Lock(random.one_of(&LOCKS)),
            12 if random.one_in(2) => Change::AllowOnly {
                v6,
                all: (0..random.below(4)).map(|_| random.one_of(&own)).collect(),
            },
            12 => {
                let address = random.one_of(&own);
                match random.one_in(3) {
                    true => Change::Disallow { v6, address },
                    false => Change::Allow { v6, address },
                }
            }
            0..4 => Change::Move { net },
            4 => Change::Destroy,
            5 => random.one_of(&[Change::Plug, Change::Unplug, Change::Force]),
            _ if !runs => Change::Move { net },
            _ if !self.model.vifs[&nic].attached => Change::Plug,
            6 => Change::Force,
            _ => Change::Unplug,
        }
    }
}
