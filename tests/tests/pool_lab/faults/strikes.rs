//! The faults.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use xapi_model::{Host, HostMetrics, Value};
use xapi_tests::{Lab, Xen, eventually};

use super::checks::{all_live, kept_aside};
use super::ledger::{NONE, Slot};
use super::{Dice, HOSTS, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// A host is cut off for a while.
    Partition,
    /// A daemon is killed, and started again.
    Kill,
    /// A machine is rebooted.
    Reboot,
    /// A host is cut off, and meanwhile the daemon of another one killed.
    Both,
    /// Another host is made the master while all are well.
    Designate,
    /// The master is gone for long; another host is made the master, and the old one comes back.
    Succeed,
}

/// What happens in turns, in a random order: most of it often, some of it seldom.
const DECK: [(Fault, usize); 6] = [
    (Fault::Partition, 4),
    (Fault::Kill, 4),
    (Fault::Reboot, 2),
    (Fault::Both, 2),
    (Fault::Designate, 1),
    (Fault::Succeed, 1),
];

fn deck(dice: &mut Dice) -> Vec<Fault> {
    let all = DECK
        .iter()
        .flat_map(|(fault, times)| std::iter::repeat_n(*fault, *times));
    let mut deck: Vec<_> = all.collect();
    for at in (1..deck.len()).rev() {
        deck.swap(at, dice.below(at as u64 + 1) as usize);
    }
    deck
}

/// Strikes for some time; what was done in a few words.
pub fn strike(world: &World, dice: &mut Dice, time: Duration) -> String {
    let end = Instant::now() + time;
    let mut count = BTreeMap::new();
    let mut next = Vec::new();
    while Instant::now() < end && !world.over.load(Ordering::Acquire) {
        if next.is_empty() {
            next = deck(dice);
        }
        let fault = next.pop().expect("a fault");
        *count.entry(fault).or_insert(0) += 1;
        one(world, dice, fault);
        // Some faults come upon the one before.
        let calm = dice.between(0, 3000);
        std::thread::sleep(calm);
    }
    let told = count
        .iter()
        .map(|(fault, times)| format!("{times} {fault:?}"));
    told.collect::<Vec<_>>().join(", ")
}

fn one(world: &World, dice: &mut Dice, fault: Fault) {
    let lab = &world.lab;
    let host = dice.one(&HOSTS);
    match fault {
        Fault::Partition => {
            let time = dice.between(200, 9000);
            world.say(&format!("{host} is cut off for {time:?}"));
            lab.verb(&["partition", host]);
            std::thread::sleep(time);
            lab.verb(&["heal", host]);
            world.say(&format!("{host} is back"));
        }
        Fault::Kill => {
            kill(world, dice, host);
            start(world, host);
        }
        Fault::Reboot => {
            world.say(&format!("{host} is rebooted"));
            lab.verb(&["reboot", host]);
            world.say(&format!("{host} is up"));
        }
        Fault::Both => {
            world.say(&format!("{host} is cut off"));
            lab.verb(&["partition", host]);
            let other = dice.one(&HOSTS);
            kill(world, dice, other);
            start(world, other);
            std::thread::sleep(dice.between(0, 3000));
            lab.verb(&["heal", host]);
            world.say(&format!("{host} is back"));
        }
        Fault::Designate => designate(world, dice),
        Fault::Succeed => succeed(world, dice),
    }
}

fn kill(world: &World, dice: &mut Dice, host: &str) {
    let time = dice.between(0, 3000);
    world.say(&format!("{host}'s daemon is killed, for {time:?}"));
    world.lab.verb(&["kill", host]);
    std::thread::sleep(time);
}

fn start(world: &World, host: &str) {
    world.lab.verb(&["start", host]);
    world.say(&format!("{host}'s daemon answers"));
}

/// A host other than the master.
fn slave(world: &World, dice: &mut Dice) -> &'static str {
    let master = world.master();
    let slaves: Vec<_> = HOSTS.into_iter().filter(|host| *host != master).collect();
    dice.one(&slaves)
}

fn reference(xen: &Xen, name: &str) -> Value {
    let all = xen.all::<Host>().into_iter();
    let mut its = all.filter(|(_, row)| row.name_label == name);
    Value::from(its.next().expect("the host").0.as_str())
}

/// What a host is by its file.
pub fn role(lab: &Lab, host: &str) -> String {
    lab.exec(host, "cat /etc/xensource/pool.conf")
        .trim()
        .to_owned()
}

fn designate(world: &World, dice: &mut Dice) {
    all_live(world);
    let heir = slave(world, dice);
    let before = world.master();
    world.say(&format!("{heir} is to be the master instead of {before}"));
    let Ok(xen) = world.api() else {
        return;
    };
    let words = vec![reference(&xen, heir)];
    match xen.session().call("pool.designate_new_master", words) {
        Ok(_) => world.say("it is answered"),
        Err(why) => world.say(&format!("it is not: {why}")),
    }
    // Whatever was answered, one of them is.
    let master = eventually("there is one master", || {
        let roles = HOSTS.map(|host| role(&world.lab, host));
        let mut masters = HOSTS
            .iter()
            .zip(&roles)
            .filter(|(_, role)| *role == "master");
        match (masters.next(), masters.next()) {
            (Some((host, _)), None) => Ok(*host),
            _ => Err(format!("{roles:?}")),
        }
    });
    world.set_master(master);
    world.say(&format!("{master} is the master"));
    all_live(world);
}

fn succeed(world: &World, dice: &mut Dice) {
    let lab = &world.lab;
    all_live(world);
    let (before, heir) = (world.master(), slave(world, dice));
    // What is answered and has not reached the heir is lost with the old master: nobody makes a change meanwhile.
    let quiet = world
        .changes
        .write()
        .unwrap_or_else(PoisonError::into_inner);
    all_live(world);
    let xen = eventually("every host has what is committed", || {
        let xen = world.api()?;
        let synced = xen.session().call("pool.sync_database", Vec::new());
        synced.map_err(|why| why.to_string())?;
        Ok(xen)
    });
    let cut_off = dice.below(2) == 0;
    let alone = format!("alone-{}", world.began.elapsed().as_millis());
    match cut_off {
        true => {
            world.say(&format!(
                "{before} is cut off for long, and {heir} becomes the master"
            ));
            lab.verb(&["partition", before]);
            // Nobody hears what it promises.
            drop(xen.new_network(&alone));
        }
        false => {
            world.say(&format!(
                "{before} is dead for long, and {heir} becomes the master"
            ));
            lab.verb(&["kill", before]);
        }
    }
    eventually("the heir misses its master", || {
        let told = lab.exec(heir, "xe host-is-in-emergency-mode");
        (told.trim() == "true").then_some(()).ok_or(told)
    });
    lab.exec(heir, "xe pool-emergency-transition-to-master");
    eventually("the heir is the master", || {
        let output = lab.run(&[
            "exec",
            heir,
            "--",
            "xe",
            "pool-list",
            "params=master",
            "--minimal",
        ]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let is = output.status.success() && role(lab, heir) == "master";
        is.then_some(()).ok_or(said)
    });
    world.set_master(heir);
    drop(quiet);
    world.say(&format!("{heir} is the master"));
    lab.exec(heir, "xe pool-recover-slaves");
    std::thread::sleep(dice.between(0, 5000));
    match cut_off {
        true => {
            lab.verb(&["heal", before]);
        }
        false => start(world, before),
    }
    world.say(&format!("{before} is back"));
    eventually("the old master steps down", || {
        let role = role(lab, before);
        role.starts_with("slave:").then_some(()).ok_or(role)
    });
    all_live(world);
    if cut_off {
        kept_aside(world, before, &alone);
        world.ledger().promise(Slot::Network(alone), NONE);
    }
    world.say(&format!("{before} is a slave"));
}

/// Whether a host is live, as the master sees it.
pub fn live(xen: &Xen) -> Result<usize, String> {
    let text = |why: xapi_client::ClientError| why.to_string();
    let hosts = xen.session().records::<Host>().map_err(text)?;
    let mut live = 0;
    for (_, row) in hosts {
        let is = xen
            .session()
            .field(&row.metrics, HostMetrics::LIVE)
            .map_err(text)?;
        live += usize::from(is);
    }
    Ok(live)
}
