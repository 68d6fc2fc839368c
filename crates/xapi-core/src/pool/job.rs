//! What a host does for its master beside its network: what is on its disk or in its memory alone. The master has checked
//! who asks, and whether he may; results and errors are those of the call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xapi_db::{Portable, Read};
use xapi_model::{ApiError, Host, Ref, Value, errors, text};
use zeroize::Zeroizing;

use super::verbs::{Answer, Verb};
use crate::Result;
use crate::certificates::shared::Step;
use crate::certificates::staged::Stage;
use crate::context::Core;
use crate::ops::plugin;

/// How long a job may take that waits for nothing; a key is made in this time, too.
const AT_ONCE: Duration = Duration::from_secs(60);

/// How much longer than its own deadline a plugin may take.
const GRACE: Duration = Duration::from_secs(15);

/// A text that shows in no log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// The text: for whoever must know it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Hidden {
        Hidden(Zeroizing::new(text))
    }
}

impl From<Hidden> for String {
    fn from(hidden: Hidden) -> String {
        hidden.expose().to_owned()
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("(hidden)")
    }
}

/// A job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Job {
    /// To run a plugin. The answer is what it answers.
    Plugin(Plugin),
    /// Something about one of the host's own certificates. The answer is a certificate, as PEM.
    Certificate(Stage),
    /// Something about the files of what the pool trusts. The answer is nothing, or a map.
    Trusted(Step),
    /// To tell the time.
    Time,
    /// To tell which clients it has seen: a map.
    UserAgents,
}

/// A plugin, and what it is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plugin {
    /// Its name.
    pub name: String,
    /// The function of it.
    pub function: String,
    /// The arguments.
    pub args: BTreeMap<String, String>,
    /// The caller's session.
    pub session: Hidden,
}

impl Job {
    fn within(&self, core: &Core) -> Duration {
        match self {
            Job::Plugin(_) => core.config.plugin_deadline + GRACE,
            Job::Certificate(_) | Job::Trusted(_) | Job::Time | Job::UserAgents => AT_ONCE,
        }
    }

    /// Whether it is waited for when the host is lost in the middle: it changes something, and must not be begun again.
    pub(super) fn counts_once(&self) -> bool {
        match self {
            Job::Plugin(_) => true,
            Job::Certificate(stage) => !stage.only_tells(),
            Job::Trusted(_) | Job::Time | Job::UserAgents => false,
        }
    }

    /// Does it, on this host.
    pub(crate) fn done_here(self, core: &Arc<Core>) -> Result<Value> {
        match self {
            Job::Plugin(plugin) => plugin::run_here(core, &plugin).map(Value::Str),
            Job::Certificate(stage) => stage.done_here(core).map(Value::Str),
            Job::Trusted(step) => step.done_here(core),
            Job::Time => Ok(Value::Time(core.now())),
            Job::UserAgents => {
                let all = core.user_agents.all().into_iter();
                let all = all.map(|(agent, seen)| (agent, Value::Str(seen)));
                Ok(Value::Struct(all.collect()))
            }
        }
    }
}

/// A text of another host that any client can be sent.
fn clean(text: &str) -> String {
    text::legible(text).into_owned()
}

impl Core {
    /// Has a host do a job. HANDLE_INVALID, HOST_OFFLINE [host] if it is not there, CANNOT_CONTACT_HOST [host] if it is lost in
    /// the middle and does not tell when it is back: then nobody knows how far it has come. TOO_MANY_PENDING_TASKS if it has too many already.
    pub(crate) fn have_done(self: &Arc<Self>, host: &Ref<Host>, job: Job) -> Result<Value> {
        if self.is_here(host) {
            return job.done_here(self);
        }
        if !self.view()?.exists(host)? {
            return Err(errors::handle_invalid("host", host));
        }
        let within = job.within(self);
        let waits = job.counts_once();
        let verb = |number| Verb::Run(number, job);
        match self.pool.has_done(host, verb, within, waits)? {
            Answer::Ran(Ok(Portable(Value::Str(text)))) => Ok(Value::Str(clean(&text))),
            Answer::Ran(Ok(Portable(value))) => Ok(value),
            Answer::Ran(Err(why)) => {
                let params = why.params.iter().map(|param| clean(param));
                Err(ApiError::new(clean(&why.code), params.collect()))
            }
            _ => Err(errors::internal_error(format!(
                "{host} answers another question"
            ))),
        }
    }

    /// The same for a job whose answer is a text.
    pub(crate) fn have_told(self: &Arc<Self>, host: &Ref<Host>, job: Job) -> Result<String> {
        match self.have_done(host, job)? {
            Value::Str(text) => Ok(text),
            _ => Err(errors::internal_error(format!("{host} tells no text"))),
        }
    }
}
