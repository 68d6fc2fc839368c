//! Class `message`.

use std::collections::BTreeMap;

use super::*;

/// Message.
#[derive(Clone, Debug, Class)]
#[class(name = "message", role = PoolAdmin, no_db, no_get_all, calls(GetAllRecordsWhere, GetAllRecords, GetByUuid, GetRecord, GetSince, GetAll, Get, DestroyAll, DestroyMany, Destroy, Create))]
pub struct Message {
    /// Unique identifier of the message. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name.
    #[field(DynamicRO)]
    pub name: String,
    /// Priority.
    #[field(DynamicRO)]
    pub priority: i64,
    /// Cls.
    #[field(DynamicRO)]
    pub cls: MessageClass,
    /// Obj uuid.
    #[field(DynamicRO)]
    pub obj_uuid: String,
    /// Timestamp.
    #[field(DynamicRO)]
    pub timestamp: DateTime,
    /// Body.
    #[field(DynamicRO)]
    pub body: String,
}

/// Cls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "cls")]
pub enum MessageClass {
    /// Vm.
    #[wire(name = "VM")]
    Vm,
    /// Host.
    #[wire(name = "Host")]
    Host,
    /// Sr.
    #[wire(name = "SR")]
    Sr,
    /// Pool.
    #[wire(name = "Pool")]
    Pool,
    /// Vmpp.
    #[wire(name = "VMPP")]
    Vmpp,
    /// Vmss.
    #[wire(name = "VMSS")]
    Vmss,
    /// Pvs proxy.
    #[wire(name = "PVS_proxy")]
    PvsProxy,
    /// Vdi.
    #[wire(name = "VDI")]
    Vdi,
    /// Certificate.
    #[wire(name = "Certificate")]
    Certificate,
}

/// Get all records where of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_all_records_where", out = BTreeMap<Ref<Message>, Message>, role = ReadOnly, sync)]
pub struct GetAllRecordsWhere {
    /// Expr.
    pub expr: String,
}

/// Get all records of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_all_records", out = BTreeMap<Ref<Message>, Message>, role = ReadOnly, sync)]
pub struct GetAllRecords {}

/// Get by uuid of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_by_uuid", out = Ref<Message>, role = ReadOnly, sync)]
pub struct GetByUuid {
    /// Uuid.
    pub uuid: String,
}

/// Get record of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_record", out = Message, role = ReadOnly, sync)]
pub struct GetRecord {
    /// The message.
    #[param(name = "self")]
    pub this: Ref<Message>,
}

/// Get since of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_since", out = BTreeMap<Ref<Message>, Message>, role = ReadOnly, sync)]
pub struct GetSince {
    /// Since.
    pub since: DateTime,
}

/// Get all of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_all", out = Vec<Ref<Message>>, role = ReadOnly, sync)]
pub struct GetAll {}

/// Get of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get", out = BTreeMap<Ref<Message>, Message>, role = ReadOnly, sync)]
pub struct Get {
    /// Cls.
    pub cls: MessageClass,
    /// Obj uuid.
    pub obj_uuid: String,
    /// Since.
    pub since: DateTime,
}

/// Destroy all of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.destroy_all", role = PoolOperator, state = Prototyped)]
pub struct DestroyAll {
    /// Filters.
    pub filters: BTreeMap<String, String>,
}

/// Destroy many of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.destroy_many", role = PoolOperator, state = Prototyped)]
pub struct DestroyMany {
    /// Messages.
    pub messages: Vec<Ref<Message>>,
}

/// Destroy of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.destroy", role = PoolOperator, sync)]
pub struct Destroy {
    /// The message.
    #[param(name = "self")]
    pub this: Ref<Message>,
}

/// Create of message.
#[derive(Clone, Debug, Call)]
#[call(name = "message.create", out = Ref<Message>, role = PoolOperator, sync)]
pub struct Create {
    /// Name.
    pub name: String,
    /// Priority.
    pub priority: i64,
    /// Cls.
    pub cls: MessageClass,
    /// Obj uuid.
    pub obj_uuid: String,
    /// Body.
    pub body: String,
}
