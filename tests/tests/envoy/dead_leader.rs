//! A leader that is gone without a word. No VM of ours can be made to trap, so a module of a few
//! bytes leaves in shared data what such a VM would: a lease that runs for a while yet. Nobody leads
//! until it is over, and then somebody does.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tenantguard_e2e::envoy::Config;

use crate::controlled::{Controlled, Setup, soon};

/// For how long the dead one's lease runs on, at first: usually longer than Envoy takes to start.
const LEFT: Duration = Duration::from_secs(8);
/// What is left of it when Envoy is there, at the least, so that something is seen of it.
const SEEN: Duration = Duration::from_secs(3);
/// How soon after its end another one leads.
const SOON: Duration = Duration::from_secs(5);
const KEY: &str = "tenantguard.control tenantguard-control tenantguard-control .lease";
const FILTERS: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";

pub(crate) fn is_replaced() -> Result<()> {
    let mut left = LEFT;
    let (it, until) = loop {
        let (it, until) = start(left)?;
        if uptime()? + SEEN < until {
            break (it, until);
        }
        // A busy machine: the lease was over before there was a proxy to look at.
        left *= 2;
    };
    let run = || -> Result<()> {
        let request = it.reader("/api/v1/reports/7", &json!({"subject": "alice"}))?;
        while uptime()? + Duration::from_secs(1) < until {
            it.expect(&request, "replica.stale")?;
        }
        it.expect_soon(&request, "permit")?;
        let now = uptime()?;
        ensure!(
            now >= until && now < until + SOON,
            "led at {now:?}, the lease ran until {until:?}"
        );
        soon("a proxy that is known", || Ok(it.control()?.proxies()?.len() == 1))?;
        Ok(())
    };
    run().with_context(|| format!("Envoy's log:\n{}", it.world.envoy.log_text()))
}

/// An Envoy in which somebody is dead who would have led for a while yet; and until when.
fn start(left: Duration) -> Result<(Controlled, Duration)> {
    let directory = TempDir::with_prefix("tenantguard-dead-")?;
    let file = directory.path().join("dead.wasm");
    let control = json!({"cluster": "tenantguard-control", "snapshot_deadline": "200ms"});
    let setup = Setup { control, ..Setup::default() };
    let mut until = Duration::ZERO;
    let beside = |config: &mut Config| {
        until = uptime()? + left;
        fs::write(&file, module(KEY, &format!("{} dead", until.as_millis())))?;
        let filters = config.value_mut().pointer_mut(FILTERS).and_then(Value::as_array_mut);
        let filters = filters.context("no filters")?;
        let mut dead = filters.first().cloned().context("no filter")?;
        let plugin = dead.pointer_mut("/typed_config/config").and_then(Value::as_object_mut);
        let plugin = plugin.context("no plugin")?;
        plugin.insert("name".to_owned(), "dead".into());
        plugin.insert("root_id".to_owned(), "dead".into());
        plugin.remove("configuration");
        let vm = plugin.get_mut("vm_config").and_then(Value::as_object_mut).context("no VM")?;
        vm.insert("code".to_owned(), json!({"local": {"filename": file}}));
        filters.insert(0, dead);
        Ok(())
    };
    Ok((Controlled::start(setup, beside)?, until))
}

/// The clock that leases are counted by.
fn uptime() -> Result<Duration> {
    let text = fs::read_to_string("/proc/uptime")?;
    let seconds = text.split(' ').next().context("no uptime")?;
    Ok(Duration::from_secs_f64(seconds.parse()?))
}

/// A module (WebAssembly 1.0, binary format) that puts one value into shared data when it is
/// configured, and does nothing else.
fn module(key: &str, value: &str) -> Vec<u8> {
    const VALUE_AT: u32 = 1024;
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let number = |number: u32| [vec![0x41], signed(number)].concat();
    let types = [
        [0x60, 0, 0].as_slice(),
        &[0x60, 1, 0x7f, 1, 0x7f],
        &[0x60, 2, 0x7f, 0x7f, 1, 0x7f],
        &[0x60, 5, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f],
    ];
    let import = [name("env"), name("proxy_set_shared_data"), vec![0, 3]].concat();
    let exports = [
        [name("memory"), vec![2, 0]].concat(),
        [name("proxy_abi_version_0_2_1"), vec![0, 1]].concat(),
        [name("proxy_on_memory_allocate"), vec![0, 2]].concat(),
        [name("proxy_on_configure"), vec![0, 3]].concat(),
    ];
    let arguments = [0, length(key), VALUE_AT, length(value), 0].map(number).concat();
    let configure = [arguments, vec![0x10, 0, 0x1a], number(1)].concat();
    let bodies = [Vec::new(), number(4096), configure]
        .map(|body| sized(&[vec![0], body, vec![0x0b]].concat()));
    let data = [(0, key), (VALUE_AT, value)]
        .map(|(at, text)| [vec![0], number(at), vec![0x0b], name(text)].concat());
    let section = |id: u8, body: Vec<u8>| [vec![id], sized(&body)].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, [vec![4], types.concat()].concat()),
        section(2, [vec![1], import].concat()),
        section(3, vec![3, 0, 1, 2]),
        section(5, vec![1, 0, 1]),
        section(7, [vec![4], exports.concat()].concat()),
        section(10, [vec![3], bodies.concat()].concat()),
        section(11, [vec![2], data.concat()].concat()),
    ]
    .concat()
}

fn name(text: &str) -> Vec<u8> {
    sized(text.as_bytes())
}

/// Bytes after their length, LEB128.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = bytes.len();
    while left >= 0x80 {
        out.push(u8::try_from(left & 0x7f).unwrap_or_default() | 0x80);
        left >>= 7;
    }
    out.push(u8::try_from(left).unwrap_or_default());
    out.extend_from_slice(bytes);
    out
}

/// A number below 2^21 as signed LEB128 of three bytes.
fn signed(number: u32) -> Vec<u8> {
    let byte = |shift: u32| u8::try_from(number >> shift & 0x7f).unwrap_or_default();
    vec![byte(0) | 0x80, byte(7) | 0x80, byte(14)]
}
