//! Files that lie where a trigger would, and are none: nobody but root resets a host, what root mistyped is told line by
//! line, and the host comes up in any case.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use nix::sys::stat::Mode;
use nix::unistd::{Uid, mkfifo};
use xapi_tests::SimHost;

use crate::stage::*;

/// Something that lies at a path, and a word of what is said of it.
struct Planted {
    what: &'static str,
    lay: fn(&Path),
    word: &'static str,
}

fn file(path: &Path, content: &str, mode: u32) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

const PLANTED: &[Planted] = &[
    Planted {
        what: "an ordinary user's file",
        lay: |path| {
            file(path, STATIC, 0o600);
            nix::unistd::chown(path, Some(Uid::from_raw(1000)), None).unwrap();
        },
        word: "1000",
    },
    Planted {
        what: "a file that everybody may write to",
        lay: |path| file(path, STATIC, 0o666),
        word: "0666",
    },
    Planted {
        what: "a file that a group may write to",
        lay: |path| file(path, STATIC, 0o660),
        word: "0660",
    },
    Planted {
        what: "a symbolic link to a good one",
        lay: |path| {
            let good = path.with_file_name("good");
            file(&good, STATIC, 0o600);
            symlink(good, path).unwrap();
        },
        word: "symbolic link",
    },
    Planted {
        what: "a link to nothing",
        lay: |path| symlink("/nowhere", path).unwrap(),
        word: "symbolic link",
    },
    Planted {
        what: "a second name of root's file",
        lay: |path| {
            let good = path.with_file_name("good");
            file(&good, STATIC, 0o600);
            std::fs::hard_link(good, path).unwrap();
        },
        word: "hard link",
    },
    Planted {
        what: "a pipe",
        lay: |path| mkfifo(path, Mode::from_bits_truncate(0o600)).unwrap(),
        word: "plain file",
    },
    Planted {
        what: "a socket",
        lay: |path| drop(UnixListener::bind(path).unwrap()),
        word: "plain file",
    },
    Planted {
        what: "a folder",
        lay: |path| std::fs::create_dir(path).unwrap(),
        word: "plain file",
    },
    Planted {
        what: "a file of a gigabyte",
        lay: |path| {
            file(path, STATIC, 0o600);
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_len(1 << 30).unwrap();
        },
        word: "1073741824",
    },
];

/// Lays something, boots, and gives what was told; the host must be as it was.
fn boots_as_before(host: &mut SimHost, what: &str) -> Vec<String> {
    let seen = host.seen();
    boot(host);
    let begun = Instant::now();
    host.start();
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{what}: {:?}",
        begun.elapsed()
    );
    assert_eq!(host.seen(), seen, "{what}");
    let up = addresses(host);
    assert!(
        up.iter().any(|line| line.ends_with(" 172.16.0.10/27")),
        "{what}: {up:?}"
    );
    assert_eq!(host.diverged(), Vec::<String>::new(), "{what}");
    alerts(host, "NETWORK_RESET_REFUSED")
}

#[test]
fn what_is_not_a_plain_file_of_roots_alone_is_refused_and_told_once() {
    for planted in PLANTED {
        for at in PATHS {
            let what = format!("{} at {at}", planted.what);
            let mut host = SimHost::new(2);
            let path = host.root().join(at);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            (planted.lay)(&path);
            let told = boots_as_before(&mut host, &what);
            assert_eq!(told.len(), 1, "{what}: {told:?}");
            assert!(
                told[0].contains(at) && told[0].contains(planted.word),
                "{what}: {told:?}"
            );
            assert_eq!(triggers(&host), [at], "{what}: it stays where it is");
            assert_eq!(boots_as_before(&mut host, &what).len(), 1, "{what}");
        }
    }
}

#[test]
fn a_planted_file_does_not_keep_roots_from_being_found() {
    for (mine, theirs) in [(PATHS[0], PATHS[1]), (PATHS[1], PATHS[0])] {
        let mut host = SimHost::new(2);
        plant(&host, mine, STATIC);
        let path = host.root().join(theirs);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        file(&path, &STATIC.replace("172.16.0.20", "172.16.0.66"), 0o666);
        boot(&mut host);
        host.start();
        assert_eq!(addresses(&host), ["xenbr1 172.16.0.20/27"]);
        assert_eq!(triggers(&host), [theirs]);
        assert_eq!(alerts(&host, "NETWORK_RESET_REFUSED").len(), 1);
    }
}

/// Two times, and their seconds since 1970.
const MONTHS: [(&str, u64); 2] = [
    ("2026-01-31T10:00:00Z", 1769853600),
    ("2026-08-31T10:00:00Z", 1788170400),
];

#[test]
fn what_is_planted_again_months_later_is_told_again() {
    let mut host = SimHost::new(2);
    for (round, content) in [(1, "DEVICE=eth1\nMODE=dchp\n"), (2, STATIC)] {
        for (month, (at, seconds)) in MONTHS.iter().enumerate() {
            let path = host.root().join(PATHS[0]);
            if path.exists() {
                std::fs::remove_file(&path).unwrap();
            }
            plant(&host, PATHS[0], content);
            if round == 2 {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o622)).unwrap();
            }
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(*seconds))
                .unwrap();
            let told = boots_as_before(&mut host, content);
            assert_eq!(told.len(), 2 * (round - 1) + month + 1, "{told:?}");
            let last = told
                .iter()
                .find(|body| body.contains(at) && body.contains(PATHS[0]));
            assert!(last.is_some(), "{told:?}");
        }
    }
}

#[test]
fn what_a_reset_that_was_killed_left_is_gone_after_the_next_start() {
    let mut host = SimHost::new(2);
    let left = plant(&host, "var/tmp/.network-reset.0123456789abcdef", STATIC);
    assert_eq!(
        boots_as_before(&mut host, "a leftover"),
        Vec::<String>::new()
    );
    assert!(!left.exists());
}

/// What root may have mistyped, and what must be said of it.
const MISTYPED: &[(&str, &[&str])] = &[
    ("", &["DEVICE"]),
    ("MODE=dhcp\n", &["DEVICE"]),
    ("DEVICE=eth1\n", &["MODE"]),
    ("DEVICE=eth1\nMODE=dchp\n", &["line 2"]),
    ("DEVICE=eth1\nMODE=static\n", &["IP"]),
    (
        "DEVICE=eth1\nMODE=static\nIP=1.2.3\nNETMASK=255.0.255.0\n",
        &["line 3", "line 4"],
    ),
    ("VLAN=4095\nDEVICE=eth1\nMODE=dhcp\n", &["line 1"]),
    ("VLAN=-1\nDEVICE=eth1\nMODE=dhcp\n", &["line 1"]),
    ("DEVICE=../../etc\nMODE=dhcp\n", &["line 1"]),
    ("DEVICE=eth1\nmode: dhcp\n", &["line 2"]),
    ("DEVICE=eth1\nDEVICE=eth0\nMODE=dhcp\n", &["line 2"]),
    ("DEVICE=eth1\nMODE_V6=static\nIPV6=fd00::1\n", &["line 3"]),
    (
        "DEVICE=eth1\nMODE=static\nIP=10.0.0.2\nNETMASK=255.255.255.0\nGATEWAY=10.0.1.1\n",
        &["line 5"],
    ),
    ("DEVICE=eth1\nMODE=dhcp\nKEEP_BONDS=maybe\n", &["line 3"]),
    ("\u{0}\u{1}\u{2}", &["line 1"]),
];

#[test]
fn what_root_mistyped_is_told_line_by_line_and_put_aside() {
    for (content, words) in MISTYPED {
        let mut host = SimHost::new(2);
        plant(&host, PATHS[0], content);
        let told = boots_as_before(&mut host, content);
        assert_eq!(told.len(), 1, "{content:?}: {told:?}");
        for word in *words {
            assert!(told[0].contains(word), "{content:?}: no {word} in {told:?}");
        }
        assert_eq!(triggers(&host), Vec::<&str>::new());
        let aside = host.root().join(format!("{}.aside-1", PATHS[0]));
        assert_eq!(std::fs::read_to_string(aside).unwrap(), *content);
        assert_eq!(boots_as_before(&mut host, content).len(), 1, "{content:?}");
    }
}

#[test]
fn what_others_wrote_for_xapi_is_understood() {
    for content in [
        "DEVICE='eth1'\nMODE='static'\nIP='172.16.0.20'\nNETMASK='255.255.255.224'\n",
        "DEVICE=eth1\r\nMODE=STATIC\r\nIP=172.16.0.20\r\nNETMASK=255.255.255.224\r\nSOMETHING=else",
    ] {
        let mut host = SimHost::new(2);
        plant(&host, PATHS[0], content);
        boot(&mut host);
        host.start();
        assert_eq!(addresses(&host), ["xenbr1 172.16.0.20/27"], "{content:?}");
        assert_eq!(triggers(&host), Vec::<&str>::new());
    }
}
