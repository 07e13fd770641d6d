//! Threads: a few workers that help the calling thread with the tasks of a region.
//!
//! Tasks are claimed one by one from a ticket, so a worker that the system gave to somebody else
//! holds up nobody: the caller does the rest alone. Which thread does which task never matters to
//! the result. Workers spin for a while after a region (the next one is usually microseconds
//! away), then yield, then sleep.
use crate::tiny::TinyAsZero;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering::*};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long an idle worker spins before it begins to yield, and before it sleeps.
const SPIN: Duration = Duration::from_micros(30);
const AWAKE: Duration = Duration::from_millis(2);

/// Tasks of the largest region: as many as the lower half of the ticket counts.
const MOST: usize = u32::MAX as usize;

/// What a region runs: `run(data, unclaimed, thread)`, where the first task is claimed while all are
/// unclaimed.
type Run = unsafe fn(*const (), usize, usize);

#[derive(Debug)]
struct Shared {
    /// Number of the region (upper half) and how many of its tasks nobody has claimed (lower half).
    ///
    /// Both in one word, so that a claim that succeeds proves that the region was open: a count of
    /// its own could be that of the next region, which the caller is just setting up.
    ticket: AtomicU64,
    /// Tasks of the region that have ended.
    done: AtomicUsize,
    data: AtomicPtr<()>,
    run: AtomicPtr<()>,
    sleeping: AtomicUsize,
    stop: AtomicBool,
    panicked: AtomicBool,
}

/// The workers of a back end.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    owner: Mutex<()>,
}

/// The right to use the workers, for the length of a run.
#[derive(Debug)]
pub(crate) struct Team<'a> {
    pool: &'a Pool,
    _owner: MutexGuard<'a, ()>,
}

impl Pool {
    /// A pool of `threads` threads, the calling one included.
    pub(crate) fn new(threads: usize) -> Pool {
        let shared = Arc::new(Shared {
            ticket: AtomicU64::new(0),
            done: AtomicUsize::new(0),
            data: AtomicPtr::default(),
            run: AtomicPtr::default(),
            sleeping: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
        });
        let spawn = |index: usize| {
            let shared = shared.clone();
            let name = format!("ferras-{index}");
            thread::Builder::new().name(name).spawn(move || shared.work(index)).ok()
        };
        // Where the system refuses a thread, fewer do the same work.
        let workers = (1..threads).map_while(spawn).collect();
        Pool { shared, workers, owner: Mutex::new(()) }
    }

    /// Threads that may run tasks, the calling one included; their numbers are below this.
    pub(crate) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// The workers, unless another run has them (then the caller works alone).
    pub(crate) fn team(&self) -> Option<Team<'_>> {
        if self.workers.is_empty() {
            return None;
        }
        let owner = match self.owner.try_lock() {
            Ok(owner) => owner,
            Err(TryLockError::Poisoned(e)) => e.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        self.wake();
        Some(Team { pool: self, _owner: owner })
    }

    fn wake(&self) {
        if self.shared.sleeping.load(SeqCst) > 0 {
            self.workers.iter().for_each(|w| w.thread().unpark());
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            let _ = worker.join();
        }
    }
}

impl Team<'_> {
    /// Calls `f(task, thread)` once for each task below `tasks`; returns when all have ended.
    pub(crate) fn run<F: Fn(usize, usize) + Sync>(&self, tasks: usize, f: &F) {
        if tasks <= 1 || tasks > MOST {
            return (0..tasks).for_each(|task| f(task, 0));
        }
        self.share(tasks, &|unclaimed, thread| f(tasks - unclaimed, thread));
    }

    /// Opens a region for all threads and waits until its tasks have ended.
    fn share<F: Fn(usize, usize) + Sync>(&self, tasks: usize, f: &F) {
        unsafe fn call<F: Fn(usize, usize) + Sync>(data: *const (), task: usize, thread: usize) {
            // SAFETY: `data` is the `&F` of the region this task belongs to, still borrowed.
            unsafe { (*data.cast::<F>())(task, thread) }
        }
        let run: Run = call::<F>;
        let shared = &*self.pool.shared;
        shared.data.store((&raw const *f).cast_mut().cast(), Relaxed);
        shared.run.store(run as *mut (), Relaxed);
        shared.done.store(0, Relaxed);
        let region = (shared.ticket.load(Relaxed) >> 32).wrapping_add(1) << 32;
        // SeqCst pairs with the worker's look at the ticket after it said that it sleeps.
        shared.ticket.store(region | tasks as u64, SeqCst);
        self.pool.wake();
        shared.help(region, 0);
        shared.await_end(tasks);
        if shared.panicked.swap(false, Relaxed) {
            std::panic::resume_unwind(Box::new("a worker thread panicked"));
        }
    }
}

/// Counts a task as done, also when it panics.
struct Done<'a>(&'a Shared);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.panicked.store(true, Relaxed);
        }
        self.0.done.fetch_add(1, Release);
    }
}

impl Shared {
    /// Runs tasks of `region` until none is left to claim; a panic is noted and ends its task only.
    fn help(&self, region: u64, thread: usize) {
        let work = || self.claim_all(region, thread);
        while std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {}
    }

    /// Waits until all tasks have ended.
    fn await_end(&self, tasks: usize) {
        let mut turns = 0_u32;
        while self.done.load(Acquire) != tasks {
            turns += 1;
            // The system may have put the worker aside for somebody else: let it run.
            if turns < 20_000 { std::hint::spin_loop() } else { thread::yield_now() }
        }
    }

    /// Runs tasks of `region` until none is left to claim.
    fn claim_all(&self, region: u64, thread: usize) {
        loop {
            let ticket = self.ticket.load(Acquire);
            let unclaimed = (ticket & 0xFFFF_FFFF) as usize;
            let (data, run) = (self.data.load(Relaxed), self.run.load(Relaxed));
            if ticket & !0xFFFF_FFFF != region || unclaimed == 0 {
                return;
            }
            // Success proves that this task was not claimed yet, hence that what was read above is
            // its region's: the caller changes it only after all tasks have ended.
            if self.ticket.compare_exchange_weak(ticket, ticket - 1, AcqRel, Relaxed).is_err() {
                continue;
            }
            let _done = Done(self);
            // SAFETY: a `Run` was stored; it and its data belong to this region (see above), and
            // the caller waits for `done` before it lets go of them.
            unsafe { std::mem::transmute::<*mut (), Run>(run)(data, unclaimed, thread) };
        }
    }

    /// The life of a worker.
    fn work(&self, thread: usize) {
        let _tiny = TinyAsZero::new();
        let mut seen = 0;
        loop {
            let region = self.await_region(seen);
            if self.stop.load(Relaxed) {
                return;
            }
            seen = region;
            self.help(region, thread);
        }
    }

    /// Waits until there is a region other than `seen`, or the pool ends.
    fn await_region(&self, seen: u64) -> u64 {
        let region = || self.ticket.load(Acquire) & !0xFFFF_FFFF;
        let mut since = Instant::now();
        loop {
            for _ in 0..64 {
                if region() != seen || self.stop.load(Relaxed) {
                    return region();
                }
                std::hint::spin_loop();
            }
            let idle = since.elapsed();
            if idle > AWAKE {
                self.sleeping.fetch_add(1, SeqCst);
                if self.ticket.load(SeqCst) & !0xFFFF_FFFF == seen && !self.stop.load(SeqCst) {
                    thread::park();
                }
                self.sleeping.fetch_sub(1, SeqCst);
                since = Instant::now();
            } else if idle > SPIN {
                thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_whatever_the_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            assert_eq!(pool.threads(), threads);
            let Some(team) = pool.team() else {
                assert_eq!(threads, 1);
                continue;
            };
            assert!(pool.team().is_none(), "one run at a time");
            for round in 0..300 {
                let counts: Vec<AtomicUsize> = (0..round % 40).map(|_| 0.into()).collect();
                team.run(counts.len(), &|task, thread| {
                    assert!(thread < threads);
                    counts[task].fetch_add(1, Relaxed);
                });
                assert!(counts.iter().all(|c| c.load(Relaxed) == 1));
                if round % 100 == 0 {
                    thread::sleep(Duration::from_millis(4)); // lets the workers sleep
                }
            }
        }
    }

    #[test]
    fn regions_of_changing_size_follow_each_other_without_a_gap() {
        // A worker that is still looking for tasks of a small region must not take one of the
        // larger region that is being set up.
        let pool = Pool::new(3);
        let team = pool.team().unwrap();
        for round in 0..200_000_usize {
            let counts: [AtomicUsize; 9] = Default::default();
            let tasks = [2, 9, 3, 8][round % 4];
            team.run(tasks, &|task, _| {
                counts[task].fetch_add(1, Relaxed);
            });
            let once =
                counts.iter().enumerate().all(|(i, c)| c.load(Relaxed) == usize::from(i < tasks));
            assert!(once, "round {round}: {counts:?}");
        }
    }

    #[test]
    fn a_panic_in_a_task_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(2);
        let team = pool.team().unwrap();
        let work = || team.run(8, &|task, _| assert_ne!(task, 5));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
        let sum = AtomicUsize::new(0);
        team.run(10, &|task, _| {
            sum.fetch_add(task, Relaxed);
        });
        assert_eq!(sum.into_inner(), 45);
    }
}
