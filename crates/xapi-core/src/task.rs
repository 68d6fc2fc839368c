//! Tasks: `Async.` calls run on a bounded pool of threads and leave their outcome in a record (wire-protocol
//! facts, 10).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use xapi_db::Read;
use xapi_model::messages::Message;
use xapi_model::task::{
    AddToOtherConfig, Create, Destroy, RemoveFromOtherConfig, SetErrorInfo, SetOtherConfig,
    SetProgress, SetResult, SetStatus,
};
use xapi_model::{ApiError, Class, Ref, Task, TaskStatusType, Value, errors};

use crate::Result;
use crate::context::{Caller, Core, Cx, Origin};
use crate::dispatch::{self, Api};

/// Completed tasks are kept this long, in seconds, so that clients can read how they ended.
const KEEP_COMPLETED: i64 = 3900;
/// Above this number the oldest completed tasks go at once.
const MOST_TASKS: usize = 200;
/// Calls that wait for a thread; more are refused.
const MOST_WAITING: usize = 1000;
/// An idle thread of the pool ends after this time.
const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// Threads for `Async.` calls: made when needed, few of them, gone when idle.
#[derive(Clone)]
pub(crate) struct Slots {
    shared: Arc<(Mutex<Queue>, Condvar)>,
    most: usize,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

impl Slots {
    pub(crate) fn new(most: usize) -> Slots {
        Slots {
            shared: Arc::default(),
            most: most.max(1),
        }
    }

    /// Runs a job as soon as a thread is free.
    fn submit(&self, job: Job) -> Result<()> {
        let (lock, wake) = &*self.shared;
        let mut queue = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.jobs.len() >= MOST_WAITING {
            return Err(errors::internal_error("too many tasks are waiting"));
        }
        queue.jobs.push_back(job);
        if queue.idle == 0 && queue.threads < self.most {
            let shared = Arc::clone(&self.shared);
            let spawned = std::thread::Builder::new()
                .name("task".to_owned())
                .spawn(move || work(&shared));
            match spawned {
                Ok(_) => queue.threads += 1,
                // The threads that there are take the job; without any it would wait for ever.
                Err(why) if queue.threads == 0 => {
                    queue.jobs.pop_back();
                    return Err(errors::internal_error(format!(
                        "no thread for a task: {why}"
                    )));
                }
                Err(why) => tracing::warn!("no further thread for tasks: {why}"),
            }
        }
        wake.notify_one();
        Ok(())
    }
}

fn work(shared: &(Mutex<Queue>, Condvar)) {
    let (lock, wake) = shared;
    let mut queue = lock.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            drop(queue);
            job();
            queue = lock.lock().unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        queue.idle += 1;
        let (again, timeout) = wake
            .wait_timeout(queue, IDLE)
            .unwrap_or_else(PoisonError::into_inner);
        queue = again;
        queue.idle -= 1;
        if timeout.timed_out() && queue.jobs.is_empty() {
            queue.threads -= 1;
            return;
        }
    }
}

/// Starts an `Async.` call; the result is its task.
pub(crate) fn start(
    api: &Api,
    origin: &Origin,
    caller: Option<Caller>,
    message: &'static Message,
    name: &str,
    params: Vec<Value>,
) -> Result<Value> {
    let core = api.core();
    // The keys come from the server as they shall stand: `http:KEY`.
    let other_config: BTreeMap<_, _> = origin.other_config.iter().cloned().collect();
    let session = caller
        .as_ref()
        .filter(|caller| !caller.local)
        .map(|caller| caller.session.clone());
    let row = Task {
        owner: caller
            .as_ref()
            .map(|caller| caller.sid.clone())
            .unwrap_or_default(),
        session: session.unwrap_or_default(),
        other_config,
        ..fresh(core, name, "")?
    };
    let task = core.store.change(|draft| {
        trim(core, draft)?;
        draft.insert(row.clone())
    })?;
    let made = task.clone();
    let (core, origin) = (Arc::clone(core), origin.clone());
    let job = Box::new(move || {
        let cx = Cx {
            core: &core,
            session: caller,
            task: Some(task.clone()),
            origin: &origin,
        };
        let outcome = dispatch::run(&cx, message, params);
        if let Err(why) = finish(&core, &task, outcome) {
            tracing::error!("task {task} could not be completed: {why}");
        }
    });
    api.core().async_slots.submit(job)?;
    Ok(Value::Str(made.as_str().to_owned()))
}

fn fresh(core: &Core, label: &str, description: &str) -> Result<Task> {
    Ok(Task {
        name_label: label.to_owned(),
        name_description: description.to_owned(),
        created: core.now(),
        status: TaskStatusType::Pending,
        resident_on: core.localhost()?,
        kind: "<none/>".to_owned(),
        ..Task::blank()
    })
}

/// Writes the outcome of a task, unless it has one.
fn finish(core: &Core, task: &Ref<Task>, outcome: Result<Value>) -> Result<()> {
    core.store.change(|draft| {
        if !draft.exists(task)? || draft.field(task, Task::STATUS)? != TaskStatusType::Pending {
            return Ok(());
        }
        draft.set(task, Task::FINISHED, core.now())?;
        draft.set(task, Task::PROGRESS, 1.0)?;
        draft.set(task, Task::ALLOWED_OPERATIONS, Vec::new())?;
        match &outcome {
            Ok(value) => {
                draft.set(task, Task::RESULT, xapi_wire::xmlrpc::encode_value(value))?;
                draft.set(task, Task::STATUS, TaskStatusType::Success)
            }
            Err(why) => {
                let info = std::iter::once(&why.code)
                    .chain(&why.params)
                    .cloned()
                    .collect();
                draft.set(task, Task::ERROR_INFO, info)?;
                let cancelled = why.code == "TASK_CANCELLED";
                let status = if cancelled {
                    TaskStatusType::Cancelled
                } else {
                    TaskStatusType::Failure
                };
                draft.set(task, Task::STATUS, status)
            }
        }
    })
}

/// Removes completed tasks that are old, or too many.
fn trim(core: &Core, draft: &xapi_db::Draft) -> Result<()> {
    let now = core.now().unix();
    let mut done: Vec<(Ref<Task>, Task)> = draft.all()?;
    let total = done.len();
    done.retain(|(_, task)| task.status != TaskStatusType::Pending);
    done.sort_by_key(|(_, task)| task.finished.unix());
    let surplus = (total + 1).saturating_sub(MOST_TASKS);
    for (at, (task, row)) in done.iter().enumerate() {
        if at < surplus || now - row.finished.unix() > KEEP_COMPLETED {
            draft.destroy(task)?;
        }
    }
    Ok(())
}

/// Removes what completed long ago. Called by the housekeeping thread.
pub fn collect(core: &Core) -> Result<()> {
    core.store.change(|draft| trim(core, draft))
}

/// `task.create`: a task that the caller drives.
pub fn create(cx: &Cx<'_>, call: Create) -> Result<Ref<Task>> {
    let row = Task {
        owner: cx.caller()?.sid.clone(),
        session: cx.caller()?.session.clone(),
        ..fresh(cx.core, &call.label, &call.description)?
    };
    let local = cx.caller()?.local;
    cx.core.store.change(|draft| {
        let session = if local {
            Ref::null()
        } else {
            row.session.clone()
        };
        draft.insert(Task {
            session,
            ..row.clone()
        })
    })
}

/// `task.destroy`: a pending one goes when it completes.
pub fn destroy(cx: &Cx<'_>, call: Destroy) -> Result<()> {
    cx.core
        .store
        .change(|draft| match draft.field(&call.this, Task::STATUS)? {
            TaskStatusType::Pending => {
                let operation = [(
                    "task".to_owned(),
                    xapi_model::TaskAllowedOperations::Destroy,
                )];
                draft.set(&call.this, Task::CURRENT_OPERATIONS, operation.into())
            }
            _ => draft.destroy(&call.this),
        })
}

/// `task.set_status`.
pub fn set_status(cx: &Cx<'_>, call: SetStatus) -> Result<()> {
    cx.core.store.change(|draft| {
        if call.value != TaskStatusType::Pending {
            draft.set(&call.this, Task::FINISHED, cx.core.now())?;
        }
        draft.set(&call.this, Task::STATUS, call.value)
    })
}

/// `task.set_progress`: between 0 and 1.
pub fn set_progress(cx: &Cx<'_>, call: SetProgress) -> Result<()> {
    if !(0.0..=1.0).contains(&call.value) {
        return Err(errors::value_not_supported(
            "progress",
            call.value,
            "it is not between 0 and 1",
        ));
    }
    cx.core
        .store
        .change(|draft| draft.set(&call.this, Task::PROGRESS, call.value))
}

/// `task.set_result`.
pub fn set_result(cx: &Cx<'_>, call: SetResult) -> Result<()> {
    cx.core
        .store
        .change(|draft| draft.set(&call.this, Task::RESULT, call.value.clone()))
}

/// `task.set_error_info`.
pub fn set_error_info(cx: &Cx<'_>, call: SetErrorInfo) -> Result<()> {
    cx.core
        .store
        .change(|draft| draft.set(&call.this, Task::ERROR_INFO, call.value.clone()))
}

/// `task.set_other_config`.
pub fn set_other_config(cx: &Cx<'_>, call: SetOtherConfig) -> Result<()> {
    cx.core
        .store
        .change(|draft| draft.set(&call.this, Task::OTHER_CONFIG, call.value.clone()))
}

/// `task.add_to_other_config`.
pub fn add_to_other_config(cx: &Cx<'_>, call: AddToOtherConfig) -> Result<()> {
    cx.core.store.change(|draft| {
        let mut map = draft.field(&call.this, Task::OTHER_CONFIG)?;
        if map.insert(call.key.clone(), call.value.clone()).is_some() {
            let params = ["task", "other_config", call.this.as_str(), &call.key].map(str::to_owned);
            return Err(ApiError::new("MAP_DUPLICATE_KEY", params.to_vec()));
        }
        draft.set(&call.this, Task::OTHER_CONFIG, map)
    })
}

/// `task.remove_from_other_config`.
pub fn remove_from_other_config(cx: &Cx<'_>, call: RemoveFromOtherConfig) -> Result<()> {
    cx.core.store.change(|draft| {
        let mut map = draft.field(&call.this, Task::OTHER_CONFIG)?;
        map.remove(&call.key);
        draft.set(&call.this, Task::OTHER_CONFIG, map)
    })
}
