//! What the pool uses or offers beside hosts and networks: directories, updates, licences, remote shells.

use super::{Entry, call};
use crate::command::{Says, arg, pool};

pub const POOL_SERVICE: &[Entry] = &[
    call(
        "pool-enable-external-auth",
        "pool.enable_external_auth",
        &[
            pool("pool"),
            arg("config", "config"),
            arg("service_name", "service-name"),
            arg("auth_type", "auth-type"),
        ],
    )
    .reqd(&["auth-type", "service-name"])
    .optional(&["uuid", "config:"])
    .help("Lets the users of a directory service log in to every host of the pool."),
    call(
        "pool-disable-external-auth",
        "pool.disable_external_auth",
        &[pool("pool"), arg("config", "config")],
    )
    .optional(&["uuid", "config:"])
    .help("Lets no user of the directory service log in any more."),
    call(
        "pool-external-auth-set-ldaps",
        "pool.external_auth_set_ldaps",
        &[
            pool("pool"),
            arg("ldaps", "ldaps"),
            arg("force", "force").or("false"),
        ],
    )
    .reqd(&["ldaps"])
    .optional(&["uuid", "force"])
    .help("Says whether the directory service is asked over LDAP with TLS."),
    call(
        "pool-enable-client-certificate-auth",
        "pool.enable_client_certificate_auth",
        &[pool("self"), arg("name", "name")],
    )
    .reqd(&["name"])
    .help("Lets clients in by a certificate that names this."),
    call(
        "pool-disable-client-certificate-auth",
        "pool.disable_client_certificate_auth",
        &[pool("self")],
    )
    .help("Lets no client in by a certificate any more."),
    call("pool-secret-rotate", "pool.rotate_secret", &[])
        .long()
        .help("Changes the secret that the hosts of the pool know each other by."),
    call("pool-enable-ssh", "pool.enable_ssh", &[pool("self")])
        .help("Lets people in by SSH on every host of the pool."),
    call("pool-disable-ssh", "pool.disable_ssh", &[pool("self")])
        .help("Lets nobody in by SSH on any host of the pool."),
    call(
        "pool-enable-redo-log",
        "pool.enable_redo_log",
        &[arg("sr", "sr-uuid")],
    )
    .reqd(&["sr-uuid"])
    .help("Writes each change of the database to the storage repository too."),
    call("pool-disable-redo-log", "pool.disable_redo_log", &[])
        .help("Writes changes of the database to no storage repository."),
    call(
        "pool-enable-local-storage-caching",
        "pool.enable_local_storage_caching",
        &[pool("self")],
    )
    .reqd(&["uuid"])
    .help("Lets every host of the pool keep copies of shared disks on its own."),
    call(
        "pool-disable-local-storage-caching",
        "pool.disable_local_storage_caching",
        &[pool("self")],
    )
    .reqd(&["uuid"])
    .help("Lets no host of the pool keep copies of shared disks."),
    call(
        "pool-configure-repository-proxy",
        "pool.configure_repository_proxy",
        &[
            pool("self"),
            arg("url", "proxy-url"),
            arg("username", "proxy-username").or(""),
            arg("password", "proxy-password").or(""),
        ],
    )
    .reqd(&["proxy-url"])
    .optional(&["proxy-username", "proxy-password"])
    .help("Reaches repositories of updates over a proxy."),
    call(
        "pool-disable-repository-proxy",
        "pool.disable_repository_proxy",
        &[pool("self")],
    )
    .help("Reaches repositories of updates without a proxy."),
    call(
        "pool-configure-update-sync",
        "pool.configure_update_sync",
        &[
            pool("self"),
            arg("update_sync_frequency", "update-sync-frequency"),
            arg("update_sync_day", "update-sync-day"),
        ],
    )
    .reqd(&["update-sync-frequency", "update-sync-day"])
    .help("Says how often, daily or weekly, and on which day of the week updates are looked for."),
    call(
        "pool-set-update-sync-enabled",
        "pool.set_update_sync_enabled",
        &[pool("self"), arg("value", "value")],
    )
    .reqd(&["value"])
    .help("Says whether updates are looked for by themselves."),
    call(
        "pool-reset-telemetry-uuid",
        "pool.reset_telemetry_uuid",
        &[pool("self")],
    )
    .help("Gives the pool another name in what it reports of itself."),
    call(
        "pool-send-test-post",
        "pool.send_test_post",
        &[
            arg("host", "dest-host"),
            arg("port", "dest-port"),
            arg("body", "body"),
        ],
    )
    .reqd(&["dest-host", "dest-port", "body"])
    .says(Says::Message)
    .help("Sends a text to a server by HTTPS and shows the answer, to see whether there is a way."),
    call(
        "pool-get-guest-secureboot-readiness",
        "pool.get_guest_secureboot_readiness",
        &[pool("self")],
    )
    .says(Says::Message)
    .help("Tells whether the pool has the certificates that guests boot securely with."),
    call(
        "pool-initialize-wlb",
        "pool.initialize_wlb",
        &[
            arg("wlb_url", "wlb_url"),
            arg("wlb_username", "wlb_username"),
            arg("wlb_password", "wlb_password"),
            arg("xenserver_username", "xenserver_username"),
            arg("xenserver_password", "xenserver_password"),
        ],
    )
    .reqd(&[
        "wlb_url",
        "wlb_username",
        "wlb_password",
        "xenserver_username",
        "xenserver_password",
    ])
    .help("Lets a server for balancing workloads advise the pool."),
    call("pool-deconfigure-wlb", "pool.deconfigure_wlb", &[])
        .help("Takes no advice on workloads any more, for ever."),
    call(
        "pool-retrieve-wlb-configuration",
        "pool.retrieve_wlb_configuration",
        &[],
    )
    .help("Shows how the server for balancing workloads is configured."),
    call(
        "pool-apply-edition",
        "pool.apply_edition",
        &[pool("self"), arg("edition", "edition")],
    )
    .reqd(&["edition"])
    .optional(&["uuid"])
    .help("Applies an edition to every host of the pool."),
    call(
        "pool-sync-updates",
        "pool.sync_updates",
        &[
            pool("self"),
            arg("force", "force").or("false"),
            arg("token", "token"),
            arg("token_id", "token-id"),
        ],
    )
    .optional(&["force", "token", "token-id"])
    .long()
    .help("Fetches updates from the repositories. Prints the hash that names them."),
    call(
        "pool-send-wlb-configuration",
        "pool.send_wlb_configuration",
        &[arg("config", "config")],
    )
    .optional(&["config:"])
    .help("Configures the server for balancing workloads."),
];
