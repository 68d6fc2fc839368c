//! Class `message`.

use std::collections::BTreeMap;

use super::*;

/// An alert: something that an operator should know of, kept until somebody destroys it. Messages live
/// outside the database, so they have calls of their own where other classes have implied ones.
#[derive(Clone, Debug, Class)]
#[class(name = "message", role = PoolAdmin, no_db, stored, no_get_all, calls(GetAllRecordsWhere, GetAllRecords, GetByUuid, GetRecord, GetSince, GetAll, Get, DestroyAll, DestroyMany, Destroy, Create))]
pub struct Message {
    /// Unique identifier of the message. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// What kind of alert it is, such as `BOND_STATUS_CHANGED`; programs look at this.
    #[field(DynamicRO)]
    pub name: String,
    /// How urgent it is: 1 for the loss of data or service, down to 5 for information.
    #[field(DynamicRO)]
    pub priority: i64,
    /// What kind of object it is about.
    #[field(DynamicRO)]
    pub cls: MessageClass,
    /// UUID of the object that it is about.
    #[field(DynamicRO)]
    pub obj_uuid: String,
    /// When it was made.
    #[field(DynamicRO)]
    pub timestamp: DateTime,
    /// What happened, for people; for some kinds XML with further facts.
    #[field(DynamicRO)]
    pub body: String,
}

/// What kind of object an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "cls")]
pub enum MessageClass {
    /// A virtual machine.
    #[wire(name = "VM")]
    Vm,
    /// A host.
    #[wire(name = "Host")]
    Host,
    /// A storage repository.
    #[wire(name = "SR")]
    Sr,
    /// The pool.
    #[wire(name = "Pool")]
    Pool,
    /// A protection policy.
    #[wire(name = "VMPP")]
    Vmpp,
    /// A snapshot schedule.
    #[wire(name = "VMSS")]
    Vmss,
    /// A proxy of a provisioning site.
    #[wire(name = "PVS_proxy")]
    PvsProxy,
    /// A disk.
    #[wire(name = "VDI")]
    Vdi,
    /// A certificate.
    #[wire(name = "Certificate")]
    Certificate,
}

/// The alerts that a filter selects. Filters know the fields name, uuid, priority, cls, obj_uuid, timestamp
/// and body.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_all_records_where", out = BTreeMap<Ref<Message>, Message>, role = ReadOnly, sync)]
pub struct GetAllRecordsWhere {
    /// The filter, such as `field "cls"="Host"`.
    pub expr: String,
}

/// All alerts.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_all_records", out = BTreeMap<Ref<Message>, Message>, role = ReadOnly, sync)]
pub struct GetAllRecords {}

/// The alert with a UUID. Refused with UUID_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_by_uuid", out = Ref<Message>, role = ReadOnly, sync)]
pub struct GetByUuid {
    /// The UUID.
    pub uuid: String,
}

/// One alert. Refused with HANDLE_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_record", out = Message, role = ReadOnly, sync)]
pub struct GetRecord {
    /// The message.
    #[param(name = "self")]
    pub this: Ref<Message>,
}

/// The alerts that were made since a time.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_since", out = BTreeMap<Ref<Message>, Message>, role = ReadOnly, sync)]
pub struct GetSince {
    /// The earliest time.
    pub since: DateTime,
}

/// References to all alerts.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get_all", out = Vec<Ref<Message>>, role = ReadOnly, sync)]
pub struct GetAll {}

/// The alerts about one object that were made since a time. Refused with UUID_INVALID when there is no such
/// object.
#[derive(Clone, Debug, Call)]
#[call(name = "message.get", out = BTreeMap<Ref<Message>, Message>, role = ReadOnly, sync)]
pub struct Get {
    /// Kind of the object.
    pub cls: MessageClass,
    /// UUID of the object.
    pub obj_uuid: String,
    /// The earliest time.
    pub since: DateTime,
}

/// Removes all alerts that match. Without a condition it removes all.
#[derive(Clone, Debug, Call)]
#[call(name = "message.destroy_all", role = PoolOperator, state = Prototyped)]
pub struct DestroyAll {
    /// Conditions: `name`, `priority`, `cls`, `obj_uuid`, and `before` or `after` a time; all given ones must
    /// hold.
    pub filters: BTreeMap<String, String>,
}

/// Removes several alerts. Ones that are gone already are passed over.
#[derive(Clone, Debug, Call)]
#[call(name = "message.destroy_many", role = PoolOperator, state = Prototyped)]
pub struct DestroyMany {
    /// The alerts to remove.
    pub messages: Vec<Ref<Message>>,
}

/// Removes an alert. Refused with HANDLE_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "message.destroy", role = PoolOperator, sync)]
pub struct Destroy {
    /// The alert to remove.
    #[param(name = "self")]
    pub this: Ref<Message>,
}

/// Makes an alert about an object. Refused with UUID_INVALID when there is no such object.
#[derive(Clone, Debug, Call)]
#[call(name = "message.create", out = Ref<Message>, role = PoolOperator, sync)]
pub struct Create {
    /// What kind of alert it is.
    pub name: String,
    /// How urgent it is, 1 to 5.
    pub priority: i64,
    /// Kind of the object.
    pub cls: MessageClass,
    /// UUID of the object.
    pub obj_uuid: String,
    /// What happened.
    pub body: String,
}
