//! Changes that are carried out by calls of the daemon: which ones, in which order, and how far they are.

use jiff::Timestamp;
use xapi_conf::management::{Field, Ipv4, Ipv6, Management, netmask_of};
use xapi_model::Value;

use super::key::Key;
use crate::seen::Pif;

/// One call of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What it does, for people.
    pub says: String,
    /// Its name.
    pub name: &'static str,
    /// Its parameters after the session.
    pub params: Vec<Value>,
}

/// Calls one after the other; the first that fails ends them.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What it is about.
    pub title: &'static str,
    /// The calls.
    pub calls: Vec<Call>,
    /// For how many seconds a change on the path of management waits for somebody to say that it is well.
    pub confirm_within: Option<u16>,
    /// What is said in the end.
    pub done: String,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has not begun.
    Waiting,
    /// It is under way.
    Doing,
    /// It is done.
    Done,
    /// It failed, or was passed over, for this reason.
    Failed(String),
}

/// Something that is under way, with its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// The number of the daemon's calls, which go on without the window; none for a reset, which is this program's.
    pub number: Option<u64>,
    /// What it is about.
    pub title: &'static str,
    /// Its steps.
    pub steps: Vec<(String, Progress)>,
    /// What was said besides.
    pub notes: Vec<String>,
    /// Until when a change waits for a person, if one does.
    pub confirm_until: Option<Timestamp>,
    /// Whether the person has said something already.
    pub said: bool,
    /// Whether the daemon has taken that.
    pub taken: bool,
    /// How it ended.
    pub outcome: Option<Result<String, String>>,
}

/// What a key means to whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    Nothing,
    /// It is over, and the window may go.
    Close,
    /// The window shall go, and the daemon goes on.
    Leave,
    /// The change is well.
    Confirm,
    /// The change is to be undone.
    Undo,
}

impl Work {
    /// Something that begins.
    pub fn of(title: &'static str, steps: impl IntoIterator<Item = String>) -> Work {
        Work {
            number: None,
            title,
            steps: steps
                .into_iter()
                .map(|says| (says, Progress::Waiting))
                .collect(),
            notes: Vec::new(),
            confirm_until: None,
            said: false,
            taken: false,
            outcome: None,
        }
    }

    /// How far a step is now. A step that was not known is added.
    pub fn step(&mut self, at: usize, says: Option<String>, progress: Progress) {
        if at >= self.steps.len() {
            self.steps
                .resize(at + 1, (String::new(), Progress::Waiting));
        }
        if let Some(step) = self.steps.get_mut(at) {
            if let Some(says) = says {
                step.0 = says;
            }
            step.1 = progress;
        }
    }

    /// Something to be known besides, said once.
    pub fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Whether a change waits for a person, and for how many seconds.
    pub fn seconds_left(&self, now: Timestamp) -> Option<i64> {
        let until = self.confirm_until?;
        let left = until.duration_since(now).as_secs();
        (self.outcome.is_none() && !self.said).then_some(left.max(0))
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, now: Timestamp) -> Wish {
        if self.outcome.is_some() {
            return match key {
                Key::Enter | Key::Esc => Wish::Close,
                _ => Wish::Nothing,
            };
        }
        if self.seconds_left(now).is_none() {
            return match key {
                Key::Esc if self.number.is_some() => Wish::Leave,
                _ => Wish::Nothing,
            };
        }
        match key {
            // Not Enter, which may still be held from the window before.
            Key::Char('c' | 'C') => Wish::Confirm,
            Key::Esc | Key::Char('u' | 'U') => Wish::Undo,
            _ => Wish::Nothing,
        }
    }
}

/// What is to become of management.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<'a> {
    /// The interface that shall carry it.
    pub on: &'a Pif,
    /// Its addresses.
    pub wanted: &'a Management,
    /// The interface that carries it now, if it is another one that shall give its addresses up.
    pub gives_up: Option<&'a Pif>,
}

impl Change<'_> {
    /// The calls that make it so; none if all is so already.
    pub fn calls(&self) -> Vec<Call> {
        let mut calls = Vec::new();
        let v4 = reconfigure_v4(self.on, self.wanted);
        let v6 = reconfigure_v6(self.on, self.wanted);
        calls.extend(v4);
        calls.extend(v6);
        let ipv6_first = self.wanted.ipv4.is_none();
        if !self.on.management {
            if self.on.ipv6_first != ipv6_first {
                let family = if ipv6_first { "IPv6" } else { "IPv4" };
                calls.push(Call {
                    says: format!("{} is known by its address of {family}", self.on.name()),
                    name: "PIF.set_primary_address_type",
                    params: vec![text(&self.on.reference), text(family)],
                });
            }
            calls.push(Call {
                says: format!("Management moves to {}", self.on.name()),
                name: "host.management_reconfigure",
                params: vec![text(&self.on.reference)],
            });
        }
        if let Some(old) = self.gives_up.filter(|_| !self.on.management) {
            calls.extend(give_up(old));
        }
        calls
    }
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn ip_call(pif: &Pif, says: String, mode: &str, params: [&str; 4]) -> Call {
    let mut all = vec![text(&pif.reference), text(mode)];
    all.extend(params.map(text));
    Call {
        says,
        name: "PIF.reconfigure_ip",
        params: all,
    }
}

fn ipv6_call(pif: &Pif, says: String, mode: &str, params: [&str; 3]) -> Call {
    let mut all = vec![text(&pif.reference), text(mode)];
    all.extend(params.map(text));
    Call {
        says,
        name: "PIF.reconfigure_ipv6",
        params: all,
    }
}

fn reconfigure_v4(pif: &Pif, wanted: &Management) -> Option<Call> {
    let name = pif.name();
    let texts = wanted.texts();
    let dns = texts.get(&Field::Dns).map_or("", String::as_str);
    match &wanted.ipv4 {
        None if pif.mode == "None" => None,
        None => {
            let says = format!("{name} gives up its address of IPv4");
            Some(ip_call(pif, says, "None", ["", "", "", ""]))
        }
        Some(Ipv4::Dhcp) if pif.mode == "DHCP" => None,
        Some(Ipv4::Dhcp) => {
            let says = format!("{name} asks for an address of IPv4 by DHCP");
            Some(ip_call(pif, says, "DHCP", ["", "", "", ""]))
        }
        Some(Ipv4::Static {
            address,
            prefix,
            gateway,
        }) => {
            let says = format!("{name} gets {address}/{prefix}");
            let (address, netmask) = (address.to_string(), netmask_of(*prefix).to_string());
            let gateway = gateway.map_or(String::new(), |gateway| gateway.to_string());
            let is_so = pif.mode == "Static"
                && (&pif.ip, &pif.netmask, &pif.gateway) == (&address, &netmask, &gateway)
                && same_servers(pif, dns, false);
            let params = [address.as_str(), &netmask, &gateway, dns];
            (!is_so).then(|| ip_call(pif, says, "Static", params))
        }
    }
}

fn reconfigure_v6(pif: &Pif, wanted: &Management) -> Option<Call> {
    let name = pif.name();
    let texts = wanted.texts();
    let dns = texts.get(&Field::Dns).map_or("", String::as_str);
    let simple = |mode: &str, says: String| {
        (pif.mode_v6 != mode).then(|| ipv6_call(pif, says, mode, ["", "", ""]))
    };
    match &wanted.ipv6 {
        None => simple("None", format!("{name} gives up its address of IPv6")),
        Some(Ipv6::Dhcp) => simple("DHCP", format!("{name} asks for an address by DHCPv6")),
        Some(Ipv6::Autoconf) => simple(
            "Autoconf",
            format!("{name} makes addresses of what routers advertise"),
        ),
        Some(Ipv6::Static {
            address,
            prefix,
            gateway,
        }) => {
            let address = format!("{address}/{prefix}");
            let gateway = gateway.map_or(String::new(), |gateway| gateway.to_string());
            let is_so = pif.mode_v6 == "Static"
                && (&pif.ipv6, &pif.gateway_v6) == (&address, &gateway)
                && same_servers(pif, dns, true);
            let says = format!("{name} gets {address}");
            let params = [address.as_str(), &gateway, dns];
            (!is_so).then(|| ipv6_call(pif, says, "Static", params))
        }
    }
}

/// Whether an interface has the servers of one family that a list has.
fn same_servers(pif: &Pif, list: &str, v6: bool) -> bool {
    let of_family = |text: &str| -> Vec<String> {
        let servers = text.split(',').map(str::trim);
        let servers = servers.filter(|server| !server.is_empty() && server.contains(':') == v6);
        servers.map(str::to_owned).collect()
    };
    of_family(&pif.dns) == of_family(list)
}

fn give_up(old: &Pif) -> Vec<Call> {
    let mut calls = Vec::new();
    if old.mode != "None" {
        let says = format!("{} gives up its address of IPv4", old.name());
        calls.push(ip_call(old, says, "None", ["", "", "", ""]));
    }
    if old.mode_v6 != "None" {
        let says = format!("{} gives up its address of IPv6", old.name());
        calls.push(ipv6_call(old, says, "None", ["", "", ""]));
    }
    calls
}

/// The calls that give the management interface other name servers. Each family has a call of its own.
pub fn name_servers(pif: &Pif, servers: &[String]) -> Vec<Call> {
    let list = servers.join(",");
    let mut calls = Vec::new();
    if pif.mode == "Static" && !same_servers(pif, &list, false) {
        let says = format!("Name servers of IPv4 on {}", pif.name());
        let params = [pif.ip.as_str(), &pif.netmask, &pif.gateway, &list];
        calls.push(ip_call(pif, says, "Static", params));
    }
    if pif.mode_v6 == "Static" && !same_servers(pif, &list, true) {
        let says = format!("Name servers of IPv6 on {}", pif.name());
        let params = [pif.ipv6.as_str(), &pif.gateway_v6, &list];
        calls.push(ipv6_call(pif, says, "Static", params));
    }
    calls
}

/// The call that switches management off.
pub fn disable() -> Call {
    Call {
        says: "Management is switched off: the API answers on this host alone".to_owned(),
        name: "host.management_disable",
        params: Vec::new(),
    }
}

/// The call that gives the host another name.
pub fn hostname(host: &str, name: &str) -> Call {
    Call {
        says: format!("This host is called {name}"),
        name: "host.set_hostname_live",
        params: vec![text(host), text(name)],
    }
}
