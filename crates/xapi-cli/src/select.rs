//! Selectors: commands that work on every host or VM that their filters let through.

use xapi_model::Value;

use crate::command::{Command, Context};
use crate::failure::Failure;
use crate::filter::filter;
use crate::records;
use crate::server::Row;

/// A command on objects that selectors name.
#[derive(Clone, Copy)]
pub struct Selected {
    /// What is selected.
    pub of: Of,
    /// Carries it out on one of them.
    pub run: fn(&mut Context<'_>, &Row) -> Result<(), Failure>,
    /// It makes no sense on several, whatever the user says.
    pub one_only: bool,
}

/// What selectors name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Hosts.
    Hosts,
    /// VMs, without templates and control domains.
    Vms,
    /// The same with control domains.
    VmsAndControlDomains,
}

impl Of {
    /// Name of the records, of the pseudo-field, and of one of them.
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Of::Hosts => ("host", "host", "host"),
            Of::Vms | Of::VmsAndControlDomains => ("vm", "vm", "VM"),
        }
    }

    /// The fields that the pseudo-field looks at.
    const fn named_by(self) -> &'static [&'static str] {
        match self {
            Of::Hosts => &["uuid", "hostname", "name_label"],
            Of::Vms | Of::VmsAndControlDomains => &["uuid", "name_label"],
        }
    }

    /// Whether an object can be meant at all.
    fn includes(self, row: &Row) -> bool {
        let is = |field: &str| row.record.member(field) == Some(&Value::Bool(true));
        match self {
            Of::Hosts => true,
            Of::Vms => !is("is_a_template") && !is("is_control_domain"),
            Of::VmsAndControlDomains => !is("is_a_template"),
        }
    }

    /// What help says beside the parameters of such a command.
    pub const fn place(self) -> &'static str {
        match self {
            Of::Hosts => "<host-selectors>",
            Of::Vms | Of::VmsAndControlDomains => "<vm-selectors>",
        }
    }

    /// What help says after its sentence.
    pub const fn help(self) -> &'static str {
        match self {
            Of::Hosts => {
                "Hosts are selected with FIELD=VALUE as in host-list, or with host=, a UUID, host name or \
                 name-label. Without a selector every host is meant; several need --multiple."
            }
            Of::Vms | Of::VmsAndControlDomains => {
                "VMs are selected with FIELD=VALUE as in vm-list, or with vm=, a UUID or name-label. Without a \
                 selector every VM is meant; several need --multiple."
            }
        }
    }
}

/// Carries a command out on the objects that its parameters select.
pub fn run(command: &Command, on: Selected, cx: &mut Context<'_>) -> Result<(), Failure> {
    let selected = rows(command, on.of, cx)?;
    let (.., one) = on.of.names();
    match selected.as_slice() {
        [] => refused(&format!("No {one} matches")),
        [row] => (on.run)(cx, row),
        _ if on.one_only => refused(&format!("Several {one}s match, and this command takes one")),
        _ if !cx.params.switch("multiple") => refused(&format!(
            "Several {one}s match; --multiple is required to carry this out on all of them"
        )),
        several => {
            let mut failed = Vec::new();
            for row in several {
                if let Err(why) = (on.run)(cx, row) {
                    let why = why.text(Some(&mut cx.server));
                    failed.push((row.text("uuid").to_owned(), why));
                }
            }
            if failed.is_empty() {
                Ok(())
            } else {
                Err(Failure::Several(failed))
            }
        }
    }
}

fn refused(text: &str) -> Result<(), Failure> {
    Err(Failure::Refused(text.to_owned()))
}

/// The objects that the parameters of a command select.
pub fn rows(command: &Command, of: Of, cx: &mut Context<'_>) -> Result<Vec<Row>, Failure> {
    let (records, pseudo, one) = of.names();
    let kind = records::kind(records)
        .ok_or_else(|| Failure::Answer(format!("{one}s have no declaration")))?;
    let mut rows = cx.server.rows(kind.class)?;
    rows.retain(|row| of.includes(row));
    for (key, value) in cx.params.own() {
        let name = key.split(':').next().unwrap_or(key);
        if command.takes(name) {
            continue;
        }
        if key == pseudo {
            let is_meant = |row: &Row| of.named_by().iter().any(|field| row.text(field) == value);
            rows.retain(is_meant);
        } else {
            rows = filter(&mut cx.server, kind, rows, (key, value))?;
        }
    }
    Ok(rows)
}
