//! A long call on a terminal: the line that tells how far it is, and Ctrl-C.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use xapi_model::{Value, errors};

use crate::stand::Stand;

const TASK: &str = "OpaqueRef:t1";

/// A stand whose PIF.unplug is a task that waits.
fn stand() -> Stand {
    Stand::with(|fake| {
        let told = [
            ("uuid", "task-1".into()),
            ("status", "pending".into()),
            ("progress", Value::Float(0.5)),
        ];
        fake.add("task", TASK, &told);
        fake.answers.push(("Async.PIF.unplug", Ok(TASK.into())));
        fake.answers
            .push(("event.from", Err(errors::not_implemented("event.from"))));
        fake.answers.push(("task.cancel", Ok(Value::Nil)));
        fake.answers.push(("task.destroy", Ok(Value::Nil)));
    })
}

fn set_status(stand: &Stand, status: &str) {
    stand.change(|fake| {
        for (_, reference, record) in &mut fake.rows {
            if let (TASK, Value::Struct(members)) = (reference.as_str(), record) {
                let slot = members.iter_mut().find(|(name, _)| name == "status");
                slot.expect("a field").1 = status.into();
            }
        }
    });
}

/// The program with a terminal at its standard error.
struct Running {
    child: Child,
    pieces: Receiver<Vec<u8>>,
    /// What the terminal was told and nobody looked at yet.
    text: String,
}

impl Running {
    fn new(stand: &Stand, words: &[&str]) -> Running {
        let pty = openpty(None, None).expect("a terminal");
        let mut command = stand.command(words);
        command.env("TERM", "xterm").stdout(Stdio::piped());
        command.stderr(Stdio::from(pty.slave));
        let child = command.spawn().expect("runs");
        // Only the child has the other end from here on, so reading ends with it.
        drop(command);
        let mut terminal = File::from(pty.master);
        let (tell, pieces) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 1024];
            while let Ok(length @ 1..) = terminal.read(&mut piece) {
                if tell.send(piece[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Running {
            child,
            pieces,
            text: String::new(),
        }
    }

    /// Waits until the terminal shows this, and forgets what it showed up to there.
    fn shows(&mut self, expected: &str) {
        loop {
            if let Some(at) = self.text.find(expected) {
                self.text.drain(..at + expected.len());
                return;
            }
            let piece = self.pieces.recv_timeout(Duration::from_secs(20));
            let piece = piece.unwrap_or_else(|_| panic!("no {expected:?} in {:?}", self.text));
            self.text += &String::from_utf8_lossy(&piece);
        }
    }

    fn interrupt(&self) {
        let pid = i32::try_from(self.child.id()).expect("a process");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("is there");
    }

    /// Its exit status, or the signal that ended it, and the rest of what the terminal was told.
    fn ended(mut self) -> (Result<i32, i32>, String) {
        let status = self.child.wait().expect("ends");
        while let Ok(piece) = self.pieces.recv() {
            self.text += &String::from_utf8_lossy(&piece);
        }
        let status = status
            .code()
            .ok_or_else(|| status.signal().expect("one of both"));
        (status, self.text)
    }
}

const LINE: [&str; 2] = ["pif-unplug", "uuid=pif-bond0"];
const BAR: &str = "PIF.unplug  50% [###############               ] 0:0";

#[test]
fn a_long_call_shows_how_far_it_is_and_leaves_nothing_of_it() {
    let stand = stand();
    let mut running = Running::new(&stand, &LINE);
    running.shows(BAR);
    set_status(&stand, "success");
    let (status, rest) = running.ended();
    assert_eq!(status, Ok(0));
    assert!(rest.ends_with("\r\x1b[K"), "{rest:?}");
    let asked = stand.asked();
    assert_eq!(
        asked[asked.len() - 2..],
        [r#"task.destroy "OpaqueRef:t1""#, "logout"]
    );
}

#[test]
fn ctrl_c_asks_the_task_to_stop_and_the_outcome_is_still_told() {
    let stand = stand();
    let mut running = Running::new(&stand, &LINE);
    running.shows(BAR);
    running.interrupt();
    running.shows("Asked to stop.");
    assert!(
        stand
            .asked()
            .contains(&r#"task.cancel "OpaqueRef:t1""#.to_owned())
    );
    set_status(&stand, "cancelled");
    let (status, rest) = running.ended();
    assert_eq!(status, Ok(1));
    assert!(rest.contains("task: task-1\r\n"), "{rest:?}");
    assert_eq!(stand.asked().last().map(String::as_str), Some("logout"));
}

#[test]
fn ctrl_c_once_more_leaves_it_to_itself() {
    let stand = stand();
    let mut running = Running::new(&stand, &LINE);
    running.shows(BAR);
    running.interrupt();
    running.shows("Asked to stop.");
    running.interrupt();
    assert_eq!(running.ended().0, Err(Signal::SIGINT as i32));
    let cancels = stand
        .asked()
        .iter()
        .filter(|call| call.starts_with("task.cancel"))
        .count();
    assert_eq!(cancels, 1);
}

#[test]
fn where_a_program_reads_the_call_is_one_call_and_nothing_is_drawn() {
    for switch in ["--minimal", "--json"] {
        let stand = Stand::with(|fake| fake.answers.push(("PIF.unplug", Ok(Value::Nil))));
        let (status, rest) = Running::new(&stand, &[LINE[0], LINE[1], switch]).ended();
        assert_eq!((status, rest.as_str()), (Ok(0), ""), "{switch}");
        assert!(
            stand
                .asked()
                .contains(&r#"PIF.unplug "OpaqueRef:p2""#.to_owned())
        );
    }
}
