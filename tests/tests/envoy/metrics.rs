//! Decisions are counted by mode, decision and reason, and Prometheus sees those as labels.

use anyhow::{Context as _, Result, ensure};

use crate::world::World;

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
            let stats = world.envoy.admin("/stats?filter=tenantguard")?;
            let stats = String::from_utf8(stats.body).context("/stats is no UTF-8")?;
            let prometheus = world.envoy.admin("/stats/prometheus?filter=tenantguard")?;
            let prometheus = String::from_utf8(prometheus.body).context("not UTF-8")?;
            for (mode, decision, reason, count) in [
                ("enforce", "deny", "token.missing", 3),
                ("enforce", "permit", "public", 2),
                ("enforce", "permit", "permit", 0),
                ("shadow", "deny", "token.missing", 1),
            ] {
                let line = format!(
                    "wasmcustom.tenantguard.decisions.mode.{mode}.decision.{decision}.reason.{reason}: \
                 {count}\n"
                );
                ensure!(stats.contains(&line), "/stats has no {line}{stats}");
                let labels = [("mode", mode), ("decision", decision), ("reason", reason)]
                    .map(|(name, value)| format!("{name}=\"{value}\""));
                let has_line = prometheus.lines().any(|line| {
                    line.starts_with("tenantguard_decisions{")
                        && labels.iter().all(|label| line.contains(label))
                        && line.ends_with(&format!(" {count}"))
                });
                ensure!(has_line, "Prometheus has no {labels:?} with {count}:\n{prometheus}");
            }
            Ok(())
        },
    )
}
