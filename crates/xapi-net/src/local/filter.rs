//! What may pass the NIC of a guest, as rules of the bridge that it is locked behind.
//!
//! There packets come in by the guest's port or by the patch to its network, and leave by the other of the two or not at
//! all. What a guest may send follows XAPI's table; it is stricter in three places, where XAPI's lets a guest that is
//! locked be somebody else: tags of VLANs, DHCP requests from any IP address, and answers of a DHCP server.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::agent::{Cause, NetError, Part};
use crate::engine::Stopped;
use crate::lower::gate_of;
use crate::names::{GUARD, Mac, Name, fingerprint};
use crate::object::{Filter, Key, Object};
use crate::ovs::openflow::{Field, FlowError, Output, Rule, Switch};
use crate::ovs::row::{self, InterfaceKind};
use crate::ovs::tables::State;
use crate::plan::Step;

use super::driver::LocalDriver;
use super::look::chain;

/// How long the bridge may take to tell its rules, or to take others.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// The numbers of a guest's port and of its patch.
#[derive(Clone, Copy, Debug)]
struct Ports {
    vif: u32,
    gate: u32,
}

impl Ports {
    fn of(vif: &Name, all: &BTreeMap<String, u32>) -> Option<Ports> {
        Some(Ports {
            vif: *all.get(vif.as_str())?,
            gate: *all.get(gate_of(vif).as_str())?,
        })
    }
}

/// What the rules of a guest's NIC are known by.
fn cookie(vif: &Name) -> u64 {
    fingerprint(&["xapi", vif.as_str()])
}

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// What routers, routers' neighbours and mobile hosts say, and redirections.
const OF_ROUTERS: [u8; 7] = [134, 137, 146, 147, 151, 152, 153];

/// The rules for one guest's NIC.
struct Rules {
    cookie: u64,
    mac: Mac,
    ports: Ports,
    all: Vec<Rule>,
}

impl Rules {
    fn of(vif: &Name, mac: Mac, addresses: &BTreeSet<IpAddr>, ports: Ports) -> Vec<Rule> {
        let mut rules = Rules {
            cookie: cookie(vif),
            mac,
            ports,
            all: Vec::new(),
        };
        rules.of_dhcp();
        rules.of_arp(None);
        for address in addresses {
            match address {
                IpAddr::V4(v4) => {
                    // Whoever has no address yet may always look for one.
                    if !v4.is_unspecified() {
                        rules.of_arp(Some(*v4));
                    }
                    rules.pass(6000, [Field::EthType(IPV4), Field::Ipv4Src(*v4)]);
                }
                IpAddr::V6(v6) => rules.of_ipv6(*v6),
            }
        }
        for kind in [SOLICITATION, ADVERTISEMENT] {
            rules.stop(7000, icmpv6(kind));
        }
        for kind in OF_ROUTERS {
            rules.stop(6000, icmpv6(kind));
        }
        rules.stop(4000, Vec::new());
        // To the guest, everything.
        rules.put(
            4000,
            vec![Field::InPort(ports.gate)],
            Output::Port(ports.vif),
        );
        rules.all
    }

    /// It may look for a server, and be none.
    fn of_dhcp(&mut self) {
        for (family, port) in [(IPV4, 67), (IPV6, 547)] {
            self.stop(
                9000,
                vec![
                    Field::EthType(family),
                    Field::IpProto(UDP),
                    Field::UdpSrc(port),
                ],
            );
        }
        let any = Field::Ipv4Src([0, 0, 0, 0].into());
        let request = [
            Field::EthType(IPV4),
            Field::IpProto(UDP),
            any,
            Field::UdpDst(67),
        ];
        self.pass(8000, request);
    }

    /// From an address, or before it has one.
    fn of_arp(&mut self, address: Option<std::net::Ipv4Addr>) {
        let sender = address.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED);
        let own = Field::ArpSha(self.mac.0);
        self.pass(7000, [Field::EthType(ARP), own, Field::ArpSpa(sender)]);
    }

    fn of_ipv6(&mut self, address: std::net::Ipv6Addr) {
        let from = |rest: Vec<Field>| [rest, vec![Field::Ipv6Src(address)]].concat();
        let asks = [from(icmpv6(SOLICITATION)), vec![Field::NdSll(self.mac.0)]].concat();
        self.pass(8000, asks);
        let tells = [from(icmpv6(ADVERTISEMENT)), vec![Field::NdTarget(address)]].concat();
        self.pass(8000, tells);
        for protocol in [ICMPV6, TCP, UDP] {
            let fields = vec![Field::EthType(IPV6), Field::IpProto(protocol)];
            self.pass(5000, from(fields));
        }
    }

    /// Lets through what has these fields and comes from the guest's own Ethernet address, without a tag.
    fn pass(&mut self, priority: u16, fields: impl IntoIterator<Item = Field>) {
        let own = [Field::EthSrc(self.mac.0), Field::Untagged];
        let mut all = vec![Field::InPort(self.ports.vif)];
        all.extend(own.into_iter().chain(fields));
        self.put(priority, all, Output::Port(self.ports.gate));
    }

    fn stop(&mut self, priority: u16, fields: Vec<Field>) {
        let all = [vec![Field::InPort(self.ports.vif)], fields].concat();
        self.put(priority, all, Output::Drop);
    }

    fn put(&mut self, priority: u16, fields: Vec<Field>, output: Output) {
        self.all.push(Rule {
            cookie: self.cookie,
            priority,
            fields,
            output,
        });
    }
}

fn icmpv6(kind: u8) -> Vec<Field> {
    vec![
        Field::EthType(IPV6),
        Field::IpProto(ICMPV6),
        Field::Icmpv6Type(kind),
    ]
}

fn as_set(rules: Vec<Rule>) -> BTreeSet<Rule> {
    rules.into_iter().map(Rule::sorted).collect()
}

/// What rules stand for: exactly what they would be made for, or something else.
fn meant_by(vif: &Name, rules: Vec<Rule>, ports: Option<Ports>) -> Filter {
    let fields = || rules.iter().flat_map(|rule| &rule.fields);
    let mac = fields().find_map(|field| match field {
        Field::EthSrc(mac) => Some(Mac(*mac)),
        _ => None,
    });
    let none_yet = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let mut addresses: BTreeSet<IpAddr> = fields()
        .filter_map(|field| match field {
            Field::Ipv4Src(v4) => Some(IpAddr::V4(*v4)),
            Field::Ipv6Src(v6) => Some(IpAddr::V6(*v6)),
            _ => None,
        })
        // That one stands in the rules of every guest.
        .filter(|address| *address != none_yet)
        .collect();
    let (Some(mac), Some(ports)) = (mac, ports) else {
        return Filter::Other;
    };
    let rules = as_set(rules);
    for more in [None, Some(none_yet)] {
        addresses.extend(more);
        if as_set(Rules::of(vif, mac, &addresses, ports)) == rules {
            return Filter::Only { mac, addresses };
        }
    }
    Filter::Other
}

/// Whether somebody made others decide what the guard passes.
fn guard_is_open(state: &State) -> bool {
    let guard = state.bridges.get(GUARD.as_str());
    guard.is_some_and(|seen| match &seen.row {
        row::Bridge::Real(row) => row.controlled || row.fail_mode != row::FailMode::Secure,
        row::Bridge::Vlan(_) => true,
    })
}

impl LocalDriver {
    fn guard(&self) -> Result<Switch, FlowError> {
        let deadline = self.deadline().min(Instant::now() + ANSWER_TIME);
        Switch::open(&self.config.ovs_run, GUARD.as_str(), deadline)
    }

    /// What may pass each guest's NIC that is locked and has rules.
    pub(super) fn filters(&self, state: &State) -> Result<BTreeMap<Name, Filter>, NetError> {
        if !state.bridges.contains_key(GUARD.as_str()) {
            return Ok(BTreeMap::new());
        }
        let told = self
            .guard()
            .and_then(|mut guard| Ok((guard.ports()?, guard.rules()?)));
        let (ports, rules) = match told {
            Ok(told) => told,
            // Whoever has other words to speak, or somebody else to ask, tells nothing: it is made anew.
            Err(why) if guard_is_open(state) => {
                warn!("{GUARD} is not as we made it: {}", chain(&why));
                return Ok(BTreeMap::new());
            }
            Err(why) => {
                let why = format!("looking at the rules of guests' NICs: {}", chain(&why));
                return Err(NetError::before(Part::Host, Cause::Unreachable, why));
            }
        };
        let mut by_cookie: BTreeMap<u64, Vec<Rule>> = BTreeMap::new();
        for rule in rules {
            by_cookie.entry(rule.cookie).or_default().push(rule);
        }
        let locked = state.ports.iter().filter(|(_, seen)| {
            seen.row.bridge == GUARD.as_str() && seen.row.kind == InterfaceKind::System
        });
        let names = locked.filter_map(|(name, _)| Name::new(name).ok());
        let mut seen: BTreeMap<_, _> = names
            .filter_map(|vif| {
                let rules = by_cookie.remove(&cookie(&vif))?;
                Some((vif, meant_by(&vif, rules, Ports::of(&vif, &ports))))
            })
            .collect();
        // Rules of somebody else may pass what ours stop: then nobody is locked, and all is written anew.
        if !by_cookie.is_empty() {
            warn!("{GUARD} has rules that are not ours");
            seen.values_mut().for_each(|filter| *filter = Filter::Other);
        }
        Ok(seen)
    }

    /// Writes the rules of several guests' NICs at once.
    pub(super) fn write_rules(&mut self, steps: &[Step<Object>]) -> Result<(), Stopped> {
        let part = |step: &Step<Object>| match step.key() {
            Key::Filter(vif) => Part::Nic(*vif),
            _ => Part::Host,
        };
        let stopped = |part: Part, cause: Cause, why: String| Stopped {
            done: 0,
            part,
            cause,
            why,
        };
        let failed = |why: FlowError| {
            let cause = match &why {
                FlowError::Broken(_) | FlowError::Unreachable { .. } => Cause::Unreachable,
                FlowError::TimedOut => Cause::TimedOut,
                _ => Cause::Refused,
            };
            stopped(part(&steps[0]), cause, chain(&why))
        };
        let mut guard = self.guard().map_err(failed)?;
        let ports = guard.ports().map_err(failed)?;
        let mut rules = Vec::new();
        let there = guard.rules().map_err(failed)?;
        let ours: BTreeSet<u64> = ports
            .keys()
            .filter_map(|port| Name::new(port).ok())
            .map(|port| cookie(&port))
            .collect();
        let mut cookies: Vec<u64> = there.iter().map(|rule| rule.cookie).collect();
        cookies.retain(|cookie| !ours.contains(cookie));
        cookies.sort_unstable();
        cookies.dedup();
        for step in steps {
            let Key::Filter(vif) = step.key() else {
                continue;
            };
            cookies.push(cookie(vif));
            let (Step::Put(_, Object::Filter(Filter::Only { mac, addresses }))
            | Step::Change(_, _, Object::Filter(Filter::Only { mac, addresses }))) = step
            else {
                continue;
            };
            let Some(ports) = Ports::of(vif, &ports) else {
                let why = format!("{vif} or its patch is no port of {GUARD}");
                return Err(stopped(part(step), Cause::Refused, why));
            };
            rules.extend(Rules::of(vif, *mac, addresses, ports));
        }
        guard.replace(&cookies, &rules).map_err(|why| {
            // They may be in force all the same: whoever takes the step back writes the old ones again.
            let done = match &why {
                FlowError::Broken(_) | FlowError::TimedOut => steps.len(),
                _ => 0,
            };
            Stopped {
                done,
                ..failed(why)
            }
        })?;
        self.forget_old_ways();
        Ok(())
    }

    /// ovs-vswitchd remembers for each kind of packet where it went, and looks through all that in its own time, half a
    /// second at most, when rules change. This has it done at once.
    fn forget_old_ways(&self) {
        let deadline = self.deadline().min(Instant::now() + ANSWER_TIME);
        if let Err(why) = self.control.command("revalidator/wait", &[], deadline) {
            warn!(
                "old ways of packets may be used a moment longer: {}",
                chain(&why)
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn rules(addresses: &[&str], vif: u32, gate: u32) -> Vec<Rule> {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        Rules::of(&name(), MAC, &addresses, Ports { vif, gate })
    }

    fn name() -> Name {
        Name::new("vif1.0").unwrap()
    }

    #[test]
    fn rules_are_read_as_what_they_were_made_for_and_anything_else_as_something_else() {
        let ports = Some(Ports { vif: 3, gate: 4 });
        let several = ["10.0.0.9", "fd00::9", "fe80::9"];
        let unusual = ["0.0.0.0", "224.0.0.1", "::"];
        for addresses in [&[][..], &["10.0.0.9"], &["0.0.0.0"], &several, &unusual] {
            let mut made = rules(addresses, 3, 4);
            made.reverse();
            let expected = Filter::Only {
                mac: MAC,
                addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            };
            assert_eq!(meant_by(&name(), made.clone(), ports), expected);
            // Another port has the number now, one rule is missing, one is too many.
            let elsewhere = Some(Ports { vif: 5, gate: 4 });
            assert_eq!(meant_by(&name(), made.clone(), elsewhere), Filter::Other);
            assert_eq!(meant_by(&name(), made.clone(), None), Filter::Other);
            let mut more = made.clone();
            more.push(Rule {
                priority: 65_000,
                ..made[0].clone()
            });
            assert_eq!(meant_by(&name(), more, ports), Filter::Other);
            made.pop();
            assert_eq!(meant_by(&name(), made, ports), Filter::Other);
        }
    }

    #[test]
    fn every_rule_that_lets_a_guest_send_asks_for_its_ethernet_address_and_for_no_tag() {
        let made = rules(&["10.0.0.9", "fd00::9"], 3, 4);
        let lets_out = made.iter().filter(|rule| rule.output == Output::Port(4));
        let mut count = 0;
        for rule in lets_out {
            count += 1;
            for needed in [Field::InPort(3), Field::EthSrc(MAC.0), Field::Untagged] {
                assert!(rule.fields.contains(&needed), "{rule:?}");
            }
        }
        assert_eq!(count, 9);
    }
}
