//! VIFs.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use xapi_model::messages::messages;
use xapi_model::{Type, Value, classes};

use super::{Entry, call, own};
use crate::command::{Context, arg};
use crate::failure::Failure;
use crate::input::read;

pub const VIF: &[Entry] = &[
    own("vif-create", vif_create)
        .reqd(&["device", "network-uuid", "vm-uuid"])
        .optional(&["mac"])
        .help(
            "Gives a VM a NIC on a network; device is its number in the VM. Without mac the server chooses the \
             address, with mac=random this command does. Prints its UUID.",
        ),
    call("vif-plug", "VIF.plug", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .long()
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
    .long()
    .help("Connects a VIF to another network."),
    own("vif-configure-ipv4", |cx| {
        configure(cx, "VIF.configure_ipv4")
    })
    .reqd(&["uuid", "mode"])
    .optional(&["address", "gateway"])
    .help(
        "Has the guest give its end of a VIF an IPv4 address: mode=static with address=ADDRESS/PREFIX, mode=dhcp, or \
         mode=none.",
    ),
    own("vif-configure-ipv6", |cx| {
        configure(cx, "VIF.configure_ipv6")
    })
    .reqd(&["uuid", "mode"])
    .optional(&["address", "gateway"])
    .help(
        "Has the guest give its end of a VIF an IPv6 address: mode=static with address=ADDRESS/PREFIX, mode=autoconf, or \
         mode=none.",
    ),
];

/// Both calls take the same: the VIF, a mode of their own, an address and a router.
fn configure(cx: &mut Context<'_>, name: &'static str) -> Result<(), Failure> {
    let vif = object(cx, "VIF", "uuid")?;
    let modes = messages()
        .find(name)
        .and_then(|message| message.params.iter().find(|param| param.name == "mode"))
        .ok_or_else(|| Failure::Answer(format!("{name} has no mode in the model")))?;
    let text = cx.required("mode")?;
    let mode = read(&mut cx.server, &modes.ty, "mode", text)?;
    let said = |name: &str| cx.params.get(name).unwrap_or_default();
    let (address, gateway) = (said("address"), said("gateway"));
    if mode.as_str() == Some("Static") && address.is_empty() {
        let text = "Required parameter not found: address";
        return Err(Failure::Refused(text.to_owned()));
    }
    let params = vec![vif.into(), mode, address.into(), gateway.into()];
    cx.long_call(name, params).map(drop)
}

fn vif_unplug(cx: &mut Context<'_>) -> Result<(), Failure> {
    let uuid = cx.required("uuid")?;
    let class = classes::class("VIF")
        .ok_or_else(|| Failure::Answer("no class VIF in the model".to_owned()))?;
    let vif = cx.server.by_uuid(class, uuid)?;
    let message = if cx.params.switch("force") {
        "VIF.unplug_force"
    } else {
        "VIF.unplug"
    };
    cx.long_call(message, vec![vif.into()]).map(drop)
}

/// The constructor takes a record, so this is no plain call.
fn vif_create(cx: &mut Context<'_>) -> Result<(), Failure> {
    let device = cx.required("device")?;
    let network = object(cx, "network", "network-uuid")?;
    let vm = object(cx, "VM", "vm-uuid")?;
    let mtu = cx
        .server
        .call("network.get_MTU", vec![network.as_str().into()])?;
    let mac = match cx.params.get("mac") {
        Some(mac) if mac.eq_ignore_ascii_case("random") => random_mac(),
        mac => mac.unwrap_or_default().to_owned(),
    };
    let empty = || Value::Struct(Vec::new());
    let record = [
        ("device", device.into()),
        ("network", network.into()),
        ("VM", vm.into()),
        ("MAC", mac.into()),
        ("MTU", mtu),
        ("other_config", empty()),
        ("currently_attached", false.into()),
        ("qos_algorithm_type", "".into()),
        ("qos_algorithm_params", empty()),
        ("locking_mode", "network_default".into()),
        ("ipv4_allowed", Value::Array(Vec::new())),
        ("ipv6_allowed", Value::Array(Vec::new())),
    ];
    let record = record.map(|(name, value)| (name.to_owned(), value));
    let vif = cx
        .server
        .call("VIF.create", vec![Value::Struct(record.into())])?;
    cx.give(&Type::Ref("VIF"), &vif)
}

fn object(cx: &mut Context<'_>, class: &str, parameter: &str) -> Result<String, Failure> {
    let uuid = cx.required(parameter)?;
    let class = classes::class(class)
        .ok_or_else(|| Failure::Answer(format!("no class {class} in the model")))?;
    cx.server.by_uuid(class, uuid)
}

/// A local unicast address that nobody else is likely to have. The standard library draws the keys of its maps at random.
fn random_mac() -> String {
    let drawn = RandomState::new().build_hasher().finish().to_be_bytes();
    let [a, b, c, d, e, f, ..] = drawn;
    let first = a & 0xfe | 0x02;
    let octets = [first, b, c, d, e, f].map(|octet| format!("{octet:02x}"));
    octets.join(":")
}
