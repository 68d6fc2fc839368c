//! What is wrong with the texts of a management interface is said so that one knows what to type.

use proptest::prelude::*;
use xapi_conf::management::{Field, Ipv4, Ipv6, Management, Texts, Wrong, master};

fn texts(pairs: &str) -> Texts {
    let words = pairs.split_whitespace();
    words
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap();
            let mut fields = Field::ALL.into_iter();
            let field = fields.find(|field| field.key() == key).unwrap();
            (field, value.to_owned())
        })
        .collect()
}

/// All that is wrong, or the texts of what was read.
fn read(pairs: &str) -> String {
    let lines: Vec<String> = match Management::read(&texts(pairs)) {
        Ok(read) => {
            let pairs = read.texts().into_iter();
            pairs
                .map(|(field, text)| format!("{}={text}", field.key()))
                .collect()
        }
        Err(misfits) => misfits.iter().map(ToString::to_string).collect(),
    };
    lines.join("\n")
}

const STATIC: &str = "DEVICE=eth0 MODE=static IP=10.0.0.5 NETMASK=255.255.255.0";

#[test]
fn what_is_right_is_read_and_written_back() {
    for right in [
        "DEVICE=eth0\nMODE=dhcp",
        "DEVICE=eth0\nVLAN=4094\nMODE=dhcp",
        "DEVICE=eth0\nMODE=static\nIP=10.0.0.5\nNETMASK=255.255.255.0\nGATEWAY=10.0.0.1\nDNS=10.0.0.1,fd00::1",
        "DEVICE=br.0-1_x\nMODE_V6=autoconf",
        "DEVICE=eth0\nMODE_V6=dhcp",
        "DEVICE=eth0\nMODE=dhcp\nMODE_V6=static\nIPV6=fd00::5/64\nGATEWAY_V6=fe80::1\nDNS=fd00::1",
        "DEVICE=eth0\nMODE=static\nIP=10.0.0.0\nNETMASK=255.255.255.254\nGATEWAY=10.0.0.1",
        "DEVICE=eth0\nMODE=static\nIP=10.0.0.0\nNETMASK=255.255.255.255",
    ] {
        assert_eq!(read(right), right);
    }
    assert_eq!(
        read("DEVICE=eth0 VLAN=0 MODE=DHCP MODE_V6=None"),
        "DEVICE=eth0\nMODE=dhcp"
    );
}

#[test]
fn each_wrong_field_is_told_with_what_to_type() {
    let wrong = "DEVICE=eth/0 VLAN=4095 MODE=static IP=10.0.0.300 NETMASK=255.0.255.0 GATEWAY=x \
                 MODE_V6=static IPV6=fd00::5 GATEWAY_V6=:: DNS=1.2.3";
    let told = r#"
DEVICE "eth/0": the name of a NIC has 1 to 15 letters, digits, dots, dashes and underscores, such as eth0
VLAN "4095": a VLAN is a number from 1 to 4094, such as 42; 0 means none
IP "10.0.0.300": an address of IPv4 has four numbers from 0 to 255, such as 192.168.0.10
NETMASK 255.0.255.0: a netmask has its ones first, such as 255.255.255.0
GATEWAY "x": an address of IPv4 has four numbers from 0 to 255, such as 192.168.0.10
IPV6 "fd00::5": an address of IPv6 with the length of its prefix looks like fd00::10/64
GATEWAY_V6 ::: no machine can have this address (it means nobody)
DNS "1.2.3": addresses of name servers, separated by commas, such as 192.168.0.1,192.168.0.2"#;
    assert_eq!(read(wrong), told.trim_start());
}

#[test]
fn what_a_static_address_needs_is_asked_for() {
    let told = "\
DEVICE is missing: the NIC that shall carry management, such as eth0
IP is missing: a static address of IPv4 has to be given, such as 192.168.0.10
NETMASK is missing: a static address of IPv4 needs its netmask, such as 255.255.255.0
IPV6 is missing: a static address of IPv6 has to be given, such as fd00::10/64";
    assert_eq!(read("MODE=static MODE_V6=static"), told);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let check = |more: &str, want: &str| {
        let told = read(&format!("{STATIC} {more}"));
        assert!(told.contains(want), "{more}: {told}");
    };
    check(
        "GATEWAY=10.0.1.1",
        "GATEWAY 10.0.1.1: this is not in the host's own network 10.0.0.0/24",
    );
    check(
        "GATEWAY=10.0.0.5",
        "GATEWAY 10.0.0.5: this is the host's own address",
    );
    check(
        "IP=10.0.0.0",
        "IP 10.0.0.0: in a network with a prefix of 24",
    );
    check("IP=10.0.0.255", "this is the last address");
    check("IP=127.0.0.1", "mean the machine itself");
    check("IP=224.0.0.1", "mean groups");
    check(
        "IP=10.0.0.5/20",
        "the address alone, such as 192.168.0.10; its netmask is 255.255.240.0",
    );
    check("NETMASK=20", "as a netmask this is 255.255.240.0");
    check("NETMASK=/20", "as a netmask this is 255.255.240.0");
    check("NETMASK=0.0.0.0", "one network of all addresses");
    check("MODE=ststic", "the mode of IPv4 is static, dhcp or none");
    check(
        "MODE_V6=on",
        "the mode of IPv6 is static, autoconf, dhcp or none",
    );
    check("MODE_V6=static IPV6=fe80::1/64", "one of the link");
    check("MODE_V6=static IPV6=fd00::5/129", "looks like fd00::10/64");
    check(
        "MODE_V6=static IPV6=fd00::5/64 GATEWAY_V6=fd01::1",
        "not in the host's own network fd00::/64",
    );
    check(
        "DNS=1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4,5.5.5.5,6.6.6.6,7.7.7.7,8.8.8.8,9.9.9.9",
        "at most 8",
    );
    check("VLAN=+7", "a VLAN is a number");
    assert!(read("DEVICE=eth0 MODE=none MODE_V6=none").contains("nothing could reach this host"));
    assert!(read("DEVICE=eth0").contains("nothing could reach this host"));
}

#[test]
fn what_the_modes_do_not_need_is_passed_over_and_told() {
    let given = texts("DEVICE=eth0 MODE=dhcp IP=rubbish DNS=10.0.0.1 GATEWAY_V6=x VLAN=0");
    let read = Management::read(&given).unwrap();
    assert_eq!(read.dns, Vec::<std::net::IpAddr>::new());
    let unused = read.unused(&given);
    assert_eq!(unused, [Field::Ip, Field::GatewayV6, Field::Dns]);
}

#[test]
fn a_masters_address_is_of_either_family() {
    assert!(master("10.0.0.1").is_ok() && master("fd00::1").is_ok());
    assert!(matches!(master("pool.example"), Err(Wrong::Address(_))));
    assert!(matches!(master("127.0.0.1"), Err(Wrong::NoMachine(..))));
}

proptest! {
    #[test]
    fn what_is_wanted_comes_back_from_its_texts(
        device in "[a-z][a-z0-9._-]{0,14}",
        tag in proptest::option::of(1u16..=4094),
        v4 in proptest::option::of((0x0a00_0000u32..0x7eff_ffff, 1u8..=32, any::<u32>())),
        v6 in proptest::option::of((any::<u64>(), 1u8..=128, any::<u128>())),
    ) {
        let ipv4 = v4.map(|(address, prefix, router)| {
            let mask = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
            Ipv4::Static {
                address: address.into(),
                prefix,
                gateway: Some(((address & !mask) | (router & mask)).into()),
            }
        });
        let ipv6 = v6.map(|(address, prefix, router)| {
            let mask = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
            let address = (0xfd00u128 << 112) | u128::from(address);
            Ipv6::Static {
                address: address.into(),
                prefix,
                gateway: Some(((address & !mask) | (router & mask)).into()),
            }
        });
        let wanted = Management { device, vlan: tag, ipv4, ipv6, dns: Vec::new() };
        match Management::read(&wanted.texts()) {
            Ok(read) => prop_assert_eq!(read, wanted),
            // A router by chance is the host, or an address its network's.
            Err(why) => prop_assert!(wanted.check().is_err() || !why.is_empty()),
        }
    }
}
