//! The threads of `Async.` calls, and the calls that wait for one.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use xapi_model::{Ref, Task, errors};

use crate::Result;

/// Calls that wait for a thread; more are refused.
const MOST_WAITING: usize = 1000;
/// An idle thread of the pool ends after this time.
const IDLE: Duration = Duration::from_secs(10);

/// Something to do, and the task that it is done for.
struct Job {
    task: Option<Ref<Task>>,
    run: Box<dyn FnOnce() + Send>,
}

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

    /// Runs a job as soon as a thread is free; TOO_MANY_PENDING_TASKS if too many wait for one.
    pub(crate) fn submit(
        &self,
        task: Option<Ref<Task>>,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<()> {
        let (lock, wake) = &*self.shared;
        let mut queue = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.jobs.len() >= MOST_WAITING {
            return Err(errors::too_many_pending_tasks());
        }
        queue.jobs.push_back(Job {
            task,
            run: Box::new(run),
        });
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

    /// Takes the job of a task out of the queue. False if it runs already, or has run.
    pub(super) fn withdraw(&self, task: &Ref<Task>) -> bool {
        let (lock, _) = &*self.shared;
        let mut queue = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = queue.jobs.len();
        queue.jobs.retain(|job| job.task.as_ref() != Some(task));
        queue.jobs.len() < waiting
    }
}

fn work(shared: &(Mutex<Queue>, Condvar)) {
    let (lock, wake) = shared;
    let mut queue = lock.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            drop(queue);
            (job.run)();
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
