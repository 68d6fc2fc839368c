//! Errors about storage: repositories, disks and their attachments.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// The storage depends on a cluster, and too many hosts of the cluster are missing.
    CLUSTERED_SR_DEGRADED => clustered_sr_degraded(sr: "sr");
    /// The default repository of the pool does not exist.
    DEFAULT_SR_NOT_FOUND => default_sr_not_found(sr: "sr");
    /// The device is already plugged in.
    DEVICE_ALREADY_ATTACHED => device_already_attached(device: "device");
    /// The device is not plugged in.
    DEVICE_ALREADY_DETACHED => device_already_detached(device: "device");
    /// The machine already has a device in this position.
    DEVICE_ALREADY_EXISTS => device_already_exists(device: "device");
    /// The device did not come up in time.
    DEVICE_ATTACH_TIMEOUT => device_attach_timeout(type_: "type", ref_: "ref");
    /// The guest does not let go of the device.
    DEVICE_DETACH_REJECTED => device_detach_rejected(type_: "type", ref_: "ref", msg: "msg");
    /// The guest did not let go of the device in time.
    DEVICE_DETACH_TIMEOUT => device_detach_timeout(type_: "type", ref_: "ref");
    /// The device is not plugged in, so this cannot be done to it.
    DEVICE_NOT_ATTACHED => device_not_attached(vbd: "VBD");
    /// A disk of a fully virtualised machine has to be writable.
    DISK_VBD_MUST_BE_READWRITE_FOR_HVM => disk_vbd_must_be_readwrite_for_hvm(vbd: "vbd");
    /// This is no position for a disk.
    ILLEGAL_VBD_DEVICE => illegal_vbd_device(vbd: "vbd", device: "device");
    /// This is no position for a device; positions of NICs are decimal numbers.
    INVALID_DEVICE => invalid_device(device: "device");
    /// The repository already has a disk at this location.
    LOCATION_NOT_UNIQUE => location_not_unique(sr: "SR", location: "location");
    /// The disk could not be mirrored to its new place.
    MIRROR_FAILED => mirror_failed(vdi: "vdi");
    /// There is too little space.
    OUT_OF_SPACE => out_of_space(location: "location");
    /// The host is already connected to this repository.
    PBD_EXISTS => pbd_exists(sr: "sr", host: "host", pbd: "pbd");
    /// The storage plugin does not answer.
    SM_PLUGIN_COMMUNICATION_FAILURE => sm_plugin_communication_failure(sm: "sm");
    /// The repository could not be attached.
    SR_ATTACH_FAILED => sr_attach_failed(sr: "sr");
    /// The storage refused; its output says why.
    SR_BACKEND_FAILURE => sr_backend_failure(status: "status", stdout: "stdout", stderr: "stderr");
    /// The device is already used by a repository.
    SR_DEVICE_IN_USE => sr_device_in_use();
    /// Disks cannot move to or from this repository.
    SR_DOES_NOT_SUPPORT_MIGRATION => sr_does_not_support_migration(sr: "sr", capabilities: "capabilities");
    /// The repository is full.
    SR_FULL => sr_full(requested: "requested", maximum: "maximum");
    /// Several hosts are connected to the repository.
    SR_HAS_MULTIPLE_PBDS => sr_has_multiple_pbds(pbd: "PBD");
    /// No host is connected to the repository.
    SR_HAS_NO_PBDS => sr_has_no_pbds(sr: "sr");
    /// A host is still attached to the repository; unplug its PBD first.
    SR_HAS_PBD => sr_has_pbd(sr: "sr");
    /// The repository is marked as not to be destroyed.
    SR_INDESTRUCTIBLE => sr_indestructible(sr: "sr");
    /// The repository holds a host's cache of remote disks.
    SR_IS_CACHE_SR => sr_is_cache_sr(host: "host");
    /// The repository is not attached.
    SR_NOT_ATTACHED => sr_not_attached(sr: "sr");
    /// The repository still holds disks.
    SR_NOT_EMPTY => sr_not_empty();
    /// The repository is local to another host.
    SR_NOT_SHARABLE => sr_not_sharable(sr: "sr", host: "host");
    /// Storage of this kind cannot do this.
    SR_OPERATION_NOT_SUPPORTED => sr_operation_not_supported(sr: "sr");
    /// The repository is of an old form and has to be upgraded first.
    SR_REQUIRES_UPGRADE => sr_requires_upgrade(sr: "SR");
    /// The repository that the disk comes from has too little space for the move.
    SR_SOURCE_SPACE_INSUFFICIENT => sr_source_space_insufficient(sr: "sr");
    /// The repository has too little space for the memory of the machine.
    SR_SUSPEND_SPACE_INSUFFICIENT => sr_suspend_space_insufficient(sr: "sr");
    /// The repository is not in good health.
    SR_UNHEALTHY => sr_unhealthy(sr: "sr", health: "health", fix: "fix");
    /// No plugin for storage of this kind is installed.
    SR_UNKNOWN_DRIVER => sr_unknown_driver(driver: "driver");
    /// There is already a repository with this UUID.
    SR_UUID_EXISTS => sr_uuid_exists(uuid: "uuid");
    /// The disk could not be locked.
    SR_VDI_LOCKING_FAILED => sr_vdi_locking_failed();
    /// The memory of the suspended machine cannot be reached from this host.
    SUSPEND_IMAGE_NOT_ACCESSIBLE => suspend_image_not_accessible(vdi: "vdi");
    /// The storage plugin cannot do this.
    UNIMPLEMENTED_IN_SM_BACKEND => unimplemented_in_sm_backend(message: "message");
    /// The licensing service does not answer.
    V6D_FAILURE => v6d_failure();
    /// A CD cannot be written to.
    VBD_CDS_MUST_BE_READONLY => vbd_cds_must_be_readonly();
    /// The drive is empty.
    VBD_IS_EMPTY => vbd_is_empty(vbd: "vbd");
    /// The drive is not empty.
    VBD_NOT_EMPTY => vbd_not_empty(vbd: "vbd");
    /// The medium of this device cannot be changed.
    VBD_NOT_REMOVABLE_MEDIA => vbd_not_removable_media(vbd: "vbd");
    /// The guest does not let the drive be unplugged.
    VBD_NOT_UNPLUGGABLE => vbd_not_unpluggable(vbd: "vbd");
    /// The guest has locked the drive.
    VBD_TRAY_LOCKED => vbd_tray_locked(vbd: "vbd");
    /// This cannot be done while changed blocks of the disk are tracked.
    VDI_CBT_ENABLED => vdi_cbt_enabled(vdi: "vdi");
    /// The disk holds a copy of this pool's own database.
    VDI_CONTAINS_METADATA_OF_THIS_POOL => vdi_contains_metadata_of_this_pool(vdi: "vdi", pool: "pool");
    /// The disk could not be copied.
    VDI_COPY_FAILED => vdi_copy_failed();
    /// The disk holds recorded values.
    VDI_HAS_RRDS => vdi_has_rrds(vdi: "vdi");
    /// This cannot be done to a disk of this type.
    VDI_INCOMPATIBLE_TYPE => vdi_incompatible_type(vdi: "vdi", type_: "type");
    /// The disk is in use.
    VDI_IN_USE => vdi_in_use(vdi: "vdi", operation: "operation");
    /// This cannot be done to a physical device.
    VDI_IS_A_PHYSICAL_DEVICE => vdi_is_a_physical_device(vdi: "vdi");
    /// The disk is encrypted, and its key is not there.
    VDI_IS_ENCRYPTED => vdi_is_encrypted(vdi: "vdi");
    /// The disk is no image of a CD.
    VDI_IS_NOT_ISO => vdi_is_not_iso(vdi: "vdi", type_: "type");
    /// The repository has no disk at this location.
    VDI_LOCATION_MISSING => vdi_location_missing(sr: "sr", location: "location");
    /// The disk is not in the repository.
    VDI_MISSING => vdi_missing(sr: "sr", vdi: "vdi");
    /// The disk can move only while it belongs to a machine.
    VDI_NEEDS_VM_FOR_MIGRATE => vdi_needs_vm_for_migrate(vdi: "vdi");
    /// The disk is not usable now.
    VDI_NOT_AVAILABLE => vdi_not_available(vdi: "vdi");
    /// It was not said which repository this disk is to use at the destination.
    VDI_NOT_IN_MAP => vdi_not_in_map(vdi: "vdi");
    /// The disk belongs to the storage plugin itself.
    VDI_NOT_MANAGED => vdi_not_managed(vdi: "vdi");
    /// The disk is not sparse.
    VDI_NOT_SPARSE => vdi_not_sparse(vdi: "vdi");
    /// No changed blocks are known for the disk.
    VDI_NO_CBT_METADATA => vdi_no_cbt_metadata(vdi: "vdi");
    /// This cannot be done to a disk that is put back at each start.
    VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION => vdi_on_boot_mode_incompatible_with_operation();
    /// The disk cannot be written to.
    VDI_READONLY => vdi_readonly(vdi: "vdi");
    /// The disk is larger than it may be.
    VDI_TOO_LARGE => vdi_too_large(vdi: "vdi", maximum_size: "maximum size");
    /// The disk is smaller than it has to be.
    VDI_TOO_SMALL => vdi_too_small(vdi: "vdi", minimum_size: "minimum size");
}
