//! Ten ways to lose a host, and the ways back: by the command, and by the console.

use rusqlite::Connection;
use xapi_tests::screen::Screen;
use xapi_tests::{Lab, Xen};

use crate::host::{ADDRESS, STATIC, answers, back, furnished, is_reset, kept, reset, unseen};

/// By what a host is led back.
#[derive(Clone, Copy)]
enum By {
    /// The command, after which the machine boots.
    Command,
    /// The console, after which the daemon alone is started.
    Console,
}

impl By {
    /// Resets the host, and waits until its API answers the switch again.
    fn reset(self, lab: &Lab) {
        match self {
            By::Command => reset(lab, STATIC, ADDRESS),
            By::Console => {
                let screen = Screen::console(lab, (80, 25));
                screen.to_the_resets_summary("eth0", ADDRESS);
                screen.reset_in_place();
                back(lab, ADDRESS);
            }
        }
    }
}

/// Loses a furnished host, sees that it is lost, resets it, and sees what must hold.
fn lose(how: fn(&Lab, &Xen), by: By) {
    let (lab, xen) = furnished();
    let before = kept(&xen);
    assert!(answers(&lab, ADDRESS));
    how(&lab, &xen);
    assert!(!answers(&lab, ADDRESS), "the host is not lost");
    by.reset(&lab);
    is_reset(&lab, "eth0", &before);
}

/// Tests of each way to lose a host, with each way back.
macro_rules! ways {
    ($($way:ident)*) => {
        mod by_the_command {
            $(#[test]
            fn $way() {
                super::lose(super::$way, super::By::Command);
            })*
        }
        mod by_the_console {
            $(#[test]
            fn $way() {
                super::lose(super::$way, super::By::Console);
            })*
        }
    };
}

ways! {
    a_bond_of_nics_that_are_gone
    management_on_a_vlan_with_the_wrong_tag
    a_wrong_static_address
    files_of_another_toolstack_and_our_own_full_of_rubbish
    an_open_vswitch_that_has_forgotten_everything
    two_pifs_on_one_nic
    an_inventory_that_names_no_management_interface
    a_nic_that_was_replaced
    rows_of_an_older_version_that_refer_to_nothing
}

/// Bridges over the NIC that others make: of the kernel, of Open vSwitch, and one with the name that ours will have.
const FOREIGN: [&str; 3] = [
    "ip link add br7 type bridge; ip link set eth0 master br7; ip link set br7 up; \
     ip address add 172.16.0.26/27 dev br7",
    "ovs-vsctl add-br br7 -- set bridge br7 datapath_type=netdev -- add-port br7 eth0; \
     ip link set br7 up; ip address add 172.16.0.26/27 dev br7",
    "ip link add xenbr0 type bridge; ip link set eth0 master xenbr0; ip link set xenbr0 up; \
     ip address add 172.16.0.26/27 dev xenbr0",
];

/// What is not ours is switched off, and stays for whoever made it; then it goes.
fn foreign_is_off(lab: &Lab) {
    let theirs = "ip link show dev br7 up 2>/dev/null || true; \
                  ovs-vsctl --if-exists del-br br7; ip link delete br7 2>/dev/null || true";
    assert_eq!(lab.exec("xs-1", theirs), "");
}

#[test]
fn a_foreign_bridge_that_holds_the_nic() {
    // Without a boot, which would take the bridge away.
    for (foreign, by) in FOREIGN
        .into_iter()
        .zip([By::Command, By::Command, By::Console])
    {
        let (lab, xen) = furnished();
        let before = kept(&xen);
        lab.verb(&["stop", "xs-1"]);
        lab.exec("xs-1", &format!("ovs-vsctl del-br xenbr0; {foreign}"));
        assert!(!answers(&lab, ADDRESS), "the host is not lost");
        match by {
            By::Command => reset(&lab, &format!("--no-reboot {STATIC}"), ADDRESS),
            By::Console => by.reset(&lab),
        }
        foreign_is_off(&lab);
        is_reset(&lab, "eth0", &before);
    }
}

#[test]
fn a_foreign_bridge_that_is_there_again_at_each_boot_before_the_daemon() {
    // Not the first: a bridge of the kernel does not keep an Open vSwitch in user space from the NIC.
    for foreign in &FOREIGN[1..] {
        let (lab, xen) = furnished();
        let before = kept(&xen);
        let script = format!("#!/bin/sh\n{foreign}\n");
        lab.feed(
            "xs-1",
            "cat >/etc/lab-boot; chmod +x /etc/lab-boot",
            &script,
        );
        lab.verb(&["reboot", "xs-1"]);
        assert!(!answers(&lab, ADDRESS), "the host is not lost");
        reset(&lab, STATIC, ADDRESS);
        let told = "xe message-list name=NETWORK_RESET_TOOK_NIC params=body --minimal";
        let told = lab.exec("xs-1", told);
        assert!(told.contains("eth0 is taken from"), "{told}");
        foreign_is_off(&lab);
        is_reset(&lab, "eth0", &before);
    }
}

/// Does something to the database while the daemon is down.
fn in_the_database(lab: &Lab, act: impl FnOnce(&Connection)) {
    lab.verb(&["stop", "xs-1"]);
    let database = lab.socket("xs-1").with_file_name("xapi.db");
    let open = Connection::open(database).expect("the database");
    act(&open);
    open.close().expect("the database closes");
}

fn a_bond_of_nics_that_are_gone(lab: &Lab, _: &Xen) {
    let script = "
        network=$(xe network-create name-label=MGT)
        pif() { xe pif-list device=$1 physical=true --minimal; }
        xe bond-create network-uuid=$network pif-uuids=$(pif eth4),$(pif eth5) >/dev/null
        bond=$(xe pif-list network-uuid=$network --minimal)
        xe pif-reconfigure-ip uuid=$bond mode=static IP=172.16.0.11 netmask=255.255.255.224
        xe host-management-reconfigure pif-uuid=$bond
        xe pif-reconfigure-ip uuid=$(pif eth0) mode=none";
    unseen(lab, || drop(lab.exec("xs-1", script)));
    lab.verb(&["remove-nic", "xs-1", "eth4"]);
    lab.verb(&["remove-nic", "xs-1", "eth5"]);
}

fn management_on_a_vlan_with_the_wrong_tag(lab: &Lab, _: &Xen) {
    let script = "
        network=$(xe network-create name-label=wrong)
        pif=$(xe pif-list device=eth0 physical=true --minimal)
        vlan=$(xe vlan-create network-uuid=$network pif-uuid=$pif vlan=99)
        xe pif-reconfigure-ip uuid=$vlan mode=static IP=10.5.0.2 netmask=255.255.255.0
        xe host-management-reconfigure pif-uuid=$vlan
        xe pif-reconfigure-ip uuid=$pif mode=none";
    unseen(lab, || drop(lab.exec("xs-1", script)));
}

fn a_wrong_static_address(lab: &Lab, _: &Xen) {
    let script = "xe pif-reconfigure-ip uuid=$(xe pif-list management=true --minimal) \
                  mode=static IP=10.99.0.1 netmask=255.255.255.0";
    unseen(lab, || drop(lab.exec("xs-1", script)));
}

fn files_of_another_toolstack_and_our_own_full_of_rubbish(lab: &Lab, _: &Xen) {
    let script = "
        xe pif-reconfigure-ip uuid=$(xe pif-list management=true --minimal) mode=static \
            IP=10.99.0.1 netmask=255.255.255.0
        head -c 3000 /dev/urandom > /var/lib/xcp/networkd.db
        head -c 3000 /dev/urandom > /etc/firstboot.d/data/management.conf
        head -c 3000 /dev/urandom > /var/lib/xcp/last-topology.json
        echo nonsense > /etc/resolv.conf";
    unseen(lab, || drop(lab.exec("xs-1", script)));
}

fn an_open_vswitch_that_has_forgotten_everything(lab: &Lab, _: &Xen) {
    lab.verb(&["stop", "xs-1"]);
    lab.exec(
        "xs-1",
        "for bridge in $(ovs-vsctl list-br); do ovs-vsctl --if-exists del-br $bridge; done",
    );
}

fn two_pifs_on_one_nic(lab: &Lab, xen: &Xen) {
    xen.new_network("spare");
    in_the_database(lab, |database| {
        let sql = "
            CREATE TEMP TABLE twin AS SELECT * FROM PIF WHERE device = 'eth0' AND physical;
            UPDATE twin SET _ref = 'OpaqueRef:00000000-0000-0000-0000-00000000ab1e',
                uuid = '00000000-0000-0000-0000-00000000ab1e',
                network = (SELECT _ref FROM network WHERE name_label = 'spare');
            INSERT INTO PIF SELECT * FROM twin;
            INSERT INTO _refs SELECT target, field, (SELECT _ref FROM twin) FROM _refs
                WHERE holder = (SELECT _ref FROM PIF WHERE device = 'eth0' AND physical
                    AND _ref NOT IN (SELECT _ref FROM twin));
            UPDATE _class SET rows = rows + 1 WHERE name = 'PIF'";
        database.execute_batch(sql).expect("a second PIF");
    });
    lab.exec("xs-1", "ovs-vsctl del-br xenbr0");
}

fn an_inventory_that_names_no_management_interface(lab: &Lab, _: &Xen) {
    let script = "sed -i /MANAGEMENT_INTERFACE/d /etc/xensource-inventory";
    in_the_database(lab, |database| {
        database
            .execute_batch("UPDATE PIF SET management = 0")
            .expect("no management");
    });
    lab.exec("xs-1", script);
    lab.exec("xs-1", "ovs-vsctl del-br xenbr0");
}

fn a_nic_that_was_replaced(lab: &Lab, _: &Xen) {
    lab.verb(&["stop", "xs-1"]);
    lab.verb(&["remove-nic", "xs-1", "eth0"]);
    lab.verb(&["add-nic", "xs-1", "eth0", "--mac", "02:aa:00:00:00:77"]);
}

fn rows_of_an_older_version_that_refer_to_nothing(lab: &Lab, _: &Xen) {
    in_the_database(lab, |database| {
        let sql = "
            UPDATE OR REPLACE _refs SET target = 'OpaqueRef:gone'
                WHERE holder IN (SELECT _ref FROM Bond) AND target IN (SELECT master FROM Bond);
            UPDATE Bond SET master = 'OpaqueRef:gone';
            UPDATE OR REPLACE _refs SET target = 'OpaqueRef:gone'
                WHERE holder = (SELECT _ref FROM PIF WHERE device = 'eth4')
                AND target IN (SELECT network FROM PIF UNION SELECT metrics FROM PIF);
            UPDATE PIF SET network = 'OpaqueRef:gone', metrics = 'OpaqueRef:gone' WHERE device = 'eth4';
            INSERT INTO _refs SELECT 'OpaqueRef:gone', number, (SELECT _ref FROM PIF WHERE device = 'eth5')
                FROM _field WHERE class = 'PIF' AND name = 'VLAN_master_of';
            UPDATE PIF SET VLAN_master_of = 'OpaqueRef:gone' WHERE device = 'eth5'";
        database.execute_batch(sql).expect("rows of old");
    });
    lab.exec("xs-1", "ovs-vsctl del-br xenbr0");
}
