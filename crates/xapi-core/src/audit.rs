//! The audit log: who changed what, from where, and what became of it. One line a call that changes something or was
//! refused, and one a login; reads are not in it. Its shape is XAPI's, so that tools that read one read the other:
//!
//! `[TIME|audit|HOST|PEER ORIGINATOR|dispatch:CALL|audit] ('trackid=…' 'SID' 'USER' 'ALLOWED' 'OK' 'API' 'CALL' (ARGUMENTS))`
//!
//! An argument is `('NAME' 'LABEL OR VALUE' 'UUID' 'REFERENCE')`. Sessions and passwords are never in it.

mod argument;
mod file;

use std::io::Write;

use xapi_db::Read;
use xapi_model::messages::Message;
use xapi_model::{ApiError, Class, DateTime, Event, Host, MessageClass, Value};

use crate::Result;
use crate::context::{Core, Cx, Origin};
use crate::session::{Holder, track_id};

pub(crate) use file::Log;

/// Name of the alert that says that the log cannot be written.
const FAILED: &str = "AUDIT_LOG_FAILED";

/// A call that will have a line.
pub(crate) struct Entry {
    head: Vec<String>,
    call: String,
    arguments: String,
    from: String,
}

/// Notes a call before it is carried out, since it may destroy what it names. `None` for what is not recorded.
pub(crate) fn begin(cx: &Cx<'_>, message: &Message, params: &[Value]) -> Option<Entry> {
    let caller = cx.session.as_ref()?;
    if !message.changes() || message.class.name == Event::NAME {
        return None;
    }
    Some(Entry {
        head: vec![
            caller.track_id(),
            sid(caller).to_owned(),
            caller.user.clone(),
        ],
        call: message.name.clone(),
        arguments: argument::all(cx.core, message, params),
        from: from(cx.origin, &caller.originator),
    })
}

fn sid(holder: &Holder) -> &str {
    match () {
        () if holder.local => "LOCAL_SESSION",
        () if holder.sid.is_empty() => "LOCAL_SUPERUSER",
        () => &holder.sid,
    }
}

fn from(origin: &Origin, originator: &str) -> String {
    format!("{} {originator}", origin.peer)
}

impl Entry {
    /// Writes the line.
    pub(crate) fn end(self, core: &Core, outcome: &Result<Value>) {
        let (allowed, result) = match outcome {
            Ok(_) => ("ALLOWED", "OK".to_owned()),
            Err(ApiError { code, .. }) if code == "RBAC_PERMISSION_DENIED" => {
                ("DENIED", String::new())
            }
            Err(ApiError { code, .. }) => ("ALLOWED", format!("ERROR:{code}")),
        };
        let mut words = self.head;
        words.extend([
            allowed.to_owned(),
            result,
            "API".to_owned(),
            self.call.clone(),
        ]);
        let words: Vec<_> = words.iter().map(|word| argument::quoted(word)).collect();
        write(
            core,
            &self.from,
            &self.call,
            &format!("({} ({}))", words.join(" "), self.arguments),
        );
    }
}

/// Notes a login that succeeded.
pub(crate) fn login(core: &Core, origin: &Origin, call: &str, holder: &Holder) {
    let words = [
        &track_id(&holder.session),
        sid(holder),
        &holder.user,
        "ALLOWED",
        "OK",
        "API",
        call,
    ];
    let from = from(origin, &holder.originator);
    let words = words.map(argument::quoted).join(" ");
    write(core, &from, call, &format!("({words} ())"));
}

/// Writes a line. A call that has been carried out does not fail for want of it; the operator is told.
fn write(core: &Core, from: &str, call: &str, record: &str) {
    let line = format!(
        "[{}|audit|{}|{}|dispatch:{call}|audit] {record}\n",
        now(core),
        core.audit.host(),
        argument::bracketed(from),
    );
    match core.audit.append(line.as_bytes()) {
        Ok(()) => {}
        Err(failed) if failed.first => {
            tracing::error!("the audit log is not written: {}", failed.why);
            if let Err(why) = alert(core, &failed.why.to_string()) {
                tracing::error!("nor could the operator be told: {why}");
            }
        }
        Err(failed) => tracing::debug!("the audit log is not written: {}", failed.why),
    }
}

fn alert(core: &Core, why: &str) -> Result<()> {
    let host = core.localhost()?;
    core.store.change(|draft| {
        let uuid = draft.field(&host, Host::UUID)?;
        let body = format!("Calls are carried out and not recorded: {why}");
        crate::alert::add(core, draft, FAILED, (MessageClass::Host, &uuid), &body).map(drop)
    })
}

/// The time to the millisecond.
fn now(core: &Core) -> String {
    let now = (core.clock)();
    let since = now.duration_since(std::time::SystemTime::UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.subsec_millis());
    let seconds = DateTime::from_system(now);
    format!("{}.{millis:03}Z", seconds.as_str().trim_end_matches('Z'))
}

/// Writes the lines since a moment, or all that are kept, oldest first.
pub fn audit_log(
    core: &Core,
    since: Option<&DateTime>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let since = since.map(|since| DateTime::from_unix(since.unix()));
    let since = since
        .as_ref()
        .map(|since| since.as_str().trim_end_matches('Z'));
    core.audit.read(since.unwrap_or_default(), out)
}
