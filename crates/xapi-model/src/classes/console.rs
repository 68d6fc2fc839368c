//! Class `console`.

use std::collections::BTreeMap;

use super::*;

/// Console.
#[derive(Clone, Debug, Class)]
#[class(name = "console", role = VmAdmin, ctor)]
pub struct Console {
    /// Unique identifier of the console. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Protocol.
    #[field(DynamicRO)]
    pub protocol: ConsoleProtocol,
    /// Location.
    #[field(DynamicRO)]
    pub location: String,
    /// VM.
    #[field(DynamicRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW)]
    pub other_config: BTreeMap<String, String>,
}

/// Console protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "console_protocol")]
pub enum ConsoleProtocol {
    /// Vt100.
    #[wire(name = "vt100")]
    Vt100,
    /// Rfb.
    #[wire(name = "rfb")]
    Rfb,
    /// Rdp.
    #[wire(name = "rdp")]
    Rdp,
}
