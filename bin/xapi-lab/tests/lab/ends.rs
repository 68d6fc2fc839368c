//! However a lab ends, nothing of it remains.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;

#[track_caller]
fn nothing_remains(lab: &TestLab, namespaces: &[PathBuf]) {
    let traces = traces(&lab.name, namespaces);
    assert!(traces.is_empty(), "{traces:#?}");
}

#[test]
fn down_leaves_nothing_behind_even_of_what_users_left_running() {
    let lab = TestLab::up(&["--hosts", "2"]);
    lab.on("xs-1", "setsid sleep 1000 >/dev/null 2>&1 &");
    lab.on("client", "setsid sleep 1000 >/dev/null 2>&1 &");
    let namespaces = pid_namespaces(&lab);
    assert_eq!(namespaces.len(), 2);
    assert!(
        traces(&lab.name, &namespaces).len() > 10,
        "or the search for traces finds nothing at all"
    );
    let client = lab.succeeds(&["exec", "client", "--", "readlink", "/proc/self/ns/net"]);

    lab.succeeds(&["down"]);
    nothing_remains(&lab, &namespaces);
    let still_there = fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter(|entry| {
            fs::read_link(entry.path().join("ns/net")).is_ok_and(|own| own == Path::new(&client))
        });
    assert_eq!(
        still_there.count(),
        0,
        "a process is still on the lab's network"
    );
    lab.succeeds(&["down"]);
}

#[test]
fn an_up_that_fails_says_why_and_leaves_nothing() {
    let lab = TestLab::named_only();
    let programs = programs_with_script("echo 'the database is full of mice' >&2; exit 3");
    let said = lab.fails(&["up", "--bin-dir", programs.path().to_str().expect("a path")]);
    assert!(
        said.contains("ended with status 3") && said.contains("the database is full of mice"),
        "{said}"
    );
    nothing_remains(&lab, &[]);
}

#[test]
fn an_up_without_a_daemon_to_run_says_so_before_it_makes_anything() {
    let lab = TestLab::named_only();
    let nothing = tempfile::tempdir().expect("a directory");
    let said = lab.fails(&["up", "--bin-dir", nothing.path().to_str().expect("a path")]);
    assert!(said.contains("--no-daemon"), "{said}");
    nothing_remains(&lab, &[]);
}

#[test]
fn an_interrupted_up_takes_its_lab_along() {
    let lab = TestLab::named_only();
    let programs = programs_with_script("exec sleep 1000");
    let mut up = lab
        .command()
        .args([
            "up",
            "--hosts",
            "2",
            "--bin-dir",
            programs.path().to_str().expect("a path"),
        ])
        .stderr(Stdio::piped())
        .spawn()
        .expect("running xapi-lab");
    eventually("both hosts start", || pid_namespaces(&lab).len() == 2);
    let namespaces = pid_namespaces(&lab);
    kill(Pid::from_raw(up.id() as i32), Signal::SIGINT).expect("interrupting it");
    assert_eq!(up.wait().expect("its end").code(), Some(1));
    nothing_remains(&lab, &namespaces);
}

/// The moments of an `up`, told by what it has made.
const MOMENTS: &[&str] = &[
    "",
    "lab.json",
    "dnsmasq.pid",
    "xs-1",
    "xs-1/etc/upper/hostname",
    "xs-1/keeper.sock",
    "xs-1/init.pid",
    "xs-2",
    "xs-2/init.pid",
];

#[test]
fn down_clears_up_after_an_up_that_was_killed_at_any_moment() {
    for moment in MOMENTS {
        let lab = TestLab::named_only();
        let mut up = lab
            .command()
            .args(["up", "--no-daemon", "--hosts", "2"])
            .spawn()
            .expect("running xapi-lab");
        let sign = lab.state().join(moment);
        eventually(moment, || sign.exists());
        kill(Pid::from_raw(up.id() as i32), Signal::SIGKILL).expect("killing it");
        up.wait().expect("its end");
        lab.succeeds(&["down"]);
        nothing_remains(&lab, &[]);
    }
}

#[test]
fn a_lab_whose_keepers_and_inits_were_killed_goes_down_and_comes_up_again() {
    let lab = TestLab::up(&["--hosts", "2"]);
    let namespaces = pid_namespaces(&lab);
    let init = fs::read_to_string(lab.state().join("xs-1/init.pid")).expect("its init");
    kill(
        Pid::from_raw(init.parse().expect("a number")),
        Signal::SIGKILL,
    )
    .expect("killing it");
    let keeper = format!("__keeper\0{}\0xs-2", lab.name);
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(&keeper) {
            let pid = entry
                .file_name()
                .to_string_lossy()
                .parse()
                .expect("a number");
            kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killing it");
        }
    }
    // A host ends with its init, and an init with its keeper.
    eventually("both hosts end", || {
        !fs::read_dir("/proc")
            .expect("/proc")
            .flatten()
            .any(|entry| {
                fs::read_link(entry.path().join("ns/pid"))
                    .is_ok_and(|own| namespaces.contains(&own))
            })
    });
    eventually("xs-1 is known to be off", || {
        lab.fails(&["exec", "xs-1", "--", "true"])
            .contains("is off")
    });
    lab.succeeds(&["down"]);
    nothing_remains(&lab, &namespaces);
    lab.succeeds(&["up", "--no-daemon"]);
}

#[test]
fn a_second_up_of_the_same_name_is_refused_and_harms_nothing() {
    let lab = TestLab::up(&[]);
    let said = lab.fails(&["up", "--no-daemon"]);
    assert!(said.contains("already"), "{said}");
    assert_eq!(lab.on("xs-1", "hostname"), "xs-1");
}

#[test]
fn verbs_about_a_lab_that_is_not_there_say_so_and_make_nothing() {
    let lab = TestLab::named_only();
    for verb in [
        &["exec", "xs-1", "--", "true"][..],
        &["pull", "xs-1", "eth0"],
        &["reboot", "xs-1"],
        &["logs", "xs-1"],
    ] {
        let said = lab.fails(verb);
        assert!(said.contains("there is no lab"), "{said}");
    }
    nothing_remains(&lab, &[]);
}

#[test]
fn two_labs_side_by_side_have_the_same_addresses_and_nothing_in_common() {
    let (one, other) = (TestLab::up(&[]), TestLab::up(&[]));
    for (lab, word) in [(&one, "one"), (&other, "other")] {
        lab.on("xs-1", &format!("echo {word} > /etc/which"));
        lab.on("client", "ping -c 1 -W 2 172.16.0.10");
    }
    assert_eq!(
        one.on("xs-1", "cat /etc/which; hostname -I"),
        "one\n172.16.0.10"
    );
    assert_eq!(
        other.on("xs-1", "cat /etc/which; hostname -I"),
        "other\n172.16.0.10"
    );
    // A host started later must not hold on to the namespaces of a lab that was there before it.
    assert!(
        !other
            .on("xs-1", "cat /proc/self/mountinfo")
            .contains(&one.name)
    );
    let list = one.succeeds(&["list"]);
    assert!(
        list.lines().any(|name| name == one.name) && list.lines().any(|name| name == other.name),
        "{list}"
    );

    one.on("xs-1", "ip link set xenbr0 down");
    assert!(!one.is_true_on("client", "ping -c 1 -W 1 172.16.0.10"));
    other.on("client", "ping -c 1 -W 2 172.16.0.10");
    one.succeeds(&["down"]);
    other.on("client", "ping -c 1 -W 2 172.16.0.10");
}
