//! What hosts know of themselves, and what can be done to one of them.

use xapi_model::{Type, Value, classes};

use super::{Entry, call, hosts, own};
use crate::command::{Context, Says, arg};
use crate::failure::Failure;
use crate::print::Block;
use crate::records;
use crate::server::{Row, Server};
use crate::shown::{show, text};

pub const HOST_DATA: &[Entry] = &[
    own("host-forget", |cx| {
        careful(
            cx,
            "host.destroy",
            &[
                "WARNING: A host should be forgotten only when it is beyond repair;",
                "WARNING: one that can still be reached should be ejected from the pool instead.",
                "WARNING: A forgotten host has to be installed again. There is no way back.",
            ],
        )
    })
    .reqd(&["uuid"])
    .optional(&["force"])
    .help("Removes a host that has been lost from the pool."),
    own("host-declare-dead", |cx| {
        careful(
            cx,
            "host.declare_dead",
            &[
                "WARNING: A host should be declared dead only when somebody has seen that it is off.",
                "WARNING: While it runs VMs, these would run twice, and their disks would be spoilt.",
            ],
        )
    })
    .reqd(&["uuid"])
    .optional(&["force"])
    .help("Tells the pool that a host is off, and its VMs with it."),
    own("host-call-plugin", plugin)
        .reqd(&["host-uuid", "plugin", "fn"])
        .optional(&["args:"])
        .help("Calls a function of a plugin on a host. args:KEY:file=PATH sends a file as an argument."),
    call("host-enable-display", "host.enable_display", &[arg("host", "uuid")])
        .reqd(&["uuid"])
        .says(Says::Nothing)
        .help("Shows the console of the host on its own display from its next start on."),
    call("host-disable-display", "host.disable_display", &[arg("host", "uuid")])
        .reqd(&["uuid"])
        .says(Says::Nothing)
        .help("Shows nothing on the host's own display from its next start on."),
    call("host-refresh-pack-info", "host.refresh_pack_info", &[arg("host", "host-uuid")])
        .reqd(&["host-uuid"])
        .hidden()
        .help("Reads anew which packs are installed on a host."),
    call(
        "host-crashdump-destroy",
        "host_crashdump.destroy",
        &[arg("self", "uuid")],
    )
    .reqd(&["uuid"])
    .help("Removes a crash dump of a host."),
    call(
        "host-enable-external-auth",
        "host.enable_external_auth",
        &[
            arg("host", "host-uuid"),
            arg("config", "config"),
            arg("service_name", "service-name"),
            arg("auth_type", "auth-type"),
        ],
    )
    .reqd(&["host-uuid", "auth-type", "service-name"])
    .optional(&["config:"])
    .hidden()
    .help("Lets the users of a directory service log in to one host, to mend what is amiss there."),
    call(
        "host-disable-external-auth",
        "host.disable_external_auth",
        &[arg("host", "host-uuid"), arg("config", "config")],
    )
    .reqd(&["host-uuid"])
    .optional(&["config:"])
    .hidden()
    .help("Lets no user of the directory service log in to one host, to mend what is amiss there."),
    call(
        "host-apply-edition",
        "host.apply_edition",
        &[
            arg("host", "host-uuid"),
            arg("edition", "edition"),
            arg("force", "force").or("false"),
        ],
    )
    .reqd(&["host-uuid", "edition"])
    .optional(&["force"])
    .help("Applies an edition to a host."),
    hosts("host-set-power-on-mode", power_on_mode)
        .reqd(&["power-on-mode"])
        .optional(&["power-on-config:"])
        .help("Says how a host is switched on from afar."),
    hosts("host-enable-ssh", |cx, host| plain(cx, host, "host.enable_ssh"))
        .help("Lets people in by SSH."),
    hosts("host-disable-ssh", |cx, host| plain(cx, host, "host.disable_ssh"))
        .help("Lets nobody in by SSH."),
    hosts("host-apply-updates", apply_updates)
        .one_only()
        .reqd(&["hash"])
        .help("Applies the updates that have this hash to a host. Prints what the host found amiss."),
    hosts("host-enable-local-storage-caching", |cx, host| {
        let sr = cx.required("sr-uuid")?;
        let sr = crate::input::read(&mut cx.server, &Type::Ref("SR"), "sr-uuid", sr)?;
        let params = vec![this(host), sr];
        cx.server.call("host.enable_local_storage_caching", params).map(drop)
    })
    .reqd(&["sr-uuid"])
    .help("Keeps copies of shared disks in a storage repository of the host."),
    hosts("host-disable-local-storage-caching", |cx, host| {
        plain(cx, host, "host.disable_local_storage_caching")
    })
    .help("Keeps no copies of shared disks on the host."),
    hosts("host-get-system-status-capabilities", |cx, host| {
        let told = cx.server.call("host.get_system_status_capabilities", vec![this(host)])?;
        cx.give(&Type::String, &told)
    })
    .local()
    .one_only()
    .help("Shows what a report of a host for support can hold, as XML."),
    hosts("host-data-source-list", sources)
        .one_only()
        .help("Lists what is measured on a host."),
    hosts("host-data-source-record", |cx, host| source(cx, host, "host.record_data_source"))
        .reqd(&["data-source"])
        .help("Keeps what is measured on a host."),
    hosts("host-data-source-query", |cx, host| source(cx, host, "host.query_data_source"))
        .one_only()
        .reqd(&["data-source"])
        .help("Shows the last value of what is measured on a host."),
    hosts("host-data-source-forget", |cx, host| {
        source(cx, host, "host.forget_data_source_archives")
    })
    .reqd(&["data-source"])
    .help("Forgets what was measured on a host."),
    own("host-get-vms-which-prevent-evacuation", preventing)
        .reqd(&["uuid"])
        .optional(&["params"])
        .help("Lists the VMs that cannot be moved from a host, and why."),
    own("host-cpu-info", |cx| {
        let host = host_or_only(cx)?;
        let info = host.record.member("cpu_info").and_then(Value::as_struct);
        let mut block = Block::new();
        for (key, value) in info.unwrap_or_default() {
            block.push((key.clone(), text(&mut cx.server, &Type::String, value)?));
        }
        cx.printer.table(&[block]);
        Ok(())
    })
    .optional(&["uuid"])
    .help("Tells about the CPUs of a host; without its UUID of the only one."),
    own("host-get-cpu-features", |cx| {
        let host = host_or_only(cx)?;
        let info = host.record.member("cpu_info");
        let features = info.and_then(|info| info.member("features")).and_then(Value::as_str);
        cx.printer.message(features.unwrap_or_default());
        Ok(())
    })
    .optional(&["uuid"])
    .help("Shows the features of a host's CPUs as numbers; without its UUID of the only one."),
];

fn this(host: &Row) -> Value {
    host.reference.as_str().into()
}

fn plain(cx: &mut Context<'_>, host: &Row, message: &str) -> Result<(), Failure> {
    cx.server.call(message, vec![this(host)]).map(drop)
}

fn by_uuid(server: &mut Server<'_>, uuid: &str) -> Result<Row, Failure> {
    let class = classes::class("host")
        .ok_or_else(|| Failure::Answer("no class host in the model".to_owned()))?;
    server.row_by_uuid(class, uuid)
}

fn host_or_only(cx: &mut Context<'_>) -> Result<Row, Failure> {
    if let Some(uuid) = cx.params.get("uuid") {
        return by_uuid(&mut cx.server, uuid);
    }
    let class = classes::class("host")
        .ok_or_else(|| Failure::Answer("no class host in the model".to_owned()))?;
    match cx.server.rows(class)?.as_slice() {
        [host] => Ok(host.clone()),
        _ => Err(Failure::Required("uuid".to_owned())),
    }
}

fn careful(cx: &mut Context<'_>, message: &str, warnings: &[&str]) -> Result<(), Failure> {
    let uuid = cx.required("uuid")?;
    let host = by_uuid(&mut cx.server, uuid)?;
    if cx.confirmed(warnings)? {
        plain(cx, &host, message)?;
    }
    Ok(())
}

fn plugin(cx: &mut Context<'_>) -> Result<(), Failure> {
    let host = cx.required("host-uuid")?;
    let host = by_uuid(&mut cx.server, host)?;
    let mut args = Vec::new();
    for (key, value) in cx.params.members("args") {
        args.push(match key.strip_suffix(":file") {
            Some(key) => (key.to_owned(), cx.file(value)?.into()),
            None => (key.to_owned(), value.into()),
        });
    }
    let params = vec![
        this(&host),
        cx.required("plugin")?.into(),
        cx.required("fn")?.into(),
        Value::Struct(args),
    ];
    let told = cx.server.call("host.call_plugin", params)?;
    cx.give(&Type::String, &told)
}

fn power_on_mode(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let config = cx.params.members("power-on-config").into_iter();
    let config = config.map(|(key, value)| (key.to_owned(), value.into()));
    let params = vec![
        this(host),
        cx.required("power-on-mode")?.into(),
        Value::Struct(config.collect()),
    ];
    cx.server.call("host.set_power_on_mode", params).map(drop)
}

fn apply_updates(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let params = vec![this(host), cx.required("hash")?.into()];
    let told = cx.server.call("host.apply_updates", params)?;
    let lines = told.as_array().unwrap_or_default().iter();
    let lines = lines.map(|words| text(&mut cx.server, &Type::Set(&Type::String), words));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    cx.printer.list(&lines);
    Ok(())
}

fn source(cx: &mut Context<'_>, host: &Row, message: &str) -> Result<(), Failure> {
    let params = vec![this(host), cx.required("data-source")?.into()];
    match cx.server.call(message, params)? {
        Value::Nil => Ok(()),
        Value::Str(told) if told.is_empty() => Ok(()),
        told => cx.give(
            &Type::Float,
            &Type::Float.accept(told.clone()).unwrap_or(told),
        ),
    }
}

fn sources(cx: &mut Context<'_>, host: &Row) -> Result<(), Failure> {
    let told = cx.server.call("host.get_data_sources", vec![this(host)])?;
    let mut blocks = Vec::new();
    for source in told.as_array().unwrap_or_default() {
        let mut block = Block::new();
        for (key, value) in source.as_struct().unwrap_or_default() {
            block.push((key.clone(), text(&mut cx.server, &Type::String, value)?));
        }
        blocks.push(block);
    }
    cx.printer.table(&blocks);
    Ok(())
}

fn preventing(cx: &mut Context<'_>) -> Result<(), Failure> {
    let host = cx.required("uuid")?;
    let host = by_uuid(&mut cx.server, host)?;
    let kind =
        records::kind("vm").ok_or_else(|| Failure::Answer("VMs have no declaration".to_owned()))?;
    let told = cx
        .server
        .call("host.get_vms_which_prevent_evacuation", vec![this(&host)])?;
    let wanted = cx.params.get("params").unwrap_or("uuid,name-label,reason");
    let is_wanted = |name: &str| wanted == "all" || wanted.split(',').any(|it| it == name);
    let mut blocks = Vec::new();
    for (vm, why) in told.as_struct().unwrap_or_default() {
        let Some(record) = cx.server.lookup(kind.class, vm)? else {
            continue;
        };
        let row = Row {
            reference: vm.clone(),
            record,
        };
        let mut block = Block::new();
        for column in kind
            .columns
            .iter()
            .filter(|column| is_wanted(&column.name) && !column.expensive)
        {
            let value = show(&mut cx.server, column, &row)?.text(column.separator);
            block.push((column.key(), value));
        }
        if is_wanted("reason") {
            let words = why
                .as_array()
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_str);
            block.push((
                "reason ( RO)".to_owned(),
                words.collect::<Vec<_>>().join(","),
            ));
        }
        blocks.push(block);
    }
    cx.printer.table(&blocks);
    Ok(())
}
