//! Alerts: messages about an object that an operator should see.

use xapi_db::{Draft, Read};
use xapi_model::{Class, Host, Message, MessageClass, Ref};

use crate::Result;
use crate::context::Core;
use crate::pool::cut;

/// Priority of a message that says something needs attention; 1 is the highest.
pub const ATTENTION: i64 = 3;

/// Messages that are kept; the oldest go first.
pub const MOST_MESSAGES: usize = 10_000;

/// Octets of a message's body. What is longer is cut: a row that is too long for a line is none that a slave can have.
pub const MOST_BODY: usize = 16 << 10;

/// Adds a message about the object with a UUID to a draft.
pub fn add(
    core: &Core,
    draft: &Draft,
    name: &str,
    about: (MessageClass, &str),
    body: &str,
) -> Result<Ref<Message>> {
    let body = bounded(body);
    tracing::warn!("{name}: {body}");
    crate::ops::message::trim(draft)?;
    draft.insert(Message {
        name: name.to_owned(),
        priority: ATTENTION,
        cls: about.0,
        obj_uuid: about.1.to_owned(),
        timestamp: core.now(),
        body,
        ..Message::blank()
    })
}

/// Adds a message about a host, unless it is there already. A message that cannot be read is none that is there.
pub(crate) fn tell(
    core: &Core,
    draft: &Draft,
    host: &Ref<Host>,
    name: &str,
    body: &str,
) -> Result<()> {
    let body = &bounded(body);
    let uuid = draft.field(host, Host::UUID)?;
    for reference in draft.refs(Message::DESC)? {
        match draft.get(&Ref::<Message>::new(reference.clone())) {
            Ok(message) if message.obj_uuid == uuid && message.body == *body => return Ok(()),
            Ok(_) => {}
            Err(why) => tracing::error!("message {reference} cannot be read: {why}"),
        }
    }
    add(core, draft, name, (MessageClass::Host, &uuid), body)?;
    Ok(())
}

fn bounded(body: &str) -> String {
    let mut body = body.to_owned();
    cut(&mut body, MOST_BODY);
    body
}
