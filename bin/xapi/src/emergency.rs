//! The daemon without its database: the network is brought up as it was committed last, and kept so, and every call is
//! answered that the host is in emergency mode. It goes on until it is told to stop; then somebody will have mended the
//! database, or set it aside.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use xapi_core::{Config, last_topology};
use xapi_db::{DbError, Store};
use xapi_model::{ApiError, Value, errors};
use xapi_net::agent::NetEvent;
use xapi_net::local::LocalAgent;
use xapi_server::{Handler, Origin, Server, UnixAccess};
use xapi_tls::{Identity, TlsIdentity};

use xapi::settings::Settings;

use super::{SHUTDOWN, Signals, Told, Watchdog, log_to_where_we_run, network, tell_systemd};

const AN_HOUR: Duration = Duration::from_secs(3600);

type Failure = Box<dyn std::error::Error>;

/// Whether a host can be kept within reach although its database cannot be opened. Not if another daemon has it open:
/// that one owns the network.
pub fn is_one(why: &DbError) -> bool {
    !matches!(why, DbError::InUse { .. })
}

/// Brings the network up and answers, until the daemon is told to stop. Always ends as a failure.
pub fn serve(config: &Config, settings: &Settings, signals: Signals, why: DbError) -> Failure {
    let why = format!(
        "the database cannot be used: {why}. The network is as it was last committed; every call is answered \
         HOST_IN_EMERGENCY_MODE. Restore a backup, or run `xapi --set-database-aside` to begin anew, then restart"
    );
    tracing::error!("{why}");
    match run(config, settings, signals, &why) {
        Ok(()) => why.into(),
        Err(also) => format!("{why}; and: {also}").into(),
    }
}

fn run(config: &Config, settings: &Settings, signals: Signals, why: &str) -> Result<(), Failure> {
    let marker = config.emergency_marker();
    note(&marker, why)?;
    let agent = LocalAgent::start(network(config, settings)?)?;
    xapi_net::agent::Agent::subscribe(&agent, Box::new(tell_log));
    match last_topology::bring_up(config, &agent) {
        Ok(Some(outcome)) => tracing::warn!(
            "the network is as it was last committed: {} steps, {} left out",
            outcome.steps,
            outcome.left_out.len()
        ),
        Ok(None) => tracing::error!("no topology was kept: the network stays as it is"),
        // The agent tries again by itself, once it could begin.
        Err(why) => tracing::error!("the network was not brought up: {why}"),
    }
    let (tell, told) = mpsc::channel();
    signals.tell(tell)?;
    let server = Server::new(Arc::new(Emergency), settings.limits.config())?;
    let socket = server.listen_unix(&config.path("/var/lib/xcp/xapi"), UnixAccess::default())?;
    let shown = certificate(config);
    let plain = settings.listen.iter().map(|at| server.listen_tcp(*at));
    let by_tls = settings
        .listen_tls
        .iter()
        .filter(|_| shown.shown().is_some());
    let by_tls = by_tls.map(|at| server.listen_tls(*at, Arc::clone(&shown)));
    let mut remote = Vec::new();
    for listened in plain.chain(by_tls) {
        match listened {
            Ok(listener) => remote.push(listener),
            Err(why) => tracing::error!("{why}"),
        }
    }
    tell_systemd(&[
        sd_notify::NotifyState::Status("emergency: the database cannot be used"),
        sd_notify::NotifyState::Ready,
    ]);
    let mut watchdog = Watchdog::new();
    loop {
        // There is nothing here that could get stuck: to be there is to be well.
        watchdog.pat(|| Ok(()));
        match told.recv_timeout(watchdog.wait().min(AN_HOUR)) {
            Ok(Told::Signal(signal)) => {
                tracing::info!("{signal}: stopping; the network stays as it is");
                break;
            }
            Ok(Told::Management(..)) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(why) => return Err(why.into()),
        }
    }
    tell_systemd(&[sd_notify::NotifyState::Stopping]);
    drop((socket, remote));
    if !server.shutdown(SHUTDOWN) {
        tracing::warn!("some calls were cut off");
    }
    Ok(std::fs::remove_file(&marker)?)
}

/// The host's certificate, if its file can be used: without a database none is made.
fn certificate(config: &Config) -> Arc<TlsIdentity> {
    let shown = Arc::new(TlsIdentity::default());
    let path = config.path("/etc/xensource/xapi-ssl.pem");
    let read = std::fs::read_to_string(&path).map_err(|why| why.to_string());
    match read.and_then(|text| Identity::parse(&text).map_err(|why| why.to_string())) {
        Ok(identity) => shown.show(Arc::new(identity)),
        Err(why) => tracing::error!("{}: {why}; there is no TLS", path.display()),
    }
    shown
}

fn tell_log(event: NetEvent) {
    match event {
        NetEvent::Diverged { why } => tracing::error!("the network has diverged: {why}"),
        other => tracing::info!("{other:?}"),
    }
}

fn note(marker: &Path, why: &str) -> std::io::Result<()> {
    if let Some(directory) = marker.parent() {
        std::fs::create_dir_all(directory)?;
    }
    std::fs::write(marker, format!("{why}\n"))
}

/// Answers everybody the same, but for the question itself.
struct Emergency;

impl Handler for Emergency {
    fn call(&self, _: &Origin, name: &str, _: Vec<Value>) -> Result<Value, ApiError> {
        match name {
            "host.is_in_emergency_mode" => Ok(Value::Bool(true)),
            _ => Err(errors::host_in_emergency_mode()),
        }
    }

    fn quick(&self, _: &str) -> bool {
        true
    }
}

/// Gives a database that cannot be opened another name, with all that belongs to it, so that the next start makes a new
/// one. One that can be opened, or that is in use, is left alone.
pub fn set_aside(config: &Config) -> Result<(), Failure> {
    log_to_where_we_run("warn")?;
    let database = config.database();
    if !database.exists() {
        return Err(format!("{} is not there", database.display()).into());
    }
    match Store::open(&database, super::options()) {
        Ok(_) => return Err(format!("{} can be used", database.display()).into()),
        Err(why) if is_one(&why) => println!("{why}"),
        Err(why) => return Err(why.into()),
    }
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH)?;
    for end in ["", "-wal", "-shm"] {
        let with = |more: &str| {
            let mut name = database.clone().into_os_string();
            name.push(end);
            name.push(more);
            PathBuf::from(name)
        };
        let (from, to) = (with(""), with(&format!(".aside-{}", now.as_secs())));
        if from.exists() {
            std::fs::rename(&from, &to)?;
            println!("{} is now {}", from.display(), to.display());
        }
    }
    Ok(())
}
