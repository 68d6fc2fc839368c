//! Errors about hosts: their state, their tools, backup and remote access.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// The backup failed; its log says why.
    BACKUP_SCRIPT_FAILED => backup_script_failed(log: "log");
    /// The host cannot be reached; it may be down, cut off, or starting.
    CANNOT_CONTACT_HOST => cannot_contact_host(host: "host");
    /// Some machines cannot leave the host.
    CANNOT_EVACUATE_HOST => cannot_evacuate_host(errors: "errors");
    /// The partition for backups cannot be found.
    CANNOT_FIND_OEM_BACKUP_PARTITION => cannot_find_oem_backup_partition();
    /// The process that emulates the machine's devices cannot be restarted.
    CANNOT_RESTART_DEVICE_MODEL => cannot_restart_device_model(ref_: "ref");
    /// Features of these CPUs cannot be hidden.
    CPU_FEATURE_MASKING_NOT_SUPPORTED => cpu_feature_masking_not_supported(details: "details");
    /// SSH could not be closed on the host.
    DISABLE_SSH_FAILED => disable_ssh_failed(host: "host");
    /// SSH could not be closed on these hosts.
    DISABLE_SSH_PARTIALLY_FAILED => disable_ssh_partially_failed(hosts: "hosts");
    /// SSH could not be opened on the host.
    ENABLE_SSH_FAILED => enable_ssh_failed(host: "host");
    /// SSH could not be opened on these hosts.
    ENABLE_SSH_PARTIALLY_FAILED => enable_ssh_partially_failed(hosts: "hosts");
    /// The host gave up after a failed change of master, and needs an administrator.
    HOST_BROKEN => host_broken();
    /// The host cannot offer this network to a machine.
    HOST_CANNOT_ATTACH_NETWORK => host_cannot_attach_network(host: "host", network: "network");
    /// The pool's master cannot remove itself.
    HOST_CANNOT_DESTROY_SELF => host_cannot_destroy_self(host: "host");
    /// The host's measured values cannot be read.
    HOST_CANNOT_READ_METRICS => host_cannot_read_metrics();
    /// The host's CD drive is empty.
    HOST_CD_DRIVE_EMPTY => host_cd_drive_empty();
    /// The host is disabled and takes no machines; enable it first.
    HOST_DISABLED => host_disabled(host: "host");
    /// The host is disabled until it is enabled by hand.
    HOST_DISABLED_INDEFINITELY => host_disabled_indefinitely(host: "host");
    /// The host is disabled until it is rebooted.
    HOST_DISABLED_UNTIL_REBOOT => host_disabled_until_reboot(host: "host");
    /// The host has no hardware for this variant of the driver.
    HOST_DRIVER_NO_HARDWARE => host_driver_no_hardware(driver_variant: "driver variant");
    /// The machines of the host are being moved away.
    HOST_EVACUATE_IN_PROGRESS => host_evacuate_in_progress(host: "host");
    /// A machine that is not protected cannot leave the host.
    HOST_EVACUATE_VM_NOT_HA_PROTECTED => host_evacuate_vm_not_ha_protected(vm: "vm");
    /// The machines have to be moved away from the host first.
    HOST_EVACUATION_IS_REQUIRED => host_evacuation_is_required(host: "host");
    /// The host has no address on its management interface yet.
    HOST_HAS_NO_MANAGEMENT_IP => host_has_no_management_ip();
    /// Machines are still recorded as running on the host.
    HOST_HAS_RESIDENT_VMS => host_has_resident_vms(host: "host");
    /// The host cannot reach its pool's master and takes emergency calls only.
    HOST_IN_EMERGENCY_MODE => host_in_emergency_mode();
    /// Something still uses the host.
    HOST_IN_USE => host_in_use(host: "host", type_: "type", ref_: "ref");
    /// The host is alive; this is meant for one that is gone.
    HOST_IS_LIVE => host_is_live(host: "host");
    /// This host is not the pool's master; ask the master, whose address is given.
    HOST_IS_SLAVE => host_is_slave(master_ip_address: "Master IP address");
    /// The host was told that it is its own master.
    HOST_ITS_OWN_SLAVE => host_its_own_slave();
    /// The pool's master cannot reach this host at the given address.
    HOST_MASTER_CANNOT_TALK_BACK => host_master_cannot_talk_back(ip: "ip");
    /// This cannot be the name of a host.
    HOST_NAME_INVALID => host_name_invalid(reason: "reason");
    /// The host takes machines; disable it first.
    HOST_NOT_DISABLED => host_not_disabled();
    /// The host has too little free memory.
    HOST_NOT_ENOUGH_FREE_MEMORY => host_not_enough_free_memory(needed: "needed", available: "available");
    /// The host has fewer CPUs than the machine wants.
    HOST_NOT_ENOUGH_PCPUS => host_not_enough_pcpus(vcpus: "vcpus", pcpus: "pcpus");
    /// The host does not answer.
    HOST_NOT_LIVE => host_not_live();
    /// The host is offline; nothing can be asked of it until it is back.
    HOST_OFFLINE => host_offline(host: "host");
    /// Something has to be done on the host before its updates are in force.
    HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY => host_pending_mandatory_guidance_not_empty(host: "host");
    /// It was not set how the host is switched on from afar.
    HOST_POWER_ON_MODE_DISABLED => host_power_on_mode_disabled();
    /// The host is still starting; try again in a moment.
    HOST_STILL_BOOTING => host_still_booting();
    /// The pool's master does not know this host.
    HOST_UNKNOWN_TO_MASTER => host_unknown_to_master(host: "host");
    /// The host runs a newer version than the pool's master; update the master first.
    HOST_XAPI_VERSION_HIGHER_THAN_COORDINATOR => host_xapi_version_higher_than_coordinator(host_xapi_version: "host_xapi_version");
    /// These settings for time servers are not valid.
    INVALID_NTP_CONFIG => invalid_ntp_config(reason: "reason");
    /// This cannot be done with the edition for embedded systems.
    NOT_ALLOWED_ON_OEM_EDITION => not_allowed_on_oem_edition(command: "command");
    /// The clock follows time servers and cannot be set by hand.
    NOT_ALLOWED_WHEN_NTP_IS_ENABLED => not_allowed_when_ntp_is_enabled(host: "host");
    /// This can be done only while the host cannot reach its pool's master.
    NOT_IN_EMERGENCY_MODE => not_in_emergency_mode();
    /// This cannot be done while the pool is being upgraded.
    NOT_SUPPORTED_DURING_UPGRADE => not_supported_during_upgrade();
    /// No host suits the machine.
    NO_HOSTS_AVAILABLE => no_hosts_available();
    /// SR-IOV of the NVIDIA device is not set up as it has to be.
    NVIDIA_SRIOV_MISCONFIGURED => nvidia_sriov_misconfigured(host: "host", device_name: "device_name");
    /// The tools for the NVIDIA device failed on the host.
    NVIDIA_TOOLS_ERROR => nvidia_tools_error(host: "host");
    /// This can be done with the edition for embedded systems only.
    ONLY_ALLOWED_ON_OEM_EDITION => only_allowed_on_oem_edition(command: "command");
    /// The backup was made by another version.
    RESTORE_INCOMPATIBLE_VERSION => restore_incompatible_version();
    /// The backup could not be brought back; the log says why.
    RESTORE_SCRIPT_FAILED => restore_script_failed(log: "log");
    /// The backup does not know the host's management interface.
    RESTORE_TARGET_MGMT_IF_NOT_IN_BACKUP => restore_target_mgmt_if_not_in_backup();
    /// The host lacks a device that the backup knows.
    RESTORE_TARGET_MISSING_DEVICE => restore_target_missing_device(device: "device");
    /// The time-out of idle consoles could not be set on these hosts.
    SET_CONSOLE_TIMEOUT_PARTIALLY_FAILED => set_console_timeout_partially_failed(hosts: "hosts");
    /// The opening of SSH by itself could not be set on these hosts.
    SET_SSH_AUTO_MODE_PARTIALLY_FAILED => set_ssh_auto_mode_partially_failed(hosts: "hosts");
    /// The time for which SSH stays open could not be set on these hosts.
    SET_SSH_TIMEOUT_PARTIALLY_FAILED => set_ssh_timeout_partially_failed(hosts: "hosts");
    /// The edition for embedded systems can make status reports as tar files only.
    SYSTEM_STATUS_MUST_USE_TAR_ON_OEM => system_status_must_use_tar_on_oem();
    /// The status report could not be made.
    SYSTEM_STATUS_RETRIEVAL_FAILED => system_status_retrieval_failed(reason: "reason");
    /// Too many disks are on the move already.
    TOO_MANY_STORAGE_MIGRATES => too_many_storage_migrates(number: "number");
    /// The hypervisor that runs does not fit the software.
    XEN_INCOMPATIBLE => xen_incompatible();
}
