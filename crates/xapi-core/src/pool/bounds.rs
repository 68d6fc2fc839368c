//! How much a host may tell of itself: whoever has the pool's secret is believed what his network looks like, and must
//! not fill his master's database or memory with it.

use xapi_net::facts::Facts;
use xapi_net::firmware::Card;

use super::verbs::{Answer, Arrived};
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

/// Letters of one text.
const TEXT: usize = 1024;

/// Entries of the host's software, settings and alerts.
const ENTRIES: usize = 256;

/// Letters of a host's name (RFC 1035).
const HOSTNAME: usize = 255;

/// Says what of an answer is more than a host can have.
pub(super) fn check(answer: &Answer) -> Result<(), String> {
    match answer {
        Answer::Converged(Ok(outcome)) => {
            count("NICs that could not be", outcome.absent.len(), DEVICES)?;
            count("things left out", outcome.left_out.len(), DEVICES)?;
            of_facts(&outcome.facts)
        }
        Answer::Facts(facts) => facts.as_ref().as_ref().map_or(Ok(()), of_facts),
        Answer::Firmware(Ok(cards)) => of_firmware(cards),
        Answer::Particulars(Ok(arrived)) => of_arrived(arrived),
        Answer::Hostname(Ok(name)) => text("its name", name, HOSTNAME),
        _ => Ok(()),
    }
}

fn count(what: &str, number: usize, most: usize) -> Result<(), String> {
    match number <= most {
        true => Ok(()),
        false => Err(format!("{number} {what}, and {most} are the most")),
    }
}

fn text(what: &str, text: &str, most: usize) -> Result<(), String> {
    match text.len() <= most {
        true => Ok(()),
        false => Err(format!(
            "{what} has {} octets, and {most} are the most",
            text.len()
        )),
    }
}

fn of_facts(facts: &Facts) -> Result<(), String> {
    let physical = facts.nics.values().filter(|nic| nic.physical).count();
    count("NICs", physical, NICS)?;
    count("devices", facts.nics.len(), DEVICES)?;
    count("bridges", facts.bridges.len(), DEVICES)?;
    count("bonds", facts.bonds.len(), NICS)?;
    count("name servers", facts.dns.servers.len(), ADDRESSES)?;
    count("search domains", facts.dns.search.len(), ADDRESSES)?;
    for domain in &facts.dns.search {
        text("a search domain", domain, HOSTNAME)?;
    }
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
        count(&format!("ports on {name}"), bridge.ports.len(), PORTS)?;
    }
    for (name, bond) in &facts.bonds {
        count(&format!("members of {name}"), bond.members.len(), MEMBERS)?;
    }
    Ok(())
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
        text("an alert", &alert.body, 64 * TEXT)?;
    }
    if let Some(reset) = &arrived.reset {
        text("a reset's trigger", &reset.text, 64 * TEXT)?;
        text("a reset's mark", &reset.mark, TEXT)?;
    }
    if let Some(aside) = &arrived.aside {
        text("the name of a file", &aside.file, TEXT)?;
        text("an address", &aside.address, TEXT)?;
        if let Some((uuid, _)) = &aside.later {
            text("a UUID", uuid, TEXT)?;
        }
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
mod tests {
    use std::collections::BTreeMap;

    use xapi_net::agent::Outcome;
    use xapi_net::facts::{BridgeFacts, Facts, NicFacts};
    use xapi_net::firmware::{Card, Place};
    use xapi_net::names::Name;

    use super::{Answer, ENTRIES, HOSTNAME, NICS, TEXT, check};
    use crate::particulars::Particulars;
    use crate::pool::aside::Aside;
    use crate::pool::secret::Held;
    use crate::pool::verbs::{Arrived, ToTell};

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn nics(number: usize) -> Facts {
        let nic = NicFacts {
            physical: true,
            ..NicFacts::default()
        };
        Facts {
            nics: (0..number)
                .map(|n| (name(&format!("eth{n}")), nic.clone()))
                .collect(),
            ..Facts::default()
        }
    }

    fn arrived(particulars: Particulars) -> Arrived {
        Arrived {
            particulars,
            starts: false,
            booted: false,
            reset: None,
            alerts: Vec::new(),
            found: None,
            secret: None,
            aside: None,
            moved: None,
        }
    }

    #[test]
    fn what_a_host_can_have_is_taken_and_more_is_not() {
        let facts = |facts| Answer::Facts(Box::new(Ok(facts)));
        let long = |most: usize| "x".repeat(most + 1);
        assert_eq!(check(&facts(nics(NICS))), Ok(()));
        let card = Card {
            device: name("eth0"),
            name: None,
            label: None,
            place: Place::Bus,
            pci: None,
            mac: String::new(),
        };
        let mut talkative = nics(1);
        talkative.nics.get_mut(&name("eth0")).unwrap().driver = Some(long(TEXT));
        let crowded = BridgeFacts {
            ports: (0..9_000).map(|n| name(&format!("p{n}"))).collect(),
            ..BridgeFacts::default()
        };
        let converged = Outcome {
            facts: nics(NICS + 1),
            left_out: Vec::new(),
            alone: None,
            absent: Default::default(),
            steps: 1,
        };
        let alert = ToTell {
            number: 1,
            name: "A".to_owned(),
            body: String::new(),
        };
        let too_much = [
            facts(nics(NICS + 1)),
            facts(talkative),
            facts(Facts {
                bridges: [(name("xenbr0"), crowded)].into(),
                ..Facts::default()
            }),
            facts(Facts {
                hostname: long(HOSTNAME),
                ..Facts::default()
            }),
            Answer::Converged(Ok(converged)),
            Answer::Firmware(Ok(vec![card.clone(); NICS + 1])),
            Answer::Firmware(Ok(vec![Card {
                label: Some(long(TEXT)),
                ..card
            }])),
            Answer::Hostname(Ok(long(HOSTNAME))),
            Answer::Particulars(Ok(arrived(Particulars {
                software: BTreeMap::from([(long(TEXT), String::new())]),
                ..Particulars::default()
            }))),
            Answer::Particulars(Ok(arrived(Particulars {
                boot_nics: vec![String::new(); NICS + 1],
                ..Particulars::default()
            }))),
            Answer::Particulars(Ok(arrived(Particulars {
                fcoe: BTreeMap::from([("eth0".to_owned(), vec![long(TEXT)])]),
                ..Particulars::default()
            }))),
            Answer::Particulars(Ok(Arrived {
                alerts: vec![alert; ENTRIES + 1],
                ..arrived(Particulars::default())
            })),
            Answer::Particulars(Ok(Arrived {
                aside: Some(Aside {
                    file: long(TEXT),
                    term: 1,
                    address: String::new(),
                    later: None,
                }),
                ..arrived(Particulars::default())
            })),
            Answer::Particulars(Ok(Arrived {
                secret: Some(Held {
                    mark: long(TEXT),
                    others: false,
                }),
                ..arrived(Particulars::default())
            })),
        ];
        for answer in too_much {
            assert!(check(&answer).is_err(), "{answer:?}");
        }
    }
}
