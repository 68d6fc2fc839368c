//! VIFs.

use super::{Entry, call, own};
use crate::command::{Context, arg};
use crate::failure::Failure;

pub const VIF: &[Entry] = &[
    call("vif-plug", "VIF.plug", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .help("Connects a VIF of a running VM."),
    own("vif-unplug", vif_unplug)
        .reqd(&["uuid"])
        .optional(&["force"])
        .help("Disconnects a VIF of a running VM; with --force also when the VM does not let go."),
    call("vif-destroy", "VIF.destroy", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .help("Removes a VIF."),
    call(
        "vif-move",
        "VIF.move",
        &[arg("self", "uuid"), arg("network", "network-uuid")],
    )
    .reqd(&["uuid", "network-uuid"])
    .help("Connects a VIF to another network."),
];

fn vif_unplug(cx: &mut Context<'_>) -> Result<(), Failure> {
    let uuid = cx.required("uuid")?;
    let class = xapi_model::classes::class("VIF")
        .ok_or_else(|| Failure::Answer("no class VIF in the model".to_owned()))?;
    let vif = cx.server.by_uuid(class, uuid)?;
    let message = if cx.params.switch("force") {
        "VIF.unplug_force"
    } else {
        "VIF.unplug"
    };
    cx.server.call(message, vec![vif.into()]).map(drop)
}
