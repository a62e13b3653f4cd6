//! A token from a cookie or another header: from there alone, and only one.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::envoy::{Config, filter_wasm};
use tenantguard_e2e::policy;

use crate::world::{World, text};

/// The credential headers of a request, and the reason that it must be decided by.
type Case = (&'static [(&'static str, &'static str)], &'static str);

pub(crate) fn cookie() -> Result<()> {
    check(
        "token: {cookie: session}",
        &[
            (&[("cookie", "a=1; session={token}")], "permit"),
            (&[("cookie", "a=1"), ("cookie", "session={token}")], "permit"),
            (&[("authorization", "Bearer {token}")], "token.missing"),
            (
                &[("cookie", "session={token}"), ("authorization", "Bearer {token}")],
                "token.several",
            ),
            (&[("cookie", "session={token}; session={token}")], "token.several"),
            (&[("cookie", "xsession={token}")], "token.missing"),
        ],
    )
}

pub(crate) fn header() -> Result<()> {
    check(
        "token: {header: x-jwt}",
        &[
            (&[("x-jwt", "{token}")], "permit"),
            (&[("X-JWT", "Bearer {token}")], "permit"),
            (&[("authorization", "Bearer {token}")], "token.missing"),
            (&[("x-jwt", "{token}"), ("x-jwt", "{token}")], "token.several"),
            (&[("x-jwt", "{token}"), ("authorization", "Basic x")], "permit"),
        ],
    )
}

/// A token that may not be passed on is taken out of the cookies, and the others stay.
pub(crate) fn withheld() -> Result<()> {
    World::with(configured("token: {cookie: session}"), |world| {
        let case = json!({
            "token": {"subject": "walter", "claims": {"phone_number": "+49 30 1"}},
            "authorization": [],
            "request": {
                "path": "/api/v1/reports/7",
                "headers": [["cookie", "a=1; session={token}; b=2"]],
            },
        });
        let outcome = world.ask(&case.to_string())?;
        let seen = outcome.upstream.as_ref().context("it did not arrive")?;
        ensure!(seen.header("cookie") == Some("a=1; b=2"), "{:?}", seen.headers);
        Ok(())
    })
}

fn check(setting: &'static str, cases: &[Case]) -> Result<()> {
    World::with(configured(setting), |world| {
        for (headers, reason) in cases {
            let headers: Vec<Value> = headers.iter().map(|(n, v)| json!([n, v])).collect();
            let case = json!({
                "token": {"subject": "alice"},
                "authorization": [],
                "request": {"path": "/api/v1/reports/7", "headers": headers},
            });
            let outcome = world.ask(&case.to_string())?;
            let audit = world.audit(&outcome)?;
            ensure!(text(&audit, "reason") == Some(reason), "{headers:?}: {audit}");
            ensure!(outcome.upstream.is_some() == (*reason == "permit"), "{headers:?}");
        }
        Ok(())
    })
}

fn configured(setting: &'static str) -> impl FnOnce(&mut Config) -> Result<()> {
    move |config| {
        let yaml = policy::YAML.replace("version: 1\n", &format!("version: 1\n{setting}\n"));
        let policy = policy::plugin_configuration_of(&yaml, &policy::key_files());
        let policy = policy.map_err(|findings| anyhow::anyhow!("{findings}"))?;
        Ok(config.filter(&filter_wasm()?, &policy)?)
    }
}
