//! From any set of bridges and ports to any other in one transaction, and back when it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use xapi_net::ovs::ovsdb::{Applied, Client, OvsdbError, RowOp};
use xapi_net::ovs::row::{Bridge, Datapath, FailMode, IgmpSnooping, Port, RealBridge, VlanBridge};

use crate::lab::{Lab, soon};
use crate::rows::bond_options;

const ROUNDS: usize = 60;
const NICS: usize = 5;

/// A small generator, good enough to choose; its seed is printed, and taken from SEED when it is set.
struct Dice(u64);

impl Dice {
    fn new() -> Dice {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock")
            .as_nanos();
        let seed =
            env::var("SEED").map_or((now as u64) | 1, |text| text.parse().expect("a number"));
        println!("SEED={seed}");
        Dice(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Rows {
    bridges: BTreeMap<String, Bridge>,
    ports: BTreeMap<String, Port>,
}

fn random_rows(dice: &mut Dice) -> Rows {
    let mut rows = Rows::default();
    let real: Vec<_> = (0..3)
        .filter(|_| !dice.one_in(3))
        .map(|number| format!("xenbr{number}"))
        .collect();
    for name in &real {
        rows.bridges
            .insert(name.clone(), Bridge::Real(random_bridge(dice)));
    }
    if real.is_empty() {
        return rows;
    }
    for number in 0..2 {
        if dice.one_in(2) {
            let parent = real[dice.below(real.len())].clone();
            // The number is in the tag, so that no two are the same VLAN of the same bridge.
            let tag = if dice.one_in(2) { number } else { number + 100 };
            let mac = dice.one_in(2).then_some([2, 0, 0, 0, 9, number as u8]);
            let vlan = VlanBridge {
                parent,
                tag,
                mac,
                mtu: [None, Some(1500), Some(1400)][dice.below(3)],
                network_uuids: dice.one_in(2).then(|| "b;a".to_owned()),
            };
            rows.bridges
                .insert(format!("xapi{number}"), Bridge::Vlan(vlan));
        }
    }
    let mut free: Vec<_> = (0..NICS).map(|number| format!("eth{number}")).collect();
    while !free.is_empty() {
        let members: BTreeSet<_> = (0..=dice.below(free.len().min(3)))
            .map(|_| free.remove(dice.below(free.len())))
            .collect();
        if dice.one_in(4) {
            continue;
        }
        let mode = ["active-backup", "balance-slb", "lacp"][dice.below(3)];
        let mac = dice.one_in(2).then_some([2, 0, 0, 0, 8, 1]);
        let bridge = real[dice.below(real.len())].clone();
        let name = format!("bond{}", free.len());
        let (name, mut port) = Port::bonded(bridge, name, members, mac, bond_options(mode));
        port.tag = dice.one_in(4).then_some(7);
        if dice.one_in(3) {
            port.external_ids
                .insert("xs-test".to_owned(), mode.to_owned());
        }
        rows.ports.insert(name, port);
    }
    rows
}

fn random_bridge(dice: &mut Dice) -> RealBridge {
    RealBridge {
        mac: dice
            .one_in(2)
            .then_some([2, 0, 0, 0, 7, dice.below(3) as u8]),
        fail_mode: if dice.one_in(3) {
            FailMode::Secure
        } else {
            FailMode::Standalone
        },
        disable_in_band: [None, Some(true), Some(false)][dice.below(3)],
        igmp_snooping: [
            None,
            Some(IgmpSnooping::standard(true)),
            Some(IgmpSnooping::standard(false)),
        ][dice.below(3)],
        network_uuids: dice.one_in(2).then(|| "a".to_owned()),
        mtu: [None, Some(1500), Some(1400)][dice.below(3)],
        ..RealBridge::new(Datapath::Netdev)
    }
}

/// The operations that lead from one to the other, in any order.
fn way(from: &Rows, to: &Rows, dice: &mut Dice) -> Vec<RowOp> {
    let mut ops = Vec::new();
    for name in from.bridges.keys().chain(from.ports.keys()) {
        if !to.bridges.contains_key(name) && !to.ports.contains_key(name) {
            let is_bridge = from.bridges.contains_key(name);
            ops.push(if is_bridge {
                RowOp::DropBridge(name.clone())
            } else {
                RowOp::DropPort(name.clone())
            });
        }
    }
    ops.extend(
        to.bridges
            .iter()
            .map(|(name, row)| RowOp::PutBridge(name.clone(), row.clone())),
    );
    ops.extend(
        to.ports
            .iter()
            .map(|(name, row)| RowOp::PutPort(name.clone(), row.clone())),
    );
    for at in (1..ops.len()).rev() {
        ops.swap(at, dice.below(at + 1));
    }
    ops
}

fn observed(client: &mut Client) -> Rows {
    let state = Arc::unwrap_or_clone(client.observe(soon()).expect("a state"));
    assert!(
        state.bridges.values().all(|seen| seen.ours) && state.ports.values().all(|seen| seen.ours)
    );
    Rows {
        bridges: state
            .bridges
            .into_iter()
            .map(|(name, seen)| (name, seen.row))
            .collect(),
        ports: state
            .ports
            .into_iter()
            .map(|(name, seen)| (name, seen.row))
            .collect(),
    }
}

#[test]
fn any_rows_are_reached_from_any_others_and_a_missing_nic_leads_back_to_them() {
    let lab = Lab::new(NICS);
    let mut client = lab.client();
    let mut dice = Dice::new();
    let mut now = Rows::default();
    for round in 0..ROUNDS {
        let next = random_rows(&mut dice);
        let ops = way(&now, &next, &mut dice);
        if let Some(bridge) = next
            .bridges
            .iter()
            .find(|(_, row)| matches!(row, Bridge::Real(_)))
            .map(|(name, _)| name)
            && dice.one_in(3)
        {
            let missing = RowOp::PutPort("eth9".to_owned(), Port::plain(bridge.clone(), "eth9"));
            let ops: Vec<_> = ops.iter().cloned().chain([missing]).collect();
            let failed = client.apply(&ops, soon());
            assert!(
                matches!(&failed, Err(OvsdbError::Refused(failures)) if failures.len() == 1 && failures[0].device == "eth9"),
                "round {round}: {ops:?}: {failed:?}"
            );
            assert_eq!(observed(&mut client), now, "round {round}: {ops:?}");
        }
        client
            .apply(&ops, soon())
            .unwrap_or_else(|why| panic!("round {round}: {ops:?}: {why:?}"));
        assert_eq!(observed(&mut client), next, "round {round}: {ops:?}");
        assert_eq!(
            client.apply(&ops, soon()).expect("again"),
            Applied { changed: false },
            "round {round}"
        );
        now = next;
    }
}
