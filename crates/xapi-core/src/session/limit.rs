//! How many sessions there may be, and for how long nobody need use one (wire-protocol facts, 5.3).

use std::collections::BTreeSet;

use xapi_db::{Draft, Read};
use xapi_model::{Class, DateTime, Ref, Session, Task, TaskStatusType};

use super::{IDLE_LIMIT, MOST_SESSIONS};
use crate::Result;

/// Sessions that push out only each other.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Group {
    /// Between the hosts of the pool.
    Pool,
    /// Of the superuser, by clients that do not say what they are.
    Anonymous,
    /// Of the superuser, by one kind of client.
    Originator(String),
    /// Of one other user.
    User(String),
}

impl Group {
    fn of(session: &Session) -> Group {
        let root = matches!(session.auth_user_name.as_str(), "" | "root");
        match () {
            () if session.pool => Group::Pool,
            () if root && session.originator.is_empty() => Group::Anonymous,
            () if root => Group::Originator(session.originator.clone()),
            () => Group::User(session.auth_user_name.clone()),
        }
    }

    fn most(&self) -> usize {
        match self {
            Group::Pool | Group::Anonymous => 400,
            Group::Originator(_) | Group::User(_) => 500,
        }
    }
}

/// Sessions with work under way, which are not ended behind their client's back.
pub(super) fn busy(draft: &Draft) -> Result<BTreeSet<Ref<Session>>> {
    let pending = draft.find(Task::STATUS, &TaskStatusType::Pending)?;
    let mut busy = BTreeSet::new();
    for task in pending {
        let mut next = draft.field(&task, Task::SESSION)?;
        // A session keeps those that it came from; the set ends a circle.
        while !next.is_null() && draft.exists(&next)? && busy.insert(next.clone()) {
            next = draft.field(&next, Session::PARENT)?;
        }
    }
    Ok(busy)
}

/// Sessions among which those of the group of `fresh` are.
fn near(draft: &Draft, group: &Group, fresh: &Session) -> Result<Vec<Ref<Session>>> {
    match group {
        Group::Pool => draft.find(Session::POOL, &true),
        Group::Anonymous | Group::Originator(_) => {
            draft.find(Session::ORIGINATOR, &fresh.originator)
        }
        Group::User(name) => draft.find(Session::AUTH_USER_NAME, name),
    }
}

/// Ends what must go before one more session is there, and tells what went.
pub(super) fn make_room(draft: &Draft, fresh: &Session) -> Result<Vec<Ref<Session>>> {
    let mut ended = Vec::new();
    let group = Group::of(fresh);
    let near = near(draft, &group, fresh)?;
    if near.len() >= group.most() {
        let mut members = Vec::new();
        for reference in near {
            let row = draft.get(&reference)?;
            if Group::of(&row) == group {
                members.push((row.last_active.unix(), reference));
            }
        }
        let surplus = (members.len() + 1).saturating_sub(group.most());
        if surplus > 0 {
            members.sort();
            let busy = busy(draft)?;
            let idle = members.iter().filter(|(_, one)| !busy.contains(one));
            for (_, reference) in idle.take(surplus) {
                ended.extend(super::end(draft, reference)?);
            }
        }
    }
    // Of the whole there is a bound too, which spares nobody: originators are as many as clients like.
    let left = draft.refs(Session::DESC)?.len();
    if left >= MOST_SESSIONS {
        let mut all: Vec<_> = draft.all::<Session>()?;
        all.sort_by_key(|(_, session)| session.last_active.unix());
        for (reference, _) in all.iter().take(left + 1 - MOST_SESSIONS) {
            ended.extend(super::end(draft, reference)?);
        }
    }
    Ok(ended)
}

/// Ends the sessions that nobody used for a day, and tells which.
pub(super) fn expire(draft: &Draft, now: &DateTime) -> Result<Vec<Ref<Session>>> {
    let mut ended = Vec::new();
    let idle = |session: &Session| now.unix() - session.last_active.unix() > IDLE_LIMIT;
    let old: Vec<_> = draft
        .all::<Session>()?
        .into_iter()
        .filter(|(_, session)| idle(session))
        .collect();
    if old.is_empty() {
        return Ok(ended);
    }
    let busy = busy(draft)?;
    for (reference, _) in old {
        if !busy.contains(&reference) && draft.exists(&reference)? {
            ended.extend(super::end(draft, &reference)?);
        }
    }
    Ok(ended)
}
