//! Filters of lists: `field=value`, `map:key=value`, `set:contains=value`.

use crate::failure::Failure;
use crate::records::{Column, Kind, Shape};
use crate::server::{Row, Server};
use crate::shown::{Shown, prefetch, show};

/// What a filter asks of a column.
enum Asks<'a> {
    /// The text is this.
    Equal,
    /// The map has this key with the value.
    Key(&'a str),
    /// The set has the value as a member.
    Contains,
}

/// What a row must be like.
pub struct Condition<'k> {
    column: &'k Column,
    asks: Asks<'k>,
    value: &'k str,
}

impl<'k> Condition<'k> {
    /// The condition that a parameter stands for.
    pub fn new(kind: &'k Kind, (key, value): (&'k str, &'k str)) -> Result<Condition<'k>, Failure> {
        let (column, asks) = find(kind, key)?;
        Ok(Condition {
            column,
            asks,
            value,
        })
    }

    /// Whether it holds. Whoever asks for a field that costs a call wants the call.
    pub fn holds(&self, server: &mut Server<'_>, row: &Row) -> Result<bool, Failure> {
        let Condition {
            column,
            asks,
            value,
        } = self;
        let shown = show(server, column, row)?;
        Ok(match (asks, &shown) {
            (Asks::Key(key), Shown::Map(members)) => members
                .iter()
                .any(|(name, held)| name == key && held == value),
            (Asks::Contains, Shown::Set(items)) => items.iter().any(|item| item == value),
            // The object on the way to the map or set is not there.
            (Asks::Key(_) | Asks::Contains, _) => false,
            (Asks::Equal, shown) if column.any_case => {
                shown.text(column.separator).eq_ignore_ascii_case(value)
            }
            (Asks::Equal, shown) => shown.text(column.separator) == *value,
        })
    }
}

/// The rows that a filter lets through.
///
/// A name that no field has is an error only while there is a row to ask, as in XAPI: an empty list stays empty.
pub fn filter(
    server: &mut Server<'_>,
    kind: &Kind,
    rows: Vec<Row>,
    asked: (&str, &str),
) -> Result<Vec<Row>, Failure> {
    if rows.is_empty() {
        return Ok(rows);
    }
    let condition = Condition::new(kind, asked)?;
    prefetch(server, condition.column, &rows)?;
    let mut left = Vec::new();
    for row in rows {
        if condition.holds(server, &row)? {
            left.push(row);
        }
    }
    Ok(left)
}

fn find<'k>(kind: &'k Kind, key: &'k str) -> Result<(&'k Column, Asks<'k>), Failure> {
    if let Some(column) = kind.column(key) {
        return Ok((column, Asks::Equal));
    }
    if let Some((name, rest)) = key.split_once(':')
        && let Some(column) = kind.column(name)
    {
        return Ok((column, member(column, rest)?));
    }
    // Old scripts write map-key=value; of several maps the one with the longest name is meant. The key may hold a colon.
    let dashed = |shape: Shape| {
        let columns = kind
            .columns
            .iter()
            .filter(move |column| column.shape == shape);
        let named = columns.filter_map(|column| {
            let rest = key.strip_prefix(column.name.as_str())?.strip_prefix('-')?;
            Some((column, rest))
        });
        named.max_by_key(|(column, _)| column.name.len())
    };
    match dashed(Shape::Map).or_else(|| dashed(Shape::Set)) {
        Some((column, rest)) => Ok((column, member(column, rest)?)),
        None => Err(unknown(key)),
    }
}

fn member<'k>(column: &Column, rest: &'k str) -> Result<Asks<'k>, Failure> {
    match column.shape {
        Shape::Map => Ok(Asks::Key(rest)),
        Shape::Set if rest == "contains" => Ok(Asks::Contains),
        Shape::Set => Err(Failure::Refused(format!(
            "A set is filtered with '{}:contains=VALUE', not with ':{rest}'",
            column.name
        ))),
        Shape::Scalar => Err(Failure::Refused(format!(
            "Field '{}' is neither a set nor a map",
            column.name
        ))),
    }
}

fn unknown(name: &str) -> Failure {
    Failure::Refused(format!("Unknown field '{name}'"))
}
