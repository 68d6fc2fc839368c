//! Selectors: commands that work on every host that their filters let through.

use crate::command::{Command, Context};
use crate::failure::Failure;
use crate::filter::filter;
use crate::records;
use crate::server::Row;

/// A command on hosts.
#[derive(Clone, Copy)]
pub struct OnHosts {
    /// Carries it out on one of them.
    pub run: fn(&mut Context<'_>, &Row) -> Result<(), Failure>,
    /// It makes no sense on several, whatever the user says.
    pub one_only: bool,
}

/// What help says beside the parameters of such a command.
pub const PLACE: &str = "<host-selectors>";
/// What help says after its sentence.
pub const HELP: &str = "Hosts are selected with FIELD=VALUE as in host-list, or with host=, a UUID, host name or \
                        name-label. Without a selector every host is meant; several need --multiple.";

/// Carries a command out on the hosts that its parameters select.
pub fn run(command: &Command, on: OnHosts, cx: &mut Context<'_>) -> Result<(), Failure> {
    let hosts = hosts(command, cx)?;
    match hosts.as_slice() {
        [] => refused("No host matches"),
        [host] => (on.run)(cx, host),
        _ if on.one_only => refused("Several hosts match, and this command takes one"),
        _ if !cx.params.switch("multiple") => {
            refused("Several hosts match; --multiple is required to carry this out on all of them")
        }
        several => {
            let mut failed = Vec::new();
            for host in several {
                if let Err(why) = (on.run)(cx, host) {
                    let why = why.text(Some(&mut cx.server));
                    failed.push((host.text("uuid").to_owned(), why));
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

fn hosts(command: &Command, cx: &mut Context<'_>) -> Result<Vec<Row>, Failure> {
    let kind = records::kind("host")
        .ok_or_else(|| Failure::Answer("hosts have no declaration".to_owned()))?;
    let mut hosts = cx.server.rows(kind.class)?;
    for (key, value) in cx.params.own() {
        let name = key.split(':').next().unwrap_or(key);
        if command.takes(name) {
            continue;
        }
        if key == "host" {
            let is_meant = |host: &Row| {
                ["uuid", "hostname", "name_label"]
                    .iter()
                    .any(|field| host.text(field) == value)
            };
            hosts.retain(is_meant);
        } else {
            hosts = filter(&mut cx.server, kind, hosts, (key, value))?;
        }
    }
    Ok(hosts)
}
