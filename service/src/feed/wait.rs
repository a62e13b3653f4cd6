//! Waiting until every proxy has what was changed, or may no longer decide without asking.

use std::collections::BTreeMap;
use std::time::Duration;

use tenantguard::control::Position;

use super::{Feed, Lease, Proxies, ProxyId};

/// How often leases are looked at while nothing is heard.
const GLANCE: Duration = Duration::from_millis(50);

/// What came of waiting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitReport {
    /// Proxies that acknowledged, and after how long.
    pub acknowledged: Vec<(ProxyId, Duration)>,
    /// Proxies that did not before their lease ran out: they no longer decide alone.
    pub silent: Vec<ProxyId>,
    /// Proxies that may still decide alone on what they had: there was no time to wait longer.
    pub pending: Vec<ProxyId>,
}

impl WaitReport {
    /// The time within which half of the proxies acknowledged.
    #[must_use]
    pub fn p50(&self) -> Option<Duration> {
        self.quantile(50)
    }

    /// The time within which 99 in a hundred acknowledged.
    #[must_use]
    pub fn p99(&self) -> Option<Duration> {
        self.quantile(99)
    }

    /// The time within which the last one acknowledged.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        self.quantile(100)
    }

    /// The nearest rank: the smallest time that at least so many percent needed no longer than.
    fn quantile(&self, percent: usize) -> Option<Duration> {
        let mut times: Vec<Duration> = self.acknowledged.iter().map(|(_, time)| *time).collect();
        times.sort_unstable();
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).copied()
    }
}

impl Proxies {
    /// Waits until every proxy has acknowledged `position` or its lease has run out, but no longer
    /// than `at_most`. That includes proxies that only the process before this one has heard of.
    pub async fn wait(&self, feed: &Feed, position: Position, at_most: Duration) -> WaitReport {
        let started = tokio::time::Instant::now();
        let mut changes = self.changes();
        let mut done: BTreeMap<ProxyId, Duration> = BTreeMap::new();
        loop {
            changes.mark_unchanged();
            let mut report = WaitReport::default();
            for proxy in self.list() {
                let has_it = done.contains_key(&proxy.id)
                    || proxy.position.is_some_and(|at| feed.covers(&at, &position));
                match (has_it, proxy.lease) {
                    (true, _) => {
                        done.entry(proxy.id).or_insert_with(|| started.elapsed());
                    }
                    (false, Lease::RunOut) => report.silent.push(proxy.id),
                    (false, Lease::Live) => report.pending.push(proxy.id),
                }
            }
            let is_over = report.pending.is_empty() && !self.may_miss_one();
            if is_over || started.elapsed() >= at_most {
                report.acknowledged = done.into_iter().collect();
                return report;
            }
            let _ = tokio::time::timeout(GLANCE, changes.changed()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let report = |times: &[u64]| WaitReport {
            acknowledged: times
                .iter()
                .map(|ms| (ProxyId::parse("p").unwrap(), Duration::from_millis(*ms)))
                .collect(),
            ..WaitReport::default()
        };
        assert_eq!(report(&[]).p99(), None);
        let hundred: Vec<u64> = (1..=100).rev().collect();
        let ms = Duration::from_millis;
        let report_100 = report(&hundred);
        assert_eq!(
            [report_100.p50(), report_100.p99(), report_100.max()],
            [Some(ms(50)), Some(ms(99)), Some(ms(100))]
        );
        assert_eq!([report(&[7]).p50(), report(&[7]).p99()], [Some(ms(7)); 2]);
    }
}
