//! What goes on, for whoever debugs: on standard error at once, or when the command has failed.

use xapi_cli::Output;

use crate::Terminal;

/// Where the lines go.
pub enum Trace {
    /// Nowhere.
    Off,
    /// To standard error.
    Now,
    /// Here, until it is known how the command ends.
    Kept(String),
}

impl Trace {
    /// By the options `debug` and `debugonfail`; the first is the stronger.
    pub fn new(debug: Option<bool>, on_fail: Option<bool>) -> Trace {
        match (debug, on_fail) {
            (Some(true), _) => Trace::Now,
            (_, Some(true)) => Trace::Kept(String::new()),
            _ => Trace::Off,
        }
    }

    /// Takes a line, if anybody wants it.
    pub fn say(&mut self, line: impl FnOnce() -> String) {
        match self {
            Trace::Off => {}
            Trace::Now => Terminal::default().eprint(&(line() + "\n")),
            Trace::Kept(kept) => *kept += &(line() + "\n"),
        }
    }

    /// The lines that were kept.
    pub fn kept(self) -> String {
        match self {
            Trace::Kept(kept) => kept,
            Trace::Off | Trace::Now => String::new(),
        }
    }
}

/// The words of a command, without the values of those that name a secret.
pub fn without_secrets(words: &[String]) -> String {
    let shown = words.iter().map(|word| match word.split_once('=') {
        Some((key, _)) if key.to_ascii_lowercase().contains("password") => format!("{key}=…"),
        _ => word.clone(),
    });
    shown.collect::<Vec<_>>().join(" ")
}
