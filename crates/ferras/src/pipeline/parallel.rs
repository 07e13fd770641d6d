//! The steps that threads compute: maps, and passes read ahead.
use super::{Elements, Stage};
use crate::trainer::dataset::{Batch, caught};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{Builder, JoinHandle};

/// What is made of an element, with the numbers of its pass and its own.
type Change = Arc<dyn Fn(Batch, u64, u64) -> Result<Batch> + Send + Sync>;

/// A function of each element.
pub(super) struct Map {
    stage: Box<dyn Stage>,
    workers: usize,
    change: Change,
}

impl Map {
    pub(super) fn new(
        stage: Box<dyn Stage>,
        workers: usize,
        change: impl Fn(Batch, u64, u64) -> Result<Batch> + Send + Sync + 'static,
    ) -> Map {
        Map { stage, workers, change: Arc::new(change) }
    }
}

impl Stage for Map {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        let elements = self.stage.pass(number);
        let change = self.change.clone();
        if self.workers == 0 {
            let mut index = 0..;
            return Box::new(elements.map(move |element| {
                let index = index.next().unwrap_or_default();
                caught(|| change(element?, number, index))?
            }));
        }
        match Team::start(self.workers, number, &change) {
            Ok(team) => Box::new(Ordered::new(elements, team)),
            Err(e) => Box::new(std::iter::once(Err(e))),
        }
    }

    fn len(&self) -> Option<usize> {
        self.stage.len()
    }
}

/// Threads that take elements and give results, in any order.
struct Team {
    jobs: Option<mpsc::Sender<(u64, Batch)>>,
    results: mpsc::Receiver<(u64, Result<Batch>)>,
    threads: Vec<JoinHandle<()>>,
}

impl Team {
    fn start(workers: usize, pass: u64, change: &Change) -> Result<Team> {
        let (jobs, queue) = mpsc::channel::<(u64, Batch)>();
        let (sender, results) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let mut team = Team { jobs: Some(jobs), results, threads: Vec::new() };
        for _ in 0..workers {
            let (queue, sender, change) = (queue.clone(), sender.clone(), change.clone());
            let work = move || {
                loop {
                    // Held while waiting: one thread waits for a job, the others for the lock.
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((index, element)) = job else { return };
                    let result = caught(|| change(element, pass, index)).and_then(|r| r);
                    if sender.send((index, result)).is_err() {
                        return;
                    }
                }
            };
            let thread = Builder::new().name("ferras-data".into()).spawn(work);
            team.threads.push(thread.map_err(no_thread)?);
        }
        Ok(team)
    }
}

fn no_thread(e: std::io::Error) -> Error {
    Error::Data(format!("the system gives no thread for a pipeline: {e}; use fewer workers"))
}

/// Without jobs the threads end; what they still compute is waited for.
impl Drop for Team {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A panic of the function is a result; there is no other.
            let _ = thread.join();
        }
    }
}

/// Results in the order of the elements.
struct Ordered<'a> {
    elements: Elements<'a>,
    team: Team,
    /// Results that came before their turn.
    early: BTreeMap<u64, Result<Batch>>,
    sent: u64,
    given: u64,
    ended: bool,
    failed: bool,
}

impl<'a> Ordered<'a> {
    fn new(elements: Elements<'a>, team: Team) -> Ordered<'a> {
        let early = BTreeMap::new();
        Ordered { elements, team, early, sent: 0, given: 0, ended: false, failed: false }
    }

    /// Hands out elements, until each thread has one and another one waits for it.
    fn hand_out(&mut self) {
        let most = 2 * self.team.threads.len() as u64;
        while !self.ended && self.sent - self.given < most {
            match caught(|| self.elements.next()) {
                Ok(Some(Ok(element))) => {
                    let sent = self.team.jobs.as_ref().map(|jobs| jobs.send((self.sent, element)));
                    self.ended = !matches!(sent, Some(Ok(())));
                }
                Ok(Some(Err(e))) | Err(e) => {
                    self.early.insert(self.sent, Err(e));
                    self.ended = true;
                }
                Ok(None) => {
                    self.ended = true;
                    return;
                }
            }
            self.sent += 1;
        }
    }
}

impl Iterator for Ordered<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Result<Batch>> {
        if self.failed {
            return None;
        }
        self.hand_out();
        while self.given < self.sent {
            if let Some(result) = self.early.remove(&self.given) {
                self.given += 1;
                self.failed = result.is_err();
                // The next ones are computed while this one is used.
                self.hand_out();
                return Some(result);
            }
            match self.team.results.recv() {
                Ok((index, result)) => drop(self.early.insert(index, result)),
                Err(_) => {
                    self.failed = true;
                    return Some(Err(Error::Internal("a pipeline lost its threads".into())));
                }
            }
        }
        None
    }
}

/// Passes that a thread of its own reads ahead, one or several as one.
pub(super) struct Ahead {
    /// `None` while the thread has it.
    stage: Option<Box<dyn Stage>>,
    rounds: u64,
    room: usize,
}

impl Ahead {
    pub(super) fn new(stage: Box<dyn Stage>, rounds: u64, room: usize) -> Ahead {
        Ahead { stage: Some(stage), rounds, room }
    }
}

impl Stage for Ahead {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        let Some(mut stage) = self.stage.take() else {
            let problem = "a pipeline lost one of its steps when an earlier pass broke off";
            return Box::new(std::iter::once(Err(Error::Data(problem.into()))));
        };
        let (sender, receiver) = mpsc::sync_channel(self.room);
        let rounds = self.rounds;
        let read = move || {
            for round in 0..rounds {
                if !send_all(&mut *stage, number.wrapping_mul(rounds).wrapping_add(round), &sender)
                {
                    break;
                }
            }
            stage
        };
        match Builder::new().name("ferras-data".into()).spawn(read) {
            Ok(thread) => Box::new(Reader {
                receiver: Some(receiver),
                thread: Some(thread),
                home: &mut self.stage,
            }),
            Err(e) => Box::new(std::iter::once(Err(no_thread(e)))),
        }
    }

    fn len(&self) -> Option<usize> {
        let one = self.stage.as_ref()?.len()?;
        one.checked_mul(usize::try_from(self.rounds).ok()?)
    }
}

/// Sends the elements of a pass; false where nobody wants more or an error came.
fn send_all(stage: &mut dyn Stage, number: u64, sender: &mpsc::SyncSender<Result<Batch>>) -> bool {
    let mut elements = match caught(|| stage.pass(number)) {
        Ok(elements) => elements,
        Err(e) => {
            let _ = sender.send(Err(e));
            return false;
        }
    };
    loop {
        match caught(|| elements.next()) {
            Ok(None) => return true,
            Ok(Some(element)) => {
                let failed = element.is_err();
                if sender.send(element).is_err() || failed {
                    return false;
                }
            }
            Err(e) => {
                let _ = sender.send(Err(e));
                return false;
            }
        }
    }
}

/// What the thread reads.
struct Reader<'a> {
    receiver: Option<mpsc::Receiver<Result<Batch>>>,
    thread: Option<JoinHandle<Box<dyn Stage>>>,
    home: &'a mut Option<Box<dyn Stage>>,
}

impl Iterator for Reader<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Result<Batch>> {
        self.receiver.as_ref()?.recv().ok()
    }
}

/// Nobody waits for more: the thread ends, and brings its stage back.
impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.receiver = None;
        *self.home = self.thread.take().and_then(|thread| thread.join().ok());
    }
}
