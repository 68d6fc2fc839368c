//! A host's network as people read it when something is wrong: the tree of what is there, and the steps of a plan.

use serde_json::{Value as Json, json};
use xapi_model::ApiError;

use crate::calls::calls;
use crate::fake::{Fake, world};
use crate::prints;

fn told(answer: &Json) -> Fake {
    world().answers("host.call_plugin", Ok(answer.to_string().as_str().into()))
}

fn state() -> Json {
    let nic = |name: &str, active: bool| json!({"name": name, "carrier": true, "speed_mbps": 1000, "enabled": true, "active": active, "drift": []});
    let guest = json!({"name_label": "web", "uuid": "vm-1", "vif": "vif-1", "device": "0", "mac": "02:00:00:00:00:01",
                       "addresses": ["172.16.0.24", "fd00::24"]});
    let port = |name: &str, foreign: bool, guest: &Json| json!({"name": name, "foreign": foreign, "drift": [], "guest": guest});
    let mut down = nic("eth3", false);
    down["drift"] = json!(["change NIC eth3: down -> up"]);
    json!({
        "hostname": "xs-1",
        "bridges": [
            {"name": "xapi1", "network": "PUB", "mtu": 1500, "up": true, "ours": true, "management": true,
             "vlan": null, "addresses": ["172.16.0.10/27", "10.9.9.9/24"], "gateways": ["172.16.0.1"], "nics": [],
             "ports": ["tap7", "vif1.0"],
             "port_details": [port("tap7", true, &Json::Null), port("vif1.0", false, &guest)],
             "drift": ["drop address 10.9.9.9/24 on xapi1"],
             "bonds": [{"name": "bond0", "foreign": false, "drift": [], "members": [nic("eth0", true), down]}]},
            {"name": "xapi2", "network": "lan", "mtu": 1500, "up": true, "ours": true, "management": false,
             "vlan": {"parent": "xapi1", "tag": 7}, "addresses": [], "gateways": [], "nics": [], "ports": [],
             "port_details": [], "bonds": [], "drift": []},
            {"name": "br-int", "network": "", "mtu": 1500, "up": false, "ours": false, "management": false,
             "vlan": null, "addresses": [], "gateways": [], "nics": [], "ports": [], "port_details": [], "bonds": [],
             "drift": []},
        ],
        "nics": [{"name": "eth5", "carrier": false, "bridge": null, "drift": []}],
        "drift": ["change NIC eth3: down -> up", "drop address 10.9.9.9/24 on xapi1"],
        "drift_steps": [
            {"operation": "change", "object": {"kind": "NIC", "name": "eth3"}},
            {"operation": "drop", "object": {"kind": "address", "name": "10.9.9.9/24", "on": "xapi1"}},
        ],
    })
}

#[test]
fn the_network_of_a_host_is_a_tree_down_to_its_guests_with_marks_on_what_is_foreign_or_differs() {
    prints(
        &mut told(&state()),
        "host-network-state uuid=host-1",
        "\
xs-1
├─ xapi1 (PUB), MTU 1500, management, differs
│  ├─ would be done: drop address 10.9.9.9/24 on xapi1
│  ├─ bond0, 2 of 2 links up
│  │  ├─ eth0, 1000 Mbit/s, active
│  │  └─ eth3, 1000 Mbit/s, differs
│  │     └─ would be done: change NIC eth3: down -> up
│  ├─ 172.16.0.10/27
│  ├─ 10.9.9.9/24, differs
│  ├─ gateway 172.16.0.1
│  ├─ tap7, foreign
│  ├─ vif1.0
│  │  └─ NIC 0 of web (vm-1), 172.16.0.24, fd00::24
│  └─ VLAN 7: xapi2 (lan), MTU 1500
├─ br-int, MTU 1500, down, foreign
├─ eth5, no carrier, not in use
└─ differs from the database; what would be done:
   ├─ change NIC eth3: down -> up
   └─ drop address 10.9.9.9/24 on xapi1
",
    );
    let got = told(&state()).xe("host-network-state uuid=host-1 --json");
    assert_eq!(serde_json::from_str::<Json>(&got.out).unwrap(), state());
}

#[test]
fn what_an_older_server_tells_of_a_network_is_drawn_as_far_as_it_goes() {
    let mut old = state();
    for bridge in old["bridges"].as_array_mut().unwrap() {
        let bridge = bridge.as_object_mut().unwrap();
        bridge.remove("port_details");
        bridge.remove("drift");
    }
    let got = told(&old).xe("host-network-state uuid=host-1");
    assert!(got.out.contains("│  ├─ vif1.0\n"), "{}", got.out);
    assert!(
        got.out.contains("├─ xapi1 (PUB), MTU 1500, management\n"),
        "{}",
        got.out
    );
}

fn steps() -> Json {
    json!([
        {"phase": "guests", "operation": "unplug",
         "object": {"kind": "VIF", "name": "0", "on": "machine web (vm-1)", "uuid": "vif-1"},
         "before": "plugged as vif1.0 on lan", "after": "the guest has let go of it; it is plugged again afterwards",
         "touches": ["vif1.0", "xenbr1"],
         "undo": {"operation": "plug", "before": "the guest has let go of it; it is plugged again afterwards",
                  "after": "plugged as vif1.0 on lan"}},
        {"phase": "switch", "operation": "drop", "object": {"kind": "port", "name": "eth1", "on": "xenbr1"},
         "before": "of eth1", "after": null, "touches": ["eth1", "xenbr1"],
         "undo": {"operation": "put", "before": null, "after": "of eth1"}},
        {"phase": "switch", "operation": "change", "object": {"kind": "NIC", "name": "eth1"},
         "before": "MTU 1500", "after": "MTU 9000", "touches": ["eth1"],
         "undo": {"operation": "change", "before": "MTU 9000", "after": "MTU 1500"}},
        {"phase": "retire", "operation": "put", "object": {"kind": "kernel protocols off", "name": "", "on": "eth2"},
         "before": null, "after": "", "touches": ["eth2"],
         "undo": {"operation": "drop", "before": "", "after": null}},
    ])
}

const SHOWN: &str = "\
guests (they are asked first):
   1. unplug VIF 0 on machine web (vm-1)
      touches  vif1.0, xenbr1
      now      plugged as vif1.0 on lan
      then     the guest has let go of it; it is plugged again afterwards
      undo     plug it again: plugged as vif1.0 on lan
switch (from the old to the new):
   2. drop port eth1 on xenbr1
      touches  eth1, xenbr1
      now      of eth1
      undo     put it again: of eth1
   3. change NIC eth1
      touches  eth1
      now      MTU 1500
      then     MTU 9000
      undo     change it back to: MTU 1500
retire (what is left over):
   4. put kernel protocols off on eth2
      touches  eth2
      undo     drop it
";

#[test]
fn a_plan_says_what_is_done_to_what_what_it_concerns_and_what_takes_it_back() {
    let mut fake = told(&steps());
    prints(&mut fake, "host-network-plan uuid=host-1", SHOWN);
    assert!(
        calls(&fake)[0].contains("\"plan\" {as:\"data\"}"),
        "{:?}",
        calls(&fake)
    );
    let got = told(&steps()).xe("host-network-plan uuid=host-1 --json");
    assert_eq!(serde_json::from_str::<Json>(&got.out).unwrap(), steps());
}

#[test]
fn the_plan_of_a_call_is_told_in_the_same_way() {
    let params = steps();
    let params = params.as_array().unwrap().iter().map(Json::to_string);
    let plan = ApiError::new("NETWORK_PLAN", params.collect());
    let mut fake = world().answers("network.destroy", Err(plan.clone()));
    prints(
        &mut fake,
        "network-destroy uuid=network-0 --plan-only",
        SHOWN,
    );
    assert_eq!(fake.asked[0], "careful plan-only=true plan-as=data");
    let mut fake = world().answers("network.destroy", Err(plan));
    let got = fake.xe("network-destroy uuid=network-0 --plan-only --json");
    assert_eq!(serde_json::from_str::<Json>(&got.out).unwrap(), steps());
}

#[test]
fn the_steps_of_several_hosts_are_told_host_by_host() {
    let mut steps = steps();
    for (at, host) in [(1, "xs-1"), (2, "xs-2")] {
        steps[at]["host"] = host.into();
    }
    let two: Vec<_> = steps.as_array().unwrap()[1..3].to_vec();
    let got = told(&json!(two)).xe("host-network-plan uuid=host-1");
    assert!(
        got.out
            .starts_with("xs-1, switch (from the old to the new):\n   1. drop"),
        "{}",
        got.out
    );
    assert!(
        got.out
            .contains("\nxs-2, switch (from the old to the new):\n   2. change"),
        "{}",
        got.out
    );
}
