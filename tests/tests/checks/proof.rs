//! Changes on the path of management that would cut the host off, and the person who may say that they are well.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::Value as Json;
use xapi_core::Origin;
use xapi_core::watch::Watch;
use xapi_guest::Guests as _;
use xapi_model::{ApiError, Bond, Network, Pif, Ref, Value, errors};
use xapi_net::object;
use xapi_net::ovs::row;
use xapi_net::topology::{Dns, Inet, Lease, Name};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

const ROUTER: &str = "172.16.0.1";

/// A host whose router is behind some of its NICs only.
fn stage(behind: &[&str]) -> SimHost {
    let host = SimHost::configured(3, |config| config.proof_within = Duration::from_millis(50));
    let router: IpAddr = ROUTER.parse().unwrap();
    let nics: BTreeSet<_> = behind.iter().map(|nic| Name::new(nic).unwrap()).collect();
    host.handle.world().outside.insert(router, nics);
    host
}

fn asking(
    host: &SimHost,
    wishes: &[(&str, &str)],
    call: &str,
    params: Vec<Value>,
) -> Result<Value, ApiError> {
    let wishes = wishes.iter();
    let origin = Origin {
        other_config: wishes
            .map(|(key, value)| (format!("http:{key}"), (*value).to_owned()))
            .collect(),
        ..Origin::default()
    };
    let session = Value::from(host.session());
    let params = std::iter::once(session).chain(params).collect();
    host.api().call(&origin, call, params)
}

/// `Bond.create` over devices on a network that is there.
fn bond(
    host: &SimHost,
    wishes: &[(&str, &str)],
    network: &Ref<Network>,
    devices: &[&str],
) -> Result<Ref<Bond>, ApiError> {
    let members = devices.iter().map(|device| text(&host.pif(device)));
    let params = vec![
        text(network),
        Value::Array(members.collect()),
        Value::from(""),
        Value::from("active-backup"),
    ];
    let made = asking(host, wishes, "Bond.create", params)?;
    Ok(Ref::new(made.as_str().unwrap()))
}

/// Management gets its address on another NIC, where the router may not be.
fn move_to(host: &SimHost, wishes: &[(&str, &str)], device: &str) -> Result<Value, ApiError> {
    let pif = host.pif(device);
    let address = ["172.16.0.20", "255.255.255.224", ROUTER, ""].map(Value::from);
    let params = [text(&pif), Value::from("Static")]
        .into_iter()
        .chain(address);
    host.call("PIF.reconfigure_ip", params.collect())?;
    asking(
        host,
        wishes,
        "host.management_reconfigure",
        vec![text(&pif)],
    )
}

/// Waits until the bond is on the host; nothing is committed by then, and nobody told.
fn until_bonded(host: &SimHost) {
    let until = std::time::Instant::now() + Duration::from_secs(20);
    let bonded = || {
        let world = host.handle.world();
        world
            .state
            .ports
            .keys()
            .any(|port| port.as_str() == "bond0")
    };
    while !bonded() {
        assert!(std::time::Instant::now() < until, "no bond");
        std::thread::yield_now();
    }
}

fn plugin(host: &SimHost, function: &str, args: &[(&str, &str)]) -> Result<Json, ApiError> {
    let args = args.iter();
    let args = args.map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
    let params = vec![
        text(&host.host()),
        Value::from("xapi-network"),
        Value::from(function),
        Value::Struct(args.collect()),
    ];
    let told = host.call("host.call_plugin", params)?;
    Ok(serde_json::from_str(told.as_str().unwrap()).unwrap())
}

#[test]
fn a_plan_changes_nothing_while_management_is_unknown() {
    let nics = ["eth0", "eth1"].map(|nic| Name::new(nic).unwrap());
    let host = SimHost::without_inventory(xapi_net::sim::Handle::new(nics));
    let (pif, before) = (text(&host.pif("eth1")), host.seen());
    let words = ["Static", "10.0.0.2", "255.255.255.0", "", ""].map(Value::from);
    let params = |pif: &Value| std::iter::once(pif.clone()).chain(words.clone()).collect();
    let plan = [("plan-only", "true")];
    let why = asking(&host, &plan, "PIF.reconfigure_ip", params(&pif)).unwrap_err();
    assert_eq!((why.code.as_str(), why.params.len()), ("NETWORK_PLAN", 0));
    assert_eq!(host.seen(), before);
    asking(&host, &[], "PIF.reconfigure_ip", params(&pif)).unwrap();
    assert_ne!(host.seen(), before);
}

#[test]
fn a_host_without_some_of_its_nics_tells_of_its_network_all_the_same() {
    let mut host = SimHost::new(4);
    let network = host.new_network("bonded");
    bond(&host, &[], &network, &["eth0", "eth1"]).unwrap();
    // Of management's bond, and one that is all that its bridge has.
    for gone in ["eth0", "eth3"] {
        host.handle.world().pull_out(Name::new(gone).unwrap());
    }
    host.start();
    assert_eq!(plugin(&host, "plan", &[]).unwrap(), serde_json::json!([]));
    let state = plugin(&host, "state", &[]).unwrap();
    assert_eq!(state["drift"], serde_json::json!([]));
    assert!(!state["bridges"].as_array().unwrap().is_empty());
    // What is otherwise is still told.
    let astray: Inet = "10.9.9.9/24".parse().unwrap();
    let bridge = Name::new("xenbr2").unwrap();
    host.handle.world().state.addresses.insert((bridge, astray));
    let plan = plugin(&host, "plan", &[]).unwrap();
    assert_eq!(plan.as_array().unwrap().len(), 1, "{plan}");
    assert!(plan[0].as_str().unwrap().contains("10.9.9.9/24"), "{plan}");
}

#[test]
fn management_does_not_go_where_its_router_is_not() {
    let host = stage(&["eth0"]);
    let why = move_to(&host, &[], "eth1").unwrap_err();
    assert_eq!(why.code, "PIF_CONFIGURATION_ERROR");
    assert_eq!(why.params[0], host.pif("eth1").as_str());
    assert!(
        why.params[1].contains("the router 172.16.0.1 answered before"),
        "{why}"
    );
    assert!(host.get::<Pif>(&host.pif("eth0")).management);
    assert!(!host.get::<Pif>(&host.pif("eth1")).management);
    assert_eq!(host.diverged(), [""; 0]);
}

#[test]
fn who_knows_better_may_go_there_all_the_same() {
    let host = stage(&["eth0"]);
    move_to(&host, &[("no-rollback", "true")], "eth1").expect("moves");
    assert!(host.get::<Pif>(&host.pif("eth1")).management);
}

#[test]
fn a_router_that_did_not_answer_before_forbids_nothing() {
    let host = stage(&[]);
    move_to(&host, &[], "eth1").expect("moves");
    assert!(host.get::<Pif>(&host.pif("eth1")).management);
}

#[test]
fn a_bond_stays_when_its_primary_member_would_not_reach_the_router() {
    // The cable of eth0 is in the wrong switch, and the bond goes by eth1.
    let host = stage(&["eth1"]);
    let network = host.new_network("PUB");
    let made =
        bond(&host, &[], &network, &["eth0", "eth1"]).expect("who never answered is not missed");
    let (seen, state) = (host.seen(), host.handle.world().state.clone());
    let generation = host.core().store.generation();
    let why = host.call("Bond.destroy", vec![text(&made)]).unwrap_err();
    assert_eq!(why.params[0], host.pif("eth0").as_str());
    assert!(
        why.params[1].contains("the router 172.16.0.1 answered before"),
        "{why}"
    );
    assert_eq!(host.seen(), seen);
    assert_eq!(host.handle.world().state, state);
    assert_eq!(host.changed_since(generation), [""; 0]);
}

/// Management gets another address with these name servers, on another NIC.
fn move_with_servers(host: &SimHost, device: &str, servers: &str) -> Result<Value, ApiError> {
    let pif = host.pif(device);
    let address = ["Static", "172.16.0.20", "255.255.255.224", ROUTER, servers];
    let params = [text(&pif)].into_iter().chain(address.map(Value::from));
    host.call("PIF.reconfigure_ip", params.collect())?;
    asking(host, &[], "host.management_reconfigure", vec![text(&pif)])
}

/// Name servers that are behind some NICs each.
fn servers_behind(host: &SimHost, places: &[(&str, &[&str])]) {
    for (server, nics) in places {
        let nics = nics.iter().map(|nic| Name::new(nic).unwrap());
        let server: IpAddr = server.parse().unwrap();
        host.handle.world().outside.insert(server, nics.collect());
    }
}

/// Gives management name servers, where it is.
fn with_servers(host: &SimHost, servers: &str) {
    let pif = host.pif("eth0");
    let address = ["Static", "172.16.0.10", "255.255.255.224", ROUTER, servers];
    let params = [text(&pif)].into_iter().chain(address.map(Value::from));
    host.call("PIF.reconfigure_ip", params.collect())
        .expect("PIF.reconfigure_ip");
}

#[test]
fn management_does_not_go_where_no_name_server_answers_any_more() {
    const BOTH: &str = "172.16.0.2,172.16.0.3";
    let host = stage(&["eth0", "eth1"]);
    servers_behind(
        &host,
        &[("172.16.0.2", &["eth0"]), ("172.16.0.3", &["eth0"])],
    );
    with_servers(&host, BOTH);
    let why = move_with_servers(&host, "eth1", BOTH).unwrap_err();
    assert_eq!(why.code, "PIF_CONFIGURATION_ERROR");
    assert_eq!(why.params[0], host.pif("eth1").as_str());
    assert!(
        why.params[1].contains("the name server 172.16.0.2 answered before"),
        "{why}"
    );
    assert!(host.get::<Pif>(&host.pif("eth0")).management);
    assert_eq!(host.diverged(), [""; 0]);
    // One of them is enough.
    servers_behind(&host, &[("172.16.0.3", &["eth0", "eth1"])]);
    move_with_servers(&host, "eth1", BOTH).expect("moves");
    assert!(host.get::<Pif>(&host.pif("eth1")).management);
}

#[test]
fn a_name_server_is_missed_if_it_answered_before_and_another_is_asked_only_in_its_place() {
    let host = stage(&["eth0", "eth1"]);
    // The first never answered, and that it is silent afterwards says nothing; the second did.
    servers_behind(
        &host,
        &[("172.16.0.2", &["eth1"]), ("172.16.0.3", &["eth0"])],
    );
    with_servers(&host, "172.16.0.2,172.16.0.3");
    let why = move_with_servers(&host, "eth1", "172.16.0.2,172.16.0.3").unwrap_err();
    assert!(
        why.params[1].contains("the name server 172.16.0.3 answered before"),
        "{why}"
    );
    // Where all are others, one of the new ones has to answer in their place.
    servers_behind(&host, &[("172.16.0.4", &["eth0"])]);
    let why = move_with_servers(&host, "eth1", "172.16.0.4").unwrap_err();
    assert!(
        why.params[1].contains("the name server 172.16.0.4"),
        "{why}"
    );
    servers_behind(&host, &[("172.16.0.4", &["eth1"])]);
    move_with_servers(&host, "eth1", "172.16.0.4").expect("moves");
    assert!(host.get::<Pif>(&host.pif("eth1")).management);
    // Who had none that answered needs none.
    let host = stage(&["eth0", "eth1"]);
    servers_behind(&host, &[("172.16.0.2", &[])]);
    with_servers(&host, "172.16.0.2");
    move_with_servers(&host, "eth1", "172.16.0.2").expect("moves");
}

#[test]
fn management_does_not_go_where_its_router_of_ipv6_is_not() {
    const ROUTER_V6: &str = "fd00:172:16::1";
    let host = stage(&["eth0", "eth1"]);
    let static_v6 = |device: &str, address: &str| {
        let pif = host.pif(device);
        let words = ["Static", address, ROUTER_V6, ""].map(Value::from);
        let params = std::iter::once(text(&pif)).chain(words);
        host.call("PIF.reconfigure_ipv6", params.collect())
            .expect("PIF.reconfigure_ipv6");
    };
    servers_behind(&host, &[(ROUTER_V6, &["eth0"])]);
    static_v6("eth0", "fd00:172:16::10/64");
    static_v6("eth1", "fd00:172:16::20/64");
    let why = move_to(&host, &[], "eth1").unwrap_err();
    assert_eq!(why.code, "PIF_CONFIGURATION_ERROR");
    assert!(
        why.params[1].contains(&format!("the router {ROUTER_V6} answered before")),
        "{why}"
    );
    assert!(host.get::<Pif>(&host.pif("eth0")).management);
    assert_eq!(host.diverged(), [""; 0]);
    servers_behind(&host, &[(ROUTER_V6, &["eth0", "eth1"])]);
    move_to(&host, &[], "eth1").expect("moves");
    assert!(host.get::<Pif>(&host.pif("eth1")).management);
}

#[test]
fn an_address_that_the_caller_names_must_answer_before_and_after() {
    let host = stage(&["eth0", "eth1"]);
    let named: IpAddr = "172.16.0.9".parse().unwrap();
    host.handle
        .world()
        .outside
        .insert(named, [Name::new("eth0").unwrap()].into());
    let why = move_to(&host, &[("probe", "172.16.0.9")], "eth1").unwrap_err();
    assert!(
        why.params[1].contains("172.16.0.9 answered before"),
        "{why}"
    );
    host.handle.world().outside.insert(named, BTreeSet::new());
    let why = move_to(&host, &[("probe", "172.16.0.9")], "eth1").unwrap_err();
    assert_eq!(
        (why.code.as_str(), why.params[0].as_str()),
        ("INVALID_VALUE", "probe")
    );
    assert!(host.get::<Pif>(&host.pif("eth0")).management);
}

#[test]
fn a_change_that_waits_for_a_person_is_kept_or_undone_as_he_says() {
    let host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    let before = host.seen();
    let wishes = [("confirm-within", "60")];
    let say = |args: &'static [(&str, &str)]| {
        // Nobody can be confirmed before the change waits.
        let until = std::time::Instant::now() + Duration::from_secs(20);
        loop {
            match plugin(&host, "confirm", args) {
                Err(why) if why.code == "OPERATION_NOT_ALLOWED" => {
                    assert!(std::time::Instant::now() < until, "{why}");
                    std::thread::yield_now();
                }
                outcome => return outcome,
            }
        }
    };
    std::thread::scope(|scope| {
        let change = scope.spawn(|| bond(&host, &wishes, &network, &["eth0", "eth1"]));
        say(&[("undo", "true")]).expect("heard");
        let why = change.join().unwrap().unwrap_err();
        assert!(why.params[1].contains("refused"), "{why}");
    });
    assert_eq!(host.seen(), before);
    assert_eq!(host.diverged(), [""; 0]);
    std::thread::scope(|scope| {
        let change = scope.spawn(|| bond(&host, &wishes, &network, &["eth0", "eth1"]));
        say(&[]).expect("heard");
        change.join().unwrap().expect("a bond");
    });
    assert_eq!(host.all::<Bond>().len(), 1);
    assert_eq!(host.diverged(), [""; 0]);
    let late = plugin(&host, "confirm", &[]).unwrap_err();
    assert_eq!(
        late,
        errors::operation_not_allowed("no change of the network waits to be confirmed")
    );
}

#[test]
fn whoever_asks_is_told_how_long_a_change_still_waits() {
    let host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    let left = || plugin(&host, "waits", &[]).expect("an answer")["seconds_left"].clone();
    assert_eq!(left(), Json::Null, "no change waits");
    let wishes = [("confirm-within", "60")];
    std::thread::scope(|scope| {
        let change = scope.spawn(|| bond(&host, &wishes, &network, &["eth0", "eth1"]));
        let until = std::time::Instant::now() + Duration::from_secs(20);
        let seconds = loop {
            match left().as_u64() {
                Some(seconds) => break seconds,
                None => assert!(std::time::Instant::now() < until, "nothing waits"),
            }
            std::thread::yield_now();
        };
        assert!((30..=60).contains(&seconds), "{seconds}");
        plugin(&host, "confirm", &[]).expect("heard");
        change.join().unwrap().expect("a bond");
    });
    assert_eq!(left(), Json::Null, "it waits no longer");
}

#[test]
fn a_change_that_nobody_confirms_is_undone() {
    let host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    let (before, state) = (host.seen(), host.handle.world().state.clone());
    let why = bond(
        &host,
        &[("confirm-within", "1")],
        &network,
        &["eth0", "eth1"],
    )
    .unwrap_err();
    assert!(why.params[1].contains("not confirmed within 1 s"), "{why}");
    assert_eq!(host.seen(), before);
    assert_eq!(host.handle.world().state, state);
}

#[test]
fn a_daemon_that_ends_while_a_change_waits_goes_back_to_what_was_before() {
    let mut host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    let before = host.seen();
    std::thread::scope(|scope| {
        let change = scope.spawn(|| {
            bond(
                &host,
                &[("confirm-within", "600")],
                &network,
                &["eth0", "eth1"],
            )
        });
        until_bonded(&host);
        assert!(host.core().quiesce(Duration::from_secs(20)));
        let why = change.join().unwrap().unwrap_err();
        assert_eq!(why.code, "PIF_CONFIGURATION_ERROR");
    });
    host.start();
    assert_eq!(host.seen(), before);
    assert_eq!(host.diverged(), [""; 0]);
}

#[test]
fn a_call_that_is_only_planned_tells_its_steps_and_does_none() {
    let host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    let (before, state) = (host.seen(), host.handle.world().state.clone());
    let (steps, generation) = (host.handle.world().steps, host.core().store.generation());
    let plan = bond(&host, &[("plan-only", "true")], &network, &["eth0", "eth1"]).unwrap_err();
    assert_eq!(plan.code, "NETWORK_PLAN");
    assert!(
        plan.params.iter().any(|step| step.contains("bond0")),
        "{plan}"
    );
    assert_eq!(host.seen(), before);
    assert_eq!(host.handle.world().state, state);
    assert_eq!(host.handle.world().steps, steps);
    assert_eq!(host.changed_since(generation), [""; 0]);
}

#[test]
fn the_live_network_and_what_differs_from_it_are_told() {
    let host = stage(&["eth0"]);
    let told = plugin(&host, "state", &[]).expect("a state");
    let bridges = told["bridges"].as_array().unwrap();
    let management = bridges.iter().find(|bridge| bridge["management"] == true);
    let management = management.expect("management");
    assert_eq!(management["name"], "xenbr0");
    assert_eq!(management["nics"][0]["name"], "eth0");
    assert!(
        management["addresses"]
            .as_array()
            .unwrap()
            .contains(&"172.16.0.10/27".into())
    );
    assert_eq!(told["drift"], serde_json::json!([]));
    assert_eq!(plugin(&host, "plan", &[]).unwrap(), serde_json::json!([]));
    // Somebody takes an address away.
    let gone: Vec<_> = host
        .handle
        .world()
        .state
        .addresses
        .iter()
        .copied()
        .collect();
    let (device, inet) = gone
        .into_iter()
        .find(|(_, inet)| inet.to_string() == "172.16.0.10/27")
        .unwrap();
    host.handle.world().state.addresses.remove(&(device, inet));
    let plan = plugin(&host, "plan", &[]).unwrap();
    let steps = plan.as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step.as_str().unwrap().contains("172.16.0.10/27")),
        "{plan}"
    );
    let data = plugin(&host, "plan", &[("as", "data")]).unwrap();
    let about = data.as_array().unwrap().iter();
    let mut about = about.filter(|step| step["object"]["name"] == "172.16.0.10/27");
    let step = about.next().expect("the address");
    assert_eq!(
        (&step["operation"], &step["object"]["on"]),
        (&"put".into(), &"xenbr0".into())
    );
    let wrong = plugin(&host, "plan", &[("as", "yaml")]).unwrap_err();
    assert_eq!(wrong, errors::invalid_value("as", "yaml"));
    // It is a mark on what it is about, too.
    let told = plugin(&host, "state", &[]).unwrap();
    assert_eq!(told["drift"], plan);
    assert_eq!(told["drift_steps"], data);
    let marked = told["bridges"].as_array().unwrap().iter();
    let marked = marked.filter(|bridge| bridge["drift"] != serde_json::json!([]));
    let marked: Vec<_> = marked.map(|bridge| &bridge["name"]).collect();
    assert_eq!(marked, ["xenbr0"]);
    let wrong = plugin(&host, "mend", &[]).unwrap_err();
    assert_eq!(wrong.code, "XENAPI_PLUGIN_FAILURE");
}

#[test]
fn the_live_network_names_the_guests_and_says_which_ports_are_somebody_elses() {
    let host = stage(&["eth0"]);
    let vm = host.new_vm("one", &[]);
    let nic = host.new_vif(&vm, "0", &host.network("xenbr1"), &[]);
    host.call("VM.start", vec![text(&vm), false.into(), false.into()])
        .expect("a machine");
    let mut other = row::Port::plain("xenbr1", "tap7");
    other.tag = Some(9);
    let foreign = object::Port {
        ours: false,
        ..object::Port::new(other)
    };
    let name = Name::new("tap7").unwrap();
    host.handle.world().state.ports.insert(name, foreign);
    let told = plugin(&host, "state", &[]).unwrap();
    let bridges = told["bridges"].as_array().unwrap();
    let bridge = bridges
        .iter()
        .find(|bridge| bridge["name"] == "xenbr1")
        .unwrap();
    let (machine, vif) = (host.get(&vm), host.get(&nic));
    let device = format!("vif{}.0", machine.domid);
    assert_eq!(bridge["ports"], serde_json::json!(["tap7", device]));
    assert_eq!(bridge["nics"][0]["foreign"], false);
    let [tap, guests] = [0, 1].map(|at| &bridge["port_details"][at]);
    assert_eq!(
        (&tap["foreign"], &tap["guest"]),
        (&true.into(), &Json::Null)
    );
    assert_eq!(
        (&guests["name"], &guests["foreign"]),
        (&device.into(), &false.into())
    );
    let guest = &guests["guest"];
    assert_eq!(guest["name_label"], "one");
    assert_eq!(
        (&guest["uuid"], &guest["vif"]),
        (&machine.uuid.into(), &vif.uuid.into())
    );
    assert_eq!(told["drift"], serde_json::json!([]));
}

#[test]
fn what_a_request_asks_for_beyond_reason_is_refused_before_anything_happens() {
    let host = stage(&["eth0"]);
    let network = host.new_network("PUB");
    let before = host.seen();
    for (key, value) in [
        ("confirm-within", "-1"),
        ("probe", "router"),
        ("no-rollback", "2"),
    ] {
        let why = bond(&host, &[(key, value)], &network, &["eth0", "eth1"]).unwrap_err();
        assert_eq!(why, errors::invalid_value(key, value));
    }
    assert_eq!(host.seen(), before);
}

#[test]
fn who_asks_for_a_plan_gets_no_work_done() {
    let host = stage(&["eth0"]);
    let vm = host.new_vm("one", &[]);
    let nic = host.new_vif(&vm, "0", &host.network("xenbr1"), &[]);
    let start = vec![text(&vm), false.into(), false.into()];
    let wishes = [("plan-only", "true")];
    let why = asking(&host, &wishes, "VM.start", start.clone()).unwrap_err();
    assert_eq!(why.code, "OPERATION_NOT_ALLOWED");
    assert!(!host.get(&nic).currently_attached);
    host.call("VM.start", start).expect("a machine");
    // Nor are running guests asked to let go of their NICs.
    let network = host.new_network("PUB");
    let offered = host.guests.found();
    let plan = bond(&host, &wishes, &network, &["eth1", "eth2"]).unwrap_err();
    assert_eq!(plan.code, "NETWORK_PLAN");
    assert_eq!(host.guests.found(), offered);
    assert!(host.get(&nic).currently_attached);
    // They are told first, by name.
    let (machine, vif) = (host.get(&vm), host.get(&nic));
    assert!(
        plan.params[0].starts_with(&format!("unplug VIF 0 on machine one ({})", machine.uuid)),
        "{plan}"
    );
    let wishes = [("plan-only", "true"), ("plan-as", "data")];
    let steps = planned(bond(&host, &wishes, &network, &["eth1", "eth2"]).unwrap_err());
    let first = &steps[0];
    assert_eq!(
        (
            &first["phase"],
            &first["operation"],
            &first["object"]["uuid"]
        ),
        (&"guests".into(), &"unplug".into(), &vif.uuid.into()),
    );
    assert_eq!(first["undo"]["operation"], "plug");
    let touched = first["touches"].as_array().unwrap();
    assert!(touched.contains(&format!("vif{}.0", machine.domid).into()));
    assert!(steps[1..].iter().all(|step| step["phase"] != "guests"));
    // Also if a person is to be waited for.
    let wishes = [("plan-only", "true"), ("confirm-within", "60")];
    let why = bond(&host, &wishes, &network, &["eth1", "eth2"]).unwrap_err();
    assert_eq!(why.code, "NETWORK_PLAN");
    // What would be refused has no plan.
    let why = bond(&host, &wishes, &network, &[]).unwrap_err();
    assert_ne!(why.code, "NETWORK_PLAN");
}

/// The steps of a plan that was asked for as data.
fn planned(why: ApiError) -> Vec<Json> {
    assert_eq!(why.code, "NETWORK_PLAN", "{why}");
    let steps = why.params.iter();
    let steps = steps.map(|step| serde_json::from_str(step).expect("an object"));
    steps.collect()
}

#[test]
fn a_plan_as_data_says_what_each_step_does_to_what_and_what_would_undo_it() {
    let host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    let wishes = [("plan-only", "true"), ("plan-as", "data")];
    let steps = planned(bond(&host, &wishes, &network, &["eth0", "eth1"]).unwrap_err());
    let find = |operation: &str, kind: &str, name: &str| {
        let found = steps.iter().find(|step| {
            step["operation"] == operation
                && step["object"]["kind"] == kind
                && step["object"]["name"] == name
        });
        found.unwrap_or_else(|| panic!("no {operation} {kind} {name} in {steps:#?}"))
    };
    let bridge = host.get(&network).bridge;
    let made = find("put", "bridge", &bridge);
    assert_eq!(made["phase"], "prepare");
    assert_eq!(made["before"], Json::Null);
    assert_eq!(made["undo"]["operation"], "drop");
    assert_eq!(made["undo"]["before"], made["after"]);
    let port = find("put", "port", "bond0");
    assert_eq!(port["phase"], "switch");
    assert_eq!(port["object"]["on"], bridge.as_str());
    let text = port["after"].as_str().unwrap();
    assert!(
        text.starts_with("of eth0 + eth1, mode active-backup, "),
        "{text}"
    );
    let touched: Vec<_> = port["touches"].as_array().unwrap().iter().collect();
    assert_eq!(touched, ["eth0", "eth1", bridge.as_str()]);
    let gone = find("drop", "port", "eth0");
    assert_eq!(
        (&gone["after"], &gone["undo"]["after"]),
        (&Json::Null, &gone["before"])
    );
    assert_eq!(find("drop", "bridge", "xenbr0")["phase"], "retire");
    let route = find("change", "route", "0.0.0.0/0 (default)");
    assert_eq!(route["before"], "dev xenbr0");
    assert_eq!(route["after"], format!("dev {bridge}"));
    assert_eq!(route["undo"]["after"], route["before"]);
    // In their order, and of each phase there is one.
    let phases: Vec<_> = steps
        .iter()
        .map(|step| step["phase"].as_str().unwrap())
        .collect();
    let order = ["prepare", "switch", "retire"];
    let at = |phase: &&str| order.iter().position(|other| other == phase);
    assert!(phases.is_sorted_by_key(at), "{phases:?}");
    // The words are the same steps.
    let words = bond(&host, &wishes[..1], &network, &["eth0", "eth1"]).unwrap_err();
    assert_eq!(words.params.len(), steps.len());
    assert!(words.params.contains(&format!(
        "change route 0.0.0.0/0 (default) on {bridge}: dev xenbr0 -> dev {bridge}"
    )));
    let wrong = [("plan-only", "true"), ("plan-as", "yaml")];
    let why = bond(&host, &wrong, &network, &["eth0", "eth1"]).unwrap_err();
    assert_eq!(why, errors::invalid_value("plan-as", "yaml"));
}

#[test]
fn a_server_that_names_no_router_does_not_take_it_away() {
    let lease = |gateway: Option<&str>| Lease {
        address: Inet::new("172.16.0.10".parse().unwrap(), 27).unwrap(),
        gateway: gateway.map(|router| router.parse().unwrap()),
        dns: Dns::default(),
        server: None,
        mtu: None,
    };
    for router in [None, Some(ROUTER)] {
        let host = stage(&["eth0"]);
        let pif = host.pif("eth0");
        let mac = host.get::<Pif>(&pif).mac.parse().unwrap();
        host.handle.offer(mac, None, lease(router));
        let rest = ["DHCP", "", "", "", ""].map(Value::from);
        let params = std::iter::once(text(&pif)).chain(rest).collect();
        let outcome = host.call("PIF.reconfigure_ip", params);
        match router {
            None => {
                let why = outcome.unwrap_err();
                assert!(why.params[1].contains("names none"), "{why}");
            }
            Some(_) => drop(outcome.expect("a router")),
        }
        assert_eq!(host.get::<Pif>(&pif).gateway, ROUTER);
    }
    // Whoever gives an address without a router means it.
    let host = stage(&["eth0"]);
    let address = ["Static", "172.16.0.10", "255.255.255.224", "", ""].map(Value::from);
    let params = std::iter::once(text(&host.pif("eth0")))
        .chain(address)
        .collect();
    host.call("PIF.reconfigure_ip", params).expect("as he says");
}

#[test]
fn nobody_queues_behind_a_change_that_waits_for_a_person() {
    let host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    std::thread::scope(|scope| {
        let change = scope.spawn(|| {
            bond(
                &host,
                &[("confirm-within", "60")],
                &network,
                &["eth0", "eth1"],
            )
        });
        until_bonded(&host);
        // Whether it comes before the change waits or after.
        let unplug = vec![text(&host.pif("eth2"))];
        let why = host.call("PIF.unplug", unplug).unwrap_err();
        assert_eq!(why.code, "OTHER_OPERATION_IN_PROGRESS");
        assert_eq!(why.params, ["host", host.host().as_str()]);
        plugin(&host, "confirm", &[]).expect("heard");
        change.join().unwrap().expect("a bond");
    });
}

#[test]
fn what_links_do_while_a_change_waits_for_a_person_is_shown_then_and_afterwards() {
    let host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    let _watch = Watch::start(host.core()).unwrap();
    let metrics = |device: &str| host.get(&host.pif(device)).metrics;
    let shows = |device: &'static str, up: bool| {
        let metrics = metrics(device);
        host.until("the carrier", || {
            (host.get(&metrics).carrier == up).then_some(())
        });
    };
    // Down when the change begins: what it finds and what comes meanwhile are not the same.
    host.handle.set_carrier(Name::new("eth2").unwrap(), false);
    shows("eth2", false);
    std::thread::scope(|scope| {
        let change = scope.spawn(|| {
            bond(
                &host,
                &[("confirm-within", "60")],
                &network,
                &["eth0", "eth1"],
            )
        });
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while plugin(&host, "waits", &[]).unwrap()["seconds_left"] == Json::Null {
            assert!(std::time::Instant::now() < until, "nothing waits");
            std::thread::yield_now();
        }
        // In the host's queue nobody gets on meanwhile; links are shown all the same.
        host.handle.set_carrier(Name::new("eth1").unwrap(), false);
        shows("eth1", false);
        host.handle.set_carrier(Name::new("eth2").unwrap(), true);
        shows("eth2", true);
        plugin(&host, "confirm", &[]).expect("heard");
        let made = change.join().unwrap().expect("a bond");
        // The change wrote what it had found before it waited.
        host.until("the bond's links", || {
            (host.get(&made).links_up == 1).then_some(())
        });
        let told = || host.all::<xapi_model::Message>();
        let body = "The status of the eth0+eth1 bond changed: 1/2 up (was 2/2)";
        host.until("the message", || {
            told().iter().any(|(_, it)| it.body == body).then_some(())
        });
        assert!(!host.get(&metrics("eth1")).carrier);
        assert!(host.get(&metrics("eth2")).carrier);
    });
}

#[test]
fn a_nic_that_comes_while_a_change_waits_for_a_person_is_taken_in_afterwards() {
    let host = stage(&["eth0", "eth1"]);
    let network = host.new_network("PUB");
    let (nic, pif) = (Name::new("eth2").unwrap(), host.pif("eth2"));
    host.handle.world().pull_out(nic);
    xapi_core::startup::reconverge(host.core(), &host.host()).unwrap();
    assert!(!host.get(&pif).currently_attached);
    let _watch = Watch::start(host.core()).unwrap();
    std::thread::scope(|scope| {
        let change = scope.spawn(|| {
            let wishes = [("confirm-within", "60")];
            bond(&host, &wishes, &network, &["eth0", "eth1"])
        });
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while plugin(&host, "waits", &[]).unwrap()["seconds_left"] == Json::Null {
            assert!(std::time::Instant::now() < until, "nothing waits");
            std::thread::yield_now();
        }
        host.handle.plug_in(nic);
        // Whoever follows the host has been refused by the time that this is answered: it has seen the NIC's coming before.
        host.handle.set_carrier(Name::new("eth1").unwrap(), false);
        let metrics = host.get(&host.pif("eth1")).metrics;
        host.until("the carrier", || {
            (!host.get(&metrics).carrier).then_some(())
        });
        plugin(&host, "confirm", &[]).expect("heard");
        change.join().unwrap().expect("a bond");
    });
    host.until("its PIF", || {
        host.get(&pif).currently_attached.then_some(())
    });
}
