//! `xe help`: the usage, the lists of commands, and what one command takes. Needs no server.

use crate::command::{self, Action, Command};
use crate::grammar::{Params, STANDARD};
use crate::print::{Block, Printer};

/// A line and the next name are no longer than this; the comma between them is not counted.
const WIDTH: usize = 74;

/// Prints the help that the parameters ask for.
pub fn print(params: &Params, printer: &mut Printer<'_>) {
    let own = params.own();
    let named: Vec<&str> = own
        .map(|(name, _)| name)
        .filter(|name| !STANDARD.contains(name))
        .collect();
    if named.is_empty() {
        overview(params.switch("all"), printer);
        return;
    }
    for name in named {
        match command::find(name) {
            Some(command) => printer.table(&[block(command)]),
            None => printer.list(&[format!("Unknown command '{name}'")]),
        }
    }
}

fn overview(all: bool, printer: &mut Printer<'_>) {
    let listed = |command: &&Command| !command.hidden && (all || command.standard);
    let names: Vec<&str> = command::all()
        .iter()
        .filter(listed)
        .map(|command| command.name.as_str())
        .collect();
    if printer.is_minimal() {
        printer.list(&names);
        return;
    }
    let mut text = USAGE.to_owned();
    if all {
        let of = |prefix: &str| -> Vec<&str> {
            names
                .iter()
                .copied()
                .filter(|name| name.starts_with(prefix))
                .collect()
        };
        let (hosts, vms) = (of("host-"), of("vm-"));
        let is_other = |name: &&str| !name.starts_with("host-") && !name.starts_with("vm-");
        let others: Vec<&str> = names.into_iter().filter(is_other).collect();
        text += "A full list of commands:\n\n";
        text += &[hosts, vms, others]
            .map(|block| wrapped(&block))
            .join("\n    \n");
    } else {
        text += "The most common commands, of which more are listed by 'xe help --all':\n\n";
        text += &wrapped(&names);
    }
    printer.message(&text);
}

/// Names between commas, in lines that begin with four spaces; the end of a line needs no comma.
fn wrapped(names: &[&str]) -> String {
    const INDENT: &str = "    ";
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() <= WIDTH => {
                line.push_str(", ");
                line.push_str(name);
            }
            _ => lines.push(format!("{INDENT}{name}")),
        }
    }
    lines.join("\n")
}

/// The keys have XAPI's trailing spaces; completion scripts read these lines.
fn block(command: &Command) -> Block {
    let pair = |key: &str, value: String| (key.to_owned(), value);
    let mut optional = command.optional.clone();
    let mut help = command.help.clone();
    if let Action::Selected(on) = command.action {
        optional.push(on.of.place().to_owned());
        help = format!("{help} {}", on.of.help());
    }
    vec![
        pair("command name        ", command.name.clone()),
        pair("reqd params     ", command.reqd.join(", ")),
        pair("optional params ", optional.join(", ")),
        pair("description     ", help),
    ]
}

const USAGE: &str = "\
Usage: xe COMMAND [PARAMETER=VALUE ...] [--SWITCH ...]

Options, anywhere on the line:
    -s SERVER       the host to talk to; without it this one, over its socket
    -p PORT         the port there
    -u USER         the user to log in as
    -pw PASSWORD    the password
    -pwf FILE       a file with the user on its first line, the password on its second
    --nossl         plain TCP instead of TLS
    --ca FILE       takes certificates of the authorities in FILE instead of those seen before
    --debug         shows the calls on standard error
    --debug-on-fail shows them only when the command fails
    --minimal       prints the first value of each record only, between commas
    --json          prints one document of typed values; errors are JSON on standard error
    --trace         tells more of an error

With commands that change a host's network:
    --plan-only             tells the steps, and does none
    --confirm-within=SECS   undoes the change unless 'xe host-network-confirm' is said in time on another terminal
    --probe=ADDRESS         undoes the change if this address answers no more
    --no-rollback           keeps the change though the router and the name servers answer no more

The same options are read from ~/.xe, as lines OPTION=VALUE, and from XE_EXTRA_ARGS, between commas.

'xe help COMMAND' tells what a command takes, 'xe help --all' lists every command.
'xe man' writes the manual page: xe man | man -l -
'xe completion' writes the completion script of bash: source <(xe completion)

";
