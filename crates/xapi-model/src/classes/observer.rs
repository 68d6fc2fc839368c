//! Class `Observer`.

use std::collections::BTreeMap;

use super::*;

/// Observer.
#[derive(Clone, Debug, Class)]
#[class(name = "Observer", role = PoolAdmin, ctor, state = Prototyped, calls(SetComponents, SetEndpoints, SetAttributes, SetEnabled, SetHosts))]
pub struct Observer {
    /// Unique identifier of the Observer. It never changes.
    #[field(DynamicRO, state = Prototyped)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// Hosts.
    #[field(StaticRO, default = Vec::new(), state = Prototyped)]
    pub hosts: Vec<Ref<Host>>,
    /// Attributes.
    #[field(StaticRO, default = BTreeMap::new(), state = Prototyped)]
    pub attributes: BTreeMap<String, String>,
    /// Endpoints.
    #[field(StaticRO, default = Vec::new(), state = Prototyped)]
    pub endpoints: Vec<String>,
    /// Components.
    #[field(StaticRO, default = Vec::new(), state = Prototyped)]
    pub components: Vec<String>,
    /// Enabled.
    #[field(StaticRO, default = false, state = Prototyped)]
    pub enabled: bool,
}

/// Set components of Observer.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_components", role = PoolAdmin, state = Prototyped)]
pub struct SetComponents {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// Value.
    pub value: Vec<String>,
}

/// Set endpoints of Observer.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_endpoints", role = PoolAdmin, state = Prototyped)]
pub struct SetEndpoints {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// Value.
    pub value: Vec<String>,
}

/// Set attributes of Observer.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_attributes", role = PoolAdmin, state = Prototyped)]
pub struct SetAttributes {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Set enabled of Observer.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_enabled", role = PoolAdmin, state = Prototyped)]
pub struct SetEnabled {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// Value.
    pub value: bool,
}

/// Set hosts of Observer.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_hosts", role = PoolAdmin, state = Prototyped)]
pub struct SetHosts {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// Value.
    pub value: Vec<Ref<Host>>,
}
