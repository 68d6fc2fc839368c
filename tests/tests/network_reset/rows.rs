//! `host.reset_networking`: every row of a host's network goes in one commit, whatever the rows are like, and the host's
//! network stays.

use std::collections::BTreeSet;

use xapi_model::{Bond, Class, Host, NetworkSriov, Pif, PifMetrics, Ref, Tunnel, Value, Vlan};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::{BROKEN, laden, meddle, networks, record, vifs};

fn reset(host: &SimHost) -> Result<Value, xapi_model::ApiError> {
    host.call("host.reset_networking", vec![text(&host.host())])
}

/// Nothing of a host's network is left, and nothing refers to what is gone.
fn nothing_is_left(host: &SimHost) {
    assert_eq!(host.all::<Pif>().len(), 0);
    assert_eq!(host.all::<Bond>().len(), 0);
    assert_eq!(host.all::<Vlan>().len(), 0);
    assert_eq!(host.all::<Tunnel>().len(), 0);
    assert_eq!(host.all::<NetworkSriov>().len(), 0);
    assert_eq!(host.all::<PifMetrics>().len(), 0);
}

#[test]
fn all_of_a_hosts_network_goes_in_one_commit_and_networks_and_vifs_stay() {
    let host = laden();
    let (nets, nics) = (networks(&host), vifs(&host));
    let before = host.core().store.generation();
    reset(&host).unwrap();
    // One for the call, and those of its task.
    let classes = host.changed_since(before);
    assert!(classes.contains(&"PIF") && classes.contains(&"Bond"));
    nothing_is_left(&host);
    assert_eq!(networks(&host), nets);
    assert_eq!(vifs(&host), nics);
}

#[test]
fn no_reader_ever_sees_half_of_it() {
    let host = laden();
    let pifs = || host.all::<Pif>().len();
    let all = pifs();
    let seen = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while pifs() > 0 {
                seen.insert((pifs(), host.all::<Bond>().len(), host.all::<Vlan>().len()));
            }
            seen
        });
        reset(&host).unwrap();
        watching.join().unwrap()
    });
    // The three are three views; the last of them may be of after the commit.
    for (pifs, bonds, vlans) in seen {
        assert!(pifs == all || pifs == 0, "{pifs} PIFs of {all}");
        assert!(bonds <= 1 && (vlans == 3 || vlans == 0));
    }
}

#[test]
fn the_hosts_own_network_stays_and_so_does_the_way_to_it() {
    let mut host = laden();
    let state = host.handle.world().state.clone();
    let inventory = || std::fs::read_to_string(host.root().join("etc/xensource-inventory"));
    let named = inventory().unwrap();
    reset(&host).unwrap();
    assert_eq!(host.handle.world().state, state);
    assert_eq!(inventory().unwrap(), named);
    assert!(host.core().management_enabled());
    assert!(record(&host).other_config.contains_key("network-reset"));

    // A start of the daemon finds NICs again, but no management interface, which was on a bond: it takes nothing away.
    host.start();
    assert!(host.core().management_enabled());
    let mut now = host.handle.world().state.clone();
    now.dhcp.clone_from(&state.dhcp);
    assert_eq!(now, state, "the start changed the host");

    // A PIF that is made the management interface ends it.
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    let pif = text(&host.pif("eth0"));
    let words = ["Static", "172.16.0.10", "255.255.255.224", "172.16.0.1", ""].map(Value::from);
    let params = std::iter::once(pif.clone()).chain(words);
    host.call("PIF.reconfigure_ip", params.collect()).unwrap();
    assert_eq!(host.handle.world().state.bridges, state.bridges);
    host.call("host.management_reconfigure", vec![pif]).unwrap();
    assert_eq!(host.diverged(), Vec::<String>::new());
    assert!(
        !host
            .get(&host.host())
            .other_config
            .contains_key("network-reset")
    );
    let named = std::fs::read_to_string(host.root().join("etc/xensource-inventory")).unwrap();
    assert!(named.contains("MANAGEMENT_INTERFACE='xenbr0'"), "{named}");
}

#[test]
fn a_host_without_a_management_interface_keeps_its_network_too() {
    let mut host = laden();
    host.call("host.management_disable", Vec::new()).unwrap();
    let state = host.handle.world().state.clone();
    reset(&host).unwrap();
    host.start();
    host.handle.tell(&xapi_net::agent::NetEvent::NicsChanged);
    assert_eq!(host.handle.world().state.addresses, state.addresses);
    assert!(!host.core().management_enabled());
    let refused = host
        .call("PIF.plug", vec![text(&host.pif("eth2"))])
        .unwrap_err();
    assert_eq!(refused.code, "PIF_CONFIGURATION_ERROR");
    assert!(
        refused.params[1].contains("management_reconfigure"),
        "{refused}"
    );
}

#[test]
fn a_second_reset_finds_nothing_and_is_none_the_worse() {
    let host = laden();
    reset(&host).unwrap();
    reset(&host).unwrap();
    nothing_is_left(&host);
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    assert_eq!(host.all::<Pif>().len(), 5);
    reset(&host).unwrap();
    nothing_is_left(&host);
}

#[test]
fn what_is_asked_for_with_bad_parameters_is_refused_as_everywhere() {
    let host = laden();
    let before = host.all::<Pif>().len();
    let nobody = host.call(
        "host.reset_networking",
        vec![Value::from("OpaqueRef:nobody")],
    );
    let nobody = nobody.unwrap_err();
    assert_eq!(nobody.code, "HANDLE_INVALID");
    assert_eq!(nobody.params, ["host", "OpaqueRef:nobody"]);
    let of_a_pif = host.call("host.reset_networking", vec![text(&host.pif("eth1"))]);
    assert_eq!(of_a_pif.unwrap_err().code, "HANDLE_INVALID");
    let count = host.call("host.reset_networking", Vec::new()).unwrap_err();
    assert_eq!(count.code, "MESSAGE_PARAMETER_COUNT_MISMATCH");
    let kind = host
        .call("host.reset_networking", vec![Value::Int(7)])
        .unwrap_err();
    assert_eq!(kind.code, "INTERNAL_ERROR");
    assert_eq!(host.all::<Pif>().len(), before);
}

#[test]
fn nobody_is_told_of_it_and_whoever_knows_it_may_call_it() {
    let host = SimHost::new(1);
    for list in ["system.listMethods", "host.list_methods"] {
        let listed = match list {
            "system.listMethods" => host.raw(list, Vec::new()),
            _ => host.call(list, Vec::new()),
        };
        let Value::Array(names) = listed.unwrap() else {
            panic!("{list}: no list")
        };
        for hidden in ["host.reset_networking", "PIF.scan_bios"] {
            assert!(
                !names.contains(&Value::from(hidden)),
                "{list} names {hidden}"
            );
        }
    }
    let task = host
        .call("Async.host.reset_networking", vec![text(&host.host())])
        .unwrap();
    let task = Ref::<xapi_model::Task>::new(task.as_str().unwrap());
    let status = host.finished(&task).status;
    assert_eq!(status, xapi_model::TaskStatusType::Success);
}

#[test]
fn no_broken_row_stops_it() {
    for (what, sql) in BROKEN {
        let mut host = laden();
        let nets = networks(&host);
        meddle(&mut host, sql);
        host.start();
        reset(&host).unwrap_or_else(|why| panic!("{what}: {why}"));
        nothing_is_left(&host);
        assert_eq!(networks(&host), nets, "{what}");
        host.call("PIF.scan", vec![text(&host.host())])
            .unwrap_or_else(|why| panic!("{what}: {why}"));
        assert_eq!(host.all::<Pif>().len(), 5, "{what}");
    }
}

#[test]
fn another_hosts_rows_stay() {
    let host = laden();
    let store = &host.core().store;
    let network = host.new_network("elsewhere");
    let other = store
        .change(|draft| {
            let other = draft.insert(Host::blank())?;
            let metrics = draft.insert(PifMetrics::blank())?;
            draft.insert(Pif {
                device: "eth0".to_owned(),
                host: other,
                network: network.clone(),
                metrics,
                ..Pif::blank()
            })
        })
        .unwrap();
    reset(&host).unwrap();
    let left: Vec<_> = host.all::<Pif>().into_iter().map(|(pif, _)| pif).collect();
    assert_eq!(left, [other]);
    assert_eq!(host.all::<PifMetrics>().len(), 1);
}
