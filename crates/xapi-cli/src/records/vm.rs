//! VMs, and the same class as templates and snapshots.

use xapi_model::{Type, Value};

use super::{Decl, Declared, Row, Server, Shown, mro, mrw, ro, rw, sro, srw};
use crate::failure::Failure;
use crate::shown::{UNKNOWN, text};

pub const VM: Declared = Declared {
    shown: &["uuid", "name-label", "power-state"],
    narrowed: &[("is-a-template", "false")],
    fields: FIELDS,
};

pub const TEMPLATE: Declared = Declared {
    shown: &["uuid", "name-label", "name-description"],
    narrowed: &[("is-a-template", "true"), ("is-a-snapshot", "false")],
    fields: FIELDS,
};

pub const SNAPSHOT: Declared = Declared {
    shown: &["uuid", "name-label", "name-description"],
    narrowed: &[("is-a-snapshot", "true")],
    fields: FIELDS,
};

const FIELDS: &[Decl] = &[
    ro("uuid"),
    rw("name-label"),
    rw("name-description"),
    rw("user-version"),
    rw("is-a-template"),
    ro("is-default-template"),
    ro("is-a-snapshot"),
    ro("snapshot-of"),
    sro("snapshots"),
    ro("snapshot-time"),
    mro("snapshot-info"),
    ro("parent"),
    sro("children"),
    ro("is-control-domain"),
    ro("power-state").says(lower_first),
    ro("memory-actual").at("metrics.memory_actual"),
    ro("memory-target"),
    ro("memory-overhead"),
    rw("memory-static-max").bytes(),
    rw("memory-dynamic-max").bytes(),
    rw("memory-dynamic-min").bytes(),
    rw("memory-static-min").bytes(),
    rw("suspend-VDI-uuid").at("suspend_VDI"),
    rw("suspend-SR-uuid").at("suspend_SR"),
    mrw("VCPUs-params"),
    rw("VCPUs-max"),
    rw("VCPUs-at-startup"),
    rw("actions-after-shutdown"),
    ro("actions-after-softreboot"),
    rw("actions-after-reboot"),
    rw("actions-after-crash"),
    sro("console-uuids").at("consoles"),
    ro("hvm").at("metrics.hvm"),
    mrw("platform"),
    sro("allowed-operations"),
    sro("current-operations"),
    mrw("blocked-operations"),
    sro("allowed-VBD-devices").asks(vbd_devices).expensive(),
    sro("allowed-VIF-devices").asks(vif_devices).expensive(),
    sro("possible-hosts").asks(possible_hosts).expensive(),
    rw("domain-type"),
    ro("current-domain-type").at("metrics.current_domain_type"),
    rw("HVM-boot-policy"),
    mrw("HVM-boot-params"),
    rw("HVM-shadow-multiplier"),
    rw("PV-kernel"),
    rw("PV-ramdisk"),
    rw("PV-args"),
    rw("PV-legacy-args"),
    rw("PV-bootloader"),
    rw("PV-bootloader-args"),
    ro("last-boot-CPU-flags"),
    ro("last-boot-record").at("last_booted_record"),
    ro("resident-on"),
    rw("affinity"),
    mrw("other-config"),
    ro("dom-id").at("domid"),
    ro("recommendations"),
    mrw("xenstore-data"),
    rw("ha-always-run").deprecated(),
    rw("ha-restart-priority"),
    ro("blobs"),
    ro("start-time").at("metrics.start_time"),
    ro("install-time").at("metrics.install_time"),
    ro("VCPUs-number").at("metrics.VCPUs_number"),
    mro("VCPUs-utilisation").at("metrics.VCPUs_utilisation"),
    mro("os-version").at("guest_metrics.os_version"),
    mro("netbios-name").at("guest_metrics.netbios_name"),
    mro("PV-drivers-version").at("guest_metrics.PV_drivers_version"),
    ro("PV-drivers-up-to-date")
        .at("guest_metrics.PV_drivers_up_to_date")
        .deprecated(),
    mro("memory").at("guest_metrics.memory"),
    mro("disks").at("guest_metrics.disks"),
    mro("networks").at("guest_metrics.networks"),
    ro("PV-drivers-detected").at("guest_metrics.PV_drivers_detected"),
    mro("other").at("guest_metrics.other"),
    ro("live").at("guest_metrics.live"),
    ro("guest-metrics-last-updated").at("guest_metrics.last_updated"),
    ro("can-use-hotplug-vbd").at("guest_metrics.can_use_hotplug_vbd"),
    ro("can-use-hotplug-vif").at("guest_metrics.can_use_hotplug_vif"),
    rw("snapshot-schedule"),
    ro("is-vmss-snapshot"),
    srw("tags").commas(),
    rw("appliance"),
    ro("groups"),
    rw("start-delay"),
    rw("shutdown-delay"),
    rw("order"),
    ro("version"),
    ro("generation-id"),
    rw("hardware-platform-version"),
    rw("has-vendor-device"),
    ro("requires-reboot"),
    ro("reference-label"),
    mro("bios-strings").whole(),
    ro("pending-guidances"),
    ro("vtpms").at("VTPMs"),
    ro("pending-guidances-recommended"),
    ro("pending-guidances-full"),
    mrw("NVRAM"),
    ro("secureboot-certificates-state"),
];

fn lower_first(value: &Value) -> String {
    let name = value.as_str().unwrap_or_default();
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => format!("{}{}", first.to_ascii_lowercase(), letters.as_str()),
        None => String::new(),
    }
}

fn vbd_devices(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    asked(server, row, "VM.get_allowed_VBD_devices", Type::String)
}

fn vif_devices(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    asked(server, row, "VM.get_allowed_VIF_devices", Type::String)
}

fn possible_hosts(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    asked(server, row, "VM.get_possible_hosts", Type::Ref("host"))
}

/// A set that a message of its own tells; a server that cannot tell it does not spoil the rest.
fn asked(server: &mut Server<'_>, row: &Row, message: &str, of: Type) -> Result<Shown, Failure> {
    let told = match server.call(message, vec![row.reference.as_str().into()]) {
        Ok(told) => told,
        Err(Failure::Api(_)) => return Ok(Shown::One(UNKNOWN.to_owned())),
        Err(failure) => return Err(failure),
    };
    let items = told.as_array().unwrap_or_default();
    let items: Result<Vec<_>, _> = items.iter().map(|item| text(server, &of, item)).collect();
    Ok(Shown::Set(items?))
}
