//! Changes through the daemon, call by call, and the word of a person that a change waits for.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use xapi_client::{ClientError, Session};
use xapi_model::Value;

use super::access::{Access, CALL, Closed};
use super::{Window, network_plugin, said};
use crate::app::Event;
use crate::app::job::{Job, Progress};

/// A change of the network may wait for a lease, for a proof, and for a person.
const CHANGE: Duration = Duration::from_secs(180);
/// Whether it waits is said at once, or asked again.
const WATCH: Duration = Duration::from_secs(5);
/// How often the daemon is asked whether a change waits for a person. It tells nobody by itself: what it waits with is
/// in no object.
const ASK: Duration = Duration::from_millis(500);

/// Makes the calls of a job.
pub fn run(access: &Access, host: &str, job: &Job, window: &Window) {
    let outcome = run_calls(access, host, job, window).map(|()| job.done.clone());
    window.tell(Event::Ended(outcome));
}

fn run_calls(access: &Access, host: &str, job: &Job, window: &Window) -> Result<(), String> {
    let seconds = job.confirm_within.map(|seconds| seconds.to_string());
    let header = seconds.map(|seconds| ("X-Http-Other-Config-confirm-within".to_owned(), seconds));
    let within = CHANGE + Duration::from_secs(job.confirm_within.unwrap_or(0).into());
    let session = access
        .session(within, header.into_iter().collect())
        .map_err(why_closed)?;
    for (at, call) in job.calls.iter().enumerate() {
        window.tell(Event::Step(at, None, Progress::Doing));
        let made = match job.confirm_within {
            Some(_) => watched(access, host, window, || {
                session.call(call.name, call.params.clone())
            }),
            None => session.call(call.name, call.params.clone()),
        };
        if let Err(why) = made {
            window.tell(Event::Step(at, None, Progress::Failed(said(&why))));
            return Err(match (at, why.api()) {
                (_, None) => "What came of it is not known. A change that was not confirmed is undone when the daemon starts again.".to_owned(),
                (0, Some(_)) => "Nothing was changed.".to_owned(),
                (done, Some(_)) => format!("This step was not done; the {done} before it were, and stay."),
            });
        }
        window.tell(Event::Step(at, None, Progress::Done));
    }
    Ok(())
}

/// Makes a call, and tells meanwhile whether it waits for a person.
fn watched(
    access: &Access,
    host: &str,
    window: &Window,
    call: impl FnOnce() -> Result<Value, ClientError>,
) -> Result<Value, ClientError> {
    let (stop, stopped) = channel::<()>();
    let made = std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut session = None;
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(ASK) {
                let asked = match session.take() {
                    Some(session) => Ok(session),
                    None => access.session(WATCH, Vec::new()).map_err(why_closed),
                };
                let asked = asked.and_then(|known| {
                    let until = waiting(&known, host).map_err(|why| said(&why))?;
                    session = Some(known);
                    Ok(until)
                });
                match asked {
                    Ok(until) => window.tell(Event::Waits(until)),
                    // The way to the daemon may be back the next time, with the session or without it.
                    Err(why) => window.tell(Event::Note(format!(
                        "Whether the change waits for a word was not to be heard for a while: {why}"
                    ))),
                };
            }
        });
        let made = call();
        drop(stop);
        made
    });
    // After the last word of the thread that asks.
    window.tell(Event::Waits(None));
    made
}

/// Until when a change waits for a person; none if none does.
fn waiting(session: &Session, host: &str) -> Result<Option<Timestamp>, ClientError> {
    let told = network_plugin(session, host, "waits", Vec::new())?;
    let left = told["seconds_left"]
        .as_u64()
        .and_then(|left| i64::try_from(left).ok());
    Ok(left.map(|left| Timestamp::now() + SignedDuration::from_secs(left)))
}

/// Says that the change that waits is well, or that it is not.
pub fn confirm(access: &Access, host: &str, undo: bool, window: &Window) {
    let session = access.session(CALL, Vec::new());
    let said = session.map_err(why_closed).and_then(|session| {
        let arguments = vec![("undo".to_owned(), undo.to_string().into())];
        network_plugin(&session, host, "confirm", arguments).map_err(|why| said(&why))
    });
    window.tell(Event::Said(said.map(drop)));
}

fn why_closed(closed: Closed) -> String {
    match closed {
        Closed::Locked => "Nobody is logged in any more.".to_owned(),
        Closed::Failed(why) => said(&why),
    }
}
