//! The dialogue that moves management or gives it other addresses.

use xapi_conf::management::{Field, Management, Misfit, Texts, netmask_of};

use super::addressing::{Addressing, MODES_V4, MODES_V6, Moved, Part};
use super::form::{Choice, Said, Word, scrolled_up};
use super::job::{Change, Job, disable};
use super::key::Key;
use crate::seen::{Kernel, Kind, Pif, Told};

/// What it is called.
pub const TITLE: &str = "Configure Management Interface";

/// For how long a change waits to be confirmed, in seconds.
const SECONDS: std::ops::RangeInclusive<u16> = 15..=300;
const STEP: u16 = 15;

/// Where the dialogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Which interface.
    Interface,
    /// Which addresses.
    Addresses,
    /// Whether that is all right.
    Summary,
}

/// The dialogue.
#[derive(Clone, Debug)]
pub struct Configure {
    /// Where it is.
    pub stage: Stage,
    /// Interfaces that could carry management; behind them the list has one line more, for none.
    pub pifs: Vec<Pif>,
    /// Their list.
    pub interface: Choice,
    /// The questions about addresses.
    pub addressing: Addressing,
    /// For how long a change waits to be confirmed, in seconds.
    pub confirm_within: u16,
    /// Whether the interface that carries management so far gives up its addresses.
    pub gives_up: bool,
    /// The word that the summary wants before management is switched off: nothing undoes that by itself.
    pub word: Word,
    /// Lines by which the summary is scrolled up from its end, on screens that are too small for it.
    pub up: usize,
    /// The interface that the answers are about.
    about: Option<usize>,
}

/// What came of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing yet.
    Within,
    /// It is left.
    Leave,
    /// It is decided.
    Do(Job),
}

impl Configure {
    /// The first question.
    pub fn new(told: &Told, kernel: &Kernel) -> Configure {
        let pifs = told.pifs.iter().filter(|pif| pif.could_be_management());
        let pifs: Vec<Pif> = pifs.cloned().collect();
        let at = pifs.iter().position(|pif| pif.management).unwrap_or(0);
        let mut lines: Vec<String> = pifs.iter().map(|pif| line(pif, kernel)).collect();
        lines.push("None: the API on this host alone".to_owned());
        Configure {
            stage: Stage::Interface,
            addressing: Addressing::filled(&Texts::new()),
            interface: Choice::of(lines, at),
            pifs,
            confirm_within: 60,
            gives_up: true,
            word: Word::default(),
            up: 0,
            about: None,
        }
    }

    /// The interface that is chosen; none is a choice as well.
    pub fn chosen(&self) -> Option<&Pif> {
        self.pifs.get(self.interface.at)
    }

    /// The interface that carries management now, if another one shall.
    pub fn before(&self) -> Option<&Pif> {
        let old = self.pifs.iter().find(|pif| pif.management);
        old.filter(|old| {
            self.chosen()
                .is_some_and(|new| new.reference != old.reference)
        })
    }

    /// What is wanted of the interface that is chosen, or what is wrong with that; none if none is chosen.
    pub fn wanted(&self) -> Option<Result<Management, Vec<Misfit>>> {
        Some(self.addressing.read(&base(self.chosen()?)))
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Outcome {
        match self.stage {
            Stage::Interface => match self.interface.key(key) {
                Said::Nothing => return Outcome::Within,
                Said::Back => return Outcome::Leave,
                Said::Accept => match self.chosen() {
                    Some(pif) => {
                        // Whoever was only back at the list finds what he typed.
                        if self.about != Some(self.interface.at) {
                            self.addressing = Addressing::filled(&present(pif));
                            self.about = Some(self.interface.at);
                        }
                        self.stage = Stage::Addresses;
                    }
                    None => self.stage = Stage::Summary,
                },
            },
            Stage::Addresses => {
                let Some(interface) = self.chosen().map(base) else {
                    return Outcome::Leave;
                };
                if let Some(why) = self.lost_family(key) {
                    self.addressing.complaint = Some(why);
                    return Outcome::Within;
                }
                match self.addressing.key(key, &interface) {
                    Moved::Within => {}
                    Moved::Back => self.stage = Stage::Interface,
                    Moved::Done => self.stage = Stage::Summary,
                }
            }
            Stage::Summary => return self.summary_key(key),
        }
        Outcome::Within
    }

    fn summary_key(&mut self, key: Key) -> Outcome {
        if let Some(up) = scrolled_up(self.up, key) {
            self.up = up;
            return Outcome::Within;
        }
        // The end is in sight again before anything is begun: what happens if nobody confirms it stands there.
        let was_in_sight = std::mem::take(&mut self.up) == 0;
        match key {
            Key::Enter if !was_in_sight => {}
            Key::Enter => {
                if let Some(job) = self.job() {
                    return Outcome::Do(job);
                }
            }
            Key::Esc | Key::Left if self.chosen().is_none() => {
                self.word = Word::default();
                self.stage = Stage::Interface;
            }
            key if self.chosen().is_none() => self.word.key(key),
            Key::Esc | Key::Left => {
                self.addressing.again();
                self.stage = Stage::Addresses;
            }
            Key::Char('+') => {
                self.confirm_within = (self.confirm_within + STEP).min(*SECONDS.end());
            }
            Key::Char('-') => {
                self.confirm_within = (self.confirm_within - STEP).max(*SECONDS.start());
            }
            Key::Char('a' | 'A') => self.gives_up = !self.gives_up,
            _ => {}
        }
        Outcome::Within
    }

    /// Why an answer would take the address away that management runs over: the daemon refuses that.
    fn lost_family(&self, key: Key) -> Option<String> {
        let pif = self.chosen().filter(|pif| pif.management)?;
        let addressing = &self.addressing;
        let (is_none, family) = match addressing.part {
            Part::ModeV4 if !pif.ipv6_first => (MODES_V4[addressing.mode_v4.at] == "none", "IPv4"),
            Part::ModeV6 if pif.ipv6_first => (MODES_V6[addressing.mode_v6.at] == "none", "IPv6"),
            _ => return None,
        };
        let takes = matches!(key, Key::Enter | Key::Right);
        (takes && is_none).then(|| {
            format!("Management runs over {family} on this interface, so it needs an address of {family}.")
        })
    }

    /// What is to be done; none as long as something is wrong or missing.
    pub fn job(&self) -> Option<Job> {
        let Some(pif) = self.chosen() else {
            return self.word.is_given().then(|| Job {
                title: TITLE,
                calls: vec![disable()],
                confirm_within: None,
                done: "Management is switched off.".to_owned(),
            });
        };
        let wanted = self.wanted()?.ok()?;
        let change = Change {
            on: pif,
            wanted: &wanted,
            gives_up: self.before().filter(|_| self.gives_up),
        };
        Some(Job {
            title: TITLE,
            calls: change.calls(),
            confirm_within: Some(self.confirm_within),
            done: format!("Management is on {}.", pif.name()),
        })
    }
}

fn line(pif: &Pif, kernel: &Kernel) -> String {
    let nic = kernel.nics.iter().find(|nic| nic.name == pif.device);
    let mut line = pif.name();
    match &pif.kind {
        Kind::Bond(members) => line += &format!(" ({})", members.join("+")),
        Kind::Nic => {
            if let Some(nic) = nic {
                line += &format!(" ({}, {})", nic.link(), nic.mac);
            }
        }
        Kind::Vlan(_) | Kind::Tunnel => {}
    }
    let address = [&pif.ip, &pif.ipv6]
        .into_iter()
        .find(|text| !text.is_empty());
    if let Some(address) = address {
        line += &format!(" {address}");
    }
    if pif.management {
        line += ", management";
    }
    line
}

/// What is known of an interface before anything is asked. The parsers know NICs; a bond's name is as good.
fn base(pif: &Pif) -> Texts {
    let mut texts = Texts::new();
    texts.insert(Field::Device, pif.device.clone());
    if let Kind::Vlan(tag) = pif.kind {
        texts.insert(Field::Vlan, tag.to_string());
    }
    texts
}

/// The answers that say what an interface has now. One without addresses is asked for as most are.
fn present(pif: &Pif) -> Texts {
    let mut texts = base(pif);
    let mut put = |field, text: &str| texts.insert(field, text.to_owned());
    let none = pif.mode == "None" && pif.mode_v6 == "None";
    put(Field::Mode, if none { "dhcp" } else { &pif.mode });
    put(Field::Ip, &pif.ip);
    let netmask = match pif.netmask.as_str() {
        "" => netmask_of(24).to_string(),
        netmask => netmask.to_owned(),
    };
    put(Field::Netmask, &netmask);
    put(Field::Gateway, &pif.gateway);
    put(Field::ModeV6, &pif.mode_v6);
    put(Field::Ipv6, &pif.ipv6);
    put(Field::GatewayV6, &pif.gateway_v6);
    put(Field::Dns, &pif.dns);
    texts
}
