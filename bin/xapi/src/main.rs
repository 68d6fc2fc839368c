//! The daemon: reads its configuration, opens the database, brings the host's network up as the database says, and
//! answers the XenAPI until it is told to stop. Stopping leaves the network as it is.

mod emergency;
mod listening;
mod pid_file;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime};

use clap::{CommandFactory, Parser};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use tracing_subscriber::prelude::*;
use xapi::Answers;
use xapi_core::auth::Pam;
use xapi_core::guests::Kind;
use xapi_core::pool::{another, leaving, mesh, search};
use xapi_core::startup::{Failing, On, TABLE};
use xapi_core::watch::Watch;
use xapi_core::{Api, Config, Core, startup};
use xapi_db::{Options, Store};
use xapi_guest::local::{self, LocalGuests};
use xapi_net::local::{Config as NetConfig, LocalAgent};
use xapi_net::ovs::row::Datapath;

use listening::{LISTEN_AGAIN, Listening};
use pid_file::PidFile;
use xapi::settings::{self, Settings};

/// How long running calls may take to end when the daemon is told to stop.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// How long a slave that starts waits for its master to bring its network up to date, before it says that it has started.
/// Its socket answers meanwhile.
const MASTER: Duration = Duration::from_secs(15);

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
    /// Give a database that cannot be opened another name, so that the next start begins anew, and exit.
    #[arg(long)]
    set_database_aside: bool,
    /// Print the completion script for a shell and exit.
    #[arg(long, value_name = "SHELL", hide = true)]
    completion: Option<clap_complete::Shell>,
    /// Print the manual page and exit.
    #[arg(long, hide = true)]
    man: bool,
}

fn main() -> ExitCode {
    // The processes of guests are this program too.
    if let Some(code) = xapi_guest::holder::run_if_asked() {
        return code;
    }
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
        network(&defaults, &settings)?;
        tracing_subscriber::EnvFilter::try_new(&settings.log)?;
        println!("{}: fine", file.display());
        return Ok(());
    }
    if flags.set_database_aside {
        return emergency::set_aside(&defaults);
    }
    log_to_where_we_run(flags.log.as_deref().unwrap_or(&settings.log))?;
    serve(defaults, &settings)
}

fn list_startup() {
    for step in TABLE {
        let on = match step.on {
            On::Any => "any",
            On::Master => "master",
            On::Slave => "slave",
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

/// Thousands of clients may be connected; many systems begin with a thousand open files, and allow more to who asks.
fn as_many_files_as_may_be() {
    let asked = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(why) = asked {
        tracing::warn!("the limit on open files stays as it is: {why}");
    }
}

/// Everything between the configuration and the signal to stop.
fn serve(config: Config, settings: &Settings) -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let config = Config {
        change_deadline: settings.change_within(),
        proof_within: settings.proof_within(),
        auth_deadline: settings.auth_within(),
        pam_service: settings.pam_service.clone(),
        waiting: usize::try_from(settings.limits.event_waiters)?,
        users: settings.roles()?,
        login_burst: settings.login_burst,
        logins_per_minute: settings.logins_per_minute,
        audit_size: settings.audit_size,
        audit_files: settings.audit_files,
        fcoe: settings.fcoe.clone(),
        boot_nics: settings.boot_nics.clone(),
        unmanaged_nics: settings.unmanaged_nics.clone(),
        shutdown_deadline: Duration::from_secs(settings.guests.shutdown_deadline),
        unplug_deadline: Duration::from_secs(settings.guests.unplug_deadline),
        ..config
    };
    let signals = Signals::block()?;
    as_many_files_as_may_be();
    let directory = config
        .database()
        .parent()
        .map(PathBuf::from)
        .unwrap_or_default();
    std::fs::create_dir_all(&directory).map_err(|why| format!("{}: {why}", directory.display()))?;
    leaving::go_on(&config)?;
    let store = match Store::open(&config.database(), options()) {
        Ok(store) => store,
        Err(why) if emergency::is_one(&why) => {
            return Err(emergency::serve(&config, settings, signals, why));
        }
        Err(why) => return Err(why.into()),
    };
    match std::fs::remove_file(config.emergency_marker()) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!("{}: {why}", config.emergency_marker().display());
        }
        _ => {}
    }
    let agent = Arc::new(LocalAgent::start(network(&config, settings)?)?);
    let pam = Arc::new(Pam::new(config.pam_service.clone(), config.auth_deadline));
    let guests = guests(&config, settings)?;
    let mut core = Core::new(config, store, agent, pam, Arc::new(SystemTime::now));
    if let Some((guests, kind)) = guests {
        core = core.with_guests(Arc::new(guests), kind);
    }
    let core = Arc::new(core);
    let (tell, told) = mpsc::channel();
    let restart = tell.clone();
    core.on_restart(move || {
        if restart.send(Told::Restart).is_err() {
            tracing::debug!("to be started anew while the daemon ends");
        }
    });
    startup::run(&core)?;
    // Before anybody is answered: what two masters promise cannot both be kept.
    match another::yield_to_another(&core) {
        Ok(true) => return Err(begin_anew().into()),
        Ok(false) => {}
        // It is tried again soon; a host that does not answer at all helps nobody, and one that has to yield changes nothing.
        Err(why) => tracing::error!("another master was not looked for, or yielded to: {why}"),
    }
    let watch = Watch::start(&core)?;
    signals.tell(tell.clone())?;
    core.on_management(move |enabled| tell_management(&tell, enabled));
    let answers = Arc::new(Answers(Api::new(Arc::clone(&core))));
    let mut listening = Listening::start(answers, &core.config, settings, &core.tls)?;
    listening.take_lines(&core);
    listening.local()?;
    listening.management(core.management_enabled());
    if let Some(slave) = search::keep(&core)?
        && !slave.begins(MASTER)
    {
        tracing::warn!("the master has not brought this host's network up to date yet");
    }
    another::watch_for_another(&core)?;
    mesh::keep(&core)?;
    let path = core.config.path("/run/xapi.pid");
    let pid_file = PidFile::write(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    tell_systemd(&[sd_notify::NotifyState::Ready]);
    tracing::info!("answering {:?} after the start", began.elapsed());
    let mut watchdog = Watchdog::new();
    let ended = loop {
        let wait = LISTEN_AGAIN.min(watchdog.wait());
        watchdog.pat(|| listening.health(&core));
        match told.recv_timeout(wait) {
            Ok(Told::Signal(signal)) => break Some(signal),
            Ok(Told::Restart) => break None,
            Ok(Told::Management(enabled, done)) => {
                listening.management(enabled);
                drop(done);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => listening.again(),
            Err(why) => return Err(why.into()),
        }
    };
    match ended {
        Some(signal) => {
            tracing::info!("{signal}: stopping; the network stays as it is");
            tell_systemd(&[sd_notify::NotifyState::Stopping]);
        }
        None => tracing::info!("starting anew; the network stays as it is"),
    }
    drop(pid_file);
    listening.stop();
    if !core.quiesce(SHUTDOWN) {
        tracing::warn!("a change of the network was still under way; the next start settles it");
    }
    drop(watch);
    match ended {
        Some(_) => Ok(()),
        None => Err(begin_anew().into()),
    }
}

/// The daemon in the place of this one, under the same process number: whoever watches it sees no end. Returns only if
/// that fails.
fn begin_anew() -> String {
    use std::os::unix::process::CommandExt;
    let mut words = std::env::args_os();
    let program = std::env::current_exe()
        .map(PathBuf::into_os_string)
        .or_else(|why| words.next().ok_or(why));
    let why = match program {
        Ok(program) => std::process::Command::new(program)
            .args(std::env::args_os().skip(1))
            .exec(),
        Err(why) => why,
    };
    format!("the daemon could not be started anew: {why}")
}

/// systemd's watchdog: told twice in its time that the daemon works, as long as it does.
struct Watchdog {
    every: Option<Duration>,
    next: Instant,
}

impl Watchdog {
    fn new() -> Watchdog {
        Watchdog {
            every: sd_notify::watchdog_enabled().map(|time| time / 2),
            next: Instant::now(),
        }
    }

    /// Until it has to be told again.
    fn wait(&self) -> Duration {
        match self.every {
            Some(every) => self
                .next
                .saturating_duration_since(Instant::now())
                .max(every / 10),
            None => Duration::MAX,
        }
    }

    fn pat(&mut self, check: impl FnOnce() -> Result<(), String>) {
        let Some(every) = self.every else {
            return;
        };
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + every;
        match check() {
            Ok(()) => tell_systemd(&[sd_notify::NotifyState::Watchdog]),
            Err(why) => tracing::error!("not healthy, systemd is not told otherwise: {why}"),
        }
    }
}

/// How the database is opened.
fn options() -> Options {
    Options {
        unique: startup::UNIQUE,
        ..Options::default()
    }
}

/// What the main thread waits for.
enum Told {
    Signal(Signal),
    /// The daemon is to begin anew, as what it is told to be by its files.
    Restart,
    /// Management is enabled or not; the sender goes when the listeners are as that asks.
    Management(bool, mpsc::Sender<()>),
}

/// Has the listeners follow management, and waits until they have: who enabled it finds it answering.
fn tell_management(tell: &mpsc::Sender<Told>, enabled: bool) {
    let (done, is_done) = mpsc::channel();
    let told = tell.send(Told::Management(enabled, done)).is_ok();
    if !told || is_done.recv_timeout(SHUTDOWN) == Err(mpsc::RecvTimeoutError::Timeout) {
        tracing::warn!("management changed, and the listeners did not yet");
    }
}

/// Who runs machines, if anybody shall.
fn guests(
    config: &Config,
    settings: &Settings,
) -> Result<Option<(LocalGuests, Kind)>, Box<dyn std::error::Error>> {
    let kind = match settings.guests.kind {
        settings::GuestKind::None => return Ok(None),
        settings::GuestKind::Namespace => Kind::Namespace,
        settings::GuestKind::Qemu => Kind::Machine,
    };
    let open = local::Config {
        qemu: settings.guests.qemu.clone(),
        accelerator: match settings.guests.accelerator {
            settings::Accelerator::Tcg => local::Accelerator::Tcg,
            settings::Accelerator::Kvm => local::Accelerator::Kvm,
        },
        ..local::Config::under(&config.root)
    };
    Ok(Some((LocalGuests::open(open)?, kind)))
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

/// The signals that end the daemon, blocked in every thread and taken by one that waits for them.
struct Signals(SigSet);

impl Signals {
    /// Blocks the signals; call it before the first thread is made.
    fn block() -> nix::Result<Signals> {
        let mut set = SigSet::empty();
        set.add(Signal::SIGTERM);
        set.add(Signal::SIGINT);
        set.thread_block()?;
        Ok(Signals(set))
    }

    /// Has the main thread told of the first one.
    fn tell(self, tell: mpsc::Sender<Told>) -> std::io::Result<()> {
        let wait = move || match self.0.wait() {
            Ok(signal) => {
                if tell.send(Told::Signal(signal)).is_err() {
                    tracing::debug!("{signal} while the daemon ends");
                }
            }
            Err(why) => tracing::error!("signals cannot be waited for: {why}"),
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(wait)
            .map(drop)
    }
}

fn tell_systemd(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(why) = sd_notify::notify(states) {
        tracing::warn!("the service manager was not told {states:?}: {why}");
    }
}
