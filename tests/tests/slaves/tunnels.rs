//! The ends of tunnel networks follow each other.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use xapi_core::pool::mesh;
use xapi_tests::SimPool;
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{PATIENCE, Trouble};

/// One more than follow at the same time.
const HOSTS: usize = 17;

#[test]
fn a_host_that_does_not_answer_keeps_no_other_from_following() {
    let mut pool = SimPool::new(HOSTS, 1);
    let network = pool.master.new_network("across");
    for slave in 0..HOSTS {
        let pif = pool.pif(slave, "eth0");
        let params = [text(&pif), text(&network), "vxlan".into()];
        let made = pool.master.call("tunnel.create", params.to_vec());
        made.expect("a tunnel");
    }
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    for slave in 0..HOSTS {
        let asked = Arc::clone(&asked);
        pool.overhear(slave, "\"Converge\":", move |_| {
            asked.lock().expect("nobody panics").insert(slave);
        });
    }
    let first = (0..HOSTS).min_by_key(|slave| pool.host(*slave));
    let first = first.expect("a slave");
    pool.trouble(first, Trouble::Hangs);
    let core = Arc::clone(pool.master.core());
    mesh::keep(&core).expect("a thread");
    let until = Instant::now() + PATIENCE;
    while asked.lock().expect("nobody panics").len() < HOSTS {
        assert!(Instant::now() < until, "somebody is not asked");
        std::thread::yield_now();
    }
    pool.cut(first);
    core.quiesce(PATIENCE);
}
