//! What the host's record tells of the software on it.

use std::collections::BTreeMap;

use xapi_db::{Draft, Read};
use xapi_model::{Host, Ref};

use crate::Result;
use crate::context::Core;
use xapi_conf::inventory::Inventory;

/// The version of the API, as programs find it among the versions of the software.
const API_VERSION: &str = "2.23";

/// The name of this program's own version among them, by which hosts of a pool see whose program is the newer one.
pub(crate) const OWN_VERSION: &str = "xapi_build";

/// When the daemon started, as clients look for it that have asked for a restart: seconds since the epoch, and a dot.
pub(crate) fn note_start(core: &Core, draft: &Draft, host: &Ref<Host>) -> Result<()> {
    let mut other_config = draft.field(host, Host::OTHER_CONFIG)?;
    let now = format!("{}.", core.seconds());
    other_config.insert("agent_start_time".to_owned(), now);
    draft.set(host, Host::OTHER_CONFIG, other_config)
}

/// Names of what is installed: the product's as the inventory has them, which its installer wrote, else our own.
/// Clients split `product_version` at its dots and take the parts for numbers.
pub(crate) fn version(inventory: &Inventory) -> BTreeMap<String, String> {
    const OURS: &str = env!("CARGO_PKG_VERSION");
    let of_product = [
        ("product_brand", "PRODUCT_BRAND", "xapi-rs"),
        ("product_version", "PRODUCT_VERSION", OURS),
        ("product_version_text", "PRODUCT_VERSION_TEXT", OURS),
        (
            "product_version_text_short",
            "PRODUCT_VERSION_TEXT_SHORT",
            OURS,
        ),
        ("platform_name", "PLATFORM_NAME", "xapi-rs"),
        ("platform_version", "PLATFORM_VERSION", OURS),
        ("build_number", "BUILD_NUMBER", OURS),
    ];
    let of_product = of_product.into_iter().map(|(name, key, ours)| {
        let installed = inventory.get(key).filter(|text| !text.is_empty());
        (name, installed.unwrap_or(ours))
    });
    let of_us = [
        ("network_backend", "openvswitch"),
        ("xapi", API_VERSION),
        (OWN_VERSION, OURS),
    ];
    let pairs = of_product.chain(of_us);
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
