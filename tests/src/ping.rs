//! A ping that measures silences: an echo request every 10 ms, and the kernel's own time stamps on the answers, so
//! that a late reader looks no worse than a punctual one.

use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn,
    SockaddrIn6, connect, recvmsg, send, setsockopt, socket, sockopt,
};

/// Between two requests.
const EVERY: Duration = Duration::from_millis(10);
/// How long a ping may stay unanswered before waiting for it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A ping that goes on until it is stopped or dropped.
pub struct Ping {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Report>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    answers: Mutex<u64>,
    more: Condvar,
}

/// What a ping found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who was asked.
    pub address: IpAddr,
    /// Requests.
    pub sent: u64,
    /// Answers.
    pub answers: u64,
    /// The longest time without an answer, from the first answer to the end.
    pub silence: Duration,
    /// The longest time in which we sent nothing, because the machine did not let us: part of no network's fault.
    pub pause: Duration,
}

impl Ping {
    /// Pings from a network namespace; returns when the first answer is there.
    pub fn start(netns: &Path, address: IpAddr) -> Ping {
        let file = File::open(netns).expect("the client's network namespace");
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("ping {address}"))
            .spawn(move || {
                setns(file, CloneFlags::CLONE_NEWNET)
                    .expect("entering the client's network namespace");
                urgently();
                Pinger::new(address).run(&ours)
            })
            .expect("a thread");
        let ping = Ping {
            shared,
            thread: Some(thread),
        };
        ping.wait_for(1);
        ping
    }

    /// Waits until so many more answers have come: the time in which late troubles would show.
    pub fn wait_for(&self, more: u64) {
        let answers = locked(&self.shared.answers);
        let wanted = *answers + more;
        let waited =
            self.shared
                .more
                .wait_timeout_while(answers, PATIENCE + EVERY * more as u32, |now| *now < wanted);
        let (_answers, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "the ping is not answered any more");
    }

    /// Ends it.
    pub fn stop(mut self) -> Report {
        self.shared.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("a ping is stopped once");
        thread.join().expect("the ping's thread")
    }
}

impl Drop for Ping {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the ping's thread panicked");
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for real-time priority. Without it the ping works too, but a busy machine shows as silence.
fn urgently() {
    let thread = nix::unistd::gettid().to_string();
    let asked = Command::new("chrt")
        .args(["--fifo", "--pid", "50", &thread])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !asked.is_ok_and(|status| status.success()) {
        eprintln!("no real-time priority for the ping");
    }
}

/// The two ends of one echo.
struct Pinger {
    address: IpAddr,
    socket: OwnedFd,
    id: [u8; 2],
}

impl Pinger {
    fn new(address: IpAddr) -> Pinger {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let id =
            (std::process::id() as u16).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed) << 8);
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (family, protocol) = match address {
            IpAddr::V4(_) => (AddressFamily::Inet, SockProtocol::Icmp),
            IpAddr::V6(_) => (AddressFamily::Inet6, SockProtocol::IcmpV6),
        };
        let socket = socket(family, SockType::Raw, flags, protocol).expect("a raw socket");
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).expect("SO_TIMESTAMPNS");
        let connected = match address {
            IpAddr::V4(address) => connect(
                socket.as_raw_fd(),
                &SockaddrIn::from(SocketAddrV4::new(address, 0)),
            ),
            IpAddr::V6(address) => connect(
                socket.as_raw_fd(),
                &SockaddrIn6::from(SocketAddrV6::new(address, 0, 0, 0)),
            ),
        };
        connected.expect("a route to the host");
        Pinger {
            address,
            socket,
            id: id.to_be_bytes(),
        }
    }

    fn run(&self, shared: &Shared) -> Report {
        let mut report = Report {
            address: self.address,
            sent: 0,
            answers: 0,
            silence: Duration::ZERO,
            pause: Duration::ZERO,
        };
        let mut last = None;
        let mut next = now();
        let mut sent = None::<Duration>;
        while !shared.stop.load(Ordering::Relaxed) {
            let at = now();
            if let Some(before) = sent {
                report.pause = report.pause.max(at.saturating_sub(before));
            }
            sent = Some(at);
            self.send(report.sent as u16);
            report.sent += 1;
            // What was missed is not made up for: that would be a burst, not a beat.
            next = (next + EVERY).max(at);
            while let Some(left) = next.checked_sub(now()).filter(|left| !left.is_zero()) {
                self.wait(left);
                while let Some(came) = self.receive() {
                    if let Some(before) = last {
                        report.silence = report.silence.max(came.saturating_sub(before));
                    }
                    last = Some(came);
                    report.answers += 1;
                    *locked(&shared.answers) += 1;
                    shared.more.notify_all();
                }
            }
        }
        if let Some(last) = last {
            report.silence = report.silence.max(now().saturating_sub(last));
        }
        report
    }

    fn send(&self, sequence: u16) {
        let kind = if self.address.is_ipv4() { 8 } else { 128 };
        let mut packet = [0; 64];
        packet[0] = kind;
        packet[4..6].copy_from_slice(&self.id);
        packet[6..8].copy_from_slice(&sequence.to_be_bytes());
        if self.address.is_ipv4() {
            // For ICMPv6 the kernel does this.
            let sum = checksum(&packet);
            packet[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        if let Err(why) = send(self.socket.as_raw_fd(), &packet, MsgFlags::empty()) {
            // Nobody answers for the address just now: that is a silence, which is what is measured here.
            let expected = [
                Errno::EHOSTUNREACH,
                Errno::ENETUNREACH,
                Errno::ENOBUFS,
                Errno::EAGAIN,
                Errno::ECONNREFUSED,
            ];
            assert!(
                expected.contains(&why),
                "sending to {}: {why}",
                self.address
            );
        }
    }

    fn wait(&self, time: Duration) {
        let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        let time = PollTimeout::try_from(time.as_millis() as i32 + 1).expect("a short time");
        match poll(&mut fds, time) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(why) => panic!("poll: {why}"),
        }
    }

    /// When an answer of ours came, if one is there.
    fn receive(&self) -> Option<Duration> {
        loop {
            let mut packet = [0; 256];
            let mut space = nix::cmsg_space!(nix::sys::time::TimeSpec);
            let mut parts = [io::IoSliceMut::new(&mut packet)];
            let flags = MsgFlags::MSG_DONTWAIT;
            let (length, stamp) =
                match recvmsg::<()>(self.socket.as_raw_fd(), &mut parts, Some(&mut space), flags) {
                    Ok(message) => {
                        let stamps = message
                            .cmsgs()
                            .expect("control messages")
                            .filter_map(|one| match one {
                                ControlMessageOwned::ScmTimestampns(time) => {
                                    Some(Duration::from(time))
                                }
                                _ => None,
                            });
                        (message.bytes, stamps.last())
                    }
                    Err(Errno::EAGAIN | Errno::EINTR) => return None,
                    // An unreachable that somebody reported: a silence again.
                    Err(Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::ECONNREFUSED) => continue,
                    Err(why) => panic!("receiving from {}: {why}", self.address),
                };
            if self.is_answer(&packet[..length]) {
                return Some(stamp.unwrap_or_else(now));
            }
        }
    }

    fn is_answer(&self, packet: &[u8]) -> bool {
        let (kind, icmp) = match self.address {
            // IPv4's raw sockets show the header.
            IpAddr::V4(_) => (
                0,
                packet
                    .get(usize::from(packet[0] & 15) * 4..)
                    .unwrap_or_default(),
            ),
            IpAddr::V6(_) => (129, packet),
        };
        icmp.len() >= 8 && icmp[0] == kind && icmp[4..6] == self.id
    }
}

/// On the clock of the kernel's time stamps.
fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time after 1970")
}

fn checksum(packet: &[u8]) -> u16 {
    let mut sum: u32 = packet
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
