//! The edges that no table can show in a proxy, whose clock goes on: a delegation begins and ends at
//! its very second, by the time in the record of each decision, and one that is revoked is over for a
//! token that was let in a moment ago.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use tenantguard::time::UnixTime;
use tenantguard_e2e::corpus::Setting;
use tenantguard_e2e::corpus::table::{Stage, Table};

use crate::controlled::{reason, soon};
use crate::places::Started;
use crate::seed;
use crate::world::{World, text, unix_now};

/// How long after the start of everything a delegation begins; the second time, if that was too soon
/// for a busy machine.
const BEGINS: [u64; 2] = [8, 40];
/// For how long it lives.
const LIVES: u64 = 3;
const REQUEST: &str =
    r#"{"token": {"subject": "paula"}, "request": {"path": "/api/v1/tenants/globex/reports/7"}}"#;

/// From globex to partnerco, from the first of these seconds on and until the second.
fn table(is_living: bool, begins: u64, ends: u64) -> Result<Table> {
    let (begins, ends) = (format!("now+{begins}"), format!("now+{ends}"));
    let mut one = json!({
        "from": "globex", "to": "partnerco", "permissions": ["reports:read"],
        "not_before": begins, "expires": ends,
    });
    let table = if is_living {
        json!({"about": "", "policy": "partners", "living": {"brief": one}, "cases": []})
    } else {
        one["principals"] = json!("any");
        one["consent"] = json!({"by": "admin@globex.example", "at": "now", "reference": "1"});
        let changes = json!({"delegations": {"brief": one}});
        json!({"about": "", "policy": "partners", "changes": changes, "cases": []})
    };
    Ok(serde_json::from_value(table)?)
}

pub(crate) fn of_the_policy() -> Result<()> {
    to_the_second(false)
}

pub(crate) fn of_the_control_service() -> Result<()> {
    to_the_second(true)
}

fn to_the_second(is_living: bool) -> Result<()> {
    for begins in BEGINS {
        let start = unix_now()?;
        let started = Started::at(&table(is_living, begins, begins + LIVES)?, start)?;
        if unix_now()? + 1 < start + begins {
            return holds_from(&started.world, start + begins);
        }
    }
    bail!("Envoy took longer than {BEGINS:?} seconds to start")
}

fn holds_from(world: &World, begins: u64) -> Result<()> {
    let ends = begins + LIVES;
    // One token all the time, which the gate knows after the first request.
    let request = world.prepare(REQUEST)?;
    let [mut before, mut within, mut after] = [0; 3];
    while unix_now()? < ends + 2 {
        let record = world.audit(&world.send(&request)?)?;
        let at = text(&record, "time").and_then(UnixTime::parse).context("no time")?.as_secs();
        let (count, expected) = match at {
            _ if at < begins => (&mut before, "delegation.expired"),
            _ if at < ends => (&mut within, "permit"),
            _ => (&mut after, "delegation.expired"),
        };
        *count += 1;
        ensure!(text(&record, "reason") == Some(expected), "{expected} was expected: {record}");
        ensure!(text(&record, "delegation_id") == Some("brief"), "{record}");
        thread::sleep(Duration::from_millis(40));
    }
    ensure!(
        before > 0 && within > 0 && after > 0,
        "{before} before, {within} within, {after} after"
    );
    Ok(())
}

/// Taken back in the store, and brought over the feed to a proxy that has let the token in.
pub(crate) fn revoked() -> Result<()> {
    let mut started = Started::at(&table(true, 0, 3600)?, unix_now()?)?;
    let request = started.world.prepare(REQUEST)?;
    for _ in 0..4 {
        let outcome = started.world.send(&request)?;
        ensure!(reason(&outcome) == "permit", "{}", reason(&outcome));
    }
    let mut revoked = table(true, 0, 3600)?;
    if let Some(one) = revoked.living.get_mut("brief") {
        one.stage = Stage::Revoked;
    }
    let service = started.service.as_mut().context("no service")?;
    service.stop()?;
    seed::write(service.directory(), &Setting::of(&revoked, unix_now()?)?.living)?;
    service.start_again()?;
    let world = &started.world;
    soon("the end of the delegation", || {
        Ok(reason(&world.send(&request)?) == "delegation.expired")
    })?;
    for _ in 0..4 {
        let record = world.audit(&world.send(&request)?)?;
        ensure!(text(&record, "detail").is_some_and(|it| it.contains("revoked")), "{record}");
    }
    Ok(())
}
