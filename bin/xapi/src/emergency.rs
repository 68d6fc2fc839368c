//! The daemon without its database: the network is brought up as it was committed last, and kept so, and most calls are
//! answered that the host is in emergency mode. It goes on until it is told to stop; then somebody will have mended the
//! database, or set it aside.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::SystemTime;

use xapi::Emergencies;
use xapi_core::auth::Pam;
use xapi_core::emergency::Emergency;
use xapi_core::{Config, last_topology};
use xapi_db::{DbError, Store};
use xapi_net::agent::NetEvent;
use xapi_net::local::LocalAgent;
use xapi_tls::{Identity, TlsIdentity};

use xapi::settings::Settings;

use super::listening::{LISTEN_AGAIN, Listening};
use super::{Signals, Told, Watchdog, log_to_where_we_run, network, tell_management, tell_systemd};

type Failure = Box<dyn std::error::Error>;

/// Whether a host can be kept within reach although its database cannot be opened. Not if another daemon has it open:
/// that one owns the network.
pub fn is_one(why: &DbError) -> bool {
    !matches!(why, DbError::InUse { .. })
}

/// Brings the network up and answers, until the daemon is told to stop. Always ends as a failure.
pub fn serve(config: &Config, settings: &Settings, signals: Signals, why: DbError) -> Failure {
    let why = format!(
        "the database cannot be used: {why}. The network is as it was last committed; calls are answered \
         HOST_IN_EMERGENCY_MODE. Restore a backup, or run `xapi --set-database-aside` to begin anew, then restart"
    );
    tracing::error!("{why}");
    match run(config, settings, signals, &why) {
        Ok(()) => why.into(),
        Err(also) => format!("{why}; and: {also}").into(),
    }
}

fn run(config: &Config, settings: &Settings, signals: Signals, why: &str) -> Result<(), Failure> {
    // Before anything is written: the disk may be why there is no database.
    let agent = Arc::new(LocalAgent::start(network(config, settings)?)?);
    xapi_net::agent::Agent::subscribe(&*agent, Box::new(tell_log));
    match last_topology::bring_up(config, &*agent) {
        Ok(Some(outcome)) => tracing::warn!(
            "the network is as it was last committed: {} steps, {} left out",
            outcome.steps,
            outcome.left_out.len()
        ),
        Ok(None) => tracing::error!("no topology was kept: the network stays as it is"),
        // The agent tries again by itself, once it could begin.
        Err(why) => tracing::error!("the network was not brought up: {why}"),
    }
    let marker = config.emergency_marker();
    if let Err(why) = note(&marker, why) {
        tracing::error!("{}: {why}", marker.display());
    }
    let (tell, told) = mpsc::channel();
    signals.tell(tell.clone())?;
    let shown = certificate(config);
    let emergency = Emergency::new(
        config.clone(),
        agent,
        Arc::new(Pam::new(config.pam_service.clone(), config.auth_deadline)),
        Arc::new(SystemTime::now),
        Arc::clone(&shown),
        move |enabled| tell_management(&tell, enabled),
    );
    let enabled = emergency.management_enabled();
    let answers = Arc::new(Emergencies(emergency));
    let mut listening = Listening::start(answers, config, settings, &shown)?;
    // The socket, too, if it can be had; if not it is tried again.
    listening.management(enabled);
    tell_systemd(&[
        sd_notify::NotifyState::Status("emergency: the database cannot be used"),
        sd_notify::NotifyState::Ready,
    ]);
    let mut watchdog = Watchdog::new();
    loop {
        // There is nothing here that could get stuck: to be there is to be well.
        watchdog.pat(|| Ok(()));
        match told.recv_timeout(watchdog.wait().min(LISTEN_AGAIN)) {
            Ok(Told::Signal(signal)) => {
                tracing::info!("{signal}: stopping; the network stays as it is");
                break;
            }
            Ok(Told::Restart) => {}
            Ok(Told::Management(enabled, done)) => {
                listening.management(enabled);
                drop(done);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => listening.again(),
            Err(why) => return Err(why.into()),
        }
    }
    tell_systemd(&[sd_notify::NotifyState::Stopping]);
    listening.stop();
    match std::fs::remove_file(&marker) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {why}", marker.display()).into())
        }
        _ => Ok(()),
    }
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
