//! What is changed meanwhile, through the master, one change after the other.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use xapi_client::ClientError;
use xapi_model::pool::CreateVlanFromPif;
use xapi_model::{BondMode, Call, IpConfigurationMode, Pif, Ref, bond, pif, vlan};
use xapi_tests::Xen;

use super::ledger::{NONE, OWN, Rows, SHARED, Slot};
use super::{Dice, HOSTS, World};

/// Between two changes: there must be time for the faults to meet no change, too.
const PAUSE: Duration = Duration::from_millis(100);

/// How a change ended.
enum End {
    /// The slots are so.
    Done(Vec<(Slot, String)>),
    /// It was refused: nothing has changed.
    Refused(String),
    /// Nobody knows whether the slots are so.
    Open(Vec<(Slot, String)>, String),
}

#[derive(Default)]
struct Count {
    done: usize,
    refused: usize,
    open: usize,
}

/// Changes until the faults are over; what came of it in a few words.
pub fn make(world: &World, dice: &mut Dice) -> String {
    let mut count = Count::default();
    let mut round = 0;
    while !world.over.load(Ordering::Acquire) {
        std::thread::sleep(PAUSE);
        let _under_way = world.changes.read().unwrap_or_else(PoisonError::into_inner);
        let Ok(xen) = world.api() else {
            continue;
        };
        let Ok(rows) = Rows::read(&xen) else {
            continue;
        };
        if let Err(why) = world.ledger().compare(&rows) {
            panic!("as {} sees it: {why}", world.master());
        }
        round += 1;
        let (what, end) = one(&xen, &rows, dice, round);
        let mut ledger = world.ledger();
        match end {
            End::Done(slots) => {
                count.done += 1;
                world.say(&format!("  {what}: done"));
                for (slot, value) in slots {
                    ledger.promise(slot, &value);
                }
            }
            End::Refused(why) => {
                count.refused += 1;
                world.say(&format!("  {what}: {why}"));
            }
            End::Open(slots, why) => {
                count.open += 1;
                world.say(&format!("  {what}: not answered: {why}"));
                for (slot, value) in slots {
                    ledger.may_be(slot, &value);
                }
            }
        }
    }
    format!(
        "{} changes answered, {} refused, {} not answered",
        count.done, count.refused, count.open
    )
}

/// What a call came to, if it makes this of the slots.
fn end<C: Call>(xen: &Xen, rows: &Rows, call: &C, slots: Vec<(Slot, String)>) -> End {
    match xen.session().invoke(call) {
        Ok(_) => End::Done(slots),
        Err(why) => failed(why, slots, &rows.master),
    }
}

fn failed(why: ClientError, slots: Vec<(Slot, String)>, master: &str) -> End {
    match why {
        // A slave, which was the master a moment ago, has handed the call on and lost the one who carries it out.
        ClientError::Api(why) if why.code == "CANNOT_CONTACT_HOST" && why.params == [master] => {
            End::Open(slots, why.to_string())
        }
        ClientError::Api(why) => End::Refused(why.to_string()),
        other => End::Open(slots, other.to_string()),
    }
}

fn one(xen: &Xen, rows: &Rows, dice: &mut Dice, round: usize) -> (String, End) {
    let host = dice.one(&HOSTS);
    match dice.below(8) {
        0 | 1 => own_vlan(xen, rows, dice, host),
        2 => shared_vlan(xen, rows, dice, host),
        3 | 4 => bond(xen, rows, host),
        5 => address(xen, rows, host),
        6 => management(xen, rows, host),
        _ => network(xen, rows, round),
    }
}

fn tag_of(label: &str) -> i64 {
    let all = OWN.iter().chain(&SHARED);
    let at = all.clone().position(|one| *one == label);
    100 + at.expect("a network of a VLAN") as i64
}

fn own_vlan(xen: &Xen, rows: &Rows, dice: &mut Dice, host: &str) -> (String, End) {
    let label = dice.one(&OWN);
    match rows.vlan(host, label) {
        Some(_) => without_vlan(xen, rows, host, label),
        None => {
            let call = vlan::Create {
                tagged_pif: rows.nic(host, "eth1").0.clone(),
                tag: tag_of(label),
                network: rows.network(label).expect("its network").clone(),
            };
            let slot = Slot::Vlan(host.to_owned(), label.to_owned());
            let end = end(xen, rows, &call, vec![(slot, "there".to_owned())]);
            (format!("VLAN {label} on {host}"), end)
        }
    }
}

fn without_vlan(xen: &Xen, rows: &Rows, host: &str, label: &str) -> (String, End) {
    let vlan = rows.vlan(host, label).expect("a VLAN");
    let call = vlan::Destroy { this: vlan.clone() };
    let slot = Slot::Vlan(host.to_owned(), label.to_owned());
    let end = end(xen, rows, &call, vec![(slot, NONE.to_owned())]);
    (format!("no VLAN {label} on {host}"), end)
}

/// A VLAN on all hosts that are there, if none has it.
fn shared_vlan(xen: &Xen, rows: &Rows, dice: &mut Dice, host: &str) -> (String, End) {
    let label = dice.one(&SHARED);
    let has = |host: &&&str| rows.vlan(host, label).is_some();
    if rows.vlan(host, label).is_some() {
        return without_vlan(xen, rows, host, label);
    }
    if let Some(other) = HOSTS.iter().find(has) {
        return without_vlan(xen, rows, other, label);
    }
    let call = CreateVlanFromPif {
        pif: rows.nic(host, "eth1").0.clone(),
        network: rows.network(label).expect("its network").clone(),
        vlan: tag_of(label),
    };
    let slots = |hosts: &[&str]| {
        let slot = |host: &&str| Slot::Vlan((*host).to_owned(), label.to_owned());
        hosts
            .iter()
            .map(|host| (slot(host), "there".to_owned()))
            .collect()
    };
    let end = match xen.session().invoke(&call) {
        Ok(made) => match hosts_of(xen, &made) {
            Ok(refs) => {
                let its = |host: &&str| refs.contains(&rows.host(host).as_str().to_owned());
                let hosts: Vec<_> = HOSTS.into_iter().filter(its).collect();
                assert_eq!(hosts.len(), made.len(), "a PIF on each host");
                End::Done(slots(&hosts))
            }
            Err(why) => End::Open(slots(&HOSTS), why.to_string()),
        },
        Err(why) => failed(why, slots(&HOSTS), &rows.master),
    };
    (format!("VLAN {label} everywhere"), end)
}

fn hosts_of(xen: &Xen, pifs: &[Ref<Pif>]) -> Result<Vec<String>, ClientError> {
    let host = |pif: &Ref<Pif>| {
        let host = xen.session().field(pif, Pif::HOST)?;
        Ok(host.as_str().to_owned())
    };
    pifs.iter().map(host).collect()
}

fn bond(xen: &Xen, rows: &Rows, host: &str) -> (String, End) {
    let slot = Slot::Bond(host.to_owned());
    if let Some(bond) = rows.bond(host) {
        let call = bond::Destroy { this: bond.clone() };
        let end = end(xen, rows, &call, vec![(slot, NONE.to_owned())]);
        return (format!("no bond on {host}"), end);
    }
    let call = bond::Create {
        network: rows.network("bonded").expect("its network").clone(),
        members: ["eth2", "eth3"]
            .map(|nic| rows.nic(host, nic).0.clone())
            .to_vec(),
        mac: String::new(),
        mode: BondMode::ActiveBackup,
        properties: Default::default(),
    };
    let end = end(xen, rows, &call, vec![(slot, "there".to_owned())]);
    (format!("a bond on {host}"), end)
}

fn number(host: &str) -> usize {
    1 + HOSTS.iter().position(|one| *one == host).expect("a host")
}

fn address(xen: &Xen, rows: &Rows, host: &str) -> (String, End) {
    let (pif, row) = rows.nic(host, "eth1");
    let ip = match row.ip.ends_with(".1") {
        true => format!("10.9.{}.2", number(host)),
        false => format!("10.9.{}.1", number(host)),
    };
    let slot = Slot::Address(host.to_owned());
    let end = end(
        xen,
        rows,
        &fixed(pif, &ip, "255.255.255.0", ""),
        vec![(slot, ip.clone())],
    );
    (format!("{ip} on {host}"), end)
}

/// Every host has two addresses, of which its management has one.
fn management(xen: &Xen, rows: &Rows, host: &str) -> (String, End) {
    let (pif, row) = rows.management(host);
    let first = 8 + 2 * number(host);
    let ip = match row.ip == format!("172.16.0.{first}") {
        true => format!("172.16.0.{}", first + 1),
        false => format!("172.16.0.{first}"),
    };
    let slot = Slot::Management(host.to_owned());
    let call = fixed(pif, &ip, "255.255.255.224", "172.16.0.1");
    let end = end(xen, rows, &call, vec![(slot, ip.clone())]);
    (format!("management {ip} on {host}"), end)
}

fn fixed(pif: &Ref<Pif>, ip: &str, netmask: &str, gateway: &str) -> pif::ReconfigureIp {
    pif::ReconfigureIp {
        this: pif.clone(),
        mode: IpConfigurationMode::Static,
        ip: ip.to_owned(),
        netmask: netmask.to_owned(),
        gateway: gateway.to_owned(),
        dns: String::new(),
    }
}

fn network(xen: &Xen, rows: &Rows, round: usize) -> (String, End) {
    let label = format!("made-{round}");
    let call = xen.network_call(&label);
    let slot = Slot::Network(label.clone());
    let end = match xen.session().call("network.create", call) {
        Ok(_) => End::Done(vec![(slot, "there".to_owned())]),
        Err(why) => failed(why, vec![(slot, "there".to_owned())], &rows.master),
    };
    (format!("network {label}"), end)
}
