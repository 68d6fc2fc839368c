//! Class `Caller`.

use super::*;

/// A program that calls the server, told by its name and address, so that its use can be counted and limited.
#[derive(Clone, Debug, Class)]
#[class(name = "Caller", role = PoolAdmin, ctor, state = Prototyped, calls(QueryAllUsage, QueryGroupCallCount, QueryGroupTokenUsage, QueryCallCount, QueryTokenUsage, RemoveGroup, AddGroup))]
pub struct Caller {
    /// Unique identifier of the Caller. It never changes.
    #[field(DynamicRO, state = Prototyped)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new(), state = Prototyped)]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new(), state = Prototyped)]
    pub name_description: String,
    /// Name that it gives of itself.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub user_agent: String,
    /// Address that it calls from.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub client_ip: String,
    /// When it last called.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub last_access: DateTime,
    /// Groups that it is counted in.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub groups: Vec<String>,
    /// The limit that it is under, or null.
    #[field(DynamicRO, default = Ref::null(), state = Prototyped)]
    pub rate_limit: Ref<RateLimit>,
    /// True if the server noted it by itself.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub auto_registered: bool,
}

/// What every caller has used, one row each.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_all_usage", out = Vec<Vec<String>>, role = PoolOperator, state = Prototyped)]
pub struct QueryAllUsage {}

/// How many calls a group has made.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_group_call_count", out = i64, role = PoolOperator, state = Prototyped)]
pub struct QueryGroupCallCount {
    /// The group.
    pub group: String,
}

/// What the calls of a group have cost.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_group_token_usage", out = f64, role = PoolOperator, state = Prototyped)]
pub struct QueryGroupTokenUsage {
    /// The group.
    pub group: String,
}

/// How many calls it has made.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_call_count", out = i64, role = PoolOperator, state = Prototyped)]
pub struct QueryCallCount {
    /// The Caller.
    #[param(name = "self")]
    pub this: Ref<Caller>,
}

/// What its calls have cost.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_token_usage", out = f64, role = PoolOperator, state = Prototyped)]
pub struct QueryTokenUsage {
    /// The Caller.
    #[param(name = "self")]
    pub this: Ref<Caller>,
}

/// No longer counts it in a group.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.remove_group", role = PoolOperator, state = Prototyped)]
pub struct RemoveGroup {
    /// The Caller.
    #[param(name = "self")]
    pub this: Ref<Caller>,
    /// The group.
    pub group: String,
}

/// Counts it in a group.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.add_group", role = PoolOperator, state = Prototyped)]
pub struct AddGroup {
    /// The Caller.
    #[param(name = "self")]
    pub this: Ref<Caller>,
    /// The group.
    pub group: String,
}
