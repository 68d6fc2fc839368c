//! What must be so by what was answered.

use std::collections::{BTreeMap, BTreeSet};

use xapi_client::ClientError;
use xapi_model::{Bond, Host, IpConfigurationMode, Network, Pif, Pool, Ref, Vlan};
use xapi_tests::Xen;

/// Networks of VLANs that each host has for itself, and of those that all have.
pub const OWN: [&str; 2] = ["own-0", "own-1"];
pub const SHARED: [&str; 2] = ["shared-0", "shared-1"];

/// What one change changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// A host's VLAN on the network with this name.
    Vlan(String, String),
    /// A host's bond.
    Bond(String),
    /// The address of a host's eth1.
    Address(String),
    /// The address of a host's management interface.
    Management(String),
    /// A network with this name.
    Network(String),
}

/// Nothing is there.
pub const NONE: &str = "";

/// For each slot the values that it may have: one, or two after a change of which nobody knows what came of it.
#[derive(Debug, Default)]
pub struct Ledger {
    expected: BTreeMap<Slot, BTreeSet<String>>,
}

/// The rows of the pool that the slots are about.
pub struct Rows {
    /// The reference of the master's host.
    pub master: String,
    pub hosts: BTreeMap<String, (Ref<Host>, Host)>,
    pub pifs: Vec<(Ref<Pif>, Pif)>,
    pub networks: BTreeMap<Ref<Network>, Network>,
    pub bonds: Vec<(Ref<Bond>, Bond)>,
    pub vlans: Vec<(Ref<Vlan>, Vlan)>,
}

impl Rows {
    pub fn read(xen: &Xen) -> Result<Rows, ClientError> {
        let session = xen.session();
        let pools = session.records::<Pool>()?;
        let hosts = session.records::<Host>()?.into_iter();
        Ok(Rows {
            master: pools[0].1.master.as_str().to_owned(),
            hosts: hosts
                .map(|(host, row)| (row.name_label.clone(), (host, row)))
                .collect(),
            pifs: session.records()?,
            networks: session.records()?.into_iter().collect(),
            bonds: session.records()?,
            vlans: session.records()?,
        })
    }

    pub fn host(&self, name: &str) -> &Ref<Host> {
        &self.hosts[name].0
    }

    /// A host's NIC.
    pub fn nic(&self, host: &str, device: &str) -> &(Ref<Pif>, Pif) {
        let host = self.host(host);
        let its = |pif: &Pif| pif.host == *host && pif.physical && pif.device == device;
        let mut found = self.pifs.iter().filter(|(_, pif)| its(pif));
        found.next().expect("a NIC")
    }

    /// A host's management interface.
    pub fn management(&self, host: &str) -> &(Ref<Pif>, Pif) {
        let host = self.host(host);
        let mut found = self
            .pifs
            .iter()
            .filter(|(_, pif)| pif.host == *host && pif.management);
        found.next().expect("a management interface")
    }

    pub fn network(&self, label: &str) -> Option<&Ref<Network>> {
        let mut found = self
            .networks
            .iter()
            .filter(|(_, row)| row.name_label == label);
        found.next().map(|(network, _)| network)
    }

    /// A host's VLAN on a network.
    pub fn vlan(&self, host: &str, network: &str) -> Option<&Ref<Vlan>> {
        let (host, network) = (self.host(host), self.network(network)?);
        let mut its = self
            .pifs
            .iter()
            .filter(|(_, pif)| pif.host == *host && pif.network == *network);
        its.next().map(|(_, pif)| &pif.vlan_master_of)
    }

    /// A host's bond.
    pub fn bond(&self, host: &str) -> Option<&Ref<Bond>> {
        let host = self.host(host);
        let mut its = self.pifs.iter().filter(|(_, pif)| pif.host == *host);
        its.find_map(|(_, pif)| pif.bond_master_of.first())
    }

    /// What a slot is. Fails if rows that belong together are not there together.
    pub fn is(&self, slot: &Slot) -> Result<String, String> {
        let present = |is: bool| if is { "there" } else { NONE }.to_owned();
        Ok(match slot {
            Slot::Vlan(host, network) => present(self.vlan(host, network).is_some()),
            Slot::Bond(host) => present(self.bond(host).is_some()),
            Slot::Address(host) => {
                let (_, pif) = self.nic(host, "eth1");
                match pif.ip_configuration_mode {
                    IpConfigurationMode::None => NONE.to_owned(),
                    _ => pif.ip.clone(),
                }
            }
            Slot::Management(host) => self.management(host).1.ip.clone(),
            Slot::Network(label) => present(self.network(label).is_some()),
        })
    }

    /// Rows that refer to each other are there together.
    pub fn belong_together(&self) -> Result<(), String> {
        let pif = |of: &Ref<Pif>| {
            self.pifs
                .iter()
                .find(|(pif, _)| pif == of)
                .map(|(_, row)| row)
        };
        for (vlan, row) in &self.vlans {
            let untagged = pif(&row.untagged_pif).ok_or(format!("{vlan} has no untagged PIF"))?;
            let tagged = pif(&row.tagged_pif).ok_or(format!("{vlan} has no tagged PIF"))?;
            if untagged.vlan_master_of != *vlan
                || untagged.vlan != row.tag
                || untagged.host != tagged.host
            {
                return Err(format!("{row:?}\n{untagged:?}\n{tagged:?}"));
            }
        }
        for (bond, row) in &self.bonds {
            let master = pif(&row.master).ok_or(format!("{bond} has no PIF"))?;
            for slave in row.slaves.iter() {
                let slave = pif(slave).ok_or(format!("{bond} has a member that is not there"))?;
                if slave.bond_slave_of != *bond || slave.host != master.host {
                    return Err(format!("{row:?}\n{slave:?}"));
                }
            }
        }
        for (_, row) in &self.pifs {
            let vlan = row.vlan_master_of.is_null()
                || self
                    .vlans
                    .iter()
                    .any(|(vlan, _)| *vlan == row.vlan_master_of);
            let bond = row.bond_slave_of.is_null()
                || self
                    .bonds
                    .iter()
                    .any(|(bond, _)| *bond == row.bond_slave_of);
            if !vlan || !bond || !self.networks.contains_key(&row.network) {
                return Err(format!("what this refers to is not there: {row:?}"));
            }
        }
        Ok(())
    }
}

impl Ledger {
    /// What is so at the beginning; makes the networks of the VLANs.
    pub fn of(xen: &Xen) -> Ledger {
        for label in OWN.iter().chain(&SHARED) {
            drop(xen.new_network(label));
        }
        drop(xen.new_network("bonded"));
        let rows = Rows::read(xen).expect("the rows");
        let mut ledger = Ledger::default();
        for host in super::HOSTS {
            let host = host.to_owned();
            let networks = OWN.iter().chain(&SHARED);
            let mut slots: Vec<_> = networks
                .map(|label| Slot::Vlan(host.clone(), (*label).to_owned()))
                .collect();
            slots.extend([
                Slot::Bond(host.clone()),
                Slot::Address(host.clone()),
                Slot::Management(host),
            ]);
            for slot in slots {
                let value = rows.is(&slot).expect("a value");
                ledger.expected.insert(slot, BTreeSet::from([value]));
            }
        }
        ledger
    }

    /// It was answered that this is so.
    pub fn promise(&mut self, slot: Slot, value: &str) {
        self.expected
            .insert(slot, BTreeSet::from([value.to_owned()]));
    }

    /// It may be so now, or be what it was.
    pub fn may_be(&mut self, slot: Slot, value: &str) {
        let absent = || BTreeSet::from([NONE.to_owned()]);
        self.expected
            .entry(slot)
            .or_insert_with(absent)
            .insert(value.to_owned());
    }

    /// Compares; what was open is known afterwards. All that is wrong.
    pub fn compare(&mut self, rows: &Rows) -> Result<(), String> {
        rows.belong_together()?;
        let mut wrong = Vec::new();
        for (slot, values) in &mut self.expected {
            let is = rows.is(slot)?;
            if !values.contains(&is) {
                wrong.push(format!(
                    "{slot:?} is {is:?}, and was to be one of {values:?}"
                ));
            }
            *values = BTreeSet::from([is]);
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(wrong.join("\n")),
        }
    }
}
