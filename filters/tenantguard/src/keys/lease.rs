//! Who leads: a lease in shared data, renewed while it is held, anybody's when it has run out.
//!
//! Compare-and-swap does not hold on a key that does not exist, so the key is made first; what two
//! VMs then write at the same time is the same.

use std::cell::Cell;
use std::time::Duration;

use tenantguard::time::UnixTime;

use crate::host;

/// How long a leader leads without renewing.
const TERM: Duration = Duration::from_secs(2);
/// How long before its end a lease is renewed.
const MARGIN: Duration = Duration::from_secs(1);

pub(super) struct Lease {
    key: String,
    holder: String,
    until: Cell<UnixTime>,
    is_held: Cell<bool>,
}

impl Lease {
    pub(super) fn new(prefix: &str, instance: &str) -> Self {
        let key = format!("{prefix}.lease");
        if host::shared(&key).is_none() {
            host::set_shared(&key, b"0 nobody");
        }
        let (until, is_held) = (Cell::new(UnixTime::from_secs(0)), Cell::new(false));
        Self { key, holder: instance.to_owned(), until, is_held }
    }

    /// Whether this VM leads now; takes or renews the lease where it can.
    pub(super) fn hold(&self, now: UnixTime) -> bool {
        if self.is_held.get() && now < self.until.get().minus(MARGIN) {
            return true;
        }
        self.is_held.set(self.take(now));
        self.is_held.get()
    }

    pub(super) fn is_held(&self) -> bool {
        self.is_held.get()
    }

    fn take(&self, now: UnixTime) -> bool {
        let Some((value, version)) = host::shared(&self.key) else {
            host::set_shared(&self.key, b"0 nobody");
            return false;
        };
        let text = String::from_utf8(value).unwrap_or_default();
        let (until, holder) = text.split_once(' ').unwrap_or(("0", ""));
        let is_over = until.parse().is_ok_and(|until: u64| until <= now.as_millis());
        if !is_over && holder != self.holder {
            return false;
        }
        let until = now.plus(TERM);
        let value = format!("{} {}", until.as_millis(), self.holder);
        self.until.set(until);
        host::swap_shared(&self.key, value.as_bytes(), version)
    }
}
