//! Threads on which handlers are asked and told. There are as many as there is work at once, which the limits of each
//! line bound; one that finds nothing to do for a while ends.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::warn;

/// How long a thread waits for more work.
const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

struct Workers {
    queue: Mutex<Queue>,
    more: Condvar,
}

struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Threads that wait.
    idle: usize,
}

static WORKERS: Workers = Workers {
    queue: Mutex::new(Queue {
        jobs: VecDeque::new(),
        threads: 0,
        idle: 0,
    }),
    more: Condvar::new(),
};

/// Runs a job on some thread, at once; when no thread can be made, on the first one that has done its work. Fails if
/// there is none at all.
pub(crate) fn run(job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut queue = WORKERS.lock();
    queue.jobs.push_back(Box::new(job));
    if queue.idle >= queue.jobs.len() {
        WORKERS.more.notify_one();
        return Ok(());
    }
    let thread = thread::Builder::new().name("line".to_owned());
    match thread.spawn(|| WORKERS.work()) {
        Ok(_) => queue.threads += 1,
        Err(why) if queue.threads == 0 => {
            queue.jobs.pop_back();
            return Err(why);
        }
        Err(why) => warn!("what hosts say to each other is slow: no thread: {why}"),
    }
    Ok(())
}

impl Workers {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut queue = self.lock();
        loop {
            queue.idle += 1;
            let waited = self
                .more
                .wait_timeout_while(queue, IDLE, |queue| queue.jobs.is_empty());
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.idle -= 1;
            let Some(job) = queue.jobs.pop_front() else {
                queue.threads -= 1;
                return;
            };
            drop(queue);
            job();
            queue = self.lock();
        }
    }
}
