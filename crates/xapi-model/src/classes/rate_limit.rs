//! Class `Rate_limit`.

use super::*;

/// Rate limit.
#[derive(Clone, Debug, Class)]
#[class(name = "Rate_limit", role = PoolAdmin, ctor, state = Prototyped, calls(SetFillRate, SetBurstSize, RemoveCaller, AddCaller))]
pub struct RateLimit {
    /// Unique identifier of the Rate_limit. It never changes.
    #[field(DynamicRO, state = Prototyped)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new(), state = Prototyped)]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new(), state = Prototyped)]
    pub name_description: String,
    /// Callers.
    #[field(DynamicRO, view = Caller::RATE_LIMIT, state = Prototyped)]
    pub callers: Many<Caller>,
    /// Burst size.
    #[field(StaticRO, default = 0., state = Prototyped)]
    pub burst_size: f64,
    /// Fill rate.
    #[field(StaticRO, default = 0., state = Prototyped)]
    pub fill_rate: f64,
}

/// Set fill rate of Rate limit.
#[derive(Clone, Debug, Call)]
#[call(name = "Rate_limit.set_fill_rate", role = PoolAdmin, state = Prototyped)]
pub struct SetFillRate {
    /// The Rate_limit.
    #[param(name = "self")]
    pub this: Ref<RateLimit>,
    /// Value.
    pub value: f64,
}

/// Set burst size of Rate limit.
#[derive(Clone, Debug, Call)]
#[call(name = "Rate_limit.set_burst_size", role = PoolAdmin, state = Prototyped)]
pub struct SetBurstSize {
    /// The Rate_limit.
    #[param(name = "self")]
    pub this: Ref<RateLimit>,
    /// Value.
    pub value: f64,
}

/// Remove caller of Rate limit.
#[derive(Clone, Debug, Call)]
#[call(name = "Rate_limit.remove_caller", role = PoolAdmin, state = Prototyped)]
pub struct RemoveCaller {
    /// The Rate_limit.
    #[param(name = "self")]
    pub this: Ref<RateLimit>,
    /// Caller.
    pub caller: Ref<Caller>,
}

/// Add caller of Rate limit.
#[derive(Clone, Debug, Call)]
#[call(name = "Rate_limit.add_caller", role = PoolAdmin, state = Prototyped)]
pub struct AddCaller {
    /// The Rate_limit.
    #[param(name = "self")]
    pub this: Ref<RateLimit>,
    /// Caller.
    pub caller: Ref<Caller>,
}
