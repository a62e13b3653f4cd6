//! What the writer changes and everybody else reads.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tenantguard::control::Position;
use tokio::sync::watch;

use super::live::Live;
use super::settings::Retention;
use super::timeline::Timeline;
use crate::feed::{Recent, Snapshot};
use crate::journal::{Event, Health};
use crate::store::Commit;

/// For how long a snapshot is handed out although the feed has moved on: the frames since lead on
/// from it.
const SNAPSHOT_FRESH: Duration = Duration::from_secs(1);
/// For how long a snapshot that was handed out can be fetched.
const SNAPSHOT_KEPT: Duration = Duration::from_secs(120);

/// The state in memory.
pub(crate) struct Shared {
    pub(crate) live: RwLock<Live>,
    pub(crate) recent: RwLock<Recent>,
    pub(crate) head: watch::Sender<Position>,
    pub(crate) health: Mutex<Health>,
    pub(crate) moved: Mutex<Moved>,
    pub(crate) snapshots: Snapshots,
    pub(crate) timeline: Timeline,
    pub(crate) retention: Mutex<Retention>,
}

impl Shared {
    pub(crate) fn new(
        live: Live,
        recent: Recent,
        health: Health,
        timeline: Timeline,
        retention: Retention,
    ) -> Self {
        Self {
            retention: Mutex::new(retention),
            live: RwLock::new(live),
            head: watch::Sender::new(recent.position()),
            recent: RwLock::new(recent),
            health: Mutex::new(health),
            moved: Mutex::default(),
            snapshots: Snapshots::default(),
            timeline,
        }
    }

    /// Takes in what became of the log.
    pub(crate) fn take_in(&self, events: &[Event]) {
        for event in events {
            match event {
                Event::Appended(commits) => self.append(commits),
                Event::Replaced { base, commits, moved } => {
                    self.recent.write().cut_back(base);
                    self.moved.lock().extend(moved);
                    self.append(commits);
                }
                Event::Adopted { base, live, commits } => {
                    let mut fresh = Live::default();
                    live.iter().for_each(|(entry, _)| fresh.apply(entry));
                    // With what Redis lacks: nobody may be let in between the two.
                    apply(&mut fresh, commits);
                    *self.live.write() = fresh;
                    self.recent.write().cut_back(base);
                    self.append(commits);
                }
            }
        }
        if !events.is_empty() {
            self.head.send_replace(self.recent.read().position());
        }
    }

    fn append(&self, commits: &[Commit]) {
        // The state first: a copy that is given a position must be able to get all of it.
        for commit in commits {
            apply(&mut self.live.write(), std::slice::from_ref(commit));
        }
        let mut recent = self.recent.write();
        commits.iter().for_each(|commit| recent.push(commit));
    }

    pub(crate) fn age(&self) -> Duration {
        self.health.lock().age(self.timeline.now().monotonic)
    }
}

fn apply(live: &mut Live, commits: &[Commit]) {
    for commit in commits {
        for (entry, _) in commit.entries().unwrap_or_default() {
            live.apply(&entry);
        }
    }
}

/// Where acknowledged commits went that had to follow what others wrote.
#[derive(Debug, Default)]
pub(crate) struct Moved(HashMap<Position, Position>);

impl Moved {
    fn extend(&mut self, moved: &[(Position, Position)]) {
        const LIMIT: usize = 65_536;
        if self.0.len() > LIMIT {
            self.0.clear();
        }
        for (from, to) in moved {
            for target in self.0.values_mut().filter(|target| *target == from) {
                *target = *to;
            }
            self.0.insert(*from, *to);
        }
    }

    pub(crate) fn get(&self, position: &Position) -> Position {
        self.0.get(position).copied().unwrap_or(*position)
    }
}

/// Snapshots that were handed out lately.
#[derive(Default)]
pub(crate) struct Snapshots {
    building: tokio::sync::Mutex<()>,
    kept: Mutex<Vec<(Duration, Arc<Snapshot>)>>,
}

impl Snapshots {
    pub(crate) async fn get(&self, shared: &Arc<Shared>) -> Arc<Snapshot> {
        if let Some(fresh) = self.fresh(shared) {
            return fresh;
        }
        let _building = self.building.lock().await;
        if let Some(fresh) = self.fresh(shared) {
            return fresh;
        }
        let state = Arc::clone(shared);
        let build = move || {
            // The position first: what is applied meanwhile comes once more, and changes nothing.
            let position = state.recent.read().position();
            let parts = state.live.read().parts();
            Snapshot::build(position, &parts, state.timeline.earliest())
        };
        let built = match tokio::task::spawn_blocking(build.clone()).await {
            Ok(built) => built,
            Err(_) => build(),
        };
        let (built, now) = (Arc::new(built), shared.timeline.now().monotonic);
        let mut kept = self.kept.lock();
        kept.retain(|(at, _)| now.saturating_sub(*at) <= SNAPSHOT_KEPT);
        kept.push((now, Arc::clone(&built)));
        built
    }

    fn fresh(&self, shared: &Shared) -> Option<Arc<Snapshot>> {
        let now = shared.timeline.now().monotonic;
        let kept = self.kept.lock();
        let (at, newest) = kept.last()?;
        let recent = shared.recent.read();
        let position = &newest.manifest.position;
        let is_current = recent.position() == *position;
        let is_fresh = now.saturating_sub(*at) <= SNAPSHOT_FRESH && recent.knows(position);
        (is_current || is_fresh).then(|| Arc::clone(newest))
    }

    pub(crate) fn shard(&self, digest: &[u8; 32]) -> Option<Bytes> {
        self.kept.lock().iter().rev().find_map(|(_, snapshot)| snapshot.shard(digest))
    }
}
