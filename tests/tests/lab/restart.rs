//! A restart of the daemon changes no packet; a reboot of the host brings everything back from the database.

use std::time::{Duration, Instant};

use serde_json::Value as Json;
use xapi_model::BondMode;
use xapi_tests::{Lab, agreement};

/// What Open vSwitch's database holds, but for what counts by itself.
fn ovsdb(lab: &Lab) -> Vec<Json> {
    let text = lab.exec("xs-1", "ovsdb-client --format=json --data=json dump unix:/var/run/openvswitch/db.sock Open_vSwitch");
    let tables = serde_json::Deserializer::from_str(&text).into_iter::<Json>();
    let tables = tables.map(|table| {
        let table = table.expect("a table");
        let headings = table["headings"].as_array().expect("headings").clone();
        let counts = headings.iter().position(|name| name == "statistics");
        let rows = table["data"].as_array().expect("rows").iter();
        let rows: Vec<Json> = rows
            .map(|row| {
                let mut cells = row.as_array().expect("cells").clone();
                if let Some(counts) = counts {
                    cells.remove(counts);
                }
                Json::Array(cells)
            })
            .collect();
        serde_json::json!([table["caption"], headings, rows])
    });
    tables.collect()
}

#[test]
fn a_restart_of_the_daemon_changes_no_packet_and_takes_less_than_a_second() {
    let lab = Lab::alone(&[]);
    let xen = lab.api("xs-1");
    xen.bond(&["eth0", "eth3"], BondMode::ActiveBackup);
    let kernel = "ip -oneline address | sed 's/ *valid_lft.*//'; ip route; ip -6 route; ip -json link | tr -d ' '";
    let before = (
        ovsdb(&lab),
        lab.exec("xs-1", kernel),
        agreement::check(&lab, "xs-1", &xen).unwrap(),
    );
    let ping = lab.ping("172.16.0.10");
    ping.wait_for(20);
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
    let xen = lab.api("xs-1");
    let after = (
        ovsdb(&lab),
        lab.exec("xs-1", kernel),
        agreement::check(&lab, "xs-1", &xen).unwrap(),
    );
    assert_eq!(after, before);
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
