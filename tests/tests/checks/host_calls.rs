//! What clients ask of a host beside its network: its name, whether it takes machines, its software.

use xapi_core::Origin;
use xapi_model::{Class, Host, HostNtpMode, Value, Vbd, Vif, Vm, errors};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

fn named(host: &SimHost, name: &str) -> Result<Value, xapi_model::ApiError> {
    host.call(
        "host.set_hostname_live",
        vec![text(&host.host()), Value::from(name)],
    )
}

#[test]
fn a_host_takes_a_name_at_once_and_keeps_the_name_that_people_gave_it() {
    let mut host = SimHost::new(1);
    let before = host.get(&host.host()).name_label;
    named(&host, "xs-7.lab").expect("a name");
    let row = host.get(&host.host());
    assert_eq!(
        (row.hostname.as_str(), &row.name_label),
        ("xs-7.lab", &before)
    );
    assert_eq!(host.handle.world().hostname, "xs-7.lab");
    host.start();
    assert_eq!(host.get(&host.host()).hostname, "xs-7.lab");
}

#[test]
fn what_is_no_host_name_is_refused_and_changes_nothing() {
    let host = SimHost::new(1);
    let before = host.get(&host.host()).hostname;
    let long = "x".repeat(65);
    for name in [
        "", "a b", "-a", "a-", "a..b", ".", "a.", "ü", "a_b", "a\n", &long,
    ] {
        let why = named(&host, name).expect_err(name);
        assert_eq!(
            (why.code.as_str(), why.params.len()),
            ("HOST_NAME_INVALID", 1),
            "{name:?}"
        );
    }
    assert_eq!(host.get(&host.host()).hostname, before);
    assert_eq!(host.handle.world().hostname, before);
    let nobody = host
        .call("host.set_hostname_live", texts([NOBODY, "a"]))
        .unwrap_err();
    assert_eq!(nobody, errors::handle_invalid("host", NOBODY));
}

#[test]
fn a_name_that_was_given_behind_the_daemons_back_is_seen_when_it_is_told() {
    let host = SimHost::new(1);
    host.handle.world().hostname = "elsewhere".to_owned();
    host.call("host.signal_networking_change", Vec::new())
        .expect("an answer");
    assert_eq!(host.get(&host.host()).hostname, "elsewhere");
    let names = host.raw("system.listMethods", Vec::new()).expect("names");
    let Value::Array(names) = names else {
        panic!("{names:?}")
    };
    assert!(!names.contains(&Value::from("host.signal_networking_change")));
}

#[test]
fn a_disabled_host_is_enabled_by_the_next_start_unless_it_was_told_to_stay() {
    let mut host = SimHost::new(1);
    let this = text(&host.host());
    let enabled = |host: &SimHost| host.get(&host.host()).enabled;
    host.call("host.disable", vec![this.clone()])
        .expect("disabled");
    assert!(!enabled(&host));
    host.start();
    assert!(enabled(&host));
    host.call("host.disable", vec![this.clone(), Value::Bool(false)])
        .expect("disabled");
    host.start();
    assert!(!enabled(&host));
    host.call("host.enable", vec![this]).expect("enabled");
    assert!(enabled(&host));
    host.start();
    assert!(enabled(&host));
    for call in ["host.enable", "host.disable"] {
        let other = other_host(&host);
        let expected = errors::host_offline(&other);
        refused(&host, call, vec![text(&other)], &expected, "another host");
        let expected = errors::handle_invalid("host", NOBODY);
        refused(&host, call, texts([NOBODY]), &expected, "an unknown host");
    }
}

#[test]
fn programs_are_remembered_by_what_they_call_themselves() {
    let host = SimHost::new(1);
    let ask = |agent: Option<&str>| {
        let origin = Origin {
            user_agent: agent.map(str::to_owned),
            ..Origin::default()
        };
        let session = Value::from(host.session());
        let params = vec![session, text(&host.host())];
        host.api()
            .call(&origin, "host.get_tracked_user_agents", params)
            .expect("programs")
    };
    assert_eq!(ask(None), Value::Struct(Vec::new()));
    ask(Some("XenCenter/8.1 (Windows)"));
    let known = ask(Some("XenCenter/8.2"));
    assert_eq!(
        known.member("XenCenter"),
        Some(&Value::from("8.2")),
        "{known:?}"
    );
}

#[test]
fn the_software_is_named_as_the_inventory_says_else_by_our_own_names() {
    let mut host = SimHost::new(1);
    let version = |host: &SimHost| host.get(&host.host()).software_version;
    let ours = version(&host);
    for key in [
        "product_brand",
        "product_version",
        "build_number",
        "platform_version",
        "xapi",
    ] {
        assert!(!ours[key].is_empty(), "{key}");
    }
    // Clients make numbers of its parts.
    assert!(
        ours["product_version"]
            .split('.')
            .all(|part| part.parse::<u32>().is_ok())
    );
    let path = host.root().join("etc/xensource-inventory");
    let mut inventory = std::fs::read_to_string(&path).expect("an inventory");
    inventory.push_str("PRODUCT_BRAND='Brand'\nPRODUCT_VERSION='8.3.0'\nBUILD_NUMBER=''\n");
    std::fs::write(&path, inventory).expect("an inventory");
    host.start();
    let installed = version(&host);
    assert_eq!(
        (&*installed["product_brand"], &*installed["product_version"]),
        ("Brand", "8.3.0")
    );
    assert_eq!(installed["build_number"], ours["build_number"]);
}

#[test]
fn the_daemons_start_is_seen_by_whoever_waits_for_it() {
    let mut host = SimHost::new(1);
    let started = |host: &SimHost| {
        let text = host.get(&host.host()).other_config["agent_start_time"].clone();
        text.trim_end_matches('.').parse::<u64>().expect("seconds")
    };
    let first = started(&host);
    let edit_away = |draft: &xapi_db::Draft| {
        draft.set(
            &host.host(),
            Host::OTHER_CONFIG,
            [("k".to_owned(), "v".to_owned())].into(),
        )
    };
    host.core().store.change(edit_away).expect("an edit");
    host.start();
    assert!(started(&host) >= first);
    assert_eq!(host.get(&host.host()).other_config["k"], "v");
}

#[test]
fn the_free_devices_of_a_machine_are_those_that_nothing_has() {
    let host = SimHost::new(1);
    let (domain, _) = host
        .all::<Vm>()
        .into_iter()
        .next()
        .expect("the control domain");
    let count = |call: &str| match host.call(call, vec![text(&domain)]) {
        Ok(Value::Array(devices)) => devices,
        other => panic!("{call}: {other:?}"),
    };
    assert_eq!(count("VM.get_allowed_VBD_devices").len(), 256);
    assert_eq!(count("VM.get_allowed_VIF_devices").len(), 7);
    edit(&host, |draft| {
        let vif = Vif {
            vm: domain.clone(),
            device: "2".to_owned(),
            ..Vif::blank()
        };
        draft.insert(vif).map(drop)?;
        let vbd = Vbd {
            vm: domain.clone(),
            userdevice: "xvdd".to_owned(),
            ..Vbd::blank()
        };
        draft.insert(vbd).map(drop)
    });
    let vifs = count("VM.get_allowed_VIF_devices");
    assert_eq!(
        vifs,
        ["0", "1", "3", "4", "5", "6"].map(Value::from).to_vec()
    );
    let vbds = count("VM.get_allowed_VBD_devices");
    assert_eq!((vbds.len(), vbds.contains(&Value::from("3"))), (255, false));
    for call in ["VM.get_allowed_VIF_devices", "VM.get_allowed_VBD_devices"] {
        let expected = errors::handle_invalid("VM", NOBODY);
        refused(
            &host,
            call,
            texts([NOBODY]),
            &expected,
            "an unknown machine",
        );
    }
}

#[test]
fn the_clock_stays_as_it_is_and_who_asks_for_that_is_answered() {
    let host = SimHost::new(1);
    let ask = |mode: &str| {
        host.call(
            "host.set_ntp_mode",
            vec![text(&host.host()), Value::from(mode)],
        )
    };
    ask("Factory").expect("what it is");
    assert_eq!(
        ask("DHCP").unwrap_err(),
        errors::not_implemented("host.set_ntp_mode")
    );
    assert_eq!(host.get(&host.host()).ntp_mode, HostNtpMode::Factory);
}

#[test]
fn a_disabled_host_without_machines_is_evacuated_and_one_with_machines_says_which_stay() {
    let host = SimHost::new(1);
    let ask = |call: &str| host.call(call, vec![text(&host.host())]);
    assert_eq!(
        ask("host.evacuate").unwrap_err(),
        errors::host_not_disabled()
    );
    ask("host.disable").expect("disabled");
    ask("host.evacuate").expect("nothing to move");
    ask("host.assert_can_evacuate").expect("nothing to move");
    let nothing = Value::Struct(Vec::new());
    assert_eq!(ask("host.get_vms_which_prevent_evacuation"), Ok(nothing));
    let guest = edit(&host, |draft| {
        draft.insert(Vm {
            resident_on: host.host(),
            ..Vm::blank()
        })
    });
    let told = ask("host.get_vms_which_prevent_evacuation").expect("machines");
    assert!(told.member(guest.as_str()).is_some(), "{told:?}");
    let why = ask("host.assert_can_evacuate").unwrap_err();
    assert_eq!(why.code, "CANNOT_EVACUATE_HOST");
    assert!(why.params[0].contains(guest.as_str()), "{why}");
    assert_eq!(
        ask("host.evacuate").unwrap_err(),
        errors::not_implemented("host.evacuate")
    );
}
