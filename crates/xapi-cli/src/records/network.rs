//! Networks, SR-IOV networks and SDN controllers.

use xapi_model::Value;

use super::{Declared, Row, Server, Shown, mrw, ro, rw, sro, srw};
use crate::failure::Failure;
use crate::shown::text;

pub const NETWORK: Declared = Declared {
    shown: &["uuid", "name-label", "name-description", "bridge"],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        rw("name-label"),
        rw("name-description"),
        sro("VIF-uuids").at("VIFs"),
        sro("PIF-uuids").at("PIFs"),
        rw("MTU"),
        ro("bridge"),
        ro("managed"),
        mrw("other-config"),
        ro("blobs"),
        srw("tags").commas(),
        rw("default-locking-mode"),
        srw("purpose").commas(),
    ],
};

pub const NETWORK_SRIOV: Declared = Declared {
    // XAPI also asks for names that do not exist, so a list shows these two.
    shown: &["uuid", "requires-reboot"],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("physical-PIF"),
        ro("logical-PIF"),
        ro("requires-reboot"),
        ro("remaining-capacity")
            .asks(remaining_capacity)
            .expensive(),
    ],
};

pub const SDN_CONTROLLER: Declared = Declared {
    shown: &[],
    narrowed: &[],
    fields: &[ro("uuid"), ro("protocol"), ro("address"), ro("port")],
};

fn remaining_capacity(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    let this: Value = row.reference.as_str().into();
    let capacity = server.call("network_sriov.get_remaining_capacity", vec![this])?;
    text(server, &xapi_model::Type::Int, &capacity).map(Shown::One)
}
