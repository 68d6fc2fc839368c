//! How large a map or a set may grow. Who may add one key may add them for ever, and each event about an object carries
//! all of it.

use xapi_model::{ApiError, FieldDesc, Value, errors};

/// Octets of all keys and values of one map, and of all members of one set.
pub(crate) const MOST_OCTETS: usize = 1 << 20;

/// Refuses with INVALID_VALUE [field, text] a value of a map or set that is too large and larger than the one before.
/// What an older version stored may stay, and shrink.
pub(crate) fn check(field: &FieldDesc, before: &Value, after: &Value) -> Result<(), ApiError> {
    let now = octets(after);
    if now <= MOST_OCTETS || now <= octets(before) {
        return Ok(());
    }
    let why = format!("too long: {now} octets in all, and {MOST_OCTETS} are allowed");
    Err(errors::invalid_value(field.name, why))
}

/// The octets of the texts in a value.
fn octets(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::Array(items) => items.iter().map(octets).sum(),
        Value::Struct(members) => members.iter().map(|(key, of)| key.len() + octets(of)).sum(),
        _ => 0,
    }
}
