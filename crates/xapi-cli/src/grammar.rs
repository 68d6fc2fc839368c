//! The command line: a command's name, then parameters as `key=value`, `key`, `--switch` or `-x value`.

use crate::failure::Failure;
use crate::print::Form;

/// Parameters that mean the same for every command; no filter and no field bears these names.
pub const STANDARD: [&str; 15] = [
    "server",
    "password",
    "port",
    "username",
    "minimal",
    "json",
    "force",
    "multiple",
    "all",
    "message-priority",
    "trace",
    "confirm-within",
    "no-rollback",
    "probe",
    "plan-only",
];

/// A command line, parsed.
#[derive(Debug, PartialEq)]
pub struct CommandLine {
    /// The command.
    pub name: String,
    /// Its parameters.
    pub params: Params,
}

impl CommandLine {
    /// Reads the arguments after the program's name.
    pub fn parse(args: &[String]) -> Result<CommandLine, Failure> {
        let Some((name, rest)) = args.split_first() else {
            return Err(Failure::Syntax("no command name".to_owned()));
        };
        if name.contains('=') {
            return Err(Failure::Syntax(format!(
                "{name} stands where a command name should"
            )));
        }
        Ok(CommandLine {
            name: name.clone(),
            params: Params::parse(rest)?,
        })
    }
}

/// Parameters in the order of the command line. A key may come twice; the first one counts.
#[derive(Debug, Default, PartialEq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    fn parse(args: &[String]) -> Result<Params, Failure> {
        let mut params = Vec::new();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if let Some(switch) = arg.strip_prefix("--") {
                let (key, value) = switch.split_once('=').unwrap_or((switch, "true"));
                params.push((key.to_owned(), value.to_owned()));
            } else if let Some(letters) = arg.strip_prefix('-') {
                let key = match letters {
                    "u" => "username",
                    "pw" => "password",
                    "s" | "h" => "server",
                    "p" => "port",
                    _ => return Err(Failure::Syntax(format!("unknown switch {arg}"))),
                };
                let Some(value) = rest.next() else {
                    return Err(Failure::Syntax(format!("{arg} needs a value")));
                };
                params.push((key.to_owned(), value.clone()));
            } else {
                let (key, value) = arg.split_once('=').unwrap_or((arg, ""));
                params.push((key.to_owned(), value.to_owned()));
            }
        }
        Ok(Params(params))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == key).map(|(_, v)| v)
    }

    /// The value of a key, whose case does not count.
    pub fn get_any_case(&self, key: &str) -> Option<&str> {
        let mut params = self.iter();
        params
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, v)| v)
    }

    /// Whether a switch is on. A value that is no truth value leaves it off.
    pub fn switch(&self, key: &str) -> bool {
        self.get(key).and_then(truth).unwrap_or(false)
    }

    /// The form of output that is asked for. Unlike other switches `minimal` must be spelt in full.
    pub fn form(&self) -> Result<Form, Failure> {
        let minimal = match self.get("minimal") {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                let text = format!("minimal={other} is neither true nor false");
                return Err(Failure::Syntax(text));
            }
        };
        Ok(match (self.switch("json"), minimal) {
            (true, _) => Form::Json,
            (false, true) => Form::Minimal,
            (false, false) => Form::Normal,
        })
    }

    /// The keys and values of `prefix:key=value`.
    pub fn members(&self, prefix: &str) -> Vec<(&str, &str)> {
        let named = self.iter().filter_map(|(key, value)| {
            let (name, member) = key.split_once(':')?;
            (name == prefix).then_some((member, value))
        });
        named.collect()
    }

    /// All that are not [`STANDARD`], in order.
    pub fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(key, _)| !STANDARD.contains(key))
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }
}

/// The truth value that a text stands for on the command line.
pub fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, name: &str, params: &[(&str, &str)]) {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let parsed = CommandLine::parse(&args).expect(line);
        assert_eq!(parsed.name, name, "{line}");
        let pairs: Vec<(&str, &str)> = parsed.params.iter().collect();
        assert_eq!(pairs, params, "{line}");
    }

    #[test]
    fn arguments_become_keys_and_values() {
        check("pif-list", "pif-list", &[]);
        check("c a=b=c", "c", &[("a", "b=c")]);
        check("c word", "c", &[("word", "")]);
        check("c a=", "c", &[("a", "")]);
        check("c --minimal", "c", &[("minimal", "true")]);
        check("c --probe=10.0.0.1", "c", &[("probe", "10.0.0.1")]);
        check("c -u root", "c", &[("username", "root")]);
        check("c -pw x=y", "c", &[("password", "x=y")]);
        check(
            "c -s a -h b -p 1",
            "c",
            &[("server", "a"), ("server", "b"), ("port", "1")],
        );
        check("c a=1 a=2", "c", &[("a", "1"), ("a", "2")]);
        check("c m:k=v", "c", &[("m:k", "v")]);
    }

    #[test]
    fn the_first_of_two_values_counts() {
        let params = Params::parse(&["a=1".to_owned(), "a=2".to_owned()]).expect("parses");
        assert_eq!(params.get("a"), Some("1"));
    }

    #[test]
    fn what_is_no_command_line_is_a_syntax_error() {
        for line in [&[] as &[&str], &["a=b"], &["c", "-x", "y"], &["c", "-u"]] {
            let args: Vec<String> = line.iter().map(|arg| (*arg).to_owned()).collect();
            let parsed = CommandLine::parse(&args);
            assert!(
                matches!(parsed, Err(Failure::Syntax(_))),
                "{line:?}: {parsed:?}"
            );
        }
    }
}
