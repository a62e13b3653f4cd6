//! Bringing the journal and Redis together: push what Redis lacks, pull what others wrote, and find
//! out what to do where the two do not follow from each other.

use std::collections::VecDeque;

use tenantguard::control::{Epoch, Position};

use super::{Event, Journal, PATIENCE, PUSH, Remote, TRIES, union};
use crate::store::{Commit, Embedded, Store as _, StoreError};

/// How many commits are pulled at once.
const PULL: usize = 512;

impl Journal {
    /// Pulls what others wrote and pushes what Redis lacks.
    pub(crate) async fn synchronize(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(remote) = &mut self.remote {
            let found = reconcile(&self.local, remote, &mut self.head).await;
            events.extend(remote.settle(found));
        }
        events.extend(self.push().await);
        events
    }

    /// Pushes what Redis lacks, unless it is known not to answer.
    pub(super) async fn push(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let Some(remote) = &mut self.remote else { return events };
        for _ in 0..TRIES {
            if remote.unpushed.is_empty() || !remote.link.is_up() {
                break;
            }
            match remote.offer().await {
                Ok(()) => {
                    // A mark that is lost makes the next start ask Redis; nothing depends on it.
                    let _ = self.local.set_pushed(remote.pushed.epoch).await;
                }
                Err(StoreError::Moved(_)) => {
                    let found = reconcile(&self.local, remote, &mut self.head).await;
                    events.extend(remote.settle(found));
                }
                Err(error) => remote.link.went_down(&error),
            }
        }
        remote.link.stands_at(remote.pushed);
        events
    }
}

impl Remote {
    /// Offers all that Redis lacks, a batch at a time.
    async fn offer(&mut self) -> Result<(), StoreError> {
        while !self.unpushed.is_empty() {
            let batch: Vec<Commit> = self.unpushed.iter().take(PUSH).cloned().collect();
            let pushed = self.store.append(&self.pushed, &batch);
            tokio::time::timeout(PATIENCE, pushed).await.map_err(|_| self.too_slow())??;
            self.advance(&batch);
        }
        Ok(())
    }

    fn advance(&mut self, batch: &[Commit]) {
        if let Some(last) = batch.last() {
            self.pushed = last.position;
            self.unpushed.drain(..batch.len().min(self.unpushed.len()));
            self.link.has_records(batch);
        }
    }

    fn too_slow(&self) -> StoreError {
        StoreError::Unavailable {
            store: self.store.name().into(),
            detail: format!("no answer within {} ms", PATIENCE.as_millis()).into(),
        }
    }

    fn settle(&self, found: Result<Vec<Event>, StoreError>) -> Vec<Event> {
        match found {
            Ok(events) => {
                self.link.came_up(self.pushed);
                events
            }
            Err(error) => {
                self.link.went_down(&error);
                Vec::new()
            }
        }
    }
}

/// Makes `remote.pushed` the position that Redis stands at, and what follows it here what Redis
/// lacks.
async fn reconcile(
    local: &Embedded,
    remote: &mut Remote,
    head: &mut Position,
) -> Result<Vec<Event>, StoreError> {
    let store = std::sync::Arc::clone(&remote.store);
    let asked = tokio::time::timeout(PATIENCE, store.head()).await;
    let Some(theirs) = asked.map_err(|_| remote.too_slow())?? else {
        return give_all(local, remote, *head).await.map(|()| Vec::new());
    };
    if theirs == remote.pushed {
        return Ok(Vec::new());
    }
    if theirs.history == remote.pushed.history {
        if theirs.epoch > remote.pushed.epoch {
            let news = pull(remote, theirs.epoch).await?;
            if follows(&remote.pushed, &news) {
                return follow(local, remote, head, news).await;
            }
        } else if let Some(lost) = after(local, &theirs).await? {
            remote.regressions += 1;
            tracing::warn!(
                from = %remote.pushed.epoch, to = %theirs.epoch,
                "Redis lost what it had acknowledged; the journal hands it in again"
            );
            remote.pushed = theirs;
            remote.unpushed = lost.into();
            return Ok(Vec::new());
        }
    }
    remote.regressions += 1;
    union::unite(local, remote, head, theirs).await.map(|event| vec![event])
}

/// Redis holds nothing: it gets everything that is here.
async fn give_all(local: &Embedded, remote: &mut Remote, head: Position) -> Result<(), StoreError> {
    if remote.pushed.epoch > Epoch(0) {
        remote.regressions += 1;
        tracing::warn!("Redis is empty; the journal hands everything in again");
    }
    let live = union::live(local).await?;
    remote.store.seed(&head, &live).await?;
    remote.link.has_all(&live);
    remote.pushed = head;
    remote.unpushed.clear();
    Ok(())
}

/// What Redis has after what is known of it.
async fn pull(remote: &Remote, through: Epoch) -> Result<Vec<Commit>, StoreError> {
    let mut news: Vec<Commit> = Vec::new();
    loop {
        let after = news.last().map_or(remote.pushed.epoch, |commit| commit.position.epoch);
        let page = remote.store.commits(after, PULL).await?;
        let is_last = page.is_empty();
        news.extend(page);
        if is_last || news.last().is_some_and(|commit| commit.position.epoch >= through) {
            return Ok(news);
        }
    }
}

/// Whether commits follow `base` and each other.
fn follows(base: &Position, commits: &[Commit]) -> bool {
    let mut at = *base;
    !commits.is_empty()
        && commits.iter().all(|commit| {
            at = at.after(&commit.frame);
            at == commit.position
        })
}

/// The commits here that follow a position, if it is one of this log's past.
async fn after(local: &Embedded, theirs: &Position) -> Result<Option<Vec<Commit>>, StoreError> {
    let mut kept = local.commits(Epoch(theirs.epoch.0.saturating_sub(1)), usize::MAX).await?;
    if theirs.epoch == Epoch(0) {
        let starts = kept.first().is_some_and(|it| theirs.after(&it.frame) == it.position);
        return Ok(starts.then_some(kept));
    }
    let is_ours = kept.first().is_some_and(|commit| commit.position == *theirs);
    Ok(is_ours.then(|| kept.split_off(1)))
}

/// Puts what is here alone behind what others wrote.
async fn follow(
    local: &Embedded,
    remote: &mut Remote,
    head: &mut Position,
    mut news: Vec<Commit>,
) -> Result<Vec<Event>, StoreError> {
    // An answer that was lost: Redis has ours already.
    let known = news.iter().zip(&remote.unpushed).take_while(|(a, b)| a.position == b.position);
    let known = known.count();
    let ours: Vec<Commit> = news.drain(..known).collect();
    remote.advance(&ours);
    let Some(last) = news.last() else { return Ok(Vec::new()) };
    let base = remote.pushed;
    let mut at = last.position;
    let theirs = at;
    let mut moved = Vec::new();
    let again: VecDeque<Commit> = remote
        .unpushed
        .iter()
        .map(|commit| {
            let again = commit.moved_after(&at);
            moved.push((commit.position, again.position));
            at = again.position;
            again
        })
        .collect();
    let commits: Vec<Commit> = news.into_iter().chain(again.iter().cloned()).collect();
    local.rebase(base, commits.clone()).await?;
    remote.pushed = theirs;
    remote.unpushed = again;
    *head = at;
    Ok(vec![Event::Replaced { base, commits, moved }])
}
