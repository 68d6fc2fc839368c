//! The rows of a host that joins a pool are put among the pool's.

use std::collections::BTreeSet;

use xapi_db::{Draft, Read};
use xapi_model::{
    Bond, Certificate, Class, ClassDesc, Host, HostMetrics, Network, Pif, Pool, Ref, Tunnel, Value,
    Vif, Vlan, Vm,
};

use super::dowry::{self, Dowry, Opened, readdressed, wrong};
use super::join::{known, planned};
use super::merge::{Becomes, Merged};
use crate::Result;
use crate::topology::pifs_of;

/// Takes a host into the pool with all that it brings, or says what keeps it out. A host that is known already, for it
/// has not heard the last answer, has its rows refreshed.
pub fn admit(draft: &Draft, dowry: &Dowry, force: bool) -> Result<Ref<Host>> {
    let opened = dowry.open()?;
    let (plan, merged) = planned(draft, dowry, &opened, force)?;
    if let Some(refusal) = plan.refusal() {
        return Err(refusal);
    }
    for (pool, _) in draft.all::<Pool>()? {
        draft.rely(&pool)?;
    }
    let known = known(draft, &opened.row.uuid)?;
    let own = match &known {
        Some(host) => Some((
            draft.field(host, Host::CONTROL_DOMAIN)?,
            draft.field(host, Host::METRICS)?,
        )),
        None => None,
    };
    let mut held = BTreeSet::new();
    for vm in opened.refs(Vm::DESC)? {
        if draft.holds(Vm::DESC, &vm)? {
            held.insert(vm);
        }
    }
    let admitting = Admitting {
        draft,
        opened: &opened,
        merged: &merged,
        host: known.clone().unwrap_or_else(|| opened.host.clone()),
        again: known.is_some(),
        own,
        held,
    };
    admitting.run()?;
    Ok(admitting.host)
}

/// Putting rows into the pool's.
struct Admitting<'a> {
    draft: &'a Draft,
    opened: &'a Opened,
    merged: &'a Merged,
    /// As the pool calls it.
    host: Ref<Host>,
    /// The pool knows it already.
    again: bool,
    /// Its control domain and its metrics, as the pool knew them before it came again.
    own: Option<(Ref<Vm>, Ref<HostMetrics>)>,
    /// The machines among those that it brings which the pool has already.
    held: BTreeSet<String>,
}

impl Admitting<'_> {
    fn run(&self) -> Result<()> {
        if self.again {
            self.forget()?;
        }
        for class in dowry::classes() {
            for reference in self.opened.refs(class)? {
                self.bring(class, &reference)?;
            }
        }
        for (pif, _) in pifs_of(self.draft, &self.host)? {
            self.draft.set(&pif, Pif::INHERITED, false)?;
        }
        // It is heard of by its own connection.
        let metrics = self.draft.field(&self.host, Host::METRICS)?;
        if self.draft.exists(&metrics)? {
            self.draft.set(&metrics, HostMetrics::LIVE, false)?;
        }
        Ok(())
    }

    /// What the host had when it came last and does not bring this time.
    fn forget(&self) -> Result<()> {
        let stays: BTreeSet<_> = dowry::classes()
            .map(|class| self.opened.refs(class))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect();
        super::eject::forget_network(self.draft, &self.host, &|reference| {
            stays.contains(reference)
        })?;
        for certificate in self.draft.find(Certificate::HOST, &self.host)? {
            if !stays.contains(certificate.as_str()) {
                self.draft.destroy(&certificate)?;
            }
        }
        Ok(())
    }

    fn bring(&self, class: &'static ClassDesc, reference: &str) -> Result<()> {
        let network = Ref::<Network>::new(reference);
        let becomes = match class.name == Network::DESC.name {
            true => self.merged.networks.get(&network),
            false => None,
        };
        if let Some(Becomes::Of(_)) = becomes {
            return Ok(());
        }
        let there = self
            .draft
            .holds(class, &self.named(class.name, reference))?;
        if there && !self.may_refresh(class, reference)? {
            return Ok(());
        }
        let mut row = self.opened.view.row(class, reference)?;
        // Machines that the pool has already are the pool's: a host that comes again gives them no NICs.
        if !there && self.again && class.name == Vif::DESC.name {
            let vm = self
                .opened
                .view
                .field(&Ref::<Vif>::new(reference), Vif::VM)?;
            if self.held.contains(vm.as_str()) {
                return Ok(());
            }
        }
        let to = |class: &str, reference: &str| self.known_as(class, reference);
        for (at, field) in dowry::stored(class) {
            row[at] = readdressed(&field.ty, std::mem::take(&mut row[at]), &to);
        }
        if let Some(Becomes::New(bridge)) = becomes {
            row[Network::BRIDGE.index()] = Value::Str(bridge.clone());
        }
        let here = self.named(class.name, reference);
        if !there {
            return self.draft.insert_row_as(class, &here, row);
        }
        for (at, field) in dowry::stored(class) {
            let value = std::mem::take(&mut row[at]);
            self.draft.set_value(class, &here, field, value)?;
        }
        Ok(())
    }

    /// What the pool calls a row that the host brings.
    fn named(&self, class: &str, reference: &str) -> String {
        match class == Host::DESC.name {
            true => self.host.as_str().to_owned(),
            false => reference.to_owned(),
        }
    }

    fn known_as(&self, class: &str, reference: &str) -> Option<String> {
        if class == Network::DESC.name
            && let Some(Becomes::Of(of)) = self.merged.networks.get(&Ref::new(reference))
        {
            return Some(of.as_str().to_owned());
        }
        let desc = dowry::classes().find(|desc| desc.name == class)?;
        let brings = self.opened.view.holds(desc, reference).ok()?;
        brings.then(|| self.named(class, reference))
    }

    /// Whether a row that is there already is the host's own, so that it is brought up to date. Machines are the pool's
    /// from the first time on, with all that is theirs. INVALID_VALUE, if it is another's.
    fn may_refresh(&self, class: &'static ClassDesc, reference: &str) -> Result<bool> {
        let taken = || wrong(format!("{reference} is another's in the pool"));
        if !self.again {
            return Err(taken());
        }
        let draft = self.draft;
        let of_pif = |pif: Ref<Pif>| -> Result<bool> {
            Ok(draft.exists(&pif)? && draft.field(&pif, Pif::HOST)? == self.host)
        };
        let own_domain = |reference: &str| {
            let own = self.own.as_ref();
            own.is_some_and(|(domain, _)| domain.as_str() == reference)
        };
        let own_metrics = |reference: &str| {
            let own = self.own.as_ref();
            own.is_some_and(|(_, metrics)| metrics.as_str() == reference)
        };
        let own = match class.name {
            "host" => true,
            "host_metrics" => own_metrics(reference),
            "PIF" => of_pif(Ref::new(reference))?,
            "PIF_metrics" => {
                let users = draft.find(Pif::METRICS, &Ref::new(reference))?;
                let mut own = true;
                for pif in users {
                    own &= of_pif(pif)?;
                }
                own
            }
            "Bond" => of_pif(draft.field(&Ref::new(reference), Bond::MASTER)?)?,
            "VLAN" => of_pif(draft.field(&Ref::new(reference), Vlan::UNTAGGED_PIF)?)?,
            "tunnel" => of_pif(draft.field(&Ref::new(reference), Tunnel::ACCESS_PIF)?)?,
            "Certificate" => draft.field(&Ref::new(reference), Certificate::HOST)? == self.host,
            "VM" if own_domain(reference) => true,
            // The control domain's own stay as they are, too: they say nothing that its next start does not say.
            _ => {
                self.same_machine(class, reference)?;
                return Ok(false);
            }
        };
        match own {
            true => Ok(true),
            false => Err(taken()),
        }
    }

    /// A machine, or what belongs to one, is the one that the host brought the last time.
    fn same_machine(&self, class: &'static ClassDesc, reference: &str) -> Result<()> {
        let same = match class.name {
            "VM" => {
                let vm = Ref::<Vm>::new(reference);
                self.draft.field(&vm, Vm::UUID)? == self.opened.view.field(&vm, Vm::UUID)?
            }
            "VIF" => {
                let vif = Ref::<Vif>::new(reference);
                self.draft.field(&vif, Vif::VM)? == self.opened.view.field(&vif, Vif::VM)?
            }
            _ => true,
        };
        match same {
            true => Ok(()),
            false => Err(wrong(format!("{reference} is another's in the pool"))),
        }
    }
}
