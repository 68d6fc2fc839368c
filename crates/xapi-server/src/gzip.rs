//! Bodies in gzip: those that clients send, and answers that are worth it.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap};

/// Shorter answers fit into a few packets anyway.
pub(crate) const WORTH_IT: usize = 16 * 1024;

/// How the body of a request is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    Gzip,
}

/// Why a packed body could not be unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unpacked {
    TooLong,
    Broken,
}

/// How the body of a request with these headers is packed; None if in a way that is not known here.
pub(crate) fn coding(headers: &HeaderMap) -> Option<Coding> {
    let mut coding = Coding::Plain;
    for value in headers.get_all(CONTENT_ENCODING) {
        for word in value.to_str().ok()?.split(',') {
            let word = word.trim();
            if is_gzip(word) && coding == Coding::Plain {
                coding = Coding::Gzip;
            } else if !word.is_empty() && !word.eq_ignore_ascii_case("identity") {
                return None;
            }
        }
    }
    Some(coding)
}

/// Whether the client takes an answer in gzip.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let (mut named, mut any) = (None, None);
    for value in headers.get_all(ACCEPT_ENCODING) {
        for choice in value.to_str().unwrap_or_default().split(',') {
            let mut parts = choice.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            // A weight of nought is a refusal; what the weight is does not matter otherwise.
            let refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or(part.strip_prefix("Q="));
                weight.is_some_and(|weight| !weight.parse::<f32>().is_ok_and(|q| q > 0.0))
            });
            if is_gzip(name) {
                named = Some(!refused);
            } else if name == "*" {
                any = Some(!refused);
            }
        }
    }
    named.or(any).unwrap_or(false)
}

fn is_gzip(word: &str) -> bool {
    word.eq_ignore_ascii_case("gzip") || word.eq_ignore_ascii_case("x-gzip")
}

/// Unpacks a body of at most `limit` bytes, and never holds more than that.
pub(crate) fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, Unpacked> {
    let mut body = Vec::new();
    MultiGzDecoder::new(packed)
        .take(limit as u64 + 1)
        .read_to_end(&mut body)
        .map_err(|_| Unpacked::Broken)?;
    if body.len() > limit {
        return Err(Unpacked::TooLong);
    }
    Ok(body.into())
}

/// Packs an answer at the fastest level: the records of XenAPI repeat themselves, and the other levels cost several
/// times as much for little.
pub(crate) fn pack(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    packed.write_all(body)?;
    packed.finish()
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};

    use super::{Coding, Unpacked, coding, is_wanted, pack, unpack};

    fn one(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (value, wanted) in [
            ("", false),
            ("gzip", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("GZIP", true),
            ("x-gzip", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("gzip;q=0.001", true),
            ("gzip;q=x", false),
            ("*;q=0", false),
            ("gzip;q=0, *", false),
            ("*;q=0, gzip", true),
            ("identity", false),
            ("gzipped", false),
        ] {
            assert_eq!(is_wanted(&one(ACCEPT_ENCODING, value)), wanted, "{value}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
    }

    #[test]
    fn a_body_is_plain_or_in_gzip_once() {
        for (value, known) in [
            ("", Some(Coding::Plain)),
            ("identity", Some(Coding::Plain)),
            ("gzip", Some(Coding::Gzip)),
            ("X-Gzip", Some(Coding::Gzip)),
            ("identity, gzip", Some(Coding::Gzip)),
            ("gzip, gzip", None),
            ("deflate", None),
            ("br", None),
        ] {
            assert_eq!(coding(&one(CONTENT_ENCODING, value)), known, "{value}");
        }
        assert_eq!(coding(&HeaderMap::new()), Some(Coding::Plain));
    }

    #[test]
    fn what_is_packed_is_unpacked_up_to_the_limit() {
        let body = vec![b'x'; 1000];
        let packed = pack(&body).unwrap();
        assert!(packed.len() < 100);
        assert_eq!(unpack(&packed, 1000).unwrap(), body);
        assert_eq!(unpack(&packed, 999), Err(Unpacked::TooLong));
        let half = &packed[..packed.len() - 1];
        assert_eq!(unpack(half, 1000), Err(Unpacked::Broken));
        assert_eq!(unpack(b"x", 1000), Err(Unpacked::Broken));
        let twice = [packed.clone(), packed].concat();
        assert_eq!(unpack(&twice, 2000).unwrap().len(), 2000);
    }
}
