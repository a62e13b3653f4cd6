//! What is asked of a cache: a hot set of tokens, used again and again, among tokens that come once.
//! The sequence is random and the same for every policy.

use std::fmt;
use std::time::Instant;

use crate::policies::Policy;

/// How many tokens are in steady use, unless a workload says otherwise. They fit.
pub(crate) const HOT: u64 = 8_000;
/// Requests before anything is counted, and those that are.
const WARM_UP: u64 = 500_000;
const COUNTED: u64 = 500_000;
/// The requests that are counted after a burst: about one for each hot token.
const AFTER_BURST: u64 = HOT;

/// How the hot tokens share the requests.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Popularity {
    /// All alike.
    Even,
    /// The n-th most popular gets 1/n of what the first does.
    Zipf,
}

impl fmt::Display for Popularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Even => "alike",
            Self::Zipf => "by Zipf's law",
        })
    }
}

/// One sequence of requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    hot: u64,
    /// Of a hundred requests, how many bring a token that never comes again.
    flood: u64,
    /// One-time tokens in a row before the counting begins.
    burst: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Of the requests with hot tokens, how many found theirs.
    pub(crate) hit_ratio: f64,
    pub(crate) most_memory: u64,
    pub(crate) nanos_per_request: f64,
}

impl Workload {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, hot: HOT, flood: 0, burst: 0 }
    }

    pub(crate) const fn hot(self, hot: u64) -> Self {
        Self { hot, ..self }
    }

    pub(crate) const fn flooded(self, flood: u64) -> Self {
        Self { flood, ..self }
    }

    pub(crate) const fn after_burst(self, burst: u64) -> Self {
        Self { burst, ..self }
    }

    pub(crate) fn run(&self, popularity: Popularity, policy: &mut dyn Policy) -> Outcome {
        let mut requests = Requests::new(self, popularity);
        let mut most_memory = 0;
        let begin = Instant::now();
        for _ in 0..WARM_UP {
            requests.next(self.flood).ask(policy);
            most_memory = most_memory.max(policy.memory());
        }
        for _ in 0..self.burst {
            requests.next(100).ask(policy);
            most_memory = most_memory.max(policy.memory());
        }
        let counted = if self.burst > 0 { AFTER_BURST } else { COUNTED };
        let (mut hits, mut hot) = (0, 0);
        for _ in 0..counted {
            let request = requests.next(self.flood);
            let is_known = request.ask(policy);
            most_memory = most_memory.max(policy.memory());
            hot += u64::from(request.is_hot);
            hits += u64::from(request.is_hot && is_known);
        }
        let asked = WARM_UP + self.burst + counted;
        Outcome {
            hit_ratio: hits as f64 / hot as f64,
            most_memory,
            nanos_per_request: begin.elapsed().as_nanos() as f64 / asked as f64,
        }
    }
}

struct Request {
    token: u64,
    is_hot: bool,
}

impl Request {
    /// Tokens weigh from 1,000 to 1,600 bytes with their bearers.
    fn ask(&self, policy: &mut dyn Policy) -> bool {
        policy.touch(self.token, 1_000 + self.token.wrapping_mul(0x9e37_79b9) % 600)
    }
}

struct Requests {
    random: SplitMix,
    /// The running sum of the hot tokens' shares.
    shares: Vec<f64>,
    one_time: u64,
}

impl Requests {
    fn new(workload: &Workload, popularity: Popularity) -> Self {
        let share = |rank: u64| match popularity {
            Popularity::Even => 1.0,
            Popularity::Zipf => 1.0 / rank as f64,
        };
        let mut sum = 0.0;
        let running = |rank| {
            sum += share(rank);
            sum
        };
        let shares = (1..=workload.hot).map(running).collect();
        Self { random: SplitMix(7), shares, one_time: 1 << 32 }
    }

    /// The next request: of a hundred, `flood` bring a one-time token.
    fn next(&mut self, flood: u64) -> Request {
        if self.random.next() % 100 < flood {
            self.one_time += 1;
            return Request { token: self.one_time, is_hot: false };
        }
        let sum = self.shares.last().copied().unwrap_or_default();
        let at = (self.random.next() >> 11) as f64 / (1u64 << 53) as f64 * sum;
        let rank = self.shares.partition_point(|share| *share <= at);
        Request { token: rank as u64, is_hot: true }
    }
}

/// SplitMix64: random enough, and the same on every run.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
