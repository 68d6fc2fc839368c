//! One pool and what a seed does to it, with what must hold whenever nothing more happens by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use xapi_core::Origin;
use xapi_db::{Options, Read, Store, View};
use xapi_model::{ApiError, Host, Pif, Ref, Value};
use xapi_net::agent::Request;
use xapi_net::planned::in_words;
use xapi_net::sim::{Fault, FaultKind};
use xapi_tests::Peers;
use xapi_tests::sim_peers::{Fate, Kind, Trouble};

use crate::calls::{self, About, Stage};
use crate::rows::{self, Rows};
use crate::secret;
use crate::witness::{Witness, by_socket};
use xapi_tests::random::Random;

const NICS: usize = 4;

/// Steps that are shown when something does not hold.
const SHOWN: usize = 12;

/// Calls that are thought of before one is given up for want of anything to make it with.
const TRIES: usize = 10;

/// What came of the steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub seeds: u64,
    pub hosts: u64,
    pub steps: u64,
    /// Calls that did what was asked.
    pub done: u64,
    /// Calls that were refused, or failed.
    pub refused: u64,
    /// Calls of which nobody knows what came, for the master died.
    pub unknown: u64,
    /// Daemons that ended in the middle of something.
    pub died: u64,
    /// Hosts that became the master.
    pub transitions: u64,
    /// Masters that stepped down and kept what they had committed alone.
    pub kept: u64,
    /// Slaves that had to be told where their master is.
    pub helped: u64,
    /// Clients for whom events were lost.
    pub lost: u64,
}

impl Totals {
    pub fn plus(self, other: Totals) -> Totals {
        Totals {
            seeds: self.seeds + other.seeds,
            hosts: self.hosts + other.hosts,
            steps: self.steps + other.steps,
            done: self.done + other.done,
            refused: self.refused + other.refused,
            unknown: self.unknown + other.unknown,
            died: self.died + other.died,
            transitions: self.transitions + other.transitions,
            kept: self.kept + other.kept,
            helped: self.helped + other.helped,
            lost: self.lost + other.lost,
        }
    }
}

/// A master, as it was when it was last looked at.
#[derive(Clone)]
struct Known {
    term: u64,
    rows: Rows,
}

/// The pool of a seed.
pub struct Driver {
    random: Random,
    peers: Peers,
    /// What those have that decide.
    masters: BTreeMap<usize, Known>,
    /// What those will have that are about to decide.
    heirs: BTreeMap<usize, Rows>,
    /// Those that have given the pool to another, so that nothing is lost.
    gave: BTreeSet<usize>,
    /// Whose rows may be others than before, since they took over the network of a master.
    moved: BTreeSet<String>,
    witness: Witness,
    log: VecDeque<String>,
    number: usize,
    began: Instant,
    pub totals: Totals,
}

fn hosts_of(random: &mut Random) -> usize {
    match random.below(60) {
        0 => 12 + random.below(13),
        1..6 => 7 + random.below(4),
        _ => 2 + random.below(4),
    }
}

impl Driver {
    pub fn new(seed: u64) -> Driver {
        let mut random = Random(seed);
        // The largest that there are, once in a while.
        let hosts = if seed % 500 == 250 {
            64
        } else {
            hosts_of(&mut random)
        };
        let mut driver = Driver {
            random,
            peers: Peers::seeded(seed, hosts, NICS),
            masters: BTreeMap::new(),
            heirs: BTreeMap::new(),
            gave: BTreeSet::new(),
            moved: BTreeSet::new(),
            witness: Witness::default(),
            log: VecDeque::new(),
            number: 0,
            began: Instant::now(),
            totals: Totals {
                seeds: 1,
                hosts: hosts as u64,
                ..Totals::default()
            },
        };
        driver.note(format!("{hosts} hosts"));
        for _ in 0..3 {
            driver.number += 1;
            let label = format!("net {}", driver.number);
            let record = Value::Struct(vec![
                ("name_label".to_owned(), Value::from(label.as_str())),
                ("name_description".to_owned(), Value::from("")),
                ("other_config".to_owned(), Value::Struct(Vec::new())),
            ]);
            let made = driver.peers.call(0, "network.create", vec![record]);
            made.expect("a network");
        }
        driver.peers.settle();
        driver.peers.inherited();
        driver.peers.died();
        for at in 0..hosts {
            if driver.random.one_in(2) {
                driver.witness.plants(&driver.peers, at);
            }
        }
        let known = driver.known(0);
        driver.masters.insert(0, known);
        driver.judge();
        driver
    }

    /// What was done last.
    pub fn log(&self) -> String {
        let lines: Vec<_> = self.log.iter().map(|line| format!("  {line}\n")).collect();
        lines.concat()
    }

    fn note(&mut self, what: String) {
        if std::env::var_os("XAPI_POOL_TRACE").is_some() {
            eprintln!("{:.2?} {what}", self.began.elapsed());
        }
        if self.log.len() == SHOWN {
            self.log.pop_front();
        }
        self.log.push_back(what);
    }

    fn came(&mut self, what: &str) {
        if std::env::var_os("XAPI_POOL_TRACE").is_some() {
            eprintln!("{:.2?}    {what}", self.began.elapsed());
        }
        if let Some(last) = self.log.back_mut() {
            last.push_str(" -> ");
            last.push_str(what);
        }
    }

    fn view(&self, at: usize) -> View {
        self.peers.core(at).view().expect("a view")
    }

    fn known(&self, at: usize) -> Known {
        Known {
            term: self.peers.core(at).store.term(),
            rows: rows::asked_for(&self.view(at)),
        }
    }

    fn master(&mut self) -> Option<usize> {
        let all = self.peers.masters();
        self.random.one(&all)
    }

    /// A host that runs and obeys.
    fn slave(&mut self) -> Option<usize> {
        let masters = self.peers.masters();
        let all: Vec<_> = (0..self.peers.len())
            .filter(|at| self.peers.is_up(*at) && !masters.contains(at))
            .collect();
        self.random.one(&all)
    }

    pub fn step(&mut self) {
        self.totals.steps += 1;
        match self.random.below(40) {
            0..22 => self.calls(),
            22 | 23 => self.asks_a_slave(),
            24..27 => self.parts(),
            27..30 => self.heals(),
            30 | 31 => self.kills_a_slave(),
            32 => self.kills_a_master(),
            33 => self.starts_all(),
            34 | 35 => self.transition(),
            36 => self.designates(),
            37 => self.is_told_its_master(),
            38 => {
                self.turns_a_clock();
                self.exchanges_the_secret();
            }
            _ => {
                self.syncs();
                self.exchanges_the_secret();
            }
        }
    }

    /// A call of a master, and trouble in the middle of it.
    fn calls(&mut self) {
        let Some(master) = self.master() else {
            return self.starts_all();
        };
        self.number += 1;
        let view = self.view(master);
        let mut stage = Stage {
            random: &mut self.random,
            view: &view,
            number: self.number,
        };
        let chosen = (0..TRIES).find_map(|_| stage.choose());
        drop(view);
        let Some(call) = chosen else {
            return;
        };
        let by = self.slave();
        let by = by.filter(|at| self.peers.master_of(*at) == Some(master));
        let by = by.filter(|_| self.random.one_in(5));
        match by {
            Some(slave) => self.note(format!("at {master} by way of {slave}: {call:?}")),
            None => self.note(format!("at {master}: {call:?}")),
        }
        self.trouble(master, by, &call.about);
        let outcome = match by {
            Some(slave) => by_socket(&mut self.peers, slave, call.name, call.params),
            None => self.peers.call(master, call.name, call.params),
        };
        for at in 0..self.peers.len() {
            let mut world = self.peers.host(at).handle.world();
            // A fault in what brings a host up again would show its PIFs unplugged, as it should.
            if world
                .fault
                .is_some_and(|fault| matches!(fault.kind, FaultKind::Refuse | FaultKind::FailAfter))
            {
                world.fault = None;
            }
        }
        self.came(&format!("{outcome:?}"));
        self.settles();
        let died = self.peers.died().contains(&master);
        let whose: Option<BTreeSet<String>> = match &call.about {
            About::One(host) => Some([host.as_str().to_owned()].into()),
            About::All => None,
        };
        // Whether it was carried out is not known to one whose line to the master was lost, nor when that died.
        let lost = |why: &ApiError| {
            let master = self.peers.row(master, master);
            by.is_some() && why.code == "CANNOT_CONTACT_HOST" && why.params == [master.as_str()]
        };
        let unknown = match &outcome {
            Ok(_) => false,
            Err(why) => died || lost(why),
        };
        match &outcome {
            Ok(_) => self.totals.done += 1,
            Err(_) if unknown => self.totals.unknown += 1,
            Err(why) => {
                let bad = ["INTERNAL_ERROR", "HOST_STILL_BOOTING", "SESSION_INVALID"];
                assert!(!bad.contains(&why.code.as_ref()), "{why:?} is no answer");
                self.totals.refused += 1;
            }
        }
        if self.peers.is_up(master) && self.peers.core(master).pool.is_master() {
            match &outcome {
                Err(_) if !unknown => self.may_change(master, Some(BTreeSet::new()), false),
                // The VIFs of machines that are off, and so of no host, move with a bond's.
                _ => self.may_change(master, whose, call.name.starts_with("Bond.")),
            }
            // What the master has not is not kept by a host that takes over its network.
            let taken_over = match &call.about {
                About::One(host) => self.moved.contains(host.as_str()),
                About::All => false,
            };
            if let Ok(answer) = &outcome
                && !taken_over
            {
                let view = self.view(master);
                let done = (call.done)(&view, answer);
                // Of a call about all hosts those that took over have what the master has, which may be other rows.
                let made = answer.as_array().unwrap_or_default();
                let gone = made.iter().filter(|pif| !calls::exists::<Pif>(&view, pif));
                let of_others = matches!(call.about, About::All) && !made.is_empty();
                let few_are_gone = of_others && gone.count() <= self.moved.len();
                assert!(done || few_are_gone, "it was answered, and it is not so");
            }
        }
        self.judge();
    }

    /// Something that goes wrong in the next call.
    fn trouble(&mut self, master: usize, by: Option<usize>, about: &About) {
        let slaves: Vec<_> = (0..self.peers.len())
            .filter(|at| self.peers.master_of(*at) == Some(master))
            .collect();
        let its = match about {
            About::One(host) => slaves
                .iter()
                .copied()
                .find(|at| self.peers.row(master, *at) == *host),
            About::All => None,
        };
        let one = self.random.one(&slaves);
        let slave = its.filter(|_| !self.random.one_in(4)).or(one);
        match self.random.below(12) {
            0 if by.is_some() => {
                let Some(slave) = by else { return };
                let trouble = Trouble {
                    kind: Kind::Call,
                    // The login goes through.
                    after: 1,
                    heard: self.random.one_in(2),
                    fate: [Fate::Ends, Fate::Parts][self.random.below(2)],
                };
                self.peers.trouble(slave, trouble);
                self.came(&format!("with {trouble:?} at {slave}"));
            }
            0..5 => {
                let Some(slave) = slave else { return };
                let kind =
                    [Kind::Converge, Kind::Converge, Kind::Ask, Kind::Tell][self.random.below(4)];
                let fate = match self.random.below(8) {
                    0..3 => Fate::Ends,
                    3..5 => Fate::Parts,
                    5 => Fate::MasterDies,
                    _ => Fate::SlaveDies,
                };
                let trouble = Trouble {
                    kind,
                    after: [0, 0, 1, 3][self.random.below(4)],
                    heard: self.random.one_in(2),
                    fate,
                };
                self.peers.trouble(slave, trouble);
                self.came(&format!("with {trouble:?} at {slave}"));
            }
            5 | 6 => {
                let on = if self.random.one_in(2) {
                    Some(master)
                } else {
                    slave
                };
                let Some(on) = on else { return };
                let kinds = [
                    FaultKind::Refuse,
                    FaultKind::FailAfter,
                    FaultKind::CrashBefore,
                    FaultKind::CrashAfter,
                ];
                let kind = kinds[self.random.below(4)];
                // What dies in the middle of a change says nothing; a master that does is a daemon that is gone.
                let after = self.random.below(8);
                let mut world = self.peers.host(on).handle.world();
                world.fault = Some(Fault {
                    at: world.steps + after,
                    kind,
                });
                drop(world);
                self.came(&format!("with {kind:?} after {after} at {on}"));
            }
            7 => {
                let on = if self.random.one_in(2) {
                    Some(master)
                } else {
                    slave
                };
                let Some(on) = on else { return };
                self.peers.hold_disk(on);
                self.came(&format!("with the disk of {on} held"));
            }
            _ => {}
        }
    }

    /// What a slave says to strangers.
    fn asks_a_slave(&mut self) {
        let Some(slave) = self.slave() else { return };
        self.note(format!("a stranger asks {slave}"));
        let name = [
            "network.get_all",
            "Bond.create",
            "session.login_with_password",
        ][self.random.below(3)];
        let answer = self.peers.raw(
            slave,
            &Origin::default(),
            name,
            vec!["a".into(), "b".into()],
        );
        self.came(&format!("{answer:?}"));
        let error = answer.expect_err("a slave decides nothing");
        assert_eq!(error.code, "HOST_IS_SLAVE");
        let Some(master) = self.peers.master_of(slave) else {
            return;
        };
        let facts = self.peers.core(master).agent.facts().expect("facts");
        let mut inets = facts.bridges.values().flat_map(|it| it.addresses.iter());
        let named = inets.any(|inet| error.params == [inet.address().to_string()]);
        // An address that has changed is known by whoever had to look for it.
        if !named {
            self.came("by an address before");
        }
    }

    fn parts(&mut self) {
        let hosts = self.peers.len();
        let alone = self.random.below(hosts);
        let whole = self.random.one_in(2);
        self.note(format!(
            "{alone} is cut off{}",
            if whole { "" } else { " from some" }
        ));
        for other in 0..hosts {
            if other != alone && (whole || self.random.one_in(2)) {
                self.peers.part(alone, other);
            }
        }
        self.quiet();
        for at in 0..hosts {
            if self.peers.is_up(at) && self.random.one_in(2) {
                self.peers.wait_long(at);
            }
        }
        self.quiet();
    }

    fn heals(&mut self) {
        self.note("everybody reaches everybody".to_owned());
        self.peers.heal();
        self.quiet();
    }

    fn kills_a_slave(&mut self) {
        let Some(slave) = self.slave() else { return };
        let again = !self.random.one_in(3);
        self.note(format!(
            "{slave} dies{}",
            if again { " and begins anew" } else { "" }
        ));
        self.peers.kill(slave);
        if again {
            self.peers.start(slave);
        }
        self.quiet();
    }

    fn kills_a_master(&mut self) {
        let Some(master) = self.master() else { return };
        let again = !self.random.one_in(2);
        self.note(format!(
            "the master {master} dies{}",
            if again { " and begins anew" } else { "" }
        ));
        self.peers.kill(master);
        if again {
            self.peers.start(master);
        }
        self.quiet();
    }

    fn starts_all(&mut self) {
        self.note("all that do not run begin".to_owned());
        for at in 0..self.peers.len() {
            if !self.peers.is_up(at) {
                self.peers.start(at);
            }
        }
        self.quiet();
    }

    /// A slave that has lost its master, or is believed to have, is told to decide.
    fn transition(&mut self) {
        let lost: Vec<_> = (0..self.peers.len())
            .filter(|at| self.peers.slave(*at).is_some() && self.peers.master_of(*at).is_none())
            .collect();
        let Some(slave) = self.random.one(&lost).or_else(|| {
            let anyway = self.random.one_in(3);
            self.slave().filter(|_| anyway)
        }) else {
            return;
        };
        self.note(format!("{slave} is told to be the master"));
        self.heirs.insert(slave, rows::asked_for(&self.view(slave)));
        let told = self.local(slave, "pool.emergency_transition_to_master", Vec::new());
        self.came(&format!("{told:?}"));
        if let Err(why) = told {
            assert_eq!(why.code, "HOST_STILL_BOOTING");
            self.heirs.remove(&slave);
        }
        self.quiet();
        if let Some(master) = self.masters.keys().copied().find(|at| *at == slave)
            && (0..self.peers.len())
                .all(|at| at == master || self.peers.is_up(at) && self.peers.reach(at, master))
        {
            let obey = self.peers.call(master, "pool.recover_slaves", Vec::new());
            let obey = obey.expect("the hosts");
            let linked =
                (0..self.peers.len()).filter(|at| self.peers.master_of(*at) == Some(master));
            assert_eq!(obey.as_array().map(<[Value]>::len), Some(linked.count()));
        }
    }

    /// A call by a local session.
    fn local(&mut self, at: usize, name: &str, rest: Vec<Value>) -> Result<Value, ApiError> {
        let words = ["root", "secret"].map(Value::from).to_vec();
        let login = "session.slave_local_login_with_password";
        let session = self.peers.raw(at, &Origin::default(), login, words)?;
        let params = std::iter::once(session).chain(rest).collect();
        self.peers.raw(at, &Origin::default(), name, params)
    }

    fn designates(&mut self) {
        let Some(master) = self.master() else { return };
        let slaves: Vec<_> = (0..self.peers.len())
            .filter(|at| self.peers.master_of(*at) == Some(master))
            .collect();
        let Some(heir) = self.random.one(&slaves) else {
            return;
        };
        self.note(format!("{master} gives the pool to {heir}"));
        if self.random.one_in(3) {
            let trouble = Trouble {
                kind: Kind::Ask,
                after: self.random.below(3),
                heard: self.random.one_in(2),
                fate: [Fate::Ends, Fate::Parts, Fate::SlaveDies, Fate::MasterDies]
                    [self.random.below(4)],
            };
            self.peers.trouble(heir, trouble);
            self.came(&format!("with {trouble:?}"));
        }
        let before = self.masters[&master].rows.clone();
        self.heirs.insert(heir, before);
        self.gave.insert(master);
        let host = self.peers.row(master, heir);
        let given = self.peers.call(
            master,
            "pool.designate_new_master",
            vec![host.as_str().into()],
        );
        self.came(&format!("{given:?}"));
        self.quiet();
        if given.is_ok() && !self.peers.died().contains(&master) {
            assert!(
                !self.peers.core(master).pool.is_master(),
                "{master} decides on"
            );
        }
        self.gave.clear();
    }

    /// A slave is told where its master is, by somebody who may be wrong.
    fn is_told_its_master(&mut self) {
        let (Some(slave), Some(master)) = (self.slave(), self.master()) else {
            return;
        };
        self.tell_master(slave, master);
        self.quiet();
    }

    fn tell_master(&mut self, slave: usize, master: usize) {
        let host = self.peers.row(master, master);
        let address = self
            .view(master)
            .field(&host, Host::ADDRESS)
            .expect("a host");
        self.note(format!(
            "{slave} is told that its master is {master} at {address}"
        ));
        let told = self.local(
            slave,
            "pool.emergency_reset_master",
            vec![address.as_str().into()],
        );
        self.came(&format!("{told:?}"));
        told.expect("it obeys");
    }

    fn turns_a_clock(&mut self) {
        let at = self.random.below(self.peers.len());
        let by = [-80_000, -3_600, 3_600, 80_000][self.random.below(4)];
        self.note(format!("the clock of {at} jumps by {by} s"));
        self.peers.turn_clock(at, by);
        self.quiet();
    }

    fn exchanges_the_secret(&mut self) {
        let all = self.peers.masters();
        let Some(master) = all.into_iter().next() else {
            return;
        };
        let number = 5 * self.totals.steps + self.number as u64;
        self.note(format!("{master} exchanges the secret, {number}"));
        let mut slaves = (0..self.peers.len()).collect::<Vec<_>>();
        slaves.retain(|at| self.peers.master_of(*at) == Some(master));
        let slave = slaves.get(self.number % slaves.len().max(1)).copied();
        let outcome = secret::exchange(&mut self.peers, master, slave, number);
        self.came(&format!("{outcome:?}"));
        self.quiet();
    }

    fn syncs(&mut self) {
        let Some(master) = self.master() else { return };
        self.note(format!("{master} waits until all have followed"));
        let slave = self.slave();
        if let Some(slave) = slave.filter(|_| self.random.one_in(2)) {
            self.peers.hold_disk(slave);
        }
        let done = self.peers.call(master, "pool.sync_database", Vec::new());
        self.came(&format!("{done:?}"));
        done.expect("all that are linked follow");
        self.quiet();
    }

    /// Everything is well again: all reach all, all run, nothing fails. They must agree.
    pub fn ends(&mut self) {
        self.note("all is well again".to_owned());
        self.peers.heal();
        for at in 0..self.peers.len() {
            if !self.peers.is_up(at) {
                self.peers.start(at);
            }
        }
        self.quiet();
        // Whom nobody could tell the master's new address an operator has to.
        let newest = |peers: &Peers| {
            let masters = peers.masters().into_iter();
            masters.max_by_key(|at| peers.core(*at).store.term())
        };
        let Some(master) = newest(&self.peers) else {
            // All may have been told to obey somebody who obeys.
            self.note("nobody decides".to_owned());
            let heir = 0;
            self.heirs.insert(heir, rows::asked_for(&self.view(heir)));
            self.local(heir, "pool.emergency_transition_to_master", Vec::new())
                .expect("it decides");
            self.quiet();
            return self.ends();
        };
        for at in 0..self.peers.len() {
            if at != master && self.peers.master_of(at) != Some(master) {
                self.totals.helped += 1;
                self.tell_master(at, master);
                self.quiet();
            }
        }
        for at in (0..self.peers.len()).filter(|at| *at != master) {
            assert_eq!(self.peers.master_of(at), Some(master), "the master of {at}");
        }
        secret::is_one(&self.peers);
        self.judge();
        for at in 0..self.peers.len() {
            self.witness.hears(&mut self.peers, at);
        }
        self.totals.lost = self.witness.lost;
    }

    /// Nothing was asked for: nothing is another.
    fn quiet(&mut self) {
        self.settles();
        for master in self.masters.keys().copied().collect::<Vec<_>>() {
            if self.peers.is_up(master) && self.peers.core(master).pool.is_master() {
                self.may_change(master, Some(BTreeSet::new()), false);
            }
        }
        self.judge();
    }

    /// What happens by itself happens, and who decides is noted.
    fn settles(&mut self) {
        self.peers.settle();
        self.peers.no_trouble();
        self.peers.settle();
        let inherited = self.peers.inherited();
        self.moved.clear();
        for at in inherited {
            for master in self.peers.masters() {
                self.moved
                    .insert(self.peers.row(master, at).as_str().to_owned());
            }
        }
        let now = self.peers.masters();
        for (at, known) in self.masters.clone() {
            if self.peers.is_up(at) && !now.contains(&at) {
                self.stepped_down(at, &known);
                self.masters.remove(&at);
            }
        }
        for at in now {
            if self.masters.contains_key(&at) {
                continue;
            }
            let rows = self.heirs.get(&at);
            let rows = rows
                .unwrap_or_else(|| panic!("nobody has told {at} to be the master"))
                .clone();
            self.totals.transitions += 1;
            let term = self.peers.core(at).store.term();
            self.masters.insert(at, Known { term, rows });
            self.may_change(at, Some(BTreeSet::new()), false);
        }
        self.heirs.retain(|at, _| {
            self.peers.is_up(*at) && !self.peers.core(*at).pool.is_master() && self.gave.len() > 1
        });
    }

    /// What a master has committed that is no master any more is in a file, unless the other has it.
    fn stepped_down(&mut self, at: usize, known: &Known) {
        let kept = self.peers.kept(at, known.term);
        if !kept.exists() && self.gave.contains(&at) {
            return;
        }
        assert!(
            kept.exists(),
            "{at} has kept nothing of term {}",
            known.term
        );
        self.totals.kept += 1;
        let directory = tempfile::tempdir().expect("a directory");
        let copy = directory.path().join("kept.db");
        std::fs::copy(&kept, &copy).expect("a copy");
        let store = Store::open(&copy, Options::default()).expect("what was kept");
        let rows = rows::asked_for(&store.view().expect("a view"));
        let lost = rows::told(&known.rows, &rows);
        // Who came to it as one that starts in the meantime has its own rows changed.
        let others = |key: &String| {
            let host = known.rows.get(key).or_else(|| rows.get(key));
            !host.is_some_and(|(host, _)| host.is_some())
        };
        let lost_rows = rows::differences(&known.rows, &rows);
        assert!(!lost_rows.iter().any(others), "{at} has not kept:{lost}");
    }

    /// The rows of a master may be others than before, but for those of hosts beside these; of any if none are named. Whether
    /// the networks of machines' NICs are among what may.
    fn may_change(&mut self, master: usize, whose: Option<BTreeSet<String>>, of_machines: bool) {
        let now = self.known(master);
        let before = &self.masters[&master];
        if let Some(whose) = whose {
            let of = |key: &String| now.rows.get(key).or_else(|| before.rows.get(key));
            let undone = rows::to_undo(&before.rows);
            let of_machines = of_machines || !undone.is_empty();
            let may = |key: &String| {
                let host = of(key).and_then(|(host, _)| host.as_ref());
                // A host's bond that gives way to the pool's has its NICs of machines moved.
                let is_carried = key.starts_with("VIF ") && (of_machines || !self.moved.is_empty());
                is_carried
                    || host.is_some_and(|host| {
                        let host = host.as_str();
                        whose.contains(host) || self.moved.contains(host) || undone.contains(host)
                    })
            };
            let differ = rows::differences(&before.rows, &now.rows);
            let told = || rows::told(&before.rows, &now.rows);
            assert!(
                differ.iter().all(may),
                "rows of {master} are others than before:{}",
                told()
            );
        }
        self.masters.insert(master, now);
    }

    /// What holds whenever nothing more happens.
    fn judge(&mut self) {
        self.totals.died += self.peers.died().len() as u64;
        let masters = self.peers.masters();
        for (n, one) in masters.iter().enumerate() {
            for other in &masters[n + 1..] {
                let see = self.peers.reach(*one, *other);
                assert!(!see, "{one} and {other} both decide, and see each other");
            }
        }
        for master in masters {
            let view = self.view(master);
            rows::hold(&view);
            let all = rows::everything(&view);
            self.is_as_its_rows(&view, master, master);
            for at in 0..self.peers.len() {
                if self.peers.master_of(at) != Some(master) {
                    continue;
                }
                let its = rows::everything(&self.view(at));
                assert!(
                    its == all,
                    "{at} is not what {master} is:{}",
                    rows::told(&all, &its)
                );
                self.is_as_its_rows(&view, master, at);
            }
        }
        self.witness.foreign_is_as_it_was(&self.peers);
        // One at a time: all of them would take longer than all else.
        let at = self.totals.steps as usize % self.peers.len();
        let is_served = self.peers.masters().contains(&at) || self.peers.master_of(at).is_some();
        if self.peers.is_up(at) && is_served {
            self.witness.hears(&mut self.peers, at);
        }
    }

    fn is_as_its_rows(&self, view: &View, master: usize, at: usize) {
        let host: Ref<Host> = self.peers.row(master, at);
        let wanted = xapi_core::topology::of_host(view, &host).expect("a topology");
        let agent = &self.peers.core(at).agent;
        let steps = agent.plan(Request::what_can(wanted)).expect("a plan");
        let mut steps = in_words(&steps);
        // Ends of tunnels on other hosts follow by a thread that is not here.
        steps.retain(|step| !step.contains("port tun"));
        assert!(steps.is_empty(), "{at} is not as its rows say: {steps:#?}");
    }
}
