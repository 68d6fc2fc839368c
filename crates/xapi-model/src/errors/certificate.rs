//! Errors about certificates and encrypted connections.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// A certificate of this name is already installed.
    CERTIFICATE_ALREADY_EXISTS => certificate_already_exists(name: "name");
    /// The certificate cannot be read.
    CERTIFICATE_CORRUPT => certificate_corrupt(name: "name");
    /// There is no certificate of this name.
    CERTIFICATE_DOES_NOT_EXIST => certificate_does_not_exist(name: "name");
    /// It was not said what the certificate is for.
    CERTIFICATE_LACKS_PURPOSE => certificate_lacks_purpose();
    /// The store of certificates cannot be read.
    CERTIFICATE_LIBRARY_CORRUPT => certificate_library_corrupt();
    /// This cannot be the name of a certificate.
    CERTIFICATE_NAME_INVALID => certificate_name_invalid(name: "name");
    /// A revocation list of this name is already installed.
    CRL_ALREADY_EXISTS => crl_already_exists(name: "name");
    /// The revocation list cannot be read.
    CRL_CORRUPT => crl_corrupt(name: "name");
    /// There is no revocation list of this name.
    CRL_DOES_NOT_EXIST => crl_does_not_exist(name: "name");
    /// This cannot be the name of a revocation list.
    CRL_NAME_INVALID => crl_name_invalid(name: "name");
    /// This certificate is not one of the trusted ones.
    NOT_TRUSTED_CERTIFICATE => not_trusted_certificate(ref_: "ref");
    /// The chain of certificates cannot be read.
    SERVER_CERTIFICATE_CHAIN_INVALID => server_certificate_chain_invalid();
    /// The certificate has expired.
    SERVER_CERTIFICATE_EXPIRED => server_certificate_expired(now: "now", not_after: "not_after");
    /// The certificate cannot be read.
    SERVER_CERTIFICATE_INVALID => server_certificate_invalid();
    /// Keys of this algorithm are not supported.
    SERVER_CERTIFICATE_KEY_ALGORITHM_NOT_SUPPORTED => server_certificate_key_algorithm_not_supported(algorithm_oid: "algorithm_oid");
    /// The private key cannot be read.
    SERVER_CERTIFICATE_KEY_INVALID => server_certificate_key_invalid();
    /// The private key does not belong to the certificate.
    SERVER_CERTIFICATE_KEY_MISMATCH => server_certificate_key_mismatch();
    /// RSA keys of this length are not supported.
    SERVER_CERTIFICATE_KEY_RSA_LENGTH_NOT_SUPPORTED => server_certificate_key_rsa_length_not_supported(length: "length");
    /// RSA keys of more than two primes are not supported.
    SERVER_CERTIFICATE_KEY_RSA_MULTI_NOT_SUPPORTED => server_certificate_key_rsa_multi_not_supported();
    /// The certificate is not valid yet.
    SERVER_CERTIFICATE_NOT_VALID_YET => server_certificate_not_valid_yet(now: "now", not_before: "not_before");
    /// The certificate is signed by an algorithm that is not supported.
    SERVER_CERTIFICATE_SIGNATURE_NOT_SUPPORTED => server_certificate_signature_not_supported();
    /// The certificate of the other side could not be verified.
    SSL_VERIFY_ERROR => ssl_verify_error(reason: "reason");
    /// No encrypted connection could be made.
    TLS_CONNECTION_FAILED => tls_connection_failed(address: "address", port: "port");
    /// The pool does not check certificates; enable that first.
    TLS_VERIFICATION_NOT_ENABLED_IN_POOL => tls_verification_not_enabled_in_pool();
    /// This certificate is already trusted.
    TRUSTED_CERTIFICATE_ALREADY_EXISTS => trusted_certificate_already_exists(fingerprint: "fingerprint");
    /// The certificate has expired and cannot be trusted.
    TRUSTED_CERTIFICATE_EXPIRED => trusted_certificate_expired(now: "now", not_after: "not_after");
    /// The certificate cannot be read and so cannot be trusted.
    TRUSTED_CERTIFICATE_INVALID => trusted_certificate_invalid();
    /// The certificate is not valid yet and cannot be trusted.
    TRUSTED_CERTIFICATE_NOT_VALID_YET => trusted_certificate_not_valid_yet(now: "now", not_before: "not_before");
}
