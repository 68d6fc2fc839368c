//! `xe`: one command on a pool or a host. Finds its options and its server; the commands and their output are in
//! `xapi-cli`.

mod options;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use xapi_cli::{Output, Rpc, RpcError, Scope};
use xapi_client::{Client, ClientError, Session};
use xapi_model::Value;

use options::Options;

/// The daemon's socket on this host.
const SOCKET: &str = "/var/lib/xcp/xapi";

const COMPLETION: &str = include_str!("../completion/xe.bash");

const USAGE: &str = "\
Usage: xe COMMAND [-s SERVER] [-p PORT] [-u USERNAME -pw PASSWORD | -pwf FILE] [--nossl] [PARAMETER=VALUE ...]

  -s SERVER     the host to talk to; without it this one, over its local socket
  -p PORT       the port there (80)
  -u, -pw       who logs in, and the password; root needs none on the host itself
  -pwf FILE     a file with the user on its first line and the password on its second
  --nossl       talk to another host without TLS; the password goes over the wire as it is
  --debug       say on standard error what goes on

Options may also stand in ~/.xe, as lines of KEY=VALUE, and in XE_EXTRA_ARGS, separated by commas.
'xe help' lists the commands, 'xe help COMMAND' tells about one. 'xe completion' prints the script for bash.
";

fn main() -> ExitCode {
    match options() {
        Ok(options) => ExitCode::from(run(options)),
        Err(why) => {
            eprintln!("Error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The options of all three sources, and the user and password of a password file.
fn options() -> Result<Options, String> {
    let words: Result<Vec<_>, _> = std::env::args_os()
        .skip(1)
        .map(std::ffi::OsString::into_string)
        .collect();
    let words = words.map_err(|word| format!("{} is not text", word.to_string_lossy()))?;
    let line = Options::parse(words).map_err(|why| why.to_string())?;
    let extra = std::env::var("XE_EXTRA_ARGS").unwrap_or_default();
    let extra = Options::parse(options::extra_words(&extra))
        .map_err(|why| format!("XE_EXTRA_ARGS: {why}"))?;
    let mut all = line.over(extra).over(file_options());
    if let Some(path) = &all.passwordfile {
        let text = std::fs::read_to_string(path).map_err(|why| format!("{path}: {why}"))?;
        let mut lines = text.lines().map(str::to_owned);
        all.username = lines.next().or(all.username);
        all.password = lines.next().or(all.password);
    }
    Ok(all)
}

/// `~/.xe`; a file that cannot be used is left aside with a warning, as there may be nobody to mend it just now.
fn file_options() -> Options {
    let Some(path) = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".xe")) else {
        return Options::default();
    };
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Options::default();
    };
    let words = options::rc_words(&text).ok_or_else(|| "a line has no =".to_owned());
    words
        .and_then(|words| Options::parse(words).map_err(|why| why.to_string()))
        .unwrap_or_else(|why| {
            eprintln!("Warning: {} is not used: {why}", path.display());
            Options::default()
        })
}

fn run(options: Options) -> u8 {
    if options.version {
        println!("ThinCLI protocol: 0.2");
        return 0;
    }
    if options.help || options.rest.is_empty() {
        eprint!("{USAGE}");
        return 0;
    }
    if options.rest == ["completion"] {
        print!("{COMPLETION}");
        return 0;
    }
    let debug = options.debug.unwrap_or(false);
    let client = match server(&options) {
        Ok(client) => client,
        Err(why) => {
            eprintln!("Error: {why}");
            return 1;
        }
    };
    if debug {
        eprintln!("{client:?}: {}", options.rest.join(" "));
    }
    let mut words = options.rest;
    words.extend(options.username.map(|user| format!("username={user}")));
    words.extend(
        options
            .password
            .map(|password| format!("password={password}")),
    );
    let mut remote = Remote {
        client,
        session: None,
        debug,
    };
    let status = xapi_cli::run(&words, &mut remote, &mut Terminal);
    u8::try_from(status).unwrap_or(1)
}

/// The server that was asked for. On this host its socket, if there is one; TLS to another is not there yet, and a
/// password must not go over the wire unless that was asked for.
fn server(options: &Options) -> Result<Client, String> {
    let host = options
        .server
        .as_deref()
        .map(|host| host.trim_start_matches('[').trim_end_matches(']'));
    let port = options.port.unwrap_or(80);
    match host {
        None | Some("127.0.0.1" | "localhost") => {
            let socket =
                std::env::var_os("XE_SOCKET").map_or_else(|| PathBuf::from(SOCKET), PathBuf::from);
            let local = socket.exists() && options.port.is_none();
            Ok(if local {
                Client::unix(socket)
            } else {
                Client::tcp("127.0.0.1", port)
            })
        }
        Some(host) if options.nossl == Some(true) => Ok(Client::tcp(host, port)),
        Some(host) => Err(format!(
            "there is no TLS to {host} yet; with --nossl the password goes over the wire as it is"
        )),
    }
}

/// The server, with the session of this command.
struct Remote {
    client: Client,
    session: Option<Session>,
    debug: bool,
}

impl Remote {
    fn explained(&self, why: ClientError) -> RpcError {
        match why {
            ClientError::Api(error) => RpcError::Api(error),
            other => {
                let mut text = other.to_string();
                let mut source = std::error::Error::source(&other);
                while let Some(inner) = source {
                    text += &format!(": {inner}");
                    source = inner.source();
                }
                RpcError::Lost(text)
            }
        }
    }
}

impl Rpc for Remote {
    fn login(&mut self, user: &str, password: &str, scope: Scope) -> Result<(), RpcError> {
        let user = if user.is_empty() { "root" } else { user };
        let session = match scope {
            Scope::Pool => Session::login(self.client.clone(), user, password, "cli"),
            Scope::Host => {
                let params = [user, password].map(Value::from).to_vec();
                let made = self
                    .client
                    .call("session.slave_local_login_with_password", params);
                made.map(|made| {
                    Session::adopt(self.client.clone(), made.as_str().unwrap_or_default())
                })
            }
        };
        self.session = Some(session.map_err(|why| self.explained(why))?);
        Ok(())
    }

    fn call(&mut self, message: &str, params: Vec<Value>) -> Result<Value, RpcError> {
        let Some(session) = &self.session else {
            return Err(RpcError::Lost("no session".to_owned()));
        };
        let began = std::time::Instant::now();
        let outcome = session.call(message, params);
        if self.debug {
            let how = if outcome.is_ok() { "ok" } else { "failed" };
            eprintln!("{message}: {how} after {:?}", began.elapsed());
        }
        outcome.map_err(|why| self.explained(why))
    }

    fn logout(&mut self) -> Result<(), RpcError> {
        match self.session.take() {
            Some(session) => session.logout().map_err(|why| self.explained(why)),
            None => Ok(()),
        }
    }
}

/// Standard output and standard error. Whoever reads them may go away: `xe … | head` is no failure.
struct Terminal;

impl Output for Terminal {
    fn print(&mut self, text: &str) {
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{text}").and_then(|()| out.flush());
        if written.is_err() {
            std::process::exit(1);
        }
    }

    fn eprint(&mut self, text: &str) {
        eprint!("{text}");
    }
}
