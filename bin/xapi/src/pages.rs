//! What is fetched and is no call: health, figures.

use std::net::SocketAddr;

use xapi_core::{Api, Origin, health, metrics};
use xapi_model::{ApiError, Value};
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
        _ => Page::NotFound,
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

/// Lets those in who may read: the machine itself, and whoever has a session or a password (wire-protocol facts, 4.5).
fn with_permission(
    api: &Api,
    origin: &Origin,
    fetch: &Fetch,
    name: &'static str,
    answer: impl FnOnce(&Api) -> Result<Page, ApiError>,
) -> Page {
    let here = origin.local_root
        || origin
            .peer
            .parse::<SocketAddr>()
            .is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
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
