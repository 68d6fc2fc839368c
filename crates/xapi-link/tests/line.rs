//! A line over TLS on loopback: what it carries, and when it is cut.

#[expect(dead_code, reason = "the other tests use the rest of it")]
mod stand;

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use stand::{Heard, PATIENCE, Raw, Stand, echo};
use xapi_link::{Handler, Limits, Line, Lost};

const ASK: u8 = 1;
const ANSWER: u8 = 2;
const TELL: u8 = 4;
const TOOK: u8 = 5;
const PING: u8 = 6;
const BYE: u8 = 7;

/// Handles what the other end says when it is let go.
#[derive(Default)]
struct Held {
    free: Mutex<bool>,
    freed: Condvar,
    begun: AtomicUsize,
}

impl Held {
    fn wait(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let mut free = self.free.lock().unwrap();
        while !*free {
            free = self.freed.wait(free).unwrap();
        }
    }

    fn free(&self) {
        *self.free.lock().unwrap() = true;
        self.freed.notify_all();
    }
}

impl Handler for Held {
    fn asked(&self, _: &Line, body: Vec<u8>) -> Vec<u8> {
        self.wait();
        body
    }
    fn told(&self, _: &Line, _: Vec<u8>) {
        self.wait();
    }
    fn closed(&self, _: &Line, _: &str) {}
}

#[test]
fn ten_thousand_questions_go_both_ways_at_once() {
    let stand = Stand::new();
    let (line, other) = stand.line(echo().0).unwrap();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for end in [&line, &other] {
            for thread in 0..20_u32 {
                scope.spawn(move || {
                    for n in 0..250_u32 {
                        let mut body = (thread << 16 | n).to_be_bytes().to_vec();
                        body.resize(4 + (n % 100) as usize, 7);
                        let answer = end.ask(body.clone(), PATIENCE).unwrap();
                        body.reverse();
                        assert_eq!(answer, body);
                    }
                });
            }
        }
    });
    println!("10,000 questions in {:?}", begin.elapsed());
}

#[test]
fn what_is_told_comes_in_order_and_whole_and_a_large_body_keeps_no_question_waiting() {
    let stand = Stand::new();
    let (line, other) = stand.line(echo().0).unwrap();
    let large: Vec<u8> = (0..40_000_000_u32).map(|n| (n >> 8) as u8).collect();
    let sent = large.clone();
    let telling = line.clone();
    let told = std::thread::spawn(move || {
        telling.tell(b"first".to_vec()).unwrap();
        telling.tell(sent).unwrap();
        for n in 0..1000_u32 {
            telling.tell(n.to_be_bytes().to_vec()).unwrap();
        }
    });
    let next = || loop {
        match stand.heard.recv_timeout(PATIENCE).unwrap() {
            Heard::Told(body) => return body,
            Heard::Asked(_) => {}
            Heard::Closed(why) => panic!("{why}"),
        }
    };
    assert_eq!(next(), b"first");
    // While the large one is under way, in both directions.
    assert_eq!(line.ask(b"ab".to_vec(), PATIENCE), Ok(b"ba".to_vec()));
    assert_eq!(other.ask(b"cd".to_vec(), PATIENCE), Ok(b"dc".to_vec()));
    assert!(next() == large, "the large body is another one");
    for n in 0..1000_u32 {
        assert_eq!(next(), n.to_be_bytes());
    }
    told.join().unwrap();
    let mut reversed = large.clone();
    reversed.reverse();
    assert!(line.ask(large, PATIENCE).unwrap() == reversed);
}

#[test]
fn a_frame_that_is_repeated_missing_or_out_of_order_ends_the_line_without_effect() {
    type Spoil = fn(&mut Raw) -> Vec<u8>;
    let spoilt: [(&str, Spoil); 4] = [
        ("repeated", |raw| {
            let frame = raw.frame(TELL, 0, 0, b"again");
            [frame.clone(), frame].concat()
        }),
        ("missing", |raw| {
            raw.frame(PING, 0, 0, b"");
            raw.frame(TELL, 0, 0, b"effect")
        }),
        ("out of order", |raw| {
            let (one, other) = (
                raw.frame(TELL, 0, 0, b"1"),
                raw.frame(TELL, 0, 0, b"effect"),
            );
            [other, one].concat()
        }),
        ("far ahead", |raw| {
            raw.sequence = 1 << 63;
            raw.frame(TELL, 0, 0, b"effect")
        }),
    ];
    for (name, spoil) in spoilt {
        let stand = Stand::new();
        let (mut raw, line) = Raw::line(&stand);
        let octets = spoil(&mut raw);
        raw.write(&octets);
        let why = line.wait_closed(PATIENCE).unwrap();
        assert!(
            why.contains("missing, repeated or out of order"),
            "{name}: {why}"
        );
        let heard: Vec<_> = stand
            .heard
            .iter()
            .take_while(|heard| !matches!(heard, Heard::Closed(_)))
            .collect();
        let expected = match name {
            "repeated" => vec![Heard::Told(b"again".to_vec())],
            _ => vec![],
        };
        assert_eq!(heard, expected, "{name}");
    }
}

#[test]
fn who_goes_beyond_the_limits_is_cut_off() {
    let limits = || Limits {
        frame: 1 << 20,
        body: 3 << 20,
        asks: 4,
        tells: 3,
        tells_octets: 1 << 20,
        ..Limits::default()
    };
    type Excess = fn(&mut Raw) -> Vec<u8>;
    let excesses: [(&str, Excess); 15] = [
        ("too large", |_| (1_u32 << 20 | 1).to_be_bytes().to_vec()),
        ("too large", |_| vec![0xff; 4]),
        ("too short", |_| 17_u32.to_be_bytes().to_vec()),
        ("not known", |raw| raw.frame(0, 0, 0, b"")),
        ("not known", |raw| raw.frame(200, 0, 0, b"")),
        ("not well formed", |raw| raw.frame(TELL, 2, 0, b"x")),
        ("not well formed", |raw| raw.frame(TELL, 1, 0, b"")),
        ("not well formed", |raw| raw.frame(TOOK, 0, 1, b"1234567")),
        ("took more", |raw| raw.frame(TOOK, 0, 1, &[0; 8])),
        ("not asked", |raw| raw.frame(ANSWER, 0, 0, b"x")),
        ("too large", |raw| {
            let piece = vec![0; 1_000_000];
            (0..4).flat_map(|_| raw.frame(ASK, 1, 0, &piece)).collect()
        }),
        ("too much at once", |raw| {
            (0..10).flat_map(|id| raw.frame(ASK, 1, id, b"x")).collect()
        }),
        ("too many questions", |raw| {
            (0..5).flat_map(|id| raw.frame(ASK, 0, id, b"x")).collect()
        }),
        ("too many questions", |raw| {
            let piece = vec![0; 1_000_000];
            let ask = |raw: &mut Raw, id| {
                [raw.frame(ASK, 1, id, &piece), raw.frame(ASK, 0, id, &piece)].concat()
            };
            [ask(raw, 0), ask(raw, 1)].concat()
        }),
        ("tells more", |raw| {
            (0..4).flat_map(|_| raw.frame(TELL, 0, 0, b"x")).collect()
        }),
    ];
    for (n, (expected, excess)) in excesses.into_iter().enumerate() {
        let held = Arc::new(Held::default());
        let stand = Stand::handled(limits(), &["secret"], Arc::clone(&held) as _);
        let (mut raw, line) = Raw::line(&stand);
        let octets = excess(&mut raw);
        raw.write(&octets);
        let why = line
            .wait_closed(PATIENCE)
            .unwrap_or_else(|| panic!("{n} goes on"));
        assert!(why.contains(expected), "{n}: {why}");
        held.free();
    }
}

#[test]
fn an_end_that_is_silent_is_gone_and_one_that_only_pings_is_not() {
    let limits = Limits {
        ping: Duration::from_millis(50),
        silence: Duration::from_secs(1),
        ..Limits::default()
    };
    let stand = Stand::with(limits, &["secret"]);
    let (mut raw, line) = Raw::line(&stand);
    let begin = Instant::now();
    // Pings of the master are the clock.
    while begin.elapsed() < Duration::from_secs(2) {
        let mut frame = [0; 22];
        raw.stream.read_exact(&mut frame).unwrap();
        assert_eq!(frame[12], PING);
        raw.say(PING, 0, 0, b"");
    }
    assert!(line.is_open());
    let begin = Instant::now();
    let why = line.wait_closed(PATIENCE).unwrap();
    assert!(why.contains("silent"), "{why}");
    assert!(begin.elapsed() > Duration::from_millis(500));
}

#[test]
fn an_end_that_stops_reading_is_cut_off_and_costs_a_bounded_amount() {
    let limits = Limits {
        tells: 8,
        tells_octets: 8 << 20,
        stall: Duration::from_secs(1),
        silence: Duration::from_secs(60),
        ..Limits::default()
    };
    // It reads, and says of nothing that it took it.
    let stand = Stand::with(limits.clone(), &["secret"]);
    let (_raw, line) = Raw::line(&stand);
    for _ in 0..8 {
        line.tell(vec![0; 1000]).unwrap();
    }
    assert_eq!(line.tell(Vec::new()), Err(Lost::TimedOut));
    assert!(!line.is_open());
    // It does not even read.
    let stand = Stand::with(limits, &["secret"]);
    let (_raw, line) = Raw::line(&stand);
    line.tell(vec![0; 100_000_000]).unwrap();
    let why = line.wait_closed(PATIENCE).unwrap();
    assert!(why.contains("takes nothing"), "{why}");
}

#[test]
fn closing_ends_what_waits_at_both_ends_and_tells_why() {
    let held = Arc::new(Held::default());
    let stand = Stand::handled(Limits::default(), &["secret"], Arc::clone(&held) as _);
    let (handler, heard) = echo();
    let (line, other) = stand.line(handler).unwrap();
    let (done, ended): (Sender<_>, Receiver<_>) = channel();
    for _ in 0..5 {
        let (line, done) = (line.clone(), done.clone());
        std::thread::spawn(move || done.send(line.ask(Vec::new(), PATIENCE)).unwrap());
    }
    while held.begun.load(Ordering::SeqCst) < 5 {
        std::thread::yield_now();
    }
    other.close("the master is no master any more\n");
    for _ in 0..5 {
        assert_eq!(ended.recv_timeout(PATIENCE), Ok(Err(Lost::Closed)));
    }
    // What it says ends in logs.
    let why = "the master is no master any more".to_owned();
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(Heard::Closed(why)));
    held.free();
}

#[test]
fn a_late_answer_is_dropped_and_does_no_harm() {
    let held = Arc::new(Held::default());
    let stand = Stand::handled(Limits::default(), &["secret"], Arc::clone(&held) as _);
    let (line, _other) = stand.line(echo().0).unwrap();
    let lost = line.ask(b"late".to_vec(), Duration::from_millis(50));
    assert_eq!(lost, Err(Lost::TimedOut));
    held.free();
    assert_eq!(line.ask(b"x".to_vec(), PATIENCE), Ok(b"x".to_vec()));
    assert!(line.is_open());
}

#[test]
fn garbage_on_a_line_ends_it() {
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut state = seed;
    for _ in 0..20 {
        let stand = Stand::new();
        let (mut raw, line) = Raw::line(&stand);
        let garbage: Vec<u8> = (0..4096)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        raw.write(&garbage);
        let mut rest = Vec::new();
        // The last thing that it hears is why.
        drop(raw.stream.read_to_end(&mut rest));
        assert!(line.wait_closed(PATIENCE).is_some());
        let bye = rest
            .chunks_exact(22)
            .map(|frame| frame[12])
            .find(|kind| *kind != PING);
        assert!(bye.is_none_or(|kind| kind == BYE), "{rest:?}");
    }
}
