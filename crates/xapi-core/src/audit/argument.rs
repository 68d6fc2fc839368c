//! The arguments of a call as the audit log shows them: named, bounded, and without secrets.

use xapi_db::{Read, View};
use xapi_model::messages::Message;
use xapi_model::{Class, ClassDesc, MODEL, Ref, Session, Type, Value};

use crate::context::Core;
use crate::session::track_id;

/// Octets of one word that are shown, as they stand in the line.
const LONGEST: usize = 256;
/// Octets of all of them together.
const LONGEST_LIST: usize = 8 * 1024;
/// Members of a list that are shown.
const MOST_MEMBERS: usize = 32;
/// What stands for a secret.
const HIDDEN: &str = "(hidden)";

/// The arguments of a call.
pub(super) fn all(core: &Core, message: &Message, params: &[Value]) -> Vec<String> {
    let mut list = List {
        view: core.view().ok(),
        texts: Vec::new(),
        octets: 0,
    };
    let short = message.short_name();
    // Of `add_to_other_config(self, key, value)` the key tells whether the value is a secret.
    let key = message.params.iter().zip(params);
    let mut key = key.filter(|(param, _)| param.name == "key");
    let key = key.next().and_then(|(_, value)| value.as_str());
    let hides_value =
        message.class.name == "secret" || is_secret(short) || key.is_some_and(is_secret);
    for (param, value) in message.params.iter().zip(params) {
        if is_secret(param.name) || (param.name == "value" && hides_value) {
            list.add(param.name, HIDDEN, "", "");
        } else {
            list.value(param.name, &param.ty, value, hides_value);
        }
    }
    list.texts
}

/// Whether what has this name is better not shown.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = [
        "pwd",
        "pass",
        "secret",
        "private",
        "token",
        "credential",
        // Of this pool they are references, which are shown as such; of another pool they open it.
        "session",
    ];
    words.iter().any(|word| name.contains(word))
}

/// A free text without what may be a session, of whatever pool, or a private key.
fn masked(text: &str) -> String {
    if text.contains("PRIVATE KEY") {
        return HIDDEN.to_owned();
    }
    // Percent-encoded, too. Lower case keeps the places of all octets.
    let low = text.to_ascii_lowercase();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((begin, end)) = secret_in(&low, at) {
        masked.push_str(&text[at..begin]);
        masked.push_str(HIDDEN);
        at = end;
    }
    masked.push_str(&text[at..]);
    masked
}

/// Where the next secret of a lower-case text begins and ends, at or after `from`.
fn secret_in(low: &str, from: usize) -> Option<(usize, usize)> {
    let marks = ["opaqueref:", "opaqueref%3a", "session_id=", "session_id%3d"];
    let word = |c: char| c.is_alphanumeric() || "-_.:%".contains(c);
    let found = marks.iter().filter_map(|mark| {
        let places = low.get(from..)?.match_indices(mark);
        let mut secrets = places.map(|(at, _)| {
            let begin = from + at + mark.len();
            let rest = &low[begin..];
            let length = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
            (begin, begin + length)
        });
        // Where nothing follows there is nothing to hide.
        secrets.find(|(begin, end)| end > begin)
    });
    found.min()
}

struct List {
    /// Without it objects have no names, and the call has worse troubles.
    view: Option<View>,
    texts: Vec<String>,
    octets: usize,
}

impl List {
    fn add(&mut self, name: &str, value: &str, uuid: &str, reference: &str) {
        if self.octets >= LONGEST_LIST {
            return;
        }
        let words = [name, value, uuid, reference].map(quoted);
        let text = format!("({})", words.join(" "));
        self.octets += text.len() + 1;
        self.texts.push(text);
    }

    fn value(&mut self, name: &str, ty: &Type, value: &Value, hides_value: bool) {
        match (ty, value) {
            (Type::Ref(class), Value::Str(reference)) => self.reference(name, class, reference),
            (Type::Set(of @ Type::Ref(_)), Value::Array(items)) => {
                for item in items.iter().take(MOST_MEMBERS) {
                    self.value(name, of, item, hides_value);
                }
            }
            (Type::Record(class), Value::Struct(members)) => {
                let class = class_of(class);
                for (name, value) in members {
                    let field = class.and_then(|class| class.field(name));
                    if is_secret(name) || (name == "value" && hides_value) {
                        self.add(name, HIDDEN, "", "");
                    } else {
                        let ty = field.map_or(Type::String, |field| field.ty);
                        self.value(name, &ty, value, hides_value);
                    }
                }
            }
            (_, value) => {
                let mut text = String::new();
                show(value, &mut text);
                self.add(name, &masked(&text), "", "");
            }
        }
    }

    fn reference(&mut self, name: &str, class: &str, reference: &str) {
        let (mut label, mut uuid) = (String::new(), String::new());
        let there = match (&self.view, class_of(class)) {
            (Some(view), Some(class)) => {
                let there = view.holds(class, reference).unwrap_or(false);
                let field = |name: &str| {
                    let field = class.field(name).filter(|_| there)?;
                    let value = view.value(class, reference, field).ok()?;
                    value.as_str().map(str::to_owned)
                };
                label = field("name_label").unwrap_or_default();
                uuid = field("uuid").unwrap_or_default();
                there
            }
            _ => false,
        };
        if class != Session::NAME {
            self.add(name, &label, &uuid, reference);
        } else if there {
            self.add(name, &track_id(&Ref::new(reference)), "", "");
        } else {
            // What is no session may have been one.
            self.add(name, HIDDEN, "", "");
        }
    }
}

fn class_of(name: &str) -> Option<&'static ClassDesc> {
    MODEL.iter().copied().find(|class| class.name == name)
}

/// A value as text, up to where it is cut.
fn show(value: &Value, text: &mut String) {
    if text.len() > 4 * LONGEST {
        return;
    }
    match value {
        Value::Nil => {}
        Value::Str(value) => text.push_str(&value[..value.floor_char_boundary(4 * LONGEST)]),
        Value::Int(value) => text.push_str(&value.to_string()),
        Value::Float(value) => text.push_str(&value.to_string()),
        Value::Bool(value) => text.push_str(&value.to_string()),
        Value::Time(value) => text.push_str(value.as_str()),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate().take(MOST_MEMBERS) {
                if at > 0 {
                    text.push(' ');
                }
                show(item, text);
            }
        }
        Value::Struct(members) => {
            for (at, (name, value)) in members.iter().enumerate().take(MOST_MEMBERS) {
                if at > 0 {
                    text.push(' ');
                }
                text.push_str(&name[..name.floor_char_boundary(LONGEST)]);
                text.push('=');
                match is_secret(name) {
                    true => text.push_str(HIDDEN),
                    false => show(value, text),
                }
            }
        }
    }
}

/// A word of an S-expression: bounded, and on one line whatever it holds.
pub(super) fn quoted(word: &str) -> String {
    let mut quoted = String::with_capacity(word.len().min(LONGEST) + 2);
    quoted.push('\'');
    for c in word.chars() {
        match c {
            _ if quoted.len() > LONGEST => {
                quoted.push('…');
                break;
            }
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(c.escape_default()),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// A text between the bars of a line's beginning.
pub(super) fn bracketed(text: &str) -> String {
    let safe = |c: char| match c {
        '|' | '[' | ']' => '_',
        c if c.is_control() => '_',
        c => c,
    };
    text.chars().take(LONGEST).map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::{bracketed, masked, quoted};

    #[test]
    fn no_session_and_no_key_stays_in_a_text() {
        for (text, shown) in [
            ("a OpaqueRef:12-ab, b", "a OpaqueRef:(hidden), b"),
            ("OpaqueRef: OpaqueRef:ä", "OpaqueRef: OpaqueRef:(hidden)"),
            (
                "http://h/x?session_id=OpaqueRef:1&b=2",
                "http://h/x?session_id=(hidden)&b=2",
            ),
            (
                "h?session_id%3DOpaqueRef%3A1 opaqueref:2",
                "h?session_id%3D(hidden) opaqueref:(hidden)",
            ),
            ("-----BEGIN RSA PRIVATE KEY-----\nMII", "(hidden)"),
            ("nothing=of the kind", "nothing=of the kind"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn no_text_breaks_out_of_its_quotes_or_its_line() {
        assert_eq!(quoted("it's"), r"'it\'s'");
        assert_eq!(quoted("a\\'b"), r"'a\\\'b'");
        assert_eq!(quoted("a\nb\u{7}\u{85}"), r"'a\nb\u{7}\u{85}'");
        assert_eq!(quoted(&"x".repeat(1000)).chars().count(), 256 + 3);
        assert!(quoted(&"\u{85}".repeat(1000)).len() < 256 + 16);
        assert_eq!(bracketed("a|b] (\n"), "a_b_ (_");
    }
}
