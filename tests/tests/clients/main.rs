//! Clients that others wrote, as their registries have them, against the daemon on a lab's host.
//!
//! Needs root, the programs of the workspace built in the same profile, and the registries of Python and node: a client
//! that cannot be installed is a failed test. What was installed is kept below the target directory.

mod bindings;
mod install;
mod node;
mod sdks;
