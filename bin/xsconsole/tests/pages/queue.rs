//! What is told while the terminal takes nothing: nobody takes from the queue then.

use std::time::Duration;

use xsconsole::app::Event;
use xsconsole::app::job::Progress;
use xsconsole::app::key::Key;
use xsconsole::queue::{MOST_KEYS, Next, Offered, Queue, queue};
use xsconsole::seen::{Kernel, Line, Told};
use xsconsole::terminal::Input;

fn kernel(name: &str) -> Event {
    Event::Kernel(Box::new(Kernel {
        hostname: name.to_owned(),
        ..Kernel::default()
    }))
}

fn told(name: &str) -> Event {
    Event::Told(Box::new(Told {
        label: name.to_owned(),
        ..Told::default()
    }))
}

/// All that is in it, a word for each.
fn taken(queue: &Queue) -> Vec<String> {
    let word = |next| match next {
        Next::Event(Event::Kernel(kernel)) => format!("kernel {}", kernel.hostname),
        Next::Event(Event::Told(told)) => format!("told {}", told.label),
        Next::Event(Event::Line(line)) => format!("line {line:?}"),
        Next::Event(Event::Step(at, ..)) => format!("step {at}"),
        Next::Event(Event::LoggedIn(_)) => "login".to_owned(),
        Next::Input(Input::Size(columns, _)) => format!("size {columns}"),
        Next::Input(Input::End(status)) => format!("end {status}"),
        Next::Input(Input::Key(_)) => "key".to_owned(),
        other => format!("{other:?}"),
    };
    std::iter::from_fn(|| queue.next_now()).map(word).collect()
}

#[test]
fn of_what_the_host_says_and_of_the_screens_size_only_the_newest_is_kept() {
    let (tell, queue) = queue();
    for number in 0..10_000 {
        let name = number.to_string();
        assert!(tell.event(kernel(&name)));
        assert!(tell.event(told(&name)));
        assert!(tell.event(Event::Line(Line::Locked)));
        assert!(tell.input(Input::Size(number, 25)));
    }
    assert_eq!(
        taken(&queue),
        ["kernel 9999", "told 9999", "line Locked", "size 9999"]
    );
}

#[test]
fn steps_are_kept_all_and_what_is_said_of_the_daemon_stays_in_its_order_around_them() {
    let (tell, queue) = queue();
    let step = |at| Event::Step(at, None, Progress::Done);
    tell.event(Event::Line(Line::Asking));
    tell.event(told("one"));
    tell.event(step(0));
    tell.event(step(1));
    tell.event(Event::Line(Line::Locked));
    // To somebody else.
    tell.event(Event::LoggedIn(Ok("root".to_owned())));
    tell.event(told("two"));
    assert_eq!(
        taken(&queue),
        [
            "told one",
            "step 0",
            "step 1",
            "line Locked",
            "login",
            "told two"
        ]
    );
}

#[test]
fn a_key_that_is_held_waits_in_the_terminal_and_an_end_is_heard_beside_it() {
    let (tell, queue) = queue();
    let key = || Next::Input(Input::Key(Key::Enter));
    let offers = || (0..10_000).map(|_| tell.offer(key()));
    let full = offers()
        .filter(|offered| matches!(offered, Offered::Full(_)))
        .count();
    assert_eq!(full, 10_000 - MOST_KEYS);
    for status in [143, 129] {
        assert!(tell.input(Input::End(status)));
    }
    let more = tell.clone();
    let waits = std::thread::spawn(move || more.input(Input::Key(Key::Enter)));
    let mut first = vec![queue.next(Duration::ZERO).expect("a key")];
    // Now there is room for the one that waits.
    assert!(waits.join().unwrap(), "it is told");
    first.extend(std::iter::from_fn(|| queue.next_now()));
    let ends: Vec<_> = first
        .iter()
        .filter(|next| !matches!(next, Next::Input(Input::Key(_))))
        .collect();
    assert!(
        matches!(ends[..], [Next::Input(Input::End(143))]),
        "{ends:?}"
    );
    assert_eq!(first.len(), MOST_KEYS + 2);
}

#[test]
fn nobody_waits_for_a_queue_that_is_gone() {
    let (tell, queue) = queue();
    while let Offered::Taken = tell.offer(Next::Input(Input::Key(Key::Enter))) {}
    let more = tell.clone();
    let waits = std::thread::spawn(move || more.input(Input::Key(Key::Enter)));
    drop(queue);
    assert!(!waits.join().unwrap());
    assert!(!tell.event(kernel("x")));
}
