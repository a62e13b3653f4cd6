//! What a store promises about what it has acknowledged, in plain words.

/// What survives what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Durability {
    /// Each commit is on disk before it is acknowledged.
    Fsync,
    /// As Redis was configured when it was asked.
    Redis(RedisDurability),
    /// Redis did not answer when it was asked.
    Unknown,
}

/// What Redis is configured for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RedisDurability {
    /// `appendonly`.
    pub appendonly: bool,
    /// `appendfsync`: `always`, `everysec` or `no`.
    pub appendfsync: String,
    /// `save`: when it takes snapshots; empty means never.
    pub save: String,
    /// How many replicas were connected.
    pub replicas: u64,
    /// `min-replicas-to-write`.
    pub min_replicas: u64,
    /// `maxmemory-policy`: any but `noeviction` may drop keys.
    pub eviction: String,
    /// Whether the ACL kept the configuration from being read.
    pub is_hidden: bool,
}

impl Durability {
    /// What it means, sentence by sentence.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        match self {
            Self::Fsync => {
                vec![
                    "Each change is synced to this machine's disk before it is acknowledged."
                        .into(),
                ]
            }
            Self::Unknown => vec![
                "Redis has not answered yet; each change is synced to the journal on this \
                 machine's disk before it is acknowledged."
                    .into(),
            ],
            Self::Redis(redis) => redis.sentences(),
        }
    }
}

impl RedisDurability {
    fn sentences(&self) -> Vec<String> {
        let mut out = vec![
            "Each change is synced to the journal on this machine's disk before it is acknowledged."
                .to_owned(),
        ];
        if self.is_hidden {
            out.push("Redis does not let this user read its configuration (CONFIG GET).".into());
            return out;
        }
        out.push(match (self.appendonly, self.appendfsync.as_str()) {
            (true, "always") => "Redis syncs each write to its disk (appendfsync always).".into(),
            (true, "everysec") => {
                "Redis syncs once a second: a crash of its machine can lose about a second of \
                 sessions, and of changes until the journal hands them in again."
                    .into()
            }
            (true, _) => "Redis leaves syncing to its operating system (appendfsync no).".into(),
            (false, _) if self.save.is_empty() => {
                "Redis keeps nothing on disk (appendonly no, save \"\"): a restart loses all \
                 sessions, and all changes until the journal hands them in again."
                    .into()
            }
            (false, _) => format!(
                "Redis writes snapshots only (save {}): a crash loses what came after the last one.",
                self.save
            ),
        });
        out.push(match (self.replicas, self.min_replicas) {
            (0, _) => "Redis has no replica.".into(),
            (n, 0) => format!(
                "Redis has {n} replica(s) and does not wait for them (min-replicas-to-write 0): a \
                 failover can lose writes that it acknowledged."
            ),
            (n, min) => format!(
                "Redis has {n} replica(s) and refuses writes with fewer than {min} in touch."
            ),
        });
        if !matches!(self.eviction.as_str(), "" | "noeviction") {
            out.push(format!(
                "Redis may evict keys when it is full (maxmemory-policy {}): set noeviction.",
                self.eviction
            ));
        }
        out
    }
}
