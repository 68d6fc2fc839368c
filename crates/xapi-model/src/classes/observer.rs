//! Class `Observer`.

use std::collections::BTreeMap;

use super::*;

/// Says which traces of the server's work are collected, and where they go.
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
    /// The hosts that it is for; empty for all.
    #[field(StaticRO, default = Vec::new(), state = Prototyped)]
    pub hosts: Vec<Ref<Host>>,
    /// Keys and values that its traces carry.
    #[field(StaticRO, default = BTreeMap::new(), state = Prototyped)]
    pub attributes: BTreeMap<String, String>,
    /// Where traces go: addresses, or `bugtool` for files on the host.
    #[field(StaticRO, default = Vec::new(), state = Prototyped)]
    pub endpoints: Vec<String>,
    /// The programs that it is for; empty for all.
    #[field(StaticRO, default = Vec::new(), state = Prototyped)]
    pub components: Vec<String>,
    /// True while it collects.
    #[field(StaticRO, default = false, state = Prototyped)]
    pub enabled: bool,
}

/// Says which programs it is for.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_components", role = PoolAdmin, state = Prototyped)]
pub struct SetComponents {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// Names of the programs; empty for all.
    pub value: Vec<String>,
}

/// Says where traces go.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_endpoints", role = PoolAdmin, state = Prototyped)]
pub struct SetEndpoints {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// Addresses, or `bugtool`.
    pub value: Vec<String>,
}

/// Says what its traces carry.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_attributes", role = PoolAdmin, state = Prototyped)]
pub struct SetAttributes {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// The keys and values.
    pub value: BTreeMap<String, String>,
}

/// Starts or stops it.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_enabled", role = PoolAdmin, state = Prototyped)]
pub struct SetEnabled {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// True to start.
    pub value: bool,
}

/// Says which hosts it is for.
#[derive(Clone, Debug, Call)]
#[call(name = "Observer.set_hosts", role = PoolAdmin, state = Prototyped)]
pub struct SetHosts {
    /// The Observer.
    #[param(name = "self")]
    pub this: Ref<Observer>,
    /// The hosts; empty for all.
    pub value: Vec<Ref<Host>>,
}
