//! VMs: made as empty records, started, stopped.

use xapi_model::{Type, Value, classes};

use super::{Entry, call, own, vms};
use crate::command::{self, Context, arg};
use crate::failure::Failure;
use crate::input::size;
use crate::records::{self, Column};
use crate::select::{self, Of};
use crate::server::Row;
use crate::shown::{prefetch, show};

pub const VM: &[Entry] = &[
    own("vm-create", vm_create)
        .reqd(&["name-label"])
        .optional(&["name-description"])
        .help("Creates a VM without disks and NICs. Prints its UUID.")
        .hidden(),
    call("vm-destroy", "VM.destroy", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .help("Removes a VM that is off. Its disks stay."),
    vms("vm-start", Of::VmsAndControlDomains, vm_start)
        .optional(&["force", "on", "paused", "progress"])
        .help("Starts a VM, with on= on that host; with paused=true it is left paused."),
    vms("vm-shutdown", Of::Vms, vm_shutdown)
        .optional(&["force", "progress"])
        .help("Asks a VM to shut down; with --force it is switched off."),
    vms("vm-reboot", Of::Vms, vm_reboot)
        .optional(&["force", "progress"])
        .help("Asks a VM to restart; with --force it is switched off and started."),
    vms("vm-suspend", Of::Vms, |cx, vm| {
        act(cx, vm, "VM.suspend", &[])
    })
    .optional(&["progress"])
    .help("Keeps the memory of a VM and frees its host."),
    vms("vm-resume", Of::Vms, vm_resume)
        .optional(&["force", "on", "progress"])
        .help("Brings a suspended VM back, with on= on that host."),
    vms("vm-pause", Of::Vms, |cx, vm| act(cx, vm, "VM.pause", &[]))
        .help("Takes the CPU from a VM."),
    vms("vm-unpause", Of::Vms, |cx, vm| {
        act(cx, vm, "VM.unpause", &[])
    })
    .help("Gives the CPU back to a paused VM."),
    vms("vm-reset-powerstate", Of::Vms, vm_reset_powerstate)
        .optional(&["force"])
        .help(
            "Takes a VM for switched off without looking, for when its host is gone for good. If it still runs its \
             disks may be destroyed; hence --force.",
        ),
    own("vm-vif-list", vm_vif_list)
        .optional(&["params"])
        .help("Lists the VIFs of the VMs that selectors name as in vm-list."),
    vms("vm-disk-list", Of::Vms, |cx, vm| media(cx, vm, "Disk"))
        .optional(&["vbd-params", "vdi-params"])
        .help("Lists the disks of a VM: for each the VBD, and the VDI behind it."),
    vms("vm-cd-list", Of::Vms, |cx, vm| media(cx, vm, "CD"))
        .optional(&["vbd-params", "vdi-params"])
        .help("Lists the CD drives of a VM: for each the VBD, and the VDI in it."),
    vms("vm-memory-set", Of::Vms, |cx, vm| {
        memory(cx, vm, "VM.set_memory", &["memory"])
    })
    .reqd(&["memory"])
    .help("Gives a VM memory of one size, such as 512MiB, while it is off."),
    vms("vm-memory-dynamic-range-set", Of::Vms, |cx, vm| {
        memory(cx, vm, "VM.set_memory_dynamic_range", &["min", "max"])
    })
    .reqd(&["min", "max"])
    .help("Sets between which sizes the memory of a VM may be while it runs."),
    vms("vm-memory-target-set", Of::Vms, |cx, vm| {
        memory(cx, vm, "VM.set_memory_dynamic_range", &["target", "target"])
    })
    .reqd(&["target"])
    .help("Sets the size that the memory of a VM shall have while it runs."),
    vms("vm-memory-static-range-set", Of::Vms, |cx, vm| {
        memory(cx, vm, "VM.set_memory_static_range", &["min", "max"])
    })
    .reqd(&["min", "max"])
    .help("Sets between which sizes the memory of a VM may be at all, while it is off."),
    vms("vm-memory-limits-set", Of::Vms, |cx, vm| {
        let limits = ["static-min", "static-max", "dynamic-min", "dynamic-max"];
        memory(cx, vm, "VM.set_memory_limits", &limits)
    })
    .reqd(&["static-min", "dynamic-min", "dynamic-max", "static-max"])
    .help("Sets all four limits of a VM's memory, while it is off."),
];

/// The constructor takes a record, so this is no plain call. The sizes are XAPI's.
fn vm_create(cx: &mut Context<'_>) -> Result<(), Failure> {
    let label = cx.required("name-label")?;
    let description = cx.params.get("name-description").unwrap_or_default();
    let empty = || Value::Struct(Vec::new());
    let mebibytes = |number: i64| Value::Int(number << 20);
    let null = || Value::from("OpaqueRef:NULL");
    let record = [
        ("name_label", label.into()),
        ("name_description", description.into()),
        ("power_state", "Halted".into()),
        ("user_version", Value::Int(0)),
        ("is_a_template", false.into()),
        ("affinity", null()),
        ("memory_target", mebibytes(256)),
        ("memory_static_max", mebibytes(256)),
        ("memory_dynamic_max", mebibytes(256)),
        ("memory_dynamic_min", mebibytes(128)),
        ("memory_static_min", mebibytes(128)),
        ("VCPUs_params", empty()),
        ("VCPUs_max", Value::Int(1)),
        ("VCPUs_at_startup", Value::Int(1)),
        ("actions_after_softreboot", "soft_reboot".into()),
        ("actions_after_shutdown", "destroy".into()),
        ("actions_after_reboot", "restart".into()),
        ("actions_after_crash", "destroy".into()),
        ("PV_bootloader", "".into()),
        ("PV_kernel", "".into()),
        ("PV_ramdisk", "".into()),
        ("PV_args", "".into()),
        ("PV_bootloader_args", "".into()),
        ("PV_legacy_args", "".into()),
        ("HVM_boot_policy", "".into()),
        ("HVM_boot_params", empty()),
        ("HVM_shadow_multiplier", Value::Float(1.0)),
        ("platform", empty()),
        ("PCI_bus", "".into()),
        ("other_config", empty()),
        ("recommendations", "".into()),
        ("xenstore_data", empty()),
        ("ha_always_run", false.into()),
        ("ha_restart_priority", "".into()),
        ("tags", Value::Array(Vec::new())),
        ("blocked_operations", empty()),
    ];
    let record = record.map(|(name, value)| (name.to_owned(), value));
    let vm = cx
        .server
        .call("VM.create", vec![Value::Struct(record.into())])?;
    cx.give(&Type::Ref("VM"), &vm)
}

fn act(cx: &mut Context<'_>, vm: &Row, message: &str, more: &[Value]) -> Result<(), Failure> {
    let mut params = vec![vm.reference.as_str().into()];
    params.extend_from_slice(more);
    cx.long_call(message, params).map(drop)
}

/// The host that `on=` names, by UUID, host name or name-label.
fn on_host(cx: &mut Context<'_>) -> Result<Option<Value>, Failure> {
    let Some(named) = cx.params.get("on") else {
        return Ok(None);
    };
    let class = classes::class("host")
        .ok_or_else(|| Failure::Answer("no class host in the model".to_owned()))?;
    let mut hosts = cx.server.rows(class)?;
    let fields = ["uuid", "hostname", "name_label"];
    hosts.retain(|host| fields.iter().any(|field| host.text(field) == named));
    match hosts.as_slice() {
        [host] => Ok(Some(host.reference.as_str().into())),
        [] => Err(Failure::Refused(format!("No host is called {named}"))),
        _ => Err(Failure::Refused(format!(
            "Several hosts are called {named}"
        ))),
    }
}

fn vm_start(cx: &mut Context<'_>, vm: &Row) -> Result<(), Failure> {
    let (paused, force) = (cx.params.switch("paused"), cx.params.switch("force"));
    let switches = [paused.into(), force.into()];
    let started = match on_host(cx)? {
        Some(host) => {
            let [paused, force] = switches;
            act(cx, vm, "VM.start_on", &[host, paused, force])
        }
        None => act(cx, vm, "VM.start", &switches),
    };
    if let Err(Failure::Api(why)) = &started
        && why.code == "NO_HOSTS_AVAILABLE"
    {
        why_nowhere(cx, vm)?;
    }
    started
}

/// For each host why the VM cannot start there.
fn why_nowhere(cx: &mut Context<'_>, vm: &Row) -> Result<(), Failure> {
    let class = classes::class("host")
        .ok_or_else(|| Failure::Answer("no class host in the model".to_owned()))?;
    for host in cx.server.rows(class)? {
        let params = vec![vm.reference.as_str().into(), host.reference.as_str().into()];
        let told = match cx.server.call("VM.assert_can_boot_here", params) {
            Ok(_) => "OK".to_owned(),
            Err(why @ Failure::Api(_)) => why.text(Some(&mut cx.server)),
            Err(other) => return Err(other),
        };
        let line = format!("{}: {}", host.text("name_label"), told.replace('\n', " "));
        cx.printer.message(&line);
    }
    Ok(())
}

fn vm_resume(cx: &mut Context<'_>, vm: &Row) -> Result<(), Failure> {
    let switches = [false.into(), cx.params.switch("force").into()];
    match on_host(cx)? {
        Some(host) => {
            let [paused, force] = switches;
            act(cx, vm, "VM.resume_on", &[host, paused, force])
        }
        None => act(cx, vm, "VM.resume", &switches),
    }
}

fn vm_shutdown(cx: &mut Context<'_>, vm: &Row) -> Result<(), Failure> {
    let message = match cx.params.switch("force") {
        true => "VM.hard_shutdown",
        false => "VM.clean_shutdown",
    };
    act(cx, vm, message, &[])
}

fn vm_reboot(cx: &mut Context<'_>, vm: &Row) -> Result<(), Failure> {
    let message = match cx.params.switch("force") {
        true => "VM.hard_reboot",
        false => "VM.clean_reboot",
    };
    act(cx, vm, message, &[])
}

fn vm_reset_powerstate(cx: &mut Context<'_>, vm: &Row) -> Result<(), Failure> {
    if !cx.params.switch("force") {
        let text =
            "This operation is dangerous and may destroy the disks of the VM; --force does it";
        return Err(Failure::Refused(text.to_owned()));
    }
    act(cx, vm, "VM.power_state_reset", &[])
}

/// A call that sets sizes; they are given in the order of the call's parameters.
fn memory(cx: &mut Context<'_>, vm: &Row, message: &str, sizes: &[&str]) -> Result<(), Failure> {
    let mut params = vec![vm.reference.as_str().into()];
    for name in sizes {
        params.push(size(name, cx.required(name)?)?);
    }
    cx.server.call(message, params).map(drop)
}

/// What a VM has of a type of VBD, each with what is in it.
fn media(cx: &mut Context<'_>, vm: &Row, ty: &str) -> Result<(), Failure> {
    let (mut drives, contents) = (rows_of(cx, "vbd")?, rows_of(cx, "vdi")?);
    drives.retain(|vbd| vbd.text("VM") == vm.reference && vbd.text("type") == ty);
    let shown = ["uuid", "vm-name-label", "userdevice", "empty"];
    let of_drive = &shown[..if ty == "CD" { 4 } else { 3 }];
    let of_content = ["uuid", "name-label", "virtual-size", "sr-name-label"];
    for (at, vbd) in drives.iter().enumerate() {
        cx.printer.message(&format!("{ty} {at} VBD:"));
        table(cx, "vbd", std::slice::from_ref(vbd), "vbd-params", of_drive)?;
        let inside = contents.iter().find(|vdi| vdi.reference == vbd.text("VDI"));
        if let Some(vdi) = inside {
            cx.printer.message(&format!("{ty} {at} VDI:"));
            table(
                cx,
                "vdi",
                std::slice::from_ref(vdi),
                "vdi-params",
                &of_content,
            )?;
        }
    }
    Ok(())
}

/// Several VMs need no --multiple here: nothing is done to them.
fn vm_vif_list(cx: &mut Context<'_>) -> Result<(), Failure> {
    let shown = [
        "uuid",
        "vm-name-label",
        "device",
        "MAC",
        "network-uuid",
        "network-name-label",
    ];
    let own = command::find("vm-vif-list")
        .ok_or_else(|| Failure::Answer("no vm-vif-list among the commands".to_owned()))?;
    let vms = select::rows(own, Of::VmsAndControlDomains, cx)?;
    let mut vifs = rows_of(cx, "vif")?;
    vifs.retain(|vif| vms.iter().any(|vm| vm.reference == vif.text("VM")));
    table(cx, "vif", &vifs, "params", &shown)
}

fn declared(kind: &str) -> Result<&'static records::Kind, Failure> {
    records::kind(kind).ok_or_else(|| Failure::Answer(format!("no {kind} is declared")))
}

/// All objects of a kind.
fn rows_of(cx: &mut Context<'_>, kind: &str) -> Result<Vec<Row>, Failure> {
    cx.server.rows(declared(kind)?.class)
}

/// Prints objects of a kind: the columns that a parameter names, else these.
fn table(
    cx: &mut Context<'_>,
    kind: &str,
    rows: &[Row],
    parameter: &str,
    shown: &[&str],
) -> Result<(), Failure> {
    let wanted = cx.params.get(parameter);
    let is_wanted = |column: &&Column| match wanted {
        None => shown.contains(&column.name.as_str()),
        Some("all") => !column.hidden,
        Some(names) => names.split(',').any(|name| name == column.name),
    };
    let columns: Vec<&Column> = declared(kind)?.columns.iter().filter(is_wanted).collect();
    let mut blocks = Vec::new();
    for column in &columns {
        prefetch(&mut cx.server, column, rows)?;
    }
    for row in rows {
        let mut block = Vec::new();
        for column in &columns {
            let value = show(&mut cx.server, column, row)?.text(column.separator);
            block.push((column.key(), value));
        }
        blocks.push(block);
    }
    cx.printer.table(&blocks);
    Ok(())
}
