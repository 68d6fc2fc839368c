//! Class `PVS_proxy`.

use super::*;

/// What caches the traffic between one machine and a provisioning site.
#[derive(Clone, Debug, Class)]
#[class(name = "PVS_proxy", role = PoolAdmin, calls(Destroy, Create))]
pub struct PvsProxy {
    /// Unique identifier of the PVS_proxy. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The site.
    #[field(StaticRO, default = Ref::null())]
    pub site: Ref<PvsSite>,
    /// The VIF of the machine.
    #[field(StaticRO, name = "VIF", default = Ref::null())]
    pub vif: Ref<Vif>,
    /// True while the machine runs with it.
    #[field(DynamicRO, default = false)]
    pub currently_attached: bool,
    /// What it does now.
    #[field(DynamicRO, default = PvsProxyStatus::Stopped)]
    pub status: PvsProxyStatus,
}

/// What a proxy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pvs_proxy_status")]
pub enum PvsProxyStatus {
    /// Nothing.
    #[wire(name = "stopped")]
    Stopped,
    /// It is ready, and nothing is cached yet.
    #[wire(name = "initialised")]
    Initialised,
    /// It caches.
    #[wire(name = "caching")]
    Caching,
    /// It cannot cache, since the machine writes in a way that forbids it.
    #[wire(name = "incompatible_write_cache_mode")]
    IncompatibleWriteCacheMode,
    /// It cannot cache, since it does not know the site's protocol.
    #[wire(name = "incompatible_protocol_version")]
    IncompatibleProtocolVersion,
}

/// Removes the proxy.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_proxy.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The PVS_proxy.
    #[param(name = "self")]
    pub this: Ref<PvsProxy>,
}

/// Makes a proxy for a machine. Refused with PVS_PROXY_ALREADY_PRESENT, PVS_VIF_MUST_BE_FIRST_DEVICE and
/// OPENVSWITCH_NOT_ACTIVE.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_proxy.create", out = Ref<PvsProxy>, role = PoolOperator)]
pub struct Create {
    /// The site.
    pub site: Ref<PvsSite>,
    /// The VIF of the machine, in its first position.
    #[param(name = "VIF")]
    pub vif: Ref<Vif>,
}
