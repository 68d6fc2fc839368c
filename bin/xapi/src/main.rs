//! The daemon: reads its configuration, opens the database, brings the host's network up as the database says, and
//! answers the XenAPI until it is told to stop. Stopping leaves the network as it is.

mod settings;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::{CommandFactory, Parser};
use tracing_subscriber::prelude::*;
use xapi_core::auth::Pam;
use xapi_core::startup::{Failing, On, TABLE};
use xapi_core::watch::Watch;
use xapi_core::{Api, Config, Core, startup};
use xapi_db::Store;

use settings::Settings;

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
