//! What the pages look like.

use std::path::PathBuf;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};
use xsconsole::app::job::Progress;
use xsconsole::app::probing::{Answer, Target};
use xsconsole::app::reset::Basis;
use xsconsole::app::{App, Event, User};
use xsconsole::look::Look;
use xsconsole::seen::Line;
use xsconsole::view;

use crate::host::{console, item, now, open, press, stranger, told, without_daemon};

const COLOUR: Look = Look {
    colour: true,
    unicode: true,
};
const PLAIN: Look = Look {
    colour: false,
    unicode: false,
};

const SERIAL: (u16, u16) = (80, 25);
const LARGE: (u16, u16) = (120, 40);
const NARROW: (u16, u16) = (60, 20);

fn drawn(app: &App, look: Look, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal
        .draw(|frame| {
            view::draw(frame, app, look);
        })
        .expect("drawn");
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in 0..area.height {
        let row: String = (0..area.width).map(|x| buffer[(x, y)].symbol()).collect();
        text += row.trim_end();
        text.push('\n');
    }
    text
}

/// Each run of cells that look alike and not like plain ones: row, columns, how.
fn styles(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in 0..area.height {
        let style = |x: u16| {
            let cell = &buffer[(x, y)];
            Style {
                fg: Some(cell.fg),
                bg: Some(cell.bg),
                underline_color: None,
                add_modifier: cell.modifier,
                sub_modifier: Modifier::empty(),
            }
        };
        let mut x = 0;
        while x < area.width {
            let here = style(x);
            let end = (x..area.width)
                .find(|x| style(*x) != here)
                .unwrap_or(area.width);
            let plain = Style {
                fg: Some(ratatui::style::Color::Reset),
                bg: Some(ratatui::style::Color::Reset),
                ..Style::default()
            };
            if here != plain {
                let (fg, bg) = (here.fg.unwrap_or_default(), here.bg.unwrap_or_default());
                text += &format!("{y} {x}-{} {fg} on {bg} {:?}\n", end - 1, here.add_modifier);
            }
            x = end;
        }
    }
    text
}

/// Compares with the file of this name, or writes it.
fn compare(name: &str, shown: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/screens/{name}.txt"));
    if std::env::var_os("UPDATE_SCREENS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, shown).expect("the screen");
        return;
    }
    let want = std::fs::read_to_string(&path)
        .unwrap_or_else(|why| panic!("{}: {why}; UPDATE_SCREENS=1 writes it", path.display()));
    assert!(want == shown, "{name} is no longer\n{want}\nbut\n{shown}");
}

#[track_caller]
fn check(name: &str, app: &App, look: Look, size: (u16, u16)) {
    compare(name, &text(&drawn(app, look, size)));
}

#[test]
fn the_status_page_has_a_place_on_every_screen() {
    let app = console();
    for (size, width) in [(SERIAL, "80x25"), (LARGE, "120x40"), (NARROW, "60x20")] {
        check(&format!("status-{width}"), &app, COLOUR, size);
        check(&format!("status-{width}-ascii"), &app, PLAIN, size);
    }
    check("status-too-small", &app, COLOUR, (39, 14));
    check("status-without-daemon", &without_daemon(), COLOUR, SERIAL);
}

#[test]
fn every_size_can_be_drawn_whatever_is_open() {
    let mut apps = vec![console(), without_daemon()];
    for item in 0..6 {
        let mut app = console();
        open(&mut app, item);
        apps.push(app.clone());
        press(&mut app, "<Enter>");
        apps.push(app);
    }
    for app in &apps {
        for width in (0..90).step_by(7).chain([u16::MAX / 64]) {
            for height in (0..30).chain([60]) {
                drawn(app, COLOUR, (width, height));
            }
        }
    }
}

#[test]
fn a_screen_that_changes_its_size_is_drawn_anew() {
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("a terminal");
    let app = console();
    for (width, height) in [(120, 40), (60, 20), (80, 25)] {
        terminal.backend_mut().resize(width, height);
        terminal
            .draw(|frame| {
                view::draw(frame, &app, COLOUR);
            })
            .expect("drawn");
        let shown = text(terminal.backend().buffer());
        assert_eq!(shown, text(&drawn(&app, COLOUR, (width, height))));
    }
}

#[test]
fn what_was_scrolled_to_its_end_scrolls_back_at_the_next_key() {
    let mut app = console();
    open(&mut app, item::NICS);
    press(&mut app, "<End>");
    let mut terminal = Terminal::new(TestBackend::new(80, 25)).expect("a terminal");
    let mut beyond = view::Beyond::default();
    terminal
        .draw(|frame| beyond = view::draw(frame, &app, COLOUR))
        .expect("drawn");
    app.clamp(beyond.pane, beyond.window);
    let end = text(&drawn(&app, COLOUR, SERIAL));
    press(&mut app, "<Up>");
    assert_ne!(text(&drawn(&app, COLOUR, SERIAL)), end);
}

#[test]
fn colours_are_there_only_where_they_are_wanted() {
    let app = console();
    compare("status-80x25-styles", &styles(&drawn(&app, COLOUR, SERIAL)));
    let plain = drawn(&app, PLAIN, SERIAL);
    compare("status-80x25-ascii-styles", &styles(&plain));
    for cell in &plain.content {
        let reset = ratatui::style::Color::Reset;
        assert_eq!((cell.fg, cell.bg), (reset, reset), "a colour: {cell:?}");
        assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
    }
}

#[test]
fn names_that_a_terminal_would_obey_are_only_text() {
    let mut told = told();
    told.label = "\u{1b}[2Jevil \u{9b}31m Grüße 日本".to_owned();
    let mut app = console();
    app.update(Event::Told(Box::new(told)));
    for look in [COLOUR, PLAIN] {
        let shown = text(&drawn(&app, look, LARGE));
        let controls: Vec<char> = shown
            .chars()
            .filter(|c| c.is_control() && *c != '\n')
            .collect();
        assert_eq!(controls, [], "{shown}");
    }
    let shown = text(&drawn(&app, PLAIN, LARGE));
    assert!(shown.contains("Gr??e ??"), "{shown}");
    let printed = view::rows::text(&view::panes::status(&app));
    assert!(
        !printed.contains('\u{1b}') && printed.contains("Grüße 日本"),
        "{printed}"
    );
}

#[test]
fn each_item_says_what_it_is_about() {
    for (at, name) in ["configure", "servers", "test", "nics", "hostname", "reset"]
        .iter()
        .enumerate()
    {
        let mut app = console();
        press(&mut app, &format!("<Down><Enter>{}", "<Down>".repeat(at)));
        check(&format!("pane-{name}"), &app, COLOUR, SERIAL);
    }
}

#[test]
fn management_is_asked_for_step_by_step() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    check("configure-1-interface", &app, COLOUR, SERIAL);
    press(&mut app, "<Enter>");
    check("configure-2-ipv4", &app, COLOUR, SERIAL);
    press(&mut app, "<Enter>");
    check("configure-3-static", &app, COLOUR, SERIAL);
    press(&mut app, "172.16.0<Enter><Enter><Enter>");
    check("configure-4-wrong", &app, COLOUR, SERIAL);
    press(&mut app, ".12<Enter><Enter><Enter>");
    press(&mut app, "<End><Enter>");
    press(&mut app, "fd00::12/64<Enter><Enter>");
    check("configure-5-servers", &app, COLOUR, SERIAL);
    press(&mut app, "<Enter>");
    check("configure-6-summary", &app, COLOUR, SERIAL);
    check("configure-6-summary-least", &app, PLAIN, view::LEAST);
    press(&mut app, "<PgUp>");
    check("configure-6-summary-least-up", &app, PLAIN, view::LEAST);
    press(&mut app, "<PgDn>");
    press(&mut app, "<Enter>");
    app.update(Event::Step(0, None, Progress::Doing));
    let until = "2026-11-26T09:27:27Z".parse().expect("a time");
    app.update(Event::Waits(Some(until)));
    check("configure-7-confirm", &app, COLOUR, SERIAL);
    press(&mut app, "c");
    app.update(Event::Waits(None));
    app.update(Event::Step(0, None, Progress::Done));
    app.update(Event::Step(
        1,
        None,
        Progress::Failed("PIF_CONFIGURATION_ERROR: no router".to_owned()),
    ));
    app.update(Event::Ended(Err(
        "This step was not done; the 1 before it were, and stay.".to_owned(),
    )));
    check("configure-8-failed", &app, COLOUR, SERIAL);
}

#[test]
fn management_on_another_interface_says_what_becomes_of_the_one_before() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    press(&mut app, "<Down><Enter><Enter><Enter>");
    check("configure-moved", &app, PLAIN, SERIAL);
    check("configure-moved-60x20", &app, PLAIN, NARROW);
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    press(&mut app, "<End><Enter>");
    check("configure-none", &app, PLAIN, SERIAL);
}

#[test]
fn the_other_dialogues_fit_the_serial_line() {
    let mut app = console();
    open(&mut app, item::SERVERS);
    check("servers", &app, COLOUR, SERIAL);
    press(&mut app, "<Enter>10.0.0.300<Enter>");
    check("servers-wrong", &app, COLOUR, SERIAL);
    let mut app = console();
    open(&mut app, item::TEST);
    press(&mut app, "<Enter>");
    let router = Target::Router([172, 16, 0, 1].into());
    let answer = Answer::Came([172, 16, 0, 1].into(), Duration::from_micros(412));
    app.update(Event::Probed(router, answer));
    let server = Target::NameServer([172, 16, 0, 1].into());
    app.update(Event::Probed(
        server,
        Answer::None("no answer within 3 s".to_owned()),
    ));
    check("test", &app, COLOUR, SERIAL);
    let mut app = console();
    open(&mut app, item::NICS);
    check("nics", &app, COLOUR, SERIAL);
    press(&mut app, "<End>");
    check("nics-end", &app, COLOUR, SERIAL);
    let mut app = console();
    open(&mut app, item::HOSTNAME);
    check("hostname", &app, COLOUR, SERIAL);
    let mut app = console();
    press(&mut app, "<Down><Down><Enter>");
    check("alerts", &app, COLOUR, SERIAL);
}

#[test]
fn whoever_is_not_root_is_asked_who_he_is() {
    let mut app = console();
    app.user = User::Nobody;
    app.line = Line::Locked;
    app.told = None;
    open(&mut app, item::CONFIGURE);
    press(&mut app, "<Enter>secret");
    check("login", &app, COLOUR, SERIAL);
    let shown = text(&drawn(&app, COLOUR, SERIAL));
    assert!(!shown.contains("secret"), "{shown}");
    press(&mut app, "<Enter>");
    app.update(Event::LoggedIn(Err(
        "User or password are not right.".to_owned()
    )));
    check("login-refused", &app, COLOUR, SERIAL);
}

#[test]
fn a_server_that_nobody_knows_shows_its_fingerprint_before_a_password_is_asked_for() {
    let mut app = console();
    app.user = User::Nobody;
    app.told = None;
    app.update(Event::Line(Line::Stranger(stranger())));
    open(&mut app, item::CONFIGURE);
    press(&mut app, "<Enter>ye");
    check("login-stranger", &app, COLOUR, SERIAL);
    check("login-stranger-least", &app, PLAIN, view::LEAST);
}

/// What a slave's emergency reset starts from.
pub fn basis() -> Basis {
    let nic = |at| {
        (
            format!("eth{at}"),
            format!("10000 Mbit/s, 02:00:00:00:01:{at:02x}"),
        )
    };
    Basis {
        nics: (0..4).map(nic).collect(),
        device: Some("eth2".to_owned()),
        vlan: None,
        master: Some("172.16.0.20".to_owned()),
        remarks: Vec::new(),
    }
}

#[test]
fn an_emergency_reset_is_asked_for_step_by_step() {
    let mut app = without_daemon();
    open(&mut app, item::RESET);
    check("reset-0-looking", &app, COLOUR, SERIAL);
    app.update(Event::Basis(Box::new(basis())));
    check("reset-1-device", &app, COLOUR, SERIAL);
    press(&mut app, "<Enter>");
    press(&mut app, "4095<Enter>");
    check("reset-2-vlan-wrong", &app, COLOUR, SERIAL);
    press(&mut app, "<Backspace>4<Enter>");
    press(
        &mut app,
        "s<Enter>172.16.0.10<Enter>255.255.255.224<Enter>172.16.0.1<Enter>",
    );
    check("reset-3-ipv6", &app, COLOUR, SERIAL);
    press(&mut app, "<Enter>172.16.0.1<Enter>");
    check("reset-4-master", &app, COLOUR, SERIAL);
    press(&mut app, "<Enter>");
    check("reset-5-summary", &app, COLOUR, SERIAL);
    check("reset-5-summary-60x20", &app, PLAIN, NARROW);
    check("reset-5-summary-least", &app, PLAIN, view::LEAST);
    press(&mut app, "<PgUp>");
    check("reset-5-summary-least-up", &app, PLAIN, view::LEAST);
    press(&mut app, "yes<Enter>");
    for (at, says) in ["stop the daemon", "make the management interface eth2"]
        .into_iter()
        .enumerate()
    {
        app.update(Event::Step(at, Some(says.to_owned()), Progress::Done));
    }
    app.update(Event::Step(
        2,
        Some("write the inventory".to_owned()),
        Progress::Doing,
    ));
    check("reset-6-under-way", &app, COLOUR, SERIAL);
    app.update(Event::Step(2, None, Progress::Done));
    app.update(Event::Ended(Ok("The host restarts.".to_owned())));
    check("reset-7-done", &app, COLOUR, SERIAL);
    assert_eq!(app.now, now());
}

#[test]
fn the_printed_status_is_for_programs() {
    compare(
        "printed",
        &view::rows::text(&view::panes::status(&console())),
    );
    compare(
        "printed-without-daemon",
        &view::rows::text(&view::panes::status(&without_daemon())),
    );
}
