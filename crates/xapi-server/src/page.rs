//! Answers as HTTP: results of calls, and pages for people where there is no call to answer.

use bytes::Bytes;
use http_body_util::Full;
use hyper::ext::ReasonPhrase;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap,
    HeaderValue, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};

pub(crate) type Page = Response<Full<Bytes>>;

/// Clients compare this header as a whole: no character set may follow.
pub(crate) const XML: HeaderValue = HeaderValue::from_static("text/xml");
/// The same for JSON.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What other machines are told where plain HTTP is for this one alone.
pub(crate) const NOT_PLAIN: &str = "Only TLS is answered here.";
const HTML: HeaderValue = HeaderValue::from_static("text/html");

const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache, no-store");
const ANYONE: HeaderValue = HeaderValue::from_static("*");
const REQUESTED_WITH: HeaderValue = HeaderValue::from_static("X-Requested-With");

fn page(status: StatusCode, body: Bytes, keep: bool, headers: usize) -> Page {
    let length = body.len();
    let mut page = Response::new(Full::new(body));
    *page.status_mut() = status;
    let map = page.headers_mut();
    map.reserve(headers + 2);
    map.insert(CONTENT_LENGTH, HeaderValue::from(length));
    map.insert(
        CONNECTION,
        HeaderValue::from_static(if keep { "keep-alive" } else { "close" }),
    );
    page
}

/// The answer of a call. Errors of the API are answers too.
pub(crate) fn answer(body: Bytes, kind: HeaderValue, keep: bool) -> Page {
    let mut page = page(StatusCode::OK, body, keep, 4);
    let map = page.headers_mut();
    map.insert(CACHE_CONTROL, NO_CACHE);
    map.insert(CONTENT_TYPE, kind);
    map.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANYONE);
    map.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUESTED_WITH);
    page
}

/// The same, its body in gzip.
pub(crate) fn packed(body: Bytes, kind: HeaderValue, keep: bool) -> Page {
    let mut page = answer(body, kind, keep);
    let gzip = HeaderValue::from_static("gzip");
    page.headers_mut().insert(CONTENT_ENCODING, gzip);
    page
}

/// The answer to a browser that asks whether it may call.
pub(crate) fn options(asked: Option<&HeaderValue>, keep: bool) -> Page {
    let mut page = page(StatusCode::OK, Bytes::new(), keep, 3);
    let allowed = asked.and_then(|asked| {
        HeaderValue::from_bytes(&[asked.as_bytes(), b", X-Requested-With"].concat()).ok()
    });
    let map = page.headers_mut();
    map.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANYONE);
    map.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        allowed.unwrap_or(REQUESTED_WITH),
    );
    map.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("PUT"),
    );
    page
}

/// What a browser sees at `/`.
pub(crate) fn welcome(keep: bool) -> Page {
    let body = "<html><head><title>xapi</title></head><body><h1>xapi</h1>\
                <p>This is a XenAPI server. Clients send XML-RPC here, or JSON-RPC to /jsonrpc.</p></body></html>\n";
    html(page(
        StatusCode::OK,
        Bytes::from_static(body.as_bytes()),
        keep,
        1,
    ))
}

/// What was fetched, or why not.
pub(crate) fn fetched(fetched: crate::handler::Page, keep: bool) -> Page {
    use crate::handler::Page as Fetched;
    let refused = match fetched {
        Fetched::Body(kind, body) => {
            let mut page = page(StatusCode::OK, body.into(), keep, 2);
            let map = page.headers_mut();
            map.insert(CACHE_CONTROL, NO_CACHE);
            map.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            return page;
        }
        Fetched::Unauthorized(realm) => {
            let mut page = refusal(StatusCode::UNAUTHORIZED, "Say who you are.");
            if let Ok(scheme) = HeaderValue::from_str(&format!("Basic realm=\"{realm}\"")) {
                page.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            }
            return page;
        }
        Fetched::BadRequest(why) => (StatusCode::BAD_REQUEST, why),
        Fetched::Forbidden(why) => (StatusCode::FORBIDDEN, why),
        Fetched::NotFound => (StatusCode::NOT_FOUND, "There is nothing here.".to_owned()),
        Fetched::Failed => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The daemon's log says why.".to_owned(),
        ),
    };
    refusal(refused.0, &markup_free(&refused.1))
}

/// A text that may hold anything, for a page.
fn markup_free(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// An error page; the connection is closed after it.
pub(crate) fn refusal(status: StatusCode, why: &str) -> Page {
    let (reason, body) = texts(status, why);
    let mut page = html(page(status, body.into(), false, 1));
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        page.extensions_mut()
            .insert(ReasonPhrase::from_static(reason.as_bytes()));
    }
    page
}

/// The same as bytes, for when there is no request that hyper could answer.
pub(crate) fn raw_refusal(status: StatusCode, why: &str) -> Vec<u8> {
    let (reason, body) = texts(status, why);
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-length: {}\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n{body}",
        status.as_u16(),
        body.len()
    )
    .into_bytes()
}

fn html(mut page: Page) -> Page {
    let map: &mut HeaderMap = page.headers_mut();
    map.insert(CONTENT_TYPE, HTML);
    page
}

/// Reason and page; `why` is ours and holds no markup.
fn texts(status: StatusCode, why: &str) -> (&'static str, String) {
    let reason = match status {
        // XAPI's own word for it.
        StatusCode::INTERNAL_SERVER_ERROR => "Internal Error",
        other => other.canonical_reason().unwrap_or("Error"),
    };
    let body = format!(
        "<html><body><h1>HTTP {} {reason}</h1>{why}</body></html>\n",
        status.as_u16()
    );
    (reason, body)
}
