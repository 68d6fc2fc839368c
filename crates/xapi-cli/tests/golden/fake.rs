//! A server in memory: records by class and reference, and answers to single messages. It knows no rules of XenAPI but
//! those that a client sees: implied messages work on the records, everything else is answered as the test says.

use std::collections::VecDeque;
use std::time::Duration;

use xapi_cli::{NotFetched, Output, Rpc, RpcError, Scope, Watcher};
use xapi_model::{ApiError, Value, classes, errors};

/// The server, and what it was asked.
#[derive(Default)]
pub struct Fake {
    /// Class, reference, record; in the order in which the server tells them.
    pub rows: Vec<(&'static str, String, Value)>,
    /// What messages answer that are not implied.
    pub answers: Vec<(&'static str, Result<Value, ApiError>)>,
    /// What messages answer before that, each once.
    pub next: Vec<(&'static str, Result<Value, ApiError>)>,
    /// The user's side.
    pub user: User,
    /// What a login answers, when it is refused.
    pub refuses: Option<RpcError>,
    /// Every message, with its parameters as texts; logins and logouts too.
    pub asked: Vec<String>,
}

/// What the user has, types and sees besides the output.
#[derive(Default)]
pub struct User {
    /// Names and texts of his files.
    pub files: Vec<(&'static str, &'static str)>,
    /// Lines that he will type.
    pub types: VecDeque<&'static str>,
    /// Names of files and what was fetched into them.
    pub fetched: Vec<String>,
    /// He looks at long calls.
    pub looks: Option<Looks>,
}

/// What somebody saw who looked at long calls.
#[derive(Default)]
pub struct Looks {
    /// Everything that was shown, in words.
    pub seen: Vec<String>,
    /// After so many looks he wants it to stop.
    pub patience: Option<usize>,
    looked: usize,
}

impl Watcher for Looks {
    fn begin(&mut self, name: &str) {
        self.seen.push(format!("begin {name}"));
    }
    fn show(&mut self, progress: f64) {
        self.looked += 1;
        self.seen.push(format!("show {progress}"));
    }
    fn wants_to_stop(&mut self) -> bool {
        self.patience == Some(self.looked)
    }
    fn tell(&mut self, text: &str) {
        self.seen.push(format!("tell {text}"));
    }
    fn pause(&mut self, time: Duration) {
        self.seen.push(format!("pause {time:?}"));
    }
    fn end(&mut self) {
        self.seen.push("end".to_owned());
    }
}

/// What a command wrote, and its exit status.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub out: String,
    pub err: String,
    pub status: i32,
}

#[derive(Default)]
struct Pages {
    out: String,
    err: String,
    user: User,
}

impl Output for Pages {
    fn print(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }
    fn eprint(&mut self, text: &str) {
        self.err.push_str(text);
    }
    fn load(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let mut files = self.user.files.iter();
        let found = files.find(|(name, _)| *name == path);
        found
            .map(|(_, text)| text.as_bytes().to_vec())
            .ok_or_else(|| "no such file".to_owned())
    }
    fn ask(&mut self) -> Result<String, String> {
        let typed = self.user.types.pop_front();
        typed
            .map(str::to_owned)
            .ok_or_else(|| "nobody can be asked here".to_owned())
    }
    fn download(&mut self, path: &str, target: &str) -> Result<(), NotFetched> {
        self.user.fetched.push(format!("{path} <- {target}"));
        Ok(())
    }
    fn watcher(&mut self) -> Option<&mut dyn Watcher> {
        let looks = self.user.looks.as_mut();
        looks.map(|looks| looks as &mut dyn Watcher)
    }
}

pub fn map(pairs: &[(&str, &str)]) -> Value {
    let owned = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).into()));
    Value::Struct(owned.collect())
}

pub fn set(items: &[&str]) -> Value {
    Value::Array(items.iter().map(|item| (*item).into()).collect())
}

impl Fake {
    /// Adds an object; fields that are not told have their defaults.
    pub fn add(&mut self, class: &'static str, reference: &str, told: &[(&str, Value)]) {
        let desc = classes::class(class).expect(class);
        for (name, _) in told {
            assert!(desc.field(name).is_some(), "{class} has no {name}");
        }
        let row = desc.fields.iter().map(|field| {
            let told = told.iter().find(|(name, _)| *name == field.name);
            told.map_or_else(|| field.default_value(), |(_, value)| value.clone())
        });
        let record = desc.record(row.collect());
        self.rows.push((class, reference.to_owned(), record));
    }

    /// Answers a message that follows from no declaration.
    pub fn answers(mut self, message: &'static str, answer: Result<Value, ApiError>) -> Fake {
        self.answers.push((message, answer));
        self
    }

    /// Answers a message once, before the answers that stay; several of them in order.
    pub fn once(mut self, message: &'static str, answer: Result<Value, ApiError>) -> Fake {
        self.next.push((message, answer));
        self
    }

    /// Runs a command line, words between spaces.
    pub fn xe(&mut self, line: &str) -> Outcome {
        self.words(&line.split(' ').collect::<Vec<_>>())
    }

    /// Runs the words of a command line.
    pub fn words(&mut self, words: &[&str]) -> Outcome {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut pages = Pages {
            user: std::mem::take(&mut self.user),
            ..Pages::default()
        };
        let status = xapi_cli::run(&words, self, &mut pages);
        let Pages { out, err, user } = pages;
        self.user = user;
        Outcome { out, err, status }
    }

    /// The field of an object, as it is now.
    pub fn field(&self, reference: &str, field: &str) -> Value {
        let mut rows = self.rows.iter();
        let (.., record) = rows.find(|(_, r, _)| r == reference).expect(reference);
        record.member(field).expect(field).clone()
    }

    fn slot(&mut self, class: &str, params: &[Value], field: &str) -> Result<&mut Value, ApiError> {
        let reference = params.first().and_then(Value::as_str).unwrap_or_default();
        let mut rows = self.rows.iter_mut();
        let row = rows.find(|(c, r, _)| *c == class && r == reference);
        let Some((.., Value::Struct(members))) = row else {
            return Err(errors::handle_invalid(class, reference));
        };
        let slot = members.iter_mut().find(|(name, _)| name == field);
        slot.map(|(_, value)| value)
            .ok_or_else(|| ApiError::new("MESSAGE_METHOD_UNKNOWN", vec![field.to_owned()]))
    }

    fn implied(&mut self, class: &str, verb: &str, params: &[Value]) -> Result<Value, ApiError> {
        let first = params.first().and_then(Value::as_str).unwrap_or_default();
        if verb == "get_all_records" {
            let rows = self.rows.iter().filter(|(c, ..)| *c == class);
            let members = rows.map(|(_, reference, record)| (reference.clone(), record.clone()));
            return Ok(Value::Struct(members.collect()));
        }
        if verb == "get_record" {
            let mut rows = self.rows.iter();
            let row = rows.find(|(c, r, _)| *c == class && r == first);
            return row
                .map(|(.., record)| record.clone())
                .ok_or_else(|| errors::handle_invalid(class, first));
        }
        if verb == "get_by_uuid" {
            let uuid: Value = first.into();
            let mut rows = self.rows.iter();
            let row = rows.find(|(c, _, r)| *c == class && r.member("uuid") == Some(&uuid));
            return row
                .map(|(_, reference, _)| reference.as_str().into())
                .ok_or_else(|| errors::uuid_invalid(class, first));
        }
        let second = || params.get(1).cloned().unwrap_or_default();
        let key = || second().as_str().unwrap_or_default().to_owned();
        if let Some(field) = verb.strip_prefix("get_") {
            return self.slot(class, params, field).cloned();
        }
        if let Some(field) = verb.strip_prefix("set_") {
            *self.slot(class, params, field)? = second();
        } else if let Some(field) = verb.strip_prefix("add_to_") {
            let Value::Struct(members) = self.slot(class, params, field)? else {
                return Err(errors::internal_error("no map"));
            };
            if members.iter().any(|(name, _)| *name == key()) {
                let uuid = "uuid";
                return Err(errors::map_duplicate_key(class, field, uuid, key()));
            }
            members.push((key(), params.get(2).cloned().unwrap_or_default()));
        } else if let Some(field) = verb.strip_prefix("remove_from_") {
            if let Value::Struct(members) = self.slot(class, params, field)? {
                members.retain(|(name, _)| *name != key());
            }
        } else if let Some(field) = verb.strip_prefix("add_") {
            if let Value::Array(items) = self.slot(class, params, field)? {
                items.push(second());
            }
        } else if let Some(field) = verb.strip_prefix("remove_") {
            if let Value::Array(items) = self.slot(class, params, field)? {
                items.retain(|item| *item != second());
            }
        } else {
            let name = format!("{class}.{verb}");
            return Err(ApiError::new("MESSAGE_METHOD_UNKNOWN", vec![name]));
        }
        Ok(Value::Nil)
    }
}

impl Rpc for Fake {
    fn login(&mut self, user: &str, password: &str, scope: Scope) -> Result<(), RpcError> {
        self.asked
            .push(format!("login {user} {password} {scope:?}"));
        self.refuses.clone().map_or(Ok(()), Err)
    }

    fn call(&mut self, message: &str, params: Vec<Value>) -> Result<Value, RpcError> {
        let texts: Vec<String> = params.iter().map(told).collect();
        self.asked.push(format!("{message} {}", texts.join(" ")));
        if let Some(at) = self.next.iter().position(|(name, _)| *name == message) {
            return Ok(self.next.remove(at).1?);
        }
        if let Some((_, answer)) = self.answers.iter().find(|(name, _)| *name == message) {
            return Ok(answer.clone()?);
        }
        let (class, verb) = message.split_once('.').expect("a message has a class");
        Ok(self.implied(class, verb, &params)?)
    }

    fn careful(&mut self, wishes: &[(String, String)]) {
        let wishes = wishes.iter().map(|(key, value)| format!("{key}={value}"));
        self.asked
            .push(format!("careful {}", wishes.collect::<Vec<_>>().join(" ")));
    }

    fn logout(&mut self) -> Result<(), RpcError> {
        self.asked.push("logout".to_owned());
        Ok(())
    }

    fn session(&self) -> Option<&str> {
        Some("OpaqueRef:session")
    }
}

/// A value as a short text.
fn told(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Str(text) => format!("{text:?}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(told).collect();
            format!("[{}]", items.join(","))
        }
        Value::Struct(members) => {
            let members = members.iter().map(|(k, v)| format!("{k}:{}", told(v)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

/// A host with two NICs, a bond of them, and their networks. References are short, UUIDs tell what they are of.
pub fn world() -> Fake {
    let mut fake = Fake::default();
    fake.add(
        "host",
        "OpaqueRef:h1",
        &[
            ("uuid", "host-1".into()),
            ("name_label", "xs-1".into()),
            ("hostname", "xs-1.lab".into()),
            ("other_config", map(&[("MAINTENANCE_MODE", "on")])),
        ],
    );
    fake.add(
        "network",
        "OpaqueRef:n2",
        &[
            ("uuid", "network-2".into()),
            ("name_label", "MGT, bonded".into()),
            ("bridge", "xapi2".into()),
            ("PIFs", set(&["OpaqueRef:p2"])),
            ("tags", set(&["red", "a,b"])),
        ],
    );
    fake.add(
        "network",
        "OpaqueRef:n0",
        &[
            ("uuid", "network-0".into()),
            (
                "name_label",
                "Pool-wide network associated with eth0".into(),
            ),
            ("name_description", "first\nsecond".into()),
            ("bridge", "xenbr0".into()),
            ("PIFs", set(&["OpaqueRef:p0", "OpaqueRef:gone"])),
            (
                "other_config",
                map(&[("automatic", "true"), ("a-b:c", "d")]),
            ),
        ],
    );
    fake.add(
        "PIF_metrics",
        "OpaqueRef:m0",
        &[
            ("uuid", "metrics-0".into()),
            ("carrier", true.into()),
            ("vendor_name", "Intel, Inc.".into()),
            ("speed", 1000.into()),
            ("duplex", true.into()),
            ("pci_bus_path", "0000:02:00.0".into()),
        ],
    );
    let common = |device: &str, mac: &str| {
        vec![
            ("device", device.into()),
            ("MAC", mac.into()),
            ("host", "OpaqueRef:h1".into()),
            ("VLAN", (-1).into()),
            ("MTU", 1500.into()),
            ("managed", true.into()),
        ]
    };
    let mut bond = common("bond0", "00:16:3E:00:00:0A");
    bond.extend([
        ("uuid", "pif-bond0".into()),
        ("network", "OpaqueRef:n2".into()),
        ("bond_master_of", set(&["OpaqueRef:b0"])),
        ("currently_attached", true.into()),
        ("management", true.into()),
        ("ip_configuration_mode", "Static".into()),
        ("IP", "172.16.0.10".into()),
        ("netmask", "255.255.255.224".into()),
    ]);
    fake.add("PIF", "OpaqueRef:p2", &bond);
    let mut eth0 = common("eth0", "00:16:3e:00:00:0a");
    eth0.extend([
        ("uuid", "pif-eth0".into()),
        ("network", "OpaqueRef:n0".into()),
        ("metrics", "OpaqueRef:m0".into()),
        ("physical", true.into()),
        ("bond_slave_of", "OpaqueRef:b0".into()),
        ("properties", map(&[("gro", "on"), ("lro", "off")])),
        ("capabilities", set(&["sriov", "fast"])),
        (
            "other_config",
            map(&[("defer", "yes"), ("key-with:colon", "v")]),
        ),
    ]);
    fake.add("PIF", "OpaqueRef:p0", &eth0);
    let mut eth3 = common("eth3", "00:16:3e:00:00:0d");
    eth3.extend([
        ("uuid", "pif-eth3".into()),
        ("network", "OpaqueRef:gone".into()),
        ("physical", true.into()),
        ("bond_slave_of", "OpaqueRef:b0".into()),
    ]);
    fake.add("PIF", "OpaqueRef:p3", &eth3);
    fake.add(
        "Bond",
        "OpaqueRef:b0",
        &[
            ("uuid", "bond-0".into()),
            ("master", "OpaqueRef:p2".into()),
            ("slaves", set(&["OpaqueRef:p0", "OpaqueRef:p3"])),
            ("mode", "active-backup".into()),
            ("properties", map(&[("hashing_algorithm", "src_mac")])),
            ("primary_slave", "OpaqueRef:p0".into()),
            ("links_up", 1.into()),
            ("auto_update_mac", true.into()),
        ],
    );
    fake
}
