//! A draft: a snapshot with edits laid over it. It reads as if it were committed already, holds no lock, and keeps
//! nobody from writing, however long it lives.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use xapi_model::text::{is_xml_text, legible};
use xapi_model::{ApiError, Class, ClassDesc, Field, FieldDesc, Ref, Type, Value, Wire, errors};

use crate::apply::RowKey;
use crate::bound;
use crate::edit::{Act, Edit, members, same};
use crate::layout::{Layout, Place, Table, each_ref};
use crate::overlay::{Attempt, Changed, Laid, Overlay};
use crate::reader::{Held, Read, column_of};
use crate::store::Store;

/// A snapshot with edits. See [`Store::draft`] and [`Store::change`].
pub struct Draft {
    pub(crate) store: Store,
    pub(crate) reader: Held,
    overlay: RefCell<Overlay>,
}

/// An edit of a draft, and for a change of a field the value that the draft saw before it.
pub(crate) struct Planned {
    pub(crate) edit: Edit,
    pub(crate) base: Option<Value>,
}

/// What is left of a draft at its commit.
pub(crate) struct Finished {
    pub(crate) snapshot: u64,
    pub(crate) planned: Vec<Planned>,
    pub(crate) relied: BTreeSet<RowKey>,
}

impl Draft {
    pub(crate) fn new(store: Store, reader: Held) -> Draft {
        Draft {
            store,
            reader,
            overlay: RefCell::default(),
        }
    }

    /// Makes an object, and a uuid for it if it has none. Views are ignored.
    pub fn insert<C: Class>(&self, object: C) -> Result<Ref<C>, ApiError> {
        Ok(Ref::new(self.insert_row(C::DESC, object.to_row())?))
    }

    /// Makes an object with a reference that the caller chose.
    pub fn insert_as<C: Class>(&self, r: Ref<C>, object: C) -> Result<Ref<C>, ApiError> {
        self.insert_row_as(C::DESC, r.as_str(), object.to_row())?;
        Ok(r)
    }

    /// Gives a field a value; the value that it has already is no edit.
    pub fn set<C: Class, T: Wire>(
        &self,
        r: &Ref<C>,
        f: Field<C, T>,
        value: T,
    ) -> Result<(), ApiError> {
        let field = &C::DESC.fields[f.index()];
        self.set_value(C::DESC, r.as_str(), field, value.to_value())
    }

    /// Removes an object. Who still refers to it at the commit makes the commit fail.
    pub fn destroy<C: Class>(&self, r: &Ref<C>) -> Result<(), ApiError> {
        self.destroy_row(C::DESC, r.as_str())
    }

    /// Makes the commit fail if anybody changes this object before it; its views count as the object.
    pub fn rely<C: Class>(&self, r: &Ref<C>) -> Result<(), ApiError> {
        self.rely_row(C::DESC, r.as_str())
    }

    /// [`Draft::insert`] by descriptor: the values of all fields in order.
    pub fn insert_row(
        &self,
        class: &'static ClassDesc,
        row: Vec<Value>,
    ) -> Result<String, ApiError> {
        let reference = format!("OpaqueRef:{}", self.store.new_id());
        self.insert_row_as(class, &reference, row)?;
        Ok(reference)
    }

    /// [`Draft::insert_as`] by descriptor.
    pub fn insert_row_as(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        row: Vec<Value>,
    ) -> Result<(), ApiError> {
        let Some((layout, at, table)) = self.store.place_of(class) else {
            return Err(errors::internal_error(format!(
                "{} has no rows",
                class.name
            )));
        };
        if !is_xml_text(reference) {
            let why = "a reference with a character that cannot be sent";
            return Err(errors::internal_error(why));
        }
        let taken = || {
            let class = class.name;
            errors::db_uniqueness_constraint_violation(class, "_ref", reference)
        };
        if crate::layout::is_null(reference) || self.reader.get().holds(table, reference)? {
            return Err(taken());
        }
        let mut row = fitting(layout, table, row)?;
        if let Some(uuid) = table.uuid
            && row[uuid].as_str() == Some("")
        {
            row[uuid] = Value::Str(self.store.new_id().to_string());
        }
        let mut overlay = self.overlay.borrow_mut();
        let key = (at, reference.to_owned());
        if overlay.rows.contains_key(&key) {
            return Err(taken());
        }
        overlay.touch(&key);
        overlay.rows.insert(key, Laid::New(row));
        Ok(())
    }

    /// [`Draft::set`] by descriptor.
    pub fn set_value(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
        value: Value,
    ) -> Result<(), ApiError> {
        let value = plain(&field.ty, field.ty.accept(value)?);
        self.edit(class, reference, field, |before| {
            // A set that is assigned is as large as one request at most.
            if let Type::Map(..) = &field.ty {
                bound::check(field, before, &value)?;
            }
            Ok((!same(before, &value)).then_some((value, true)))
        })
    }

    /// Adds a key to a map; MAP_DUPLICATE_KEY if it is there, INVALID_VALUE if the map becomes too large.
    pub fn add_to_map(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
        key: &str,
        value: Value,
    ) -> Result<(), ApiError> {
        let Type::Map(..) = &field.ty else {
            return Err(no_such(class, field, "map"));
        };
        // Through the type of the map, so that keys are read as it says.
        let pair = Value::Struct(vec![(key.to_owned(), value)]);
        let pair = plain(&field.ty, field.ty.accept(pair)?);
        self.edit(class, reference, field, |before| {
            let (Value::Struct(mut pair), Value::Struct(old)) = (pair, before) else {
                return Err(no_such(class, field, "map"));
            };
            if old.iter().any(|(name, _)| *name == pair[0].0) {
                let key = &pair[0].0;
                return Err(errors::map_duplicate_key(
                    class.name, field.db, reference, key,
                ));
            }
            pair.extend(old.iter().cloned());
            let all = Value::Struct(pair);
            bound::check(field, before, &all)?;
            Ok(Some((all, false)))
        })
    }

    /// Removes a key from a map, if it is there.
    pub fn remove_from_map(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
        key: &str,
    ) -> Result<(), ApiError> {
        let key = &*legible(key);
        self.edit(class, reference, field, |before| {
            let Value::Struct(old) = before else {
                return Err(no_such(class, field, "map"));
            };
            if !old.iter().any(|(name, _)| name == key) {
                return Ok(None);
            }
            let rest = old.iter().filter(|(name, _)| name != key).cloned();
            Ok(Some((Value::Struct(rest.collect()), false)))
        })
    }

    /// Adds a member to a set, if it is not there; INVALID_VALUE if the set becomes too large.
    pub fn add_to_set(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
        member: Value,
    ) -> Result<(), ApiError> {
        let Type::Set(of) = &field.ty else {
            return Err(no_such(class, field, "set"));
        };
        let member = plain(of, of.accept(member)?);
        self.edit(class, reference, field, |before| {
            let Value::Array(old) = before else {
                return Err(no_such(class, field, "set"));
            };
            if old.iter().any(|item| same(item, &member)) {
                return Ok(None);
            }
            let all = std::iter::once(member).chain(old.iter().cloned());
            let all = Value::Array(all.collect());
            bound::check(field, before, &all)?;
            Ok(Some((all, false)))
        })
    }

    /// Removes a member from a set, if it is there.
    pub fn remove_from_set(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
        member: &Value,
    ) -> Result<(), ApiError> {
        self.edit(class, reference, field, |before| {
            let (Value::Array(old), Type::Set(of)) = (before, &field.ty) else {
                return Err(no_such(class, field, "set"));
            };
            let member = plain(of, member.clone());
            let rest: Vec<_> = old
                .iter()
                .filter(|item| !same(item, &member))
                .cloned()
                .collect();
            Ok((rest.len() < old.len()).then_some((Value::Array(rest), false)))
        })
    }

    /// [`Draft::destroy`] by descriptor.
    pub fn destroy_row(&self, class: &'static ClassDesc, reference: &str) -> Result<(), ApiError> {
        let (at, table) = self.place(class, reference)?;
        let mut overlay = self.overlay.borrow_mut();
        let key = (at, reference.to_owned());
        overlay.touch(&key);
        match overlay.rows.get(&key) {
            Some(Laid::New(_)) => {
                overlay.rows.remove(&key);
            }
            Some(Laid::Gone) => return Err(errors::handle_invalid(class.name, reference)),
            Some(Laid::Changed(_)) => {
                overlay.rows.insert(key, Laid::Gone);
            }
            None if self.reader.get().holds(table, reference)? => {
                overlay.rows.insert(key, Laid::Gone);
            }
            None => return Err(errors::handle_invalid(class.name, reference)),
        }
        Ok(())
    }

    /// [`Draft::rely`] by descriptor.
    pub fn rely_row(&self, class: &'static ClassDesc, reference: &str) -> Result<(), ApiError> {
        let (at, table) = self.place(class, reference)?;
        // A row of this draft is nobody else's business.
        if self.reader.get().holds(table, reference)? {
            let mut overlay = self.overlay.borrow_mut();
            overlay.rely((at, reference.to_owned()));
            Ok(())
        } else if self.holds(class, reference)? {
            Ok(())
        } else {
            Err(errors::handle_invalid(class.name, reference))
        }
    }

    /// Makes an event say that the object was modified, although nothing changes.
    pub fn touch_row(&self, class: &'static ClassDesc, reference: &str) -> Result<(), ApiError> {
        self.changing(class, reference, |_, row| {
            if let Row::Changed(changed) = row {
                changed.touched = true;
            }
            Ok(())
        })
    }

    /// Edits that belong together: if they fail the draft is as it was before them.
    pub fn attempt<T, E>(&self, edit: impl FnOnce(&Draft) -> Result<T, E>) -> Result<T, E> {
        let begun = Attempt::default();
        self.overlay.borrow_mut().attempts.push(begun);
        let outcome = edit(self);
        self.overlay.borrow_mut().end_attempt(outcome.is_ok());
        outcome
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.planned().is_empty()
    }

    /// What a commit would do, as it stands.
    pub fn edits(&self) -> Vec<Edit> {
        let planned = self.planned().into_iter();
        planned.map(|planned| planned.edit).collect()
    }

    /// The generation of the snapshot below the edits.
    pub fn generation(&self) -> u64 {
        self.reader.generation()
    }

    /// Ends the snapshot and gives what there is to commit.
    pub(crate) fn finish(self) -> Finished {
        Finished {
            snapshot: self.generation(),
            planned: self.planned(),
            relied: self.overlay.take().relied,
        }
    }

    fn place(
        &self,
        class: &'static ClassDesc,
        reference: &str,
    ) -> Result<(usize, &Table), ApiError> {
        match self.store.place_of(class) {
            Some((_, at, table)) => Ok((at, table)),
            None => Err(errors::handle_invalid(class.name, reference)),
        }
    }

    /// Changes one stored field: `change` gets its value and returns the new one, if it differs, and whether it was
    /// assigned as a whole.
    fn edit(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
        change: impl FnOnce(&Value) -> Result<Option<(Value, bool)>, ApiError>,
    ) -> Result<(), ApiError> {
        self.changing(class, reference, |table, row| {
            let column = column_of(table, field)?;
            if table.columns[column].view.is_some() {
                return Err(no_such(class, field, "stored field"));
            }
            let now = match &row {
                Row::New(row) => &row[column],
                Row::Changed(changed) => &changed.now[column],
            };
            let Some((value, whole)) = change(now)? else {
                return Ok(());
            };
            match row {
                Row::New(row) => row[column] = value,
                Row::Changed(changed) => {
                    changed.now[column] = value;
                    if whole {
                        changed.whole.insert(column);
                    }
                }
            }
            Ok(())
        })
    }

    fn changing(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        change: impl FnOnce(&Table, Row<'_>) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let (at, table) = self.place(class, reference)?;
        let mut overlay = self.overlay.borrow_mut();
        let key = (at, reference.to_owned());
        overlay.touch(&key);
        if !overlay.rows.contains_key(&key) {
            let base = crate::reader::stored_row(&self.reader.get().conn, table, reference)?;
            let base = base.ok_or_else(|| errors::handle_invalid(class.name, reference))?;
            let changed = Changed {
                now: base.clone(),
                base,
                whole: BTreeSet::new(),
                touched: false,
            };
            overlay.rows.insert(key.clone(), Laid::Changed(changed));
        }
        match overlay.rows.get_mut(&key) {
            Some(Laid::New(row)) => change(table, Row::New(row)),
            Some(Laid::Changed(changed)) => change(table, Row::Changed(changed)),
            Some(Laid::Gone) | None => Err(errors::handle_invalid(class.name, reference)),
        }
    }

    fn planned(&self) -> Vec<Planned> {
        let overlay = self.overlay.borrow();
        let layout = self.store.layout();
        let mut planned = Vec::new();
        for ((at, reference), laid) in &overlay.rows {
            let table = &layout.tables[*at];
            let mut plan = |act, base| {
                let edit = Edit {
                    class: table.class.name.to_owned(),
                    reference: reference.clone(),
                    act,
                };
                planned.push(Planned { edit, base });
            };
            match laid {
                Laid::New(row) => {
                    let fields = table.columns.iter().zip(row);
                    let stored = fields.filter(|(column, _)| column.view.is_none());
                    let stored = stored.map(|(c, value)| (c.field.name.to_owned(), value.clone()));
                    plan(Act::Insert(stored.collect()), None);
                }
                Laid::Gone => plan(Act::Destroy, None),
                Laid::Changed(changed) => {
                    for (column, (base, now)) in changed.base.iter().zip(&changed.now).enumerate() {
                        let whole = changed.whole.contains(&column);
                        let field = table.columns[column].field;
                        for act in difference(field, base, now, whole) {
                            plan(act, Some(base.clone()));
                        }
                    }
                    if changed.touched {
                        plan(Act::Touch, None);
                    }
                }
            }
        }
        planned
    }

    /// The rows of the overlay that are of a table.
    fn laid<R>(&self, table: usize, mut each: impl FnMut(&str, &Laid) -> R) {
        let overlay = self.overlay.borrow();
        let rows = overlay.rows.range((table, String::new())..);
        for ((_, reference), laid) in rows.take_while(|((at, _), _)| *at == table) {
            each(reference, laid);
        }
    }

    /// What the stored rows of a table that answer a question come to under the overlay, descending.
    fn overlaid(
        &self,
        table: usize,
        stored: Vec<String>,
        answers: impl Fn(&[Value]) -> bool,
    ) -> Vec<String> {
        let mut found: BTreeSet<String> = stored.into_iter().collect();
        self.laid(table, |reference, laid| match laid.now() {
            Some(now) if answers(now) => {
                found.insert(reference.to_owned());
            }
            _ => {
                found.remove(reference);
            }
        });
        found.into_iter().rev().collect()
    }

    fn view(&self, layout: &Layout, end: Place, target: &str) -> Result<Value, ApiError> {
        let column = layout.column_at(end);
        let stored = self.reader.get().holders(column.number, target)?;
        let holders = self.overlaid(end.0, stored, |row| {
            let mut refers = false;
            each_ref(&column.field.ty, &row[end.1], &mut |_, text| {
                refers |= text == target;
            });
            refers
        });
        let holders = holders.into_iter().map(Value::Str);
        Ok(Value::Array(holders.collect()))
    }

    /// A row with its views empty, if the draft has it.
    fn find_stored(&self, at: usize, reference: &str) -> Result<Option<Vec<Value>>, ApiError> {
        let overlay = self.overlay.borrow();
        Ok(match overlay.rows.get(&(at, reference.to_owned())) {
            Some(laid) => laid.now().map(<[Value]>::to_vec),
            None => {
                let table = &self.store.layout().tables[at];
                crate::reader::stored_row(&self.reader.get().conn, table, reference)?
            }
        })
    }

    /// A row with its views, if the draft has it.
    fn find_row(&self, at: usize, reference: &str) -> Result<Option<Vec<Value>>, ApiError> {
        let layout = self.store.layout();
        let mut row = self.find_stored(at, reference)?;
        if let Some(row) = &mut row {
            for (column, value) in layout.tables[at].columns.iter().zip(row.iter_mut()) {
                if let Some(end) = column.view {
                    *value = self.view(layout, end, reference)?;
                }
            }
        }
        Ok(row)
    }
}

enum Row<'a> {
    New(&'a mut Vec<Value>),
    Changed(&'a mut Changed),
}

fn no_such(class: &ClassDesc, field: &FieldDesc, what: &str) -> ApiError {
    errors::internal_error(format!("{}.{} is no {what}", class.name, field.name))
}

/// A row whose values have the types of their fields; views are emptied.
fn fitting(layout: &Layout, table: &Table, row: Vec<Value>) -> Result<Vec<Value>, ApiError> {
    debug_assert!(!layout.tables.is_empty());
    if row.len() != table.columns.len() {
        let (class, columns) = (table.class.name, table.columns.len());
        return Err(xapi_model::TypeError::columns(class, columns, row.len()).into());
    }
    let values = table.columns.iter().zip(row);
    let fitted = values.map(|(column, value)| match column.view {
        Some(_) => Ok(Value::Array(Vec::new())),
        None => {
            let value = plain(&column.field.ty, column.field.ty.accept(value)?);
            if let Type::Map(..) = &column.field.ty {
                bound::check(column.field, &Value::Nil, &value)?;
            }
            Ok(value)
        }
    });
    fitted.collect()
}

/// A value whose maps have each key once (the last one counts, as in a dictionary), and whose texts can be sent in
/// either encoding. What clients send was checked at the door; this is the last gate for what comes from elsewhere: names
/// of devices, what other programs say. One such character must not make a class unreadable.
fn plain(ty: &Type, value: Value) -> Value {
    match (ty, value) {
        (Type::Map(_, of), Value::Struct(mut pairs)) => {
            for (key, _) in &mut pairs {
                make_legible(key);
            }
            let mut seen = HashSet::new();
            let mut kept: Vec<_> = pairs
                .into_iter()
                .rev()
                .filter(|(key, _)| seen.insert(key.clone()))
                .map(|(key, value)| (key, plain(of, value)))
                .collect();
            kept.reverse();
            Value::Struct(kept)
        }
        (Type::Set(of), Value::Array(items)) => {
            Value::Array(items.into_iter().map(|item| plain(of, item)).collect())
        }
        (Type::Option(of), value) => plain(of, value),
        (_, Value::Str(mut text)) => {
            make_legible(&mut text);
            Value::Str(text)
        }
        (_, value) => value,
    }
}

fn make_legible(text: &mut String) {
    if let Cow::Owned(other) = legible(text) {
        *text = other;
    }
}

/// The edits that lead from one value of a field to another: maps by key, sets by member unless assigned as a whole.
fn difference(field: &'static FieldDesc, base: &Value, now: &Value, whole: bool) -> Vec<Act> {
    if same(base, now) {
        return Vec::new();
    }
    let name = || field.name.to_owned();
    match (&field.ty, base, now) {
        (Type::Map(..), Value::Struct(old), Value::Struct(new)) => {
            let (before, after) = (members(old), members(new));
            let cut = old
                .iter()
                .filter(|(key, _)| !after.contains_key(key.as_str()));
            let cut = cut.map(|(key, _)| Act::Cut {
                field: name(),
                key: key.clone(),
            });
            // Each new key goes first: the last of them leads.
            let put = new.iter().rev().filter(|(key, value)| {
                let old = before.get(key.as_str());
                !old.is_some_and(|old| same(old, value))
            });
            let put = put.map(|(key, value)| Act::Put {
                field: name(),
                key: key.clone(),
                value: value.clone(),
            });
            cut.chain(put).collect()
        }
        (Type::Set(_), Value::Array(old), Value::Array(new)) if !whole => {
            let lacks = |list: &[Value], item: &Value| !list.iter().any(|other| same(other, item));
            let left = old.iter().filter(|item| lacks(new, item));
            let left = left.map(|item| Act::Leave {
                field: name(),
                member: item.clone(),
            });
            let joined = new.iter().rev().filter(|item| lacks(old, item));
            let joined = joined.map(|item| Act::Join {
                field: name(),
                member: item.clone(),
            });
            left.chain(joined).collect()
        }
        _ => vec![Act::Set {
            field: name(),
            value: now.clone(),
        }],
    }
}

impl Read for Draft {
    fn row(&self, class: &'static ClassDesc, reference: &str) -> Result<Vec<Value>, ApiError> {
        let (at, _) = self.place(class, reference)?;
        self.find_row(at, reference)?
            .ok_or_else(|| errors::handle_invalid(class.name, reference))
    }

    fn stored_row(
        &self,
        class: &'static ClassDesc,
        reference: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let (at, _) = self.place(class, reference)?;
        self.find_stored(at, reference)?
            .ok_or_else(|| errors::handle_invalid(class.name, reference))
    }

    fn value(
        &self,
        class: &'static ClassDesc,
        reference: &str,
        field: &'static FieldDesc,
    ) -> Result<Value, ApiError> {
        let (at, table) = self.place(class, reference)?;
        let invalid = || errors::handle_invalid(class.name, reference);
        let column = column_of(table, field)?;
        if let Some(end) = table.columns[column].view {
            if !self.holds(class, reference)? {
                return Err(invalid());
            }
            return self.view(self.store.layout(), end, reference);
        }
        let overlay = self.overlay.borrow();
        match overlay.rows.get(&(at, reference.to_owned())) {
            Some(laid) => laid
                .now()
                .map(|row| row[column].clone())
                .ok_or_else(invalid),
            None => {
                let reader = self.reader.get();
                let value = reader.value(self.store.layout(), table, column, reference)?;
                value.ok_or_else(invalid)
            }
        }
    }

    fn refs(&self, class: &'static ClassDesc) -> Result<Vec<String>, ApiError> {
        let Some((_, at, table)) = self.store.place_of(class) else {
            return Ok(Vec::new());
        };
        let stored = self.reader.get().refs(table)?;
        Ok(self.overlaid(at, stored, |_| true))
    }

    fn rows(&self, class: &'static ClassDesc) -> Result<Vec<(String, Vec<Value>)>, ApiError> {
        let Some((_, at, _)) = self.store.place_of(class) else {
            return Ok(Vec::new());
        };
        let mut rows = Vec::new();
        for reference in self.refs(class)? {
            if let Some(row) = self.find_row(at, &reference)? {
                rows.push((reference, row));
            }
        }
        Ok(rows)
    }

    fn search(
        &self,
        class: &'static ClassDesc,
        field: &'static FieldDesc,
        value: &Value,
    ) -> Result<Vec<String>, ApiError> {
        let Some((_, at, table)) = self.store.place_of(class) else {
            return Ok(Vec::new());
        };
        let column = column_of(table, field)?;
        let stored = self.reader.get().search(table, column, value)?;
        Ok(self.overlaid(at, stored, |row| same(&row[column], value)))
    }

    fn holds(&self, class: &'static ClassDesc, reference: &str) -> Result<bool, ApiError> {
        let Some((_, at, table)) = self.store.place_of(class) else {
            return Ok(false);
        };
        let overlay = self.overlay.borrow();
        match overlay.rows.get(&(at, reference.to_owned())) {
            Some(laid) => Ok(laid.now().is_some()),
            None => Ok(self.reader.get().holds(table, reference)?),
        }
    }
}
