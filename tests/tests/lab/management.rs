//! Management moves onto a bond and back while it is pinged every 10 ms.

use std::time::Duration;

use xapi_model::{BondMode, Pif, Ref, bond};
use xapi_tests::{Lab, Report, Xen, agreement};

/// The longest that the management address may be silent.
pub const SILENCE: Duration = Duration::from_millis(100);
/// Answers that are waited for after a change, in which late troubles would show.
pub const SETTLING: u64 = 100;

const V4: &str = "172.16.0.10";
const V6: &str = "fd00:172:16::10";

/// A lab with both families on the management interface.
fn both_families() -> (Lab, Xen) {
    let lab = Lab::alone(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    xen.static_v6(&xen.management().0, "fd00:172:16::10/64", "fd00:172:16::1");
    (lab, xen)
}

/// Bonds management's NIC with another, and back, under pings of `addresses`. `before_back` runs on the bonded host.
fn there_and_back(
    lab: &Lab,
    xen: &Xen,
    mode: BondMode,
    addresses: &[&str],
    before_back: impl Fn(&Ref<Pif>),
) {
    let network = xen.new_network("bonded");
    let before = agreement::check(lab, "xs-1", xen).unwrap();
    let watched = |doing: &str, act: &dyn Fn()| {
        let pings: Vec<_> = addresses.iter().map(|address| lab.ping(address)).collect();
        act();
        pings.iter().for_each(|ping| ping.wait_for(SETTLING));
        for report in pings.into_iter().map(|ping| ping.stop()) {
            quiet_at_most(SILENCE, &format!("{doing} {mode}"), &report);
        }
    };
    watched("Bond.create", &|| {
        drop(
            xen.try_bond(&network, &["eth0", "eth3"], mode)
                .expect("Bond.create"),
        )
    });
    let (bond, row) = xen.all::<xapi_model::Bond>().remove(0);
    agreement::check(lab, "xs-1", xen).unwrap();
    let (management, _) = xen.management();
    assert_eq!(management, row.master, "management is not on the bond");
    before_back(&management);
    watched("Bond.destroy", &|| xen.unbond(&bond));
    assert_eq!(agreement::check(lab, "xs-1", xen).unwrap(), before);
}

fn quiet_at_most(limit: Duration, doing: &str, report: &Report) {
    println!("{doing}: {report:?}");
    assert!(report.silence <= limit, "{doing}: {report:?}");
}

#[test]
fn management_moves_onto_a_bond_and_back_without_a_silence() {
    let (lab, xen) = both_families();
    for mode in [BondMode::ActiveBackup, BondMode::BalanceSlb] {
        for addresses in [&[V4][..], &[V6], &[V4, V6]] {
            there_and_back(&lab, &xen, mode, addresses, |_| ());
        }
    }
}

#[test]
fn it_does_so_when_the_active_member_is_not_the_primary() {
    let (lab, xen) = both_families();
    for mode in [BondMode::ActiveBackup, BondMode::BalanceSlb] {
        there_and_back(&lab, &xen, mode, &[V4, V6], |master| {
            let device = xen
                .session()
                .field(master, Pif::DEVICE)
                .expect("the bond's device");
            // Where both members have a link either may be active: here it is the one that leaves.
            lab.exec(
                "xs-1",
                &format!("ovs-appctl bond/set-active-member {device} eth3"),
            );
            if mode == BondMode::BalanceSlb {
                lab.exec("xs-1", &format!("for hash in $(seq 0 255); do ovs-appctl bond/migrate {device} $hash eth3; done"));
            }
            lab.client(&format!("ping -c 3 -i 0.01 {V4} >/dev/null"));
        });
    }
}

#[test]
fn it_does_so_on_a_host_without_ipv6() {
    let lab = Lab::alone(&["--nics", "4"]);
    let off =
        "for where in all default; do echo 1 > /proc/sys/net/ipv6/conf/$where/disable_ipv6; done";
    lab.exec("xs-1", off);
    lab.verb(&["restart", "xs-1"]);
    let xen = lab.api("xs-1");
    there_and_back(&lab, &xen, BondMode::ActiveBackup, &[V4], |_| ());
}

#[test]
fn a_leased_address_moves_with_its_lease() {
    let lab = Lab::alone(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    xen.dhcp(&xen.management().0);
    let leased = xen.management().1.ip;
    let from_the_lab: std::net::Ipv4Addr = leased.parse().expect("an address");
    assert!(
        (2..=9).contains(&from_the_lab.octets()[3]),
        "{leased} is not from the lab's DHCP server"
    );
    for mode in [BondMode::ActiveBackup, BondMode::BalanceSlb] {
        there_and_back(&lab, &xen, mode, &[&leased], |master| {
            let moved: Pif = xen.session().record(master).expect("the bond's PIF");
            assert_eq!(moved.ip, leased, "the address changed with the bond");
        });
        assert_eq!(
            xen.management().1.ip,
            leased,
            "the address changed on the way back"
        );
    }
}

/// How long Open vSwitch looks for somebody who speaks LACP with it before it goes on without, three times its fast
/// interval of a second (802.3, 6.4.4); and how long whoever has given up the host's address meanwhile takes to ask for
/// it again, which he does every second.
const LONELY: Duration = Duration::from_secs(7);

/// The modes that a bond is switched through while it carries management, and back.
const MODES: [BondMode; 4] = [
    BondMode::ActiveBackup,
    BondMode::Lacp,
    BondMode::ActiveBackup,
    BondMode::BalanceSlb,
];

#[test]
fn a_bond_under_management_changes_its_mode_and_its_properties_without_a_silence() {
    let (lab, xen) = both_families();
    let bond = xen.bond(&["eth0", "eth3"], BondMode::BalanceSlb);
    let device = "bond0";
    let column = |column: &str| {
        let told = lab.exec(
            "xs-1",
            &format!("ovs-vsctl --bare get Port {device} {column}"),
        );
        told.trim_matches('"').to_owned()
    };
    let watched = |limit: Duration, doing: &str, act: &dyn Fn()| {
        let pings = [V4, V6].map(|address| lab.ping(address));
        act();
        pings.iter().for_each(|ping| ping.wait_for(SETTLING / 2));
        for report in pings.map(|ping| ping.stop()) {
            quiet_at_most(limit, doing, &report);
        }
    };
    let set = |name: &str, value: &str| {
        let call = bond::SetProperty {
            this: bond.clone(),
            name: name.to_owned(),
            value: value.to_owned(),
        };
        xen.session().invoke(&call).expect("Bond.set_property");
    };
    for mode in MODES {
        let limit = match mode {
            BondMode::Lacp => LONELY,
            _ => SILENCE,
        };
        watched(limit, &format!("Bond.set_mode {mode}"), &|| {
            let call = bond::SetMode {
                this: bond.clone(),
                value: mode,
            };
            xen.session().invoke(&call).expect("Bond.set_mode");
        });
        let (lacp, is) = match mode {
            // Nobody at the other end speaks it.
            BondMode::Lacp => ("active", "balance-tcp".to_owned()),
            other => ("off", other.to_string()),
        };
        assert_eq!((column("lacp"), column("bond_mode")), (lacp.to_owned(), is));
        let drift = lab.exec("xs-1", "xe host-network-plan --json");
        assert_eq!(drift, "[]");
        if mode == BondMode::Lacp {
            watched(SILENCE, "Bond.set_property lacp-time", &|| {
                set("lacp-time", "fast")
            });
            assert_eq!(column("other_config:lacp-time"), "fast");
            watched(SILENCE, "Bond.set_property hashing_algorithm", &|| {
                set("hashing_algorithm", "src_mac");
            });
            assert_eq!(column("bond_mode"), "balance-slb");
        }
    }
}
