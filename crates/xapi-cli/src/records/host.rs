//! Hosts.

use xapi_model::{Type, Value};

use super::{Declared, Row, Server, Shown, mro, mrw, ro, rw, sro, srw};
use crate::failure::Failure;
use crate::shown::text;

pub const HOST: Declared = Declared {
    shown: &["uuid", "name-label", "name-description"],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        rw("name-label"),
        rw("name-description"),
        sro("allowed-operations").says(operation),
        sro("current-operations").says(operation),
        ro("enabled"),
        ro("display"),
        ro("API-version-major"),
        ro("API-version-minor"),
        ro("API-version-vendor"),
        mro("API-version-vendor-implementation"),
        mrw("logging"),
        rw("suspend-image-sr-uuid").at("suspend_image_sr"),
        rw("crash-dump-sr-uuid").at("crash_dump_sr"),
        mro("software-version"),
        sro("capabilities"),
        mrw("other-config"),
        mro("cpu_info"),
        mro("chipset-info"),
        ro("hostname"),
        ro("address"),
        rw("https-only"),
        sro("supported-bootloaders"),
        ro("blobs"),
        ro("memory-overhead"),
        ro("memory-total").at("metrics.memory_total"),
        ro("memory-free").at("metrics.memory_free"),
        ro("memory-free-computed").asks(free_memory).expensive(),
        ro("host-metrics-live").at("metrics.live"),
        sro("patches").commas().deprecated(),
        sro("updates").commas(),
        ro("ha-statefiles"),
        ro("ha-network-peers"),
        ro("external-auth-type"),
        ro("external-auth-service-name"),
        mro("external-auth-configuration"),
        ro("edition"),
        mro("license-server"),
        ro("power-on-mode"),
        mro("power-on-config"),
        ro("local-cache-sr"),
        srw("tags").commas(),
        rw("ssl-legacy"),
        mrw("guest_VCPUs_params"),
        sro("virtual-hardware-platform-versions"),
        ro("control-domain-uuid").at("control_domain"),
        sro("resident-vms").at("resident_VMs"),
        sro("updates-requiring-reboot"),
        sro("features"),
        rw("iscsi_iqn"),
        rw("multipathing"),
        rw("uefi-certificates").hidden(),
        rw("numa-affinity-policy"),
        ro("pending-guidances"),
        ro("tls-verification-enabled"),
        ro("last-software-update"),
        ro("latest-synced-updates-applied"),
        ro("pending-guidances-recommended"),
        ro("pending-guidances-full"),
        ro("last-update-hash"),
        ro("ssh-enabled"),
        rw("ssh-enabled-timeout"),
        ro("ssh-expiry"),
        rw("console-idle-timeout"),
        rw("ssh-auto-mode"),
        rw("max-cstate"),
        ro("secure-boot"),
        rw("ntp-mode"),
        sro("ntp-custom-servers").commas().whole(),
        rw("timezone"),
    ],
};

/// Operations on the host's VMs carry the class and a dot.
fn operation(value: &Value) -> String {
    let name = value.as_str().unwrap_or_default();
    match name.strip_prefix("vm_") {
        Some(verb) => format!("VM.{verb}"),
        None => name.to_owned(),
    }
}

fn free_memory(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    let free = server.call(
        "host.compute_free_memory",
        vec![row.reference.as_str().into()],
    )?;
    text(server, &Type::Int, &free).map(Shown::One)
}
