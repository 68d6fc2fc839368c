//! What a host brings into a pool: the rows that are its own, and what else is asked of it.
//!
//! It comes from outside. [`Dowry::open`] puts it into a store of its own, whose commit finds what dangles and what is
//! there twice, and looks at the rest; what is wrong with one row is refused with all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xapi_db::{Act, Draft, Edit, Options, Read, Store, View};
use xapi_model::types::NULL_REF;
use xapi_model::{
    ApiError, Bond, Certificate, CertificateType, Class, ClassDesc, ClusterHost, FieldDesc, Host,
    HostMetrics, Network, NetworkSriov, Pbd, Pif, PifMetrics, Pool, Ref, SdnController, Sr, Tunnel,
    Type, Value, Vif, VifMetrics, Vlan, Vm, VmGuestMetrics, VmMetrics, VmPowerState, errors,
};
use xapi_net::topology::{Mac, Name};

use crate::Result;
use crate::context::db_error;
use crate::ops::pif::on_sriov;
use crate::startup::UNIQUE;
use crate::topology::{self, pifs_of};

/// The classes whose rows come along, and how many of each at most.
const CARRIED: [(&ClassDesc, usize); 14] = [
    (Host::DESC, 1),
    (HostMetrics::DESC, 1),
    (Network::DESC, 8_192),
    (Pif::DESC, 8_192),
    (PifMetrics::DESC, 8_192),
    (Bond::DESC, 256),
    (Vlan::DESC, 8_192),
    (Tunnel::DESC, 4_096),
    (Certificate::DESC, 16),
    (Vm::DESC, 4_096),
    (VmMetrics::DESC, 4_096),
    (VmGuestMetrics::DESC, 4_096),
    (Vif::DESC, 32_768),
    (VifMetrics::DESC, 32_768),
];

/// All texts together have so many octets at most.
const MOST_OCTETS: usize = 64 << 20;

/// One text, and one name in a list, have so many octets at most.
const LONGEST: usize = 256 << 10;
const LONGEST_NAME: usize = 1 << 10;

/// A list names so many at most.
const MOST_NAMES: usize = 4_096;

/// What a host brings along.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dowry {
    rows: Vec<Edit>,
    /// What may keep the host from joining and is in no row that it brings.
    pub state: State,
}

/// How a host is, as far as a pool asks before it takes it in. Lists name things for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// High availability is on.
    pub ha_enabled: bool,
    /// References of its cluster hosts.
    pub cluster_hosts: Vec<String>,
    /// Other hosts that it knows.
    pub other_hosts: Vec<String>,
    /// Machines that are not off.
    pub running: Vec<String>,
    /// Machines to which something is being done.
    pub busy: Vec<String>,
    /// Storage that others use, too.
    pub shared_srs: Vec<String>,
    /// NICs with SR-IOV.
    pub sriov_nics: Vec<String>,
    /// Addresses of controllers of its virtual switches.
    pub controllers: Vec<String>,
    /// It checks certificates.
    pub verifies_tls: bool,
}

impl Dowry {
    /// What a host would bring along, from its own rows.
    pub fn of(view: &impl Read, host: &Ref<Host>) -> Result<Dowry> {
        let carried = carried(view, host)?;
        let mut rows = Vec::new();
        for (class, _) in CARRIED {
            for reference in carried.get(class.name).into_iter().flatten() {
                let values = view.row(class, reference)?;
                let fields = class.fields.iter().zip(values);
                let stored = fields.filter(|(field, _)| field.view.is_none());
                let known = |class: &str, to: &str| {
                    carried
                        .get(class)
                        .is_some_and(|refs| refs.contains(to))
                        .then(|| to.to_owned())
                };
                let stored = stored.map(|(field, value)| {
                    (field.name.to_owned(), readdressed(&field.ty, value, &known))
                });
                rows.push(Edit {
                    class: class.name.to_owned(),
                    reference: reference.clone(),
                    act: Act::Insert(stored.collect()),
                });
            }
        }
        let state = State::of(view, host)?;
        Ok(Dowry { rows, state })
    }

    /// Reads and checks all of it. INVALID_VALUE ["dowry", text], if anything is wrong.
    pub fn open(&self) -> Result<Opened> {
        self.state.check()?;
        self.measure()?;
        let store = Store::temporary(Options {
            unique: UNIQUE,
            ..Options::default()
        })
        .map_err(db_error)?;
        store
            .change(|draft| self.rows.iter().try_for_each(|edit| put(draft, edit)))
            .map_err(wrong)?;
        let view = store.view().map_err(db_error)?;
        let opened = Opened::new(view)?;
        opened.check()?;
        Ok(opened)
    }

    /// It is no larger than what any host can have.
    fn measure(&self) -> Result<()> {
        let mut counts = BTreeMap::<&str, usize>::new();
        let mut octets = 0;
        for edit in &self.rows {
            let class = CARRIED.iter().find(|(class, _)| class.name == edit.class);
            let Some((class, most)) = class else {
                return Err(wrong(format!("a row of class {:.64}", edit.class)));
            };
            let count = counts.entry(class.name).or_default();
            *count += 1;
            if *count > *most {
                return Err(wrong(format!(
                    "more than {most} rows of class {}",
                    class.name
                )));
            }
            let Act::Insert(fields) = &edit.act else {
                return Err(wrong("an edit that makes no row"));
            };
            octets += edit.reference.len();
            for (name, value) in fields {
                octets += name.len() + measured(value)?;
            }
            if octets > MOST_OCTETS {
                return Err(wrong(format!("more than {MOST_OCTETS} octets")));
            }
        }
        Ok(())
    }
}

/// The octets of a value.
fn measured(value: &Value) -> Result<usize> {
    Ok(match value {
        Value::Str(text) if text.len() > LONGEST => {
            return Err(wrong(format!("a text of {} octets", text.len())));
        }
        Value::Str(text) => text.len(),
        Value::Array(items) => {
            let mut sum = 0;
            for item in items {
                sum += 1 + measured(item)?;
            }
            sum
        }
        Value::Struct(members) => {
            let mut sum = 0;
            for (name, item) in members {
                sum += name.len() + measured(item)?;
            }
            sum
        }
        _ => 8,
    })
}

/// Makes one row.
fn put(draft: &Draft, edit: &Edit) -> Result<()> {
    let class = CARRIED.iter().find(|(class, _)| class.name == edit.class);
    let (Some((class, _)), Act::Insert(fields)) = (class, &edit.act) else {
        return Err(wrong("an edit that makes no row of a known class"));
    };
    let id = edit.reference.strip_prefix("OpaqueRef:");
    if id.is_none_or(|id| Uuid::parse_str(id).is_err()) {
        return Err(wrong(format!("{:.64} is no reference", edit.reference)));
    }
    for (name, _) in fields {
        let known = class.field(name).is_some_and(|field| field.view.is_none());
        if !known {
            return Err(wrong(format!("{} has no field {name:.64}", class.name)));
        }
    }
    let row = class.row(Value::Struct(fields.clone()))?;
    draft.insert_row_as(class, &edit.reference, row)
}

/// INVALID_VALUE ["dowry", text]: what a host brings along is not as it should be.
pub(super) fn wrong(why: impl ToString) -> ApiError {
    errors::invalid_value("dowry", why.to_string())
}

/// A value whose references are other ones; `to` gives them by class, and those that it does not give lead to nothing.
pub(super) fn readdressed(
    ty: &Type,
    value: Value,
    to: &impl Fn(&str, &str) -> Option<String>,
) -> Value {
    match (ty, value) {
        (Type::Ref(class), Value::Str(text)) => {
            Value::Str(to(class, &text).unwrap_or_else(|| NULL_REF.to_owned()))
        }
        (Type::Set(of), Value::Array(items)) => {
            let items = items.into_iter().map(|item| readdressed(of, item, to));
            Value::Array(items.filter(|item| !leads_nowhere(of, item)).collect())
        }
        (Type::Map(key, of), Value::Struct(members)) => {
            let members = members.into_iter().filter_map(|(name, value)| {
                let name = match **key {
                    Type::Ref(class) => to(class, &name)?,
                    _ => name,
                };
                Some((name, readdressed(of, value, to)))
            });
            Value::Struct(
                members
                    .filter(|(_, item)| !leads_nowhere(of, item))
                    .collect(),
            )
        }
        (Type::Option(of), value) => readdressed(of, value, to),
        (_, value) => value,
    }
}

fn leads_nowhere(ty: &Type, value: &Value) -> bool {
    matches!(ty, Type::Ref(_)) && value.as_str() == Some(NULL_REF)
}

/// The rows that are a host's own, by class.
fn carried(rows: &impl Read, host: &Ref<Host>) -> Result<BTreeMap<&'static str, BTreeSet<String>>> {
    let mut all = BTreeMap::<_, BTreeSet<String>>::new();
    let mut add = |class: &'static str, reference: &str| {
        if reference != NULL_REF && !reference.is_empty() {
            all.entry(class).or_default().insert(reference.to_owned());
        }
    };
    add(Host::NAME, host.as_str());
    let metrics = rows.field(host, Host::METRICS)?;
    if rows.exists(&metrics)? {
        add(HostMetrics::NAME, metrics.as_str());
    }
    for network in rows.refs(Network::DESC)? {
        add(Network::NAME, &network);
    }
    for (reference, pif) in pifs_of(rows, host)? {
        if on_sriov(rows, &pif)? {
            continue;
        }
        add(Pif::NAME, reference.as_str());
        if rows.exists(&pif.metrics)? {
            add(PifMetrics::NAME, pif.metrics.as_str());
        }
        for bond in pif.bond_master_of.iter() {
            add(Bond::NAME, bond.as_str());
        }
        add(Vlan::NAME, pif.vlan_master_of.as_str());
        for tunnel in pif.tunnel_access_pif_of.iter() {
            add(Tunnel::NAME, tunnel.as_str());
        }
    }
    for certificate in rows.find(Certificate::HOST, host)? {
        add(Certificate::DESC.name, certificate.as_str());
    }
    let domain = rows.field(host, Host::CONTROL_DOMAIN)?;
    for (reference, vm) in rows.all::<Vm>()? {
        let halted = vm.power_state == VmPowerState::Halted && !vm.is_default_template;
        if !(reference == domain || halted && !vm.is_control_domain) {
            continue;
        }
        add(Vm::NAME, reference.as_str());
        if rows.exists(&vm.metrics)? {
            add(VmMetrics::NAME, vm.metrics.as_str());
        }
        if rows.exists(&vm.guest_metrics)? {
            add(VmGuestMetrics::NAME, vm.guest_metrics.as_str());
        }
        for vif in rows.find(Vif::VM, &reference)? {
            add(Vif::NAME, vif.as_str());
            let metrics = rows.field(&vif, Vif::METRICS)?;
            if rows.exists(&metrics)? {
                add(VifMetrics::NAME, metrics.as_str());
            }
        }
    }
    Ok(all)
}

impl State {
    fn of(rows: &impl Read, host: &Ref<Host>) -> Result<State> {
        let pool = rows.all::<Pool>()?.into_iter().next();
        let hosts = rows.all::<Host>()?.into_iter();
        let machines = rows.all::<Vm>()?;
        let own = machines.iter().filter(|(_, vm)| !vm.is_control_domain);
        let running = own
            .clone()
            .filter(|(_, vm)| vm.power_state != VmPowerState::Halted);
        let busy = own.filter(|(_, vm)| !vm.current_operations.is_empty());
        let name = |(_, vm): &(Ref<Vm>, Vm)| vm.name_label.clone();
        let mut shared_srs = Vec::new();
        for pbd in rows.find(Pbd::HOST, host)? {
            let sr = rows.field(&pbd, Pbd::SR)?;
            if rows.exists(&sr)? && rows.field(&sr, Sr::SHARED)? {
                shared_srs.push(rows.field(&sr, Sr::NAME_LABEL)?);
            }
        }
        let mut sriov_nics = Vec::new();
        for (_, sriov) in rows.all::<NetworkSriov>()? {
            if rows.exists(&sriov.physical_pif)? {
                sriov_nics.push(rows.field(&sriov.physical_pif, Pif::DEVICE)?);
            }
        }
        let controllers = rows.all::<SdnController>()?.into_iter();
        let clusters = rows.find(ClusterHost::HOST, host)?.into_iter();
        let state = State {
            ha_enabled: pool.as_ref().is_some_and(|(_, pool)| pool.ha_enabled),
            cluster_hosts: clusters.map(|row| row.as_str().to_owned()).collect(),
            other_hosts: hosts
                .filter(|(other, _)| other != host)
                .map(|(_, host)| host.name_label)
                .collect(),
            running: running.map(name).collect(),
            busy: busy.map(name).collect(),
            shared_srs,
            sriov_nics,
            controllers: controllers.map(|(_, row)| row.address).collect(),
            verifies_tls: pool.is_some_and(|(_, pool)| pool.tls_verification_enabled),
        };
        Ok(state)
    }

    fn check(&self) -> Result<()> {
        let lists = [
            &self.cluster_hosts,
            &self.other_hosts,
            &self.running,
            &self.busy,
            &self.shared_srs,
            &self.sriov_nics,
            &self.controllers,
        ];
        for list in lists {
            if list.len() > MOST_NAMES || list.iter().any(|name| name.len() > LONGEST_NAME) {
                return Err(wrong("a list that is too long"));
            }
        }
        Ok(())
    }
}

/// What a host brings along, read and checked: rows of one host, as in a database of their own.
pub struct Opened {
    /// The rows.
    pub view: View,
    /// The host.
    pub host: Ref<Host>,
    /// Its row.
    pub row: Host,
}

impl Opened {
    fn new(view: View) -> Result<Opened> {
        let hosts = view.all::<Host>()?;
        let mut hosts = hosts.into_iter();
        let (Some((host, row)), None) = (hosts.next(), hosts.next()) else {
            return Err(wrong("it is not about one host"));
        };
        Ok(Opened { view, host, row })
    }

    /// The UUID of the host.
    pub fn uuid(&self) -> &str {
        &self.row.uuid
    }

    /// The fingerprints of the certificates by which other hosts know the host: SHA-256, in small hexadecimal digits without
    /// colons.
    pub fn fingerprints(&self) -> Result<BTreeSet<String>> {
        fingerprints(&self.view, None)
    }

    /// The references of the rows of a class.
    pub(super) fn refs(&self, class: &'static ClassDesc) -> Result<Vec<String>> {
        self.view.refs(class)
    }

    fn check(&self) -> Result<()> {
        for (class, _) in CARRIED {
            self.check_uuids(class)?;
        }
        self.check_machines()?;
        self.check_pifs()?;
        self.check_built()?;
        for (_, row) in self.view.all::<Certificate>()? {
            if row.host != self.host {
                return Err(wrong("a certificate of no host"));
            }
        }
        // Whatever else makes no network.
        topology::wished(&self.view, &self.host)
            .map(drop)
            .map_err(wrong)
    }

    fn check_uuids(&self, class: &'static ClassDesc) -> Result<()> {
        let Some(field) = class.field("uuid") else {
            return Ok(());
        };
        for reference in self.refs(class)? {
            let uuid = self.view.value(class, &reference, field)?;
            let uuid = uuid.as_str().unwrap_or_default();
            // In small letters with hyphens, for elsewhere they are compared as texts.
            if Uuid::parse_str(uuid).is_ok_and(|read| read.to_string() == uuid) {
                continue;
            }
            return Err(wrong(format!("{uuid:.64} is no UUID of a {}", class.name)));
        }
        Ok(())
    }

    fn check_machines(&self) -> Result<()> {
        for (reference, vm) in self.view.all::<Vm>()? {
            let domain = reference == self.row.control_domain;
            if domain != vm.is_control_domain {
                return Err(wrong("a control domain that is not the host's"));
            }
            if !domain && (vm.power_state != VmPowerState::Halted || !vm.resident_on.is_null()) {
                return Err(wrong(format!("{:.64} is not off", vm.name_label)));
            }
        }
        if !self.view.exists(&self.row.control_domain)? {
            return Err(wrong("it has no control domain"));
        }
        for (_, vif) in self.view.all::<Vif>()? {
            if vif.vm.is_null() || vif.network.is_null() || vif.currently_attached {
                return Err(wrong("a VIF that belongs nowhere, or is plugged"));
            }
            if vif.mac.parse::<Mac>().is_err() || vif.device.parse::<u32>().is_err() {
                return Err(wrong("a VIF with no address or device"));
            }
        }
        Ok(())
    }

    fn check_pifs(&self) -> Result<()> {
        for (_, network) in self.view.all::<Network>()? {
            if network.managed && Name::new(&network.bridge).is_err() {
                return Err(wrong(format!("{:.64} is no bridge", network.bridge)));
            }
        }
        for (reference, pif) in self.view.all::<Pif>()? {
            if pif.host != self.host || pif.network.is_null() {
                return Err(wrong(format!(
                    "{:.64} is on no host or network",
                    pif.device
                )));
            }
            if Name::new(&pif.device).is_err() {
                return Err(wrong(format!("{:.64} is no device", pif.device)));
            }
            if !pif.mac.is_empty() && pif.mac.parse::<Mac>().is_err() {
                return Err(wrong(format!("{:.64} is no MAC", pif.mac)));
            }
            let vlan = pif.vlan_master_of.some();
            let other = match vlan {
                Some(vlan) => self.view.field(vlan, Vlan::UNTAGGED_PIF)? == reference,
                None => true,
            };
            let kinds = usize::from(vlan.is_some())
                + usize::from(pif.physical)
                + pif.bond_master_of.len()
                + pif.tunnel_access_pif_of.len();
            if !other || kinds != 1 || vlan.is_some() != (pif.vlan >= 0) {
                return Err(wrong(format!("{:.64} is of no kind", pif.device)));
            }
            if !pif.bond_slave_of.is_null() && !pif.physical {
                return Err(wrong(format!("{:.64} cannot be in a bond", pif.device)));
            }
        }
        Ok(())
    }

    fn check_built(&self) -> Result<()> {
        for (_, bond) in self.view.all::<Bond>()? {
            if bond.master.is_null() || !bond.slaves.contains(&bond.primary_slave) {
                return Err(wrong("a bond without PIF or primary member"));
            }
        }
        for (_, vlan) in self.view.all::<Vlan>()? {
            if vlan.untagged_pif.is_null() || vlan.tagged_pif.is_null() {
                return Err(wrong("a VLAN without PIFs"));
            }
            let shown = self.view.field(&vlan.untagged_pif, Pif::VLAN)?;
            if !(0..=4094).contains(&vlan.tag) || shown != vlan.tag {
                return Err(wrong(format!("{} is no tag of a VLAN", vlan.tag)));
            }
        }
        for (_, tunnel) in self.view.all::<Tunnel>()? {
            if tunnel.access_pif.is_null() || tunnel.transport_pif.is_null() {
                return Err(wrong("a tunnel without PIFs"));
            }
        }
        Ok(())
    }
}

/// The fingerprints of the certificates by which other hosts know a host; those of all hosts, if none is named. What clients
/// see does not tell one from another: several may have it, with a name that stands for all.
pub(super) fn fingerprints(rows: &impl Read, host: Option<&Ref<Host>>) -> Result<BTreeSet<String>> {
    let all = rows.all::<Certificate>()?.into_iter();
    let its = all.filter(|(_, row)| {
        let is_its = host.is_none_or(|host| row.host == *host);
        is_its && row.kind == CertificateType::HostInternal
    });
    Ok(its.map(|(_, row)| plain(&row.fingerprint_sha256)).collect())
}

/// A fingerprint without what is put between its digits.
fn plain(fingerprint: &str) -> String {
    let digits = fingerprint.chars().filter(char::is_ascii_hexdigit);
    digits.map(|digit| digit.to_ascii_lowercase()).collect()
}

/// The fields of a class that are stored.
pub(super) fn stored(
    class: &'static ClassDesc,
) -> impl Iterator<Item = (usize, &'static FieldDesc)> {
    class
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.view.is_none())
}

/// The classes whose rows come along.
pub(super) fn classes() -> impl Iterator<Item = &'static ClassDesc> {
    CARRIED.iter().map(|(class, _)| *class)
}
