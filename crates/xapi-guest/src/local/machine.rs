//! What is particular about a guest in QEMU: its command line, its NICs, which are virtio devices with a tap behind
//! each, and its state as a file.
//!
//! QEMU makes the taps itself and they go with it, so that none is left however a machine ends; and a tap that we made
//! would need an ioctl that nothing offers without unsafe code.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::guest::Guest;
use super::{ANSWER_WITHIN, Accelerator, Config, Host, nics};
use crate::folder::NicRecord;
use crate::qmp::QmpError;
use crate::{GuestError, GuestSpec, Machine, Nic, check, host_end};

/// Slots of the PCI bus: a device must be in the same one when a machine resumes.
const SERIAL_SLOT: u32 = 0x3;
const FIRST_DISK_SLOT: u32 = 0x4;
const FIRST_NIC_SLOT: u32 = 0x10;
/// How much of the console is kept, in octets: a power of two, as QEMU wants it.
const CONSOLE: u32 = 1 << 16;
/// What QEMU calls a file that was given to it.
const STATE: &str = "state";

/// What the guest's process is told to become.
pub(super) fn arguments(
    config: &Config,
    spec: &GuestSpec,
    body: &Machine,
    resumes: bool,
) -> Vec<OsString> {
    let accelerator = match config.accelerator {
        Accelerator::Tcg => "tcg",
        Accelerator::Kvm => "kvm",
    };
    let mut all: Vec<OsString> = vec!["run".into(), config.qemu.clone().into()];
    let mut add = |words: &[&str]| all.extend(words.iter().map(OsString::from));
    add(&[
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-vga",
        "none",
    ]);
    add(&["-machine", "pc", "-accel", accelerator, "-S"]);
    add(&[
        "-name",
        &format!("guest={}", doubled(&spec.name)),
        "-uuid",
        &spec.uuid,
    ]);
    add(&[
        "-m",
        &body.memory_mib.to_string(),
        "-smp",
        &body.cpus.to_string(),
    ]);
    add(&[
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    ]);
    // The socket is standard input, and listens already.
    add(&["-chardev", "socket,id=control,fd=0,server=on,wait=off"]);
    add(&["-mon", "chardev=control,mode=control"]);
    add(&["-chardev", &format!("ringbuf,id=console,size={CONSOLE}")]);
    add(&["-serial", "chardev:console"]);
    // Nobody speaks to the agent yet; that it opens its port is what counts.
    add(&["-chardev", "null,id=agent"]);
    add(&[
        "-device",
        &format!("virtio-serial-pci,id=serial,addr={SERIAL_SLOT:#x}"),
    ]);
    add(&[
        "-device",
        "virtserialport,id=agent,bus=serial.0,chardev=agent,name=org.qemu.guest_agent.0",
    ]);
    if resumes {
        add(&["-incoming", "defer"]);
    }
    if let Some(kernel) = &body.kernel {
        all.extend(["-kernel".into(), kernel.into()]);
        all.extend(["-append".into(), OsString::from(&body.command_line)]);
    }
    if let Some(initrd) = &body.initrd {
        all.extend(["-initrd".into(), initrd.into()]);
    }
    for (slot, path) in (FIRST_DISK_SLOT..).zip(&body.disks) {
        let path = doubled(&path.to_string_lossy());
        let drive = format!("file={path},format=raw,if=none,id=disk{slot}");
        let device = format!("virtio-blk-pci,drive=disk{slot},addr={slot:#x}");
        all.extend([
            "-drive".into(),
            drive.into(),
            "-device".into(),
            device.into(),
        ]);
    }
    all
}

/// A text in a list of options, where a comma would end it.
fn doubled(text: &str) -> String {
    text.replace(',', ",,")
}

/// What is behind a NIC, as an argument.
pub(super) fn back_end(device: u32) -> Value {
    json!({"id": format!("net{device}")})
}

pub(super) fn offer(host: &Host, guest: &Guest, name: &str, nic: &Nic) -> Result<(), GuestError> {
    guest.command("netdev_add", tap(name, nic.device))?;
    let dressed = host.links().dress(name, nic.mtu);
    dressed.map_err(|error| GuestError::failed(format!("setting {name} up"), error))?;
    guest.command("device_add", front_end(nic)).map(|_| ())
}

fn tap(name: &str, device: u32) -> Value {
    let mut tap = back_end(device);
    tap["type"] = "tap".into();
    tap["ifname"] = name.into();
    // Who sets it up is told by nobody but us.
    tap["script"] = "no".into();
    tap["downscript"] = "no".into();
    tap
}

fn front_end(nic: &Nic) -> Value {
    json!({
        "driver": "virtio-net-pci",
        "id": nics::id(nic.device),
        "bus": "pci.0",
        "addr": format!("{:#x}", FIRST_NIC_SLOT + nic.device),
        "mac": check::mac(nic.mac),
        "host_mtu": nic.mtu,
        // Nothing boots from it.
        "romfile": "",
        "netdev": back_end(nic.device)["id"],
    })
}

/// Removes what is behind a NIC, and so the tap.
pub(super) fn free(guest: &Guest, device: u32) -> Result<(), QmpError> {
    guest.execute("netdev_del", back_end(device)).map(|_| ())
}

/// The NICs in what `qom-list` answers about the machine's devices.
pub(super) fn present(devices: &Value) -> Vec<u32> {
    let devices = devices.as_array().map(Vec::as_slice).unwrap_or_default();
    let names = devices.iter().filter_map(|it| it["name"].as_str());
    names.filter_map(nics::number).collect()
}

pub(super) fn console(guest: &Guest) -> Result<String, GuestError> {
    let size = json!({"device": "console", "size": CONSOLE, "format": "utf8"});
    let said = guest.command("ringbuf-read", size)?;
    Ok(said.as_str().unwrap_or_default().to_owned())
}

/// Writes a stopped machine's state into a file.
pub(super) fn save(guest: &Guest, path: &Path, until: Instant) -> Result<(), GuestError> {
    let doing = || format!("saving to {}", path.display());
    let failed = |error: std::io::Error| GuestError::failed(doing(), error);
    let file = File::create(path).map_err(failed)?;
    tell_migration(guest)?;
    give(guest, &file)?;
    guest.command("migrate", json!({"uri": format!("fd:{STATE}")}))?;
    if let Err(error) = moved(guest, until) {
        if let Err(cancel) = guest.command("migrate_cancel", json!({})) {
            tracing::warn!("{}: {cancel}", doing());
        }
        return Err(error);
    }
    file.sync_all().map_err(failed)
}

/// Brings the NICs and the state back into a machine that waits for it. Those that its guest held on to without an end
/// on the host have none again.
pub(super) fn load(
    host: &Host,
    guest: &Guest,
    path: &Path,
    until: Instant,
) -> Result<(), GuestError> {
    let (domain, nics): (_, Vec<NicRecord>) = {
        let live = guest.live();
        (live.domain(), live.record.nics.values().cloned().collect())
    };
    for it in &nics {
        offer(host, guest, &host_end(domain, it.nic.device), &it.nic)?;
    }
    let file = File::open(path);
    let file = file.map_err(|error| GuestError::failed(path.display().to_string(), error))?;
    tell_migration(guest)?;
    give(guest, &file)?;
    guest.command("migrate-incoming", json!({"uri": format!("fd:{STATE}")}))?;
    moved(guest, until)?;
    // QEMU refuses the state of a NIC that had a tap for one that has none.
    for it in nics.iter().filter(|it| it.severed) {
        guest.command("netdev_del", back_end(it.nic.device))?;
    }
    Ok(())
}

/// Has QEMU tell how a migration goes.
fn tell_migration(guest: &Guest) -> Result<(), GuestError> {
    guest.live().migration = None;
    let events = json!({"capabilities": [{"capability": "events", "state": true}]});
    guest
        .command("migrate-set-capabilities", events)
        .map(|_| ())
}

fn give(guest: &Guest, file: &File) -> Result<(), GuestError> {
    let qmp = guest.live().qmp.clone();
    let name = json!({"fdname": STATE});
    let given = qmp.execute_with("getfd", name, Some(file.as_fd()), ANSWER_WITHIN);
    given.map_err(|error| guest.unanswered("giving a file", error))?;
    Ok(())
}

fn moved(guest: &Guest, until: Instant) -> Result<(), GuestError> {
    let is_over = |status: &str| matches!(status, "completed" | "failed" | "cancelled");
    let over = guest.wait(until, |live| live.migration.as_deref().is_some_and(is_over))?;
    let status = guest.live().migration.clone().unwrap_or_default();
    match (over, status.as_str()) {
        (true, "completed") => Ok(()),
        (true, status) => Err(guest.failed("moving the state", status)),
        (false, _) => Err(guest.failed("moving the state", "not in time")),
    }
}
