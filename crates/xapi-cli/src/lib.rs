//! The grammar, commands and formatting of `xe`, over a call function and a writer.
//!
//! `bin/xe` runs it over the wire; a server runs it for its [thin clients](thin). It must not know sockets, files, the
//! environment or the process: what it may call is an [`Rpc`], what it says goes to an [`Output`].
//!
//! The output is an interface: people's scripts cut it with `awk` and `cut`, so padding, flags and empty lines follow
//! XAPI to the space. Start at [`run`]; the classes are declared in [`records`], the commands that are one message
//! in [`commands`].

mod care;
mod command;
mod commands;
mod events;
mod failure;
mod filter;
mod grammar;
mod help;
mod input;
mod json;
mod man;
mod plan;
mod print;
mod progress;
mod records;
mod rpc;
mod select;
mod server;
mod shown;
pub mod thin;
mod verbs;

use command::{Action, Context};
use failure::Failure;
use grammar::CommandLine;
use print::{Form, Printer};
use server::Server;

pub use grammar::STANDARD;
pub use rpc::{LARGEST_FILE, NotFetched, Output, Rpc, RpcError, Scope, Watcher};

/// Carries out one command line, without the options that the client itself consumes, and returns the exit status.
pub fn run(args: &[String], rpc: &mut dyn Rpc, out: &mut dyn Output) -> i32 {
    let read = CommandLine::parse(args).and_then(|line| Ok((line.params.form()?, line)));
    let (form, line) = match read {
        Ok(read) => read,
        Err(failure) => {
            failure.tell(None, &mut Printer::new(out, Form::Normal), false);
            return 1;
        }
    };
    let wishes = care::wishes(&line.name, &line.params);
    if !wishes.is_empty() {
        rpc.careful(&wishes);
    }
    let mut cx = Context {
        server: Server::new(rpc),
        params: &line.params,
        printer: Printer::new(out, form),
    };
    if let Some(warning) = care::warning(&wishes) {
        cx.printer.eprint(&warning);
    }
    let status = match carry_out(&line.name, &mut cx) {
        Ok(()) => {
            cx.printer.flush();
            0
        }
        // What was asked for was the plan.
        Err(Failure::Api(error)) if error.code == care::PLAN => {
            plan::show(&mut cx.printer, plan::told(&error.params));
            cx.printer.flush();
            0
        }
        Err(failure) => {
            let trace = line.params.switch("trace");
            failure.tell(Some(&mut cx.server), &mut cx.printer, trace);
            1
        }
    };
    cx.server.logout();
    status
}

/// The order is XAPI's: help, the command's name, its required parameters, and only then a login.
fn carry_out(name: &str, cx: &mut Context<'_>) -> Result<(), Failure> {
    if name == "help" {
        help::print(cx.params, &mut cx.printer);
        return Ok(());
    }
    let Some(command) = command::find(name) else {
        return Err(Failure::UnknownCommand(name.to_owned()));
    };
    command.check_required(cx.params)?;
    if !matches!(command.action, Action::Offline(_)) {
        let user = cx.params.get("username").unwrap_or_default();
        let password = cx.params.get("password").unwrap_or_default();
        let scope = if command.local {
            Scope::Host
        } else {
            Scope::Pool
        };
        cx.server.login(user, password, scope)?;
    }
    command.run(cx)
}
