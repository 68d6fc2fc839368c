//! The pool master's part of the tutorial, run as a script on a lab's host: the lines that its readers have seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use xapi_tests::Lab;
use xapi_tests::lab::quiet_at_most;

use crate::management::{SETTLING, SILENCE};

/// Runs one of the lab's scripts on the first host, as `make run` does.
fn run(lab: &Lab, script: &str) -> String {
    run_on(lab, "xs-1", script)
}

fn run_on(lab: &Lab, host: &str, script: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../bin/xapi-lab/scripts")
        .join(script);
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    lab.exec(host, &text)
}

/// What a command of the script printed: the lines between its prompt and the next.
fn output<'a>(all: &'a str, command: &str) -> Vec<&'a str> {
    output_on(all, "xs-1", command)
}

fn output_on<'a>(all: &'a str, host: &str, command: &str) -> Vec<&'a str> {
    let prompt = format!("[root@{host} ~]# {command}");
    let mut lines = all.lines().skip_while(|line| !line.starts_with(&prompt));
    assert!(
        lines.next().is_some(),
        "the script does not run {command}:\n{all}"
    );
    lines
        .take_while(|line| !line.starts_with("[root@") && !line.starts_with("# "))
        .collect()
}

/// `xe`'s records, each as its lines without uuids' digits; the order is not told.
fn records(lines: &[&str]) -> BTreeSet<Vec<String>> {
    let without_uuid = |line: &&str| {
        let words: Vec<_> = line.split(' ').collect();
        let blurred = words
            .iter()
            .map(|word| if is_uuid(word) { "UUID" } else { word });
        blurred.collect::<Vec<_>>().join(" ").trim_end().to_owned()
    };
    let records = lines.split(|line| line.is_empty() || *line == "--");
    records
        .filter(|record| !record.is_empty())
        .map(|record| record.iter().map(without_uuid).collect())
        .collect()
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

fn expected(text: &str) -> BTreeSet<Vec<String>> {
    records(&text.lines().collect::<Vec<_>>())
}

#[test]
fn the_tutorials_pool_master_part_gives_the_lines_that_it_shows() {
    let lab = Lab::up(&[]);
    run(&lab, "earlier-bonds.sh");
    let all = run(&lab, "pool-master.sh");
    println!("{all}");

    let found = records(&output(
        &all,
        "xe network-list params=uuid,name-label,bridge",
    ));
    let networks = "\
uuid ( RO)          : UUID
    name-label ( RW): NAS
        bridge ( RO): xapi0
--
uuid ( RO)          : UUID
    name-label ( RW): PUB
        bridge ( RO): xapi1
--
uuid ( RO)          : UUID
    name-label ( RW): MGT
        bridge ( RO): xapi2";
    assert_eq!(found, expected(networks));

    let pif_list = "xe pif-list host-uuid=$INSTALLATION_UUID";
    let columns = "params=uuid,device,IP,network-name-label";
    let physical = output(
        &all,
        &format!("{pif_list} physical=true IP-configuration-mode=Static {columns}"),
    );
    assert!(
        records(&physical).is_empty(),
        "a NIC kept its address: {physical:?}"
    );

    let found = records(&output(
        &all,
        &format!("{pif_list} physical=false IP-configuration-mode=Static {columns}"),
    ));
    let with_addresses = "\
uuid ( RO)                  : UUID
                device ( RO): bond0
    network-name-label ( RO): NAS
                    IP ( RO): 172.16.0.35

uuid ( RO)                  : UUID
                device ( RO): bond2
    network-name-label ( RO): MGT
                    IP ( RO): 172.16.0.10";
    assert_eq!(found, expected(with_addresses));

    let found = records(&output(
        &all,
        &format!("{pif_list} physical=false IP-configuration-mode=None {columns}"),
    ));
    let without = "\
uuid ( RO)                  : UUID
                device ( RO): bond1
    network-name-label ( RO): PUB
                    IP ( RO):";
    assert_eq!(found, expected(without));

    let bonds = output(&all, "xe bond-list params=uuid,master,mode");
    let modes: Vec<_> = bonds
        .iter()
        .filter_map(|line| line.trim().strip_prefix("mode ( RO): "))
        .collect();
    assert_eq!(modes.len(), 3, "{bonds:?}");
    assert_eq!(
        modes
            .iter()
            .filter(|mode| **mode == "active-backup")
            .count(),
        2,
        "{bonds:?}"
    );
    assert_eq!(
        modes.iter().filter(|mode| **mode == "balance-slb").count(),
        1,
        "{bonds:?}"
    );
    let master = all
        .lines()
        .find_map(|line| line.trim().strip_prefix("BOND MASTER UUID: "))
        .expect("the bond's master");
    assert!(
        bonds
            .iter()
            .any(|line| line.contains(&format!("): {master}"))),
        "{master} is nobody's master: {bonds:?}"
    );

    let interfaces = output(&all, "ifconfig | grep");
    for (bridge, address) in [("xapi0", "172.16.0.35"), ("xapi2", "172.16.0.10")] {
        let at = interfaces
            .iter()
            .position(|line| line.starts_with(&format!("{bridge}:")))
            .expect(bridge);
        assert!(
            interfaces[at + 1].contains(&format!("inet {address} ")),
            "{interfaces:?}"
        );
    }
    share_macs(
        &output(&all, "ifconfig -a | grep"),
        &[("xapi0", "eth2"), ("xapi1", "eth1"), ("xapi2", "eth0")],
    );

    assert_eq!(
        output(&all, "ovs-vsctl list-br"),
        ["xapi0", "xapi1", "xapi2"]
    );
    let bonds: BTreeSet<_> = output(&all, "ovs-appctl bond/list")
        .iter()
        .skip(1)
        .map(|line| bond(line))
        .collect();
    let wanted = [
        ("bond0", "active-backup", ["eth2", "eth4"]),
        ("bond1", "balance-slb", ["eth1", "eth5"]),
        ("bond2", "active-backup", ["eth0", "eth3"]),
    ];
    assert_eq!(bonds, wanted.into());
}

/// That there are the six NICs, these bridges and no others, and that each has the MAC address of its NIC. Today's ifconfig
/// says "ether" where it said "HWaddr", in a line of its own.
#[track_caller]
fn share_macs(devices: &[&str], bridges: &[(&str, &str)]) {
    let pairs = devices.windows(2).filter(|pair| !pair[0].starts_with(' '));
    let macs: BTreeMap<_, _> = pairs
        .filter_map(|pair| {
            Some((
                pair[0].split_once(':')?.0,
                pair[1].split_whitespace().nth(1)?,
            ))
        })
        .collect();
    let nics = ["eth0", "eth1", "eth2", "eth3", "eth4", "eth5"].into_iter();
    let wanted: BTreeSet<_> = nics.chain(bridges.iter().map(|(name, _)| *name)).collect();
    assert!(macs.keys().copied().eq(wanted), "{devices:?}");
    for (bridge, nic) in bridges {
        assert_eq!(
            macs[bridge], macs[nic],
            "{bridge} does not share the MAC address of {nic}"
        );
    }
}

/// Name, type and members of a line of `bond/list`: bond, type, recirculation identifier, members.
fn bond(line: &str) -> (&str, &str, [&str; 2]) {
    let columns: Vec<_> = line.split('\t').collect();
    let [name, kind, _, members] = columns.as_slice() else {
        panic!("{line:?} has not four columns");
    };
    let mut members: Vec<_> = members.split(", ").collect();
    members.sort_unstable();
    (name, kind, members.try_into().expect("two members"))
}

/// What the tutorial's reader sees of the slave.
struct Review {
    physical: &'static str,
    with_addresses: &'static str,
    /// Bonds in the pool that are active-backup; two more are balance-slb.
    active_backup: usize,
    addresses: &'static [(&'static str, &'static str)],
    /// The bridges, and the NICs of which they have the MAC address.
    bridges: &'static [(&'static str, &'static str)],
    bonded: &'static [(&'static str, &'static str, [&'static str; 2])],
}

impl Review {
    #[track_caller]
    fn check(&self, all: &str) {
        let output = |command: &str| output_on(all, "xs-2", command);
        let pif_list = "xe pif-list host-uuid=$INSTALLATION_UUID";
        let networks = "\
uuid ( RO)          : UUID
    name-label ( RW): NAS
        bridge ( RO): xapi0
--
uuid ( RO)          : UUID
    name-label ( RW): PUB
        bridge ( RO): xapi1
--
uuid ( RO)          : UUID
    name-label ( RW): MGT
        bridge ( RO): xapi2";
        let found = records(&output("xe network-list params=uuid,name-label,bridge"));
        assert_eq!(found, expected(networks));
        let found = records(&output(&format!("{pif_list} physical=true")));
        assert_eq!(found, expected(self.physical));
        let static_ones = format!("{pif_list} physical=false IP-configuration-mode=Static");
        assert_eq!(
            records(&output(&static_ones)),
            expected(self.with_addresses)
        );
        let without = "\
uuid ( RO)                  : UUID
                device ( RO): bond1
    network-name-label ( RO): PUB
                    IP ( RO):";
        let none = format!("{pif_list} physical=false IP-configuration-mode=None");
        assert_eq!(records(&output(&none)), expected(without));
        let bonds = output("xe bond-list params=uuid,master,mode");
        let told = |what: &str| -> Vec<&str> {
            let lines = bonds.iter().map(|line| line.trim());
            lines.filter_map(|line| line.strip_prefix(what)).collect()
        };
        let mut modes = told("mode ( RO): ");
        modes.sort_unstable();
        let mut wanted = vec!["active-backup"; self.active_backup];
        wanted.extend(["balance-slb"; 2]);
        assert_eq!(modes, wanted, "{bonds:?}");
        // Each bond's master is a PIF, and those of this host's bonds are among them.
        let masters = told("master ( RO): ");
        let pifs = output(&static_ones).into_iter().chain(output(&none));
        let pifs: Vec<_> = pifs
            .filter_map(|line| line.trim().strip_prefix("uuid ( RO)"))
            .filter_map(|rest| rest.split_once(": "))
            .collect();
        assert_eq!(pifs.len(), self.bonded.len());
        for (_, pif) in pifs {
            assert!(masters.contains(&pif), "{pif} is no bond's: {bonds:?}");
        }
        let interfaces = output("ifconfig | grep");
        for (bridge, address) in self.addresses {
            let at = interfaces
                .iter()
                .position(|line| line.starts_with(&format!("{bridge}:")))
                .unwrap_or_else(|| panic!("{bridge} has no address: {interfaces:?}"));
            assert!(
                interfaces[at + 1].contains(&format!("inet {address} ")),
                "{interfaces:?}"
            );
        }
        share_macs(&output("ifconfig -a | grep"), self.bridges);
        let bridges: Vec<_> = self.bridges.iter().map(|(name, _)| *name).collect();
        assert_eq!(output("ovs-vsctl list-br"), bridges);
        let bonded: BTreeSet<_> = output("ovs-appctl bond/list")
            .iter()
            .skip(1)
            .map(|line| bond(line))
            .collect();
        assert_eq!(bonded, self.bonded.iter().copied().collect());
    }
}

#[test]
fn the_tutorials_other_hosts_inherit_the_bonds_when_their_daemon_is_started_anew() {
    let lab = Lab::up(&["--hosts", "2"]);
    run(&lab, "earlier-bonds.sh");
    run_on(&lab, "xs-2", "earlier-bonds-slave.sh");
    run(&lab, "pool-master.sh");
    let ping = lab.ping("172.16.0.12");
    let all = run_on(&lab, "xs-2", "pool-slave.sh");
    println!("{all}");
    ping.wait_for(SETTLING);
    quiet_at_most(SILENCE, "inheriting the bond of management", &ping.stop());
    let (before, after) = all
        .split_once("# 2. It inherits")
        .expect("the restart in the middle");
    let nas = "\
uuid ( RO)                  : UUID
                device ( RO): bond0
    network-name-label ( RO): NAS
                    IP ( RO): 172.16.0.36";
    Review {
        physical: "\
uuid ( RO)                  : UUID
                device ( RO): eth0
    network-name-label ( RO): Pool-wide network associated with eth0
                    IP ( RO): 172.16.0.12",
        with_addresses: nas,
        active_backup: 3,
        addresses: &[("xapi0", "172.16.0.36"), ("xenbr0", "172.16.0.12")],
        bridges: &[
            ("xapi0", "eth2"),
            ("xapi1", "eth1"),
            ("xenbr0", "eth0"),
            ("xenbr3", "eth3"),
        ],
        bonded: &[
            ("bond0", "active-backup", ["eth2", "eth4"]),
            ("bond1", "balance-slb", ["eth1", "eth5"]),
        ],
    }
    .check(before);
    Review {
        physical: "",
        with_addresses: "\
uuid ( RO)                  : UUID
                device ( RO): bond0
    network-name-label ( RO): NAS
                    IP ( RO): 172.16.0.36

uuid ( RO)                  : UUID
                device ( RO): bond2
    network-name-label ( RO): MGT
                    IP ( RO): 172.16.0.12",
        active_backup: 4,
        addresses: &[("xapi0", "172.16.0.36"), ("xapi2", "172.16.0.12")],
        bridges: &[("xapi0", "eth2"), ("xapi1", "eth1"), ("xapi2", "eth0")],
        bonded: &[
            ("bond0", "active-backup", ["eth2", "eth4"]),
            ("bond1", "balance-slb", ["eth1", "eth5"]),
            ("bond2", "active-backup", ["eth0", "eth3"]),
        ],
    }
    .check(after);
}
