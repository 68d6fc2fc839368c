//! How far a long call is, as a line on a terminal that is drawn over again, and Ctrl-C while it runs.

use std::io::{IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;
use xapi_cli::Watcher;

/// A call that is over sooner is not worth a line.
const QUIET: Duration = Duration::from_millis(400);
/// Cells of the bar itself.
const CELLS: usize = 30;
/// Letters of the call's name.
const LONGEST_NAME: usize = 32;
/// To the beginning of the line, and what is right of it gone.
const CLEAR: &str = "\r\x1b[K";

/// The line.
pub struct Bar {
    interrupts: Interrupts,
    name: String,
    begun: Instant,
    progress: f64,
    /// What the line shows now.
    shown: String,
}

impl Bar {
    /// A bar, if standard error is a terminal that can draw one.
    pub fn on_terminal() -> Option<Bar> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if dumb || !std::io::stderr().is_terminal() {
            return None;
        }
        // Without a way to hear Ctrl-C the call runs as it does where nobody looks, and Ctrl-C ends the program.
        let interrupts = Interrupts::new().ok()?;
        Some(Bar {
            interrupts,
            name: String::new(),
            begun: Instant::now(),
            progress: 0.0,
            shown: String::new(),
        })
    }

    fn draw(&mut self) {
        if self.begun.elapsed() < QUIET {
            return;
        }
        let line = line(&self.name, self.progress, self.begun.elapsed());
        if line != self.shown {
            write(&format!("{CLEAR}{line}"));
            self.shown = line;
        }
    }

    fn clear(&mut self) {
        if !self.shown.is_empty() {
            write(CLEAR);
            self.shown.clear();
        }
    }
}

/// Where a line cannot be drawn, nobody can be told of that either.
fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Name, part, cells, time.
fn line(name: &str, progress: f64, time: Duration) -> String {
    // Between 0 and 1 neither can overflow.
    let percent = (progress * 100.0) as usize;
    let full = (progress * CELLS as f64) as usize;
    let seconds = time.as_secs();
    format!(
        "{name} {percent:3}% [{}{}] {}:{:02}",
        "#".repeat(full),
        " ".repeat(CELLS - full.min(CELLS)),
        seconds / 60,
        seconds % 60
    )
}

impl Watcher for Bar {
    fn begin(&mut self, name: &str) {
        self.name = name.chars().take(LONGEST_NAME).collect();
        self.begun = Instant::now();
        self.progress = 0.0;
        self.interrupts.hold();
    }

    fn show(&mut self, progress: f64) {
        self.progress = progress.clamp(0.0, 1.0);
        self.draw();
    }

    fn wants_to_stop(&mut self) -> bool {
        self.interrupts.came(None)
    }

    fn tell(&mut self, text: &str) {
        self.clear();
        write(&format!("{text}\n"));
        self.draw();
    }

    fn pause(&mut self, time: Duration) {
        self.interrupts.came(Some(time));
    }

    fn end(&mut self) {
        self.clear();
        self.interrupts.release();
    }
}

/// Ctrl-C, which ends the program unless it is held; and while it is held the first one only says so.
struct Interrupts {
    /// The next one ends the program.
    armed: Arc<AtomicBool>,
    /// A byte comes for each one that does not.
    heard: UnixStream,
    pending: bool,
}

impl Interrupts {
    fn new() -> std::io::Result<Interrupts> {
        let armed = Arc::new(AtomicBool::new(true));
        let (heard, tell) = UnixStream::pair()?;
        // Carried out in this order: end if armed; if not, be armed for the next, and tell.
        signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&armed))?;
        signal_hook::flag::register(SIGINT, Arc::clone(&armed))?;
        signal_hook::low_level::pipe::register(SIGINT, tell)?;
        Ok(Interrupts {
            armed,
            heard,
            pending: false,
        })
    }

    fn hold(&mut self) {
        self.pending = false;
        self.armed.store(false, Ordering::SeqCst);
    }

    fn release(&mut self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Whether one came, after waiting for it so long. One that ended the wait is told by the next question.
    fn came(&mut self, wait: Option<Duration>) -> bool {
        let ready = match wait {
            None => self.heard.set_nonblocking(true),
            Some(time) => self
                .heard
                .set_nonblocking(false)
                .and_then(|()| self.heard.set_read_timeout(Some(time))),
        };
        // No byte in time is an error too, and there is nobody else to write any.
        let read = ready.and_then(|()| self.heard.read(&mut [0; 16]));
        self.pending |= matches!(read, Ok(1..));
        wait.is_none() && std::mem::take(&mut self.pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_one_width_and_fits_on_a_terminal() {
        let name = "x".repeat(LONGEST_NAME);
        for progress in [0.0, 0.004, 0.5, 0.999, 1.0] {
            let line = line(&name, progress, Duration::from_secs(59 * 60 + 59));
            assert_eq!(line.len(), LONGEST_NAME + CELLS + 14, "{line}");
        }
        assert_eq!(
            line("PIF.plug", 0.5, Duration::from_secs(61)),
            format!("PIF.plug  50% [{}{}] 1:01", "#".repeat(15), " ".repeat(15))
        );
    }
}
