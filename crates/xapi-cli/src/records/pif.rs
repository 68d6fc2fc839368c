//! PIFs and what is made of them: bonds, VLANs and tunnels.

use xapi_model::{Value, classes};

use super::{Declared, Row, Server, Shown, mro, mrw, ro, rw, sro};
use crate::failure::Failure;
use crate::shown::{NOT_IN_DATABASE, UNKNOWN, float};

pub const PIF: Declared = Declared {
    shown: &[
        "uuid",
        "device",
        "MAC",
        "currently-attached",
        "VLAN",
        "network-uuid",
        "host-uuid",
    ],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("device"),
        ro("MAC").any_case(),
        ro("physical"),
        ro("managed"),
        ro("currently-attached"),
        ro("MTU"),
        ro("VLAN"),
        ro("vlan-master-of").at("VLAN_master_of"),
        ro("vlan-slave-of").at("VLAN_slave_of"),
        ro("bond-master-of"),
        ro("bond-slave-of"),
        ro("sriov-physical-PIF-of"),
        ro("sriov-logical-PIF-of"),
        ro("tunnel-access-PIF-of"),
        ro("tunnel-transport-PIF-of"),
        ro("management"),
        ro("network-uuid").at("network"),
        ro("network-name-label").at("network.name_label"),
        ro("host-uuid").at("host"),
        ro("host-name-label").at("host.name_label"),
        ro("IP-configuration-mode").at("ip_configuration_mode"),
        ro("IP"),
        ro("netmask"),
        ro("gateway"),
        ro("IPv6-configuration-mode").at("ipv6_configuration_mode"),
        ro("IPv6"),
        ro("IPv6-gateway").at("ipv6_gateway"),
        ro("primary-address-type"),
        ro("DNS"),
        mro("properties").in_map("PIF.set_property"),
        sro("capabilities"),
        ro("io_read_kbs")
            .asks(|server, row| traffic(server, row, "rx"))
            .expensive(),
        ro("io_write_kbs")
            .asks(|server, row| traffic(server, row, "tx"))
            .expensive(),
        ro("carrier").at("metrics.carrier"),
        ro("vendor-id").at("metrics.vendor_id"),
        ro("vendor-name").at("metrics.vendor_name"),
        ro("device-id").at("metrics.device_id"),
        ro("device-name").at("metrics.device_name"),
        ro("speed").at("metrics.speed").says(speed),
        ro("duplex").at("metrics.duplex").asks(duplex),
        rw("disallow-unplug"),
        ro("pci-bus-path").at("metrics.pci_bus_path"),
        mrw("other-config"),
        ro("igmp-snooping-status"),
    ],
};

pub const BOND: Declared = Declared {
    shown: &["uuid", "master", "slaves"],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("master"),
        ro("slaves"),
        ro("mode"),
        mro("properties").in_map("Bond.set_property"),
        ro("primary-slave"),
        ro("links-up"),
        ro("auto-update-mac"),
    ],
};

pub const VLAN: Declared = Declared {
    shown: &["uuid", "tagged-PIF", "untagged-PIF", "tag"],
    narrowed: &[],
    fields: &[ro("uuid"), ro("tagged-PIF"), ro("untagged-PIF"), ro("tag")],
};

pub const TUNNEL: Declared = Declared {
    shown: &["uuid", "access-PIF", "transport-PIF", "status"],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("access-PIF"),
        ro("transport-PIF"),
        ro("status"),
        mrw("other-config"),
        ro("protocol"),
    ],
};

fn speed(value: &Value) -> String {
    format!("{} Mbit/s", value.as_int().unwrap_or(0))
}

fn duplex(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    let metrics = row.record.member("metrics").and_then(Value::as_str);
    let class = classes::class("PIF_metrics");
    let metrics = match (class, metrics) {
        (Some(class), Some(metrics)) => server.lookup(class, metrics)?,
        _ => None,
    };
    let Some(metrics) = metrics else {
        return Ok(Shown::One(NOT_IN_DATABASE.to_owned()));
    };
    let is = |field: &str| metrics.member(field).and_then(Value::as_bool) == Some(true);
    let text = match (is("duplex"), is("carrier")) {
        (true, _) => "full",
        (false, true) => "half",
        (false, false) => "unknown",
    };
    Ok(Shown::One(text.to_owned()))
}

/// Kilobytes a second, from the host's data sources; a host without them does not know.
fn traffic(server: &mut Server<'_>, row: &Row, way: &str) -> Result<Shown, Failure> {
    let member = |name: &str| {
        row.record
            .member(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let source = format!("pif_{}_{way}", member("device"));
    super::data_source(server, "host.query_data_source", member("host"), &source)
        .map(|bytes| Shown::One(bytes.map_or_else(|| UNKNOWN.to_owned(), |b| float(b / 1024.0))))
}
