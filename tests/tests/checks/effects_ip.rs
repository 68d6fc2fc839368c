//! What the calls of a PIF's addresses change (API facts, 1.2.3).

use xapi_model::{IpConfigurationMode, Ipv6ConfigurationMode, Pif, PrimaryAddressType, Ref};
use xapi_net::names::{Inet, Name};
use xapi_net::topology::Lease;
use xapi_tests::SimHost;

use crate::stage::*;

fn call(host: &SimHost, call: &str, device: &str, words: &[&str]) -> Pif {
    let mut params = about_pif(host, device, []);
    params.extend(words.iter().map(|word| (*word).into()));
    host.call(call, params)
        .unwrap_or_else(|why| panic!("{call} {words:?}: {why}"));
    host.get(&host.pif(device))
}

/// The addresses on a bridge, sorted.
fn on(host: &SimHost, bridge: &str) -> Vec<String> {
    let bridge = Name::new(bridge).unwrap();
    let world = host.handle.world();
    let addresses = world.state.addresses.iter();
    addresses
        .filter(|(device, _)| *device == bridge)
        .map(|(_, inet)| inet.to_string())
        .collect()
}

#[test]
fn reconfigure_ip_sets_the_fields_and_the_address() {
    let host = SimHost::new(4);
    let words = [
        "Static",
        "10.1.0.2",
        "255.255.0.0",
        "10.1.0.1",
        "10.1.0.1, x, 10.1.0.3",
    ];
    let pif = call(&host, "PIF.reconfigure_ip", "eth2", &words);
    assert_eq!(pif.ip_configuration_mode, IpConfigurationMode::Static);
    assert_eq!(
        [&pif.ip, &pif.netmask, &pif.gateway],
        ["10.1.0.2", "255.255.0.0", "10.1.0.1"]
    );
    assert_eq!(
        pif.dns, "10.1.0.1,10.1.0.3",
        "what is no address is left out"
    );
    assert!(pif.currently_attached);
    assert_eq!(on(&host, "xenbr2"), ["10.1.0.2/16"]);
    let pif = call(
        &host,
        "PIF.reconfigure_ip",
        "eth2",
        &["None", "", "", "", ""],
    );
    assert_eq!(pif.ip_configuration_mode, IpConfigurationMode::None);
    assert_eq!(
        [pif.ip, pif.netmask, pif.gateway, pif.dns],
        ["", "", "", ""]
    );
    assert_eq!(on(&host, "xenbr2"), Vec::<String>::new());
}

#[test]
fn each_family_keeps_the_other_ones_name_servers() {
    let host = SimHost::new(4);
    let words = ["Static", "10.1.0.2", "255.255.0.0", "", "10.1.0.1,fd00::9"];
    assert_eq!(
        call(&host, "PIF.reconfigure_ip", "eth2", &words).dns,
        "10.1.0.1"
    );
    let words = ["Static", "fd00:1::2/64", "", "fd00::53,10.9.9.9"];
    assert_eq!(
        call(&host, "PIF.reconfigure_ipv6", "eth2", &words).dns,
        "fd00::53,10.1.0.1"
    );
    let words = ["Static", "10.1.0.2", "255.255.0.0", "", "10.1.0.4"];
    assert_eq!(
        call(&host, "PIF.reconfigure_ip", "eth2", &words).dns,
        "10.1.0.4,fd00::53"
    );
}

#[test]
fn an_unplugged_pif_takes_its_configuration_and_uses_it_when_plugged() {
    let host = SimHost::new(4);
    call(&host, "PIF.unplug", "eth2", &[]);
    ha(&host);
    let words = ["Static", "10.1.0.2", "255.255.0.0", "", ""];
    let pif = call(&host, "PIF.reconfigure_ip", "eth2", &words);
    assert!(!pif.currently_attached);
    assert_eq!(on(&host, "xenbr2"), Vec::<String>::new());
    assert!(call(&host, "PIF.plug", "eth2", &[]).currently_attached);
    assert_eq!(on(&host, "xenbr2"), ["10.1.0.2/16"]);
}

#[test]
fn ha_lets_name_servers_change() {
    let host = SimHost::new(4);
    let words = ["Static", "10.1.0.2", "255.255.0.0", "", ""];
    call(&host, "PIF.reconfigure_ip", "eth2", &words);
    call(
        &host,
        "PIF.reconfigure_ipv6",
        "eth2",
        &["Static", "fd00:1::2/64", "", ""],
    );
    ha(&host);
    clustered(&host, &host.pif("eth2"));
    let words = ["Static", "10.1.0.2", "255.255.0.0", "", "10.1.0.53"];
    assert_eq!(
        call(&host, "PIF.reconfigure_ip", "eth2", &words).dns,
        "10.1.0.53"
    );
    let pif = call(
        &host,
        "PIF.reconfigure_ipv6",
        "eth2",
        &["Static", "fd00:1::2/64", "", "fd00::5"],
    );
    assert_eq!(pif.dns, "fd00::5,10.1.0.53");
}

#[test]
fn dhcp_shows_the_lease() {
    let host = SimHost::new(4);
    let mac = host.get(&host.pif("eth2")).mac.parse().unwrap();
    let lease = Lease {
        address: "10.2.0.7/24".parse().unwrap(),
        gateway: Some("10.2.0.1".parse().unwrap()),
        dns: Default::default(),
        server: None,
        mtu: None,
    };
    host.handle.offer(mac, None, lease);
    let pif = call(
        &host,
        "PIF.reconfigure_ip",
        "eth2",
        &["DHCP", "", "", "", ""],
    );
    assert_eq!(pif.ip_configuration_mode, IpConfigurationMode::Dhcp);
    assert_eq!([&pif.ip, &pif.netmask], ["10.2.0.7", "255.255.255.0"]);
    // The default route is the management interface's, so that the lease's router is not in use.
    assert_eq!(pif.gateway, "");
}

#[test]
fn dhcp_without_a_server_is_refused_and_changes_nothing() {
    let host = SimHost::new(4);
    let params = about_pif(&host, "eth2", ["DHCP", "", "", "", ""]);
    let (seen, state) = (host.seen(), host.handle.world().state.clone());
    let error = host.call("PIF.reconfigure_ip", params).unwrap_err();
    assert_eq!(error.code, "PIF_CONFIGURATION_ERROR", "{error}");
    assert_eq!(Ref::<Pif>::new(error.params[0].clone()), host.pif("eth2"));
    assert_eq!(host.seen(), seen);
    assert_eq!(host.handle.world().state, state);
}

#[test]
fn reconfigure_ipv6_sets_the_fields_and_the_address() {
    let host = SimHost::new(4);
    let words = ["Static", "fd00:1::2/64", "fd00:1::1", "fd00::53"];
    let pif = call(&host, "PIF.reconfigure_ipv6", "eth2", &words);
    assert_eq!(pif.ipv6_configuration_mode, Ipv6ConfigurationMode::Static);
    assert_eq!(pif.ipv6, ["fd00:1::2/64"]);
    assert_eq!(
        (pif.ipv6_gateway.as_str(), pif.dns.as_str()),
        ("fd00:1::1", "fd00::53")
    );
    let inet: Inet = "fd00:1::2/64".parse().unwrap();
    assert_eq!(on(&host, "xenbr2"), [inet.to_string()]);
    // Static without an address is legal, and so it stands in the list.
    let pif = call(
        &host,
        "PIF.reconfigure_ipv6",
        "eth2",
        &["Static", "", "", ""],
    );
    assert_eq!(pif.ipv6, [""]);
    assert_eq!(on(&host, "xenbr2"), Vec::<String>::new());
    let pif = call(&host, "PIF.reconfigure_ipv6", "eth2", &["None", "", "", ""]);
    assert_eq!(pif.ipv6_configuration_mode, Ipv6ConfigurationMode::None);
}

#[test]
fn autoconf_needs_no_address() {
    let host = SimHost::new(4);
    let pif = call(
        &host,
        "PIF.reconfigure_ipv6",
        "eth2",
        &["Autoconf", "", "", ""],
    );
    assert_eq!(pif.ipv6_configuration_mode, Ipv6ConfigurationMode::Autoconf);
    assert!(pif.currently_attached);
}

#[test]
fn the_primary_address_type_changes_alone() {
    let host = SimHost::new(4);
    let before = host.get(&host.pif("eth2"));
    let after = call(&host, "PIF.set_primary_address_type", "eth2", &["IPv6"]);
    assert_eq!(after.primary_address_type, PrimaryAddressType::IPv6);
    let same = Pif {
        primary_address_type: PrimaryAddressType::IPv4,
        ..after
    };
    assert_eq!(format!("{same:?}"), format!("{before:?}"));
}

#[test]
fn management_may_lose_the_family_that_is_not_its_primary_one() {
    let host = SimHost::new(4);
    call(&host, "PIF.reconfigure_ipv6", "eth0", &["None", "", "", ""]);
    let pif = call(
        &host,
        "PIF.reconfigure_ipv6",
        "eth0",
        &["Static", "fd00:172:16::10/64", "", ""],
    );
    assert!(pif.management);
    let params = about_pif(&host, "eth0", ["None", "", "", "", ""]);
    let error = host.call("PIF.reconfigure_ip", params).unwrap_err();
    assert_eq!(error.code, "PIF_IS_MANAGEMENT_INTERFACE");
}
