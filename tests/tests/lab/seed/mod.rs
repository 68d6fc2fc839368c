//! The manual tests of the bonding design, line by line. What it calls a test is one here, and has its name:
//!
//! * Create a bond of two interfaces … [`create`]
//!   * without VIFs/VLANs/management on them: `create::without_vifs_vlans_or_management`
//!   * with management on one of them: `create::with_management_on_one`
//!   * with a VLAN on one of them: `create::with_a_vlan_on_one`
//!   * with two VLANs on two different interfaces, having the same VLAN tag: `create::with_two_vlans_of_the_same_tag`
//!   * with a VIF associated with a halted VM on one of them: `create::with_a_vif_of_a_halted_vm`
//!   * with a VIF associated with a running VM (with and without PV drivers): `create::with_a_vif_of_a_running_vm_…`
//! * Destroy a bond of two interfaces … [`destroy`], in the same words
//! * Restart XAPI on a host with a networking configuration that has become illegal: [`restart`]
//!
//! The line about two hosts is in the pools' lab (`tests/tests/pool_lab/inherit.rs`). Running VMs are namespaces in those, and QEMU's in [`machines`].
//!
//! Across each change management is pinged from outside, by both families. Before and after it, packets tell by which
//! NIC, with which tag and under whose MAC address they come out of the host.

mod create;
mod destroy;
mod machines;
mod restart;

use std::collections::BTreeSet;
use std::time::Duration;

use xapi_model::{Bond, BondMode, Network, Pif, Ref, Vlan, host, vlan};
use xapi_tests::lab::quiet_at_most;
use xapi_tests::{Lab, Way, Wire, Xen};

use xapi_tests::stage::{bridge_of, network_of, uuid_of};

/// The longest silence of management on a NIC or a bond.
const SILENCE: Duration = Duration::from_millis(100);
/// The longest silence of management on a VLAN, whose device Open vSwitch makes anew. A busy machine takes longer, and
/// one move in many is silent for longer by itself (docs/networking.md): it is moved up to this often, and silent for
/// no longer than that at any time.
const VLAN_SILENCE: Duration = Duration::from_millis(250);
const VLAN_MOVES: usize = 3;
const VLAN_SILENCE_EVER: Duration = Duration::from_secs(2);
/// Answers that are waited for after a change, in which late troubles would show.
const SETTLING: u64 = 50;

/// Management's addresses.
const V4: &str = "172.16.0.10";
const V6: &str = "fd00:172:16::10";
/// Addresses for what else is on the host, on the client's second network.
const PLAIN: &str = "10.9.0.2";
const GUEST: &str = "10.9.0.3";
const PLAIN_PEER: &str = "10.9.0.1";
/// And under tag 7, where the other host is.
const TAGGED: &str = "10.7.0.2";
const TAGGED_GUEST: &str = "10.7.0.3";
const TAGGED_PEER: &str = "10.7.0.1";
const TAGGED_V6: &str = "fd00:10:7::2";
const TAGGED_PEER_V6: &str = "fd00:10:7::1";
const TAG: u16 = 7;

/// A host with four NICs whose cables are tapped; management is on eth0, and nothing on the others.
struct Stage {
    // Before the lab, so that it ends first.
    wire: Wire,
    lab: Lab,
    xen: Xen,
}

impl Stage {
    fn new() -> Stage {
        Stage::with(&["--nics", "4"])
    }

    /// Beside it another host, on VLAN 7.
    fn with_peer() -> Stage {
        let stage = Stage::with(&["--nics", "4", "--hosts", "2", "--apart"]);
        let other = stage.lab.api("xs-2");
        let vlan = vlan_on(&other, "eth1", "peer", Some(TAGGED_PEER));
        other.static_v6(&vlan, &format!("{TAGGED_PEER_V6}/64"), "");
        stage
    }

    fn with(options: &[&str]) -> Stage {
        let lab = Lab::alone(options);
        let wire = Wire::tap(&lab, "xs-1", &["eth0", "eth1", "eth2", "eth3"]);
        lab.client(&format!("ip address add {PLAIN_PEER}/24 dev lab0"));
        let xen = lab.api("xs-1");
        xen.static_v6(&xen.management().0, &format!("{V6}/64"), "fd00:172:16::1");
        Stage { wire, lab, xen }
    }

    /// Does something under pings of management.
    fn change<T>(&self, doing: &str, act: impl FnOnce() -> T) -> T {
        let pings = [V4, V6].map(|address| self.lab.ping(address));
        let outcome = act();
        pings.iter().for_each(|ping| ping.wait_for(SETTLING));
        for report in pings.map(|ping| ping.stop()) {
            quiet_at_most(SILENCE, doing, &report);
        }
        outcome
    }

    /// Gives a PIF on VLAN 7 an address of the other family, too, and management.
    fn manage_by_vlan(&self, untagged: &Ref<Pif>) {
        self.xen.static_v6(untagged, &format!("{TAGGED_V6}/64"), "");
        let manage = host::ManagementReconfigure {
            pif: untagged.clone(),
        };
        let session = self.xen.session();
        session.invoke(&manage).expect("management on the VLAN");
    }

    /// Does something under pings of management on VLAN 7, by both families. If one was silent for too long, that is
    /// undone and tried again.
    fn change_of_vlan<T>(&self, doing: &str, act: impl Fn() -> T, undo: impl Fn(T)) -> T {
        let mut moves = 1;
        loop {
            let addresses = [TAGGED, TAGGED_V6];
            let pings = addresses.map(|address| self.lab.ping_from("xs-2", address));
            let outcome = act();
            pings.iter().for_each(|ping| ping.wait_for(SETTLING));
            let reports = pings.map(|ping| ping.stop());
            for report in &reports {
                quiet_at_most(VLAN_SILENCE_EVER, doing, report);
            }
            if reports.iter().all(|report| report.silence <= VLAN_SILENCE) {
                return outcome;
            }
            if moves == VLAN_MOVES {
                for report in &reports {
                    quiet_at_most(VLAN_SILENCE, doing, report);
                }
                return outcome;
            }
            undo(outcome);
            moves += 1;
        }
    }

    /// Bonds two NICs on a new network, management under pings.
    fn bond(&self, members: [&str; 2]) -> Bonded {
        let network = self.xen.new_network("bonded");
        let bond = self.change(&format!("Bond.create {members:?}"), || {
            let made = self
                .xen
                .try_bond(&network, &members, BondMode::ActiveBackup);
            made.expect("Bond.create")
        });
        let row: Bond = self.xen.session().record(&bond).expect("the bond");
        Bonded {
            bond,
            master: row.master,
            network,
        }
    }

    /// Destroys a bond, management under pings.
    fn unbond(&self, bonded: &Bonded) {
        self.change("Bond.destroy", || self.xen.unbond(&bonded.bond));
        assert!(self.xen.all::<Bond>().is_empty());
        assert_eq!(self.lab.exec("xs-1", "ovs-appctl bond/list | wc -l"), "1");
    }

    /// By which ways an address on the host is heard by the client, or under tag 7 by the other host.
    #[track_caller]
    fn ways(&self, address: &str, unheard: impl Fn()) -> BTreeSet<Way> {
        let from = match address {
            TAGGED | TAGGED_GUEST => "xs-2",
            _ => "client",
        };
        self.wire.ways(&self.lab, from, address, unheard)
    }

    /// An address is heard by this NIC alone, under this MAC address; under tag 7 if it is an address there.
    #[track_caller]
    fn is_heard_by(&self, nic: &str, address: &str, mac: &str) {
        self.is_heard_by_after(nic, address, mac, || ());
    }

    /// As `is_heard_by`; after a ping that was not answered, `unheard` is called.
    #[track_caller]
    fn is_heard_by_after(&self, nic: &str, address: &str, mac: &str, unheard: impl Fn()) {
        let tagged = matches!(address, TAGGED | TAGGED_GUEST);
        let way = Way {
            nic: nic.to_owned(),
            tag: tagged.then_some(TAG),
            mac: mac.to_owned(),
        };
        assert_eq!(self.ways(address, unheard), [way].into(), "{address}");
    }

    /// An address is heard by each member of bond0 while that is the active one, and by no other.
    ///
    /// Open vSwitch looks at its cached flows twice a second, and learns then from what came meanwhile. What the fabric
    /// sent back by the member that was not the active one can count as if it came by the active one: its sender is
    /// found behind the bond then, and not told to the fabric when the active member changes, until it speaks again.
    /// Who changes the active member waits until no such flow is left, and has what was learned wrongly all the same
    /// forgotten; and waits until no flow is left that sends by the member before.
    #[track_caller]
    fn is_heard_by_each(&self, members: [&str; 2], address: &str, mac: &str) {
        let looked = "ovs-appctl revalidator/wait";
        for member in members {
            let active = format!("ovs-appctl bond/set-active-member bond0 {member}");
            self.lab
                .exec("xs-1", &format!("{looked}; {active}; {looked}"));
            self.is_heard_by_after(member, address, mac, || {
                self.lab.exec("xs-1", "ovs-appctl fdb/flush");
                self.lab.client("ip link set lab0 type bridge fdb_flush");
            });
        }
    }

    /// The MAC address of a PIF.
    fn mac(&self, pif: &Ref<Pif>) -> String {
        self.xen.session().field(pif, Pif::MAC).expect("a PIF")
    }

    /// Gives a PIF an address.
    fn address(&self, pif: &Ref<Pif>, ip: &str) {
        let given = self.xen.try_static(pif, ip, "255.255.255.0", "");
        given.expect("PIF.reconfigure_ip");
    }

    /// The parent and the tag of a VLAN's bridge, as Open vSwitch has them.
    fn on_the_switch(&self, untagged: &Ref<Pif>) -> (String, String) {
        let bridge = bridge_of(&self.xen, untagged);
        let script = format!("ovs-vsctl br-to-parent {bridge}; ovs-vsctl br-to-vlan {bridge}");
        let told = self.lab.exec("xs-1", &script);
        let (parent, tag) = told.split_once('\n').expect("two lines");
        (parent.to_owned(), tag.to_owned())
    }

    /// The VLAN carries its PIF on this one.
    #[track_caller]
    fn is_vlan_on(&self, untagged: &Ref<Pif>, tagged: &Ref<Pif>) {
        let vlans = self.xen.all::<Vlan>();
        let its = vlans.iter().find(|(_, row)| row.untagged_pif == *untagged);
        let (_, row) = its.expect("the VLAN");
        assert_eq!(row.tagged_pif, *tagged);
        let expected = (bridge_of(&self.xen, tagged), TAG.to_string());
        assert_eq!(self.on_the_switch(untagged), expected);
    }

    /// `Bond.create`'s line for `xe`.
    fn bond_line(&self, network: &Ref<Network>, members: [&str; 2]) -> String {
        let members = members.map(|nic| self.xen.pif(nic).1.uuid).join(",");
        let network = uuid_of(&self.xen, network);
        format!("bond-create network-uuid={network} pif-uuids={members} mode=active-backup")
    }

    /// The uuid of a NIC's network.
    fn network_uuid(&self, device: &str) -> String {
        network_of(&self.xen, device).1
    }
}

/// A bond that was made.
struct Bonded {
    bond: Ref<Bond>,
    master: Ref<Pif>,
    network: Ref<Network>,
}

/// VLAN 7 on a PIF of a host, on a new network, with an address or without.
fn vlan_on(xen: &Xen, device: &str, label: &str, ip: Option<&str>) -> Ref<Pif> {
    let create = vlan::Create {
        tagged_pif: xen.pif(device).0,
        tag: i64::from(TAG),
        network: xen.new_network(label),
    };
    let made: Ref<Vlan> = xen.session().invoke(&create).expect("VLAN.create");
    let row = xen.session().field(&made, Vlan::UNTAGGED_PIF);
    let untagged = row.expect("its PIF");
    if let Some(ip) = ip {
        let given = xen.try_static(&untagged, ip, "255.255.255.0", "");
        given.expect("an address");
    }
    untagged
}
