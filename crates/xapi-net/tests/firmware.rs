//! The order and the names that the firmware gives NICs, on trees of sysfs as several kinds of machines show them. A tree
//! is a text file: `path = content`, `path # bytes`, `path -> target of the link`, and `;` before a remark.

use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;
use xapi_net::firmware::{self, Place};

/// Makes the directory that a text describes.
fn tree(text: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let place = |path: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    for line in text.lines().filter(|line| !line.starts_with(';')) {
        if let Some((path, target)) = line.split_once(" -> ") {
            symlink(target, place(path)).unwrap();
        } else if let Some((path, bytes)) = line.split_once(" # ") {
            let bytes = bytes
                .split(' ')
                .map(|byte| u8::from_str_radix(byte, 16).unwrap());
            std::fs::write(place(path), bytes.collect::<Vec<_>>()).unwrap();
        } else {
            let (path, content) = line.split_once(" = ").expect(line);
            std::fs::write(place(path), format!("{content}\n")).unwrap();
        }
    }
    root
}

fn read(machine: &str) -> TempDir {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines");
    tree(&std::fs::read_to_string(path.join(machine).with_extension("txt")).unwrap())
}

/// The kernel's names and the firmware's, in the firmware's order.
fn check(machine: &str, expected: &[(&str, &str)]) {
    let root = read(machine);
    let cards = firmware::cards(root.path()).unwrap();
    let found: Vec<_> = cards
        .iter()
        .map(|card| {
            (
                card.device.as_str(),
                card.name.as_ref().map_or("", |name| name.as_str()),
            )
        })
        .collect();
    assert_eq!(found, expected, "{machine}");
}

#[test]
fn ports_of_the_main_board_come_first_and_then_the_slots_by_number() {
    check(
        "rack-server",
        &[
            ("eth4", "eno1"),
            ("eth5", "eno2"),
            ("eth6", "eno3"),
            ("eth7", "eno4"),
            ("eth2", "ens1f0"),
            ("eth3", "ens1f1"),
            ("eth0", "ens2f0"),
            ("eth1", "ens2f1"),
        ],
    );
    let root = read("rack-server");
    let cards = firmware::cards(root.path()).unwrap();
    assert_eq!(cards[0].label.as_deref(), Some("NIC 1"));
    assert_eq!(cards[0].place, Place::Onboard(1));
    assert_eq!(cards[4].place, Place::Slot(1));
    assert_eq!(cards[4].pci.unwrap().to_string(), "0000:5e:00.0");
}

#[test]
fn acpi_is_believed_before_smbios_and_rubbish_is_not_believed() {
    check(
        "tower",
        &[("em2", "eno1"), ("em1", "eno2"), ("em3", "enp3s0")],
    );
}

#[test]
fn ports_that_share_an_address_are_told_apart_by_port_and_ordered_by_mac() {
    check(
        "two-ports-one-address",
        &[
            ("eth0", "enp4s0"),
            ("eth1", "enp4s0d1"),
            ("eth2", "enP2p65s0np0"),
            ("eth3", "enP2p65s0np1"),
        ],
    );
}

#[test]
fn a_virtio_nic_has_the_place_of_the_device_that_it_stands_on() {
    check(
        "virtual-machine",
        &[("ens3", "ens3"), ("ens4", "ens4"), ("ens11", "ens11")],
    );
}

#[test]
fn virtual_functions_are_no_cards() {
    check(
        "sriov",
        &[
            ("enp5s0f0", "enp5s0f0"),
            ("enp5s0f1", "enp5s0f1"),
            ("enp5s1f10", "enp5s1f10"),
        ],
    );
}

#[test]
fn usb_comes_last_with_the_ports_it_stands_at() {
    check(
        "usb",
        &[
            ("enp0s31f6", "enp0s31f6"),
            ("enp0s20u2", "enp0s20u2"),
            ("enp0s20u4u3c2", "enp0s20u4u3c2"),
        ],
    );
}

#[test]
fn a_slot_of_a_bridge_is_nobodys_and_what_is_no_nic_is_not_listed() {
    check("bridge-slot", &[("eth1", "enp7s1"), ("eth2", "enp7s2")]);
}

#[test]
fn a_machine_without_nics_or_without_sysfs_has_no_cards() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(firmware::cards(root.path()).unwrap(), Vec::new());
}

#[test]
fn a_name_that_the_kernel_would_not_take_gives_way_to_the_next_rule() {
    let device = "devices/pci0000:00/0000:00:02.0";
    let text = format!(
        "class/net/eth0 -> ../../{device}/net/eth0\n\
         {device}/net/eth0/device -> ../../../0000:00:02.0\n\
         {device}/net/eth0/type = 1\n\
         {device}/net/eth0/address = 00:00:00:00:00:01\n\
         {device}/net/eth0/phys_port_name = a_rather_long_one\n\
         {device}/subsystem -> ../../../bus/pci\n\
         {device}/driver -> ../../../bus/pci/drivers/igb\n\
         {device}/acpi_index = 1\n"
    );
    let root = tree(&text);
    let cards = firmware::cards(root.path()).unwrap();
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0].name, None);
    assert_eq!(cards[0].place, Place::Onboard(1));
}

#[test]
fn the_number_of_a_pci_domain_is_decimal() {
    // As on virtual machines of some clouds.
    let device = "devices/pcicf63:00/cf63:00:02.0";
    let text = format!(
        "class/net/eth0 -> ../../{device}/net/eth0\n\
         {device}/net/eth0/device -> ../../../cf63:00:02.0\n\
         {device}/net/eth0/type = 1\n\
         {device}/net/eth0/address = 00:00:00:00:00:01\n\
         {device}/subsystem -> ../../../bus/pci\n\
         {device}/driver -> ../../../bus/pci/drivers/mlx5_core\n\
         bus/pci/slots/1/address = cf63:00:02\n"
    );
    let named = |text: &str| {
        let cards = firmware::cards(tree(text).path()).unwrap();
        cards[0].name.unwrap().as_str().to_owned()
    };
    assert_eq!(named(&text), "enP53091s1");
    let (without_slot, _) = text.split_once("bus/pci/slots").unwrap();
    assert_eq!(named(without_slot), "enP53091p0s2");
}
