//! The questions after the one for the interface: how it comes to its addresses, of both families. The management
//! dialogue and the emergency reset ask the same ones, and check the answers with the parsers of the reset's command.

use xapi_conf::management::{Field, Management, Misfit, Texts};

use super::form::{Choice, Entry, Form, Said};
use super::key::Key;

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// How IPv4 comes.
    ModeV4,
    /// A static address of IPv4.
    V4,
    /// How IPv6 comes.
    ModeV6,
    /// A static address of IPv6.
    V6,
    /// Name servers.
    Servers,
}

/// What came of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Still at these questions.
    Within,
    /// Back before the first.
    Back,
    /// All are answered.
    Done,
}

/// How IPv4 comes, in the order of the list.
pub const MODES_V4: [&str; 3] = ["dhcp", "static", "none"];
/// How IPv6 comes, in the order of the list.
pub const MODES_V6: [&str; 4] = ["none", "dhcp", "autoconf", "static"];

const SHOWN_V4: [&str; 3] = ["DHCP", "Static", "None"];
const SHOWN_V6: [&str; 4] = ["None", "DHCP", "Autoconf", "Static"];

/// The questions and what was answered so far.
#[derive(Clone, Debug)]
pub struct Addressing {
    /// The question.
    pub part: Part,
    trail: Vec<Part>,
    /// How IPv4 comes.
    pub mode_v4: Choice,
    /// Address, netmask, router.
    pub v4: Form,
    /// How IPv6 comes.
    pub mode_v6: Choice,
    /// Address and router.
    pub v6: Form,
    /// Name servers.
    pub servers: Form,
    /// What is wrong with the modes.
    pub complaint: Option<String>,
}

impl Addressing {
    /// The first question, with answers that are there already.
    pub fn filled(texts: &Texts) -> Addressing {
        let text = |field| texts.get(&field).map_or("", String::as_str);
        let at = |modes: &[&str], field| {
            let mode = text(field).to_ascii_lowercase();
            modes.iter().position(|known| *known == mode)
        };
        let v6_only = at(&MODES_V6, Field::ModeV6).is_some_and(|at| at > 0);
        let mode_v4 = at(&MODES_V4, Field::Mode).unwrap_or(if v6_only { 2 } else { 0 });
        let entry = |label, hint, field| Entry::filled(label, hint, text(field));
        Addressing {
            part: Part::ModeV4,
            trail: Vec::new(),
            mode_v4: Choice::of(SHOWN_V4, mode_v4),
            v4: Form::of(vec![
                entry("IP address", "such as 192.168.0.10", Field::Ip),
                entry("Netmask", "such as 255.255.255.0", Field::Netmask),
                entry("Gateway", "empty for none", Field::Gateway),
            ]),
            mode_v6: Choice::of(SHOWN_V6, at(&MODES_V6, Field::ModeV6).unwrap_or(0)),
            v6: Form::of(vec![
                entry("Address/prefix", "such as fd00::10/64", Field::Ipv6),
                entry(
                    "Gateway",
                    "empty for none, or where routers say it",
                    Field::GatewayV6,
                ),
            ]),
            servers: Form::of(vec![entry(
                "Name servers",
                "by commas; empty for none",
                Field::Dns,
            )]),
            complaint: None,
        }
    }

    /// The answers, added to what is known of the interface.
    pub fn texts(&self, interface: &Texts) -> Texts {
        let mut texts = interface.clone();
        let (v4, v6) = (MODES_V4[self.mode_v4.at], MODES_V6[self.mode_v6.at]);
        let mut put = |field, text: &str| texts.insert(field, text.to_owned());
        put(Field::Mode, v4);
        put(Field::ModeV6, v6);
        if v4 == "static" {
            put(Field::Ip, self.v4.text(0));
            put(Field::Netmask, self.v4.text(1));
            put(Field::Gateway, self.v4.text(2));
        }
        if v6 == "static" {
            put(Field::Ipv6, self.v6.text(0));
            put(Field::GatewayV6, self.v6.text(1));
        }
        if self.is_static() {
            put(Field::Dns, self.servers.text(0));
        }
        texts
    }

    /// The whole, if it is well.
    pub fn read(&self, interface: &Texts) -> Result<Management, Vec<Misfit>> {
        Management::read(&self.texts(interface))
    }

    /// Back to the question that was answered last.
    pub fn again(&mut self) {
        self.part = self.trail.last().copied().unwrap_or(Part::ModeV4);
        self.trail.pop();
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, interface: &Texts) -> Moved {
        let said = match self.part {
            Part::ModeV4 => self.mode_v4.key(key),
            Part::V4 => self.v4.key(key),
            Part::ModeV6 => self.mode_v6.key(key),
            Part::V6 => self.v6.key(key),
            Part::Servers => self.servers.key(key),
        };
        self.complaint = None;
        match said {
            Said::Nothing => Moved::Within,
            Said::Back => self.back(),
            Said::Accept => self.accept(interface),
        }
    }

    fn back(&mut self) -> Moved {
        match self.trail.pop() {
            Some(before) => {
                self.part = before;
                Moved::Within
            }
            None => Moved::Back,
        }
    }

    fn accept(&mut self, interface: &Texts) -> Moved {
        if self.is_wrong_here(interface) {
            return Moved::Within;
        }
        let next = self.next();
        self.trail.push(self.part);
        match next {
            Some(next) => {
                self.part = next;
                Moved::Within
            }
            None => Moved::Done,
        }
    }

    fn next(&self) -> Option<Part> {
        let servers = self.is_static().then_some(Part::Servers);
        match self.part {
            Part::ModeV4 if MODES_V4[self.mode_v4.at] == "static" => Some(Part::V4),
            Part::ModeV4 | Part::V4 => Some(Part::ModeV6),
            Part::ModeV6 if MODES_V6[self.mode_v6.at] == "static" => Some(Part::V6),
            Part::ModeV6 | Part::V6 => servers,
            Part::Servers => None,
        }
    }

    fn is_static(&self) -> bool {
        MODES_V4[self.mode_v4.at] == "static" || MODES_V6[self.mode_v6.at] == "static"
    }

    /// Says what is wrong with the answers to the present question, as far as those before show it.
    fn is_wrong_here(&mut self, interface: &Texts) -> bool {
        let fields: &[Field] = match self.part {
            Part::ModeV4 => return false,
            Part::V4 => &[Field::Ip, Field::Netmask, Field::Gateway],
            Part::ModeV6 => &[Field::Mode, Field::ModeV6],
            Part::V6 => &[Field::Ipv6, Field::GatewayV6],
            Part::Servers => &[Field::Dns],
        };
        let mut texts = self.texts(interface);
        // What is asked for later is not missed yet, and would hide what only the whole of this question shows.
        if self.part == Part::V4 {
            texts.insert(Field::ModeV6, "none".to_owned());
            texts.remove(&Field::Dns);
        }
        if self.part == Part::ModeV6 && MODES_V6[self.mode_v6.at] != "none" {
            return false;
        }
        if self.part == Part::V6 {
            texts.remove(&Field::Dns);
        }
        let Err(misfits) = Management::read(&texts) else {
            return false;
        };
        let here = misfits.iter().find_map(|misfit| {
            let at = fields.iter().position(|field| *field == misfit.field)?;
            Some((at, misfit.wrong.to_string()))
        });
        let Some((at, why)) = here else {
            return false;
        };
        let form = match self.part {
            Part::V4 => &mut self.v4,
            Part::V6 => &mut self.v6,
            Part::Servers => &mut self.servers,
            Part::ModeV4 | Part::ModeV6 => {
                self.complaint = Some(format!("The mode {why}"));
                return true;
            }
        };
        let label = form.entries.get(at).map_or("", |entry| entry.label);
        form.complain(at, format!("{label} {why}"));
        true
    }
}
