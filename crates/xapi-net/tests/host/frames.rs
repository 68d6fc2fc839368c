//! Single frames: made, sent from a guest, and listened for elsewhere.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::lab::Namespace;

pub type Mac = [u8; 6];
pub const ALL: Mac = [0xff; 6];

/// An Ethernet frame. Its end tells frames of a test apart; protocols take it for padding.
pub fn ethernet(to: Mac, from: Mac, kind: u16, content: &[u8], mark: &str) -> Vec<u8> {
    let mut frame = [&to[..], &from[..], &kind.to_be_bytes()[..], content].concat();
    frame.resize(frame.len().max(60), 0);
    frame.extend(format!("<{mark}>").bytes());
    frame
}

/// The same with the tag of a VLAN.
pub fn tagged(frame: &[u8], tag: u16) -> Vec<u8> {
    let (addresses, rest) = frame.split_at(12);
    [addresses, &[0x81, 0], &tag.to_be_bytes(), rest].concat()
}

pub fn ipv4(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, content: &[u8]) -> Vec<u8> {
    let len = (20 + content.len()) as u16;
    let mut packet = vec![0x45, 0];
    packet.extend(len.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(content);
    packet
}

pub fn ipv6(from: Ipv6Addr, to: Ipv6Addr, next: u8, content: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((content.len() as u16).to_be_bytes());
    packet.extend([next, 255]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(content);
    packet
}

pub fn udp(from: u16, to: u16) -> Vec<u8> {
    let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
    [&ports[..], &[0, 16, 0, 0], &[0; 8]].concat()
}

pub fn arp(answer: bool, hardware: Mac, sender: Ipv4Addr) -> Vec<u8> {
    let mut packet = vec![0, 1, 8, 0, 6, 4, 0, 1 + u8::from(answer)];
    packet.extend(hardware);
    packet.extend(sender.octets());
    packet.extend([0; 6]);
    packet.extend([10, 99, 0, 1]);
    packet
}

/// Neighbour discovery: `kind` 135 asks, 136 tells.
pub fn neighbour(kind: u8, target: Ipv6Addr, link: Mac) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0];
    message.extend(target.octets());
    message.extend([if kind == 135 { 1 } else { 2 }, 1]);
    message.extend(link);
    message
}

/// Any other message of ICMPv6.
pub fn icmpv6(kind: u8) -> Vec<u8> {
    [&[kind, 0, 0, 0][..], &[0; 12]].concat()
}

/// The kernel takes tags of VLANs out of frames and tells them beside.
const LISTEN: &str = "
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.setsockopt(263, 8, 1)
s.bind((sys.argv[1], 0))
print('ready', flush=True)
while True:
    frame, beside, _, (_, _, kind, _, _) = s.recvmsg(65536, 64)
    for level, what, data in beside:
        status, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', data[:20])
        if status & 16:
            frame = frame[:12] + struct.pack('>HH', tpid, tci) + frame[12:]
    if kind != 4:
        print(frame.hex(), flush=True)
";

const SEND: &str = "
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
print('ready', flush=True)
for line in sys.stdin:
    s.send(bytes.fromhex(line.strip()))
    print('sent', flush=True)
";

/// Goes on whatever becomes of the device.
const FLOOD: &str = "
import socket, sys, time
frames = [bytes.fromhex(line.strip()) for line in sys.stdin]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
print('ready', flush=True)
while True:
    for frame in frames:
        try:
            s.send(frame)
        except OSError:
            pass
    time.sleep(0.004)
";

struct Script {
    child: Child,
    lines: Option<BufReader<std::process::ChildStdout>>,
}

impl Script {
    fn start(namespace: &Namespace, text: &str, device: &str, input: &[Vec<u8>]) -> Script {
        let mut command: Command =
            namespace.command("setpriv --pdeathsig KILL /usr/bin/env python3 -c");
        let mut child = command
            .args([text, device])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        if !input.is_empty() {
            let mut stdin = child.stdin.take().unwrap();
            for frame in input {
                writeln!(stdin, "{}", hex(frame)).unwrap();
            }
        }
        let lines = Some(BufReader::new(child.stdout.take().unwrap()));
        let mut script = Script { child, lines };
        assert_eq!(script.line(), "ready\n");
        script
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let lines = self.lines.as_mut().unwrap();
        lines.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends frames out of a device.
pub struct Sender(Script);

impl Sender {
    pub fn new(namespace: &Namespace, device: &str) -> Sender {
        Sender(Script::start(namespace, SEND, device, &[]))
    }

    pub fn send(&mut self, frame: &[u8]) {
        let stdin = self.0.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{}", hex(frame)).unwrap();
        assert_eq!(self.0.line(), "sent\n");
    }
}

/// Sends frames again and again, as long as it lives.
pub struct Flood(#[expect(dead_code, reason = "it ends when it is dropped")] Script);

impl Flood {
    pub fn start(namespace: &Namespace, device: &str, frames: &[Vec<u8>]) -> Flood {
        Flood(Script::start(namespace, FLOOD, device, frames))
    }
}

/// Hears every frame that comes in by a device.
pub struct Listener {
    frames: Receiver<String>,
    #[expect(dead_code, reason = "it ends when it is dropped")]
    script: Script,
}

impl Listener {
    pub fn start(namespace: &Namespace, device: &str) -> Listener {
        let mut script = Script::start(namespace, LISTEN, device, &[]);
        let (sender, frames) = channel();
        let lines = script.lines.take().unwrap();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Listener { frames, script }
    }

    /// All marks heard so far and until `last` is heard, each as often as it was.
    pub fn marks_until(&self, last: &str) -> Vec<String> {
        let until = Instant::now() + Duration::from_secs(20);
        let mut marks = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.frames.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("{last:?} was not heard, only {marks:?}"));
            marks.extend(mark_in(&line));
            if marks.last().is_some_and(|mark| mark == last) {
                return marks;
            }
        }
    }

    /// All marks heard so far.
    pub fn marks(&self) -> Vec<String> {
        let lines = self.frames.try_iter();
        lines.filter_map(|line| mark_in(&line)).collect()
    }

    /// The marks heard so far, or the first ones within a time.
    pub fn marks_within(&self, time: Duration) -> Vec<String> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.frames.recv_timeout(left) else {
                return Vec::new();
            };
            if let Some(mark) = mark_in(&line) {
                return std::iter::once(mark).chain(self.marks()).collect();
            }
        }
    }

    /// The whole frames heard so far, or the first one within a time.
    pub fn frames_within(&self, time: Duration) -> Vec<String> {
        let first = self.frames.recv_timeout(time).into_iter();
        first.chain(self.frames.try_iter()).collect()
    }

    /// The whole frames heard so far.
    pub fn frames(&self) -> Vec<String> {
        self.frames.try_iter().collect()
    }
}

/// What stands between the last angle brackets of a frame.
fn mark_in(line: &str) -> Option<String> {
    let line = line.trim();
    let pairs = (0..line.len() / 2).map(|at| u8::from_str_radix(&line[2 * at..2 * at + 2], 16));
    let bytes: Vec<u8> = pairs.collect::<Result<_, _>>().ok()?;
    let inside = bytes.strip_suffix(b">")?;
    let start = inside.iter().rposition(|byte| *byte == b'<')?;
    String::from_utf8(inside[start + 1..].to_vec()).ok()
}
