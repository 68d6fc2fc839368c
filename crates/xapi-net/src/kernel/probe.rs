//! Proof of life: whether somebody outside of this host answers.
//!
//! A router is asked by address resolution, which every router answers, and not by ICMP, which many do not. The answer
//! must be to a question that was put after the probe began: what the kernel remembers of before proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

use netlink_packet_core::NLM_F_REPLACE;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::RouteType;
use netlink_sys::Socket;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

use super::address::family_of;
use super::neighbour::Neighbour;
use super::packet::internet_checksum;
use super::{Cause, Destination, Kernel, KernelError};
use crate::agent::Probe;

/// A question that got no answer is put again after so long.
const AGAIN: Duration = Duration::from_millis(250);
/// A datagram to this port asks for an address to be resolved, and for nothing else (discard, RFC 863).
const DISCARD: u16 = 9;
const DNS: u16 = 53;
/// Of what comes in, this much is read between two looks at the clock: raw sockets hear all ICMP of the host.
const MOST_READ: usize = 1024;
/// What marks our echo requests, beside the number of the process.
const ECHO: &[u8; 8] = b"xapi-rs\0";
/// A query for the root's name servers, with recursion: header, the root, NS, IN (RFC 1035, 4.1).
const ROOT: [u8; 17] = [0x78, 0x61, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

/// The probes that were answered within the time; returns as soon as all were.
pub fn answered(
    probes: &BTreeSet<Probe>,
    within: Duration,
) -> Result<BTreeSet<Probe>, KernelError> {
    let mut answered = BTreeSet::new();
    if probes.is_empty() {
        return Ok(answered);
    }
    let doing = |error: io::Error| Cause::from(error).doing("asking whether the network is alive");
    let until = Instant::now() + within;
    let mut asking = Asking::open().map_err(doing)?;
    let mut kernel = Kernel::open()?;
    loop {
        for probe in probes {
            if !answered.contains(probe) {
                asking.ask(&mut kernel, *probe)?;
            }
        }
        let again = (Instant::now() + AGAIN).min(until);
        while Instant::now() < again {
            asking.wait(again).map_err(doing)?;
            answered.extend(asking.answers(&mut kernel, probes)?);
            if answered.len() == probes.len() {
                return Ok(answered);
            }
        }
        if Instant::now() >= until {
            return Ok(answered);
        }
    }
}

/// The sockets of one probing.
struct Asking {
    /// Told of every change of a neighbour.
    neighbours: Socket,
    resolve: BTreeMap<bool, UdpSocket>,
    servers: BTreeMap<IpAddr, UdpSocket>,
    echo: BTreeMap<bool, UdpSocket>,
    /// Routers that were asked anew, so that what the kernel says of them is news, and the number of the device by which
    /// packets go to each. That he answers on another one proves nothing.
    asked: BTreeMap<IpAddr, Option<u32>>,
}

impl Asking {
    fn open() -> io::Result<Asking> {
        let mut neighbours = Socket::new(netlink_sys::protocols::NETLINK_ROUTE)?;
        neighbours.bind_auto()?;
        neighbours.set_non_blocking(true)?;
        neighbours.add_membership(rtnetlink::MulticastGroup::Neigh as u32)?;
        Ok(Asking {
            neighbours,
            resolve: BTreeMap::new(),
            servers: BTreeMap::new(),
            echo: BTreeMap::new(),
            asked: BTreeMap::new(),
        })
    }

    /// Puts a question. That it cannot be put, for want of a route or of a family, is no answer.
    fn ask(&mut self, kernel: &mut Kernel, probe: Probe) -> Result<(), KernelError> {
        match probe {
            Probe::Router(address) => {
                let device = kernel.towards(address)?;
                if !kernel.doubt(address, device)? {
                    let socket = entry(&mut self.resolve, address.is_ipv4(), || {
                        UdpSocket::bind(any(address))
                    });
                    let to = on(address, DISCARD, device);
                    unheard(socket.and_then(|socket| socket.send_to(&[], to)));
                }
                self.asked.insert(address, device);
            }
            Probe::NameServer(address) => {
                let socket = entry(&mut self.servers, address, || {
                    let socket = UdpSocket::bind(any(address))?;
                    socket.connect((address, DNS))?;
                    socket.set_nonblocking(true)?;
                    Ok(socket)
                });
                unheard(socket.and_then(|socket| socket.send(&ROOT)));
            }
            Probe::Host(address) => {
                let socket = entry(&mut self.echo, address.is_ipv4(), || raw(address));
                unheard(socket.and_then(|socket| socket.send_to(&echo(address), (address, 0))));
            }
        }
        Ok(())
    }

    /// Waits until there may be an answer.
    fn wait(&self, until: Instant) -> io::Result<()> {
        let sockets = self.servers.values().chain(self.echo.values());
        let mut polled: Vec<_> = sockets
            .map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN))
            .collect();
        polled.push(PollFd::new(borrowed(&self.neighbours), PollFlags::POLLIN));
        let left = until.saturating_duration_since(Instant::now());
        // Rounded up, or the last millisecond is spent on asking for the time.
        let left =
            PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        match poll(&mut polled, left) {
            Ok(_) | Err(nix::Error::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn answers(
        &mut self,
        kernel: &mut Kernel,
        probes: &BTreeSet<Probe>,
    ) -> Result<BTreeSet<Probe>, KernelError> {
        let mut answers = BTreeSet::new();
        if self.neighbours_changed() {
            let now = kernel.neighbours()?;
            let reached = now
                .iter()
                .filter(|neighbour| neighbour.state == NeighbourState::Reachable)
                .filter(|neighbour| {
                    self.asked.get(&neighbour.address) == Some(&Some(neighbour.index))
                });
            answers.extend(reached.map(|neighbour| Probe::Router(neighbour.address)));
        }
        let mut buffer = [0; 2048];
        for (address, socket) in &self.servers {
            // Also a refusal of the query is an answer. A port that is closed is none.
            for _ in 0..MOST_READ {
                let Ok(length) = socket.recv(&mut buffer) else {
                    break;
                };
                if length >= 2 && buffer[..2] == ROOT[..2] {
                    answers.insert(Probe::NameServer(*address));
                }
            }
        }
        for socket in self.echo.values() {
            for _ in 0..MOST_READ {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    break;
                };
                if is_echo_reply(&buffer[..length], from) {
                    answers.insert(Probe::Host(from.ip()));
                }
            }
        }
        answers.retain(|answer| probes.contains(answer));
        Ok(answers)
    }

    /// Empties the socket; whether there was anything in it. What was lost for want of room counts, too.
    fn neighbours_changed(&self) -> bool {
        let mut changed = false;
        for _ in 0..MOST_READ {
            match self.neighbours.recv_from_full() {
                Ok(_) => changed = true,
                Err(error) => return changed || error.raw_os_error() == Some(libc::ENOBUFS),
            }
        }
        changed
    }
}

impl Kernel {
    /// The neighbours of all devices.
    fn neighbours(&mut self) -> Result<Vec<Neighbour>, KernelError> {
        let answers = self
            .dump(RouteNetlinkMessage::GetNeighbour(
                NeighbourMessage::default(),
            ))
            .map_err(|cause| cause.doing("listing the neighbours"))?;
        let known = answers.iter().filter_map(|answer| match answer {
            RouteNetlinkMessage::NewNeighbour(message) => Neighbour::from_message(message),
            _ => None,
        });
        Ok(known.collect())
    }

    /// The number of the device by which packets go to an address on one of our own networks; none if it is on none.
    fn towards(&mut self, address: IpAddr) -> Result<Option<u32>, KernelError> {
        let routes = self.routes()?;
        // A router with a link-local address is only known by the route through it.
        let through = routes.iter().filter(|route| route.gateway == Some(address));
        let through = through.min_by_key(|route| (route.destination.prefix(), route.metric));
        let connected = routes.iter().filter(|route| {
            let network = Destination::new(address, route.destination.prefix());
            route.gateway.is_none() && network == Some(route.destination)
        });
        let connected = connected
            .min_by_key(|route| (std::cmp::Reverse(route.destination.prefix()), route.metric));
        // Every device has the network of link-local addresses.
        let on_link = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        let found = match on_link {
            true => through.or(connected),
            false => connected.or(through),
        };
        let Some(route) = found else {
            return Ok(None);
        };
        Ok(self.link(&route.device)?.map(|link| link.index))
    }

    /// Has the kernel ask a neighbour that it knows on a device whether it is still there. False if it knows none.
    fn doubt(&mut self, address: IpAddr, device: Option<u32>) -> Result<bool, KernelError> {
        let doing = || format!("asking {address} whether it is there");
        let mut known = false;
        for neighbour in self.neighbours()? {
            // What somebody has set for good is not asked about, and not unset.
            if neighbour.state == NeighbourState::Permanent {
                continue;
            }
            let Some(mac) = neighbour
                .mac
                .filter(|_| neighbour.address == address && Some(neighbour.index) == device)
            else {
                continue;
            };
            let mut message = NeighbourMessage::default();
            message.header.family = family_of(address);
            message.header.ifindex = neighbour.index;
            message.header.state = NeighbourState::Probe;
            message.header.kind = RouteType::Unicast;
            if neighbour.router {
                message.header.flags = NeighbourFlags::Router;
            }
            let destination = match address {
                IpAddr::V4(address) => NeighbourAddress::Inet(address),
                IpAddr::V6(address) => NeighbourAddress::Inet6(address),
            };
            message.attributes = vec![
                NeighbourAttribute::Destination(destination),
                NeighbourAttribute::LinkLayerAddress(mac.0.to_vec()),
            ];
            match self.request(RouteNetlinkMessage::NewNeighbour(message), NLM_F_REPLACE) {
                Ok(()) => known = true,
                // It was forgotten in between, or its device has gone.
                Err(cause) if matches!(cause.errno(), Some(libc::ENOENT | libc::ENODEV)) => {}
                Err(cause) => return Err(cause.doing(doing())),
            }
        }
        Ok(known)
    }
}

/// The socket for `key`, made if there is none.
fn entry<K: Ord>(
    sockets: &mut BTreeMap<K, UdpSocket>,
    key: K,
    make: impl FnOnce() -> io::Result<UdpSocket>,
) -> io::Result<&UdpSocket> {
    use std::collections::btree_map::Entry;
    match sockets.entry(key) {
        Entry::Occupied(there) => Ok(there.into_mut()),
        Entry::Vacant(place) => Ok(place.insert(make()?)),
    }
}

fn unheard(sent: io::Result<usize>) {
    if let Err(why) = sent {
        tracing::debug!("a probe could not be sent: {why}");
    }
}

/// Where an address is that may be of a link alone.
fn on(address: IpAddr, port: u16, device: Option<u32>) -> SocketAddr {
    match address {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            SocketAddrV6::new(v6, port, 0, device.unwrap_or(0)).into()
        }
        address => (address, port).into(),
    }
}

fn any(address: IpAddr) -> SocketAddr {
    match address {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// A socket for ICMP packets. std has no type for it; one of UDP sends and receives in the same way.
fn raw(address: IpAddr) -> io::Result<UdpSocket> {
    let (family, protocol) = match address {
        IpAddr::V4(_) => (AddressFamily::Inet, SockProtocol::Icmp),
        IpAddr::V6(_) => (AddressFamily::Inet6, SockProtocol::IcmpV6),
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(UdpSocket::from(socket(
        family,
        SockType::Raw,
        flags,
        protocol,
    )?))
}

/// An echo request (RFC 792, RFC 4443 4.1).
fn echo(address: IpAddr) -> Vec<u8> {
    let kind = if address.is_ipv4() { 8 } else { 128 };
    let id = std::process::id().to_be_bytes();
    let mut packet = vec![kind, 0, 0, 0, id[2], id[3], 0, 1];
    packet.extend(ECHO);
    // The kernel fills in that of ICMPv6, which covers the addresses.
    if address.is_ipv4() {
        let sum = internet_checksum(&[&packet]).to_be_bytes();
        packet[2..4].copy_from_slice(&sum);
    }
    packet
}

/// Whether a packet answers one of our requests. Those of IPv4 come with their IP header.
fn is_echo_reply(packet: &[u8], from: SocketAddr) -> bool {
    let (kind, icmp) = match from {
        SocketAddr::V4(_) => {
            let header = packet
                .first()
                .map_or(0, |first| usize::from(first & 15) * 4);
            (0, packet.get(header..).unwrap_or_default())
        }
        SocketAddr::V6(_) => (129, packet),
    };
    let id = std::process::id().to_be_bytes();
    matches!(icmp, [first, 0, _, _, high, low, _, _, rest @ ..]
        if *first == kind && [*high, *low] == id[2..] && rest == ECHO)
}

#[expect(unsafe_code, reason = "netlink_sys::Socket has no AsFd")]
fn borrowed(socket: &Socket) -> BorrowedFd<'_> {
    // SAFETY: the descriptor is open as long as the socket, which the result borrows.
    unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{echo, is_echo_reply};

    #[test]
    fn only_the_reply_to_our_own_echo_request_counts() {
        let from: SocketAddr = "192.0.2.1:0".parse().unwrap();
        let mut reply = vec![0x45; 20];
        reply.extend(echo(from.ip()));
        assert!(!is_echo_reply(&reply, from), "a request is no reply");
        reply[20] = 0;
        assert!(is_echo_reply(&reply, from));
        reply[25] ^= 1;
        assert!(!is_echo_reply(&reply, from), "somebody else's");
        assert!(!is_echo_reply(&[], from));
        let from: SocketAddr = "[2001:db8::1]:0".parse().unwrap();
        let mut reply = echo(from.ip());
        reply[0] = 129;
        assert!(is_echo_reply(&reply, from));
        assert!(!is_echo_reply(&reply[..9], from));
    }
}
