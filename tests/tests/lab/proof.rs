//! Changes on the path of management that nobody outside answers after, and one that waits for a person who never speaks.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use xapi_model::{Bond, Host, Network, Ref, Task, TaskStatusType, host};
use xapi_tests::lab::Background;
use xapi_tests::{Lab, Xen, agreement, eventually};

use xapi_tests::stage::{refused, uuid_of, xe};

/// Gives up on who does not answer sooner than usual.
fn impatient(lab: &Lab) -> Xen {
    lab.exec(
        "xs-1",
        "sed -i '1i proof_deadline = 2' /etc/xensource/xapi.toml; service xapi restart",
    );
    lab.api("xs-1")
}

#[test]
fn management_stays_where_it_is_when_the_router_is_silent_on_the_other_nic() {
    let lab = Lab::up(&["--nics", "2"]);
    let xen = impatient(&lab);
    let (eth1, row) = xen.pif("eth1");
    let given = xen.try_static(&eth1, "172.16.0.26", "255.255.255.224", "172.16.0.1");
    given.expect("PIF.reconfigure_ip");
    let before = agreement::check(&lab, "xs-1", &xen).unwrap();
    lab.verb(&["pull", "xs-1", "eth1"]);
    let line = format!("host-management-reconfigure pif-uuid={}", row.uuid);
    let began = Instant::now();
    let told = refused(&lab, &line);
    assert!(
        told.contains("the router 172.16.0.1 answered before the change"),
        "{told}"
    );
    assert!(told.contains("all is as it was"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(20), "{told}");
    assert_eq!(agreement::check(&lab, "xs-1", &xen).unwrap(), before);
    assert_eq!(xen.management().1.device, "eth0");
    let ping = lab.ping("172.16.0.10");
    ping.wait_for(10);
    ping.stop();
    let route = lab.exec("xs-1", "ip route show default");
    assert!(route.contains("dev xenbr0"), "{route}");
    // With the cable in it goes.
    lab.verb(&["plug-in", "xs-1", "eth1"]);
    eventually("the cable is seen", || {
        let carrier = lab.exec("xs-1", "cat /sys/class/net/eth1/carrier");
        (carrier == "1").then_some(()).ok_or(carrier)
    });
    xe(&lab, &line);
    assert_eq!(lab.api("xs-1").management().1.device, "eth1");
}

/// For how many seconds a change still waits.
fn waits(xen: &Xen) -> Option<u64> {
    let call = host::CallPlugin {
        host: xen.all::<Host>().remove(0).0,
        plugin: "xapi-network".to_owned(),
        fn_: "waits".to_owned(),
        args: BTreeMap::new(),
    };
    let told: String = xen.session().invoke(&call).expect("host.call_plugin");
    let told: Json = serde_json::from_str(&told).expect("JSON");
    told["seconds_left"].as_u64()
}

/// A bond over management that waits for a person.
fn bond_that_waits(lab: &Lab, xen: &Xen, network: &Ref<Network>) -> Background {
    let network = uuid_of(xen, network);
    let members = ["eth0", "eth3"].map(|nic| xen.pif(nic).1.uuid).join(",");
    let script = format!(
        "xe bond-create network-uuid={network} pif-uuids={members} --confirm-within=600 2>&1"
    );
    // Its first line says that it waits.
    let call = lab.background("xs-1", &script);
    eventually("the change waits for a person", || {
        waits(xen).map(drop).ok_or_else(|| "it does not".to_owned())
    });
    assert_eq!(bonds(lab), "bond0");
    call
}

/// The bonds that Open vSwitch has.
fn bonds(lab: &Lab) -> String {
    lab.exec("xs-1", "ovs-appctl bond/list | tail -n +2 | cut -f1")
}

/// Nothing of the change is left, and the host is reached where it was.
fn is_as_before(lab: &Lab, before: &[String]) -> Xen {
    let xen = lab.api("xs-1");
    assert!(xen.all::<Bond>().is_empty());
    for (_, task) in xen.all::<Task>() {
        assert_ne!(task.status, TaskStatusType::Pending, "{task:?}");
    }
    assert_eq!(bonds(lab), "");
    assert_eq!(agreement::check(lab, "xs-1", &xen).unwrap(), before);
    assert_eq!(waits(&xen), None);
    xen
}

#[test]
fn a_daemon_killed_while_a_change_waits_for_a_person_finds_the_host_and_puts_it_back() {
    let lab = Lab::up(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    let before = agreement::check(&lab, "xs-1", &xen).unwrap();
    let network = xen.new_network("bonded");
    let call = bond_that_waits(&lab, &xen, &network);
    lab.verb(&["kill", "xs-1"]);
    // Nobody is there to put it back, and it goes on.
    assert_eq!(bonds(&lab), "bond0");
    let ping = lab.ping("172.16.0.10");
    lab.verb(&["start", "xs-1"]);
    drop(call);
    is_as_before(&lab, &before);
    ping.wait_for(20);
    ping.stop();
}

#[test]
fn a_host_that_reboots_while_a_change_waits_for_a_person_comes_up_as_it_was() {
    let lab = Lab::up(&["--nics", "4"]);
    let mut xen = lab.api("xs-1");
    let before = agreement::check(&lab, "xs-1", &xen).unwrap();
    let network = xen.new_network("bonded");
    // In good order, and with nobody left who could have put anything back.
    for killed in [false, true] {
        let call = bond_that_waits(&lab, &xen, &network);
        if killed {
            lab.verb(&["kill", "xs-1"]);
        }
        lab.verb(&["reboot", "xs-1"]);
        drop(call);
        xen = is_as_before(&lab, &before);
        let (management, row) = xen.management();
        assert_eq!((&*row.device, &*row.ip), ("eth0", "172.16.0.10"));
        assert!(row.currently_attached, "{management}");
        let ping = lab.ping("172.16.0.10");
        ping.wait_for(20);
        ping.stop();
    }
}
