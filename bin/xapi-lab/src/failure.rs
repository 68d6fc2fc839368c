//! The one error type of the lab: what we were doing, and why it did not work.
//!
//! The lab has no caller that decides by error; it has people who read. So an error is a sentence with a
//! chain of causes, printed once, in `main`.

use std::error::Error;
use std::fmt;

/// Something the lab was doing, and the reason it could not.
#[derive(Debug)]
pub struct Failure {
    sentence: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure that has no deeper cause.
    pub fn new(sentence: impl Into<String>) -> Failure {
        Failure {
            sentence: sentence.into(),
            cause: None,
        }
    }

    /// The sentence and all its causes on one line, outermost first.
    pub fn chain(&self) -> String {
        let mut text = self.sentence.clone();
        let mut cause = self.source();
        while let Some(why) = cause {
            text.push_str(&format!(": {why}"));
            cause = why.source();
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_deref()
            .map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Says what we were doing when something failed.
pub trait Doing<T> {
    /// Wraps the error with `what`; the text is only built on failure.
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Error + Send + Sync + 'static> Doing<T> for std::result::Result<T, E> {
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|why| Failure {
            sentence: what().into(),
            cause: Some(Box::new(why)),
        })
    }
}

/// Reports a failure that the work in hand goes on without, on standard error.
pub fn went_on_without(outcome: Result<()>) {
    if let Err(why) = outcome {
        eprintln!("xapi-lab: {}", why.chain());
    }
}
