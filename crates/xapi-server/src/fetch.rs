//! Reads a request that is no call: path, query, cookies, credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap};

use crate::handler::Fetch;

/// Pairs of a query or of the cookies that are read.
const PAIRS: usize = 64;

pub(crate) fn read(uri: &Uri, headers: &HeaderMap) -> Fetch {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Fetch {
        path: uri.path().to_owned(),
        query: pairs(uri.query().unwrap_or_default(), &['&'], true),
        // Clients of XAPI may part them by either.
        cookies: pairs(header(COOKIE).unwrap_or_default(), &[';', '&'], false),
        basic: header(AUTHORIZATION).and_then(basic),
    }
}

fn pairs(text: &str, parted: &[char], plus: bool) -> Vec<(String, String)> {
    let parts = text.split(parted).map(str::trim);
    let parts = parts.filter(|part| !part.is_empty()).take(PAIRS);
    let pairs = parts.map(|part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(key, plus), decoded(value, plus))
    });
    pairs.collect()
}

/// Undoes percent-encoding; what is none stays as it is.
fn decoded(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let digit = |at: usize| {
        let digit = bytes.get(at).copied().map(char::from)?;
        digit
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            (b'+', ..) if plus => {
                out.push(b' ');
                at += 1;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// User and password of `Basic …`.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{AUTHORIZATION, COOKIE, HeaderValue};

    use super::read;

    #[test]
    fn a_request_is_taken_apart() {
        let mut headers = HeaderMap::new();
        headers.insert(
            COOKIE,
            HeaderValue::from_static("a=b; session_id=OpaqueRef%3ax"),
        );
        headers.insert(
            AUTHORIZATION,
            HeaderValue::from_static("Basic cm9vdDpwOmFzcw=="),
        );
        let uri = "/audit_log?since=2026&session_id=other&x=%zz+1,2%"
            .parse()
            .unwrap();
        let fetch = read(&uri, &headers);
        assert_eq!(fetch.path, "/audit_log");
        assert_eq!(fetch.asked("since"), Some("2026"));
        assert_eq!(fetch.asked("x"), Some("%zz 1,2%"));
        assert_eq!(
            fetch.session(),
            Some("OpaqueRef:x"),
            "a cookie goes before the query"
        );
        assert_eq!(fetch.basic, Some(("root".to_owned(), "p:ass".to_owned())));
        assert_eq!(
            read(&"/x".parse().unwrap(), &HeaderMap::new()).session(),
            None
        );
    }

    #[test]
    fn credentials_that_are_none_are_none() {
        for wrong in [
            "Basic",
            "Basic ?",
            "Basic cm9vdA==",
            "Bearer cm9vdDpwYXNz",
            "",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(wrong));
            assert_eq!(read(&"/".parse().unwrap(), &headers).basic, None, "{wrong}");
        }
    }
}
