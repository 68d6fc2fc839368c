//! What a host's network is in the database, removed as one: PIFs, bonds, VLANs, tunnels, network_sriovs, and the
//! metrics of all these. Networks and VIFs stay.
//!
//! A reset is for hosts whose rows may be broken, so nothing here reads a row as a whole: what cannot be read of one is
//! logged and taken for nothing, and what still refers to a removed row is made to refer to none.

use std::collections::BTreeSet;

use xapi_db::{Draft, Read};
use xapi_model::desc::{ClassDesc, FieldDesc};
use xapi_model::types::NULL_REF;
use xapi_model::{
    Bond, Class, Field, Host, MODEL, NetworkSriov, Pif, PifMetrics, Ref, Tunnel, Type, Value, Vlan,
    Wire,
};

use crate::Result;

/// What a reset leaves where it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stay {
    /// PIFs of the host.
    pub pifs: BTreeSet<Ref<Pif>>,
    /// Bonds, all of whose PIFs stay.
    pub bonds: BTreeSet<Ref<Bond>>,
    /// VLANs whose untagged PIFs stay. The PIF below may go; another is put under them.
    pub vlans: BTreeSet<Ref<Vlan>>,
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// PIFs.
    pub pifs: usize,
    /// Bonds, VLANs, tunnels and network_sriovs.
    pub built: usize,
}

/// A row, by its class and reference.
type Row = (&'static ClassDesc, String);

/// Something built upon PIFs, and the fields that name these.
struct Built {
    class: &'static ClassDesc,
    ends: [&'static FieldDesc; 2],
}

fn descriptor<C: Class, T: Wire>(field: Field<C, T>) -> &'static FieldDesc {
    &C::DESC.fields[field.index()]
}

fn built() -> [Built; 4] {
    [
        Built {
            class: Bond::DESC,
            ends: [descriptor(Bond::MASTER), descriptor(Bond::PRIMARY_SLAVE)],
        },
        Built {
            class: Vlan::DESC,
            ends: [descriptor(Vlan::UNTAGGED_PIF), descriptor(Vlan::TAGGED_PIF)],
        },
        Built {
            class: Tunnel::DESC,
            ends: [
                descriptor(Tunnel::ACCESS_PIF),
                descriptor(Tunnel::TRANSPORT_PIF),
            ],
        },
        Built {
            class: NetworkSriov::DESC,
            ends: [
                descriptor(NetworkSriov::PHYSICAL_PIF),
                descriptor(NetworkSriov::LOGICAL_PIF),
            ],
        },
    ]
}

/// Removes a host's network from the database, but for what stays.
pub(crate) fn remove(draft: &Draft, host: &Ref<Host>, stay: &Stay) -> Result<Removed> {
    let all: BTreeSet<String> = draft
        .find(Pif::HOST, host)?
        .into_iter()
        .map(|pif| pif.as_str().to_owned())
        .collect();
    let mut gone: Vec<Row> = Vec::new();
    for kind in built() {
        for reference in draft.refs(kind.class)? {
            if !stays(stay, kind.class, &reference) && is_of(draft, &kind, &reference, &all)? {
                gone.push((kind.class, reference));
            }
        }
    }
    let built = gone.len();
    let pifs: BTreeSet<&String> = all
        .iter()
        .filter(|pif| !stay.pifs.contains(&Ref::new((*pif).clone())))
        .collect();
    // Those of PIFs that others share stay; those of nobody are left of rows that went before.
    for reference in draft.refs(PifMetrics::DESC)? {
        let users = draft.find(Pif::METRICS, &Ref::new(reference.clone()))?;
        let goes = |user: &Ref<Pif>| pifs.contains(&user.as_str().to_owned());
        if users.iter().all(goes) {
            gone.push((PifMetrics::DESC, reference));
        }
    }
    let removed = Removed {
        pifs: pifs.len(),
        built,
    };
    gone.extend(pifs.into_iter().map(|pif| (Pif::DESC, pif.clone())));
    for (class, reference) in &gone {
        draft.destroy_row(class, reference)?;
    }
    forget(draft, &gone)?;
    Ok(removed)
}

fn stays(stay: &Stay, class: &'static ClassDesc, reference: &str) -> bool {
    match class.name {
        Bond::NAME => stay.bonds.contains(&Ref::new(reference)),
        Vlan::NAME => stay.vlans.contains(&Ref::new(reference)),
        _ => false,
    }
}

/// Whether something is built upon a PIF of the host, or upon none that there is.
fn is_of(draft: &Draft, kind: &Built, reference: &str, pifs: &BTreeSet<String>) -> Result<bool> {
    let mut ends: Vec<String> = kind
        .ends
        .iter()
        .map(|field| target(draft, kind.class, reference, field))
        .collect();
    if kind.class.name == Bond::NAME {
        let members = draft.find(Pif::BOND_SLAVE_OF, &Ref::new(reference))?;
        ends.extend(members.iter().map(|pif| pif.as_str().to_owned()));
    }
    let mut of_nobody = true;
    for end in ends {
        if pifs.contains(&end) {
            return Ok(true);
        }
        of_nobody &= !draft.holds(Pif::DESC, &end)?;
    }
    Ok(of_nobody)
}

/// What a field of a row refers to; what cannot be read refers to nothing.
fn target(
    draft: &Draft,
    class: &'static ClassDesc,
    row: &str,
    field: &'static FieldDesc,
) -> String {
    match draft.value(class, row, field) {
        Ok(Value::Str(reference)) => reference,
        Ok(other) => {
            tracing::warn!(
                "{} of {row} is {} and no reference",
                field.name,
                other.kind()
            );
            NULL_REF.to_owned()
        }
        Err(why) => {
            tracing::warn!("{} of {row} cannot be read: {why}", field.name);
            NULL_REF.to_owned()
        }
    }
}

/// The fields, of whatever class, that refer to objects of a class.
fn referring(to: &str) -> impl Iterator<Item = (&'static ClassDesc, &'static FieldDesc)> {
    let classes = MODEL.iter().filter(|class| class.stored);
    let fields = classes.flat_map(|class| class.fields.iter().map(move |field| (*class, field)));
    fields.filter(move |(_, field)| {
        field.view.is_none() && matches!(field.ty, Type::Ref(class) if class == to)
    })
}

/// Whoever still refers to what is gone refers to nothing afterwards.
fn forget(draft: &Draft, gone: &[Row]) -> Result<()> {
    for (class, reference) in gone {
        let value = Value::Str(reference.clone());
        for (of, field) in referring(class.name) {
            for holder in draft.search(of, field, &value)? {
                if !draft.holds(of, &holder)? {
                    continue;
                }
                tracing::warn!("{} {holder} loses its {}", of.name, field.name);
                draft.set_value(of, &holder, field, Value::Str(NULL_REF.to_owned()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{built, referring};
    use xapi_model::{Class, MODEL, Pif, PifMetrics, Type};

    fn mentions(ty: &Type, class: &str) -> bool {
        match ty {
            Type::Ref(to) => *to == class,
            Type::Set(of) | Type::Option(of) => mentions(of, class),
            Type::Map(key, of) => mentions(key, class) || mentions(of, class),
            _ => false,
        }
    }

    #[test]
    fn every_field_that_refers_to_what_a_reset_removes_is_one_that_it_clears() {
        let classes = built().map(|kind| kind.class.name);
        for removed in classes.into_iter().chain([Pif::NAME, PifMetrics::NAME]) {
            let cleared: Vec<_> = referring(removed)
                .map(|(class, field)| (class.name, field.name))
                .collect();
            for class in MODEL.iter().filter(|class| class.stored) {
                for field in class.fields.iter().filter(|field| field.view.is_none()) {
                    let place = (class.name, field.name);
                    assert!(
                        !mentions(&field.ty, removed) || cleared.contains(&place),
                        "{place:?} may refer to a {removed} that a reset removes"
                    );
                }
            }
        }
    }
}
