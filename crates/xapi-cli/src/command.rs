//! The table of commands: the record commands of every class, and those that are calls.

use std::sync::OnceLock;

use xapi_model::messages::{Param, messages};
use xapi_model::{Type, Value, classes};

use crate::commands;
use crate::failure::Failure;
use crate::grammar::Params;
use crate::input::read;
use crate::json::json;
use crate::man;
use crate::print::Printer;
use crate::progress;
use crate::records::{Column, Kind, Shape, kinds};
use crate::select::{self, Selected};
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

    /// A call that may take long: whoever looks is shown how far it is.
    pub fn long_call(&mut self, name: &str, params: Vec<Value>) -> Result<Value, Failure> {
        let message = messages()
            .find(name)
            .ok_or_else(|| Failure::Answer(format!("{name} is not in the model")))?;
        match self.printer.watcher() {
            Some(watcher) if message.is_async => {
                progress::call(&mut self.server, watcher, message, params)
            }
            _ => self.server.call(name, params),
        }
    }

    /// The text of a file of the user.
    pub fn file(&mut self, path: &str) -> Result<String, Failure> {
        let cannot = |why: String| Failure::Refused(format!("Cannot read {path}: {why}"));
        let bytes = self.printer.user().load(path).map_err(cannot)?;
        String::from_utf8(bytes).map_err(|_| cannot("it is no text".to_owned()))
    }

    /// Asks the user whether to go on, after these warnings; `force` is the answer given before.
    pub fn confirmed(&mut self, warnings: &[&str]) -> Result<bool, Failure> {
        if self.params.switch("force") {
            return Ok(true);
        }
        if self.printer.is_json() {
            let text = "This cannot be undone, and a program cannot be asked; --force does it";
            return Err(Failure::Refused(text.to_owned()));
        }
        for line in warnings {
            self.printer.always(line);
        }
        self.printer.always("Type 'yes' to continue");
        let typed = self.printer.user().ask().map_err(Failure::Refused)?;
        let typed = typed.trim();
        let yes = typed.eq_ignore_ascii_case("yes");
        if !yes {
            let line = format!("You typed: '{typed}'. Nothing was done.");
            self.printer.always(&line);
        }
        Ok(yes)
    }

    /// Gives a value back: its text on a line, or the value itself where values are wanted.
    pub fn give(&mut self, ty: &Type, value: &Value) -> Result<(), Failure> {
        if self.printer.is_json() {
            let value = json(&mut self.server, ty, value)?;
            self.printer.value(value);
        } else {
            let line = text(&mut self.server, ty, value)?;
            self.printer.line(&line);
        }
        Ok(())
    }

    /// The same, in words for people: the minimal form leaves it out.
    pub fn say(&mut self, ty: &Type, value: &Value) -> Result<(), Failure> {
        if self.printer.is_json() {
            return self.give(ty, value);
        }
        let text = text(&mut self.server, ty, value)?;
        self.printer.message(&text);
        Ok(())
    }
}

/// Where the value of a parameter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The command line says it.
    Word,
    /// It is the text of a file that the command line names.
    File,
    /// It is the pool, unless the command line says its UUID.
    Pool,
}

/// A parameter of a message, and how the command line says it.
#[derive(Clone, Copy)]
pub struct Arg {
    /// Name on the wire.
    pub wire: &'static str,
    /// Name on the command line.
    pub cli: &'static str,
    /// Where its value comes from.
    pub from: From,
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
        from: From::Word,
        or: None,
        any_case: false,
    }
}

/// The text of a file that the command line names.
pub const fn file(wire: &'static str, cli: &'static str) -> Arg {
    let mut arg = arg(wire, cli);
    arg.from = From::File;
    arg
}

/// The pool.
pub const fn pool(wire: &'static str) -> Arg {
    let mut arg = arg(wire, "uuid");
    arg.from = From::Pool;
    arg
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
    /// It may take long, so whoever looks is shown how far it is.
    pub long: bool,
    /// What the result is to the user.
    pub says: Says,
}

/// What the result of a message is to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// What he asked for.
    Result,
    /// Words for people, which the minimal form leaves out.
    Message,
    /// Nothing.
    Nothing,
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
    /// On the hosts or VMs that selectors name.
    Selected(Selected),
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
            Action::Selected(on) => select::run(self, on, cx),
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
        params.push(match call.args.iter().find(|arg| arg.wire == param.name) {
            Some(arg) => value_of(arg, param, cx)?,
            None => param.default.map_or_else(|| param.ty.zero(), |make| make()),
        });
    }
    let result = match call.long {
        true => cx.long_call(call.message, params)?,
        false => cx.server.call(call.message, params)?,
    };
    match call.says {
        Says::Result => print_result(call, &message.result, result, cx),
        Says::Message => cx.say(&message.result, &result),
        Says::Nothing => Ok(()),
    }
}

fn value_of(arg: &Arg, param: &Param, cx: &mut Context<'_>) -> Result<Value, Failure> {
    if let Type::Map(..) = param.ty {
        let members = cx.params.members(arg.cli).into_iter();
        let members = members.map(|(key, value)| (key.to_owned(), value.into()));
        return Ok(Value::Struct(members.collect()));
    }
    let said = if arg.any_case {
        cx.params.get_any_case(arg.cli)
    } else {
        cx.params.get(arg.cli)
    };
    match (arg.from, said.or(arg.or), param.default) {
        (From::Pool, None, _) => cx.server.pool().map(Value::Str),
        (From::File, Some(path), _) if !path.is_empty() => cx.file(path).map(Value::Str),
        (_, Some(text), _) => read(&mut cx.server, &param.ty, arg.cli, text),
        (_, None, Some(make)) => Ok(make()),
        (_, None, None) => Err(Failure::Required(arg.cli.to_owned())),
    }
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
            cx.give(&ty, &value)?;
        }
        (ty, value) if cx.printer.is_json() => cx.give(ty, &value)?,
        (Type::Set(of), Value::Array(items)) => {
            let items: Result<Vec<_>, _> = items
                .iter()
                .map(|item| text(&mut cx.server, of, item))
                .collect();
            cx.printer.list(&items?);
        }
        (Type::Ref(_) | Type::Set(_), other) => return Err(surprise(call.message, &other)),
        (ty, value) => cx.give(ty, &value)?,
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
                // Of the pool a command is about there is one, and its UUID need not be taken.
                if !command.takes(arg.cli) && arg.from != From::Pool {
                    wrong.push(format!("{}: {} is not declared", command.name, arg.cli));
                }
            }
            for param in &message.params {
                let said = call.args.iter().find(|arg| arg.wire == param.name);
                let required = said.is_some_and(|arg| command.reqd.iter().any(|n| n == arg.cli));
                let filled = param.default.is_some()
                    || said.is_some_and(|arg| arg.or.is_some() || arg.from == From::Pool);
                if !required && !filled && !matches!(param.ty, Type::Map(..)) {
                    wrong.push(format!("{}: {} has no value", command.name, param.name));
                }
            }
            if call.long && !message.is_async {
                wrong.push(format!("{}: runs in no task", command.name));
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
