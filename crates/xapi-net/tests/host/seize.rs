//! A NIC is taken from others where a reset asks for it.

use xapi_net::agent::{Agent, Cause};

use crate::host::{Host, addressed, name, over, topology};

#[test]
fn others_give_the_nic_up_and_are_switched_off_and_ours_keeps_what_it_has() {
    let host = Host::new(2);
    let ours = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
    host.whole(&ours).unwrap();
    let agent = host.agent();
    let taken = agent.seize(&name("eth0"), &[name("xenbr0")].into());
    assert_eq!(taken, Ok(Vec::new()));
    assert_eq!(host.whole(&ours).unwrap().steps, 0, "ours was touched");

    host.lab
        .vsctl("add-br br7 -- set bridge br7 datapath_type=netdev -- add-port br7 eth1");
    host.ip("link set br7 up");
    let both = topology(
        "xenbr0",
        vec![
            ("xenbr0", addressed(over(&host, "eth0"))),
            ("xenbr1", over(&host, "eth1")),
        ],
    );
    assert_eq!(host.whole(&both).unwrap_err().cause, Cause::Clash);
    let taken = agent
        .seize(&name("eth1"), &[name("xenbr1")].into())
        .unwrap();
    assert!(
        taken.len() == 1 && taken[0].contains("eth1") && taken[0].contains("br7"),
        "{taken:?}"
    );
    assert_eq!(host.ip("link show dev br7 up"), "");
    assert_eq!(host.lab.vsctl("list-br"), "br7\nxenbr0");
    host.whole(&both).unwrap();
}
