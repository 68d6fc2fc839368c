//! Calls of `host`: how a host is reached: its management interface, certificates, users, SSH and name.

use super::*;

/// The programs that talked to this host: their names and versions.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_tracked_user_agents", out = BTreeMap<String, String>, role = ReadOnly, state = Prototyped)]
pub struct GetTrackedUserAgents {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Says whether SSH is opened by itself while the API does not answer.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssh_auto_mode", role = PoolAdmin, state = Prototyped)]
pub struct SetSshAutoMode {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// True for by itself.
    pub value: bool,
}

/// Says when an idle console is logged out.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_console_idle_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetConsoleIdleTimeout {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Seconds; 0 for never.
    pub value: i64,
}

/// Says for how long SSH stays open once it is enabled.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssh_enabled_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetSshEnabledTimeout {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Seconds; 0 for ever.
    pub value: i64,
}

/// Closes SSH on the host. Refused with DISABLE_SSH_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct DisableSsh {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Opens SSH on the host. Refused with ENABLE_SSH_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct EnableSsh {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
}

/// Says whether the host is managed through HTTPS only.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_https_only", role = PoolOperator, state = Prototyped)]
pub struct SetHttpsOnly {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// True to close plain HTTP.
    pub value: bool,
}

/// Checks certificates again on this host.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_reenable_tls_verification", role = LocalRoot, sync)]
pub struct EmergencyReenableTlsVerification {}

/// Stops this host from checking certificates, to get it back into its pool.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_disable_tls_verification", role = LocalRoot, sync)]
pub struct EmergencyDisableTlsVerification {}

/// Kept for older clients. Old versions of TLS cannot be turned on again.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_ssl_legacy", role = PoolOperator)]
pub struct SetSslLegacy {
    /// The host.
    #[param(name = "self")]
    pub this: Ref<Host>,
    /// Only false is accepted.
    pub value: bool,
}

/// Gives the host a new certificate, signed by itself.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reset_server_certificate", role = PoolAdmin)]
pub struct ResetServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// Gives this host a new certificate, signed by itself, without the master.
#[derive(Clone, Debug, Call)]
#[call(name = "host.emergency_reset_server_certificate", role = LocalRoot, sync)]
pub struct EmergencyResetServerCertificate {}

/// Gives the host a certificate for its API. Refused with a SERVER_CERTIFICATE_… code that says what is wrong
/// with it.
#[derive(Clone, Debug, Call)]
#[call(name = "host.install_server_certificate", role = PoolAdmin)]
pub struct InstallServerCertificate {
    /// The host.
    pub host: Ref<Host>,
    /// The certificate, in PEM.
    pub certificate: String,
    /// Its private key, in PEM.
    pub private_key: String,
    /// The certificates between it and a known authority, in PEM.
    #[param(default = String::new())]
    pub certificate_chain: String,
}

/// Replaces the certificate that the host uses inside the pool.
#[derive(Clone, Debug, Call)]
#[call(name = "host.refresh_server_certificate", role = PoolAdmin)]
pub struct RefreshServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// The host's certificate, in PEM.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_server_certificate", out = String, role = ReadOnly)]
pub struct GetServerCertificate {
    /// The host.
    pub host: Ref<Host>,
}

/// Changes between plain and encrypted LDAP.
#[derive(Clone, Debug, Call)]
#[call(name = "host.external_auth_set_ldaps", role = PoolAdmin, sync)]
pub struct ExternalAuthSetLdaps {
    /// The host.
    pub host: Ref<Host>,
    /// True for encrypted.
    pub ldaps: bool,
    /// True to go on although a test failed.
    #[param(default = false)]
    pub force: bool,
}

/// Leaves the directory service. Refused with AUTH_DISABLE_FAILED or one of its kind.
#[derive(Clone, Debug, Call)]
#[call(name = "host.disable_external_auth", role = PoolAdmin, sync)]
pub struct DisableExternalAuth {
    /// The host.
    pub host: Ref<Host>,
    /// User and password for leaving, if the service wants them.
    #[param(default = BTreeMap::new())]
    pub config: BTreeMap<String, String>,
    /// True to leave although the service refused.
    #[param(default = false)]
    pub force: bool,
}

/// Lets users of a directory service log in to this host. Refused with AUTH_ALREADY_ENABLED,
/// AUTH_ENABLE_FAILED or one of its kind.
#[derive(Clone, Debug, Call)]
#[call(name = "host.enable_external_auth", role = PoolAdmin, sync)]
pub struct EnableExternalAuth {
    /// The host.
    pub host: Ref<Host>,
    /// Settings of the service, such as user and password for joining.
    pub config: BTreeMap<String, String>,
    /// Name of the service, such as its domain.
    pub service_name: String,
    /// Kind of service; `AD` for Active Directory.
    pub auth_type: String,
}

/// Calls a program in the host's folder of API extensions. Refused with MESSAGE_METHOD_UNKNOWN when there is
/// none of that name.
#[derive(Clone, Debug, Call)]
#[call(name = "host.call_extension", out = String, role = PoolAdmin, sync)]
pub struct CallExtension {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the extension.
    pub call: String,
}

/// Whether the host has an extension.
#[derive(Clone, Debug, Call)]
#[call(name = "host.has_extension", out = bool, role = PoolAdmin)]
pub struct HasExtension {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the extension.
    pub name: String,
}

/// Runs a function of a plugin on the host and returns what it prints. Refused with XENAPI_MISSING_PLUGIN and
/// XENAPI_PLUGIN_FAILURE.
#[derive(Clone, Debug, Call)]
#[call(name = "host.call_plugin", out = String, role = PoolAdmin)]
pub struct CallPlugin {
    /// The host.
    pub host: Ref<Host>,
    /// Name of the plugin.
    pub plugin: String,
    /// Function of the plugin.
    #[param(name = "fn")]
    pub fn_: String,
    /// Named arguments for the function.
    pub args: BTreeMap<String, String>,
}

/// Changes the name of the host on the network at once. Refused with HOST_NAME_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "host.set_hostname_live", role = PoolOperator, sync)]
pub struct SetHostnameLive {
    /// The host.
    pub host: Ref<Host>,
    /// The new name.
    pub hostname: String,
}

/// Stops the server on this host. Machines and networks go on.
#[derive(Clone, Debug, Call)]
#[call(name = "host.shutdown_agent", role = PoolOperator, sync)]
pub struct ShutdownAgent {}

/// Restarts the server on a host. Machines and networks go on.
#[derive(Clone, Debug, Call)]
#[call(name = "host.restart_agent", role = PoolOperator)]
pub struct RestartAgent {
    /// The host.
    pub host: Ref<Host>,
}

/// The PIF through which the host is managed.
#[derive(Clone, Debug, Call)]
#[call(name = "host.get_management_interface", out = Ref<Pif>, role = PoolOperator)]
pub struct GetManagementInterface {
    /// The host.
    pub host: Ref<Host>,
}

/// Tells whether this host is in emergency mode: most calls are answered HOST_IN_EMERGENCY_MODE then.
#[derive(Clone, Debug, Call)]
#[call(name = "host.is_in_emergency_mode", out = bool, role = PoolOperator, sync, hidden)]
pub struct IsInEmergencyMode {}

/// Looks at the addresses and the name of this host again. Whoever changes them behind the server's back calls this.
#[derive(Clone, Debug, Call)]
#[call(name = "host.signal_networking_change", role = PoolOperator, sync, hidden)]
pub struct SignalNetworkingChange {}

/// Removes every PIF, bond, VLAN, tunnel and network_sriov of a host from the database, with what hangs on them.
/// Networks and VIFs stay, and so does the host's network itself, until a PIF is made the management interface again.
/// The emergency network reset does this, and then more.
#[derive(Clone, Debug, Call)]
#[call(name = "host.reset_networking", role = PoolOperator, hidden)]
pub struct ResetNetworking {
    /// The host.
    pub host: Ref<Host>,
}

/// Closes the API on this host's network interfaces and marks none as management; only the local socket is
/// left. Refused with SLAVE_REQUIRES_MANAGEMENT_INTERFACE on a host that is not the master.
#[derive(Clone, Debug, Call)]
#[call(name = "host.management_disable", role = PoolOperator, sync)]
pub struct ManagementDisable {}

/// Moves management of this host to another interface without asking the master. Refused with
/// NOT_IN_EMERGENCY_MODE while the master can be reached.
#[derive(Clone, Debug, Call)]
#[call(name = "host.local_management_reconfigure", role = PoolOperator, sync)]
pub struct LocalManagementReconfigure {
    /// Name of the interface or its bridge.
    pub interface: String,
}

/// Moves management of a host to another PIF. The PIF is brought up, the API moves there, and the old
/// interface stays as it is. Refused with HA_IS_ENABLED, PIF_UNMANAGED, CANNOT_PLUG_BOND_SLAVE for a member
/// of a bond, PIF_HAS_NO_NETWORK_CONFIGURATION or PIF_HAS_NO_V6_NETWORK_CONFIGURATION, and
/// PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE.
#[derive(Clone, Debug, Call)]
#[call(name = "host.management_reconfigure", role = PoolOperator)]
pub struct ManagementReconfigure {
    /// The PIF to be managed through.
    pub pif: Ref<Pif>,
}

/// Puts a change of `logging` into effect.
#[derive(Clone, Debug, Call)]
#[call(name = "host.syslog_reconfigure", role = PoolOperator)]
pub struct SyslogReconfigure {
    /// The host.
    pub host: Ref<Host>,
}

/// Names of all calls that the server knows.
#[derive(Clone, Debug, Call)]
#[call(name = "host.list_methods", out = Vec<String>, role = ReadOnly, sync)]
pub struct ListMethods {}
