//! The feed: deltas and snapshots lead every copy to the same state, and waiting ends when it may.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use tenantguard::control::{Delta, Entry, EntryKey, Position, Shard};
use tenantguard_service::feed::{Feed, ProxyId, Since};
use tenantguard_service::state::{Change, Control};

use crate::support::{embedded, note, revoke, token};

/// A copy as a proxy keeps it.
#[derive(Default)]
struct Copy {
    position: Option<Position>,
    entries: BTreeMap<EntryKey, Entry>,
}

impl Copy {
    fn apply(&mut self, entry: Entry) {
        entry.also_ends().iter().for_each(|key| drop(self.entries.remove(key)));
        match entry {
            Entry::Restored(_) => drop(self.entries.remove(&entry.key())),
            _ => drop(self.entries.insert(entry.key(), entry)),
        }
    }

    async fn catch_up(&mut self, feed: &Feed) -> Result<()> {
        loop {
            let Some(position) = self.position else {
                self.take_snapshot(feed).await?;
                continue;
            };
            match feed.since(&position, 10_000) {
                Since::Current => return Ok(()),
                Since::Snapshot => self.position = None,
                Since::Delta(bytes) => {
                    let mut delta = Delta::read(&bytes, &position)?;
                    while let Some(frame) = delta.next_frame()? {
                        for entry in frame.entries() {
                            self.apply(entry?);
                        }
                    }
                    self.position = Some(delta.position());
                }
            }
        }
    }

    async fn take_snapshot(&mut self, feed: &Feed) -> Result<()> {
        let snapshot = feed.snapshot().await;
        self.entries.clear();
        for named in &snapshot.manifest.shards {
            let bytes = feed.shard(&named.digest).expect("a shard that was named");
            let mut shard = Shard::open(&bytes, named)?;
            while let Some(entry) = shard.next_entry()? {
                self.apply(entry);
            }
        }
        self.position = Some(snapshot.manifest.position);
        Ok(())
    }
}

async fn busy(control: &Control) -> Result<()> {
    for round in 0..20 {
        let some = (0..50).map(|number| revoke(token("acme", round * 10 + number)));
        control.apply(some.collect(), note()).await?;
        control.apply(vec![Change::Restore(token("acme", round * 10))], note()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_late_copy_and_one_from_the_start_agree() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let feed = control.feed();
    let mut early = Copy { position: Some(feed.position()), ..Copy::default() };
    busy(&control).await?;
    let mut middle = Copy::default();
    middle.catch_up(feed).await?;
    control.apply((1000..9000).map(|it| revoke(token("acme", it))).collect(), note()).await?;
    let mut late = Copy::default();
    for copy in [&mut early, &mut middle, &mut late] {
        copy.catch_up(feed).await?;
        assert_eq!(copy.position, Some(feed.position()));
    }
    assert_eq!(early.entries, late.entries);
    assert_eq!(early.entries, middle.entries);
    assert!(early.entries.len() > 8000);
    Ok(())
}

#[tokio::test]
async fn a_poll_is_held_until_something_is_new_and_no_longer_than_asked() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let position = control.feed().position();
    assert!(!control.feed().changed(&position, Duration::from_millis(50)).await);
    let poll = tokio::spawn({
        let feed = control.feed().clone();
        async move { feed.changed(&position, Duration::from_secs(10)).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    control.apply(vec![revoke(token("acme", 1))], note()).await?;
    assert!(tokio::time::timeout(Duration::from_secs(5), poll).await??);
    Ok(())
}

#[tokio::test]
async fn waiting_ends_with_the_last_acknowledgement_or_lease() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let [quick, slow, silent] = ["quick", "slow", "silent"].map(|it| ProxyId::parse(it).unwrap());
    let before = control.feed().position();
    for proxy in [&quick, &slow, &silent] {
        control.proxies().acknowledge(proxy, Some(before));
    }
    let receipt = control.apply(vec![revoke(token("acme", 1))], note()).await?;
    let polls = tokio::spawn({
        let proxies = control.proxies().clone();
        let (quick, slow) = (quick.clone(), slow.clone());
        async move {
            proxies.acknowledge(&quick, Some(receipt.position));
            tokio::time::sleep(Duration::from_millis(300)).await;
            proxies.acknowledge(&slow, Some(receipt.position));
        }
    });
    let short = Duration::from_millis(100);
    let report = control.proxies().wait(control.feed(), receipt.position, short).await;
    assert_eq!(report.pending, [silent.clone(), slow.clone()]);
    let long = Duration::from_secs(30);
    let started = std::time::Instant::now();
    let report = control.proxies().wait(control.feed(), receipt.position, long).await;
    polls.await?;
    assert_eq!(report.silent, [silent]);
    assert!(report.pending.is_empty());
    let acknowledged: Vec<_> = report.acknowledged.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(acknowledged, [quick, slow]);
    let took = started.elapsed();
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(10), "{took:?}");
    Ok(())
}
