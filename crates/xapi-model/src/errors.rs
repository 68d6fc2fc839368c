//! The error codes, with their parameters in wire order and a sentence for people.
//!
//! One constructor a code, so that the number of parameters is the compiler's business. Where the published
//! document and the wire differ, the wire is declared here (API facts, 6).

use std::fmt;

use crate::types::TypeError;

/// An error as the wire carries it: a code and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The code, e.g. `PIF_UNMANAGED`.
    pub code: String,
    /// The parameters, in the declared order.
    pub params: Vec<String>,
}

impl ApiError {
    /// An error with a code that only runtime knows, e.g. one that another host answered.
    pub fn new(code: impl Into<String>, params: Vec<String>) -> ApiError {
        ApiError {
            code: code.into(),
            params,
        }
    }

    /// The declaration of this code.
    pub fn desc(&self) -> Option<&'static ErrorDesc> {
        find(&self.code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.code, self.params.join(", "))
    }
}

impl std::error::Error for ApiError {}

impl From<TypeError> for ApiError {
    fn from(error: TypeError) -> ApiError {
        internal_error(error)
    }
}

/// A declared error code.
#[derive(Debug)]
pub struct ErrorDesc {
    /// The code on the wire.
    pub code: &'static str,
    /// Names of the parameters.
    pub params: &'static [&'static str],
    /// What happened, for people.
    pub doc: &'static str,
}

/// The declaration of a code.
pub fn find(code: &str) -> Option<&'static ErrorDesc> {
    ERRORS
        .binary_search_by(|desc| desc.code.cmp(code))
        .ok()
        .map(|at| &ERRORS[at])
}

macro_rules! errors {
    ($(#[doc = $doc:literal] $code:ident => $make:ident($($param:ident: $name:literal),*);)*) => {
        /// All declared codes, sorted.
        pub const ERRORS: &[ErrorDesc] = &[$(ErrorDesc {
            code: stringify!($code), params: &[$($name),*], doc: $doc,
        }),*];
        $(
            #[doc = $doc]
            pub fn $make($($param: impl fmt::Display),*) -> ApiError {
                ApiError { code: stringify!($code).to_owned(), params: vec![$($param.to_string()),*] }
            }
        )*
    };
}

errors! {
    /// Activation while not free.
    ACTIVATION_WHILE_NOT_FREE => activation_while_not_free();
    /// Address violates locking constraint.
    ADDRESS_VIOLATES_LOCKING_CONSTRAINT => address_violates_locking_constraint(address: "address");
    /// Apply guidance failed.
    APPLY_GUIDANCE_FAILED => apply_guidance_failed(ref_: "ref");
    /// Apply livepatch failed.
    APPLY_LIVEPATCH_FAILED => apply_livepatch_failed(livepatch: "livepatch");
    /// Apply updates failed.
    APPLY_UPDATES_FAILED => apply_updates_failed(ref_: "ref");
    /// Apply updates in progress.
    APPLY_UPDATES_IN_PROGRESS => apply_updates_in_progress();
    /// Auth already enabled.
    AUTH_ALREADY_ENABLED => auth_already_enabled(current_auth_type: "current auth_type", current_service_name: "current service_name");
    /// Auth disable failed.
    AUTH_DISABLE_FAILED => auth_disable_failed(message: "message");
    /// Auth enable failed.
    AUTH_ENABLE_FAILED => auth_enable_failed(message: "message");
    /// Auth invalid trusted certs.
    AUTH_INVALID_TRUSTED_CERTS => auth_invalid_trusted_certs(message: "message");
    /// Auth is disabled.
    AUTH_IS_DISABLED => auth_is_disabled();
    /// Auth no trusted certs.
    AUTH_NO_TRUSTED_CERTS => auth_no_trusted_certs(message: "message");
    /// Auth service error.
    AUTH_SERVICE_ERROR => auth_service_error(message: "message");
    /// Auth setup tls connection.
    AUTH_SETUP_TLS_CONNECTION => auth_setup_tls_connection(message: "message");
    /// Auth set ldaps failed.
    AUTH_SET_LDAPS_FAILED => auth_set_ldaps_failed(host: "host", message: "message");
    /// Auth unknown type.
    AUTH_UNKNOWN_TYPE => auth_unknown_type(type_: "type");
    /// Backup script failed.
    BACKUP_SCRIPT_FAILED => backup_script_failed(log: "log");
    /// Ballooning timeout before migration.
    BALLOONING_TIMEOUT_BEFORE_MIGRATION => ballooning_timeout_before_migration(vm: "vm");
    /// Blocked repo url.
    BLOCKED_REPO_URL => blocked_repo_url(url: "url");
    /// Bootloader failed.
    BOOTLOADER_FAILED => bootloader_failed(vm: "vm", msg: "msg");
    /// Boot device passthrough disallowed.
    BOOT_DEVICE_PASSTHROUGH_DISALLOWED => boot_device_passthrough_disallowed(device: "device");
    /// Bridge name exists.
    BRIDGE_NAME_EXISTS => bridge_name_exists(bridge: "bridge");
    /// Bridge not available.
    BRIDGE_NOT_AVAILABLE => bridge_not_available(bridge: "bridge");
    /// Bundle repository already exists.
    BUNDLE_REPOSITORY_ALREADY_EXISTS => bundle_repository_already_exists(ref_: "ref");
    /// Bundle repo not enabled.
    BUNDLE_REPO_NOT_ENABLED => bundle_repo_not_enabled();
    /// Bundle sync failed.
    BUNDLE_SYNC_FAILED => bundle_sync_failed();
    /// Bundle unpack failed.
    BUNDLE_UNPACK_FAILED => bundle_unpack_failed(error: "error");
    /// Cannot add tunnel to bond slave.
    CANNOT_ADD_TUNNEL_TO_BOND_SLAVE => cannot_add_tunnel_to_bond_slave(pif: "PIF");
    /// Cannot add tunnel to sriov logical.
    CANNOT_ADD_TUNNEL_TO_SRIOV_LOGICAL => cannot_add_tunnel_to_sriov_logical(pif: "PIF");
    /// Cannot add tunnel to vlan on sriov logical.
    CANNOT_ADD_TUNNEL_TO_VLAN_ON_SRIOV_LOGICAL => cannot_add_tunnel_to_vlan_on_sriov_logical(pif: "PIF");
    /// Cannot add vlan to bond slave.
    CANNOT_ADD_VLAN_TO_BOND_SLAVE => cannot_add_vlan_to_bond_slave(pif: "PIF");
    /// Cannot change pif properties.
    CANNOT_CHANGE_PIF_PROPERTIES => cannot_change_pif_properties(pif: "PIF");
    /// Cannot contact host.
    CANNOT_CONTACT_HOST => cannot_contact_host(host: "host");
    /// Cannot create state file.
    CANNOT_CREATE_STATE_FILE => cannot_create_state_file();
    /// Cannot destroy disaster recovery task.
    CANNOT_DESTROY_DISASTER_RECOVERY_TASK => cannot_destroy_disaster_recovery_task(reason: "reason");
    /// Cannot destroy system network.
    CANNOT_DESTROY_SYSTEM_NETWORK => cannot_destroy_system_network(network: "network");
    /// Cannot enable redo log.
    CANNOT_ENABLE_REDO_LOG => cannot_enable_redo_log(reason: "reason");
    /// Cannot evacuate host.
    CANNOT_EVACUATE_HOST => cannot_evacuate_host(errors: "errors");
    /// Cannot fetch patch.
    CANNOT_FETCH_PATCH => cannot_fetch_patch(uuid: "uuid");
    /// Cannot find oem backup partition.
    CANNOT_FIND_OEM_BACKUP_PARTITION => cannot_find_oem_backup_partition();
    /// Cannot find patch.
    CANNOT_FIND_PATCH => cannot_find_patch();
    /// Cannot find state partition.
    CANNOT_FIND_STATE_PARTITION => cannot_find_state_partition();
    /// Cannot find update.
    CANNOT_FIND_UPDATE => cannot_find_update();
    /// Cannot forget sriov logical.
    CANNOT_FORGET_SRIOV_LOGICAL => cannot_forget_sriov_logical(pif: "PIF");
    /// Cannot plug bond slave.
    CANNOT_PLUG_BOND_SLAVE => cannot_plug_bond_slave(pif: "PIF");
    /// Cannot plug vif.
    CANNOT_PLUG_VIF => cannot_plug_vif(vif: "VIF");
    /// Cannot reset control domain.
    CANNOT_RESET_CONTROL_DOMAIN => cannot_reset_control_domain(vm: "vm");
    /// Cannot restart device model.
    CANNOT_RESTART_DEVICE_MODEL => cannot_restart_device_model(ref_: "ref");
    /// Can not periodic sync updates.
    CAN_NOT_PERIODIC_SYNC_UPDATES => can_not_periodic_sync_updates();
    /// Can not sync updates.
    CAN_NOT_SYNC_UPDATES => can_not_sync_updates();
    /// Certificate already exists.
    CERTIFICATE_ALREADY_EXISTS => certificate_already_exists(name: "name");
    /// Certificate corrupt.
    CERTIFICATE_CORRUPT => certificate_corrupt(name: "name");
    /// Certificate does not exist.
    CERTIFICATE_DOES_NOT_EXIST => certificate_does_not_exist(name: "name");
    /// Certificate lacks purpose.
    CERTIFICATE_LACKS_PURPOSE => certificate_lacks_purpose();
    /// Certificate library corrupt.
    CERTIFICATE_LIBRARY_CORRUPT => certificate_library_corrupt();
    /// Certificate name invalid.
    CERTIFICATE_NAME_INVALID => certificate_name_invalid(name: "name");
    /// Change password rejected.
    CHANGE_PASSWORD_REJECTED => change_password_rejected(msg: "msg");
    /// Clustered sr degraded.
    CLUSTERED_SR_DEGRADED => clustered_sr_degraded(sr: "sr");
    /// Clustering disabled.
    CLUSTERING_DISABLED => clustering_disabled(cluster_host: "cluster_host");
    /// Clustering enabled.
    CLUSTERING_ENABLED => clustering_enabled(cluster_host: "cluster_host");
    /// Cluster already exists.
    CLUSTER_ALREADY_EXISTS => cluster_already_exists();
    /// Cluster create in progress.
    CLUSTER_CREATE_IN_PROGRESS => cluster_create_in_progress();
    /// Cluster does not have one node.
    CLUSTER_DOES_NOT_HAVE_ONE_NODE => cluster_does_not_have_one_node(number_of_nodes: "number_of_nodes");
    /// Cluster force destroy failed.
    CLUSTER_FORCE_DESTROY_FAILED => cluster_force_destroy_failed(cluster: "cluster");
    /// Cluster host is last.
    CLUSTER_HOST_IS_LAST => cluster_host_is_last(cluster_host: "cluster_host");
    /// Cluster host not joined.
    CLUSTER_HOST_NOT_JOINED => cluster_host_not_joined(cluster_host: "cluster_host");
    /// Cluster stack in use.
    CLUSTER_STACK_IN_USE => cluster_stack_in_use(cluster_stack: "cluster_stack");
    /// Configure repositories in progress.
    CONFIGURE_REPOSITORIES_IN_PROGRESS => configure_repositories_in_progress();
    /// Could not import database.
    COULD_NOT_IMPORT_DATABASE => could_not_import_database(reason: "reason");
    /// Could not update igmp snooping everywhere.
    COULD_NOT_UPDATE_IGMP_SNOOPING_EVERYWHERE => could_not_update_igmp_snooping_everywhere();
    /// Cpu feature masking not supported.
    CPU_FEATURE_MASKING_NOT_SUPPORTED => cpu_feature_masking_not_supported(details: "details");
    /// Crl already exists.
    CRL_ALREADY_EXISTS => crl_already_exists(name: "name");
    /// Crl corrupt.
    CRL_CORRUPT => crl_corrupt(name: "name");
    /// Crl does not exist.
    CRL_DOES_NOT_EXIST => crl_does_not_exist(name: "name");
    /// Crl name invalid.
    CRL_NAME_INVALID => crl_name_invalid(name: "name");
    /// Db uniqueness constraint violation.
    DB_UNIQUENESS_CONSTRAINT_VIOLATION => db_uniqueness_constraint_violation(table: "table", field: "field", value: "value");
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
    /// Disable ssh failed.
    DISABLE_SSH_FAILED => disable_ssh_failed(host: "host");
    /// Disable ssh partially failed.
    DISABLE_SSH_PARTIALLY_FAILED => disable_ssh_partially_failed(hosts: "hosts");
    /// Disk vbd must be readwrite for hvm.
    DISK_VBD_MUST_BE_READWRITE_FOR_HVM => disk_vbd_must_be_readwrite_for_hvm(vbd: "vbd");
    /// Domain builder error.
    DOMAIN_BUILDER_ERROR => domain_builder_error(function: "function", code: "code", message: "message");
    /// Domain exists.
    DOMAIN_EXISTS => domain_exists(vm: "vm", domid: "domid");
    /// Duplicate mac seed.
    DUPLICATE_MAC_SEED => duplicate_mac_seed(seed: "seed");
    /// Duplicate pif device name.
    DUPLICATE_PIF_DEVICE_NAME => duplicate_pif_device_name(device: "device");
    /// Duplicate vm.
    DUPLICATE_VM => duplicate_vm(vm: "vm");
    /// Enable ssh failed.
    ENABLE_SSH_FAILED => enable_ssh_failed(host: "host");
    /// Enable ssh partially failed.
    ENABLE_SSH_PARTIALLY_FAILED => enable_ssh_partially_failed(hosts: "hosts");
    /// Events lost.
    EVENTS_LOST => events_lost();
    /// Event from token parse failure.
    EVENT_FROM_TOKEN_PARSE_FAILURE => event_from_token_parse_failure(token: "token");
    /// Event subscription parse failure.
    EVENT_SUBSCRIPTION_PARSE_FAILURE => event_subscription_parse_failure(subscription: "subscription");
    /// Failed to start emulator.
    FAILED_TO_START_EMULATOR => failed_to_start_emulator(vm: "vm", name: "name", msg: "msg");
    /// Feature requires hvm.
    FEATURE_REQUIRES_HVM => feature_requires_hvm(details: "details");
    /// Feature restricted.
    FEATURE_RESTRICTED => feature_restricted();
    /// Field type error.
    FIELD_TYPE_ERROR => field_type_error(field: "field");
    /// Get host updates failed.
    GET_HOST_UPDATES_FAILED => get_host_updates_failed(ref_: "ref");
    /// Get updates failed.
    GET_UPDATES_FAILED => get_updates_failed();
    /// Gpu group contains no pgpus.
    GPU_GROUP_CONTAINS_NO_PGPUS => gpu_group_contains_no_pgpus(gpu_group: "gpu_group");
    /// Gpu group contains pgpu.
    GPU_GROUP_CONTAINS_PGPU => gpu_group_contains_pgpu(pgpus: "pgpus");
    /// Gpu group contains vgpu.
    GPU_GROUP_CONTAINS_VGPU => gpu_group_contains_vgpu(vgpus: "vgpus");
    /// Handle invalid.
    HANDLE_INVALID => handle_invalid(class: "class", handle: "handle");
    /// Ha abort new master.
    HA_ABORT_NEW_MASTER => ha_abort_new_master(reason: "reason");
    /// Ha cannot change bond status of mgmt iface.
    HA_CANNOT_CHANGE_BOND_STATUS_OF_MGMT_IFACE => ha_cannot_change_bond_status_of_mgmt_iface();
    /// Ha constraint violation network not shared.
    HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED => ha_constraint_violation_network_not_shared(network: "network");
    /// Ha constraint violation sr not shared.
    HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED => ha_constraint_violation_sr_not_shared(sr: "SR");
    /// Ha disable in progress.
    HA_DISABLE_IN_PROGRESS => ha_disable_in_progress();
    /// Ha enable in progress.
    HA_ENABLE_IN_PROGRESS => ha_enable_in_progress();
    /// Ha failed to form liveset.
    HA_FAILED_TO_FORM_LIVESET => ha_failed_to_form_liveset();
    /// Ha heartbeat daemon startup failed.
    HA_HEARTBEAT_DAEMON_STARTUP_FAILED => ha_heartbeat_daemon_startup_failed();
    /// Ha host cannot access statefile.
    HA_HOST_CANNOT_ACCESS_STATEFILE => ha_host_cannot_access_statefile();
    /// Ha host cannot see peers.
    HA_HOST_CANNOT_SEE_PEERS => ha_host_cannot_see_peers(host: "host", all: "all", subset: "subset");
    /// Ha host is armed.
    HA_HOST_IS_ARMED => ha_host_is_armed(host: "host");
    /// Ha is enabled.
    HA_IS_ENABLED => ha_is_enabled();
    /// Ha lost statefile.
    HA_LOST_STATEFILE => ha_lost_statefile();
    /// Ha not enabled.
    HA_NOT_ENABLED => ha_not_enabled();
    /// Ha not installed.
    HA_NOT_INSTALLED => ha_not_installed(host: "host");
    /// Ha no plan.
    HA_NO_PLAN => ha_no_plan();
    /// Ha operation would break failover plan.
    HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN => ha_operation_would_break_failover_plan();
    /// Ha pool is enabled but host is disabled.
    HA_POOL_IS_ENABLED_BUT_HOST_IS_DISABLED => ha_pool_is_enabled_but_host_is_disabled();
    /// Ha should be fenced.
    HA_SHOULD_BE_FENCED => ha_should_be_fenced(host: "host");
    /// Ha too few hosts.
    HA_TOO_FEW_HOSTS => ha_too_few_hosts();
    /// Hosts not compatible.
    HOSTS_NOT_COMPATIBLE => hosts_not_compatible();
    /// Hosts not homogeneous.
    HOSTS_NOT_HOMOGENEOUS => hosts_not_homogeneous(reason: "reason");
    /// Host broken.
    HOST_BROKEN => host_broken();
    /// Host cannot attach network.
    HOST_CANNOT_ATTACH_NETWORK => host_cannot_attach_network(host: "host", network: "network");
    /// Host cannot destroy self.
    HOST_CANNOT_DESTROY_SELF => host_cannot_destroy_self(host: "host");
    /// Host cannot read metrics.
    HOST_CANNOT_READ_METRICS => host_cannot_read_metrics();
    /// Host cd drive empty.
    HOST_CD_DRIVE_EMPTY => host_cd_drive_empty();
    /// Host disabled.
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
    /// Host has no management ip.
    HOST_HAS_NO_MANAGEMENT_IP => host_has_no_management_ip();
    /// Host has resident vms.
    HOST_HAS_RESIDENT_VMS => host_has_resident_vms(host: "host");
    /// Host in emergency mode.
    HOST_IN_EMERGENCY_MODE => host_in_emergency_mode();
    /// Host in use.
    HOST_IN_USE => host_in_use(host: "host", type_: "type", ref_: "ref");
    /// Host is live.
    HOST_IS_LIVE => host_is_live(host: "host");
    /// Host is slave.
    HOST_IS_SLAVE => host_is_slave(master_ip_address: "Master IP address");
    /// Host its own slave.
    HOST_ITS_OWN_SLAVE => host_its_own_slave();
    /// Host master cannot talk back.
    HOST_MASTER_CANNOT_TALK_BACK => host_master_cannot_talk_back(ip: "ip");
    /// Host name invalid.
    HOST_NAME_INVALID => host_name_invalid(reason: "reason");
    /// Host not disabled.
    HOST_NOT_DISABLED => host_not_disabled();
    /// Host not enough free memory.
    HOST_NOT_ENOUGH_FREE_MEMORY => host_not_enough_free_memory(needed: "needed", available: "available");
    /// Host not enough pcpus.
    HOST_NOT_ENOUGH_PCPUS => host_not_enough_pcpus(vcpus: "vcpus", pcpus: "pcpus");
    /// Host not live.
    HOST_NOT_LIVE => host_not_live();
    /// Host offline.
    HOST_OFFLINE => host_offline(host: "host");
    /// Host pending mandatory guidance not empty.
    HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY => host_pending_mandatory_guidance_not_empty(host: "host");
    /// Host power on mode disabled.
    HOST_POWER_ON_MODE_DISABLED => host_power_on_mode_disabled();
    /// Host still booting.
    HOST_STILL_BOOTING => host_still_booting();
    /// Host unknown to master.
    HOST_UNKNOWN_TO_MASTER => host_unknown_to_master(host: "host");
    /// Host xapi version higher than coordinator.
    HOST_XAPI_VERSION_HIGHER_THAN_COORDINATOR => host_xapi_version_higher_than_coordinator(host_xapi_version: "host_xapi_version");
    /// Illegal vbd device.
    ILLEGAL_VBD_DEVICE => illegal_vbd_device(vbd: "vbd", device: "device");
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
    /// Incompatible cluster stack active.
    INCOMPATIBLE_CLUSTER_STACK_ACTIVE => incompatible_cluster_stack_active(cluster_stack: "cluster_stack");
    /// Incompatible pif properties.
    INCOMPATIBLE_PIF_PROPERTIES => incompatible_pif_properties();
    /// Incompatible statefile sr.
    INCOMPATIBLE_STATEFILE_SR => incompatible_statefile_sr(sr_type: "SR type");
    /// Interface has no ip.
    INTERFACE_HAS_NO_IP => interface_has_no_ip(interface: "interface");
    /// Internal error.
    INTERNAL_ERROR => internal_error(message: "message");
    /// Invalid base url.
    INVALID_BASE_URL => invalid_base_url(url: "url");
    /// Invalid cidr address specified.
    INVALID_CIDR_ADDRESS_SPECIFIED => invalid_cidr_address_specified(parameter: "parameter");
    /// Invalid cluster stack.
    INVALID_CLUSTER_STACK => invalid_cluster_stack(cluster_stack: "cluster_stack");
    /// Invalid device.
    INVALID_DEVICE => invalid_device(device: "device");
    /// Invalid edition.
    INVALID_EDITION => invalid_edition(edition: "edition");
    /// Invalid feature string.
    INVALID_FEATURE_STRING => invalid_feature_string(details: "details");
    /// Invalid gpgkey path.
    INVALID_GPGKEY_PATH => invalid_gpgkey_path(gpgkey_path: "gpgkey_path");
    /// Invalid ip address specified.
    INVALID_IP_ADDRESS_SPECIFIED => invalid_ip_address_specified(parameter: "parameter");
    /// Invalid ntp config.
    INVALID_NTP_CONFIG => invalid_ntp_config(reason: "reason");
    /// Invalid patch.
    INVALID_PATCH => invalid_patch();
    /// Invalid patch with log.
    INVALID_PATCH_WITH_LOG => invalid_patch_with_log(log: "log");
    /// Invalid repomd xml.
    INVALID_REPOMD_XML => invalid_repomd_xml();
    /// Invalid repository domain allowlist.
    INVALID_REPOSITORY_DOMAIN_ALLOWLIST => invalid_repository_domain_allowlist(domains: "domains");
    /// Invalid repository proxy credential.
    INVALID_REPOSITORY_PROXY_CREDENTIAL => invalid_repository_proxy_credential();
    /// Invalid repository proxy url.
    INVALID_REPOSITORY_PROXY_URL => invalid_repository_proxy_url(url: "url");
    /// Invalid update.
    INVALID_UPDATE => invalid_update(info: "info");
    /// Invalid updateinfo xml.
    INVALID_UPDATEINFO_XML => invalid_updateinfo_xml();
    /// Invalid update sync day.
    INVALID_UPDATE_SYNC_DAY => invalid_update_sync_day(day: "day");
    /// Invalid value.
    INVALID_VALUE => invalid_value(field: "field", value: "value");
    /// Is tunnel access pif.
    IS_TUNNEL_ACCESS_PIF => is_tunnel_access_pif(pif: "PIF");
    /// Joining host cannot be master of other hosts.
    JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS => joining_host_cannot_be_master_of_other_hosts();
    /// Joining host cannot contain shared srs.
    JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS => joining_host_cannot_contain_shared_srs();
    /// Joining host cannot have running or suspended vms.
    JOINING_HOST_CANNOT_HAVE_RUNNING_OR_SUSPENDED_VMS => joining_host_cannot_have_running_or_suspended_vms();
    /// Joining host cannot have running vms.
    JOINING_HOST_CANNOT_HAVE_RUNNING_VMS => joining_host_cannot_have_running_vms();
    /// Joining host cannot have vms with current operations.
    JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS => joining_host_cannot_have_vms_with_current_operations();
    /// Joining host connection failed.
    JOINING_HOST_CONNECTION_FAILED => joining_host_connection_failed();
    /// Joining host service failed.
    JOINING_HOST_SERVICE_FAILED => joining_host_service_failed();
    /// Licence restriction.
    LICENCE_RESTRICTION => licence_restriction(feature: "feature");
    /// License cannot downgrade while in pool.
    LICENSE_CANNOT_DOWNGRADE_WHILE_IN_POOL => license_cannot_downgrade_while_in_pool();
    /// License checkout error.
    LICENSE_CHECKOUT_ERROR => license_checkout_error(code: "code", message: "message");
    /// License does not support pooling.
    LICENSE_DOES_NOT_SUPPORT_POOLING => license_does_not_support_pooling();
    /// License does not support xha.
    LICENSE_DOES_NOT_SUPPORT_XHA => license_does_not_support_xha();
    /// License expired.
    LICENSE_EXPIRED => license_expired();
    /// License file deprecated.
    LICENSE_FILE_DEPRECATED => license_file_deprecated();
    /// License host pool mismatch.
    LICENSE_HOST_POOL_MISMATCH => license_host_pool_mismatch();
    /// License processing error.
    LICENSE_PROCESSING_ERROR => license_processing_error();
    /// Location not unique.
    LOCATION_NOT_UNIQUE => location_not_unique(sr: "SR", location: "location");
    /// Mac does not exist.
    MAC_DOES_NOT_EXIST => mac_does_not_exist(mac: "MAC");
    /// Mac invalid.
    MAC_INVALID => mac_invalid(mac: "MAC");
    /// Mac still exists.
    MAC_STILL_EXISTS => mac_still_exists(mac: "MAC");
    /// Map duplicate key.
    MAP_DUPLICATE_KEY => map_duplicate_key(type_: "type", param_name: "param_name", uuid: "uuid", key: "key");
    /// Memory constraint violation.
    MEMORY_CONSTRAINT_VIOLATION => memory_constraint_violation(constraint: "constraint");
    /// Memory constraint violation maxpin.
    MEMORY_CONSTRAINT_VIOLATION_MAXPIN => memory_constraint_violation_maxpin(reason: "reason");
    /// Memory constraint violation order.
    MEMORY_CONSTRAINT_VIOLATION_ORDER => memory_constraint_violation_order();
    /// Message deprecated.
    MESSAGE_DEPRECATED => message_deprecated();
    /// Message method unknown.
    MESSAGE_METHOD_UNKNOWN => message_method_unknown(method: "method");
    /// Message parameter count mismatch.
    MESSAGE_PARAMETER_COUNT_MISMATCH => message_parameter_count_mismatch(method: "method", expected: "expected", received: "received");
    /// Message removed.
    MESSAGE_REMOVED => message_removed();
    /// Mirror failed.
    MIRROR_FAILED => mirror_failed(vdi: "vdi");
    /// Missing connection details.
    MISSING_CONNECTION_DETAILS => missing_connection_details();
    /// Multiple update repositories enabled.
    MULTIPLE_UPDATE_REPOSITORIES_ENABLED => multiple_update_repositories_enabled();
    /// Network already connected.
    NETWORK_ALREADY_CONNECTED => network_already_connected(host: "host", connected_pif: "connected_PIF");
    /// Network contains pif.
    NETWORK_CONTAINS_PIF => network_contains_pif(pifs: "pifs");
    /// Network contains vif.
    NETWORK_CONTAINS_VIF => network_contains_vif(vifs: "vifs");
    /// Network has incompatible sriov pifs.
    NETWORK_HAS_INCOMPATIBLE_SRIOV_PIFS => network_has_incompatible_sriov_pifs(pif: "PIF", network: "network");
    /// Network has incompatible vlan on sriov pifs.
    NETWORK_HAS_INCOMPATIBLE_VLAN_ON_SRIOV_PIFS => network_has_incompatible_vlan_on_sriov_pifs(pif: "PIF", network: "network");
    /// Network incompatible purposes.
    NETWORK_INCOMPATIBLE_PURPOSES => network_incompatible_purposes(new_purpose: "new_purpose", conflicting_purpose: "conflicting_purpose");
    /// Network incompatible with bond.
    NETWORK_INCOMPATIBLE_WITH_BOND => network_incompatible_with_bond(network: "network");
    /// Network incompatible with sriov.
    NETWORK_INCOMPATIBLE_WITH_SRIOV => network_incompatible_with_sriov(network: "network");
    /// Network incompatible with trunks.
    NETWORK_INCOMPATIBLE_WITH_TRUNKS => network_incompatible_with_trunks(network: "network");
    /// Network incompatible with tunnel.
    NETWORK_INCOMPATIBLE_WITH_TUNNEL => network_incompatible_with_tunnel(network: "network");
    /// Network incompatible with vlan on bridge.
    NETWORK_INCOMPATIBLE_WITH_VLAN_ON_BRIDGE => network_incompatible_with_vlan_on_bridge(network: "network");
    /// Network incompatible with vlan on sriov.
    NETWORK_INCOMPATIBLE_WITH_VLAN_ON_SRIOV => network_incompatible_with_vlan_on_sriov(network: "network");
    /// Network sriov already enabled.
    NETWORK_SRIOV_ALREADY_ENABLED => network_sriov_already_enabled(pif: "PIF");
    /// Network sriov disable failed.
    NETWORK_SRIOV_DISABLE_FAILED => network_sriov_disable_failed(pif: "PIF", msg: "msg");
    /// Network sriov enable failed.
    NETWORK_SRIOV_ENABLE_FAILED => network_sriov_enable_failed(pif: "PIF", msg: "msg");
    /// Network sriov insufficient capacity.
    NETWORK_SRIOV_INSUFFICIENT_CAPACITY => network_sriov_insufficient_capacity(network: "network");
    /// Network unmanaged.
    NETWORK_UNMANAGED => network_unmanaged(network: "network");
    /// Not allowed on oem edition.
    NOT_ALLOWED_ON_OEM_EDITION => not_allowed_on_oem_edition(command: "command");
    /// Not allowed when ntp is enabled.
    NOT_ALLOWED_WHEN_NTP_IS_ENABLED => not_allowed_when_ntp_is_enabled(host: "host");
    /// Not implemented.
    NOT_IMPLEMENTED => not_implemented(function: "function");
    /// Not in emergency mode.
    NOT_IN_EMERGENCY_MODE => not_in_emergency_mode();
    /// Not supported during upgrade.
    NOT_SUPPORTED_DURING_UPGRADE => not_supported_during_upgrade();
    /// Not system domain.
    NOT_SYSTEM_DOMAIN => not_system_domain(vm: "vm");
    /// Not trusted certificate.
    NOT_TRUSTED_CERTIFICATE => not_trusted_certificate(ref_: "ref");
    /// No cluster hosts reachable.
    NO_CLUSTER_HOSTS_REACHABLE => no_cluster_hosts_reachable(cluster: "cluster");
    /// No compatible cluster host.
    NO_COMPATIBLE_CLUSTER_HOST => no_compatible_cluster_host(host: "host");
    /// No hosts available.
    NO_HOSTS_AVAILABLE => no_hosts_available();
    /// No more redo logs allowed.
    NO_MORE_REDO_LOGS_ALLOWED => no_more_redo_logs_allowed();
    /// No repositories configured.
    NO_REPOSITORIES_CONFIGURED => no_repositories_configured();
    /// No repository enabled.
    NO_REPOSITORY_ENABLED => no_repository_enabled();
    /// Nvidia sriov misconfigured.
    NVIDIA_SRIOV_MISCONFIGURED => nvidia_sriov_misconfigured(host: "host", device_name: "device_name");
    /// Nvidia tools error.
    NVIDIA_TOOLS_ERROR => nvidia_tools_error(host: "host");
    /// Object nolonger exists.
    OBJECT_NOLONGER_EXISTS => object_nolonger_exists();
    /// Only allowed on oem edition.
    ONLY_ALLOWED_ON_OEM_EDITION => only_allowed_on_oem_edition(command: "command");
    /// Openvswitch not active.
    OPENVSWITCH_NOT_ACTIVE => openvswitch_not_active();
    /// Operation blocked.
    OPERATION_BLOCKED => operation_blocked(ref_: "ref", code: "code");
    /// Operation not allowed.
    OPERATION_NOT_ALLOWED => operation_not_allowed(reason: "reason");
    /// Operation partially failed.
    OPERATION_PARTIALLY_FAILED => operation_partially_failed(operation: "operation");
    /// Other operation in progress.
    OTHER_OPERATION_IN_PROGRESS => other_operation_in_progress(class: "class", object: "object", operation_type: "operation_type", operation_ref: "operation_ref");
    /// Out of space.
    OUT_OF_SPACE => out_of_space(location: "location");
    /// Patch already applied.
    PATCH_ALREADY_APPLIED => patch_already_applied(patch: "patch");
    /// Patch already exists.
    PATCH_ALREADY_EXISTS => patch_already_exists(uuid: "uuid");
    /// Patch apply failed.
    PATCH_APPLY_FAILED => patch_apply_failed(output: "output");
    /// Patch apply failed backup files exist.
    PATCH_APPLY_FAILED_BACKUP_FILES_EXIST => patch_apply_failed_backup_files_exist(output: "output");
    /// Patch is applied.
    PATCH_IS_APPLIED => patch_is_applied();
    /// Patch precheck failed iso mounted.
    PATCH_PRECHECK_FAILED_ISO_MOUNTED => patch_precheck_failed_iso_mounted(patch: "patch");
    /// Patch precheck failed out of space.
    PATCH_PRECHECK_FAILED_OUT_OF_SPACE => patch_precheck_failed_out_of_space(patch: "patch", found_space: "found_space", required_required: "required_required");
    /// Patch precheck failed prerequisite missing.
    PATCH_PRECHECK_FAILED_PREREQUISITE_MISSING => patch_precheck_failed_prerequisite_missing(patch: "patch", prerequisite_patch_uuid_list: "prerequisite_patch_uuid_list");
    /// Patch precheck failed unknown error.
    PATCH_PRECHECK_FAILED_UNKNOWN_ERROR => patch_precheck_failed_unknown_error(patch: "patch", info: "info");
    /// Patch precheck failed vm running.
    PATCH_PRECHECK_FAILED_VM_RUNNING => patch_precheck_failed_vm_running(patch: "patch");
    /// Patch precheck failed wrong server build.
    PATCH_PRECHECK_FAILED_WRONG_SERVER_BUILD => patch_precheck_failed_wrong_server_build(patch: "patch", found_build: "found_build", required_build: "required_build");
    /// Patch precheck failed wrong server version.
    PATCH_PRECHECK_FAILED_WRONG_SERVER_VERSION => patch_precheck_failed_wrong_server_version(patch: "patch", found_version: "found_version", required_version: "required_version");
    /// Pbd exists.
    PBD_EXISTS => pbd_exists(sr: "sr", host: "host", pbd: "pbd");
    /// Permission denied.
    PERMISSION_DENIED => permission_denied(message: "message");
    /// Pgpu insufficient capacity for vgpu.
    PGPU_INSUFFICIENT_CAPACITY_FOR_VGPU => pgpu_insufficient_capacity_for_vgpu(pgpu: "pgpu", vgpu_type: "vgpu_type");
    /// Pgpu in use by vm.
    PGPU_IN_USE_BY_VM => pgpu_in_use_by_vm(vms: "VMs");
    /// Pgpu not compatible with gpu group.
    PGPU_NOT_COMPATIBLE_WITH_GPU_GROUP => pgpu_not_compatible_with_gpu_group(type_: "type", group_types: "group_types");
    /// Pif allows unplug.
    PIF_ALLOWS_UNPLUG => pif_allows_unplug(pif: "PIF");
    /// Pif already bonded.
    PIF_ALREADY_BONDED => pif_already_bonded(pif: "PIF");
    /// Pif bond more than one ip.
    PIF_BOND_MORE_THAN_ONE_IP => pif_bond_more_than_one_ip();
    /// Pif bond needs more members.
    PIF_BOND_NEEDS_MORE_MEMBERS => pif_bond_needs_more_members();
    /// Pif cannot bond cross host.
    PIF_CANNOT_BOND_CROSS_HOST => pif_cannot_bond_cross_host();
    /// Pif configuration error.
    PIF_CONFIGURATION_ERROR => pif_configuration_error(pif: "PIF", msg: "msg");
    /// Pif device not found.
    PIF_DEVICE_NOT_FOUND => pif_device_not_found();
    /// Pif does not allow unplug.
    PIF_DOES_NOT_ALLOW_UNPLUG => pif_does_not_allow_unplug(pif: "PIF");
    /// Pif has fcoe sr in use.
    PIF_HAS_FCOE_SR_IN_USE => pif_has_fcoe_sr_in_use(pif: "PIF", sr: "SR");
    /// Pif has no network configuration.
    PIF_HAS_NO_NETWORK_CONFIGURATION => pif_has_no_network_configuration(pif: "PIF");
    /// Pif has no v6 network configuration.
    PIF_HAS_NO_V6_NETWORK_CONFIGURATION => pif_has_no_v6_network_configuration(pif: "PIF");
    /// Pif incompatible primary address type.
    PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE => pif_incompatible_primary_address_type(pif: "PIF");
    /// Pif is management interface.
    PIF_IS_MANAGEMENT_INTERFACE => pif_is_management_interface(pif: "PIF");
    /// Pif is not physical.
    PIF_IS_NOT_PHYSICAL => pif_is_not_physical(pif: "PIF");
    /// Pif is not sriov capable.
    PIF_IS_NOT_SRIOV_CAPABLE => pif_is_not_sriov_capable(pif: "PIF");
    /// Pif is physical.
    PIF_IS_PHYSICAL => pif_is_physical();
    /// Pif is sriov logical.
    PIF_IS_SRIOV_LOGICAL => pif_is_sriov_logical(pif: "PIF");
    /// Pif is vlan.
    PIF_IS_VLAN => pif_is_vlan(pif: "PIF");
    /// Pif not attached to host.
    PIF_NOT_ATTACHED_TO_HOST => pif_not_attached_to_host(pif: "pif", host: "host");
    /// Pif not present.
    PIF_NOT_PRESENT => pif_not_present(host: "host", network: "network");
    /// Pif sriov still exists.
    PIF_SRIOV_STILL_EXISTS => pif_sriov_still_exists(pif: "PIF");
    /// Pif tunnel still exists.
    PIF_TUNNEL_STILL_EXISTS => pif_tunnel_still_exists(pif: "PIF");
    /// Pif unmanaged.
    PIF_UNMANAGED => pif_unmanaged(pif: "PIF");
    /// Pif vlan exists.
    PIF_VLAN_EXISTS => pif_vlan_exists(device: "device");
    /// Pif vlan still exists.
    PIF_VLAN_STILL_EXISTS => pif_vlan_still_exists(pif: "PIF");
    /// Pool auth already enabled.
    POOL_AUTH_ALREADY_ENABLED => pool_auth_already_enabled(host: "host");
    /// Pool joining external auth mismatch.
    POOL_JOINING_EXTERNAL_AUTH_MISMATCH => pool_joining_external_auth_mismatch();
    /// Pool joining host ca certificates conflict.
    POOL_JOINING_HOST_CA_CERTIFICATES_CONFLICT => pool_joining_host_ca_certificates_conflict();
    /// Pool joining host has bonds.
    POOL_JOINING_HOST_HAS_BONDS => pool_joining_host_has_bonds();
    /// Pool joining host has network sriovs.
    POOL_JOINING_HOST_HAS_NETWORK_SRIOVS => pool_joining_host_has_network_sriovs();
    /// Pool joining host has non management vlans.
    POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS => pool_joining_host_has_non_management_vlans();
    /// Pool joining host has tunnels.
    POOL_JOINING_HOST_HAS_TUNNELS => pool_joining_host_has_tunnels();
    /// Pool joining host management vlan does not match.
    POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH => pool_joining_host_management_vlan_does_not_match(local: "local", remote: "remote");
    /// Pool joining host must have only one ip on clustering network.
    POOL_JOINING_HOST_MUST_HAVE_ONLY_ONE_IP_ON_CLUSTERING_NETWORK => pool_joining_host_must_have_only_one_ip_on_clustering_network();
    /// Pool joining host must have physical management nic.
    POOL_JOINING_HOST_MUST_HAVE_PHYSICAL_MANAGEMENT_NIC => pool_joining_host_must_have_physical_management_nic();
    /// Pool joining host must have same api version.
    POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION => pool_joining_host_must_have_same_api_version(host_api_version: "host_api_version", master_api_version: "master_api_version");
    /// Pool joining host must have same db schema.
    POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA => pool_joining_host_must_have_same_db_schema(host_db_schema: "host_db_schema", master_db_schema: "master_db_schema");
    /// Pool joining host must have same product version.
    POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION => pool_joining_host_must_have_same_product_version();
    /// Pool joining host must only have physical pifs.
    POOL_JOINING_HOST_MUST_ONLY_HAVE_PHYSICAL_PIFS => pool_joining_host_must_only_have_physical_pifs();
    /// Pool joining host tls verification mismatch.
    POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH => pool_joining_host_tls_verification_mismatch();
    /// Pool joining host trusted certificates conflict.
    POOL_JOINING_HOST_TRUSTED_CERTIFICATES_CONFLICT => pool_joining_host_trusted_certificates_conflict(ref_in_pool: "ref_in_pool", ref_on_host: "ref_on_host");
    /// Pool joining master certificate not in pool bundle.
    POOL_JOINING_MASTER_CERTIFICATE_NOT_IN_POOL_BUNDLE => pool_joining_master_certificate_not_in_pool_bundle(master_uuid: "master_uuid");
    /// Pool joining pool bundle empty after import.
    POOL_JOINING_POOL_BUNDLE_EMPTY_AFTER_IMPORT => pool_joining_pool_bundle_empty_after_import(bundle_path: "bundle_path");
    /// Pool joining pool cannot enable clustering on vlan network.
    POOL_JOINING_POOL_CANNOT_ENABLE_CLUSTERING_ON_VLAN_NETWORK => pool_joining_pool_cannot_enable_clustering_on_vlan_network(vlan: "vlan");
    /// Pool joining sm features incompatible.
    POOL_JOINING_SM_FEATURES_INCOMPATIBLE => pool_joining_sm_features_incompatible(pool_sm_ref: "pool_sm_ref", candidate_sm_ref: "candidate_sm_ref");
    /// Provision failed out of space.
    PROVISION_FAILED_OUT_OF_SPACE => provision_failed_out_of_space();
    /// Provision only allowed on template.
    PROVISION_ONLY_ALLOWED_ON_TEMPLATE => provision_only_allowed_on_template();
    /// Pusb vdi conflict.
    PUSB_VDI_CONFLICT => pusb_vdi_conflict(pusb: "PUSB", vdi: "VDI");
    /// Pvs cache storage already present.
    PVS_CACHE_STORAGE_ALREADY_PRESENT => pvs_cache_storage_already_present(site: "site", host: "host");
    /// Pvs cache storage is in use.
    PVS_CACHE_STORAGE_IS_IN_USE => pvs_cache_storage_is_in_use(pvs_cache_storage: "PVS_cache_storage");
    /// Pvs proxy already present.
    PVS_PROXY_ALREADY_PRESENT => pvs_proxy_already_present(proxies: "proxies");
    /// Pvs proxy present on higher vif device.
    PVS_PROXY_PRESENT_ON_HIGHER_VIF_DEVICE => pvs_proxy_present_on_higher_vif_device(device: "device");
    /// Pvs server address in use.
    PVS_SERVER_ADDRESS_IN_USE => pvs_server_address_in_use(address: "address");
    /// Pvs site contains running proxies.
    PVS_SITE_CONTAINS_RUNNING_PROXIES => pvs_site_contains_running_proxies(proxies: "proxies");
    /// Pvs site contains servers.
    PVS_SITE_CONTAINS_SERVERS => pvs_site_contains_servers(servers: "servers");
    /// Pvs vif must be first device.
    PVS_VIF_MUST_BE_FIRST_DEVICE => pvs_vif_must_be_first_device();
    /// Rbac permission denied.
    RBAC_PERMISSION_DENIED => rbac_permission_denied(permission: "permission", message: "message");
    /// Redo log is enabled.
    REDO_LOG_IS_ENABLED => redo_log_is_enabled();
    /// Repository already exists.
    REPOSITORY_ALREADY_EXISTS => repository_already_exists(ref_: "ref");
    /// Repository cleanup failed.
    REPOSITORY_CLEANUP_FAILED => repository_cleanup_failed();
    /// Repository is in use.
    REPOSITORY_IS_IN_USE => repository_is_in_use();
    /// Reposync failed.
    REPOSYNC_FAILED => reposync_failed();
    /// Repo should be single one enabled.
    REPO_SHOULD_BE_SINGLE_ONE_ENABLED => repo_should_be_single_one_enabled();
    /// Required pif is unplugged.
    REQUIRED_PIF_IS_UNPLUGGED => required_pif_is_unplugged(pif: "PIF");
    /// Restore incompatible version.
    RESTORE_INCOMPATIBLE_VERSION => restore_incompatible_version();
    /// Restore script failed.
    RESTORE_SCRIPT_FAILED => restore_script_failed(log: "log");
    /// Restore target mgmt if not in backup.
    RESTORE_TARGET_MGMT_IF_NOT_IN_BACKUP => restore_target_mgmt_if_not_in_backup();
    /// Restore target missing device.
    RESTORE_TARGET_MISSING_DEVICE => restore_target_missing_device(device: "device");
    /// Role already exists.
    ROLE_ALREADY_EXISTS => role_already_exists();
    /// Role not found.
    ROLE_NOT_FOUND => role_not_found();
    /// Server certificate chain invalid.
    SERVER_CERTIFICATE_CHAIN_INVALID => server_certificate_chain_invalid();
    /// Server certificate expired.
    SERVER_CERTIFICATE_EXPIRED => server_certificate_expired(now: "now", not_after: "not_after");
    /// Server certificate invalid.
    SERVER_CERTIFICATE_INVALID => server_certificate_invalid();
    /// Server certificate key algorithm not supported.
    SERVER_CERTIFICATE_KEY_ALGORITHM_NOT_SUPPORTED => server_certificate_key_algorithm_not_supported(algorithm_oid: "algorithm_oid");
    /// Server certificate key invalid.
    SERVER_CERTIFICATE_KEY_INVALID => server_certificate_key_invalid();
    /// Server certificate key mismatch.
    SERVER_CERTIFICATE_KEY_MISMATCH => server_certificate_key_mismatch();
    /// Server certificate key rsa length not supported.
    SERVER_CERTIFICATE_KEY_RSA_LENGTH_NOT_SUPPORTED => server_certificate_key_rsa_length_not_supported(length: "length");
    /// Server certificate key rsa multi not supported.
    SERVER_CERTIFICATE_KEY_RSA_MULTI_NOT_SUPPORTED => server_certificate_key_rsa_multi_not_supported();
    /// Server certificate not valid yet.
    SERVER_CERTIFICATE_NOT_VALID_YET => server_certificate_not_valid_yet(now: "now", not_before: "not_before");
    /// Server certificate signature not supported.
    SERVER_CERTIFICATE_SIGNATURE_NOT_SUPPORTED => server_certificate_signature_not_supported();
    /// Session authentication failed.
    SESSION_AUTHENTICATION_FAILED => session_authentication_failed(username: "username", message: "message");
    /// Session authorization failed.
    SESSION_AUTHORIZATION_FAILED => session_authorization_failed(username: "username", msg: "msg");
    /// Session invalid.
    SESSION_INVALID => session_invalid(handle: "handle");
    /// Session not registered.
    SESSION_NOT_REGISTERED => session_not_registered(handle: "handle");
    /// Set console timeout partially failed.
    SET_CONSOLE_TIMEOUT_PARTIALLY_FAILED => set_console_timeout_partially_failed(hosts: "hosts");
    /// Set ssh auto mode partially failed.
    SET_SSH_AUTO_MODE_PARTIALLY_FAILED => set_ssh_auto_mode_partially_failed(hosts: "hosts");
    /// Set ssh timeout partially failed.
    SET_SSH_TIMEOUT_PARTIALLY_FAILED => set_ssh_timeout_partially_failed(hosts: "hosts");
    /// Slave requires management interface.
    SLAVE_REQUIRES_MANAGEMENT_INTERFACE => slave_requires_management_interface();
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
    /// Ssl verify error.
    SSL_VERIFY_ERROR => ssl_verify_error(reason: "reason");
    /// Subject already exists.
    SUBJECT_ALREADY_EXISTS => subject_already_exists();
    /// Subject cannot be resolved.
    SUBJECT_CANNOT_BE_RESOLVED => subject_cannot_be_resolved();
    /// Suspend image not accessible.
    SUSPEND_IMAGE_NOT_ACCESSIBLE => suspend_image_not_accessible(vdi: "vdi");
    /// Sync bundle in progress.
    SYNC_BUNDLE_IN_PROGRESS => sync_bundle_in_progress();
    /// Sync updates in progress.
    SYNC_UPDATES_IN_PROGRESS => sync_updates_in_progress();
    /// Sysprep.
    SYSPREP => sysprep(vm: "vm", message: "message");
    /// System status must use tar on oem.
    SYSTEM_STATUS_MUST_USE_TAR_ON_OEM => system_status_must_use_tar_on_oem();
    /// System status retrieval failed.
    SYSTEM_STATUS_RETRIEVAL_FAILED => system_status_retrieval_failed(reason: "reason");
    /// Task cancelled.
    TASK_CANCELLED => task_cancelled(task: "task");
    /// Telemetry next collection too late.
    TELEMETRY_NEXT_COLLECTION_TOO_LATE => telemetry_next_collection_too_late(timestamp: "timestamp");
    /// Tls connection failed.
    TLS_CONNECTION_FAILED => tls_connection_failed(address: "address", port: "port");
    /// Tls verification not enabled in pool.
    TLS_VERIFICATION_NOT_ENABLED_IN_POOL => tls_verification_not_enabled_in_pool();
    /// Too busy.
    TOO_BUSY => too_busy();
    /// Too many groups.
    TOO_MANY_GROUPS => too_many_groups();
    /// Too many pending tasks.
    TOO_MANY_PENDING_TASKS => too_many_pending_tasks();
    /// Too many storage migrates.
    TOO_MANY_STORAGE_MIGRATES => too_many_storage_migrates(number: "number");
    /// Too many vusbs.
    TOO_MANY_VUSBS => too_many_vusbs(number: "number");
    /// Transport pif not configured.
    TRANSPORT_PIF_NOT_CONFIGURED => transport_pif_not_configured(pif: "PIF");
    /// Trusted certificate already exists.
    TRUSTED_CERTIFICATE_ALREADY_EXISTS => trusted_certificate_already_exists(fingerprint: "fingerprint");
    /// Trusted certificate expired.
    TRUSTED_CERTIFICATE_EXPIRED => trusted_certificate_expired(now: "now", not_after: "not_after");
    /// Trusted certificate invalid.
    TRUSTED_CERTIFICATE_INVALID => trusted_certificate_invalid();
    /// Trusted certificate not valid yet.
    TRUSTED_CERTIFICATE_NOT_VALID_YET => trusted_certificate_not_valid_yet(now: "now", not_before: "not_before");
    /// Unimplemented in sm backend.
    UNIMPLEMENTED_IN_SM_BACKEND => unimplemented_in_sm_backend(message: "message");
    /// Unknown bootloader.
    UNKNOWN_BOOTLOADER => unknown_bootloader(vm: "vm", bootloader: "bootloader");
    /// Updateinfo hash mismatch.
    UPDATEINFO_HASH_MISMATCH => updateinfo_hash_mismatch();
    /// Update already applied.
    UPDATE_ALREADY_APPLIED => update_already_applied(update: "update");
    /// Update already applied in pool.
    UPDATE_ALREADY_APPLIED_IN_POOL => update_already_applied_in_pool(update: "update");
    /// Update already exists.
    UPDATE_ALREADY_EXISTS => update_already_exists(uuid: "uuid");
    /// Update apply failed.
    UPDATE_APPLY_FAILED => update_apply_failed(output: "output");
    /// Update is applied.
    UPDATE_IS_APPLIED => update_is_applied();
    /// Update pool apply failed.
    UPDATE_POOL_APPLY_FAILED => update_pool_apply_failed(hosts: "hosts");
    /// Update precheck failed conflict present.
    UPDATE_PRECHECK_FAILED_CONFLICT_PRESENT => update_precheck_failed_conflict_present(update: "update", conflict_update: "conflict_update");
    /// Update precheck failed gpgkey not imported.
    UPDATE_PRECHECK_FAILED_GPGKEY_NOT_IMPORTED => update_precheck_failed_gpgkey_not_imported(update: "update");
    /// Update precheck failed out of space.
    UPDATE_PRECHECK_FAILED_OUT_OF_SPACE => update_precheck_failed_out_of_space(update: "update", available_space: "available_space", required_space: "required_space ");
    /// Update precheck failed prerequisite missing.
    UPDATE_PRECHECK_FAILED_PREREQUISITE_MISSING => update_precheck_failed_prerequisite_missing(update: "update", prerequisite_update: "prerequisite_update");
    /// Update precheck failed unknown error.
    UPDATE_PRECHECK_FAILED_UNKNOWN_ERROR => update_precheck_failed_unknown_error(update: "update", info: "info");
    /// Update precheck failed wrong server version.
    UPDATE_PRECHECK_FAILED_WRONG_SERVER_VERSION => update_precheck_failed_wrong_server_version(update: "update", installed_version: "installed_version", required_version: "required_version ");
    /// Update syncing remote pool coordinator connection failed.
    UPDATE_SYNCING_REMOTE_POOL_COORDINATOR_CONNECTION_FAILED => update_syncing_remote_pool_coordinator_connection_failed();
    /// Update syncing remote pool coordinator service failed.
    UPDATE_SYNCING_REMOTE_POOL_COORDINATOR_SERVICE_FAILED => update_syncing_remote_pool_coordinator_service_failed();
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
    /// User is not local superuser.
    USER_IS_NOT_LOCAL_SUPERUSER => user_is_not_local_superuser(msg: "msg");
    /// Uuid invalid.
    UUID_INVALID => uuid_invalid(type_: "type", uuid: "uuid");
    /// V6d failure.
    V6D_FAILURE => v6d_failure();
    /// Value not supported.
    VALUE_NOT_SUPPORTED => value_not_supported(field: "field", value: "value", reason: "reason");
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
    /// Vcpu max not cores per socket multiple.
    VCPU_MAX_NOT_CORES_PER_SOCKET_MULTIPLE => vcpu_max_not_cores_per_socket_multiple(vcpu_max: "vcpu_max", cores_per_socket: "cores_per_socket");
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
    /// Vif in use.
    VIF_IN_USE => vif_in_use(network: "network", vif: "VIF");
    /// Vif not in map.
    VIF_NOT_IN_MAP => vif_not_in_map(vif: "vif");
    /// Vlan in use.
    VLAN_IN_USE => vlan_in_use(device: "device", vlan: "vlan");
    /// Vlan tag invalid.
    VLAN_TAG_INVALID => vlan_tag_invalid(vlan: "VLAN");
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
    /// Wlb authentication failed.
    WLB_AUTHENTICATION_FAILED => wlb_authentication_failed();
    /// Wlb connection refused.
    WLB_CONNECTION_REFUSED => wlb_connection_refused();
    /// Wlb connection reset.
    WLB_CONNECTION_RESET => wlb_connection_reset();
    /// Wlb disabled.
    WLB_DISABLED => wlb_disabled();
    /// Wlb internal error.
    WLB_INTERNAL_ERROR => wlb_internal_error();
    /// Wlb malformed request.
    WLB_MALFORMED_REQUEST => wlb_malformed_request();
    /// Wlb malformed response.
    WLB_MALFORMED_RESPONSE => wlb_malformed_response(method: "method", reason: "reason", response: "response");
    /// Wlb not initialized.
    WLB_NOT_INITIALIZED => wlb_not_initialized();
    /// Wlb timeout.
    WLB_TIMEOUT => wlb_timeout(configured_timeout: "configured_timeout");
    /// Wlb unknown host.
    WLB_UNKNOWN_HOST => wlb_unknown_host();
    /// Wlb url invalid.
    WLB_URL_INVALID => wlb_url_invalid(url: "url");
    /// Wlb xenserver authentication failed.
    WLB_XENSERVER_AUTHENTICATION_FAILED => wlb_xenserver_authentication_failed();
    /// Wlb xenserver connection refused.
    WLB_XENSERVER_CONNECTION_REFUSED => wlb_xenserver_connection_refused();
    /// Wlb xenserver malformed response.
    WLB_XENSERVER_MALFORMED_RESPONSE => wlb_xenserver_malformed_response();
    /// Wlb xenserver timeout.
    WLB_XENSERVER_TIMEOUT => wlb_xenserver_timeout();
    /// Wlb xenserver unknown host.
    WLB_XENSERVER_UNKNOWN_HOST => wlb_xenserver_unknown_host();
    /// Xapi hook failed.
    XAPI_HOOK_FAILED => xapi_hook_failed(hook_name: "hook_name", reason: "reason", stdout: "stdout", exit_code: "exit_code");
    /// Xenapi missing plugin.
    XENAPI_MISSING_PLUGIN => xenapi_missing_plugin(name: "name");
    /// Xenapi plugin failure.
    XENAPI_PLUGIN_FAILURE => xenapi_plugin_failure(status: "status", stdout: "stdout", stderr: "stderr");
    /// Xen incompatible.
    XEN_INCOMPATIBLE => xen_incompatible();
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
    /// Xmlrpc unmarshal failure.
    XMLRPC_UNMARSHAL_FAILURE => xmlrpc_unmarshal_failure(expected: "expected", received: "received");
    /// Auth disable failed permission denied.
    auth_disable_failed_permission_denied => auth_disable_failed_permission_denied(message: "message");
    /// Auth disable failed wrong credentials.
    auth_disable_failed_wrong_credentials => auth_disable_failed_wrong_credentials(message: "message");
    /// Auth enable failed domain lookup failed.
    auth_enable_failed_domain_lookup_failed => auth_enable_failed_domain_lookup_failed(message: "message");
    /// Auth enable failed invalid account.
    auth_enable_failed_invalid_account => auth_enable_failed_invalid_account(message: "message");
    /// Auth enable failed invalid ou.
    auth_enable_failed_invalid_ou => auth_enable_failed_invalid_ou(message: "message");
    /// Auth enable failed invalid trusted certs.
    auth_enable_failed_invalid_trusted_certs => auth_enable_failed_invalid_trusted_certs(message: "message");
    /// Auth enable failed no trusted certs.
    auth_enable_failed_no_trusted_certs => auth_enable_failed_no_trusted_certs(message: "message");
    /// Auth enable failed permission denied.
    auth_enable_failed_permission_denied => auth_enable_failed_permission_denied(message: "message");
    /// Auth enable failed unavailable.
    auth_enable_failed_unavailable => auth_enable_failed_unavailable(message: "message");
    /// Auth enable failed wrong credentials.
    auth_enable_failed_wrong_credentials => auth_enable_failed_wrong_credentials(message: "message");
    /// Pool auth disable failed.
    pool_auth_disable_failed => pool_auth_disable_failed(host: "host", message: "message");
    /// Pool auth disable failed invalid account.
    pool_auth_disable_failed_invalid_account => pool_auth_disable_failed_invalid_account(host: "host", message: "message");
    /// Pool auth disable failed permission denied.
    pool_auth_disable_failed_permission_denied => pool_auth_disable_failed_permission_denied(host: "host", message: "message");
    /// Pool auth disable failed wrong credentials.
    pool_auth_disable_failed_wrong_credentials => pool_auth_disable_failed_wrong_credentials(host: "host", message: "message");
    /// Pool auth enable failed.
    pool_auth_enable_failed => pool_auth_enable_failed(host: "host", message: "message");
    /// Pool auth enable failed domain lookup failed.
    pool_auth_enable_failed_domain_lookup_failed => pool_auth_enable_failed_domain_lookup_failed(host: "host", message: "message");
    /// Pool auth enable failed duplicate hostname.
    pool_auth_enable_failed_duplicate_hostname => pool_auth_enable_failed_duplicate_hostname(host: "host", message: "message");
    /// Pool auth enable failed invalid account.
    pool_auth_enable_failed_invalid_account => pool_auth_enable_failed_invalid_account(host: "host", message: "message");
    /// Pool auth enable failed invalid ou.
    pool_auth_enable_failed_invalid_ou => pool_auth_enable_failed_invalid_ou(host: "host", message: "message");
    /// Pool auth enable failed invalid trusted certs.
    pool_auth_enable_failed_invalid_trusted_certs => pool_auth_enable_failed_invalid_trusted_certs(host: "host", message: "message");
    /// Pool auth enable failed no supp encrypt type.
    pool_auth_enable_failed_no_supp_encrypt_type => pool_auth_enable_failed_no_supp_encrypt_type(host: "host", message: "message");
    /// Pool auth enable failed no trusted certs.
    pool_auth_enable_failed_no_trusted_certs => pool_auth_enable_failed_no_trusted_certs(host: "host", message: "message");
    /// Pool auth enable failed permission denied.
    pool_auth_enable_failed_permission_denied => pool_auth_enable_failed_permission_denied(host: "host", message: "message");
    /// Pool auth enable failed setup tls connection.
    pool_auth_enable_failed_setup_tls_connection => pool_auth_enable_failed_setup_tls_connection(host: "host", message: "message");
    /// Pool auth enable failed unavailable.
    pool_auth_enable_failed_unavailable => pool_auth_enable_failed_unavailable(host: "host", message: "message");
    /// Pool auth enable failed wrong credentials.
    pool_auth_enable_failed_wrong_credentials => pool_auth_enable_failed_wrong_credentials(host: "host", message: "message");
}
