//! Class `VLAN`.

use std::collections::BTreeMap;

use super::*;

/// Vlan.
#[derive(Clone, Debug, Class)]
#[class(name = "VLAN", role = PoolOperator, calls(Destroy, Create))]
pub struct Vlan {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Tagged PIF.
    #[field(StaticRO, name = "tagged_PIF", default = Ref::null())]
    pub tagged_pif: Ref<Pif>,
    /// Untagged PIF.
    #[field(DynamicRO, name = "untagged_PIF", default = Ref::null())]
    pub untagged_pif: Ref<Pif>,
    /// Tag.
    #[field(StaticRO, default = -1)]
    pub tag: i64,
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Destroy of VLAN.
#[derive(Clone, Debug, Call)]
#[call(name = "VLAN.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The VLAN.
    #[param(name = "self")]
    pub this: Ref<Vlan>,
}

/// Create of VLAN.
#[derive(Clone, Debug, Call)]
#[call(name = "VLAN.create", out = Ref<Vlan>, role = PoolOperator)]
pub struct Create {
    /// Tagged PIF.
    #[param(name = "tagged_PIF")]
    pub tagged_pif: Ref<Pif>,
    /// Tag.
    pub tag: i64,
    /// Network.
    pub network: Ref<Network>,
}
