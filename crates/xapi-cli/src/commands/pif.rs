//! PIFs, and what is made of them: bonds, VLANs and tunnels.

use xapi_model::{ApiError, classes};

use super::{Entry, call, own};
use crate::command::{Context, arg};
use crate::failure::Failure;

pub const PIF: &[Entry] = &[
    call("pif-scan", "PIF.scan", &[arg("host", "host-uuid")])
        .reqd(&["host-uuid"]).long()
        .help("Looks for physical interfaces of the host that the pool does not know yet, and creates PIFs for them."),
    call(
        "pif-introduce",
        "PIF.introduce",
        &[arg("host", "host-uuid"), arg("MAC", "mac").or(""), arg("device", "device"), arg("managed", "managed")],
    )
    .reqd(&["host-uuid", "device"])
    .optional(&["mac", "managed"])
    .help("Creates a PIF for one physical interface of the host. managed=false leaves its configuration to others."),
    call("pif-forget", "PIF.forget", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .help("Removes the PIF of a physical interface, with its configuration."),
    call("pif-db-forget", "PIF.db_forget", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .help("Removes the PIF from the database only; the host's network stays as it is.")
        .hidden(),
    call("pif-plug", "PIF.plug", &[arg("self", "uuid")])
        .reqd(&["uuid"]).long()
        .help("Brings the interface up with its configuration."),
    call("pif-unplug", "PIF.unplug", &[arg("self", "uuid")])
        .reqd(&["uuid"]).long()
        .help("Takes the interface down."),
    call(
        "pif-reconfigure-ip",
        "PIF.reconfigure_ip",
        &[
            arg("self", "uuid"),
            arg("mode", "mode"),
            arg("IP", "IP").or("").any_case(),
            arg("netmask", "netmask").or(""),
            arg("gateway", "gateway").or(""),
            arg("DNS", "DNS").or("").any_case(),
        ],
    )
    .reqd(&["uuid", "mode"])
    .optional(&["IP", "netmask", "gateway", "DNS"]).long()
    .help("Changes the IPv4 configuration of the interface: mode is none, dhcp or static; DNS is a comma list."),
    call(
        "pif-reconfigure-ipv6",
        "PIF.reconfigure_ipv6",
        &[
            arg("self", "uuid"),
            arg("mode", "mode"),
            arg("IPv6", "IPv6").or("").any_case(),
            arg("gateway", "gateway").or(""),
            arg("DNS", "DNS").or("").any_case(),
        ],
    )
    .reqd(&["uuid", "mode"])
    .optional(&["IPv6", "gateway", "DNS"]).long()
    .help(
        "Changes the IPv6 configuration of the interface: mode is none, dhcp, static or autoconf; \
         IPv6 is an address with a prefix length.",
    ),
    call(
        "pif-set-primary-address-type",
        "PIF.set_primary_address_type",
        &[arg("self", "uuid"), arg("primary_address_type", "primary_address_type")],
    )
    .reqd(&["uuid", "primary_address_type"])
    .help("Chooses the protocol, IPv4 or IPv6, that the host speaks on this interface when it manages the pool."),
];

pub const BOND: &[Entry] = &[
    call(
        "bond-create",
        "Bond.create",
        &[
            arg("network", "network-uuid"),
            arg("members", "pif-uuids"),
            arg("MAC", "mac").or(""),
            arg("mode", "mode"),
            arg("properties", "properties"),
        ],
    )
    .reqd(&["network-uuid", "pif-uuids"])
    .optional(&["mac", "mode", "properties:"]).long()
    .help(
        "Bonds interfaces, named in a comma list, into one on the network. mode is balance-slb, active-backup or \
         lacp. An address or the management role of a member moves to the bond.",
    ),
    call("bond-destroy", "Bond.destroy", &[arg("self", "uuid")])
        .reqd(&["uuid"]).long()
        .help("Takes a bond apart. Its address, and management if it was there, go back to a member."),
    call("bond-set-mode", "Bond.set_mode", &[arg("self", "uuid"), arg("value", "mode")])
        .reqd(&["uuid", "mode"]).long()
        .help("Changes how a bond spreads traffic: balance-slb, active-backup or lacp."),
];

pub const VLAN: &[Entry] = &[
    call(
        "vlan-create",
        "VLAN.create",
        &[arg("tagged_PIF", "pif-uuid"), arg("tag", "vlan"), arg("network", "network-uuid")],
    )
    .through("untagged_PIF")
    .reqd(&["pif-uuid", "vlan", "network-uuid"]).long()
    .help("Creates a VLAN with a tag on an interface, and connects the network to it. Prints its PIF's UUID."),
    own("vlan-destroy", vlan_destroy)
        .reqd(&["uuid"])
        .help("Removes a VLAN. The UUID is the VLAN's; its PIF's is taken too."),
    call(
        "pool-vlan-create",
        "pool.create_VLAN_from_PIF",
        &[arg("pif", "pif-uuid"), arg("network", "network-uuid"), arg("VLAN", "vlan")],
    )
    .reqd(&["pif-uuid", "vlan", "network-uuid"]).long()
    .help("Creates a VLAN on the same interface of every host of the pool. Prints the PIFs' UUIDs."),
];

pub const TUNNEL: &[Entry] = &[
    call(
        "tunnel-create",
        "tunnel.create",
        &[
            arg("transport_PIF", "pif-uuid"),
            arg("network", "network-uuid"),
            arg("protocol", "protocol"),
        ],
    )
    .through("access_PIF")
    .reqd(&["pif-uuid", "network-uuid"])
    .optional(&["protocol"])
    .long()
    .help("Creates a tunnel over an interface: protocol is gre or vxlan. Prints its PIF's UUID."),
    call("tunnel-destroy", "tunnel.destroy", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .long()
        .help("Removes a tunnel."),
];

/// Scripts from before VLANs were objects name the PIF.
fn vlan_destroy(cx: &mut Context<'_>) -> Result<(), Failure> {
    let uuid = cx.required("uuid")?;
    let unknown = |name: &str| Failure::Answer(format!("no class {name} in the model"));
    let vlans = classes::class("VLAN").ok_or_else(|| unknown("VLAN"))?;
    match cx.server.by_uuid(vlans, uuid) {
        Ok(vlan) => cx.server.call("VLAN.destroy", vec![vlan.into()]).map(drop),
        Err(Failure::Api(ApiError { code, .. })) if code == "UUID_INVALID" => {
            let pifs = classes::class("PIF").ok_or_else(|| unknown("PIF"))?;
            let pif = cx.server.by_uuid(pifs, uuid)?;
            cx.server.call("PIF.destroy", vec![pif.into()]).map(drop)
        }
        Err(failure) => Err(failure),
    }
}
