//! Class `Bond`.

use std::collections::BTreeMap;

use super::*;

/// Bond.
#[derive(Clone, Debug, Class)]
#[class(name = "Bond", role = PoolOperator, calls(SetProperty, SetMode, Destroy, Create))]
pub struct Bond {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Master.
    #[field(StaticRO, default = Ref::null())]
    pub master: Ref<Pif>,
    /// Slaves.
    #[field(DynamicRO, view = Pif::BOND_SLAVE_OF)]
    pub slaves: Many<Pif>,
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Primary slave.
    #[field(DynamicRO, default = Ref::null())]
    pub primary_slave: Ref<Pif>,
    /// Mode.
    #[field(DynamicRO, default = BondMode::BalanceSlb)]
    pub mode: BondMode,
    /// Properties.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub properties: BTreeMap<String, String>,
    /// Links up.
    #[field(DynamicRO, default = 0)]
    pub links_up: i64,
    /// Auto update mac.
    #[field(DynamicRO, default = true)]
    pub auto_update_mac: bool,
}

/// Bond mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "bond_mode", exact)]
pub enum BondMode {
    /// Balance-slb.
    #[wire(name = "balance-slb")]
    BalanceSlb,
    /// Active-backup.
    #[wire(name = "active-backup")]
    ActiveBackup,
    /// Lacp.
    #[wire(name = "lacp")]
    Lacp,
}

/// Set property of Bond.
#[derive(Clone, Debug, Call)]
#[call(name = "Bond.set_property", role = PoolOperator)]
pub struct SetProperty {
    /// The Bond.
    #[param(name = "self")]
    pub this: Ref<Bond>,
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// Set mode of Bond.
#[derive(Clone, Debug, Call)]
#[call(name = "Bond.set_mode", role = PoolOperator)]
pub struct SetMode {
    /// The Bond.
    #[param(name = "self")]
    pub this: Ref<Bond>,
    /// Value.
    pub value: BondMode,
}

/// Destroy of Bond.
#[derive(Clone, Debug, Call)]
#[call(name = "Bond.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The Bond.
    #[param(name = "self")]
    pub this: Ref<Bond>,
}

/// Create of Bond.
#[derive(Clone, Debug, Call)]
#[call(name = "Bond.create", out = Ref<Bond>, role = PoolOperator)]
pub struct Create {
    /// Network.
    pub network: Ref<Network>,
    /// Members.
    pub members: Vec<Ref<Pif>>,
    /// MAC.
    #[param(name = "MAC")]
    pub mac: String,
    /// Mode.
    #[param(default = BondMode::BalanceSlb)]
    pub mode: BondMode,
    /// Properties.
    #[param(default = BTreeMap::new())]
    pub properties: BTreeMap<String, String>,
}
