//! Errors about certificates and encrypted connections.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
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
    /// Crl already exists.
    CRL_ALREADY_EXISTS => crl_already_exists(name: "name");
    /// Crl corrupt.
    CRL_CORRUPT => crl_corrupt(name: "name");
    /// Crl does not exist.
    CRL_DOES_NOT_EXIST => crl_does_not_exist(name: "name");
    /// Crl name invalid.
    CRL_NAME_INVALID => crl_name_invalid(name: "name");
    /// Not trusted certificate.
    NOT_TRUSTED_CERTIFICATE => not_trusted_certificate(ref_: "ref");
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
    /// Ssl verify error.
    SSL_VERIFY_ERROR => ssl_verify_error(reason: "reason");
    /// Tls connection failed.
    TLS_CONNECTION_FAILED => tls_connection_failed(address: "address", port: "port");
    /// Tls verification not enabled in pool.
    TLS_VERIFICATION_NOT_ENABLED_IN_POOL => tls_verification_not_enabled_in_pool();
    /// Trusted certificate already exists.
    TRUSTED_CERTIFICATE_ALREADY_EXISTS => trusted_certificate_already_exists(fingerprint: "fingerprint");
    /// Trusted certificate expired.
    TRUSTED_CERTIFICATE_EXPIRED => trusted_certificate_expired(now: "now", not_after: "not_after");
    /// Trusted certificate invalid.
    TRUSTED_CERTIFICATE_INVALID => trusted_certificate_invalid();
    /// Trusted certificate not valid yet.
    TRUSTED_CERTIFICATE_NOT_VALID_YET => trusted_certificate_not_valid_yet(now: "now", not_before: "not_before");
}
