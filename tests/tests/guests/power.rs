//! Power calls: what they change, and in which order they refuse.

use xapi_guest::{Guests as _, State};
use xapi_model::{DomainType, Pif, Value, VmMetrics, VmPowerState, errors};
use xapi_net::topology::Filter;
use xapi_tests::SimHost;
use xapi_tests::sim_host::{Choices, text};

use crate::Stage;

#[test]
fn a_machine_that_starts_has_a_guest_ports_and_rows_and_when_it_stops_none() {
    let stage = Stage::halted();
    assert_eq!(stage.attached(), [false, false]);
    assert!(!stage.has_bridge(&stage.bridge()));
    stage.start().unwrap();
    let row = stage.row();
    assert_eq!(row.power_state, VmPowerState::Running);
    assert_eq!(row.resident_on, stage.host.host());
    assert!(row.domid > 0 && row.current_operations.is_empty());
    assert!(row.scheduled_to_be_resident_on.is_null());
    assert_eq!(stage.attached(), [true, true]);
    let [inner, outer] = [0, 1].map(|device| format!("vif{}.{device}", row.domid));
    assert_eq!(stage.ports(), [inner.as_str(), outer.as_str()]);
    assert!(stage.has_bridge(&stage.bridge()));
    let found = &stage.found()[0];
    assert_eq!((found.state, found.nics.len()), (State::Running, 2));
    let metrics = stage.host.get(&row.metrics);
    assert!(metrics.start_time.unix() > 0 && metrics.install_time.unix() > 0);
    assert_eq!(metrics.current_domain_type, DomainType::Hvm);
    let guest = stage.host.get(&row.guest_metrics);
    assert!(guest.pv_drivers_detected && guest.live);
    let allowed: Vec<_> = row
        .allowed_operations
        .iter()
        .map(|op| op.as_str())
        .collect();
    let expected = [
        "pause",
        "clean_shutdown",
        "clean_reboot",
        "hard_shutdown",
        "hard_reboot",
        "suspend",
        "changing_dynamic_range",
    ];
    assert_eq!(allowed, expected);
    stage.agrees();

    stage.on_vm("VM.clean_shutdown", &[]).unwrap();
    let row = stage.row();
    assert_eq!(row.power_state, VmPowerState::Halted);
    assert_eq!(row.domid, -1);
    assert!(row.resident_on.is_null() && row.guest_metrics.is_null());
    assert_eq!(stage.attached(), [false, false]);
    assert_eq!(stage.ports(), Vec::<String>::new());
    assert!(
        !stage.has_bridge(&stage.bridge()),
        "the last NIC takes its network's bridge along"
    );
    assert!(stage.has_bridge("xenbr1"));
    assert!(stage.host.all::<xapi_model::VmGuestMetrics>().is_empty());
    stage.agrees();
}

#[test]
fn a_port_says_whose_it_is_and_follows_locking_limits_and_mtu() {
    let stage = Stage::running();
    let row = stage.row();
    let name = format!("vif{}.1", row.domid);
    let vif = stage.host.get(&stage.outer);
    let port = stage.port(&name);
    let network = stage.host.network("xenbr1");
    assert_eq!(port.bridge.as_str(), "xenbr1");
    assert_eq!(port.mac.to_string(), vif.mac);
    assert_eq!((port.mtu, vif.mtu), (1500, 1500));
    let ids: Vec<_> = port
        .external_ids
        .iter()
        .map(|(key, id)| (key.as_str(), id.clone()))
        .collect();
    let expected = [
        ("attached-mac", vif.mac.clone()),
        ("xs-network-uuid", stage.host.get(&network).uuid),
        ("xs-vif-uuid", vif.uuid.clone()),
        ("xs-vm-uuid", row.uuid.clone()),
    ];
    assert_eq!(ids, expected);
    assert_eq!((port.filter, port.rate), (Filter::Open, None));

    let set = |call: &str, value: Value| {
        let params = vec![text(&stage.outer), value];
        stage.host.call(call, params).unwrap();
        stage.agrees();
    };
    set(
        "VIF.set_ipv4_allowed",
        Value::Array(vec!["10.0.0.4/31".into()]),
    );
    set("VIF.set_ipv6_allowed", Value::Array(vec!["fd00::4".into()]));
    assert_eq!(stage.port(&name).filter, Filter::Open);
    set("VIF.set_locking_mode", "locked".into());
    let only = ["10.0.0.4", "10.0.0.5", "fd00::4"].map(|it| it.parse().unwrap());
    let only = Filter::Only {
        addresses: only.into(),
    };
    assert_eq!(stage.port(&name).filter, only);
    // As XAPI takes it; a guest that asks whether an address is free has none.
    set("VIF.add_ipv4_allowed", "0.0.0.0".into());
    set("VIF.add_ipv4_allowed", "224.0.0.1".into());
    set("VIF.set_locking_mode", "disabled".into());
    assert_eq!(stage.port(&name).filter, Filter::Closed);
    set("VIF.set_locking_mode", "network_default".into());
    assert_eq!(stage.port(&name).filter, Filter::Open);

    stage.on_vm("VM.hard_shutdown", &[]).unwrap();
    stage.set(&network, xapi_model::Network::MTU, 9000);
    let own = [("mtu".to_owned(), "1400".to_owned())].into();
    stage.set(&stage.outer, xapi_model::Vif::OTHER_CONFIG, own);
    let slow = [("kbps".to_owned(), "100".to_owned())].into();
    stage.set(
        &stage.outer,
        xapi_model::Vif::QOS_ALGORITHM_TYPE,
        "ratelimit".to_owned(),
    );
    stage.set(&stage.outer, xapi_model::Vif::QOS_ALGORITHM_PARAMS, slow);
    stage.start().unwrap();
    let name = format!("vif{}.1", stage.row().domid);
    let port = stage.port(&name);
    assert_eq!((port.mtu, port.rate.unwrap().kbps), (1400, 820));
    assert_eq!(stage.host.get(&stage.outer).mtu, 1400);
}

#[test]
fn a_machine_is_held_let_go_put_aside_and_brought_back() {
    let stage = Stage::running();
    stage.on_vm("VM.pause", &[]).unwrap();
    assert_eq!(stage.state(), VmPowerState::Paused);
    assert_eq!(stage.found()[0].state, State::Paused);
    stage.on_vm("VM.unpause", &[]).unwrap();
    assert_eq!(stage.state(), VmPowerState::Running);
    let before = stage.domain();
    stage.on_vm("VM.suspend", &[]).unwrap();
    let row = stage.row();
    assert_eq!((row.power_state, row.domid), (VmPowerState::Suspended, -1));
    assert_eq!(
        stage.attached(),
        [true, true],
        "they are plugged when it resumes"
    );
    assert_eq!(stage.ports(), Vec::<String>::new());
    stage.agrees();
    let more = [false.into(), false.into()];
    stage.on_vm("VM.resume", &more).unwrap();
    assert_eq!(stage.state(), VmPowerState::Running);
    assert_ne!(stage.domain(), before);
    assert_eq!(stage.ports().len(), 2);
    stage.agrees();
    stage.on_vm("VM.suspend", &[]).unwrap();
    stage.on_vm("VM.hard_shutdown", &[]).unwrap();
    assert_eq!(stage.state(), VmPowerState::Halted);
    assert_eq!(stage.attached(), [false, false]);
    assert!(
        xapi_guest::Guests::suspended(&*stage.host.guests)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_reboot_is_another_domain_and_keeps_what_was_unplugged_unplugged() {
    for call in ["VM.clean_reboot", "VM.hard_reboot"] {
        let stage = Stage::running();
        stage.on_vif("VIF.unplug", &stage.outer).unwrap();
        let before = stage.domain();
        stage.on_vm(call, &[]).unwrap();
        assert_eq!(stage.state(), VmPowerState::Running);
        assert_ne!(stage.domain(), before, "{call}");
        assert_eq!(stage.attached(), [true, false], "{call}");
        stage.agrees();
    }
}

#[test]
fn start_paused_leaves_it_paused_and_shutdown_ends_it_however_it_likes() {
    let stage = Stage::halted();
    stage
        .on_vm("VM.start", &[true.into(), false.into()])
        .unwrap();
    assert_eq!(stage.state(), VmPowerState::Paused);
    assert!(stage.row().guest_metrics.is_null());
    stage.on_vm("VM.shutdown", &[]).unwrap();
    assert_eq!(stage.state(), VmPowerState::Halted);
    stage.start().unwrap();
    stage.host.guests.ignore_shutdown(stage.domain());
    let error = stage.on_vm("VM.clean_shutdown", &[]).unwrap_err();
    assert_eq!(error.code, "VM_SHUTDOWN_TIMEOUT");
    assert_eq!(error.params[0], stage.vm.as_str());
    assert_eq!(stage.state(), VmPowerState::Running);
    assert!(stage.row().current_operations.is_empty());
    stage.on_vm("VM.shutdown", &[]).unwrap();
    assert_eq!(stage.state(), VmPowerState::Halted);
    stage.agrees();
}

#[test]
fn each_call_wants_its_power_state() {
    let more = [false.into(), false.into()];
    let halted = Stage::halted();
    let running = Stage::running();
    let cases: &[(&Stage, &str, &[Value], &str)] = &[
        (&halted, "VM.pause", &[], "running"),
        (&halted, "VM.unpause", &[], "paused"),
        (&halted, "VM.suspend", &[], "running"),
        (&halted, "VM.resume", &more, "suspended"),
        (&halted, "VM.clean_shutdown", &[], "running"),
        (&halted, "VM.clean_reboot", &[], "running"),
        (&halted, "VM.hard_reboot", &[], "paused, running"),
        (
            &halted,
            "VM.hard_shutdown",
            &[],
            "paused, suspended, running",
        ),
        (&running, "VM.start", &more, "halted"),
        (&running, "VM.resume", &more, "suspended"),
        (&running, "VM.unpause", &[], "paused"),
        (&running, "VM.destroy", &[], "halted, suspended"),
    ];
    for (stage, call, more, expected) in cases {
        let actual = stage.state().as_str().to_ascii_lowercase();
        let generation = stage.host.core().store.generation();
        let error = stage.on_vm(call, more).unwrap_err();
        assert_eq!(
            error,
            errors::vm_bad_power_state(&stage.vm, expected, actual),
            "{call}"
        );
        assert_eq!(
            stage.host.core().store.generation(),
            generation,
            "{call} wrote"
        );
    }
}

#[test]
fn a_forbidden_operation_a_template_and_the_control_domain_are_refused() {
    let stage = Stage::halted();
    let more = ["start".into(), "NOT_TODAY".into()];
    stage.on_vm("VM.add_to_blocked_operations", &more).unwrap();
    let error = stage.start().unwrap_err();
    assert_eq!(error, errors::operation_blocked(&stage.vm, "NOT_TODAY"));
    stage
        .on_vm("VM.remove_from_blocked_operations", &more[..1])
        .unwrap();
    stage.set(&stage.vm, xapi_model::Vm::IS_A_TEMPLATE, true);
    let error = stage.start().unwrap_err();
    assert_eq!(error.code, "VM_IS_TEMPLATE");
    assert_eq!(error.params, [stage.vm.as_str(), "start"]);
    let (domain0, _) = stage
        .host
        .all::<xapi_model::Vm>()
        .into_iter()
        .find(|(_, row)| row.is_control_domain)
        .unwrap();
    for call in ["VM.pause", "VM.hard_shutdown", "VM.hard_reboot"] {
        let error = stage.host.call(call, vec![text(&domain0)]).unwrap_err();
        assert_eq!(error.code, "OPERATION_NOT_ALLOWED", "{call}");
    }
    let error = stage
        .host
        .call("VM.power_state_reset", vec![text(&domain0)])
        .unwrap_err();
    assert_eq!(error, errors::cannot_reset_control_domain(&domain0));
}

#[test]
fn a_bonds_member_under_a_network_refuses_every_start_and_names_itself() {
    let stage = Stage::halted();
    let bonded = stage.host.new_network("bonded");
    stage
        .host
        .bond(&bonded, &["eth1", "eth2"], "active-backup")
        .unwrap();
    // The bond has taken it along.
    let back = text(&stage.host.network("xenbr1"));
    stage
        .host
        .call("VIF.move", vec![text(&stage.outer), back])
        .unwrap();
    let slave = stage.host.pif("eth1");
    let (seen, generation) = (stage.host.seen(), stage.host.core().store.generation());
    let this = text(&stage.host.host());
    let expected = errors::cannot_plug_bond_slave(&slave);
    assert_eq!(stage.start().unwrap_err(), expected);
    let more = [this.clone(), false.into(), false.into()];
    assert_eq!(stage.on_vm("VM.start_on", &more).unwrap_err(), expected);
    let cannot = stage
        .on_vm("VM.assert_can_boot_here", std::slice::from_ref(&this))
        .unwrap_err();
    let network = stage.host.network("xenbr1");
    assert_eq!(
        cannot,
        errors::host_cannot_attach_network(stage.host.host(), &network)
    );
    let possible = stage.on_vm("VM.get_possible_hosts", &[]).unwrap();
    assert_eq!(possible, Value::Array(Vec::new()));
    assert_eq!(stage.host.seen(), seen);
    assert_eq!(stage.host.core().store.generation(), generation);
}

#[test]
fn a_start_plugs_what_its_networks_need_and_says_what_is_not_there() {
    let stage = Stage::halted();
    let eth1 = stage.host.pif("eth1");
    stage.host.call("PIF.unplug", vec![text(&eth1)]).unwrap();
    stage.start().unwrap();
    assert!(stage.host.get(&eth1).currently_attached);
    let error = stage
        .host
        .call("PIF.unplug", vec![text(&eth1)])
        .unwrap_err();
    let network = stage.host.network("xenbr1");
    assert_eq!(error, errors::vif_in_use(&network, &stage.outer));
    stage.on_vm("VM.hard_shutdown", &[]).unwrap();
    stage.set(&eth1, Pif::MANAGED, false);
    let error = stage.start().unwrap_err();
    assert_eq!(error, errors::bridge_not_available("xenbr1"));
    assert!(stage.found().is_empty());
    stage.set(&eth1, Pif::MANAGED, true);
    stage.set(&stage.host.host(), xapi_model::Host::ENABLED, false);
    assert_eq!(stage.start().unwrap_err(), errors::no_hosts_available());
    let this = text(&stage.host.host());
    let more = [this, false.into(), false.into()];
    let error = stage.on_vm("VM.start_on", &more).unwrap_err();
    assert_eq!(error, errors::host_disabled(stage.host.host()));
}

#[test]
fn a_host_without_guests_says_so() {
    let choices = Choices {
        guests: xapi_core::guests::Kind::None,
        ..Choices::default()
    };
    let host = SimHost::with(2, choices);
    let vm = host.new_vm("one", &[]);
    let params = vec![text(&vm), false.into(), false.into()];
    let generation = host.core().store.generation();
    let error = host.call("VM.start", params).unwrap_err();
    assert_eq!(error.code, "OPERATION_NOT_ALLOWED");
    assert!(error.params[0].contains("[guests]"), "{error}");
    assert_eq!(host.core().store.generation(), generation);
}

#[test]
fn a_guest_that_is_there_is_not_taken_for_off() {
    let stage = Stage::running();
    let error = stage.on_vm("VM.power_state_reset", &[]).unwrap_err();
    assert_eq!(error, errors::domain_exists(&stage.vm, stage.domain()));
    let domain = stage.domain();
    stage.host.guests.end(domain);
    stage.on_vm("VM.power_state_reset", &[]).unwrap();
    assert_eq!(stage.state(), VmPowerState::Halted);
    stage.agrees();
}

#[test]
fn a_guest_that_ends_by_itself_is_followed_at_once() {
    let stage = Stage::running();
    let watch = stage.watch();
    stage.host.guests.end(stage.domain());
    stage.host.until("the machine is off", || {
        (stage.state() == VmPowerState::Halted).then_some(())
    });
    assert_eq!(stage.attached(), [false, false]);
    assert!(stage.row().guest_metrics.is_null());
    drop(watch);
    stage.agrees();
    assert!(!stage.has_bridge(&stage.bridge()));
}

#[test]
fn drivers_that_come_up_late_are_told() {
    let without = [("pv-drivers".to_owned(), Value::from("false"))].to_vec();
    let stage = Stage::with(&[("platform", Value::Struct(without))]);
    stage.start().unwrap();
    assert!(stage.row().guest_metrics.is_null());
    let allowed = |stage: &Stage| stage.host.get(&stage.outer).allowed_operations.len();
    assert_eq!(allowed(&stage), 1, "attach alone");
    let _watch = stage.watch();
    stage.host.guests.drivers_come_up(stage.domain());
    stage.host.until("the drivers are seen", || {
        (!stage.row().guest_metrics.is_null()).then_some(())
    });
    assert_eq!(allowed(&stage), 2, "attach and unplug");
    let metrics = stage.host.get(&stage.row().guest_metrics);
    assert!(metrics.pv_drivers_detected);
    let start = stage.host.get::<VmMetrics>(&stage.row().metrics).start_time;
    assert!(start.unix() > 0);
    // The next guest is another one: what was seen of this one says nothing of it.
    stage.on_vm("VM.hard_reboot", &[]).unwrap();
    assert!(stage.row().guest_metrics.is_null());
    assert_eq!(allowed(&stage), 1, "attach alone");
}

#[test]
fn a_restarted_daemon_adopts_what_runs_and_shows_what_is_gone() {
    let mut stage = Stage::running();
    let other = stage.host.new_vm("two", &[]);
    let more = vec![text(&other), false.into(), false.into()];
    stage.host.call("VM.start", more).unwrap();
    let gone = stage.host.get(&other).domid;
    let (domain, ports) = (stage.domain(), stage.ports());
    stage.host.stop();
    stage.host.guests.end(u32::try_from(gone).unwrap());
    stage.host.start();
    assert_eq!(stage.state(), VmPowerState::Running);
    assert_eq!(stage.domain(), domain);
    assert_eq!(stage.ports(), ports);
    assert_eq!(stage.host.get(&other).power_state, VmPowerState::Halted);
    stage.agrees();
    let more = vec![text(&other), false.into(), false.into()];
    stage.host.call("VM.start", more).unwrap();
    assert_ne!(stage.host.get(&other).domid, i64::from(domain));
}

#[test]
fn a_suspended_machine_is_so_after_a_restart_unless_its_memory_is_gone() {
    let mut stage = Stage::running();
    stage.on_vm("VM.suspend", &[]).unwrap();
    stage.host.start();
    assert_eq!(stage.state(), VmPowerState::Suspended);
    let uuid = stage.row().uuid;
    xapi_guest::Guests::discard(&*stage.host.guests, &uuid).unwrap();
    stage.host.start();
    assert_eq!(stage.state(), VmPowerState::Halted);
    assert_eq!(stage.attached(), [false, false]);
}

#[test]
fn a_machine_boots_no_file_of_the_hosts_own() {
    let choices = Choices {
        guests: xapi_core::guests::Kind::Machine,
        ..Choices::default()
    };
    let host = SimHost::with(2, choices);
    let start = |kernel: &str| {
        let vm = host.new_vm("one", &[("PV_kernel", kernel.into())]);
        host.call("VM.start", vec![text(&vm), false.into(), false.into()])
    };
    let inside = host.root().join("boot/guest/vmlinuz");
    let beside = host.root().join("boot/guest/../../etc/shadow");
    for bad in ["/etc/shadow", "vmlinuz", beside.to_str().unwrap()] {
        let error = start(bad).unwrap_err();
        assert_eq!(error, errors::invalid_value("PV_kernel", bad));
    }
    start(inside.to_str().unwrap()).unwrap();
    start("").unwrap();
    // A machine in QEMU has sixteen slots for NICs.
    let vm = host.new_vm("many", &[]);
    let network = host.new_network("many");
    let vif = xapi_tests::sim_host::vif_record(&vm, "16", &network, &[]);
    host.call("VIF.create", vec![vif]).unwrap();
    let error = host
        .call("VM.start", vec![text(&vm), false.into(), false.into()])
        .unwrap_err();
    assert_eq!(error, errors::invalid_device("16"));
}

#[test]
fn a_daemon_that_cannot_see_guests_does_not_judge_them() {
    let mut stage = Stage::running();
    stage.host.start_without_guests();
    assert_eq!(stage.row().power_state, VmPowerState::Running);
    stage.host.start();
    assert_eq!(stage.row().power_state, VmPowerState::Running);
    assert_eq!(stage.host.guests.found().len(), 1, "its guest was ended");
    stage.on_vm("VM.hard_shutdown", &[]).expect("it ends");
}

#[test]
fn a_machine_that_was_suspended_takes_its_memory_along_when_it_goes() {
    let stage = Stage::running();
    stage.on_vm("VM.suspend", &[]).expect("suspended");
    assert_eq!(stage.host.guests.suspended().unwrap().len(), 1);
    stage.on_vm("VM.destroy", &[]).expect("destroyed");
    assert!(stage.host.guests.suspended().unwrap().is_empty());
}
