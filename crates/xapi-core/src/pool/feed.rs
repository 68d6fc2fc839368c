//! A master's commits go to a slave: a full copy if it is not known how far the slave is, then each commit as it is made.
//!
//! One thread for each slave: it waits for the next commit, and for the line while too much is under way. A slave that
//! cannot follow holds up nobody but itself.

use std::sync::Arc;
use std::time::Duration;

use xapi_db::{Commit, Since};
use xapi_model::{Position, errors};

use super::peer::{Lost, Peer};
use super::verbs::{Stream, encode};
use crate::Result;
use crate::context::{Core, db_error};

/// Commits that are sent together, at most, to whoever has been away.
const TOGETHER: usize = 64;

/// How often a line that has nothing to say is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Commits that are kept for slaves that come back.
const JOURNAL: usize = 10_000;

/// Octets of memory that these may take.
const JOURNAL_OCTETS: usize = 64 << 20;

/// Sends until the line is gone.
pub(super) fn run(core: &Arc<Core>, peer: &Arc<dyn Peer>, from: Option<Position>) {
    if let Err(why) = feed(core, peer, from) {
        tracing::error!("a slave is not fed any more: {why}");
        peer.close(&why.to_string());
    }
}

fn feed(core: &Arc<Core>, peer: &Arc<dyn Peer>, from: Option<Position>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(errors::internal_error)?;
    // A pool of one host keeps nothing.
    let keep = || core.store.keep_journal(JOURNAL, JOURNAL_OCTETS);
    core.pool.journal.get_or_init(keep);
    let mut commits_made = core.store.subscribe();
    let mut at = from;
    loop {
        // Before the journal is asked: what it then does not know was not durable.
        let now = core.store.generation();
        match at.map(|at| (at, core.store.since(at))) {
            None | Some((_, Since::TooOld)) => match copy(core, peer)? {
                None => return Ok(()),
                copied => at = copied,
            },
            Some((from, Since::Commits(commits))) => {
                let Some(reached) = commit(peer, from, &commits)? else {
                    return Ok(());
                };
                at = Some(reached);
                loop {
                    if !peer.is_open() || core.is_ending() {
                        return Ok(());
                    }
                    let beyond = commits_made.wait_for(|generation| *generation > now);
                    let waited = async { tokio::time::timeout(LOOK, beyond).await.is_ok() };
                    if runtime.block_on(waited) {
                        break;
                    }
                }
            }
        }
    }
}

/// Sends what was committed. Where the slave is then; nothing if the line is gone.
fn commit(
    peer: &Arc<dyn Peer>,
    from: Position,
    commits: &[Arc<Commit>],
) -> Result<Option<Position>> {
    let mut at = from;
    for some in commits.chunks(TOGETHER) {
        let sent: Vec<_> = some.iter().map(|commit| commit.as_ref().clone()).collect();
        let reached = sent.last().map_or(at.generation, |last| last.generation);
        if say(peer, &Stream::Commits(at, sent))?.is_none() {
            return Ok(None);
        }
        at.generation = reached;
    }
    Ok(Some(at))
}

/// Sends everything. What it is the state of; nothing if the line is gone.
fn copy(core: &Core, peer: &Arc<dyn Peer>) -> Result<Option<Position>> {
    let copy = core.store.copy().map_err(db_error)?;
    let position = copy.position();
    if say(peer, &Stream::CopyBegins(position))?.is_none() {
        return Ok(None);
    }
    for rows in copy {
        let rows = rows.map_err(db_error)?;
        if say(peer, &Stream::CopyRows(rows))?.is_none() {
            return Ok(None);
        }
    }
    Ok(say(peer, &Stream::CopyEnds)?.map(|()| position))
}

/// Nothing if the line is gone.
fn say(peer: &Arc<dyn Peer>, stream: &Stream) -> Result<Option<()>> {
    let text = encode(stream).map_err(errors::internal_error)?;
    match peer.tell(text) {
        Ok(()) => Ok(Some(())),
        Err(Lost::Closed | Lost::TimedOut) => Ok(None),
        Err(why @ Lost::TooLong) => Err(errors::internal_error(why)),
    }
}
