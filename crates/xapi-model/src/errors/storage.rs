//! Errors about storage: repositories, disks and their attachments.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// Clustered sr degraded.
    CLUSTERED_SR_DEGRADED => clustered_sr_degraded(sr: "sr");
    /// Default sr not found.
    DEFAULT_SR_NOT_FOUND => default_sr_not_found(sr: "sr");
    /// Device already attached.
    DEVICE_ALREADY_ATTACHED => device_already_attached(device: "device");
    /// Device already detached.
    DEVICE_ALREADY_DETACHED => device_already_detached(device: "device");
    /// Device already exists.
    DEVICE_ALREADY_EXISTS => device_already_exists(device: "device");
    /// Device attach timeout.
    DEVICE_ATTACH_TIMEOUT => device_attach_timeout(type_: "type", ref_: "ref");
    /// Device detach rejected.
    DEVICE_DETACH_REJECTED => device_detach_rejected(type_: "type", ref_: "ref", msg: "msg");
    /// Device detach timeout.
    DEVICE_DETACH_TIMEOUT => device_detach_timeout(type_: "type", ref_: "ref");
    /// Device not attached.
    DEVICE_NOT_ATTACHED => device_not_attached(vbd: "VBD");
    /// Disk vbd must be readwrite for hvm.
    DISK_VBD_MUST_BE_READWRITE_FOR_HVM => disk_vbd_must_be_readwrite_for_hvm(vbd: "vbd");
    /// Illegal vbd device.
    ILLEGAL_VBD_DEVICE => illegal_vbd_device(vbd: "vbd", device: "device");
    /// Invalid device.
    INVALID_DEVICE => invalid_device(device: "device");
    /// Location not unique.
    LOCATION_NOT_UNIQUE => location_not_unique(sr: "SR", location: "location");
    /// Mirror failed.
    MIRROR_FAILED => mirror_failed(vdi: "vdi");
    /// Out of space.
    OUT_OF_SPACE => out_of_space(location: "location");
    /// Pbd exists.
    PBD_EXISTS => pbd_exists(sr: "sr", host: "host", pbd: "pbd");
    /// Sm plugin communication failure.
    SM_PLUGIN_COMMUNICATION_FAILURE => sm_plugin_communication_failure(sm: "sm");
    /// Sr attach failed.
    SR_ATTACH_FAILED => sr_attach_failed(sr: "sr");
    /// Sr backend failure.
    SR_BACKEND_FAILURE => sr_backend_failure(status: "status", stdout: "stdout", stderr: "stderr");
    /// Sr device in use.
    SR_DEVICE_IN_USE => sr_device_in_use();
    /// Sr does not support migration.
    SR_DOES_NOT_SUPPORT_MIGRATION => sr_does_not_support_migration(sr: "sr", capabilities: "capabilities");
    /// Sr full.
    SR_FULL => sr_full(requested: "requested", maximum: "maximum");
    /// Sr has multiple pbds.
    SR_HAS_MULTIPLE_PBDS => sr_has_multiple_pbds(pbd: "PBD");
    /// Sr has no pbds.
    SR_HAS_NO_PBDS => sr_has_no_pbds(sr: "sr");
    /// Sr has pbd.
    SR_HAS_PBD => sr_has_pbd(sr: "sr");
    /// Sr indestructible.
    SR_INDESTRUCTIBLE => sr_indestructible(sr: "sr");
    /// Sr is cache sr.
    SR_IS_CACHE_SR => sr_is_cache_sr(host: "host");
    /// Sr not attached.
    SR_NOT_ATTACHED => sr_not_attached(sr: "sr");
    /// Sr not empty.
    SR_NOT_EMPTY => sr_not_empty();
    /// Sr not sharable.
    SR_NOT_SHARABLE => sr_not_sharable(sr: "sr", host: "host");
    /// Sr operation not supported.
    SR_OPERATION_NOT_SUPPORTED => sr_operation_not_supported(sr: "sr");
    /// Sr requires upgrade.
    SR_REQUIRES_UPGRADE => sr_requires_upgrade(sr: "SR");
    /// Sr source space insufficient.
    SR_SOURCE_SPACE_INSUFFICIENT => sr_source_space_insufficient(sr: "sr");
    /// Sr suspend space insufficient.
    SR_SUSPEND_SPACE_INSUFFICIENT => sr_suspend_space_insufficient(sr: "sr");
    /// Sr unhealthy.
    SR_UNHEALTHY => sr_unhealthy(sr: "sr", health: "health", fix: "fix");
    /// Sr unknown driver.
    SR_UNKNOWN_DRIVER => sr_unknown_driver(driver: "driver");
    /// Sr uuid exists.
    SR_UUID_EXISTS => sr_uuid_exists(uuid: "uuid");
    /// Sr vdi locking failed.
    SR_VDI_LOCKING_FAILED => sr_vdi_locking_failed();
    /// Suspend image not accessible.
    SUSPEND_IMAGE_NOT_ACCESSIBLE => suspend_image_not_accessible(vdi: "vdi");
    /// Unimplemented in sm backend.
    UNIMPLEMENTED_IN_SM_BACKEND => unimplemented_in_sm_backend(message: "message");
    /// V6d failure.
    V6D_FAILURE => v6d_failure();
    /// Vbd cds must be readonly.
    VBD_CDS_MUST_BE_READONLY => vbd_cds_must_be_readonly();
    /// Vbd is empty.
    VBD_IS_EMPTY => vbd_is_empty(vbd: "vbd");
    /// Vbd not empty.
    VBD_NOT_EMPTY => vbd_not_empty(vbd: "vbd");
    /// Vbd not removable media.
    VBD_NOT_REMOVABLE_MEDIA => vbd_not_removable_media(vbd: "vbd");
    /// Vbd not unpluggable.
    VBD_NOT_UNPLUGGABLE => vbd_not_unpluggable(vbd: "vbd");
    /// Vbd tray locked.
    VBD_TRAY_LOCKED => vbd_tray_locked(vbd: "vbd");
    /// Vdi cbt enabled.
    VDI_CBT_ENABLED => vdi_cbt_enabled(vdi: "vdi");
    /// Vdi contains metadata of this pool.
    VDI_CONTAINS_METADATA_OF_THIS_POOL => vdi_contains_metadata_of_this_pool(vdi: "vdi", pool: "pool");
    /// Vdi copy failed.
    VDI_COPY_FAILED => vdi_copy_failed();
    /// Vdi has rrds.
    VDI_HAS_RRDS => vdi_has_rrds(vdi: "vdi");
    /// Vdi incompatible type.
    VDI_INCOMPATIBLE_TYPE => vdi_incompatible_type(vdi: "vdi", type_: "type");
    /// Vdi in use.
    VDI_IN_USE => vdi_in_use(vdi: "vdi", operation: "operation");
    /// Vdi is a physical device.
    VDI_IS_A_PHYSICAL_DEVICE => vdi_is_a_physical_device(vdi: "vdi");
    /// Vdi is encrypted.
    VDI_IS_ENCRYPTED => vdi_is_encrypted(vdi: "vdi");
    /// Vdi is not iso.
    VDI_IS_NOT_ISO => vdi_is_not_iso(vdi: "vdi", type_: "type");
    /// Vdi location missing.
    VDI_LOCATION_MISSING => vdi_location_missing(sr: "sr", location: "location");
    /// Vdi missing.
    VDI_MISSING => vdi_missing(sr: "sr", vdi: "vdi");
    /// Vdi needs vm for migrate.
    VDI_NEEDS_VM_FOR_MIGRATE => vdi_needs_vm_for_migrate(vdi: "vdi");
    /// Vdi not available.
    VDI_NOT_AVAILABLE => vdi_not_available(vdi: "vdi");
    /// Vdi not in map.
    VDI_NOT_IN_MAP => vdi_not_in_map(vdi: "vdi");
    /// Vdi not managed.
    VDI_NOT_MANAGED => vdi_not_managed(vdi: "vdi");
    /// Vdi not sparse.
    VDI_NOT_SPARSE => vdi_not_sparse(vdi: "vdi");
    /// Vdi no cbt metadata.
    VDI_NO_CBT_METADATA => vdi_no_cbt_metadata(vdi: "vdi");
    /// Vdi on boot mode incompatible with operation.
    VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION => vdi_on_boot_mode_incompatible_with_operation();
    /// Vdi readonly.
    VDI_READONLY => vdi_readonly(vdi: "vdi");
    /// Vdi too large.
    VDI_TOO_LARGE => vdi_too_large(vdi: "vdi", maximum_size: "maximum size");
    /// Vdi too small.
    VDI_TOO_SMALL => vdi_too_small(vdi: "vdi", minimum_size: "minimum size");
}
