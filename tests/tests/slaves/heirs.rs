//! Who hands the pool over and goes on as the master, for the other one cannot take it or is lost.

use std::time::{Duration, Instant};

use xapi_core::pool::verbs::Verb;
use xapi_core::watch::Watch;
use xapi_db::Read;
use xapi_model::{Host, Position, Ref, Value, Vm, VmPowerState};
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{PATIENCE, Trouble};
use xapi_tests::{SimHost, SimPool};

use crate::local::Client;

const DESIGNATE: &str = "pool.designate_new_master";

#[test]
fn a_host_with_an_older_program_does_not_become_the_master_and_the_answer_names_both_versions() {
    let mut pool = SimPool::new(1, 2);
    let heir = pool.host(0);
    let runs = |version: &str| {
        let told = pool.master.core().store.change(|draft| {
            let mut software = draft.get(&heir)?.software_version;
            software.insert("xapi_build".to_owned(), version.to_owned());
            draft.set(&heir, Host::SOFTWARE_VERSION, software)
        });
        told.expect("what it tells of itself");
    };
    let ours = pool.master.get(&heir).software_version["xapi_build"].clone();
    runs("0.0.1");
    let error = pool.master.call(DESIGNATE, vec![text(&heir)]).unwrap_err();
    assert_eq!(error.code, "OPERATION_NOT_ALLOWED");
    for version in ["0.0.1", &ours] {
        assert!(error.params[0].contains(version), "{error}");
    }
    assert!(pool.master.core().pool.is_master());
    pool.master.new_network("made afterwards");
    // A newer one may be followed.
    runs("99.0.0");
    pool.master.core().on_restart(|| ());
    pool.slaves[0].host.core().on_restart(|| ());
    let designated = pool.master.call(DESIGNATE, vec![text(&heir)]);
    designated.expect("they change places");
    pool.cut(0);
}

#[test]
fn what_guests_do_while_an_heir_is_asked_that_is_lost_is_seen_afterwards() {
    let master = SimHost::configured(2, |config| config.away_within = Duration::from_secs(1));
    let mut pool = SimPool::of(master, 2, 2);
    let core = pool.master.core();
    let _watch = Watch::start(core).expect("a thread");
    let heir = pool.host(1);
    pool.slaves[0].slave().tell_events();
    let guests = [&pool.master, &pool.slaves[0].host].map(|host| host.guests.clone());
    let hosts = [pool.master.host(), pool.host(0)];
    let mut ends = Vec::new();
    let mut machines: Vec<Ref<Vm>> = Vec::new();
    for (host, guests) in hosts.iter().zip(guests) {
        let vm = pool.master.new_vm("one", &[]);
        let params = vec![text(&vm), text(host), false.into(), false.into()];
        pool.master.call("VM.start_on", params).expect("it starts");
        let domain = u32::try_from(pool.master.get(&vm).domid).expect("a domain");
        ends.push((guests, domain));
        machines.push(vm);
    }
    // Whether the other one decides is looked for while nothing can be written.
    core.pool.set_lookout(move |_, _| {
        for (guests, domain) in &ends {
            guests.end(*domain);
        }
        Vec::new()
    });
    pool.trouble_at(1, Trouble::NotHeard, "\"Decide\"");
    let error = pool.master.call(DESIGNATE, vec![text(&heir)]).unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST", "{error}");
    // The hosts are looked at when the call no longer has their turns.
    let until = Instant::now() + PATIENCE;
    for vm in &machines {
        while pool.master.get(vm).power_state != VmPowerState::Halted {
            assert!(Instant::now() < until, "{vm} is not seen to be off");
            std::thread::yield_now();
        }
    }
    for slave in 0..2 {
        pool.cut(slave);
    }
}

/// A call by a local session.
fn local(host: &SimHost, name: &str, rest: &[&str]) -> Result<Value, xapi_model::ApiError> {
    let words = ["root", "secret"].map(Value::from).to_vec();
    let session = host.raw("session.slave_local_login_with_password", words)?;
    let rest = rest.iter().copied().map(Value::from);
    host.raw(name, std::iter::once(session).chain(rest).collect())
}

#[test]
fn a_master_that_cannot_write_what_it_is_to_be_goes_on() {
    let host = SimHost::new(2);
    host.core().on_restart(|| panic!("it begins anew"));
    let conf = host.root().join("etc/xensource/pool.conf");
    if conf.exists() {
        std::fs::remove_file(&conf).expect("a file");
    }
    // Nothing can be put in its place.
    std::fs::create_dir_all(conf.join("in the way")).expect("a directory");
    let error = local(&host, "pool.emergency_reset_master", &["172.16.0.30"]).unwrap_err();
    assert_eq!(error.code, "INTERNAL_ERROR", "{error}");
    assert!(host.core().pool.is_master());
    host.new_network("made afterwards");
}

#[test]
fn that_a_host_has_stepped_down_is_forgotten_when_its_rows_are_anothers_and_not_before() {
    let pool = SimPool::new(1, 2);
    let its = &pool.slaves[0];
    let core = its.host.core();
    let note = its.host.root().join("var/lib/xcp/stepped-down");
    let is = core.store.position().expect("a position");
    let noted = |term: u64| {
        let text = format!(r#"{{"file":"/x","term":{term},"address":"172.16.0.10","later":null}}"#);
        std::fs::write(&note, text).expect("a file");
    };
    let settled = |generation: u64| {
        let at = Position { generation, ..is };
        let question = serde_json::to_vec(&Verb::Settled(at)).expect("a question");
        let answer = its.slave().asked(&question).expect("an answer");
        assert_eq!(answer, br#"{"Done":{"Ok":null}}"#);
    };
    noted(is.term);
    settled(is.generation);
    assert!(!note.exists());
    // The copy of who decides now is not here yet.
    noted(is.term);
    settled(is.generation + 1000);
    assert!(note.exists());
}

#[test]
fn whoever_hands_the_pool_over_on_a_slave_is_told_that_it_is_done() {
    for (asks, heir) in [(0, 0), (0, 1)] {
        let pool = SimPool::new(2, 2);
        let all = pool.slaves.iter().map(|slave| &slave.host);
        for host in all.chain([&pool.master]) {
            host.core().on_restart(|| ());
        }
        let client = Client::new(&pool.slaves[asks]);
        let heirs = text(&pool.host(heir));
        let handed = client.call("pool.designate_new_master", vec![heirs]);
        assert_eq!(handed, Ok(Value::Nil), "host {asks} for {heir}");
        let conf = pool.slaves[heir]
            .host
            .root()
            .join("etc/xensource/pool.conf");
        let says = std::fs::read_to_string(conf).expect("a role");
        assert_eq!(says.trim(), "master");
    }
}
