//! The dialogue that asks whether the network is alive: router, name server, anybody.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::form::{Choice, Entry, Form, Said};
use super::key::Key;
use crate::seen::Kernel;

/// What it is called.
pub const TITLE: &str = "Test Network";

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A router: it resolves its address.
    Router(IpAddr),
    /// A name server: it answers a query.
    NameServer(IpAddr),
    /// Anybody, by address or name: he answers an echo request.
    Anybody(String),
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Router(address) => write!(out, "gateway {address}"),
            Target::NameServer(address) => write!(out, "name server {address}"),
            Target::Anybody(name) => out.write_str(name),
        }
    }
}

/// What is known of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is waited for.
    Waiting,
    /// It came after this time, from this address.
    Came(IpAddr, Duration),
    /// None came, for this reason.
    None(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Waiting => out.write_str("asking ..."),
            Answer::Came(_, after) => {
                write!(out, "answers after {:.1} ms", after.as_secs_f64() * 1000.0)
            }
            Answer::None(why) => out.write_str(why),
        }
    }
}

/// The dialogue.
#[derive(Clone, Debug)]
pub struct Probing {
    /// The list of questions.
    pub list: Choice,
    /// The address to be asked, while it is typed.
    pub typing: Option<Form>,
    /// Who was asked, and what came of it.
    pub asked: Vec<(Target, Answer)>,
    routers: Vec<Target>,
    servers: Vec<Target>,
}

/// What came of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Within,
    /// It is left.
    Leave,
    /// These are to be asked.
    Ask(Vec<Target>),
}

impl Probing {
    /// The list of questions.
    pub fn new(kernel: &Kernel) -> Probing {
        let routers = kernel.routers.iter();
        let routers: Vec<_> = routers
            .map(|(address, _)| Target::Router(*address))
            .collect();
        let servers = kernel.servers.iter();
        let servers: Vec<_> = servers
            .map(|address| Target::NameServer(*address))
            .collect();
        Probing {
            list: Choice::of(
                [
                    "Gateway and name servers",
                    "Gateway",
                    "Name servers",
                    "An address or name ...",
                ],
                0,
            ),
            typing: None,
            asked: Vec::new(),
            routers,
            servers,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Outcome {
        if let Some(form) = &mut self.typing {
            match form.key(key) {
                Said::Nothing => {}
                Said::Back => self.typing = None,
                Said::Accept => {
                    let text = form.text(0).to_owned();
                    if !is_askable(&text) {
                        let why =
                            "An address, such as 192.168.0.1, or a name, such as www.example.org.";
                        form.complain(0, why.to_owned());
                        return Outcome::Within;
                    }
                    self.typing = None;
                    return self.ask(vec![Target::Anybody(text)]);
                }
            }
            return Outcome::Within;
        }
        match self.list.key(key) {
            Said::Nothing => Outcome::Within,
            Said::Back => Outcome::Leave,
            Said::Accept => match self.list.at {
                0 => self.ask([self.routers.clone(), self.servers.clone()].concat()),
                1 => self.ask(self.routers.clone()),
                2 => self.ask(self.servers.clone()),
                _ => {
                    let hint = "an address or a name";
                    self.typing = Some(Form::of(vec![Entry::filled("Ask", hint, "")]));
                    Outcome::Within
                }
            },
        }
    }

    fn ask(&mut self, targets: Vec<Target>) -> Outcome {
        // Each question is a thread, and a key that is held down would ask without end.
        if self.is_waiting() {
            return Outcome::Within;
        }
        self.asked = targets
            .iter()
            .map(|target| (target.clone(), Answer::Waiting))
            .collect();
        match targets.is_empty() {
            true => Outcome::Within,
            false => Outcome::Ask(targets),
        }
    }

    fn is_waiting(&self) -> bool {
        let mut asked = self.asked.iter();
        asked.any(|(_, answer)| *answer == Answer::Waiting)
    }

    /// Takes an answer. One that is not waited for is to an earlier question.
    pub fn answered(&mut self, target: &Target, answer: Answer) {
        let waiting = |asked: &&mut (Target, Answer)| asked.0 == *target;
        if let Some(asked) = self.asked.iter_mut().find(waiting) {
            asked.1 = answer;
        }
    }

    /// Whether the list is of nobody, since the kernel knows none.
    pub fn is_of_nobody(&self) -> bool {
        match self.list.at {
            0 => self.routers.is_empty() && self.servers.is_empty(),
            1 => self.routers.is_empty(),
            2 => self.servers.is_empty(),
            _ => false,
        }
    }
}

fn is_askable(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
    !text.is_empty() && text.len() <= 253 && text.chars().all(is_name) && !text.starts_with('-')
}
