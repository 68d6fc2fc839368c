//! What the seeds have found, each by itself.

use xapi_model::{Network, Value, Vlan};
use xapi_tests::Peers;

#[test]
fn hosts_that_are_changed_at_once_do_not_get_into_each_others_way() {
    let hosts = 14;
    let mut peers = Peers::new(hosts, 2);
    for tag in 1..=3 {
        let network = peers.host(0).new_network(&format!("vlan {tag}"));
        peers.settle();
        let params = vec!["eth1".into(), network.as_str().into(), Value::Int(tag)];
        let made = peers
            .call(0, "pool.create_VLAN", params)
            .expect("the VLANs");
        assert_eq!(made.as_array().map(<[Value]>::len), Some(hosts));
        let row: Network = peers.host(0).get(&network);
        assert_eq!(row.pifs.len(), hosts);
    }
    assert_eq!(peers.host(0).all::<Vlan>().len(), 3 * hosts);
}
