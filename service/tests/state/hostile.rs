//! Session ids that anybody may choose: two tenants never see, hit or collide with each other's
//! session, in either store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tenantguard::identity::TenantId;
use tenantguard::time::UnixTime;
use tenantguard_service::session::{Session, SessionId};
use tenantguard_service::store::{Created, Embedded, RedisSettings, RedisStore, Store};

use crate::redis_server::Redis;
use crate::support::{hash, principal, tenant};

const TENANTS: [&str; 6] = ["acme", "acme-eu", "a", "Acme", "evil", "all"];

fn hostile_id() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        ":",
        "*",
        "?",
        "[a-z]",
        "{",
        "}",
        "{acme}",
        "{evil}:y{acme}",
        "\n",
        "\r\n",
        "\0",
        "\\",
        " ",
        "sess:",
        "of:",
        "all",
        "acme",
        "evil",
        "a",
        "0",
        "é",
        "\u{202e}",
    ]);
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

#[derive(Debug, Clone)]
enum Step {
    Create(usize, String, &'static str),
    Touch(usize, String),
    Remove(usize, String),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let tenant = 0..TENANTS.len();
    let owner = prop::sample::select(vec!["alice", "bob", "a:b", "*"]);
    let step = prop_oneof![
        3 => (tenant.clone(), hostile_id(), owner).prop_map(|(t, id, o)| Step::Create(t, id, o)),
        1 => (tenant.clone(), hostile_id()).prop_map(|(t, id)| Step::Touch(t, id)),
        1 => (tenant, hostile_id()).prop_map(|(t, id)| Step::Remove(t, id)),
    ];
    prop::collection::vec(step, 1..30)
}

/// Does the same in the store and in a map that has tenants and ids side by side, and compares what
/// every tenant sees.
async fn agrees(store: &dyn Store, run: usize, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let now = UnixTime::from_secs(1_800_000_000);
    let fail = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    let name = |index: usize| tenant(&format!("{}-{run}", TENANTS[index]));
    let mut expected: HashMap<(TenantId, String), Session> = HashMap::new();
    for step in steps {
        match step {
            Step::Create(index, id, owner) => {
                let session = session(name(index), &id, owner, now);
                let created = store.create_session(&session, 1000, now).await;
                let is_new = !expected.contains_key(&(name(index), id.clone()));
                let wanted = if is_new { Created::Created } else { Created::Exists };
                prop_assert_eq!(created.map_err(|it| fail(&it))?, wanted);
                expected.entry((name(index), id)).or_insert(session);
            }
            Step::Touch(index, id) => {
                let digest = SessionId::parse(&id).map_err(|it| fail(&it))?.digest();
                let touched = store.touch_session(&name(index), &digest, now).await;
                let wanted = expected.get(&(name(index), id)).cloned();
                prop_assert_eq!(touched.map_err(|it| fail(&it))?, wanted);
            }
            Step::Remove(index, id) => {
                let digest = SessionId::parse(&id).map_err(|it| fail(&it))?.digest();
                let removed = store.remove_session(&name(index), &digest).await;
                let wanted = expected.remove(&(name(index), id)).is_some();
                prop_assert_eq!(removed.map_err(|it| fail(&it))?, wanted);
            }
        }
    }
    for index in 0..TENANTS.len() {
        let mut found = store.sessions(&name(index), None, now).await.map_err(|it| fail(&it))?;
        let of = |tenant: &TenantId| tenant == &name(index);
        let mut wanted: Vec<Session> =
            expected.iter().filter(|((it, _), _)| of(it)).map(|(_, it)| it.clone()).collect();
        found.sessions.sort_by_key(|session| session.digest);
        wanted.sort_by_key(|session| session.digest);
        prop_assert_eq!(found.sessions, wanted);
    }
    Ok(())
}

fn session(tenant: TenantId, id: &str, owner: &str, now: UnixTime) -> Session {
    let ends = now.plus(Duration::from_secs(600));
    Session {
        tenant,
        digest: SessionId::parse(id).expect("an id").digest(),
        handle: hash(1),
        principal: principal(owner),
        created: now,
        ends,
        ends_at_last: ends,
        idle: Duration::from_secs(600),
        data: id.to_owned(),
    }
}

fn check(store: Arc<dyn Store>, cases: u32) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let run = std::cell::Cell::new(0);
    runner.run(&steps(), |steps| {
        // Each run has tenants of its own: what an earlier one left is no concern of theirs.
        run.set(run.get() + 1);
        runtime.block_on(agrees(store.as_ref(), run.get(), steps))
    })?;
    Ok(())
}

#[test]
fn tenants_never_meet_in_the_embedded_store() -> Result<()> {
    let disk = redb::backends::InMemoryBackend::new;
    check(Arc::new(Embedded::over(disk)?), 64)
}

#[test]
fn tenants_never_meet_in_redis() -> Result<()> {
    let Some(redis) = Redis::start_with(&[])? else { return Ok(()) };
    let runtime = tokio::runtime::Runtime::new()?;
    let entered = runtime.enter();
    let store = RedisStore::new(&RedisSettings::new(redis.url().parse()?))?;
    drop(entered);
    check(Arc::new(store), 64)
}
