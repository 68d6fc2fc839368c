//! The filter language of `get_all_records_where` (wire-protocol facts, 9).
//!
//! Expressions compare fields and texts; `and` and `or` are equal and left-associative, and both bind tighter than
//! `not`. Fields compare as the text that the database of XAPI keeps.

use std::collections::BTreeSet;

use xapi_db::Read;
use xapi_model::{ApiError, ClassDesc, FieldDesc, Type, Value, errors};

use crate::Result;

/// Longer expressions are refused; clients send a few hundred UUIDs at most.
const MOST_BYTES: usize = 256 * 1024;
/// Comparisons of fields without an index that the database is asked for; with more, every record is looked at.
const MOST_SCANS: usize = 16;
/// Deeper nesting is refused.
const MOST_DEPTH: usize = 256;

/// The records that an expression selects.
pub fn select(
    rows: &impl Read,
    class: &'static ClassDesc,
    text: &str,
) -> Result<Vec<(String, Value)>> {
    let expr = parse(text).map_err(|why| errors::invalid_value(clip(text), why))?;
    // A field that does not exist is an error as soon as there is a row to compare.
    let known = expr.fields().all(|field| known(class, field));
    let mut records = match known
        .then(|| expr.candidates(rows, class, &mut { MOST_SCANS }))
        .transpose()?
    {
        Some(Some(found)) => {
            // Descending, as whole classes come.
            let found = found.into_iter().rev();
            found
                .map(|reference| {
                    let record = rows.record(class, &reference)?;
                    Ok((reference, record))
                })
                .collect::<Result<Vec<_>>>()?
        }
        _ => rows.records(class)?,
    };
    let mut failed = None;
    records.retain(|(reference, record)| {
        if failed.is_some() {
            return false;
        }
        expr.eval(&|field| look_up(class, reference, record, field))
            .unwrap_or_else(|why| {
                failed = Some(why);
                false
            })
    });
    match failed {
        Some(why) => Err(why),
        None => Ok(records),
    }
}

/// Whether an expression selects everything, whatever there is.
pub fn is_everything(text: &str) -> bool {
    matches!(parse(text), Ok(Expr::Constant(true)))
}

fn desc(class: &ClassDesc, field: &str) -> Option<&'static FieldDesc> {
    let mut fields = class.fields.iter();
    fields.find(|desc| (desc.db == field || desc.name == field) && desc.on_wire())
}

fn known(class: &ClassDesc, field: &str) -> bool {
    field == "_ref" || desc(class, field).is_some()
}

/// The value of a field that the database keeps as this text: `None` if no value is.
fn value_of(ty: &Type, text: &str) -> Option<Value> {
    match ty {
        Type::String | Type::Ref(_) | Type::Enum(_) => Some(Value::from(text)),
        Type::Bool => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        // Comparison is of texts: 07 is not 7.
        Type::Int => text
            .parse()
            .ok()
            .filter(|n: &i64| n.to_string() == text)
            .map(Value::Int),
        _ => None,
    }
}

fn clip(text: &str) -> String {
    text.chars().take(1024).collect()
}

fn look_up(class: &ClassDesc, reference: &str, record: &Value, field: &str) -> Result<String> {
    if field == "_ref" {
        return Ok(reference.to_owned());
    }
    match desc(class, field).and_then(|desc| record.member(desc.name)) {
        Some(value) => Ok(stored_text(value)),
        None => Err(ApiError::new(
            "INTERNAL_ERROR",
            vec!["missing field".to_owned(), clip(field), String::new()],
        )),
    }
}

/// A value as the text that XAPI's database keeps.
fn stored_text(value: &Value) -> String {
    match value {
        Value::Nil => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Str(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| quoted(&stored_text(item)))
                .collect();
            format!("({})", items.join(" "))
        }
        Value::Struct(members) => {
            let pair = |(key, value): &(String, Value)| {
                format!("({} {})", quoted(key), quoted(&stored_text(value)))
            };
            format!(
                "({})",
                members.iter().map(pair).collect::<Vec<_>>().join(" ")
            )
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The rows in which a field has a value that is kept as this text, if the database can find them.
fn equal(
    rows: &impl Read,
    class: &'static ClassDesc,
    field: &str,
    text: &str,
    scans: &mut usize,
) -> Result<Option<BTreeSet<String>>> {
    if field == "_ref" {
        let there = rows.holds(class, text)?;
        return Ok(Some(there.then(|| text.to_owned()).into_iter().collect()));
    }
    let Some(desc) = desc(class, field).filter(|desc| desc.view.is_none()) else {
        return Ok(None);
    };
    // These have an index; of any other field every row is looked at, which is quick, but not for thousands of terms.
    let found = matches!(desc.name, "uuid" | "name_label") || matches!(desc.ty, Type::Ref(_));
    if !found {
        match scans.checked_sub(1) {
            Some(left) => *scans = left,
            None => return Ok(None),
        }
    }
    match (&desc.ty, value_of(&desc.ty, text)) {
        (Type::String | Type::Ref(_) | Type::Enum(_) | Type::Bool | Type::Int, Some(value)) => Ok(
            Some(rows.search(class, desc, &value)?.into_iter().collect()),
        ),
        (Type::Bool | Type::Int, None) => Ok(Some(BTreeSet::new())),
        _ => Ok(None),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Field(String),
    Text(String),
}

#[derive(Debug)]
enum Expr {
    Constant(bool),
    Equal(Operand, Operand),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
}

impl Drop for Expr {
    /// Takes a long chain apart without recursion: `a or b or c …` leans to the left as deep as it is long.
    fn drop(&mut self) {
        let mut rest = Vec::new();
        let take = |expr: &mut Expr, rest: &mut Vec<Expr>| match expr {
            Expr::Not(inner) => rest.push(std::mem::replace(inner, Expr::Constant(true))),
            Expr::And(left, right) | Expr::Or(left, right) => {
                rest.push(std::mem::replace(left, Expr::Constant(true)));
                rest.push(std::mem::replace(right, Expr::Constant(true)));
            }
            Expr::Constant(_) | Expr::Equal(..) => {}
        };
        take(self, &mut rest);
        while let Some(mut expr) = rest.pop() {
            take(&mut expr, &mut rest);
        }
    }
}

impl Expr {
    /// The names of the fields that are compared.
    fn fields(&self) -> impl Iterator<Item = &str> {
        let mut rest = vec![self];
        let mut names = Vec::new();
        while let Some(expr) = rest.pop() {
            match expr {
                Expr::Constant(_) => {}
                Expr::Not(inner) => rest.push(inner),
                Expr::And(left, right) | Expr::Or(left, right) => rest.extend([&**left, &**right]),
                Expr::Equal(left, right) => {
                    for operand in [left, right] {
                        if let Operand::Field(name) = operand {
                            names.push(name.as_str());
                        }
                    }
                }
            }
        }
        names.into_iter()
    }

    /// The rows among which those are that this selects, if the database can find them: for comparisons with a text,
    /// and what `and` and `or` make of them. `None`: any row may be selected.
    fn candidates(
        &self,
        rows: &impl Read,
        class: &'static ClassDesc,
        scans: &mut usize,
    ) -> Result<Option<BTreeSet<String>>> {
        // Along the left spine without recursion, as for evaluation.
        let mut spine = Vec::new();
        let mut at = self;
        while let Expr::And(left, right) | Expr::Or(left, right) = at {
            spine.push((matches!(at, Expr::And(..)), right));
            at = left;
        }
        let mut found = match at {
            Expr::Constant(false) => Some(BTreeSet::new()),
            Expr::Equal(Operand::Field(field), Operand::Text(text))
            | Expr::Equal(Operand::Text(text), Operand::Field(field)) => {
                equal(rows, class, field, text, scans)?
            }
            _ => None,
        };
        while let Some((and, right)) = spine.pop() {
            found = match (and, found) {
                // Either side of an `and` will do.
                (true, Some(found)) => Some(found),
                (true, None) => right.candidates(rows, class, scans)?,
                (false, None) => None,
                (false, Some(mut found)) => right.candidates(rows, class, scans)?.map(|others| {
                    found.extend(others);
                    found
                }),
            };
        }
        Ok(found)
    }

    /// Evaluates along the left spine without recursion, for the same reason as [`Expr::drop`].
    fn eval(&self, field: &impl Fn(&str) -> Result<String>) -> Result<bool> {
        let mut spine = Vec::new();
        let mut at = self;
        while let Expr::And(left, right) | Expr::Or(left, right) = at {
            spine.push((matches!(at, Expr::And(..)), right));
            at = left;
        }
        let mut value = match at {
            Expr::Constant(value) => *value,
            Expr::Not(inner) => !inner.eval(field)?,
            Expr::Equal(left, right) => {
                let text = |operand: &Operand| match operand {
                    Operand::Field(name) => field(name),
                    Operand::Text(text) => Ok(text.clone()),
                };
                text(left)? == text(right)?
            }
            Expr::And(..) | Expr::Or(..) => false,
        };
        while let Some((and, right)) = spine.pop() {
            value = if and {
                value && right.eval(field)?
            } else {
                value || right.eval(field)?
            };
        }
        Ok(value)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Text(String),
    Word(&'static str),
    Equal,
    Open,
    Close,
}

/// The words of the language. None begins another, and as in XAPI they need no space between them: xsconsole asks
/// for `… = "false" andfield …`.
const WORDS: [&str; 6] = ["true", "false", "field", "and", "or", "not"];

fn tokens(text: &str) -> std::result::Result<Vec<Token>, String> {
    if text.len() > MOST_BYTES {
        return Err("the expression is too long".to_owned());
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            ' ' | '\t' | '\n' => {
                rest = &rest[1..];
                continue;
            }
            '=' => (Token::Equal, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' => {
                let end = rest[1..].find('"').ok_or("a text has no end")?;
                (Token::Text(rest[1..=end].to_owned()), end + 2)
            }
            _ => match WORDS.into_iter().find(|word| rest.starts_with(word)) {
                Some(word) => (Token::Word(word), word.len()),
                None => return Err("an unexpected character".to_owned()),
            },
        };
        found.push(token);
        rest = &rest[length..];
    }
    Ok(found)
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

fn parse(text: &str) -> std::result::Result<Expr, String> {
    let mut parser = Parser {
        tokens: tokens(text)?.into_iter().peekable(),
        depth: 0,
    };
    let expr = parser.expr()?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some(_) => Err("something follows the expression".to_owned()),
    }
}

impl Parser {
    fn word(&mut self, word: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Word(found) if *found == word))
            .is_some()
    }

    fn expr(&mut self) -> std::result::Result<Expr, String> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err("the expression is nested too deeply".to_owned());
        }
        let expr = self.chain();
        self.depth -= 1;
        expr
    }

    fn chain(&mut self) -> std::result::Result<Expr, String> {
        if self.word("not") {
            return Ok(Expr::Not(Box::new(self.expr()?)));
        }
        let mut left = self.atom()?;
        loop {
            let and = self.word("and");
            if !and && !self.word("or") {
                return Ok(left);
            }
            // `not` reaches as far to the right as it can.
            let right = if matches!(self.tokens.peek(), Some(Token::Word("not"))) {
                self.expr()?
            } else {
                self.atom()?
            };
            let (l, r) = (Box::new(left), Box::new(right));
            left = if and { Expr::And(l, r) } else { Expr::Or(l, r) };
        }
    }

    fn atom(&mut self) -> std::result::Result<Expr, String> {
        if self.tokens.next_if_eq(&Token::Open).is_some() {
            let expr = self.expr()?;
            return match self.tokens.next() {
                Some(Token::Close) => Ok(expr),
                _ => Err("a parenthesis has no end".to_owned()),
            };
        }
        if self.word("true") {
            return Ok(Expr::Constant(true));
        }
        if self.word("false") {
            return Ok(Expr::Constant(false));
        }
        let left = self.operand()?;
        match self.tokens.next() {
            Some(Token::Equal) => Ok(Expr::Equal(left, self.operand()?)),
            _ => Err("a value is compared with nothing".to_owned()),
        }
    }

    fn operand(&mut self) -> std::result::Result<Operand, String> {
        let field = self.word("field");
        match self.tokens.next() {
            Some(Token::Text(text)) if field => Ok(Operand::Field(text)),
            Some(Token::Text(text)) => Ok(Operand::Text(text)),
            _ => Err("a value is missing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn check(text: &str, holds: bool) {
        let field = |name: &str| match name {
            "device" => Ok("eth0".to_owned()),
            "VLAN" => Ok("-1".to_owned()),
            other => Err(xapi_model::errors::internal_error(other)),
        };
        assert_eq!(parse(text).unwrap().eval(&field), Ok(holds), "{text}");
    }

    #[test]
    fn fields_and_texts_compare() {
        check("true", true);
        check(r#"field "device"="eth0""#, true);
        check(r#"(field "device" = "eth1") or (field "VLAN"="-1")"#, true);
        check(r#""a"="a" and field "device"="eth1""#, false);
    }

    #[test]
    fn and_and_or_are_equal_and_bind_tighter_than_not() {
        check("true or true and false", false);
        check("not false and false", true);
        check("false or not false and false", true);
        check("not not true", true);
    }

    #[test]
    fn words_need_no_space_between_them() {
        check(r#"field "device"="eth0"andfield"VLAN"="-1""#, true);
        check("falseortrue", true);
        check("nottrue", false);
    }

    #[test]
    fn bad_text_is_refused_and_never_panics() {
        for text in [
            "",
            "tru",
            "(true",
            "true)",
            "field",
            r#"field "x"#,
            r#""a"=="a""#,
            "True",
            "a\r=",
            "true true",
            "truetrue",
            "andy",
            "é",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&"not ".repeat(100_000)).is_err());
        let long = format!("false{}", " or false".repeat(20_000));
        assert_eq!(parse(&long).unwrap().eval(&|_| unreachable!()), Ok(false));
    }
}
