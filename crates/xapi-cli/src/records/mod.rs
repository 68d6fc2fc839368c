//! The classes as `xe` shows them: which commands they have, which fields, in which order, with which flags.
//!
//! XAPI's tables grew by hand and follow no rule, so the classes that people script against are declared here, one
//! module each, as data over the model's descriptors. The others are [`derived`] from the descriptors alone.
//! A declaration names fields only; types, setters and referred classes come from the model.

mod console;
mod derived;
mod host;
mod network;
mod pif;
mod pool;
mod storage;
mod subject;
mod task;
mod vif;
mod vm;

use std::sync::OnceLock;

use xapi_model::messages::{Message, messages};
use xapi_model::{ClassDesc, FieldDesc, Type, Value, classes};

use crate::failure::Failure;
use crate::server::{Row, Server};
use crate::shown::Shown;

/// Whether a field is one value, a set or a map on the command line; XAPI does not always follow the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    Scalar,
    /// Members to add and remove.
    Set,
    /// Keys to set, add and remove.
    Map,
}

/// Asks the server for what is in no record.
type Ask = fn(&mut Server<'_>, &Row) -> Result<Shown, Failure>;

/// A field as it is declared.
#[derive(Clone, Copy)]
struct Decl {
    name: &'static str,
    shape: Shape,
    writable: bool,
    /// Wire names from the record on, over references; otherwise the name with underscores.
    path: Option<&'static str>,
    ask: Option<Ask>,
    wording: Option<fn(&Value) -> String>,
    separator: &'static str,
    expensive: bool,
    hidden: bool,
    deprecated: bool,
    any_case: bool,
    setter: Option<&'static str>,
    adder: Option<(&'static str, &'static str)>,
    in_map: Option<&'static str>,
    whole: bool,
    bytes: bool,
}

const fn decl(name: &'static str, shape: Shape, writable: bool) -> Decl {
    Decl {
        name,
        shape,
        writable,
        path: None,
        ask: None,
        wording: None,
        separator: "; ",
        expensive: false,
        hidden: false,
        deprecated: false,
        any_case: false,
        setter: None,
        adder: None,
        in_map: None,
        whole: false,
        bytes: false,
    }
}

/// A value that is shown, `( RO)`.
const fn ro(name: &'static str) -> Decl {
    decl(name, Shape::Scalar, false)
}
/// A value with a setter, `( RW)`.
const fn rw(name: &'static str) -> Decl {
    decl(name, Shape::Scalar, true)
}
/// A set that is shown, `(SRO)`.
const fn sro(name: &'static str) -> Decl {
    decl(name, Shape::Set, false)
}
/// A set with members to add, `(SRW)`.
const fn srw(name: &'static str) -> Decl {
    decl(name, Shape::Set, true)
}
/// A map that is shown by key, `(MRO)`.
const fn mro(name: &'static str) -> Decl {
    decl(name, Shape::Map, false)
}
/// A map with keys to add, `(MRW)`.
const fn mrw(name: &'static str) -> Decl {
    decl(name, Shape::Map, true)
}

impl Decl {
    /// Where the value stands: wire names, over references.
    const fn at(mut self, path: &'static str) -> Decl {
        self.path = Some(path);
        self
    }
    /// The value is in no record; `at` then says which objects the question needs.
    const fn asks(mut self, ask: Ask) -> Decl {
        self.ask = Some(ask);
        self
    }
    /// Shown in other words than the wire's.
    const fn says(mut self, wording: fn(&Value) -> String) -> Decl {
        self.wording = Some(wording);
        self
    }
    /// Members stand between commas.
    const fn commas(mut self) -> Decl {
        self.separator = ", ";
        self
    }
    /// Costs a call of its own, so lists leave it out.
    const fn expensive(mut self) -> Decl {
        self.expensive = true;
        self
    }
    /// Only param-get shows it.
    const fn hidden(mut self) -> Decl {
        self.hidden = true;
        self
    }
    /// Says so beside its flags.
    const fn deprecated(mut self) -> Decl {
        self.deprecated = true;
        self
    }
    /// Filters ignore case.
    const fn any_case(mut self) -> Decl {
        self.any_case = true;
        self
    }
    /// Set by another message than the field's own.
    const fn set_by(mut self, message: &'static str) -> Decl {
        self.setter = Some(message);
        self
    }
    /// Members are added and removed by other messages than the field's own.
    const fn changed_by(mut self, add: &'static str, remove: &'static str) -> Decl {
        self.adder = Some((add, remove));
        self
    }
    /// Single keys of the map are set by a message of its own.
    const fn in_map(mut self, message: &'static str) -> Decl {
        self.in_map = Some(message);
        self
    }
    /// A size, which may be written with a unit.
    const fn bytes(mut self) -> Decl {
        self.bytes = true;
        self
    }
    /// A set or map that is also set as a whole.
    const fn whole(mut self) -> Decl {
        self.whole = true;
        self
    }
}

/// A class as it is declared.
struct Declared {
    /// Columns of a list without `params=`; none means all.
    shown: &'static [&'static str],
    /// Filters of a list that the user need not write.
    narrowed: &'static [(&'static str, &'static str)],
    fields: &'static [Decl],
}

/// Where the value of a column comes from.
pub enum Source {
    /// Fields from the record on, over references.
    Path(Vec<&'static FieldDesc>),
    /// A question to the server, and the references on the way to its answer, if that is objects.
    Asked(Ask, Vec<&'static FieldDesc>),
}

/// A field as the commands use it.
pub struct Column {
    /// Name on the command line.
    pub name: String,
    /// One value, a set or a map.
    pub shape: Shape,
    /// Flagged RW.
    pub writable: bool,
    /// Where its value comes from.
    pub source: Source,
    /// Other words than the wire's.
    pub wording: Option<fn(&Value) -> String>,
    /// Stands between members.
    pub separator: &'static str,
    /// Left out of lists.
    pub expensive: bool,
    /// Only param-get shows it.
    pub hidden: bool,
    /// Says so beside its flags.
    pub deprecated: bool,
    /// Filters ignore case.
    pub any_case: bool,
    /// A size, which may be written with a unit.
    pub bytes: bool,
    /// Sets the value, or the whole set or map.
    pub set: Option<&'static Message>,
    /// Adds a member or key.
    pub add: Option<&'static Message>,
    /// Removes a member or key.
    pub remove: Option<&'static Message>,
    /// Sets one key.
    pub in_map: Option<&'static Message>,
}

impl Column {
    fn resolve(class: &'static ClassDesc, decl: &Decl) -> Column {
        let underscored = decl.name.replace('-', "_");
        let wire = decl.path.unwrap_or(&underscored);
        let source = match decl.ask {
            Some(ask) => {
                Source::Asked(ask, decl.path.map_or_else(Vec::new, |way| path(class, way)))
            }
            None => Source::Path(path(class, wire)),
        };
        let own = |verb: &str| messages().find(&format!("{}.{verb}_{wire}", class.name));
        let named = |name: Option<&str>| name.and_then(|name| messages().find(name));
        let settable = match decl.shape {
            Shape::Scalar => decl.writable,
            // Clearing a map that clients change removes its keys one by one, since keys may need different roles.
            Shape::Map | Shape::Set => decl.whole,
        };
        let (add, remove) = match (decl.shape, decl.writable, decl.adder) {
            (Shape::Scalar, ..) | (_, false, _) => (None, None),
            (_, true, Some((add, remove))) => (named(Some(add)), named(Some(remove))),
            (Shape::Set, true, None) => (own("add"), own("remove")),
            (Shape::Map, true, None) => (own("add_to"), own("remove_from")),
        };
        let set = named(decl.setter).or_else(|| own("set"));
        Column {
            name: decl.name.to_owned(),
            shape: decl.shape,
            writable: decl.writable,
            source,
            wording: decl.wording,
            separator: decl.separator,
            expensive: decl.expensive,
            hidden: decl.hidden,
            deprecated: decl.deprecated,
            any_case: decl.any_case,
            bytes: decl.bytes,
            set: set.filter(|_| settable),
            add,
            remove,
            in_map: named(decl.in_map),
        }
    }

    /// The name with its flags, as tables show it.
    pub fn key(&self) -> String {
        let shape = match self.shape {
            Shape::Scalar => ' ',
            Shape::Set => 'S',
            Shape::Map => 'M',
        };
        let access = if self.writable { "RW" } else { "RO" };
        let end = if self.deprecated { " [DEPRECATED]" } else { "" };
        format!("{} ({shape}{access}){end}", self.name)
    }

    /// Whether param-set can do something with it.
    pub fn is_settable(&self) -> bool {
        match self.shape {
            Shape::Map => self.in_map.is_some() || self.add.is_some() || self.set.is_some(),
            Shape::Scalar | Shape::Set => self.set.is_some(),
        }
    }
}

/// The fields of a path; an unknown one ends it, which the tests find.
fn path(class: &'static ClassDesc, wire: &str) -> Vec<&'static FieldDesc> {
    let mut class = Some(class);
    let mut path = Vec::new();
    for name in wire.split('.') {
        let Some(field) = class.and_then(|class| class.field(name)) else {
            return Vec::new();
        };
        path.push(field);
        class = match field.ty {
            Type::Ref(class) => classes::class(class),
            _ => None,
        };
    }
    path
}

/// A class as the commands use it.
pub struct Kind {
    /// First words of its commands.
    pub name: &'static str,
    /// The class.
    pub class: &'static ClassDesc,
    /// Its fields, in the order that they are shown.
    pub columns: Vec<Column>,
    /// Filters of a list that the user need not write.
    pub narrowed: &'static [(&'static str, &'static str)],
    shown: Option<Vec<&'static str>>,
}

impl Kind {
    /// The field of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a list without `params=` shows the column.
    pub fn is_shown(&self, column: &Column) -> bool {
        match &self.shown {
            Some(shown) => shown.iter().any(|name| *name == column.name),
            None => true,
        }
    }
}

/// Every class with record commands: first words of the commands, class, and declaration if there is one.
const KINDS: &[(&str, &str, Option<&Declared>)] = &[
    ("pool", "pool", Some(&pool::POOL)),
    ("pif", "PIF", Some(&pif::PIF)),
    ("bond", "Bond", Some(&pif::BOND)),
    ("vlan", "VLAN", Some(&pif::VLAN)),
    ("tunnel", "tunnel", Some(&pif::TUNNEL)),
    ("vif", "VIF", Some(&vif::VIF)),
    ("network", "network", Some(&network::NETWORK)),
    ("console", "console", Some(&console::CONSOLE)),
    ("vm", "VM", Some(&vm::VM)),
    ("template", "VM", Some(&vm::TEMPLATE)),
    ("snapshot", "VM", Some(&vm::SNAPSHOT)),
    ("host", "host", Some(&host::HOST)),
    ("host-cpu", "host_cpu", None),
    ("host-crashdump", "host_crashdump", None),
    ("patch", "pool_patch", None),
    ("update", "pool_update", None),
    ("vdi", "VDI", None),
    ("vbd", "VBD", None),
    ("sr", "SR", Some(&storage::SR)),
    ("sm", "SM", None),
    ("pbd", "PBD", Some(&storage::PBD)),
    ("task", "task", Some(&task::TASK)),
    ("subject", "subject", Some(&subject::SUBJECT)),
    ("role", "role", Some(&subject::ROLE)),
    ("vmss", "VMSS", None),
    ("message", "message", Some(&task::MESSAGE)),
    ("secret", "secret", Some(&subject::SECRET)),
    ("appliance", "VM_appliance", None),
    ("vm-group", "VM_group", None),
    ("pgpu", "PGPU", None),
    ("gpu-group", "GPU_group", None),
    ("vgpu", "VGPU", None),
    ("vgpu-type", "VGPU_type", None),
    ("drtask", "DR_task", None),
    ("pvs-site", "PVS_site", None),
    ("pvs-server", "PVS_server", None),
    ("pvs-proxy", "PVS_proxy", None),
    ("pvs-cache-storage", "PVS_cache_storage", None),
    ("feature", "Feature", None),
    (
        "sdn-controller",
        "SDN_controller",
        Some(&network::SDN_CONTROLLER),
    ),
    ("pusb", "PUSB", None),
    ("usb-group", "USB_group", None),
    ("vusb", "VUSB", None),
    (
        "network-sriov",
        "network_sriov",
        Some(&network::NETWORK_SRIOV),
    ),
    ("cluster", "Cluster", None),
    ("cluster-host", "Cluster_host", None),
    ("certificate", "Certificate", None),
    ("repository", "Repository", None),
    ("hostdriver-variant", "Driver_variant", None),
    ("hostdriver", "Host_driver", None),
    ("vtpm", "VTPM", None),
    ("observer", "Observer", None),
    ("pci", "PCI", None),
    ("caller", "Caller", None),
    ("rate-limit", "Rate_limit", None),
];

/// The classes as the commands use them.
pub fn kinds() -> &'static [Kind] {
    static RESOLVED: OnceLock<Vec<Kind>> = OnceLock::new();
    RESOLVED.get_or_init(|| {
        let named = KINDS.iter().filter_map(|(name, class, declared)| {
            let class = classes::class(class)?;
            Some(match declared {
                Some(declared) => Kind {
                    name,
                    class,
                    columns: declared
                        .fields
                        .iter()
                        .map(|decl| Column::resolve(class, decl))
                        .collect(),
                    narrowed: declared.narrowed,
                    shown: (!declared.shown.is_empty()).then(|| declared.shown.to_vec()),
                },
                None => derived::kind(name, class),
            })
        });
        named.collect()
    })
}

/// The class whose commands begin with these words.
pub fn kind(name: &str) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.name == name)
}

/// The value of a data source; nothing when the server does not tell it.
fn data_source(
    server: &mut Server<'_>,
    message: &str,
    object: &str,
    source: &str,
) -> Result<Option<f64>, Failure> {
    match server.call(message, vec![object.into(), source.into()]) {
        Ok(value) => Ok(match Type::Float.accept(value) {
            Ok(Value::Float(number)) => Some(number),
            _ => None,
        }),
        Err(Failure::Api(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_class_is_in_the_model() {
        let names: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
        let declared: Vec<&str> = KINDS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, declared);
    }

    #[test]
    fn every_declared_field_leads_to_a_field_of_the_model() {
        for kind in kinds() {
            for column in &kind.columns {
                if let Source::Path(path) = &column.source {
                    assert!(!path.is_empty(), "{} {}", kind.name, column.name);
                }
            }
        }
    }

    #[test]
    fn every_field_flagged_rw_has_its_messages() {
        let mut without = Vec::new();
        for (name, _, declared) in KINDS {
            let Some(declared) = declared else { continue };
            let kind = kind(name).expect(name);
            for (decl, column) in declared.fields.iter().zip(&kind.columns) {
                let complete = match decl.shape {
                    Shape::Scalar => column.set.is_some() == decl.writable,
                    Shape::Set | Shape::Map => {
                        (column.add.is_some() && column.remove.is_some()) == decl.writable
                            && (column.set.is_some() || !decl.whole)
                    }
                };
                // XAPI's setter is in no published document: the flag is all that there is.
                if decl.name == "is-default-template" {
                    continue;
                }
                if !complete || decl.in_map.is_some() != column.in_map.is_some() {
                    without.push(format!("{name} {}", column.name));
                }
            }
        }
        assert_eq!(without, Vec::<String>::new());
    }

    #[test]
    fn every_column_of_a_default_list_exists() {
        for (name, _, declared) in KINDS {
            let (Some(declared), Some(kind)) = (declared, kind(name)) else {
                continue;
            };
            for column in declared.shown {
                assert!(kind.column(column).is_some(), "{name} {column}");
            }
        }
    }

    #[test]
    fn no_class_has_two_fields_of_one_name() {
        for kind in kinds() {
            let mut names: Vec<&str> = kind.columns.iter().map(|c| c.name.as_str()).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", kind.name);
        }
    }
}
