//! The wires between hosts, and what may be done to them.

use super::*;

/// Whether a few pings are answered. More than one, since a bridge learns while the first is on its way.
fn reaches(lab: &TestLab, from: &str, to: &str) -> bool {
    lab.is_true_on(from, &format!("ping -c 4 -i 0.2 -W 1 {to}"))
}

#[test]
fn the_json_description_has_exactly_the_documented_shape() {
    let lab = TestLab::named_only();
    let output = lab.run(&["up", "--no-daemon", "--json", "--hosts", "2", "--nics", "1"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let value: serde_json::Value =
        serde_json::from_str(&text).expect("one document and nothing else");
    let name = &lab.name;
    let password = value["hosts"][0]["password"].as_str().expect("a password");
    assert!(password.len() >= 8);
    let host = |number: u8, address: &str| {
        format!(
            "{{\"name\":\"xs-{number}\",\"address\":\"{address}\",\"url\":\"http://{address}\",\
             \"socket\":\"/run/xapi-lab/{name}/xs-{number}/xcp/xapi\",\"user\":\"root\",\"password\":\"{password}\"}}"
        )
    };
    let hosts = [host(1, "172.16.0.10"), host(2, "172.16.0.12")].join(",");
    assert_eq!(
        text,
        format!("{{\"name\":\"{name}\",\"hosts\":[{hosts}]}}\n")
    );
}

#[test]
fn hosts_and_the_client_reach_each_other_over_both_protocols_that_need_no_checksum_and_those_that_do()
 {
    let lab = TestLab::up(&["--hosts", "2", "--nics", "2"]);
    assert!(reaches(&lab, "client", "172.16.0.10") && reaches(&lab, "xs-1", "172.16.0.12"));
    assert!(reaches(&lab, "xs-2", "172.16.0.1"));
    assert_eq!(
        lab.on("xs-1", "ip route show default"),
        "default via 172.16.0.1 dev xenbr0"
    );
    // Large segments come apart only if no NIC pretends to do that itself.
    let serve = "perl -MIO::Socket -e '$s=IO::Socket::INET->new(LocalPort=>8080,Listen=>1,ReuseAddr=>1) or die; \
                 open F,\">/run/serving\"; while($c=$s->accept){ while(sysread $c,$b,65536){ $n+=length $b } print $c \"$n\\n\"; close $c }'";
    let mut server = lab
        .command()
        .args(["exec", "xs-1", "--", "sh", "-c", serve])
        .spawn()
        .expect("running xapi-lab");
    eventually("it listens", || {
        lab.is_true_on("xs-1", "[ -e /run/serving ]")
    });
    let send = "perl -MIO::Socket -e '$s=IO::Socket::INET->new(PeerAddr=>\"172.16.0.10:8080\",Timeout=>5) or die; \
                print $s \"x\" x 5000000; $s->flush; shutdown $s,1; print <$s>'";
    assert_eq!(lab.on("client", send), "5000000");
    assert_eq!(lab.on("xs-2", send), "10000000");
    server.kill().expect("ending it");
    server.wait().expect("its end");
}

#[test]
fn what_no_bridge_carries_is_not_answered() {
    let lab = TestLab::up(&["--nics", "2"]);
    lab.on(
        "xs-1",
        "ip addr add fd00:172:16::a/64 dev xenbr0 nodad; ip link set eth1 up",
    );
    assert!(reaches(&lab, "client", "172.16.0.10") && reaches(&lab, "client", "fd00:172:16::a"));
    let pings = lab.on(
        "client",
        "ping -c 5 -i 0.2 -W 1 172.16.0.10; ping -c 5 -i 0.2 -W 1 fd00:172:16::a",
    );
    assert!(!pings.contains("DUP"), "two stacks answer: {pings}");
    // The NIC keeps its carrier and the host its address, but Open vSwitch no longer takes packets from one to the
    // other. A kernel that answered by itself would hide every silence that the daemon causes.
    lab.on("xs-1", "ovs-vsctl del-port xenbr0 eth0");
    assert!(!reaches(&lab, "client", "172.16.0.10"));
    assert!(!reaches(&lab, "client", "fd00:172:16::a"));
    let new = lab.succeeds(&["add-nic", "xs-1"]);
    lab.on("xs-1", &format!("ip link set {new} up"));
    assert!(
        !reaches(&lab, "client", "172.16.0.10"),
        "a NIC put in later must not answer either"
    );
    lab.on("xs-1", "ovs-vsctl add-port xenbr0 eth0");
    assert!(reaches(&lab, "client", "172.16.0.10") && reaches(&lab, "client", "fd00:172:16::a"));
}

#[test]
fn a_pulled_cable_has_no_carrier_until_it_is_plugged_in() {
    let lab = TestLab::up(&[]);
    let carrier = || lab.on("xs-1", "cat /sys/class/net/eth0/carrier");
    assert_eq!(carrier(), "1");
    lab.succeeds(&["pull", "xs-1", "eth0"]);
    assert_eq!(carrier(), "0");
    assert!(!reaches(&lab, "client", "172.16.0.10"));
    lab.succeeds(&["pull", "xs-1", "eth0"]);
    lab.succeeds(&["plug-in", "xs-1", "eth0"]);
    assert_eq!(carrier(), "1");
    assert!(reaches(&lab, "client", "172.16.0.10"));
    assert!(
        lab.fails(&["pull", "xs-1", "eth9"])
            .contains("has no NIC eth9")
    );
    assert!(
        lab.fails(&["pull", "xs-2", "eth0"])
            .contains("no host xs-2")
    );
}

#[test]
fn a_partitioned_host_has_its_carrier_and_reaches_nobody_until_it_is_healed() {
    let lab = TestLab::up(&["--hosts", "3", "--nics", "2"]);
    assert!(reaches(&lab, "xs-1", "172.16.0.12"));
    lab.succeeds(&["partition", "xs-2"]);
    assert_eq!(lab.on("xs-2", "cat /sys/class/net/eth0/carrier"), "1");
    assert!(!reaches(&lab, "xs-1", "172.16.0.12") && !reaches(&lab, "client", "172.16.0.12"));
    assert!(
        reaches(&lab, "xs-1", "172.16.0.14"),
        "the others are not cut off"
    );
    // A NIC put in meanwhile is behind the same wall.
    let new = lab.succeeds(&["add-nic", "xs-2"]);
    lab.on(
        "xs-2",
        &format!("ovs-vsctl del-port eth0; ip link set {new} up; ovs-vsctl add-port xenbr0 {new}"),
    );
    assert!(!reaches(&lab, "client", "172.16.0.12"));
    lab.succeeds(&["heal", "xs-2"]);
    assert!(reaches(&lab, "client", "172.16.0.12"));
}

#[test]
fn nics_come_and_go_while_the_host_runs() {
    let lab = TestLab::up(&["--nics", "2"]);
    let nics = || {
        lab.on(
            "xs-1",
            "ls /sys/class/net | grep -v -e lo -e ovs -e xen | tr '\\n' ' '",
        )
    };
    assert_eq!(lab.succeeds(&["add-nic", "xs-1"]), "eth2");
    assert_eq!(
        lab.succeeds(&["add-nic", "xs-1", "eth7", "--mac", "02:00:00:00:00:77"]),
        "eth7"
    );
    assert_eq!(nics().trim(), "eth0 eth1 eth2 eth7");
    assert_eq!(
        lab.on("xs-1", "cat /sys/class/net/eth7/address"),
        "02:00:00:00:00:77"
    );
    assert_eq!(
        lab.on(
            "xs-1",
            "ip link set eth7 up; cat /sys/class/net/eth7/carrier"
        ),
        "1"
    );
    lab.fails(&["add-nic", "xs-1", "eth7"]);
    lab.succeeds(&["remove-nic", "xs-1", "eth1"]);
    assert_eq!(nics().trim(), "eth0 eth2 eth7");
    assert!(
        lab.fails(&["remove-nic", "xs-1", "eth1"])
            .contains("has no NIC eth1")
    );
    assert_eq!(lab.succeeds(&["add-nic", "xs-1"]), "eth1");
    // A NIC that was put in is a NIC like any other at the next reboot.
    lab.on(
        "xs-1",
        "ip link set eth7 down; ip link set eth7 address 02:00:00:00:00:88",
    );
    lab.succeeds(&["remove-nic", "xs-1", "eth2"]);
    lab.succeeds(&["reboot", "xs-1"]);
    assert_eq!(nics().trim(), "eth0 eth1 eth7");
    assert_eq!(
        lab.on("xs-1", "cat /sys/class/net/eth7/address"),
        "02:00:00:00:00:77"
    );
}

#[test]
fn the_switch_gives_out_addresses_that_no_host_has() {
    let lab = TestLab::up(&["--nics", "2"]);
    lab.on(
        "xs-1",
        "ip link set eth1 up; dhclient -1 -sf /bin/true -lf /tmp/leases -pf /tmp/dhclient.pid eth1",
    );
    let lease = lab.on("xs-1", "cat /tmp/leases");
    let address = lease
        .split("fixed-address ")
        .nth(1)
        .and_then(|rest| rest.split(';').next())
        .expect("a lease");
    let last: u8 = address
        .strip_prefix("172.16.0.")
        .and_then(|last| last.parse().ok())
        .expect(address);
    assert!((2..=9).contains(&last), "{address}");
    assert!(
        lease.contains("routers 172.16.0.1;") && lease.contains("subnet-mask 255.255.255.224;"),
        "{lease}"
    );
    assert!(
        lab.is_true_on("xs-1", "[ -z \"$(ip -6 addr show scope global)\" ]"),
        "no address that nobody asked for"
    );
}
