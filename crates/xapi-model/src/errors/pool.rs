//! Errors about pools: joining, high availability, clustering, external authentication of a whole pool and workload balancing.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// The state file of high availability could not be made; no repository is fit for it.
    CANNOT_CREATE_STATE_FILE => cannot_create_state_file();
    /// The disaster-recovery task cannot be removed.
    CANNOT_DESTROY_DISASTER_RECOVERY_TASK => cannot_destroy_disaster_recovery_task(reason: "reason");
    /// Changes of the database cannot be written to a shared disk.
    CANNOT_ENABLE_REDO_LOG => cannot_enable_redo_log(reason: "reason");
    /// The partition for the host's state cannot be found.
    CANNOT_FIND_STATE_PARTITION => cannot_find_state_partition();
    /// Clustering is disabled on the host.
    CLUSTERING_DISABLED => clustering_disabled(cluster_host: "cluster_host");
    /// A cluster uses this; take the host out of the cluster first.
    CLUSTERING_ENABLED => clustering_enabled(cluster_host: "cluster_host");
    /// The pool already has a cluster.
    CLUSTER_ALREADY_EXISTS => cluster_already_exists();
    /// A cluster is being built.
    CLUSTER_CREATE_IN_PROGRESS => cluster_create_in_progress();
    /// The cluster has more than one host.
    CLUSTER_DOES_NOT_HAVE_ONE_NODE => cluster_does_not_have_one_node(number_of_nodes: "number_of_nodes");
    /// The cluster could not be removed by force.
    CLUSTER_FORCE_DESTROY_FAILED => cluster_force_destroy_failed(cluster: "cluster");
    /// This is the last host of the cluster; destroy the cluster.
    CLUSTER_HOST_IS_LAST => cluster_host_is_last(cluster_host: "cluster_host");
    /// The host has not joined the cluster.
    CLUSTER_HOST_NOT_JOINED => cluster_host_not_joined(cluster_host: "cluster_host");
    /// The cluster software is in use.
    CLUSTER_STACK_IN_USE => cluster_stack_in_use(cluster_stack: "cluster_stack");
    /// A host refused to follow the new master, so the old one stays.
    HA_ABORT_NEW_MASTER => ha_abort_new_master(reason: "reason");
    /// The management interface cannot enter or leave a bond while high availability is on.
    HA_CANNOT_CHANGE_BOND_STATUS_OF_MGMT_IFACE => ha_cannot_change_bond_status_of_mgmt_iface();
    /// A protected machine needs this network, and not every host is on it.
    HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED => ha_constraint_violation_network_not_shared(network: "network");
    /// A protected machine needs this storage, and not every host reaches it.
    HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED => ha_constraint_violation_sr_not_shared(sr: "SR");
    /// High availability is being turned off.
    HA_DISABLE_IN_PROGRESS => ha_disable_in_progress();
    /// High availability is being turned on.
    HA_ENABLE_IN_PROGRESS => ha_enable_in_progress();
    /// The hosts did not find together for high availability.
    HA_FAILED_TO_FORM_LIVESET => ha_failed_to_form_liveset();
    /// The heartbeat of high availability could not be started.
    HA_HEARTBEAT_DAEMON_STARTUP_FAILED => ha_heartbeat_daemon_startup_failed();
    /// The host does not reach the state file of high availability.
    HA_HOST_CANNOT_ACCESS_STATEFILE => ha_host_cannot_access_statefile();
    /// The host does not see all others.
    HA_HOST_CANNOT_SEE_PEERS => ha_host_cannot_see_peers(host: "host", all: "all", subset: "subset");
    /// The host takes part in high availability; disarm it first.
    HA_HOST_IS_ARMED => ha_host_is_armed(host: "host");
    /// This cannot be done while high availability is on.
    HA_IS_ENABLED => ha_is_enabled();
    /// The host lost the state file of high availability.
    HA_LOST_STATEFILE => ha_lost_statefile();
    /// High availability is off.
    HA_NOT_ENABLED => ha_not_enabled();
    /// The software for high availability is not installed on the host.
    HA_NOT_INSTALLED => ha_not_installed(host: "host");
    /// So many failures of hosts could not be made good.
    HA_NO_PLAN => ha_no_plan();
    /// After this, protected machines could no longer all be restarted when hosts fail.
    HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN => ha_operation_would_break_failover_plan();
    /// High availability is on in the pool and off on this host.
    HA_POOL_IS_ENABLED_BUT_HOST_IS_DISABLED => ha_pool_is_enabled_but_host_is_disabled();
    /// The host should have been switched off, since it does not run as its pool thinks.
    HA_SHOULD_BE_FENCED => ha_should_be_fenced(host: "host");
    /// High availability needs more hosts.
    HA_TOO_FEW_HOSTS => ha_too_few_hosts();
    /// The hosts do not fit together in one pool.
    HOSTS_NOT_COMPATIBLE => hosts_not_compatible();
    /// The hosts are too different for one pool.
    HOSTS_NOT_HOMOGENEOUS => hosts_not_homogeneous(reason: "reason");
    /// This needs other cluster software than is running.
    INCOMPATIBLE_CLUSTER_STACK_ACTIVE => incompatible_cluster_stack_active(cluster_stack: "cluster_stack");
    /// Storage of this kind cannot hold the state file with this cluster software.
    INCOMPATIBLE_STATEFILE_SR => incompatible_statefile_sr(sr_type: "SR type");
    /// There is no cluster software of this name.
    INVALID_CLUSTER_STACK => invalid_cluster_stack(cluster_stack: "cluster_stack");
    /// The host is the master of others and cannot join another pool.
    JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS => joining_host_cannot_be_master_of_other_hosts();
    /// The host uses shared storage; forget it before joining.
    JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS => joining_host_cannot_contain_shared_srs();
    /// The host has running or suspended machines; shut them down before joining.
    JOINING_HOST_CANNOT_HAVE_RUNNING_OR_SUSPENDED_VMS => joining_host_cannot_have_running_or_suspended_vms();
    /// The host runs machines; shut them down before joining.
    JOINING_HOST_CANNOT_HAVE_RUNNING_VMS => joining_host_cannot_have_running_vms();
    /// Something is being done to machines of the host; wait until it is finished.
    JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS => joining_host_cannot_have_vms_with_current_operations();
    /// The master of the pool cannot be reached.
    JOINING_HOST_CONNECTION_FAILED => joining_host_connection_failed();
    /// The master of the pool refused; check the user name and password.
    JOINING_HOST_SERVICE_FAILED => joining_host_service_failed();
    /// No host of the cluster can be reached.
    NO_CLUSTER_HOSTS_REACHABLE => no_cluster_hosts_reachable(cluster: "cluster");
    /// No host of the cluster fits.
    NO_COMPATIBLE_CLUSTER_HOST => no_compatible_cluster_host(host: "host");
    /// There are already as many logs of the database as there may be.
    NO_MORE_REDO_LOGS_ALLOWED => no_more_redo_logs_allowed();
    /// External authentication is already enabled on this host.
    POOL_AUTH_ALREADY_ENABLED => pool_auth_already_enabled(host: "host");
    /// The host and the pool use different directory services.
    POOL_JOINING_EXTERNAL_AUTH_MISMATCH => pool_joining_external_auth_mismatch();
    /// The host and the pool trust different authorities by the same name.
    POOL_JOINING_HOST_CA_CERTIFICATES_CONFLICT => pool_joining_host_ca_certificates_conflict();
    /// The host has bonds; destroy them before joining, the pool's will be made.
    POOL_JOINING_HOST_HAS_BONDS => pool_joining_host_has_bonds();
    /// The host has SR-IOV networks; destroy them before joining.
    POOL_JOINING_HOST_HAS_NETWORK_SRIOVS => pool_joining_host_has_network_sriovs();
    /// The host has VLANs beside the one for management; destroy them before joining.
    POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS => pool_joining_host_has_non_management_vlans();
    /// The host has tunnels; destroy them before joining.
    POOL_JOINING_HOST_HAS_TUNNELS => pool_joining_host_has_tunnels();
    /// The host is managed on another VLAN than the pool.
    POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH => pool_joining_host_management_vlan_does_not_match(local: "local", remote: "remote");
    /// The host must have exactly one address on the network of the cluster.
    POOL_JOINING_HOST_MUST_HAVE_ONLY_ONE_IP_ON_CLUSTERING_NETWORK => pool_joining_host_must_have_only_one_ip_on_clustering_network();
    /// The management interface of the host must be a NIC.
    POOL_JOINING_HOST_MUST_HAVE_PHYSICAL_MANAGEMENT_NIC => pool_joining_host_must_have_physical_management_nic();
    /// The host speaks another version of the API than the pool.
    POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION => pool_joining_host_must_have_same_api_version(host_api_version: "host_api_version", master_api_version: "master_api_version");
    /// The host has another form of database than the pool.
    POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA => pool_joining_host_must_have_same_db_schema(host_db_schema: "host_db_schema", master_db_schema: "master_db_schema");
    /// The host has another version of the product than the pool.
    POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION => pool_joining_host_must_have_same_product_version();
    /// The host must have nothing but NICs.
    POOL_JOINING_HOST_MUST_ONLY_HAVE_PHYSICAL_PIFS => pool_joining_host_must_only_have_physical_pifs();
    /// One of host and pool checks certificates, and the other does not.
    POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH => pool_joining_host_tls_verification_mismatch();
    /// The host and the pool trust different certificates in the same place.
    POOL_JOINING_HOST_TRUSTED_CERTIFICATES_CONFLICT => pool_joining_host_trusted_certificates_conflict(ref_in_pool: "ref_in_pool", ref_on_host: "ref_on_host");
    /// The master's certificate is not among those that its pool gave.
    POOL_JOINING_MASTER_CERTIFICATE_NOT_IN_POOL_BUNDLE => pool_joining_master_certificate_not_in_pool_bundle(master_uuid: "master_uuid");
    /// No certificates of the pool arrived on the host.
    POOL_JOINING_POOL_BUNDLE_EMPTY_AFTER_IMPORT => pool_joining_pool_bundle_empty_after_import(bundle_path: "bundle_path");
    /// The pool's cluster is on a VLAN, and a joining host cannot enter that by itself.
    POOL_JOINING_POOL_CANNOT_ENABLE_CLUSTERING_ON_VLAN_NETWORK => pool_joining_pool_cannot_enable_clustering_on_vlan_network(vlan: "vlan");
    /// The storage plugins of the host and the pool can do different things.
    POOL_JOINING_SM_FEATURES_INCOMPATIBLE => pool_joining_sm_features_incompatible(pool_sm_ref: "pool_sm_ref", candidate_sm_ref: "candidate_sm_ref");
    /// This cannot be done while changes of the database are written to a shared disk.
    REDO_LOG_IS_ENABLED => redo_log_is_enabled();
    /// The workload-balancing server did not accept the user name or password.
    WLB_AUTHENTICATION_FAILED => wlb_authentication_failed();
    /// The workload-balancing server refused the connection.
    WLB_CONNECTION_REFUSED => wlb_connection_refused();
    /// The workload-balancing server broke off the connection.
    WLB_CONNECTION_RESET => wlb_connection_reset();
    /// Workload balancing is turned off.
    WLB_DISABLED => wlb_disabled();
    /// Something went wrong inside the workload-balancing server.
    WLB_INTERNAL_ERROR => wlb_internal_error();
    /// The workload-balancing server did not understand the request.
    WLB_MALFORMED_REQUEST => wlb_malformed_request();
    /// The answer of the workload-balancing server could not be read.
    WLB_MALFORMED_RESPONSE => wlb_malformed_response(method: "method", reason: "reason", response: "response");
    /// No workload-balancing server looks after this pool.
    WLB_NOT_INITIALIZED => wlb_not_initialized();
    /// The workload-balancing server took too long to answer.
    WLB_TIMEOUT => wlb_timeout(configured_timeout: "configured_timeout");
    /// The workload-balancing server could not be found.
    WLB_UNKNOWN_HOST => wlb_unknown_host();
    /// This is no address of a workload-balancing server.
    WLB_URL_INVALID => wlb_url_invalid(url: "url");
    /// The workload-balancing server could not log in to this pool with the given user name and password.
    WLB_XENSERVER_AUTHENTICATION_FAILED => wlb_xenserver_authentication_failed();
    /// The workload-balancing server was refused a connection to this pool.
    WLB_XENSERVER_CONNECTION_REFUSED => wlb_xenserver_connection_refused();
    /// The workload-balancing server could not read an answer of this pool.
    WLB_XENSERVER_MALFORMED_RESPONSE => wlb_xenserver_malformed_response();
    /// The workload-balancing server waited too long for this pool.
    WLB_XENSERVER_TIMEOUT => wlb_xenserver_timeout();
    /// The workload-balancing server could not find this pool.
    WLB_XENSERVER_UNKNOWN_HOST => wlb_xenserver_unknown_host();
    /// External authentication could not be disabled on the host.
    pool_auth_disable_failed => pool_auth_disable_failed(host: "host", message: "message");
    /// External authentication could not be disabled on the host: the account is not valid.
    pool_auth_disable_failed_invalid_account => pool_auth_disable_failed_invalid_account(host: "host", message: "message");
    /// External authentication could not be disabled on the host: the directory service refused permission.
    pool_auth_disable_failed_permission_denied => pool_auth_disable_failed_permission_denied(host: "host", message: "message");
    /// External authentication could not be disabled on the host: the directory service did not accept the user name or password.
    pool_auth_disable_failed_wrong_credentials => pool_auth_disable_failed_wrong_credentials(host: "host", message: "message");
    /// External authentication could not be enabled on the host.
    pool_auth_enable_failed => pool_auth_enable_failed(host: "host", message: "message");
    /// External authentication could not be enabled on the host: the domain's servers could not be found.
    pool_auth_enable_failed_domain_lookup_failed => pool_auth_enable_failed_domain_lookup_failed(host: "host", message: "message");
    /// External authentication could not be enabled on the host: another host has the same name.
    pool_auth_enable_failed_duplicate_hostname => pool_auth_enable_failed_duplicate_hostname(host: "host", message: "message");
    /// External authentication could not be enabled on the host: the account is not valid.
    pool_auth_enable_failed_invalid_account => pool_auth_enable_failed_invalid_account(host: "host", message: "message");
    /// External authentication could not be enabled on the host: there is no such organisational unit.
    pool_auth_enable_failed_invalid_ou => pool_auth_enable_failed_invalid_ou(host: "host", message: "message");
    /// External authentication could not be enabled on the host: the installed certificates are not usable.
    pool_auth_enable_failed_invalid_trusted_certs => pool_auth_enable_failed_invalid_trusted_certs(host: "host", message: "message");
    /// External authentication could not be enabled on the host: the directory service and the host have no way of encryption in common.
    pool_auth_enable_failed_no_supp_encrypt_type => pool_auth_enable_failed_no_supp_encrypt_type(host: "host", message: "message");
    /// External authentication could not be enabled on the host: no certificate is installed to check the directory service against.
    pool_auth_enable_failed_no_trusted_certs => pool_auth_enable_failed_no_trusted_certs(host: "host", message: "message");
    /// External authentication could not be enabled on the host: the directory service refused permission.
    pool_auth_enable_failed_permission_denied => pool_auth_enable_failed_permission_denied(host: "host", message: "message");
    /// External authentication could not be enabled on the host: no encrypted connection to the directory service could be made.
    pool_auth_enable_failed_setup_tls_connection => pool_auth_enable_failed_setup_tls_connection(host: "host", message: "message");
    /// External authentication could not be enabled on the host: the directory service did not answer.
    pool_auth_enable_failed_unavailable => pool_auth_enable_failed_unavailable(host: "host", message: "message");
    /// External authentication could not be enabled on the host: the directory service did not accept the user name or password.
    pool_auth_enable_failed_wrong_credentials => pool_auth_enable_failed_wrong_credentials(host: "host", message: "message");
}
