//! The pool, as far as one message does it.

use super::{Entry, call};
use crate::command::arg;

pub const POOL: &[Entry] = &[
    call(
        "pool-management-reconfigure",
        "pool.management_reconfigure",
        &[arg("network", "network-uuid")],
    )
    .reqd(&["network-uuid"])
    .help("Moves the management of every host to its interface on the network."),
    call(
        "pool-designate-new-master",
        "pool.designate_new_master",
        &[arg("host", "host-uuid")],
    )
    .reqd(&["host-uuid"])
    .help("Makes another host the master of the pool."),
    call("pool-recover-slaves", "pool.recover_slaves", &[]).help(
        "Tells hosts that wait in emergency mode for a master that this is it. Prints their UUIDs.",
    ),
    call("pool-sync-database", "pool.sync_database", &[])
        .help("Copies the database to every host of the pool."),
    call("task-cancel", "task.cancel", &[arg("task", "uuid")])
        .reqd(&["uuid"])
        .help("Asks a task to stop."),
];
