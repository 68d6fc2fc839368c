//! The listener: what changes in links, addresses and routes, told within milliseconds.
//!
//! One multicast socket on one thread. It remembers links and addresses, so that it can tell what
//! is new in a message. When messages were lost (the socket's buffer ran over) it reads everything
//! again and tells the differences; nobody has to poll.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use netlink_packet_core::{NetlinkBuffer, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::Socket;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{setsockopt, sockopt};

use super::address::Address;
use super::route::{Route, RouteAt};
use super::{Cause, Kernel, KernelError, Link};

/// What the socket may hold before messages are lost. The kernel's default of 208 KiB is met by a
/// few hundred links changing at once.
const BUFFER: usize = 16 << 20;
/// Everything is read again at most this often, so that a storm doesn't keep us at nothing else.
const PAUSE: Duration = Duration::from_secs(1);

/// A change in the kernel's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A link came.
    LinkAdded(Link),
    /// A link went. It is given as it was last.
    LinkRemoved(Link),
    /// A link has another name.
    LinkRenamed {
        /// The name it had.
        from: String,
        /// The link as it is now.
        link: Link,
    },
    /// A link got a carrier, or lost it.
    Carrier(Link),
    /// A link changed in another way: up or down, MAC, MTU, controller.
    LinkChanged(Link),
    /// A device got an address.
    AddressAdded {
        /// The device's name.
        device: String,
        /// The address.
        address: Address,
    },
    /// An address changed its state: it is no longer tentative, or found to be a duplicate.
    AddressChanged {
        /// The device's name.
        device: String,
        /// The address as it is now.
        address: Address,
    },
    /// A device lost an address.
    AddressRemoved {
        /// The device's name.
        device: String,
        /// The address.
        address: Address,
    },
    /// A route of the main table was added, or took another's place.
    RouteAdded(Route),
    /// A route of the main table was deleted. The kernel says nothing of the routes of a device
    /// that goes down.
    RouteRemoved(Route),
    /// Messages were lost. Links and addresses were read again, and what had changed was told;
    /// who cares for routes must look for himself.
    Resynced,
}

/// A running listener. It ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    /// The thread ends when this end is closed.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Listens in the calling thread's network namespace. Whatever changes after this call
    /// returned is told to `listener`, on the listener's own thread; a slow one makes messages wait
    /// and at worst costs a resynchronisation.
    pub fn start(listener: impl FnMut(Event) + Send + 'static) -> Result<Watch, KernelError> {
        Watch::start_with_buffer(BUFFER, listener)
    }

    /// The same, with another size of the socket's buffer in octets.
    pub fn start_with_buffer(
        buffer: usize,
        listener: impl FnMut(Event) + Send + 'static,
    ) -> Result<Watch, KernelError> {
        let starting =
            |error: io::Error| Cause::from(error).doing("starting to listen for changes");
        // The socket belongs to the namespace of the thread that opens it, and so do threads that
        // it starts.
        let socket = open(buffer).map_err(starting)?;
        let (stop, stopped) = UnixStream::pair().map_err(starting)?;
        let (ready, started) = std::sync::mpsc::channel();
        let listening = Listening {
            socket,
            stopped,
            listener: Box::new(listener),
        };
        let thread = std::thread::Builder::new()
            .name("netlink-watch".to_owned())
            .spawn(move || listening.run(&ready))
            .map_err(starting)?;
        let watch = Watch {
            stop: Some(stop),
            thread: Some(thread),
        };
        match started.recv() {
            Ok(Ok(())) => Ok(watch),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(starting(io::Error::other("the listening thread ended"))),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        let Some(thread) = self.thread.take() else {
            return;
        };
        // The listener itself may be who drops us.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the netlink listener panicked");
        }
    }
}

fn open(buffer: usize) -> io::Result<Socket> {
    use rtnetlink::MulticastGroup::{Ipv4Ifaddr, Ipv4Route, Ipv6Ifaddr, Ipv6Route, Link};
    let mut socket = Socket::new(netlink_sys::protocols::NETLINK_ROUTE)?;
    socket.bind_auto()?;
    // Forcing needs CAP_NET_ADMIN; without, the kernel's limit is what we get.
    if setsockopt(&borrowed(&socket), sockopt::RcvBufForce, &buffer).is_err() {
        setsockopt(&borrowed(&socket), sockopt::RcvBuf, &buffer)?;
    }
    socket.set_non_blocking(true)?;
    for group in [Link, Ipv4Ifaddr, Ipv6Ifaddr, Ipv4Route, Ipv6Route] {
        socket.add_membership(group as u32)?;
    }
    Ok(socket)
}

#[expect(unsafe_code, reason = "netlink_sys::Socket has no AsFd")]
fn borrowed(socket: &Socket) -> BorrowedFd<'_> {
    // SAFETY: the descriptor is open as long as the socket, which the result borrows.
    unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) }
}

struct Listening {
    socket: Socket,
    stopped: UnixStream,
    listener: Box<dyn FnMut(Event) + Send>,
}

impl Listening {
    fn run(mut self, ready: &std::sync::mpsc::Sender<Result<(), KernelError>>) {
        let mut known = Known::default();
        let began = Kernel::open().and_then(|mut kernel| {
            known.replace(kernel.links()?, kernel.addresses()?);
            Ok(kernel)
        });
        let (result, kernel) = match began {
            Ok(kernel) => (Ok(()), Some(kernel)),
            Err(error) => (Err(error), None),
        };
        // Whoever started us waits for this.
        if ready.send(result).is_err() {
            return;
        }
        let Some(mut kernel) = kernel else { return };
        let mut lost = false;
        let mut read_at = Instant::now().checked_sub(PAUSE);
        loop {
            let pause = read_at.map_or(Duration::ZERO, |at| PAUSE.saturating_sub(at.elapsed()));
            match self.wait(lost.then_some(pause)) {
                Ok(Wake::Stop) => return,
                Ok(Wake::Go) => {}
                Err(error) => return tracing::error!("the netlink listener ends: {error}"),
            }
            match self.drain(&mut known) {
                Ok(all_came) => lost |= !all_came,
                Err(error) => return tracing::error!("the netlink listener ends: {error}"),
            }
            if lost && read_at.is_none_or(|at| at.elapsed() >= PAUSE) {
                read_at = Some(Instant::now());
                match kernel
                    .links()
                    .and_then(|links| Ok((links, kernel.addresses()?)))
                {
                    Ok((links, addresses)) => {
                        lost = false;
                        known
                            .replace(links, addresses)
                            .into_iter()
                            .for_each(&mut self.listener);
                        (self.listener)(Event::Resynced);
                    }
                    Err(error) => {
                        tracing::warn!("messages were lost, and will be read again: {error}")
                    }
                }
            }
        }
    }

    fn wait(&self, at_most: Option<Duration>) -> io::Result<Wake> {
        let socket = borrowed(&self.socket);
        let mut fds = [
            PollFd::new(socket, PollFlags::POLLIN),
            PollFd::new(self.stopped.as_fd(), PollFlags::POLLIN),
        ];
        let timeout = match at_most {
            None => PollTimeout::NONE,
            // One more, since parts of a millisecond are cut off.
            Some(duration) => {
                PollTimeout::try_from(duration.as_millis() + 1).unwrap_or(PollTimeout::MAX)
            }
        };
        match poll(&mut fds, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(if fds[1].any() == Some(true) {
            Wake::Stop
        } else {
            Wake::Go
        })
    }

    /// Reads what is there and tells of it. Answers whether nothing was lost.
    fn drain(&mut self, known: &mut Known) -> io::Result<bool> {
        let mut all_came = true;
        loop {
            let datagram = match self.socket.recv_from_full() {
                Ok((datagram, from)) if from.port_number() == 0 => datagram,
                // Only the kernel may tell us things; any process can send to a netlink socket.
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(all_came),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    all_came = false;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut rest = datagram.as_slice();
            while !rest.is_empty() {
                let Some((message, after)) = next_message(rest) else {
                    tracing::warn!("a netlink message of {} octets makes no sense", rest.len());
                    all_came = false;
                    break;
                };
                rest = after;
                known
                    .hear(&message)
                    .into_iter()
                    .for_each(&mut self.listener);
            }
        }
    }
}

enum Wake {
    Stop,
    Go,
}

fn next_message(datagram: &[u8]) -> Option<(NetlinkMessage<RouteNetlinkMessage>, &[u8])> {
    let length = NetlinkBuffer::new_checked(datagram).ok()?.length() as usize;
    let message = NetlinkMessage::deserialize(datagram.get(..length)?).ok()?;
    let after = length.next_multiple_of(4).min(datagram.len());
    Some((message, &datagram[after..]))
}

/// What was heard so far.
#[derive(Debug, Default)]
struct Known {
    links: BTreeMap<u32, Link>,
    addresses: BTreeMap<(u32, IpAddr, u8), Address>,
}

impl Known {
    fn hear(&mut self, message: &NetlinkMessage<RouteNetlinkMessage>) -> Vec<Event> {
        let NetlinkPayload::InnerMessage(message) = &message.payload else {
            return Vec::new();
        };
        match message {
            RouteNetlinkMessage::NewLink(message) if tells_all(message) => {
                Link::from_message(message)
                    .map(|link| self.put_link(link))
                    .unwrap_or_default()
            }
            RouteNetlinkMessage::DelLink(message) if tells_all(message) => {
                self.drop_link(message.header.index)
            }
            RouteNetlinkMessage::NewAddress(message) => Address::from_message(message)
                .and_then(|address| self.put_address(address))
                .into_iter()
                .collect(),
            RouteNetlinkMessage::DelAddress(message) => Address::from_message(message)
                .and_then(|address| self.drop_address(&address))
                .into_iter()
                .collect(),
            RouteNetlinkMessage::NewRoute(message) => self
                .named(RouteAt::from_message(message))
                .map(Event::RouteAdded)
                .into_iter()
                .collect(),
            RouteNetlinkMessage::DelRoute(message) => self
                .named(RouteAt::from_message(message))
                .map(Event::RouteRemoved)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Takes over what there is, and tells how it differs from what was known.
    fn replace(&mut self, links: Vec<Link>, addresses: Vec<Address>) -> Vec<Event> {
        let mut events = Vec::new();
        let here: BTreeMap<_, _> = addresses.iter().map(|a| (key(a), ())).collect();
        let gone: Vec<Address> = self
            .addresses
            .iter()
            .filter(|(key, _)| !here.contains_key(key))
            .map(|(_, a)| a.clone())
            .collect();
        events.extend(gone.iter().filter_map(|address| self.drop_address(address)));
        let there: BTreeSet<u32> = links.iter().map(|link| link.index).collect();
        let gone: Vec<u32> = self
            .links
            .keys()
            .copied()
            .filter(|index| !there.contains(index))
            .collect();
        events.extend(gone.into_iter().flat_map(|index| self.drop_link(index)));
        events.extend(links.into_iter().flat_map(|link| self.put_link(link)));
        events.extend(
            addresses
                .into_iter()
                .filter_map(|address| self.put_address(address)),
        );
        events
    }

    fn put_link(&mut self, link: Link) -> Vec<Event> {
        let Some(before) = self.links.insert(link.index, link.clone()) else {
            return vec![Event::LinkAdded(link)];
        };
        let mut events = Vec::new();
        if before.name != link.name {
            events.push(Event::LinkRenamed {
                from: before.name.clone(),
                link: link.clone(),
            });
        }
        if before.carrier != link.carrier {
            events.push(Event::Carrier(link.clone()));
        }
        let otherwise = Link {
            name: link.name.clone(),
            carrier: link.carrier,
            ..before
        };
        if otherwise != link {
            events.push(Event::LinkChanged(link));
        }
        events
    }

    fn drop_link(&mut self, index: u32) -> Vec<Event> {
        let first = (index, IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        let own = self.addresses.range(first..).map(|(key, _)| *key);
        let own: Vec<_> = own.take_while(|(at, _, _)| *at == index).collect();
        for key in own {
            self.addresses.remove(&key);
        }
        self.links
            .remove(&index)
            .map(Event::LinkRemoved)
            .into_iter()
            .collect()
    }

    fn put_address(&mut self, address: Address) -> Option<Event> {
        let device = self.name_of(address.index)?;
        match self.addresses.insert(key(&address), address.clone()) {
            None => Some(Event::AddressAdded { device, address }),
            Some(before) if before != address => Some(Event::AddressChanged { device, address }),
            Some(_) => None,
        }
    }

    fn drop_address(&mut self, address: &Address) -> Option<Event> {
        let device = self.name_of(address.index)?;
        let address = self.addresses.remove(&key(address))?;
        Some(Event::AddressRemoved { device, address })
    }

    fn name_of(&self, index: u32) -> Option<String> {
        self.links.get(&index).map(|link| link.name.clone())
    }

    fn named(&self, at: Option<RouteAt>) -> Option<Route> {
        let RouteAt { index, route } = at?;
        Some(Route {
            device: self.name_of(index)?,
            ..route
        })
    }
}

fn key(address: &Address) -> (u32, IpAddr, u8) {
    (address.index, address.address, address.prefix)
}

/// Whether a link message is about the link itself. A bridge tells of its ports in messages of its
/// own family, of which the deletion means that the port left the bridge; and a radio's scan
/// results come as link messages with nothing else in them.
fn tells_all(message: &LinkMessage) -> bool {
    message.header.interface_family == AddressFamily::Unspec
        && !message
            .attributes
            .iter()
            .any(|a| matches!(a, LinkAttribute::Wireless(_)))
}
