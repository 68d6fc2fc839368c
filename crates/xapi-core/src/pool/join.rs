//! A host comes into a pool: what keeps it from it, what becomes of its networks, and the rows that it brings
//! (API facts, 1.11).
//!
//! XAPI makes an administrator take bonds, tunnels and VLANs apart before; here they come along. What keeps a host out is
//! told all at once ([`plan`]), in the order of XAPI's checks: the first is what the call answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xapi_db::Read;
use xapi_model::{
    ApiError, Bond, Class, Cluster, Host, Network, Pif, Pool, Ref, SdnController, Tunnel, Vlan, Vm,
    errors,
};

pub use super::admit::admit;
use super::dowry::{Dowry, Opened, fingerprints};
use super::merge::{Merged, merge};
use super::transition;
use crate::context::{Core, Origin};
use crate::proof::Care;
use crate::topology::pifs_of;
use crate::{Result, planned as plans};

/// One thing that keeps a host from joining.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// The error's code.
    pub code: String,
    /// Its parameters.
    pub params: Vec<String>,
    /// What it is about, for people.
    pub text: String,
}

/// What joining would come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinPlan {
    /// All that keeps the host out; none if it may join.
    pub blockers: Vec<Blocker>,
    /// What would be merged, carried over and renamed, a line each.
    pub steps: Vec<String>,
}

impl JoinPlan {
    /// The error of the first blocker. Where the error has room for words it tells of the others, too.
    pub fn refusal(&self) -> Option<ApiError> {
        let first = self.blockers.first()?;
        let mut params = first.params.clone();
        let others: Vec<_> = self.blockers[1..]
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        if let ("OPERATION_NOT_ALLOWED" | "HOSTS_NOT_HOMOGENEOUS", [text], false) =
            (first.code.as_str(), &mut *params, others.is_empty())
        {
            text.push_str(&format!("; and also: {}", others.join("; ")));
        }
        Some(ApiError::new(first.code.clone(), params))
    }

    /// All of it, for people: what keeps the host out, then what would be done.
    pub fn lines(&self) -> Vec<String> {
        let blockers = self.blockers.iter();
        let blockers = blockers.map(|one| format!("cannot join: {} ({})", one.text, one.code));
        blockers.chain(self.steps.iter().cloned()).collect()
    }
}

/// The pool that a host wants to join, as its master can be asked.
pub trait Other {
    /// Says what joining would come to.
    fn plan(&self, dowry: &Dowry, force: bool) -> Result<JoinPlan>;
    /// Takes the host in; the pool knows it afterwards.
    fn take(&self, dowry: &Dowry, force: bool) -> Result<()>;
}

/// The work of `pool.join` and `pool.join_force` on the host that joins: asks the pool, which takes it in or says why
/// not. Whoever asked for the plan alone gets it: NETWORK_PLAN [all that keeps the host out, what would be done].
pub fn ask(core: &Arc<Core>, origin: &Origin, force: bool, other: &dyn Other) -> Result<()> {
    let plan = other.plan(&dowry_of(core)?, force)?;
    if Care::of(origin)?.plan_only {
        return Err(plans::in_words(plan.lines()));
    }
    for blocker in &plan.blockers {
        tracing::warn!("joining a pool: {}: {}", blocker.code, blocker.text);
    }
    match plan.refusal() {
        Some(refusal) => Err(refusal),
        None => enter(core, force, other),
    }
}

/// What was committed while the pool was asked comes along, and nothing is while it takes the host in.
fn enter(core: &Arc<Core>, force: bool, other: &dyn Other) -> Result<()> {
    let still = core.store.hold_still();
    let entered = dowry_of(core).and_then(|dowry| other.take(&dowry, force));
    drop(still);
    if entered.is_err() {
        transition::look_later(core);
    }
    entered
}

fn dowry_of(core: &Core) -> Result<Dowry> {
    Dowry::of(&core.view()?, &core.localhost()?)
}

/// Says what joining would come to, on the rows of the pool. `force` takes hosts that are unlike the others.
pub fn plan(pool: &impl Read, dowry: &Dowry, force: bool) -> Result<JoinPlan> {
    let opened = dowry.open()?;
    Ok(planned(pool, dowry, &opened, force)?.0)
}

pub(super) fn planned(
    pool: &impl Read,
    dowry: &Dowry,
    opened: &Opened,
    force: bool,
) -> Result<(JoinPlan, Merged)> {
    let merged = merge(pool, opened)?;
    let mut checks = Checks {
        pool,
        dowry,
        opened,
        blockers: Vec::new(),
    };
    checks.all(force)?;
    let mut steps = merged.steps.clone();
    steps.extend(carried_over(opened)?);
    let plan = JoinPlan {
        blockers: checks.blockers,
        steps,
    };
    Ok((plan, merged))
}

/// What comes along beside networks, in words.
fn carried_over(opened: &Opened) -> Result<Vec<String>> {
    let view = &opened.view;
    let mut steps = Vec::new();
    for (_, bond) in view.all::<Bond>()? {
        let device = view.field(&bond.master, Pif::DEVICE)?;
        let members = bond
            .slaves
            .iter()
            .map(|slave| view.field(slave, Pif::DEVICE));
        let members = members.collect::<Result<Vec<_>>>()?.join(", ");
        steps.push(format!("bond {device} of {members} is kept"));
    }
    for (_, vlan) in view.all::<Vlan>()? {
        let device = view.field(&vlan.tagged_pif, Pif::DEVICE)?;
        steps.push(format!("VLAN {} of {device} is kept", vlan.tag));
    }
    for (_, tunnel) in view.all::<Tunnel>()? {
        let device = view.field(&tunnel.transport_pif, Pif::DEVICE)?;
        steps.push(format!(
            "tunnel {} through {device} is kept",
            tunnel.protocol
        ));
    }
    let machines = view.all::<Vm>()?.into_iter();
    let machines = machines.filter(|(_, vm)| !vm.is_control_domain);
    steps.extend(machines.map(|(_, vm)| format!("machine {} comes along", vm.name_label)));
    Ok(steps)
}

/// The checks, in XAPI's order.
struct Checks<'a, R> {
    pool: &'a R,
    dowry: &'a Dowry,
    opened: &'a Opened,
    blockers: Vec<Blocker>,
}

impl<R: Read> Checks<'_, R> {
    /// Whoever joins several hosts reads which one it is about.
    fn refuse(&mut self, error: ApiError, text: impl Into<String>) {
        let (name, text) = (self.name(), text.into());
        self.blockers.push(Blocker {
            code: error.code,
            params: error.params,
            text: match text.contains(&name) {
                true => text,
                false => format!("{name}: {text}"),
            },
        });
    }

    /// OPERATION_NOT_ALLOWED with XAPI's words.
    fn forbid(&mut self, words: &str, text: impl Into<String>) {
        self.refuse(errors::operation_not_allowed(words), text);
    }

    fn all(&mut self, force: bool) -> Result<()> {
        let Some((_, pool)) = self.pool.all::<Pool>()?.into_iter().next() else {
            return Err(errors::host_still_booting());
        };
        let master = self.pool.get(&pool.master)?;
        let mine = management(&self.opened.view, &self.opened.host)?;
        let theirs = management(self.pool, &pool.master)?;
        if mine.is_none() {
            let name = self.name();
            let text = format!("{name} has no management interface");
            self.refuse(errors::host_still_booting(), text);
        }
        self.of_itself(&pool)?;
        self.identity(&pool)?;
        self.machines();
        self.likeness(&master, force);
        self.carried(mine.as_ref(), theirs.as_ref())?;
        self.software(&master)?;
        self.speech(mine.as_ref(), theirs.as_ref())?;
        self.rest(&pool)
    }

    fn name(&self) -> String {
        self.opened.row.name_label.clone()
    }

    fn of_itself(&mut self, pool: &Pool) -> Result<()> {
        let name = self.name();
        if self.dowry.state.ha_enabled {
            let text = format!("high availability is on on {name}");
            self.refuse(errors::ha_is_enabled(), text);
        }
        if let Some(cluster_host) = self.dowry.state.cluster_hosts.first() {
            let text = format!("{name} is in a cluster");
            self.refuse(errors::clustering_enabled(cluster_host), text);
        }
        self.clusters()?;
        if pool.ha_enabled {
            self.refuse(
                errors::ha_is_enabled(),
                "high availability is on in the pool",
            );
        }
        Ok(())
    }

    /// A pool whose cluster takes in every host needs one address of each on the cluster's network.
    fn clusters(&mut self) -> Result<()> {
        for (_, cluster) in self.pool.all::<Cluster>()? {
            if !cluster.pool_auto_join {
                continue;
            }
            let mut bridges = BTreeSet::new();
            for cluster_host in cluster.cluster_hosts.iter() {
                let pif = self
                    .pool
                    .field(cluster_host, xapi_model::ClusterHost::PIF)?;
                let pif = self.pool.get(&pif)?;
                if pif.vlan >= 0 && !pif.management {
                    let tag = pif.vlan;
                    let error =
                        errors::pool_joining_pool_cannot_enable_clustering_on_vlan_network(tag);
                    self.refuse(error, format!("the pool's cluster is on VLAN {tag}"));
                    return Ok(());
                }
                bridges.insert(self.pool.field(&pif.network, Network::BRIDGE)?);
                for bond in pif.bond_master_of.iter() {
                    for slave in self.pool.field(bond, Bond::SLAVES)?.iter() {
                        let network = self.pool.field(slave, Pif::NETWORK)?;
                        bridges.insert(self.pool.field(&network, Network::BRIDGE)?);
                    }
                }
            }
            let mut with_address = Vec::new();
            for (_, pif) in pifs_of(&self.opened.view, &self.opened.host)? {
                let bridge = self.opened.view.field(&pif.network, Network::BRIDGE)?;
                if !pif.ip.is_empty() && bridges.contains(&bridge) {
                    with_address.push(pif.device);
                }
            }
            if with_address.len() != 1 {
                let text = format!(
                    "{} must have one address on the cluster's network, and has {}: {}",
                    self.name(),
                    with_address.len(),
                    with_address.join(", ")
                );
                let error = errors::pool_joining_host_must_have_only_one_ip_on_clustering_network();
                self.refuse(error, text);
            }
        }
        Ok(())
    }

    fn identity(&mut self, pool: &Pool) -> Result<()> {
        let (name, uuid) = (self.name(), self.opened.row.uuid.clone());
        if self.pool.field(&pool.master, Host::UUID)? == uuid {
            let text = format!("{name} is the master of that pool");
            self.forbid("Host cannot become slave of itself", text);
        } else if let Some(known) = known(self.pool, &uuid)?
            && !is_the_same(self.pool, &known, self.opened)?
        {
            let text =
                format!("a host of the pool has the UUID of {name}, and another certificate");
            self.forbid("Host is already part of a pool", text);
        }
        let others = &self.dowry.state.other_hosts;
        if !others.is_empty() {
            let text = format!("{name} knows other hosts: {}", others.join(", "));
            self.refuse(errors::joining_host_cannot_be_master_of_other_hosts(), text);
        }
        Ok(())
    }

    fn machines(&mut self) {
        let state = &self.dowry.state;
        let (running, busy) = (state.running.join(", "), state.busy.join(", "));
        if !running.is_empty() {
            let text = format!("machines are not off: {running}");
            self.refuse(errors::joining_host_cannot_have_running_vms(), text);
        }
        if !busy.is_empty() {
            let text = format!("something is being done to machines: {busy}");
            let error = errors::joining_host_cannot_have_vms_with_current_operations();
            self.refuse(error, text);
        }
    }

    fn likeness(&mut self, master: &Host, force: bool) {
        let row = &self.opened.row;
        let pending = [(&self.name(), row), (&master.name_label, master)]
            .into_iter()
            .filter(|(_, host)| !host.pending_guidances.is_empty())
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>();
        let vendor = |host: &Host| host.cpu_info.get("vendor").cloned().unwrap_or_default();
        let (mine, theirs) = (vendor(row), vendor(master));
        if !pending.is_empty() {
            let text = format!("an update is not complete on {}", pending.join(" and "));
            self.refuse(errors::hosts_not_compatible(), text);
        }
        if !force && mine != theirs {
            let text = format!("the processors are of {mine:?} here and of {theirs:?} in the pool");
            self.refuse(errors::hosts_not_homogeneous("CPUs differ"), text);
        }
    }

    fn carried(&mut self, mine: Option<&Pif>, theirs: Option<&Pif>) -> Result<()> {
        let state = self.dowry.state.clone();
        if !state.shared_srs.is_empty() {
            let text = format!("storage is shared: {}", state.shared_srs.join(", "));
            self.refuse(errors::joining_host_cannot_contain_shared_srs(), text);
        }
        if !state.sriov_nics.is_empty() {
            let (name, nics) = (self.name(), state.sriov_nics.join(", "));
            let text = format!("{name} has SR-IOV on {nics}");
            self.refuse(errors::pool_joining_host_has_network_sriovs(), text);
        }
        if let (Some(mine), Some(theirs)) = (mine, theirs)
            && mine.vlan != theirs.vlan
        {
            let said = |tag: i64| match tag {
                ..0 => "no VLAN".to_owned(),
                tag => format!("VLAN {tag}"),
            };
            let text = format!(
                "{} is managed on {} of {}, and the pool on {}",
                self.name(),
                said(mine.vlan),
                mine.device,
                said(theirs.vlan)
            );
            let error =
                errors::pool_joining_host_management_vlan_does_not_match(mine.vlan, theirs.vlan);
            self.refuse(error, text);
        }
        Ok(())
    }

    fn software(&mut self, master: &Host) -> Result<()> {
        let row = self.opened.row.clone();
        let directory = |host: &Host| {
            (
                host.external_auth_type.clone(),
                host.external_auth_service_name.clone(),
            )
        };
        if directory(&row) != directory(master) {
            let text = "the host and the pool know their users from different directories";
            self.refuse(errors::pool_joining_external_auth_mismatch(), text);
        }
        let backend = |host: &Host| {
            let backend = host.software_version.get("network_backend").cloned();
            backend.unwrap_or_else(|| "bridge".to_owned())
        };
        let (mine, theirs) = (backend(&row), backend(master));
        if mine != theirs {
            let text = format!("the network is made by {mine} here and by {theirs} in the pool");
            self.forbid("Network backends differ", text);
        }
        let controllers = self.pool.all::<SdnController>()?;
        let known = |address: &String| controllers.iter().any(|(_, row)| row.address == *address);
        if !self.dowry.state.controllers.iter().all(known) {
            let list = self.dowry.state.controllers.join(", ");
            let text = format!("the controller of the virtual switches is another: {list}");
            self.forbid("SDN controller differs", text);
        }
        let version =
            |host: &Host| format!("{}.{}", host.api_version_major, host.api_version_minor);
        let (mine, theirs) = (version(&row), version(master));
        if mine != theirs {
            let text = format!("the host speaks version {mine} of the API, and the pool {theirs}");
            let error = errors::pool_joining_host_must_have_same_api_version(mine, theirs);
            self.refuse(error, text);
        }
        let product = |host: &Host| {
            let key = |key: &str| host.software_version.get(key).cloned();
            (key("product_version"), key("xapi_build"))
        };
        if product(&row) != product(master) {
            let text = "the host and the pool have different versions of the software";
            self.refuse(
                errors::pool_joining_host_must_have_same_product_version(),
                text,
            );
        }
        Ok(())
    }

    fn speech(&mut self, mine: Option<&Pif>, theirs: Option<&Pif>) -> Result<()> {
        if let (Some(mine), Some(theirs)) = (mine, theirs)
            && mine.primary_address_type != theirs.primary_address_type
        {
            let text = format!(
                "{} is managed by {} on {}, and the pool by {} on {}",
                self.name(),
                mine.primary_address_type,
                mine.device,
                theirs.primary_address_type,
                theirs.device
            );
            self.forbid("Primary address type differs", text);
        }
        let purpose = |networks: Vec<(Ref<Network>, Network)>| {
            let mut said = networks.into_iter();
            said.find_map(|(_, network)| {
                Some((network.purpose.first().copied()?, network.name_label))
            })
        };
        let mine = purpose(self.opened.view.all()?);
        let theirs = purpose(self.pool.all()?);
        if let (Some((one, here)), Some((other, there))) = (mine, theirs)
            && one != other
        {
            let text = format!("network {here} is for {one}, and {there} of the pool for {other}");
            self.forbid("Incompatible network purposes: nbd and insecure_nbd", text);
        }
        Ok(())
    }

    fn rest(&mut self, pool: &Pool) -> Result<()> {
        if self.dowry.state.verifies_tls != pool.tls_verification_enabled {
            let text = "one of host and pool checks certificates, and the other does not";
            self.refuse(errors::pool_joining_host_tls_verification_mismatch(), text);
        }
        if pool
            .other_config
            .contains_key("rolling_upgrade_in_progress")
        {
            let text = "the pool is being updated";
            self.refuse(errors::not_supported_during_upgrade(), text);
        }
        self.addresses()?;
        for (reference, vm) in self.opened.view.all::<Vm>()? {
            let twin = self.pool.by_uuid(Vm::DESC, &vm.uuid);
            // A host that is known already brought it the last time.
            let known = known(self.pool, &self.opened.row.uuid)?.is_some();
            if twin.is_ok_and(|twin| !known || twin != reference.as_str()) {
                let text = format!("the pool has a machine with the UUID of {}", vm.name_label);
                self.refuse(errors::duplicate_vm(&vm.uuid), text);
            }
        }
        Ok(())
    }

    /// Two hosts with one address cannot both be reached. XAPI does not look.
    fn addresses(&mut self) -> Result<()> {
        let mut theirs = BTreeMap::new();
        for (_, pif) in self.pool.all::<Pif>()? {
            let host = self.pool.get(&pif.host)?;
            if !pif.ip.is_empty() && host.uuid != self.opened.row.uuid {
                theirs.insert(pif.ip, host.name_label);
            }
        }
        for (_, pif) in self.opened.view.all::<Pif>()? {
            if let Some(host) = theirs.get(&pif.ip) {
                let (name, device, ip) = (self.name(), pif.device, pif.ip);
                let text = format!("{device} of {name} has the address {ip}, and so has {host}");
                self.forbid(&format!("Address {ip} is in use"), text);
            }
        }
        Ok(())
    }
}

fn management(rows: &impl Read, host: &Ref<Host>) -> Result<Option<Pif>> {
    let mut pifs = pifs_of(rows, host)?.into_iter();
    Ok(pifs.find(|(_, pif)| pif.management).map(|(_, pif)| pif))
}

/// The host of the pool with a UUID.
pub(super) fn known(pool: &impl Read, uuid: &str) -> Result<Option<Ref<Host>>> {
    Ok(pool.find(Host::UUID, &uuid.to_owned())?.pop())
}

/// Whether a host that wants in may be who it says: the pool does not know that one, or knows it by this certificate.
pub(super) fn may_come_again(pool: &impl Read, uuid: &str, fingerprint: &str) -> Result<bool> {
    let Some(host) = known(pool, uuid)? else {
        return Ok(true);
    };
    Ok(fingerprints(pool, Some(&host))?.contains(fingerprint))
}

/// Whether a host of the pool is the one that wants in: the two are known by one certificate.
fn is_the_same(pool: &impl Read, known: &Ref<Host>, opened: &Opened) -> Result<bool> {
    Ok(!opened
        .fingerprints()?
        .is_disjoint(&fingerprints(pool, Some(known))?))
}

#[cfg(test)]
mod tests {
    use xapi_db::{Options, Store};
    use xapi_model::{Certificate, CertificateType, Class, Host};

    use super::may_come_again;

    #[test]
    fn a_host_that_the_pool_knows_comes_again_with_its_own_certificate_only() {
        let store = Store::temporary(Options::default()).unwrap();
        let uuid = "5c9e7d4e-7a3a-4c5b-9a55-0c4d1d3b7a11";
        store
            .change(|draft| {
                let host = draft.insert(Host {
                    uuid: uuid.to_owned(),
                    ..Host::blank()
                })?;
                for (kind, fingerprint) in [
                    (CertificateType::HostInternal, "AB:CD:01"),
                    (CertificateType::Host, "AB:CD:03"),
                ] {
                    draft.insert(Certificate {
                        kind,
                        host: host.clone(),
                        fingerprint_sha256: fingerprint.to_owned(),
                        ..Certificate::blank()
                    })?;
                }
                Ok(())
            })
            .unwrap();
        let view = store.view().unwrap();
        assert!(may_come_again(&view, uuid, "abcd01").unwrap());
        assert!(!may_come_again(&view, uuid, "abcd02").unwrap());
        // By that one its clients know it, and others may have it as well.
        assert!(!may_come_again(&view, uuid, "abcd03").unwrap());
        let stranger = "5c9e7d4e-7a3a-4c5b-9a55-0c4d1d3b7a12";
        assert!(may_come_again(&view, stranger, "abcd02").unwrap());
    }
}
