//! Which file counts as a trigger, what it asks for, and what becomes of the others.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use xapi_conf::trigger::{self, Found, Keep, Trigger, find, parse};

struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Root {
        let root = Root(tempfile::tempdir().unwrap());
        for path in trigger::PATHS {
            let folder = root.at(path).parent().unwrap().to_owned();
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).unwrap();
        }
        root
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, path: &str) -> PathBuf {
        self.path().join(path.trim_start_matches('/'))
    }

    fn put(&self, path: &str, text: &str, age: u64) {
        let path = self.at(path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let written = SystemTime::now() - Duration::from_secs(age);
        fs::File::open(&path)
            .unwrap()
            .set_modified(written)
            .unwrap();
    }

    fn find(&self) -> Found {
        find(self.path())
    }

    /// Why the only file is refused.
    fn refusal(&self) -> String {
        let found = self.find();
        assert!(found.chosen.is_none() && found.malformed.is_empty());
        assert_eq!(found.refused.len(), 1, "{found:?}");
        assert!(found.set_aside().is_empty());
        found.refused[0].to_string()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

const VAR_TMP: &str = trigger::PATHS[0];
const TMP: &str = trigger::PATHS[1];
const DHCP: &str = "DEVICE=eth0\nMODE=dhcp\n";

fn device(found: &Found) -> &str {
    &found.chosen.as_ref().unwrap().trigger.management.device
}

fn asked(text: &str) -> Trigger {
    parse(text.as_bytes()).unwrap().0
}

#[test]
fn what_is_written_is_found_readable_by_root_alone() {
    let root = Root::new();
    let wanted = Trigger {
        keep: Keep {
            bonds: true,
            vlans: false,
            names: true,
        },
        ..asked(
            "DEVICE=eth0\nVLAN=7\nMODE=static\nIP=10.0.0.5\nNETMASK=255.255.255.0\nDNS=10.0.0.1\nMODE_V6=autoconf\n",
        )
    };
    let path = trigger::write(root.path(), &wanted).unwrap();
    assert_eq!(path, root.at(VAR_TMP));
    let text = fs::read_to_string(&path).unwrap();
    let want = "DEVICE=eth0\nVLAN=7\nMODE=static\nIP=10.0.0.5\nNETMASK=255.255.255.0\nMODE_V6=autoconf\n\
                DNS=10.0.0.1\nKEEP_BONDS=1\nKEEP_NAMES=1\n";
    assert_eq!(text, want);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    let found = root.find();
    assert_eq!(found.chosen.as_ref().unwrap().trigger, wanted);
    found.chosen.unwrap().remove().unwrap();
    assert!(root.find().chosen.is_none());
    assert!(root.names("/var/tmp").is_empty());
}

#[test]
fn what_others_left_in_its_place_does_not_keep_a_trigger_from_being_written() {
    for plant in [
        (|path: &Path| fs::create_dir(path).unwrap()) as fn(&Path),
        |path| symlink("/etc/passwd", path).unwrap(),
        |path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        |path| {
            // And every name that the folder could get.
            fs::create_dir(path).unwrap();
            for n in 1..=9 {
                fs::write(path.with_file_name(format!("network-reset.aside-{n}")), "").unwrap();
            }
        },
    ] {
        let root = Root::new();
        plant(&root.at(VAR_TMP));
        trigger::write(root.path(), &asked(DHCP)).unwrap();
        assert_eq!(device(&root.find()), "eth0");
    }
}

#[test]
fn who_makes_a_folder_in_its_place_again_and_again_does_not_keep_a_trigger_from_being_written() {
    let root = Root::new();
    let place = root.at(VAR_TMP);
    let is_over = AtomicBool::new(false);
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                if fs::create_dir(&place).is_ok() {
                    made.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let written = (0..20).try_for_each(|_| {
            trigger::write(root.path(), &asked(DHCP))?;
            match root.find().chosen {
                Some(pending) => pending.remove().map(|removed| assert!(removed)),
                None => Err(std::io::Error::other("it is not found")),
            }
        });
        is_over.store(true, Ordering::Relaxed);
        written.unwrap();
    });
    assert!(made.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_trigger_that_is_prepared_counts_when_it_is_put_in_its_place_and_else_leaves_nothing() {
    let root = Root::new();
    root.put(TMP, "DEVICE=earlier\nMODE=dhcp\n", 0);
    let prepared = trigger::prepare(root.path(), &asked(DHCP)).unwrap();
    assert_eq!(device(&root.find()), "earlier");
    drop(prepared);
    assert!(root.names("/var/tmp").is_empty());
    let prepared = trigger::prepare(root.path(), &asked(DHCP)).unwrap();
    prepared.put().unwrap();
    assert_eq!(device(&root.find()), "eth0");
    assert_eq!(root.names("/var/tmp"), ["network-reset"]);
}

#[test]
fn what_a_killed_writer_left_is_swept_and_what_a_living_one_holds_is_not() {
    let root = Root::new();
    let left = format!("/var/tmp/.network-reset.{}", "0123456789abcdef");
    root.put(&left, DHCP, 0);
    let others = [
        "/var/tmp/.network-reset.short",
        "/var/tmp/.network-reset.0123456789abcdeg",
        "/var/tmp/network-reset.0123456789abcdef",
        "/tmp/.network-reset.0123456789abcdef",
    ];
    for other in others {
        root.put(other, DHCP, 0);
    }
    let elsewhere = root.at("/var/tmp/.network-reset.aaaaaaaaaaaaaaaa");
    symlink(root.at(VAR_TMP), &elsewhere).unwrap();
    let theirs = "/var/tmp/.network-reset.bbbbbbbbbbbbbbbb";
    root.put(theirs, DHCP, 0);
    if nix::unistd::geteuid().is_root() {
        let somebody = Some(nix::unistd::Uid::from_raw(1000));
        nix::unistd::chown(&root.at(theirs), somebody, None).unwrap();
    } else {
        fs::remove_file(root.at(theirs)).unwrap();
    }
    let before = root.names("/var/tmp").len();
    let prepared = trigger::prepare(root.path(), &asked(DHCP)).unwrap();
    let swept = trigger::sweep(root.path());
    assert_eq!(swept.len(), 1, "{swept:?}");
    assert_eq!(swept[0].0, root.at(&left));
    assert!(swept[0].1.is_ok());
    assert_eq!(root.names("/var/tmp").len(), before, "one less, one more");
    prepared.put().unwrap();
    assert_eq!(device(&root.find()), "eth0");
    assert!(trigger::sweep(root.path()).is_empty());
}

#[test]
fn of_two_triggers_the_newer_counts_and_the_other_is_set_aside() {
    for (old, new) in [(VAR_TMP, TMP), (TMP, VAR_TMP)] {
        let root = Root::new();
        root.put(old, "DEVICE=old\nMODE=dhcp\n", 60);
        root.put(new, "DEVICE=new\nMODE=dhcp\n", 10);
        let found = root.find();
        assert_eq!(device(&found), "new");
        let aside = found.set_aside();
        assert_eq!(aside.len(), 1);
        let kept = aside[0].1.as_ref().unwrap();
        assert_eq!(
            *kept,
            PathBuf::from(format!("{}.aside-1", root.at(old).display()))
        );
        assert!(fs::read_to_string(kept).unwrap().contains("old"));
        let again = root.find();
        assert!(again.older.is_none());
        assert_eq!(device(&again), "new");
    }
}

#[test]
fn what_is_written_counts_whatever_the_clock_said_when_another_was_left() {
    let root = Root::new();
    root.put(TMP, "DEVICE=stale\nMODE=dhcp\n", 0);
    let later = SystemTime::now() + Duration::from_secs(86_400);
    let stale = fs::File::open(root.at(TMP)).unwrap();
    stale.set_modified(later).unwrap();
    root.put(VAR_TMP, DHCP, 60);
    assert_eq!(device(&root.find()), "eth0");
    trigger::write(root.path(), &asked(DHCP)).unwrap();
    let found = root.find();
    assert!(found.older.is_none());
    assert_eq!(device(&found), "eth0");
    assert_eq!(root.names("/tmp"), ["network-reset.aside-1"]);
    assert_eq!(root.names("/var/tmp"), ["network-reset"]);
}

#[test]
fn a_trigger_is_replaced_where_one_folder_has_both_names() {
    let root = Root::new();
    fs::remove_dir(root.at("/tmp")).unwrap();
    symlink("var/tmp", root.at("/tmp")).unwrap();
    root.put(VAR_TMP, "DEVICE=stale\nMODE=dhcp\n", 0);
    trigger::write(root.path(), &asked(DHCP)).unwrap();
    assert_eq!(device(&root.find()), "eth0");
    assert_eq!(root.names("/var/tmp"), ["network-reset"]);
}

#[test]
fn one_folder_under_both_names_holds_one_trigger() {
    let root = Root::new();
    fs::remove_dir(root.at("/tmp")).unwrap();
    symlink("var/tmp", root.at("/tmp")).unwrap();
    root.put(VAR_TMP, DHCP, 0);
    let found = root.find();
    assert_eq!(device(&found), "eth0");
    assert!(found.older.is_none() && found.set_aside().is_empty());
    assert!(root.at(VAR_TMP).exists());
}

#[test]
fn what_is_not_a_plain_file_of_root_is_refused_and_stays() {
    let check = |plant: &dyn Fn(&Root, &Path), want: &str| {
        for path in trigger::PATHS {
            let root = Root::new();
            let place = root.at(path);
            plant(&root, &place);
            let why = root.refusal();
            assert!(why.contains(want) && why.contains(path), "{why}");
            assert!(fs::symlink_metadata(&place).is_ok());
            // It is in the way of none that is good.
            let other = if path == TMP { VAR_TMP } else { TMP };
            root.put(other, DHCP, 0);
            let found = root.find();
            assert_eq!((device(&found), found.refused.len()), ("eth0", 1));
        }
    };
    check(
        &|root, place| {
            fs::write(root.path().join("target"), DHCP).unwrap();
            symlink(root.path().join("target"), place).unwrap();
        },
        "symbolic link",
    );
    check(
        &|_, place| symlink("/nowhere", place).unwrap(),
        "symbolic link",
    );
    check(
        &|_, place| nix::unistd::mkfifo(place, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        "no plain file",
    );
    check(&|_, place| fs::create_dir(place).unwrap(), "no plain file");
    check(
        &|_, place| {
            // The socket is closed at once; its name stays.
            std::os::unix::net::UnixListener::bind(place).unwrap();
        },
        "no plain file",
    );
    check(
        &|_, place| fs::File::create(place).unwrap().set_len(1 << 30).unwrap(),
        "1073741824 octets",
    );
    check(
        &|root, place| {
            fs::write(place, DHCP).unwrap();
            fs::hard_link(place, root.path().join("second")).unwrap();
        },
        "2 names",
    );
    for mode in [0o622, 0o620, 0o602, 0o666] {
        let plant = |_: &Root, place: &Path| {
            fs::write(place, DHCP).unwrap();
            fs::set_permissions(place, fs::Permissions::from_mode(mode)).unwrap();
        };
        check(&plant, &format!("mode {mode:04o}"));
    }
}

#[test]
fn a_trigger_of_an_ordinary_user_is_refused() {
    if !nix::unistd::geteuid().is_root() {
        // What belongs to root below the root of others is theirs to judge: only root can make a file of somebody else.
        let root = Root::new();
        fs::write(root.at(TMP), DHCP).unwrap();
        assert!(find(root.path()).chosen.is_some());
        return;
    }
    let root = Root::new();
    root.put(TMP, DHCP, 0);
    std::os::unix::fs::chown(root.at(TMP), Some(65534), None).unwrap();
    assert!(
        root.refusal()
            .contains("belongs to the user with number 65534")
    );
}

#[test]
fn a_malformed_trigger_is_told_line_by_line_and_set_aside() {
    let root = Root::new();
    let text = "DEVICE=eth0\n\nMODE=ststic\nnonsense\nIP=10.0.0.5\nIP=10.0.0.6\n\u{fffd}=1\nKEEP_BONDS=perhaps\n";
    root.put(VAR_TMP, text, 0);
    root.put(TMP, "DEVICE=eth1\nMODE=dhcp\n", 60);
    let found = root.find();
    // A good one counts, however old.
    assert_eq!(device(&found), "eth1");
    let told: Vec<String> = found.malformed[0]
        .complaints
        .iter()
        .map(ToString::to_string)
        .collect();
    let want = [
        r#"line 3: MODE "ststic": the mode of IPv4 is static, dhcp or none"#,
        r#"line 4: "nonsense": each line is KEY=value"#,
        "line 6: IP is given a second time",
        r#"line 8: KEEP_BONDS "perhaps": 1 for yes or 0 for no"#,
    ];
    assert_eq!(told, want);
    for (_, aside) in found.set_aside() {
        aside.unwrap();
    }
    assert_eq!(root.names("/var/tmp"), ["network-reset.aside-1"]);
    assert_eq!(root.names("/tmp"), ["network-reset"]);
}

#[test]
fn a_trigger_without_a_device_or_of_bytes_is_malformed() {
    let complaints = |text: &[u8]| {
        let complaints = parse(text).unwrap_err();
        let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        lines.join("; ")
    };
    assert_eq!(
        complaints(b"MODE=dhcp\n"),
        "DEVICE is missing: the NIC that shall carry management, such as eth0"
    );
    assert!(complaints(b"").contains("DEVICE is missing"));
    assert!(complaints(b"DEVICE=eth0\nMODE=\xff\n").contains("line 2"));
    let many = "x\n".repeat(500);
    let told = parse(many.as_bytes()).unwrap_err();
    assert_eq!(told.len(), 21);
    assert!(told.last().unwrap().to_string().contains("more complaints"));
}

#[test]
fn what_other_programs_write_is_taken() {
    // XAPI's tool, xsconsole, and one by hand with quotes.
    for text in [
        "DEVICE=eth0\nMODE=static\nVLAN=12\nIP=10.0.0.5\nNETMASK=255.255.255.0\nGATEWAY=10.0.0.1\nDNS=10.0.0.1,10.0.0.2\n",
        "DEVICE='eth0'\nMODE='static'\nVLAN='12'\nIP='10.0.0.5'\nNETMASK='255.255.255.0'\nGATEWAY='10.0.0.1'\nDNS='10.0.0.1,10.0.0.2'\n",
        "# mine\r\n DEVICE = \"eth0\"\r\nVLAN=12\r\nMODE=Static\r\nIP=10.0.0.5\r\nNETMASK=255.255.255.0\r\nGATEWAY=10.0.0.1\r\nDNS=10.0.0.1, 10.0.0.2\r\n",
    ] {
        let (read, warnings) = parse(text.as_bytes()).unwrap();
        assert_eq!(warnings, []);
        assert_eq!(read.management.vlan, Some(12));
        assert_eq!(read.management.dns.len(), 2);
        assert_eq!(asked(&read.text()), read);
    }
    let (_, warnings) =
        parse(b"DEVICE=eth0\nMODE=dhcp\nIP=\nGATEWAY=10.0.0.1\nFUTURE=1\n").unwrap();
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let want = [
        "line 4: GATEWAY is not used: the modes do without",
        r#"line 5: "FUTURE": nothing is known of this key"#,
    ];
    assert_eq!(told, want);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_fall_over(text in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        if let Ok((trigger, _)) = parse(&text) {
            proptest::prop_assert_eq!(asked(&trigger.text()), trigger);
        }
    }
}
