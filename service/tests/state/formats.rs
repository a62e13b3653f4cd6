//! A store of another version of this program: not read, not written to, and said so.

use std::path::Path;

use anyhow::Result;
use redb::{Database, ReadableDatabase as _, TableDefinition};
use tenantguard::control::Position;

use crate::redis_server::Redis;
use crate::support::{behind_journal, embedded, is_revoked, revoke_some, token, until};

/// Of the embedded store.
const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
/// In Redis.
const HEAD: &str = "feed:{tenantguard}:head";

/// Each format that is not this version's, as it stands before a position, and what is said of it.
const OTHERS: [(&str, &str); 2] =
    [("", "in format 1; this one reads format 2"), ("3:", "in format 3; this one reads format 2")];

/// The same head as another version would have written it.
fn written_by_another(head: &str, format: &str) -> String {
    let (ours, position) = head.split_once(':').expect("a format before the position");
    assert_eq!(ours, "2");
    position.parse::<Position>().expect("a position");
    format!("{format}{position}")
}

fn assert_told(error: &anyhow::Error, what: &str) {
    let told = error.to_string();
    assert!(told.contains("was written by another version of TenantGuard"), "{told}");
    assert!(told.contains(what) && told.contains("give this one an empty store"), "{told}");
}

#[tokio::test]
async fn a_file_of_another_version_is_not_opened() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("store");
    let control = embedded(&path).await?;
    revoke_some(&control, 0..3).await?;
    control.close().await;
    drop(control);
    let head = head_of(&path)?;
    for (format, what) in OTHERS {
        let other = written_by_another(&head, format);
        set_head(&path, &other)?;
        assert_told(&embedded(&path).await.err().expect("a refusal"), what);
        assert_eq!(head_of(&path)?, other);
    }
    set_head(&path, &head)?;
    assert!(is_revoked(&embedded(&path).await?, &token("acme", 2)));
    Ok(())
}

fn head_of(path: &Path) -> Result<String> {
    let meta = Database::open(path)?.begin_read()?.open_table(META)?;
    Ok(meta.get("head")?.expect("a head").value().to_owned())
}

fn set_head(path: &Path, head: &str) -> Result<()> {
    let write = Database::open(path)?.begin_write()?;
    write.open_table(META)?.insert("head", head)?;
    Ok(write.commit()?)
}

#[tokio::test]
async fn a_redis_of_another_version_is_neither_read_nor_written_to() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let journal = redis.dir.path().join("journal");
    let control = behind_journal(&journal, &redis.url()).await?;
    revoke_some(&control, 0..3).await?;
    control.close().await;
    drop(control);
    let mut client = redis.client()?;
    let head: String = redis::cmd("GET").arg(HEAD).query(&mut client)?;
    for (nth, (format, what)) in OTHERS.into_iter().enumerate() {
        let other = written_by_another(&head, format);
        redis::cmd("SET").arg(HEAD).arg(&other).exec(&mut client)?;
        // Nobody could say what is revoked: a service that has nothing of its own does not start.
        let fresh = redis.dir.path().join(format!("fresh-{nth}"));
        assert_told(&behind_journal(&fresh, &redis.url()).await.err().expect("a refusal"), what);
        // One that has its journal goes on with that.
        let control = behind_journal(&journal, &redis.url()).await?;
        until("the trouble being told", async || {
            control.status().store.trouble.is_some_and(|it| it.contains(what))
        })
        .await;
        revoke_some(&control, 10..12).await?;
        control.close().await;
        let found: String = redis::cmd("GET").arg(HEAD).query(&mut client)?;
        assert_eq!(found, other);
    }
    Ok(())
}
