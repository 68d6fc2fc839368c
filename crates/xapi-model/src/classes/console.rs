//! Class `console`.

use std::collections::BTreeMap;

use super::*;

/// A way to see and type into a running virtual machine, or into a host through its control domain.
#[derive(Clone, Debug, Class)]
#[class(name = "console", role = VmAdmin, ctor)]
pub struct Console {
    /// Unique identifier of the console. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// How to speak to it.
    #[field(DynamicRO)]
    pub protocol: ConsoleProtocol,
    /// Where to connect, as a URL on the machine's host. The connection is opened with HTTP CONNECT and a
    /// session.
    #[field(DynamicRO)]
    pub location: String,
    /// The machine whose console it is.
    #[field(DynamicRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW)]
    pub other_config: BTreeMap<String, String>,
}

/// How a console is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "console_protocol")]
pub enum ConsoleProtocol {
    /// A text terminal.
    #[wire(name = "vt100")]
    Vt100,
    /// A picture, by the protocol of VNC.
    #[wire(name = "rfb")]
    Rfb,
    /// A picture, by Remote Desktop Protocol.
    #[wire(name = "rdp")]
    Rdp,
}
