//! The ends of NICs: veth pairs made, moved and removed by rtnetlink, and the host's end of a tap set up.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};

use crate::Nic;

/// How long the kernel may take for one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// No guest has this address, and no bridge takes it for its own.
const HOST_MAC: [u8; 6] = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff];

/// rtnetlink in one network namespace, one request at a time.
pub(crate) struct Links {
    socket: Socket,
    sequence: u32,
}

impl Links {
    /// In the calling thread's network namespace.
    pub fn open() -> io::Result<Links> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Links {
            socket,
            sequence: 0,
        })
    }

    /// In another one.
    pub fn open_in(namespace: &File) -> io::Result<Links> {
        within(namespace, Links::open)?
    }

    /// Makes a pair: the host's end here, and the guest's in its namespace. Both are down: the kernel brings up no end of
    /// a pair that is not one yet.
    pub fn add_pair(&mut self, host_end: &str, nic: &Nic, namespace: &File) -> io::Result<()> {
        let mut guests = LinkMessage::default();
        guests.attributes = vec![
            LinkAttribute::IfName(guest_end(nic.device)),
            LinkAttribute::Address(nic.mac.to_vec()),
            LinkAttribute::Mtu(nic.mtu),
            LinkAttribute::NetNsFd(namespace.as_raw_fd()),
        ];
        let mut pair = LinkMessage::default();
        pair.attributes = vec![
            LinkAttribute::IfName(host_end.to_owned()),
            LinkAttribute::Address(HOST_MAC.to_vec()),
            LinkAttribute::Mtu(nic.mtu),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(guests))),
            ]),
        ];
        let message = RouteNetlinkMessage::NewLink(pair);
        self.request(message, NLM_F_CREATE | NLM_F_EXCL).map(|_| ())
    }

    /// Sets a host's end up that somebody else has made.
    pub fn dress(&mut self, host_end: &str, mtu: u32) -> io::Result<()> {
        let mut message = self.find(host_end)?.ok_or_else(|| missing(host_end))?;
        message.attributes = vec![
            LinkAttribute::Address(HOST_MAC.to_vec()),
            LinkAttribute::Mtu(mtu),
        ];
        let message = RouteNetlinkMessage::SetLink(message);
        self.request(message, 0).map(|_| ())
    }

    /// Gives a device to another namespace, where it has another name. It is down there.
    pub fn give(&mut self, name: &str, namespace: &File, new_name: &str) -> io::Result<()> {
        let mut message = self.find(name)?.ok_or_else(|| missing(name))?;
        message.attributes = vec![
            LinkAttribute::NetNsFd(namespace.as_raw_fd()),
            LinkAttribute::IfName(new_name.to_owned()),
        ];
        let message = RouteNetlinkMessage::SetLink(message);
        self.request(message, 0).map(|_| ())
    }

    /// Removes a device; whether there was one.
    pub fn remove(&mut self, name: &str) -> io::Result<bool> {
        let Some(message) = self.find(name)? else {
            return Ok(false);
        };
        match self.request(RouteNetlinkMessage::DelLink(message), 0) {
            Ok(_) => Ok(true),
            // It went by itself meanwhile: its other end was removed.
            Err(error) if error.raw_os_error() == Some(Errno::ENODEV as i32) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether there is such a device.
    pub fn is_there(&mut self, name: &str) -> io::Result<bool> {
        Ok(self.find(name)?.is_some())
    }

    /// Brings a device up.
    pub fn bring_up(&mut self, name: &str) -> io::Result<()> {
        let mut message = self.find(name)?.ok_or_else(|| missing(name))?;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        let message = RouteNetlinkMessage::SetLink(message);
        self.request(message, 0).map(|_| ())
    }

    /// A message that names the device by its number, which is no other's; without attributes.
    fn find(&mut self, name: &str) -> io::Result<Option<LinkMessage>> {
        let mut message = LinkMessage::default();
        message.attributes = vec![LinkAttribute::IfName(name.to_owned())];
        match self.request(RouteNetlinkMessage::GetLink(message), 0) {
            Ok(Some(found)) => {
                let mut message = LinkMessage::default();
                message.header.index = found.header.index;
                Ok(Some(message))
            }
            Ok(None) => Err(io::Error::other(format!("no answer about {name}"))),
            Err(error) if error.raw_os_error() == Some(Errno::ENODEV as i32) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn request(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> io::Result<Option<LinkMessage>> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut request = NetlinkMessage::from(message);
        request.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        request.header.sequence_number = self.sequence;
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.socket.send(&bytes, 0)?;
        self.answer(Instant::now() + ANSWER_WITHIN)
    }

    fn answer(&self, until: Instant) -> io::Result<Option<LinkMessage>> {
        let mut link = None;
        loop {
            self.readable(until)?;
            let (bytes, _) = self.socket.recv_from_full()?;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                    .map_err(io::Error::other)?;
                let length = (message.header.length as usize).next_multiple_of(4);
                rest = rest.get(length.max(4)..).unwrap_or_default();
                // An answer to a request that was given up.
                if message.header.sequence_number != self.sequence {
                    continue;
                }
                match message.payload {
                    NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(found)) => {
                        link = Some(found);
                    }
                    NetlinkPayload::Error(error) => match error.raw_code() {
                        0 => return Ok(link),
                        code => return Err(io::Error::from_raw_os_error(code.abs())),
                    },
                    _ => {}
                }
            }
        }
    }

    fn readable(&self, until: Instant) -> io::Result<()> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, left) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What a guest calls its NIC.
pub(crate) fn guest_end(device: u32) -> String {
    format!("eth{device}")
}

/// What the host's end is called while it is kept in a suspended guest.
pub(crate) fn kept_end(device: u32) -> String {
    format!("vif.{device}")
}

/// Does something on a thread in another network namespace. Sockets made there stay there.
pub(crate) fn within<T: Send>(namespace: &File, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("namespace".to_owned());
        let handle = thread.spawn_scoped(scope, || {
            setns(namespace, CloneFlags::CLONE_NEWNET)?;
            Ok(work())
        })?;
        let panicked = |_| io::Error::other("a thread in another network namespace panicked");
        handle.join().map_err(panicked)?
    })
}

fn missing(name: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("there is no device {name}"),
    )
}
