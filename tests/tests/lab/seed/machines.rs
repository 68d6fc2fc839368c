//! The lines about running VMs once more, with virtual machines: what lets go of a NIC, or does not, is a kernel.

use std::fs;

use xapi_model::{Bond, VmGuestMetrics};
use xapi_tests::lab::quiet_at_most;
use xapi_tests::{Lab, eventually};

use super::{SETTLING, SILENCE, Stage};
use xapi_tests::stage::{Machine, machine, refused, uuid_of, xe};

#[path = "../../../../crates/xapi-guest/tests/local/initrd.rs"]
mod initrd;

const MEMBERS: [&str; 2] = ["eth1", "eth2"];
/// The address that the machine's initial file system gives it, and one beside it.
const GUEST: &str = "10.0.0.2";
const PEER: &str = "10.0.0.1";

/// The parameters of a machine that boots Linux, with more words on its command line.
fn boots(words: &str) -> String {
    format!(
        "PV-kernel=/var/lib/xcp/guest/vmlinuz PV-ramdisk=/var/lib/xcp/guest/initrd \
         PV-args=\"console=ttyS0 quiet panic=-1 {words}\""
    )
}

/// A host that runs machines in QEMU.
fn stage() -> Stage {
    let stage = Stage::new();
    let folder = stage.lab.state("xs-1").join("guest");
    fs::create_dir_all(&folder).expect("a folder");
    fs::copy(initrd::part("vmlinuz"), folder.join("vmlinuz")).expect("a kernel");
    fs::write(folder.join("initrd"), initrd::archive()).expect("an initial file system");
    stage.lab.exec(
        "xs-1",
        "sed -i 's/guests.kind = .*/guests.kind = \"qemu\"/' /etc/xensource/xapi.toml; service xapi restart",
    );
    stage
        .lab
        .client(&format!("ip address add {PEER}/24 dev lab0"));
    Stage {
        xen: stage.lab.api("xs-1"),
        ..stage
    }
}

/// Starts a machine, and waits until its drivers are up.
fn boot(stage: &Stage, its: &Machine) {
    its.start(&stage.lab);
    eventually("its drivers are up", || {
        let all = stage.xen.all::<VmGuestMetrics>();
        match all.iter().any(|(_, row)| row.pv_drivers_detected) {
            true => Ok(()),
            false => Err(format!("{all:?}")),
        }
    });
    // It announces nothing; an earlier machine with its address had another MAC address.
    stage.lab.client("ip neighbour flush dev lab0");
}

fn off(lab: &Lab, its: &Machine) {
    xe(lab, &format!("vm-shutdown uuid={} force=true", its.uuid));
}

#[test]
fn a_bond_is_made_and_destroyed_with_a_vif_of_a_machine_with_pv_drivers() {
    let stage = stage();
    let uuid = stage.network_uuid("eth2");
    let running = machine(&stage.lab, "running", &uuid, &boots(""));
    boot(&stage, &running);
    let mac = running.row(&stage.xen).mac;
    stage.is_heard_by("eth2", GUEST, &mac);
    let bonded = stage.bond(MEMBERS);
    let row = running.row(&stage.xen);
    assert_eq!(
        (&row.network, row.currently_attached),
        (&bonded.network, true)
    );
    stage.is_heard_by_each(MEMBERS, GUEST, &mac);
    stage.unbond(&bonded);
    assert_eq!(running.bridge(&stage.lab, &stage.xen), "xenbr1");
    stage.is_heard_by("eth1", GUEST, &mac);
    off(&stage.lab, &running);
}

#[test]
fn a_machine_without_pv_drivers_keeps_a_bond_from_being_made_and_destroyed() {
    let stage = stage();
    let uuid = stage.network_uuid("eth2");
    // With nothing to boot it has no driver of any kind.
    let bare = machine(&stage.lab, "bare", &uuid, "");
    bare.start(&stage.lab);
    let network = stage.xen.new_network("bonded");
    let create = stage.bond_line(&network, MEMBERS);
    let told = stage.change("Bond.create, refused", || refused(&stage.lab, &create));
    assert!(
        told.to_lowercase().contains("no tools and drivers"),
        "{told}"
    );
    assert!(stage.xen.all::<Bond>().is_empty());
    assert!(bare.row(&stage.xen).currently_attached);
    assert_eq!(bare.bridge(&stage.lab, &stage.xen), "xenbr2");

    off(&stage.lab, &bare);
    let bond = xe(&stage.lab, &create);
    let bridge = stage
        .xen
        .session()
        .field(&network, xapi_model::Network::BRIDGE)
        .unwrap();
    bare.start(&stage.lab);
    let destroy = format!("bond-destroy uuid={bond}");
    let told = stage.change("Bond.destroy, refused", || refused(&stage.lab, &destroy));
    assert!(
        told.to_lowercase().contains("no tools and drivers"),
        "{told}"
    );
    assert_eq!(stage.xen.all::<Bond>().len(), 1);
    assert!(bare.row(&stage.xen).currently_attached);
    assert_eq!(bare.bridge(&stage.lab, &stage.xen), bridge);
    off(&stage.lab, &bare);
}

#[test]
fn a_machine_that_does_not_let_go_keeps_a_bond_from_being_made_and_destroyed() {
    let stage = stage();
    let network = stage.xen.new_network("bonded");
    let create = stage.bond_line(&network, MEMBERS);
    let destroy = |bond: &str| format!("bond-destroy uuid={bond}");
    let mut bond = String::new();
    for (doing, nics, made) in [
        ("Bond.create, refused", &MEMBERS[1..], false),
        ("Bond.destroy, refused", &MEMBERS[..], true),
    ] {
        let uuid = match made {
            true => uuid_of(&stage.xen, &network),
            false => stage.network_uuid("eth2"),
        };
        // Without ACPI it cannot be told of a NIC that shall go.
        let deaf = machine(&stage.lab, "deaf", &uuid, &boots("acpi=off"));
        boot(&stage, &deaf);
        let mac = deaf.row(&stage.xen).mac;
        let is_heard = || match nics {
            [nic] => stage.is_heard_by(nic, GUEST, &mac),
            _ => stage.is_heard_by_each(MEMBERS, GUEST, &mac),
        };
        is_heard();
        let ping = stage.lab.ping(GUEST);
        let line = if made { destroy(&bond) } else { create.clone() };
        let told = stage.change(doing, || refused(&stage.lab, &line));
        assert!(told.to_lowercase().contains("did not let go"), "{told}");
        ping.wait_for(SETTLING);
        quiet_at_most(SILENCE, "the machine that refused", &ping.stop());
        assert_eq!(stage.xen.all::<Bond>().len(), usize::from(made));
        assert!(deaf.row(&stage.xen).currently_attached);
        is_heard();
        off(&stage.lab, &deaf);
        xe(&stage.lab, &format!("vm-destroy uuid={}", deaf.uuid));
        if !made {
            bond = xe(&stage.lab, &create);
        }
    }
    xe(&stage.lab, &destroy(&bond));
}

/// Holds the thread of a QEMU that is a machine's processor, the busiest but for the first, by ptrace, as soon as the
/// processor has nothing to do: then it holds no lock that QEMU needs. Says so, and lets go when it is ended. The machine
/// stands still, and QEMU does what it is told.
const HOLD: &str = r#"
import ctypes, os, signal, sys
pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
SEIZE, INTERRUPT, DETACH, WALL, FUTEX = 0x4206, 0x4207, 17, 0x40000000, "202"
def ptrace(what, thread):
    if libc.ptrace(what, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace %x of %d" % (what, thread))
def read(thread, name):
    return open("/proc/%d/task/%d/%s" % (pid, thread, name)).read()
def worked(thread):
    return int(read(thread, "stat").rsplit(")", 1)[1].split()[11])
threads = [int(name) for name in os.listdir("/proc/%d/task" % pid) if int(name) != pid]
processor = max(threads, key=worked)
for attempt in range(1000):
    ptrace(SEIZE, processor)
    ptrace(INTERRUPT, processor)
    os.waitpid(processor, WALL)
    if read(processor, "syscall").split()[0] == FUTEX:
        print("held", flush=True)
        signal.pause()
    ptrace(DETACH, processor)
sys.exit("it is never idle")
"#;

#[test]
fn a_machine_that_lets_go_too_late_has_its_vif_plugged_again() {
    let stage = stage();
    stage.lab.exec(
        "xs-1",
        "sed -i 's/unplug_deadline = .*/unplug_deadline = 2/' /etc/xensource/xapi.toml; service xapi restart",
    );
    let stage = Stage {
        xen: stage.lab.api("xs-1"),
        ..stage
    };
    let uuid = stage.network_uuid("eth2");
    let its = machine(&stage.lab, "late", &uuid, &boots(""));
    boot(&stage, &its);
    let mac = its.row(&stage.xen).mac;
    stage.is_heard_by("eth2", GUEST, &mac);
    let port = its.port(&stage.xen);
    let index = || {
        let path = format!("cat /sys/class/net/{port}/ifindex || echo none");
        stage.lab.exec("xs-1", &path)
    };
    let before = index();
    let process = format!("/run/xapi/guests/{}/process.json", its.uuid);
    let pid = stage.lab.exec(
        "xs-1",
        &format!("grep -o '\"pid\": *[0-9]*' {process} | grep -o '[0-9]*$'"),
    );
    stage.lab.feed("xs-1", "cat > /root/hold.py", HOLD);
    let held = stage
        .lab
        .background("xs-1", &format!("exec python3 /root/hold.py {pid}"));
    let told = refused(&stage.lab, &format!("vif-unplug uuid={}", its.vif));
    assert!(told.to_lowercase().contains("did not let go"), "{told}");
    assert!(its.row(&stage.xen).currently_attached);
    assert_eq!(index(), before);
    assert_eq!(its.bridge(&stage.lab, &stage.xen), "xenbr2");
    // What was asked for cannot be taken back: it lets go now, and has it again.
    drop(held);
    eventually("it let go, and has its NIC again", || match index() {
        now if now == before || now == "none" => Err(now),
        _ => Ok(()),
    });
    eventually("its port is there", || {
        let bridge = format!("ovs-vsctl port-to-br {port} 2>&1 || true");
        let bridge = stage.lab.exec("xs-1", &bridge);
        (bridge == "xenbr2").then_some(()).ok_or(bridge)
    });
    assert!(its.row(&stage.xen).currently_attached);
    stage.lab.client("ip neighbour flush dev lab0");
    eventually("it answers", || {
        let ping = format!("ping -c 1 -W 1 {GUEST} > /dev/null && echo yes || echo no");
        let answer = stage.lab.client(&ping);
        (answer == "yes").then_some(()).ok_or(answer)
    });
    stage.is_heard_by("eth2", GUEST, &mac);
    off(&stage.lab, &its);
}
