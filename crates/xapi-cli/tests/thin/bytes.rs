//! Frames to the byte, in both directions, by hand.

use std::io::{Read, Write};

use xapi_cli::thin::Served;
use xapi_cli::thin::frame::{self, Blob, Command, FrameError, Message, Response};
use xapi_model::{ApiError, errors};

use crate::fake::{Fake, world};
use crate::stand::{PASSWORD, SESSION, Talk};

/// The other side's greeting of version 0.2.
const HELLO: &[u8] = b"XenSource thin CLI protocol\0\0\0\0\x02\0\0\0";

/// Bytes of a line of hexadecimal numbers, letters between quotes.
fn hex(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, part) in text.split('\'').enumerate() {
        if at % 2 == 1 {
            bytes.extend_from_slice(part.as_bytes());
            continue;
        }
        let words = part.split_whitespace();
        bytes.extend(words.map(|word| u8::from_str_radix(word, 16).expect(word)));
    }
    bytes
}

fn both(message: Message, bytes: &str) {
    let bytes = hex(bytes);
    assert_eq!(
        frame::encode(&message).expect("encodes"),
        bytes,
        "{message:?}"
    );
    let length = bytes.len();
    assert_eq!(frame::decode(&bytes), Ok(Some((message, length))));
    // What follows belongs to the next frame; what lacks a byte is not there yet.
    let more = [&bytes[..], b"x"].concat();
    assert_eq!(
        frame::decode(&more).expect("a frame").expect("whole").1,
        length
    );
    for cut in 0..length {
        assert_eq!(frame::decode(&bytes[..cut]), Ok(None), "{cut}");
    }
}

#[test]
fn every_frame_has_its_bytes() {
    let command = |command, bytes| both(Message::Command(command), bytes);
    command(
        Command::Print("hi".into()),
        "0e 0 0 0  09 0 0 0  00 0 0 0  02 0 0 0 'hi'",
    );
    command(
        Command::Print("é".into()),
        "0e 0 0 0  09 0 0 0  00 0 0 0  02 0 0 0 c3 a9",
    );
    command(
        Command::Load("/f".into()),
        "0e 0 0 0  09 0 0 0  01 0 0 0  02 0 0 0 '/f'",
    );
    command(Command::Prompt, "08 0 0 0  09 0 0 0  03 0 0 0");
    command(Command::Exit(0), "0c 0 0 0  09 0 0 0  04 0 0 0  00 0 0 0");
    command(
        Command::Exit(-1),
        "0c 0 0 0  09 0 0 0  04 0 0 0  ff ff ff ff",
    );
    command(
        Command::HttpGet {
            file: "f".into(),
            url: "/u".into(),
        },
        "13 0 0 0  09 0 0 0  0c 0 0 0  01 0 0 0 'f'  02 0 0 0 '/u'",
    );
    command(
        Command::HttpPut {
            file: String::new(),
            url: "/u".into(),
        },
        "12 0 0 0  09 0 0 0  0d 0 0 0  00 0 0 0  02 0 0 0 '/u'",
    );
    command(
        Command::Error {
            code: "C".into(),
            params: vec!["a".into(), String::new()],
        },
        "1a 0 0 0  09 0 0 0  0e 0 0 0  01 0 0 0 'C'  02 0 0 0  01 0 0 0 'a'  00 0 0 0",
    );
    command(
        Command::Debug(String::new()),
        "0c 0 0 0  09 0 0 0  0f 0 0 0  00 0 0 0",
    );
    command(
        Command::PrintStderr("e".into()),
        "0d 0 0 0  09 0 0 0  10 0 0 0  01 0 0 0 'e'",
    );
    command(
        Command::HttpConnect("/c".into()),
        "0e 0 0 0  09 0 0 0  11 0 0 0  02 0 0 0 '/c'",
    );
    both(
        Message::Response(Response::Ok),
        "08 0 0 0  0a 0 0 0  05 0 0 0",
    );
    both(
        Message::Response(Response::Failed),
        "08 0 0 0  0a 0 0 0  06 0 0 0",
    );
    both(
        Message::Response(Response::Wait),
        "08 0 0 0  0a 0 0 0  12 0 0 0",
    );
    both(
        Message::Blob(Blob::Chunk(258)),
        "0c 0 0 0  0b 0 0 0  07 0 0 0  02 01 0 0",
    );
    both(Message::Blob(Blob::End), "08 0 0 0  0b 0 0 0  08 0 0 0");
}

/// Frames that have no meaning, each with what is wrong with it. A fuzzer starts from these.
pub fn nasty() -> Vec<(Vec<u8>, FrameError)> {
    [
        ("00 0 0 0", FrameError::Cut),
        ("03 0 0 0  09 0 0", FrameError::Cut),
        ("04 0 0 0  09 0 0 0", FrameError::Cut),
        ("04 0 0 0  00 0 0 0", FrameError::Tag("message", 0)),
        (
            "04 0 0 0  ff ff ff ff",
            FrameError::Tag("message", u32::MAX),
        ),
        (
            "08 0 0 0  09 0 0 0  02 0 0 0",
            FrameError::Tag("command", 2),
        ),
        (
            "08 0 0 0  09 0 0 0  05 0 0 0",
            FrameError::Tag("command", 5),
        ),
        (
            "08 0 0 0  0a 0 0 0  07 0 0 0",
            FrameError::Tag("response", 7),
        ),
        ("08 0 0 0  0b 0 0 0  12 0 0 0", FrameError::Tag("blob", 18)),
        ("09 0 0 0  09 0 0 0  03 0 0 0  00", FrameError::Surplus(1)),
        (
            "0c 0 0 0  0a 0 0 0  05 0 0 0  00 0 0 0",
            FrameError::Surplus(4),
        ),
        ("0a 0 0 0  09 0 0 0  04 0 0 0  01 0", FrameError::Cut),
        // Texts longer than their frame, by one and by far; a length that is negative to some.
        (
            "0e 0 0 0  09 0 0 0  00 0 0 0  03 0 0 0 'hi'",
            FrameError::Cut,
        ),
        ("0c 0 0 0  09 0 0 0  00 0 0 0  ff ff ff 7f", FrameError::Cut),
        ("0c 0 0 0  09 0 0 0  00 0 0 0  ff ff ff ff", FrameError::Cut),
        // Lists that promise more than there is.
        (
            "11 0 0 0  09 0 0 0  0e 0 0 0  01 0 0 0 'C'  ff ff ff ff",
            FrameError::Cut,
        ),
        (
            "11 0 0 0  09 0 0 0  0e 0 0 0  01 0 0 0 'C'  01 0 0 0",
            FrameError::Cut,
        ),
        (
            "15 0 0 0  09 0 0 0  0e 0 0 0  01 0 0 0 'C'  01 0 0 0  ff ff ff ff",
            FrameError::Cut,
        ),
        (
            "0e 0 0 0  09 0 0 0  00 0 0 0  02 0 0 0  c3 28",
            FrameError::NotText,
        ),
        ("ff ff ff 7f", FrameError::TooLong(0x7fff_ffff)),
        ("ff ff ff ff", FrameError::TooLong(0xffff_ffff)),
        ("'POST'", FrameError::TooLong(0x5453_4f50)),
    ]
    .map(|(bytes, why)| (hex(bytes), why))
    .into()
}

#[test]
fn what_is_no_frame_says_why_at_any_length() {
    for (bytes, why) in nasty() {
        assert_eq!(frame::decode(&bytes), Err(why), "{bytes:x?}");
        for cut in 0..bytes.len() {
            // Whatever is there of it: an error or a wish for more, and no panic.
            if let Ok(Some(_)) = frame::decode(&bytes[..cut]) {
                panic!("{cut} bytes of {bytes:x?} are no frame");
            }
        }
    }
}

#[test]
fn no_bytes_make_the_decoder_panic_and_what_it_takes_it_writes_the_same() {
    let seed: u64 = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| u64::from(std::process::id()));
    println!("SEED={seed}");
    let mut state = seed | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut corpus: Vec<Vec<u8>> = nasty().into_iter().map(|(bytes, _)| bytes).collect();
    corpus.push(hex(
        "1a 0 0 0  09 0 0 0  0e 0 0 0  01 0 0 0 'C'  02 0 0 0  01 0 0 0 'a'  00 0 0 0",
    ));
    corpus.push(hex(
        "13 0 0 0  09 0 0 0  0c 0 0 0  01 0 0 0 'f'  02 0 0 0 '/u'",
    ));
    for _ in 0..200_000 {
        let mut bytes = corpus[random() as usize % corpus.len()].clone();
        for _ in 0..random() % 4 {
            let at = random() as usize % bytes.len();
            bytes[at] = random() as u8 % 24;
        }
        if random() % 8 == 0 {
            bytes.truncate(random() as usize % (bytes.len() + 1));
        }
        if bytes.is_empty() {
            continue;
        }
        if let Ok(Some((message, length))) = frame::decode(&bytes) {
            assert_eq!(
                frame::encode(&message).expect("encodes"),
                bytes[..length],
                "SEED={seed}"
            );
        }
    }
}

#[test]
fn a_greeting_is_words_and_two_versions() {
    assert_eq!(frame::greeting(), HELLO);
    assert_eq!(frame::decode_greeting(HELLO), Ok((0, 2)));
    assert_eq!(
        frame::decode_greeting(b"XenSource thin CLI protocoX\0\0\0\0\x02\0\0\0"),
        Err(FrameError::NoGreeting)
    );
    assert_eq!(frame::decode_greeting(&HELLO[..30]), Err(FrameError::Cut));
}

/// The server says exactly this to the words, after a client that greets and answers with these bytes.
fn says(fake: Fake, words: &str, answers: &[u8], expected: &[Message]) -> Vec<String> {
    let mut talk = Talk::new(fake, words.as_bytes());
    let mut hello = [0; HELLO.len()];
    talk.client.read_exact(&mut hello).expect("a greeting");
    assert_eq!(hello, HELLO);
    talk.client.write_all(HELLO).expect("writes");
    talk.client.write_all(answers).expect("writes");
    let mut told = Vec::new();
    for message in expected {
        told.extend(frame::encode(message).expect("encodes"));
    }
    assert_eq!(talk.rest(), told, "{words:?}");
    let ended = talk.ended();
    ended.outcome.expect("ends well");
    ended.asked
}

fn print(text: &str) -> Message {
    Message::Command(Command::Print(text.to_owned()))
}

fn stderr(text: &str) -> Message {
    Message::Command(Command::PrintStderr(text.to_owned()))
}

fn exit(status: i32) -> Message {
    Message::Command(Command::Exit(status))
}

fn login() -> String {
    format!("username=root\npassword={PASSWORD}")
}

#[test]
fn a_command_is_prints_and_an_exit() {
    let words = format!("pif-list\nparams=uuid,device\ndevice=eth0\n{}", login());
    let block = print("uuid ( RO)      : pif-eth0\n    device ( RO): eth0\n\n");
    let asked = says(world(), &words, b"", &[block, exit(0)]);
    assert_eq!(
        asked,
        [
            "login root open, sesame Pool",
            "PIF.get_all_records ",
            "session.logout"
        ]
    );
    // The minimal form is one line at the end.
    let words = format!("pif-list\n--minimal\n{}", login());
    says(
        world(),
        &words,
        b"",
        &[print("pif-bond0,pif-eth0,pif-eth3"), exit(0)],
    );
    // Forwarded command lines end their lines as HTTP does, and bring a session, which is theirs to end.
    let words = format!("session_id={SESSION}\r\nnetwork-list\r\n--minimal");
    let asked = says(
        world(),
        &words,
        b"",
        &[print("network-2,network-0"), exit(0)],
    );
    assert_eq!(asked, ["network.get_all_records "]);
}

#[test]
fn commands_of_the_host_itself_have_its_own_session() {
    let words = format!("host-is-in-emergency-mode\n{}", login());
    let fake = world().answers("host.is_in_emergency_mode", Ok(false.into()));
    let asked = says(fake, &words, b"", &[print("false"), exit(0)]);
    assert_eq!(asked[0], "login root open, sesame Host");
    assert_eq!(asked[2], "session.local_logout");
}

#[test]
fn failures_are_told_on_standard_error_and_by_the_status() {
    let hint = "For usage run: 'xe help'\n";
    let failed = |fake: Fake, words: &str, text: &str| {
        says(fake, words, b"", &[stderr(text), exit(1)]);
    };
    failed(
        world(),
        "pif-lst",
        &format!("Unknown command: pif-lst\n{hint}"),
    );
    failed(world(), "", &format!("Unknown command: \n{hint}"));
    failed(world(), "a=b", &format!("Syntax error: {hint}"));
    failed(
        world(),
        "pif-plug",
        &format!("Required parameter not found: uuid\n{hint}"),
    );
    let words = "pif-list\nusername=root\npassword=wrong";
    failed(world(), words, &format!("Authentication failed\n{hint}"));
    failed(
        world(),
        "pif-list",
        &format!("Username/password must be specified\n{hint}"),
    );
    let words = format!("pif-plug\nuuid=pif-eth0\n{}", login());
    let error = errors::pif_is_management_interface("OpaqueRef:p2");
    let sentence = error.desc().expect("known").doc.trim();
    let text = format!("{sentence}\nPIF: pif-bond0\n");
    failed(world().answers("PIF.plug", Err(error)), &words, &text);
    // An error that has no sentence has a frame of its own.
    let error = ApiError::new("FROM_THE_FUTURE", vec!["a".into(), "OpaqueRef:n2".into()]);
    let frame = Message::Command(Command::Error {
        code: "FROM_THE_FUTURE".into(),
        params: vec!["a".into(), "network-2 (MGT, bonded)".into()],
    });
    says(
        world().answers("PIF.plug", Err(error)),
        &words,
        b"",
        &[frame, exit(1)],
    );
    says(
        world(),
        "session_id=OpaqueRef:x\npif-list",
        b"",
        &[
            stderr(&{
                let error = errors::session_invalid("OpaqueRef:x");
                let desc = error.desc().expect("known");
                format!("{}\n{}: OpaqueRef:x\n", desc.doc.trim(), desc.params[0])
            }),
            exit(1),
        ],
    );
}

#[test]
fn the_log_may_know_the_command_and_no_more() {
    for (words, command) in [
        ("pif-lst\nsecret=x", "pif-lst"),
        ("", ""),
        (&*"x".repeat(1000), &*"x".repeat(64)),
    ] {
        let mut talk = Talk::new(world(), words.as_bytes());
        talk.client.write_all(HELLO).expect("writes");
        talk.rest();
        let served = talk.ended().outcome.expect("ends well");
        let expected = Served {
            command: command.to_owned(),
            status: 1,
        };
        assert_eq!(served, expected);
    }
}
