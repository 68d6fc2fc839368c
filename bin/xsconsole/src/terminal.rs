//! The screen and the keys: taken when the console begins, and given back as they were however it ends.

use std::io::{self, Read, Stdout, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::app::key::Key;
use crate::queue::Tell;

/// A serial line does not say how large the screen behind it is; this many rows every terminal has.
const UNSAID: (u16, u16) = (80, 24);
/// A terminal that takes nothing any more must not keep the console from ending.
const FAREWELL: Duration = Duration::from_secs(3);
/// At 1200 baud, the slowest line that anybody reads a screen over, an octet takes 8 ms.
const PIECES: Duration = Duration::from_millis(40);

/// What comes from the terminal and from who ends programs.
#[derive(Debug)]
pub enum Input {
    /// A key.
    Key(Key),
    /// The screen has this size now, in columns and rows.
    Size(u16, u16),
    /// The console is to end, with this status.
    End(i32),
    /// The terminal is gone, for this reason.
    Lost(String),
    /// A thread has come to grief, with these words.
    Panic(String),
}

/// The screen.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    /// Whether its size is ours to keep, since the terminal does not say it.
    unsaid: bool,
}

impl Screen {
    /// Takes the screen.
    pub fn open() -> io::Result<Screen> {
        enable_raw_mode()?;
        let open = || {
            // A terminal without a second screen has only the one to be cleared.
            execute!(
                io::stdout(),
                EnterAlternateScreen,
                Clear(ClearType::All),
                cursor::Hide
            )?;
            let size = crossterm::terminal::size().unwrap_or_default();
            let unsaid = size.0 == 0 || size.1 == 0;
            let viewport = match unsaid {
                true => Viewport::Fixed(Rect::new(0, 0, UNSAID.0, UNSAID.1)),
                false => Viewport::Fullscreen,
            };
            let backend = CrosstermBackend::new(io::stdout());
            let terminal = Terminal::with_options(backend, TerminalOptions { viewport })?;
            Ok(Screen { terminal, unsaid })
        };
        open().inspect_err(|_| restore())
    }

    /// Draws what has changed.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }

    /// Draws all anew the next time, whatever others have written on the screen.
    pub fn forget(&mut self) -> io::Result<()> {
        // `clear` asks the terminal where its cursor is, and the answer would be taken for keys.
        let area = self.terminal.get_frame().area();
        self.terminal.resize(area)
    }

    /// The screen has another size.
    pub fn resize(&mut self, columns: u16, rows: u16) -> io::Result<()> {
        if self.unsaid && columns > 0 && rows > 0 {
            self.terminal.resize(Rect::new(0, 0, columns, rows))?;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. What fails here nobody can be told of.
fn restore() {
    let mut out = io::stdout();
    drop(execute!(
        out,
        Clear(ClearType::All),
        cursor::MoveTo(0, 0),
        LeaveAlternateScreen,
        cursor::Show
    ));
    drop(out.flush());
    drop(disable_raw_mode());
}

/// Has signals told; before the screen is taken, or one that comes meanwhile leaves it as it is. Call it once. As long as
/// the flag is up nothing but the main thread ends the program.
pub fn mind_signals(tell: &Tell, busy: &Arc<AtomicBool>) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let (to_end, busy) = (tell.clone(), Arc::clone(busy));
    let wait = move || {
        for signal in signals.forever() {
            to_end.input(Input::End(128 + signal));
            let busy = Arc::clone(&busy);
            let main_ended = std::thread::Builder::new().spawn(move || {
                std::thread::sleep(FAREWELL);
                while busy.load(Ordering::SeqCst) {
                    std::thread::sleep(FAREWELL);
                }
                drop(disable_raw_mode());
                std::process::exit(128 + signal);
            });
            drop(main_ended);
        }
    };
    let builder = std::thread::Builder::new().name("signals".to_owned());
    builder.spawn(wait).map(drop)
}

/// Has keys and sizes told. Call it once.
pub fn listen(tell: &Tell) -> io::Result<()> {
    // The library hears of another size first, and then we look what it has heard.
    event::poll(Duration::ZERO)?;
    let (resized, tell_resized) = UnixStream::pair()?;
    resized.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(SIGWINCH, tell_resized)?;
    let keys = tell.clone();
    let read = move || {
        loop {
            let inputs =
                next_inputs(&resized).unwrap_or_else(|why| vec![Input::Lost(why.to_string())]);
            for input in inputs {
                let over = matches!(input, Input::Lost(_));
                if !keys.input(input) || over {
                    return;
                }
            }
        }
    };
    std::thread::Builder::new()
        .name("keys".to_owned())
        .spawn(read)?;
    Ok(())
}

/// Waits until there is something to be read from the terminal. Whoever reads from one that is gone is told of an end
/// again and again, and would do nothing else for ever.
fn wait_for_terminal(resized: &UnixStream) -> io::Result<()> {
    let stdin = io::stdin();
    // What is there to be read may be the first part of a key.
    let mut patience = Duration::ZERO;
    while !event::poll(patience)? {
        let mut polled =
            [stdin.as_fd(), resized.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        match poll(&mut polled, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(why) => return Err(why.into()),
        }
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        let said = polled[0].revents().unwrap_or(PollFlags::empty());
        if said.intersects(gone) {
            return Err(io::Error::other("the terminal is gone"));
        }
        patience = match said.contains(PollFlags::POLLIN) {
            true => PIECES,
            false => Duration::ZERO,
        };
        let mut waker = resized;
        match waker.read(&mut [0; 64]) {
            Ok(_) => {}
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

/// What comes next. A slow line brings the sequence of an arrow in pieces, of which the first is a lone Esc: what follows
/// that at once belongs to it.
fn next_inputs(resized: &UnixStream) -> io::Result<Vec<Input>> {
    wait_for_terminal(resized)?;
    let first = input(event::read()?);
    if !matches!(first, Some(Input::Key(Key::Esc))) {
        return Ok(first.into_iter().collect());
    }
    let mut rest = Vec::new();
    while rest.len() < 3 && event::poll(PIECES)? {
        match input(event::read()?) {
            Some(Input::Key(Key::Char(c))) if rest.is_empty() && !matches!(c, '[' | 'O') => {
                return Ok(vec![Input::Key(Key::Esc), Input::Key(Key::Char(c))]);
            }
            Some(Input::Key(Key::Char(c))) => {
                rest.push(c);
                if let Some(key) = pieced(&rest) {
                    return Ok(vec![Input::Key(key)]);
                }
            }
            Some(other) => {
                let typed = rest.into_iter().map(|c| Input::Key(Key::Char(c)));
                let before = std::iter::once(Input::Key(Key::Esc)).chain(typed);
                return Ok(before.chain([other]).collect());
            }
            None => {}
        }
    }
    let typed = rest.into_iter().map(|c| Input::Key(Key::Char(c)));
    Ok(std::iter::once(Input::Key(Key::Esc)).chain(typed).collect())
}

/// The key whose sequence this is, behind its Esc.
fn pieced(sequence: &[char]) -> Option<Key> {
    Some(match sequence {
        ['[' | 'O', 'A'] => Key::Up,
        ['[' | 'O', 'B'] => Key::Down,
        ['[' | 'O', 'C'] => Key::Right,
        ['[' | 'O', 'D'] => Key::Left,
        ['[' | 'O', 'H'] | ['[', '1' | '7', '~'] => Key::Home,
        ['[' | 'O', 'F'] | ['[', '4' | '8', '~'] => Key::End,
        ['[', '3', '~'] => Key::Delete,
        ['[', '5', '~'] => Key::PageUp,
        ['[', '6', '~'] => Key::PageDown,
        ['[', 'Z'] => Key::BackTab,
        _ => return None,
    })
}

fn input(event: event::Event) -> Option<Input> {
    match event {
        event::Event::Key(event) => key(event).map(Input::Key),
        event::Event::Resize(columns, rows) => Some(Input::Size(columns, rows)),
        _ => None,
    }
}

/// What a panic says goes where it can be read: behind the screen, once that is given back.
pub fn mind_panics(tell: Tell) {
    static MAIN: OnceLock<std::thread::ThreadId> = OnceLock::new();
    MAIN.get_or_init(|| std::thread::current().id());
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if MAIN.get() == Some(&std::thread::current().id()) {
            restore();
            before(info);
        } else {
            // The main thread has the screen, and says it when it has given that back.
            tell.input(Input::Panic(info.to_string()));
        }
    }));
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    Some(match event.code {
        KeyCode::Char(c) if event.modifiers.contains(KeyModifiers::CONTROL) => match c {
            // What terminals of old send for the key Backspace, and for Enter and Tab.
            'h' => Key::Backspace,
            'j' | 'm' => Key::Enter,
            'i' => Key::Tab,
            c => Key::Ctrl(c),
        },
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::pieced;
    use crate::app::key::Key;

    #[test]
    fn the_sequence_of_a_key_is_known_behind_its_escape_and_not_before_its_end() {
        let key = |text: &str| pieced(&text.chars().collect::<Vec<_>>());
        assert_eq!(key("[A"), Some(Key::Up));
        assert_eq!(key("OB"), Some(Key::Down));
        assert_eq!(key("[6~"), Some(Key::PageDown));
        for unfinished in ["[", "O", "[5", "", "[12"] {
            assert_eq!(key(unfinished), None, "{unfinished}");
        }
    }
}
