//! Class `Caller`.

use super::*;

/// Caller.
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
    /// User agent.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub user_agent: String,
    /// Client ip.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub client_ip: String,
    /// Last access.
    #[field(DynamicRO, default = DateTime::epoch(), state = Prototyped)]
    pub last_access: DateTime,
    /// Groups.
    #[field(DynamicRO, default = Vec::new(), state = Prototyped)]
    pub groups: Vec<String>,
    /// Rate limit.
    #[field(DynamicRO, default = Ref::null(), state = Prototyped)]
    pub rate_limit: Ref<RateLimit>,
    /// Auto registered.
    #[field(DynamicRO, default = false, state = Prototyped)]
    pub auto_registered: bool,
}

/// Query all usage of Caller.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_all_usage", out = Vec<Vec<String>>, role = PoolOperator, state = Prototyped)]
pub struct QueryAllUsage {}

/// Query group call count of Caller.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_group_call_count", out = i64, role = PoolOperator, state = Prototyped)]
pub struct QueryGroupCallCount {
    /// Group.
    pub group: String,
}

/// Query group token usage of Caller.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_group_token_usage", out = f64, role = PoolOperator, state = Prototyped)]
pub struct QueryGroupTokenUsage {
    /// Group.
    pub group: String,
}

/// Query call count of Caller.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_call_count", out = i64, role = PoolOperator, state = Prototyped)]
pub struct QueryCallCount {
    /// The Caller.
    #[param(name = "self")]
    pub this: Ref<Caller>,
}

/// Query token usage of Caller.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.query_token_usage", out = f64, role = PoolOperator, state = Prototyped)]
pub struct QueryTokenUsage {
    /// The Caller.
    #[param(name = "self")]
    pub this: Ref<Caller>,
}

/// Remove group of Caller.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.remove_group", role = PoolOperator, state = Prototyped)]
pub struct RemoveGroup {
    /// The Caller.
    #[param(name = "self")]
    pub this: Ref<Caller>,
    /// Group.
    pub group: String,
}

/// Add group of Caller.
#[derive(Clone, Debug, Call)]
#[call(name = "Caller.add_group", role = PoolOperator, state = Prototyped)]
pub struct AddGroup {
    /// The Caller.
    #[param(name = "self")]
    pub this: Ref<Caller>,
    /// Group.
    pub group: String,
}
