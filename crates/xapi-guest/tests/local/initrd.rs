//! The initial file system of a small Linux for virtual machines, with Debian's virtio modules and busybox. The tests of
//! the whole have this file too.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Where `bin/xapi-lab/scripts/install-machines.sh` has put them.
const PARTS: &str = "/var/cache/xapi-lab/guest-kernel";
/// In the order in which they need each other.
const MODULES: [&str; 11] = [
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_console",
    "button",
    "evdev",
];

/// Brings its NICs up as they come, with the address 10.0.0.2 on the first, opens the agent's port as an agent does,
/// and switches off when its button is pressed.
const INIT: &str = "#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox --install -s /bin
for module in MODULES; do insmod /modules/$module.ko; done
for button in /dev/input/event*; do
    (
        # The first read ends when it is pressed.
        head -c 1 $button >/dev/null
        echo $button is pressed
        poweroff -f
    ) &
done
ip link set lo up
cat >/sbin/hotplug <<'END'
#!/bin/sh
[ \"$ACTION $SUBSYSTEM\" = 'add net' ] || exit 0
ip link set \"$INTERFACE\" up
[ \"$INTERFACE\" != eth0 ] || ip addr add 10.0.0.2/24 dev eth0
END
chmod 755 /sbin/hotplug
uevent /sbin/hotplug &
for path in /sys/class/net/eth*; do
    [ -e \"$path\" ] && ACTION=add SUBSYSTEM=net INTERFACE=${path##*/} /sbin/hotplug
done
exec 3<>/dev/vport0p1 || exec 3<>/dev/vport1p1
echo the guest is up
while :; do sleep 1000; done
";

/// A file that boots: `vmlinuz`, `busybox`, or a module.
pub fn part(name: &str) -> PathBuf {
    let path = Path::new(PARTS).join(name);
    assert!(
        path.exists(),
        "{} is missing: bin/xapi-lab/scripts/install-machines.sh brings it",
        path.display()
    );
    path
}

/// The whole, an archive of the kind "newc" of cpio.
pub fn archive() -> Vec<u8> {
    const FOLDER: u32 = 0o040_755;
    const PROGRAM: u32 = 0o100_755;
    let mut archive = Vec::new();
    for folder in ["bin", "sbin", "modules"] {
        entry(&mut archive, folder, FOLDER, b"");
    }
    let init = INIT.replace("MODULES", &MODULES.join(" "));
    entry(&mut archive, "init", PROGRAM, init.as_bytes());
    let busybox = fs::read(part("busybox")).unwrap();
    entry(&mut archive, "bin/busybox", PROGRAM, &busybox);
    for module in MODULES {
        let content = fs::read(part(&format!("{module}.ko"))).unwrap();
        entry(
            &mut archive,
            &format!("modules/{module}.ko"),
            PROGRAM,
            &content,
        );
    }
    entry(&mut archive, "TRAILER!!!", 0, b"");
    archive
}

fn entry(archive: &mut Vec<u8>, name: &str, mode: u32, content: &[u8]) {
    let mut header = "070701".to_owned();
    let size = content.len() as u32;
    let name_size = name.len() as u32 + 1;
    let inode = archive.len() as u32 + 1;
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
