//! Class `PVS_proxy`.

use super::*;

/// Pvs proxy.
#[derive(Clone, Debug, Class)]
#[class(name = "PVS_proxy", role = PoolAdmin, calls(Destroy, Create))]
pub struct PvsProxy {
    /// Unique identifier of the PVS_proxy. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Site.
    #[field(StaticRO, default = Ref::null())]
    pub site: Ref<PvsSite>,
    /// VIF.
    #[field(StaticRO, name = "VIF", default = Ref::null())]
    pub vif: Ref<Vif>,
    /// Currently attached.
    #[field(DynamicRO, default = false)]
    pub currently_attached: bool,
    /// Status.
    #[field(DynamicRO, default = PvsProxyStatus::Stopped)]
    pub status: PvsProxyStatus,
}

/// Pvs proxy status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pvs_proxy_status")]
pub enum PvsProxyStatus {
    /// Stopped.
    #[wire(name = "stopped")]
    Stopped,
    /// Initialised.
    #[wire(name = "initialised")]
    Initialised,
    /// Caching.
    #[wire(name = "caching")]
    Caching,
    /// Incompatible write cache mode.
    #[wire(name = "incompatible_write_cache_mode")]
    IncompatibleWriteCacheMode,
    /// Incompatible protocol version.
    #[wire(name = "incompatible_protocol_version")]
    IncompatibleProtocolVersion,
}

/// Destroy of PVS proxy.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_proxy.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The PVS_proxy.
    #[param(name = "self")]
    pub this: Ref<PvsProxy>,
}

/// Create of PVS proxy.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_proxy.create", out = Ref<PvsProxy>, role = PoolOperator)]
pub struct Create {
    /// Site.
    pub site: Ref<PvsSite>,
    /// VIF.
    #[param(name = "VIF")]
    pub vif: Ref<Vif>,
}
