//! Ten ways to lose a host, and the way back.

use std::collections::BTreeSet;

use rusqlite::Connection;
use xapi_tests::{Lab, Xen};

use crate::host::{ADDRESS, STATIC, answers, furnished, is_reset, kept, reset, unseen};

/// Loses a furnished host, sees that it is lost, resets it, and sees what must hold.
fn lose(how: impl FnOnce(&Lab, &Xen)) {
    let (lab, xen) = furnished();
    let before = kept(&xen);
    assert!(answers(&lab, ADDRESS));
    how(&lab, &xen);
    assert!(!answers(&lab, ADDRESS), "the host is not lost");
    come_back(&lab, &before);
}

fn come_back(lab: &Lab, before: &BTreeSet<String>) {
    reset(lab, STATIC, ADDRESS);
    is_reset(lab, "eth0", before);
}

/// Does something to the database while the daemon is down.
fn in_the_database(lab: &Lab, act: impl FnOnce(&Connection)) {
    lab.verb(&["stop", "xs-1"]);
    let database = lab.socket("xs-1").with_file_name("xapi.db");
    let open = Connection::open(database).expect("the database");
    act(&open);
    open.close().expect("the database closes");
}

#[test]
fn a_bond_of_nics_that_are_gone() {
    lose(|lab, _| {
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
    });
}

#[test]
fn management_on_a_vlan_with_the_wrong_tag() {
    lose(|lab, _| {
        let script = "
            network=$(xe network-create name-label=wrong)
            pif=$(xe pif-list device=eth0 physical=true --minimal)
            vlan=$(xe vlan-create network-uuid=$network pif-uuid=$pif vlan=99)
            xe pif-reconfigure-ip uuid=$vlan mode=static IP=10.5.0.2 netmask=255.255.255.0
            xe host-management-reconfigure pif-uuid=$vlan
            xe pif-reconfigure-ip uuid=$pif mode=none";
        unseen(lab, || drop(lab.exec("xs-1", script)));
    });
}

#[test]
fn a_wrong_static_address() {
    lose(|lab, _| {
        let script = "xe pif-reconfigure-ip uuid=$(xe pif-list management=true --minimal) \
                      mode=static IP=10.99.0.1 netmask=255.255.255.0";
        unseen(lab, || drop(lab.exec("xs-1", script)));
    });
}

#[test]
fn a_foreign_bridge_that_holds_the_nic() {
    // Without a reboot, which would take the bridge away.
    for foreign in [
        "ip link add br7 type bridge; ip link set eth0 master br7; ip link set br7 up; \
         ip address add 172.16.0.26/27 dev br7",
        "ovs-vsctl add-br br7 -- set bridge br7 datapath_type=netdev -- add-port br7 eth0; \
         ip link set br7 up; ip address add 172.16.0.26/27 dev br7",
        // And one with the name that ours will have.
        "ip link add xenbr0 type bridge; ip link set eth0 master xenbr0; ip link set xenbr0 up; \
         ip address add 172.16.0.26/27 dev xenbr0",
    ] {
        let (lab, xen) = furnished();
        let before = kept(&xen);
        lab.verb(&["stop", "xs-1"]);
        lab.exec("xs-1", &format!("ovs-vsctl del-br xenbr0; {foreign}"));
        assert!(!answers(&lab, ADDRESS), "the host is not lost");
        reset(&lab, &format!("--no-reboot {STATIC}"), ADDRESS);
        // What is not ours is switched off, and stays for whoever made it.
        let theirs = "ip link show dev br7 up 2>/dev/null || true; \
                      ovs-vsctl --if-exists del-br br7; ip link delete br7 2>/dev/null || true";
        assert_eq!(lab.exec("xs-1", theirs), "");
        is_reset(&lab, "eth0", &before);
    }
}

#[test]
fn files_of_another_toolstack_and_our_own_full_of_rubbish() {
    lose(|lab, _| {
        let script = "
            xe pif-reconfigure-ip uuid=$(xe pif-list management=true --minimal) mode=static \
                IP=10.99.0.1 netmask=255.255.255.0
            head -c 3000 /dev/urandom > /var/lib/xcp/networkd.db
            head -c 3000 /dev/urandom > /etc/firstboot.d/data/management.conf
            head -c 3000 /dev/urandom > /var/lib/xcp/last-topology.json
            echo nonsense > /etc/resolv.conf";
        unseen(lab, || drop(lab.exec("xs-1", script)));
    });
}

#[test]
fn an_open_vswitch_that_has_forgotten_everything() {
    lose(|lab, _| {
        lab.verb(&["stop", "xs-1"]);
        lab.exec(
            "xs-1",
            "for bridge in $(ovs-vsctl list-br); do ovs-vsctl --if-exists del-br $bridge; done",
        );
    });
}

#[test]
fn two_pifs_on_one_nic() {
    lose(|lab, xen| {
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
    });
}

#[test]
fn an_inventory_that_names_no_management_interface() {
    lose(|lab, _| {
        let script = "sed -i /MANAGEMENT_INTERFACE/d /etc/xensource-inventory";
        in_the_database(lab, |database| {
            database
                .execute_batch("UPDATE PIF SET management = 0")
                .expect("no management");
        });
        lab.exec("xs-1", script);
        lab.exec("xs-1", "ovs-vsctl del-br xenbr0");
    });
}

#[test]
fn a_nic_that_was_replaced() {
    lose(|lab, _| {
        lab.verb(&["stop", "xs-1"]);
        lab.verb(&["remove-nic", "xs-1", "eth0"]);
        lab.verb(&["add-nic", "xs-1", "eth0", "--mac", "02:aa:00:00:00:77"]);
    });
}

#[test]
fn rows_of_an_older_version_that_refer_to_nothing() {
    lose(|lab, _| {
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
    });
}
