//! Errors about pools: joining, high availability, clustering, external authentication of a whole pool and workload balancing.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// Cannot create state file.
    CANNOT_CREATE_STATE_FILE => cannot_create_state_file();
    /// Cannot destroy disaster recovery task.
    CANNOT_DESTROY_DISASTER_RECOVERY_TASK => cannot_destroy_disaster_recovery_task(reason: "reason");
    /// Cannot enable redo log.
    CANNOT_ENABLE_REDO_LOG => cannot_enable_redo_log(reason: "reason");
    /// Cannot find state partition.
    CANNOT_FIND_STATE_PARTITION => cannot_find_state_partition();
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
    /// Incompatible cluster stack active.
    INCOMPATIBLE_CLUSTER_STACK_ACTIVE => incompatible_cluster_stack_active(cluster_stack: "cluster_stack");
    /// Incompatible statefile sr.
    INCOMPATIBLE_STATEFILE_SR => incompatible_statefile_sr(sr_type: "SR type");
    /// Invalid cluster stack.
    INVALID_CLUSTER_STACK => invalid_cluster_stack(cluster_stack: "cluster_stack");
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
    /// No cluster hosts reachable.
    NO_CLUSTER_HOSTS_REACHABLE => no_cluster_hosts_reachable(cluster: "cluster");
    /// No compatible cluster host.
    NO_COMPATIBLE_CLUSTER_HOST => no_compatible_cluster_host(host: "host");
    /// No more redo logs allowed.
    NO_MORE_REDO_LOGS_ALLOWED => no_more_redo_logs_allowed();
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
    /// Redo log is enabled.
    REDO_LOG_IS_ENABLED => redo_log_is_enabled();
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
