//! How much a host may tell: whoever has the pool's secret is believed what his network looks like, and must not fill his
//! master's database, memory or log with it. What is said for people is cut where it is too long; what no honest host says
//! is refused with all that came with it.

use xapi_guest::{Found as Guest, GuestError, Offered};
use xapi_model::Value;
use xapi_net::agent::{LeftOut, NetError, NetEvent, Undo};
use xapi_net::facts::Facts;
use xapi_net::firmware::Card;
use xapi_net::planned::PlannedStep;
use xapi_net::topology::Dns;

use super::verbs::{Answer, ApiText, Arrived, Forwarded, News};
use crate::guests::place::Reply;
use crate::particulars::Particulars;

/// NICs of a host, also of its firmware.
const NICS: usize = 256;

/// Bridges of a host, VLANs included, and devices that its configuration names.
const DEVICES: usize = 8192;

/// Ports of a bridge.
const PORTS: usize = 8192;

/// Addresses, gateways or name servers of one device.
const ADDRESSES: usize = 1024;

/// Members of a bond.
const MEMBERS: usize = 64;

/// Steps of a plan.
const STEPS: usize = 16 * DEVICES;

/// Guests of a host, and NICs of one.
const GUESTS: usize = 65_536;

/// Octets of one text.
const TEXT: usize = 1024;

/// Octets of one that a program has said, or a person has written.
const LONG: usize = 64 * TEXT;

/// Entries of the host's software, settings and alerts; parameters of a call or an error.
const ENTRIES: usize = 256;

/// Letters of a host's name (RFC 1035).
const HOSTNAME: usize = 255;

/// Octets of one text in a call that is handed on, as of any other client's.
const GIVEN: usize = 256 << 10;

/// Octets of what a host asks: any other client's call has 300 KiB at most, and what it says takes more room here.
const QUESTION: usize = 8 << 20;

/// Octets of what a host tells.
const NEWS: usize = 8 << 20;

/// What stands at the end of a text that was cut.
const CUT: &str = "…";

/// Says what of an answer is more than a host can have.
pub(super) fn check(answer: &mut Answer) -> Result<(), String> {
    match answer {
        Answer::Converged(Ok(outcome)) => {
            count("NICs that could not be", outcome.absent.len(), DEVICES)?;
            of_left_out(&mut outcome.left_out)?;
            if let Some(alone) = &mut outcome.alone {
                cut(&mut alone.why, TEXT);
            }
            of_facts(&outcome.facts)
        }
        Answer::Facts(facts) => match facts.as_mut() {
            Ok(facts) => of_facts(facts),
            Err(why) => of_error(why),
        },
        Answer::Firmware(Ok(cards)) => of_firmware(cards),
        Answer::Particulars(Ok(arrived)) => of_arrived(arrived),
        Answer::Hostname(Ok(name)) => text("its name", name, HOSTNAME),
        Answer::Plan(Ok(steps)) => of_plan(steps),
        Answer::Answered(Ok(probes)) => count("who have answered", probes.len(), ADDRESSES),
        Answer::Seized(Ok(taken)) => {
            count("things taken", taken.len(), DEVICES)?;
            taken.iter_mut().for_each(|taken| cut(taken, TEXT));
            Ok(())
        }
        Answer::Guest(Ok(reply)) => of_guests(reply),
        Answer::Guest(Err(why)) => of_guest_error(why),
        Answer::Converged(Err(why))
        | Answer::Firmware(Err(why))
        | Answer::Hostname(Err(why))
        | Answer::Plan(Err(why))
        | Answer::Answered(Err(why))
        | Answer::Seized(Err(why))
        | Answer::Done(Err(why)) => of_error(why),
        Answer::Ran(Err(why)) | Answer::Particulars(Err(why)) => of_api(why),
        Answer::Unknown(why) => {
            cut(why, TEXT);
            Ok(())
        }
        // What a plugin says is bounded with the whole answer, and is its caller's.
        Answer::Ran(Ok(_)) | Answer::Done(Ok(())) => Ok(()),
        Answer::Counters(_) | Answer::NotYet | Answer::Forgotten => Ok(()),
    }
}

/// Says what of news is more than a host can have.
pub(super) fn check_news(news: &mut News) -> Result<(), String> {
    match news {
        News::Event(NetEvent::Diverged { why }) => {
            cut(why, TEXT);
            Ok(())
        }
        News::Event(NetEvent::Converged { left_out }) => {
            of_left_out(left_out)?;
            // Whoever hears of it looks himself. Many of these may wait to be looked at.
            left_out.clear();
            Ok(())
        }
        News::Event(
            NetEvent::Carrier { .. }
            | NetEvent::NicsChanged
            | NetEvent::AddressChanged { .. }
            | NetEvent::BondChanged { .. }
            | NetEvent::BackendRestarted
            | NetEvent::LeaseChanged { .. }
            | NetEvent::NothingAsked,
        )
        | News::Guest(_) => Ok(()),
        News::ResetOver(mark) => text("a reset's mark", mark, TEXT),
    }
}

/// Says what of a call that is handed on no client can have sent.
pub(super) fn check_call(call: &mut Forwarded) -> Result<(), String> {
    text("its name", &call.name, TEXT)?;
    count("parameters", call.params.len(), ENTRIES)?;
    for param in &call.params {
        of_value(&param.0)?;
    }
    text("its mark", &call.id, TEXT)?;
    cut(&mut call.peer, TEXT);
    if let Some(agent) = &mut call.user_agent {
        cut(agent, TEXT);
    }
    count("entries for its task", call.other_config.len(), ENTRIES)?;
    for (key, value) in &call.other_config {
        text("a key for its task", key, LONG)?;
        text("an entry for its task", value, TEXT)?;
    }
    if let Some(opened) = &mut call.opened {
        cut(&mut opened.user, TEXT);
        cut(&mut opened.originator, TEXT);
    }
    Ok(())
}

/// Says whether a question has more octets than any has.
pub(super) fn check_question(question: &[u8]) -> Result<(), String> {
    octets("a question", question, QUESTION)
}

/// The same of news.
pub(super) fn check_told(news: &[u8]) -> Result<(), String> {
    octets("what it tells", news, NEWS)
}

/// As much of a text about what a host has said as a line of a log may have.
pub(super) fn shortened(text: impl ToString) -> String {
    let mut text = text.to_string();
    cut(&mut text, TEXT);
    text
}

/// Cuts a text at so many octets, with a sign that there was more.
pub(crate) fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most.saturating_sub(CUT.len())));
        text.push_str(CUT);
    }
}

fn octets(what: &str, said: &[u8], most: usize) -> Result<(), String> {
    match said.len() <= most {
        true => Ok(()),
        false => Err(format!(
            "{what} has {} octets, and {most} are the most",
            said.len()
        )),
    }
}

fn count(what: &str, number: usize, most: usize) -> Result<(), String> {
    match number <= most {
        true => Ok(()),
        false => Err(format!("{number} {what}, and {most} are the most")),
    }
}

fn text(what: &str, text: &str, most: usize) -> Result<(), String> {
    octets(what, text.as_bytes(), most)
}

fn of_error(why: &mut NetError) -> Result<(), String> {
    cut(&mut why.why, TEXT);
    if let Undo::Failed(why) = &mut why.undo {
        cut(why, TEXT);
    }
    Ok(())
}

fn of_api(why: &mut ApiText) -> Result<(), String> {
    text("the code of an error", &why.code, TEXT)?;
    count("parameters of an error", why.params.len(), ENTRIES)?;
    why.params.iter_mut().for_each(|param| cut(param, LONG));
    Ok(())
}

fn of_left_out(all: &mut [LeftOut]) -> Result<(), String> {
    count("things left out", all.len(), DEVICES)?;
    let bridges = all.iter().map(|left| left.bridges.len()).sum();
    count("bridges left out", bridges, 4 * DEVICES)?;
    all.iter_mut().for_each(|left| cut(&mut left.why, TEXT));
    Ok(())
}

fn of_plan(steps: &mut [PlannedStep]) -> Result<(), String> {
    count("steps of a plan", steps.len(), STEPS)?;
    for step in steps {
        text("the kind of a thing", &step.object.kind, TEXT)?;
        text("the name of a thing", &step.object.name, LONG)?;
        let named = [&step.host, &step.object.on, &step.object.uuid];
        for name in named.into_iter().flatten().chain(&step.touches) {
            text("a name in a plan", name, TEXT)?;
        }
        count("things touched", step.touches.len(), DEVICES)?;
        let undo = &mut step.undo;
        let said = [
            &mut step.before,
            &mut step.after,
            &mut undo.before,
            &mut undo.after,
        ];
        said.into_iter().flatten().for_each(|said| cut(said, LONG));
    }
    Ok(())
}

fn of_guests(reply: &mut Reply) -> Result<(), String> {
    match reply {
        Reply::Done | Reply::Number(_) => Ok(()),
        Reply::Found(found) => {
            count("guests", found.len(), GUESTS)?;
            found.iter_mut().try_for_each(of_guest)
        }
        Reply::Suspended(uuids) => {
            count("guests", uuids.len(), GUESTS)?;
            uuids.iter().try_for_each(|uuid| text("a UUID", uuid, TEXT))
        }
        Reply::AtWork(uuids) => {
            count("guests", uuids.len(), GUESTS)?;
            uuids.iter().try_for_each(|uuid| text("a UUID", uuid, TEXT))
        }
        Reply::Resumed(nics) => of_offered(nics),
        Reply::Withdrawn(withdrawn) => {
            count("NICs of guests", withdrawn.released.len(), GUESTS)?;
            match &mut withdrawn.refused {
                Some(refused) => of_guest_error(&mut refused.why),
                None => Ok(()),
            }
        }
    }
}

fn of_guest(guest: &mut Guest) -> Result<(), String> {
    text("a UUID", &guest.uuid, TEXT)?;
    cut(&mut guest.name, TEXT);
    of_offered(&guest.nics)
}

fn of_offered(nics: &[Offered]) -> Result<(), String> {
    count("NICs of a guest", nics.len(), ENTRIES)?;
    let mut all = nics.iter();
    all.try_for_each(|nic| text("a NIC's name", &nic.host_end, TEXT))
}

fn of_guest_error(why: &mut GuestError) -> Result<(), String> {
    match why {
        GuestError::AlreadyThere(said)
        | GuestError::NotSuspended(said)
        | GuestError::StillHeld { nic: said }
        | GuestError::Unfit(said) => cut(said, TEXT),
        GuestError::Failed { doing, why } => {
            cut(doing, TEXT);
            cut(why, TEXT);
        }
        GuestError::Elsewhere { code, params } => {
            text("the code of an error", code, TEXT)?;
            count("parameters of an error", params.len(), ENTRIES)?;
            params.iter_mut().for_each(|param| cut(param, TEXT));
        }
        GuestError::NoDomain(_)
        | GuestError::WrongState { .. }
        | GuestError::StillRunning(_)
        | GuestError::NoHotplug => {}
    }
    Ok(())
}

/// A value is no deeper than a message may be.
fn of_value(value: &Value) -> Result<(), String> {
    match value {
        Value::Str(said) => text("a text of its parameters", said, GIVEN),
        Value::Array(items) => items.iter().try_for_each(of_value),
        Value::Struct(members) => members.iter().try_for_each(|(name, item)| {
            text("a name in its parameters", name, GIVEN)?;
            of_value(item)
        }),
        _ => Ok(()),
    }
}

fn of_facts(facts: &Facts) -> Result<(), String> {
    let physical = facts.nics.values().filter(|nic| nic.physical).count();
    count("NICs", physical, NICS)?;
    count("devices", facts.nics.len(), DEVICES)?;
    count("bridges", facts.bridges.len(), DEVICES)?;
    count("bonds", facts.bonds.len(), NICS)?;
    of_dns(&facts.dns)?;
    text("its name", &facts.hostname, HOSTNAME)?;
    for (name, nic) in &facts.nics {
        count(
            &format!("addresses on {name}"),
            nic.addresses.len(),
            ADDRESSES,
        )?;
        let said = [
            &nic.pci,
            &nic.driver,
            &nic.vendor_id,
            &nic.device_id,
            &nic.refused,
        ];
        for said in said.into_iter().flatten() {
            text(&format!("what is said of {name}"), said, TEXT)?;
        }
    }
    for (name, bridge) in &facts.bridges {
        let addresses = bridge.addresses.len().max(bridge.gateways.len());
        count(&format!("addresses on {name}"), addresses, ADDRESSES)?;
        let ports = bridge.ports.len().max(bridge.foreign.len());
        count(&format!("ports on {name}"), ports, PORTS)?;
        for lease in [&bridge.lease_v4, &bridge.lease_v6].into_iter().flatten() {
            of_dns(&lease.dns)?;
        }
    }
    for (name, bond) in &facts.bonds {
        count(&format!("members of {name}"), bond.members.len(), MEMBERS)?;
    }
    Ok(())
}

fn of_dns(dns: &Dns) -> Result<(), String> {
    count("name servers", dns.servers.len(), ADDRESSES)?;
    count("search domains", dns.search.len(), ADDRESSES)?;
    let mut domains = dns.search.iter();
    domains.try_for_each(|domain| text("a search domain", domain, HOSTNAME))
}

fn of_firmware(cards: &[Card]) -> Result<(), String> {
    count("NICs of the firmware", cards.len(), NICS)?;
    for card in cards {
        for said in [card.label.as_deref(), Some(&card.mac)]
            .into_iter()
            .flatten()
        {
            text("what the firmware says of a NIC", said, TEXT)?;
        }
    }
    Ok(())
}

fn of_arrived(arrived: &Arrived) -> Result<(), String> {
    of_particulars(&arrived.particulars)?;
    count("alerts", arrived.alerts.len(), ENTRIES)?;
    for alert in &arrived.alerts {
        text("an alert's name", &alert.name, TEXT)?;
        text("an alert", &alert.body, LONG)?;
    }
    if let Some(reset) = &arrived.reset {
        text("a reset's trigger", &reset.text, LONG)?;
        text("a reset's mark", &reset.mark, TEXT)?;
    }
    if let Some(aside) = &arrived.aside {
        text("the name of a file", &aside.file, TEXT)?;
        text("an address", &aside.address, TEXT)?;
        if let Some((uuid, _)) = &aside.later {
            text("a UUID", uuid, TEXT)?;
        }
    }
    if let Some(bridge) = &arrived.moved {
        text("a bridge", bridge, TEXT)?;
    }
    if let Some(secret) = &arrived.secret {
        text("a secret's mark", &secret.mark, TEXT)?;
    }
    if let Some(found) = &arrived.found {
        text("an address", &found.was, TEXT)?;
        text("an address", &found.is, TEXT)?;
    }
    Ok(())
}

fn of_particulars(particulars: &Particulars) -> Result<(), String> {
    text("its name", &particulars.hostname, HOSTNAME)?;
    text("its management interface", &particulars.management, TEXT)?;
    text("its address family", &particulars.family, TEXT)?;
    count("entries of software", particulars.software.len(), ENTRIES)?;
    for (key, value) in &particulars.software {
        text("a key of its software", key, TEXT)?;
        text("an entry of its software", value, TEXT)?;
    }
    count("NICs for FCoE", particulars.fcoe.len(), NICS)?;
    let fcoe = particulars.fcoe.iter();
    let lists = fcoe.map(|(nic, list)| (Some(nic), list)).chain([
        (None, &particulars.boot_nics),
        (None, &particulars.unmanaged_nics),
    ]);
    for (nic, list) in lists {
        count("NICs of one setting", list.len(), NICS)?;
        for name in nic.into_iter().chain(list) {
            text("a NIC's name", name, TEXT)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
