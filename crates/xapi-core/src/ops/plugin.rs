//! `host.call_plugin`: programs of the host's administrator, run for a caller (clients facts, 3.11).
//!
//! A plugin gets one argument, an XML-RPC call with the function, the caller's session and the named arguments, and
//! prints an XML-RPC reply. It has a bounded time, and what it prints has a bounded length.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use xapi_model::host::CallPlugin;
use xapi_model::{ApiError, Value, errors};
use xapi_wire::{Limits, Reply, xmlrpc};

use crate::Result;
use crate::context::{Core, Cx};
use crate::ops::host_network;
use crate::pool::job::{Job, Plugin};
use crate::proof::{Care, cannot_be_planned};

/// Where plugins are, under the root.
const PLUGINS: &str = "/etc/xapi.d/plugins";
/// What a plugin may print to each of its outputs, in bytes.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;
/// Of what a plugin printed, this much stands in an error, in bytes.
const TOLD: usize = 16 * 1024;
/// What a plugin finds its programs by.
const SEARCH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/xensource/bin";

/// `host.call_plugin`.
pub fn call_plugin(cx: &Cx<'_>, call: CallPlugin) -> Result<String> {
    cx.core.agent_of(&cx.core.view()?, &call.host)?;
    if call.plugin == host_network::PLUGIN {
        return host_network::call(cx, &call);
    }
    if Care::of(cx.origin)?.plan_only {
        return Err(cannot_be_planned("host.call_plugin"));
    }
    let plugin = Plugin {
        name: call.plugin,
        function: call.fn_,
        args: call.args,
        session: cx.caller()?.given().expose().to_owned().into(),
    };
    cx.core.have_told(&call.host, Job::Plugin(plugin))
}

/// Runs a plugin of this host.
pub(crate) fn run_here(core: &Core, plugin: &Plugin) -> Result<String> {
    let program = find(&core.config.path(PLUGINS), &plugin.name)?;
    let args = plugin.args.iter();
    let args = args
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    let session = Value::from(plugin.session.expose());
    let argument = xmlrpc::encode_request(&plugin.function, &[session, Value::Struct(args)]);
    let within = core.config.plugin_deadline;
    tracing::info!(
        plugin = plugin.name,
        function = plugin.function,
        "running a plugin"
    );
    result(&run_within(within, &program, &[argument.as_str()])?)
}

/// Runs a program with a bound on its time and on what it prints; XENAPI_PLUGIN_FAILURE if it cannot be run to its end.
pub(crate) fn run_within(within: Duration, program: &Path, arguments: &[&str]) -> Result<Ended> {
    let run = run(program, arguments);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| errors::internal_error(format!("no runtime for a plugin: {why}")))?;
    let ended = runtime.block_on(async { tokio::time::timeout(within, run).await });
    // The runtime goes, and with it whatever still waited for a plugin that did not end in time.
    runtime.shutdown_background();
    match ended {
        Ok(Ok(ended)) => Ok(ended),
        Ok(Err(why)) => Err(failure("could not be run", &[], why.to_string().as_bytes())),
        Err(_) => Err(failure("took too long", &[], &[])),
    }
}

/// The program of a plugin: only what stands in the directory under that very name.
fn find(directory: &Path, name: &str) -> Result<PathBuf> {
    let missing = || errors::xenapi_missing_plugin(name);
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(missing());
    }
    let path = directory.join(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(missing())
    }
}

/// How a plugin ended, and what it printed.
pub(crate) struct Ended {
    /// How.
    pub(crate) status: ExitStatus,
    out: Vec<u8>,
    /// What it complained of.
    pub(crate) err: Vec<u8>,
}

/// Ends a plugin, with all that it started, when nobody waits for it any more.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0
            && let Err(why) = killpg(group, Signal::SIGKILL)
        {
            tracing::warn!("a plugin was not ended: {why}");
        }
    }
}

async fn run(program: &Path, arguments: &[&str]) -> std::io::Result<Ended> {
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", SEARCH)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    let mut group = Group(group.map(Pid::from_raw));
    let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
    let (out, err) = tokio::try_join!(out, err)?;
    let status = child.wait().await?;
    // What it left running in the background is the plugin's business.
    group.0 = None;
    Ok(Ended { status, out, err })
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let Some(pipe) = pipe else {
        return Ok(bytes);
    };
    let most = MOST_OUTPUT as u64;
    pipe.take(most + 1).read_to_end(&mut bytes).await?;
    if bytes.len() > MOST_OUTPUT {
        return Err(std::io::Error::other(format!(
            "it printed more than {most} bytes"
        )));
    }
    Ok(bytes)
}

fn result(ended: &Ended) -> Result<String> {
    if !ended.status.success() {
        use std::os::unix::process::ExitStatusExt;
        let how = match ended.status.signal() {
            Some(_) => "received signal",
            None => "non-zero exit",
        };
        return Err(failure(how, &ended.out, &ended.err));
    }
    let limits = Limits {
        body: MOST_OUTPUT,
        text: MOST_OUTPUT,
        ..Limits::REQUEST
    };
    match xmlrpc::decode_reply(&ended.out, &limits) {
        Ok(Reply::Success(Value::Str(text))) => Ok(text),
        Ok(Reply::Failure(error)) => Err(error),
        Ok(_) => Err(failure("its result is no string", &ended.out, &ended.err)),
        Err(_) => Err(failure("its output is no reply", &ended.out, &ended.err)),
    }
}

/// XENAPI_PLUGIN_FAILURE [status, stdout, stderr].
fn failure(status: &str, out: &[u8], err: &[u8]) -> ApiError {
    let text = |bytes: &[u8]| {
        let told = bytes.get(..TOLD).unwrap_or(bytes);
        String::from_utf8_lossy(told).into_owned()
    };
    errors::xenapi_plugin_failure(status, text(out), text(err))
}
