//! Decisions are counted by mode, decision and reason, and Prometheus sees those as labels.

use anyhow::{Context as _, Result};

use crate::controlled::soon;
use crate::world::World;

const EXPECTED: [(&str, &str, &str, u32); 4] = [
    ("enforce", "deny", "token.missing", 3),
    ("enforce", "permit", "public", 2),
    ("enforce", "permit", "permit", 0),
    ("shadow", "deny", "token.missing", 1),
];

pub(crate) fn by_reason() -> Result<()> {
    World::with(
        |_| Ok(()),
        |world| {
            for (path, times) in
                [("/api/v1/reports/7", 3), ("/healthz", 2), ("/api/v2/reports/7", 1)]
            {
                for _ in 0..times {
                    world.ask(&format!(r#"{{"request": {{"path": "{path}"}}}}"#))?;
                }
            }
            // They are put down on the tick.
            let is_counted = || Ok(missing(world)?.is_none());
            soon("decisions are counted", is_counted)
                .with_context(|| missing(world).ok().flatten().unwrap_or_default())?;
            Ok(())
        },
    )
}

/// The first counter that `/stats` or Prometheus do not show as expected, and what they show.
fn missing(world: &World) -> Result<Option<String>> {
    let ask = |path| -> Result<String> {
        String::from_utf8(world.envoy.admin(path)?.body).with_context(|| path.to_owned())
    };
    let stats = ask("/stats?filter=tenantguard")?;
    let prometheus = ask("/stats/prometheus?filter=tenantguard")?;
    for (mode, decision, reason, count) in EXPECTED {
        let name = format!("decisions.mode.{mode}.decision.{decision}.reason.{reason}");
        let line = format!("wasmcustom.tenantguard.{name}: {count}\n");
        if !stats.contains(&line) {
            return Ok(Some(format!("/stats has no {line}{stats}")));
        }
        let labels = [("mode", mode), ("decision", decision), ("reason", reason)]
            .map(|(name, value)| format!("{name}=\"{value}\""));
        let has_line = prometheus.lines().any(|line| {
            line.starts_with("tenantguard_decisions{")
                && labels.iter().all(|label| line.contains(label))
                && line.ends_with(&format!(" {count}"))
        });
        if !has_line {
            return Ok(Some(format!("Prometheus has no {labels:?} with {count}:\n{prometheus}")));
        }
    }
    Ok(None)
}
