//! Before anything is timed: does each variant do what it claims to do? A guard that lets
//! everything pass would win every comparison, and so would a cold one that remembers.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::{envoy::Envoy, http::Connection, load, targets::Target, variant::Variant};

/// Within what time a filter has put down what it has counted: TenantGuard's on its tick.
const COUNTED: Duration = Duration::from_millis(400);

/// A good token passes; no token, and a tenant that nobody knows, are refused by the
/// variants that guard and ignored by those that do not. A good token is known when it
/// comes again, where there is a cache, and nowhere else.
pub(crate) fn check(target: &Target<'_>, envoy: &Envoy) -> Result<()> {
    let [without_token, of_unknown_tenant] = target.variant.refusals();
    let tokens = target.tokens;
    let good = ("a good token", Some(tokens.good.as_str()), 200);
    expect(target, good)?;
    expect(target, ("no token", None, without_token))?;
    expect(target, ("an unknown tenant", Some(tokens.foreign.as_str()), of_unknown_tenant))?;
    if target.variant.guards() {
        let hits = hits(target.variant);
        thread::sleep(COUNTED);
        let before = envoy.counter(&hits)?;
        expect(target, good)?;
        let is_known = grows(envoy, &hits, before)?;
        ensure!(
            is_known == target.variant.remembers(),
            "{}: a token that comes again is {} ({})",
            target.variant.id(),
            if is_known { "known, without a cache" } else { "not known, with a cache" },
            tokens.algorithm,
        );
    }
    Ok(())
}

/// Whether the counter passes `before` within [`COUNTED`].
fn grows(envoy: &Envoy, counter: &str, before: u64) -> Result<bool> {
    let begun = Instant::now();
    while envoy.counter(counter)? <= before {
        if begun.elapsed() > COUNTED {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(true)
}

fn expect(target: &Target<'_>, (what, token, status): (&str, Option<&str>, u16)) -> Result<()> {
    let case = format!("{} with {what} ({})", target.variant.id(), target.tokens.algorithm);
    let answer = Connection::open(target.port)?
        .exchange(&load::request(token))
        .with_context(|| case.clone())?;
    ensure!(
        answer.status == status,
        "{case} answered {} instead of {status}: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    Ok(())
}

/// The counter of tokens that the variant's cache knew. The filter's are one for the process,
/// but only one variant at a time is asked.
fn hits(variant: Variant) -> String {
    if variant.is_ours() {
        "wasmcustom.tenantguard.tokens.known".to_owned()
    } else {
        format!("http.{}.jwt_authn.jwt_cache_hit", variant.id())
    }
}
