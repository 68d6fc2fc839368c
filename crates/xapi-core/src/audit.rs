//! The audit log: who changed what, from where, and what became of it. One line a call that changes something or was
//! refused, and one a login; reads are not in it. Its shape is XAPI's, so that tools that read one read the other:
//!
//! `[TIME|audit|HOST|PEER ORIGINATOR|dispatch:CALL|audit] ('trackid=…' 'SID' 'USER' 'ALLOWED' 'OK' 'API' 'CALL' (ARGUMENTS))`
//!
//! An argument is `('NAME' 'LABEL OR VALUE' 'UUID' 'REFERENCE')`. Sessions and passwords are never in it. Of what anybody
//! may do a user has so many lines a minute, and then one whose call is `and N more` ([`rate`]).

mod argument;
mod file;
mod rate;

use std::io::Write;

use xapi_db::Read;
use xapi_model::messages::Message;
use xapi_model::{
    ApiError, Class, DateTime, Event, Host, MessageClass, Ref, Role, Session, Task, Value,
};

use crate::Result;
use crate::context::{Core, Cx, Origin};
use crate::session::{Caller, Holder, track_id};
use rate::{Kind, Who};

pub(crate) use file::Log;

/// Name of the alert that says that the log cannot be written.
const FAILED: &str = "AUDIT_LOG_FAILED";

/// Octets of all arguments that are shown of what anybody may do.
const SHORT: usize = 512;

/// A call that will have a line.
pub(crate) struct Entry {
    who: Who,
    /// The superuser's lines are all written.
    superuser: bool,
    /// The weakest role may call it.
    weak: bool,
    call: String,
    arguments: Vec<String>,
}

/// Notes a call before it is carried out, since it may destroy what it names. `None` for what is not recorded.
pub(crate) fn begin(cx: &Cx<'_>, message: &Message, params: &[Value]) -> Option<Entry> {
    let caller = cx.session.as_ref()?;
    is_recorded(message).then(|| Entry::new(cx, caller, message, params))
}

/// Notes a call that the role does not permit, if [`begin`] does not.
pub(crate) fn refused(cx: &Cx<'_>, message: &Message, params: &[Value], why: &ApiError) {
    if let Some(caller) = &cx.session
        && !is_recorded(message)
    {
        let entry = Entry::new(cx, caller, message, params);
        entry.end(cx.core, &Err(why.clone()));
    }
}

/// Whether calls have lines when they are carried out.
fn is_recorded(message: &Message) -> bool {
    message.changes() && message.class.name != Event::NAME
}

/// Whether a call acts on a task of the user who calls. The texts in it are whatever they like, and change nothing but
/// that task.
fn on_own_task(cx: &Cx<'_>, caller: &Caller, message: &Message, params: &[Value]) -> bool {
    if message.class.name != Task::NAME || caller.sid.is_empty() {
        return false;
    }
    let task = params.first().and_then(Value::as_str);
    let task = Ref::<Task>::new(task.unwrap_or_default());
    let owner = cx
        .core
        .view()
        .and_then(|view| view.field(&task, Task::OWNER));
    message.short_name() == "create" || owner.is_ok_and(|owner| owner == caller.sid)
}

fn sid(holder: &Holder) -> &str {
    match () {
        () if holder.local => "LOCAL_SESSION",
        () if holder.sid.is_empty() => "LOCAL_SUPERUSER",
        () => &holder.sid,
    }
}

impl Who {
    fn new(origin: &Origin, session: &Ref<Session>, holder: &Holder) -> Who {
        Who {
            track_id: track_id(session),
            sid: sid(holder).to_owned(),
            user: holder.user.clone(),
            from: format!("{} {}", origin.peer, holder.originator),
        }
    }
}

impl Entry {
    fn new(cx: &Cx<'_>, caller: &Caller, message: &Message, params: &[Value]) -> Entry {
        Entry {
            who: Who::new(cx.origin, &caller.session, caller),
            superuser: caller.sid.is_empty(),
            weak: message.role == Role::ReadOnly,
            call: message.name.clone(),
            arguments: match on_own_task(cx, caller, message, params) {
                true => Vec::new(),
                false => argument::all(cx.core, message, params),
            },
        }
    }

    /// Writes the line.
    pub(crate) fn end(self, core: &Core, outcome: &Result<Value>) {
        let (allowed, result) = match outcome {
            Ok(_) => ("ALLOWED", "OK".to_owned()),
            Err(ApiError { code, .. }) if code == "RBAC_PERMISSION_DENIED" => {
                ("DENIED", String::new())
            }
            Err(ApiError { code, .. }) => ("ALLOWED", format!("ERROR:{code}")),
        };
        let kind = match allowed {
            _ if self.superuser => None,
            "DENIED" => Some(Kind::Refused),
            _ => self.weak.then_some(Kind::Weak),
        };
        let mut arguments = self.arguments;
        if kind.is_some() {
            let mut left = SHORT;
            let fits = arguments.iter().take_while(|argument| {
                let fits = argument.len() <= left;
                left = left.saturating_sub(argument.len());
                fits
            });
            arguments.truncate(fits.count());
        }
        let line = Line {
            who: &self.who,
            allowed,
            result: &result,
            call: &self.call,
            arguments: &arguments.join(" "),
        };
        line.write_within(core, kind);
    }
}

/// Notes a login that succeeded.
pub(crate) fn login(core: &Core, origin: &Origin, call: &str, holder: &Holder) {
    let line = Line {
        who: &Who::new(origin, &holder.session, holder),
        allowed: "ALLOWED",
        result: "OK",
        call,
        arguments: "",
    };
    line.write_within(core, (!holder.sid.is_empty()).then_some(Kind::Login));
}

/// Writes how many lines were left out of the minutes that are over. Called by the housekeeping thread, too.
pub(crate) fn tell_left_out(core: &Core) {
    for more in core.audit.rate().ended(core.seconds()) {
        let (allowed, result) = match more.kind {
            Kind::Refused => ("DENIED", ""),
            Kind::Weak | Kind::Login => ("ALLOWED", "OK"),
        };
        let line = Line {
            who: &more.who,
            allowed,
            result,
            call: &format!("and {} more", more.count),
            arguments: "",
        };
        line.write(core);
    }
}

struct Line<'a> {
    who: &'a Who,
    allowed: &'a str,
    result: &'a str,
    call: &'a str,
    arguments: &'a str,
}

impl Line<'_> {
    /// Writes the line, or counts it where its user has had as many as there may be of a kind.
    fn write_within(&self, core: &Core, kind: Option<Kind>) {
        tell_left_out(core);
        let rate = core.audit.rate();
        if kind.is_none_or(|kind| rate.admits(kind, self.who, core.seconds())) {
            self.write(core);
        }
    }

    fn write(&self, core: &Core) {
        let who = self.who;
        let words = [
            &who.track_id,
            &who.sid,
            &who.user,
            self.allowed,
            self.result,
            "API",
            self.call,
        ];
        let words = words.map(argument::quoted).join(" ");
        let record = format!("({words} ({}))", self.arguments);
        write(core, &who.from, self.call, &record);
    }
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
