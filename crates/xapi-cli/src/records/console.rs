//! Consoles.

use super::{Declared, mrw, ro};

pub const CONSOLE: Declared = Declared {
    shown: &["uuid", "vm-uuid", "vm-name-label", "protocol", "location"],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        ro("vm-uuid").at("VM"),
        ro("vm-name-label").at("VM.name_label"),
        ro("protocol"),
        ro("location"),
        mrw("other-config"),
    ],
};
