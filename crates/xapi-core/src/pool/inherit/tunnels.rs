//! Tunnels: made, put elsewhere and removed until they are like the master's.

use std::collections::BTreeMap;

use xapi_db::Read;
use xapi_model::tunnel::Create;
use xapi_model::{Network, Pif, Ref, Tunnel, TunnelProtocol, errors};

use super::Inheriting;
use crate::Result;
use crate::carried::has_address;
use crate::ops::network::pif_on;
use crate::ops::pif::{Kind, kind_of, on_sriov, refuse_clustering};
use crate::ops::plug::{plug_in, pull_out};
use crate::ops::{tunnel, vlan};
use crate::topology::has_ip;

/// A tunnel of the master.
struct Wanted {
    network: Ref<Network>,
    /// The network of the PIF that carries its packets.
    through: Ref<Network>,
    protocol: TunnelProtocol,
    plugged: bool,
}

impl Inheriting<'_> {
    /// Removes the tunnels that came from the master and that it has no more. One that is used stays.
    pub(super) fn forget_tunnels(&mut self, tell: bool) -> Result<()> {
        let draft = self.draft;
        for (tunnel, row) in draft.all::<Tunnel>()? {
            let (tunnel, reference) = (&tunnel, row.access_pif);
            let exist = draft.exists(&reference)? && draft.exists(&row.transport_pif)?;
            if !exist || draft.field(&reference, Pif::HOST)? != *self.host {
                continue;
            }
            let pif = draft.get(&reference)?;
            let through = draft.field(&row.transport_pif, Pif::NETWORK)?;
            // A master that could not have it says nothing by not having it.
            if !pif.inherited
                || self.master_has_tunnel(&pif.network)?
                || !self.master_is_on(&through)?
            {
                continue;
            }
            let what = format!("the tunnel {} on {}", pif.device, self.named(&pif.network)?);
            match draft.attempt(|_| self.remove_tunnel(&reference, &pif, tunnel)) {
                Ok(()) => self.step(format!("{what} goes: the master has it no more")),
                Err(why) if tell => {
                    let why = self.reason(&why)?;
                    self.alert(format!(
                        "{what} stays, though the master has it no more: {why}"
                    ));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn master_has_tunnel(&self, network: &Ref<Network>) -> Result<bool> {
        match pif_on(self.draft, network, self.master)? {
            Some(pif) => Ok(!self
                .draft
                .field(&pif, Pif::TUNNEL_ACCESS_PIF_OF)?
                .is_empty()),
            None => Ok(false),
        }
    }

    fn remove_tunnel(&self, access: &Ref<Pif>, pif: &Pif, tunnel: &Ref<Tunnel>) -> Result<()> {
        let draft = self.draft;
        pull_out(self.config, draft, access, pif)?;
        if has_address(pif) {
            return Err(errors::pif_configuration_error(
                access,
                "it has an IP configuration",
            ));
        }
        refuse_clustering(draft, access)?;
        draft.destroy(tunnel)?;
        draft.destroy(access)
    }

    /// Makes the tunnels of the master, or changes those that are there.
    pub(super) fn tunnels(&mut self) -> Result<()> {
        let mut missing = BTreeMap::<_, Vec<String>>::new();
        for wanted in self.wanted_tunnels()? {
            let Some(through) = self.standing_for(&wanted.through)? else {
                let name = self.named(&wanted.network)?;
                missing.entry(wanted.through).or_default().push(name);
                continue;
            };
            let draft = self.draft;
            if let Err(why) = draft.attempt(|_| self.tunnel(&wanted, &through)) {
                let (name, why) = (self.named(&wanted.network)?, self.reason(&why)?);
                self.alert(format!(
                    "the tunnel on {name} is not as the master's: {why}"
                ));
            }
        }
        self.missing("tunnels", missing)
    }

    fn wanted_tunnels(&self) -> Result<Vec<Wanted>> {
        let draft = self.draft;
        let mut wanted = Vec::new();
        for (_, pif) in self.masters {
            let Some(tunnel) = pif.tunnel_access_pif_of.first() else {
                continue;
            };
            let row = draft.get(tunnel)?;
            wanted.push(Wanted {
                network: pif.network.clone(),
                through: draft.field(&row.transport_pif, Pif::NETWORK)?,
                protocol: row.protocol,
                plugged: pif.currently_attached,
            });
        }
        Ok(wanted)
    }

    /// One tunnel, through a PIF of this host.
    fn tunnel(&mut self, wanted: &Wanted, through: &Ref<Pif>) -> Result<()> {
        let draft = self.draft;
        let transport = draft.get(through)?;
        if !transport.managed {
            return Err(errors::pif_unmanaged(through));
        }
        match kind_of(&transport) {
            Kind::TunnelAccess => return Err(errors::is_tunnel_access_pif(through)),
            Kind::SriovLogical => return Err(errors::cannot_add_tunnel_to_sriov_logical(through)),
            Kind::Vlan if on_sriov(draft, &transport)? => {
                return Err(errors::cannot_add_tunnel_to_vlan_on_sriov_logical(through));
            }
            Kind::Vlan | Kind::BondMaster | Kind::Physical => {}
        }
        let Some(there) = pif_on(draft, &wanted.network, self.host)? else {
            return self.make_tunnel(wanted, through, &transport);
        };
        let pif = draft.get(&there)?;
        let Some(tunnel) = pif.tunnel_access_pif_of.first() else {
            return Err(errors::network_already_connected(self.host, &there));
        };
        let row = draft.get(tunnel)?;
        if (&row.transport_pif, row.protocol) != (through, wanted.protocol) {
            draft.set(tunnel, Tunnel::TRANSPORT_PIF, through.clone())?;
            draft.set(tunnel, Tunnel::PROTOCOL, wanted.protocol)?;
            draft.set(&there, Pif::METRICS, transport.metrics.clone())?;
            tunnel::roomy(draft, &there, through)?;
            let name = self.named(&wanted.network)?;
            let (protocol, device) = (wanted.protocol, &transport.device);
            self.step(format!("{name} is {protocol} through {device} from now on"));
        }
        draft.set(&there, Pif::INHERITED, true)
    }

    fn make_tunnel(&mut self, wanted: &Wanted, through: &Ref<Pif>, transport: &Pif) -> Result<()> {
        let draft = self.draft;
        vlan::free(draft, self.host, &wanted.network)?;
        let call = Create {
            transport_pif: through.clone(),
            network: wanted.network.clone(),
            protocol: wanted.protocol,
        };
        let (_, access) = tunnel::inserted(draft, self.host, &call, transport)?;
        draft.set(&access, Pif::INHERITED, true)?;
        tunnel::roomy(draft, &access, through)?;
        // Without an address below there is nothing to plug yet.
        if wanted.plugged && has_ip(transport) {
            plug_in(draft, &access, &draft.get(&access)?)?;
        }
        let name = self.named(&wanted.network)?;
        let (protocol, device) = (wanted.protocol, &transport.device);
        self.step(format!("{name} is {protocol} through {device}"));
        Ok(())
    }
}
