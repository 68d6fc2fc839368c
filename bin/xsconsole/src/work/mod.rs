//! What the console does, on threads of its own: looking at the kernel, talking to the daemon, asking whoever is outside,
//! resetting the network. Each tells what it has to say as an [`Event`]; none is waited for.

pub mod access;
mod calls;
pub mod daemon;
pub mod kernel;
mod probes;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use xapi_client::Session;

use crate::app::reset::Asked;
use crate::app::{Effect, Event, Secret};
use crate::queue::Tell;
use access::Access;

/// How long the daemon may take to hear of the console's end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Asks a thread to look at once.
pub struct Nudge;

/// All threads of the console.
pub struct Work {
    access: Arc<Access>,
    root: PathBuf,
    tell: Tell,
    nudges: Vec<SyncSender<Nudge>>,
    told: Arc<Mutex<Option<String>>>,
    /// Whether a reset is under way, for whoever would end the program.
    resetting: Arc<AtomicBool>,
    reset: Mutex<Option<JoinHandle<Result<String, String>>>>,
}

impl Work {
    /// Starts looking at the host, and at the daemon. A flag is raised while an emergency reset is under way: it must
    /// not end with the program.
    pub fn start(
        access: Access,
        root: PathBuf,
        tell: Tell,
        resetting: Arc<AtomicBool>,
    ) -> std::io::Result<Work> {
        let access = Arc::new(access);
        let told = Arc::default();
        let mut nudges = Vec::new();
        if access.is_here() {
            let (nudge, nudged) = mpsc::sync_channel(1);
            kernel::follow(root.clone(), tell.clone(), nudge.clone(), nudged)?;
            nudges.push(nudge);
        }
        let (nudge, nudged) = mpsc::sync_channel(1);
        daemon::follow(Arc::clone(&access), tell.clone(), nudged, Arc::clone(&told))?;
        nudges.push(nudge);
        Ok(Work {
            access,
            root,
            tell,
            nudges,
            told,
            resetting,
            reset: Mutex::default(),
        })
    }

    /// Begins what has to be done; what comes of it is told. Effects on the screen are the caller's.
    pub fn begin(&self, effect: Effect) -> std::io::Result<()> {
        match effect {
            Effect::Quit | Effect::Redraw => {}
            Effect::Look => self.look(),
            Effect::LogIn { user, password } => self.log_in(user, password)?,
            Effect::Trust(stranger) => {
                let (access, tell) = (Arc::clone(&self.access), self.tell.clone());
                let nudges = self.nudges.clone();
                thread("trust", move || {
                    tell.event(Event::Trusted(access.trust(&stranger)));
                    nudge(&nudges);
                })?;
            }
            Effect::LogOut => {
                let access = Arc::clone(&self.access);
                thread("logout", move || access.log_out(access::CALL))?;
                self.look();
            }
            Effect::Run { number, job } => {
                let (access, tell) = (Arc::clone(&self.access), self.window(number));
                let host = self.host();
                thread("calls", move || calls::run(&access, &host, &job, &tell))?;
            }
            Effect::Confirm { number, undo } => {
                let (access, tell) = (Arc::clone(&self.access), self.window(number));
                let host = self.host();
                thread("confirm", move || {
                    calls::confirm(&access, &host, undo, &tell)
                })?;
            }
            Effect::Probe(targets) => probes::ask(targets, &self.tell)?,
            Effect::Prepare => {
                let (root, tell) = (self.root.clone(), self.tell.clone());
                thread("prepare", move || crate::reset::prepare(&root, &tell))?;
            }
            Effect::Reset(asked) => self.reset(asked)?,
        }
        Ok(())
    }

    fn window(&self, number: u64) -> Window {
        let tell = self.tell.clone();
        Window { number, tell }
    }

    fn reset(&self, asked: Asked) -> std::io::Result<()> {
        let (root, tell) = (self.root.clone(), self.tell.clone());
        let raised = Raised::new(&self.resetting);
        let builder = std::thread::Builder::new().name("reset".to_owned());
        let begun = builder.spawn(move || {
            // Lowered however this ends, also by a panic.
            let _raised = raised;
            crate::reset::run(&root, &asked, &tell)
        })?;
        *self.reset.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        Ok(())
    }

    /// Whether an emergency reset is under way.
    pub fn is_resetting(&self) -> bool {
        self.resetting.load(Ordering::SeqCst)
    }

    /// Waits for the end of an emergency reset that is under way, whatever became of the screen: a host in the midst of
    /// one is worse off than before. What came of it; none if none is under way.
    pub fn finish_reset(&self) -> Option<Result<String, String>> {
        let mut reset = self.reset.lock().unwrap_or_else(PoisonError::into_inner);
        let reset = reset.take().filter(|reset| !reset.is_finished())?;
        let died = |_| Err("The reset has come to grief. To do it again is safe.".to_owned());
        Some(reset.join().unwrap_or_else(died))
    }

    /// The host's reference, as the daemon said it last.
    fn host(&self) -> String {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone().unwrap_or_default()
    }

    fn look(&self) {
        nudge(&self.nudges);
    }

    fn log_in(&self, user: String, password: Secret) -> std::io::Result<()> {
        let (access, tell) = (Arc::clone(&self.access), self.tell.clone());
        let nudges = self.nudges.clone();
        thread("login", move || {
            let outcome = access.log_in(&user, password.as_str()).map(|()| user);
            tell.event(Event::LoggedIn(outcome));
            nudge(&nudges);
        })
    }

    /// Ends what the console holds at the daemon.
    pub fn end(&self) {
        self.access.log_out(FAREWELL);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // A panic of the main thread comes here as well.
        drop(self.finish_reset());
    }
}

/// A flag that is up as long as this is there.
struct Raised(Arc<AtomicBool>);

impl Raised {
    fn new(flag: &Arc<AtomicBool>) -> Raised {
        flag.store(true, Ordering::SeqCst);
        Raised(Arc::clone(flag))
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

fn nudge(nudges: &[SyncSender<Nudge>]) {
    for nudge in nudges {
        // One that waits already is enough, and a thread that is gone has said why.
        drop(nudge.try_send(Nudge));
    }
}

/// A thread that nobody waits for.
fn thread(name: &str, act: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(act).map(drop)
}

/// Where the events of calls go: to the window that shows them, if it is still there.
pub struct Window {
    number: u64,
    tell: Tell,
}

impl Window {
    fn tell(&self, event: Event) {
        self.tell.event(Event::Of(self.number, Box::new(event)));
    }
}

/// An error of a call in a sentence.
fn said(why: &xapi_client::ClientError) -> String {
    let mut text = match why.api() {
        Some(error) if error.params.is_empty() => error.code.clone(),
        Some(error) => {
            // References are for programs.
            let params = error.params.iter();
            let params: Vec<&str> = params
                .map(String::as_str)
                .filter(|param| !param.starts_with("OpaqueRef:"))
                .collect();
            format!("{}: {}", error.code, params.join(", "))
        }
        None => why.to_string(),
    };
    if why.api().is_none() {
        let mut source = std::error::Error::source(why);
        while let Some(inner) = source {
            text += &format!(": {inner}");
            source = inner.source();
        }
    }
    crate::seen::clean(&text)
}

/// Calls a function of the plugin that every host has.
fn network_plugin(
    session: &Session,
    host: &str,
    function: &str,
    arguments: Vec<(String, xapi_model::Value)>,
) -> Result<serde_json::Value, xapi_client::ClientError> {
    let params = vec![
        host.into(),
        "xapi-network".into(),
        function.into(),
        xapi_model::Value::Struct(arguments),
    ];
    let told = session.call("host.call_plugin", params)?;
    // What is no JSON says nothing, as an older daemon does that does not know the function.
    Ok(told
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default())
}
