//! Hosts: their management interface, name and log.

use xapi_model::messages::messages;
use xapi_model::{Type, Value};

use super::{Entry, call, hosts, own};
use crate::command::{Context, arg};
use crate::failure::Failure;
use crate::input::read;
use crate::server::Row;

pub const HOST: &[Entry] = &[
    call("host-management-reconfigure", "host.management_reconfigure", &[arg("pif", "pif-uuid")])
        .reqd(&["pif-uuid"])
        .help("Makes the interface the one that the host is managed by."),
    call("host-management-disable", "host.management_disable", &[])
        .local()
        .help("Stops listening on the management interface of this host."),
    call(
        "host-emergency-management-reconfigure",
        "host.local_management_reconfigure",
        &[arg("interface", "interface")],
    )
    .local()
    .reqd(&["interface"])
    .help("Makes a device of this host the management interface, without the pool's master. For emergencies."),
    own("host-is-in-emergency-mode", is_in_emergency_mode)
        .local()
        .help("Tells whether this host is in emergency mode."),
    call(
        "host-set-hostname-live",
        "host.set_hostname_live",
        &[arg("host", "host-uuid"), arg("hostname", "host-name")],
    )
    .reqd(&["host-uuid", "host-name"])
    .help("Changes the name that the host calls itself by."),
    call("host-syslog-reconfigure", "host.syslog_reconfigure", &[arg("host", "host-uuid")])
        .reqd(&["host-uuid"])
        .help("Applies the logging: map of the host to its system log."),
    call("host-shutdown-agent", "host.shutdown_agent", &[])
        .local()
        .help("Stops the daemon on this host. The network stays as it is."),
    hosts("host-enable", enable).help("Lets VMs start on the host again."),
    hosts("host-disable", disable)
        .optional(&["auto-enable"])
        .help("Lets no VM start on the host. auto-enable=false keeps it so over a restart."),
    hosts("host-reboot", |cx, host| plain(cx, host, "host.reboot"))
        .help("Restarts a host that is disabled and has no running VMs."),
    hosts("host-shutdown", |cx, host| plain(cx, host, "host.shutdown"))
        .help("Shuts down a host that is disabled and has no running VMs."),
    hosts("host-power-on", |cx, host| plain(cx, host, "host.power_on"))
        .help("Switches a host on, if it has a way to be."),
    hosts("host-sync-data", |cx, host| plain(cx, host, "host.sync_data"))
        .help("Copies the pool's data to the host's storage."),
    hosts("host-evacuate", evacuate)
        .one_only()
        .optional(&["network-uuid", "batch-size"])
        .help("Moves all running VMs to other hosts, over the network if one is named."),
    hosts("host-dmesg", |cx, host| told(cx, host, "host.dmesg"))
        .help("Shows the messages of the host's kernel."),
    hosts("host-compute-free-memory", |cx, host| {
        told(cx, host, "host.compute_free_memory")
    })
    .one_only()
    .help("Computes how much memory is free on the host, in bytes."),
    hosts("host-compute-memory-overhead", |cx, host| {
        told(cx, host, "host.compute_memory_overhead")
    })
    .one_only()
    .help("Computes how much memory the host itself takes, in bytes."),
];

fn this(host: &Row) -> Value {
    host.reference.as_str().into()
}

fn plain(cx: &mut Context<'_>, host: &Row, message: &str) -> Result<(), Failure> {
    cx.server.call(message, vec![this(host)]).map(drop)
}

/// Says what the host tells, in words for people.
fn told(cx: &mut Context<'_>, host: &Row, message: &str) -> Result<(), Failure> {
    let told = cx.server.call(message, vec![this(host)])?;
    let ty = messages()
        .find(message)
        .map_or(Type::String, |it| it.result);
    cx.say(&ty, &told)
}

/// The mark of maintenance goes first: a host that is enabled is in no maintenance.
fn enable(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let mark = vec![this(host), "MAINTENANCE_MODE".into()];
    cx.server.call("host.remove_from_other_config", mark)?;
    plain(cx, host, "host.enable")
}

fn disable(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let auto = cx.params.get("auto-enable").unwrap_or("true");
    let auto = read(&mut cx.server, &Type::Bool, "auto-enable", auto)?;
    cx.server
        .call("host.disable", vec![this(host), auto])
        .map(drop)
}

fn evacuate(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let network = cx.params.get("network-uuid").unwrap_or_default();
    let network = read(
        &mut cx.server,
        &Type::Ref("network"),
        "network-uuid",
        network,
    )?;
    let batch = cx.params.get("batch-size").unwrap_or("0");
    let batch = read(&mut cx.server, &Type::Int, "batch-size", batch)?;
    let params = vec![this(host), network, batch];
    cx.server.call("host.evacuate", params).map(drop)
}

fn is_in_emergency_mode(cx: &mut Context<'_>) -> Result<(), Failure> {
    let emergency = cx.server.call("host.is_in_emergency_mode", Vec::new())?;
    cx.say(&Type::Bool, &emergency)
}
