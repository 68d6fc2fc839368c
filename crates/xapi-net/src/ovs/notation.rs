//! How OVSDB writes values in JSON (RFC 7047, section 5.1): sets, maps, UUIDs.
//!
//! A set of one element may be written as the element alone, and an optional column is a set of at most one, so every
//! reader here takes both. This module must not know tables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// A row, column by column.
pub type Columns = Map<String, Value>;

/// The identity of a row.
pub type Uuid = String;

/// What came is not what the schema of the column says.
pub type Mismatch = String;

/// A reference to a row that is there.
pub fn uuid(id: &str) -> Value {
    json!(["uuid", id])
}

/// A reference to a row that the same transaction inserts.
pub fn named_uuid(name: &str) -> Value {
    json!(["named-uuid", name])
}

/// A set of values.
pub fn set(values: impl IntoIterator<Item = Value>) -> Value {
    json!(["set", values.into_iter().collect::<Vec<_>>()])
}

/// A column that may be empty.
pub fn optional(value: Option<impl Into<Value>>) -> Value {
    value.map_or_else(|| set([]), Into::into)
}

/// A map from text to text.
pub fn map<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Value {
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(key, value)| json!([key.as_ref(), value.as_ref()]))
        .collect();
    json!(["map", pairs])
}

/// The columns of a row and their values, read by name.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a>(pub &'a Columns);

impl Row<'_> {
    fn column(&self, name: &str) -> Result<&Value, Mismatch> {
        self.0.get(name).ok_or_else(|| format!("no column {name}"))
    }

    /// A column that is never empty.
    pub fn text(&self, name: &str) -> Result<String, Mismatch> {
        self.optional_text(name)?
            .ok_or_else(|| format!("{name} is empty"))
    }

    /// Text, or nothing.
    pub fn optional_text(&self, name: &str) -> Result<Option<String>, Mismatch> {
        self.optional(name, |value| value.as_str().map(str::to_owned))
    }

    /// A number that is never missing.
    pub fn integer(&self, name: &str) -> Result<i64, Mismatch> {
        self.optional_integer(name)?
            .ok_or_else(|| format!("{name} is empty"))
    }

    /// A number, or nothing.
    pub fn optional_integer(&self, name: &str) -> Result<Option<i64>, Mismatch> {
        self.optional(name, Value::as_i64)
    }

    /// Yes or no.
    pub fn boolean(&self, name: &str) -> Result<bool, Mismatch> {
        self.optional(name, Value::as_bool)?
            .ok_or_else(|| format!("{name} is empty"))
    }

    /// Whether a set has nothing in it.
    pub fn is_empty(&self, name: &str) -> Result<bool, Mismatch> {
        Ok(elements(self.column(name)?).is_empty())
    }

    /// References to rows.
    pub fn uuids(&self, name: &str) -> Result<BTreeSet<Uuid>, Mismatch> {
        let wrong = || format!("{name} is no set of references");
        elements(self.column(name)?)
            .into_iter()
            .map(|value| uuid_of(value).ok_or_else(wrong))
            .collect()
    }

    /// Text by text.
    pub fn map(&self, name: &str) -> Result<BTreeMap<String, String>, Mismatch> {
        let wrong = || format!("{name} is no map of text");
        let pairs = pairs(self.column(name)?).ok_or_else(wrong)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        pairs
            .into_iter()
            .map(|(key, value)| text(key).zip(text(value)).ok_or_else(wrong))
            .collect()
    }

    /// The identity of the row itself.
    pub fn id(&self) -> Result<Uuid, Mismatch> {
        uuid_of(self.column("_uuid")?).ok_or_else(|| "_uuid is no reference".to_owned())
    }

    fn optional<T>(
        &self,
        name: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Mismatch> {
        let value = self.column(name)?;
        match elements(value).as_slice() {
            [] => Ok(None),
            [one] => read(one)
                .map(Some)
                .ok_or_else(|| format!("{name} is {one}")),
            _ => Err(format!("{name} has several values")),
        }
    }
}

/// The UUID in a reference.
pub fn uuid_of(value: &Value) -> Option<Uuid> {
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(kind), Value::String(id)]) if kind == "uuid" => Some(id.clone()),
        _ => None,
    }
}

/// The elements of a set, or of what stands for a set of one.
pub fn elements(value: &Value) -> Vec<&Value> {
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(kind), Value::Array(elements)]) if kind == "set" => {
            elements.iter().collect()
        }
        _ => vec![value],
    }
}

fn pairs(value: &Value) -> Option<Vec<(&Value, &Value)>> {
    let Some([Value::String(kind), Value::Array(pairs)]) = value.as_array().map(Vec::as_slice)
    else {
        return None;
    };
    let pair = |pair: &'_ Value| -> Option<usize> {
        pair.as_array().map(Vec::len).filter(|len| *len == 2)
    };
    (kind == "map" && pairs.iter().all(|value| pair(value).is_some()))
        .then(|| pairs.iter().map(|pair| (&pair[0], &pair[1])).collect())
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A value or nothing.
    Optional,
    /// Any number of values.
    Set,
    /// Pairs.
    Map,
}

impl Kind {
    /// What is in the column of a new row. A monitor leaves such columns out.
    pub fn default(self) -> Value {
        match self {
            Kind::Text => json!(""),
            Kind::Integer => json!(0),
            Kind::Boolean => json!(false),
            Kind::Optional | Kind::Set => set([]),
            Kind::Map => json!(["map", []]),
        }
    }

    /// Brings a column up to date with what a monitor tells about it (ovsdb-server(7), "update2"): the new value where
    /// there is at most one; what was added and what was removed, in one set, where there may be many; and for pairs,
    /// those that were added or replaced, and as they were those that were removed.
    pub fn changed(self, old: &Value, change: &Value) -> Value {
        match self {
            Kind::Text | Kind::Integer | Kind::Boolean | Kind::Optional => change.clone(),
            Kind::Set => {
                let (old, change) = (elements(old), elements(change));
                let kept = old.iter().filter(|value| !change.contains(value));
                let added = change.iter().filter(|value| !old.contains(value));
                set(kept.chain(added).map(|value| (*value).clone()))
            }
            Kind::Map => {
                let (old, change) = (
                    pairs(old).unwrap_or_default(),
                    pairs(change).unwrap_or_default(),
                );
                let kept = old
                    .iter()
                    .filter(|(key, _)| !change.iter().any(|(changed, _)| changed == key));
                let added = change.iter().filter(|pair| !old.contains(pair));
                let pairs: Vec<_> = kept
                    .chain(added)
                    .map(|(key, value)| json!([key, value]))
                    .collect();
                json!(["map", pairs])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: Value) -> Columns {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_set_of_one_reads_the_same_with_and_without_its_brackets() {
        let one = json!(["uuid", "a"]);
        for value in [one.clone(), json!(["set", [one]])] {
            assert_eq!(
                Row(&row(json!({"ports": value}))).uuids("ports").unwrap(),
                BTreeSet::from(["a".to_owned()])
            );
        }
        let empty = row(json!({"ports": ["set", []], "tag": ["set", []], "mac": "set"}));
        assert_eq!(Row(&empty).uuids("ports").unwrap(), BTreeSet::new());
        assert_eq!(Row(&empty).optional_integer("tag").unwrap(), None);
        assert_eq!(Row(&empty).text("mac").unwrap(), "set");
    }

    #[test]
    fn what_the_schema_does_not_allow_is_told_and_not_guessed() {
        let odd = row(
            json!({"tag": "7", "ports": [["uuid", "a"]], "ids": ["map", [["a"]]], "mac": ["set", ["a", "b"]]}),
        );
        assert!(Row(&odd).optional_integer("tag").is_err());
        assert!(Row(&odd).uuids("ports").is_err());
        assert!(Row(&odd).map("ids").is_err());
        assert!(Row(&odd).optional_text("mac").is_err());
        assert!(Row(&odd).boolean("missing").is_err());
    }

    #[test]
    fn a_change_of_a_set_toggles_and_a_change_of_a_map_replaces_or_removes() {
        let change = |kind: Kind, old, change| kind.changed(&old, &change);
        assert_eq!(
            change(Kind::Set, json!(["set", [1, 2]]), json!(["set", [2, 3]])),
            json!(["set", [1, 3]])
        );
        assert_eq!(change(Kind::Set, json!(1), json!(1)), json!(["set", []]));
        let old = json!(["map", [["a", "1"], ["b", "2"], ["c", "3"]]]);
        let told = json!(["map", [["a", "1"], ["b", "9"], ["d", "4"]]]);
        assert_eq!(
            change(Kind::Map, old, told),
            json!(["map", [["c", "3"], ["b", "9"], ["d", "4"]]])
        );
        assert_eq!(
            change(Kind::Optional, json!(1), json!(["set", []])),
            json!(["set", []])
        );
    }
}
