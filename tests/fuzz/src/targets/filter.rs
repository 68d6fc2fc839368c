//! The filter language, beside an evaluator of its own that knows nothing of the product's.

use std::cell::OnceCell;

use xapi_core::filter::select;
use xapi_db::Read;
use xapi_model::{ClassDesc, Value, classes};
use xapi_tests::SimHost;

thread_local! {
    static HOST: OnceCell<SimHost> = const { OnceCell::new() };
}

pub(super) fn filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    HOST.with(|host| {
        let host = host.get_or_init(|| {
            let host = SimHost::new(2);
            let network = Value::from(host.network("xenbr0").as_str());
            for (key, value) in [("a", "b"), ("it's", "\\")] {
                let params = vec![network.clone(), Value::from(key), Value::from(value)];
                host.call("network.add_to_other_config", params)
                    .expect("an entry");
            }
            host
        });
        let view = host.core().view().expect("a view");
        for name in ["PIF", "network"] {
            let class = classes::class(name).expect("a class");
            let told = select(&view, class, text)
                .map(|rows| rows.into_iter().map(|(reference, _)| reference).collect());
            let told = told.map_err(|why| why.code);
            // Nesting has a limit, which is not part of the language; behind `and` or `or` a `not` is two levels of 256.
            let levels = text.matches(['(']).count() + 2 * text.matches("not").count();
            if levels < 200 {
                assert_eq!(told, expected(&view, class, text), "{text:?}");
            }
        }
    });
}

fn expected(
    view: &impl Read,
    class: &'static ClassDesc,
    text: &str,
) -> Result<Vec<String>, String> {
    let rows = view.records(class).expect("records");
    let nothing = |_: &str| Ok(String::new());
    if Parser::run(text, &nothing).is_err_and(|why| why == Wrong::Syntax) {
        return Err("INVALID_VALUE".to_owned());
    }
    let mut found = Vec::new();
    for (reference, record) in rows {
        let cell = |field: &str| {
            if field == "_ref" {
                return Ok(reference.clone());
            }
            let desc = class
                .fields
                .iter()
                .find(|desc| desc.db == field || desc.name == field);
            desc.and_then(|desc| record.member(desc.name))
                .map(cell)
                .ok_or(Wrong::Field)
        };
        match Parser::run(text, &cell) {
            Ok(true) => found.push(reference),
            Ok(false) => {}
            Err(_) => return Err("INTERNAL_ERROR".to_owned()),
        }
    }
    Ok(found)
}

/// A value as XAPI's database keeps it.
fn cell(value: &Value) -> String {
    let quoted = |text: String| {
        let mut out = String::from("'");
        for c in text.chars() {
            if c == '\\' || c == '\'' {
                out.push('\\');
            }
            out.push(c);
        }
        out + "'"
    };
    match value {
        Value::Nil => String::new(),
        Value::Bool(b) => format!("{b}"),
        Value::Int(n) => format!("{n}"),
        Value::Float(x) => format!("{x}"),
        Value::Time(time) => format!("{time}"),
        Value::Str(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| quoted(cell(item))).collect();
            "(".to_owned() + &items.join(" ") + ")"
        }
        Value::Struct(members) => {
            let pairs = members.iter().map(|(key, value)| {
                "(".to_owned() + &quoted(key.clone()) + " " + &quoted(cell(value)) + ")"
            });
            "(".to_owned() + &pairs.collect::<Vec<_>>().join(" ") + ")"
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Syntax,
    Field,
}

/// Reads and evaluates at once; what does not count any more is read only.
struct Parser<'a> {
    rest: &'a str,
    field: &'a dyn Fn(&str) -> Result<String, Wrong>,
}

impl Parser<'_> {
    fn run(text: &str, field: &dyn Fn(&str) -> Result<String, Wrong>) -> Result<bool, Wrong> {
        let mut parser = Parser { rest: text, field };
        // A syntax error goes before an unknown field, wherever they stand.
        let outcome = parser.expr(true);
        let known = |field: &str| Ok(field.to_owned());
        let mut reader = Parser {
            rest: text,
            field: &known,
        };
        reader.expr(true)?;
        reader.blank();
        if !reader.rest.is_empty() {
            return Err(Wrong::Syntax);
        }
        outcome
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n']);
    }

    fn take(&mut self, word: &str) -> bool {
        self.blank();
        let Some(rest) = self.rest.strip_prefix(word) else {
            return false;
        };
        // Words need nothing between them; none begins another.
        self.rest = rest;
        true
    }

    fn expr(&mut self, live: bool) -> Result<bool, Wrong> {
        if self.take("not") {
            return Ok(!self.expr(live)?);
        }
        let mut value = self.atom(live)?;
        loop {
            let and = self.take("and");
            if !and && !self.take("or") {
                return Ok(value);
            }
            let counts = live && (value == and);
            let right = if self.take("not") {
                !self.expr(counts)?
            } else {
                self.atom(counts)?
            };
            if counts {
                value = right;
            }
        }
    }

    fn atom(&mut self, live: bool) -> Result<bool, Wrong> {
        if self.take("(") {
            let value = self.expr(live)?;
            return if self.take(")") {
                Ok(value)
            } else {
                Err(Wrong::Syntax)
            };
        }
        if self.take("true") {
            return Ok(true);
        }
        if self.take("false") {
            return Ok(false);
        }
        let left = self.operand(live)?;
        if !self.take("=") {
            return Err(Wrong::Syntax);
        }
        Ok(left == self.operand(live)?)
    }

    fn operand(&mut self, live: bool) -> Result<String, Wrong> {
        let field = self.take("field");
        if !self.take("\"") {
            return Err(Wrong::Syntax);
        }
        let end = self.rest.find('"').ok_or(Wrong::Syntax)?;
        let text = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        if field && live {
            (self.field)(text)
        } else {
            Ok(text.to_owned())
        }
    }
}
