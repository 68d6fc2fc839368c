//! Hosts that begin to decide: each in a term of its own, and whatever else somebody wants of pool.conf at that moment.

use std::path::Path;
use std::time::{Duration, Instant};

use uuid::Uuid;
use xapi_core::Origin;
use xapi_core::pool::{another, search};
use xapi_db::{Options, Read, Store, next_term};
use xapi_model::{ApiError, Class, Message, Network, Value};
use xapi_tests::sim_host::text;
use xapi_tests::sim_peers::{Fate, Kind, Trouble};
use xapi_tests::sim_pool::PATIENCE;
use xapi_tests::{Peers, SimHost, SimPool};

use crate::trust::begin;

/// A call by a local session.
pub fn local(peers: &mut Peers, at: usize, name: &str, rest: &[&str]) -> Result<Value, ApiError> {
    let words = ["root", "secret"].map(Value::from).to_vec();
    let login = "session.slave_local_login_with_password";
    let session = peers.raw(at, &Origin::default(), login, words)?;
    let rest = rest.iter().copied().map(Value::from);
    let params = std::iter::once(session).chain(rest).collect();
    peers.raw(at, &Origin::default(), name, params)
}

pub fn decides(peers: &mut Peers, at: usize) -> u64 {
    local(peers, at, "pool.emergency_transition_to_master", &[]).expect("it decides");
    peers.settle();
    assert!(peers.masters().contains(&at));
    peers.core(at).store.term()
}

fn alone(peers: &Peers, at: usize) {
    for other in 0..peers.len() {
        if other != at {
            peers.part(at, other);
        }
    }
}

/// The names of the networks in a file that a host has kept.
fn names_in(file: &Path) -> Vec<String> {
    let store = Store::open(file, Options::default()).expect("a database");
    let networks = store.view().expect("a view").all::<Network>();
    let networks = networks.expect("the networks").into_iter();
    networks.map(|(_, row)| row.name_label).collect()
}

fn alerts(peers: &Peers, at: usize) -> Vec<String> {
    named(peers, at, "POOL_MASTER_TRANSITION")
}

/// What an operator reads of masters that have stepped down.
fn stepped_down(peers: &Peers, at: usize) -> Vec<String> {
    named(peers, at, "POOL_MASTER_STEPPED_DOWN")
}

fn named(peers: &Peers, at: usize, name: &str) -> Vec<String> {
    let messages = peers.host(at).all::<Message>().into_iter();
    let its = messages.filter(|(_, row)| row.name == name);
    its.map(|(_, row)| row.body).collect()
}

#[test]
fn two_hosts_that_decide_without_hearing_of_each_other_have_terms_of_their_own_and_the_earlier_yields()
 {
    let mut peers = Peers::new(3, 2);
    let first = peers.core(0).store.term();
    for at in 0..3 {
        alone(&peers, at);
    }
    let terms = [1, 2].map(|at| (decides(&mut peers, at), at));
    assert_ne!(terms[0].0, terms[1].0, "nobody can tell the two apart");
    for (_, at) in terms {
        peers.host(at).new_network(&format!("of {at}"));
    }
    let (stays, goes) = (
        terms.into_iter().max().unwrap(),
        terms.into_iter().min().unwrap(),
    );
    peers.heal();
    peers.settle();
    assert_eq!(peers.masters(), [stays.1]);
    for at in 0..3 {
        let networks = peers.host(at).all::<Network>().into_iter();
        let names: Vec<_> = networks.map(|(_, row)| row.name_label).collect();
        assert!(
            names.contains(&format!("of {}", stays.1)),
            "{at}: {names:?}"
        );
        assert!(
            !names.contains(&format!("of {}", goes.1)),
            "{at}: {names:?}"
        );
    }
    let kept = names_in(&peers.kept(goes.1, goes.0));
    assert!(kept.contains(&format!("of {}", goes.1)), "{kept:?}");
    // Whoever reads the alerts of the pool is told, of both that were parted from the one that stays, and once.
    let told = stepped_down(&peers, 0);
    assert_eq!(told.len(), 2, "{told:?}");
    for (at, term, name) in [
        (goes.1, goes.0, format!("slave {}", goes.1)),
        (0, first, peers.host(0).get(&peers.row(0, 0)).name_label),
    ] {
        let file = peers.kept(at, term);
        let stays_for = format!("slave {} at 172.16.0.{}", stays.1, 10 + 2 * stays.1);
        let says = format!(
            "{name} was the master of term {term} and has stepped down for {stays_for}, the master since term {}.",
            stays.0
        );
        let note = peers.host(at).root().join("var/lib/xcp/stepped-down");
        assert!(!note.exists(), "{at} has told it");
        let its = told.iter().find(|body| body.starts_with(&says));
        let its = its.unwrap_or_else(|| panic!("{says} is not among {told:?}"));
        assert!(its.ends_with(&format!("in {}", file.display())), "{its}");
        peers.kill(at);
        peers.start(at);
    }
    peers.settle();
    assert_eq!(stepped_down(&peers, 0), told);
}

#[test]
fn a_master_that_cannot_keep_its_rows_for_a_later_one_decides_no_more_and_steps_down_when_it_can() {
    let mut peers = Peers::new(2, 2);
    let term = peers.core(0).store.term();
    alone(&peers, 0);
    decides(&mut peers, 1);
    peers.host(0).new_network("of the earlier one");
    // Something is in the way of the file.
    let kept = peers.kept(0, term);
    std::fs::create_dir(&kept).expect("a directory");
    let console = peers.core(0).config.console();
    std::fs::create_dir_all(console.parent().expect("a directory")).expect("a directory");
    std::fs::write(&console, "").expect("a console");
    peers.heal();
    for begins_anew in [false, true] {
        if begins_anew {
            peers.kill(0);
            peers.start(0);
        }
        // The second time it is known that there is another one, as long as the daemon is the same.
        for _ in 0..2 {
            let failed = another::yield_to_another(peers.core(0));
            assert!(failed.is_err(), "{failed:?}");
            let network = vec![Value::Struct(Vec::new())];
            let refused = peers.call(0, "network.create", network).unwrap_err();
            assert_eq!(refused.code, "HOST_IS_SLAVE", "{refused}");
            assert_eq!(refused.params, ["172.16.0.12"]);
            let store = &peers.core(0).store;
            let committed = store.change(|draft| draft.insert(Network::blank()).map(drop));
            assert!(committed.is_err(), "it is committed all the same");
        }
        let told = std::fs::read_to_string(&console).expect("the console");
        assert_eq!(
            told.matches("172.16.0.12").count(),
            1 + usize::from(begins_anew),
            "{told}"
        );
    }
    // Its rows are nobody else's yet.
    assert!(search::keep(peers.core(0)).expect("no thread").is_none());
    std::fs::remove_dir(&kept).expect("room");
    another::watch_for_another(peers.core(0)).expect("a thread");
    let until = Instant::now() + PATIENCE;
    while !kept.is_file() {
        assert!(Instant::now() < until, "it does not step down");
        std::thread::yield_now();
    }
    peers.settle();
    assert_eq!((peers.masters(), peers.master_of(0)), (vec![1], Some(1)));
    let names = names_in(&kept);
    assert!(
        names.contains(&"of the earlier one".to_owned()),
        "{names:?}"
    );
    assert_eq!(stepped_down(&peers, 1).len(), 1);
}

#[test]
fn a_master_that_has_stepped_down_and_decides_again_before_anybody_is_told_tells_it_itself() {
    let mut peers = Peers::new(3, 2);
    for at in 0..3 {
        alone(&peers, at);
    }
    let term = decides(&mut peers, 1);
    local(
        &mut peers,
        1,
        "pool.emergency_reset_master",
        &["172.16.0.14"],
    )
    .expect("it obeys");
    peers.settle();
    assert!(!peers.core(1).pool.is_master());
    let note = peers.host(1).root().join("var/lib/xcp/stepped-down");
    assert!(note.exists() && stepped_down(&peers, 1).is_empty());
    decides(&mut peers, 1);
    let told = stepped_down(&peers, 1);
    let says = format!(
        "slave 1 was the master of term {term} and has stepped down for 172.16.0.14, as somebody has decided."
    );
    assert!(told.len() == 1 && told[0].starts_with(&says), "{told:?}");
    assert!(!note.exists());
    // One that died before it had stepped down has nothing to tell.
    let text = told[0].clone();
    std::fs::write(
        &note,
        r#"{"file":"/x","term":1,"address":"172.16.0.14","later":null}"#,
    )
    .expect("a file");
    peers.kill(1);
    peers.start(1);
    assert!(!note.exists());
    assert_eq!(stepped_down(&peers, 1), [text]);
}

#[test]
fn an_heir_that_refuses_is_not_waited_for_and_the_next_one_may_be_asked() {
    let master = SimHost::configured(2, |config| config.away_within = Duration::from_secs(3600));
    let mut pool = SimPool::of(master, 2, 2);
    pool.master.core().on_restart(|| ());
    for slave in &pool.slaves {
        slave.host.core().on_restart(|| ());
    }
    // Somebody has decided at the first one what it is to be.
    let its = &pool.slaves[0].host;
    let words = ["root", "secret"].map(Value::from).to_vec();
    let login = "session.slave_local_login_with_password";
    let session = its.raw(login, words).expect("a session");
    let elsewhere = vec![session, "172.16.0.30".into()];
    its.raw("pool.emergency_reset_master", elsewhere)
        .expect("it obeys");
    let designate = |pool: &SimPool, slave: usize| {
        let params = vec![text(&pool.host(slave))];
        begin(pool, "pool.designate_new_master", params)
            .recv_timeout(PATIENCE)
            .expect("it waits for nobody")
    };
    let error = designate(&pool, 0).unwrap_err();
    assert_eq!(error.code, "OPERATION_NOT_ALLOWED");
    assert!(
        error.params[0].contains("OTHER_OPERATION_IN_PROGRESS"),
        "{error}"
    );
    assert!(pool.master.core().pool.is_master());
    // It decides as before.
    pool.master.new_network("made afterwards");
    designate(&pool, 1).expect("it becomes the master");
    let conf = pool.slaves[1].host.root().join("etc/xensource/pool.conf");
    assert_eq!(std::fs::read_to_string(conf).expect("a role"), "master");
    for slave in 0..2 {
        pool.cut(slave);
    }
}

#[test]
fn a_master_that_has_stepped_down_and_is_told_to_decide_before_it_has_a_copy_decides_later_than_its_heir()
 {
    let mut peers = Peers::new(3, 2);
    let heir = peers.row(0, 1);
    peers
        .call(0, "pool.designate_new_master", vec![heir.as_str().into()])
        .expect("they change places");
    // It has not been linked to the other one yet.
    alone(&peers, 0);
    peers.settle();
    assert_eq!(peers.masters(), [1]);
    let theirs = peers.core(1).store.term();
    assert_eq!(peers.core(0).store.position(), None);
    peers.host(1).new_network("of the heir");
    assert_eq!(alerts(&peers, 1).len(), 1);
    // Whoever has handed the pool over has nothing that the other has not.
    let note = peers.host(0).root().join("var/lib/xcp/stepped-down");
    assert!(!note.exists());
    assert!(!alerts(&peers, 1)[0].contains("no copy"));
    let ours = decides(&mut peers, 0);
    let own = peers.core(0).own_uuid().expect("a UUID");
    let own = Uuid::parse_str(&own).expect("a UUID");
    assert_eq!(ours, next_term(theirs, &own), "not later than {theirs}");
    let told = alerts(&peers, 0);
    assert!(
        told.len() == 1 && told[0].contains("had no copy"),
        "{told:?}"
    );
    peers.heal();
    peers.settle();
    assert_eq!(peers.masters(), [0]);
    assert!(names_in(&peers.kept(1, theirs)).contains(&"of the heir".to_owned()));
}

/// A pool whose master is gone, of two others that do not see each other the one whose next term is the later one, and the
/// other.
fn left_alone(peers: &mut Peers) -> (usize, usize) {
    let next = |at: usize| {
        let uuid = peers.core(at).own_uuid().expect("a UUID");
        let uuid = Uuid::parse_str(&uuid).expect("a UUID");
        next_term(peers.core(at).store.term(), &uuid)
    };
    let (later, earlier) = if next(1) > next(2) { (1, 2) } else { (2, 1) };
    peers.kill(0);
    peers.part(later, earlier);
    (later, earlier)
}

#[test]
fn a_later_master_that_was_only_heard_of_keeps_a_slave_from_nobody_who_is_chosen_afterwards() {
    for is_told in [false, true] {
        let mut peers = Peers::new(4, 2);
        let before = peers.core(3).store.term();
        let (later, earlier) = left_alone(&mut peers);
        // It announces a copy of its rows, and is gone.
        let trouble = Trouble {
            kind: Kind::Tell,
            after: 0,
            heard: true,
            fate: Fate::Parts,
        };
        peers.trouble(3, trouble);
        let heard_of = decides(&mut peers, later);
        peers.kill(later);
        let store = &peers.core(3).store;
        assert_eq!((store.term(), store.latest_term()), (before, heard_of));
        if is_told {
            let address = format!("172.16.0.{}", 10 + 2 * earlier);
            local(&mut peers, 3, "pool.emergency_reset_master", &[&address]).expect("it obeys");
        }
        let chosen = decides(&mut peers, earlier);
        assert!(chosen < heard_of);
        assert_eq!(peers.master_of(3), Some(earlier), "{is_told}");
        let network = peers
            .host(earlier)
            .new_network("of the one that was chosen");
        peers.settle();
        assert_eq!(
            peers.host(3).get(&network).name_label,
            "of the one that was chosen"
        );
        assert_eq!(peers.core(3).store.term(), chosen);
        // Whoever it begins after, it has heard of both.
        assert!(decides(&mut peers, 3) > heard_of);
    }
}

#[test]
fn rows_of_a_later_term_are_not_given_up_for_a_master_of_an_earlier_one() {
    let mut peers = Peers::new(4, 2);
    let (later, earlier) = left_alone(&mut peers);
    let held = decides(&mut peers, later);
    let network = peers.host(later).new_network("answered by the later one");
    peers.settle();
    assert_eq!(peers.core(3).store.term(), held);
    peers.kill(later);
    assert!(decides(&mut peers, earlier) < held);
    let address = format!("172.16.0.{}", 10 + 2 * earlier);
    local(&mut peers, 3, "pool.emergency_reset_master", &[&address]).expect("it obeys");
    peers.settle();
    assert_eq!(peers.master_of(3), None);
    assert_eq!(
        peers.host(3).get(&network).name_label,
        "answered by the later one"
    );
    // So it is the one to decide.
    decides(&mut peers, 3);
    peers.settle();
    assert_eq!(peers.masters(), [3]);
    assert_eq!(peers.master_of(earlier), Some(3));
}

#[test]
fn a_master_that_is_told_to_obey_one_of_an_earlier_term_follows_it_and_its_rows_are_in_a_file() {
    let mut peers = Peers::new(2, 2);
    peers.part(0, 1);
    let later = decides(&mut peers, 1);
    assert!(later > peers.core(0).store.term());
    peers.host(1).new_network("of the later one");
    local(
        &mut peers,
        1,
        "pool.emergency_reset_master",
        &["172.16.0.10"],
    )
    .expect("it obeys");
    peers.settle();
    peers.heal();
    peers.settle();
    assert_eq!((peers.masters(), peers.master_of(1)), (vec![0], Some(0)));
    assert_eq!(peers.core(1).store.term(), peers.core(0).store.term());
    let file = peers.kept(1, later);
    assert!(names_in(&file).contains(&"of the later one".to_owned()));
    let told = stepped_down(&peers, 1);
    assert!(
        told.len() == 1 && told[0].contains(&file.display().to_string()),
        "{told:?}"
    );
    assert!(decides(&mut peers, 1) > later);
}

#[test]
fn an_heir_that_sees_another_master_before_it_begins_anew_keeps_what_was_answered() {
    let mut peers = Peers::new(3, 2);
    peers.part(0, 2);
    let before = peers.core(0).store.term();
    let later = decides(&mut peers, 2);
    assert_eq!(peers.masters(), [0, 2]);
    peers.host(0).new_network("answered");
    let heir = peers.row(0, 1);
    peers
        .call(0, "pool.designate_new_master", vec![heir.as_str().into()])
        .expect("they change places");
    peers.settle();
    peers.heal();
    peers.settle();
    // The heir began a term with all that there was, and stepped down for the later one.
    let uuid = peers.core(1).own_uuid().expect("a UUID");
    let its = next_term(before, &Uuid::parse_str(&uuid).expect("a UUID"));
    assert!(its < later);
    assert_eq!(peers.masters(), [2]);
    let kept = names_in(&peers.kept(1, its));
    assert!(kept.contains(&"answered".to_owned()), "{kept:?}");
    assert_eq!(stepped_down(&peers, 2).len(), 1);
}

#[test]
fn a_master_that_dies_while_it_steps_down_begins_a_term_when_it_is_told_to_decide() {
    let mut peers = Peers::new(2, 2);
    let before = peers.core(0).store.term();
    alone(&peers, 0);
    let other = "172.16.0.12";
    local(&mut peers, 0, "pool.emergency_reset_master", &[other]).expect("it obeys");
    // It died before it had noted which pool's slave it is.
    let note = peers.host(0).root().join("var/lib/xcp/joined-pool");
    std::fs::remove_file(note).expect("a note");
    peers.settle();
    assert_eq!(peers.masters(), Vec::<usize>::new());
    assert!(decides(&mut peers, 0) > before);
}

#[test]
fn a_host_whose_own_pool_had_a_later_term_follows_the_pool_that_it_joins() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("var/lib/xcp/xapi.db");
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    let store = Store::open(&path, Options::default()).expect("a database");
    store.promote(&Uuid::from_u128(7)).expect("a term");
    drop(store);
    let mut peers = Peers::new(1, 2);
    peers.join(2, Some(directory));
    assert_eq!(peers.core(1).store.term(), peers.core(0).store.term());
    assert_eq!(peers.master_of(1), Some(0));
}

#[test]
fn what_an_operator_has_decided_is_overwritten_by_nobody_who_has_not_read_it() {
    let mut pool = SimPool::new(1, 2);
    let its = &pool.slaves[0];
    let role = its.host.root().join("etc/xensource/pool.conf");
    let says = || std::fs::read_to_string(&role).expect("a role");
    let core = its.host.core();
    core.on_restart(|| ());
    // The master was found elsewhere, and nobody has decided anything.
    search::moved(core, "172.16.0.10", "172.16.0.20");
    assert_eq!(says(), "slave:172.16.0.20");
    search::moved(core, "172.16.0.20", "172.16.0.10");
    assert_eq!(says(), "slave:172.16.0.10");
    let words = ["root", "secret"].map(Value::from).to_vec();
    let session = its
        .host
        .raw("session.slave_local_login_with_password", words)
        .expect("a session");
    // Found at the same moment as somebody decides.
    its.host
        .raw("pool.emergency_transition_to_master", vec![session.clone()])
        .expect("it decides");
    search::moved(core, "172.16.0.10", "172.16.0.20");
    assert_eq!(says(), "master");
    // Its master has something else in mind.
    for verb in [r#"{"Obey":"172.16.0.20"}"#, r#""Decide""#] {
        let answer = its.slave().asked(verb.as_bytes()).expect("an answer");
        let answer = String::from_utf8(answer).expect("a text");
        assert!(answer.starts_with(r#"{"Done":{"Err""#), "{verb}: {answer}");
    }
    assert_eq!(says(), "master");
    let elsewhere = vec![session, "172.16.0.30".into()];
    its.host
        .raw("pool.emergency_reset_master", elsewhere)
        .expect("it obeys");
    search::moved(core, "172.16.0.10", "172.16.0.20");
    assert_eq!(says(), "slave:172.16.0.30");
    pool.cut(0);
}
