//! What the console does, on threads of its own: looking at the kernel, talking to the daemon, asking whoever is outside,
//! resetting the network. Each tells what it has to say as an [`Event`]; none is waited for.

pub mod access;
mod calls;
pub mod daemon;
pub mod kernel;
mod probes;

use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use xapi_client::Session;
use zeroize::Zeroizing;

use crate::app::{Effect, Event};
use access::Access;

/// Where events go.
pub type Tell = Sender<Event>;

/// Asks a thread to look at once.
pub struct Nudge;

/// All threads of the console.
pub struct Work {
    access: Arc<Access>,
    root: PathBuf,
    tell: Tell,
    nudges: Vec<Sender<Nudge>>,
    told: Arc<Mutex<Option<String>>>,
}

impl Work {
    /// Starts looking at the host, and at the daemon.
    pub fn start(access: Access, root: PathBuf, tell: Tell) -> std::io::Result<Work> {
        let access = Arc::new(access);
        let told = Arc::default();
        let mut nudges = Vec::new();
        if access.is_here() {
            let (nudge, nudged) = mpsc::channel();
            kernel::follow(root.clone(), tell.clone(), nudge.clone(), nudged)?;
            nudges.push(nudge);
        }
        let (nudge, nudged) = mpsc::channel();
        daemon::follow(Arc::clone(&access), tell.clone(), nudged, Arc::clone(&told))?;
        nudges.push(nudge);
        Ok(Work {
            access,
            root,
            tell,
            nudges,
            told,
        })
    }

    /// Begins what has to be done; what comes of it is told. Effects on the screen are the caller's.
    pub fn begin(&self, effect: Effect) -> std::io::Result<()> {
        match effect {
            Effect::Quit | Effect::Redraw => {}
            Effect::Look => self.look(),
            Effect::LogIn { user, password } => self.log_in(user, password)?,
            Effect::LogOut => {
                let access = Arc::clone(&self.access);
                thread("logout", move || access.log_out())?;
                self.look();
            }
            Effect::Run(job) => {
                let (access, tell) = (Arc::clone(&self.access), self.tell.clone());
                let host = self.host();
                thread("calls", move || calls::run(&access, &host, &job, &tell))?;
            }
            Effect::Confirm { undo } => {
                let (access, tell) = (Arc::clone(&self.access), self.tell.clone());
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
            Effect::Reset(asked) => {
                let (root, tell) = (self.root.clone(), self.tell.clone());
                thread("reset", move || crate::reset::run(&root, &asked, &tell))?;
            }
        }
        Ok(())
    }

    /// The host's reference, as the daemon said it last.
    fn host(&self) -> String {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone().unwrap_or_default()
    }

    fn look(&self) {
        for nudge in &self.nudges {
            // A thread that is gone has said why.
            drop(nudge.send(Nudge));
        }
    }

    fn log_in(&self, user: String, password: Zeroizing<String>) -> std::io::Result<()> {
        let (access, tell) = (Arc::clone(&self.access), self.tell.clone());
        let nudges = self.nudges.clone();
        thread("login", move || {
            let outcome = access.log_in(&user, &password).map(|()| user);
            tell_or_end(&tell, Event::LoggedIn(outcome));
            for nudge in nudges {
                drop(nudge.send(Nudge));
            }
        })
    }

    /// Ends what the console holds at the daemon.
    pub fn end(&self) {
        self.access.log_out();
    }
}

/// A thread that nobody waits for.
fn thread(name: &str, act: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(act).map(drop)
}

/// Tells an event. False if nobody listens: the console ends.
fn tell_or_end(tell: &Tell, event: Event) -> bool {
    tell.send(event).is_ok()
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
