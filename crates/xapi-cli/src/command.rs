//! The table of commands: the record commands of every class, and those that are calls.

use std::sync::OnceLock;

use xapi_model::{Type, Value, classes, messages::messages};

use crate::commands;
use crate::failure::Failure;
use crate::grammar::Params;
use crate::input::read;
use crate::man;
use crate::print::Printer;
use crate::records::{Column, Kind, Shape, kinds};
use crate::select::{self, OnHosts};
use crate::server::{Server, surprise};
use crate::shown::text;
use crate::verbs::{self, Verb};

/// What a command works with.
pub struct Context<'a> {
    /// The server, logged in.
    pub server: Server<'a>,
    /// The parameters.
    pub params: &'a Params,
    /// Where the output goes.
    pub printer: Printer<'a>,
}

impl<'a> Context<'a> {
    /// The value of a parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&'a str, Failure> {
        let params: &'a Params = self.params;
        params
            .get(name)
            .ok_or_else(|| Failure::Required(name.to_owned()))
    }
}

/// A parameter of a message, and how the command line says it.
#[derive(Clone, Copy)]
pub struct Arg {
    /// Name on the wire.
    pub wire: &'static str,
    /// Name on the command line.
    pub cli: &'static str,
    /// What counts when the user says nothing and the model has no default.
    pub or: Option<&'static str>,
    /// The name may be written in either case.
    pub any_case: bool,
}

/// A parameter under its name on the command line.
pub const fn arg(wire: &'static str, cli: &'static str) -> Arg {
    Arg {
        wire,
        cli,
        or: None,
        any_case: false,
    }
}

impl Arg {
    /// The value when the user says nothing.
    pub const fn or(mut self, text: &'static str) -> Arg {
        self.or = Some(text);
        self
    }
    /// The name may be written in either case.
    pub const fn any_case(mut self) -> Arg {
        self.any_case = true;
        self
    }
}

/// A command that is one message.
#[derive(Clone, Copy)]
pub struct OneCall {
    /// The message.
    pub message: &'static str,
    /// Its parameters in wire order; types and defaults are the model's.
    pub args: &'static [Arg],
    /// The UUID behind this field of the result is printed instead of the result's own.
    pub through: Option<&'static str>,
}

/// How a command is carried out.
#[derive(Clone, Copy)]
pub enum Action {
    /// By one message.
    Call(OneCall),
    /// By a function.
    Own(fn(&mut Context<'_>) -> Result<(), Failure>),
    /// Without a server.
    Offline(fn(&mut Printer<'_>)),
    /// On the hosts that selectors name.
    Hosts(OnHosts),
    /// On the records of a class.
    Record(Verb, &'static Kind),
}

/// A command.
pub struct Command {
    /// Its name.
    pub name: String,
    /// Parameters that must be there.
    pub reqd: Vec<String>,
    /// Parameters that may be there.
    pub optional: Vec<String>,
    /// What it does, in a sentence.
    pub help: String,
    /// In the short list of `xe help`.
    pub standard: bool,
    /// In no list.
    pub hidden: bool,
    /// Answered by this host alone, with a local session.
    pub local: bool,
    /// How it is carried out.
    pub action: Action,
}

impl Command {
    /// Refuses a command line that leaves out a required parameter.
    pub fn check_required(&self, params: &Params) -> Result<(), Failure> {
        let is_there = |name: &&String| params.get(name).is_some();
        match self.reqd.iter().find(|name| !is_there(name)) {
            Some(missing) => Err(Failure::Required(missing.clone())),
            None => Ok(()),
        }
    }

    /// Carries it out.
    pub fn run(&self, cx: &mut Context<'_>) -> Result<(), Failure> {
        match self.action {
            Action::Call(call) => call_one(&call, cx),
            Action::Own(run) => run(cx),
            Action::Offline(write) => {
                write(&mut cx.printer);
                Ok(())
            }
            Action::Hosts(on) => select::run(self, on, cx),
            Action::Record(verb, kind) => verbs::run(verb, kind, cx),
        }
    }

    /// Whether this is a parameter of its own, and so no selector.
    pub fn takes(&self, name: &str) -> bool {
        let own = self.reqd.iter().chain(&self.optional);
        own.map(|own| own.trim_end_matches(':'))
            .any(|own| own == name)
    }
}

fn call_one(call: &OneCall, cx: &mut Context<'_>) -> Result<(), Failure> {
    let Some(message) = messages().find(call.message) else {
        return Err(Failure::Answer(format!(
            "{} is not in the model",
            call.message
        )));
    };
    let mut params = Vec::with_capacity(message.params.len());
    for param in &message.params {
        let Some(arg) = call.args.iter().find(|arg| arg.wire == param.name) else {
            params.push(param.default.map_or_else(|| param.ty.zero(), |make| make()));
            continue;
        };
        if let Type::Map(..) = param.ty {
            let members = cx.params.members(arg.cli).into_iter();
            params.push(Value::Struct(
                members
                    .map(|(key, value)| (key.to_owned(), value.into()))
                    .collect(),
            ));
            continue;
        }
        let said = if arg.any_case {
            cx.params.get_any_case(arg.cli)
        } else {
            cx.params.get(arg.cli)
        };
        params.push(match (said.or(arg.or), param.default) {
            (Some(text), _) => read(&mut cx.server, &param.ty, arg.cli, text)?,
            (None, Some(make)) => make(),
            (None, None) => return Err(Failure::Required(arg.cli.to_owned())),
        });
    }
    let result = cx.server.call(call.message, params)?;
    print_result(call, &message.result, result, cx)
}

/// Objects are printed as UUIDs, several of them one a line.
fn print_result(
    call: &OneCall,
    ty: &Type,
    result: Value,
    cx: &mut Context<'_>,
) -> Result<(), Failure> {
    match (ty, result) {
        (Type::Void, _) => {}
        (Type::Ref(class), Value::Str(reference)) => {
            let reference: Value = reference.into();
            let (ty, value) = match call.through {
                None => (*ty, reference),
                Some(through) => {
                    let field = classes::class(class).and_then(|class| class.field(through));
                    let message = format!("{class}.get_{through}");
                    let field = field.ok_or_else(|| Failure::Answer(message.clone()))?;
                    (field.ty, cx.server.call(&message, vec![reference])?)
                }
            };
            let uuid = text(&mut cx.server, &ty, &value)?;
            cx.printer.list(&[uuid]);
        }
        (Type::Set(of), Value::Array(items)) => {
            let items: Result<Vec<_>, _> = items
                .iter()
                .map(|item| text(&mut cx.server, of, item))
                .collect();
            cx.printer.list(&items?);
        }
        (Type::Ref(_) | Type::Set(_), other) => return Err(surprise(call.message, &other)),
        (ty, value) => {
            let line = text(&mut cx.server, ty, &value)?;
            cx.printer.list(&[line]);
        }
    }
    Ok(())
}

/// All commands, sorted by name.
pub fn all() -> &'static [Command] {
    static ALL: OnceLock<Vec<Command>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: Vec<Command> = kinds().iter().flat_map(record_commands).collect();
        all.extend(commands::commands());
        all.push(Command {
            name: "man".to_owned(),
            reqd: Vec::new(),
            optional: Vec::new(),
            help: "Writes the manual page of xe, in roff.".to_owned(),
            standard: false,
            hidden: true,
            local: true,
            action: Action::Offline(man::print),
        });
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    })
}

/// The command of that name.
pub fn find(name: &str) -> Option<&'static Command> {
    let at = all().binary_search_by(|command| command.name.as_str().cmp(name));
    at.ok().map(|at| &all()[at])
}

const DATABASE: &str = "database:";

fn record_commands(kind: &'static Kind) -> Vec<Command> {
    let settable: Vec<String> = kind
        .columns
        .iter()
        .filter(|c| c.is_settable())
        .map(slot)
        .collect();
    let has = |test: fn(&Column) -> bool| kind.columns.iter().any(test);
    let mut made = vec![
        record_command(kind, Verb::List, &[], list_options(kind)),
        record_command(kind, Verb::ParamList, &["uuid"], owned(&[DATABASE])),
        record_command(
            kind,
            Verb::ParamGet,
            &["uuid", "param-name"],
            owned(&["param-key", DATABASE]),
        ),
    ];
    if !settable.is_empty() {
        made.push(record_command(kind, Verb::ParamSet, &["uuid"], settable));
    }
    if has(|column| column.add.is_some()) {
        let target = ["uuid", "param-name"];
        made.push(record_command(
            kind,
            Verb::ParamAdd,
            &target,
            owned(&["param-key"]),
        ));
        let target = ["uuid", "param-name", "param-key"];
        made.push(record_command(kind, Verb::ParamRemove, &target, Vec::new()));
    }
    if has(|column| column.set.is_some() || column.shape != Shape::Scalar) {
        let target = ["uuid", "param-name"];
        made.push(record_command(kind, Verb::ParamClear, &target, Vec::new()));
    }
    made
}

fn slot(column: &Column) -> String {
    match column.shape {
        Shape::Map => format!("{}:", column.name),
        Shape::Scalar | Shape::Set => column.name.clone(),
    }
}

fn list_options(kind: &Kind) -> Vec<String> {
    let fields = kind.columns.iter().map(|column| match column.shape {
        Shape::Set => format!("{}:contains", column.name),
        Shape::Scalar | Shape::Map => column.name.clone(),
    });
    owned(&["params", DATABASE])
        .into_iter()
        .chain(fields)
        .collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn record_command(
    kind: &'static Kind,
    verb: Verb,
    reqd: &[&str],
    optional: Vec<String>,
) -> Command {
    let name = kind.name;
    let (end, help) = match verb {
        Verb::List => (
            "list",
            format!(
                "Lists the objects of class {name}. Filters are written FIELD=VALUE; params chooses the fields, \
                 and params=all shows them all."
            ),
        ),
        Verb::ParamList => ("param-list", format!("Shows every field of one {name}.")),
        Verb::ParamGet => (
            "param-get",
            format!("Shows one field of one {name}; of a map, param-key chooses one key."),
        ),
        Verb::ParamSet => (
            "param-set",
            format!(
                "Sets fields of one {name}, written FIELD=VALUE, or MAP:KEY=VALUE for a key of a map."
            ),
        ),
        Verb::ParamAdd => (
            "param-add",
            format!(
                "Adds to a set or a map of one {name}: a member of a set is the param-key, keys of a map are \
                 written KEY=VALUE."
            ),
        ),
        Verb::ParamRemove => (
            "param-remove",
            format!("Removes a member from a set, or a key from a map, of one {name}."),
        ),
        Verb::ParamClear => ("param-clear", format!("Empties one field of one {name}.")),
    };
    Command {
        name: format!("{name}-{end}"),
        reqd: owned(reqd),
        optional,
        help,
        standard: verb == Verb::List && ["vm", "network", "sr"].contains(&name),
        hidden: false,
        local: false,
        action: Action::Record(verb, kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_is_a_call_names_a_message_of_the_model_and_its_parameters() {
        let mut wrong = Vec::new();
        for command in all() {
            let Action::Call(call) = command.action else {
                continue;
            };
            let Some(message) = messages().find(call.message) else {
                wrong.push(format!("{}: no {}", command.name, call.message));
                continue;
            };
            for arg in call.args {
                if !message.params.iter().any(|param| param.name == arg.wire) {
                    wrong.push(format!("{}: no parameter {}", command.name, arg.wire));
                }
                if !command.takes(arg.cli) {
                    wrong.push(format!("{}: {} is not declared", command.name, arg.cli));
                }
            }
            for param in &message.params {
                let said = call.args.iter().find(|arg| arg.wire == param.name);
                let required = said.is_some_and(|arg| command.reqd.iter().any(|n| n == arg.cli));
                let filled = param.default.is_some() || said.is_some_and(|arg| arg.or.is_some());
                if !required && !filled && !matches!(param.ty, Type::Map(..)) {
                    wrong.push(format!("{}: {} has no value", command.name, param.name));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn no_two_commands_have_one_name_and_each_says_what_it_does() {
        for pair in all().windows(2) {
            assert_ne!(pair[0].name, pair[1].name);
        }
        for command in all() {
            assert!(command.help.ends_with('.'), "{}", command.name);
        }
    }
}
