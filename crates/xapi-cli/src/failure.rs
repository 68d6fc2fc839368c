//! How a command can fail, and what XAPI's `xe` says then.

use xapi_model::{ApiError, classes, errors, messages::messages};

use crate::print::Printer;
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

/// What there is to say of a failure.
enum Told {
    /// Lines for people.
    Text(String),
    /// An error without a sentence.
    Raw(ApiError),
}

impl Failure {
    /// Tells the user, as XAPI's `xe` does. A server that is still there tells the names of objects.
    pub fn tell(
        &self,
        mut server: Option<&mut Server<'_>>,
        printer: &mut Printer<'_>,
        trace: bool,
    ) {
        if printer.is_json() {
            let text = self.text(server.take());
            printer.eprint(&format!("{}\n", self.json(text.trim_end())));
        } else if let Failure::Several(failed) = self {
            for (uuid, why) in failed {
                let why = why.trim_end().replace('\n', ", ");
                printer.always(&format!("operation failed on {uuid}: {why}"));
            }
        } else {
            match self.told(server) {
                Told::Text(text) => printer.eprint(&text),
                Told::Raw(error) => printer.user().error(&error.code, &error.params),
            }
        }
        if trace {
            printer.eprint(&format!("Raised {self:?}\nBacktrace:\n"));
        }
    }

    /// The same as lines.
    pub fn text(&self, server: Option<&mut Server<'_>>) -> String {
        match self.told(server) {
            Told::Text(text) => text,
            Told::Raw(error) => format!(
                "Error code: {}\nError parameters: {}\n",
                error.code,
                error.params.join(", ")
            ),
        }
    }

    fn told(&self, server: Option<&mut Server<'_>>) -> Told {
        Told::Text(match self {
            Failure::Syntax(_) => format!("Syntax error: {HINT}\n"),
            Failure::UnknownCommand(name) => format!("Unknown command: {name}\n{HINT}\n"),
            Failure::Required(name) => format!("Required parameter not found: {name}\n{HINT}\n"),
            Failure::NoSuchField(name) => {
                return Told::Raw(ApiError::new("Missing parameter", vec![name.clone()]));
            }
            Failure::Refused(text) | Failure::Lost(text) => format!("Error: {text}\n"),
            Failure::Api(error) => return api(error, server),
            Failure::Answer(text) => return api(&errors::internal_error(text), None),
            Failure::Several(failed) => {
                let lines = failed.iter().map(|(uuid, why)| format!("{uuid}: {why}"));
                lines.collect()
            }
            Failure::Login { anonymous: true } => {
                format!("Username/password must be specified\n{HINT}\n")
            }
            Failure::Login { anonymous: false } => format!("Authentication failed\n{HINT}\n"),
        })
    }

    /// For programs. Codes in capitals are the API's, the others are of the command line itself.
    fn json(&self, message: &str) -> serde_json::Value {
        let one = |param: &String| vec![param.clone()];
        let (code, params) = match self {
            Failure::Syntax(text) => ("syntax", one(text)),
            Failure::UnknownCommand(name) => ("unknown_command", one(name)),
            Failure::Required(name) => ("required_parameter", one(name)),
            Failure::NoSuchField(name) => ("unknown_field", one(name)),
            Failure::Refused(_) => ("refused", Vec::new()),
            Failure::Lost(_) => ("no_answer", Vec::new()),
            Failure::Api(error) => (error.code.as_str(), error.params.clone()),
            Failure::Answer(text) => ("INTERNAL_ERROR", one(text)),
            Failure::Several(failed) => {
                let uuids = failed.iter().map(|(uuid, _)| uuid.clone());
                ("several", uuids.collect())
            }
            Failure::Login { .. } => ("SESSION_AUTHENTICATION_FAILED", Vec::new()),
        };
        serde_json::json!({ "code": code, "params": params, "message": message })
    }
}

/// A known error: its sentence, then a line a parameter.
fn api(error: &ApiError, server: Option<&mut Server<'_>>) -> Told {
    let desc = error.desc();
    let names = desc.map_or(&[] as &[&str], |desc| desc.params);
    let mut values = error.params.clone();
    if let Some(server) = server {
        for (at, value) in values.iter_mut().enumerate() {
            if value.starts_with("OpaqueRef:")
                && let Some(name) = name_of(server, error, names.get(at).copied(), value)
            {
                *value = name;
            }
        }
    }
    let Some(desc) = desc else {
        return Told::Raw(ApiError::new(error.code.clone(), values));
    };
    let mut text = format!("{}\n", desc.doc.trim());
    for at in 0..values.len().max(names.len()) {
        let name = names.get(at).copied().unwrap_or("<extra>");
        let value = values.get(at).map_or("<unknown>", String::as_str);
        text += &format!("{name}: {value}\n");
    }
    Told::Text(text)
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
