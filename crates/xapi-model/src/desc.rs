//! The descriptors: what the derives make of a declaration, and what everything else reads.

use std::fmt;
use std::marker::PhantomData;

use crate::types::{Class, Type, TypeError};
use crate::value::Value;

/// A role, weakest first: whoever has a role may do all that weaker ones may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees everything, changes nothing.
    ReadOnly,
    /// Internal: what a client certificate alone allows.
    ClientCert,
    /// Starts and stops virtual machines.
    VmOperator,
    /// Creates and changes virtual machines.
    VmAdmin,
    /// Also memory, snapshots and migration.
    VmPowerAdmin,
    /// Hosts, storage and networks of the pool.
    PoolOperator,
    /// Everything.
    PoolAdmin,
    /// No role is enough: only the local superuser may.
    LocalRoot,
}

impl Role {
    /// The roles that a user can be given, strongest first, as the wire orders them.
    pub const ALL: [Role; 7] = [
        Role::PoolAdmin,
        Role::PoolOperator,
        Role::VmPowerAdmin,
        Role::VmAdmin,
        Role::VmOperator,
        Role::ClientCert,
        Role::ReadOnly,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::ReadOnly => "read-only",
            Role::ClientCert => "client-cert",
            Role::VmOperator => "vm-operator",
            Role::VmAdmin => "vm-admin",
            Role::VmPowerAdmin => "vm-power-admin",
            Role::PoolOperator => "pool-operator",
            Role::PoolAdmin => "pool-admin",
            Role::LocalRoot => "local-root",
        }
    }

    /// The roles that hold a permission whose weakest role is `self`, strongest first. `client_cert` adds the
    /// client certificate's role where the order alone would leave it out.
    pub fn holders(self, client_cert: bool) -> Vec<Role> {
        let holds = |role: &Role| match role {
            Role::ClientCert => client_cert || self == Role::ReadOnly || self == Role::ClientCert,
            other => *other >= self,
        };
        Role::ALL.into_iter().filter(holds).collect()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a class, field or message stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// May change without notice.
    Prototyped,
    /// For everybody.
    Published,
    /// Works; new clients should not use it.
    Deprecated,
    /// Answers MESSAGE_REMOVED; fields still appear in records.
    Removed,
}

/// Who may give a field its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// The constructor and a setter.
    RW,
    /// The constructor only.
    StaticRO,
    /// Neither: the server keeps it.
    DynamicRO,
    /// Stored, and never on the wire.
    Internal,
}

/// One end of a relation: a stored reference field that a view reads from the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Class that holds the reference.
    pub class: &'static str,
    /// Wire name of the reference field.
    pub field: &'static str,
}

/// A field of a class.
#[derive(Debug)]
pub struct FieldDesc {
    /// Name on the wire, e.g. `name_label`.
    pub name: &'static str,
    /// Name in filters and in MAP_DUPLICATE_KEY, e.g. `name__label`.
    pub db: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Its type.
    pub ty: Type,
    /// Who may set it.
    pub qualifier: Qualifier,
    /// The value a constructor takes when the member is missing.
    pub default: Option<fn() -> Value>,
    /// Set for a field that is not stored: the other end of a relation.
    pub view: Option<Relation>,
    /// Weakest role that may set it.
    pub set_role: Role,
    /// Weakest role that may read it.
    pub get_role: Role,
    /// The client certificate's role may set it too.
    pub client_cert: bool,
    /// Keys of a map that need another role than the rest: a pattern, which may end in `*`, and the role.
    pub keys: &'static [(&'static str, Role)],
    /// Where it stands in its life.
    pub state: State,
    /// Does not survive a restart and makes no entry in the log to other hosts.
    pub volatile: bool,
}

impl FieldDesc {
    /// The declared default, or the zero of the type.
    pub fn default_value(&self) -> Value {
        self.default.map_or_else(|| self.ty.zero(), |make| make())
    }

    /// Whether clients see it.
    pub fn on_wire(&self) -> bool {
        self.qualifier != Qualifier::Internal
    }
}

/// A class. See [`Class`] for the attributes of a declaration.
#[derive(Debug)]
pub struct ClassDesc {
    /// Name on the wire.
    pub name: &'static str,
    /// What it stands for.
    pub doc: &'static str,
    /// Weakest role for its implied changing messages.
    pub role: Role,
    /// Weakest role for get_record, get_by_uuid and the get_all family.
    pub get_role: Role,
    /// Where it stands in its life.
    pub state: State,
    /// Has implied messages. Without, only its declared messages exist.
    pub in_db: bool,
    /// Has rows.
    pub stored: bool,
    /// Has get_all and its relatives.
    pub get_all: bool,
    /// Makes events.
    pub events: bool,
    /// Has the implied create and destroy.
    pub ctor: bool,
    /// Its rows do not survive a restart.
    pub volatile: bool,
    /// The fields, in wire order.
    pub fields: &'static [FieldDesc],
    /// The declared messages.
    pub calls: &'static [&'static CallDesc],
}

impl ClassDesc {
    /// The field of that wire name.
    pub fn field(&self, name: &str) -> Option<&'static FieldDesc> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The place of the field of that wire name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The record that clients see of a row: wire fields in order, absent options left out.
    pub fn record(&self, row: Vec<Value>) -> Value {
        let members = self.fields.iter().zip(row).filter(|(field, value)| {
            field.on_wire() && !(matches!(field.ty, Type::Option(_)) && *value == Value::Nil)
        });
        Value::Struct(
            members
                .map(|(field, value)| (field.name.to_owned(), value))
                .collect(),
        )
    }

    /// The row of a record; members that are missing take their defaults, unknown ones are dropped.
    pub fn row(&self, record: Value) -> Result<Vec<Value>, TypeError> {
        let Value::Struct(members) = record else {
            return Err(TypeError::expected("record", &record));
        };
        let mut row: Vec<Option<Value>> = self.fields.iter().map(|_| None).collect();
        for (name, value) in members {
            if let Some(index) = self.index(&name) {
                row[index] = Some(value);
            }
        }
        let fields = self.fields.iter().zip(row);
        Ok(fields
            .map(|(field, value)| value.unwrap_or_else(|| field.default_value()))
            .collect())
    }
}

/// An enumeration.
#[derive(Debug)]
pub struct EnumDesc {
    /// Name in the published model.
    pub name: &'static str,
    /// What it tells apart.
    pub doc: &'static str,
    /// Input must match to the letter; otherwise case does not count.
    pub exact: bool,
    /// Wire names and what they mean.
    pub values: &'static [(&'static str, &'static str)],
}

impl EnumDesc {
    /// The wire name that `text` stands for.
    pub fn canonical(&self, text: &str) -> Option<&'static str> {
        let same = |name: &str| {
            if self.exact {
                name == text
            } else {
                name.eq_ignore_ascii_case(text)
            }
        };
        // An exact match goes first: some enumerations hold two names that differ in case only.
        let names = || self.values.iter().map(|(name, _)| *name);
        names()
            .find(|name| *name == text)
            .or_else(|| names().find(|name| same(name)))
    }
}

/// A parameter of a declared message; the session is not among them.
#[derive(Debug)]
pub struct ParamDesc {
    /// Name on the wire.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Its type.
    pub ty: Type,
    /// The value when the caller leaves it out; parameters with one stand last.
    pub default: Option<fn() -> Value>,
    /// Its name on the command line, where that is not the wire name with dashes.
    pub cli: Option<&'static str>,
}

/// A declared message. See [`crate::Call`] for the attributes of a declaration.
#[derive(Debug)]
pub struct CallDesc {
    /// Name on the wire: class, dot, message.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// The parameters after the session.
    pub params: &'static [ParamDesc],
    /// Type of the result.
    pub result: Type,
    /// Weakest role that may call it.
    pub role: Role,
    /// The client certificate's role may call it too.
    pub client_cert: bool,
    /// Takes a session as its first parameter.
    pub session: bool,
    /// Can be called as `Async.…` and makes a task.
    pub is_async: bool,
    /// Not in the published documents.
    pub hidden: bool,
    /// Where it stands in its life.
    pub state: State,
}

/// The typed token of a field: `draft.set(&pif, Pif::MTU, 9000)` is checked by the compiler.
pub struct Field<C, T> {
    index: usize,
    name: &'static str,
    types: PhantomData<fn() -> (C, T)>,
}

impl<C, T> Clone for Field<C, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, T> Copy for Field<C, T> {}

impl<C, T> fmt::Debug for Field<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<C: Class, T> Field<C, T> {
    /// Made by the derive: the place and wire name of a field.
    pub const fn new(index: usize, name: &'static str) -> Field<C, T> {
        Field {
            index,
            name,
            types: PhantomData,
        }
    }

    /// The place of the field in its class.
    pub const fn index(self) -> usize {
        self.index
    }

    /// The wire name of the field.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// This field as the stored end of a relation.
    pub const fn relation(self) -> Relation {
        Relation {
            class: C::NAME,
            field: self.name,
        }
    }
}
