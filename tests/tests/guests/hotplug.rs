//! NICs that come and go while their machine runs.

use xapi_core::guests::release;
use xapi_model::{Value, Vm, VmGuestMetrics, VmPowerState, errors};
use xapi_tests::sim_host::text;

use crate::Stage;

#[test]
fn a_nic_is_unplugged_and_plugged_with_its_port() {
    let stage = Stage::running();
    let inner = stage.inner.clone();
    stage.on_vif("VIF.unplug", &inner).unwrap();
    assert_eq!(stage.attached(), [false, true]);
    assert_eq!(stage.ports(), [format!("vif{}.1", stage.domain())]);
    assert!(!stage.has_bridge(&stage.bridge()));
    stage.agrees();
    let allowed = |stage: &Stage| {
        let row = stage.host.get(&stage.inner);
        row.allowed_operations
            .iter()
            .map(|op| op.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(allowed(&stage), ["attach", "plug"]);
    let error = stage.on_vif("VIF.unplug", &inner).unwrap_err();
    assert_eq!(error, errors::device_already_detached(&inner));
    stage.on_vif("VIF.plug", &inner).unwrap();
    assert_eq!(stage.attached(), [true, true]);
    assert!(stage.has_bridge(&stage.bridge()));
    assert_eq!(allowed(&stage), ["attach", "unplug"]);
    stage.agrees();
    let error = stage.on_vif("VIF.plug", &inner).unwrap_err();
    assert_eq!(error, errors::device_already_attached(&inner));
}

#[test]
fn a_guest_without_drivers_is_not_asked() {
    let stage = Stage::running();
    let metrics = stage.row().guest_metrics;
    let none = |seen: bool, says: xapi_model::TristateType| {
        stage.set(&metrics, VmGuestMetrics::PV_DRIVERS_DETECTED, seen);
        stage.set(&metrics, VmGuestMetrics::CAN_USE_HOTPLUG_VIF, says);
    };
    none(false, xapi_model::TristateType::Unspecified);
    let generation = stage.host.core().store.generation();
    let missing = errors::vm_missing_pv_drivers(&stage.vm);
    assert_eq!(
        stage.on_vif("VIF.unplug", &stage.outer).unwrap_err(),
        missing
    );
    none(true, xapi_model::TristateType::No);
    let says = errors::operation_not_allowed("VM states it does not support VIF hotplug.");
    assert_eq!(stage.on_vif("VIF.unplug", &stage.outer).unwrap_err(), says);
    stage.set(&stage.vm, Vm::GUEST_METRICS, xapi_model::Ref::null());
    assert_eq!(
        stage.on_vif("VIF.unplug_force", &stage.outer).unwrap_err(),
        missing
    );
    assert_eq!(stage.host.guests.asked(), 0);
    assert_eq!(stage.attached(), [true, true]);
    // Three edits of this test, and nothing else.
    assert_eq!(stage.host.core().store.generation(), generation + 3);
}

#[test]
fn a_nic_that_its_guest_keeps_stays_and_one_that_it_lets_go_late_is_plugged_again() {
    let stage = Stage::running();
    let watch = stage.watch();
    stage.host.guests.cling(stage.domain(), 1);
    let seen = stage.host.seen();
    let error = stage.on_vif("VIF.unplug", &stage.outer).unwrap_err();
    assert_eq!(error, errors::device_detach_timeout("VIF", &stage.outer));
    assert_eq!(stage.host.seen(), seen);
    assert!(stage.found()[0].nics[1].asked_back);
    stage.host.guests.let_go(stage.domain());
    let began = std::time::Instant::now();
    while stage.found()[0].nics.len() < 2 {
        let late = began.elapsed().as_secs() >= 20;
        assert!(!late, "the NIC was not plugged again");
        std::thread::yield_now();
    }
    // It ends when the port is there, too.
    drop(watch);
    let nics = &stage.found()[0].nics;
    assert_eq!(nics.len(), 2);
    assert!(!nics[1].asked_back);
    assert_eq!(stage.attached(), [true, true]);
    stage.agrees();
}

#[test]
fn force_takes_the_hosts_end_whatever_the_guest_says() {
    let stage = Stage::running();
    stage.host.guests.cling(stage.domain(), 1);
    stage.on_vif("VIF.unplug_force", &stage.outer).unwrap();
    assert_eq!(stage.attached(), [true, false]);
    stage.agrees();
    stage.on_vif("VIF.plug", &stage.outer).unwrap();
    stage.agrees();
}

#[test]
fn a_machine_that_does_not_run_has_nothing_to_plug() {
    let stage = Stage::halted();
    for (call, state) in [("VIF.plug", "halted"), ("VIF.unplug", "halted")] {
        let error = stage.on_vif(call, &stage.inner).unwrap_err();
        assert_eq!(
            error,
            errors::vm_bad_power_state(&stage.vm, "running", state),
            "{call}"
        );
    }
    stage.start().unwrap();
    stage.on_vm("VM.pause", &[]).unwrap();
    let error = stage.on_vif("VIF.unplug", &stage.inner).unwrap_err();
    assert_eq!(
        error,
        errors::vm_bad_power_state(&stage.vm, "running", "paused")
    );
}

#[test]
fn what_goes_on_with_a_nic_or_its_machine_is_named() {
    let stage = Stage::running();
    let task = "OpaqueRef:5f0d8b0e-0000-4000-8000-0000000000aa";
    let running = [(task.to_owned(), xapi_model::VifOperations::Unplug)];
    stage.set(
        &stage.inner,
        xapi_model::Vif::CURRENT_OPERATIONS,
        running.into(),
    );
    let error = stage.on_vif("VIF.plug", &stage.inner).unwrap_err();
    let task_list = format!("{{{task}}}");
    assert_eq!(
        error,
        errors::other_operation_in_progress("VIF", &stage.inner, "{unplug}", task_list)
    );
    let running = [(task.to_owned(), xapi_model::VmOperations::Suspend)];
    stage.set(&stage.vm, Vm::CURRENT_OPERATIONS, running.into());
    let error = stage.on_vif("VIF.unplug", &stage.outer).unwrap_err();
    let why = format!("Current operation on VM:{} is suspend", stage.vm);
    assert_eq!(error, errors::operation_not_allowed(why));
    let error = stage.on_vm("VM.pause", &[]).unwrap_err();
    assert_eq!(
        error,
        errors::other_operation_in_progress("VM", &stage.vm, "suspend", task)
    );
}

#[test]
fn a_nic_moves_to_another_network_and_its_guest_keeps_it() {
    let stage = Stage::running();
    let other = stage.host.network("xenbr2");
    stage.set(&other, xapi_model::Network::MTU, 1400);
    let moved = stage
        .host
        .call("VIF.move", vec![text(&stage.inner), text(&other)]);
    moved.unwrap();
    assert_eq!(stage.host.get(&stage.inner).network, other);
    let name = format!("vif{}.0", stage.domain());
    assert_eq!(stage.port(&name).bridge.as_str(), "xenbr2");
    assert_eq!(
        (stage.port(&name).mtu, stage.host.get(&stage.inner).mtu),
        (1400, 1400)
    );
    assert_eq!(stage.host.guests.asked(), 0);
    assert!(
        !stage.has_bridge(&stage.bridge()),
        "nobody is on its network any more"
    );
    stage.agrees();
    let back = stage
        .host
        .call("VIF.move", vec![text(&stage.inner), text(&stage.internal)]);
    back.unwrap();
    assert!(stage.has_bridge(&stage.bridge()));
    stage.agrees();
}

#[test]
fn a_nic_does_not_move_where_its_host_cannot_follow() {
    let stage = Stage::running();
    let bonded = stage.host.new_network("bonded");
    stage
        .host
        .bond(&bonded, &["eth2", "eth3"], "active-backup")
        .unwrap();
    let under = stage.host.network("xenbr2");
    let params = vec![text(&stage.inner), text(&under)];
    let seen = stage.host.seen();
    let error = stage.host.call("VIF.move", params.clone()).unwrap_err();
    assert_eq!(
        error,
        errors::host_cannot_attach_network(stage.host.host(), &under)
    );
    assert_eq!(stage.host.seen(), seen);
    stage.on_vif("VIF.unplug", &stage.inner).unwrap();
    stage.host.call("VIF.move", params).unwrap();
    let error = stage.on_vif("VIF.plug", &stage.inner).unwrap_err();
    assert_eq!(
        error,
        errors::cannot_plug_bond_slave(stage.host.pif("eth2"))
    );
    stage.agrees();
}

#[test]
fn a_nic_that_is_plugged_is_not_destroyed() {
    let stage = Stage::running();
    let error = stage.on_vif("VIF.destroy", &stage.inner).unwrap_err();
    let why = "VIF currently attached to a running VM";
    assert_eq!(error, errors::operation_not_allowed(why));
    stage.on_vif("VIF.unplug", &stage.inner).unwrap();
    stage.on_vif("VIF.destroy", &stage.inner).unwrap();
    assert!(
        !stage
            .host
            .all::<xapi_model::Vif>()
            .iter()
            .any(|(it, _)| *it == stage.inner)
    );
}

#[test]
fn nics_are_let_go_all_or_none() {
    let stage = Stage::running();
    let vifs = [stage.inner.clone(), stage.outer.clone()];
    let core = stage.host.core();
    stage.host.guests.cling(stage.domain(), 1);
    let seen = stage.host.seen();
    let error = release::release_all(core, &vifs).unwrap_err();
    assert_eq!(error, errors::device_detach_timeout("VIF", &stage.outer));
    assert_eq!(stage.host.seen(), seen);
    assert_eq!(
        stage.found()[0].nics.len(),
        2,
        "the first has its NIC again"
    );
    stage.agrees();
    stage.host.guests.let_go(stage.domain());
    release::give_back(core, &vifs[1..]);
    stage.agrees();

    release::release_all(core, &vifs).unwrap();
    assert_eq!(stage.found()[0].nics.len(), 0);
    let network = stage.host.network("xenbr2");
    stage.set(&stage.inner, xapi_model::Vif::NETWORK, network);
    release::give_back(core, &vifs);
    assert_eq!(stage.found()[0].nics.len(), 2);
    let name = format!("vif{}.0", stage.domain());
    assert_eq!(stage.port(&name).bridge.as_str(), "xenbr2");
    stage.agrees();

    stage.set(
        &stage.row().guest_metrics,
        VmGuestMetrics::CAN_USE_HOTPLUG_VIF,
        xapi_model::TristateType::No,
    );
    let asked = stage.host.guests.asked();
    let error = release::release_all(core, &vifs).unwrap_err();
    assert_eq!(error.code, "OPERATION_NOT_ALLOWED");
    assert_eq!(stage.host.guests.asked(), asked);
}

#[test]
fn a_nic_made_for_a_suspended_machine_is_there_when_it_resumes() {
    let stage = Stage::running();
    stage.on_vm("VM.suspend", &[]).unwrap();
    stage.on_vif("VIF.destroy", &stage.inner).unwrap();
    let more: [Value; 2] = [false.into(), false.into()];
    stage.on_vm("VM.resume", &more).unwrap();
    assert_eq!(stage.state(), VmPowerState::Running);
    assert_eq!(stage.ports(), [format!("vif{}.1", stage.domain())]);
    assert_eq!(stage.found()[0].nics.len(), 1);
}

#[test]
fn a_machine_resumes_on_a_network_that_has_another_mtu_than_when_it_was_suspended() {
    let stage = Stage::running();
    stage.on_vm("VM.suspend", &[]).unwrap();
    let other = stage.host.network("xenbr2");
    stage.set(&other, xapi_model::Network::MTU, 1400);
    let moved = vec![text(&stage.inner), text(&other)];
    stage.host.call("VIF.move", moved).unwrap();
    let more: [Value; 2] = [false.into(), false.into()];
    stage.on_vm("VM.resume", &more).unwrap();
    let port = stage.port(&format!("vif{}.0", stage.domain()));
    assert_eq!((port.bridge.as_str(), port.mtu), ("xenbr2", 1400));
    assert_eq!(stage.found()[0].nics.len(), 2);
    stage.agrees();
}

#[test]
fn a_machine_whose_network_is_a_bonds_member_by_now_is_told_so_when_it_resumes() {
    let stage = Stage::running();
    stage.on_vm("VM.suspend", &[]).unwrap();
    let bonded = stage.host.new_network("bonded");
    let host = &stage.host;
    host.bond(&bonded, &["eth1", "eth2"], "active-backup")
        .unwrap();
    let onto = vec![text(&stage.outer), text(&host.network("xenbr2"))];
    host.call("VIF.move", onto).unwrap();
    let more: [Value; 2] = [false.into(), false.into()];
    let error = stage.on_vm("VM.resume", &more).unwrap_err();
    assert_eq!(error, errors::cannot_plug_bond_slave(host.pif("eth2")));
    let back = vec![text(&stage.outer), text(&bonded)];
    host.call("VIF.move", back).unwrap();
    stage.on_vm("VM.resume", &more).unwrap();
    stage.agrees();
}
