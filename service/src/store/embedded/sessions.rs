//! Sessions in the embedded store. The tenant is part of every key, and the digest is the whole one.

use redb::{Database, ReadableDatabase as _, ReadableTable as _, WriteTransaction};
use tenantguard::identity::{PrincipalId, TenantId};
use tenantguard::time::UnixTime;

use super::tables::{Failure, OWNERS, SESSIONS};
use super::{Created, SessionPage};
use crate::session::{Session, SessionDigest};

/// How many sessions a page holds.
const PAGE: usize = 1024;
const LAST: [u8; 32] = [0xff; 32];

pub(super) fn create(
    database: &Database,
    session: &Session,
    limit: u32,
    now: UnixTime,
) -> Result<Created, Failure> {
    let write = database.begin_write()?;
    if find(&write, &session.tenant, &session.digest)?.is_some_and(|old| old.lives(now)) {
        return Ok(Created::Exists);
    }
    let mut live = 0_u32;
    for digest in owned(&write, &session.tenant, &session.principal)? {
        match find(&write, &session.tenant, &digest)? {
            Some(other) if other.lives(now) => live += 1,
            Some(other) => delete(&write, &other)?,
            None => {}
        }
    }
    let created = if live < limit { Created::Created } else { Created::LimitReached };
    if created == Created::Created {
        put(&write, session)?;
    }
    write.commit()?;
    Ok(created)
}

pub(super) fn get(
    database: &Database,
    tenant: &TenantId,
    digest: &SessionDigest,
    now: UnixTime,
) -> Result<Option<Session>, Failure> {
    let table = database.begin_read()?.open_table(SESSIONS)?;
    let row = table.get((tenant.as_str(), digest.0))?;
    Ok(row
        .and_then(|bytes| Session::from_bytes(bytes.value(), tenant, digest))
        .filter(|session| session.lives(now)))
}

pub(super) fn touch(
    database: &Database,
    tenant: &TenantId,
    digest: &SessionDigest,
    now: UnixTime,
) -> Result<Option<Session>, Failure> {
    let write = database.begin_write()?;
    let found = find(&write, tenant, digest)?.filter(|session| session.lives(now));
    let Some(session) = found.map(|session| session.touched(now)) else { return Ok(None) };
    put(&write, &session)?;
    write.commit()?;
    Ok(Some(session))
}

pub(super) fn remove(
    database: &Database,
    tenant: &TenantId,
    digest: &SessionDigest,
) -> Result<bool, Failure> {
    let write = database.begin_write()?;
    let Some(session) = find(&write, tenant, digest)? else { return Ok(false) };
    delete(&write, &session)?;
    write.commit()?;
    Ok(true)
}

pub(super) fn of(
    database: &Database,
    tenant: &TenantId,
    principal: &PrincipalId,
    now: UnixTime,
) -> Result<Vec<Session>, Failure> {
    let read = database.begin_read()?;
    let (owners, sessions) = (read.open_table(OWNERS)?, read.open_table(SESSIONS)?);
    let mut found = Vec::new();
    for row in owners.range(range_of(tenant, principal))? {
        let digest = SessionDigest(row?.0.value().2);
        let bytes = sessions.get((tenant.as_str(), digest.0))?;
        let session = bytes.and_then(|it| Session::from_bytes(it.value(), tenant, &digest));
        found.extend(session.filter(|session| session.lives(now)));
    }
    Ok(found)
}

pub(super) fn page(
    database: &Database,
    tenant: &TenantId,
    page: Option<&[u8]>,
    now: UnixTime,
) -> Result<SessionPage, Failure> {
    use std::ops::Bound::{Excluded, Included};
    let table = database.begin_read()?.open_table(SESSIONS)?;
    let after = page.and_then(|page| <[u8; 32]>::try_from(page).ok());
    let start = after
        .map_or(Included((tenant.as_str(), [0; 32])), |digest| Excluded((tenant.as_str(), digest)));
    let (mut found, mut seen) = (SessionPage::default(), 0);
    for row in table.range((start, Included((tenant.as_str(), LAST))))?.take(PAGE) {
        let (key, bytes) = row?;
        let digest = SessionDigest(key.value().1);
        let session = Session::from_bytes(bytes.value(), tenant, &digest);
        found.sessions.extend(session.filter(|session| session.lives(now)));
        found.next = Some(digest.0.to_vec());
        seen += 1;
    }
    if seen < PAGE {
        found.next = None;
    }
    Ok(found)
}

fn range_of<'a>(
    tenant: &'a TenantId,
    principal: &'a PrincipalId,
) -> std::ops::RangeInclusive<(&'a str, &'a str, [u8; 32])> {
    let (tenant, principal) = (tenant.as_str(), principal.as_str());
    (tenant, principal, [0; 32])..=(tenant, principal, LAST)
}

fn owned(
    write: &WriteTransaction,
    tenant: &TenantId,
    principal: &PrincipalId,
) -> Result<Vec<SessionDigest>, Failure> {
    let owners = write.open_table(OWNERS)?;
    owners
        .range(range_of(tenant, principal))?
        .map(|row| Ok(SessionDigest(row?.0.value().2)))
        .collect()
}

fn find(
    write: &WriteTransaction,
    tenant: &TenantId,
    digest: &SessionDigest,
) -> Result<Option<Session>, Failure> {
    let table = write.open_table(SESSIONS)?;
    let row = table.get((tenant.as_str(), digest.0))?;
    Ok(row.and_then(|bytes| Session::from_bytes(bytes.value(), tenant, digest)))
}

fn put(write: &WriteTransaction, session: &Session) -> Result<(), Failure> {
    let (tenant, digest) = (session.tenant.as_str(), session.digest.0);
    write.open_table(SESSIONS)?.insert((tenant, digest), session.to_bytes().as_slice())?;
    write.open_table(OWNERS)?.insert((tenant, session.principal.as_str(), digest), ())?;
    Ok(())
}

fn delete(write: &WriteTransaction, session: &Session) -> Result<(), Failure> {
    let (tenant, digest) = (session.tenant.as_str(), session.digest.0);
    write.open_table(SESSIONS)?.remove((tenant, digest))?;
    write.open_table(OWNERS)?.remove((tenant, session.principal.as_str(), digest))?;
    Ok(())
}
