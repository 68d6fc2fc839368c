//! From the text of a trigger to what it asks for, or to what is wrong with it, line by line.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Keep, Trigger};
use crate::inventory::unquoted;
use crate::management::{Field, Management, Misfit, Texts};

/// More complaints than these help nobody.
const MAX_COMPLAINTS: usize = 20;

/// Something in a trigger that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{what}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct Complaint {
    /// The line, from 1; `None` if it is about the whole.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: What,
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum What {
    /// No pair.
    #[error("{0:?}: each line is KEY=value")]
    NoPair(String),
    /// Nothing is known of the key.
    #[error("{0:?}: nothing is known of this key")]
    Unknown(String),
    /// The key was there before.
    #[error("{0} is given a second time")]
    Twice(String),
    /// A switch is neither on nor off.
    #[error("{0} {1:?}: 1 for yes or 0 for no")]
    Switch(String, String),
    /// A field is wrong.
    #[error(transparent)]
    Field(Misfit),
    /// A field says nothing beside the others.
    #[error("{0} is not used: the modes do without")]
    Unused(&'static str),
    /// There are more complaints.
    #[error("and {0} more complaints")]
    More(usize),
}

/// Reads a trigger's text: what it asks for, with what was passed over, or all that is wrong with it.
///
/// Unlike XAPI, which takes each mode that it does not know for DHCP and passes over lines that it does not understand,
/// this refuses them: a host shall not lose its address to a typing error.
pub fn parse(text: &[u8]) -> Result<(Trigger, Vec<Complaint>), Vec<Complaint>> {
    let mut reading = Reading::default();
    for (at, line) in text.split(|octet| *octet == b'\n').enumerate() {
        reading.line(at + 1, line);
    }
    let management = Management::read(&reading.texts);
    if let Err(misfits) = &management {
        for misfit in misfits {
            let line = reading.lines.get(misfit.field.key()).copied();
            reading.wrong(line, What::Field(misfit.clone()));
        }
    }
    match management {
        Ok(management) if reading.wrong.is_empty() => {
            let mut warnings = reading.warnings;
            for field in management.unused(&reading.texts) {
                warnings.push(Complaint {
                    line: reading.lines.get(field.key()).copied(),
                    what: What::Unused(field.key()),
                });
            }
            let keep = reading.keep;
            Ok((Trigger { management, keep }, few(warnings)))
        }
        _ => Err(few(reading.wrong)),
    }
}

fn few(mut complaints: Vec<Complaint>) -> Vec<Complaint> {
    complaints.sort_by_key(|complaint| complaint.line.unwrap_or(usize::MAX));
    let more = complaints.len().saturating_sub(MAX_COMPLAINTS);
    if more > 0 {
        complaints.truncate(MAX_COMPLAINTS);
        complaints.push(Complaint {
            line: None,
            what: What::More(more),
        });
    }
    complaints
}

#[derive(Default)]
struct Reading {
    texts: Texts,
    keep: Keep,
    /// Where each key was.
    lines: BTreeMap<String, usize>,
    wrong: Vec<Complaint>,
    warnings: Vec<Complaint>,
}

impl Reading {
    fn wrong(&mut self, line: Option<usize>, what: What) {
        self.wrong.push(Complaint { line, what });
    }

    fn line(&mut self, at: usize, line: &[u8]) {
        let lossy = String::from_utf8_lossy(line);
        let text = lossy.trim();
        if text.is_empty() || text.starts_with('#') {
            return;
        }
        let pair = std::str::from_utf8(line).ok().and_then(|_| {
            let (key, value) = text.split_once('=')?;
            Some((key.trim(), unquoted(value.trim())))
        });
        let Some((key, value)) = pair.filter(|(key, _)| !key.is_empty()) else {
            let shown = text.chars().take(64).collect();
            return self.wrong(Some(at), What::NoPair(shown));
        };
        let field = Field::ALL.into_iter().find(|field| field.key() == key);
        let mut keep = self.keep;
        let switch = keep.keys().into_iter().find(|(name, _)| *name == key);
        if field.is_none() && switch.is_none() {
            let shown = key.chars().take(64).collect();
            return self.warnings.push(Complaint {
                line: Some(at),
                what: What::Unknown(shown),
            });
        }
        if self.lines.insert(key.to_owned(), at).is_some() {
            return self.wrong(Some(at), What::Twice(key.to_owned()));
        }
        if let Some(field) = field {
            self.texts.insert(field, value.to_owned());
        }
        if let Some((_, is_kept)) = switch {
            match value {
                "1" => *is_kept = true,
                "0" | "" => *is_kept = false,
                _ => {
                    let shown = value.chars().take(64).collect();
                    return self.wrong(Some(at), What::Switch(key.to_owned(), shown));
                }
            }
            self.keep = keep;
        }
    }
}
