//! A reset that dies at any point is mended by the next one: whatever was done, doing all of it again ends as if nothing
//! had happened.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use xapi_conf::management::{Field, Management, Texts};
use xapi_conf::trigger::{self, Keep};
use xapi_net::agent::{Agent, Request};
use xapi_net::sim::{Fault, FaultKind, Handle, SimAgent};
use xapi_net::topology::{Bond, BondMode, Bridge, Inet, Ipv4, Mac, Name, Topology};
use xapi_reset::{Afterwards, Asked, Failed, Host, Machine, Nic, Progress, Step, run_on, steps};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A host that was installed, then bonded, and is out of reach: a bond carries management with an address of elsewhere.
struct Lost {
    root: tempfile::TempDir,
    handle: Handle,
    services: Vec<&'static str>,
    /// What the daemon writes into pool.conf while it is stopped.
    last_word: Option<&'static str>,
}

impl Lost {
    fn new() -> Lost {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            "etc/xensource-inventory",
            "PRODUCT='x'\nMANAGEMENT_INTERFACE='xapi0'\nCURRENT_INTERFACES='xapi0 xenbr2'\n",
        );
        put("etc/xensource/pool.conf", "slave:10.0.0.1");
        put(
            "etc/firstboot.d/data/management.conf",
            "LABEL='eth0'\nMODE='dhcp'\nVLAN='9'\n",
        );
        put("var/lib/xcp/networkd.db", "{broken");
        put("var/lib/xcp/last-topology.json", "{}");
        let handle = Handle::new(["eth0", "eth1", "eth2"].map(name));
        let bond = Bond {
            name: name("bond0"),
            members: vec![name("eth0"), name("eth1")],
            mac: None,
            mode: BondMode::ActiveBackup,
            properties: BTreeMap::new(),
        };
        let mut bridge = Bridge::over_bond(bond);
        bridge.ipv4 = Ipv4::Static {
            address: Inet::new([192, 168, 77, 5].into(), 24).unwrap(),
            gateway: None,
        };
        let before = Topology {
            bridges: [
                (name("xapi0"), bridge),
                (name("xenbr2"), Bridge::over_nic(name("eth2"))),
                (name("xapi9"), Bridge::vlan(name("xenbr2"), 7)),
            ]
            .into(),
            management: Some(name("xapi0")),
            ..Topology::default()
        };
        let agent = SimAgent::on(handle.clone());
        agent.converge(Request::whole(before)).unwrap();
        Lost {
            root,
            handle,
            services: Vec::new(),
            last_word: None,
        }
    }

    fn host(&self) -> Host {
        let nics = self.handle.world().hardware.clone().into_iter();
        let nics = nics.map(|(name, hardware)| Nic {
            name,
            mac: hardware.mac,
            carrier: Some(true),
            driver: None,
        });
        Host::with_nics(self.root.path(), nics.collect())
    }

    fn reset(
        &mut self,
        asked: &Asked,
        tell: &mut dyn FnMut(&Step, Progress),
    ) -> Result<(), Failed> {
        let host = self.host();
        run_on(&host, asked, self, tell)
    }

    /// All that a reset changes: files with their modes, and the network. NICs that nothing stands on are left out: once
    /// its port is gone nothing tells that a NIC was ours, and one that is switched on for nothing does no harm.
    fn state(&self) -> (BTreeMap<PathBuf, (u32, String)>, String) {
        let mut files = BTreeMap::new();
        read(self.root.path(), self.root.path(), &mut files);
        let mut network = self.handle.world().state.clone();
        let is_used = |nic: &Name| network.ports.contains_key(nic);
        network.nics.retain(|nic, _| is_used(nic));
        network.aside.retain(is_used);
        (files, format!("{network:#?}"))
    }
}

fn read(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, (u32, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let mode = path.metadata().unwrap().mode();
            let text = std::fs::read_to_string(&path).unwrap();
            files.insert(path.strip_prefix(root).unwrap().to_owned(), (mode, text));
        }
    }
}

impl Machine for Lost {
    fn stop_daemon(&mut self) -> Result<Vec<String>, String> {
        self.services.push("stop");
        if let Some(text) = self.last_word {
            let path = self.root.path().join("etc/xensource/pool.conf");
            std::fs::write(path, text).unwrap();
        }
        Ok(Vec::new())
    }

    fn free_nic(&mut self, _: &Name, _: &BTreeSet<Name>) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn agent(&mut self) -> Result<Box<dyn Agent>, String> {
        Ok(Box::new(SimAgent::on(self.handle.clone())))
    }

    fn start_daemon(&mut self) -> Result<(), String> {
        self.services.push("start");
        Ok(())
    }

    fn reboot(&mut self) -> Result<(), String> {
        self.services.push("reboot");
        Ok(())
    }
}

fn asked(vlan: &str) -> Asked {
    let texts = [
        (Field::Device, "eth0"),
        (Field::Vlan, vlan),
        (Field::Mode, "static"),
        (Field::Ip, "10.0.0.5"),
        (Field::Netmask, "255.255.255.0"),
        (Field::Gateway, "10.0.0.1"),
        (Field::Dns, "10.0.0.1"),
    ];
    let texts: Texts = texts.map(|(field, text)| (field, text.to_owned())).into();
    Asked {
        management: Management::read(&texts).unwrap(),
        master: Some("10.0.0.2".to_owned()),
        keep: Keep::default(),
        afterwards: Afterwards::Reboot,
    }
}

fn quiet(_: &Step, _: Progress) {}

#[test]
fn a_reset_leaves_management_alone_and_files_that_say_so() {
    for (vlan, bridge) in [("", "xenbr0"), ("42", "xentemp")] {
        let mut lost = Lost::new();
        let mut told = Vec::new();
        lost.reset(&asked(vlan), &mut |step, progress| {
            told.push((step.clone(), progress));
        })
        .unwrap();
        let world = lost.handle.world().state.clone();
        let mut bridges: Vec<&str> = world.bridges.keys().map(|name| name.as_str()).collect();
        bridges.sort_unstable();
        let want = if vlan.is_empty() {
            vec!["xenbr0"]
        } else {
            vec!["xenbr0", "xentemp"]
        };
        assert_eq!(bridges, want);
        let address = Inet::new([10, 0, 0, 5].into(), 24).unwrap();
        assert!(
            world.addresses.contains(&(name(bridge), address)),
            "{world:#?}"
        );
        let (files, _) = lost.state();
        let text = |path: &str| files[Path::new(path)].1.clone();
        assert_eq!(text("etc/xensource/pool.conf"), "slave:10.0.0.2");
        let inventory = format!(
            "PRODUCT='x'\nMANAGEMENT_INTERFACE='{bridge}'\nCURRENT_INTERFACES=''\nMANAGEMENT_ADDRESS_TYPE='IPv4'\n"
        );
        assert_eq!(text("etc/xensource-inventory"), inventory);
        assert!(!files.contains_key(Path::new("var/lib/xcp/networkd.db")));
        let kept = Topology::from_text(&text("var/lib/xcp/last-topology.json")).unwrap();
        assert_eq!(kept.management, Some(name(bridge)));
        let found = trigger::find(lost.root.path());
        assert_eq!(
            found.chosen.unwrap().trigger.management,
            asked(vlan).management
        );
        assert_eq!(files[Path::new("var/tmp/network-reset")].0 & 0o7777, 0o600);
        assert_eq!(lost.services, ["stop", "reboot"]);
        let begun = told.iter().filter(|(_, it)| *it == Progress::Begins);
        let begun: Vec<Step> = begun.map(|(step, _)| step.clone()).collect();
        assert_eq!(begun, steps(&Lost::new().host(), &asked(vlan)));
        assert!(
            !told.iter().any(|(_, it)| matches!(it, Progress::GoesOn(_))),
            "{told:#?}"
        );
    }
}

#[test]
fn a_reset_that_dies_before_or_after_any_step_is_mended_by_the_next() {
    for vlan in ["", "42"] {
        let mut undisturbed = Lost::new();
        undisturbed.reset(&asked(vlan), &mut quiet).unwrap();
        let want = undisturbed.state();
        let count = steps(&Lost::new().host(), &asked(vlan)).len();
        for dies_at in 0..2 * count {
            let mut lost = Lost::new();
            let mut at = 0;
            let died = catch_unwind(AssertUnwindSafe(|| {
                lost.reset(&asked(vlan), &mut |_, progress| {
                    if matches!(progress, Progress::Begins | Progress::Done) {
                        assert_ne!(at, dies_at, "dies on demand");
                        at += 1;
                    }
                })
            }));
            assert!(died.is_err(), "there are fewer steps than {count}");
            lost.reset(&asked(vlan), &mut quiet).unwrap();
            assert_eq!(lost.state(), want, "died at {dies_at}");
        }
    }
}

#[test]
fn a_reset_that_dies_at_any_step_of_the_network_is_mended_by_the_next() {
    let mut undisturbed = Lost::new();
    undisturbed.reset(&asked("42"), &mut quiet).unwrap();
    let want = undisturbed.state();
    for at in 0.. {
        let mut lost = Lost::new();
        let steps = lost.handle.world().steps;
        lost.handle.world().fault = Some(Fault {
            at: steps + at,
            kind: FaultKind::CrashAfter,
        });
        lost.reset(&asked("42"), &mut quiet).unwrap();
        let was_reached = lost.handle.world().fault.is_none();
        lost.reset(&asked("42"), &mut quiet).unwrap();
        assert_eq!(lost.state(), want, "died at step {at} of the network");
        if !was_reached {
            assert!(at > 5, "only {at} steps of the network");
            return;
        }
    }
}

#[test]
fn whatever_is_broken_on_the_host_is_told_and_the_reset_goes_on() {
    let mut lost = Lost::new();
    let root = lost.root.path().to_owned();
    let broken = [
        "etc/xensource-inventory",
        "etc/firstboot.d/data/management.conf",
    ];
    for path in broken {
        std::fs::remove_file(root.join(path)).unwrap();
        std::fs::create_dir(root.join(path)).unwrap();
    }
    std::fs::write(root.join("etc/xensource/pool.conf"), "king").unwrap();
    std::fs::write(root.join("etc/xensource/xapi.toml"), "nics = [\n").unwrap();
    let host = lost.host();
    let notes = host.notes().join("\n");
    for path in broken.iter().chain(&["pool.conf", "xapi.toml"]) {
        assert!(notes.contains(path), "{path}: {notes}");
    }
    lost.reset(&asked(""), &mut quiet).unwrap();
    let inventory = std::fs::read_to_string(root.join("etc/xensource-inventory")).unwrap();
    assert!(
        inventory.contains("MANAGEMENT_INTERFACE='xenbr0'"),
        "{inventory}"
    );
    for path in broken {
        assert!(root.join(format!("{path}.aside-1")).is_dir(), "{path}");
    }
}

#[test]
fn a_network_that_cannot_be_made_now_does_not_keep_the_trigger_from_being_written() {
    let mut lost = Lost::new();
    lost.handle.world().refusing.insert(name("eth0"));
    let mut told = Vec::new();
    lost.reset(&asked(""), &mut |_, progress| told.push(progress))
        .unwrap();
    assert!(
        told.iter().any(|it| matches!(it, Progress::GoesOn(_))),
        "{told:#?}"
    );
    assert!(trigger::find(lost.root.path()).chosen.is_some());
    assert_eq!(lost.services, ["stop", "reboot"]);
}

#[test]
fn a_nic_that_is_not_there_is_refused_with_a_list_of_those_that_are() {
    let mut lost = Lost::new();
    let before = lost.state();
    let mut wrong = asked("");
    wrong.management.device = "eth7".to_owned();
    let why = lost.reset(&wrong, &mut quiet).unwrap_err().to_string();
    assert!(
        why.starts_with("eth7: this host has no such NIC. It has\n  eth0 "),
        "{why}"
    );
    assert_eq!(why.lines().count(), 4, "{why}");
    wrong = asked("");
    wrong.master = Some("127.0.0.1".to_owned());
    let why = lost.reset(&wrong, &mut quiet).unwrap_err().to_string();
    assert!(why.starts_with("the master 127.0.0.1"), "{why}");
    assert_eq!(lost.state(), before);
    assert!(lost.services.is_empty());
}

#[test]
fn the_nic_is_by_the_installers_file_or_by_the_bridge_of_the_inventory() {
    let lost = Lost::new();
    assert_eq!(lost.host().default_device().as_deref(), Some("eth0"));
    assert_eq!(lost.host().default_vlan(), Some(9));
    let conf = lost
        .root
        .path()
        .join("etc/firstboot.d/data/management.conf");
    std::fs::remove_file(conf).unwrap();
    // The bridge of a bond is nobody's.
    assert_eq!(lost.host().default_device(), None);
    let inventory = lost.root.path().join("etc/xensource-inventory");
    std::fs::write(inventory, "MANAGEMENT_INTERFACE='xenbr2'\n").unwrap();
    assert_eq!(lost.host().default_device().as_deref(), Some("eth2"));
    assert_eq!(lost.host().default_vlan(), None);
    let mac = lost.host().nic("eth2").unwrap().mac;
    assert_ne!(mac, Mac([0; 6]));
}

#[test]
fn a_host_whose_role_nothing_tells_is_a_slave_of_the_master_that_is_named() {
    for (before, want) in [
        (Some("king"), "slave:10.0.0.2"),
        (Some("broken"), "slave:10.0.0.2"),
        (None, "slave:10.0.0.2"),
        (Some("master"), "master"),
    ] {
        let mut lost = Lost::new();
        let path = lost.root.path().join("etc/xensource/pool.conf");
        match before {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        lost.reset(&asked(""), &mut quiet).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, want, "after {before:?}");
    }
}

#[test]
fn what_the_daemon_writes_at_its_last_moment_does_not_go_over_the_master_that_is_named() {
    for (before, want) in [
        ("slave:10.0.0.1", "slave:10.0.0.2"),
        ("master", "slave:10.0.0.9"),
    ] {
        let mut lost = Lost::new();
        let path = lost.root.path().join("etc/xensource/pool.conf");
        std::fs::write(&path, before).unwrap();
        lost.last_word = Some("slave:10.0.0.9");
        lost.reset(&asked(""), &mut quiet).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        // A master's role is not the reset's to write.
        assert_eq!(text, want, "after {before:?}");
    }
}

#[test]
fn what_a_reset_that_was_killed_left_is_removed_by_the_next() {
    let mut lost = Lost::new();
    let folder = lost.root.path().join("var/tmp");
    std::fs::create_dir_all(&folder).unwrap();
    let left = folder.join(".network-reset.0123456789abcdef");
    std::fs::write(&left, "DEVICE=eth0\n").unwrap();
    let mut told = Vec::new();
    lost.reset(&asked(""), &mut |_, progress| told.push(progress))
        .unwrap();
    assert!(!left.exists());
    let named =
        |it: &Progress| matches!(it, Progress::Note(text) if text.contains("0123456789abcdef"));
    assert!(told.iter().any(named), "{told:#?}");
}

#[test]
fn a_trigger_that_cannot_be_written_stops_the_reset_before_the_daemon() {
    let mut lost = Lost::new();
    // No folder can be made there, whoever tries.
    std::fs::write(lost.root.path().join("var/tmp"), "").unwrap();
    let before = lost.state();
    let why = lost.reset(&asked(""), &mut quiet).unwrap_err().to_string();
    assert!(why.ends_with("nothing was changed"), "{why}");
    assert_eq!(lost.state(), before);
    assert!(lost.services.is_empty());
}

#[test]
fn a_reset_that_fails_after_the_daemon_has_stopped_tells_so_and_names_the_trigger_that_waits() {
    let mut lost = Lost::new();
    lost.reset(&asked(""), &mut quiet).unwrap();
    std::fs::remove_dir_all(lost.root.path().join("etc/firstboot.d")).unwrap();
    std::fs::write(lost.root.path().join("etc/firstboot.d"), "").unwrap();
    let why = lost
        .reset(&asked("42"), &mut quiet)
        .unwrap_err()
        .to_string();
    assert!(why.contains("The daemon is stopped"), "{why}");
    assert!(why.contains("var/tmp/network-reset"), "{why}");
}
