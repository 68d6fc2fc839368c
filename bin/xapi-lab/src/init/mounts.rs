//! The file system a host sees: the machine's, read-only, with its own /etc, /var, /root, /tmp, /run, /dev, /proc
//! and /sys on top.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::failure::{Doing, Result};
use crate::lab::Record;

/// The directory that comes first on a host's PATH.
pub const BIN: &str = "/run/lab/bin";
/// The lab's own program, inside a host.
const PROGRAM: &str = "/run/lab/xapi-lab";
/// The directory with `xapi`, `xe` and their like. The directory, not the files: a rebuilt program is used at its next start.
const PROGRAMS: &str = "/run/lab/programs";
/// The commands of a host that are this program under another name.
const OURS: &[&str] = &[
    "service",
    "systemctl",
    "reboot",
    "poweroff",
    "halt",
    "shutdown",
];
/// Those of the directory that a host has as commands. Only the first two have to be there.
const PROGRAM_NAMES: &[&str] = &["xapi", "xe", "xe-reset-networking", "xsconsole"];
/// What the machine keeps in its device directory and a host may use.
const DEVICES: &[&str] = &[
    "null", "zero", "full", "random", "urandom", "tty", "net/tun", "pts",
];
/// Parts of /proc through which root reaches the machine itself.
const GUARDED: &[&str] = &[
    "/proc/sys",
    "/proc/sysrq-trigger",
    "/proc/irq",
    "/proc/bus",
    "/proc/acpi",
    "/proc/scsi",
];

/// Builds the host's view in the mount namespace just made. `state` is the host's directory on the machine.
pub fn build(state: &Path, record: &Record) -> Result<()> {
    change(
        None,
        Path::new("/"),
        None,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        "",
    )?;

    // What lies under /run or /tmp on the machine must be reached before these are hidden.
    let stage = Path::new("/run/netns");
    // Our copies of named network namespaces would keep those of other labs alive.
    while umount2(stage, MntFlags::MNT_DETACH).is_ok() {}
    fs::create_dir_all(stage).doing(|| "making /run/netns")?;
    change(
        Some(Path::new("tmpfs")),
        stage,
        Some("tmpfs"),
        MsFlags::empty(),
        "mode=0755",
    )?;
    for dir in [
        "lab/programs",
        "lab/control",
        "lab/bin",
        "lock",
        "openvswitch",
        "netns",
    ] {
        make_dir(&stage.join(dir))?;
    }
    let program = stage.join("lab/xapi-lab");
    fs::write(&program, "").doing(|| format!("making {}", program.display()))?;
    bind(&record.program, &program)?;
    bind(&record.bin_dir, &stage.join("lab/programs"))?;
    bind(&state.join("control"), &stage.join("lab/control"))?;

    for name in ["etc", "var", "root"] {
        overlay(state, name)?;
    }
    make_dir(Path::new("/var/log"))?;
    make_dir(Path::new("/var/lib/xcp"))?;
    bind(&state.join("logs"), Path::new("/var/log"))?;
    bind(&state.join("xcp"), Path::new("/var/lib/xcp"))?;

    protect_machine()?;
    change(
        Some(Path::new("tmpfs")),
        Path::new("/tmp"),
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        "mode=1777",
    )?;
    devices()?;
    kernel_views()?;
    change(Some(stage), Path::new("/run"), None, MsFlags::MS_MOVE, "")?;
    commands()
}

/// An overlay over one of the machine's directories; the host's changes go to its state.
fn overlay(state: &Path, name: &str) -> Result<()> {
    let dir = state.join(name);
    let at = Path::new("/").join(name);
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        at.display(),
        dir.join("upper").display(),
        dir.join("work").display()
    );
    change(
        Some(Path::new("overlay")),
        &at,
        Some("overlay"),
        MsFlags::empty(),
        &options,
    )
}

/// Makes every file system of the machine read-only here; the host's own were mounted since, or come later.
fn protect_machine() -> Result<()> {
    let table = fs::read_to_string("/proc/self/mountinfo").doing(|| "reading the mount table")?;
    let own = ["/etc", "/var", "/root", "/var/log", "/var/lib/xcp"];
    for line in table.lines() {
        let mut fields = line.split(' ');
        let (Some(at), Some(options)) = (fields.nth(4), fields.next()) else {
            continue;
        };
        let at = unescape(at);
        let under = |dir: &str| at == dir || at.starts_with(&format!("{dir}/"));
        if own.contains(&at.as_str())
            || ["/proc", "/sys", "/dev", "/run"]
                .iter()
                .any(|dir| under(dir))
        {
            continue;
        }
        let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        for option in options.split(',') {
            flags |= match option {
                "nosuid" => MsFlags::MS_NOSUID,
                "nodev" => MsFlags::MS_NODEV,
                "noexec" => MsFlags::MS_NOEXEC,
                "noatime" => MsFlags::MS_NOATIME,
                "nodiratime" => MsFlags::MS_NODIRATIME,
                "relatime" => MsFlags::MS_RELATIME,
                _ => MsFlags::empty(),
            };
        }
        match mount(
            None::<&Path>,
            at.as_str(),
            None::<&Path>,
            flags,
            None::<&Path>,
        ) {
            // Something else is mounted over it, or its server has gone: nobody gets there from here.
            Err(
                nix::errno::Errno::EINVAL | nix::errno::Errno::ENOENT | nix::errno::Errno::EACCES,
            ) => {}
            outcome => outcome.doing(|| format!("making {at} read-only"))?,
        }
    }
    Ok(())
}

/// The mount table writes blanks, tabs, newlines and backslashes in octal.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

/// A device directory with the harmless devices only.
fn devices() -> Result<()> {
    let stage = Path::new("/tmp");
    // Built on the still empty /tmp, since the machine's nodes are out of sight once it is in place.
    let dev = stage.join("dev");
    make_dir(&dev)?;
    change(
        Some(Path::new("tmpfs")),
        &dev,
        Some("tmpfs"),
        MsFlags::MS_NOSUID,
        "mode=0755",
    )?;
    for name in DEVICES {
        let (from, to) = (Path::new("/dev").join(name), dev.join(name));
        if !from.exists() {
            continue;
        }
        if from.is_dir() {
            make_dir(&to)?;
        } else {
            make_dir(to.parent().unwrap_or(&dev))?;
            fs::write(&to, "").doing(|| format!("making {}", to.display()))?;
        }
        bind(&from, &to)?;
    }
    for (name, target) in [
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, dev.join(name)).doing(|| format!("making /dev/{name}"))?;
    }
    make_dir(&dev.join("shm"))?;
    change(
        Some(Path::new("tmpfs")),
        &dev.join("shm"),
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        "mode=1777",
    )?;
    change(Some(&dev), Path::new("/dev"), None, MsFlags::MS_MOVE, "")?;
    fs::remove_dir(&dev).doing(|| "clearing /tmp")
}

/// Fresh /proc and /sys of the host's own namespaces, of which the parts that are not its own can't be written.
fn kernel_views() -> Result<()> {
    let plain = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    change(
        Some(Path::new("proc")),
        Path::new("/proc"),
        Some("proc"),
        plain,
        "",
    )?;
    for path in GUARDED.iter().map(Path::new).filter(|path| path.exists()) {
        bind(path, path)?;
    }
    bind(Path::new("/proc/sys/net"), Path::new("/proc/sys/net"))?;
    for path in GUARDED.iter().map(Path::new).filter(|path| path.exists()) {
        read_only(path, plain)?;
    }

    change(
        Some(Path::new("sysfs")),
        Path::new("/sys"),
        Some("sysfs"),
        plain,
        "",
    )?;
    let net = Path::new("/sys/devices/virtual/net");
    bind(net, net)?;
    read_only(Path::new("/sys"), plain)
}

/// Puts the lab's commands first on PATH, and in place of those that would talk to the machine's init.
fn commands() -> Result<()> {
    for name in OURS {
        symlink(PROGRAM, Path::new(BIN).join(name)).doing(|| format!("making {BIN}/{name}"))?;
    }
    for name in PROGRAM_NAMES {
        let target = Path::new(PROGRAMS).join(name);
        symlink(target, Path::new(BIN).join(name)).doing(|| format!("making {BIN}/{name}"))?;
    }
    // Scripts also name these by their path (/sbin/reboot -f). Where they are links to systemctl, as on Debian,
    // the bind mount lands on that, and we go by the name we are called.
    for dir in ["/usr/bin", "/usr/sbin"] {
        for name in OURS {
            let path = Path::new(dir).join(name);
            let a_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
            if a_file {
                bind(Path::new(PROGRAM), &path)?;
            }
        }
    }
    Ok(())
}

fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).doing(|| format!("making {}", path.display()))
}

fn bind(from: &Path, to: &Path) -> Result<()> {
    change(Some(from), to, None, MsFlags::MS_BIND | MsFlags::MS_REC, "")
}

fn read_only(path: &Path, flags: MsFlags) -> Result<()> {
    change(
        None,
        path,
        None,
        MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | flags,
        "",
    )
}

fn change(
    from: Option<&Path>,
    at: &Path,
    kind: Option<&str>,
    flags: MsFlags,
    options: &str,
) -> Result<()> {
    mount(from, at, kind, flags, Some(options)).doing(|| match kind {
        Some(kind) => format!("mounting {kind} on {}", at.display()),
        None => format!("changing the mount at {}", at.display()),
    })
}
