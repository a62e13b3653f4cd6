//! A login that is changed while the service runs: what the files say counts from the next
//! connection on, and nothing is lost in between.

use anyhow::Result;
use tenantguard_service::state::{Control, Safety};
use tenantguard_service::store::RedisSettings;

use crate::redis_server::Redis;
use crate::support::{assert_in_redis, in_front_of, note, revoke, token, until};

async fn revoke_one(control: &Control, number: u32) -> Result<Safety> {
    Ok(control.apply(vec![revoke(token("acme", number))], note()).await?.safety)
}

fn trouble(control: &Control) -> String {
    control.status().store.trouble.map(|it| it.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_changed_user_and_password_count_without_a_restart() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let acl = |words: &[&str]| -> Result<()> {
        Ok(redis::cmd("ACL").arg("SETUSER").arg(words).exec(&mut redis.client()?)?)
    };
    let cut = |user: &str| -> Result<()> {
        Ok(redis::cmd("CLIENT").arg(&["KILL", "USER", user]).exec(&mut redis.client()?)?)
    };
    let at = |name: &str| redis.dir.path().join(name);
    let rights = ["on", "~*", "&*", "+@all"];
    acl(&[&["one", ">first"], &rights[..]].concat())?;
    std::fs::write(at("user"), "one\n")?;
    std::fs::write(at("password"), "first\n")?;
    let settings = RedisSettings {
        username_file: Some(at("user")),
        password_file: Some(at("password")),
        ..RedisSettings::new(redis.url().parse()?)
    };
    let control = in_front_of(&at("journal"), settings).await?;
    assert_eq!(revoke_one(&control, 0).await?, Safety::Store);

    // The password is another one, and the file does not say so yet.
    acl(&["one", "resetpass", ">second"])?;
    cut("one")?;
    until("the refusal", async || trouble(&control).contains("authentication failed")).await;
    assert_eq!(revoke_one(&control, 1).await?, Safety::Journal);
    std::fs::write(at("password"), "second\n")?;
    until("the new password", async || trouble(&control).is_empty()).await;
    assert_eq!(revoke_one(&control, 2).await?, Safety::Store);

    // The user is another one, and the old one is no more: Redis cuts its connections.
    acl(&[&["two", ">third"], &rights[..]].concat())?;
    std::fs::write(at("password"), "third\n")?;
    std::fs::write(at("user"), "two")?;
    assert_eq!(revoke_one(&control, 3).await?, Safety::Store, "a connection stays as it is");
    redis::cmd("ACL").arg(&["DELUSER", "one"]).exec(&mut redis.client()?)?;
    until("the new user", async || {
        revoke_one(&control, 4).await.is_ok_and(|it| it == Safety::Store)
    })
    .await;
    assert_in_redis(&redis.url(), 0..5).await
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_named_at_the_start() -> Result<()> {
    let settings = RedisSettings {
        password_file: Some("/nowhere/redis.password".into()),
        ..RedisSettings::new("redis://127.0.0.1:1".parse()?)
    };
    let dir = tempfile::tempdir()?;
    let error = in_front_of(&dir.path().join("journal"), settings).await.err().expect("an error");
    assert!(error.to_string().contains("/nowhere/redis.password"), "{error}");
    Ok(())
}
