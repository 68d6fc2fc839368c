//! Errors about virtual machines, their devices, import and snapshots.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// The machine did not give back memory in time to be moved.
    BALLOONING_TIMEOUT_BEFORE_MIGRATION => ballooning_timeout_before_migration(vm: "vm");
    /// The bootloader of the machine failed.
    BOOTLOADER_FAILED => bootloader_failed(vm: "vm", msg: "msg");
    /// The host starts from this device, so it cannot be passed to a machine.
    BOOT_DEVICE_PASSTHROUGH_DISALLOWED => boot_device_passthrough_disallowed(device: "device");
    /// The control domain cannot be taken for halted.
    CANNOT_RESET_CONTROL_DOMAIN => cannot_reset_control_domain(vm: "vm");
    /// The hypervisor could not build the machine.
    DOMAIN_BUILDER_ERROR => domain_builder_error(function: "function", code: "code", message: "message");
    /// A domain of this machine is still there.
    DOMAIN_EXISTS => domain_exists(vm: "vm", domid: "domid");
    /// Another machine makes its hardware addresses of the same seed.
    DUPLICATE_MAC_SEED => duplicate_mac_seed(seed: "seed");
    /// The machine is already here.
    DUPLICATE_VM => duplicate_vm(vm: "vm");
    /// A process that emulates the machine's devices did not start.
    FAILED_TO_START_EMULATOR => failed_to_start_emulator(vm: "vm", name: "name", msg: "msg");
    /// This needs a fully virtualised machine.
    FEATURE_REQUIRES_HVM => feature_requires_hvm(details: "details");
    /// The group has no GPU.
    GPU_GROUP_CONTAINS_NO_PGPUS => gpu_group_contains_no_pgpus(gpu_group: "gpu_group");
    /// The group still has GPUs.
    GPU_GROUP_CONTAINS_PGPU => gpu_group_contains_pgpu(pgpus: "pgpus");
    /// The group still has virtual GPUs.
    GPU_GROUP_CONTAINS_VGPU => gpu_group_contains_vgpu(vgpus: "vgpus");
    /// The import failed.
    IMPORT_ERROR => import_error(msg: "msg");
    /// A disk that the machine needs was not found.
    IMPORT_ERROR_ATTACHED_DISKS_NOT_FOUND => import_error_attached_disks_not_found();
    /// An import cannot be sent in chunks; its length has to be told.
    IMPORT_ERROR_CANNOT_HANDLE_CHUNKED => import_error_cannot_handle_chunked();
    /// An object that the import refers to was not found.
    IMPORT_ERROR_FAILED_TO_FIND_OBJECT => import_error_failed_to_find_object(id: "id");
    /// The import ended too early.
    IMPORT_ERROR_PREMATURE_EOF => import_error_premature_eof();
    /// Parts of the import were damaged on the way.
    IMPORT_ERROR_SOME_CHECKSUMS_FAILED => import_error_some_checksums_failed();
    /// The import holds another file than was expected here.
    IMPORT_ERROR_UNEXPECTED_FILE => import_error_unexpected_file(filename_expected: "filename_expected", filename_found: "filename_found");
    /// The import was made by a version that is not understood.
    IMPORT_INCOMPATIBLE_VERSION => import_incompatible_version();
    /// The memory limits do not fit together.
    MEMORY_CONSTRAINT_VIOLATION => memory_constraint_violation(constraint: "constraint");
    /// The memory of this machine cannot change, so its limits must be equal.
    MEMORY_CONSTRAINT_VIOLATION_MAXPIN => memory_constraint_violation_maxpin(reason: "reason");
    /// The memory limits are out of order: static minimum, dynamic minimum, dynamic maximum, static maximum.
    MEMORY_CONSTRAINT_VIOLATION_ORDER => memory_constraint_violation_order();
    /// The machine is no system domain.
    NOT_SYSTEM_DOMAIN => not_system_domain(vm: "vm");
    /// The GPU has no room for another virtual GPU of this type.
    PGPU_INSUFFICIENT_CAPACITY_FOR_VGPU => pgpu_insufficient_capacity_for_vgpu(pgpu: "pgpu", vgpu_type: "vgpu_type");
    /// Machines use the GPU.
    PGPU_IN_USE_BY_VM => pgpu_in_use_by_vm(vms: "VMs");
    /// The GPU is of another type than those of the group.
    PGPU_NOT_COMPATIBLE_WITH_GPU_GROUP => pgpu_not_compatible_with_gpu_group(type_: "type", group_types: "group_types");
    /// There is too little space for the disks of the machine.
    PROVISION_FAILED_OUT_OF_SPACE => provision_failed_out_of_space();
    /// Only a template can be provisioned.
    PROVISION_ONLY_ALLOWED_ON_TEMPLATE => provision_only_allowed_on_template();
    /// The USB device is in use as a disk.
    PUSB_VDI_CONFLICT => pusb_vdi_conflict(pusb: "PUSB", vdi: "VDI");
    /// Windows could not be prepared for cloning.
    SYSPREP => sysprep(vm: "vm", message: "message");
    /// The machine cannot have more USB devices.
    TOO_MANY_VUSBS => too_many_vusbs(number: "number");
    /// The host has no bootloader of this name.
    UNKNOWN_BOOTLOADER => unknown_bootloader(vm: "vm", bootloader: "bootloader");
    /// The USB device is already passed to a machine.
    USB_ALREADY_ATTACHED => usb_already_attached(pusb: "PUSB", vm: "VM");
    /// The group already stands for another USB device of the machine.
    USB_GROUP_CONFLICT => usb_group_conflict(usb_group: "USB_group");
    /// The group has no USB device.
    USB_GROUP_CONTAINS_NO_PUSBS => usb_group_contains_no_pusbs(usb_group: "usb_group");
    /// The group still has USB devices.
    USB_GROUP_CONTAINS_PUSB => usb_group_contains_pusb(pusbs: "pusbs");
    /// The group is still passed to a machine.
    USB_GROUP_CONTAINS_VUSB => usb_group_contains_vusb(vusbs: "vusbs");
    /// The number of CPUs has to be a multiple of the cores of a socket.
    VCPU_MAX_NOT_CORES_PER_SOCKET_MULTIPLE => vcpu_max_not_cores_per_socket_multiple(vcpu_max: "vcpu_max", cores_per_socket: "cores_per_socket");
    /// The virtual GPU cannot run at the destination.
    VGPU_DESTINATION_INCOMPATIBLE => vgpu_destination_incompatible(reason: "reason", vgpu: "vgpu", host: "host");
    /// The driver in the guest does not let the machine move.
    VGPU_GUEST_DRIVER_LIMIT => vgpu_guest_driver_limit(reason: "reason", vm: "vm", host: "host");
    /// A machine with this virtual GPU cannot be suspended.
    VGPU_SUSPENSION_NOT_SUPPORTED => vgpu_suspension_not_supported(reason: "reason", vgpu: "vgpu", host: "host");
    /// The virtual GPU cannot stand beside the others of the machine.
    VGPU_TYPE_NOT_COMPATIBLE => vgpu_type_not_compatible(type_: "type");
    /// The GPU runs virtual GPUs of another type.
    VGPU_TYPE_NOT_COMPATIBLE_WITH_RUNNING_TYPE => vgpu_type_not_compatible_with_running_type(pgpu: "pgpu", type_: "type", running_type: "running_type");
    /// Virtual GPUs of this type are not enabled here.
    VGPU_TYPE_NOT_ENABLED => vgpu_type_not_enabled(type_: "type", enabled_types: "enabled_types");
    /// The GPU cannot run virtual GPUs of this type.
    VGPU_TYPE_NOT_SUPPORTED => vgpu_type_not_supported(type_: "type", supported_types: "supported_types");
    /// Virtual GPUs of this type are no longer supported.
    VGPU_TYPE_NO_LONGER_SUPPORTED => vgpu_type_no_longer_supported(type_: "type");
    /// Archives cannot be made more often than snapshots.
    VMPP_ARCHIVE_MORE_FREQUENT_THAN_BACKUP => vmpp_archive_more_frequent_than_backup();
    /// Machines still use the policy.
    VMPP_HAS_VM => vmpp_has_vm();
    /// Machines still use the schedule.
    VMSS_HAS_VM => vmss_has_vm();
    /// Machines did not give back memory as they were asked.
    VMS_FAILED_TO_COOPERATE => vms_failed_to_cooperate();
    /// The machine belongs to a protection policy.
    VM_ASSIGNED_TO_PROTECTION_POLICY => vm_assigned_to_protection_policy(vm: "vm", vmpp: "vmpp");
    /// The machine belongs to a snapshot schedule.
    VM_ASSIGNED_TO_SNAPSHOT_SCHEDULE => vm_assigned_to_snapshot_schedule(vm: "vm", vmss: "vmss");
    /// The machine is in another power state than this needs.
    VM_BAD_POWER_STATE => vm_bad_power_state(vm: "vm", expected: "expected", actual: "actual");
    /// What the machine's firmware tells was set before and cannot be changed.
    VM_BIOS_STRINGS_ALREADY_SET => vm_bios_strings_already_set();
    /// The plugin was called for this machine a moment ago; wait a little.
    VM_CALL_PLUGIN_RATE_LIMIT => vm_call_plugin_rate_limit(vm: "VM", interval: "interval", wait: "wait");
    /// A template that the product comes with cannot be removed.
    VM_CANNOT_DELETE_DEFAULT_TEMPLATE => vm_cannot_delete_default_template(vm: "vm");
    /// The machine did not go on after its snapshot.
    VM_CHECKPOINT_RESUME_FAILED => vm_checkpoint_resume_failed(vm: "vm");
    /// The machine could not be halted for a snapshot with its memory.
    VM_CHECKPOINT_SUSPEND_FAILED => vm_checkpoint_suspend_failed(vm: "vm");
    /// The machine crashed.
    VM_CRASHED => vm_crashed(vm: "vm");
    /// The machine has two disks in one position.
    VM_DUPLICATE_VBD_DEVICE => vm_duplicate_vbd_device(vm: "vm", vbd: "vbd", device: "device");
    /// The guest did not take note that it should switch off.
    VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT => vm_failed_shutdown_acknowledgment(vm: "vm");
    /// The guest did not take note that it should be suspended.
    VM_FAILED_SUSPEND_ACKNOWLEDGMENT => vm_failed_suspend_acknowledgment(vm: "vm");
    /// The machine switched off by itself.
    VM_HALTED => vm_halted(vm: "vm");
    /// The machine has a snapshot with memory, and so cannot move with its disks.
    VM_HAS_CHECKPOINT => vm_has_checkpoint(vm: "vm");
    /// The machine has no disk that holds its memory.
    VM_HAS_NO_SUSPEND_VDI => vm_has_no_suspend_vdi(vm: "vm");
    /// The machine has a PCI device of its host.
    VM_HAS_PCI_ATTACHED => vm_has_pci_attached(vm: "vm");
    /// The machine has a NIC on an SR-IOV network.
    VM_HAS_SRIOV_VIF => vm_has_sriov_vif(vm: "vm");
    /// The machine has too many snapshots to move with its disks.
    VM_HAS_TOO_MANY_SNAPSHOTS => vm_has_too_many_snapshots(vm: "vm");
    /// The machine has a virtual GPU.
    VM_HAS_VGPU => vm_has_vgpu(vm: "vm");
    /// The machine has a USB device of its host.
    VM_HAS_VUSBS => vm_has_vusbs(vm: "VM");
    /// The host has an older version than the machine needs.
    VM_HOST_INCOMPATIBLE_VERSION => vm_host_incompatible_version(host: "host", vm: "vm");
    /// The host has an older version than the one that the machine runs on.
    VM_HOST_INCOMPATIBLE_VERSION_MIGRATE => vm_host_incompatible_version_migrate(host: "host", vm: "vm");
    /// The host cannot offer the virtual hardware that the machine needs.
    VM_HOST_INCOMPATIBLE_VIRTUAL_HARDWARE_PLATFORM_VERSION => vm_host_incompatible_virtual_hardware_platform_version(host: "host", host_versions: "host_versions", vm: "vm", vm_version: "vm_version");
    /// The host cannot run fully virtualised machines.
    VM_HVM_REQUIRED => vm_hvm_required(vm: "vm");
    /// The machine cannot run on this host.
    VM_INCOMPATIBLE_WITH_THIS_HOST => vm_incompatible_with_this_host(vm: "vm", host: "host", reason: "reason");
    /// The machine is set up such that it cannot move.
    VM_IS_IMMOBILE => vm_is_immobile(vm: "VM");
    /// The machine belongs to an appliance.
    VM_IS_PART_OF_AN_APPLIANCE => vm_is_part_of_an_appliance(vm: "vm", appliance: "appliance");
    /// High availability protects the machine.
    VM_IS_PROTECTED => vm_is_protected(vm: "vm");
    /// This is a template, not a machine.
    VM_IS_TEMPLATE => vm_is_template(vm: "vm");
    /// The machine may run a hypervisor itself, and so cannot move or be suspended.
    VM_IS_USING_NESTED_VIRT => vm_is_using_nested_virt(vm: "VM");
    /// The guest has not said that it can do this; its tools may be missing or old.
    VM_LACKS_FEATURE => vm_lacks_feature(vm: "vm");
    /// The machine has too little memory for this.
    VM_MEMORY_SIZE_TOO_LOW => vm_memory_size_too_low(vm: "vm");
    /// The destination cannot be reached.
    VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED => vm_migrate_contact_remote_service_failed();
    /// The machine could not be moved.
    VM_MIGRATE_FAILED => vm_migrate_failed(vm: "vm", source: "source", destination: "destination", msg: "msg");
    /// The guest has no tools and drivers for this.
    VM_MISSING_PV_DRIVERS => vm_missing_pv_drivers(vm: "vm");
    /// The machine cannot be suspended.
    VM_NON_SUSPENDABLE => vm_non_suspendable(vm: "vm", reason: "reason");
    /// The machine does not run on this host.
    VM_NOT_RESIDENT_HERE => vm_not_resident_here(vm: "vm", host: "host");
    /// It was not set where dumps of the machine are kept.
    VM_NO_CRASHDUMP_SR => vm_no_crashdump_sr(vm: "vm");
    /// The machine has no empty CD drive.
    VM_NO_EMPTY_CD_VBD => vm_no_empty_cd_vbd(vm: "vm");
    /// It was not set where the memory of the machine is kept.
    VM_NO_SUSPEND_SR => vm_no_suspend_sr(vm: "vm");
    /// The machine has no CPU.
    VM_NO_VCPUS => vm_no_vcpus(vm: "vm");
    /// The tools and drivers in the guest are too old for this.
    VM_OLD_PV_DRIVERS => vm_old_pv_drivers(vm: "vm", major: "major", minor: "minor");
    /// The machine has no place for another PCI device.
    VM_PCI_BUS_FULL => vm_pci_bus_full(vm: "VM");
    /// The drivers in the guest are in use.
    VM_PV_DRIVERS_IN_USE => vm_pv_drivers_in_use(vm: "vm");
    /// The machine restarted by itself.
    VM_REBOOTED => vm_rebooted(vm: "vm");
    /// The machine needs a GPU of this group, and the host has none.
    VM_REQUIRES_GPU => vm_requires_gpu(vm: "vm", gpu_group: "GPU_group");
    /// The machine needs the host to have an IOMMU.
    VM_REQUIRES_IOMMU => vm_requires_iommu(host: "host");
    /// The machine needs a network that the host is not on.
    VM_REQUIRES_NETWORK => vm_requires_network(vm: "vm", network: "network");
    /// The machine needs storage that the host does not reach.
    VM_REQUIRES_SR => vm_requires_sr(vm: "vm", sr: "sr");
    /// The machine needs a disk that cannot be used now.
    VM_REQUIRES_VDI => vm_requires_vdi(vm: "vm", vdi: "vdi");
    /// The machine needs a virtual GPU that the host has no room for.
    VM_REQUIRES_VGPU => vm_requires_vgpu(vm: "vm", gpu_group: "GPU_group", vgpu_type: "vGPU_type");
    /// The machine needs a USB device that the host does not have.
    VM_REQUIRES_VUSB => vm_requires_vusb(vm: "vm", usb_group: "USB_group");
    /// The machine could not be taken back to its snapshot.
    VM_REVERT_FAILED => vm_revert_failed(vm: "vm", snapshot: "snapshot");
    /// The guest did not switch off in time.
    VM_SHUTDOWN_TIMEOUT => vm_shutdown_timeout(vm: "vm", timeout: "timeout");
    /// The snapshot with the guest's help failed.
    VM_SNAPSHOT_WITH_QUIESCE_FAILED => vm_snapshot_with_quiesce_failed(vm: "vm");
    /// The guest cannot help with snapshots.
    VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED => vm_snapshot_with_quiesce_not_supported(vm: "vm", error: "error");
    /// The program in the guest that helps with snapshots does not answer.
    VM_SNAPSHOT_WITH_QUIESCE_PLUGIN_DEOS_NOT_RESPOND => vm_snapshot_with_quiesce_plugin_deos_not_respond(vm: "vm");
    /// The guest did not help with the snapshot in time.
    VM_SNAPSHOT_WITH_QUIESCE_TIMEOUT => vm_snapshot_with_quiesce_timeout(vm: "vm");
    /// The guest was not ready to be suspended in time.
    VM_SUSPEND_TIMEOUT => vm_suspend_timeout(vm: "vm", timeout: "timeout");
    /// The machine has more CPUs than can be given.
    VM_TOO_MANY_VCPUS => vm_too_many_vcpus(vm: "vm");
    /// The machine that is already here is as new as the one to import.
    VM_TO_IMPORT_IS_NOT_NEWER_VERSION => vm_to_import_is_not_newer_version(vm: "vm", existing_version: "existing_version", version_to_import: "version_to_import");
    /// The machine may not be started: it might still run elsewhere.
    VM_UNSAFE_BOOT => vm_unsafe_boot(vm: "vm");
    /// The machine already has as many trusted platform modules as it can.
    VTPM_MAX_AMOUNT_REACHED => vtpm_max_amount_reached(amount: "amount");
    /// Windows could not add a volume to the snapshot.
    XEN_VSS_REQ_ERROR_ADDING_VOLUME_TO_SNAPSET_FAILED => xen_vss_req_error_adding_volume_to_snapset_failed(vm: "vm", error_code: "error_code");
    /// Windows could not take the snapshot.
    XEN_VSS_REQ_ERROR_CREATING_SNAPSHOT => xen_vss_req_error_creating_snapshot(vm: "vm", error_code: "error_code");
    /// Windows could not describe the snapshot.
    XEN_VSS_REQ_ERROR_CREATING_SNAPSHOT_XML_STRING => xen_vss_req_error_creating_snapshot_xml_string(vm: "vm", error_code: "error_code");
    /// The snapshot service of Windows did not start.
    XEN_VSS_REQ_ERROR_INIT_FAILED => xen_vss_req_error_init_failed(vm: "vm", error_code: "error_code");
    /// Windows has no volume that it can take a snapshot of.
    XEN_VSS_REQ_ERROR_NO_VOLUMES_SUPPORTED => xen_vss_req_error_no_volumes_supported(vm: "vm", error_code: "error_code");
    /// Programs in Windows could not be prepared for the snapshot.
    XEN_VSS_REQ_ERROR_PREPARING_WRITERS => xen_vss_req_error_preparing_writers(vm: "vm", error_code: "error_code");
    /// The snapshot provider of Windows is not there.
    XEN_VSS_REQ_ERROR_PROV_NOT_LOADED => xen_vss_req_error_prov_not_loaded(vm: "vm", error_code: "error_code");
    /// Windows could not begin the snapshot.
    XEN_VSS_REQ_ERROR_START_SNAPSHOT_SET_FAILED => xen_vss_req_error_start_snapshot_set_failed(vm: "vm", error_code: "error_code");
}
