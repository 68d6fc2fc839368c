//! What the console shows, and how it lives through what happens around it.

use xapi_tests::Lab;

use xapi_tests::screen::{PROGRAM, Screen};

#[test]
fn it_shows_the_host_and_goes_on_showing_it_while_the_daemon_is_away() {
    let lab = Lab::up(&["--nics", "4"]);
    let screen = Screen::console(&lab, (80, 25));
    let shown = screen.wait_until("the daemon's word", |shown| {
        shown.contains("answers") && shown.contains("Alerts (")
    });
    for text in [
        "xs-1",
        "eth0, bridge xenbr0",
        "172.16.0.10/27",
        "172.16.0.1",
        "eth3",
        "master",
    ] {
        assert!(shown.contains(text), "no {text:?} in\n{shown}");
    }
    lab.verb(&["stop", "xs-1"]);
    let shown = screen.wait_for("DAEMON DOWN");
    assert!(
        shown.contains("172.16.0.10/27"),
        "the kernel's word is missing in\n{shown}"
    );
    assert!(shown.contains("does not answer since"), "{shown}");
    lab.verb(&["pull", "xs-1", "eth1"]);
    screen.wait_until("the cable of eth1", |shown| {
        shown
            .lines()
            .any(|line| line.contains("eth1") && line.contains("no carrier"))
    });
    // Nothing that needs the daemon is begun.
    screen.keys(&["Down", "Enter", "Enter"]);
    screen.wait_for("Please note");
    screen.keys(&["Enter", "Escape"]);
    screen.wait_for("Host Console");
    lab.verb(&["start", "xs-1"]);
    screen.keys(&["Home"]);
    screen.wait_until("the daemon's return", |shown| {
        shown.contains("answers") && !shown.contains("DAEMON DOWN")
    });
    lab.verb(&["kill", "xs-1"]);
    screen.wait_for("DAEMON DOWN");
    lab.verb(&["start", "xs-1"]);
    screen.wait_until("its second return", |shown| !shown.contains("DAEMON DOWN"));
}

#[test]
fn it_follows_the_size_of_the_screen_and_gives_the_terminal_back() {
    let lab = Lab::up(&["--nics", "2"]);
    let script = format!(
        "export LANG=C.UTF-8; stty -a >/run/before; bash -c 'echo $$ >/run/console.pid; exec {PROGRAM}'; echo left=$?; \
         stty -a >/run/after; echo restored; exec bash --norc"
    );
    let screen = Screen::open(&lab, (80, 25), &script);
    screen.wait_for("Leave the Console");
    screen.resize(60, 20);
    screen.wait_until("a narrow screen", |shown| {
        shown.lines().count() == 20 && shown.contains("172.16.0.10/27")
    });
    screen.resize(30, 10);
    screen.wait_for("make it");
    screen.resize(120, 40);
    screen.wait_until("a large screen", |shown| {
        shown.lines().next().is_some_and(|line| line.len() > 100) && shown.contains("Alerts (")
    });
    // What others write over it goes with Ctrl-L.
    lab.exec(
        "xs-1",
        r"printf '\r\n\r\nscribbled-over\r\n' >/proc/$(cat /run/console.pid)/fd/1",
    );
    screen.wait_for("scribbled-over");
    screen.keys(&["C-l"]);
    screen.wait_until("a clean screen", |shown| {
        !shown.contains("scribbled-over") && shown.contains("Leave the Console")
    });
    lab.exec("xs-1", "kill -TERM $(cat /run/console.pid)");
    let shown = screen.wait_for("restored");
    assert!(shown.contains("left=143"), "{shown}");
    assert!(
        !shown.contains("Leave the Console"),
        "the other screen is still there:\n{shown}"
    );
    let left_by_key = format!(
        "bash -c 'echo $$ >/run/console.pid; exec {PROGRAM}'; echo left=$?; stty -a >/run/after2"
    );
    screen.text(&left_by_key);
    screen.keys(&["Enter"]);
    screen.wait_for("Leave the Console");
    screen.keys(&["End", "Enter"]);
    screen.wait_for("left=0");
    lab.exec("xs-1", "sed -i 's/rows [0-9]*; columns [0-9]*;//' /run/before /run/after; diff /run/before /run/after");
}

/// The colours that the sequences in a text set, without the terminal's own.
fn colours(text: &str) -> Vec<u32> {
    let sequences = text.split("\u{1b}[").skip(1);
    let sequences = sequences.filter_map(|rest| rest.split_once('m'));
    let numbers = sequences.flat_map(|(numbers, _)| numbers.split(';'));
    let numbers = numbers.filter_map(|number| number.parse().ok());
    numbers
        .filter(|number| matches!(number, 30..=38 | 40..=48 | 90..=107))
        .collect()
}

#[test]
fn a_terminal_of_old_gets_no_colours_and_nothing_but_ascii() {
    let lab = Lab::up(&["--nics", "2"]);
    let script = format!("unset LANG; export TERM=vt100; {PROGRAM}; echo left=$?");
    let screen = Screen::open(&lab, (80, 24), &script);
    screen.wait_for("172.16.0.10/27");
    let shown = screen.shown_with_colours();
    assert!(shown.is_ascii(), "{shown}");
    assert_eq!(colours(&shown), Vec::<u32>::new(), "{shown:?}");
    let script = format!("export LANG=C.UTF-8; {PROGRAM}; echo left=$?");
    let screen = Screen::open(&lab, (80, 24), &script);
    screen.wait_for("172.16.0.10/27");
    let some = colours(&screen.shown_with_colours());
    assert!(!some.is_empty(), "a terminal with colours has some");
}

#[test]
fn real_questions_find_real_answers() {
    let lab = Lab::up(&["--nics", "2"]);
    let screen = Screen::console(&lab, (80, 25));
    screen.wait_for("answers");
    screen.keys(&["Down", "Enter", "Down", "Down", "Enter"]);
    screen.wait_for("An address or name");
    screen.keys(&["Enter"]);
    screen.wait_for("gateway 172.16.0.1: answers after");
    screen.keys(&["End", "Enter"]);
    screen.text("172.16.0.1");
    screen.keys(&["Enter"]);
    screen.wait_for("172.16.0.1: answers after");
    screen.keys(&["End", "Enter"]);
    screen.text("172.16.0.29");
    screen.keys(&["Enter"]);
    screen.wait_for("172.16.0.29: no answer within 3 s");
    lab.verb(&["partition", "xs-1"]);
    screen.keys(&["Home", "Enter"]);
    screen.wait_for("gateway 172.16.0.1: no answer within 3 s");
}

#[test]
fn the_status_is_printed_for_scripts_with_and_without_the_daemon() {
    let lab = Lab::up(&["--nics", "2"]);
    let page = lab.exec("xs-1", &format!("{PROGRAM} --print-status"));
    assert!(page.contains("Daemon         answers"), "{page}");
    assert!(
        page.contains("Address        172.16.0.10/27 (Static)"),
        "{page}"
    );
    lab.verb(&["stop", "xs-1"]);
    let status = lab.exec(
        "xs-1",
        &format!("{PROGRAM} --once >/run/page || echo status $?"),
    );
    assert_eq!(status, "status 1");
    let page = lab.exec("xs-1", "cat /run/page");
    assert!(page.contains("does not answer"), "{page}");
    assert!(page.contains("172.16.0.10/27"), "{page}");
}

/// How many sessions of consoles the daemon knows.
fn sessions(lab: &Lab) -> i64 {
    let database = lab.state("xs-1").join("xapi.db");
    let open = rusqlite::Connection::open(database).expect("the database");
    let sql = "SELECT count(*) FROM session WHERE originator = 'xsconsole'";
    open.query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[test]
fn a_console_has_one_session_and_none_once_it_is_left() {
    let lab = Lab::up(&["--nics", "2"]);
    lab.exec("xs-1", &format!("{PROGRAM} --once"));
    assert_eq!(sessions(&lab), 0, "after the status was printed");
    let screen = Screen::console(&lab, (80, 25));
    screen.wait_for("answers");
    assert_eq!(sessions(&lab), 1);
    // A daemon that was started anew knows it no more.
    lab.verb(&["kill", "xs-1"]);
    screen.wait_for("DAEMON DOWN");
    lab.verb(&["start", "xs-1"]);
    screen.wait_until("its return", |shown| !shown.contains("DAEMON DOWN"));
    assert_eq!(sessions(&lab), 1, "after another start of the daemon");
    screen.keys(&["End", "Enter"]);
    screen.wait_for("left=0");
    assert_eq!(sessions(&lab), 0, "after it was left");
}
