//! Errors about hosts: their state, their tools, backup and remote access.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// Backup script failed.
    BACKUP_SCRIPT_FAILED => backup_script_failed(log: "log");
    /// The host cannot be reached; it may be down, cut off, or starting.
    CANNOT_CONTACT_HOST => cannot_contact_host(host: "host");
    /// Cannot evacuate host.
    CANNOT_EVACUATE_HOST => cannot_evacuate_host(errors: "errors");
    /// Cannot find oem backup partition.
    CANNOT_FIND_OEM_BACKUP_PARTITION => cannot_find_oem_backup_partition();
    /// Cannot restart device model.
    CANNOT_RESTART_DEVICE_MODEL => cannot_restart_device_model(ref_: "ref");
    /// Cpu feature masking not supported.
    CPU_FEATURE_MASKING_NOT_SUPPORTED => cpu_feature_masking_not_supported(details: "details");
    /// Disable ssh failed.
    DISABLE_SSH_FAILED => disable_ssh_failed(host: "host");
    /// Disable ssh partially failed.
    DISABLE_SSH_PARTIALLY_FAILED => disable_ssh_partially_failed(hosts: "hosts");
    /// Enable ssh failed.
    ENABLE_SSH_FAILED => enable_ssh_failed(host: "host");
    /// Enable ssh partially failed.
    ENABLE_SSH_PARTIALLY_FAILED => enable_ssh_partially_failed(hosts: "hosts");
    /// The host gave up after a failed change of master, and needs an administrator.
    HOST_BROKEN => host_broken();
    /// The host cannot offer this network to a machine.
    HOST_CANNOT_ATTACH_NETWORK => host_cannot_attach_network(host: "host", network: "network");
    /// Host cannot destroy self.
    HOST_CANNOT_DESTROY_SELF => host_cannot_destroy_self(host: "host");
    /// Host cannot read metrics.
    HOST_CANNOT_READ_METRICS => host_cannot_read_metrics();
    /// Host cd drive empty.
    HOST_CD_DRIVE_EMPTY => host_cd_drive_empty();
    /// The host is disabled and takes no machines; enable it first.
    HOST_DISABLED => host_disabled(host: "host");
    /// Host disabled indefinitely.
    HOST_DISABLED_INDEFINITELY => host_disabled_indefinitely(host: "host");
    /// Host disabled until reboot.
    HOST_DISABLED_UNTIL_REBOOT => host_disabled_until_reboot(host: "host");
    /// Host driver no hardware.
    HOST_DRIVER_NO_HARDWARE => host_driver_no_hardware(driver_variant: "driver variant");
    /// Host evacuate in progress.
    HOST_EVACUATE_IN_PROGRESS => host_evacuate_in_progress(host: "host");
    /// Host evacuate vm not ha protected.
    HOST_EVACUATE_VM_NOT_HA_PROTECTED => host_evacuate_vm_not_ha_protected(vm: "vm");
    /// Host evacuation is required.
    HOST_EVACUATION_IS_REQUIRED => host_evacuation_is_required(host: "host");
    /// The host has no address on its management interface yet.
    HOST_HAS_NO_MANAGEMENT_IP => host_has_no_management_ip();
    /// Host has resident vms.
    HOST_HAS_RESIDENT_VMS => host_has_resident_vms(host: "host");
    /// The host cannot reach its pool's master and takes emergency calls only.
    HOST_IN_EMERGENCY_MODE => host_in_emergency_mode();
    /// Host in use.
    HOST_IN_USE => host_in_use(host: "host", type_: "type", ref_: "ref");
    /// Host is live.
    HOST_IS_LIVE => host_is_live(host: "host");
    /// This host is not the pool's master; ask the master, whose address is given.
    HOST_IS_SLAVE => host_is_slave(master_ip_address: "Master IP address");
    /// The host was told that it is its own master.
    HOST_ITS_OWN_SLAVE => host_its_own_slave();
    /// The pool's master cannot reach this host at the given address.
    HOST_MASTER_CANNOT_TALK_BACK => host_master_cannot_talk_back(ip: "ip");
    /// Host name invalid.
    HOST_NAME_INVALID => host_name_invalid(reason: "reason");
    /// Host not disabled.
    HOST_NOT_DISABLED => host_not_disabled();
    /// Host not enough free memory.
    HOST_NOT_ENOUGH_FREE_MEMORY => host_not_enough_free_memory(needed: "needed", available: "available");
    /// Host not enough pcpus.
    HOST_NOT_ENOUGH_PCPUS => host_not_enough_pcpus(vcpus: "vcpus", pcpus: "pcpus");
    /// The host does not answer.
    HOST_NOT_LIVE => host_not_live();
    /// The host is offline; nothing can be asked of it until it is back.
    HOST_OFFLINE => host_offline(host: "host");
    /// Host pending mandatory guidance not empty.
    HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY => host_pending_mandatory_guidance_not_empty(host: "host");
    /// Host power on mode disabled.
    HOST_POWER_ON_MODE_DISABLED => host_power_on_mode_disabled();
    /// The host is still starting; try again in a moment.
    HOST_STILL_BOOTING => host_still_booting();
    /// The pool's master does not know this host.
    HOST_UNKNOWN_TO_MASTER => host_unknown_to_master(host: "host");
    /// The host runs a newer version than the pool's master; update the master first.
    HOST_XAPI_VERSION_HIGHER_THAN_COORDINATOR => host_xapi_version_higher_than_coordinator(host_xapi_version: "host_xapi_version");
    /// Invalid ntp config.
    INVALID_NTP_CONFIG => invalid_ntp_config(reason: "reason");
    /// Not allowed on oem edition.
    NOT_ALLOWED_ON_OEM_EDITION => not_allowed_on_oem_edition(command: "command");
    /// Not allowed when ntp is enabled.
    NOT_ALLOWED_WHEN_NTP_IS_ENABLED => not_allowed_when_ntp_is_enabled(host: "host");
    /// This can be done only while the host cannot reach its pool's master.
    NOT_IN_EMERGENCY_MODE => not_in_emergency_mode();
    /// Not supported during upgrade.
    NOT_SUPPORTED_DURING_UPGRADE => not_supported_during_upgrade();
    /// No hosts available.
    NO_HOSTS_AVAILABLE => no_hosts_available();
    /// Nvidia sriov misconfigured.
    NVIDIA_SRIOV_MISCONFIGURED => nvidia_sriov_misconfigured(host: "host", device_name: "device_name");
    /// Nvidia tools error.
    NVIDIA_TOOLS_ERROR => nvidia_tools_error(host: "host");
    /// Only allowed on oem edition.
    ONLY_ALLOWED_ON_OEM_EDITION => only_allowed_on_oem_edition(command: "command");
    /// Restore incompatible version.
    RESTORE_INCOMPATIBLE_VERSION => restore_incompatible_version();
    /// Restore script failed.
    RESTORE_SCRIPT_FAILED => restore_script_failed(log: "log");
    /// Restore target mgmt if not in backup.
    RESTORE_TARGET_MGMT_IF_NOT_IN_BACKUP => restore_target_mgmt_if_not_in_backup();
    /// Restore target missing device.
    RESTORE_TARGET_MISSING_DEVICE => restore_target_missing_device(device: "device");
    /// Set console timeout partially failed.
    SET_CONSOLE_TIMEOUT_PARTIALLY_FAILED => set_console_timeout_partially_failed(hosts: "hosts");
    /// Set ssh auto mode partially failed.
    SET_SSH_AUTO_MODE_PARTIALLY_FAILED => set_ssh_auto_mode_partially_failed(hosts: "hosts");
    /// Set ssh timeout partially failed.
    SET_SSH_TIMEOUT_PARTIALLY_FAILED => set_ssh_timeout_partially_failed(hosts: "hosts");
    /// System status must use tar on oem.
    SYSTEM_STATUS_MUST_USE_TAR_ON_OEM => system_status_must_use_tar_on_oem();
    /// System status retrieval failed.
    SYSTEM_STATUS_RETRIEVAL_FAILED => system_status_retrieval_failed(reason: "reason");
    /// Too many storage migrates.
    TOO_MANY_STORAGE_MIGRATES => too_many_storage_migrates(number: "number");
    /// Xen incompatible.
    XEN_INCOMPATIBLE => xen_incompatible();
}
