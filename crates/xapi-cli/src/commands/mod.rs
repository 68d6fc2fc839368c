//! The commands that are calls, as tables: name, parameters, what it does, how.
//!
//! A command that is one message names the message and how the command line says its parameters; types, defaults
//! and the form of the result come from the model. The few that are more have a function.

mod certificate;
mod emergency;
mod event;
mod host;
mod host_data;
mod host_network;
mod message;
mod network;
mod pif;
mod pool;
mod pool_network;
mod pool_service;
mod session;
mod storage;
mod subject;
mod transfer;
mod vif;
mod vm;

use crate::command::{Action, Arg, Command, Context, OneCall, Says};
use crate::failure::Failure;
use crate::select::{Of, Selected};
use crate::server::Row;

/// A command as it is declared.
pub struct Entry {
    name: &'static str,
    reqd: &'static [&'static str],
    optional: &'static [&'static str],
    help: &'static str,
    hidden: bool,
    local: bool,
    action: Action,
}

/// A command that is one message.
const fn call(name: &'static str, message: &'static str, args: &'static [Arg]) -> Entry {
    Entry::new(
        name,
        Action::Call(OneCall {
            message,
            args,
            through: None,
            long: false,
            says: Says::Result,
        }),
    )
}

/// A command with a function of its own.
const fn own(name: &'static str, run: fn(&mut Context<'_>) -> Result<(), Failure>) -> Entry {
    Entry::new(name, Action::Own(run))
}

/// A command on the hosts that selectors name.
const fn hosts(
    name: &'static str,
    run: fn(&mut Context<'_>, &Row) -> Result<(), Failure>,
) -> Entry {
    Entry::new(
        name,
        Action::Selected(Selected {
            of: Of::Hosts,
            run,
            one_only: false,
        }),
    )
}

/// A command on the VMs that selectors name.
const fn vms(
    name: &'static str,
    of: Of,
    run: fn(&mut Context<'_>, &Row) -> Result<(), Failure>,
) -> Entry {
    Entry::new(
        name,
        Action::Selected(Selected {
            of,
            run,
            one_only: false,
        }),
    )
}

impl Entry {
    const fn new(name: &'static str, action: Action) -> Entry {
        Entry {
            name,
            reqd: &[],
            optional: &[],
            help: "",
            hidden: false,
            local: false,
            action,
        }
    }
    /// Parameters that must be there.
    const fn reqd(mut self, names: &'static [&'static str]) -> Entry {
        self.reqd = names;
        self
    }
    /// Parameters that may be there.
    const fn optional(mut self, names: &'static [&'static str]) -> Entry {
        self.optional = names;
        self
    }
    /// What it does, in a sentence.
    const fn help(mut self, text: &'static str) -> Entry {
        self.help = text;
        self
    }
    /// In no list.
    const fn hidden(mut self) -> Entry {
        self.hidden = true;
        self
    }
    /// Answered by this host alone.
    const fn local(mut self) -> Entry {
        self.local = true;
        self
    }
    /// On one object, even if selectors name several.
    const fn one_only(mut self) -> Entry {
        if let Action::Selected(mut on) = self.action {
            on.one_only = true;
            self.action = Action::Selected(on);
        }
        self
    }
    /// The UUID behind this field of the result is printed.
    const fn through(mut self, field: &'static str) -> Entry {
        if let Action::Call(mut call) = self.action {
            call.through = Some(field);
            self.action = Action::Call(call);
        }
        self
    }

    /// It may take long, so whoever looks is shown how far it is.
    const fn long(mut self) -> Entry {
        if let Action::Call(mut call) = self.action {
            call.long = true;
            self.action = Action::Call(call);
        }
        self
    }
    /// Its result is words for people, or nothing that the user asked for.
    const fn says(mut self, says: Says) -> Entry {
        if let Action::Call(mut call) = self.action {
            call.says = says;
            self.action = Action::Call(call);
        }
        self
    }

    fn command(&self) -> Command {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Command {
            name: self.name.to_owned(),
            reqd: owned(self.reqd),
            optional: owned(self.optional),
            help: self.help.to_owned(),
            standard: false,
            hidden: self.hidden,
            local: self.local,
            action: self.action,
        }
    }
}

/// All of them.
pub fn commands() -> impl Iterator<Item = Command> {
    let tables = [
        pif::PIF,
        pif::BOND,
        pif::VLAN,
        pif::TUNNEL,
        network::NETWORK,
        vif::VIF,
        vm::VM,
        host::HOST,
        host_data::HOST_DATA,
        host_network::HOST_NETWORK,
        emergency::EMERGENCY,
        pool::POOL,
        pool_network::POOL_NETWORK,
        pool_service::POOL_SERVICE,
        certificate::CERTIFICATE,
        storage::STORAGE,
        session::SESSION,
        subject::SUBJECT,
        event::EVENT,
        transfer::TRANSFER,
        message::MESSAGE,
    ];
    tables.into_iter().flatten().map(Entry::command)
}
