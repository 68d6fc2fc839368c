//! Offload settings of a real NIC.

use xapi_net::topology::{Nic, Offload};

use crate::host::{Host, addressed, name, over, topology};

#[test]
fn offload_settings_are_put_on_the_nic_and_one_it_does_not_have_hurts_nobody() {
    let host = Host::new(1);
    let wanted = |gro: bool| {
        let mut wanted = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
        let settings = Nic {
            mtu: None,
            offload: [(Offload::Gro, gro), (Offload::Lro, true)].into(),
        };
        wanted.nics.insert(name("eth0"), settings);
        wanted
    };
    let shows = |line: &str| {
        let all = host.lab.host.run("ethtool -k eth0");
        all.lines().any(|shown| shown == line)
    };
    for gro in [true, false, true] {
        host.whole(&wanted(gro)).unwrap();
        let word = if gro { "on" } else { "off" };
        assert!(shows(&format!("generic-receive-offload: {word}")));
        assert_eq!(host.whole(&wanted(gro)).unwrap().steps, 0);
    }
    assert!(shows("large-receive-offload: off [fixed]"));

    // Somebody else's change is found, and mended.
    host.lab.host.run("ethtool -K eth0 gro off");
    assert_eq!(host.whole(&wanted(true)).unwrap().steps, 1);
    assert!(shows("generic-receive-offload: on"));
}
