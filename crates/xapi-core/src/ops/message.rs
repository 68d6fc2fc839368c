//! Messages: what the system has to tell an operator.

use std::collections::BTreeMap;

use xapi_db::{Draft, Read};
use xapi_model::message::{
    Create, Destroy, DestroyMany, Get, GetAll, GetAllRecords, GetAllRecordsWhere, GetByUuid,
    GetRecord, GetSince,
};
use xapi_model::{Class, Host, Message, MessageClass, Pool, Ref, Sr, Value, Vdi, Vm, Wire, errors};

use crate::context::Cx;
use crate::{Result, alert, filter};

/// `message.create`: the object must exist.
pub fn create(cx: &Cx<'_>, call: Create) -> Result<Ref<Message>> {
    cx.core.store.change(|draft| {
        let class = match call.cls {
            MessageClass::Vm => Some(Vm::DESC),
            MessageClass::Host => Some(Host::DESC),
            MessageClass::Sr => Some(Sr::DESC),
            MessageClass::Pool => Some(Pool::DESC),
            MessageClass::Vdi => Some(Vdi::DESC),
            _ => None,
        };
        if let Some(class) = class {
            draft.by_uuid(class, &call.obj_uuid)?;
        }
        trim(draft)?;
        draft.insert(Message {
            name: call.name.clone(),
            priority: call.priority,
            cls: call.cls,
            obj_uuid: call.obj_uuid.clone(),
            timestamp: cx.core.now(),
            body: call.body.clone(),
            ..Message::blank()
        })
    })
}

/// Makes room for one more.
pub(crate) fn trim(draft: &Draft) -> Result<()> {
    let all = draft.refs(Message::DESC)?;
    if all.len() < alert::MOST_MESSAGES {
        return Ok(());
    }
    let more = all.len() + 1 - alert::MOST_MESSAGES;
    // One that cannot be read goes first: it tells nobody anything.
    let mut all: Vec<_> = all
        .into_iter()
        .map(|reference| {
            let row = draft.get(&Ref::<Message>::new(reference.clone()));
            (row.ok().map(|row| row.timestamp.unix()), reference)
        })
        .collect();
    all.sort_by_key(|(timestamp, _)| *timestamp);
    for (_, oldest) in all.iter().take(more) {
        draft.destroy_row(Message::DESC, oldest)?;
    }
    Ok(())
}

/// `message.destroy`.
pub fn destroy(cx: &Cx<'_>, call: Destroy) -> Result<()> {
    cx.core.store.change(|draft| draft.destroy(&call.this))
}

/// `message.destroy_many`: all or none.
pub fn destroy_many(cx: &Cx<'_>, call: DestroyMany) -> Result<()> {
    cx.core.store.change(|draft| {
        call.messages
            .iter()
            .try_for_each(|message| draft.destroy(message))
    })
}

fn select(cx: &Cx<'_>, keep: impl Fn(&Message) -> bool) -> Result<BTreeMap<Ref<Message>, Message>> {
    let all = cx.core.view()?.all::<Message>()?;
    Ok(all
        .into_iter()
        .filter(|(_, message)| keep(message))
        .collect())
}

/// `message.get`: those about one object since a time.
pub fn get(cx: &Cx<'_>, call: Get) -> Result<BTreeMap<Ref<Message>, Message>> {
    let since = call.since.unix();
    select(cx, |m| {
        m.cls == call.cls && m.obj_uuid == call.obj_uuid && m.timestamp.unix() > since
    })
}

/// `message.get_since`.
pub fn get_since(cx: &Cx<'_>, call: GetSince) -> Result<BTreeMap<Ref<Message>, Message>> {
    let since = call.since.unix();
    select(cx, |message| message.timestamp.unix() > since)
}

/// `message.get_all`.
pub fn get_all(cx: &Cx<'_>, _: GetAll) -> Result<Vec<Ref<Message>>> {
    Ok(cx
        .core
        .view()?
        .refs(Message::DESC)?
        .into_iter()
        .map(Ref::new)
        .collect())
}

/// `message.get_all_records`.
pub fn get_all_records(cx: &Cx<'_>, _: GetAllRecords) -> Result<BTreeMap<Ref<Message>, Message>> {
    select(cx, |_| true)
}

/// `message.get_all_records_where`.
pub fn get_all_records_where(
    cx: &Cx<'_>,
    call: GetAllRecordsWhere,
) -> Result<BTreeMap<Ref<Message>, Message>> {
    let records = filter::select(&cx.core.view()?, Message::DESC, &call.expr)?;
    Wire::from_value(Value::Struct(records)).map_err(Into::into)
}

/// `message.get_record`.
pub fn get_record(cx: &Cx<'_>, call: GetRecord) -> Result<Message> {
    cx.core.view()?.get(&call.this)
}

/// `message.get_by_uuid`.
pub fn get_by_uuid(cx: &Cx<'_>, call: GetByUuid) -> Result<Ref<Message>> {
    let found = cx.core.view()?.by_uuid(Message::DESC, &call.uuid)?;
    if found.is_empty() {
        Err(errors::uuid_invalid("message", &call.uuid))
    } else {
        Ok(Ref::new(found))
    }
}
