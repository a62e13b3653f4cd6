//! What goes wrong between a proxy and its control service, and what requests are told then.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::control::{ControlService, Target};
use tenantguard_e2e::envoy::{Config, filter_wasm};

use crate::controlled::{Controlled, ISSUER, Setup, plugin, reason, soon};
use crate::reload::Listeners;
use crate::world::text;

const REPORT: &str = "/api/v1/reports/7";

/// Without a first snapshot nobody is let in, and nobody waits for long.
pub(crate) fn no_snapshot() -> Result<()> {
    let control = json!({"cluster": "tenantguard-control", "snapshot_deadline": "500ms"});
    Controlled::with(Setup { control, is_running: false, ..Setup::default() }, |it| {
        let request = it.reader(REPORT, &json!({"subject": "alice"}))?;
        let start = Instant::now();
        let refused = it.expect(&request, "replica.stale")?;
        let took = start.elapsed();
        ensure!(refused.response.status == 503, "{}", refused.response.status);
        ensure!(refused.response.header("retry-after") == Some("1"), "no retry-after");
        ensure!((400..1_500).contains(&took.as_millis()), "it took {took:?}");
        it.service.start_again()?;
        it.expect_soon(&request, "permit")?;
        Ok(())
    })
}

/// Within its lease the copy decides alone; past it each route says what happens.
pub(crate) fn gone_and_back() -> Result<()> {
    Controlled::with(Setup::hasty(), |it| {
        let token = json!({"subject": "alice"});
        let by = |path: &str| it.reader(path, &token);
        let [usual, strict, lenient] =
            [by(REPORT)?, by("/api/v1/strict/7")?, by("/api/v1/lenient/7")?];
        it.expect_soon(&usual, "permit")?;
        it.service.kill();
        let killed = Instant::now();
        while killed.elapsed() < Duration::from_millis(1_000) {
            let outcome = it.expect(&usual, "permit")?;
            let record = it.world.audit(&outcome)?;
            ensure!(text(&record, "control") == Some("fresh"), "{record}");
        }
        it.expect_soon(&strict, "replica.stale")?;
        ensure!(killed.elapsed() < Duration::from_millis(2_600), "{:?}", killed.elapsed());
        for _ in 0..20 {
            let start = Instant::now();
            it.expect(&usual, "replica.stale")?;
            ensure!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
            let outcome = it.expect(&lenient, "permit")?;
            let record = it.world.audit(&outcome)?;
            ensure!(text(&record, "control") == Some("stale"), "{record}");
        }
        soon("the breaker opens", || Ok(it.metric("control.breakers_open")? > 0))?;
        it.service.start_again()?;
        let back = it.expect_soon(&strict, "permit")?;
        ensure!(back < Duration::from_secs(3), "back after {back:?}");
        it.expect(&usual, "permit")?;
        it.control()?.revoke(&[Target::principal("acme", "platform", "alice")])?;
        it.expect(&lenient, "revoked.principal")?;
        Ok(())
    })
}

/// A service that takes questions and never answers costs a request its deadline, and no more.
pub(crate) fn hangs() -> Result<()> {
    Controlled::with(Setup::hasty(), |it| {
        let request = it.reader("/api/v1/exports/7", &json!({"subject": "alice"}))?;
        it.expect_soon(&request, "permit")?;
        it.service.pause()?;
        for _ in 0..40 {
            let start = Instant::now();
            it.expect(&request, "replica.stale")?;
            ensure!(start.elapsed() < Duration::from_millis(400), "{:?}", start.elapsed());
        }
        let refused = it.metric("control.questions.refused")?;
        ensure!(refused > 0, "the breaker has let every question through");
        it.service.resume()?;
        it.expect_soon(&request, "permit")?;
        Ok(())
    })
}

pub(crate) fn abandoned() -> Result<()> {
    let control = json!({"cluster": "tenantguard-control", "ask_deadline": "1s"});
    Controlled::with(Setup { control, ..Setup::default() }, |it| {
        let request = it.reader("/api/v1/exports/left", &json!({"subject": "alice"}))?;
        it.expect_soon(&request, "permit")?;
        it.service.pause()?;
        for _ in 0..4 {
            let mut stream = TcpStream::connect(it.world.envoy.address())?;
            stream.write_all(&request.http1(&[]))?;
            soon("the question", || Ok(it.metric("control.questions.open")? == 1))?;
            stream.shutdown(Shutdown::Both)?;
            soon("nothing is left", || Ok(it.metric("control.questions.open")? == 0))?;
        }
        let count = || -> Result<usize> {
            let lines = it.world.envoy.access_log().lines()?;
            let left = |line: &&Value| {
                line.pointer("/audit/reason").and_then(Value::as_str) == Some("abandoned")
            };
            Ok(lines.iter().filter(left).count())
        };
        soon("the records", || Ok(count()? == 4))?;
        let (asked, open) =
            (it.metric("control.questions.asked")?, it.metric("control.questions.open")?);
        ensure!(asked >= 5 && open == 0, "{asked} were asked, {open} are open");
        thread::sleep(Duration::from_millis(1_300));
        ensure!(count()? == 4, "{} records of 4 requests", count()?);
        it.service.resume()?;
        it.expect_soon(&request, "permit")?;
        it.world.settle_log()?;
        crate::records::no_gap(&it.world)?;
        Ok(())
    })
}

/// Two services, two listeners: what one says does not count at the other.
pub(crate) fn two_services() -> Result<()> {
    let other = ControlService::start(&Setup::default().service)?;
    let plugin = plugin(&json!({"cluster": "other-control"}))?;
    let change = |config: &mut Config| {
        let mut second = Config::deployed_with_control()?;
        second.filter(&filter_wasm()?, &plugin)?;
        second.control(other.address(), other.proxy())?;
        let take = |config: &mut Config, pointer: &str| -> Result<Value> {
            config.value_mut().pointer(pointer).cloned().context("the example has changed")
        };
        let mut listener = take(&mut second, "/static_resources/listeners/0")?;
        let mut cluster = take(&mut second, "/static_resources/clusters/2")?;
        if let (Some(listener), Some(cluster)) = (listener.as_object_mut(), cluster.as_object_mut())
        {
            listener.insert("name".to_owned(), "second".into());
            cluster.insert("name".to_owned(), "other-control".into());
        }
        for (list, item) in [("listeners", listener), ("clusters", cluster)] {
            let list = config.value_mut().pointer_mut(&format!("/static_resources/{list}"));
            list.and_then(Value::as_array_mut).context("no list")?.push(item);
        }
        Ok(())
    };
    let it = Controlled::start(Setup::default(), change)?;
    let run = || -> Result<()> {
        let request = it.reader(REPORT, &json!({"subject": "alice", "claims": {"jti": "two"}}))?;
        let second = it.world.envoy.listener("second").context("no second listener")?;
        let at_second = || -> Result<u16> {
            let response = tenantguard_e2e::client::send(second, &request.http1(&[]))?;
            Ok(response.status)
        };
        it.expect_soon(&request, "permit")?;
        soon("the second listener", || Ok(at_second()? == 200))?;
        it.control()?.revoke(&[Target::token_id("acme", ISSUER, "two")])?;
        for _ in 0..8 {
            it.expect(&request, "revoked.token")?;
            ensure!(at_second()? == 200, "the other service has not revoked it");
        }
        other.control()?.revoke(&[Target::token_id("acme", ISSUER, "two")])?;
        ensure!(at_second()? == 401, "the other service has revoked it now");
        Ok(())
    };
    run().with_context(|| format!("Envoy's log:\n{}", it.world.envoy.log_text()))
}

/// A new configuration takes the place of the one that led: another VM leads, and has what the
/// proxy has without asking the service for it again.
pub(crate) fn leader_goes() -> Result<()> {
    let mut listeners = None;
    let take = |config: &mut Config| {
        listeners = Some(Listeners::take(config)?);
        Ok(())
    };
    let mut it = Controlled::start(Setup::default(), take)?;
    let mut listeners = listeners.context("no listeners")?;
    let mut run = || -> Result<()> {
        let request = it.reader(REPORT, &json!({"subject": "alice", "claims": {"jti": "led"}}))?;
        let other = it.reader("/api/v1/users/7", &json!({"subject": "ada"}))?;
        it.expect_soon(&other, "permit")?;
        it.control()?.revoke(&[Target::token_id("acme", ISSUER, "led")])?;
        it.service.kill();
        let mut next: Value =
            serde_json::from_str(&plugin(&json!({"cluster": "tenantguard-control"}))?)?;
        let own = next.pointer_mut("/policy/roles/admin/permissions").context("no admin")?;
        *own = json!(["users:write"]);
        listeners.publish(&next)?;
        soon("the new configuration decides", || {
            it.expect(&request, "revoked.token")?;
            Ok(reason(&it.world.send(&other)?) == "permission.missing")
        })?;
        it.service.start_again()?;
        let reader = it.reader(REPORT, &json!({"subject": "ada"}))?;
        it.expect_soon(&reader, "permit")?;
        it.control()?.revoke(&[Target::principal("acme", "platform", "ada")])?;
        it.expect(&reader, "revoked.principal").map(drop)
    };
    let done = run();
    done.with_context(|| format!("Envoy's log:\n{}", it.world.envoy.log_text()))
}

/// More changes than the board keeps: a VM that begins then gets a newer snapshot.
pub(crate) fn far_behind() -> Result<()> {
    let mut listeners = None;
    let take = |config: &mut Config| {
        listeners = Some(Listeners::take(config)?);
        Ok(())
    };
    let it = Controlled::start(Setup::default(), take)?;
    let mut listeners = listeners.context("no listeners")?;
    let mut run = || -> Result<()> {
        let first = it.reader(REPORT, &json!({"subject": "alice", "claims": {"jti": "n-0"}}))?;
        let other = it.reader("/api/v1/users/7", &json!({"subject": "ada"}))?;
        it.expect_soon(&other, "permit")?;
        for nth in 0..300 {
            let target = Target::token_id("acme", ISSUER, &format!("n-{nth}"));
            it.control()?.revoke_at_once(&[target])?;
        }
        let last = it.reader(REPORT, &json!({"subject": "alice", "claims": {"jti": "n-299"}}))?;
        it.expect_soon(&last, "revoked.token")?;
        let mut next: Value =
            serde_json::from_str(&plugin(&json!({"cluster": "tenantguard-control"}))?)?;
        let own = next.pointer_mut("/policy/roles/admin/permissions").context("no admin")?;
        *own = json!(["users:write"]);
        listeners.publish(&next)?;
        soon("the new configuration decides", || {
            it.expect(&first, "revoked.token")?;
            it.expect(&last, "revoked.token")?;
            Ok(reason(&it.world.send(&other)?) == "permission.missing")
        })
        .map(drop)
    };
    let done = run();
    done.with_context(|| format!("Envoy's log:\n{}", it.world.envoy.log_text()))
}
