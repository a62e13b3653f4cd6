//! The gate's own cache, from outside: real tokens, the account's word on whether one was known, and
//! the memory of the process, while several times more valid tokens come than there is room for.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tenantguard::gate::{Gate, Permit, Step};
use tenantguard::request::{HeaderList, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard_bench::policy;
use tenantguard_bench::tokens::{AUDIENCE, ISSUER, Tokens};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec};
use tenantguard_policy::{Format, NoFiles};

const NOW: u64 = 1_800_000_000;
const HOT: u64 = 1_000;
/// One-time tokens between two looks at the hot ones; more than the cache has room for.
const FLOOD: u64 = 20_000;
const FLOODS: u64 = 3;
/// What the process may grow by in the second and later floods: noise of the allocator.
const GROWTH_KIB: u64 = 4 * 1024;

fn token(key: &DevKey, number: u64) -> String {
    TokenSpec::new(key)
        .claim("iss", ISSUER)
        .claim("aud", AUDIENCE)
        .claim("sub", format!("user-{number}@acme.example"))
        .claim("tenant_id", "acme")
        .claim("tenant_role", "editor")
        .claim("scope", "reports:read reports:write")
        .claim("jti", format!("{number:032x}"))
        .claim("iat", NOW)
        .claim("exp", NOW + 3_000)
        .sign(key)
}

/// Asks with a token. Whether the gate knew it.
fn was_known(gate: &Gate, token: &str) -> anyhow::Result<bool> {
    let authorization = format!("Bearer {token}");
    let headers: HeaderList =
        [(":method", "GET"), (":path", "/api/v1/reports/7"), ("authorization", &authorization)]
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .to_vec();
    let ids = RequestIds::from_entropy([7; 32]);
    let request = Request { headers: &headers, mode: None, ids, certificate: None };
    let now = Now { wall: UnixTime::from_secs(NOW + 60), monotonic: Duration::ZERO };
    match gate.begin(&request, now) {
        Step::Permit(permit @ Permit::Tenant(_)) => {
            permit.account().facts().was_known.context("a permit says whether the token was known")
        }
        other => anyhow::bail!("the token is good: {other:?}"),
    }
}

/// The hot tokens that the gate knows, each asked with once.
fn known(gate: &Gate, hot: &[String]) -> anyhow::Result<usize> {
    let mut known = 0;
    for token in hot {
        known += usize::from(was_known(gate, token)?);
    }
    Ok(known)
}

/// The resident memory of this process, where the system tells.
fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

pub(crate) fn run() -> anyhow::Result<()> {
    let tokens = Tokens::mint(NOW);
    let source = policy::source(&tokens).to_string();
    let compiled = tenantguard_policy::compile(&source, Format::Json, &NoFiles);
    let compiled = compiled.map_err(|findings| anyhow::anyhow!("{findings}"))?;
    let gate = Gate::new(Arc::new(compiled));
    let key = DevKey::derive(Algorithm::Es256, "bench");
    let hot: Vec<String> = (0..HOT).map(|number| token(&key, number)).collect();

    ensure!(known(&gate, &hot)? == 0, "no token is known before it was seen");
    println!(
        "\nThe gate: {HOT} hot tokens of {} bytes, asked with between floods of one-time",
        hot[0].len()
    );
    println!("tokens.\n\n| after | hot tokens known | resident MiB |\n|:--|--:|--:|");
    let row = |after: &str, known: usize| {
        let resident = resident_kib();
        let shown = resident.map_or("?".to_owned(), |kib| format!("{:.1}", kib as f64 / 1024.0));
        println!("| {after} | {:.1} % | {shown} |", 100.0 * known as f64 / HOT as f64);
        resident
    };
    let warm = known(&gate, &hot)?;
    row("no flood", warm);
    let mut full = None;
    for flood in 1..=FLOODS {
        for number in 0..FLOOD {
            was_known(&gate, &token(&key, flood * 1_000_000 + number))?;
        }
        let still = known(&gate, &hot)?;
        let resident = row(&format!("{} one-time tokens", flood * FLOOD), still);
        ensure!(still * 10 >= warm * 9, "a flood pushed out {} of {warm} hot tokens", warm - still);
        if let (Some(full), Some(now)) = (full, resident) {
            ensure!(now <= full + GROWTH_KIB, "memory grew from {full} to {now} KiB");
        }
        full = full.or(resident);
    }
    Ok(())
}
