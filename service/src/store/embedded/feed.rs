//! The feed in the embedded store: each function is one transaction, on disk when it returns.

use redb::{Database, ReadableDatabase as _, ReadableTable as _, WriteTransaction};
use tenantguard::control::{Entry, Epoch, Position};

use super::tables::{COMMITS, Failure, LIVE, META};
use super::{Commit, LivePage};
use crate::state::Record;
use crate::store::codec::{
    commit_from_bytes, commit_to_bytes, live_from_bytes, live_to_bytes, position_from_text,
    position_to_text,
};

const HEAD: &str = "head";
const PUSHED: &str = "pushed";
/// How many entries a page of the live state holds.
const PAGE: usize = 16_384;

pub(super) fn head(database: &Database) -> Result<Option<Position>, Failure> {
    let meta = database.begin_read()?.open_table(META)?;
    meta.get(HEAD)?.map(|text| parse(text.value())).transpose()
}

fn parse(text: &str) -> Result<Position, Failure> {
    position_from_text(text).map_err(|error| Failure::Position(error, text.to_owned()))
}

pub(super) fn pushed(database: &Database) -> Result<Option<Epoch>, Failure> {
    let meta = database.begin_read()?.open_table(META)?;
    Ok(meta.get(PUSHED)?.and_then(|text| text.value().parse().ok()).map(Epoch))
}

pub(super) fn set_pushed(database: &Database, epoch: Epoch) -> Result<(), Failure> {
    let mut write = database.begin_write()?;
    // Losing this mark costs a question to Redis, nothing else: it need not be synced by itself.
    write.set_durability(redb::Durability::None)?;
    write.open_table(META)?.insert(PUSHED, epoch.to_string().as_str())?;
    write.commit()?;
    Ok(())
}

pub(super) fn seed(
    database: &Database,
    head: &Position,
    live: &[(Entry, Record)],
) -> Result<(), Failure> {
    let write = database.begin_write()?;
    if let Some(found) = current(&write)? {
        return Err(Failure::Moved(Box::new(found)));
    }
    put_all(&write, live)?;
    set_head(&write, head)?;
    write.commit()?;
    Ok(())
}

pub(super) fn append(
    database: &Database,
    base: &Position,
    commits: &[Commit],
) -> Result<(), Failure> {
    let write = database.begin_write()?;
    match current(&write)? {
        Some(found) if found == *base => {}
        Some(found) => return Err(Failure::Moved(Box::new(found))),
        None => return Err(Failure::Alien("there is no feed in it yet".to_owned())),
    }
    append_to(&write, commits)?;
    write.commit()?;
    Ok(())
}

pub(super) fn rebase(
    database: &Database,
    base: &Position,
    commits: &[Commit],
) -> Result<(), Failure> {
    let write = database.begin_write()?;
    write.open_table(COMMITS)?.retain_in(base.epoch.0 + 1.., |_, _| false)?;
    set_head(&write, base)?;
    append_to(&write, commits)?;
    write.commit()?;
    Ok(())
}

pub(super) fn adopt(
    database: &Database,
    head: &Position,
    live: &[(Entry, Record)],
    commits: &[Commit],
) -> Result<(), Failure> {
    let write = database.begin_write()?;
    write.open_table(COMMITS)?.retain(|_, _| false)?;
    write.open_table(LIVE)?.retain(|_, _| false)?;
    put_all(&write, live)?;
    set_head(&write, head)?;
    append_to(&write, commits)?;
    write.commit()?;
    Ok(())
}

fn current(write: &WriteTransaction) -> Result<Option<Position>, Failure> {
    let meta = write.open_table(META)?;
    let text = meta.get(HEAD)?;
    text.map(|text| parse(text.value())).transpose()
}

fn set_head(write: &WriteTransaction, head: &Position) -> Result<(), Failure> {
    write.open_table(META)?.insert(HEAD, position_to_text(head).as_str())?;
    Ok(())
}

fn append_to(write: &WriteTransaction, commits: &[Commit]) -> Result<(), Failure> {
    let Some(last) = commits.last() else { return Ok(()) };
    let mut table = write.open_table(COMMITS)?;
    for commit in commits {
        table.insert(commit.position.epoch.0, commit_to_bytes(commit).as_slice())?;
        let entries = commit.entries().map_err(|error| Failure::Alien(error.to_string()))?;
        put_all(write, &entries)?;
    }
    set_head(write, &last.position)
}

fn put_all(write: &WriteTransaction, entries: &[(Entry, Record)]) -> Result<(), Failure> {
    let mut table = write.open_table(LIVE)?;
    for (entry, record) in entries {
        for ended in entry.also_ends() {
            table.remove(ended.encode().as_slice())?;
        }
        let (key, value) = (entry.key().encode(), live_to_bytes(entry, record));
        table.insert(key.as_slice(), value.as_slice())?;
    }
    Ok(())
}

pub(super) fn commits(
    database: &Database,
    after: Epoch,
    limit: usize,
) -> Result<Vec<Commit>, Failure> {
    let table = database.begin_read()?.open_table(COMMITS)?;
    let range = table.range(after.0.saturating_add(1)..)?;
    range
        .take(limit)
        .map(|row| {
            let (epoch, bytes) = row?;
            commit_from_bytes(bytes.value())
                .ok_or_else(|| Failure::Alien(format!("the commit of epoch {}", epoch.value())))
        })
        .collect()
}

pub(super) fn live(database: &Database, page: Option<&[u8]>) -> Result<LivePage, Failure> {
    use std::ops::Bound::{Excluded, Unbounded};
    let table = database.begin_read()?.open_table(LIVE)?;
    let start = page.map_or(Unbounded, Excluded);
    let mut found = LivePage::default();
    for row in table.range::<&[u8]>((start, Unbounded))?.take(PAGE) {
        let (key, value) = row?;
        let entry = live_from_bytes(value.value())
            .ok_or_else(|| Failure::Alien("an entry of the live state".to_owned()))?;
        found.entries.push(entry);
        found.next = Some(key.value().to_vec());
    }
    if found.entries.len() < PAGE {
        found.next = None;
    }
    Ok(found)
}

pub(super) fn record(database: &Database, key: &[u8]) -> Result<Option<(Entry, Record)>, Failure> {
    let table = database.begin_read()?.open_table(LIVE)?;
    Ok(table.get(key)?.and_then(|value| live_from_bytes(value.value())))
}

pub(super) fn trim(database: &Database, through: Epoch) -> Result<(), Failure> {
    let mut write = database.begin_write()?;
    write.set_durability(redb::Durability::None)?;
    write.open_table(COMMITS)?.retain_in(..=through.0, |_, _| false)?;
    write.commit()?;
    Ok(())
}

pub(super) fn forget(database: &Database, keys: &[Vec<u8>]) -> Result<(), Failure> {
    let mut write = database.begin_write()?;
    write.set_durability(redb::Durability::None)?;
    {
        let mut table = write.open_table(LIVE)?;
        for key in keys {
            table.remove(key.as_slice())?;
        }
    }
    write.commit()?;
    Ok(())
}
