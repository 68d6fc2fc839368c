//! What clients may call: the declared messages of every class, and the implied ones that follow from its fields.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::classes;
use crate::desc::{CallDesc, ClassDesc, FieldDesc, Qualifier, Role, State};
use crate::types::Type;

/// A message that follows from the declaration of a class.
#[derive(Clone, Copy, Debug)]
pub enum Implied {
    /// References to all objects.
    GetAll,
    /// All objects, whole.
    GetAllRecords,
    /// References to the objects that a filter selects.
    GetAllWhere,
    /// The objects that a filter selects, whole.
    GetAllRecordsWhere,
    /// One object, whole.
    GetRecord,
    /// The object with a UUID.
    GetByUuid,
    /// The objects with a name.
    GetByNameLabel,
    /// Makes an object of a record.
    Create,
    /// Removes an object.
    Destroy,
    /// Reads a field.
    Get(&'static FieldDesc),
    /// Writes a field.
    Set(&'static FieldDesc),
    /// Adds a key to a map.
    AddTo(&'static FieldDesc),
    /// Removes a key from a map.
    RemoveFrom(&'static FieldDesc),
    /// Adds a member to a set.
    Add(&'static FieldDesc),
    /// Removes a member from a set.
    Remove(&'static FieldDesc),
}

/// How a message is carried out.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// By its own handler.
    Declared(&'static CallDesc),
    /// From the descriptors.
    Implied(Implied),
}

/// A parameter, whatever the kind of message.
#[derive(Clone, Debug)]
pub struct Param {
    /// Name on the wire.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// The value when the caller leaves it out.
    pub default: Option<fn() -> crate::Value>,
}

/// A message that a client may call.
#[derive(Clone, Debug)]
pub struct Message {
    /// Name on the wire: class, dot, message.
    pub name: String,
    /// The class it belongs to.
    pub class: &'static ClassDesc,
    /// How it is carried out.
    pub kind: Kind,
    /// Parameters after the session.
    pub params: Vec<Param>,
    /// Type of the result.
    pub result: Type,
    /// Weakest role that may call it.
    pub role: Role,
    /// The client certificate's role may call it too.
    pub client_cert: bool,
    /// Keys of a map that need another role than `role`, for messages that add or remove one key.
    pub keys: &'static [(&'static str, Role)],
    /// Takes a session as its first parameter.
    pub session: bool,
    /// Has an `Async.` form.
    pub is_async: bool,
    /// Not in the published documents.
    pub hidden: bool,
    /// Where it stands in its life.
    pub state: State,
}

impl Message {
    fn declared(class: &'static ClassDesc, call: &'static CallDesc) -> Message {
        let params = call.params.iter();
        Message {
            name: call.name.to_owned(),
            class,
            kind: Kind::Declared(call),
            params: params
                .map(|p| Param {
                    name: p.name,
                    ty: p.ty,
                    default: p.default,
                })
                .collect(),
            result: call.result,
            role: call.role,
            client_cert: call.client_cert,
            keys: guarded_keys(class, call),
            session: call.session,
            is_async: call.is_async,
            hidden: call.hidden,
            state: call.state,
        }
    }

    /// Whether it may change something; messages whose names begin like questions only ask.
    pub fn changes(&self) -> bool {
        const QUESTIONS: [&str; 11] = [
            "get",
            "is_",
            "has_",
            "assert_",
            "compute_",
            "list_",
            "query_",
            "retrieve_",
            "probe",
            "ha_compute_",
            "check_",
        ];
        const MORE: [&str; 7] = [
            "event.from",
            "event.next",
            "host.dmesg",
            "pool.certificate_list",
            "pool.crl_list",
            "pool.ha_failover_plan_exists",
            "pool.test_archive_target",
        ];
        match self.kind {
            Kind::Implied(
                Implied::GetAll
                | Implied::GetAllRecords
                | Implied::GetAllWhere
                | Implied::GetAllRecordsWhere
                | Implied::GetRecord
                | Implied::GetByUuid
                | Implied::GetByNameLabel
                | Implied::Get(_),
            ) => false,
            Kind::Implied(_) => true,
            Kind::Declared(_) => {
                let short = self.short_name();
                !QUESTIONS.iter().any(|word| short.starts_with(word))
                    && !MORE.contains(&self.name.as_str())
            }
        }
    }

    /// The part of the name after the dot.
    pub fn short_name(&self) -> &str {
        self.name
            .split_once('.')
            .map_or(self.name.as_str(), |(_, short)| short)
    }
}

/// Some classes declare their own `add_to_F` and `remove_from_F`; the keys are told at the field all the same.
fn guarded_keys(class: &ClassDesc, call: &CallDesc) -> &'static [(&'static str, Role)] {
    let short = call
        .name
        .split_once('.')
        .map_or(call.name, |(_, short)| short);
    let field = short
        .strip_prefix("add_to_")
        .or_else(|| short.strip_prefix("remove_from_"));
    field
        .and_then(|name| class.field(name))
        .map_or(&[], |field| field.keys)
}

/// Collects the implied messages of one class.
struct Implying {
    class: &'static ClassDesc,
    made: Vec<Message>,
}

impl Implying {
    fn add(
        &mut self,
        short: &str,
        kind: Implied,
        params: &[(&'static str, Type)],
        result: Type,
        role: Role,
    ) {
        self.made.push(Message {
            name: format!("{}.{short}", self.class.name),
            class: self.class,
            kind: Kind::Implied(kind),
            params: params
                .iter()
                .map(|(name, ty)| Param {
                    name,
                    ty: *ty,
                    default: None,
                })
                .collect(),
            result,
            role,
            client_cert: false,
            keys: match kind {
                Implied::AddTo(field) | Implied::RemoveFrom(field) => field.keys,
                _ => &[],
            },
            session: true,
            is_async: matches!(kind, Implied::Create | Implied::Destroy),
            hidden: false,
            state: self.class.state,
        });
    }

    fn field(&mut self, field: &'static FieldDesc) {
        let this = self.this();
        let name = field.name;
        let from = self.made.len();
        self.add(
            &format!("get_{name}"),
            Implied::Get(field),
            &[("self", this)],
            field.ty,
            field.get_role,
        );
        if field.qualifier == Qualifier::RW {
            let role = field.set_role;
            let set = [("self", this), ("value", field.ty)];
            self.add(
                &format!("set_{name}"),
                Implied::Set(field),
                &set,
                Type::Void,
                role,
            );
            match field.ty {
                Type::Map(key, of) => {
                    let add = [("self", this), ("key", *key), ("value", *of)];
                    self.add(
                        &format!("add_to_{name}"),
                        Implied::AddTo(field),
                        &add,
                        Type::Void,
                        role,
                    );
                    let remove = Implied::RemoveFrom(field);
                    self.add(
                        &format!("remove_from_{name}"),
                        remove,
                        &add[..2],
                        Type::Void,
                        role,
                    );
                }
                Type::Set(of) => {
                    let value = [("self", this), ("value", *of)];
                    self.add(
                        &format!("add_{name}"),
                        Implied::Add(field),
                        &value,
                        Type::Void,
                        role,
                    );
                    self.add(
                        &format!("remove_{name}"),
                        Implied::Remove(field),
                        &value,
                        Type::Void,
                        role,
                    );
                }
                _ => {}
            }
        }
        for message in &mut self.made[from..] {
            message.state = field.state;
            message.client_cert = field.client_cert && message.role != Role::ReadOnly;
        }
    }

    fn this(&self) -> Type {
        Type::Ref(self.class.name)
    }

    fn class(&mut self) {
        let class = self.class;
        let (this, record) = (self.this(), Type::Record(class.name));
        let by_ref = Box::leak(Box::new((this, record)));
        let refs = Type::Set(&by_ref.0);
        let records = Type::Map(&by_ref.0, &by_ref.1);
        let read = class.get_role;
        self.add(
            "get_record",
            Implied::GetRecord,
            &[("self", this)],
            record,
            read,
        );
        self.add(
            "get_by_uuid",
            Implied::GetByUuid,
            &[("uuid", Type::String)],
            this,
            read,
        );
        // The pool has a label too, but not as part of a name, and so no lookup by it.
        if class.fields.iter().any(|field| field.db == "name__label") {
            self.add(
                "get_by_name_label",
                Implied::GetByNameLabel,
                &[("label", Type::String)],
                refs,
                read,
            );
        }
        if class.get_all {
            self.add("get_all", Implied::GetAll, &[], refs, read);
            self.add(
                "get_all_records",
                Implied::GetAllRecords,
                &[],
                records,
                read,
            );
            let expr = [("expr", Type::String)];
            self.add("get_all_where", Implied::GetAllWhere, &expr, refs, read);
            self.add(
                "get_all_records_where",
                Implied::GetAllRecordsWhere,
                &expr,
                records,
                read,
            );
        }
        if class.ctor {
            self.add(
                "create",
                Implied::Create,
                &[("args", record)],
                this,
                class.role,
            );
            self.add(
                "destroy",
                Implied::Destroy,
                &[("self", this)],
                Type::Void,
                class.role,
            );
        }
        for field in class.fields.iter().filter(|field| field.on_wire()) {
            self.field(field);
        }
    }
}

/// The implied messages of a class; a declared message of the same name replaces one.
fn implied(class: &'static ClassDesc) -> Vec<Message> {
    if !class.in_db {
        return Vec::new();
    }
    let mut implying = Implying {
        class,
        made: Vec::new(),
    };
    implying.class();
    implying.made
}

/// All messages by name.
#[derive(Debug)]
pub struct Messages {
    by_name: HashMap<String, Message>,
}

impl Messages {
    fn collect() -> Messages {
        let mut by_name = HashMap::new();
        for class in classes::MODEL {
            let declared = class
                .calls
                .iter()
                .map(|call| Message::declared(class, call));
            for message in implied(class).into_iter().chain(declared) {
                by_name.insert(message.name.clone(), message);
            }
        }
        Messages { by_name }
    }

    /// The message of that name. `class_message` is found too: old clients spell it so.
    pub fn find(&self, name: &str) -> Option<&Message> {
        self.by_name.get(name).or_else(|| {
            // A class name may hold underscores itself, so every underscore may stand for the dot.
            let places = name.match_indices('_').map(|(at, _)| at).take(8);
            places
                .filter_map(|at| {
                    self.by_name
                        .get(&format!("{}.{}", &name[..at], &name[at + 1..]))
                })
                .next()
        })
    }

    /// All messages, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Message> {
        self.by_name.values()
    }
}

/// The messages of the model.
pub fn messages() -> &'static Messages {
    static MESSAGES: OnceLock<Messages> = OnceLock::new();
    MESSAGES.get_or_init(Messages::collect)
}
