//! Class `Rate_limit`.

use super::*;

/// A limit on what callers may use: a bucket of tokens that is filled steadily and that calls take from.
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
    /// The callers that it is for.
    #[field(DynamicRO, view = Caller::RATE_LIMIT, state = Prototyped)]
    pub callers: Many<Caller>,
    /// Tokens that the bucket holds.
    #[field(StaticRO, default = 0., state = Prototyped)]
    pub burst_size: f64,
    /// Tokens that come in each second.
    #[field(StaticRO, default = 0., state = Prototyped)]
    pub fill_rate: f64,
}

/// Sets how fast the bucket is filled.
#[derive(Clone, Debug, Call)]
#[call(name = "Rate_limit.set_fill_rate", role = PoolAdmin, state = Prototyped)]
pub struct SetFillRate {
    /// The Rate_limit.
    #[param(name = "self")]
    pub this: Ref<RateLimit>,
    /// Tokens a second.
    pub value: f64,
}

/// Sets how much the bucket holds.
#[derive(Clone, Debug, Call)]
#[call(name = "Rate_limit.set_burst_size", role = PoolAdmin, state = Prototyped)]
pub struct SetBurstSize {
    /// The Rate_limit.
    #[param(name = "self")]
    pub this: Ref<RateLimit>,
    /// Tokens.
    pub value: f64,
}

/// Takes a caller out of the limit.
#[derive(Clone, Debug, Call)]
#[call(name = "Rate_limit.remove_caller", role = PoolAdmin, state = Prototyped)]
pub struct RemoveCaller {
    /// The limit.
    #[param(name = "self")]
    pub this: Ref<RateLimit>,
    /// The caller.
    pub caller: Ref<Caller>,
}

/// Puts a caller under the limit.
#[derive(Clone, Debug, Call)]
#[call(name = "Rate_limit.add_caller", role = PoolAdmin, state = Prototyped)]
pub struct AddCaller {
    /// The limit.
    #[param(name = "self")]
    pub this: Ref<RateLimit>,
    /// The caller.
    pub caller: Ref<Caller>,
}
