//! The dialogue that adds and removes name servers.

use xapi_conf::management;

use super::form::{Choice, Entry, Form, Said};
use super::job::{Job, name_servers};
use super::key::Key;
use crate::seen::Pif;

/// What it is called.
pub const TITLE: &str = "Add/Remove DNS Servers";

/// The dialogue.
#[derive(Clone, Debug)]
pub struct Servers {
    /// The management interface.
    pub pif: Pif,
    /// The list: one line to add a server, then one to remove each.
    pub list: Choice,
    /// The server to be added, while it is typed.
    pub adding: Option<Form>,
    servers: Vec<String>,
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

impl Servers {
    /// The list; or why there is nothing to be changed.
    pub fn new(pif: &Pif) -> Result<Servers, String> {
        if pif.mode != "Static" && pif.mode_v6 != "Static" {
            return Err(format!(
                "The addresses of {} are not static: its name servers come with them, by DHCP or from routers. \
                 Give it a static address first (Configure Management Interface).",
                pif.name()
            ));
        }
        let servers = pif.servers();
        let mut lines = vec!["Add a name server".to_owned()];
        lines.extend(servers.iter().map(|server| format!("Remove {server}")));
        Ok(Servers {
            pif: pif.clone(),
            list: Choice::of(lines, 0),
            adding: None,
            servers,
        })
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Outcome {
        if let Some(form) = &mut self.adding {
            match form.key(key) {
                Said::Nothing => {}
                Said::Back => self.adding = None,
                Said::Accept => return self.add(),
            }
            return Outcome::Within;
        }
        match self.list.key(key) {
            Said::Nothing => Outcome::Within,
            Said::Back => Outcome::Leave,
            Said::Accept if self.list.at == 0 => {
                let hint = "an address, such as 192.168.0.1";
                self.adding = Some(Form::of(vec![Entry::filled("Name server", hint, "")]));
                Outcome::Within
            }
            Said::Accept => {
                let mut left = self.servers.clone();
                let removed = left.remove(self.list.at - 1);
                Outcome::Do(self.job(&left, format!("{removed} is asked no more.")))
            }
        }
    }

    fn add(&mut self) -> Outcome {
        let Some(form) = &mut self.adding else {
            return Outcome::Within;
        };
        let text = form.text(0).to_owned();
        let added = match management::dns(&text).as_deref() {
            Ok([one]) => *one,
            Ok(_) => {
                form.complain(0, "One name server at a time.".to_owned());
                return Outcome::Within;
            }
            Err(wrong) => {
                let why = format!("Name server {wrong}");
                form.complain(0, why);
                return Outcome::Within;
            }
        };
        let family = if added.is_ipv4() { "IPv4" } else { "IPv6" };
        let mode = if added.is_ipv4() {
            &self.pif.mode
        } else {
            &self.pif.mode_v6
        };
        if mode != "Static" {
            let name = self.pif.name();
            form.complain(0, format!("{name} has no static address of {family}: name servers of that family come with its address."));
            return Outcome::Within;
        }
        if self.servers.contains(&added.to_string()) {
            form.complain(0, format!("{added} is asked already."));
            return Outcome::Within;
        }
        let mut all = self.servers.clone();
        all.push(added.to_string());
        if let Err(wrong) = management::dns(&all.join(",")) {
            form.complain(0, format!("Name servers: {wrong}"));
            return Outcome::Within;
        }
        Outcome::Do(self.job(&all, format!("{added} is asked from now on.")))
    }

    fn job(&self, servers: &[String], done: String) -> Job {
        Job {
            title: TITLE,
            calls: name_servers(&self.pif, servers),
            confirm_within: None,
            done,
        }
    }
}
