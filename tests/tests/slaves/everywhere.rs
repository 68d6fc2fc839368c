//! Changes of many hosts whose master ends in the middle.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use xapi_db::Still;
use xapi_model::{Host, Message, Pif, Ref, Value, Vlan};
use xapi_tests::SimPool;
use xapi_tests::sim_host::text;

use crate::changes::astray;

const SLAVES: usize = 2;

/// What keeps a master from committing anything, once there is a reason.
type Ended = Arc<OnceLock<Mutex<Option<Still>>>>;

/// The master ends, as far as the database can tell, when one slave is changed and the other one is about to be.
fn ends(pool: &SimPool) -> Ended {
    let (ended, asked) = (Ended::default(), Arc::new(AtomicUsize::new(0)));
    for slave in 0..SLAVES {
        let (its, store) = (Arc::clone(&ended), pool.master.core().store.clone());
        let asked = Arc::clone(&asked);
        pool.overhear(slave, "\"Converge\":", move |_| {
            if asked.fetch_add(1, Ordering::AcqRel) == 1 {
                its.get_or_init(|| Mutex::new(Some(store.hold_still())));
            }
        });
    }
    ended
}

/// The next master's start, and the slaves are back.
fn begins_anew(pool: &mut SimPool, ended: &Ended) {
    let still = ended.get().expect("both slaves were asked");
    drop(still.lock().expect("nobody panics").take());
    pool.restart_master();
    for slave in 0..SLAVES {
        pool.link(slave);
        assert_eq!(astray(pool, slave), Vec::<String>::new());
    }
    assert_eq!(pool.master.diverged(), Vec::<String>::new());
}

fn alerts(pool: &SimPool) -> Vec<String> {
    let all = pool.master.all::<Message>().into_iter();
    let undone = all.filter(|(_, message)| message.name.starts_with("POOL_CHANGE"));
    undone.map(|(_, message)| message.name).collect()
}

fn hosts(pool: &SimPool) -> Vec<Ref<Host>> {
    let slaves = (0..SLAVES).map(|slave| pool.host(slave));
    slaves.chain([pool.master.host()]).collect()
}

#[test]
fn a_vlan_of_all_hosts_is_on_none_if_the_master_ends_in_the_middle() {
    let mut pool = SimPool::new(SLAVES, 3);
    let network = pool.master.new_network("seven");
    let make = |pool: &SimPool| {
        let pif = text(&pool.master.pif_of_own("eth1"));
        let params = vec![pif, text(&network), Value::Int(7)];
        pool.master.call("pool.create_VLAN_from_PIF", params)
    };
    let vlans = |pool: &SimPool| pool.master.all::<Vlan>().len();
    let ended = ends(&pool);
    make(&pool).unwrap_err();
    assert_eq!(vlans(&pool), 1);
    begins_anew(&mut pool, &ended);
    assert_eq!(vlans(&pool), 0);
    assert_eq!(alerts(&pool), ["POOL_CHANGE_UNDONE"]);
    // One that is done stays.
    make(&pool).unwrap();
    begins_anew(&mut pool, &ended);
    assert_eq!(vlans(&pool), SLAVES + 1);
    assert_eq!(alerts(&pool).len(), 1);
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
        let all = pool.master.all::<Pif>().into_iter();
        let of = all.filter(|(_, pif)| pif.management);
        let mut devices: Vec<_> = of.map(|(_, pif)| pif.device).collect();
        devices.sort();
        devices
    };
    let ended = ends(&pool);
    let network = text(&pool.master.network("xenbr1"));
    let moved = pool
        .master
        .call("pool.management_reconfigure", vec![network]);
    moved.unwrap_err();
    assert_eq!(management(&pool), ["eth0", "eth0", "eth1"]);
    begins_anew(&mut pool, &ended);
    assert_eq!(management(&pool), ["eth0"; 3]);
    assert_eq!(alerts(&pool), ["POOL_CHANGE_UNDONE"]);
}
