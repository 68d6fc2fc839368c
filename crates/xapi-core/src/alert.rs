//! Alerts: messages about an object that an operator should see.

use xapi_db::Draft;
use xapi_model::{Class, Message, MessageClass, Ref};

use crate::Result;
use crate::context::Core;

/// Priority of a message that says something needs attention; 1 is the highest.
pub const ATTENTION: i64 = 3;

/// Messages that are kept; the oldest go first.
pub const MOST_MESSAGES: usize = 10_000;

/// Adds a message about the object with a UUID to a draft.
pub fn add(
    core: &Core,
    draft: &Draft,
    name: &str,
    about: (MessageClass, &str),
    body: &str,
) -> Result<Ref<Message>> {
    tracing::warn!("{name}: {body}");
    crate::ops::message::trim(draft)?;
    draft.insert(Message {
        name: name.to_owned(),
        priority: ATTENTION,
        cls: about.0,
        obj_uuid: about.1.to_owned(),
        timestamp: core.now(),
        body: body.to_owned(),
        ..Message::blank()
    })
}
