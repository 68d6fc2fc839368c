//! Certificates: the host's own, and those that the pool trusts. The order of checks and the errors are those of XAPI.

use uuid::Uuid;
use xapi_db::Read;
use xapi_model::host::{
    EmergencyResetServerCertificate, GetServerCertificate, InstallServerCertificate,
    RefreshServerCertificate, ResetServerCertificate,
};
use xapi_model::pool::{
    CertificateInstall, CertificateList, CertificateSync, CertificateUninstall, CrlInstall,
    CrlList, CrlUninstall, InstallCaCertificate, InstallTrustedCertificate, UninstallCaCertificate,
    UninstallTrustedCertificate,
};
use xapi_model::{ApiError, Certificate as Row, CertificateType, Host, Ref, errors};
use xapi_tls::{BadIdentity, BadKey, Certificate, Identity, PrivateKey};

use crate::Result;
use crate::certificates::shared::{self, file_of};
use crate::certificates::staged::{self, Stage, Step};
use crate::certificates::{self, Own};
use crate::context::Cx;
use crate::ops::pif::refuse_ha_enabled;
use crate::pool::job::Job;
use crate::trust::{self, Kind};

/// `host.install_server_certificate`.
pub fn install_server_certificate(cx: &Cx<'_>, call: InstallServerCertificate) -> Result<()> {
    cx.core.agent_of(&cx.core.view()?, &call.host)?;
    refuse_ha_enabled(&cx.core.view()?)?;
    let key = PrivateKey::parse(&call.private_key).map_err(bad_key)?;
    key.check().map_err(bad_key)?;
    let certificate = Certificate::parse(&call.certificate).map_err(|why| {
        tracing::info!("a certificate is refused: {why}");
        errors::server_certificate_invalid()
    })?;
    let validity = Validity {
        not_yet: |now, begin| errors::server_certificate_not_valid_yet(now, begin),
        expired: |now, end| errors::server_certificate_expired(now, end),
    };
    validity.check(cx.core.seconds(), &certificate)?;
    if !key.belongs_to(&certificate) {
        return Err(errors::server_certificate_key_mismatch());
    }
    if !certificate.is_signed_well() {
        return Err(errors::server_certificate_signature_not_supported());
    }
    let mut chain = vec![certificate];
    if !call.certificate_chain.is_empty() {
        let links = Certificate::parse_all(&call.certificate_chain);
        chain.extend(links.map_err(|why| {
            tracing::info!("a chain of certificates is refused: {why}");
            errors::server_certificate_chain_invalid()
        })?);
    }
    let identity = Identity::new(&key, chain).map_err(|why| {
        tracing::info!("a certificate is refused: {why}");
        match why {
            BadIdentity::Certificate(_) => errors::server_certificate_invalid(),
            // What the cryptography does not take although it looks like a key.
            BadIdentity::Key(_) | BadIdentity::Pair(_) => errors::server_certificate_key_invalid(),
        }
    })?;
    match cx.core.is_here(&call.host) {
        true => certificates::replace(cx.core, identity),
        false => staged::replace(cx.core, &call.host, Own::Outside, Some(&identity)),
    }
}

fn bad_key(why: BadKey) -> ApiError {
    tracing::info!("a private key is refused: {why}");
    match why {
        BadKey::Unreadable(_) => errors::server_certificate_key_invalid(),
        BadKey::Algorithm(name) => errors::server_certificate_key_algorithm_not_supported(name),
        BadKey::RsaLength(bits) => errors::server_certificate_key_rsa_length_not_supported(bits),
        BadKey::RsaMulti => errors::server_certificate_key_rsa_multi_not_supported(),
    }
}

/// The errors for a certificate that is not valid now: with the time, and with the begin or end of its validity.
struct Validity {
    not_yet: fn(String, String) -> ApiError,
    expired: fn(String, String) -> ApiError,
}

impl Validity {
    fn check(&self, now: i64, certificate: &Certificate) -> Result<()> {
        let text = |seconds| {
            let time = jiff::Timestamp::from_second(seconds);
            time.map_or_else(|_| seconds.to_string(), |time| time.to_string())
        };
        if now < certificate.not_before() {
            return Err((self.not_yet)(text(now), text(certificate.not_before())));
        }
        if now > certificate.not_after() {
            return Err((self.expired)(text(now), text(certificate.not_after())));
        }
        Ok(())
    }
}

/// `host.reset_server_certificate`: a new one that signs itself.
pub fn reset_server_certificate(cx: &Cx<'_>, call: ResetServerCertificate) -> Result<()> {
    cx.core.agent_of(&cx.core.view()?, &call.host)?;
    reset(cx, &call.host)
}

/// `host.emergency_reset_server_certificate`: the same for whoever is on the host.
pub fn emergency_reset_server_certificate(
    cx: &Cx<'_>,
    _: EmergencyResetServerCertificate,
) -> Result<()> {
    reset(cx, &cx.core.localhost()?)
}

/// `host.refresh_server_certificate`: a new one for other hosts of the pool.
pub fn refresh_server_certificate(cx: &Cx<'_>, call: RefreshServerCertificate) -> Result<()> {
    cx.core.agent_of(&cx.core.view()?, &call.host)?;
    // A slave that is not there would know only the old one, and believe nobody who shows the new one.
    cx.core.pool.all_linked(&cx.core.view()?)?;
    staged::replace(cx.core, &call.host, Own::Inside, None)
}

fn reset(cx: &Cx<'_>, host: &Ref<Host>) -> Result<()> {
    if !cx.core.is_here(host) {
        return staged::replace(cx.core, host, Own::Outside, None);
    }
    let made = certificates::make(cx.core, Own::Outside);
    let identity = made.map_err(|why| errors::internal_error(why.to_string()))?;
    certificates::replace(cx.core, identity)
}

/// `host.get_server_certificate`: from the file, without its key and chain.
pub fn get_server_certificate(cx: &Cx<'_>, call: GetServerCertificate) -> Result<String> {
    let stage = Stage {
        own: Own::Outside,
        step: Step::Tell,
    };
    cx.core.have_told(&call.host, Job::Certificate(stage))
}

/// `pool.install_ca_certificate`.
pub fn install_ca_certificate(cx: &Cx<'_>, call: InstallCaCertificate) -> Result<()> {
    install_authority(cx, &call.name, &call.cert)
}

/// `pool.certificate_install`, an older name of the same.
pub fn certificate_install(cx: &Cx<'_>, call: CertificateInstall) -> Result<()> {
    install_authority(cx, &call.name, &call.cert)
}

fn install_authority(cx: &Cx<'_>, name: &str, text: &str) -> Result<()> {
    // XAPI has no constructors for these in its published list of errors, and answers them all the same.
    let certificate = Certificate::parse(text).map_err(|why| {
        tracing::info!("{name:?} is refused: {why}");
        ApiError::new("CA_CERTIFICATE_INVALID", Vec::new())
    })?;
    let validity = Validity {
        not_yet: |now, begin| ApiError::new("CA_CERTIFICATE_NOT_VALID_YET", vec![now, begin]),
        expired: |now, end| ApiError::new("CA_CERTIFICATE_EXPIRED", vec![now, end]),
    };
    validity.check(cx.core.seconds(), &certificate)?;
    let config = &cx.core.config;
    let alone = cx.core.certificates();
    Kind::Authority.check_new(config, name)?;
    // Anybody may read the file, and what was sent may hold more than the certificate: its key, for instance.
    let files = Kind::Authority.add(config, name, &certificate.pem())?;
    cx.core.store.change(|draft| {
        for (row, old) in certificates::trusted(draft)? {
            // Its file is gone; somebody took it away by hand.
            if old.name == name {
                draft.destroy(&row)?;
            }
        }
        let mut row = certificates::row(CertificateType::Ca, Ref::null(), &certificate);
        row.name = name.to_owned();
        draft.insert(row).map(drop)
    })?;
    files.keep();
    drop(alone);
    tell_all(cx);
    Ok(())
}

/// `pool.uninstall_ca_certificate`.
pub fn uninstall_ca_certificate(cx: &Cx<'_>, call: UninstallCaCertificate) -> Result<()> {
    uninstall_authority(cx, &call.name, call.force)
}

/// `pool.certificate_uninstall`, an older name of the same.
pub fn certificate_uninstall(cx: &Cx<'_>, call: CertificateUninstall) -> Result<()> {
    uninstall_authority(cx, &call.name, false)
}

fn uninstall_authority(cx: &Cx<'_>, name: &str, force: bool) -> Result<()> {
    let config = &cx.core.config;
    let alone = cx.core.certificates();
    Kind::Authority.check_known(config, name, force)?;
    let files = Kind::Authority.remove(config, name)?;
    cx.core.store.change(|draft| {
        let mut known = false;
        for (row, old) in certificates::trusted(draft)? {
            if old.kind == CertificateType::Ca && old.name == name {
                known = true;
                draft.destroy(&row)?;
            }
        }
        known
            .then_some(())
            .ok_or_else(|| errors::invalid_value("certificate:name", name))
    })?;
    files.keep();
    drop(alone);
    tell_all(cx);
    Ok(())
}

/// `pool.certificate_list`: names of the authorities that have one.
pub fn certificate_list(cx: &Cx<'_>, _: CertificateList) -> Result<Vec<String>> {
    let rows = cx.core.view()?.all::<Row>()?.into_iter();
    let named = rows.filter(|(_, row)| row.kind == CertificateType::Ca && !row.name.is_empty());
    Ok(named.map(|(_, row)| row.name).collect())
}

/// The other hosts get what has changed: those that are linked now, the others when they are.
fn tell_all(cx: &Cx<'_>) {
    // What fails is in the log, and no reason to take back what this host has.
    drop(shared::send_all(cx.core, false));
}

/// `pool.certificate_sync`: the bundles are made anew, and every host that is linked has the same files afterwards. The error
/// of a host that has not.
pub fn certificate_sync(cx: &Cx<'_>, _: CertificateSync) -> Result<()> {
    let alone = cx.core.certificates();
    trust::sync(&cx.core.config)?;
    drop(alone);
    match shared::send_all(cx.core, true).into_iter().next() {
        Some((_, why)) => Err(why),
        None => Ok(()),
    }
}

/// `pool.crl_install`. Unlike XAPI we look whether it is a revocation list.
pub fn crl_install(cx: &Cx<'_>, call: CrlInstall) -> Result<()> {
    let alone = cx.core.certificates();
    Kind::Revocations.check_new(&cx.core.config, &call.name)?;
    xapi_tls::check_revocations(&call.cert).map_err(|why| {
        tracing::info!("{:?} is refused: {why}", call.name);
        errors::crl_corrupt(&call.name)
    })?;
    let files = Kind::Revocations.add(&cx.core.config, &call.name, &call.cert)?;
    files.keep();
    drop(alone);
    tell_all(cx);
    Ok(())
}

/// `pool.crl_uninstall`.
pub fn crl_uninstall(cx: &Cx<'_>, call: CrlUninstall) -> Result<()> {
    let alone = cx.core.certificates();
    Kind::Revocations.check_known(&cx.core.config, &call.name, false)?;
    let files = Kind::Revocations.remove(&cx.core.config, &call.name)?;
    files.keep();
    drop(alone);
    tell_all(cx);
    Ok(())
}

/// `pool.crl_list`.
pub fn crl_list(cx: &Cx<'_>, _: CrlList) -> Result<Vec<String>> {
    Kind::Revocations.names(&cx.core.config)
}

/// `pool.install_trusted_certificate`.
pub fn install_trusted_certificate(cx: &Cx<'_>, call: InstallTrustedCertificate) -> Result<()> {
    if !cx.core.view()?.exists(&call.this)? {
        return Err(errors::handle_invalid("pool", &call.this));
    }
    let certificate = Certificate::parse(&call.cert).map_err(|why| {
        tracing::info!("a trusted certificate is refused: {why}");
        errors::trusted_certificate_invalid()
    })?;
    let validity = Validity {
        not_yet: |now, begin| errors::trusted_certificate_not_valid_yet(now, begin),
        expired: |now, end| errors::trusted_certificate_expired(now, end),
    };
    validity.check(cx.core.seconds(), &certificate)?;
    let mut purpose = call.purpose;
    purpose.sort_unstable();
    purpose.dedup();
    let (kind, store) = match (call.ca, purpose.is_empty()) {
        (true, _) => (CertificateType::Ca, Kind::Root(purpose.clone())),
        (false, false) => (CertificateType::Pinned, Kind::Pinned(purpose.clone())),
        (false, true) => return Err(errors::certificate_lacks_purpose()),
    };
    let mut row = certificates::row(kind, Ref::null(), &certificate);
    row.uuid = Uuid::new_v4().to_string();
    row.purpose = purpose;
    let name = file_of(&row);
    let alone = cx.core.certificates();
    refuse_known(cx, &row)?;
    store.check_new(&cx.core.config, &name)?;
    // As for authorities: nothing but the certificate.
    let files = store.add(&cx.core.config, &name, &certificate.pem())?;
    cx.core.store.change(|draft| draft.insert(row.clone()))?;
    files.keep();
    drop(alone);
    tell_all(cx);
    Ok(())
}

/// Refuses a certificate that is already trusted for one of its purposes, or for everything if this one is.
fn refuse_known(cx: &Cx<'_>, row: &Row) -> Result<()> {
    let known = cx.core.view()?.all::<Row>()?.into_iter().any(|(_, old)| {
        let shared = old.purpose.iter().any(|one| row.purpose.contains(one));
        old.kind == row.kind
            && old.fingerprint_sha256 == row.fingerprint_sha256
            && (shared || old.purpose == row.purpose)
    });
    match known {
        true => Err(errors::trusted_certificate_already_exists(
            &row.fingerprint_sha256,
        )),
        false => Ok(()),
    }
}

/// `pool.uninstall_trusted_certificate`.
pub fn uninstall_trusted_certificate(cx: &Cx<'_>, call: UninstallTrustedCertificate) -> Result<()> {
    let view = cx.core.view()?;
    if !view.exists(&call.this)? {
        return Err(errors::handle_invalid("pool", &call.this));
    }
    let row = view.get(&call.certificate)?;
    // An authority that has a name has its file under it.
    let name = Some(row.name.clone()).filter(|name| !name.is_empty());
    let store = match (row.kind, &name) {
        (CertificateType::Ca, Some(_)) => Kind::Authority,
        (CertificateType::Ca, None) => Kind::Root(row.purpose.clone()),
        (CertificateType::Pinned, _) => Kind::Pinned(row.purpose.clone()),
        _ => return Err(errors::not_trusted_certificate(&call.certificate)),
    };
    let name = name.unwrap_or_else(|| file_of(&row));
    let alone = cx.core.certificates();
    store.check_known(&cx.core.config, &name, true)?;
    let files = store.remove(&cx.core.config, &name)?;
    cx.core
        .store
        .change(|draft| draft.destroy(&call.certificate))?;
    files.keep();
    drop(alone);
    tell_all(cx);
    Ok(())
}
