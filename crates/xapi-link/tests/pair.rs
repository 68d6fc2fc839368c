//! Two ends in one process: what a line promises, without sockets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::Duration;

use xapi_link::{Handler, Line, Lost, Peer};

const PATIENCE: Duration = Duration::from_secs(20);

/// Answers with what it is asked, backwards; what it is told it passes on.
struct Echo {
    told: Mutex<Sender<Vec<u8>>>,
    closed: Mutex<Sender<String>>,
}

struct Heard {
    told: Receiver<Vec<u8>>,
    closed: Receiver<String>,
}

fn echo() -> (Arc<Echo>, Heard) {
    let (told, hears) = channel();
    let (closed, ends) = channel();
    let echo = Echo {
        told: Mutex::new(told),
        closed: Mutex::new(closed),
    };
    let heard = Heard {
        told: hears,
        closed: ends,
    };
    (Arc::new(echo), heard)
}

impl Handler for Echo {
    fn asked(&self, _: &Line, mut body: Vec<u8>) -> Vec<u8> {
        assert_ne!(body, b"panic", "as it was asked to");
        body.reverse();
        body
    }

    fn told(&self, _: &Line, body: Vec<u8>) {
        self.told.lock().unwrap().send(body).unwrap();
    }

    fn closed(&self, _: &Line, why: &str) {
        self.closed.lock().unwrap().send(why.to_owned()).unwrap();
    }
}

fn named(host: &str) -> Peer {
    Peer {
        host: host.to_owned(),
        ..Peer::default()
    }
}

fn pair(one: Arc<dyn Handler>, other: Arc<dyn Handler>) -> (Line, Line) {
    Line::pair(named("other"), one, named("one"), other)
}

#[test]
fn each_end_asks_and_tells_the_other() {
    let ((ha, heard_a), (hb, heard_b)) = (echo(), echo());
    let (a, b) = pair(ha, hb);
    assert_eq!(
        (a.peer().host.as_str(), b.peer().host.as_str()),
        ("other", "one")
    );
    assert_eq!(a.ask(b"abc".to_vec(), PATIENCE), Ok(b"cba".to_vec()));
    assert_eq!(b.ask(b"12".to_vec(), PATIENCE), Ok(b"21".to_vec()));
    for n in 0..1000_u32 {
        a.tell(n.to_be_bytes().to_vec()).unwrap();
    }
    b.tell(b"x".to_vec()).unwrap();
    for n in 0..1000_u32 {
        assert_eq!(
            heard_b.told.recv_timeout(PATIENCE).unwrap(),
            n.to_be_bytes()
        );
    }
    assert_eq!(heard_a.told.recv_timeout(PATIENCE).unwrap(), b"x");
}

#[test]
fn a_line_that_is_closed_ends_everything_at_both_ends_once() {
    /// Answers when it is let go.
    struct Slow(Mutex<Sender<()>>, Mutex<Receiver<()>>);
    impl Handler for Slow {
        fn asked(&self, _: &Line, _: Vec<u8>) -> Vec<u8> {
            self.0.lock().unwrap().send(()).unwrap();
            self.1.lock().unwrap().recv().unwrap();
            Vec::new()
        }
        fn told(&self, _: &Line, _: Vec<u8>) {}
        fn closed(&self, _: &Line, _: &str) {}
    }
    let (ha, heard) = echo();
    let ((begun, begins), (release, released)) = (channel(), channel());
    let slow = Arc::new(Slow(Mutex::new(begun), Mutex::new(released)));
    let (a, b) = pair(ha, slow.clone());
    let asking: Vec<_> = (0..3)
        .map(|_| {
            let a = a.clone();
            std::thread::spawn(move || a.ask(Vec::new(), PATIENCE))
        })
        .collect();
    begins.recv_timeout(PATIENCE).unwrap();
    b.close("enough");
    for asking in asking {
        assert_eq!(asking.join().unwrap(), Err(Lost::Closed));
    }
    assert_eq!(heard.closed.recv_timeout(PATIENCE).unwrap(), "enough");
    assert_eq!(a.wait_closed(PATIENCE).as_deref(), Some("enough"));
    assert!(!a.is_open() && !b.is_open());
    a.close("again");
    assert_eq!(a.wait_closed(PATIENCE).as_deref(), Some("enough"));
    assert_eq!(a.ask(Vec::new(), PATIENCE), Err(Lost::Closed));
    assert_eq!(b.tell(Vec::new()), Err(Lost::Closed));
    drop(release);
    // Both ends let go of their handlers, so that nothing keeps itself alive: the sender goes with the handler.
    drop((a, b));
    assert!(heard.closed.recv_timeout(PATIENCE).is_err(), "closed twice");
}

#[test]
fn a_question_that_nobody_waits_for_keeps_its_place_until_it_is_answered() {
    /// Counts who is asked at once, and answers when it is let go.
    #[derive(Default)]
    struct Gate {
        open: Mutex<bool>,
        opened: Condvar,
        at_once: AtomicUsize,
    }
    impl Handler for Gate {
        fn asked(&self, _: &Line, body: Vec<u8>) -> Vec<u8> {
            self.at_once.fetch_add(1, Ordering::SeqCst);
            let mut open = self.open.lock().unwrap();
            while !*open {
                open = self.opened.wait(open).unwrap();
            }
            body
        }
        fn told(&self, _: &Line, _: Vec<u8>) {}
        fn closed(&self, _: &Line, _: &str) {}
    }
    let gate = Arc::new(Gate::default());
    let (a, _b) = pair(echo().0, gate.clone());
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let a = a.clone();
            std::thread::spawn(move || a.ask(Vec::new(), Duration::from_millis(50)))
        })
        .collect();
    for asking in asking {
        assert_eq!(asking.join().unwrap(), Err(Lost::TimedOut));
    }
    // All places are taken, although nobody waits.
    assert_eq!(
        a.ask(Vec::new(), Duration::from_millis(50)),
        Err(Lost::TimedOut)
    );
    assert_eq!(gate.at_once.load(Ordering::SeqCst), 64);
    *gate.open.lock().unwrap() = true;
    gate.opened.notify_all();
    assert_eq!(a.ask(b"late".to_vec(), PATIENCE), Ok(b"late".to_vec()));
    assert!(a.is_open());
}

#[test]
fn who_tells_waits_until_the_other_end_has_taken_enough() {
    struct Stuck(Barrier, AtomicUsize);
    impl Handler for Stuck {
        fn asked(&self, _: &Line, body: Vec<u8>) -> Vec<u8> {
            body
        }
        fn told(&self, _: &Line, _: Vec<u8>) {
            if self.1.fetch_add(1, Ordering::SeqCst) == 0 {
                self.0.wait();
            }
        }
        fn closed(&self, _: &Line, _: &str) {}
    }
    let stuck = Arc::new(Stuck(Barrier::new(2), AtomicUsize::new(0)));
    let (a, _b) = pair(echo().0, stuck.clone());
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    let line = a.clone();
    let telling = std::thread::spawn(move || {
        for _ in 0..1000 {
            line.tell(Vec::new()).unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    while told.load(Ordering::SeqCst) < 256 {
        std::thread::yield_now();
    }
    // Questions pass what waits.
    assert_eq!(a.ask(b"x".to_vec(), PATIENCE), Ok(b"x".to_vec()));
    assert_eq!(told.load(Ordering::SeqCst), 256);
    stuck.0.wait();
    telling.join().unwrap();
}

#[test]
fn a_handler_that_fails_costs_one_question() {
    let (hb, _heard) = echo();
    let (a, _b) = pair(echo().0, hb);
    assert_eq!(a.ask(b"panic".to_vec(), PATIENCE), Err(Lost::Failed));
    assert_eq!(a.ask(b"ab".to_vec(), PATIENCE), Ok(b"ba".to_vec()));
    assert_eq!(
        a.ask(vec![0; (256 << 20) + 1], PATIENCE),
        Err(Lost::TooLarge)
    );
    assert!(a.is_open());
}
