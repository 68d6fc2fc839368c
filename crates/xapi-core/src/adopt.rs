//! What the first start makes of a host that an installer has prepared: the management interface stays as it is, and the
//! rows say what it is.

use xapi_conf::management_conf::{self, ManagementConf};
use xapi_db::{Draft, Read};
use xapi_model::{IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Ref, errors};
use xapi_net::facts::Facts;
use xapi_net::topology::{Bridge, Family, Ipv4, Ipv6, Name};

use crate::Result;
use crate::context::Core;
use crate::last_topology;
use crate::topology::{netmask_of, pifs_of};

/// The first start takes over the management interface that the installer left, as it is: the inventory names the
/// bridge, the live bridge has the addresses.
pub(crate) fn management(core: &Core) -> Result<()> {
    let host = core.localhost()?;
    let facts = core.agent.facts().map_err(errors::internal_error)?;
    let installed = installed_configuration(core)?;
    // What was committed last is newer than what the installer wrote.
    let kept = last_topology::read(&core.config.last_topology()).unwrap_or_else(|why| {
        tracing::warn!("management is not adopted as it was kept: {why}");
        None
    });
    core.store.change(|draft| {
        for (reference, row) in pifs_of(draft, &host)? {
            let unset = row.ip_configuration_mode == IpConfigurationMode::None
                && row.ipv6_configuration_mode == Ipv6ConfigurationMode::None;
            if !(row.management && unset) {
                continue;
            }
            let bridge = draft.field(&row.network, Network::BRIDGE)?;
            let management = kept.as_ref().and_then(|kept| {
                let name = kept.management.filter(|name| name.as_str() == bridge)?;
                kept.bridges.get(&name)
            });
            if let Some(management) = management {
                adopt_kept(draft, &reference, management)?;
            } else {
                adopt(draft, &reference, &row, &facts, &installed)?;
            }
        }
        Ok(())
    })
}

/// What the management interface had when it was committed last, before the database was lost.
fn adopt_kept(draft: &Draft, pif: &Ref<Pif>, kept: &Bridge) -> Result<()> {
    let mut servers: Vec<String> = Vec::new();
    if let Some(dns) = &kept.dns {
        servers.extend(dns.servers.iter().map(ToString::to_string));
        if !dns.search.is_empty() {
            let mut config = draft.field(pif, Pif::OTHER_CONFIG)?;
            config.insert("domain".to_owned(), dns.search.join(","));
            draft.set(pif, Pif::OTHER_CONFIG, config)?;
        }
    }
    draft.set(pif, Pif::DNS, servers.join(","))?;
    let text = |gateway: Option<String>| gateway.unwrap_or_default();
    match &kept.ipv4 {
        Ipv4::None => {}
        Ipv4::Dhcp { .. } => {
            draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Dhcp)?;
        }
        Ipv4::Static { address, gateway } => {
            draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Static)?;
            draft.set(pif, Pif::IP, address.address().to_string())?;
            draft.set(pif, Pif::NETMASK, netmask_of(address.prefix()))?;
            let gateway = gateway.map(|gateway| gateway.to_string());
            draft.set(pif, Pif::GATEWAY, text(gateway))?;
        }
    }
    let mode = match &kept.ipv6 {
        Ipv6::None => Ipv6ConfigurationMode::None,
        Ipv6::Autoconf => Ipv6ConfigurationMode::Autoconf,
        Ipv6::Dhcp { .. } => Ipv6ConfigurationMode::Dhcp,
        Ipv6::Static { addresses, gateway } => {
            let addresses = addresses.iter().map(ToString::to_string).collect();
            draft.set(pif, Pif::IPV6, addresses)?;
            let gateway = gateway.map(|gateway| gateway.to_string());
            draft.set(pif, Pif::IPV6_GATEWAY, text(gateway))?;
            Ipv6ConfigurationMode::Static
        }
    };
    draft.set(pif, Pif::IPV6_CONFIGURATION_MODE, mode)
}

/// What /etc/firstboot.d/data/management.conf says: `MODE`, `MODEV6`, `DNS`, … (host-networking facts, 1.4).
fn installed_configuration(core: &Core) -> Result<ManagementConf> {
    let path = core.config.path(management_conf::PATH);
    ManagementConf::read(&path)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
}

fn adopt(
    draft: &Draft,
    pif: &Ref<Pif>,
    row: &Pif,
    facts: &Facts,
    installed: &ManagementConf,
) -> Result<()> {
    let bridge = draft.field(&row.network, Network::BRIDGE)?;
    let live = Name::new(&bridge)
        .ok()
        .and_then(|name| facts.bridges.get(&name));
    // A bridge without any address says nothing: the installer's file does.
    let Some(live) = live.filter(|live| !live.addresses.is_empty()) else {
        return adopt_installed(draft, pif, installed);
    };
    let gateway = |family| {
        let mut gateways = live.gateways.iter();
        gateways
            .find(|gateway| xapi_net::names::family(gateway) == family)
            .map(ToString::to_string)
    };
    if installed.mode() == "dhcp" {
        draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Dhcp)?;
    } else if let Some(inet) = live
        .addresses
        .iter()
        .find(|inet| inet.family() == Family::V4)
    {
        draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Static)?;
        draft.set(pif, Pif::IP, inet.address().to_string())?;
        draft.set(pif, Pif::NETMASK, netmask_of(inet.prefix()))?;
        draft.set(pif, Pif::GATEWAY, gateway(Family::V4).unwrap_or_default())?;
        let servers: Vec<_> = facts.dns.servers.iter().map(ToString::to_string).collect();
        draft.set(pif, Pif::DNS, servers.join(","))?;
    }
    match installed.mode_v6().as_str() {
        "dhcp" => {
            return draft.set(
                pif,
                Pif::IPV6_CONFIGURATION_MODE,
                Ipv6ConfigurationMode::Dhcp,
            );
        }
        "autoconf" => {
            return draft.set(
                pif,
                Pif::IPV6_CONFIGURATION_MODE,
                Ipv6ConfigurationMode::Autoconf,
            );
        }
        _ => {}
    }
    let global = |inet: &&xapi_net::topology::Inet| match inet.address() {
        std::net::IpAddr::V6(address) => !address.is_unicast_link_local(),
        std::net::IpAddr::V4(_) => false,
    };
    let addresses: Vec<_> = live
        .addresses
        .iter()
        .filter(global)
        .map(ToString::to_string)
        .collect();
    if !addresses.is_empty() {
        draft.set(
            pif,
            Pif::IPV6_CONFIGURATION_MODE,
            Ipv6ConfigurationMode::Static,
        )?;
        draft.set(pif, Pif::IPV6, addresses)?;
        draft.set(
            pif,
            Pif::IPV6_GATEWAY,
            gateway(Family::V6).unwrap_or_default(),
        )?;
    }
    Ok(())
}

/// Without a live bridge the installer's file alone says what the management interface shall have.
fn adopt_installed(draft: &Draft, pif: &Ref<Pif>, installed: &ManagementConf) -> Result<()> {
    let text = |key: &str| installed.text(key).to_owned();
    match installed.mode().as_str() {
        "static" => {
            draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Static)?;
            draft.set(pif, Pif::IP, text("IP"))?;
            draft.set(pif, Pif::NETMASK, text("NETMASK"))?;
            draft.set(pif, Pif::GATEWAY, text("GATEWAY"))?;
            draft.set(pif, Pif::DNS, text("DNS"))?;
        }
        "dhcp" => draft.set(pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::Dhcp)?,
        _ => {}
    }
    match installed.mode_v6().as_str() {
        "static" => {
            draft.set(
                pif,
                Pif::IPV6_CONFIGURATION_MODE,
                Ipv6ConfigurationMode::Static,
            )?;
            draft.set(pif, Pif::IPV6, installed.ipv6())?;
            draft.set(pif, Pif::IPV6_GATEWAY, text("IPv6_GATEWAY"))
        }
        "dhcp" => draft.set(
            pif,
            Pif::IPV6_CONFIGURATION_MODE,
            Ipv6ConfigurationMode::Dhcp,
        ),
        "autoconf" => draft.set(
            pif,
            Pif::IPV6_CONFIGURATION_MODE,
            Ipv6ConfigurationMode::Autoconf,
        ),
        _ => Ok(()),
    }
}
