//! The feed in Redis.

use bytes::Bytes;
use redis::streams::StreamRangeReply;
use redis::{AsyncCommands as _, cmd};
use tenantguard::control::{Entry, Epoch, Position};

use super::call::Function;
use super::{Commit, LivePage, RedisStore, StoreError, keys};
use crate::state::Record;
use crate::store::codec::{
    live_from_bytes, live_to_bytes, notes_from_bytes, notes_to_bytes, position_from_text,
    position_to_text,
};

/// How many entries a page of the live state, or a part of a seed, holds.
const PAGE: usize = 8192;

pub(super) async fn head(store: &RedisStore) -> Result<Option<Position>, StoreError> {
    let text: Option<String> =
        store.run(|mut connection| async move { connection.get(keys::HEAD).await }).await?;
    text.map(|text| parse(store, &text)).transpose()
}

fn parse(store: &RedisStore, text: &str) -> Result<Position, StoreError> {
    position_from_text(text).map_err(|error| error.explain(store.name.clone(), text))
}

/// What a function answers that changes the feed: `done`, or where the head is instead.
fn settle(store: &RedisStore, answer: &[u8]) -> Result<(), StoreError> {
    match std::str::from_utf8(answer) {
        Ok("done") => Ok(()),
        Ok("") => Err(store.emptied()),
        Ok(text) => Err(StoreError::Moved(Box::new(parse(store, text)?))),
        Err(_) => Err(store.alien(keys::HEAD)),
    }
}

impl RedisStore {
    /// There is no feed where one was: found as a regression by whoever asks for the head next.
    fn emptied(&self) -> StoreError {
        let history = tenantguard::control::HistoryId::from_bytes([0; 16]);
        StoreError::Moved(Box::new(Position::start(history)))
    }
}

pub(super) async fn append(
    store: &RedisStore,
    base: &Position,
    commits: &[Commit],
) -> Result<(), StoreError> {
    let mut base = position_to_text(base);
    for commit in commits {
        let entries = commit.entries().map_err(|error| store.alien(&error.to_string()))?;
        let position = position_to_text(&commit.position);
        let epoch = commit.position.epoch.to_string();
        let notes = notes_to_bytes(&commit.notes);
        let changes = changes(&entries);
        let mut args: Vec<&[u8]> = vec![
            base.as_bytes(),
            position.as_bytes(),
            epoch.as_bytes(),
            &commit.frame,
            &notes,
            keys::CHANNEL.as_bytes(),
        ];
        args.extend(changes.iter().map(Vec::as_slice));
        settle(store, &store.call(Function::Append, &keys::feed(), &args).await?)?;
        base = position;
    }
    Ok(())
}

/// What entries write into the live state: keys and values, where an empty value deletes.
fn changes(entries: &[(Entry, Record)]) -> Vec<Vec<u8>> {
    let mut changes = Vec::with_capacity(entries.len() * 2);
    for (entry, record) in entries {
        for ended in entry.also_ends() {
            changes.extend([ended.encode(), Vec::new()]);
        }
        changes.extend([entry.key().encode(), live_to_bytes(entry, record)]);
    }
    changes
}

pub(super) async fn seed(
    store: &RedisStore,
    head: &Position,
    live: &[(Entry, Record)],
) -> Result<(), StoreError> {
    let head = position_to_text(head);
    let parts = live.chunks(PAGE).map(Some).chain([None]);
    for part in parts {
        let changes = changes(part.unwrap_or_default());
        let position = if part.is_none() { head.as_bytes() } else { b"" };
        let mut args: Vec<&[u8]> = vec![position, keys::CHANNEL.as_bytes()];
        let written = changes.chunks_exact(2).filter(|pair| pair.iter().all(|it| !it.is_empty()));
        args.extend(written.flatten().map(Vec::as_slice));
        settle(store, &store.call(Function::Seed, &keys::feed(), &args).await?)?;
    }
    Ok(())
}

pub(super) async fn commits(
    store: &RedisStore,
    after: Epoch,
    limit: usize,
) -> Result<Vec<Commit>, StoreError> {
    let start = format!("{}-0", after.next());
    let found: StreamRangeReply = store
        .run(|mut connection| async move {
            connection.xrange_count(keys::COMMITS, start, "+", limit).await
        })
        .await?;
    let read = |id: redis::streams::StreamId| {
        let position: String = id.get("position")?;
        let (frame, notes): (Vec<u8>, Vec<u8>) = (id.get("frame")?, id.get("notes")?);
        Some(Commit {
            position: position_from_text(&position).ok()?,
            frame: Bytes::from(frame),
            notes: notes_from_bytes(&notes)?,
        })
    };
    found.ids.into_iter().map(|id| read(id).ok_or_else(|| store.alien(keys::COMMITS))).collect()
}

/// Fields and values of a hash.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

pub(super) async fn live(
    store: &RedisStore,
    page: Option<Vec<u8>>,
) -> Result<LivePage, StoreError> {
    let cursor = page.and_then(|page| String::from_utf8(page).ok()).unwrap_or_else(|| "0".into());
    let (next, pairs): (String, Pairs) = store
        .run(|mut connection| async move {
            let mut scan = cmd("HSCAN");
            scan.arg(keys::LIVE).arg(cursor).arg("COUNT").arg(PAGE);
            scan.query_async(&mut connection).await
        })
        .await?;
    let entries = pairs
        .iter()
        .map(|(_, value)| live_from_bytes(value).ok_or_else(|| store.alien(keys::LIVE)))
        .collect::<Result<_, _>>()?;
    Ok(LivePage { entries, next: (next != "0").then(|| next.into_bytes()) })
}

pub(super) async fn trim(store: &RedisStore, through: Epoch) -> Result<(), StoreError> {
    store
        .run(|mut connection| async move {
            let mut trim = cmd("XTRIM");
            trim.arg(keys::COMMITS).arg("MINID").arg("~").arg(format!("{}-0", through.next()));
            trim.query_async(&mut connection).await
        })
        .await
}

pub(super) async fn forget(store: &RedisStore, entries: &[Entry]) -> Result<(), StoreError> {
    for entries in entries.chunks(PAGE) {
        let fields: Vec<Vec<u8>> = entries.iter().map(|entry| entry.key().encode()).collect();
        store
            .run(|mut connection| async move {
                connection.hdel::<_, _, ()>(keys::LIVE, fields).await
            })
            .await?;
    }
    Ok(())
}
