//! Machines that run on a slave: the master decides, and the slave's guests do what it asks over the line.

use std::time::{Duration, Instant};

use xapi_core::last_topology;
use xapi_core::watch::Watch;
use xapi_guest::Guests;
use xapi_guest::sim::Verb;
use xapi_model::{
    ApiError, BondMode, Host, Message, Network, Pif, Ref, Value, Vif, Vm, VmPowerState,
};
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{AWAY, PATIENCE, Trouble};
use xapi_tests::{SimHost, SimPool};

use crate::changes::astray;

/// A slave is given up at once.
const IMPATIENT: Duration = Duration::from_millis(50);

/// A pool with a machine that has two NICs: on a network of its own, and on eth1's.
struct Stage {
    pool: SimPool,
    vm: Ref<Vm>,
    vifs: [Ref<Vif>; 2],
}

impl Stage {
    fn new() -> Stage {
        Stage::away(AWAY)
    }

    /// Whose slave may be away so long.
    fn away(within: Duration) -> Stage {
        let master = SimHost::configured(4, |config| config.away_within = within);
        let pool = SimPool::of(master, 1, 4);
        let master = &pool.master;
        let vm = master.new_vm("one", &[]);
        let networks = [master.new_network("inside"), master.network("xenbr1")];
        let vifs = ["0", "1"].map(|device| {
            let at: usize = device.parse().expect("a number");
            master.new_vif(&vm, device, &networks[at], &[])
        });
        Stage { pool, vm, vifs }
    }

    fn running() -> Stage {
        Stage::new().started()
    }

    fn started(self) -> Stage {
        self.start().unwrap();
        self
    }

    fn on_vm(&self, call: &str, more: &[Value]) -> Result<Value, ApiError> {
        let params = std::iter::once(text(&self.vm)).chain(more.iter().cloned());
        self.pool.master.call(call, params.collect())
    }

    fn on_vif(&self, call: &str, vif: &Ref<Vif>) -> Result<Value, ApiError> {
        self.pool.master.call(call, vec![text(vif)])
    }

    fn start(&self) -> Result<Value, ApiError> {
        let there = text(&self.pool.host(0));
        self.on_vm("VM.start_on", &[there, false.into(), false.into()])
    }

    fn row(&self) -> Vm {
        self.pool.master.get(&self.vm)
    }

    /// UUIDs of the guests that the slave has.
    fn guests(&self) -> Vec<String> {
        let found = self.pool.slaves[0].host.guests.found();
        found.into_iter().map(|guest| guest.uuid).collect()
    }

    /// The machine runs on the slave, or not at all; and whatever the rows say of it is so.
    fn is(&self, state: VmPowerState) {
        let row = self.row();
        assert_eq!(row.power_state, state);
        assert!(row.current_operations.is_empty(), "{row:?}");
        assert!(row.scheduled_to_be_resident_on.is_null());
        let (there, guests) = match state {
            VmPowerState::Running | VmPowerState::Paused => {
                (self.pool.host(0), vec![row.uuid.clone()])
            }
            _ => (Ref::<Host>::null(), vec![]),
        };
        assert_eq!((&row.resident_on, self.guests()), (&there, guests));
        assert_eq!(astray(&self.pool, 0), Vec::<String>::new());
        assert_eq!(self.pool.master.guests.found(), []);
    }

    /// Waits until the machine is so.
    fn becomes(&self, state: VmPowerState) {
        let until = Instant::now() + PATIENCE;
        while self.row().power_state != state {
            assert!(Instant::now() < until, "{:?}", self.row());
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_machine_starts_and_stops_on_a_slave_with_its_nics() {
    let stage = Stage::running();
    stage.is(VmPowerState::Running);
    let domain = stage.row().domid;
    let nics = stage.pool.slaves[0].host.guests.found()[0].nics.clone();
    let ends: Vec<_> = nics.iter().map(|nic| nic.host_end.clone()).collect();
    assert_eq!(ends, [format!("vif{domain}.0"), format!("vif{domain}.1")]);
    for vif in &stage.vifs {
        stage.on_vif("VIF.unplug", vif).unwrap();
        assert!(!stage.pool.master.get(vif).currently_attached);
        stage.is(VmPowerState::Running);
        stage.on_vif("VIF.plug", vif).unwrap();
        assert!(stage.pool.master.get(vif).currently_attached);
        stage.is(VmPowerState::Running);
    }
    for (call, state) in [
        ("VM.pause", VmPowerState::Paused),
        ("VM.unpause", VmPowerState::Running),
        ("VM.clean_reboot", VmPowerState::Running),
        ("VM.suspend", VmPowerState::Suspended),
    ] {
        stage.on_vm(call, &[]).unwrap();
        stage.is(state);
    }
    // Its memory is there, wherever it would rather be.
    let master = stage.pool.master.host();
    stage.on_vm("VM.set_affinity", &[text(&master)]).unwrap();
    let elsewhere = [text(&master), false.into(), false.into()];
    let error = stage.on_vm("VM.resume_on", &elsewhere).unwrap_err();
    assert_eq!(error.code, "OPERATION_NOT_ALLOWED");
    stage
        .on_vm("VM.resume", &[false.into(), false.into()])
        .unwrap();
    stage.is(VmPowerState::Running);
    stage.on_vm("VM.clean_shutdown", &[]).unwrap();
    stage.is(VmPowerState::Halted);
}

#[test]
fn a_machine_that_cannot_be_on_the_master_starts_where_it_can() {
    let stage = Stage::new();
    let master = text(&stage.pool.master.host());
    stage
        .pool
        .master
        .call("host.disable", vec![master])
        .unwrap();
    stage
        .on_vm("VM.start", &[false.into(), false.into()])
        .unwrap();
    stage.is(VmPowerState::Running);
}

#[test]
fn a_machine_of_a_host_that_is_not_there_is_not_touched() {
    let mut stage = Stage::running();
    stage.pool.cut(0);
    for call in [
        "VM.clean_shutdown",
        "VM.hard_shutdown",
        "VM.pause",
        "VM.suspend",
        "VM.hard_reboot",
    ] {
        let error = stage.on_vm(call, &[]).unwrap_err();
        assert_eq!(error.code, "HOST_OFFLINE", "{call}");
        assert_eq!(error.params, [stage.pool.host(0).as_str()], "{call}");
    }
    let error = stage.on_vif("VIF.unplug", &stage.vifs[0]).unwrap_err();
    assert_eq!(error.code, "HOST_OFFLINE");
    stage.pool.link(0);
    stage.is(VmPowerState::Running);
}

#[test]
fn an_operation_that_loses_the_host_is_settled_by_what_the_host_tells_when_it_is_back() {
    let mut stage = Stage::away(IMPATIENT);
    for (call, word, trouble, state) in [
        (
            "VM.start_on",
            "\"Start\":",
            Trouble::NotHeard,
            VmPowerState::Halted,
        ),
        (
            "VM.start_on",
            "\"Start\":",
            Trouble::NotAnswered,
            VmPowerState::Halted,
        ),
        (
            "VM.start_on",
            "\"Offer\":",
            Trouble::NotAnswered,
            VmPowerState::Halted,
        ),
        (
            "VM.start_on",
            "\"Unpause\":",
            Trouble::NotAnswered,
            VmPowerState::Halted,
        ),
        (
            "VM.clean_shutdown",
            "\"Shutdown\":",
            Trouble::NotHeard,
            VmPowerState::Running,
        ),
        (
            "VM.clean_shutdown",
            "\"Shutdown\":",
            Trouble::NotAnswered,
            VmPowerState::Halted,
        ),
        (
            "VM.suspend",
            "\"Suspend\":",
            Trouble::NotAnswered,
            VmPowerState::Suspended,
        ),
        (
            "VM.pause",
            "\"Pause\":",
            Trouble::NotAnswered,
            VmPowerState::Paused,
        ),
    ] {
        stage.ready_for(call);
        stage.pool.trouble_at(0, trouble, word);
        let outcome = match call {
            "VM.start_on" => stage.start(),
            _ => stage.on_vm(call, &[]),
        };
        let error = outcome.unwrap_err();
        assert_eq!(
            error.code, "CANNOT_CONTACT_HOST",
            "{call} {word} {trouble:?}"
        );
        assert_eq!(error.params, [stage.pool.host(0).as_str()]);
        // Nobody begins anything else before that is settled.
        let again = stage.start().unwrap_err();
        assert!(!stage.row().current_operations.is_empty(), "{call} {again}");
        stage.pool.link(0);
        stage.is(state);
    }
}

#[test]
fn a_nic_whose_plugging_loses_the_host_is_as_the_rows_say_when_it_is_back() {
    for (call, word, attached) in [
        ("VIF.unplug", "\"Withdraw\":", true),
        ("VIF.plug", "\"Offer\":", false),
    ] {
        let mut stage = Stage::away(IMPATIENT).started();
        let vif = stage.vifs[1].clone();
        if call == "VIF.plug" {
            stage.on_vif("VIF.unplug", &vif).unwrap();
        }
        stage.pool.trouble_at(0, Trouble::NotAnswered, word);
        let error = stage.on_vif(call, &vif).unwrap_err();
        assert_eq!(error.code, "CANNOT_CONTACT_HOST", "{call}");
        stage.pool.link(0);
        stage.is(VmPowerState::Running);
        let row = stage.pool.master.get(&vif);
        assert_eq!(row.currently_attached, attached, "{call}");
        assert!(row.current_operations.is_empty(), "{call}");
        let nics = stage.pool.slaves[0].host.guests.found()[0].nics.len();
        assert_eq!(nics, 1 + usize::from(attached), "{call}");
    }
}

#[test]
fn what_guests_of_a_slave_do_by_themselves_is_told_at_once_or_when_it_is_back() {
    let mut stage = Stage::running();
    let _watch = Watch::start(stage.pool.master.core()).expect("a thread");
    stage.pool.slaves[0].slave().tell_events();
    let end = |stage: &Stage| {
        let domain = u32::try_from(stage.row().domid).expect("a domain");
        stage.pool.slaves[0].host.guests.end(domain);
    };
    end(&stage);
    stage.becomes(VmPowerState::Halted);
    stage.start().unwrap();
    stage.pool.cut(0);
    end(&stage);
    assert_eq!(stage.row().power_state, VmPowerState::Running);
    stage.pool.link(0);
    stage.is(VmPowerState::Halted);
}

/// A network, and what makes a bond of the slave's NICs on it.
fn a_bond(pool: &SimPool) -> (Ref<Network>, Vec<Value>) {
    let network = pool.master.new_network("bonded");
    let members = ["eth1", "eth2"].map(|device| text(&pool.pif(0, device)));
    let params = vec![
        text(&network),
        Value::Array(members.to_vec()),
        "".into(),
        BondMode::ActiveBackup.as_str().into(),
    ];
    (network, params)
}

#[test]
fn a_bond_of_a_slave_takes_along_the_nics_of_its_guests() {
    let stage = Stage::running();
    let pool = &stage.pool;
    let (network, params) = a_bond(pool);
    pool.master.call("Bond.create", params).unwrap();
    let row = pool.master.get(&stage.vifs[1]);
    assert_eq!((row.network, row.currently_attached), (network, true));
    stage.is(VmPowerState::Running);
}

#[test]
fn guests_have_the_nics_again_that_they_let_go_of_for_a_bond_whose_host_was_lost() {
    for trouble in [Trouble::NotHeard, Trouble::NotAnswered] {
        let mut stage = Stage::away(IMPATIENT).started();
        let pool = &stage.pool;
        let (_, params) = a_bond(pool);
        let before = pool.master.get(&stage.vifs[1]);
        pool.trouble_at(0, trouble, "\"Converge\":");
        let error = pool.master.call("Bond.create", params).unwrap_err();
        assert_eq!(error.code, "CANNOT_CONTACT_HOST", "{trouble:?}");
        stage.pool.link(0);
        stage.is(VmPowerState::Running);
        let row = stage.pool.master.get(&stage.vifs[1]);
        let is = (row.network, row.currently_attached);
        assert_eq!(is, (before.network, true), "{trouble:?}");
        let nics = stage.pool.slaves[0].host.guests.found()[0].nics.len();
        assert_eq!(nics, 2, "{trouble:?}");
    }
}

#[test]
fn a_host_that_takes_over_the_pools_bond_at_its_start_asks_its_guests_first() {
    let mut stage = Stage::running();
    let master = &stage.pool.master;
    let domain = u32::try_from(stage.row().domid).unwrap();
    stage.pool.slaves[0].host.guests.cling(domain, 1);
    let network = master.new_network("bond");
    let of_master = |device: &str| {
        let mut pifs = master.all::<Pif>().into_iter();
        let its = |pif: &Pif| pif.host == master.host() && pif.device == device;
        text(&pifs.find(|(_, pif)| its(pif)).unwrap().0)
    };
    let members = Value::Array(["eth1", "eth2"].map(of_master).to_vec());
    let bond = vec![text(&network), members, "".into(), "balance-slb".into()];
    master.call("Bond.create", bond).unwrap();
    let on = |stage: &Stage| stage.pool.master.get(&stage.vifs[1]).network;
    let before = on(&stage);
    let starts = |stage: &mut Stage| {
        stage.pool.restart(0);
        stage.pool.link(0);
    };
    starts(&mut stage);
    // One that does not let go keeps its NIC, and its host stays as it was.
    assert_eq!(on(&stage), before);
    stage.is(VmPowerState::Running);
    let alerts = stage.pool.master.all::<Message>().into_iter();
    let told = alerts
        .filter(|(_, it)| it.name == "POOL_NETWORK_NOT_INHERITED")
        .count();
    assert_eq!(told, 1);
    stage.pool.slaves[0].host.guests.let_go(domain);
    starts(&mut stage);
    assert_eq!(on(&stage), network);
    stage.is(VmPowerState::Running);
    assert!(stage.pool.master.get(&stage.vifs[1]).currently_attached);
}

#[test]
fn what_is_kept_of_a_slaves_network_has_the_nics_that_its_guests_have() {
    let stage = Stage::running();
    let kept = || {
        stage.pool.slaves[0].catches_up(&stage.pool.master);
        let config = &stage.pool.slaves[0].host.core().config;
        let kept = last_topology::read(&config.last_topology()).unwrap();
        kept.unwrap().vifs.len()
    };
    assert_eq!(kept(), 2);
    stage.on_vif("VIF.unplug", &stage.vifs[1]).unwrap();
    assert_eq!(kept(), 1);
    stage.on_vm("VM.hard_shutdown", &[]).unwrap();
    assert_eq!(kept(), 0);
}

#[test]
fn a_machine_of_a_host_that_does_not_come_back_can_be_had_elsewhere() {
    let mut stage = Stage::running();
    stage.pool.cut(0);
    stage.on_vm("VM.power_state_reset", &[]).unwrap();
    assert_eq!(stage.row().power_state, VmPowerState::Halted);
    let here = text(&stage.pool.master.host());
    let on_master = [here, false.into(), false.into()];
    stage.on_vm("VM.start_on", &on_master).unwrap();
    // And is that one, whatever the other host says.
    stage.pool.link(0);
    assert_eq!(stage.row().resident_on, stage.pool.master.host());
    assert_eq!(stage.row().power_state, VmPowerState::Running);
}

/// What a call asks of the slave's guests, and what the machine is afterwards.
const OPERATIONS: [(&str, &str, Verb, VmPowerState); 5] = [
    (
        "VM.start_on",
        "\"Start\":",
        Verb::Start,
        VmPowerState::Running,
    ),
    (
        "VM.clean_shutdown",
        "\"Shutdown\":",
        Verb::Shutdown,
        VmPowerState::Halted,
    ),
    (
        "VM.suspend",
        "\"Suspend\":",
        Verb::Suspend,
        VmPowerState::Suspended,
    ),
    ("VM.pause", "\"Pause\":", Verb::Pause, VmPowerState::Paused),
    (
        "VM.hard_shutdown",
        "\"Destroy\":",
        Verb::Destroy,
        VmPowerState::Halted,
    ),
];

impl Stage {
    /// The machine is as an operation wants it.
    fn ready_for(&self, call: &str) {
        let more = || [false.into(), false.into()];
        let outcome = match (call, self.row().power_state) {
            ("VM.start_on", VmPowerState::Halted) => return,
            ("VM.start_on", _) => self.on_vm("VM.hard_shutdown", &[]),
            (_, VmPowerState::Running) => return,
            (_, VmPowerState::Halted) => self.start(),
            (_, VmPowerState::Paused) => self.on_vm("VM.unpause", &[]),
            (_, VmPowerState::Suspended) => self.on_vm("VM.resume", &more()),
        };
        outcome.unwrap_or_else(|why| panic!("before {call}: {why}"));
    }

    fn operate(&self, call: &str) -> Result<Value, ApiError> {
        match call {
            "VM.start_on" => self.start(),
            _ => self.on_vm(call, &[]),
        }
    }

    /// UUIDs of the machines whose memory the slave keeps.
    fn kept(&self) -> Vec<String> {
        let guests = &self.pool.slaves[0].host.guests;
        guests.suspended().expect("what is suspended")
    }

    /// Holds up what the slave's guests do, or lets it go on.
    fn hold(&self, verb: Verb, hold: bool) {
        self.pool.slaves[0].host.guests.hold(verb, hold);
    }
}

#[test]
fn a_call_whose_host_is_back_in_time_is_answered_by_what_the_host_did_meanwhile() {
    let mut stage = Stage::away(PATIENCE);
    for (call, word, verb, state) in OPERATIONS {
        // The line is lost and comes back while the host is at it, or when that is over; or it stays.
        let ways = match verb {
            Verb::Start | Verb::Suspend => &[(Trouble::GoesOn, true), (Trouble::GoesOn, false)],
            Verb::Shutdown => &[(Trouble::GoesOn, true), (Trouble::Late, true)],
            _ => &[(Trouble::GoesOn, true)][..],
        };
        for &(trouble, comes_back_first) in ways {
            stage.ready_for(call);
            stage.hold(verb, true);
            stage.pool.trouble_at(0, trouble, word);
            let guests = std::sync::Arc::clone(&stage.pool.slaves[0].host.guests);
            let session = stage.pool.master.session().to_owned();
            let api = xapi_core::Api::new(std::sync::Arc::clone(stage.pool.master.core()));
            let mut params = vec![Value::from(session), text(&stage.vm)];
            if call == "VM.start_on" {
                params.extend([text(&stage.pool.host(0)), false.into(), false.into()]);
            }
            let calling =
                std::thread::spawn(move || api.call(&xapi_core::Origin::default(), call, params));
            assert!(guests.wait_until_held(PATIENCE), "{call}");
            if trouble == Trouble::GoesOn {
                let until = Instant::now() + PATIENCE;
                while stage.pool.is_linked(0) {
                    assert!(Instant::now() < until, "{call}");
                    std::thread::yield_now();
                }
                if !comes_back_first {
                    stage.hold(verb, false);
                }
                stage.pool.link(0);
                if comes_back_first {
                    assert!(!stage.row().current_operations.is_empty(), "{call}");
                }
            }
            stage.hold(verb, false);
            let outcome = calling.join().expect("the call");
            outcome.unwrap_or_else(|why| panic!("{call} {trouble:?}: {why}"));
            stage.is(state);
        }
    }
}

#[test]
fn what_a_host_does_after_its_call_has_given_up_is_shown_as_soon_as_it_is_done() {
    let mut stage = Stage::away(IMPATIENT);
    for (call, word, verb, state) in OPERATIONS {
        stage.ready_for(call);
        stage.hold(verb, true);
        stage.pool.trouble_at(0, Trouble::GoesOn, word);
        let error = stage.operate(call).unwrap_err();
        assert_eq!(error.code, "CANNOT_CONTACT_HOST", "{call}");
        // Its arrival finds it at work, and nobody judges the machine yet or begins anything else.
        stage.pool.link(0);
        assert!(!stage.row().current_operations.is_empty(), "{call}");
        assert!(stage.start().is_err(), "{call}");
        stage.hold(verb, false);
        // A start that nobody waits for any more is ended.
        let state = match call {
            "VM.start_on" => VmPowerState::Halted,
            _ => state,
        };
        let until = Instant::now() + PATIENCE;
        while !stage.row().current_operations.is_empty() {
            assert!(Instant::now() < until, "{call} {:?}", stage.row());
            std::thread::yield_now();
        }
        stage.becomes(state);
        let may = stage.row().allowed_operations;
        assert!(!may.is_empty(), "{call}");
        // And its network follows.
        while !astray(&stage.pool, 0).is_empty() {
            assert!(Instant::now() < until, "{call}");
            std::thread::yield_now();
        }
        stage.is(state);
    }
}

#[test]
fn the_memory_of_a_machine_that_is_not_suspended_any_more_is_thrown_away_when_its_host_is_there() {
    let mut stage = Stage::new();
    for (call, is_there) in [
        ("VM.hard_shutdown", true),
        ("VM.hard_shutdown", false),
        ("VM.power_state_reset", false),
        ("VM.destroy", true),
        ("VM.destroy", false),
    ] {
        stage.ready_for(call);
        stage.on_vm("VM.suspend", &[]).unwrap();
        if !is_there {
            stage.pool.cut(0);
        }
        stage.on_vm(call, &[]).unwrap();
        if call != "VM.destroy" {
            assert_eq!(stage.row().power_state, VmPowerState::Halted, "{call}");
        }
        if !is_there {
            assert_eq!(stage.kept().len(), 1, "{call}");
            if call == "VM.destroy" {
                // Also by another daemon of the master.
                stage.pool.restart_master();
            }
            stage.pool.link(0);
        }
        assert_eq!(stage.kept(), Vec::<String>::new(), "{call} {is_there}");
        match call {
            "VM.destroy" => stage.vm = stage.pool.master.new_vm("another", &[]),
            _ => stage.start().map(drop).unwrap(),
        }
    }
}

#[test]
fn a_machine_whose_memory_a_slave_has_lost_is_shown_halted_when_that_is_back() {
    let mut stage = Stage::new();
    stage.start().map(drop).unwrap();
    stage.on_vm("VM.suspend", &[]).unwrap();
    stage.is(VmPowerState::Suspended);
    stage.pool.cut(0);
    let uuid = stage.row().uuid;
    let guests = &stage.pool.slaves[0].host.guests;
    xapi_guest::Guests::discard(&**guests, &uuid).unwrap();
    stage.pool.link(0);
    stage.is(VmPowerState::Halted);
}

#[test]
fn a_machine_that_is_suspended_after_its_host_was_given_up_keeps_nothing_there() {
    let mut stage = Stage::away(IMPATIENT).started();
    stage.hold(Verb::Suspend, true);
    stage.pool.trouble_at(0, Trouble::GoesOn, "\"Suspend\":");
    stage.on_vm("VM.suspend", &[]).unwrap_err();
    stage.on_vm("VM.power_state_reset", &[]).unwrap();
    stage.pool.link(0);
    stage.hold(Verb::Suspend, false);
    let until = Instant::now() + PATIENCE;
    while !stage.guests().is_empty() || !stage.kept().is_empty() {
        assert!(
            Instant::now() < until,
            "{:?} {:?}",
            stage.guests(),
            stage.kept()
        );
        std::thread::yield_now();
    }
    stage.is(VmPowerState::Halted);
}

#[test]
fn the_memory_of_a_machine_that_is_suspended_stays_whatever_was_thrown_away_before() {
    let mut stage = Stage::running();
    stage.pool.cut(0);
    stage.on_vm("VM.power_state_reset", &[]).unwrap();
    stage.pool.link(0);
    // It runs there yet, and is the pool's again.
    stage.is(VmPowerState::Running);
    stage.on_vm("VM.suspend", &[]).unwrap();
    stage.pool.cut(0);
    stage.pool.link(0);
    assert_eq!(stage.kept().len(), 1);
    let more = [false.into(), false.into()];
    stage.on_vm("VM.resume", &more).unwrap();
    stage.is(VmPowerState::Running);
}
