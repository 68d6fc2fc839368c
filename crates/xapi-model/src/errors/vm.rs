//! Errors about virtual machines, their devices, import and snapshots.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// Ballooning timeout before migration.
    BALLOONING_TIMEOUT_BEFORE_MIGRATION => ballooning_timeout_before_migration(vm: "vm");
    /// Bootloader failed.
    BOOTLOADER_FAILED => bootloader_failed(vm: "vm", msg: "msg");
    /// Boot device passthrough disallowed.
    BOOT_DEVICE_PASSTHROUGH_DISALLOWED => boot_device_passthrough_disallowed(device: "device");
    /// Cannot reset control domain.
    CANNOT_RESET_CONTROL_DOMAIN => cannot_reset_control_domain(vm: "vm");
    /// Domain builder error.
    DOMAIN_BUILDER_ERROR => domain_builder_error(function: "function", code: "code", message: "message");
    /// Domain exists.
    DOMAIN_EXISTS => domain_exists(vm: "vm", domid: "domid");
    /// Duplicate mac seed.
    DUPLICATE_MAC_SEED => duplicate_mac_seed(seed: "seed");
    /// Duplicate vm.
    DUPLICATE_VM => duplicate_vm(vm: "vm");
    /// Failed to start emulator.
    FAILED_TO_START_EMULATOR => failed_to_start_emulator(vm: "vm", name: "name", msg: "msg");
    /// Feature requires hvm.
    FEATURE_REQUIRES_HVM => feature_requires_hvm(details: "details");
    /// Gpu group contains no pgpus.
    GPU_GROUP_CONTAINS_NO_PGPUS => gpu_group_contains_no_pgpus(gpu_group: "gpu_group");
    /// Gpu group contains pgpu.
    GPU_GROUP_CONTAINS_PGPU => gpu_group_contains_pgpu(pgpus: "pgpus");
    /// Gpu group contains vgpu.
    GPU_GROUP_CONTAINS_VGPU => gpu_group_contains_vgpu(vgpus: "vgpus");
    /// Import error.
    IMPORT_ERROR => import_error(msg: "msg");
    /// Import error attached disks not found.
    IMPORT_ERROR_ATTACHED_DISKS_NOT_FOUND => import_error_attached_disks_not_found();
    /// Import error cannot handle chunked.
    IMPORT_ERROR_CANNOT_HANDLE_CHUNKED => import_error_cannot_handle_chunked();
    /// Import error failed to find object.
    IMPORT_ERROR_FAILED_TO_FIND_OBJECT => import_error_failed_to_find_object(id: "id");
    /// Import error premature eof.
    IMPORT_ERROR_PREMATURE_EOF => import_error_premature_eof();
    /// Import error some checksums failed.
    IMPORT_ERROR_SOME_CHECKSUMS_FAILED => import_error_some_checksums_failed();
    /// Import error unexpected file.
    IMPORT_ERROR_UNEXPECTED_FILE => import_error_unexpected_file(filename_expected: "filename_expected", filename_found: "filename_found");
    /// Import incompatible version.
    IMPORT_INCOMPATIBLE_VERSION => import_incompatible_version();
    /// Memory constraint violation.
    MEMORY_CONSTRAINT_VIOLATION => memory_constraint_violation(constraint: "constraint");
    /// Memory constraint violation maxpin.
    MEMORY_CONSTRAINT_VIOLATION_MAXPIN => memory_constraint_violation_maxpin(reason: "reason");
    /// Memory constraint violation order.
    MEMORY_CONSTRAINT_VIOLATION_ORDER => memory_constraint_violation_order();
    /// Not system domain.
    NOT_SYSTEM_DOMAIN => not_system_domain(vm: "vm");
    /// Pgpu insufficient capacity for vgpu.
    PGPU_INSUFFICIENT_CAPACITY_FOR_VGPU => pgpu_insufficient_capacity_for_vgpu(pgpu: "pgpu", vgpu_type: "vgpu_type");
    /// Pgpu in use by vm.
    PGPU_IN_USE_BY_VM => pgpu_in_use_by_vm(vms: "VMs");
    /// Pgpu not compatible with gpu group.
    PGPU_NOT_COMPATIBLE_WITH_GPU_GROUP => pgpu_not_compatible_with_gpu_group(type_: "type", group_types: "group_types");
    /// Provision failed out of space.
    PROVISION_FAILED_OUT_OF_SPACE => provision_failed_out_of_space();
    /// Provision only allowed on template.
    PROVISION_ONLY_ALLOWED_ON_TEMPLATE => provision_only_allowed_on_template();
    /// Pusb vdi conflict.
    PUSB_VDI_CONFLICT => pusb_vdi_conflict(pusb: "PUSB", vdi: "VDI");
    /// Sysprep.
    SYSPREP => sysprep(vm: "vm", message: "message");
    /// Too many vusbs.
    TOO_MANY_VUSBS => too_many_vusbs(number: "number");
    /// Unknown bootloader.
    UNKNOWN_BOOTLOADER => unknown_bootloader(vm: "vm", bootloader: "bootloader");
    /// Usb already attached.
    USB_ALREADY_ATTACHED => usb_already_attached(pusb: "PUSB", vm: "VM");
    /// Usb group conflict.
    USB_GROUP_CONFLICT => usb_group_conflict(usb_group: "USB_group");
    /// Usb group contains no pusbs.
    USB_GROUP_CONTAINS_NO_PUSBS => usb_group_contains_no_pusbs(usb_group: "usb_group");
    /// Usb group contains pusb.
    USB_GROUP_CONTAINS_PUSB => usb_group_contains_pusb(pusbs: "pusbs");
    /// Usb group contains vusb.
    USB_GROUP_CONTAINS_VUSB => usb_group_contains_vusb(vusbs: "vusbs");
    /// Vcpu max not cores per socket multiple.
    VCPU_MAX_NOT_CORES_PER_SOCKET_MULTIPLE => vcpu_max_not_cores_per_socket_multiple(vcpu_max: "vcpu_max", cores_per_socket: "cores_per_socket");
    /// Vgpu destination incompatible.
    VGPU_DESTINATION_INCOMPATIBLE => vgpu_destination_incompatible(reason: "reason", vgpu: "vgpu", host: "host");
    /// Vgpu guest driver limit.
    VGPU_GUEST_DRIVER_LIMIT => vgpu_guest_driver_limit(reason: "reason", vm: "vm", host: "host");
    /// Vgpu suspension not supported.
    VGPU_SUSPENSION_NOT_SUPPORTED => vgpu_suspension_not_supported(reason: "reason", vgpu: "vgpu", host: "host");
    /// Vgpu type not compatible.
    VGPU_TYPE_NOT_COMPATIBLE => vgpu_type_not_compatible(type_: "type");
    /// Vgpu type not compatible with running type.
    VGPU_TYPE_NOT_COMPATIBLE_WITH_RUNNING_TYPE => vgpu_type_not_compatible_with_running_type(pgpu: "pgpu", type_: "type", running_type: "running_type");
    /// Vgpu type not enabled.
    VGPU_TYPE_NOT_ENABLED => vgpu_type_not_enabled(type_: "type", enabled_types: "enabled_types");
    /// Vgpu type not supported.
    VGPU_TYPE_NOT_SUPPORTED => vgpu_type_not_supported(type_: "type", supported_types: "supported_types");
    /// Vgpu type no longer supported.
    VGPU_TYPE_NO_LONGER_SUPPORTED => vgpu_type_no_longer_supported(type_: "type");
    /// Vmpp archive more frequent than backup.
    VMPP_ARCHIVE_MORE_FREQUENT_THAN_BACKUP => vmpp_archive_more_frequent_than_backup();
    /// Vmpp has vm.
    VMPP_HAS_VM => vmpp_has_vm();
    /// Vmss has vm.
    VMSS_HAS_VM => vmss_has_vm();
    /// Vms failed to cooperate.
    VMS_FAILED_TO_COOPERATE => vms_failed_to_cooperate();
    /// Vm assigned to protection policy.
    VM_ASSIGNED_TO_PROTECTION_POLICY => vm_assigned_to_protection_policy(vm: "vm", vmpp: "vmpp");
    /// Vm assigned to snapshot schedule.
    VM_ASSIGNED_TO_SNAPSHOT_SCHEDULE => vm_assigned_to_snapshot_schedule(vm: "vm", vmss: "vmss");
    /// Vm bad power state.
    VM_BAD_POWER_STATE => vm_bad_power_state(vm: "vm", expected: "expected", actual: "actual");
    /// Vm bios strings already set.
    VM_BIOS_STRINGS_ALREADY_SET => vm_bios_strings_already_set();
    /// Vm call plugin rate limit.
    VM_CALL_PLUGIN_RATE_LIMIT => vm_call_plugin_rate_limit(vm: "VM", interval: "interval", wait: "wait");
    /// Vm cannot delete default template.
    VM_CANNOT_DELETE_DEFAULT_TEMPLATE => vm_cannot_delete_default_template(vm: "vm");
    /// Vm checkpoint resume failed.
    VM_CHECKPOINT_RESUME_FAILED => vm_checkpoint_resume_failed(vm: "vm");
    /// Vm checkpoint suspend failed.
    VM_CHECKPOINT_SUSPEND_FAILED => vm_checkpoint_suspend_failed(vm: "vm");
    /// Vm crashed.
    VM_CRASHED => vm_crashed(vm: "vm");
    /// Vm duplicate vbd device.
    VM_DUPLICATE_VBD_DEVICE => vm_duplicate_vbd_device(vm: "vm", vbd: "vbd", device: "device");
    /// Vm failed shutdown acknowledgment.
    VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT => vm_failed_shutdown_acknowledgment(vm: "vm");
    /// Vm failed suspend acknowledgment.
    VM_FAILED_SUSPEND_ACKNOWLEDGMENT => vm_failed_suspend_acknowledgment(vm: "vm");
    /// Vm halted.
    VM_HALTED => vm_halted(vm: "vm");
    /// Vm has checkpoint.
    VM_HAS_CHECKPOINT => vm_has_checkpoint(vm: "vm");
    /// Vm has no suspend vdi.
    VM_HAS_NO_SUSPEND_VDI => vm_has_no_suspend_vdi(vm: "vm");
    /// Vm has pci attached.
    VM_HAS_PCI_ATTACHED => vm_has_pci_attached(vm: "vm");
    /// Vm has sriov vif.
    VM_HAS_SRIOV_VIF => vm_has_sriov_vif(vm: "vm");
    /// Vm has too many snapshots.
    VM_HAS_TOO_MANY_SNAPSHOTS => vm_has_too_many_snapshots(vm: "vm");
    /// Vm has vgpu.
    VM_HAS_VGPU => vm_has_vgpu(vm: "vm");
    /// Vm has vusbs.
    VM_HAS_VUSBS => vm_has_vusbs(vm: "VM");
    /// Vm host incompatible version.
    VM_HOST_INCOMPATIBLE_VERSION => vm_host_incompatible_version(host: "host", vm: "vm");
    /// Vm host incompatible version migrate.
    VM_HOST_INCOMPATIBLE_VERSION_MIGRATE => vm_host_incompatible_version_migrate(host: "host", vm: "vm");
    /// Vm host incompatible virtual hardware platform version.
    VM_HOST_INCOMPATIBLE_VIRTUAL_HARDWARE_PLATFORM_VERSION => vm_host_incompatible_virtual_hardware_platform_version(host: "host", host_versions: "host_versions", vm: "vm", vm_version: "vm_version");
    /// Vm hvm required.
    VM_HVM_REQUIRED => vm_hvm_required(vm: "vm");
    /// Vm incompatible with this host.
    VM_INCOMPATIBLE_WITH_THIS_HOST => vm_incompatible_with_this_host(vm: "vm", host: "host", reason: "reason");
    /// Vm is immobile.
    VM_IS_IMMOBILE => vm_is_immobile(vm: "VM");
    /// Vm is part of an appliance.
    VM_IS_PART_OF_AN_APPLIANCE => vm_is_part_of_an_appliance(vm: "vm", appliance: "appliance");
    /// Vm is protected.
    VM_IS_PROTECTED => vm_is_protected(vm: "vm");
    /// Vm is template.
    VM_IS_TEMPLATE => vm_is_template(vm: "vm");
    /// Vm is using nested virt.
    VM_IS_USING_NESTED_VIRT => vm_is_using_nested_virt(vm: "VM");
    /// Vm lacks feature.
    VM_LACKS_FEATURE => vm_lacks_feature(vm: "vm");
    /// Vm memory size too low.
    VM_MEMORY_SIZE_TOO_LOW => vm_memory_size_too_low(vm: "vm");
    /// Vm migrate contact remote service failed.
    VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED => vm_migrate_contact_remote_service_failed();
    /// Vm migrate failed.
    VM_MIGRATE_FAILED => vm_migrate_failed(vm: "vm", source: "source", destination: "destination", msg: "msg");
    /// Vm missing pv drivers.
    VM_MISSING_PV_DRIVERS => vm_missing_pv_drivers(vm: "vm");
    /// Vm non suspendable.
    VM_NON_SUSPENDABLE => vm_non_suspendable(vm: "vm", reason: "reason");
    /// Vm not resident here.
    VM_NOT_RESIDENT_HERE => vm_not_resident_here(vm: "vm", host: "host");
    /// Vm no crashdump sr.
    VM_NO_CRASHDUMP_SR => vm_no_crashdump_sr(vm: "vm");
    /// Vm no empty cd vbd.
    VM_NO_EMPTY_CD_VBD => vm_no_empty_cd_vbd(vm: "vm");
    /// Vm no suspend sr.
    VM_NO_SUSPEND_SR => vm_no_suspend_sr(vm: "vm");
    /// Vm no vcpus.
    VM_NO_VCPUS => vm_no_vcpus(vm: "vm");
    /// Vm old pv drivers.
    VM_OLD_PV_DRIVERS => vm_old_pv_drivers(vm: "vm", major: "major", minor: "minor");
    /// Vm pci bus full.
    VM_PCI_BUS_FULL => vm_pci_bus_full(vm: "VM");
    /// Vm pv drivers in use.
    VM_PV_DRIVERS_IN_USE => vm_pv_drivers_in_use(vm: "vm");
    /// Vm rebooted.
    VM_REBOOTED => vm_rebooted(vm: "vm");
    /// Vm requires gpu.
    VM_REQUIRES_GPU => vm_requires_gpu(vm: "vm", gpu_group: "GPU_group");
    /// Vm requires iommu.
    VM_REQUIRES_IOMMU => vm_requires_iommu(host: "host");
    /// Vm requires network.
    VM_REQUIRES_NETWORK => vm_requires_network(vm: "vm", network: "network");
    /// Vm requires sr.
    VM_REQUIRES_SR => vm_requires_sr(vm: "vm", sr: "sr");
    /// Vm requires vdi.
    VM_REQUIRES_VDI => vm_requires_vdi(vm: "vm", vdi: "vdi");
    /// Vm requires vgpu.
    VM_REQUIRES_VGPU => vm_requires_vgpu(vm: "vm", gpu_group: "GPU_group", vgpu_type: "vGPU_type");
    /// Vm requires vusb.
    VM_REQUIRES_VUSB => vm_requires_vusb(vm: "vm", usb_group: "USB_group");
    /// Vm revert failed.
    VM_REVERT_FAILED => vm_revert_failed(vm: "vm", snapshot: "snapshot");
    /// Vm shutdown timeout.
    VM_SHUTDOWN_TIMEOUT => vm_shutdown_timeout(vm: "vm", timeout: "timeout");
    /// Vm snapshot with quiesce failed.
    VM_SNAPSHOT_WITH_QUIESCE_FAILED => vm_snapshot_with_quiesce_failed(vm: "vm");
    /// Vm snapshot with quiesce not supported.
    VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED => vm_snapshot_with_quiesce_not_supported(vm: "vm", error: "error");
    /// Vm snapshot with quiesce plugin deos not respond.
    VM_SNAPSHOT_WITH_QUIESCE_PLUGIN_DEOS_NOT_RESPOND => vm_snapshot_with_quiesce_plugin_deos_not_respond(vm: "vm");
    /// Vm snapshot with quiesce timeout.
    VM_SNAPSHOT_WITH_QUIESCE_TIMEOUT => vm_snapshot_with_quiesce_timeout(vm: "vm");
    /// Vm suspend timeout.
    VM_SUSPEND_TIMEOUT => vm_suspend_timeout(vm: "vm", timeout: "timeout");
    /// Vm too many vcpus.
    VM_TOO_MANY_VCPUS => vm_too_many_vcpus(vm: "vm");
    /// Vm to import is not newer version.
    VM_TO_IMPORT_IS_NOT_NEWER_VERSION => vm_to_import_is_not_newer_version(vm: "vm", existing_version: "existing_version", version_to_import: "version_to_import");
    /// Vm unsafe boot.
    VM_UNSAFE_BOOT => vm_unsafe_boot(vm: "vm");
    /// Vtpm max amount reached.
    VTPM_MAX_AMOUNT_REACHED => vtpm_max_amount_reached(amount: "amount");
    /// Xen vss req error adding volume to snapset failed.
    XEN_VSS_REQ_ERROR_ADDING_VOLUME_TO_SNAPSET_FAILED => xen_vss_req_error_adding_volume_to_snapset_failed(vm: "vm", error_code: "error_code");
    /// Xen vss req error creating snapshot.
    XEN_VSS_REQ_ERROR_CREATING_SNAPSHOT => xen_vss_req_error_creating_snapshot(vm: "vm", error_code: "error_code");
    /// Xen vss req error creating snapshot xml string.
    XEN_VSS_REQ_ERROR_CREATING_SNAPSHOT_XML_STRING => xen_vss_req_error_creating_snapshot_xml_string(vm: "vm", error_code: "error_code");
    /// Xen vss req error init failed.
    XEN_VSS_REQ_ERROR_INIT_FAILED => xen_vss_req_error_init_failed(vm: "vm", error_code: "error_code");
    /// Xen vss req error no volumes supported.
    XEN_VSS_REQ_ERROR_NO_VOLUMES_SUPPORTED => xen_vss_req_error_no_volumes_supported(vm: "vm", error_code: "error_code");
    /// Xen vss req error preparing writers.
    XEN_VSS_REQ_ERROR_PREPARING_WRITERS => xen_vss_req_error_preparing_writers(vm: "vm", error_code: "error_code");
    /// Xen vss req error prov not loaded.
    XEN_VSS_REQ_ERROR_PROV_NOT_LOADED => xen_vss_req_error_prov_not_loaded(vm: "vm", error_code: "error_code");
    /// Xen vss req error start snapshot set failed.
    XEN_VSS_REQ_ERROR_START_SNAPSHOT_SET_FAILED => xen_vss_req_error_start_snapshot_set_failed(vm: "vm", error_code: "error_code");
}
