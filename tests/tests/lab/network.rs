//! What `xe` tells of a live network, of which a part is somebody else's and a part has gone astray.

use serde_json::Value as Json;
use xapi_tests::{Lab, eventually};

use xapi_tests::stage::{machine, network_of, refused, xe};

#[test]
fn the_live_network_is_drawn_down_to_its_guests_with_marks_on_what_is_foreign_or_astray() {
    let lab = Lab::up(&["--nics", "2"]);
    let xen = lab.api("xs-1");
    let web = machine(&lab, "web", &network_of(&xen, "eth1").1, "");
    web.start(&lab);
    let vif = web.port(&xen);
    let told = xe(&lab, "host-network-plan");
    assert!(told.contains("nothing to do"), "{told}");

    // By hand: a port of somebody else's, and an address that no row has.
    lab.exec(
        "xs-1",
        "ovs-vsctl add-port xenbr1 tap7 -- set Interface tap7 type=internal",
    );
    // The daemon mends it when it hears of the port, which may be at any moment.
    let astray = |line: &str, told: &str| {
        eventually("the host differs", || {
            lab.exec("xs-1", "ip address replace 10.9.9.9/24 dev xenbr1");
            let said = xe(&lab, line);
            said.contains(told).then(|| said.clone()).ok_or(said)
        })
    };
    let drawn = astray("host-network-state", "10.9.9.9/24, differs");
    println!("{drawn}");
    let lines: Vec<_> = drawn.lines().collect();
    let at = |what: &str| {
        let found = lines.iter().position(|line| line.ends_with(what));
        found.unwrap_or_else(|| panic!("no line ends with {what:?}:\n{drawn}"))
    };
    let bridge = lines.iter().position(|line| line.contains(" xenbr1 ("));
    let bridge = bridge.expect("the bridge");
    assert!(lines[bridge].ends_with(", differs"), "{drawn}");
    assert!(
        at("would be done: drop address 10.9.9.9/24 on xenbr1") > bridge,
        "{drawn}"
    );
    assert!(at(" 10.9.9.9/24, differs") > bridge, "{drawn}");
    assert!(at(" tap7, foreign") > bridge, "{drawn}");
    let guest = at(&format!(" NIC 0 of web ({})", web.uuid));
    assert!(lines[guest - 1].ends_with(&vif), "{drawn}");
    assert!(at("differs from the database; what would be done:") > guest);
    let management = lines.iter().find(|line| line.contains(" xenbr0 ("));
    assert!(
        management.is_some_and(|line| line.ends_with(", management")),
        "{drawn}"
    );

    // The plan is the same drift, and nothing of what is foreign.
    let plan = astray("host-network-plan --json", "10.9.9.9/24");
    let plan: Json = serde_json::from_str(&plan).expect("JSON");
    let steps = plan.as_array().expect("steps");
    let about: Vec<_> = steps.iter().map(|step| &step["object"]["name"]).collect();
    assert!(about.contains(&&"10.9.9.9/24".into()), "{plan}");
    assert!(!plan.to_string().contains("tap7"), "{plan}");
    assert!(
        steps
            .iter()
            .all(|step| step["undo"]["operation"].is_string()),
        "{plan}"
    );
    astray("host-network-plan", "drop address 10.9.9.9/24 on xenbr1");

    // What is mended differs no more, and what is foreign stays.
    lab.verb(&["restart", "xs-1"]);
    let xen = lab.api("xs-1");
    let told = xe(&lab, "host-network-plan");
    assert!(told.contains("nothing to do"), "{told}");
    let drawn = xe(&lab, "host-network-state");
    assert!(drawn.contains(" tap7, foreign\n"), "{drawn}");
    assert!(!drawn.contains("differs"), "{drawn}");

    // A call that would be refused has no plan; that of others begins with the guests.
    let members = ["eth0", "eth1"].map(|nic| xen.pif(nic).1.uuid).join(",");
    let network = xe(&lab, "network-create name-label=bonded");
    let line = format!("bond-create network-uuid={network} pif-uuids={members} --plan-only");
    let told = refused(&lab, &line);
    assert!(told.contains("tap7 stands on it, and isn't ours"), "{told}");
    lab.exec("xs-1", "ovs-vsctl del-port tap7");
    let told = xe(&lab, &line);
    println!("{told}");
    let first = format!("   1. unplug VIF 0 on machine web ({})", web.uuid);
    assert_eq!(told.lines().nth(1), Some(first.as_str()), "{told}");
    assert!(told.contains("put port bond0 on "), "{told}");
    assert!(web.row(&xen).currently_attached);
}
