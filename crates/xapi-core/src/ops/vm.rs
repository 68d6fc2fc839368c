//! Machines: their records and settings, where they could run, and what may be asked of them. The devices that they can
//! still have stand here.

pub mod operations;
pub mod placement;
pub mod power;
pub mod record;
pub mod settings;

pub use operations::runs_hvm;

use std::collections::BTreeSet;

use xapi_db::Read;
use xapi_model::vm::{GetAllowedVbdDevices, GetAllowedVifDevices};
use xapi_model::{Ref, Vbd, Vif, Vm, errors};

use crate::Result;
use crate::context::Cx;

/// Interfaces that a machine can have.
const VIFS: u32 = 7;
/// Disks that a machine can have.
const VBDS: u32 = 256;

/// `VM.get_allowed_VIF_devices`: the numbers that no interface of the machine has.
pub fn get_allowed_vif_devices(cx: &Cx<'_>, call: GetAllowedVifDevices) -> Result<Vec<String>> {
    let view = cx.core.view()?;
    known(&view, &call.vm)?;
    let mut taken = BTreeSet::new();
    for vif in view.find(Vif::VM, &call.vm)? {
        taken.extend(view.field(&vif, Vif::DEVICE)?.parse::<u32>().ok());
    }
    Ok(free(VIFS, &taken))
}

/// `VM.get_allowed_VBD_devices`: the numbers that no disk of the machine has.
pub fn get_allowed_vbd_devices(cx: &Cx<'_>, call: GetAllowedVbdDevices) -> Result<Vec<String>> {
    let view = cx.core.view()?;
    known(&view, &call.vm)?;
    let mut taken = BTreeSet::new();
    for vbd in view.find(Vbd::VM, &call.vm)? {
        taken.extend(disk_number(&view.field(&vbd, Vbd::USERDEVICE)?));
    }
    Ok(free(VBDS, &taken))
}

fn known(view: &impl Read, vm: &Ref<Vm>) -> Result<()> {
    if view.exists(vm)? {
        Ok(())
    } else {
        Err(errors::handle_invalid("VM", vm))
    }
}

fn free(number: u32, taken: &BTreeSet<u32>) -> Vec<String> {
    let numbers = (0..number).filter(|number| !taken.contains(number));
    numbers.map(|number| number.to_string()).collect()
}

/// The number of a disk that is called by its number, or like a device: `xvda`, `hdb`, `sdaa`. Others are in nobody's
/// way.
fn disk_number(device: &str) -> Option<u32> {
    if let Ok(number) = device.parse() {
        return Some(number);
    }
    let prefixes = ["xvd", "hd", "sd"];
    let letters = prefixes
        .iter()
        .find_map(|prefix| device.strip_prefix(prefix))?;
    let letters = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    if letters.is_empty() || letters.len() > 2 {
        return None;
    }
    let mut digits = letters.chars().map(|c| {
        c.is_ascii_lowercase()
            .then(|| u32::from(c) - u32::from('a') + 1)
    });
    let number = digits.try_fold(0, |number, digit| Some(number * 26 + digit?))?;
    Some(number - 1)
}

#[cfg(test)]
mod tests {
    use super::disk_number;

    #[test]
    fn a_disk_is_known_by_its_number_or_like_a_device() {
        let cases = [
            ("0", Some(0)),
            ("17", Some(17)),
            ("xvda", Some(0)),
            ("hdd", Some(3)),
            ("sdz", Some(25)),
            ("xvdaa", Some(26)),
            ("xvdb1", Some(1)),
            ("autodetect", None),
            ("xvd", None),
            ("xvdA", None),
            ("", None),
        ];
        for (device, number) in cases {
            assert_eq!(disk_number(device), number, "{device}");
        }
    }
}
