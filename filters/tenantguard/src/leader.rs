//! Who leads: a lease in shared data, renewed while it is held, anybody's when it has run out. Any
//! VM may hold it; one that dies is replaced when its term is over.

use std::cell::Cell;
use std::time::Duration;

use crate::host;

/// How long a leader leads without renewing.
const TERM: Duration = Duration::from_secs(2);
/// How long before its end a lease is renewed.
const MARGIN: Duration = Duration::from_secs(1);
const NOBODY: &[u8] = b"0 nobody";

pub(crate) struct Leader {
    key: String,
    holder: String,
    until: Cell<Duration>,
    is_held: Cell<bool>,
}

impl Leader {
    pub(crate) fn new(prefix: &str, instance: &str) -> Self {
        let key = format!("{prefix}.lease");
        host::create_shared(&key, NOBODY);
        let (until, is_held) = (Cell::new(Duration::ZERO), Cell::new(false));
        Self { key, holder: instance.to_owned(), until, is_held }
    }

    /// Whether this VM leads now; takes or renews the lease where it can. `now` is a time that all
    /// VMs share.
    pub(crate) fn hold(&self, now: Duration) -> bool {
        if self.is_held.get() && now < self.until.get().saturating_sub(MARGIN) {
            return true;
        }
        self.is_held.set(self.take(now));
        self.is_held.get()
    }

    pub(crate) fn is_held(&self) -> bool {
        self.is_held.get()
    }

    /// Lets another lead at once.
    pub(crate) fn release(&self) {
        let held = self.is_held.replace(false).then(|| host::shared(&self.key)).flatten();
        if let Some((value, version)) = held
            && value.ends_with(self.holder.as_bytes())
        {
            host::swap_shared(&self.key, NOBODY, version);
        }
    }

    fn take(&self, now: Duration) -> bool {
        let Some((value, version)) = host::shared(&self.key) else {
            host::create_shared(&self.key, NOBODY);
            return false;
        };
        let text = String::from_utf8(value).unwrap_or_default();
        let (until, holder) = text.split_once(' ').unwrap_or(("0", ""));
        let is_over = until.parse().is_ok_and(|until| Duration::from_millis(until) <= now);
        if !is_over && holder != self.holder {
            return false;
        }
        let until = now + TERM;
        let value = format!("{} {}", until.as_millis(), self.holder);
        self.until.set(until);
        host::swap_shared(&self.key, value.as_bytes(), version)
    }
}
