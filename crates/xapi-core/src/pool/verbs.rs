//! What master and slave say to each other, as JSON: whoever debugs a pool can read it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xapi_db::{Commit, Edit, Portable};
use xapi_guest::GuestError;
use xapi_model::{ApiError, Position};
use xapi_net::agent::{Counters, NetError, NetEvent, Outcome, Probe, Request};
use xapi_net::facts::Facts;
use xapi_net::firmware::Card;
use xapi_net::names::Name;
use xapi_net::planned::PlannedStep;

use super::aside::Aside;
use super::bounds;
use super::dowry::Dowry;
use super::job::Job;
use super::join::JoinPlan;
use super::secret::{Held, PoolSecret};
use super::whereabouts::Found;
use crate::guests::place::{Ask, Reply};
use crate::particulars::Particulars;

/// What a master asks of a slave: the verbs of its agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Verb {
    /// To look like a topology. The number names this convergence.
    Converge(u64, Request),
    /// What became of a convergence whose answer was lost.
    Outcome(u64),
    /// The convergence counts: its rows are committed.
    Keep(u64),
    /// The steps of a convergence.
    Plan(Request),
    /// What is so.
    Facts,
    /// The NICs as the firmware has them.
    Firmware,
    /// What was sent and received.
    Counters(Name),
    /// Who answers.
    Answered(BTreeSet<Probe>, Duration),
    /// What the host calls itself.
    Hostname,
    /// What it shall call itself.
    SetHostname(String),
    /// What it tells of itself.
    Particulars,
    /// The master is done with what the host's arrival asks for; what came of it was committed up to here.
    Settled(Position),
    /// The same as [`Verb::Converge`], on the rows that a reset of the host's network has made.
    Reset(u64, Request),
    /// To take a NIC, and the names of bridges, from whoever else holds them.
    Seize(Name, BTreeSet<Name>),
    /// What became of what [`Arrived`] has of a reset.
    Heard {
        /// Everything up to this number is told.
        told: u64,
        /// The trigger with this mark is carried out: the rows are as it has them.
        reset: Option<String>,
    },
    /// To have followed so far.
    Reach(Position),
    /// To leave the pool, and to begin anew with this trigger of a network reset.
    Leave(String),
    /// To know the pool by this secret from now on, and by those before until [`Verb::SecretSettled`].
    Secret(PoolSecret),
    /// To know it by the secret with this mark alone: every host has it.
    SecretSettled(String),
    /// To be the master from now on.
    Decide,
    /// To obey the host with this address from now on.
    Obey(String),
    /// To look for the master at these addresses from now on.
    Moves(Vec<String>),
    /// To do what only that host can. The number names this deed, which is done once.
    Run(u64, Job),
    /// Something about its guests, likewise.
    Guest(u64, Ask),
    /// What became of a deed whose answer was lost.
    Became(u64),
}

/// A slave's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Verb::Converge`], [`Verb::Reset`] and [`Verb::Outcome`].
    Converged(Result<Outcome, NetError>),
    /// To [`Verb::Outcome`] and [`Verb::Became`]: it is still at it.
    NotYet,
    /// To [`Verb::Outcome`] and [`Verb::Became`]: it knows of none, and does it no more.
    Forgotten,
    /// To [`Verb::Plan`].
    Plan(Result<Vec<PlannedStep>, NetError>),
    /// To [`Verb::Facts`].
    Facts(Box<Result<Facts, NetError>>),
    /// To [`Verb::Firmware`].
    Firmware(Result<Vec<Card>, NetError>),
    /// To [`Verb::Counters`].
    Counters(Option<Counters>),
    /// To [`Verb::Answered`].
    Answered(Result<BTreeSet<Probe>, NetError>),
    /// To [`Verb::Hostname`].
    Hostname(Result<String, NetError>),
    /// To whatever is done and has no result.
    Done(Result<(), NetError>),
    /// To [`Verb::Seize`].
    Seized(Result<Vec<String>, NetError>),
    /// To [`Verb::Guest`] and [`Verb::Became`].
    Guest(Result<Reply, GuestError>),
    /// To [`Verb::Run`] and [`Verb::Became`].
    Ran(Result<Portable, ApiText>),
    /// To [`Verb::Particulars`].
    Particulars(Result<Arrived, ApiText>),
    /// The question makes no sense to it.
    Unknown(String),
}

/// What a master tells a slave, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Stream {
    /// A full copy begins, of this position; what was known is to be replaced at its end.
    CopyBegins(Position),
    /// Rows of it.
    CopyRows(Vec<Edit>),
    /// It is complete.
    CopyEnds,
    /// Commits that follow on a position, each on the one before it.
    Commits(Position, Vec<Commit>),
}

/// What a host tells when it is linked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arrived {
    /// What it tells of itself.
    pub particulars: Particulars,
    /// Whether its daemon was started since a master was last done with its arrival: then it inherits.
    pub starts: bool,
    /// Whether the machine has booted since.
    pub booted: bool,
    /// A trigger of a network reset, as which the host has come up if its NIC is there.
    #[serde(default)]
    pub reset: Option<ResetAsked>,
    /// What its operator is to be told, in order.
    #[serde(default)]
    pub alerts: Vec<ToTell>,
    /// Where it has found its master, if that was not where it was before.
    #[serde(default)]
    pub found: Option<Found>,
    /// Which secret of the pool it has.
    #[serde(default)]
    pub secret: Option<Held>,
    /// What it has kept aside when it was the master, if its operator is not told of that yet.
    #[serde(default)]
    pub aside: Option<Aside>,
    /// The bridge to which its management was moved while it had no master.
    #[serde(default)]
    pub moved: Option<String>,
    /// The number of the change that it took back, since a master was last done with its arrival, because it could not reach
    /// its master over what that had made.
    #[serde(default)]
    pub gone_back: Option<u64>,
}

/// A trigger of a network reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetAsked {
    /// What it says.
    pub text: String,
    /// A word that no other trigger of the host has.
    pub mark: String,
    /// When it was written, in seconds since 1970.
    pub written: u64,
}

/// An alert that a slave has to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToTell {
    /// It is above those of what it had to tell before.
    pub number: u64,
    /// The alert's name.
    pub name: String,
    /// Its body.
    pub body: String,
}

/// What a slave asks its master.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Wish {
    /// To carry out a call that came in at the slave's own socket.
    Call(Forwarded),
    /// What became of the call with this name, whose line was lost.
    Became(String),
    /// To be told when a task has changed after this generation.
    Tasks(u64),
    /// To be let into the pool.
    Admit(Box<Admission>),
    /// To learn what would come of that.
    Plan(Box<Admission>),
}

/// A host that wants to be let in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Admission {
    /// What it brings.
    pub dowry: Dowry,
    /// Whether it is to be let in although it is unlike the others.
    pub force: bool,
    /// Which secret of the pool it has: by the time it is let in that may be none any more.
    #[serde(default)]
    pub secret: Option<String>,
}

/// A call that a slave hands on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Forwarded {
    /// Name of the message.
    pub name: String,
    /// All its parameters.
    pub params: Vec<Portable>,
    /// Who called the slave.
    pub peer: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Entries for the `other_config` of the call's task.
    pub other_config: Vec<(String, String)>,
    /// Its session, if that was opened at the slave.
    pub opened: Option<Opened>,
    /// What the slave asks for it by, if the line is lost.
    #[serde(default)]
    pub id: String,
}

/// What is known of a session that was opened at a slave's socket, by the superuser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opened {
    /// The name that was given.
    pub user: String,
    /// What the client called itself.
    pub originator: String,
}

/// The master's answer to a wish.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Granted {
    /// What a call came to, and how far the database is: what the call has changed is in there.
    Called(Result<Portable, ApiText>, Option<Position>),
    /// The call that was asked about goes on.
    Pending,
    /// It is not known.
    Forgotten,
    /// How far the master is; a task has changed, or none has for a while.
    Tasks(u64),
    /// It is let in, or why not.
    Admitted(Result<(), ApiText>),
    /// What letting it in would come to.
    Planned(Result<JoinPlan, ApiText>),
}

/// What a slave tells its master, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum News {
    /// Something happened to its network by itself.
    Event(NetEvent),
    /// The trigger with this mark is gone: the reset is at its end.
    ResetOver(String),
    /// A guest of its did something by itself.
    Guest(xapi_guest::Event),
}

/// An error of the XenAPI on the way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiText {
    /// Its code.
    pub code: String,
    /// Its parameters.
    pub params: Vec<String>,
}

impl From<ApiError> for ApiText {
    fn from(error: ApiError) -> ApiText {
        ApiText {
            code: error.code.to_string(),
            params: error.params,
        }
    }
}

impl From<ApiText> for ApiError {
    fn from(text: ApiText) -> ApiError {
        ApiError::new(text.code, text.params)
    }
}

/// The bytes of a message.
pub(crate) fn encode(message: &impl Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec(message).map_err(|why| format!("cannot be said: {why}"))
}

/// How deep serde_json follows by itself.
const USUAL: usize = 127;

/// How deep a message may be. What a client sends, of 64 levels at most, is three times as deep here, with a little around
/// it.
const DEEPEST: usize = 256;

/// A message of bytes from outside; an error says what is wrong with them.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    // The reason may have a whole text of the message in it.
    let strange = |why| format!("cannot be understood: {}", bounds::shortened(why));
    match serde_json::from_slice(bytes) {
        Ok(message) => Ok(message),
        Err(_) if (USUAL..=DEEPEST).contains(&depth(bytes)) => {
            let mut deep = serde_json::Deserializer::from_slice(bytes);
            deep.disable_recursion_limit();
            let message = T::deserialize(&mut deep).map_err(strange)?;
            deep.end().map_err(strange)?;
            Ok(message)
        }
        Err(why) => Err(strange(why)),
    }
}

/// How deep a text of JSON is nested, whether it is one or not.
fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !is_text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}
