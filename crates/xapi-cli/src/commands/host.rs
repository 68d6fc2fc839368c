//! Hosts: their management interface, name and log.

use xapi_model::Value;

use super::{Entry, call, own};
use crate::command::{Context, arg};
use crate::failure::Failure;

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
];

fn is_in_emergency_mode(cx: &mut Context<'_>) -> Result<(), Failure> {
    let emergency = cx.server.call("host.is_in_emergency_mode", Vec::new())?;
    let text = (emergency == Value::Bool(true)).to_string();
    cx.printer.message(&text);
    Ok(())
}
