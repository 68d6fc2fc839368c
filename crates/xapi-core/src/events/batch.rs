//! What happened between two generations, read once for all who wait for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use xapi_db::{Read, View};
use xapi_model::{Class, ClassDesc, Message, Value, errors};

use super::{Wants, event, token, told};
use crate::Result;

/// Batches that are kept. Who waits has the token of the last answer or of the one before.
const KEPT: usize = 8;

/// The newest batches.
#[derive(Default)]
pub(super) struct Batches(Mutex<VecDeque<Shared>>);

/// A batch between two generations, once somebody has read it.
#[derive(Clone)]
struct Shared {
    since: u64,
    to: u64,
    read: Arc<Mutex<Option<Arc<Batch>>>>,
}

impl Batches {
    /// What happened since a generation, up to the view's: of all objects, for everybody who asks for the same. Who asks
    /// while another reads it waits for him; nobody else does.
    pub(super) fn since(&self, since: u64, view: &View) -> Result<Arc<Batch>> {
        let to = view.generation();
        let shared = self.place(since, to);
        let mut read = shared.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(batch) = &*read {
            return Ok(Arc::clone(batch));
        }
        let batch = Arc::new(Batch::read(view, since, None)?);
        *read = Some(Arc::clone(&batch));
        Ok(batch)
    }

    fn place(&self, since: u64, to: u64) -> Shared {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = kept
            .iter()
            .find(|kept| kept.since == since && kept.to == to)
        {
            return shared.clone();
        }
        let shared = Shared {
            since,
            to,
            read: Arc::default(),
        };
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(shared.clone());
        shared
    }
}

/// All events between two generations.
pub(super) struct Batch {
    pub(super) to: u64,
    classes: Vec<ClassEvents>,
    counts: Value,
}

struct ClassEvents {
    class: &'static ClassDesc,
    name: String,
    complete: bool,
    added: Vec<(String, Value)>,
    modified: Vec<(String, Value)>,
    deleted: Vec<String>,
}

impl Batch {
    /// Reads what happened since a generation, of the wanted objects or of all.
    pub(super) fn read(view: &View, since: u64, wants: Option<&Wants>) -> Result<Batch> {
        let wanted =
            |class: &ClassDesc| class.events && wants.is_none_or(|wants| wants.class(class));
        let mut classes = Vec::new();
        for changes in view.changes_of(since, &wanted)?.classes {
            let class = changes.class;
            let only = wants.and_then(|wants| wants.only(class));
            let keep = |reference: &String| only.is_none_or(|only| only.contains(reference));
            let records = |references: Vec<String>| -> Result<Vec<(String, Value)>> {
                let references = references.into_iter().filter(keep);
                references
                    .map(|reference| {
                        let record = view.record(class, &reference)?;
                        Ok((reference, record))
                    })
                    .collect()
            };
            // Every object there is: in one scan, which is several times quicker than one after the other.
            let added = if since == 0 && only.is_none() {
                let mut all = view.records(class)?;
                all.reverse();
                all
            } else {
                records(changes.added)?
            };
            classes.push(ClassEvents {
                class,
                name: class.name.to_ascii_lowercase(),
                complete: changes.complete,
                added,
                modified: records(changes.modified)?,
                deleted: changes.deleted.into_iter().filter(keep).collect(),
            });
        }
        // Messages first, oldest first.
        if let Some(at) = classes
            .iter()
            .position(|c| c.class.name == Message::DESC.name)
        {
            let mut messages = classes.remove(at);
            messages
                .added
                .sort_by_cached_key(|(_, record)| written(record));
            classes.insert(0, messages);
        }
        Ok(Batch {
            to: view.generation(),
            classes,
            counts: counts(view)?,
        })
    }

    /// The events that a client wants to hear of. EVENTS_LOST if a part of them is forgotten: he has to begin anew.
    pub(super) fn events(&self, wants: &Wants) -> Result<Vec<Value>> {
        let wanted = || {
            self.classes
                .iter()
                .filter(|events| wants.class(events.class))
        };
        if wanted().any(|events| !events.complete) {
            return Err(errors::events_lost());
        }
        let id = self.to.to_string();
        let mut list = Vec::new();
        let tell =
            |list: &mut Vec<Value>, events: &ClassEvents, operation, found: &[(String, Value)]| {
                let found = found
                    .iter()
                    .filter(|(reference, _)| wants.object(events.class, reference));
                list.extend(found.map(|(reference, record)| {
                    event(
                        events.id(&id),
                        "0.0".to_owned(),
                        &events.name,
                        operation,
                        reference,
                        Some(record.clone()),
                    )
                }));
            };
        let gone = |list: &mut Vec<Value>, events: &ClassEvents| {
            let found = events
                .deleted
                .iter()
                .filter(|reference| wants.object(events.class, reference));
            list.extend(found.map(|reference| {
                event(
                    events.id(&id),
                    "0.0".to_owned(),
                    &events.name,
                    "del",
                    reference,
                    None,
                )
            }));
        };
        let (messages, objects): (Vec<_>, Vec<_>) =
            wanted().partition(|events| events.class.name == Message::DESC.name);
        for events in messages {
            gone(&mut list, events);
            tell(&mut list, events, "add", &events.added);
            tell(&mut list, events, "mod", &events.modified);
        }
        for events in &objects {
            tell(&mut list, events, "add", &events.added);
        }
        for events in &objects {
            tell(&mut list, events, "mod", &events.modified);
        }
        for events in &objects {
            gone(&mut list, events);
        }
        Ok(list)
    }

    /// The answer of event.from.
    pub(super) fn answer(&self, events: Vec<Value>) -> Value {
        answer(events, self.counts.clone(), self.to)
    }
}

impl ClassEvents {
    /// The number of an event; messages have none.
    fn id(&self, id: &str) -> String {
        if self.class.name == Message::DESC.name {
            "0".to_owned()
        } else {
            id.to_owned()
        }
    }
}

/// The answer of event.from when nothing was to be told up to what a view shows.
pub(super) fn nothing(view: &View) -> Result<Value> {
    Ok(answer(Vec::new(), counts(view)?, view.generation()))
}

fn answer(events: Vec<Value>, counts: Value, generation: u64) -> Value {
    Value::Struct(vec![
        ("events".to_owned(), Value::Array(events)),
        ("valid_ref_counts".to_owned(), counts),
        ("token".to_owned(), Value::Str(token(generation, 0))),
    ])
}

/// How many objects each class has, by which a client can tell whether it knows them all.
fn counts(view: &View) -> Result<Value> {
    let counts = view.counts()?.into_iter();
    let counts = counts.map(|(class, rows)| {
        let rows = Value::Int(i64::try_from(rows).unwrap_or(i64::MAX));
        (class.name.to_ascii_lowercase(), rows)
    });
    Ok(Value::Struct(counts.collect()))
}

/// When a message was written.
fn written(record: &Value) -> i64 {
    let members = record.as_struct().unwrap_or_default();
    let found = members.iter().find(|(name, _)| name == "timestamp");
    match found {
        Some((_, Value::Time(time))) => time.unix(),
        _ => 0,
    }
}

/// Whether anything that a client wants may have happened since a generation.
pub(super) fn touched(store: &xapi_db::Store, wants: &Wants, since: u64) -> bool {
    if wants.everything {
        return told().any(|class| store.touched(class, since));
    }
    told().any(|class| wants.class(class) && store.touched(class, since))
}
