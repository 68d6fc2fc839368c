//! A host is a machine of its own: its files, processes, name and reboots are not the machine's.

use std::io::Read;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;

#[test]
fn what_a_host_writes_is_not_on_the_machine() {
    let lab = TestLab::up(&[]);
    let name = &lab.name;
    for directory in [
        "/etc",
        "/var/tmp",
        "/root",
        "/tmp",
        "/run",
        "/var/lib/xcp",
        "/dev/shm",
    ] {
        let path = format!("{directory}/{name}");
        lab.on("xs-1", &format!("echo mine > {path}"));
        assert!(!Path::new(&path).exists(), "{path}");
    }
    for directory in ["/usr", "/usr/bin", "/", "/opt", "/home", "/boot"] {
        assert!(
            !lab.is_true_on("xs-1", &format!("touch {directory}/{name}")),
            "{directory} must be read-only"
        );
    }
    assert!(
        !lab.is_true_on("xs-1", "echo 1 > /proc/sys/kernel/panic"),
        "the kernel is the machine's"
    );
    assert!(
        lab.is_true_on(
            "xs-1",
            "[ ! -e /dev/kmsg ] && [ ! -e /dev/mem ] && [ -z \"$(find /dev -type b)\" ]"
        ),
        "disks are the machine's"
    );
}

#[test]
fn a_host_has_its_own_name_processes_devices_and_identity() {
    let lab = TestLab::up(&["--hosts", "2"]);
    let machine = fs::read_to_string("/proc/sys/kernel/hostname").expect("our name");
    assert_eq!(
        lab.on(
            "xs-2",
            "hostname; cat /etc/hostname; pwd; echo $HOME; cat /proc/1/comm"
        ),
        "xs-2\nxs-2\n/root\n/root\nxapi-lab-init"
    );
    lab.on("xs-2", "hostname changed");
    assert_eq!(
        fs::read_to_string("/proc/sys/kernel/hostname").expect("our name"),
        machine
    );

    let seen = lab.on("xs-1", "ps -e -o comm=");
    assert!(
        seen.contains("ovs-vswitchd") && !seen.contains("cargo") && !seen.contains("keeper"),
        "{seen}"
    );
    assert_eq!(lab.on("xs-1", "ls /sys/class/net | grep -c '^eth'"), "6");
    assert!(lab.is_true_on("xs-1", "[ ! -e /run/systemd ]"));

    let uuid = lab.on("xs-1", ". /etc/xensource-inventory; [ \"$INSTALLATION_UUID\" = \"$(env | sed -n 's/^INSTALLATION_UUID=//p')\" ]; echo $INSTALLATION_UUID");
    assert_eq!(uuid.len(), 36);
    assert_ne!(uuid, lab.on("xs-2", "echo $INSTALLATION_UUID"));
    assert_eq!(lab.on("xs-1", "cat /etc/xensource/pool.conf"), "master");
    assert_eq!(
        lab.on("xs-1", "grep -h '^nics' /etc/xensource/xapi.toml"),
        "nics = [\"eth[0-9]*\"]"
    );
    let installed = lab.on("xs-1", "cat /etc/firstboot.d/data/management.conf");
    assert!(
        installed.contains("LABEL='eth0'\nMODE='static'")
            && installed.contains("NETMASK='255.255.255.224'"),
        "{installed}"
    );
}

#[test]
fn the_printed_password_is_roots_on_the_host_alone() {
    let lab = TestLab::named_only();
    let text = lab.succeeds(&["up", "--no-daemon", "--json"]);
    let password =
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")["hosts"][0]["password"]
            .clone();
    let password = password.as_str().expect("a password");
    let check =
        format!("perl -e '$h=(getpwnam(\"root\"))[1]; exit(crypt(\"{password}\",$h) ne $h)'");
    assert!(lab.is_true_on("xs-1", &check));
    assert!(!lab.is_true_on("client", &check));
}

#[test]
fn exec_passes_on_status_signals_input_and_output() {
    let lab = TestLab::up(&[]);
    let status = |arguments: &[&str]| {
        lab.run(&[&["exec", "xs-1", "--"], arguments].concat())
            .status
            .code()
    };
    assert_eq!(status(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(status(&["sh", "-c", "kill -TERM $$"]), Some(128 + 15));
    assert_eq!(status(&["no-such-command"]), Some(127));
    assert_eq!(status(&["/etc/hostname"]), Some(126));
    assert_eq!(
        lab.run(&["exec", "client", "--", "no-such-command"])
            .status
            .code(),
        Some(127)
    );

    // A command that says when it is ready for the signal, and which one came. It reads for a second at most: a signal
    // just before bash begins to read is handled when that ends.
    let script = "trap 'echo got it; exit 5' TERM; echo ready; while :; do read -t 1 line || sleep 0.1; done";
    let mut command = lab
        .command()
        .args(["exec", "xs-1", "--", "bash", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("running xapi-lab");
    let mut stdout = command.stdout.take().expect("its output");
    let mut said = [0; 6];
    stdout.read_exact(&mut said).expect("its output");
    assert_eq!(&said, b"ready\n");
    kill(Pid::from_raw(command.id() as i32), Signal::SIGTERM).expect("sending SIGTERM");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("its output");
    assert_eq!(
        (rest.as_str(), command.wait().expect("its end").code()),
        ("got it\n", Some(5))
    );
}

#[test]
fn a_command_ends_with_the_exec_that_started_it() {
    let lab = TestLab::up(&[]);
    let mut command = lab
        .command()
        .args(["exec", "xs-1", "--", "sleep", "1000"])
        .spawn()
        .expect("running xapi-lab");
    eventually("it runs", || lab.is_true_on("xs-1", "pgrep -x sleep"));
    command.kill().expect("killing it");
    command.wait().expect("its end");
    eventually("it ends", || !lab.is_true_on("xs-1", "pgrep -x sleep"));
}

#[test]
fn exec_keeps_the_terminal() {
    let lab = TestLab::up(&[]);
    let line = format!(
        "{PROGRAM} --name {} exec xs-1 -- sh -c 'tty; test -t 0 && hostname'",
        lab.name
    );
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .output()
        .expect("script");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("/dev/pts/") && said.contains("xs-1"),
        "{said}"
    );
    let line = format!("{PROGRAM} --name {} exec xs-1", lab.name);
    let mut shell = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script");
    use std::io::Write;
    shell
        .stdin
        .take()
        .expect("its input")
        .write_all(b"echo $INSTALLATION_UUID | wc -c; exit 3\n")
        .expect("typing");
    let output = shell.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("[root@xs-1 ~]# ") && said.contains("37"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn exec_adds_less_than_30_ms() {
    let lab = TestLab::up(&[]);
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let start = Instant::now();
            lab.succeeds(&["exec", "xs-1", "--", "true"]);
            start.elapsed()
        })
        .collect();
    times.sort();
    // The machine may be busy with other tests; some of the runs are quick all the same.
    assert!(times[5] < Duration::from_millis(30), "{times:?}");
}

/// Things of every kind that a reboot takes, and of every kind that it leaves.
const BEFORE_REBOOT: &str = "
    touch /tmp/gone /run/gone /etc/kept /var/tmp/kept /var/lib/xcp/kept /root/kept
    ovs-vsctl add-br xapi5; ip link add extra type veth peer name extra2
    ip link set eth3 down; ip link set eth3 name odd; ip link set odd address 02:00:00:00:00:99
    echo 1 > /proc/sys/net/ipv4/ip_forward";

#[track_caller]
fn has_rebooted(lab: &TestLab) {
    lab.on("xs-1", "[ ! -e /tmp/gone ]; [ ! -e /run/gone ]; ls /etc/kept /var/tmp/kept /var/lib/xcp/kept /root/kept");
    assert_eq!(lab.on("xs-1", "ovs-vsctl list-br"), "");
    assert_eq!(
        lab.on("xs-1", "ls /sys/class/net | tr '\\n' ' '").trim(),
        "eth0 eth1 eth2 eth3 eth4 eth5 lo"
    );
    assert_eq!(
        lab.on(
            "xs-1",
            "cat /sys/class/net/eth3/address /proc/sys/net/ipv4/ip_forward"
        ),
        "02:16:3e:01:00:03\n0"
    );
    assert_eq!(
        lab.on("xs-1", "ip -4 -br addr show up | grep -v ^lo || true"),
        ""
    );
    // The switch is none of a host's business: a pulled cable is still pulled.
    lab.on("xs-1", "ip link set eth1 up; ip link set eth2 up");
    assert_eq!(
        lab.on(
            "xs-1",
            "cat /sys/class/net/eth1/carrier /sys/class/net/eth2/carrier"
        ),
        "0\n1"
    );
}

#[test]
fn a_reboot_keeps_the_disk_and_the_nics_and_nothing_else() {
    let lab = TestLab::up(&[]);
    lab.succeeds(&["pull", "xs-1", "eth1"]);
    lab.on("xs-1", BEFORE_REBOOT);
    lab.succeeds(&["reboot", "xs-1"]);
    has_rebooted(&lab);
}

#[test]
fn reboot_inside_a_host_reboots_that_host_and_not_the_machine() {
    let uptime = || {
        fs::read_to_string("/proc/stat")
            .expect("/proc/stat")
            .lines()
            .find(|line| line.starts_with("btime"))
            .map(String::from)
    };
    let before = uptime();
    let lab = TestLab::up(&["--hosts", "2"]);
    lab.on("xs-2", "touch /tmp/stays");
    lab.succeeds(&["pull", "xs-1", "eth1"]);
    let in_a_host = "[ $(cat /proc/1/comm) = xapi-lab-init ] && ";
    for way in [
        "reboot",
        "/sbin/reboot -f",
        "systemctl reboot",
        "shutdown -r now",
        "perl -e 'syscall(169, 0xfee1dead, 672274793, 0x1234567)'",
    ] {
        lab.on("xs-1", BEFORE_REBOOT);
        // The shell that asks may end with its host.
        lab.run(&[
            "exec",
            "xs-1",
            "--",
            "sh",
            "-c",
            &format!("{in_a_host} {way}"),
        ]);
        eventually(way, || {
            lab.is_true_on("xs-1", "[ ! -e /tmp/gone ] && ovs-vsctl --timeout=5 show")
        });
        has_rebooted(&lab);
    }
    lab.on("xs-2", "ls /tmp/stays");
    assert_eq!(uptime(), before);
}

#[test]
fn a_host_that_was_switched_off_is_off_until_it_is_rebooted() {
    let lab = TestLab::up(&[]);
    lab.run(&["exec", "xs-1", "--", "poweroff"]);
    eventually("it is off", || {
        lab.run(&["exec", "xs-1", "--", "true"]).status.code() == Some(1)
    });
    assert!(lab.fails(&["start", "xs-1"]).contains("is off"));
    lab.succeeds(&["reboot", "xs-1"]);
    assert_eq!(lab.on("xs-1", "hostname"), "xs-1");
}

#[test]
fn open_vswitch_works_without_options_and_comes_back_when_it_is_killed() {
    let lab = TestLab::up(&[]);
    assert_eq!(
        lab.on("xs-1", "ovs-vsctl list-br; ovs-vsctl list-ports xenbr0"),
        "xenbr0\neth0"
    );
    assert!(lab.on("xs-1", "ovs-appctl bond/list").starts_with("bond"));
    for daemon in ["ovs-vswitchd", "ovsdb-server"] {
        for signal in ["TERM", "KILL"] {
            let before = lab.on("xs-1", &format!("service {daemon} status"));
            lab.on("xs-1", &format!("pkill -{signal} {daemon}"));
            let again = format!("now=$(service {daemon} status) && [ \"$now\" != '{before}' ]");
            eventually(daemon, || lab.is_true_on("xs-1", &again));
            lab.on("xs-1", "ovs-vsctl --timeout=10 list-br | grep xenbr0");
        }
    }
    let stopped = lab.on("xs-1", "service openvswitch restart; service openvswitch stop; service openvswitch status || echo $?");
    assert_eq!(
        stopped,
        "Stopping openvswitch: .. [ OK ]\nStarting openvswitch: OK [ OK ]\nStopping openvswitch: .. [ OK ]\n\
         ovsdb-server is not running\novs-vswitchd is not running\n3"
    );
    lab.on(
        "xs-1",
        "service openvswitch start; ovs-vsctl --timeout=10 list-br | grep xenbr0",
    );
    lab.on("client", "ping -c 20 -i 0.2 -W 1 172.16.0.10 | grep -q ' 0% packet loss' || ping -c 5 -i 0.2 -W 1 172.16.0.10");
}
