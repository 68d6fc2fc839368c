//! A slave of a real pool that nobody can reach: the command on the slave itself, and the master does the rest.

use std::collections::BTreeSet;

use xapi_model::{Bond, Host, Network, Pif, Vif, Vlan};
use xapi_tests::{Lab, Xen, eventually};

use crate::host::answers;

const MASTER: &str = "172.16.0.10";
/// What the slave has at first, and after each of the two resets.
const BEFORE: &str = "172.16.0.12";
const AFTER: [&str; 2] = ["172.16.0.21", "172.16.0.22"];

/// The management interface of the slave as its master has it: its device and its address.
fn management(xen: &Xen) -> (String, String) {
    let slave = slave(xen);
    let mut own = xen.all::<Pif>();
    own.retain(|(_, pif)| pif.host == slave && pif.management);
    let (_, pif) = own.pop().expect("a management interface");
    (pif.device, pif.ip)
}

fn slave(xen: &Xen) -> xapi_model::Ref<Host> {
    let mut hosts = xen.all::<Host>().into_iter();
    let found = hosts.find(|(_, host)| host.name_label == "xs-2");
    found.expect("the slave").0
}

/// What must stay.
fn kept(xen: &Xen) -> BTreeSet<String> {
    let vifs = xen.all::<Vif>().into_iter();
    let vifs = vifs.map(|(_, vif)| format!("VIF {} on {}", vif.uuid, vif.network));
    let networks = xen.all::<Network>().into_iter();
    vifs.chain(networks.map(|(_, row)| format!("network {}", row.uuid)))
        .collect()
}

/// Waits until the master has made the slave's rows, and the slave has removed its trigger.
fn is_reset(lab: &Lab, xen: &Xen, address: &str) {
    eventually(&format!("the slave is reset to {address}"), || {
        let is = management(xen);
        // While the host boots nothing runs there.
        let script = "ls /var/tmp /tmp | grep network-reset || echo none";
        let left = lab.run(&["exec", "xs-2", "--", "bash", "-c", script]);
        let left = String::from_utf8_lossy(&left.stdout).trim().to_owned();
        match is == ("eth1".to_owned(), address.to_owned()) && left == "none" {
            true => Ok(()),
            false => Err(format!("{is:?}, {left}")),
        }
    });
    assert!(answers(lab, address), "{address} does not answer");
    let live = "host-list name-label=xs-2 params=host-metrics-live,address";
    eventually("the slave is live", || {
        let said = lab.exec("xs-1", &format!("xe {live}"));
        match said.contains("true") && said.contains(address) {
            true => Ok(()),
            false => Err(said),
        }
    });
}

#[test]
fn a_slave_that_is_lost_comes_back_by_the_command_and_its_master_makes_the_rows() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "4"]);
    let xen = lab.api("xs-1");
    // A VLAN of the pool's, a machine on it, and management of the slave on a bond of its own.
    let script = "
        pif() { xe pif-list host-name-label=$1 device=$2 --minimal; }
        tagged=$(xe network-create name-label=tagged)
        xe vlan-create network-uuid=$tagged pif-uuid=$(pif xs-1 eth3) vlan=7 >/dev/null
        vm=$(xe vm-create name-label=guest)
        xe vif-create vm-uuid=$vm network-uuid=$tagged device=0 mac=02:00:00:00:00:01 >/dev/null
        bonded=$(xe network-create name-label=bonded)
        xe bond-create network-uuid=$bonded pif-uuids=$(pif xs-2 eth0),$(pif xs-2 eth2) mode=active-backup >/dev/null";
    lab.exec("xs-1", script);
    assert_eq!(management(&xen), ("bond0".to_owned(), BEFORE.to_owned()));
    let before = kept(&xen);
    // Somebody's hand, and the slave no longer knows where its master is.
    lab.verb(&["stop", "xs-2"]);
    lab.exec(
        "xs-2",
        "for bridge in $(ovs-vsctl list-br); do ovs-vsctl del-br $bridge; done
         echo slave:172.16.0.30 >/etc/xensource/pool.conf",
    );
    assert!(!answers(&lab, BEFORE), "the slave is not lost");
    for (address, afterwards) in [(AFTER[0], "--no-reboot"), (AFTER[1], "")] {
        let line = format!(
            "xe-reset-networking --yes {afterwards} -m {MASTER} --device eth1 --mode static --ip {address} \
             --netmask 255.255.255.224 --gateway 172.16.0.1"
        );
        let output = lab.run(&["exec", "xs-2", "--", "bash", "-c", &line]);
        println!("{}", String::from_utf8_lossy(&output.stdout));
        is_reset(&lab, &xen, address);
        assert!(!answers(&lab, BEFORE), "the old address is still there");
        let role = lab.exec("xs-2", "cat /etc/xensource/pool.conf");
        assert_eq!(role.trim(), format!("slave:{MASTER}"));
        // The bond was the slave's own; the VLAN is the pool's.
        assert_eq!(xen.all::<Bond>().len(), 0);
        eventually("the pool's VLAN", || match xen.all::<Vlan>().len() {
            2 => Ok(()),
            other => Err(other.to_string()),
        });
        assert_eq!(kept(&xen), before);
        let bridges = lab.exec("xs-2", "ovs-vsctl list-br");
        assert!(bridges.lines().any(|line| line == "xenbr1"), "{bridges}");
    }
}
