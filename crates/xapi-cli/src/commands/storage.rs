//! Storage repositories and their attachments to hosts, as far as one message does it.

use super::{Entry, call};
use crate::command::arg;

pub const STORAGE: &[Entry] = &[
    call("sr-scan", "SR.scan", &[arg("sr", "uuid")])
        .reqd(&["uuid"])
        .long()
        .help("Looks for disks of the storage repository that the pool does not know yet."),
    call("sr-destroy", "SR.destroy", &[arg("sr", "uuid")])
        .reqd(&["uuid"])
        .long()
        .help("Removes a storage repository with all that is in it."),
    call("sr-forget", "SR.forget", &[arg("sr", "uuid")])
        .reqd(&["uuid"])
        .help("Removes a storage repository from the database; what is in it stays."),
    call("sr-update", "SR.update", &[arg("sr", "uuid")])
        .reqd(&["uuid"])
        .help("Reads the sizes of the storage repository anew."),
    call("pbd-plug", "PBD.plug", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .long()
        .help("Attaches the storage repository to the host."),
    call("pbd-unplug", "PBD.unplug", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .long()
        .help("Detaches the storage repository from the host."),
    call("pbd-destroy", "PBD.destroy", &[arg("self", "uuid")])
        .reqd(&["uuid"])
        .help("Removes the attachment of a storage repository to a host."),
];
