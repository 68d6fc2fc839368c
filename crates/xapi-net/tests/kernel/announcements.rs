//! Announcements, as a neighbour sees them.

use std::net::IpAddr;

use xapi_net::kernel::{Kernel, Mac};

use crate::lab::{Namespace, in_a_thread, run, wait_until};

/// What the kernel of a neighbour has noted as the MAC of an address.
fn noted(neighbour: &mut Kernel, address: &str) -> Option<Mac> {
    let address: IpAddr = address.parse().unwrap();
    neighbour
        .neighbours_of("p0")
        .unwrap()
        .into_iter()
        .find(|n| n.address == address)?
        .mac
}

#[test]
fn a_neighbour_takes_note_of_an_announced_address() {
    in_a_thread(|| {
        let switch = Namespace::new();
        let host = Namespace::new();
        run(&format!(
            "ip link add eth0 type veth peer name p0 netns {}",
            switch.path()
        ));
        run("ip link set eth0 up");
        switch.within(|| {
            run("ip link set p0 up");
            run("ip addr add 172.16.0.1/27 dev p0");
            run("ip addr add fd00::1/64 dev p0 nodad");
            // What it knew of the host before.
            run("ip neigh add 172.16.0.10 lladdr 02:00:00:00:00:99 dev p0 nud stale");
            run("ip neigh add fd00::10 lladdr 02:00:00:00:00:99 dev p0 nud stale");
        });
        let mut kernel = host.kernel();
        let mut neighbour = switch.kernel();
        wait_until("eth0 has a carrier", || {
            kernel.link("eth0").unwrap().unwrap().carrier
        });
        let old: Mac = "02:00:00:00:00:99".parse().unwrap();
        for address in ["172.16.0.10", "fd00::10"] {
            assert_eq!(noted(&mut neighbour, address), Some(old));
        }
        let mac: Mac = "02:00:00:00:00:0a".parse().unwrap();
        let addresses = ["172.16.0.10".parse().unwrap(), "fd00::10".parse().unwrap()];
        kernel.announce("eth0", mac, &addresses).unwrap();
        for address in ["172.16.0.10", "fd00::10"] {
            wait_until("the neighbour takes note", || {
                noted(&mut neighbour, address) == Some(mac)
            });
        }
        kernel.set_up("eth0", false).unwrap();
        let error = kernel.announce("eth0", mac, &addresses).unwrap_err();
        assert_eq!(
            error.to_string(),
            "announcing addresses on eth0: Network is down (os error 100)"
        );
        assert!(
            kernel
                .announce("eth9", mac, &addresses)
                .unwrap_err()
                .is_missing()
        );
    });
}
