//! A small Linux for virtual machines: Debian's kernel, and an initial file system that the test writes.

use std::fs;

use xapi_guest::{Body, GuestSpec, Machine};

use crate::initrd::{archive, part};
use crate::lab::{Lab, uuid};

/// A machine that boots it.
pub fn machine(lab: &Lab, domain: u32, more_words: &str) -> GuestSpec {
    let initrd = lab.folder.path().join("initrd");
    if !initrd.exists() {
        fs::write(&initrd, archive()).unwrap();
    }
    GuestSpec {
        domain,
        uuid: uuid(domain),
        name: format!("machine, {domain}"),
        body: Body::Machine(Machine {
            memory_mib: 128,
            cpus: 1,
            kernel: Some(part("vmlinuz")),
            initrd: Some(initrd),
            command_line: format!("console=ttyS0 quiet panic=-1 {more_words}"),
            disks: Vec::new(),
        }),
    }
}

/// A machine with nothing to boot.
pub fn bare(domain: u32) -> GuestSpec {
    GuestSpec {
        domain,
        uuid: uuid(domain),
        name: "bare".to_owned(),
        body: Body::Machine(Machine {
            memory_mib: 16,
            cpus: 1,
            kernel: None,
            initrd: None,
            command_line: String::new(),
            disks: Vec::new(),
        }),
    }
}
