//! `redis/tenant.acl` keeps tenants apart in a real Redis, also from keys that were named to get
//! round it.

use std::path::Path;

use anyhow::Result;
use tenantguard_service::journal::Stores;
use tenantguard_service::session::{NewSession, SessionId};
use tenantguard_service::state::{Control, Safety};

use crate::redis_server::Redis;
use crate::support::{ISSUER, behind_journal, note, principal, revoke, tenant, token, until};

fn start() -> Result<Option<Redis>> {
    let acl = Path::new(env!("CARGO_MANIFEST_DIR")).join("redis/tenant.acl");
    // The test needs somebody who may do everything.
    let users = std::fs::read_to_string(acl)?
        .replace("user default off", "user default on nopass ~* &* +@all");
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("users.acl");
    std::fs::write(&file, users)?;
    Redis::start_with(&["--aclfile", &file.display().to_string()])
}

fn ask(url: &str, words: &[&str]) -> Result<redis::Value, redis::RedisError> {
    let mut connection = redis::Client::open(url)?.get_connection()?;
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query(&mut connection)
}

#[tokio::test]
async fn a_tenants_user_reads_its_own_keys_and_nobody_elses() -> Result<()> {
    let Some(redis) = start()? else { return Ok(()) };
    let as_user = |user: &str| redis.url().replace("//", &format!("//{user}@"));
    let service = as_user("tenantguard:change-this-password");
    let control: Control = behind_journal(&redis.dir.path().join("journal"), &service).await?;
    for name in ["acme", "evil"] {
        let receipt = control.apply(vec![revoke(token(name, 1))], note()).await?;
        assert_eq!(receipt.safety, Safety::Store, "the service's own user may do what it must");
        let id = SessionId::parse("one")?;
        let (issuer, principal) = (ISSUER.to_owned(), principal("alice"));
        let tenant = tenant(name);
        let new = NewSession { tenant, id, issuer, principal, idle: None, data: String::new() };
        control.sessions().create(new).await?;
    }
    let record = |name: &str| format!("rev:{{{name}}}:revoked:token:{}", token(name, 1).hash());
    let mut admin = redis.client()?;
    until("the records", async || {
        redis::cmd("EXISTS").arg(record("evil")).query(&mut redis.client().expect("a client"))
            == Ok(1)
    })
    .await;
    let acme = as_user("acme-reader:change-this-password-too");
    assert!(matches!(ask(&acme, &["GET", &record("acme")])?, redis::Value::BulkString(_)));
    assert!(ask(&acme, &["ZCARD", "sess:{acme}:all"]).is_ok_and(|it| it == redis::Value::Int(1)));

    redis::cmd("SET").arg("x:{evil}:y{acme}").arg("secret").exec(&mut admin)?;
    redis::cmd("SET").arg("rev:{evil}:sess:{acme}:").arg("secret").exec(&mut admin)?;
    for words in [
        vec!["GET", &record("evil")],
        vec!["GET", "x:{evil}:y{acme}"],
        vec!["GET", "rev:{evil}:sess:{acme}:"],
        vec!["ZCARD", "sess:{evil}:all"],
        vec!["ZCARD", "sess:{acme-eu}:all"],
        vec!["GET", "feed:{tenantguard}:head"],
        vec!["SET", "sess:{acme}:x", "1"],
        vec!["DEL", &record("acme")],
        vec!["KEYS", "*"],
        vec!["SCAN", "0"],
        vec!["EVAL", "return redis.call('GET', KEYS[1])", "1", &record("evil")],
        vec!["FCALL", "tenantguard_1_append", "0"],
        vec!["CONFIG", "GET", "*"],
        vec!["FLUSHALL"],
        vec!["SUBSCRIBE", "feed:{tenantguard}:news"],
    ] {
        let refused = ask(&acme, &words).expect_err(&words.join(" "));
        assert_eq!(refused.code(), Some("NOPERM"), "{words:?}: {refused}");
    }
    // What the careless pattern would have let through.
    let careless = ["ACL", "SETUSER", "careless", "on", ">pw", "+get", "~*{acme}*"];
    redis::cmd(careless[0]).arg(&careless[1..]).exec(&mut admin)?;
    let careless = as_user("careless:pw");
    assert!(ask(&careless, &["GET", "x:{evil}:y{acme}"]).is_ok(), "the trap is a trap");
    Ok(())
}

#[tokio::test]
async fn a_tenant_can_have_a_redis_of_its_own() -> Result<()> {
    let (Some(main), Some(own)) = (Redis::start()?, Redis::start()?) else { return Ok(()) };
    let settings = |redis: &Redis| -> Result<_> {
        Ok(tenantguard_service::store::RedisSettings::new(redis.url().parse()?))
    };
    let store = tenantguard_service::state::StoreSettings::Redis {
        journal: main.dir.path().join("journal"),
        main: Box::new(settings(&main)?),
        tenants: [(tenant("acme"), settings(&own)?)].into(),
    };
    let clock = std::sync::Arc::new(tenantguard_service::clock::SystemClock::default());
    let settings = tenantguard_service::state::Settings::new(store);
    let stores: Stores = tenantguard_service::journal::open(&settings.store, clock.clone()).await?;
    let control = Control::with(stores, settings, clock).await?;
    for name in ["acme", "globex"] {
        let (tenant, id) = (tenant(name), SessionId::parse("one")?);
        let (issuer, principal) = (ISSUER.to_owned(), principal("alice"));
        let new = NewSession { tenant, id, issuer, principal, idle: None, data: String::new() };
        control.sessions().create(new).await?;
        control.apply(vec![revoke(token(name, 1))], note()).await?;
    }
    let keys = |redis: &Redis, tenant: &str| -> Vec<String> {
        let pattern = format!("*{{{tenant}}}*");
        let mut client = redis.client().expect("a client");
        redis::cmd("KEYS").arg(pattern).query(&mut client).unwrap_or_default()
    };
    until("the records", async || {
        keys(&own, "acme").len() == 4 && keys(&main, "globex").len() == 4
    })
    .await;
    assert_eq!(keys(&main, "acme"), Vec::<String>::new(), "nothing of acme's is elsewhere");
    assert_eq!(keys(&own, "globex"), Vec::<String>::new());
    Ok(())
}
