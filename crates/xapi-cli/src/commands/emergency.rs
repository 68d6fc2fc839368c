//! Commands that a host carries out by itself, also without its master.

use xapi_model::Value;

use super::pool::FUSE;
use super::{Entry, call, own};
use crate::command::{Context, arg};
use crate::failure::Failure;

pub const EMERGENCY: &[Entry] = &[
    own("pool-emergency-reset-master", reset_master)
        .local()
        .reqd(&["master-address"])
        .help("Tells this host, a member, that its master is at another address."),
    own("pool-emergency-transition-to-master", become_master)
        .local()
        .optional(&["force"])
        .help("Makes this host the master of its pool, when the master has failed."),
    own("host-emergency-ha-disable", ha_disable)
        .local()
        .optional(&["force", "soft"])
        .help("Switches high availability off on this host alone. Needs --force: a VM may then run twice."),
    call(
        "host-emergency-reset-server-certificate",
        "host.emergency_reset_server_certificate",
        &[],
    )
    .local()
    .help("Replaces the certificate of this host by a new one that it signs itself."),
    call(
        "host-emergency-disable-tls-verification",
        "host.emergency_disable_tls_verification",
        &[],
    )
    .local()
    .help("Lets this host check no certificates, to mend what those broke."),
    call(
        "host-emergency-reenable-tls-verification",
        "host.emergency_reenable_tls_verification",
        &[],
    )
    .local()
    .help("Lets this host check certificates again."),
    call(
        "host-emergency-clear-mandatory-guidance",
        "host.emergency_clear_mandatory_guidance",
        &[],
    )
    .local()
    .help("Forgets what this host was told to do before anything else after an update."),
    call(
        "host-send-debug-keys",
        "host.send_debug_keys",
        &[arg("host", "host-uuid"), arg("keys", "keys")],
    )
    .local()
    .reqd(&["host-uuid", "keys"])
    .help("Sends letters to the hypervisor of a host, which answers in its log."),
    own("host-signal-networking-change", |cx| {
        cx.server.call("host.signal_networking_change", Vec::new()).map(drop)
    })
    .local()
    .hidden()
    .help("Tells the daemon that the network of this host was changed by somebody else."),
];

/// What a host that does not decide answers, and one that has no master to ask.
const NO_MASTER: [&str; 9] = [
    "HOST_BROKEN",
    "HOST_HAS_NO_MANAGEMENT_IP",
    "HOST_IN_EMERGENCY_MODE",
    "HOST_IS_SLAVE",
    "HOST_ITS_OWN_SLAVE",
    "HOST_MASTER_CANNOT_TALK_BACK",
    "HOST_STILL_BOOTING",
    "HOST_UNKNOWN_TO_MASTER",
    "HOST_XAPI_VERSION_HIGHER_THAN_COORDINATOR",
];

fn reset_master(cx: &mut Context<'_>) -> Result<(), Failure> {
    let address = cx.required("master-address")?;
    cx.server
        .call("pool.emergency_reset_master", vec![address.into()])?;
    let line =
        format!("The host will restart its agent as a member of {address} in {FUSE} seconds.");
    cx.printer.line(&line);
    Ok(())
}

fn become_master(cx: &mut Context<'_>) -> Result<(), Failure> {
    if !cx.params.switch("force") && is_master(cx)? {
        cx.printer
            .line("The host is the master already; --force does it all the same.");
        return Ok(());
    }
    cx.server
        .call("pool.emergency_transition_to_master", Vec::new())?;
    let line = format!("The host will restart its agent as the master in {FUSE} seconds.");
    cx.printer.line(&line);
    Ok(())
}

/// A master answers for its pool; a member without one is in emergency mode.
fn is_master(cx: &mut Context<'_>) -> Result<bool, Failure> {
    match cx.server.call("pool.get_all", Vec::new()) {
        Ok(_) => Ok(true),
        Err(Failure::Api(error)) if NO_MASTER.contains(&error.code.as_str()) => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn ha_disable(cx: &mut Context<'_>) -> Result<(), Failure> {
    if !cx.params.switch("force") {
        let text = "This may let a VM run twice and spoil its disks; --force does it all the same";
        return Err(Failure::Refused(text.to_owned()));
    }
    let soft = Value::Bool(cx.params.switch("soft"));
    cx.server
        .call("host.emergency_ha_disable", vec![soft])
        .map(drop)
}
