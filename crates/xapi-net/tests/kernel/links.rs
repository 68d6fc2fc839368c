//! Links and NICs.

use std::collections::BTreeSet;

use xapi_net::kernel::sysctl::Switch;
use xapi_net::kernel::{Duplex, Kernel, Mac, Pattern, Switches};

use crate::lab::{Namespace, in_a_thread, run, wait_until};

#[test]
fn a_link_is_found_by_name_and_changed() {
    in_a_thread(|| {
        let host = Namespace::new();
        run("ip link add eth0 type veth peer name p0");
        let mut kernel = host.kernel();
        let link = kernel.link("eth0").unwrap().expect("eth0 was made");
        assert_eq!(link.kind.as_deref(), Some("veth"));
        assert!(link.ethernet && !link.up && !link.carrier);
        assert_eq!(
            kernel.links().unwrap().iter().find(|l| l.name == "eth0"),
            Some(&link)
        );

        let mac: Mac = "02:00:00:00:00:0a".parse().unwrap();
        kernel.set_mac("eth0", mac).unwrap();
        kernel.set_mtu("eth0", 9000).unwrap();
        kernel.set_up("eth0", true).unwrap();
        kernel.set_up("p0", true).unwrap();
        let link = kernel.link("eth0").unwrap().unwrap();
        assert_eq!((link.mac, link.mtu, link.up), (Some(mac), 9000, true));
        wait_until("eth0 has a carrier", || {
            kernel.link("eth0").unwrap().unwrap().carrier
        });
        kernel.set_up("p0", false).unwrap();
        wait_until("eth0 has none", || {
            !kernel.link("eth0").unwrap().unwrap().carrier
        });
        kernel.set_up("eth0", false).unwrap();
        assert!(!kernel.link("eth0").unwrap().unwrap().up);
    });
}

#[test]
fn switches_that_come_with_the_links_are_those_that_are_read_one_by_one() {
    in_a_thread(|| {
        let host = Namespace::new();
        run("ip link add eth0 type veth peer name p0");
        run("ip link add small mtu 1000 type veth peer name p1");
        let mut kernel = host.kernel();
        let mut seen = BTreeSet::new();
        let mut check = |kernel: &mut Kernel| {
            for (link, told) in kernel.links_with_switches().unwrap() {
                let read = |switch| kernel.switch(&link.name, switch).unwrap() == Some(true);
                let expected = Switches {
                    promotes_secondaries: kernel.promotes_secondaries(&link.name).unwrap(),
                    aside: kernel.is_aside(&link.name).unwrap(),
                    accept_ra: read(Switch::AcceptRa),
                    autoconf: read(Switch::Autoconf),
                };
                assert_eq!(told, expected, "{}", link.name);
                seen.insert(format!("{told:?}"));
            }
        };
        check(&mut kernel);
        kernel.set_aside("eth0", true).unwrap();
        kernel.set_aside("small", true).unwrap();
        kernel.set_promotes_secondaries("p0", true).unwrap();
        kernel.set_switch("p0", Switch::AcceptRa, false).unwrap();
        check(&mut kernel);
        kernel.set_aside("eth0", false).unwrap();
        kernel.set_switch("eth0", Switch::Autoconf, false).unwrap();
        kernel.set_promotes_secondaries("p0", false).unwrap();
        check(&mut kernel);
        kernel.set_promotes_secondaries("all", true).unwrap();
        check(&mut kernel);
        assert!(seen.len() > 5, "they were mostly the same: {seen:?}");
    });
}

#[test]
fn a_missing_device_and_a_refused_value_are_told_with_what_was_being_done() {
    in_a_thread(|| {
        let host = Namespace::new();
        run("ip link add eth0 type veth peer name p0");
        let mut kernel = host.kernel();
        assert_eq!(kernel.link("eth9").unwrap(), None);
        assert_eq!(
            kernel.link("a-name-longer-than-the-kernel-has").unwrap(),
            None
        );
        let error = kernel.set_up("eth9", true).unwrap_err();
        assert!(error.is_missing());
        assert_eq!(
            error.to_string(),
            "setting eth9 up: there is no device eth9"
        );
        let error = kernel.set_mtu("eth0", 20).unwrap_err();
        // The kernel's own words come first.
        assert_eq!(
            error.to_string(),
            "setting the MTU of eth0 to 20: mtu less than device minimum (Invalid argument (os error 22))"
        );
    });
}

#[test]
fn only_links_that_the_configuration_names_are_nics_where_there_is_no_hardware() {
    in_a_thread(|| {
        let host = Namespace::new();
        for name in ["eth10", "eth9", "other"] {
            run(&format!("ip link add {name} type veth peer name p-{name}"));
            run(&format!("ip link set {name} up"));
            run(&format!("ip link set p-{name} up"));
        }
        let mut kernel = host.kernel();
        assert_eq!(kernel.nics(&[]).unwrap(), []);
        let named: Vec<Pattern> = vec!["eth[0-9]*".parse().unwrap()];
        wait_until("the NICs have a carrier", || {
            kernel.nics(&named).unwrap().iter().all(|n| n.carrier)
        });
        let nics = kernel.nics(&named).unwrap();
        assert_eq!(
            nics.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(),
            ["eth9", "eth10"]
        );
        // A veth says that it does 10 Gbit/s.
        assert_eq!(
            (nics[0].speed, nics[0].duplex),
            (Some(10_000), Some(Duplex::Full))
        );
        assert_eq!(nics[0].pci_path, None);
        kernel.set_up("p-eth9", false).unwrap();
        wait_until("eth9 has no carrier", || {
            let nic = kernel.nic("eth9", &named).unwrap().unwrap();
            !nic.carrier && nic.speed.is_none()
        });
        assert_eq!(kernel.nic("other", &named).unwrap(), None);
    });
}
