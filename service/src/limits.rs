//! How much one caller, and everybody together, may ask.
//!
//! Callers are limited by their name, proxies each by their own, strangers by their address, and
//! only for what they got wrong: a whole cluster may share an address. Requests in flight are
//! bounded; what comes on top is refused at once, because a queue would only make everybody late.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::LimitsSource;
use crate::http::{Code, Problem};

/// Bounds what is asked.
#[derive(Debug)]
pub struct Limits {
    callers: DefaultKeyedRateLimiter<Arc<str>>,
    proxies: DefaultKeyedRateLimiter<String>,
    failures: DefaultKeyedRateLimiter<IpAddr>,
    requests: Arc<Semaphore>,
    polls: Arc<Semaphore>,
    clock: DefaultClock,
}

/// A place among the requests in flight.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Limits {
    /// As the configuration has it.
    #[must_use]
    pub fn new(source: &LimitsSource) -> Self {
        let quota = |per_second: u32| {
            let per_second = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(per_second)
        };
        Self {
            callers: RateLimiter::keyed(quota(source.requests_per_second)),
            proxies: RateLimiter::keyed(quota(source.polls_per_second)),
            failures: RateLimiter::keyed(quota(source.failures_per_second)),
            requests: Arc::new(Semaphore::new(source.requests)),
            polls: Arc::new(Semaphore::new(source.polls)),
            clock: DefaultClock::default(),
        }
    }

    /// A place for a request.
    ///
    /// # Errors
    /// [`Code::Overloaded`]
    pub fn request(&self) -> Result<Place, Problem> {
        place(&self.requests)
    }

    /// A place for a poll.
    ///
    /// # Errors
    /// [`Code::Overloaded`]
    pub fn poll(&self) -> Result<Place, Problem> {
        place(&self.polls)
    }

    /// Whether the caller may ask again already.
    ///
    /// # Errors
    /// [`Code::RateLimited`], with when to ask again.
    pub fn caller(&self, name: &Arc<str>) -> Result<(), Problem> {
        self.callers.check_key(name).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Problem::new(Code::RateLimited).after(wait)
        })
    }

    /// Whether the proxy may poll again already.
    ///
    /// # Errors
    /// [`Code::RateLimited`], with when to poll again.
    pub fn proxy(&self, name: String) -> Result<(), Problem> {
        self.proxies.check_key(&name).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Problem::new(Code::RateLimited).after(wait)
        })
    }

    /// Whether an address has shown too many wrong credentials. It is asked only about one that
    /// has just shown another.
    ///
    /// # Errors
    /// [`Code::RateLimited`], with when to ask again.
    pub fn failure(&self, address: IpAddr) -> Result<(), Problem> {
        self.failures.check_key(&address).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Problem::new(Code::RateLimited).after(wait)
        })
    }

    /// Forgets callers and addresses that have not been seen for a while.
    pub fn forget(&self) {
        self.callers.retain_recent();
        self.proxies.retain_recent();
        self.failures.retain_recent();
    }
}

fn place(of: &Arc<Semaphore>) -> Result<Place, Problem> {
    match Arc::clone(of).try_acquire_owned() {
        Ok(permit) => Ok(Place { _permit: permit }),
        Err(_) => Err(Problem::new(Code::Overloaded)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_too_fast_does_not_slow_another() {
        let source = LimitsSource { requests_per_second: 3, ..LimitsSource::default() };
        let limits = Limits::new(&source);
        let (fast, other): (Arc<str>, Arc<str>) = ("fast".into(), "other".into());
        let allowed = (0..10).filter(|_| limits.caller(&fast).is_ok()).count();
        assert_eq!(allowed, 3);
        assert!(limits.caller(&other).is_ok());
        assert_eq!(limits.caller(&fast).unwrap_err().code(), Code::RateLimited);
    }

    #[test]
    fn a_request_too_many_is_refused_until_another_ends() {
        let limits = Limits::new(&LimitsSource { requests: 2, ..LimitsSource::default() });
        let (one, _two) = (limits.request().unwrap(), limits.request().unwrap());
        assert_eq!(limits.request().unwrap_err().code(), Code::Overloaded);
        assert!(limits.poll().is_ok(), "polls are counted by themselves");
        drop(one);
        assert!(limits.request().is_ok());
    }
}
