//! The line of the bonding design's manual tests about two hosts: VIFs, VLANs and management are on the NICs of a slave, its
//! master makes bonds, and the slave's daemon is started anew. Packets tell where everything is afterwards.

use std::collections::BTreeSet;

use xapi_tests::{Lab, Way, Wire, eventually};

use crate::members::xe;

const SLAVE: &str = "172.16.0.12";
const GUEST: &str = "10.9.0.12";
const TAGGED_GUEST: &str = "10.7.0.12";
const TAGGED: &str = "10.7.0.22";
/// The client, and the master under tag 7.
const PEERS: [&str; 2] = ["10.9.0.1", "10.7.0.1"];

struct Stage {
    // Before the lab, so that it ends first.
    wire: Wire,
    lab: Lab,
}

impl Stage {
    fn new() -> Stage {
        let lab = Lab::up(&["--hosts", "2"]);
        lab.client(&format!("ip address add {}/24 dev lab0", PEERS[0]));
        let wire = Wire::tap(&lab, "xs-2", &["eth0", "eth1", "eth2", "eth3"]);
        Stage { wire, lab }
    }

    fn xe(&self, line: &str) -> String {
        xe(&self.lab, "xs-1", line)
    }

    /// A field of a NIC's PIF.
    fn nic(&self, host: &str, device: &str, field: &str) -> String {
        self.xe(&format!(
            "pif-list host-name-label={host} device={device} VLAN=-1 params={field} --minimal"
        ))
    }

    /// A machine with one NIC on a network, off; its UUID, and its NIC's.
    fn machine(&self, name: &str, network: &str) -> (String, String) {
        let vm = self.xe(&format!("vm-create name-label={name}"));
        let vif = self.xe(&format!(
            "vif-create vm-uuid={vm} network-uuid={network} device=0"
        ));
        (vm, vif)
    }

    /// The same, running on the slave; its UUID, and its NIC's MAC address.
    fn guest(&self, name: &str, network: &str) -> (String, String) {
        let (vm, vif) = self.machine(name, network);
        let on = self.xe("host-list name-label=xs-2 --minimal");
        self.xe(&format!("vm-start uuid={vm} on={on}"));
        let mac = self.xe(&format!("vif-param-get uuid={vif} param-name=MAC"));
        (vm, mac)
    }

    /// Gives a guest its address, as the program in it would after its NIC came, and has it speak first.
    fn configure(&self, vm: &str, address: &str, peer: &str) {
        let process = format!("/run/xapi/guests/{vm}/process.json");
        let script = format!(
            "pid=$(grep -o '\"pid\": *[0-9]*' {process} | grep -o '[0-9]*$')
             nsenter -t \"$pid\" -n bash -euc 'ip address add {address}/24 dev eth0
                ip link set eth0 up
                ping -c 2 -i 0.02 -W 2 {peer}'"
        );
        self.lab.exec("xs-2", &script);
    }

    /// An address is heard by this NIC of the slave alone, under this MAC address.
    #[track_caller]
    fn is_heard_by(&self, nic: &str, address: &str, mac: &str) {
        let is_tagged = address.starts_with("10.7.");
        let way = Way {
            nic: nic.to_owned(),
            tag: is_tagged.then_some(7),
            mac: mac.to_owned(),
        };
        let unheard = || {
            self.lab.exec("xs-2", "ovs-appctl fdb/flush");
            self.lab.client("ip link set lab0 type bridge fdb_flush");
        };
        let from = if is_tagged { "xs-1" } else { "client" };
        let ways = self.wire.ways(&self.lab, from, address, unheard);
        assert_eq!(ways, BTreeSet::from([way]), "{address}");
    }

    /// It is heard by each member of the bond over these two while that is the active one.
    #[track_caller]
    fn is_heard_by_each(&self, members: [&str; 2], address: &str, mac: &str) {
        let bond = self.bond(members).expect("a bond");
        for member in members {
            self.lab.exec(
                "xs-2",
                &format!(
                    "ovs-appctl revalidator/wait
                     ovs-appctl bond/set-active-member {bond} {member}
                     ovs-appctl revalidator/wait"
                ),
            );
            self.is_heard_by(member, address, mac);
        }
    }

    /// The slave's bond over two NICs, as Open vSwitch has it.
    fn bond(&self, members: [&str; 2]) -> Option<String> {
        let told = self.lab.exec("xs-2", "ovs-appctl bond/list");
        let mut its = told
            .lines()
            .filter(|line| members.iter().all(|member| line.contains(member)));
        Some(its.next()?.split('\t').next()?.to_owned())
    }

    /// Bonds two NICs of the master on a new network; the network.
    fn master_bonds(&self, label: &str, members: [&str; 2]) -> String {
        let network = self.xe(&format!("network-create name-label={label}"));
        let pifs = members.map(|nic| self.nic("xs-1", nic, "uuid")).join(",");
        self.xe(&format!(
            "bond-create network-uuid={network} pif-uuids={pifs} mode=active-backup"
        ));
        network
    }
}

#[test]
fn a_slaves_vifs_vlans_and_management_are_on_its_masters_bonds_when_its_daemon_has_started_anew() {
    let stage = Stage::new();
    let nets = ["eth1", "eth2"].map(|nic| stage.nic("xs-2", nic, "network-uuid"));
    let seven = stage.xe("network-create name-label=seven");
    let untagged = [("xs-1", PEERS[1]), ("xs-2", TAGGED)].map(|(host, address)| {
        let below = stage.nic(host, "eth2", "uuid");
        stage.xe(&format!(
            "vlan-create pif-uuid={below} vlan=7 network-uuid={seven}"
        ));
        let untagged = stage.xe(&format!(
            "pif-list network-uuid={seven} host-name-label={host} --minimal"
        ));
        stage.xe(&format!(
            "pif-reconfigure-ip uuid={untagged} mode=static IP={address} netmask=255.255.255.0"
        ));
        untagged
    });
    let (running, guest) = stage.guest("running", &nets[0]);
    let (on_seven, tagged) = stage.guest("tagged", &seven);
    stage.configure(&running, GUEST, PEERS[0]);
    stage.configure(&on_seven, TAGGED_GUEST, PEERS[1]);
    let (_, off) = stage.machine("off", &nets[1]);
    let [management, mac] = ["eth0", "eth1"].map(|nic| stage.nic("xs-2", nic, "MAC"));
    let own = stage.nic("xs-2", "eth2", "MAC");
    let as_before = || {
        stage.is_heard_by("eth1", GUEST, &guest);
        stage.is_heard_by("eth2", TAGGED_GUEST, &tagged);
        stage.is_heard_by("eth2", TAGGED, &own);
        stage.is_heard_by("eth0", SLAVE, &management);
    };
    as_before();

    let bonded = stage.master_bonds("of guests", ["eth1", "eth2"]);
    stage.master_bonds("of management", ["eth0", "eth3"]);
    // A slave takes nothing over by itself.
    as_before();
    stage.lab.exec("xs-2", "service xapi restart");
    eventually("the slave has the bonds", || {
        let bonds = [["eth1", "eth2"], ["eth0", "eth3"]].map(|members| stage.bond(members));
        match bonds.iter().all(Option::is_some) {
            true => Ok(()),
            false => Err(format!("{bonds:?}")),
        }
    });

    // It let go of its NIC for the bond, and has it again; the other's VLAN has moved under it.
    stage.configure(&running, GUEST, PEERS[0]);
    let members = ["eth1", "eth2"];
    stage.is_heard_by_each(members, GUEST, &guest);
    stage.is_heard_by_each(members, TAGGED_GUEST, &tagged);
    stage.is_heard_by_each(members, TAGGED, &mac);
    stage.is_heard_by_each(["eth0", "eth3"], SLAVE, &management);
    let on = |vif: &str| stage.xe(&format!("vif-param-get uuid={vif} param-name=network-uuid"));
    // A machine that is off goes along only with the one host that it could be started on.
    assert_eq!(on(&off), nets[1]);
    let carrier = stage.xe(&format!(
        "vlan-list untagged-PIF={} params=tagged-PIF --minimal",
        untagged[1]
    ));
    let its = stage.xe(&format!(
        "pif-list network-uuid={bonded} host-name-label=xs-2 --minimal"
    ));
    assert_eq!(carrier, its);
}
