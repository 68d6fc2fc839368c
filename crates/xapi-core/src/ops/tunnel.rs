//! Tunnels: a network between hosts that travels inside the packets of another (API facts, 1.5).

use uuid::Uuid;
use xapi_db::{Draft, Read};
use xapi_model::tunnel::{Create, Destroy};
use xapi_model::{Class, Host, Network, Pif, Ref, Tunnel, errors};
use xapi_net::topology::Mac;

use crate::Result;
use crate::context::Cx;
use crate::ops::pif::{Kind, host_live, kind_of, on_sriov, refuse_clustering};
use crate::ops::plug::{plug_in, pull_out};
use crate::ops::vlan::free;
use crate::topology::{free_key, mtu_of, pifs_of};

/// Below this no bridge is made: the kernel takes IPv6 off a device with less.
const LEAST_MTU: u32 = 1280;

/// `tunnel.create`.
pub fn create(cx: &Cx<'_>, call: Create) -> Result<Ref<Tunnel>> {
    let view = cx.core.view()?;
    let host = view.field(&call.transport_pif, Pif::HOST)?;
    host_live(&view, &host)?;
    cx.change(&host, &call.transport_pif, |draft| {
        let transport = allowed(draft, &host, &call)?;
        let (tunnel, access) = inserted(draft, &host, &call, &transport)?;
        plug_in(draft, &access, &draft.get(&access)?)?;
        roomy(draft, &access, &call.transport_pif)?;
        Ok(tunnel)
    })
}

/// Makes the rows of a tunnel that is not plugged yet. Returns it with its access PIF.
pub(crate) fn inserted(
    draft: &Draft,
    host: &Ref<Host>,
    call: &Create,
    transport: &Pif,
) -> Result<(Ref<Tunnel>, Ref<Pif>)> {
    let network = draft.get(&call.network)?;
    draft.set(
        &call.network,
        Network::TUNNEL_KEY,
        free_key(draft, &network)?,
    )?;
    let access = draft.insert(access_of(draft, host, call, transport)?)?;
    let tunnel = draft.insert(Tunnel {
        access_pif: access.clone(),
        transport_pif: call.transport_pif.clone(),
        protocol: call.protocol,
        ..Tunnel::blank()
    })?;
    Ok((tunnel, access))
}

/// PIF_CONFIGURATION_ERROR [transport PIF, text], if a tunnel's packets are too small for any use.
pub(crate) fn roomy(draft: &Draft, access: &Ref<Pif>, transport: &Ref<Pif>) -> Result<()> {
    let room = mtu_of(draft, &draft.get(access)?)?;
    if room >= LEAST_MTU {
        return Ok(());
    }
    let device = draft.field(transport, Pif::DEVICE)?;
    Err(errors::pif_configuration_error(
        transport,
        format!("{device} leaves packets of {room} octets to a tunnel, which is too few"),
    ))
}

/// The checks, in the order of XAPI's. Returns the PIF that is to carry the tunnel.
fn allowed(draft: &Draft, host: &Ref<Host>, call: &Create) -> Result<Pif> {
    let this = &call.transport_pif;
    free(draft, host, &call.network)?;
    let transport = draft.get(this)?;
    draft.rely(this)?;
    if !transport.managed {
        return Err(errors::pif_unmanaged(this));
    }
    match kind_of(&transport) {
        Kind::Physical if !transport.bond_slave_of.is_null() => {
            return Err(errors::cannot_add_tunnel_to_bond_slave(this));
        }
        Kind::TunnelAccess => return Err(errors::is_tunnel_access_pif(this)),
        Kind::SriovLogical => return Err(errors::cannot_add_tunnel_to_sriov_logical(this)),
        Kind::Vlan if on_sriov(draft, &transport)? => {
            return Err(errors::cannot_add_tunnel_to_vlan_on_sriov_logical(this));
        }
        _ => {}
    }
    if let Some(pif) = draft.field(&call.network, Network::PIFS)?.first()
        && on_sriov(draft, &draft.get(pif)?)?
    {
        return Err(errors::network_incompatible_with_tunnel(&call.network));
    }
    let switches = |host: &Host| {
        let backend = host.software_version.get("network_backend");
        backend.is_some_and(|backend| backend == "openvswitch")
    };
    if !draft.all::<Host>()?.iter().all(|(_, host)| switches(host)) {
        return Err(errors::openvswitch_not_active());
    }
    Ok(transport)
}

/// The PIF of a new tunnel. Its link is that of the PIF below, so they share the metrics.
fn access_of(draft: &Draft, host: &Ref<Host>, call: &Create, transport: &Pif) -> Result<Pif> {
    let pifs = pifs_of(draft, host)?;
    let taken: Vec<_> = pifs.iter().map(|(_, pif)| pif.device.as_str()).collect();
    let mut names = (0..=taken.len()).map(|n| format!("tunnel{n}"));
    let device = names
        .find(|name| !taken.contains(&name.as_str()))
        .ok_or_else(|| errors::internal_error("no free tunnel name"))?;
    Ok(Pif {
        device_name: device.clone(),
        device,
        network: call.network.clone(),
        host: host.clone(),
        mac: fresh_mac().to_string(),
        mtu: -1,
        vlan: -1,
        metrics: transport.metrics.clone(),
        physical: false,
        currently_attached: false,
        managed: true,
        ipv6: vec![String::new()],
        primary_address_type: transport.primary_address_type,
        ..Pif::blank()
    })
}

/// A random Ethernet address of those that anybody may use.
fn fresh_mac() -> Mac {
    let [first, rest @ ..] = *Uuid::new_v4().as_bytes();
    Mac([
        first & !0x01 | 0x02,
        rest[0],
        rest[1],
        rest[2],
        rest[3],
        rest[4],
    ])
}

/// `tunnel.destroy`.
pub fn destroy(cx: &Cx<'_>, call: Destroy) -> Result<()> {
    let view = cx.core.view()?;
    let row = view.get(&call.this)?;
    let host = view.field(&row.access_pif, Pif::HOST)?;
    host_live(&view, &host)?;
    cx.change(&host, &row.transport_pif, |draft| {
        let access = &row.access_pif;
        let pif = draft.get(access)?;
        draft.rely(access)?;
        pull_out(&cx.core.config, draft, access, &pif)?;
        refuse_clustering(draft, access)?;
        draft.destroy(&call.this)?;
        draft.destroy(access)
    })
}
