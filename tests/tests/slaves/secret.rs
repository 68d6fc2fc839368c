//! The pool's secret is exchanged, and that is cut at any moment.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use xapi::Answers;
use xapi_core::Origin;
use xapi_core::pool::link::Door;
use xapi_core::pool::{another, search};
use xapi_link::{Entrance, Gate, Handler, Hello, Limits, Line, Myself, Refusal, Secret};
use xapi_model::{ApiError, Host, Value};
use xapi_server::{Config, Listener, Server};
use xapi_tests::sim_host::text;
use xapi_tests::sim_peers::{self, Fate, Kind};
use xapi_tests::sim_pool::{PATIENCE, Trouble};
use xapi_tests::{Peers, SimHost, SimPool};
use xapi_tls::Identity;

use crate::terms::decides;
use crate::trust::begin;

const FILES: [&str; 2] = ["etc/xensource/ptoken", "etc/xensource/ptoken.previous"];

/// What a host has in its two files; each must be for root alone.
pub fn held(host: &SimHost) -> [Option<String>; 2] {
    FILES.map(|file| {
        let path = host.root().join(file);
        // It may go at this moment.
        let open = std::fs::File::open(path).ok()?;
        let mode = open.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        Some(std::io::read_to_string(open).expect("a text"))
    })
}

/// The one secret that all hosts have, and no other.
fn one(peers: &Peers) -> String {
    let [first, beside] = held(peers.host(0));
    for at in 0..peers.len() {
        assert_eq!(held(peers.host(at)), [first.clone(), None], "host {at}");
    }
    assert_eq!(beside, None);
    first.expect("a secret")
}

fn master(peers: &Peers) -> usize {
    let masters = peers.masters();
    assert_eq!(masters.len(), 1);
    masters[0]
}

fn all_linked(peers: &Peers, but: Option<usize>) {
    let master = master(peers);
    for at in (0..peers.len()).filter(|at| *at != master && Some(*at) != but) {
        assert_eq!(peers.master_of(at), Some(master), "host {at}");
    }
}

/// A master that dies at a question about the secret to a slave. How many hosts have the new one then.
fn dies(peers: &mut Peers, slave: usize, after: usize, heard: bool) -> (usize, usize) {
    let (old, lost) = (one(peers), master(peers));
    let fate = Fate::MasterDies;
    let trouble = sim_peers::Trouble {
        kind: Kind::Ask,
        after,
        heard,
        fate,
    };
    peers.trouble(slave, trouble);
    let error = peers.call(lost, "pool.rotate_secret", vec![]).unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
    peers.kill(lost);
    let all = 0..peers.len();
    let have = all.filter(|at| held(peers.host(*at))[0].as_ref() != Some(&old));
    (lost, have.count())
}

#[test]
fn a_master_that_is_lost_while_it_exchanges_the_secret_leaves_hosts_that_know_each_other_and_one_secret_in_the_end()
 {
    const HOSTS: usize = 3;
    let mut peers = Peers::seeded(5, HOSTS, 2);
    let mut seen = BTreeSet::new();
    for number in 0..4 * HOSTS {
        let (after, heard) = (number & 1, number & 2 > 0);
        // The old master comes back as what it was, or one of the others is the master then.
        let heir = number / 4;
        for nth in 1..HOSTS {
            let before = one(&peers);
            let was = master(&peers);
            let slave = (was + nth) % HOSTS;
            let (lost, have) = dies(&mut peers, slave, after, heard);
            seen.insert(have);
            let next = (lost + heir) % HOSTS;
            if heir > 0 {
                decides(&mut peers, next);
                // Nobody can forget what a host may have that is not there.
                all_linked(&peers, Some(lost));
                assert!(
                    (0..HOSTS).any(|at| held(peers.host(at))[1].is_some()),
                    "it is not settled without {lost}"
                );
            }
            peers.start(lost);
            peers.settle();
            assert_eq!(peers.masters(), [next], "{number} {nth}");
            all_linked(&peers, None);
            // Of one whom nobody has told of the new one the one before is the pool's again.
            let after = one(&peers);
            assert!(heir > 0 || after != before, "{number} {nth}");
            peers
                .call(next, "pool.rotate_secret", vec![])
                .expect("another one");
            assert_ne!(one(&peers), after);
        }
    }
    assert_eq!(seen, (1..=HOSTS).collect(), "hosts that had the new one");
}

#[test]
fn those_before_are_good_until_all_have_the_new_one_and_nobody_tells_them() {
    let mut peers = Peers::seeded(6, 3, 2);
    let old = one(&peers);
    let row = Value::from(peers.row(0, 0).as_str());
    let logs_in = |peers: &mut Peers, secret: &str| {
        let params = vec![row.clone(), secret.into()];
        peers
            .raw(0, &Origin::default(), "session.slave_login", params)
            .map(drop)
            .map_err(|why| why.code)
    };
    let refused = Err("SESSION_AUTHENTICATION_FAILED".to_owned());
    peers.trouble(
        1,
        sim_peers::Trouble {
            kind: Kind::Ask,
            after: 0,
            heard: false,
            fate: Fate::Parts,
        },
    );
    let error = peers.call(0, "pool.rotate_secret", vec![]).unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
    assert_eq!(error.params, [peers.row(0, 1).as_str()]);
    let new = held(peers.host(0))[0].clone().expect("a secret");
    assert_ne!(new, old);
    assert_eq!(logs_in(&mut peers, &old), Ok(()));
    assert_eq!(logs_in(&mut peers, &new), Ok(()));
    assert_eq!(logs_in(&mut peers, "of nobody"), refused);
    assert!(!error.to_string().contains(&new) && !error.to_string().contains(&old));
    // As soon as that host is back all is at its end.
    peers.heal();
    peers.settle();
    all_linked(&peers, None);
    assert_eq!(one(&peers), new);
    assert_eq!(logs_in(&mut peers, &new), Ok(()));
    assert_eq!(logs_in(&mut peers, &old), refused);
    // A host that has none of them stays outside.
    peers.kill(2);
    let path = peers.host(2).root().join(FILES[0]);
    std::fs::write(path, "of nobody").expect("a file");
    peers.start(2);
    peers.settle();
    assert_eq!((peers.master_of(1), peers.master_of(2)), (Some(0), None));
}

pub const HERE: &str = "127.0.0.2";

/// A master that is reached over real connections on loopback, and its port.
pub fn served(host: &SimHost) -> (Server, Listener, u16) {
    served_by(host, Arc::new(Door::new(host.core())))
}

/// The same with another door.
pub fn served_by(host: &SimHost, door: Arc<dyn Gate>) -> (Server, Listener, u16) {
    let handler = Arc::new(Answers(host.api().clone()));
    let server = Server::new(handler, Config::default()).expect("threads");
    let core = host.core();
    let address = format!("{HERE}:0").parse().expect("an address");
    let listener = server.listen_tls(address, Arc::clone(&core.tls));
    let listener = listener.expect("a port");
    let port = listener.address().expect("an address").port();
    let entrance = Entrance::new(door, Limits::default());
    server.take_lines(Some(Arc::new(entrance)));
    (server, listener, port)
}

/// Over real connections on loopback: the master is found at an address that the rows have, with what each of the two
/// knows. Whether it is.
fn is_found(pool: &mut SimPool, master: &[&str], slave: &[&str]) -> bool {
    let write = |host: &SimHost, secrets: &[&str]| {
        let (counts, before) = secrets.split_first().expect("a secret");
        for (file, text) in FILES.iter().zip([(*counts).to_owned(), before.join("\n")]) {
            let path = host.root().join(file);
            std::fs::write(&path, text).expect("a file");
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
        }
    };
    let (_server, _listener, port) = served(&pool.master);
    let core = pool.master.core();
    let host = pool.master.host();
    core.store
        .change(|draft| draft.set(&host, Host::ADDRESS, HERE.to_owned()))
        .expect("an address");
    pool.restart(0);
    pool.link(0);
    pool.cut(0);
    write(&pool.master, master);
    write(&pool.slaves[0].host, slave);
    // Nobody is there; so the others are asked where the master is.
    let conf = pool.slaves[0].host.root().join("etc/xensource/pool.conf");
    std::fs::write(conf, "slave:127.0.0.3").expect("a file");
    pool.restart_with(0, |config| config.port = port);
    let core = pool.slaves[0].host.core();
    let found = search::keep(core).expect("a thread").expect("a slave");
    let begins = found.begins(PATIENCE);
    assert!(begins, "it comes to no end");
    let is = core.pool.role() == xapi_core::pool::role::Role::Slave(HERE.to_owned());
    // The secrets come to their end beside the arrival.
    let end = [Some(master[0].to_owned()), None];
    let until = Instant::now() + PATIENCE;
    while is && held(&pool.slaves[0].host) != end {
        assert!(Instant::now() < until, "{master:?} {slave:?}");
        std::thread::yield_now();
    }
    core.quiesce(PATIENCE);
    is
}

#[test]
fn two_hosts_that_know_a_common_secret_find_each_other_whichever_is_the_newer_one() {
    let mut pool = SimPool::new(1, 2);
    for (master, slave, are_found) in [
        (&["new", "old"][..], &["old"][..], true),
        (&["old"], &["new", "old"], true),
        (&["new", "old"], &["newer", "old"], true),
        (&["new"], &["old"], false),
        (&["new", "old"], &["newer", "older"], false),
    ] {
        let found = is_found(&mut pool, master, slave);
        assert_eq!(found, are_found, "{master:?} {slave:?}");
        if !are_found {
            let [counts, _] = held(&pool.slaves[0].host);
            assert_eq!(counts.as_deref(), Some(slave[0]));
        }
    }
}

/// An exchange that did not reach the first slave.
fn cut_short(pool: &SimPool) {
    // All have one, and the same.
    pool.master
        .call("pool.rotate_secret", vec![])
        .expect("a secret");
    assert_eq!(held(&pool.master), held(&pool.slaves[0].host));
    pool.trouble_at(0, Trouble::NotHeard, "\"Secret\"");
    let error = pool.master.call("pool.rotate_secret", vec![]).unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
    assert!(held(&pool.master)[1].is_some());
}

#[test]
fn a_host_that_is_forgotten_is_waited_for_no_more() {
    let mut pool = SimPool::new(2, 2);
    cut_short(&pool);
    assert!(held(&pool.slaves[1].host)[1].is_some());
    let gone = text(&pool.host(0));
    pool.cut(0);
    pool.master
        .call("host.destroy", vec![gone])
        .expect("it is forgotten");
    let core = pool.master.core();
    core.pool.set_lookout(|_, _| Vec::new());
    another::watch_for_another(core).expect("a thread");
    let until = Instant::now() + PATIENCE;
    while [&pool.master, &pool.slaves[1].host]
        .iter()
        .any(|host| held(host)[1].is_some())
    {
        assert!(Instant::now() < until, "those before are still good");
        std::thread::yield_now();
    }
    assert_eq!(held(&pool.master), held(&pool.slaves[1].host));
    core.quiesce(PATIENCE);
}

#[test]
fn nobody_joins_before_an_exchange_has_come_to_its_end() {
    let mut pool = SimPool::new(1, 2);
    let (_server, _listener, port) = served(&pool.master);
    let joining = about_to_join(port);
    cut_short(&pool);
    let error = join(&joining).unwrap_err();
    assert_eq!(error.code, "OTHER_OPERATION_IN_PROGRESS", "{error}");
    assert_eq!(error.params, ["pool"]);
    assert_eq!(pool.master.all::<Host>().len(), 2);
    pool.link(0);
    join(&joining).expect("it is let in");
    assert_eq!(held(&joining), held(&pool.master));
}

pub fn about_to_join(port: u16) -> SimHost {
    let mut joining = SimHost::another(2, 2);
    joining.stop();
    joining.wait_for_end();
    joining.start_with(|config| config.port = port);
    joining.core().on_restart(|| ());
    joining
}

pub fn join(joining: &SimHost) -> Result<Value, ApiError> {
    let words = [HERE, "root", "secret"].map(Value::from);
    joining.call("pool.join", words.to_vec())
}

/// A door behind which something happens when a host has come in, by how often one had before.
pub struct Eventful {
    door: Door,
    came: AtomicUsize,
    happens: Box<dyn Fn(usize) + Send + Sync>,
}

impl Eventful {
    pub fn new(master: &SimHost, happens: impl Fn(usize) + Send + Sync + 'static) -> Eventful {
        Eventful {
            door: Door::new(master.core()),
            came: AtomicUsize::new(0),
            happens: Box::new(happens),
        }
    }

    pub fn came(&self) -> usize {
        self.came.load(Ordering::Acquire)
    }
}

impl Gate for Eventful {
    fn secrets(&self) -> Vec<Secret> {
        self.door.secrets()
    }

    fn myself(&self) -> Myself {
        self.door.myself()
    }

    fn identity(&self) -> Result<Arc<Identity>, String> {
        self.door.identity()
    }

    fn admit(&self, hello: &Hello, fingerprint: &str) -> Result<Arc<dyn Handler>, Refusal> {
        let comes_in = self.door.admit(hello, fingerprint)?;
        (self.happens)(self.came.fetch_add(1, Ordering::AcqRel));
        Ok(comes_in)
    }

    fn opened(&self, line: Line) {
        self.door.opened(line);
    }
}

#[test]
fn nobody_joins_by_a_secret_that_is_exchanged_before_he_is_let_in() {
    let pool = SimPool::new(1, 2);
    let (api, session) = (
        pool.master.api().clone(),
        Value::from(pool.master.session()),
    );
    let door = Eventful::new(&pool.master, move |came| {
        // The first line is for the plan.
        if came == 1 {
            let params = vec![session.clone()];
            let exchanged = api.call(&Origin::default(), "pool.rotate_secret", params);
            exchanged.expect("another secret");
        }
    });
    let (_server, _listener, port) = served_by(&pool.master, Arc::new(door));
    let joining = about_to_join(port);
    let error = join(&joining).unwrap_err();
    assert_eq!(error.code, "OTHER_OPERATION_IN_PROGRESS", "{error}");
    assert_eq!(pool.master.all::<Host>().len(), 2);
    // It is as it was, and comes in by the one that counts.
    assert!(joining.core().pool.is_master());
    join(&joining).expect("it is let in");
    assert_eq!(held(&joining), held(&pool.master));
}

/// Waits until both slaves and the master have one secret, the same, and no other.
fn comes_to_its_end(pool: &SimPool) {
    let until = Instant::now() + PATIENCE;
    let is = |host: &SimHost| held(host) == held(&pool.master) && held(host)[1].is_none();
    while !pool.slaves.iter().all(|slave| is(&slave.host)) {
        assert!(Instant::now() < until, "it does not come to its end");
        std::thread::yield_now();
    }
}

#[test]
fn a_host_that_does_not_answer_about_the_secret_holds_up_nobody_who_arrives() {
    let mut pool = SimPool::new(2, 2);
    cut_short(&pool);
    pool.trouble_at(1, Trouble::Hangs, "\"SecretSettled\"");
    pool.open(0);
    pool.wait_until_it_hangs(1);
    assert!(pool.slaves[0].slave().settles(PATIENCE), "it is held up");
    // It arrives anew while the one who asks it has not seen the end.
    pool.cut(1);
    pool.link(1);
    comes_to_its_end(&pool);
}

#[test]
fn a_host_that_was_silent_about_the_secret_is_asked_no_more_until_it_arrives_anew() {
    let mut pool = SimPool::new(2, 2);
    cut_short(&pool);
    pool.trouble_at(1, Trouble::Silence, "\"SecretSettled\"");
    pool.link(0);
    assert!(held(&pool.master)[1].is_some());
    // Whoever asked it now would lose its line.
    pool.trouble_at(1, Trouble::NotHeard, "\"Secret");
    pool.cut(0);
    pool.link(0);
    assert!(pool.is_linked(1), "it is asked again");
    pool.cut(1);
    pool.link(1);
    comes_to_its_end(&pool);
}

#[test]
fn a_host_that_does_not_tell_which_secret_it_has_keeps_nobody_from_joining() {
    // As with an older program.
    let pool = SimPool::new(1, 2);
    assert_eq!(held(&pool.slaves[0].host), [None, None]);
    let (_server, _listener, port) = served(&pool.master);
    let joining = about_to_join(port);
    join(&joining).expect("it is let in");
    assert_eq!(held(&joining), held(&pool.master));
}

#[test]
fn a_host_that_has_another_secret_than_its_master_takes_it_for_gets_it_again() {
    let mut pool = SimPool::new(2, 2);
    cut_short(&pool);
    let path = pool.slaves[1].host.root().join(FILES[0]);
    std::fs::write(path, "of nobody").expect("a file");
    // All have it, says the master, and the other one says no.
    pool.link(0);
    assert!(held(&pool.master)[1].is_some());
    pool.cut(0);
    pool.link(0);
    comes_to_its_end(&pool);
}

#[test]
fn a_host_that_is_about_to_be_something_else_learns_no_secret() {
    let mut pool = SimPool::new(1, 2);
    pool.master
        .call("pool.rotate_secret", vec![])
        .expect("a secret");
    let its = &pool.slaves[0];
    its.host.core().on_restart(|| ());
    let before = held(&its.host);
    let words = ["root", "secret"].map(Value::from).to_vec();
    let login = "session.slave_local_login_with_password";
    let session = its.host.raw(login, words).expect("a session");
    let elsewhere = vec![session, "172.16.0.30".into()];
    its.host
        .raw("pool.emergency_reset_master", elsewhere)
        .expect("it obeys");
    let error = pool.master.call("pool.rotate_secret", vec![]).unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST", "{error}");
    assert_eq!(held(&its.host), before);
    pool.cut(0);
}

#[test]
fn the_secret_is_exchanged_while_a_change_goes_on_and_no_line_is_lost() {
    let pool = SimPool::new(2, 2);
    let (arrive, arrived) = channel();
    let (go_on, may) = channel::<()>();
    let (arrive, may) = (Mutex::new(arrive), Mutex::new(may));
    pool.overhear(0, "\"Converge\":", move |_| {
        let arrive = arrive.lock().expect("nobody panics");
        arrive.send(()).expect("the test waits");
        let may = may.lock().expect("nobody panics");
        may.recv_timeout(PATIENCE).expect("the exchange is done");
    });
    let words = ["Static", "172.16.1.12", "255.255.255.0", "", ""].map(Value::from);
    let params = std::iter::once(text(&pool.pif(0, "eth1"))).chain(words);
    let change = begin(&pool, "PIF.reconfigure_ip", params.collect());
    arrived.recv_timeout(PATIENCE).expect("a change");
    let before = held(&pool.master);
    for _ in 0..3 {
        pool.master
            .call("pool.rotate_secret", vec![])
            .expect("another one");
        // What is opened afterwards is known by the new one alone.
        for slave in &pool.slaves {
            assert_eq!(held(&slave.host), held(&pool.master));
        }
        assert_ne!(held(&pool.master), before);
        assert_eq!(held(&pool.master)[1], None);
    }
    assert!(change.try_recv().is_err(), "the change is at its end");
    go_on.send(()).expect("the change waits");
    change
        .recv_timeout(PATIENCE)
        .expect("an end")
        .expect("it is done");
    // No other one is opened, but by the test.
    assert!(pool.is_linked(0) && pool.is_linked(1));
}
