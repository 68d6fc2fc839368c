//! The dialogue of the emergency network reset. Its steps are those of the reset's command.

use xapi_conf::management::{self, Field, Management, Texts};
use xapi_conf::trigger::Keep;

use super::addressing::{Addressing, Moved};
use super::form::{Choice, Entry, Form, Said, Word, scrolled_up};
use super::key::Key;

/// What it is called.
pub const TITLE: &str = "Emergency Network Reset";

/// What the explanation says, a paragraph each.
pub const EXPLANATION: [&str; 4] = [
    "This sets the network of this host back: all bonds, VLANs and tunnels go, and the management interface is made anew \
     on one NIC, as you say in the next windows. Networks stay, and so do the NICs of virtual machines.",
    "The host restarts in the end, and all virtual machines on it stop. Shut them down first if you can. If High \
     Availability is on, switch it off first.",
    "Use it when this host cannot be reached any more. It works without the daemon.",
    "On a slave, management should be on the same NIC as on the master.",
];

/// What is there to start from: what the reset's command starts from as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// NICs, with a few words about each.
    pub nics: Vec<(String, String)>,
    /// The NIC that carried management, if it is known.
    pub device: Option<String>,
    /// Its VLAN.
    pub vlan: Option<u16>,
    /// Whether this is a slave, and of whom.
    pub master: Option<String>,
    /// What could not be read, and what was taken instead.
    pub remarks: Vec<String>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The management interface.
    pub management: Management,
    /// The master's address, on a slave.
    pub master: Option<String>,
    /// What else stays.
    pub keep: Keep,
    /// Whether the machine restarts; otherwise the daemon alone does.
    pub reboot: bool,
}

/// Where the dialogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Which NIC.
    Device,
    /// Which VLAN on it.
    Vlan,
    /// Which addresses.
    Addresses,
    /// Where the master is.
    Master,
    /// Whether that is all right.
    Summary,
}

/// The dialogue.
#[derive(Clone, Debug)]
pub struct Reset {
    /// Where it is.
    pub stage: Stage,
    /// What there was to start from.
    pub basis: Basis,
    /// The NICs.
    pub device: Choice,
    /// The VLAN.
    pub vlan: Form,
    /// The questions about addresses.
    pub addressing: Addressing,
    /// The master's address.
    pub master: Form,
    /// What else stays.
    pub keep: Keep,
    /// Whether the machine restarts.
    pub reboot: bool,
    /// The word that the summary wants.
    pub word: Word,
    /// Lines by which the summary is scrolled up from its end, on screens that are too small for it.
    pub up: usize,
}

/// What came of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Within,
    /// It is left.
    Leave,
    /// It is decided.
    Do(Asked),
}

impl Reset {
    /// The first question.
    pub fn new(basis: Basis) -> Reset {
        let lines = basis.nics.iter();
        let lines = lines.map(|(name, words)| format!("{name} ({words})"));
        let named = basis.device.as_deref().unwrap_or("eth0");
        let at = basis.nics.iter().position(|(name, _)| name == named);
        let vlan = basis.vlan.map_or(String::new(), |tag| tag.to_string());
        let master = basis.master.clone().unwrap_or_default();
        let entry = |label, hint, text: &str| Form::of(vec![Entry::filled(label, hint, text)]);
        Reset {
            stage: Stage::Device,
            device: Choice::of(lines, at.unwrap_or(0)),
            vlan: entry("VLAN", "1 to 4094; empty for none", &vlan),
            addressing: Addressing::filled(&Texts::new()),
            master: entry("Master", "the address of the pool's master", &master),
            keep: Keep::default(),
            reboot: true,
            word: Word::default(),
            up: 0,
            basis,
        }
    }

    fn interface(&self) -> Texts {
        let mut texts = Texts::new();
        let nic = self.basis.nics.get(self.device.at);
        texts.insert(
            Field::Device,
            nic.map_or(String::new(), |(name, _)| name.clone()),
        );
        texts.insert(Field::Vlan, self.vlan.text(0).to_owned());
        texts
    }

    /// What is asked for, as far as it is well.
    pub fn asked(&self) -> Option<Asked> {
        let management = self.addressing.read(&self.interface()).ok()?;
        let master = self.basis.master.as_ref();
        Some(Asked {
            management,
            master: master.map(|_| self.master.text(0).to_owned()),
            keep: self.keep,
            reboot: self.reboot,
        })
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Outcome {
        match self.stage {
            Stage::Device => match self.device.key(key) {
                Said::Nothing => {}
                Said::Back => return Outcome::Leave,
                Said::Accept => self.stage = Stage::Vlan,
            },
            Stage::Vlan => match self.vlan.key(key) {
                Said::Nothing => {}
                Said::Back => self.stage = Stage::Device,
                Said::Accept => self.accept_vlan(),
            },
            Stage::Addresses => {
                let interface = self.interface();
                match self.addressing.key(key, &interface) {
                    Moved::Within => {}
                    Moved::Back => self.stage = Stage::Vlan,
                    Moved::Done if self.basis.master.is_some() => self.stage = Stage::Master,
                    Moved::Done => self.stage = Stage::Summary,
                }
            }
            Stage::Master => match self.master.key(key) {
                Said::Nothing => {}
                Said::Back => {
                    self.addressing.again();
                    self.stage = Stage::Addresses;
                }
                Said::Accept => self.accept_master(),
            },
            Stage::Summary => return self.summary_key(key),
        }
        Outcome::Within
    }

    fn accept_vlan(&mut self) {
        let text = self.vlan.text(0).to_owned();
        match management::vlan(&text) {
            Err(wrong) if !text.is_empty() => self.vlan.complain(0, format!("VLAN {wrong}")),
            _ => self.stage = Stage::Addresses,
        }
    }

    fn accept_master(&mut self) {
        let text = self.master.text(0).to_owned();
        match management::master(&text) {
            Err(wrong) => self.master.complain(0, format!("Master {wrong}")),
            Ok(_) => self.stage = Stage::Summary,
        }
    }

    fn summary_key(&mut self, key: Key) -> Outcome {
        match key {
            // Only with the end in sight: what happens in the end stands there.
            Key::Enter if self.word.is_given() && self.up == 0 => {
                if let Some(asked) = self.asked() {
                    return Outcome::Do(asked);
                }
            }
            Key::Esc | Key::Left if self.basis.master.is_some() => {
                self.word = Word::default();
                self.stage = Stage::Master;
            }
            Key::Esc | Key::Left => {
                self.word = Word::default();
                self.addressing.again();
                self.stage = Stage::Addresses;
            }
            Key::Char('b' | 'B') => self.keep.bonds = !self.keep.bonds,
            Key::Char('v' | 'V') => self.keep.vlans = !self.keep.vlans,
            Key::Char('r' | 'R') => self.reboot = !self.reboot,
            key if let Some(up) = scrolled_up(self.up, key) => self.up = up,
            key => {
                // What is typed is to be seen, and what it leads to with it.
                self.up = 0;
                self.word.key(key);
            }
        }
        Outcome::Within
    }
}
