//! The daemon: reads its configuration, opens the database, brings the host's network up as the database says, and
//! answers the XenAPI until it is told to stop. Stopping leaves the network as it is.

mod settings;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use clap::{CommandFactory, Parser};
use tracing_subscriber::prelude::*;
use xapi_core::auth::Pam;
use xapi_core::startup::{Failing, On, TABLE};
use xapi_core::watch::Watch;
use xapi_core::{Api, Config, Core, Origin, startup};
use xapi_db::{Options, Store};
use xapi_model::{ApiError, Value};
use xapi_net::local::{Config as NetConfig, LocalAgent};
use xapi_net::ovs::row::Datapath;
use xapi_server::{
    Config as ServerConfig, Handler, Listener, Origin as ServerOrigin, Server, UnixAccess,
};

use settings::Settings;

/// How long running calls may take to end when the daemon is told to stop.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// XenAPI toolstack daemon for the network of a virtualisation host.
#[derive(Debug, Parser)]
#[command(name = "xapi", version, about, long_about = None)]
struct Flags {
    /// Directory under which all files of the daemon are.
    #[arg(long, default_value = "/", value_name = "DIRECTORY")]
    root: PathBuf,
    /// Configuration file [default: /etc/xensource/xapi.toml under the root].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What is logged: a level, or directives such as `xapi_net=debug,info`. Goes before the configuration file.
    #[arg(long, value_name = "FILTER", env = "XAPI_LOG")]
    log: Option<String>,
    /// Print the steps of start-up and exit.
    #[arg(long)]
    list_startup: bool,
    /// Check the configuration file and exit.
    #[arg(long)]
    check_config: bool,
    /// Print the completion script for a shell and exit.
    #[arg(long, value_name = "SHELL", hide = true)]
    completion: Option<clap_complete::Shell>,
    /// Print the manual page and exit.
    #[arg(long, hide = true)]
    man: bool,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tracing::error!("{why}");
            eprintln!("xapi: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(shell) = flags.completion {
        clap_complete::generate(shell, &mut Flags::command(), "xapi", &mut std::io::stdout());
        return Ok(());
    }
    if flags.man {
        clap_mangen::Man::new(Flags::command()).render(&mut std::io::stdout())?;
        return Ok(());
    }
    if flags.list_startup {
        list_startup();
        return Ok(());
    }
    let defaults = Config {
        root: flags.root.clone(),
        ..Config::default()
    };
    let file = flags
        .config
        .clone()
        .unwrap_or_else(|| defaults.path("/etc/xensource/xapi.toml"));
    let settings = Settings::read(&file, flags.config.is_some())?;
    if flags.check_config {
        println!("{}: fine", file.display());
        return Ok(());
    }
    log_to_where_we_run(flags.log.as_deref().unwrap_or(&settings.log))?;
    serve(defaults, &settings)
}

fn list_startup() {
    for step in TABLE {
        let on = match step.on {
            On::Any => "any",
            On::Master => "master",
        };
        let failing = match step.failing {
            Failing::Stop => "stop",
            Failing::Warn => "warn",
        };
        println!("{on:<7} {failing:<5} {}", step.name);
    }
}

/// Under systemd to the journal, else to standard error.
fn log_to_where_we_run(filter: &str) -> Result<(), Box<dyn std::error::Error>> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)?;
    let registry = tracing_subscriber::registry().with(filter);
    if std::env::var_os("JOURNAL_STREAM").is_some()
        && let Ok(journal) = tracing_journald::layer()
    {
        registry.with(journal).init();
    } else {
        let plain = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false);
        registry.with(plain).init();
    }
    Ok(())
}

/// Everything between the configuration and the signal to stop.
fn serve(config: Config, settings: &Settings) -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let config = Config {
        change_deadline: settings.change_within(),
        auth_deadline: settings.auth_within(),
        pam_service: settings.pam_service.clone(),
        ..config
    };
    let mut signals = Signals::new()?;
    let directory = config
        .database()
        .parent()
        .map(PathBuf::from)
        .unwrap_or_default();
    std::fs::create_dir_all(&directory).map_err(|why| format!("{}: {why}", directory.display()))?;
    let store = Store::open(&config.database(), Options::default())?;
    let agent = Arc::new(LocalAgent::start(network(&config, settings)?)?);
    let pam = Arc::new(Pam::new(config.pam_service.clone(), config.auth_deadline));
    let core = Arc::new(Core::new(
        config,
        store,
        agent,
        pam,
        Arc::new(SystemTime::now),
    ));
    startup::run(&core)?;
    let watch = Watch::start(&core)?;
    let server = listen(&core, settings)?;
    tell_systemd(&[sd_notify::NotifyState::Ready]);
    tracing::info!("answering {:?} after the start", began.elapsed());
    let signal = signals.wait()?;
    tracing::info!("{signal}: stopping; the network stays as it is");
    tell_systemd(&[sd_notify::NotifyState::Stopping]);
    drop(server.listeners);
    if !server.server.shutdown(SHUTDOWN) {
        tracing::warn!("some calls were cut off");
    }
    drop(watch);
    Ok(())
}

/// What the agent of the host's network must know.
fn network(config: &Config, settings: &Settings) -> Result<NetConfig, Box<dyn std::error::Error>> {
    let patterns = settings.nics.iter().map(|pattern| pattern.parse());
    let nics: Result<Vec<_>, _> = patterns.collect();
    Ok(NetConfig {
        nics: nics.map_err(|why| format!("nics: {why}"))?,
        datapath: match settings.datapath {
            settings::Datapath::Auto => None,
            settings::Datapath::System => Some(Datapath::System),
            settings::Datapath::Netdev => Some(Datapath::Netdev),
        },
        ..NetConfig::at(&config.root)
    })
}

/// The server with its open listeners.
struct Listening {
    server: Server,
    listeners: Vec<Listener>,
}

fn listen(core: &Arc<Core>, settings: &Settings) -> Result<Listening, Box<dyn std::error::Error>> {
    let mut limits = ServerConfig::default();
    limits.limits.body = settings.max_body;
    let api = Arc::new(Answers(Api::new(Arc::clone(core))));
    let server = Server::new(api, limits)?;
    let socket = core.config.path("/var/lib/xcp/xapi");
    let mut listeners = vec![server.listen_unix(&socket, UnixAccess::default())?];
    for address in &settings.listen {
        listeners.push(server.listen_tcp(*address)?);
    }
    Ok(Listening { server, listeners })
}

/// The API behind the server's seam.
struct Answers(Api);

impl Handler for Answers {
    fn call(
        &self,
        origin: &ServerOrigin,
        name: &str,
        params: Vec<Value>,
    ) -> Result<Value, ApiError> {
        let origin = Origin {
            local_root: origin.local_root,
            peer: origin.peer.clone(),
            user_agent: origin.user_agent.clone(),
            other_config: origin.other_config.clone(),
        };
        self.0.call(&origin, name, params)
    }

    fn quick(&self, name: &str) -> bool {
        Api::is_quick(name)
    }
}

/// The signals that end the daemon, blocked in every thread and taken one at a time.
struct Signals(nix::sys::signal::SigSet);

impl Signals {
    fn new() -> nix::Result<Signals> {
        let mut set = nix::sys::signal::SigSet::empty();
        set.add(nix::sys::signal::Signal::SIGTERM);
        set.add(nix::sys::signal::Signal::SIGINT);
        set.thread_block()?;
        Ok(Signals(set))
    }

    fn wait(&mut self) -> nix::Result<nix::sys::signal::Signal> {
        self.0.wait()
    }
}

fn tell_systemd(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(why) = sd_notify::notify(states) {
        tracing::warn!("the service manager was not told {states:?}: {why}");
    }
}
