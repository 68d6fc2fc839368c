//! The messages that follow from the declarations, carried out from the descriptors.

use xapi_db::{Read, View};
use xapi_model::messages::{Implied, Message};
use xapi_model::{ClassDesc, FieldDesc, Qualifier, Value, Writer, Written, errors};

use crate::context::Cx;
use crate::{Result, filter};

/// Whole records of a class, written as they are read.
struct Records {
    view: View,
    class: &'static ClassDesc,
    /// One of them, or all.
    reference: Option<String>,
}

impl Written for Records {
    fn write(&self, out: &mut dyn Writer) -> Result<()> {
        match &self.reference {
            Some(reference) => self.view.write_record(self.class, reference, out),
            None => self.view.write_records(self.class, out),
        }
    }
}

/// Begins an implied message that reads one record or all; `None` if it has to look at them first.
pub fn write(
    cx: &Cx<'_>,
    message: &Message,
    implied: Implied,
    params: &[Value],
) -> Result<Option<Box<dyn Written>>> {
    let reference = match (implied, params.first().and_then(Value::as_str)) {
        (Implied::GetRecord, Some(reference)) => Some(reference.to_owned()),
        (Implied::GetAllRecords, _) => None,
        (Implied::GetAllRecordsWhere, Some(text)) if filter::is_everything(text) => None,
        _ => return Ok(None),
    };
    Ok(Some(Box::new(Records {
        view: cx.core.view()?,
        class: message.class,
        reference,
    })))
}

/// Carries out an implied message; the parameters have their types.
pub fn run(cx: &Cx<'_>, message: &Message, implied: Implied, params: Vec<Value>) -> Result<Value> {
    let class = message.class;
    let mut params = params.into_iter();
    let mut text = || match params.next() {
        Some(Value::Str(text)) => Ok(text),
        _ => Err(errors::internal_error("a parameter is no text")),
    };
    match implied {
        Implied::GetAll => Ok(texts(cx.core.view()?.refs(class)?)),
        Implied::GetAllRecords => Ok(Value::Struct(cx.core.view()?.records(class)?)),
        Implied::GetAllWhere | Implied::GetAllRecordsWhere => {
            let records = filter::select(&cx.core.view()?, class, &text()?)?;
            Ok(match implied {
                Implied::GetAllWhere => texts(
                    records
                        .into_iter()
                        .map(|(reference, _)| reference)
                        .collect(),
                ),
                _ => Value::Struct(records),
            })
        }
        Implied::GetRecord => cx.core.view()?.record(class, &text()?),
        Implied::GetByUuid => Ok(Value::Str(cx.core.view()?.by_uuid(class, &text()?)?)),
        Implied::GetByNameLabel => Ok(texts(cx.core.view()?.by_name_label(class, &text()?)?)),
        Implied::Get(field) => cx.core.view()?.value(class, &text()?, field),
        Implied::Create => {
            let record = params.next().unwrap_or_default();
            let row = constructor_row(message, record)?;
            let made = cx
                .core
                .store
                .change(|draft| draft.insert_row(class, row.clone()))?;
            Ok(Value::Str(made))
        }
        Implied::Destroy => {
            let this = text()?;
            cx.core
                .store
                .change(|draft| draft.destroy_row(class, &this))?;
            Ok(Value::Nil)
        }
        Implied::Set(field) => {
            let this = text()?;
            let value = params.next().unwrap_or_default();
            cx.core
                .store
                .change(|draft| draft.set_value(class, &this, field, value.clone()))?;
            Ok(Value::Nil)
        }
        Implied::AddTo(field) => {
            let (this, key) = (text()?, text()?);
            let value = params.next().unwrap_or_default();
            if key.is_empty() {
                return Err(errors::internal_error(format!(
                    "{}: the key is empty",
                    message.name
                )));
            }
            cx.core
                .store
                .change(|draft| draft.add_to_map(class, &this, field, &key, value.clone()))?;
            Ok(Value::Nil)
        }
        Implied::RemoveFrom(field) => {
            let (this, key) = (text()?, text()?);
            cx.core
                .store
                .change(|draft| draft.remove_from_map(class, &this, field, &key))?;
            Ok(Value::Nil)
        }
        Implied::Add(field) => edit_set(cx, message, field, true, text()?, params.next()),
        Implied::Remove(field) => edit_set(cx, message, field, false, text()?, params.next()),
    }
}

fn edit_set(
    cx: &Cx<'_>,
    message: &Message,
    field: &'static FieldDesc,
    add: bool,
    this: String,
    value: Option<Value>,
) -> Result<Value> {
    let value = value.unwrap_or_default();
    cx.core.store.change(|draft| match add {
        true => draft.add_to_set(message.class, &this, field, value.clone()),
        false => draft.remove_from_set(message.class, &this, field, &value),
    })?;
    Ok(Value::Nil)
}

fn texts(list: Vec<String>) -> Value {
    Value::Array(list.into_iter().map(Value::Str).collect())
}

/// The row of a constructor's record: StaticRO and RW members as given or by default, the rest at zero. A missing
/// member without a default is an INTERNAL_ERROR, an unknown one is ignored (wire-protocol facts, 2.2).
pub fn constructor_row(message: &Message, record: Value) -> Result<Vec<Value>> {
    let Value::Struct(mut members) = record else {
        return Err(errors::internal_error(format!(
            "{}: the argument is no record",
            message.name
        )));
    };
    let mut take = |name: &str| {
        let at = members.iter().position(|(key, _)| key == name)?;
        Some(members.swap_remove(at).1)
    };
    let fields = message.class.fields.iter();
    let values = fields.map(|field| match (field.qualifier, field.default) {
        (Qualifier::DynamicRO | Qualifier::Internal, _) => Ok(field.default_value()),
        _ if field.view.is_some() => Ok(field.default_value()),
        (_, default) => match (take(field.name), default) {
            (Some(value), _) => Ok(field.ty.accept(value)?),
            (None, Some(default)) => Ok(default()),
            (None, None) => Err(errors::internal_error(format!(
                "{}: missing member {}",
                message.name, field.name
            ))),
        },
    });
    values.collect()
}
