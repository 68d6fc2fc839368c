//! Certificates of hosts, and those that the pool trusts.

use xapi_model::Value;

use super::{Entry, call, hosts, own};
use crate::command::{Context, arg, file, pool};
use crate::failure::Failure;
use crate::server::Row;

pub const CERTIFICATE: &[Entry] = &[
    hosts("host-get-server-certificate", get)
        .one_only()
        .help("Shows the certificate that a host proves itself with."),
    hosts("host-refresh-server-certificate", |cx, host| {
        plain(cx, host, "host.refresh_server_certificate")
    })
    .one_only()
    .help("Makes a new certificate for a host among the hosts of the pool."),
    hosts("host-reset-server-certificate", |cx, host| {
        plain(cx, host, "host.reset_server_certificate")
    })
    .one_only()
    .help("Replaces the certificate of a host by a new one that it signs itself."),
    hosts("host-server-certificate-install", install)
        .one_only()
        .reqd(&["certificate", "private-key"])
        .optional(&["certificate-chain"])
        .help(
            "Gives a host a certificate with its key, both files of PEM, and the certificates between it and the \
             root if there are any.",
        ),
    own("pool-install-ca-certificate", |cx| named(cx, "pool.install_ca_certificate"))
        .reqd(&["filename"])
        .help("Trusts a certificate authority on every host of the pool. The file is PEM."),
    own("pool-certificate-install", |cx| named(cx, "pool.install_ca_certificate"))
        .reqd(&["filename"])
        .help("The older name of pool-install-ca-certificate."),
    call(
        "pool-uninstall-ca-certificate",
        "pool.uninstall_ca_certificate",
        &[arg("name", "name"), arg("force", "force").or("false")],
    )
    .reqd(&["name"])
    .optional(&["force"])
    .help("Does not trust a certificate authority any more."),
    call(
        "pool-certificate-uninstall",
        "pool.uninstall_ca_certificate",
        &[arg("name", "name"), arg("force", "force").or("false")],
    )
    .reqd(&["name"])
    .optional(&["force"])
    .help("The older name of pool-uninstall-ca-certificate."),
    call("pool-certificate-list", "pool.certificate_list", &[])
        .help("Lists the certificate authorities that the pool trusts; certificate-list tells more."),
    call("pool-certificate-sync", "pool.certificate_sync", &[])
        .help("Copies the trusted certificates and revocations from the master to every host."),
    own("pool-crl-install", |cx| named(cx, "pool.crl_install"))
        .reqd(&["filename"])
        .help("Takes a list of revoked certificates to every host of the pool. The file is PEM."),
    call("pool-crl-uninstall", "pool.crl_uninstall", &[arg("name", "name")])
        .reqd(&["name"])
        .help("Removes a list of revoked certificates."),
    call("pool-crl-list", "pool.crl_list", &[]).help("Lists the lists of revoked certificates."),
    call(
        "pool-install-trusted-certificate",
        "pool.install_trusted_certificate",
        &[
            pool("self"),
            arg("ca", "ca"),
            file("cert", "filename"),
            arg("purpose", "purpose").or(""),
        ],
    )
    .reqd(&["filename", "ca"])
    .optional(&["uuid", "purpose"])
    .help("Trusts a certificate, of an authority if ca is true, for the purposes of a comma list or for all."),
    call(
        "pool-uninstall-trusted-certificate",
        "pool.uninstall_trusted_certificate",
        &[pool("self"), arg("certificate", "certificate-uuid")],
    )
    .reqd(&["certificate-uuid"])
    .optional(&["uuid"])
    .help("Does not trust a certificate any more."),
    call("pool-enable-tls-verification", "pool.enable_tls_verification", &[])
        .help("Lets the hosts of the pool check each other's certificates from now on."),
];

fn this(host: &Row) -> Value {
    host.reference.as_str().into()
}

fn plain(cx: &mut Context<'_>, host: &Row, message: &str) -> Result<(), Failure> {
    cx.server.call(message, vec![this(host)]).map(drop)
}

fn get(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let told = cx
        .server
        .call("host.get_server_certificate", vec![this(host)])?;
    cx.say(&xapi_model::Type::String, &told)
}

fn install(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let mut params = vec![this(host)];
    for name in ["certificate", "private-key"] {
        let path = cx.required(name)?;
        params.push(cx.file(path)?.into());
    }
    let chain = match cx.params.get("certificate-chain") {
        Some(path) => cx.file(path)?,
        None => String::new(),
    };
    params.push(chain.into());
    cx.server
        .call("host.install_server_certificate", params)
        .map(drop)
}

/// A file that is known by its own name afterwards.
fn named(cx: &mut Context<'_>, message: &str) -> Result<(), Failure> {
    let path = cx.required("filename")?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let text = cx.file(path)?;
    cx.server
        .call(message, vec![name.into(), text.into()])
        .map(drop)
}
