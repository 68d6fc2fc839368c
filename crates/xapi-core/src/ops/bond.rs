//! Bonds: several NICs that work as one. Everything that the members had moves to the bond, and back when it goes
//! (API facts, 1.1).

use std::collections::BTreeMap;

use xapi_db::{Draft, Read};
use xapi_model::bond::{Create, Destroy, SetMode, SetProperty};
use xapi_model::{
    Bond, BondMode, Class, Host, IpConfigurationMode, Ipv6ConfigurationMode, Pif, PifMetrics, Pool,
    Ref, Vif, Vlan, errors,
};
use xapi_net::topology::Mac;

use crate::carried::{self, Clash, Moving};
use crate::context::Cx;
use crate::ops::pif::{Kind, host_live, kind_of, no_fcoe_in_use, on_sriov};
use crate::ops::plug::attach;
use crate::topology::{has_ip, pifs_of};
use crate::{Config, Result, repair, vifs_to_move};

/// `Bond.create`.
pub fn create(cx: &Cx<'_>, call: Create) -> Result<Ref<Bond>> {
    let Some(first) = call.members.first() else {
        return Err(errors::pif_bond_needs_more_members());
    };
    let view = cx.core.view()?;
    let host = view.field(first, Pif::HOST)?;
    host_live(&view, &host)?;
    drop(view);
    let members = without_repeats(&call.members);
    let config = &cx.core.config;
    let edit = |draft: &Draft| made(config, draft, &host, &call, &members);
    vifs_to_move::carrying(
        cx,
        |draft| edit(draft).map(|(_, vifs)| vifs),
        |asked| {
            cx.change(&host, first, |draft| {
                let (bond, vifs) = edit(draft)?;
                asked.covers(draft, &vifs)?;
                Ok(bond)
            })
        },
    )
}

/// Makes the bond's rows, and moves to it what its members had. Returns it with the VIFs that moved.
pub(crate) fn made(
    config: &Config,
    draft: &Draft,
    host: &Ref<Host>,
    call: &Create,
    members: &[Ref<Pif>],
) -> Result<(Ref<Bond>, Vec<Ref<Vif>>)> {
    let properties = usable(draft, host, call)?;
    let primary = bondable(config, draft, members)?;
    if !call.mac.is_empty() {
        unicast_mac(&call.mac)?;
    }
    let master = draft.insert(master_of(draft, host, call, members, &primary)?)?;
    let bond = draft.insert(Bond {
        master: master.clone(),
        primary_slave: primary.clone(),
        mode: call.mode,
        properties,
        auto_update_mac: call.mac.is_empty(),
        ..Bond::blank()
    })?;
    let mut moving = Moving::new(draft, host, Clash::Refuse);
    for member in members {
        taken_in(draft, &mut moving, member, &bond, &master)?;
    }
    carried::settings(draft, &primary, &master)?;
    moving.everything(members, &master)?;
    moving.sized()?;
    Ok((bond, moving.vifs))
}

/// Makes a NIC a member of a bond, whose PIF has its addresses afterwards. What else it carries moves by
/// [`Moving::everything`].
pub(crate) fn taken_in(
    draft: &Draft,
    moving: &mut Moving<'_>,
    member: &Ref<Pif>,
    bond: &Ref<Bond>,
    master: &Ref<Pif>,
) -> Result<()> {
    draft.set(member, Pif::BOND_SLAVE_OF, bond.clone())?;
    draft.set(member, Pif::CURRENTLY_ATTACHED, false)?;
    draft.set(member, Pif::LEFT_OUT, false)?;
    moving.addresses(member, master)?;
    carried::clear_addresses(draft, member)?;
    carried::management(draft, member, master)?;
    if draft.field(member, Pif::DISALLOW_UNPLUG)? {
        draft.set(master, Pif::DISALLOW_UNPLUG, true)?;
        draft.set(member, Pif::DISALLOW_UNPLUG, false)?;
    }
    Ok(())
}

/// Of a member that is named twice the last naming counts.
fn without_repeats(members: &[Ref<Pif>]) -> Vec<Ref<Pif>> {
    let later = |at: usize| &members[at + 1..];
    let kept = members
        .iter()
        .enumerate()
        .filter(|(at, member)| !later(*at).contains(member));
    kept.map(|(_, member)| member.clone()).collect()
}

/// Checks what the call says of the network, the MAC and the properties; gives the properties with their defaults.
fn usable(draft: &Draft, host: &Ref<Host>, call: &Create) -> Result<BTreeMap<String, String>> {
    let network = draft.get(&call.network)?;
    draft.rely(&call.network)?;
    if !network.managed {
        return Err(errors::network_unmanaged(&call.network));
    }
    for pif in network.pifs.iter() {
        if draft.field(pif, Pif::HOST)? == *host {
            return Err(errors::network_already_connected(host, pif));
        }
    }
    if let Some(pif) = network.pifs.first()
        && on_sriov(draft, &draft.get(pif)?)?
    {
        return Err(errors::network_incompatible_with_bond(&call.network));
    }
    if !call.mac.is_empty() {
        formed_mac(&call.mac)?;
    }
    for (key, value) in &call.properties {
        check_property(call.mode, key, value)?;
    }
    Ok(with_defaults(call.mode, &call.properties))
}

/// Six groups of two hexadecimal digits.
fn formed_mac(text: &str) -> Result<Mac> {
    text.parse().map_err(|_| errors::mac_invalid(text))
}

/// XAPI takes a multicast or zero address too; a bond would not work with one, so we refuse it with the same error,
/// after everything that XAPI refuses.
fn unicast_mac(text: &str) -> Result<()> {
    if formed_mac(text)?.is_unicast() {
        Ok(())
    } else {
        Err(errors::mac_invalid(text))
    }
}

/// A property that a mode takes.
struct Property {
    key: &'static str,
    values: &'static [&'static str],
    default: Option<&'static str>,
}

const LACP: &[Property] = &[
    Property {
        key: "hashing_algorithm",
        values: &["src_mac", "tcpudp_ports"],
        default: Some("tcpudp_ports"),
    },
    Property {
        key: "lacp-time",
        values: &["fast", "slow"],
        default: Some("slow"),
    },
    Property {
        key: "lacp-aggregation-key",
        values: &[],
        default: None,
    },
    Property {
        key: "lacp-fallback-ab",
        values: &["true", "false"],
        default: Some("true"),
    },
];

fn properties_of(mode: BondMode) -> &'static [Property] {
    if mode == BondMode::Lacp { LACP } else { &[] }
}

fn check_property(mode: BondMode, key: &str, value: &str) -> Result<()> {
    let known = properties_of(mode)
        .iter()
        .find(|property| property.key == key);
    let fits = known.is_some_and(|property| match property.values {
        // A number, in the notations that XAPI reads; the kernel's and Open vSwitch's range is that of 16 bits.
        [] => xapi_model::Type::Int
            .parse(value)
            .ok()
            .and_then(|n| n.as_int())
            .is_some_and(|n| (0..=65535).contains(&n)),
        values => values.contains(&value),
    });
    if fits {
        Ok(())
    } else {
        Err(errors::invalid_value(
            "properties",
            format!("{key} = {value}"),
        ))
    }
}

fn with_defaults(mode: BondMode, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let defaults = properties_of(mode).iter();
    let defaults = defaults
        .filter_map(|property| Some((property.key.to_owned(), property.default?.to_owned())));
    let mut all: BTreeMap<_, _> = defaults.collect();
    all.extend(
        given
            .iter()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    all
}

/// Checks the members, in the order of XAPI's checks, and names the primary one: with management, else the first with
/// an IP configuration, else the first.
pub(crate) fn bondable(config: &Config, draft: &Draft, members: &[Ref<Pif>]) -> Result<Ref<Pif>> {
    let rows: Result<Vec<_>> = members
        .iter()
        .map(|member| Ok((member, draft.get(member)?)))
        .collect();
    let rows = rows?;
    let primary = rows.iter().find(|(_, pif)| pif.management);
    let primary = primary
        .or_else(|| rows.iter().find(|(_, pif)| has_ip(pif)))
        .or_else(|| rows.first());
    let Some((primary, primary_row)) = primary else {
        return Err(errors::pif_bond_needs_more_members());
    };
    for (member, pif) in &rows {
        if pif.primary_address_type != primary_row.primary_address_type {
            return Err(errors::pif_incompatible_primary_address_type(member));
        }
    }
    let ha = draft
        .all::<Pool>()?
        .first()
        .is_some_and(|(_, pool)| pool.ha_enabled);
    for (member, pif) in &rows {
        draft.rely(member)?;
        if !pif.managed {
            return Err(errors::pif_unmanaged(member));
        }
        match kind_of(pif) {
            Kind::Physical if !pif.bond_slave_of.is_null() => {
                return Err(errors::pif_already_bonded(member));
            }
            // XAPI lets a bond be a member of a bond, which no backend can make.
            Kind::BondMaster => return Err(errors::pif_already_bonded(member)),
            Kind::Vlan => return Err(errors::pif_vlan_exists(&pif.device_name)),
            Kind::TunnelAccess => return Err(errors::is_tunnel_access_pif(member)),
            Kind::SriovLogical => return Err(errors::pif_is_sriov_logical(member)),
            Kind::Physical => {}
        }
        if ha && pif.management {
            return Err(errors::ha_cannot_change_bond_status_of_mgmt_iface());
        }
        no_fcoe_in_use(config, draft, member, pif)?;
    }
    if rows.iter().any(|(_, pif)| pif.host != primary_row.host) {
        return Err(errors::pif_cannot_bond_cross_host());
    }
    if rows
        .iter()
        .any(|(_, pif)| pif.properties != primary_row.properties)
    {
        return Err(errors::incompatible_pif_properties());
    }
    if rows.iter().filter(|(_, pif)| has_ip(pif)).count() > 1 {
        return Err(errors::pif_bond_more_than_one_ip());
    }
    // XAPI counts those of the primary address type, and drops the others.
    let families: [fn(&Pif) -> bool; 2] = [
        |pif| pif.ip_configuration_mode != IpConfigurationMode::None,
        |pif| pif.ipv6_configuration_mode != Ipv6ConfigurationMode::None,
    ];
    for has in families {
        if rows.iter().filter(|(_, pif)| has(pif)).count() > 1 {
            return Err(errors::pif_bond_more_than_one_ip());
        }
    }
    Ok((*primary).clone())
}

/// The PIF of a new bond.
fn master_of(
    draft: &Draft,
    host: &Ref<Host>,
    call: &Create,
    members: &[Ref<Pif>],
    primary: &Ref<Pif>,
) -> Result<Pif> {
    let primary = draft.get(primary)?;
    let device = free_device(draft, host)?;
    let metrics = draft.insert(PifMetrics::blank())?;
    let first = members
        .first()
        .map(|member| draft.get(member))
        .transpose()?;
    Ok(Pif {
        device_name: device.clone(),
        device,
        network: call.network.clone(),
        host: host.clone(),
        mac: if call.mac.is_empty() {
            primary.mac
        } else {
            call.mac.to_ascii_lowercase()
        },
        mtu: -1,
        vlan: -1,
        metrics,
        physical: false,
        currently_attached: true,
        managed: true,
        ipv6: vec![String::new()],
        primary_address_type: primary.primary_address_type,
        properties: first.map(|pif| pif.properties).unwrap_or_default(),
        ..Pif::blank()
    })
}

/// `bondN` with the smallest free N on the host.
fn free_device(draft: &Draft, host: &Ref<Host>) -> Result<String> {
    let pifs = pifs_of(draft, host)?;
    let taken: Vec<_> = pifs.iter().map(|(_, pif)| pif.device.as_str()).collect();
    let mut names = (0..).map(|n| format!("bond{n}"));
    let free = names.find(|name| !taken.contains(&name.as_str()));
    free.ok_or_else(|| errors::internal_error("no free bond name"))
}

/// `Bond.destroy`.
pub fn destroy(cx: &Cx<'_>, call: Destroy) -> Result<()> {
    let view = cx.core.view()?;
    let master = view.field(&call.this, Bond::MASTER)?;
    let host = view.field(&master, Pif::HOST)?;
    let primary = view.field(&call.this, Bond::PRIMARY_SLAVE)?;
    host_live(&view, &host)?;
    drop(view);
    let edit = |draft: &Draft| unmade(draft, &host, &call.this);
    vifs_to_move::carrying(cx, edit, |asked| {
        cx.change(&host, &primary, |draft| asked.covers(draft, &edit(draft)?))
    })
}

/// Removes the bond's rows, and moves what it had to its primary member. Returns the VIFs that moved.
pub(crate) fn unmade(draft: &Draft, host: &Ref<Host>, bond: &Ref<Bond>) -> Result<Vec<Ref<Vif>>> {
    let row = draft.get(bond)?;
    let master = draft.get(&row.master)?;
    draft.rely(bond)?;
    let ha = draft
        .all::<Pool>()?
        .first()
        .is_some_and(|(_, pool)| pool.ha_enabled);
    if ha && master.management {
        return Err(errors::ha_cannot_change_bond_status_of_mgmt_iface());
    }
    let primary = row.primary_slave.some().or_else(|| row.slaves.first());
    let primary = primary
        .cloned()
        .ok_or_else(|| errors::handle_invalid("PIF", &row.primary_slave))?;
    let mut plugged = master.currently_attached || master.management;
    for vlan in master.vlan_slave_of.iter() {
        let untagged = draft.field(vlan, Vlan::UNTAGGED_PIF)?;
        plugged |= draft.field(&untagged, Pif::MANAGEMENT)?;
    }
    for member in row.slaves.iter() {
        let gone = plugged && draft.field(member, Pif::LEFT_OUT)?;
        draft.set(member, Pif::BOND_SLAVE_OF, Ref::null())?;
        draft.set(member, Pif::LEFT_OUT, gone)?;
        draft.set(member, Pif::CURRENTLY_ATTACHED, plugged && !gone)?;
    }
    let mut moving = Moving::new(draft, host, Clash::Refuse);
    moving.addresses(&row.master, &primary)?;
    carried::management(draft, &row.master, &primary)?;
    carried::settings(draft, &row.master, &primary)?;
    if master.disallow_unplug {
        draft.set(&primary, Pif::DISALLOW_UNPLUG, true)?;
    }
    moving.everything(std::slice::from_ref(&row.master), &primary)?;
    draft.destroy(bond)?;
    draft.destroy(&row.master)?;
    if draft.exists(&master.metrics)? {
        draft.destroy(&master.metrics)?;
    }
    if plugged && is_needed(draft, &primary, &moving.vifs)? {
        // Its NIC may not be there: then the host says so, and the bond stays.
        attach(draft, &primary)?;
    }
    moving.sized()?;
    Ok(moving.vifs)
}

/// Whether a PIF has something that would be lost without it.
fn is_needed(draft: &Draft, pif: &Ref<Pif>, vifs: &[Ref<Vif>]) -> Result<bool> {
    let row = draft.get(pif)?;
    if row.management || carried::has_address(&row) {
        return Ok(true);
    }
    for vif in vifs {
        if draft.field(vif, Vif::CURRENTLY_ATTACHED)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `Bond.set_mode`.
pub fn set_mode(cx: &Cx<'_>, call: SetMode) -> Result<()> {
    reshape(cx, &call.this, |draft| {
        let old = draft.field(&call.this, Bond::PROPERTIES)?;
        let fits = |key: &String, value: &String| check_property(call.value, key, value).is_ok();
        let kept = old
            .into_iter()
            .filter(|(key, value)| fits(key, value))
            .collect();
        draft.set(&call.this, Bond::MODE, call.value)?;
        draft.set(
            &call.this,
            Bond::PROPERTIES,
            with_defaults(call.value, &kept),
        )
    })
}

/// `Bond.set_property`.
pub fn set_property(cx: &Cx<'_>, call: SetProperty) -> Result<()> {
    reshape(cx, &call.this, |draft| {
        check_property(
            draft.field(&call.this, Bond::MODE)?,
            &call.name,
            &call.value,
        )?;
        let mut properties = draft.field(&call.this, Bond::PROPERTIES)?;
        properties.insert(call.name.clone(), call.value.clone());
        draft.set(&call.this, Bond::PROPERTIES, properties)
    })
}

/// Edits a bond and brings its PIF up with what it has become.
fn reshape(cx: &Cx<'_>, bond: &Ref<Bond>, edit: impl Fn(&Draft) -> Result<()>) -> Result<()> {
    let view = cx.core.view()?;
    let master = view.field(bond, Bond::MASTER)?;
    let host = view.field(&master, Pif::HOST)?;
    host_live(&view, &host)?;
    cx.change(&host, &master, |draft| {
        edit(draft)?;
        repair::follow_primary_mac(draft, &master, &draft.get(&master)?)?;
        attach(draft, &master)
    })
}

#[cfg(test)]
mod tests {
    use xapi_model::{BondMode, Ref};

    use super::{check_property, formed_mac, unicast_mac, with_defaults, without_repeats};

    #[test]
    fn of_a_repeated_member_the_last_naming_counts() {
        let refs: Vec<_> = ["a", "b", "a", "c"].into_iter().map(Ref::new).collect();
        let kept: Vec<_> = without_repeats(&refs)
            .iter()
            .map(|r| r.as_str().to_owned())
            .collect();
        assert_eq!(kept, ["b", "a", "c"]);
    }

    #[test]
    fn only_lacp_takes_properties_and_only_known_ones() {
        assert!(check_property(BondMode::Lacp, "lacp-time", "fast").is_ok());
        assert!(check_property(BondMode::Lacp, "lacp-aggregation-key", "0x10").is_ok());
        for (mode, key, value) in [
            (BondMode::Lacp, "lacp-time", "often"),
            (BondMode::Lacp, "lacp-aggregation-key", "70000"),
            (BondMode::Lacp, "colour", "red"),
            (BondMode::ActiveBackup, "lacp-time", "fast"),
        ] {
            let error = check_property(mode, key, value).unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.params[0].as_str()),
                ("INVALID_VALUE", "properties")
            );
            assert_eq!(error.params[1], format!("{key} = {value}"));
        }
        assert_eq!(with_defaults(BondMode::Lacp, &Default::default()).len(), 3);
        assert!(with_defaults(BondMode::BalanceSlb, &Default::default()).is_empty());
    }

    #[test]
    fn a_bond_has_a_unicast_mac() {
        assert!(unicast_mac("C0:FF:EE:C0:FF:EE").is_ok());
        for group in ["01:00:5e:00:00:01", "00:00:00:00:00:00"] {
            assert!(formed_mac(group).is_ok(), "{group}");
            assert_eq!(
                unicast_mac(group).unwrap_err().code,
                "MAC_INVALID",
                "{group}"
            );
        }
        for bad in ["c0ffeec0ffee", "c0:ff:ee:c0:ff", "g0:ff:ee:c0:ff:ee", ""] {
            assert_eq!(formed_mac(bad).unwrap_err().code, "MAC_INVALID", "{bad}");
        }
    }
}
