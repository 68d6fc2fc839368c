//! The firmware's order and names on a machine that has a firmware: QEMU boots Debian's kernel, with six NICs, and this
//! very program in it, which says what it sees in the kernel's own /sys.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use xapi_net::firmware;

/// Where `bin/xapi-lab/scripts/install-machines.sh` has put the kernel, its modules and busybox.
const PARTS: &str = "/var/cache/xapi-lab/guest-kernel";

/// In the order in which they need each other.
const MODULES: [&str; 8] = [
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
];

/// Begins what the program inside says; the other ends it.
const BEGIN: &str = "== cards";
const END: &str = "== end";

/// How long the machine may take. Its instructions are carried out one by one, maybe beside other tests.
const DEADLINE: Duration = Duration::from_secs(180);

/// Six NICs on the bus: two that the firmware numbers, against their order on the bus; one behind a bridge; two functions
/// of one device; one that is nothing of these.
const NICS: [(&str, &str); 6] = [
    ("52:54:00:00:00:01", "bus=pci.0,addr=0x10,acpi-index=2"),
    ("52:54:00:00:00:02", "bus=pci.0,addr=0x11,acpi-index=1"),
    ("52:54:00:00:00:03", "bus=behind,addr=0x4"),
    ("52:54:00:00:00:05", "bus=pci.0,addr=0x7.0x1"),
    (
        "52:54:00:00:00:04",
        "bus=pci.0,addr=0x7.0x0,multifunction=on",
    ),
    ("52:54:00:00:00:06", "bus=pci.0,addr=0x12"),
];

/// Run inside the machine alone: says what it sees.
#[test]
#[ignore = "it is what the machine of the other test runs"]
fn what_this_machine_shows() {
    println!("{BEGIN}");
    for card in firmware::cards(Path::new("/sys")).unwrap() {
        let mac = fs::read_to_string(format!("/sys/class/net/{}/address", card.device)).unwrap();
        let name = card.name.as_ref().map_or("-", |name| name.as_str());
        println!("{} {name} {:?}", mac.trim(), card.place);
    }
    println!("{END}");
}

#[test]
fn a_machine_with_six_nics_shows_them_as_its_firmware_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let initrd = folder.path().join("initrd");
    fs::write(&initrd, archive()).unwrap();
    let begun = Instant::now();
    let said = boot(&initrd);
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        // The harness has begun the line.
        .skip_while(|line| !line.ends_with(BEGIN))
        .skip(1)
        // The machine may be ended before its line is.
        .take_while(|line| !line.starts_with(END))
        .collect();
    assert_eq!(lines.len(), NICS.len(), "the machine said:\n{said}");
    println!("{} in {:?}", lines.join("\n"), begun.elapsed());
    let macs: Vec<_> = lines.iter().map(|line| &line[..17]).collect();
    // Numbered ports, slots or bus by address.
    let numbered: Vec<_> = lines.iter().filter(|line| line.contains(" eno")).collect();
    assert_eq!(
        numbered,
        [
            &"52:54:00:00:00:02 eno1 Onboard(1)",
            &"52:54:00:00:00:01 eno2 Onboard(2)"
        ]
    );
    assert_eq!(macs[..2], ["52:54:00:00:00:02", "52:54:00:00:00:01"]);
    let at = |mac: &str| macs.iter().position(|found| *found == mac).unwrap();
    let name = |mac: &str| lines[at(mac)].split(' ').nth(1).unwrap();
    assert!(at("52:54:00:00:00:04") < at("52:54:00:00:00:05"));
    assert!(name("52:54:00:00:00:04").ends_with("f0"), "{lines:?}");
    assert!(name("52:54:00:00:00:05").ends_with("f1"), "{lines:?}");
    let names: BTreeSet<_> = macs.iter().map(|mac| name(mac)).collect();
    assert_eq!(names.len(), NICS.len(), "two NICs of one name: {lines:?}");
}

/// Boots a machine until it has said all, and gives what it said on its serial port.
fn boot(initrd: &Path) -> String {
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args([
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-display",
        "none",
    ])
    .args([
        "-machine",
        "pc,accel=tcg",
        "-m",
        "256",
        "-serial",
        "stdio",
        "-nic",
        "none",
    ])
    .arg("-kernel")
    .arg(part("vmlinuz"))
    .arg("-initrd")
    .arg(initrd)
    .args(["-append", "console=ttyS0 quiet panic=-1 net.ifnames=0"])
    .args(["-device", "pci-bridge,id=behind,chassis_nr=1,addr=0x5"]);
    for (mac, place) in NICS {
        qemu.arg("-device")
            .arg(format!("virtio-net-pci,mac={mac},{place}"));
    }
    let mut machine = qemu
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("qemu-system-x86_64: bin/xapi-lab/scripts/install-machines.sh brings it");
    let mut output = machine.stdout.take().unwrap();
    let (told, heard) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = output.read(&mut buffer) {
            if told.send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    let until = Instant::now() + DEADLINE;
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains(END) {
        match heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(more) => said.extend(more),
            Err(_) => break,
        }
    }
    machine.kill().unwrap();
    let output = machine.wait_with_output().unwrap();
    reader.join().unwrap();
    said.extend(output.stderr);
    String::from_utf8_lossy(&said).into_owned()
}

fn part(name: &str) -> PathBuf {
    let path = Path::new(PARTS).join(name);
    assert!(
        path.exists(),
        "{} is missing: bin/xapi-lab/scripts/install-machines.sh brings it",
        path.display()
    );
    path
}

/// The libraries that this program runs with, by the files that the kernel has mapped for it.
fn libraries() -> BTreeSet<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let files = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    let libraries = files.filter(|file| file.contains(".so"));
    libraries.map(PathBuf::from).collect()
}

/// An archive of the kind "newc" of cpio, with this program in it.
fn archive() -> Vec<u8> {
    const FOLDER: u32 = 0o040_755;
    const PROGRAM: u32 = 0o100_755;
    let mut archive = Vec::new();
    for folder in ["bin", "lib", "lib64", "modules"] {
        entry(&mut archive, folder, FOLDER, b"");
    }
    let mut init = "#!/bin/busybox sh\n\
        /bin/busybox mkdir -p /proc /sys /dev\n\
        /bin/busybox mount -t proc none /proc\n\
        /bin/busybox mount -t sysfs none /sys\n\
        /bin/busybox mount -t devtmpfs none /dev\n"
        .to_owned();
    for module in MODULES {
        let name = format!("modules/{module}.ko");
        let content = fs::read(part(&format!("{module}.ko"))).unwrap();
        entry(&mut archive, &name, PROGRAM, &content);
        writeln!(init, "/bin/busybox insmod /{name}").unwrap();
    }
    writeln!(
        init,
        "LD_LIBRARY_PATH=/lib /test what_this_machine_shows --exact --ignored --nocapture --test-threads=1\n\
         exec /bin/busybox sleep 1000"
    )
    .unwrap();
    entry(&mut archive, "init", PROGRAM, init.as_bytes());
    let busybox = fs::read(part("busybox")).unwrap();
    entry(&mut archive, "bin/busybox", PROGRAM, &busybox);
    let own = fs::read(std::env::current_exe().unwrap()).unwrap();
    entry(&mut archive, "test", PROGRAM, &own);
    for library in libraries() {
        let name = library.file_name().unwrap().to_str().unwrap();
        let folder = if name.starts_with("ld-") {
            "lib64"
        } else {
            "lib"
        };
        let content = fs::read(&library).unwrap();
        entry(&mut archive, &format!("{folder}/{name}"), PROGRAM, &content);
    }
    entry(&mut archive, "TRAILER!!!", 0, b"");
    archive
}

fn entry(archive: &mut Vec<u8>, name: &str, mode: u32, content: &[u8]) {
    let mut header = "070701".to_owned();
    let size = u32::try_from(content.len()).unwrap();
    let name_size = u32::try_from(name.len()).unwrap() + 1;
    let inode = u32::try_from(archive.len()).unwrap() + 1;
    let fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
    for field in fields {
        write!(header, "{field:08x}").unwrap();
    }
    archive.extend(header.as_bytes());
    archive.extend(name.as_bytes());
    archive.push(0);
    archive.resize(archive.len().next_multiple_of(4), 0);
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(4), 0);
}
