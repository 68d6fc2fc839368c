//! Changes of many hosts whose master ends in the middle.

use xapi_model::{Host, Message, Pif, Ref, Value, Vlan};
use xapi_net::sim::{Fault, FaultKind};
use xapi_tests::SimPool;
use xapi_tests::sim_host::text;

use crate::changes::astray;

const SLAVES: usize = 2;

/// The master ends before or after the first step of its own part, which is the last.
fn ends(pool: &SimPool, kind: FaultKind) {
    let mut world = pool.master.handle.world();
    let at = world.steps;
    world.fault = Some(Fault { at, kind });
}

/// The next master's start, and the slaves are back.
fn begins_anew(pool: &mut SimPool) {
    pool.restart_master();
    for slave in 0..SLAVES {
        pool.link(slave);
        assert_eq!(astray(pool, slave), Vec::<String>::new());
    }
    assert_eq!(pool.master.diverged(), Vec::<String>::new());
}

fn alerts(pool: &SimPool) -> usize {
    let all = pool.master.all::<Message>();
    let undone = all.iter();
    undone
        .filter(|(_, message)| message.name == "POOL_CHANGE_UNDONE")
        .count()
}

fn hosts(pool: &SimPool) -> Vec<Ref<Host>> {
    let slaves = (0..SLAVES).map(|slave| pool.host(slave));
    slaves.chain([pool.master.host()]).collect()
}

#[test]
fn a_vlan_of_all_hosts_is_on_none_if_the_master_ends_in_the_middle() {
    for kind in [FaultKind::CrashBefore, FaultKind::CrashAfter] {
        let mut pool = SimPool::new(SLAVES, 3);
        let network = pool.master.new_network("seven");
        let params = |pool: &SimPool| {
            let pif = text(&pool.master.pif_of_own("eth1"));
            vec![pif, text(&network), Value::Int(7)]
        };
        ends(&pool, kind);
        let made = pool.master.call("pool.create_VLAN_from_PIF", params(&pool));
        made.unwrap_err();
        assert_eq!(pool.master.all::<Vlan>().len(), SLAVES, "{kind:?}");
        begins_anew(&mut pool);
        assert_eq!(pool.master.all::<Vlan>().len(), 0, "{kind:?}");
        assert_eq!(alerts(&pool), SLAVES, "{kind:?}");
        // One that is done stays.
        let made = pool.master.call("pool.create_VLAN_from_PIF", params(&pool));
        made.unwrap();
        begins_anew(&mut pool);
        assert_eq!(pool.master.all::<Vlan>().len(), SLAVES + 1, "{kind:?}");
        assert_eq!(alerts(&pool), SLAVES, "{kind:?}");
    }
}

#[test]
fn management_of_all_hosts_is_where_it_was_if_the_master_ends_in_the_middle() {
    let mut pool = SimPool::new(SLAVES, 3);
    for (at, host) in hosts(&pool).into_iter().enumerate() {
        let pifs = pool.master.all::<Pif>().into_iter();
        let mut own = pifs.filter(|(_, pif)| pif.host == host && pif.device == "eth1");
        let (pif, _) = own.next().expect("a PIF");
        let address = format!("10.7.0.{}", at + 2);
        let words = ["Static", &address, "255.255.255.0", "", ""].map(Value::from);
        let params = std::iter::once(text(&pif)).chain(words).collect();
        pool.master.call("PIF.reconfigure_ip", params).unwrap();
    }
    let management = |pool: &SimPool| {
        let all = pool.master.all::<Pif>();
        let of = all.into_iter().filter(|(_, pif)| pif.management);
        let mut devices: Vec<_> = of.map(|(_, pif)| pif.device).collect();
        devices.sort();
        devices
    };
    ends(&pool, FaultKind::CrashBefore);
    let network = text(&pool.master.network("xenbr1"));
    let moved = pool
        .master
        .call("pool.management_reconfigure", vec![network]);
    moved.unwrap_err();
    assert_eq!(management(&pool), ["eth0", "eth1", "eth1"]);
    begins_anew(&mut pool);
    assert_eq!(management(&pool), ["eth0"; 3]);
    assert_eq!(alerts(&pool), SLAVES);
}
