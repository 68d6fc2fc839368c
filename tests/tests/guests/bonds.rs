//! Bonds made and taken apart under the NICs of guests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use xapi_core::guests::release;
use xapi_core::vifs_to_move::Hands;
use xapi_core::{Api, Core, Origin};
use xapi_guest::Guests as _;
use xapi_guest::sim::Verb;
use xapi_model::{
    ApiError, Bond, Class as _, Host, HostMetrics, Network, Pif, Ref, Value, Vif, Vm, VmPowerState,
    errors,
};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::Stage;

fn more() -> [Value; 2] {
    [false.into(), false.into()]
}

#[test]
fn a_bond_takes_the_nics_of_running_guests_along_and_back() {
    let stage = Stage::running();
    let bonded = stage.host.new_network("bonded");
    let name = format!("vif{}.1", stage.domain());
    let bond = stage
        .host
        .bond(&bonded, &["eth1", "eth2"], "active-backup")
        .unwrap();
    assert_eq!(stage.host.get(&stage.outer).network, bonded);
    let bridge = stage.host.get(&bonded).bridge;
    assert_eq!(stage.port(&name).bridge.as_str(), bridge);
    assert_eq!(stage.host.guests.asked(), 1);
    assert_eq!(stage.found()[0].nics.len(), 2);
    stage.agrees();
    stage.host.guests.cling(stage.domain(), 1);
    let seen = stage.host.seen();
    let error = stage
        .host
        .call("Bond.destroy", vec![text(&bond)])
        .unwrap_err();
    assert_eq!(error, errors::device_detach_timeout("VIF", &stage.outer));
    assert_eq!(stage.host.seen(), seen);
    stage.agrees();
    stage.host.guests.let_go(stage.domain());
    release::give_back(stage.host.core(), std::slice::from_ref(&stage.outer));
    stage.host.call("Bond.destroy", vec![text(&bond)]).unwrap();
    assert_eq!(stage.port(&name).bridge.as_str(), "xenbr1");
    stage.agrees();
}

#[test]
fn a_guest_without_drivers_keeps_its_nic_from_going_into_a_bond() {
    let without = vec![("pv-drivers".to_owned(), Value::from("false"))];
    let stage = Stage::with(&[("platform", Value::Struct(without))]);
    stage.start().unwrap();
    let bonded = stage.host.new_network("bonded");
    let seen = stage.host.seen();
    let error = stage
        .host
        .bond(&bonded, &["eth1", "eth2"], "active-backup")
        .unwrap_err();
    assert_eq!(error, errors::vm_missing_pv_drivers(&stage.vm));
    assert_eq!(stage.host.seen(), seen);
    assert_eq!(stage.host.guests.asked(), 0);
    stage.agrees();
}

/// Another host of the pool has the network, too: what is off on it may start there as well as here.
fn share(host: &SimHost, network: &Ref<Network>) {
    let edit = |draft: &xapi_db::Draft| {
        let metrics = draft.insert(HostMetrics {
            live: true,
            ..HostMetrics::blank()
        })?;
        let other = draft.insert(Host {
            name_label: "other".to_owned(),
            metrics,
            ..Host::blank()
        })?;
        draft.insert(Pif {
            device: "eth9".to_owned(),
            mac: "02:16:3e:00:00:99".to_owned(),
            host: other,
            network: network.clone(),
            vlan: -1,
            physical: true,
            managed: true,
            ..Pif::blank()
        })
    };
    host.core().store.change(edit).unwrap();
}

#[test]
fn a_suspended_machine_goes_along_with_its_memory_and_resumes_on_the_bond() {
    let stage = Stage::running();
    let under = stage.host.network("xenbr1");
    share(&stage.host, &under);
    let off = stage.host.new_vm("off", &[]);
    let elsewhere = stage.host.new_vif(&off, "0", &under, &[]);
    stage.on_vm("VM.suspend", &[]).unwrap();
    let bonded = stage.host.new_network("bonded");
    let bond = stage
        .host
        .bond(&bonded, &["eth1", "eth2"], "active-backup")
        .unwrap();
    assert_eq!(stage.host.get(&stage.outer).network, bonded);
    assert_eq!(stage.host.get(&elsewhere).network, under);
    assert_eq!(stage.host.guests.asked(), 0, "it cannot be asked");
    stage.on_vm("VM.resume", &more()).unwrap();
    assert_eq!(stage.state(), VmPowerState::Running);
    let port = format!("vif{}.1", stage.domain());
    assert_eq!(
        stage.port(&port).bridge.as_str(),
        stage.host.get(&bonded).bridge
    );
    stage.agrees();
    stage.on_vm("VM.suspend", &[]).unwrap();
    stage.host.call("Bond.destroy", vec![text(&bond)]).unwrap();
    assert_eq!(stage.host.get(&stage.outer).network, under);
    stage.on_vm("VM.resume", &more()).unwrap();
    let port = format!("vif{}.1", stage.domain());
    assert_eq!(stage.port(&port).bridge.as_str(), "xenbr1");
    stage.agrees();
}

/// Machines that run with one NIC each on a network.
fn running(host: &SimHost, network: &Ref<Network>, count: usize) -> Vec<(Ref<Vm>, Ref<Vif>)> {
    let start = |number| {
        let vm = host.new_vm(&format!("guest {number}"), &[]);
        let vif = host.new_vif(&vm, "0", network, &[]);
        let params = std::iter::once(text(&vm)).chain(more());
        host.call("VM.start", params.collect()).unwrap();
        (vm, vif)
    };
    (0..count).map(start).collect()
}

#[test]
fn all_guests_are_asked_for_their_nics_before_any_is_waited_for() {
    let stage = Stage::halted();
    let host = &stage.host;
    let started = running(host, &host.network("xenbr1"), 20);
    let bonded = host.new_network("bonded");
    // Guests that take a while, and of which none is through before the last has heard of it.
    host.guests.let_go_once_asked(20);
    let bond = host
        .bond(&bonded, &["eth1", "eth2"], "active-backup")
        .unwrap();
    assert_eq!(host.guests.asked(), 20);
    let found = host.guests.found();
    assert!(found.iter().all(|guest| guest.nics.len() == 1));
    for (_, vif) in &started {
        let row = host.get(vif);
        assert!(row.network == bonded && row.currently_attached);
    }
    assert_eq!(host.diverged(), Vec::<String>::new());
    // One that keeps its NIC: all the others, before and after it, have theirs again.
    let domain = u32::try_from(host.get(&started[7].0).domid).unwrap();
    host.guests.cling(domain, 0);
    let (seen, found) = (host.seen(), host.guests.found());
    let error = host.call("Bond.destroy", vec![text(&bond)]).unwrap_err();
    assert_eq!(error, errors::device_detach_timeout("VIF", &started[7].1));
    assert_eq!(host.guests.asked(), 40);
    assert_eq!(host.seen(), seen);
    let again = host.guests.found();
    for (now, before) in again.iter().zip(&found) {
        assert_eq!(now.nics.len(), 1, "domain {}", now.domain);
        assert_eq!(now.nics[0].asked_back, now.domain == domain);
        assert_eq!(now.nics[0].nic, before.nics[0].nic);
    }
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_machine_that_is_started_while_others_let_go_is_asked_as_they_were() {
    for drivers in [true, false] {
        let stage = Stage::running();
        let host = &stage.host;
        let bonded = host.new_network("bonded");
        let platform = vec![("pv-drivers".to_owned(), drivers.to_string().into())];
        let late = host.new_vm("late", &[("platform", Value::Struct(platform))]);
        let under = host.network("xenbr2");
        let its = host.new_vif(&late, "0", &under, &[]);
        host.guests.hold(Verb::Withdraw, true);
        let (seen, made) = std::thread::scope(|scope| {
            let made = scope.spawn(|| host.bond(&bonded, &["eth1", "eth2"], "active-backup"));
            let held = host.guests.wait_until_held(Duration::from_secs(20));
            let params = std::iter::once(text(&late)).chain(more());
            let started = host.call("VM.start", params.collect());
            let seen = host.seen();
            host.guests.hold(Verb::Withdraw, false);
            assert!(held, "nobody is asked");
            started.unwrap();
            (seen, made.join().unwrap())
        });
        assert_eq!(host.guests.asked(), 1 + usize::from(drivers));
        if drivers {
            made.unwrap();
            for vif in [&stage.outer, &its] {
                assert_eq!(host.get(vif).network, bonded);
            }
        } else {
            assert_eq!(made.unwrap_err(), errors::vm_missing_pv_drivers(&late));
            assert_eq!(host.seen(), seen);
            assert_eq!(host.get(&its).network, under);
        }
        assert!(host.get(&its).currently_attached);
        let nics = stage.found().into_iter().map(|guest| guest.nics);
        assert!(nics.flatten().all(|nic| !nic.asked_back), "not given back");
        stage.agrees();
    }
}

/// Lets go as guests do; then something happens, for some times.
struct Meanwhile {
    happens: Box<dyn Fn() + Send + Sync>,
    times: AtomicUsize,
}

impl Hands for Meanwhile {
    fn take(&self, core: &Core, vifs: &[Ref<Vif>]) -> Result<(), ApiError> {
        release::release_all(core, vifs)?;
        let left = |times: usize| times.checked_sub(1);
        let again = self
            .times
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left);
        if again.is_ok() {
            (self.happens)();
        }
        Ok(())
    }

    fn give_back(&self, core: &Core, vifs: &[Ref<Vif>]) {
        release::give_back(core, vifs);
    }
}

#[test]
fn a_machine_that_reboots_while_others_let_go_is_asked_again_but_not_for_ever() {
    for times in [1, 100] {
        let stage = Stage::running();
        let host = &stage.host;
        let bonded = host.new_network("bonded");
        let core = Arc::downgrade(host.core());
        let params = vec![Value::from(host.session()), text(&stage.vm)];
        let happens = move || {
            let api = Api::new(core.upgrade().expect("the daemon runs"));
            let rebooted = api.call(&Origin::default(), "VM.hard_reboot", params.clone());
            rebooted.expect("VM.hard_reboot");
        };
        host.core().set_hands(Meanwhile {
            happens: Box::new(happens),
            times: AtomicUsize::new(times),
        });
        let made = host.bond(&bonded, &["eth1", "eth2"], "active-backup");
        if times == 1 {
            made.unwrap();
            assert_eq!(host.guests.asked(), 2, "both guests of the machine");
            assert_eq!(host.get(&stage.outer).network, bonded);
        } else {
            let error = made.unwrap_err();
            assert_eq!(error.code, "OTHER_OPERATION_IN_PROGRESS");
            assert_eq!(error.params, ["VIF", stage.outer.as_str()]);
            assert_eq!(host.guests.asked(), 3);
            assert_eq!(host.get(&stage.outer).network, host.network("xenbr1"));
            assert!(host.all::<Bond>().is_empty());
        }
        assert_eq!(stage.found()[0].nics.len(), 2);
        stage.agrees();
    }
}

#[test]
fn one_guest_without_drivers_keeps_all_others_from_being_asked() {
    let stage = Stage::halted();
    let host = &stage.host;
    let started = running(host, &host.network("xenbr1"), 3);
    let bonded = host.new_network("bonded");
    let metrics = host.get(&started[2].0).guest_metrics;
    let none = xapi_model::TristateType::No;
    stage.set(
        &metrics,
        xapi_model::VmGuestMetrics::CAN_USE_HOTPLUG_VIF,
        none,
    );
    let error = host
        .bond(&bonded, &["eth1", "eth2"], "active-backup")
        .unwrap_err();
    assert_eq!(error.code, "OPERATION_NOT_ALLOWED");
    assert_eq!(host.guests.asked(), 0);
}

#[test]
fn a_paused_machine_keeps_its_nic_from_moving_until_it_runs_or_is_unplugged() {
    let stage = Stage::running();
    stage.on_vm("VM.pause", &[]).unwrap();
    let bonded = stage.host.new_network("bonded");
    let (seen, found) = (stage.host.seen(), stage.found());
    let create = || stage.host.bond(&bonded, &["eth1", "eth2"], "active-backup");
    let paused = errors::vm_bad_power_state(&stage.vm, "running", "paused");
    assert_eq!(create().unwrap_err(), paused);
    assert_eq!(stage.host.guests.asked(), 0, "it would not hear of it");
    assert_eq!(stage.host.seen(), seen);
    assert_eq!(stage.found(), found);
    stage.on_vm("VM.unpause", &[]).unwrap();
    let bond = create().unwrap();
    stage.on_vm("VM.pause", &[]).unwrap();
    let destroy = || stage.host.call("Bond.destroy", vec![text(&bond)]);
    assert_eq!(destroy().unwrap_err(), paused);
    stage.on_vm("VM.unpause", &[]).unwrap();
    stage.on_vif("VIF.unplug", &stage.outer).unwrap();
    stage.on_vm("VM.pause", &[]).unwrap();
    destroy().expect("a NIC that is not plugged is nobody's to let go");
    assert_eq!(
        stage.host.get(&stage.outer).network,
        stage.host.network("xenbr1")
    );
    stage.agrees();
}

/// `Bond.create` over the management NIC and eth1, which waits for a person.
fn bond_and_wait(host: &SimHost, network: &Ref<Network>) -> Result<Ref<Bond>, ApiError> {
    let origin = Origin {
        other_config: vec![("http:confirm-within".to_owned(), "60".to_owned())],
        ..Origin::default()
    };
    let members = ["eth0", "eth1"].map(|device| text(&host.pif(device)));
    let params = vec![
        Value::from(host.session()),
        text(network),
        Value::Array(members.to_vec()),
        Value::from(""),
        Value::from("active-backup"),
    ];
    let made = host.api().call(&origin, "Bond.create", params)?;
    Ok(Ref::new(made.as_str().unwrap()))
}

fn plugin(host: &SimHost, function: &str, args: &[(&str, &str)]) -> Result<String, ApiError> {
    let args = args.iter();
    let args = args.map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
    let words = ["xapi-network", function].map(Value::from);
    let params = std::iter::once(text(&host.host())).chain(words);
    let args = Value::Struct(args.collect());
    let told = host.call("host.call_plugin", params.chain([args]).collect())?;
    Ok(told.as_str().unwrap().to_owned())
}

fn until_it_waits(host: &SimHost) {
    let until = Instant::now() + Duration::from_secs(20);
    while plugin(host, "waits", &[]).unwrap().contains("null") {
        assert!(Instant::now() < until, "nothing waits");
        std::thread::yield_now();
    }
}

#[test]
fn guests_have_their_nics_on_the_bond_while_a_person_is_waited_for_and_keep_or_move_back_as_he_says()
 {
    for keeps in [true, false] {
        let stage = Stage::running();
        let host = &stage.host;
        let bonded = host.new_network("bonded");
        // A network of another MTU: what the guest is given meanwhile is not what its row says in the end.
        stage.set(&bonded, Network::MTU, 1400);
        let asleep = stage.host.new_vm("asleep", &[]);
        let its = stage
            .host
            .new_vif(&asleep, "0", &host.network("xenbr1"), &[]);
        for call in ["VM.start", "VM.suspend"] {
            let rest = more().into_iter().take(match call {
                "VM.start" => 2,
                _ => 0,
            });
            let params = std::iter::once(text(&asleep)).chain(rest);
            host.call(call, params.collect()).unwrap();
        }
        let seen = host.seen();
        let port = format!("vif{}.1", stage.domain());
        let name = xapi_net::names::Name::new(&port).unwrap();
        std::thread::scope(|scope| {
            let change = scope.spawn(|| bond_and_wait(host, &bonded));
            until_it_waits(host);
            assert_eq!(
                host.guests.asked(),
                1,
                "the suspended one has nothing to let go of"
            );
            assert_eq!(stage.found()[0].nics.len(), 2, "it has its NIC again");
            let on = || host.handle.world().state.ports[&name].row.bridge.clone();
            assert_eq!(on(), host.get(&bonded).bridge);
            assert_eq!(host.seen(), seen, "nothing is committed yet");
            let args: &[(&str, &str)] = match keeps {
                true => &[],
                false => &[("undo", "true")],
            };
            plugin(host, "confirm", args).expect("heard");
            assert_eq!(change.join().unwrap().is_ok(), keeps);
        });
        let network = match keeps {
            true => bonded.clone(),
            false => host.network("xenbr1"),
        };
        for vif in [&stage.outer, &its] {
            assert_eq!(host.get(vif).network, network);
            assert!(host.get(vif).currently_attached);
        }
        assert_eq!(host.get(&stage.outer).mtu, if keeps { 1400 } else { 1500 });
        let bridge = host.get(&network).bridge;
        assert_eq!(stage.port(&port).bridge.as_str(), bridge);
        assert_eq!(stage.found()[0].nics.len(), 2);
        if !keeps {
            assert_eq!(host.seen(), seen);
        }
        stage.agrees();
    }
}
