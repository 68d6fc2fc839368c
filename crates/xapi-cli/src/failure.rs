//! How a command can fail, and what XAPI's `xe` says then.

use xapi_model::{ApiError, classes, errors, messages::messages};

use crate::rpc::RpcError;
use crate::server::Server;

const HINT: &str = "For usage run: 'xe help'";

/// Why a command did not succeed.
#[derive(Debug, PartialEq)]
pub enum Failure {
    /// The line is no command line. XAPI tells no details, and neither do we.
    Syntax(String),
    /// There is no such command.
    UnknownCommand(String),
    /// A required parameter is missing.
    Required(String),
    /// The class has no field of that name.
    NoSuchField(String),
    /// The command itself refuses, and says why.
    Refused(String),
    /// The server refuses or failed.
    Api(ApiError),
    /// The server did not answer.
    Lost(String),
    /// The server answered what the model does not allow.
    Answer(String),
    /// Of several objects these failed: their UUIDs, and why.
    Several(Vec<(String, String)>),
    /// The user or password is wrong.
    Login {
        /// The user was not even named.
        anonymous: bool,
    },
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Failure {
        match error {
            RpcError::Api(error) => Failure::Api(error),
            RpcError::Lost(text) => Failure::Lost(text),
        }
    }
}

impl Failure {
    /// What `xe` says then. A server that is still there tells the names of objects.
    pub fn text(&self, server: Option<&mut Server<'_>>, trace: bool) -> String {
        let mut text = match self {
            Failure::Syntax(_) => format!("Syntax error: {HINT}\n"),
            Failure::UnknownCommand(name) => format!("Unknown command: {name}\n{HINT}\n"),
            Failure::Required(name) => format!("Required parameter not found: {name}\n{HINT}\n"),
            Failure::NoSuchField(name) => {
                raw(&ApiError::new("Missing parameter", vec![name.clone()]))
            }
            Failure::Refused(text) | Failure::Lost(text) => format!("Error: {text}\n"),
            Failure::Api(error) => api(error, server),
            Failure::Answer(text) => api(&errors::internal_error(text), None),
            // These lines go to standard output, see `run`.
            Failure::Several(_) => String::new(),
            Failure::Login { anonymous: true } => {
                format!("Username/password must be specified\n{HINT}\n")
            }
            Failure::Login { anonymous: false } => format!("Authentication failed\n{HINT}\n"),
        };
        if trace {
            text += &format!("Raised {self:?}\nBacktrace:\n");
        }
        text
    }
}

/// A code that we do not know.
fn raw(error: &ApiError) -> String {
    format!(
        "Error code: {}\nError parameters: {}\n",
        error.code,
        error.params.join(", ")
    )
}

/// A known error: its sentence, then a line a parameter.
fn api(error: &ApiError, server: Option<&mut Server<'_>>) -> String {
    let Some(desc) = error.desc() else {
        return raw(error);
    };
    let mut values = error.params.clone();
    if let Some(server) = server {
        for (at, value) in values.iter_mut().enumerate() {
            if value.starts_with("OpaqueRef:")
                && let Some(name) = name_of(server, error, desc.params.get(at).copied(), value)
            {
                *value = name;
            }
        }
    }
    let mut text = format!("{}\n", desc.doc.trim());
    for at in 0..values.len().max(desc.params.len()) {
        let name = desc.params.get(at).copied().unwrap_or("<extra>");
        let value = values.get(at).map_or("<unknown>", String::as_str);
        text += &format!("{name}: {value}\n");
    }
    text
}

/// The classes that errors mostly speak of, asked when the error itself does not tell the class.
const LIKELY: [&str; 16] = [
    "PIF",
    "network",
    "host",
    "VM",
    "VIF",
    "Bond",
    "VLAN",
    "tunnel",
    "network_sriov",
    "SR",
    "VDI",
    "VBD",
    "PBD",
    "pool",
    "task",
    "session",
];

/// `UUID (NAME-LABEL)` or `UUID` of the object behind a reference; nothing when it is gone.
fn name_of(
    server: &mut Server<'_>,
    error: &ApiError,
    param: Option<&str>,
    reference: &str,
) -> Option<String> {
    let told = param
        .into_iter()
        .chain(error.params.iter().map(String::as_str));
    let told: Vec<&str> = told.collect();
    let is_told = |class: &&str| told.iter().any(|word| word.eq_ignore_ascii_case(class));
    // The error's own words go first, then the usual suspects.
    let all = || classes::MODEL.iter().map(|class| class.name);
    let told_first = all().filter(|class| is_told(class));
    let others = LIKELY.into_iter().filter(|class| !is_told(class));
    for class in told_first.chain(others) {
        if messages().find(&format!("{class}.get_record")).is_none() {
            continue;
        }
        let class = classes::class(class)?;
        // Any failure here must not hide the error that is being reported.
        let Ok(Some(record)) = server.lookup(class, reference) else {
            continue;
        };
        let uuid = record.member("uuid")?.as_str()?.to_owned();
        return Some(match record.member("name_label").and_then(|v| v.as_str()) {
            Some(label) if !label.is_empty() => format!("{uuid} ({label})"),
            _ => uuid,
        });
    }
    None
}
