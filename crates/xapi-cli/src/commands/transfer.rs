//! What the server hands out by HTTP beside calls, saved into new files of the user.

use xapi_model::errors;

use super::{Entry, hosts, own};
use crate::command::Context;
use crate::failure::Failure;
use crate::rpc::NotFetched;

/// Of a date that the audit log is wanted from, XAPI reads this much.
const LONGEST_SINCE: usize = 255;

pub const TRANSFER: &[Entry] = &[
    own("audit-log-get", audit_log)
        .reqd(&["filename"])
        .optional(&["since"])
        .help("Saves the audit log into a new file: who did what, from a date on if one is given."),
    own("pool-dump-database", |cx| {
        let file = cx.required("file-name")?;
        save(cx, file, "/pool/xmldbdump", &[])
    })
    .reqd(&["file-name"])
    .help("Saves the database of the pool into a new file."),
    hosts("host-backup", |cx, _| {
        let file = cx.required("file-name")?;
        save(cx, file, "/host_backup", &[])
    })
    .one_only()
    .reqd(&["file-name"])
    .help("Saves what is on a host's own disk into a new file."),
    hosts("host-logs-download", |cx, _| {
        let file = cx.params.get("file-name").unwrap_or("logs.tar.gz");
        save(cx, file, "/host_logs_download", &[])
    })
    .one_only()
    .optional(&["file-name"])
    .help("Saves the logs of a host into a new file, logs.tar.gz if none is named."),
    hosts("host-get-system-status", |cx, _| {
        let file = cx.required("filename")?;
        let output = cx.params.get("output").unwrap_or("tar.bz2");
        if !["tar.bz2", "tar", "zip"].contains(&output) {
            let text = format!("Expected 'tar.bz2', 'tar', 'zip', got {output}");
            return Err(Failure::Refused(text));
        }
        let entries = cx.params.get("entries").unwrap_or_default();
        save(
            cx,
            file,
            "/system-status",
            &[("entries", entries), ("output", output)],
        )
    })
    .one_only()
    .reqd(&["filename"])
    .optional(&["entries", "output"])
    .help("Saves what support needs to know of a host into a new file, as tar.bz2, tar or zip."),
];

fn audit_log(cx: &mut Context<'_>) -> Result<(), Failure> {
    let file = cx.required("filename")?;
    let since: String = cx
        .params
        .get("since")
        .unwrap_or_default()
        .chars()
        .take(LONGEST_SINCE)
        .collect();
    save(cx, file, "/audit_log", &[("since", &since)])
}

/// Fetches a path with the session and these words, as far as they say something.
fn save(
    cx: &mut Context<'_>,
    file: &str,
    path: &str,
    words: &[(&str, &str)],
) -> Result<(), Failure> {
    let session = cx.server.session();
    let session = session.ok_or_else(|| Failure::Lost("no session".to_owned()))?;
    let mut target = format!("{path}?session_id={}", escaped(&session));
    for (key, value) in words.iter().filter(|(_, value)| !value.is_empty()) {
        target += &format!("&{key}={}", escaped(value));
    }
    let saved = cx.printer.user().download(file, &target);
    saved.map_err(|why| match why {
        // As a call that is not carried out here.
        NotFetched::Absent => Failure::Api(errors::not_implemented(path)),
        NotFetched::Server(why) => Failure::Refused(format!("Cannot fetch {path}: {why}")),
        NotFetched::File(why) => Failure::Refused(format!("Cannot write {file}: {why}")),
        NotFetched::Untold => Failure::Refused(format!(
            "{path} was not fetched into {file}: the server does not have it, or the file cannot be written"
        )),
    })
}

/// The word of a query: everything but letters, digits and a few signs as hexadecimal numbers. The colon of a session
/// reference may stand in a query, and older servers do not look for it in another form.
fn escaped(word: &str) -> String {
    let mut escaped = String::new();
    let reference = word.starts_with("OpaqueRef:");
    for byte in word.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        if plain || (reference && byte == b':') {
            escaped.push(char::from(byte));
        } else {
            escaped += &format!("%{byte:02X}");
        }
    }
    escaped
}
