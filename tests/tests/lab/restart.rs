//! A restart of the daemon changes no packet; a reboot of the host brings everything back from the database.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use xapi_model::BondMode;
use xapi_tests::{Lab, agreement};

/// What Open vSwitch's database holds, a line for each value, but for what its daemon counts by itself.
fn ovsdb(lab: &Lab) -> BTreeSet<String> {
    let dump = "ovsdb-client --format=json --data=json dump unix:/var/run/openvswitch/db.sock Open_vSwitch";
    let text = lab.exec("xs-1", dump);
    let mut lines = BTreeSet::new();
    for table in serde_json::Deserializer::from_str(&text).into_iter::<Json>() {
        let table = table.expect("a table");
        let headings: Vec<_> = table["headings"]
            .as_array()
            .expect("headings")
            .iter()
            .collect();
        for row in table["data"].as_array().expect("rows") {
            for (name, value) in headings.iter().zip(row.as_array().expect("cells")).skip(1) {
                if *name != "statistics" {
                    lines.insert(format!(
                        "{} {} {name} = {value}",
                        table["caption"], row[0][1]
                    ));
                }
            }
        }
    }
    lines
}

/// What the kernel has: links, addresses and routes, but for what goes by time.
fn kernel(lab: &Lab) -> BTreeSet<String> {
    let script = "ip -oneline link; ip -oneline address | sed -e 's/ *valid_lft.*//' -e 's/ tentative//'; ip route; ip -6 route";
    lab.exec("xs-1", script)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Nothing is in one of them alone.
fn unchanged(before: &BTreeSet<String>, after: &BTreeSet<String>) {
    let gone: Vec<_> = before.difference(after).collect();
    let come: Vec<_> = after.difference(before).collect();
    assert!(
        gone.is_empty() && come.is_empty(),
        "gone: {gone:#?}\ncome: {come:#?}"
    );
}

#[test]
fn a_restart_of_the_daemon_changes_no_packet_and_takes_less_than_a_second() {
    let lab = Lab::alone(&[]);
    let xen = lab.api("xs-1");
    xen.bond(&["eth0", "eth3"], BondMode::ActiveBackup);
    let ping = lab.ping("172.16.0.10");
    // Long enough for the kernel's own doings with new addresses.
    ping.wait_for(300);
    let before = (
        ovsdb(&lab),
        kernel(&lab),
        agreement::check(&lab, "xs-1", &xen).unwrap(),
    );
    for round in 0..3 {
        let began = Instant::now();
        lab.verb(&["restart", "xs-1"]);
        let took = began.elapsed();
        println!("round {round}: restarted and answering in {took:?}");
        assert!(took < Duration::from_secs(1), "the restart took {took:?}");
    }
    ping.wait_for(50);
    let report = ping.stop();
    println!("{report:?}");
    assert!(report.silence <= Duration::from_millis(50), "{report:?}");
    assert!(
        report.sent <= report.answers + 1,
        "packets were lost: {report:?}"
    );
    let xen = lab.api("xs-1");
    unchanged(&before.0, &ovsdb(&lab));
    unchanged(&before.1, &kernel(&lab));
    assert_eq!(agreement::check(&lab, "xs-1", &xen).unwrap(), before.2);
}

#[test]
fn a_reboot_brings_the_network_back_from_the_database() {
    let lab = Lab::up(&[]);
    let xen = lab.api("xs-1");
    xen.bond(&["eth0", "eth3"], BondMode::ActiveBackup);
    xen.try_static(&xen.pif("eth2").0, "10.9.0.2", "255.255.255.0", "")
        .expect("PIF.reconfigure_ip");
    let before = agreement::check(&lab, "xs-1", &xen).unwrap();
    lab.verb(&["reboot", "xs-1"]);
    let xen = lab.api("xs-1");
    let after = agreement::check(&lab, "xs-1", &xen).unwrap();
    assert_eq!(after, before);
    assert!(
        after
            .iter()
            .any(|line| line.contains("bond0 (active-backup of eth0 eth3)")
                && line.contains("[172.16.0.10/27] management")),
        "{after:#?}"
    );
    let ping = lab.ping("172.16.0.10");
    ping.wait_for(20);
    ping.stop();
}

/// What root can do at a host whose daemon has no database, by the socket and from elsewhere.
fn manage_without_database(lab: &Lab) {
    let xe = |line: &str| lab.exec("xs-1", &format!("xe {line} 2>&1 || true"));
    let interface = || lab.exec("xs-1", "grep MANAGEMENT_INTERFACE /etc/xensource-inventory");
    let bond = interface();
    assert_eq!(xe("host-is-in-emergency-mode"), "true");
    let refused = xe("host-emergency-management-reconfigure interface=xenbr9");
    assert!(refused.contains("xenbr9"), "{refused}");
    assert_eq!(interface(), bond);
    assert_eq!(
        xe("host-emergency-management-reconfigure interface=xenbr1"),
        ""
    );
    assert_eq!(interface(), "MANAGEMENT_INTERFACE='xenbr1'");
    let route = lab.exec("xs-1", "ip -4 route show default");
    assert!(route.contains("dev xenbr1"), "{route}");
    let asks = |address: &str, password: &str| {
        // The client has the machine's files: what is remembered of the host must not stay.
        let xe = program("xe");
        let line = format!(
            "export HOME=$(mktemp -d); {xe} -s {address} -u root -pw {password} host-is-in-emergency-mode; rm -r $HOME"
        );
        let output = lab.run(&["exec", "client", "--", "bash", "-c", &line]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(asks("172.16.0.26", &lab.password), "true");
    assert_eq!(asks("172.16.0.26", "wrong"), "");
    assert_eq!(xe("host-management-disable"), "");
    assert_eq!(asks("172.16.0.26", &lab.password), "");
    let bridge = bond.split('\'').nth(1).expect("its name");
    assert_eq!(
        xe(&format!(
            "host-emergency-management-reconfigure interface={bridge}"
        )),
        ""
    );
    assert_eq!(interface(), bond);
    assert_eq!(asks("172.16.0.10", &lab.password), "true");
}

/// A program beside that of the labs.
fn program(name: &str) -> String {
    let beside = xapi_tests::lab::program().with_file_name(name);
    beside.to_str().expect("a path in UTF-8").to_owned()
}

#[test]
fn a_reboot_with_a_damaged_database_brings_the_network_back_and_the_calls_say_so() {
    let lab = Lab::up(&[]);
    let xen = lab.api("xs-1");
    xen.bond(&["eth0", "eth3"], BondMode::ActiveBackup);
    xen.try_static(
        &xen.pif("eth1").0,
        "172.16.0.26",
        "255.255.255.224",
        "172.16.0.1",
    )
    .expect("PIF.reconfigure_ip");
    // A daemon that runs would write back what it has in mind.
    lab.verb(&["stop", "xs-1"]);
    lab.exec(
        "xs-1",
        "cd /var/lib/xcp; rm -f xapi.db-wal xapi.db-shm; \
         dd if=/dev/urandom of=xapi.db bs=4096 count=8 conv=notrunc status=none",
    );
    let rebooted = lab.run(&["reboot", "xs-1"]);
    println!("reboot: {}", String::from_utf8_lossy(&rebooted.stderr));
    let ping = lab.ping("172.16.0.10");
    ping.wait_for(20);
    ping.stop();
    let bonds = lab.exec("xs-1", "ovs-appctl bond/list");
    assert!(bonds.contains("bond0"), "{bonds}");
    let marker = lab.exec("xs-1", "cat /run/xapi/emergency");
    assert!(marker.contains("/var/lib/xcp/xapi.db"), "{marker}");
    let refused = xapi_tests::Xen::try_login(&lab.socket("xs-1"));
    let why = refused.err().expect("no login").to_string();
    assert!(why.contains("HOST_IN_EMERGENCY_MODE"), "{why}");
    let mut stream = UnixStream::connect(lab.socket("xs-1")).expect("the socket");
    let asked =
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: xs-1\r\nConnection: close\r\n\r\n");
    asked.expect("a question");
    let mut health = String::new();
    stream.read_to_string(&mut health).expect("an answer");
    assert!(health.starts_with("HTTP/1.1 500 "), "{health}");
    manage_without_database(&lab);
    // Begun anew, the daemon answers, and the network stays as it is.
    let ping = lab.ping("172.16.0.10");
    lab.verb(&["stop", "xs-1"]);
    let said = lab.exec("xs-1", "xapi --set-database-aside");
    assert!(said.contains(".aside-"), "{said}");
    lab.verb(&["start", "xs-1"]);
    let xen = lab.api("xs-1");
    let alerts = xen.all::<xapi_model::Message>();
    assert!(
        alerts
            .iter()
            .any(|(_, alert)| alert.name == "MANAGEMENT_NOT_FOUND"),
        "{alerts:#?}"
    );
    ping.wait_for(20);
    let report = ping.stop();
    assert!(report.silence <= Duration::from_millis(100), "{report:?}");
}
