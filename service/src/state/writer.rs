//! The one task that writes. Whatever waits while it writes goes into the next batch, so a slow
//! disk or a far Redis costs latency, not throughput.

use std::sync::Arc;
use std::time::Duration;

use tenantguard::control::Entry;
use tokio::sync::{mpsc, oneshot};

use super::change::{Change, Receipt};
use super::error::ControlError;
use super::note::{Note, Record};
use super::plan::Plan;
use super::shared::Shared;
use crate::journal::Journal;

/// The most entries that are written at once; one request may go over it.
const BATCH: usize = 16_384;
/// How often what is over is forgotten.
const SWEEP: Duration = Duration::from_secs(10);

/// Changes that wait to be written, and who waits for them.
pub(super) struct Job {
    pub(super) changes: Vec<Change>,
    pub(super) note: Note,
    pub(super) done: oneshot::Sender<Result<Receipt, ControlError>>,
}

/// What became of a job that is planned and not yet written.
struct Planned {
    changed: usize,
    unchanged: usize,
    done: oneshot::Sender<Result<Receipt, ControlError>>,
}

pub(super) struct Writer {
    pub(super) journal: Journal,
    pub(super) shared: Arc<Shared>,
}

impl Writer {
    /// Runs until nobody can send jobs any more, and all that were sent are done.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let news = self.journal.news();
        self.synchronize().await;
        loop {
            tokio::select! {
                job = jobs.recv() => match job {
                    Some(job) => self.write(gather(job, &mut jobs)).await,
                    None => break,
                },
                () = news.notified() => self.synchronize().await,
                _ = sweep.tick() => self.sweep().await,
            }
        }
        self.journal.close().await;
    }

    async fn write(&mut self, jobs: Vec<Job>) {
        let (entries, planned) = self.plan(jobs);
        let outcome = if entries.is_empty() {
            Ok(self.journal.safety())
        } else {
            let (events, outcome) = self.journal.append(&entries).await;
            self.shared.take_in(&events);
            outcome
        };
        self.publish_health();
        let position = *self.shared.head.borrow();
        for Planned { changed, unchanged, done } in planned {
            let answer = outcome.clone().map_err(ControlError::from);
            let receipt = answer.map(|safety| Receipt { position, changed, unchanged, safety });
            // Whoever no longer waits has gone; what was asked is done all the same.
            let _ = done.send(receipt);
        }
    }

    fn plan(&self, jobs: Vec<Job>) -> (Vec<(Entry, Record)>, Vec<Planned>) {
        let at = self.shared.timeline.latest();
        let live = self.shared.live.read();
        let mut plan = Plan::new(&live, *self.shared.retention.lock(), at);
        let (mut entries, mut planned) = (Vec::new(), Vec::new());
        for Job { changes, note: Note { by, reason }, done } in jobs {
            let record = Record { by, reason, at };
            let added: Result<Vec<Option<Entry>>, _> =
                changes.iter().map(|change| plan.add(change)).collect();
            match added {
                Err(error) => {
                    let _ = done.send(Err(error));
                }
                Ok(added) => {
                    let total = added.len();
                    let before = entries.len();
                    entries.extend(added.into_iter().flatten().map(|it| (it, record.clone())));
                    let changed = entries.len() - before;
                    planned.push(Planned { changed, unchanged: total - changed, done });
                }
            }
        }
        (entries, planned)
    }

    async fn synchronize(&mut self) {
        let events = self.journal.synchronize().await;
        self.shared.take_in(&events);
        self.publish_health();
    }

    async fn sweep(&mut self) {
        let now = self.shared.timeline.earliest();
        let mut over = Vec::new();
        for part in 0.. {
            let swept = self.shared.live.write().sweep(part, now);
            let Some(swept) = swept else { break };
            over.extend(swept);
            tokio::task::yield_now().await;
        }
        self.journal.forget(&over).await;
    }

    fn publish_health(&self) {
        *self.shared.health.lock() = self.journal.health();
    }
}

fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>) -> Vec<Job> {
    let mut changes = first.changes.len();
    let mut gathered = vec![first];
    while changes < BATCH
        && let Ok(job) = jobs.try_recv()
    {
        changes += job.changes.len();
        gathered.push(job);
    }
    gathered
}
