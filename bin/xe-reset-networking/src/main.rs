//! `xe-reset-networking`: resets the network of a host that nobody can reach, from its own console.
//!
//! Everything is checked before anything is changed; the steps themselves are in `xapi-reset`. `options` is the command
//! line, `summary` what one reads before one says yes.

mod options;
mod summary;

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use nix::sys::signal::{SigSet, Signal};
use xapi_reset::{Afterwards, Host, Progress, Step, run, steps};

use options::{Options, Wrong};

/// What the program ends with when nothing was changed because of its options.
const WRONG_OPTIONS: u8 = 2;
/// The answer without which nothing happens.
const YES: &str = "yes";

fn main() -> ExitCode {
    let options = Options::parse();
    match asked_for_text(&options) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(why) => return failed(&why.to_string()),
    }
    if !options.dry_run && !nix::unistd::geteuid().is_root() {
        return failed(
            "only root may reset the network; say sudo xe-reset-networking (or --dry-run to see the plan)",
        );
    }
    let host = match Host::look(&options.root) {
        Ok(host) => host,
        Err(why) => return failed(&format!("the kernel does not tell its NICs: {why}")),
    };
    let asked = match options.asked(&host) {
        Ok(asked) => asked,
        Err(wrong) => return refused(&wrong),
    };
    let mut screen = Screen;
    screen.say(&summary::of(&host, &asked, &options));
    if options.dry_run {
        screen.say("These steps would be done; nothing is done now:\n");
        for (at, step) in steps(&host, &asked.asked).iter().enumerate() {
            screen.say(&format!("{:>3}. {step}\n", at + 1));
        }
        return ExitCode::SUCCESS;
    }
    if !options.yes {
        match confirmed(&mut screen) {
            Ok(true) => {}
            Ok(false) => return failed("not confirmed with yes: nothing was changed"),
            Err(why) => {
                return failed(&format!(
                    "no answer can be read ({why}): nothing was changed"
                ));
            }
        }
    }
    // Whoever is connected over the network that goes now must not take the reset along.
    let mut hangup = SigSet::empty();
    hangup.add(Signal::SIGHUP);
    if let Err(why) = hangup.thread_block() {
        return failed(&format!("a hangup cannot be ignored: {why}"));
    }
    let outcome = run(&host, &asked.asked, &mut |step, progress| {
        screen.progress(step, progress);
    });
    match outcome {
        Ok(()) => {
            screen.say(match asked.asked.afterwards {
                Afterwards::Reboot => "The host reboots now. Its daemon does the rest.\n",
                Afterwards::RestartDaemon => "Done.\n",
            });
            ExitCode::SUCCESS
        }
        Err(why) => failed(&format!(
            "{why}\nThe reset has stopped there. Once the reason is gone, run the same command again: \
             it begins from the first step and mends what is half done"
        )),
    }
}

/// Prints the manual page or a completion script, if that is asked for.
fn asked_for_text(options: &Options) -> io::Result<bool> {
    if let Some(shell) = options.completion {
        let mut command = Options::command();
        let name = command.get_name().to_owned();
        clap_complete::generate(shell, &mut command, name, &mut io::stdout());
        return Ok(true);
    }
    if options.man {
        clap_mangen::Man::new(Options::command()).render(&mut io::stdout())?;
        return Ok(true);
    }
    Ok(false)
}

fn confirmed(screen: &mut Screen) -> io::Result<bool> {
    screen.say("Type 'yes' to continue, anything else to leave all as it is: ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if !io::stdin().is_terminal() {
        screen.say("\n");
    }
    Ok(answer.trim_end_matches(['\n', '\r']) == YES)
}

fn refused(wrong: &[Wrong]) -> ExitCode {
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    complain(&lines.join("\nxe-reset-networking: "));
    ExitCode::from(WRONG_OPTIONS)
}

fn failed(why: &str) -> ExitCode {
    complain(why);
    ExitCode::FAILURE
}

/// Nobody may be there any more to read it; the exit status says the same.
fn complain(why: &str) {
    drop(writeln!(io::stderr(), "xe-reset-networking: {why}"));
}

/// Where the reset is watched. The terminal may go with the network: that must not stop a reset that has begun.
struct Screen;

impl Screen {
    fn say(&mut self, text: &str) {
        let mut out = io::stdout();
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    fn progress(&mut self, step: &Step, progress: Progress) {
        match progress {
            Progress::Begins => self.say(&format!("- {step}\n")),
            Progress::Note(note) => self.say(&format!("    {note}\n")),
            Progress::GoesOn(why) => self.say(&format!("    ! {why}; the reset goes on\n")),
            Progress::Done => {}
        }
    }
}
