//! `xsconsole`: the console that a host shows on its screen. Takes the terminal, and lets state, drawing and work meet.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use xsconsole::app::{App, Effect, Event, User};
use xsconsole::look::Look;
use xsconsole::queue::{self, Next, Queue};
use xsconsole::seen::Line;
use xsconsole::terminal::{self, Input, Screen};
use xsconsole::view::{self, Beyond};
use xsconsole::work::access::{Access, Closed};
use xsconsole::work::{Work, daemon, kernel};

/// The daemon has so long to answer for a page that is only printed.
const PRINT: Duration = Duration::from_secs(5);
/// Of what happened at the same time, so much is taken before the screen is drawn.
const MOST: usize = 256;

/// The console of a host: its status, its network, and the emergency network reset.
///
/// Run as root on the host's screen or on a serial line; TERM, NO_COLOR and the locale say what the terminal can show.
/// The daemon need not run: what is shown then is what the kernel says.
#[derive(Debug, Parser)]
#[command(name = "xsconsole", version, about)]
struct Flags {
    /// Print the status page as plain text and exit; --once does the same. The exit status is 1 if the daemon does not
    /// answer.
    #[arg(long, visible_alias = "once")]
    print_status: bool,
    /// Directory under which the host's files are.
    #[arg(long, default_value = "/", value_name = "DIRECTORY")]
    root: PathBuf,
    /// Where the daemon is, such as http://127.0.0.1 or https://xs-1 [default: its socket on this host].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Draw lines with plain characters, whatever the locale says.
    #[arg(long)]
    ascii: bool,
    /// No colours, whatever the terminal can show. NO_COLOR in the environment means the same.
    #[arg(long)]
    no_color: bool,
    /// Print the completion script for a shell and exit.
    #[arg(long, value_name = "SHELL", hide = true)]
    completion: Option<clap_complete::Shell>,
    /// Print the manual page and exit.
    #[arg(long, hide = true)]
    man: bool,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    match run(&flags) {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            eprintln!("xsconsole: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<u8, Box<dyn std::error::Error>> {
    if let Some(shell) = flags.completion {
        let mut command = Flags::command();
        clap_complete::generate(shell, &mut command, "xsconsole", &mut std::io::stdout());
        return Ok(0);
    }
    if flags.man {
        clap_mangen::Man::new(Flags::command()).render(&mut std::io::stdout())?;
        return Ok(0);
    }
    let is_root = nix::unistd::geteuid().is_root();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let access = Access::new(&flags.root, flags.url.as_deref(), is_root, home)?;
    let user = if access.is_trusted() {
        User::Root
    } else {
        User::Nobody
    };
    let app = App::new(user, access.is_here(), Timestamp::now(), TimeZone::system());
    if flags.print_status {
        return print_status(app, &access, flags);
    }
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err("this is no terminal; --print-status prints the status page".into());
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Err("this terminal has no cursor to move (TERM=dumb); --print-status prints the status page".into());
    }
    let mut look = Look::of_environment(|name| std::env::var(name).ok());
    look.colour &= !flags.no_color;
    look.unicode &= !flags.ascii;
    console(app, access, look, flags)
}

/// The status page for scripts, and for a message of the day.
fn print_status(
    mut app: App,
    access: &Access,
    flags: &Flags,
) -> Result<u8, Box<dyn std::error::Error>> {
    if access.is_here() {
        app.kernel = kernel::look(&flags.root);
    }
    let asked = access.session(PRINT, Vec::new());
    match asked.and_then(|session| daemon::ask(&session).map_err(Closed::Failed)) {
        Ok(told) => {
            app.told = Some(told);
            app.line = Line::Up;
        }
        Err(Closed::Locked) => app.line = Line::Locked,
        Err(Closed::Failed(why)) => {
            let since = Timestamp::now();
            let why = why.to_string();
            app.line = Line::Down { since, why };
        }
    }
    access.log_out(PRINT);
    let page = view::rows::text(&view::panes::status(&app));
    let mut out = std::io::stdout().lock();
    out.write_all(page.as_bytes())?;
    out.flush()?;
    Ok(u8::from(app.line != Line::Up))
}

fn console(
    mut app: App,
    access: Access,
    look: Look,
    flags: &Flags,
) -> Result<u8, Box<dyn std::error::Error>> {
    let (tell, next) = queue::queue();
    let resetting = Arc::new(AtomicBool::new(false));
    terminal::mind_panics(tell.clone());
    terminal::mind_signals(&tell, &resetting)?;
    let mut screen = Screen::open()?;
    let mut work = None;
    let end = (|| -> std::io::Result<End> {
        terminal::listen(&tell)?;
        let work = work.insert(Work::start(access, flags.root.clone(), tell, resetting)?);
        attend(&mut app, &mut screen, look, &next, work)
    })();
    drop(screen);
    if let Some(work) = work {
        finish_reset(&work);
        // The daemon may take its time: the terminal is free by now.
        work.end();
    }
    match end? {
        End::Quit => Ok(0),
        End::Told(status) => Ok(u8::try_from(status).unwrap_or(1)),
        End::Panic(words) => {
            // The terminal may be gone, and with it whoever would read this.
            drop(writeln!(std::io::stderr(), "xsconsole: {words}"));
            Ok(1)
        }
    }
}

/// However the screen was lost: a reset that is under way is carried to its end.
fn finish_reset(work: &Work) {
    // The terminal may be gone, and then nobody is to be told anything.
    let say = |text: &str| drop(writeln!(std::io::stderr(), "xsconsole: {text}"));
    if work.is_resetting() {
        say("the emergency network reset is under way, and goes on to its end ...");
    }
    if let Some(Ok(text) | Err(text)) = work.finish_reset() {
        say(&text);
    }
}

/// How the console ended.
enum End {
    /// Somebody left it.
    Quit,
    /// It was told to, with this status.
    Told(i32),
    /// A thread came to grief, or the terminal is gone.
    Panic(String),
}

fn attend(
    app: &mut App,
    screen: &mut Screen,
    look: Look,
    next: &Queue,
    work: &Work,
) -> std::io::Result<End> {
    loop {
        let mut beyond = Beyond::default();
        screen.draw(|frame| beyond = view::draw(frame, app, look))?;
        app.clamp(beyond.pane, beyond.window);
        let mut came = next.next(until_next_second());
        app.update(Event::Time(Timestamp::now()));
        for _ in 0..MOST {
            let event = match came {
                None => break,
                Some(Next::Input(Input::End(status))) => return Ok(End::Told(status)),
                Some(Next::Input(Input::Lost(why))) => return Ok(End::Panic(why)),
                Some(Next::Input(Input::Panic(words))) => return Ok(End::Panic(words)),
                Some(Next::Input(Input::Key(key))) => Event::Key(key),
                Some(Next::Input(Input::Size(columns, rows))) => {
                    screen.resize(columns, rows)?;
                    Event::Resized
                }
                Some(Next::Event(event)) => event,
            };
            // Programs that a reset runs may have written on the screen.
            let ended = matches!(event, Event::Ended(_));
            let mut effects = app.update(event);
            if ended {
                effects.push(Effect::Redraw);
            }
            for effect in effects {
                match effect {
                    Effect::Quit => return Ok(End::Quit),
                    Effect::Redraw => screen.forget()?,
                    effect => {
                        if let Err(why) = work.begin(effect) {
                            app.update(Event::NotBegun(why.to_string()));
                        }
                    }
                }
            }
            came = next.next_now();
        }
    }
}

/// The clock on the screen goes by whole seconds.
fn until_next_second() -> Duration {
    let into = Timestamp::now().subsec_nanosecond().unsigned_abs();
    Duration::from_nanos(u64::from(
        1_000_000_000_u32.saturating_sub(into).max(1_000_000),
    ))
}
