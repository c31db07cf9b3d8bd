//! Worker threads that prepare batches ahead of their use.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::super::prepare::Workspace;
use super::{Batch, Feed, epoch_order};
use crate::error::{Error, Result};

/// One batch to be made, and where it goes.
struct Job {
    order: Arc<Vec<usize>>,
    epoch: u64,
    number: usize,
    /// A buffer to use again.
    x: Vec<f32>,
    reply: SyncSender<Result<Batch>>,
}

/// An epoch that jobs are being made of.
struct Epoch {
    order: Arc<Vec<usize>>,
    epoch: u64,
    next: usize,
}

/// An iterator over the batches of many epochs, prepared ahead by threads that live as long as it does.
pub struct Feeder {
    feed: Arc<Feed>,
    epochs: Box<dyn Iterator<Item = (u64, usize)> + Send>,
    current: Option<Epoch>,
    /// Batches that are being made, in the order in which they are given.
    ahead: VecDeque<Receiver<Result<Batch>>>,
    depth: usize,
    /// Buffers that came back.
    spare: Vec<Vec<f32>>,
    /// `None` once the threads are to end.
    jobs: Option<Sender<Job>>,
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Feeder {
    /// Starts `workers` threads (one at least). `epochs` gives the number of each epoch and the batch that it begins
    /// with: 0, or a later one where a run goes on in the middle of an epoch. It is asked ahead of the batches, and
    /// may be endless.
    ///
    /// # Errors
    /// Those of [`Feed::check`]; [`Error::Panicked`] where the system refuses a thread.
    pub fn new(
        feed: Feed,
        epochs: impl IntoIterator<Item = (u64, usize), IntoIter: Send + 'static>,
        workers: usize,
    ) -> Result<Self> {
        feed.check()?;
        let (feed, stop) = (Arc::new(feed), Arc::new(AtomicBool::new(false)));
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let count = workers.max(1);
        let mut feeder = Self {
            feed,
            epochs: Box::new(epochs.into_iter()),
            current: None,
            ahead: VecDeque::new(),
            depth: count + 1,
            spare: Vec::new(),
            jobs: Some(jobs),
            stop,
            workers: Vec::new(),
        };
        for _ in 0..count {
            let (feed, queue, stop) = (feeder.feed.clone(), Arc::clone(&queue), Arc::clone(&feeder.stop));
            let thread = std::thread::Builder::new().name("tesela-feeder".into());
            let worker = thread.spawn(move || work(&feed, &queue, &stop));
            // Dropping the feeder on an error ends the threads that did start.
            feeder.workers.push(worker.map_err(|e| broken(format!("the system refuses a thread: {e}")))?);
        }
        feeder.fill();
        Ok(feeder)
    }

    /// What it feeds on.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Takes back a batch that is done with: its buffer serves a later batch, so that nothing is allocated in steady
    /// state.
    pub fn recycle(&mut self, batch: Batch) {
        if self.spare.len() < self.depth {
            self.spare.push(batch.x);
        }
    }

    /// Hands out jobs until as many are ahead as may be.
    fn fill(&mut self) {
        while self.ahead.len() < self.depth {
            let Some((order, epoch, number)) = self.next_number() else { return };
            let (reply, batch) = mpsc::sync_channel(1);
            let job = Job { order, epoch, number, x: self.spare.pop().unwrap_or_default(), reply };
            // Where no worker is left to take it, `batch` says so.
            if let Some(jobs) = &self.jobs {
                let _ = jobs.send(job);
            }
            self.ahead.push_back(batch);
        }
    }

    /// The order, the epoch and the number of the next batch.
    fn next_number(&mut self) -> Option<(Arc<Vec<usize>>, u64, usize)> {
        loop {
            if let Some(current) = &mut self.current
                && current.next < self.feed.batches()
            {
                current.next += 1;
                return Some((Arc::clone(&current.order), current.epoch, current.next - 1));
            }
            let (epoch, next) = self.epochs.next()?;
            let order = epoch_order(&self.feed.indices, self.feed.shuffle, self.feed.seed, epoch);
            self.current = Some(Epoch { order: Arc::new(order), epoch, next });
        }
    }
}

impl Iterator for Feeder {
    type Item = Result<Batch>;

    /// The next batch; [`Error::Panicked`] where a thread failed on it.
    fn next(&mut self) -> Option<Self::Item> {
        self.fill();
        let batch = self.ahead.pop_front()?.recv();
        self.fill();
        Some(batch.unwrap_or_else(|_| Err(broken("a thread ended without its batch".into()))))
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        // Jobs that wait are passed over; one that is being made is finished.
        self.stop.store(true, Ordering::Relaxed);
        self.jobs = None;
        self.ahead.clear();
        for worker in self.workers.drain(..) {
            // It has no result, and its panics were caught.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for Feeder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (workers, ahead) = (self.workers.len(), self.ahead.len());
        f.debug_struct("Feeder").field("workers", &workers).field("ahead", &ahead).finish_non_exhaustive()
    }
}

/// Makes batches until no job is left to come.
fn work(feed: &Feed, queue: &Mutex<Receiver<Job>>, stop: &AtomicBool) {
    let mut workspace = Workspace::default();
    loop {
        // The lock is held while waiting: whoever waits for it waits for a job as well.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if stop.load(Ordering::Relaxed) {
            continue;
        }
        let Job { order, epoch, number, x, reply } = job;
        // A fault must reach the caller. What it left in the workspace is not used again.
        let batch = catch_unwind(AssertUnwindSafe(|| make(feed, &order, (epoch, number), x, &mut workspace)));
        let batch = batch.map_err(|cause| {
            workspace = Workspace::default();
            broken(message(cause.as_ref()))
        });
        // Nobody may be waiting any more.
        let _ = reply.send(batch);
    }
}

fn make(
    feed: &Feed,
    order: &[usize],
    (epoch, number): (u64, usize),
    mut x: Vec<f32>,
    workspace: &mut Workspace,
) -> Batch {
    let indices = order[number * feed.batch..].iter().take(feed.batch).copied().collect::<Vec<_>>();
    x.resize(indices.len() * feed.prepare.elements(), 0.0);
    feed.fill(&indices, epoch, workspace, &mut x);
    let class = |&index: &usize| i32::try_from(feed.dataset.examples[index].class).unwrap_or(i32::MAX);
    let targets = indices.iter().map(class).collect();
    Batch { x, targets, indices, epoch, number, is_last: number + 1 == feed.batches() }
}

fn message(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

fn broken(message: String) -> Error {
    Error::Panicked { what: "preparing a batch".into(), message }
}

/// The batches of one epoch, prepared ahead.
#[derive(Debug)]
pub struct Loader(Feeder);

impl Loader {
    /// Starts at `first_batch` of `epoch`, with `workers` threads of its own.
    ///
    /// # Errors
    /// As [`Feeder::new`].
    pub fn new(feed: Feed, epoch: u64, first_batch: usize, workers: usize) -> Result<Self> {
        Feeder::new(feed, std::iter::once((epoch, first_batch)), workers).map(Self)
    }
}

impl Iterator for Loader {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}
