//! What a change did to the rows, turned round: to undo one that was committed, without what others changed since.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xapi_db::{Act, Draft, Portable, Read};
use xapi_model::{ApiError, ClassDesc, FieldDesc, MODEL, Ref, Type, Value, Vif, errors};

use super::dowry::stored;
use crate::Result;

/// The way back from a change.
#[derive(Debug, Default)]
pub(super) struct Inverse(Vec<Back>);

#[derive(Debug)]
enum Back {
    /// The row goes.
    Remove(&'static ClassDesc, String),
    /// The row comes again.
    Restore(&'static ClassDesc, String, Vec<Value>),
    /// The field has its former value again, if it still has ours.
    Field {
        class: &'static ClassDesc,
        row: String,
        field: &'static FieldDesc,
        ours: Value,
        before: Value,
    },
}

/// The same as a text: the names of classes and fields, and values.
#[derive(Serialize, Deserialize)]
enum Noted {
    Remove(String, String),
    Restore(String, String, Vec<Portable>),
    Field {
        class: String,
        row: String,
        field: String,
        ours: Portable,
        before: Portable,
    },
}

impl Inverse {
    /// The way back as a text, to be gone by whoever decides next.
    pub fn noted(&self) -> Result<String> {
        let portable = |values: &[Value]| values.iter().cloned().map(Portable).collect();
        let noted = self.0.iter().map(|back| match back {
            Back::Remove(class, row) => Noted::Remove(class.name.to_owned(), row.clone()),
            Back::Restore(class, row, values) => {
                Noted::Restore(class.name.to_owned(), row.clone(), portable(values))
            }
            Back::Field {
                class,
                row,
                field,
                ours,
                before,
            } => Noted::Field {
                class: class.name.to_owned(),
                row: row.clone(),
                field: field.name.to_owned(),
                ours: Portable(ours.clone()),
                before: Portable(before.clone()),
            },
        });
        let noted: Vec<_> = noted.collect();
        serde_json::to_string(&noted).map_err(errors::internal_error)
    }

    /// What [`Inverse::noted`] has made of one.
    pub fn read(text: &str) -> Result<Inverse> {
        let noted: Vec<Noted> = serde_json::from_str(text).map_err(errors::internal_error)?;
        let class_of = |name: &str| {
            let class = MODEL.iter().find(|class| class.name == name);
            class.copied().ok_or_else(|| unknown("class", name))
        };
        let values = |values: Vec<Portable>| values.into_iter().map(|value| value.0).collect();
        let back = noted.into_iter().map(|back| {
            Ok(match back {
                Noted::Remove(class, row) => Back::Remove(class_of(&class)?, row),
                Noted::Restore(class, row, row_values) => {
                    Back::Restore(class_of(&class)?, row, values(row_values))
                }
                Noted::Field {
                    class,
                    row,
                    field,
                    ours,
                    before,
                } => {
                    let class = class_of(&class)?;
                    let found = class.field(&field);
                    Back::Field {
                        field: found.ok_or_else(|| unknown("field", &field))?,
                        class,
                        row,
                        ours: ours.0,
                        before: before.0,
                    }
                }
            })
        });
        back.collect::<Result<_>>().map(Inverse)
    }

    /// The way back from what a draft does to rows that are like this before.
    pub fn of(draft: &Draft, before: &impl Read) -> Result<Inverse> {
        let mut back = Vec::new();
        let mut seen = BTreeSet::new();
        for edit in draft.edits() {
            let class = MODEL.iter().find(|class| class.name == edit.class);
            let class = *class.ok_or_else(|| errors::internal_error("an edit of no class"))?;
            let row = edit.reference;
            match &edit.act {
                Act::Touch => {}
                Act::Insert(_) => back.push(Back::Remove(class, row)),
                Act::Destroy => {
                    let values = before.row(class, &row)?;
                    back.push(Back::Restore(class, row, values));
                }
                act => {
                    let field = act.field().and_then(|name| class.field(name));
                    let field =
                        field.ok_or_else(|| errors::internal_error("an edit of no field"))?;
                    if seen.insert((class.name, row.clone(), field.name)) {
                        back.push(Back::Field {
                            ours: draft.value(class, &row, field)?,
                            before: before.value(class, &row, field)?,
                            class,
                            row,
                            field,
                        });
                    }
                }
            }
        }
        Ok(Inverse(back))
    }

    /// Goes back. Returns the VIFs that get another network.
    pub fn apply(&self, draft: &Draft) -> Result<Vec<Ref<Vif>>> {
        let mut vifs = Vec::new();
        for back in &self.0 {
            match back {
                Back::Remove(class, row) => {
                    if draft.holds(class, row)? {
                        draft.destroy_row(class, row)?;
                    }
                }
                Back::Restore(class, row, values) => {
                    if !draft.holds(class, row)? {
                        draft.insert_row_as(class, row, values.clone())?;
                    }
                }
                Back::Field {
                    class,
                    row,
                    field,
                    ours,
                    before,
                } => {
                    if !draft.holds(class, row)? || draft.value(class, row, field)? != *ours {
                        continue;
                    }
                    draft.set_value(class, row, field, before.clone())?;
                    if (class.name, field.name) == (VIF, NETWORK) {
                        vifs.push(Ref::new(row.clone()));
                    }
                }
            }
        }
        self.no_leftovers(draft)?;
        Ok(vifs)
    }

    /// What others put upon rows of ours meanwhile keeps these from going: HANDLE_INVALID would be no help.
    fn no_leftovers(&self, draft: &Draft) -> Result<()> {
        for back in &self.0 {
            let Back::Remove(class, gone) = back else {
                continue;
            };
            let value = Value::Str(gone.clone());
            for of in MODEL.iter().filter(|of| of.stored && !of.volatile) {
                for (_, field) in stored(of) {
                    let refers = matches!(field.ty, Type::Ref(to) if to == class.name);
                    if refers && let Some(holder) = draft.search(of, field, &value)?.first() {
                        return Err(errors::internal_error(format!(
                            "{} {holder} came meanwhile, and needs what was to be undone",
                            of.name
                        )));
                    }
                }
            }
        }
        Ok(())
    }
}

fn unknown(what: &str, name: &str) -> ApiError {
    errors::internal_error(format!("no {what} {name:?} is known here"))
}

const VIF: &str = "VIF";
const NETWORK: &str = "network";

#[cfg(test)]
mod tests {
    use xapi_db::{Options, Read, Store};
    use xapi_model::{Class, Network, Pif, Ref, Vif, Vm};

    use super::{Inverse, NETWORK, VIF};

    #[test]
    fn the_field_that_moves_a_vif_is_called_as_here() {
        assert_eq!((Vif::DESC.name, Vif::NETWORK.name()), (VIF, NETWORK));
    }

    #[test]
    fn going_back_restores_what_was_and_leaves_what_others_did() {
        let store = Store::temporary(Options::default()).unwrap();
        let (one, two, pif, vif) = store
            .change(|draft| {
                let one = draft.insert(Network::blank())?;
                let two = draft.insert(Network::blank())?;
                let vm = draft.insert(Vm::blank())?;
                let network = one.clone();
                let pif = draft.insert(Pif {
                    network: network.clone(),
                    ..Pif::blank()
                })?;
                let vif = draft.insert(Vif {
                    network,
                    vm,
                    ..Vif::blank()
                })?;
                Ok((one, two, pif, vif))
            })
            .unwrap();
        let before = store.view().unwrap();
        let was = before.row(Pif::DESC, pif.as_str()).unwrap();
        let draft = store.draft().unwrap();
        draft.destroy(&pif).unwrap();
        draft.set(&vif, Vif::NETWORK, two.clone()).unwrap();
        draft
            .set(&two, Network::NAME_LABEL, "ours".to_owned())
            .unwrap();
        draft.set(&two, Network::MTU, 9000).unwrap();
        let made: Ref<Network> = draft.insert(Network::blank()).unwrap();
        let inverse = Inverse::of(&draft, &before).unwrap();
        let inverse = Inverse::read(&inverse.noted().unwrap()).unwrap();
        store.commit(draft).unwrap();
        store
            .change(|draft| draft.set(&two, Network::NAME_LABEL, "theirs".to_owned()))
            .unwrap();
        let vifs = store.change(|draft| inverse.apply(draft)).unwrap();
        assert_eq!(vifs, std::slice::from_ref(&vif));
        let view = store.view().unwrap();
        assert_eq!(view.row(Pif::DESC, pif.as_str()).unwrap(), was);
        assert_eq!(view.field(&vif, Vif::NETWORK).unwrap(), one);
        let row = view.get(&two).unwrap();
        assert_eq!((row.name_label.as_str(), row.mtu), ("theirs", 1500));
        assert!(!view.exists(&made).unwrap());
    }

    #[test]
    fn what_others_built_upon_ours_keeps_it_from_going() {
        let store = Store::temporary(Options::default()).unwrap();
        let draft = store.draft().unwrap();
        let made = draft.insert(Network::blank()).unwrap();
        let inverse = Inverse::of(&draft, &store.view().unwrap()).unwrap();
        store.commit(draft).unwrap();
        let network = made.clone();
        store
            .change(|draft| {
                draft.insert(Pif {
                    network: network.clone(),
                    ..Pif::blank()
                })
            })
            .unwrap();
        assert!(store.change(|draft| inverse.apply(draft)).is_err());
        assert!(store.view().unwrap().exists(&made).unwrap());
    }
}
