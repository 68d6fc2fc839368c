//! Calls of `pool`: certificates, users and remote access of all hosts.

use super::*;

/// Takes over trusted certificates from another pool.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.sync_trusted_certificates_from", out = Vec<Ref<Certificate>>, role = PoolOperator, client_cert, state = Prototyped)]
pub struct SyncTrustedCertificatesFrom {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Address of the other pool.
    pub remote_pool: String,
    /// A session there.
    pub remote_session: Ref<Session>,
    /// Certificate that the other pool is known by.
    pub remote_certificate: String,
    /// True for authorities, false for single servers.
    pub ca: bool,
}

/// Stops trusting a certificate, on every host.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.uninstall_trusted_certificate", role = PoolOperator, client_cert, state = Prototyped)]
pub struct UninstallTrustedCertificate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The certificate.
    pub certificate: Ref<Certificate>,
}

/// Trusts a certificate from now on, on every host. Refused with a TRUSTED_CERTIFICATE_… code.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.install_trusted_certificate", role = PoolOperator, client_cert, state = Prototyped)]
pub struct InstallTrustedCertificate {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True for an authority, false for a single server.
    pub ca: bool,
    /// The certificate, in PEM.
    pub cert: String,
    /// What it is for; empty for everything.
    pub purpose: Vec<CertificatePurpose>,
}

/// Says for all hosts whether SSH is opened by itself while the API does not answer.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ssh_auto_mode", role = PoolAdmin, state = Prototyped)]
pub struct SetSshAutoMode {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True for by itself.
    pub value: bool,
}

/// Says for all hosts when an idle console is logged out.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_console_idle_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetConsoleIdleTimeout {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Seconds; 0 for never.
    pub value: i64,
}

/// Says for all hosts how long SSH stays open once it is enabled.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ssh_enabled_timeout", role = PoolAdmin, state = Prototyped)]
pub struct SetSshEnabledTimeout {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Seconds; 0 for ever.
    pub value: i64,
}

/// Closes SSH on all hosts. Refused with DISABLE_SSH_PARTIALLY_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct DisableSsh {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Opens SSH on all hosts. Refused with ENABLE_SSH_PARTIALLY_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ssh", role = PoolAdmin, state = Prototyped)]
pub struct EnableSsh {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Says how long successful checks of directory users are remembered.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_expiry", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheExpiry {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Seconds.
    pub value: i64,
}

/// Says how many successful checks of directory users are remembered.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_size", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheSize {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Their number.
    pub value: i64,
}

/// Says whether successful checks of directory users are remembered.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_cache_enabled", role = PoolOperator, state = Prototyped)]
pub struct SetExtAuthCacheEnabled {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True to remember them.
    pub value: bool,
}

/// Says how many logins of directory users are checked at once.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_ext_auth_max_threads", role = PoolOperator, state = Prototyped, sync)]
pub struct SetExtAuthMaxThreads {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Their number.
    pub value: i64,
}

/// Says how many logins of local users are checked at once.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_local_auth_max_threads", role = PoolOperator, state = Prototyped, sync)]
pub struct SetLocalAuthMaxThreads {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// Their number.
    pub value: i64,
}

/// Says for all hosts whether they are managed through HTTPS only.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.set_https_only", role = PoolOperator, state = Prototyped)]
pub struct SetHttpsOnly {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// True to close plain HTTP.
    pub value: bool,
}

/// No longer lets a certificate stand for a login.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_client_certificate_auth", role = PoolOperator, client_cert)]
pub struct DisableClientCertificateAuth {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Lets a client's certificate stand for a login.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_client_certificate_auth", role = PoolOperator, client_cert)]
pub struct EnableClientCertificateAuth {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
    /// The name that the certificate must carry.
    pub name: String,
}

/// Refuses old versions of TLS. They are refused anyway.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_ssl_legacy", role = PoolOperator, state = Deprecated)]
pub struct DisableSslLegacy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Was a way to accept old versions of TLS.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_ssl_legacy", role = PoolOperator, state = Removed)]
pub struct EnableSslLegacy {
    /// The pool.
    #[param(name = "self")]
    pub this: Ref<Pool>,
}

/// Lets hosts check each other's certificates from now on.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_tls_verification", role = PoolAdmin, sync)]
pub struct EnableTlsVerification {}

/// Copies the trusted certificates and revocation lists of the master to all hosts.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_sync", role = PoolOperator)]
pub struct CertificateSync {}

/// Names of the revocation lists.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_list", out = Vec<String>, role = PoolOperator)]
pub struct CrlList {}

/// Removes a revocation list from all hosts. Refused with CRL_DOES_NOT_EXIST.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_uninstall", role = PoolOperator)]
pub struct CrlUninstall {
    /// Its name.
    pub name: String,
}

/// Adds a revocation list to all hosts. Refused with CRL_ALREADY_EXISTS, CRL_CORRUPT and CRL_NAME_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.crl_install", role = PoolOperator)]
pub struct CrlInstall {
    /// A name for it.
    pub name: String,
    /// The list, in PEM.
    pub cert: String,
}

/// Stops trusting an authority; pool.uninstall_trusted_certificate replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.uninstall_ca_certificate", role = PoolOperator, client_cert, state = Deprecated)]
pub struct UninstallCaCertificate {
    /// Its name.
    pub name: String,
    /// True to remove the record though the file is gone.
    #[param(default = false)]
    pub force: bool,
}

/// Trusts an authority; pool.install_trusted_certificate replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.install_ca_certificate", role = PoolOperator, client_cert, state = Deprecated)]
pub struct InstallCaCertificate {
    /// A name for it.
    pub name: String,
    /// Its certificate, in PEM.
    pub cert: String,
}

/// Names of the trusted authorities.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_list", out = Vec<String>, role = PoolOperator, state = Deprecated)]
pub struct CertificateList {}

/// Stops trusting an authority, by an old name of the call.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_uninstall", role = PoolOperator, state = Deprecated)]
pub struct CertificateUninstall {
    /// Its name.
    pub name: String,
}

/// Trusts an authority, by an old name of the call.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.certificate_install", role = PoolOperator, state = Deprecated)]
pub struct CertificateInstall {
    /// A name for it.
    pub name: String,
    /// Its certificate, in PEM.
    pub cert: String,
}

/// Looks whether all hosts use the same directory service, and makes an alert when not.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.detect_nonhomogeneous_external_auth", role = PoolOperator, sync)]
pub struct DetectNonhomogeneousExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
}

/// Changes all hosts between plain and encrypted LDAP.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.external_auth_set_ldaps", role = PoolAdmin, sync)]
pub struct ExternalAuthSetLdaps {
    /// The pool.
    pub pool: Ref<Pool>,
    /// True for encrypted.
    pub ldaps: bool,
    /// True to go on although a test failed.
    #[param(default = false)]
    pub force: bool,
}

/// Has all hosts leave the directory service. Refused with a pool_auth_disable_failed… code that names the
/// host.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.disable_external_auth", role = PoolAdmin, sync)]
pub struct DisableExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
    /// User and password for leaving, if the service wants them.
    #[param(default = BTreeMap::new())]
    pub config: BTreeMap<String, String>,
}

/// Lets users of a directory service log in to all hosts. Refused with POOL_AUTH_ALREADY_ENABLED or a
/// pool_auth_enable_failed… code that names the host.
#[derive(Clone, Debug, Call)]
#[call(name = "pool.enable_external_auth", role = PoolAdmin, sync)]
pub struct EnableExternalAuth {
    /// The pool.
    pub pool: Ref<Pool>,
    /// Settings of the service, such as user and password for joining.
    pub config: BTreeMap<String, String>,
    /// Name of the service, such as its domain.
    pub service_name: String,
    /// Kind of service; `AD` for Active Directory.
    pub auth_type: String,
}
