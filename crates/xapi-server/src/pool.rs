//! The workers that carry calls out: at most so many, with a queue of at most so many.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tracing::error;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that begin when they are first needed and stay.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    more: Condvar,
    workers: usize,
    queue: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    running: usize,
    closed: bool,
}

/// All workers are busy and the queue is full, or the pool is closed.
#[derive(Debug)]
pub(crate) struct Full;

impl Pool {
    pub(crate) fn new(workers: usize, queue: usize) -> Pool {
        Pool {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                more: Condvar::new(),
                workers: workers.max(1),
                queue,
            }),
        }
    }

    /// Runs `job` on a worker, as soon as one is free.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        let mut state = self.shared.lock();
        if state.closed {
            return Err(Full);
        }
        let shared = &self.shared;
        if state.jobs.len() + state.running >= shared.workers.saturating_add(shared.queue) {
            return Err(Full);
        }
        let free = state.threads - state.running;
        if state.jobs.len() >= free && state.threads < shared.workers {
            let worker = Arc::clone(shared);
            match thread::Builder::new()
                .name("call".to_owned())
                .spawn(move || worker.work())
            {
                Ok(_) => state.threads += 1,
                Err(why) if state.threads == 0 => {
                    error!("no thread for calls: {why}");
                    return Err(Full);
                }
                // The queue remains, and somebody works on it.
                Err(why) => error!("no further thread for calls: {why}"),
            }
        }
        state.jobs.push_back(Box::new(job));
        drop(state);
        self.shared.more.notify_one();
        Ok(())
    }

    /// Takes no more jobs and forgets those that wait; what runs goes on.
    pub(crate) fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.shared.more.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No job runs under the lock, so that a panic cannot leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.running += 1;
                drop(state);
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    error!("a call panicked outside its guard");
                }
                state = self.lock();
                state.running -= 1;
            } else if state.closed {
                return;
            } else {
                state = self
                    .more
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::Pool;

    /// A job that tells when it begins and ends when it is told to.
    fn held(pool: &Pool) -> (bool, Receiver<()>, Sender<()>) {
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let taken = pool.run(move || {
            begun.send(()).expect("the test listens");
            // Ends also when the test is over.
            may_end.recv().ok();
        });
        (taken.is_ok(), has_begun, end)
    }

    #[test]
    fn a_pool_runs_as_many_jobs_as_it_has_workers_and_queues_as_many_as_it_may() {
        let pool = Pool::new(2, 1);
        let (_, first, end_first) = held(&pool);
        let (_, second, _end_second) = held(&pool);
        first.recv().unwrap();
        second.recv().unwrap();
        let (taken, third, _end_third) = held(&pool);
        assert!(taken);
        let (taken, _, _) = held(&pool);
        assert!(!taken, "one too many was taken");
        assert!(
            third.try_recv().is_err(),
            "the queued job began although both workers are busy"
        );
        end_first.send(()).unwrap();
        third.recv().unwrap();
    }

    #[test]
    fn a_job_that_panics_costs_no_worker() {
        let pool = Pool::new(1, 1);
        pool.run(|| panic!("as the test wants")).unwrap();
        let (_, begun, _end) = held(&pool);
        begun.recv().unwrap();
    }

    #[test]
    fn a_closed_pool_takes_nothing() {
        let pool = Pool::new(1, 1);
        pool.close();
        assert!(!held(&pool).0);
    }
}
