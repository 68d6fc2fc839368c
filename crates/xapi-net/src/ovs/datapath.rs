//! Which datapath this host has: the kernel's or only ovs-vswitchd's own.
//!
//! The kernel module registers the generic netlink family `ovs_datapath`; asking for a family makes the kernel load the
//! module that has it, so the answer is the same before and after the first bridge.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_GENERIC};

use super::row::Datapath;

/// The datapath that bridges of this host should have: the kernel's where there is one.
pub fn datapath() -> io::Result<Datapath> {
    let has_module = has_family("ovs_datapath")?;
    Ok(if has_module {
        Datapath::System
    } else {
        Datapath::Netdev
    })
}

// From linux/genetlink.h and linux/netlink.h.
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const ENOENT: i32 = 2;

/// Whether the kernel knows a generic netlink family.
fn has_family(name: &str) -> io::Result<bool> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.send(&request(name), 0)?;
    let mut reply = Vec::with_capacity(8192);
    // The kernel answers before send() returns, so this doesn't wait.
    socket.recv(&mut reply, 0)?;
    is_there(&reply)
}

/// A netlink header, a generic netlink header, and one attribute: the name, with a zero at its end.
fn request(name: &str) -> Vec<u8> {
    let attribute = 4 + name.len() + 1;
    let length = 16 + 4 + attribute.next_multiple_of(4);
    let mut message = Vec::with_capacity(length);
    message.extend((length as u32).to_ne_bytes());
    message.extend(GENL_ID_CTRL.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0; 8]); // sequence number and port: there is one question only
    message.extend([CTRL_CMD_GETFAMILY, 1, 0, 0]);
    message.extend((attribute as u16).to_ne_bytes());
    message.extend(CTRL_ATTR_FAMILY_NAME.to_ne_bytes());
    message.extend(name.as_bytes());
    message.resize(length, 0);
    message
}

fn is_there(reply: &[u8]) -> io::Result<bool> {
    let short = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "a short answer from generic netlink",
        )
    };
    let kind = reply
        .get(4..6)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u16::from_ne_bytes);
    match kind.ok_or_else(short)? {
        NLMSG_ERROR => {
            let code = reply
                .get(16..20)
                .and_then(|bytes| bytes.try_into().ok())
                .map(i32::from_ne_bytes);
            match -code.ok_or_else(short)? {
                ENOENT => Ok(false),
                code => Err(io::Error::from_raw_os_error(code)),
            }
        }
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_every_kernel_has_is_there_and_one_that_none_has_is_not() {
        assert!(has_family("nlctrl").unwrap());
        assert!(!has_family("no_such_thing").unwrap());
    }

    #[test]
    fn the_datapath_is_the_kernels_exactly_where_the_family_is() {
        let expected = if has_family("ovs_datapath").unwrap() {
            Datapath::System
        } else {
            Datapath::Netdev
        };
        assert_eq!(datapath().unwrap(), expected);
    }

    #[test]
    fn an_error_other_than_not_found_is_no_answer() {
        let mut reply = vec![0; 36];
        reply[4..6].copy_from_slice(&NLMSG_ERROR.to_ne_bytes());
        reply[16..20].copy_from_slice(&(-1i32).to_ne_bytes());
        assert!(is_there(&reply).is_err() && is_there(&[]).is_err());
        reply[16..20].copy_from_slice(&(-ENOENT).to_ne_bytes());
        assert!(!is_there(&reply).unwrap());
    }
}
