//! Networks, SR-IOV networks and SDN controllers.

use xapi_model::{Type, Value};

use super::{Entry, call, own};
use crate::command::{Context, arg};
use crate::failure::Failure;
use crate::input::read;

pub const NETWORK: &[Entry] = &[
    own("network-create", network_create)
        .reqd(&["name-label"])
        .optional(&["name-description", "MTU", "bridge", "managed"])
        .help("Creates a network. Prints its UUID."),
    call("network-destroy", "network.destroy", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .help("Removes a network that nothing uses."),
    call(
        "network-sriov-create",
        "network_sriov.create",
        &[arg("pif", "pif-uuid"), arg("network", "network-uuid")],
    )
    .reqd(&["pif-uuid", "network-uuid"])
    .long()
    .help("Enables SR-IOV on an interface and connects the network to it."),
    call(
        "network-sriov-destroy",
        "network_sriov.destroy",
        &[arg("self", "uuid")],
    )
    .reqd(&["uuid"])
    .long()
    .help("Disables SR-IOV on the interface of an SR-IOV network."),
    call(
        "sdn-controller-introduce",
        "SDN_controller.introduce",
        &[
            arg("protocol", "protocol").or("ssl"),
            arg("address", "address").or(""),
            arg("port", "tcp-port").or("0"),
        ],
    )
    .optional(&["address", "protocol", "tcp-port"])
    .help("Lets an SDN controller manage the pool's virtual switches: protocol is ssl or pssl."),
    call(
        "sdn-controller-forget",
        "SDN_controller.forget",
        &[arg("self", "uuid")],
    )
    .reqd(&["uuid"])
    .help("Takes the virtual switches back from an SDN controller."),
];

/// The constructor takes a record, so this is no plain call.
fn network_create(cx: &mut Context<'_>) -> Result<(), Failure> {
    let label = cx.required("name-label")?;
    let said = |name: &str| cx.params.get(name);
    let (description, bridge) = (said("name-description"), said("bridge"));
    let (mtu, managed) = (
        said("MTU").unwrap_or("1500"),
        said("managed").unwrap_or("true"),
    );
    let record = [
        ("name_label", label.into()),
        ("name_description", description.unwrap_or_default().into()),
        ("MTU", read(&mut cx.server, &Type::Int, "MTU", mtu)?),
        ("other_config", Value::Struct(Vec::new())),
        ("bridge", bridge.unwrap_or_default().into()),
        (
            "managed",
            read(&mut cx.server, &Type::Bool, "managed", managed)?,
        ),
        ("tags", Value::Array(Vec::new())),
    ];
    let record = record.map(|(name, value)| (name.to_owned(), value));
    let network = cx
        .server
        .call("network.create", vec![Value::Struct(record.into())])?;
    cx.give(&Type::Ref("network"), &network)
}
