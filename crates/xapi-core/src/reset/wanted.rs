//! The rows that a reset makes: a PIF for each NIC, and one of them, or a VLAN on it, as the management interface.

use std::net::IpAddr;

use xapi_conf::management::{Ipv4, Ipv6, Management, netmask_of};
use xapi_db::{Draft, Read};
use xapi_model::{
    Class, Host, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, PrimaryAddressType, Ref,
    Value, Vif, Vlan, errors, vlan as vlan_calls,
};
use xapi_net::facts::Facts;
use xapi_net::topology::Name;

use crate::Result;
use crate::ops::network::free_bridge;
use crate::ops::plug::attach;
use crate::ops::vlan::untagged_of;

/// The network of a VLAN on a device, as any host of the pool has it; asked before the rows go.
pub(super) fn network_of_vlan(
    draft: &Draft,
    device: &str,
    tag: u16,
) -> Result<Option<Ref<Network>>> {
    for pif in draft.find(Pif::VLAN, &i64::from(tag))? {
        // A row that cannot be read is no help, and no hindrance.
        let named = draft
            .field(&pif, Pif::DEVICE)
            .is_ok_and(|name| name == device);
        let Some(network) = draft.field(&pif, Pif::NETWORK).ok().filter(|_| named) else {
            continue;
        };
        if fits(draft, &network)? {
            return Ok(Some(network));
        }
    }
    Ok(None)
}

/// Whether a PIF of a VLAN may be made on a network.
fn fits(draft: &Draft, network: &Ref<Network>) -> Result<bool> {
    let Ok(row) = draft.get(network) else {
        return Ok(false);
    };
    let mut trunks = false;
    for vif in row.vifs.iter() {
        trunks |= draft
            .field(vif, Vif::TRUNKS)
            .is_ok_and(|trunks| !trunks.is_empty());
    }
    Ok(row.managed && Name::new(&row.bridge).is_ok() && !trunks)
}

/// Makes the VLAN that management is to be on, and returns its PIF.
pub(super) fn vlan(
    draft: &Draft,
    facts: &Facts,
    below: &Ref<Pif>,
    tag: u16,
    known: Option<Ref<Network>>,
) -> Result<Ref<Pif>> {
    let tagged = draft.get(below)?;
    let network = match known {
        Some(network) => network,
        None => draft.insert(Network {
            name_label: format!(
                "Pool-wide network associated with {} on VLAN{tag}",
                tagged.device
            ),
            mtu: 1500,
            bridge: new_bridge(draft, facts)?,
            managed: true,
            ..Network::blank()
        })?,
    };
    let call = vlan_calls::Create {
        tagged_pif: below.clone(),
        tag: i64::from(tag),
        network,
    };
    let vlan = draft.insert(Vlan {
        tagged_pif: call.tagged_pif.clone(),
        tag: call.tag,
        ..Vlan::blank()
    })?;
    let untagged = draft.insert(untagged_of(&tagged, &call, &vlan))?;
    draft.set(&vlan, Vlan::UNTAGGED_PIF, untagged.clone())?;
    Ok(untagged)
}

/// The name of a bridge that no network has, and nobody but us. What a start that was killed has made is ours, and no
/// reason to take another name the next time.
fn new_bridge(draft: &Draft, facts: &Facts) -> Result<String> {
    let mut taken: Vec<String> = Vec::new();
    for network in draft.refs(Network::DESC)? {
        if let Ok(Value::Str(bridge)) = draft.value(
            Network::DESC,
            &network,
            &Network::DESC.fields[Network::BRIDGE.index()],
        ) {
            taken.push(bridge);
        }
    }
    let foreign = facts.bridges.iter().filter(|(_, bridge)| !bridge.ours);
    taken.extend(foreign.map(|(name, _)| name.as_str().to_owned()));
    free_bridge(|name| taken.iter().any(|bridge| bridge == name))
}

/// Gives a PIF the addresses of the management interface, and makes it that.
pub(super) fn manage(
    draft: &Draft,
    host: &Ref<Host>,
    pif: &Ref<Pif>,
    wanted: &Management,
    both: PrimaryAddressType,
) -> Result<()> {
    for other in draft.find(Pif::HOST, host)? {
        draft.set(&other, Pif::MANAGEMENT, other == *pif)?;
    }
    match &wanted.ipv4 {
        None => {}
        Some(Ipv4::Dhcp) => {
            draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Dhcp)?
        }
        Some(Ipv4::Static {
            address,
            prefix,
            gateway,
        }) => {
            draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Static)?;
            draft.set(pif, Pif::IP, address.to_string())?;
            draft.set(pif, Pif::NETMASK, netmask_of(*prefix).to_string())?;
            draft.set(pif, Pif::GATEWAY, text(*gateway))?;
        }
    }
    let mode = match &wanted.ipv6 {
        None => Ipv6ConfigurationMode::None,
        Some(Ipv6::Dhcp) => Ipv6ConfigurationMode::Dhcp,
        Some(Ipv6::Autoconf) => Ipv6ConfigurationMode::Autoconf,
        Some(Ipv6::Static {
            address,
            prefix,
            gateway,
        }) => {
            draft.set(pif, Pif::IPV6, vec![format!("{address}/{prefix}")])?;
            draft.set(pif, Pif::IPV6_GATEWAY, text(*gateway))?;
            Ipv6ConfigurationMode::Static
        }
    };
    draft.set(pif, Pif::IPV6_CONFIGURATION_MODE, mode)?;
    let servers: Vec<String> = wanted.dns.iter().map(IpAddr::to_string).collect();
    draft.set(pif, Pif::DNS, servers.join(","))?;
    let family = match (&wanted.ipv4, &wanted.ipv6) {
        (Some(_), None) => PrimaryAddressType::IPv4,
        (None, Some(_)) => PrimaryAddressType::IPv6,
        (None, None) => return Err(errors::internal_error("management without a family")),
        (Some(_), Some(_)) => both,
    };
    draft.set(pif, Pif::PRIMARY_ADDRESS_TYPE, family)?;
    attach(draft, pif)
}

fn text(router: Option<impl ToString>) -> String {
    router.map(|router| router.to_string()).unwrap_or_default()
}
