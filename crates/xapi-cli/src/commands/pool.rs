//! The pool and its members, and tasks.

use super::{Entry, call, own};
use crate::care;
use crate::command::{Context, arg};
use crate::failure::Failure;
use crate::server::{Row, Server};
use xapi_model::{ApiError, Value, classes};

/// Seconds until an agent that must restart does so, as XAPI says them.
pub const FUSE: &str = "10.000";

pub const POOL: &[Entry] = &[
    own("pool-join", join)
        .reqd(&["master-address", "master-username", "master-password"])
        .optional(&["force", "plan"])
        .help(
            "Makes this host a member of another pool. Its own pool is given up. Lists first all that keeps it from \
             joining and what becomes of its networks; with --plan does nothing else.",
        ),
    own("pool-eject", eject)
        .reqd(&["host-uuid"])
        .optional(&["force"])
        .help("Makes a member leave the pool. It starts anew, and what its own disks hold is lost."),
    call(
        "pool-management-reconfigure",
        "pool.management_reconfigure",
        &[arg("network", "network-uuid")],
    )
    .reqd(&["network-uuid"])
    .long()
    .help("Moves the management of every host to its interface on the network."),
    call(
        "pool-designate-new-master",
        "pool.designate_new_master",
        &[arg("host", "host-uuid")],
    )
    .reqd(&["host-uuid"])
    .help("Makes another host the master of the pool."),
    call("pool-recover-slaves", "pool.recover_slaves", &[]).help(
        "Tells hosts that wait in emergency mode for a master that this is it. Prints their UUIDs.",
    ),
    call("pool-sync-database", "pool.sync_database", &[])
        .help("Copies the database to every host of the pool."),
    call(
        "pool-set-vswitch-controller",
        "pool.set_vswitch_controller",
        &[arg("address", "address")],
    )
    .reqd(&["address"])
    .hidden()
    .help("Lets the controller at the address manage the pool's virtual switches; without one, none."),
    call(
        "pool-ha-enable",
        "pool.enable_ha",
        &[
            arg("heartbeat_srs", "heartbeat-sr-uuids").or(""),
            arg("configuration", "ha-config"),
        ],
    )
    .optional(&["heartbeat-sr-uuids", "ha-config:"])
    .long()
    .help("Restarts protected VMs of hosts that fail, with heartbeats on the storage repositories of a comma list."),
    call("pool-ha-disable", "pool.disable_ha", &[])
        .long()
        .help("Restarts no VM of a host that fails any more."),
    call(
        "pool-ha-prevent-restarts-for",
        "pool.ha_prevent_restarts_for",
        &[arg("seconds", "seconds")],
    )
    .reqd(&["seconds"])
    .hidden()
    .help("Lets high availability restart no VM for some seconds."),
    call(
        "pool-ha-compute-max-host-failures-to-tolerate",
        "pool.ha_compute_max_host_failures_to_tolerate",
        &[],
    )
    .help("Computes how many hosts may fail with all protected VMs restarted. Prints the number."),
    call("task-cancel", "task.cancel", &[arg("task", "uuid")])
        .reqd(&["uuid"])
        .help("Asks a task to stop."),
];

fn join(cx: &mut Context<'_>) -> Result<(), Failure> {
    let words = ["master-address", "master-username", "master-password"];
    let mut params = Vec::new();
    for word in words {
        params.push(Value::from(cx.required(word)?));
    }
    let message = if cx.params.switch("force") {
        "pool.join_force"
    } else {
        "pool.join"
    };
    let done = match planned(cx, message, &params) {
        // A server that knows nothing of plans has done it.
        Some(done) => done,
        None => cx.server.call(message, params),
    };
    match done {
        Ok(_) => {
            let line =
                format!("The host will restart its agent and join the pool in {FUSE} seconds.");
            cx.printer.line(&line);
            Ok(())
        }
        // XAPI's own words for this are advice and no failure, and so is its exit status.
        Err(Failure::Api(ApiError { code, .. }))
            if code == "POOL_JOINING_HOST_CONNECTION_FAILED" && !cx.printer.is_json() =>
        {
            cx.printer.list(&[
                "The host at that address cannot be reached: connection refused.",
                "See whether it is running, and whether this host has a way to it.",
            ]);
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

/// Tells on the standard error what keeps the host from joining, and what becomes of its networks. Nothing is done then,
/// unless the server does not know what a plan is: what came of it.
fn planned(
    cx: &mut Context<'_>,
    message: &str,
    params: &[Value],
) -> Option<Result<Value, Failure>> {
    let wishes = care::wishes(care::JOIN, cx.params);
    if wishes.iter().any(|(key, _)| key == care::PLAN_ONLY) {
        return None;
    }
    let only = [(care::PLAN_ONLY.to_owned(), "true".to_owned())];
    cx.server.careful(&only);
    let told = cx.server.call(message, params.to_vec());
    cx.server.careful(&wishes);
    match told {
        Err(Failure::Api(plan)) if plan.code == care::PLAN => {
            for line in plan.params {
                cx.printer.eprint(&format!("{line}\n"));
            }
            None
        }
        done => Some(done),
    }
}

fn eject(cx: &mut Context<'_>) -> Result<(), Failure> {
    let uuid = cx.required("host-uuid")?;
    let hosts = classes::class("host")
        .ok_or_else(|| Failure::Answer("no class host in the model".to_owned()))?;
    let host = cx.server.row_by_uuid(hosts, uuid)?;
    let mut warnings = vec![
        "WARNING: The storage repositories on the host's own disks are made anew when it leaves."
            .to_owned(),
        "WARNING: Whatever they hold is lost.".to_owned(),
    ];
    if !cx.params.switch("force") {
        let lost = local_disks(&mut cx.server, &host)?;
        if !lost.is_empty() {
            warnings.push("These VDIs will be destroyed:".to_owned());
            warnings.extend(lost);
        }
    }
    let warnings: Vec<&str> = warnings.iter().map(String::as_str).collect();
    if cx.confirmed(&warnings)? {
        cx.server
            .call("pool.eject", vec![host.reference.as_str().into()])?;
        let line =
            format!("The host will restart as the master of a pool of its own in {FUSE} seconds.");
        cx.printer.line(&line);
    }
    Ok(())
}

/// The disks on storage that no other host has.
fn local_disks(server: &mut Server<'_>, host: &Row) -> Result<Vec<String>, Failure> {
    let class = |name: &str| {
        classes::class(name).ok_or_else(|| Failure::Answer(format!("no class {name} in the model")))
    };
    let attachments = server.rows(class("PBD")?)?;
    let (own, others): (Vec<Row>, Vec<Row>) = attachments
        .into_iter()
        .partition(|pbd| pbd.text("host") == host.reference);
    let is_local = |disk: &Row| {
        let on = |pbd: &Row| pbd.text("SR") == disk.text("SR");
        own.iter().any(on) && !others.iter().any(on)
    };
    let disks = server.rows(class("VDI")?)?;
    let local = disks.iter().filter(|disk| is_local(disk));
    let told =
        local.map(|disk| format!("VDI: {} ({})", disk.text("uuid"), disk.text("name_label")));
    Ok(told.collect())
}
