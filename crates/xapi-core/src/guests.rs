//! The guests of this host, as calls see them: which guest a machine's row asks for, and what its refusals are called.
//!
//! [`place`] has those of other hosts beside them. [`adopt`] is for start-up, [`follow`] for what guests do by themselves, [`release`] for whoever moves networks under
//! NICs that are plugged. The calls are in [`crate::ops::vm::power`] and [`crate::ops::vif::hotplug`].

pub mod adopt;
pub(crate) mod at_work;
pub mod follow;
pub mod lifecycle;
pub mod place;
pub mod release;
pub(crate) mod unfinished;
pub(crate) mod unwanted;

use std::path::{Component, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xapi_db::Read;
use xapi_guest::{
    Body, Domain, GuestError, GuestSpec, Guests, MACHINE_NICS, Machine, Namespace, Nic,
};
use xapi_model::{ApiError, Class, Host, Network, Ref, Vif, Vm, errors};
use xapi_net::topology::Mac;

use crate::Result;
use crate::context::Core;
use crate::ops::network;
use crate::ops::vif::number_of;
use crate::topology;

/// Numbers of domains end here, as Xen's do.
const LAST_DOMAIN: Domain = 32_751;

/// Why a host starts no machines.
const NO_GUESTS: &str = "this host runs no machines: its configuration has no [guests] kind";

/// What guests are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// There are none: machines cannot be started.
    #[default]
    None,
    /// Network namespaces.
    Namespace,
    /// Virtual machines in QEMU.
    Machine,
}

/// Who runs guests here.
pub(crate) struct Here {
    guests: Arc<dyn Guests>,
    kind: Kind,
    /// The number of the next domain.
    next: Mutex<Domain>,
}

impl Core {
    /// Has machines run as guests of this kind. Without this the calls that need guests answer OPERATION_NOT_ALLOWED.
    #[must_use]
    pub fn with_guests(mut self, guests: Arc<dyn Guests>, kind: Kind) -> Core {
        self.here = (kind != Kind::None).then(|| Here {
            guests,
            kind,
            next: Mutex::new(1),
        });
        self
    }

    /// Who runs guests here; OPERATION_NOT_ALLOWED if nobody does.
    pub fn guests(&self) -> Result<&dyn Guests> {
        Ok(&*self.here()?.guests)
    }

    fn here(&self) -> Result<&Here> {
        let here = self.here.as_ref();
        here.ok_or_else(|| errors::operation_not_allowed(NO_GUESTS))
    }
}

impl Here {
    /// A number that no domain has.
    fn free_domain(&self) -> std::result::Result<Domain, GuestError> {
        let found = self.guests.found();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..LAST_DOMAIN {
            let domain = *next;
            *next = domain % LAST_DOMAIN + 1;
            if found.iter().all(|guest| guest.domain != domain) {
                return Ok(domain);
            }
        }
        Err(GuestError::Unfit("no number for another domain".to_owned()))
    }
}

/// INVALID_DEVICE [device] for a NIC that a guest of a kind has no slot for.
pub(crate) fn has_slot(kind: Kind, device: &str) -> Result<()> {
    let number = number_of(device)?;
    match kind {
        Kind::Machine if number >= MACHINE_NICS => Err(errors::invalid_device(device)),
        Kind::Machine | Kind::Namespace | Kind::None => Ok(()),
    }
}

/// The key of a machine's `platform` that a namespace takes for having no drivers, with the value `false`.
const PV_DRIVERS: &str = "pv-drivers";
/// The key of a machine's `platform` by which a namespace keeps its NICs, with the value `true`.
const CLINGS: &str = "clings";

/// The guest that a machine's row asks for.
pub(crate) fn spec_of(core: &Core, kind: Kind, row: &Vm, domain: Domain) -> Result<GuestSpec> {
    let says = |key: &str, value: &str| row.platform.get(key).is_some_and(|it| it == value);
    let body = match kind {
        Kind::Machine => Body::Machine(Machine {
            memory_mib: u32::try_from(row.memory_static_max >> 20).unwrap_or(u32::MAX),
            cpus: u32::try_from(row.vcpus_at_startup).unwrap_or(u32::MAX),
            kernel: bootable(core, "PV_kernel", &row.pv_kernel)?,
            initrd: bootable(core, "PV_ramdisk", &row.pv_ramdisk)?,
            command_line: row.pv_args.clone(),
            disks: Vec::new(),
        }),
        Kind::Namespace | Kind::None => Body::Namespace(Namespace {
            pv_drivers: !says(PV_DRIVERS, "false"),
            clings: says(CLINGS, "true"),
        }),
    };
    Ok(GuestSpec {
        domain,
        uuid: row.uuid.clone(),
        name: row.name_label.clone(),
        body,
    })
}

/// Where kernels of guests may be, as with XAPI: whoever may make machines shall not have the host's other files read.
const KERNELS: [&str; 2] = ["/boot/guest", "/var/lib/xcp/guest"];

/// A file that a machine boots; INVALID_VALUE [field, text] for one that is elsewhere.
fn bootable(core: &Core, field: &str, text: &str) -> Result<Option<PathBuf>> {
    if text.is_empty() {
        return Ok(None);
    }
    let path = PathBuf::from(text);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let inside = |folder: &&str| path.starts_with(core.config.path(folder));
    if plain && KERNELS.iter().any(inside) {
        Ok(Some(path))
    } else {
        Err(errors::invalid_value(field, text))
    }
}

/// The NIC that a VIF's row asks for on a host.
pub(crate) fn nic_of(rows: &impl Read, host: &Ref<Host>, vif: &Vif) -> Result<Nic> {
    let mac: Mac = vif.mac.parse().map_err(|_| errors::mac_invalid(&vif.mac))?;
    Ok(Nic {
        device: number_of(&vif.device)?,
        mac: mac.0,
        mtu: mtu_of(rows, host, vif)?,
    })
}

/// The MTU of both ends of a VIF on a host.
pub(crate) fn mtu_of(rows: &impl Read, host: &Ref<Host>, vif: &Vif) -> Result<u32> {
    // Fields alone: a network may have a thousand VIFs, and a PIF hundreds of VLANs.
    let of_network = rows.field(&vif.network, Network::MTU)?;
    let most = match network::pif_on(rows, &vif.network, host)? {
        Some(pif) => topology::mtu_at(rows, &pif)?,
        None => u32::MAX,
    };
    Ok(topology::vifs::wanted_mtu(vif, of_network).min(most))
}

/// The domain of a machine that runs here.
pub(crate) fn domain_of(row: &Vm) -> Option<Domain> {
    u32::try_from(row.domid).ok().filter(|domain| *domain > 0)
}

/// The machine with a domain on a host.
pub(crate) fn machine_of(
    rows: &impl Read,
    host: &Ref<Host>,
    domain: Domain,
) -> Result<Option<Ref<Vm>>> {
    for vm in rows.find(Vm::RESIDENT_ON, host)? {
        if rows.field(&vm, Vm::DOMID)? == i64::from(domain) {
            return Ok(Some(vm));
        }
    }
    Ok(None)
}

/// What a guest's refusal is called.
pub(crate) fn refusal(
    vm: &Ref<Vm>,
    vif: Option<&Ref<Vif>>,
    within: Duration,
    why: GuestError,
) -> ApiError {
    match (why, vif) {
        (GuestError::Elsewhere { code, params }, _) => ApiError::new(code, params),
        (GuestError::NoHotplug, _) => errors::vm_missing_pv_drivers(vm),
        (GuestError::StillHeld { .. }, Some(vif)) => errors::device_detach_timeout(Vif::NAME, vif),
        (GuestError::StillRunning(_), _) => errors::vm_shutdown_timeout(vm, within.as_secs_f64()),
        (why, _) => {
            tracing::warn!("{vm}: {why}");
            errors::internal_error(why)
        }
    }
}

/// The PIF that an error of a machine's networks is told about: the first that one of them has here.
pub(crate) fn about(
    rows: &impl Read,
    host: &Ref<Host>,
    vm: &Ref<Vm>,
) -> Result<Ref<xapi_model::Pif>> {
    for vif in rows.find(Vif::VM, vm)? {
        let network: Ref<Network> = rows.field(&vif, Vif::NETWORK)?;
        if let Some(pif) = network::pif_on(rows, &network, host)? {
            return Ok(pif);
        }
    }
    Ok(Ref::null())
}
