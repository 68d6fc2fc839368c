//! Raw Ethernet frames (AF_PACKET).

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A socket for whole frames, header included, of one device.
#[derive(Debug)]
pub(crate) struct PacketSocket {
    fd: OwnedFd,
}

/// A frame that came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    /// Octets of the buffer that it filled.
    pub(crate) length: usize,
    /// Whether checksums inside are computed: a frame that never left this machine may still wait
    /// for its network card to do it.
    pub(crate) checksums_ready: bool,
}

/// A classic BPF instruction: code, jump if true, jump if false, operand.
pub(crate) type Instruction = (u16, u8, u8, u32);

#[expect(
    unsafe_code,
    reason = "neither std nor nix can address or filter a packet socket"
)]
impl PacketSocket {
    /// A socket that only sends, by any device of the network namespace.
    pub(crate) fn sender() -> io::Result<PacketSocket> {
        PacketSocket::unbound()
    }

    /// A socket that also receives the IPv4 frames that pass the filter, without blocking.
    pub(crate) fn for_ipv4(index: u32, filter: &[Instruction]) -> io::Result<PacketSocket> {
        let socket = PacketSocket::unbound()?;
        // Filter first: nothing else may get into the queue.
        attach_filter(socket.as_fd(), filter)?;
        socket.set_option(libc::SOL_PACKET, libc::PACKET_AUXDATA, 1)?;
        socket.bind(index, libc::ETH_P_IP as u16)?;
        Ok(socket)
    }

    fn unbound() -> io::Result<PacketSocket> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: socket() takes no pointers. Protocol 0 receives nothing until bind().
        let fd = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call just gave us this descriptor, and nobody else has it.
        Ok(PacketSocket {
            fd: unsafe { OwnedFd::from_raw_fd(fd) },
        })
    }

    fn bind(&self, index: u32, protocol: u16) -> io::Result<()> {
        let address = link_address(index, protocol)?;
        // SAFETY: the pointer is to a sockaddr_ll that lives through the call, with its size.
        let result = unsafe {
            libc::bind(
                self.fd.as_raw_fd(),
                (&raw const address).cast(),
                mem::size_of::<libc::sockaddr_ll>() as libc::socklen_t,
            )
        };
        done(result)
    }

    fn set_option(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        // SAFETY: the pointer is to an int that lives through the call, with its size.
        let result = unsafe {
            libc::setsockopt(
                self.fd.as_raw_fd(),
                level,
                name,
                (&raw const value).cast(),
                mem::size_of::<i32>() as libc::socklen_t,
            )
        };
        done(result)
    }

    /// Sends a whole frame by the device it is bound to.
    pub(crate) fn send(&self, frame: &[u8]) -> io::Result<()> {
        // SAFETY: pointer and length are those of one slice.
        let sent =
            unsafe { libc::send(self.fd.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
        whole(sent, frame)
    }

    /// Sends a whole frame by a device.
    pub(crate) fn send_by(&self, index: u32, frame: &[u8]) -> io::Result<()> {
        let address = link_address(index, 0)?;
        // SAFETY: pointer and length are those of one slice, and of a sockaddr_ll that lives through the call.
        let sent = unsafe {
            libc::sendto(
                self.fd.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                (&raw const address).cast(),
                mem::size_of::<libc::sockaddr_ll>() as libc::socklen_t,
            )
        };
        whole(sent, frame)
    }

    /// The next frame that is here; none if there is none. Frames of a VLAN that only pass through
    /// the device are not for us.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<Received>> {
        loop {
            match self.receive_any(buffer) {
                Ok(Some(received)) => return Ok(Some(received)),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next frame, or nothing where that one isn't for us.
    fn receive_any(&self, buffer: &mut [u8]) -> io::Result<Option<Received>> {
        // Room for one cmsghdr with a tpacket_auxdata, aligned like a cmsghdr.
        let mut control = [0u64; 8];
        let mut part = libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        };
        // SAFETY: msghdr is plain integers and pointers, for which zeros are valid.
        let mut message: libc::msghdr = unsafe { mem::zeroed() };
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = mem::size_of_val(&control);
        // SAFETY: `message` points to buffers that live through the call, with their sizes.
        let length = unsafe { libc::recvmsg(self.fd.as_raw_fd(), &raw mut message, 0) };
        let Ok(length) = usize::try_from(length) else {
            return Err(io::Error::last_os_error());
        };
        let mut received = Received {
            length,
            checksums_ready: true,
        };
        // SAFETY: the kernel filled in `message`; the macros stay within msg_control.
        let mut header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
        while !header.is_null() {
            // SAFETY: `header` is not null, and so a cmsghdr within `control`.
            let (level, kind, size) = unsafe {
                (
                    (*header).cmsg_level,
                    (*header).cmsg_type,
                    (*header).cmsg_len,
                )
            };
            let wanted = mem::size_of::<libc::tpacket_auxdata>();
            // SAFETY: CMSG_LEN only computes.
            let enough = size >= unsafe { libc::CMSG_LEN(wanted as u32) } as usize;
            if level == libc::SOL_PACKET && kind == libc::PACKET_AUXDATA && enough {
                // SAFETY: the message is long enough, and read_unaligned asks for no alignment.
                let aux: libc::tpacket_auxdata = unsafe {
                    libc::CMSG_DATA(header)
                        .cast::<libc::tpacket_auxdata>()
                        .read_unaligned()
                };
                received.checksums_ready = aux.tp_status & libc::TP_STATUS_CSUMNOTREADY == 0;
                let tagged = aux.tp_status & libc::TP_STATUS_VLAN_VALID != 0;
                if tagged && aux.tp_vlan_tci & 0x0fff != 0 {
                    return Ok(None);
                }
            }
            // SAFETY: as for CMSG_FIRSTHDR.
            header = unsafe { libc::CMSG_NXTHDR(&raw const message, header) };
        }
        Ok(Some(received))
    }
}

/// Lets only what passes the filter into a socket's queue.
#[expect(unsafe_code, reason = "nix has no classic BPF")]
pub(crate) fn attach_filter(socket: BorrowedFd<'_>, filter: &[Instruction]) -> io::Result<()> {
    let mut program: Vec<libc::sock_filter> = filter
        .iter()
        .map(|(code, jt, jf, k)| libc::sock_filter {
            code: *code,
            jt: *jt,
            jf: *jf,
            k: *k,
        })
        .collect();
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(io::Error::other)?,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the program lives through the call (the kernel copies it), with its length.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            mem::size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    done(result)
}

#[expect(
    unsafe_code,
    reason = "libc's sockaddr_ll has padding and no way to make one"
)]
fn link_address(index: u32, protocol: u16) -> io::Result<libc::sockaddr_ll> {
    // SAFETY: sockaddr_ll is plain integers, for which zeros are valid.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = i32::try_from(index).map_err(io::Error::other)?;
    Ok(address)
}

fn whole(sent: isize, frame: &[u8]) -> io::Result<()> {
    match usize::try_from(sent) {
        Ok(length) if length == frame.len() => Ok(()),
        Ok(_) => Err(io::Error::other("a frame was sent in part")),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

fn done(result: i32) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The sum that IP, UDP and ICMPv6 check themselves with, over parts that are of even length but
/// for the last.
pub(crate) fn internet_checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for pair in part.chunks(2) {
            let word = [pair[0], pair.get(1).copied().unwrap_or(0)];
            sum += u32::from(u16::from_be_bytes(word));
            sum = (sum & 0xffff) + (sum >> 16);
        }
    }
    !(sum as u16)
}
