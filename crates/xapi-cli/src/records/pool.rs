//! The pool.

use xapi_model::{Type, Value, classes};

use super::{Declared, Row, Server, Shown, mro, mrw, ro, rw, sro, srw};
use crate::failure::Failure;
use crate::shown::{UNKNOWN, text};

pub const POOL: Declared = Declared {
    shown: &[
        "uuid",
        "name-label",
        "name-description",
        "master",
        "default-SR",
    ],
    narrowed: &[],
    fields: &[
        ro("uuid"),
        rw("name-label"),
        rw("name-description"),
        ro("master"),
        rw("default-SR"),
        rw("crash-dump-SR"),
        rw("suspend-image-SR"),
        ro("supported-sr-types").asks(sr_types).expensive(),
        mrw("other-config"),
        sro("allowed-operations"),
        sro("current-operations"),
        ro("ha-enabled"),
        ro("ha-configuration"),
        ro("ha-statefiles"),
        rw("ha-host-failures-to-tolerate"),
        ro("ha-plan-exists-for"),
        rw("ha-allow-overcommit"),
        ro("ha-overcommitted"),
        rw("ha-reboot-vm-on-internal-shutdown"),
        ro("blobs"),
        ro("wlb-url"),
        ro("wlb-username"),
        rw("wlb-enabled"),
        rw("wlb-verify-cert"),
        rw("igmp-snooping-enabled"),
        mrw("gui-config"),
        mrw("health-check-config"),
        ro("vswitch-controller").hidden(),
        ro("restrictions"),
        srw("tags").commas(),
        ro("license-state").asks(license_state),
        ro("ha-cluster-stack"),
        mrw("guest-agent-config"),
        mro("cpu_info"),
        rw("policy-no-vendor-device"),
        rw("live-patching-disabled"),
        rw("uefi-certificates").hidden(),
        rw("custom-uefi-certificates").hidden(),
        ro("tls-verification-enabled"),
        ro("client-certificate-auth-enabled"),
        ro("client-certificate-auth-name"),
        srw("repositories")
            .changed_by("pool.add_repository", "pool.remove_repository")
            .whole(),
        ro("repository-proxy-url"),
        ro("repository-proxy-username"),
        rw("https-only")
            .asks(|s, _| of_hosts(s, "https_only"))
            .set_by("pool.set_https_only"),
        rw("migration-compression"),
        rw("coordinator-bias"),
        ro("telemetry-frequency"),
        ro("telemetry-next-collection"),
        ro("last-update-sync"),
        ro("update-sync-frequency"),
        ro("update-sync-day"),
        ro("update-sync-enabled"),
        rw("auto-update-vm-secureboot-certificates"),
        mro("recommendations"),
        rw("ext-auth-cache-enabled"),
        rw("ext-auth-cache-size"),
        rw("ext-auth-cache-expiry"),
        mrw("license-server"),
        ro("ssh-enabled").asks(|s, _| of_hosts(s, "ssh_enabled")),
        rw("ssh-enabled-timeout")
            .asks(|s, _| of_hosts(s, "ssh_enabled_timeout"))
            .set_by("pool.set_ssh_enabled_timeout"),
        ro("ssh-expiry").asks(|s, _| of_hosts(s, "ssh_expiry")),
        rw("console-idle-timeout")
            .asks(|s, _| of_hosts(s, "console_idle_timeout"))
            .set_by("pool.set_console_idle_timeout"),
        rw("ssh-auto-mode")
            .asks(|s, _| of_hosts(s, "ssh_auto_mode"))
            .set_by("pool.set_ssh_auto_mode"),
        rw("limit-console-sessions"),
        rw("vm-console-idle-timeout"),
    ],
};

/// The value that all hosts share; `<inconsistent>` when they do not.
fn of_hosts(server: &mut Server<'_>, field: &str) -> Result<Shown, Failure> {
    let hosts = classes::class("host");
    let Some((hosts, field)) = hosts.and_then(|class| Some((class, class.field(field)?))) else {
        return Ok(Shown::One(UNKNOWN.to_owned()));
    };
    let mut shared: Option<String> = None;
    for row in server.rows(hosts)? {
        let value = row.record.member(field.name).cloned().unwrap_or_default();
        let value = text(server, &field.ty, &value)?;
        if shared.as_ref().is_some_and(|shared| *shared != value) {
            return Ok(Shown::One("<inconsistent>".to_owned()));
        }
        shared = Some(value);
    }
    Ok(Shown::One(shared.unwrap_or_default()))
}

fn license_state(server: &mut Server<'_>, row: &Row) -> Result<Shown, Failure> {
    let state = server.call(
        "pool.get_license_state",
        vec![row.reference.as_str().into()],
    );
    let state = match state {
        Ok(state) => state,
        // A server without licences must not spoil `pool-param-list`.
        Err(Failure::Api(_)) => return Ok(Shown::One(UNKNOWN.to_owned())),
        Err(failure) => return Err(failure),
    };
    text(server, &Type::Map(&Type::String, &Type::String), &state).map(Shown::One)
}

fn sr_types(server: &mut Server<'_>, _: &Row) -> Result<Shown, Failure> {
    let mut types = Vec::new();
    if let Some(class) = classes::class("SM") {
        for row in server.rows(class)? {
            types.extend(
                row.record
                    .member("type")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
        }
    }
    Ok(Shown::Set(types))
}
