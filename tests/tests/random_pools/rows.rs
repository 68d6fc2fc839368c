//! What the rows of a pool say, and what must hold of them whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use xapi_db::{Read, View};
use xapi_model::classes::MODEL;
use xapi_model::{
    Bond, Class, Host, IpConfigurationMode, Network, Pif, Pool, Ref, Tunnel, Vif, Vlan, Vm,
};

/// Rows by class and reference: the host whose they are, if they are one's, and what clients asked for of them. What
/// hosts find out by themselves is left away.
pub type Rows = BTreeMap<String, (Option<String>, String)>;

/// How the keys of what a host has to take back begin.
const UNDO: &str = "undo ";

/// The hosts whose part of a change of many is not over: whoever starts as the master takes it back.
pub fn to_undo(rows: &Rows) -> BTreeSet<&str> {
    let undo = rows.keys().filter_map(|key| key.strip_prefix(UNDO));
    undo.collect()
}

/// All rows of a class.
pub fn all<C: Class>(view: &impl Read) -> BTreeMap<Ref<C>, C> {
    view.all().expect("rows").into_iter().collect()
}

/// What clients asked for.
pub fn asked_for(view: &View) -> Rows {
    let mut rows = Rows::new();
    let mut add = |class: &str, reference: &str, host: Option<&Ref<Host>>, what: &dyn Debug| {
        let host = host.map(|host| host.as_str().to_owned());
        rows.insert(format!("{class} {reference}"), (host, format!("{what:?}")));
    };
    for (reference, row) in all::<Host>(view) {
        if !row.change_to_undo.is_empty() {
            let key = UNDO.trim_end();
            add(
                key,
                reference.as_str(),
                Some(&reference),
                &row.change_to_undo,
            );
        }
    }
    let pifs = all::<Pif>(view);
    let host_of = |pif: &Ref<Pif>| pifs.get(pif).map(|pif| &pif.host);
    for (reference, row) in all::<Network>(view) {
        let what = (&row.bridge, &row.name_label, row.mtu);
        add("network", reference.as_str(), None, &what);
    }
    for (reference, row) in &pifs {
        let what = (
            (&row.device, row.vlan, &row.network, row.physical),
            (row.ip_configuration_mode, &row.ip, &row.netmask),
            (row.ipv6_configuration_mode, &row.ipv6_gateway),
            (&row.bond_slave_of, row.management, row.currently_attached),
        );
        add("PIF", reference.as_str(), Some(&row.host), &what);
    }
    for (reference, row) in all::<Bond>(view) {
        let mut members: Vec<_> = row.slaves.iter().collect();
        members.sort();
        let what = (row.mode, &row.master, members);
        add("Bond", reference.as_str(), host_of(&row.master), &what);
    }
    for (reference, row) in all::<Vlan>(view) {
        let what = (row.tag, &row.tagged_pif, &row.untagged_pif);
        add("VLAN", reference.as_str(), host_of(&row.tagged_pif), &what);
    }
    for (reference, row) in all::<Tunnel>(view) {
        let what = (row.protocol, &row.transport_pif, &row.access_pif);
        let host = host_of(&row.transport_pif);
        add("tunnel", reference.as_str(), host, &what);
    }
    for (reference, row) in all::<Vif>(view) {
        let what = (&row.device, &row.network, &row.vm);
        add("VIF", reference.as_str(), None, &what);
    }
    for (reference, row) in all::<Vm>(view) {
        if !row.is_control_domain {
            add("VM", reference.as_str(), None, &row.name_label);
        }
    }
    for (reference, row) in all::<Host>(view) {
        add("host", reference.as_str(), None, &row.uuid);
    }
    for (reference, row) in all::<Pool>(view) {
        add("pool", reference.as_str(), None, &row.igmp_snooping_enabled);
    }
    rows
}

/// Every durable row, as clients see it.
pub fn everything(view: &View) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for class in MODEL.iter().filter(|class| !class.volatile) {
        for (reference, record) in view.records(class).expect("records") {
            rows.insert(format!("{} {reference}", class.name), format!("{record:?}"));
        }
    }
    rows
}

/// The lines that one has and the other has not, or has otherwise.
pub fn differences<V: PartialEq + Debug>(
    before: &BTreeMap<String, V>,
    after: &BTreeMap<String, V>,
) -> BTreeSet<String> {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differ = keys
        .into_iter()
        .filter(|key| before.get(*key) != after.get(*key));
    differ.cloned().collect()
}

/// The same with both sides, for people.
pub fn told<V: PartialEq + Debug>(
    before: &BTreeMap<String, V>,
    after: &BTreeMap<String, V>,
) -> String {
    let mut text = String::new();
    for key in differences(before, after) {
        let (was, is) = (before.get(&key), after.get(&key));
        text.push_str(&format!("\n  {key}\n    was {was:?}\n    is  {is:?}"));
    }
    text
}

/// What must hold of the rows of a master: what people's pains have taught.
pub fn hold(view: &View) {
    every_reference_resolves(view);
    let pifs = all::<Pif>(view);
    for host in all::<Host>(view).keys() {
        let own: Vec<_> = pifs.iter().filter(|(_, pif)| pif.host == *host).collect();
        let management: Vec<_> = own.iter().filter(|(_, pif)| pif.management).collect();
        assert_eq!(management.len(), 1, "management interfaces of {host}");
        for (_, pif) in &management {
            assert!(pif.currently_attached, "management of {host} is unplugged");
            assert_ne!(
                pif.ip_configuration_mode,
                IpConfigurationMode::None,
                "{host}"
            );
        }
        let mut addresses = BTreeSet::new();
        let mut on = BTreeSet::new();
        for (reference, pif) in &own {
            let given = std::iter::once(&pif.ip).chain(&pif.ipv6);
            for address in given.filter(|address| !address.is_empty()) {
                let once = addresses.insert(address.clone());
                assert!(once, "{host} has {address} twice");
            }
            assert!(
                on.insert(&pif.network),
                "{host} is twice on {}",
                pif.network
            );
            if pif.bond_slave_of.some().is_some() {
                let idle = !pif.management
                    && !pif.currently_attached
                    && pif.ip_configuration_mode == IpConfigurationMode::None
                    && pif.vlan_slave_of.is_empty()
                    && pif.tunnel_transport_pif_of.is_empty();
                assert!(idle, "{reference} is used beside its bond");
            }
        }
    }
    for (reference, vlan) in all::<Vlan>(view) {
        let (below, above) = (&pifs[&vlan.tagged_pif], &pifs[&vlan.untagged_pif]);
        assert_eq!(below.host, above.host, "{reference}");
        assert_eq!(above.vlan, vlan.tag, "{reference}");
        if below.currently_attached && above.currently_attached {
            assert!(above.mtu <= below.mtu, "{reference}: more MTU than below");
        }
    }
    for (reference, tunnel) in all::<Tunnel>(view) {
        let (below, above) = (&pifs[&tunnel.transport_pif], &pifs[&tunnel.access_pif]);
        assert_eq!(below.host, above.host, "{reference}");
        if below.currently_attached && above.currently_attached {
            assert!(
                above.mtu < below.mtu,
                "{reference}: no room for its headers"
            );
        }
    }
    for (reference, bond) in all::<Bond>(view) {
        let host = &pifs[&bond.master].host;
        let here = bond.slaves.iter().all(|slave| pifs[slave].host == *host);
        assert!(
            here && !bond.slaves.is_empty(),
            "{reference} is over two hosts"
        );
        assert!(bond.slaves.contains(&bond.primary_slave), "{reference}");
    }
}

fn every_reference_resolves(view: &View) {
    let mut there = BTreeSet::from(["OpaqueRef:NULL".to_owned()]);
    for class in MODEL {
        there.extend(view.refs(class).expect("references"));
    }
    for (row, text) in everything(view) {
        for found in text
            .split('"')
            .filter(|word| word.starts_with("OpaqueRef:"))
        {
            assert!(there.contains(found), "{row} names {found}, which is gone");
        }
    }
}
