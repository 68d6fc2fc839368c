//! What is fetched and is no call: health, figures.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use xapi_core::{Api, Origin, audit, health, metrics};
use xapi_model::{ApiError, DateTime, Value, errors};
use xapi_server::{Fetch, Page};

/// The content type of Prometheus' text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers `GET`.
pub(crate) fn fetch(api: &Api, origin: &Origin, fetch: &Fetch) -> Page {
    match fetch.path.as_str() {
        "/health" => healthy(api),
        "/metrics" => with_permission(api, origin, fetch, "get_metrics", |api| {
            let page = metrics::page(api.core())?;
            Ok(Page::Body(OPEN_METRICS, page.into_bytes()))
        }),
        "/audit_log" => match fetch.asked("since").filter(|since| !since.is_empty()) {
            None => audited(api, origin, fetch, None),
            Some(since) => match DateTime::parse(since) {
                Some(since) => audited(api, origin, fetch, Some(since)),
                None => {
                    Page::BadRequest(format!("{since} is no date, such as 20260131T12:00:00Z."))
                }
            },
        },
        _ => Page::NotFound,
    }
}

/// The audit log, for everybody with a session: every role may read it.
fn audited(api: &Api, origin: &Origin, fetch: &Fetch, since: Option<DateTime>) -> Page {
    with_permission(api, origin, fetch, "get_audit_log", |api| {
        static READING: Mutex<()> = Mutex::new(());
        // One at a time: it is held in memory.
        let _reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = Bounded(Vec::new());
        match audit::audit_log(api.core(), since.as_ref(), &mut text) {
            Ok(()) => Ok(Page::Body("text/plain", text.0)),
            Err(why) if why.kind() == ErrorKind::FileTooLarge => Ok(Page::BadRequest(format!(
                "That is more than {AUDIT_LOG} octets: ask for a part of it, with since=."
            ))),
            Err(why) => Err(errors::internal_error(why)),
        }
    })
}

/// Octets of the audit log that are sent at once.
const AUDIT_LOG: usize = 32 << 20;

/// As much as is sent at once, and no more.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > AUDIT_LOG {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether the daemon works, for whoever asks: it says no more than that.
fn healthy(api: &Api) -> Page {
    match health::check(api.core()) {
        Ok(()) => Page::Body("text/plain", b"ok\n".to_vec()),
        Err(why) => {
            tracing::error!("not healthy: {why}");
            Page::Failed
        }
    }
}

/// Lets those in who may read: root on the unix socket, and whoever has a session or a password (wire-protocol facts,
/// 4.5). Figures are for everybody on this machine, too.
fn with_permission(
    api: &Api,
    origin: &Origin,
    fetch: &Fetch,
    name: &'static str,
    answer: impl FnOnce(&Api) -> Result<Page, ApiError>,
) -> Page {
    let local = name == "get_metrics"
        && origin
            .peer
            .parse::<SocketAddr>()
            .is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
    let here = origin.local_root || local;
    let temporary = match (here, fetch.session(), &fetch.basic) {
        (true, ..) => None,
        // Every session may read; whether it is one shows when it is used.
        (false, Some(session), _) => {
            let asked = vec![Value::from(session), Value::from(session)];
            if api.call(origin, "session.get_uuid", asked).is_err() {
                return Page::Unauthorized(name);
            }
            None
        }
        (false, None, Some((user, password))) => {
            let words = [user, password, "", "xapi using Basic auth"];
            let words = words.map(|word| Value::from(word.to_owned())).to_vec();
            match api.call(origin, "session.login_with_password", words) {
                Ok(session) => Some(session),
                Err(_) => return Page::Unauthorized(name),
            }
        }
        (false, None, None) => return Page::Unauthorized(name),
    };
    let page = answer(api).unwrap_or_else(|why| {
        tracing::error!("{name}: {why}");
        Page::Failed
    });
    if let Some(session) = temporary
        && let Err(why) = api.call(origin, "session.logout", vec![session])
    {
        tracing::warn!("{name}: its session stays until it is idle for a day: {why}");
    }
    page
}
