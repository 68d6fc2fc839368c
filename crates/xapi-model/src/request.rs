//! What names a request in logs and tasks.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// A name for a request: when the process began, and a number. It is spelled only where somebody reads it: most
/// requests are reads of microseconds that nobody logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestId {
    begun: u64,
    number: u64,
}

impl RequestId {
    /// One that no other request of this process has.
    pub fn fresh() -> RequestId {
        static BEGUN: OnceLock<u64> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let begun = BEGUN.get_or_init(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs())
        });
        RequestId {
            begun: *begun,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Whether it names nothing: the work came from within.
    pub fn is_none(&self) -> bool {
        self.number == 0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return Ok(());
        }
        write!(f, "{:x}-{:x}", self.begun, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::RequestId;

    #[test]
    fn requests_have_different_names_and_what_comes_from_within_has_none() {
        let (one, other) = (RequestId::fresh(), RequestId::fresh());
        assert_ne!(one.to_string(), other.to_string());
        assert!(!one.is_none());
        assert_eq!(RequestId::default().to_string(), "");
    }
}
