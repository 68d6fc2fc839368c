//! The sockets of a client: how its messages get onto a device, and the servers' off it.
//!
//! A device may be taken down, or made anew under the same name with another number (Open vSwitch
//! does that). So a socket that failed is opened anew before the next message.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn,
    SockaddrIn6, bind, sendmsg, setsockopt, socket, sockopt,
};

use super::To;
use super::frame4;
use crate::kernel::Mac;
use crate::kernel::packet::{PacketSocket, attach_filter};

/// A place that messages go out from and come in at.
pub(super) trait Port: Send {
    /// Sends a message.
    fn send(&mut self, to: To, payload: &[u8]) -> io::Result<()>;
    /// The next message that is here.
    fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>>;
    /// Becomes readable when a message is here.
    fn fd(&self) -> BorrowedFd<'_>;
}

/// Opens the sockets of one family on a device.
pub(super) type Open = Box<dyn Fn() -> io::Result<Box<dyn Port>> + Send>;

/// IPv4: frames, because there may be no address yet; and a datagram socket for what goes to one
/// server through the host's routes.
pub(super) struct Port4 {
    mac: Mac,
    index: u32,
    frames: PacketSocket,
    datagrams: OwnedFd,
}

impl Port4 {
    pub(super) fn open(device: &str, mac: Mac) -> io::Result<Box<dyn Port>> {
        let index = nix::net::if_::if_nametoindex(device)?;
        let datagrams = datagrams_of(AddressFamily::Inet, device)?;
        // Nothing is read from it, and it would fill. It stands there so that the kernel doesn't
        // answer the server that nobody is at port 68.
        attach_filter(datagrams.as_fd(), &[(0x06, 0, 0, 0)])?;
        let any = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68));
        bind(datagrams.as_raw_fd(), &any)?;
        let frames = PacketSocket::for_ipv4(index, &frame4::FILTER)?;
        Ok(Box::new(Port4 {
            mac,
            index,
            frames,
            datagrams,
        }))
    }
}

impl Port for Port4 {
    fn send(&mut self, to: To, payload: &[u8]) -> io::Result<()> {
        match to {
            To::Everybody => self.frames.send(&frame4::to_everybody(self.mac, payload)),
            To::Server { from, to } => {
                let info = libc::in_pktinfo {
                    ipi_ifindex: i32::try_from(self.index).map_err(io::Error::other)?,
                    ipi_spec_dst: libc::in_addr {
                        s_addr: from.to_bits().to_be(),
                    },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                let to = SockaddrIn::from(SocketAddrV4::new(to, 67));
                let control = [ControlMessage::Ipv4PacketInfo(&info)];
                let payload = [io::IoSlice::new(payload)];
                sendmsg(
                    self.datagrams.as_raw_fd(),
                    &payload,
                    &control,
                    MsgFlags::empty(),
                    Some(&to),
                )?;
                Ok(())
            }
            To::AllServers => Err(io::Error::other("that is for IPv6")),
        }
    }

    fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        let Some(received) = self.frames.receive(buffer)? else {
            return Ok(None);
        };
        let frame = &buffer[..received.length];
        // A frame that is no message counts as an empty one, which nobody takes for an answer.
        Ok(Some(
            frame4::message_in(frame, received.checksums_ready).unwrap_or_default(),
        ))
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.frames.as_fd()
    }
}

/// IPv6: a datagram socket; the device's link-local address is always there, or soon.
pub(super) struct Port6 {
    index: u32,
    datagrams: std::net::UdpSocket,
}

impl Port6 {
    pub(super) fn open(device: &str) -> io::Result<Box<dyn Port>> {
        let index = nix::net::if_::if_nametoindex(device)?;
        let datagrams = datagrams_of(AddressFamily::Inet6, device)?;
        setsockopt(&datagrams, sockopt::Ipv6V6Only, &true)?;
        let any = SockaddrIn6::from(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 546, 0, 0));
        bind(datagrams.as_raw_fd(), &any)?;
        Ok(Box::new(Port6 {
            index,
            datagrams: datagrams.into(),
        }))
    }
}

impl Port for Port6 {
    fn send(&mut self, to: To, payload: &[u8]) -> io::Result<()> {
        let To::AllServers = to else {
            return Err(io::Error::other("that is for IPv4"));
        };
        let servers = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
        self.datagrams
            .send_to(payload, SocketAddrV6::new(servers, 547, 0, self.index))
            .map(|_| ())
    }

    fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        loop {
            match self.datagrams.recv_from(buffer) {
                Ok((length, _)) => return Ok(Some(&buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.datagrams.as_fd()
    }
}

fn datagrams_of(family: AddressFamily, device: &str) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(family, SockType::Datagram, flags, SockProtocol::Udp)?;
    // One client for each device has the same port.
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    setsockopt(&socket, sockopt::BindToDevice, &device.into())?;
    Ok(socket)
}
