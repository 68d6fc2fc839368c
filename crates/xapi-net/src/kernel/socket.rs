//! [`Kernel`]: the blocking door to rtnetlink, its errors, and the folders it reads beside.
//!
//! Requests are answered one after the other. What the kernel says about a refusal (its extended
//! acknowledgement) is kept, because "Invalid argument" alone has cost people days.

use std::cell::OnceCell;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use netlink_packet_core::{
    ErrorMessage, NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::AsyncSocket;
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType};

use super::packet::PacketSocket;

/// How long the kernel may take for one request. It answers within milliseconds; this is for a
/// machine in trouble, so that the owner thread can say so instead of hanging.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A dump that changed while it was read is read again this often.
const DUMP_ATTEMPTS: usize = 8;

/// Something the kernel was asked for and did not do.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct KernelError {
    /// What was being done, with the device's name.
    pub doing: String,
    /// Why it was not done.
    #[source]
    pub cause: Cause,
}

/// Why the kernel did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The kernel said no.
    #[error("{}", Refusal(*errno, said.as_deref()))]
    Refused {
        /// The error's number.
        errno: i32,
        /// The kernel's own words, where it gave some.
        said: Option<String>,
    },
    /// There is no device of this name.
    #[error("there is no device {0}")]
    NoDevice(String),
    /// A file or a socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No answer in time.
    #[error("the kernel gave no answer within {} s", ANSWER_WITHIN.as_secs())]
    NoAnswer,
    /// An answer that makes no sense, or a request that makes none.
    #[error("{0}")]
    Nonsense(String),
}

struct Refusal<'a>(i32, Option<&'a str>);

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = io::Error::from_raw_os_error(self.0);
        match self.1 {
            Some(said) => write!(f, "{said} ({error})"),
            None => write!(f, "{error}"),
        }
    }
}

impl Cause {
    /// Wraps the cause with what was being done.
    pub fn doing(self, doing: impl Into<String>) -> KernelError {
        KernelError {
            doing: doing.into(),
            cause: self,
        }
    }

    /// The error's number, if the kernel gave one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Cause::Refused { errno, .. } => Some(*errno),
            Cause::NoDevice(_) => Some(libc::ENODEV),
            Cause::Io(error) => error.raw_os_error(),
            Cause::NoAnswer | Cause::Nonsense(_) => None,
        }
    }
}

impl KernelError {
    /// The error's number, if the kernel gave one.
    pub fn errno(&self) -> Option<i32> {
        self.cause.errno()
    }

    /// Whether the thing that was to be changed or removed isn't there (any more).
    pub fn is_missing(&self) -> bool {
        matches!(
            self.errno(),
            Some(libc::ENODEV | libc::ENOENT | libc::ESRCH | libc::EADDRNOTAVAIL | libc::ENXIO)
        )
    }

    /// Whether the thing that was to be added is there already.
    pub fn is_there_already(&self) -> bool {
        self.errno() == Some(libc::EEXIST)
    }
}

/// Where the kernel's files are. The real ones, unless a test says otherwise.
#[derive(Debug, Clone)]
pub struct Roots {
    /// sysfs, which shows the devices of the network namespace it was mounted in.
    pub sys: PathBuf,
    /// procfs.
    pub proc: PathBuf,
}

impl Default for Roots {
    fn default() -> Roots {
        Roots {
            sys: PathBuf::from("/sys"),
            proc: PathBuf::from("/proc"),
        }
    }
}

impl Roots {
    /// A file of a device in sysfs.
    pub(crate) fn device(&self, name: &str) -> PathBuf {
        self.sys.join("class/net").join(name)
    }

    /// A file under /proc/sys/net.
    pub(crate) fn sysctl(&self, path: impl AsRef<Path>) -> PathBuf {
        self.proc.join("sys/net").join(path)
    }
}

/// The owner thread's door to the kernel's network: blocking, one request at a time, bound to the
/// network namespace of the thread that opened it.
pub struct Kernel {
    // Declared first, so that it is dropped before the runtime that drives it.
    handle: rtnetlink::Handle,
    runtime: tokio::runtime::Runtime,
    /// For what devices are asked by ioctl.
    devices: OwnedFd,
    /// For announcements, from the first on.
    pub(super) sender: OnceCell<PacketSocket>,
    roots: Roots,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel")
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

impl Kernel {
    /// Opens rtnetlink in the calling thread's network namespace.
    pub fn open() -> Result<Kernel, KernelError> {
        Kernel::open_at(Roots::default())
    }

    /// The same, with other folders for sysfs and procfs.
    pub fn open_at(roots: Roots) -> Result<Kernel, KernelError> {
        let opening = |error: io::Error| Cause::from(error).doing("opening rtnetlink");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(opening)?;
        let entered = runtime.enter();
        let (mut connection, handle, _unsolicited) =
            rtnetlink::new_connection().map_err(opening)?;
        let socket = connection.socket_mut().socket_mut();
        socket.set_ext_ack(true).map_err(opening)?;
        // Without the echoed request the kernel's words begin right behind the header.
        socket.set_cap_ack(true).map_err(opening)?;
        connection.set_forward_done(true);
        runtime.spawn(connection);
        drop(entered);
        let devices = socket::socket(
            AddressFamily::Inet,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            None,
        )
        .map_err(|errno| opening(errno.into()))?;
        Ok(Kernel {
            handle,
            runtime,
            devices,
            sender: OnceCell::new(),
            roots,
        })
    }

    /// The folders this one reads.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// A socket in the network namespace, by which devices are found.
    pub(crate) fn devices(&self) -> BorrowedFd<'_> {
        self.devices.as_fd()
    }

    /// Asks the kernel to do something.
    pub(crate) fn request(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<(), Cause> {
        self.exchange(message, NLM_F_REQUEST | NLM_F_ACK | flags)
            .map(|_| ())
    }

    /// Asks for one thing that is not a dump.
    pub(crate) fn get(
        &mut self,
        message: RouteNetlinkMessage,
    ) -> Result<Vec<RouteNetlinkMessage>, Cause> {
        self.exchange(message, NLM_F_REQUEST | NLM_F_ACK)
            .map(|(answers, _)| answers)
    }

    /// Asks for all things of a kind. A list that changed while the kernel wrote it is asked for
    /// again: it may lack things that were there all the time.
    pub(crate) fn dump(
        &mut self,
        message: RouteNetlinkMessage,
    ) -> Result<Vec<RouteNetlinkMessage>, Cause> {
        for _ in 0..DUMP_ATTEMPTS {
            let (answers, interrupted) =
                self.exchange(message.clone(), NLM_F_REQUEST | NLM_F_DUMP)?;
            if !interrupted {
                return Ok(answers);
            }
        }
        Err(Cause::Nonsense(format!(
            "the list changed {DUMP_ATTEMPTS} times while it was read"
        )))
    }

    fn exchange(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<(Vec<RouteNetlinkMessage>, bool), Cause> {
        let mut request = NetlinkMessage::from(message);
        request.header.flags = flags;
        let answers = self.handle.request(request).map_err(|_| closed())?;
        let reading = read_answers(answers);
        self.runtime.block_on(async {
            match tokio::time::timeout(ANSWER_WITHIN, reading).await {
                Ok(read) => read,
                Err(_) => Err(Cause::NoAnswer),
            }
        })
    }
}

async fn read_answers(
    answers: impl futures_util::Stream<Item = NetlinkMessage<RouteNetlinkMessage>>,
) -> Result<(Vec<RouteNetlinkMessage>, bool), Cause> {
    let mut answers = std::pin::pin!(answers);
    let mut collected = Vec::new();
    let mut interrupted = false;
    while let Some(answer) = answers.next().await {
        interrupted |= answer.header.flags & NLM_F_DUMP_INTR != 0;
        match answer.payload {
            NetlinkPayload::InnerMessage(message) => collected.push(message),
            NetlinkPayload::Error(error) if error.code.is_some() => return Err(refusal(&error)),
            NetlinkPayload::Done(done) if done.code < 0 => {
                return Err(Cause::Refused {
                    errno: -done.code,
                    said: None,
                });
            }
            // Answers were lost, so this one is as good as a list that changed.
            NetlinkPayload::Overrun(_) => interrupted = true,
            _ => {}
        }
    }
    Ok((collected, interrupted))
}

fn closed() -> Cause {
    Cause::Io(io::Error::new(
        io::ErrorKind::BrokenPipe,
        "the rtnetlink socket was closed",
    ))
}

fn refusal(error: &ErrorMessage) -> Cause {
    Cause::Refused {
        errno: error.raw_code().abs(),
        said: kernels_words(&error.header),
    }
}

/// The text of an extended acknowledgement. `echo` is what follows the error code: the header of
/// our request, then attributes.
fn kernels_words(echo: &[u8]) -> Option<String> {
    const HEADER: usize = 16;
    const NLMSGERR_ATTR_MSG: u16 = 1;
    let mut rest = echo.get(HEADER..)?;
    while let [a, b, c, d, ..] = *rest {
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let kind = u16::from_ne_bytes([c, d]) & 0x3fff;
        let value = rest.get(4..length)?;
        if kind == NLMSGERR_ATTR_MSG {
            let text = value.split(|b| *b == 0).next()?;
            return Some(String::from_utf8_lossy(text).into_owned()).filter(|t| !t.is_empty());
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = u16::try_from(value.len() + 4)
            .unwrap()
            .to_ne_bytes()
            .to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn the_kernels_words_are_found_behind_other_attributes() {
        let mut echo = vec![0; 16];
        echo.extend(attribute(2, &[1, 0, 0, 0]));
        echo.extend(attribute(1, b"Nexthop has invalid gateway\0"));
        assert_eq!(
            kernels_words(&echo).as_deref(),
            Some("Nexthop has invalid gateway")
        );
    }

    #[test]
    fn a_cut_or_lying_acknowledgement_has_no_words() {
        for cut in 0..16 {
            assert_eq!(kernels_words(&vec![0; cut]), None);
        }
        let mut echo = vec![0; 16];
        echo.extend([200, 0, 1, 0, b'x']);
        assert_eq!(kernels_words(&echo), None, "longer than the message");
        let mut echo = vec![0; 16];
        echo.extend([0, 0, 2, 0, 0, 0, 0, 0]);
        assert_eq!(
            kernels_words(&echo),
            None,
            "a length of nothing must not loop"
        );
    }

    #[test]
    fn an_error_tells_what_was_being_done_and_what_the_kernel_said() {
        let error = Cause::Refused {
            errno: libc::EINVAL,
            said: Some("Invalid prefix length".into()),
        }
        .doing("adding 10.0.0.1/33 to eth0");
        assert_eq!(
            error.to_string(),
            "adding 10.0.0.1/33 to eth0: Invalid prefix length (Invalid argument (os error 22))"
        );
    }
}
