//! Sessions in Redis: `sess:{tenant}:<first 12 hex of sha256(session id)>`, with the whole digest
//! as the field that is compared. Two sorted sets, by end, lead to those of a principal and of a
//! tenant, so that nobody scans what belongs to others.

use redis::{AsyncCommands as _, cmd};
use tenantguard::identity::{PrincipalId, TenantId};
use tenantguard::time::UnixTime;

use super::call::Function;
use super::{Created, RedisStore, SessionPage, StoreError, keys};
use crate::session::{Session, SessionDigest};

/// About how many sessions a page holds.
const PAGE: usize = 512;
/// How often a session is read again that others touch at the same time.
const TRIES: usize = 8;

pub(super) async fn create(
    store: &RedisStore,
    session: &Session,
    limit: u32,
    now: UnixTime,
) -> Result<Created, StoreError> {
    let args = [
        session.digest.to_string(),
        now.as_millis().to_string(),
        session.ends.as_millis().to_string(),
        time_to_live(session, now),
        limit.to_string(),
    ];
    let value = session.to_bytes();
    let mut args: Vec<&[u8]> = args.iter().map(String::as_bytes).collect();
    args.push(&value);
    let answer = store.call(Function::SessionCreate, &keys_of(session), &args).await?;
    match answer.as_slice() {
        b"created" => Ok(Created::Created),
        b"exists" => Ok(Created::Exists),
        b"limit" => Ok(Created::LimitReached),
        _ => Err(store.alien("an answer of the session function")),
    }
}

pub(super) async fn get(
    store: &RedisStore,
    tenant: &TenantId,
    digest: &SessionDigest,
    now: UnixTime,
) -> Result<Option<Session>, StoreError> {
    let read = read(store, tenant, digest).await?;
    Ok(read.map(|(session, _)| session).filter(|session| session.lives(now)))
}

pub(super) async fn touch(
    store: &RedisStore,
    tenant: &TenantId,
    digest: &SessionDigest,
    now: UnixTime,
) -> Result<Option<Session>, StoreError> {
    for _ in 0..TRIES {
        let Some((session, old)) = read(store, tenant, digest).await? else { return Ok(None) };
        if !session.lives(now) {
            return Ok(None);
        }
        let session = session.touched(now);
        let new = session.to_bytes();
        let (digest, ends) = (digest.to_string(), session.ends.as_millis().to_string());
        let time_to_live = time_to_live(&session, now);
        let args = [digest.as_bytes(), &old, &new, ends.as_bytes(), time_to_live.as_bytes()];
        if store.call(Function::SessionTouch, &keys_of(&session), &args).await? == b"done" {
            return Ok(Some(session));
        }
    }
    // Others touched it as often as this tried: its end has been put off.
    get(store, tenant, digest, now).await
}

pub(super) async fn remove(
    store: &RedisStore,
    tenant: &TenantId,
    digest: &SessionDigest,
) -> Result<bool, StoreError> {
    let Some((session, _)) = read(store, tenant, digest).await? else { return Ok(false) };
    let digest = digest.to_string();
    let answer =
        store.call(Function::SessionRemove, &keys_of(&session), &[digest.as_bytes()]).await?;
    Ok(answer == b"done")
}

pub(super) async fn of(
    store: &RedisStore,
    tenant: &TenantId,
    principal: &PrincipalId,
    now: UnixTime,
) -> Result<Vec<Session>, StoreError> {
    let owner = keys::owner(tenant, principal);
    let after = format!("({}", now.as_millis());
    let digests: Vec<String> = store
        .run(|mut connection| async move { connection.zrangebyscore(owner, after, "+inf").await })
        .await?;
    let mut sessions = read_all(store, tenant, &digests, now).await?;
    sessions.retain(|session| session.principal == *principal);
    Ok(sessions)
}

pub(super) async fn page(
    store: &RedisStore,
    tenant: &TenantId,
    page: Option<Vec<u8>>,
    now: UnixTime,
) -> Result<SessionPage, StoreError> {
    let cursor = page.and_then(|page| String::from_utf8(page).ok()).unwrap_or_else(|| "0".into());
    let (next, found): (String, Vec<(String, f64)>) = store
        .run(|mut connection| async move {
            let mut scan = cmd("ZSCAN");
            scan.arg(keys::all(tenant)).arg(cursor).arg("COUNT").arg(PAGE);
            scan.query_async(&mut connection).await
        })
        .await?;
    let digests: Vec<String> = found.into_iter().map(|(digest, _)| digest).collect();
    let sessions = read_all(store, tenant, &digests, now).await?;
    Ok(SessionPage { sessions, next: (next != "0").then(|| next.into_bytes()) })
}

async fn read(
    store: &RedisStore,
    tenant: &TenantId,
    digest: &SessionDigest,
) -> Result<Option<(Session, Vec<u8>)>, StoreError> {
    let (key, field) = (keys::session(tenant, digest), digest.to_string());
    let value: Option<Vec<u8>> =
        store.run(|mut connection| async move { connection.hget(key, field).await }).await?;
    Ok(value.and_then(|it| Some((Session::from_bytes(&it, tenant, digest)?, it))))
}

async fn read_all(
    store: &RedisStore,
    tenant: &TenantId,
    digests: &[String],
    now: UnixTime,
) -> Result<Vec<Session>, StoreError> {
    let digests: Vec<SessionDigest> =
        digests.iter().filter_map(|digest| SessionDigest::parse(digest)).collect();
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    let mut pipeline = redis::pipe();
    for digest in &digests {
        pipeline.hget(keys::session(tenant, digest), digest.to_string());
    }
    let values: Vec<Option<Vec<u8>>> = store
        .run(|mut connection| async move { pipeline.query_async(&mut connection).await })
        .await?;
    let sessions = digests
        .iter()
        .zip(values)
        .filter_map(|(digest, value)| Session::from_bytes(&value?, tenant, digest))
        .filter(|session| session.lives(now));
    Ok(sessions.collect())
}

fn keys_of(session: &Session) -> [String; 3] {
    [
        keys::session(&session.tenant, &session.digest),
        keys::owner(&session.tenant, &session.principal),
        keys::all(&session.tenant),
    ]
}

fn time_to_live(session: &Session, now: UnixTime) -> String {
    session.ends.as_millis().saturating_sub(now.as_millis()).max(1).to_string()
}
