//! `xe`: one command on a pool or a host. Finds its options and its server; the commands and their output are in
//! `xapi-cli`.

mod bar;
mod options;
mod trace;
mod user;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use xapi_cli::{Output, Rpc, RpcError, Scope};
use xapi_client::{Client, ClientError, KnownServers, LONGEST_AUTHORITIES, Session, Trust};
use xapi_model::Value;

use options::Options;
use trace::Trace;
use user::User;

/// The daemon's socket on this host.
const SOCKET: &str = "/var/lib/xcp/xapi";

/// In the home, the certificates of other hosts.
const FINGERPRINTS: &str = ".xe-fingerprints";

const COMPLETION: &str = include_str!("../completion/xe.bash");

const USAGE: &str = "\
Usage: xe COMMAND [-s SERVER] [-p PORT] [-u USERNAME -pw PASSWORD | -pwf FILE] [--nossl | --ca FILE]
          [PARAMETER=VALUE ...]

  -s SERVER     the host to talk to; without it this one, over its local socket
  -p PORT       the port there (443, or 80 with --nossl)
  -u, -pw       who logs in, and the password; root needs none on the host itself
  -pwf FILE     a file with the user on its first line and the password on its second
  --nossl       talk to another host without TLS; the password goes over the wire as it is
  --ca FILE     another host must show a certificate that is valid for its name and comes from an authority in FILE;
                without it, the certificate that it showed the first time, which ~/.xe-fingerprints remembers
  --debug       say on standard error what goes on
  --debug-on-fail   say it when the command has failed
  --json        one document of typed values instead of lines; errors too, on standard error

Options may also stand in ~/.xe, as lines of KEY=VALUE, and in XE_EXTRA_ARGS, separated by commas.
'xe help' lists the commands, 'xe help COMMAND' tells about one. 'xe man' writes the manual page: xe man | man -l -
'xe completion' writes the script for bash: source <(xe completion)
";

fn main() -> ExitCode {
    match options() {
        Ok(options) => ExitCode::from(run(options)),
        Err(why) => {
            Terminal::default().eprint(&format!("Error: {why}\n"));
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
    if line.rest.is_empty() || line.help || line.version {
        // Whatever the other sources say, there is no command, or none that counts.
        return Ok(line);
    }
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
            let text = format!("Warning: {} is not used: {why}\n", path.display());
            Terminal::default().eprint(&text);
            Options::default()
        })
}

fn run(options: Options) -> u8 {
    let mut terminal = Terminal::default();
    if options.version {
        terminal.print("ThinCLI protocol: 0.2");
        return terminal.status(0);
    }
    if options.help || options.rest.is_empty() {
        terminal.eprint(USAGE);
        return 0;
    }
    if options.rest == ["completion"] {
        terminal.print(COMPLETION.trim_end());
        return terminal.status(0);
    }
    let client = match server(&options) {
        Ok(client) => client,
        Err(why) => {
            terminal.eprint(&format!("Error: {why}\n"));
            return 1;
        }
    };
    let mut trace = Trace::new(options.debug, options.debugonfail);
    trace.say(|| format!("{client:?}: {}", trace::without_secrets(&options.rest)));
    let mut words = options.rest;
    let user = options.username.as_deref().unwrap_or("root");
    words.push(format!("username={user}"));
    let password = options.password.as_ref();
    words.extend(password.map(|password| format!("password={password}")));
    let mut user = User::new(terminal, client.clone());
    let mut remote = Remote {
        client,
        session: None,
        trace,
    };
    let status = xapi_cli::run(&words, &mut remote, &mut user);
    let mut terminal = user.terminal;
    if status != 0 {
        terminal.eprint(&remote.trace.kept());
    }
    terminal.status(u8::try_from(status).unwrap_or(1))
}

/// The server that was asked for. On this host its socket, if there is one; another host by TLS, unless plain TCP was
/// asked for: a password must not go over the wire as it is without somebody's will.
fn server(options: &Options) -> Result<Client, String> {
    let host = options
        .server
        .as_deref()
        .map(|host| host.trim_start_matches('[').trim_end_matches(']'));
    let plain = options.port.unwrap_or(80);
    match host {
        None | Some("127.0.0.1" | "localhost") => {
            let socket =
                std::env::var_os("XE_SOCKET").map_or_else(|| PathBuf::from(SOCKET), PathBuf::from);
            let local = socket.exists() && options.port.is_none();
            Ok(if local {
                Client::unix(socket)
            } else {
                Client::tcp("127.0.0.1", plain)
            })
        }
        Some(host) if options.nossl == Some(true) => Ok(Client::tcp(host, plain)),
        Some(host) => Ok(Client::tls(
            host,
            options.port.unwrap_or(443),
            trust(options)?,
        )),
    }
}

/// Whom to believe that he is the server: whoever an authority vouches for, or who showed the same certificate before.
fn trust(options: &Options) -> Result<Trust, String> {
    if let Some(path) = &options.cafile {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(|why| format!("{path}: {why}"))?;
        // One byte more tells a file that is too long from one that just fits.
        let read = file
            .take(LONGEST_AUTHORITIES as u64 + 1)
            .read_to_end(&mut bytes);
        read.map_err(|why| format!("{path}: {why}"))?;
        // What people write between the certificates may be in any encoding.
        let text = String::from_utf8_lossy(&bytes);
        return Trust::authorities(&text).map_err(|why| format!("{path}: {why}"));
    }
    let Some(home) = std::env::var_os("HOME") else {
        return Err(
            "HOME is not set, so that no certificate can be remembered: say --ca".to_owned(),
        );
    };
    let known = KnownServers::new(PathBuf::from(home).join(FINGERPRINTS), |sentence| {
        Terminal::default().eprint(&format!("Warning: {sentence}\n"));
    });
    Trust::first_use(known).map_err(|why| why.to_string())
}

/// The server, with the session of this command.
struct Remote {
    client: Client,
    session: Option<Session>,
    trace: Trace,
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
        let how = if outcome.is_ok() { "ok" } else { "failed" };
        self.trace
            .say(|| format!("{message}: {how} after {:?}", began.elapsed()));
        outcome.map_err(|why| self.explained(why))
    }

    fn careful(&mut self, wishes: &[(String, String)]) {
        let header =
            |(key, value): &(String, String)| (format!("X-Http-Other-Config-{key}"), value.clone());
        self.client = self.client.asking(wishes.iter().map(header).collect());
    }

    fn logout(&mut self) -> Result<(), RpcError> {
        match self.session.take() {
            Some(session) => session.logout().map_err(|why| self.explained(why)),
            None => Ok(()),
        }
    }

    fn session(&self) -> Option<&str> {
        self.session.as_ref().map(Session::reference)
    }
}

/// Standard output and standard error. Whoever reads them may go away: after `xe … | head` the rest is not written,
/// and the command still ends as it should, with its session.
#[derive(Default)]
struct Terminal {
    unread: bool,
}

impl Terminal {
    /// The exit status: output that nobody took is no success.
    fn status(&self, status: u8) -> u8 {
        if self.unread { status.max(1) } else { status }
    }
}

impl Output for Terminal {
    fn print(&mut self, text: &str) {
        if !self.unread {
            let mut out = std::io::stdout().lock();
            let written = writeln!(out, "{text}").and_then(|()| out.flush());
            self.unread = written.is_err();
        }
    }

    fn eprint(&mut self, text: &str) {
        // Where errors cannot be told, nobody can be told of that either.
        drop(std::io::stderr().lock().write_all(text.as_bytes()));
    }
}
