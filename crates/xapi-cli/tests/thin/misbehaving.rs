//! Clients that are slow, gone, or speak nonsense: the server ends the conversation, and never the other way round.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use xapi_cli::thin::frame::{self, Blob, Command, Message, Response};
use xapi_cli::thin::{Lost, Patience, ThinError};
use xapi_model::Value;

use crate::bytes::nasty;
use crate::fake::world;
use crate::stand::{Ended, IMPATIENT, PASSWORD, Talk};

const FORGET: &str = "host-forget\nuuid=host-1\nusername=root\npassword=open, sesame";

fn greeted(words: &str, patience: Patience) -> Talk {
    let fake = world().answers("host.destroy", Ok(Value::Nil));
    let mut talk = Talk::with(fake, words.as_bytes(), patience);
    talk.client
        .read_exact(&mut [0; frame::GREETING_LENGTH])
        .expect("a greeting");
    talk.client.write_all(&frame::greeting()).expect("writes");
    talk
}

/// Reads frames up to the command that waits for the client.
fn up_to(talk: &mut Talk, last: &Command) {
    let mut said = Vec::new();
    loop {
        while let Some((message, length)) = frame::decode(&said).expect("frames") {
            said.drain(..length);
            if message == Message::Command(last.clone()) {
                assert_eq!(said, b"");
                return;
            }
        }
        let mut piece = [0; 1];
        talk.client.read_exact(&mut piece).expect("more frames");
        said.extend(piece);
    }
}

/// The host was not forgotten, and the session was ended.
fn nothing_done(ended: &Ended) {
    let asked = &ended.asked;
    assert!(
        !asked.iter().any(|call| call.starts_with("host.destroy")),
        "{asked:?}"
    );
    assert_eq!(
        asked.last().map(String::as_str),
        Some("session.logout"),
        "{asked:?}"
    );
}

#[test]
fn nonsense_in_the_place_of_an_answer_ends_the_conversation() {
    let mut nonsense: Vec<Vec<u8>> = nasty().into_iter().map(|(bytes, _)| bytes).collect();
    let message = |message| frame::encode(&message).expect("encodes");
    // Frames that mean something, but not here.
    nonsense.push(message(Message::Command(Command::Prompt)));
    nonsense.push(message(Message::Response(Response::Ok)));
    nonsense.push(message(Message::Blob(Blob::Chunk(u32::MAX))));
    nonsense.push(message(Message::Blob(Blob::Chunk(64 * 1024 + 1))));
    nonsense.push(message(Message::Command(Command::Print("x".repeat(100)))));
    for bytes in nonsense {
        let mut talk = greeted(FORGET, IMPATIENT);
        up_to(&mut talk, &Command::Prompt);
        talk.client.write_all(&bytes).expect("writes");
        // Nothing more is said to such a client.
        assert_eq!(talk.rest(), b"", "{bytes:x?}");
        let ended = talk.ended();
        nothing_done(&ended);
        match ended.outcome {
            Err(ThinError::During {
                command,
                lost: Lost::Garbage(_) | Lost::Unasked | Lost::TooLarge,
            }) => {
                assert_eq!(command, "host-forget");
            }
            // A text that is longer than may come at all waits for its end.
            other => panic!("{bytes:x?}: {other:?}"),
        }
    }
}

#[test]
fn an_answer_that_is_cut_is_waited_for_as_long_as_patience_lasts() {
    let begun = Instant::now();
    for bytes in [
        &b""[..],
        b"\x08",
        b"\x08\0\0\0\x0b\0\0\0",
        b"\x0c\0\0\0\x0b\0\0\0\x07\0\0\0\x03\0\0\0ye",
    ] {
        let mut talk = greeted(FORGET, IMPATIENT);
        up_to(&mut talk, &Command::Prompt);
        talk.client.write_all(bytes).expect("writes");
        assert_eq!(talk.rest(), b"");
        let ended = talk.ended();
        nothing_done(&ended);
        let slow = matches!(
            ended.outcome,
            Err(ThinError::During {
                lost: Lost::Slow,
                ..
            })
        );
        assert!(slow, "{bytes:x?}: {:?}", ended.outcome);
    }
    assert!(begun.elapsed() >= IMPATIENT.answer * 4);
}

#[test]
fn a_byte_now_and_then_does_not_stretch_the_time() {
    let mut talk = Talk::with(world(), b"pif-list", IMPATIENT);
    talk.client
        .read_exact(&mut [0; frame::GREETING_LENGTH])
        .expect("a greeting");
    let mut sent = frame::greeting().into_iter();
    // The server hangs up in the middle of it.
    loop {
        let byte = sent.next().expect("not all of it");
        if talk.client.write_all(&[byte]).is_err() {
            break;
        }
        let wait = std::time::Duration::from_millis(40);
        talk.client.set_read_timeout(Some(wait)).expect("sets");
        match talk.client.read(&mut [0; 64]) {
            Ok(0) => break,
            Ok(_) => panic!("an answer to half a greeting"),
            Err(_) => {}
        }
    }
    let outcome = talk.ended().outcome;
    assert!(
        matches!(outcome, Err(ThinError::Lost(Lost::Slow))),
        "{outcome:?}"
    );
}

#[test]
fn a_client_that_goes_away_leaves_no_session() {
    // Before it greets, and before an answer.
    let talk = Talk::new(world(), FORGET.as_bytes());
    talk.client.shutdown(Shutdown::Write).expect("shuts");
    let ended = talk.ended();
    assert!(
        matches!(ended.outcome, Err(ThinError::Lost(Lost::Gone(_)))),
        "{:?}",
        ended.outcome
    );
    assert!(ended.asked.is_empty());
    let mut talk = greeted(FORGET, Patience::default());
    up_to(&mut talk, &Command::Prompt);
    talk.client.shutdown(Shutdown::Both).expect("shuts");
    let ended = talk.ended();
    nothing_done(&ended);
    assert!(
        matches!(
            ended.outcome,
            Err(ThinError::During {
                lost: Lost::Gone(_),
                ..
            })
        ),
        "{:?}",
        ended.outcome
    );
}

#[test]
fn a_client_that_goes_away_while_it_is_told_does_not_stop_the_command() {
    let words = format!("pif-unplug\nuuid=pif-eth0\nusername=root\npassword={PASSWORD}");
    let fake = world().answers("PIF.unplug", Ok(Value::Nil));
    let mut talk = Talk::new(fake, words.as_bytes());
    talk.client
        .read_exact(&mut [0; frame::GREETING_LENGTH])
        .expect("a greeting");
    talk.client.write_all(&frame::greeting()).expect("writes");
    talk.client.shutdown(Shutdown::Both).expect("shuts");
    let ended = talk.ended();
    let call = r#"PIF.unplug "OpaqueRef:p0""#.to_owned();
    assert!(ended.asked.contains(&call), "{:?}", ended.asked);
    assert_eq!(
        ended.asked.last().map(String::as_str),
        Some("session.logout")
    );
}

#[test]
fn a_client_that_waits_for_an_event_and_goes_away_does_not_keep_its_place() {
    let nothing = Value::Struct(vec![
        ("events".into(), Value::Array(Vec::new())),
        ("valid_ref_counts".into(), Value::Struct(Vec::new())),
        ("token".into(), "1,1".into()),
    ]);
    let fake = world().answers("event.from", Ok(nothing));
    let words = format!("event-wait\nclass=pif\ndevice=eth9\nusername=root\npassword={PASSWORD}");
    let mut talk = Talk::new(fake, words.as_bytes());
    talk.client
        .read_exact(&mut [0; frame::GREETING_LENGTH])
        .expect("a greeting");
    talk.client.write_all(&frame::greeting()).expect("writes");
    up_to(&mut talk, &Command::Debug(String::new()));
    talk.client.shutdown(Shutdown::Both).expect("shuts");
    let ended = talk.ended();
    assert!(
        matches!(
            ended.outcome,
            Err(ThinError::During {
                lost: Lost::Gone(_),
                ..
            })
        ),
        "{:?}",
        ended.outcome
    );
    assert_eq!(
        ended.asked.last().map(String::as_str),
        Some("session.logout")
    );
}

#[test]
fn strangers_are_turned_away_before_any_call() {
    for greeting in [
        &b"XenSource thin CLI protocol\x01\0\0\0\0\0\0\0"[..],
        b"XenSource thin CLI protocoX\0\0\0\0\x02\0\0\0",
        &[0; frame::GREETING_LENGTH],
    ] {
        let mut talk = Talk::with(world(), b"pif-list", IMPATIENT);
        talk.client
            .read_exact(&mut [0; frame::GREETING_LENGTH])
            .expect("a greeting");
        talk.client.write_all(greeting).expect("writes");
        assert_eq!(talk.rest(), b"");
        let ended = talk.ended();
        assert!(ended.outcome.is_err());
        assert!(ended.asked.is_empty());
    }
}

#[test]
fn words_that_are_no_text_are_told_and_not_guessed_at() {
    let mut talk = greeted("", Patience::default());
    let said = talk.rest();
    assert_eq!(
        frame::decode(&said)
            .expect("frames")
            .map(|(message, _)| message),
        Some(Message::Command(Command::PrintStderr(
            "Unknown command: \nFor usage run: 'xe help'\n".into()
        )))
    );
    let mut talk = Talk::new(world(), &[b'a', 0xff, b'b']);
    talk.client
        .read_exact(&mut [0; frame::GREETING_LENGTH])
        .expect("a greeting");
    talk.client.write_all(&frame::greeting()).expect("writes");
    let said = talk.rest();
    let (message, length) = frame::decode(&said).expect("frames").expect("a frame");
    assert_eq!(
        message,
        Message::Command(Command::PrintStderr("Error: a text is no UTF-8\n".into()))
    );
    let exit = frame::encode(&Message::Command(Command::Exit(1))).expect("encodes");
    assert_eq!(said[length..], exit);
    assert!(talk.ended().asked.is_empty());
}

#[test]
fn the_largest_file_is_taken_and_not_one_byte_more() {
    let words = format!("pool-crl-install\nfilename=f\nusername=root\npassword={PASSWORD}\n");
    let fits = |length: u32| {
        let fake = world().answers("pool.crl_install", Ok(Value::Nil));
        let mut talk = Talk::new(fake, words.as_bytes());
        talk.client
            .read_exact(&mut [0; frame::GREETING_LENGTH])
            .expect("a greeting");
        talk.client.write_all(&frame::greeting()).expect("writes");
        up_to(&mut talk, &Command::Load("f".into()));
        let send = |message| frame::encode(&message).expect("encodes");
        talk.client
            .write_all(&send(Message::Response(Response::Ok)))
            .expect("writes");
        talk.client
            .write_all(&send(Message::Blob(Blob::Chunk(length))))
            .expect("writes");
        let piece = vec![b'y'; 1 << 20];
        for _ in 0..length >> 20 {
            // The server may hang up at any time.
            if talk.client.write_all(&piece).is_err() {
                break;
            }
        }
        if length & 0xf_ffff == 0 {
            talk.client
                .write_all(&send(Message::Blob(Blob::End)))
                .expect("writes");
        }
        let mut said = Vec::new();
        // It may leave our bytes unread, which the system tells as a reset.
        drop(talk.client.read_to_end(&mut said));
        let ended = talk.ended();
        (
            ended.outcome,
            ended
                .asked
                .iter()
                .any(|call| call.starts_with("pool.crl_install ")),
        )
    };
    let (outcome, called) = fits(32 << 20);
    assert_eq!(outcome.expect("fits").status, 0);
    assert!(called);
    let (outcome, called) = fits((32 << 20) + 1);
    assert!(
        matches!(
            outcome,
            Err(ThinError::During {
                lost: Lost::TooLarge,
                ..
            })
        ),
        "{outcome:?}"
    );
    assert!(!called);
}

#[test]
fn a_client_that_takes_nothing_is_left_after_a_while() {
    let mut fake = world();
    let told = [
        ("uuid", "long".into()),
        ("name_description", "x".repeat(4 << 20).into()),
    ];
    fake.add("network", "OpaqueRef:long", &told);
    let words = format!("network-list\nparams=all\nusername=root\npassword={PASSWORD}");
    let mut talk = Talk::with(fake, words.as_bytes(), IMPATIENT);
    talk.client.write_all(&frame::greeting()).expect("writes");
    let ended = talk.ended();
    let slow = matches!(
        ended.outcome,
        Err(ThinError::During {
            lost: Lost::Slow,
            ..
        })
    );
    assert!(slow, "{:?}", ended.outcome);
    assert_eq!(
        ended.asked.last().map(String::as_str),
        Some("session.logout")
    );
}
