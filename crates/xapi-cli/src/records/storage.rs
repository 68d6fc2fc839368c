//! Storage repositories and their attachments to hosts.

use xapi_model::{Value, classes};

use super::{Declared, Row, Server, Shown, mro, mrw, ro, rw, sro, srw};
use crate::failure::Failure;
use crate::shown::NOT_IN_DATABASE;

pub const SR: Declared = Declared {
    shown: &[
        "uuid",
        "name-label",
        "name-description",
        "host",
        "type",
        "content-type",
    ],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        rw("name-label"),
        rw("name-description"),
        ro("host").at("PBDs").asks(host),
        sro("allowed-operations").says(operation),
        sro("current-operations").says(operation),
        sro("VDIs"),
        sro("PBDs"),
        ro("virtual-allocation"),
        ro("physical-utilisation"),
        ro("physical-size"),
        ro("type"),
        ro("content-type"),
        rw("shared"),
        ro("introduced-by"),
        ro("is-tools-sr"),
        mrw("other-config"),
        mro("sm-config"),
        ro("blobs"),
        ro("local-cache-enabled"),
        srw("tags").commas(),
        ro("clustered"),
    ],
};

pub const PBD: Declared = Declared {
    shown: &[
        "uuid",
        "host-uuid",
        "sr-uuid",
        "device-config",
        "currently-attached",
    ],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("host").deprecated(),
        ro("host-uuid").at("host"),
        ro("host-name-label").at("host.name_label"),
        ro("sr-uuid").at("SR"),
        ro("sr-name-label").at("SR.name_label"),
        mro("device-config"),
        ro("currently-attached"),
        mrw("other-config"),
    ],
};

/// Operations on the repository's disks and attachments carry the class and a dot.
fn operation(value: &Value) -> String {
    let name = value.as_str().unwrap_or_default();
    for (prefix, class) in [("vdi_", "VDI"), ("pbd_", "PBD")] {
        if let Some(verb) = name.strip_prefix(prefix) {
            return format!("{class}.{verb}");
        }
    }
    name.to_owned()
}

/// The one host that the repository is attached to.
fn host(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    let pbds = row
        .record
        .member("PBDs")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let label = match pbds {
        [] => None,
        [pbd] => host_of(server, pbd.as_str().unwrap_or_default())?,
        _ => Some("<shared>".to_owned()),
    };
    Ok(Shown::One(
        label.unwrap_or_else(|| NOT_IN_DATABASE.to_owned()),
    ))
}

fn host_of(server: &mut Server<'_>, pbd: &str) -> Result<Option<String>, Failure> {
    let (Some(pbds), Some(hosts)) = (classes::class("PBD"), classes::class("host")) else {
        return Ok(None);
    };
    let Some(pbd) = server.lookup(pbds, pbd)? else {
        return Ok(None);
    };
    let host = pbd
        .member("host")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let host = server.lookup(hosts, host)?;
    let label = host.as_ref().and_then(|host| host.member("name_label"));
    Ok(label.and_then(Value::as_str).map(str::to_owned))
}
