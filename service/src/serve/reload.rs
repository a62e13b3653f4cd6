//! What is taken anew without a restart: the policy, and the service's own certificate.
//!
//! Their files are looked at once a second, and at once on SIGHUP. One that is still being written
//! is left until it has not changed for a second. What cannot be taken changes nothing: the last
//! good one serves on, the log says why, and the metric `tenantguard_outdated` is 1 until the files
//! are mended.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::policy::PolicyError;
use super::tls::TlsError;
use crate::metrics::Metrics;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Why something was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReloadError {
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Something that is read from files, and can be again.
pub(super) trait Reload: Send {
    /// What logs and metrics call it.
    fn name(&self) -> &'static str;
    /// What it was last read from, each file as it was just before that.
    fn files(&self) -> Prints;
    /// Reads it, and serves by it from then on; or changes nothing.
    fn reload(&mut self) -> Result<(), ReloadError>;
}

/// Looks after these until the service goes down.
pub(super) async fn watch(
    parts: Vec<Box<dyn Reload>>,
    told: Arc<Notify>,
    metrics: Arc<Metrics>,
    shutdown: CancellationToken,
) {
    let mut watched: Vec<Watched> = parts.into_iter().map(Watched::new).collect();
    if watched.is_empty() {
        return;
    }
    loop {
        let is_told = tokio::select! {
            () = shutdown.cancelled() => return,
            () = told.notified() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        let metrics = Arc::clone(&metrics);
        // Compiling a large policy takes a while, which requests need not wait for.
        let looked = tokio::task::spawn_blocking(move || {
            watched.iter_mut().for_each(|part| part.look(is_told, &metrics));
            watched
        });
        match looked.await {
            Ok(back) => watched = back,
            Err(error) => return tracing::error!(%error, "files are no longer looked after"),
        }
    }
}

/// What tells one state of a file from another; `None` where there is none.
pub(super) type Print = Option<(SystemTime, u64, u64, u64)>;

/// Files, and the state of each.
pub(super) type Prints = BTreeMap<PathBuf, Print>;

/// The state of a file now.
pub(super) fn print(path: &Path) -> Print {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.dev(), metadata.ino()))
}

struct Watched {
    part: Box<dyn Reload>,
    /// When they were last looked at.
    seen: Prints,
}

impl Watched {
    fn new(part: Box<dyn Reload>) -> Self {
        let seen = part.files();
        Self { part, seen }
    }

    fn look(&mut self, is_told: bool, metrics: &Metrics) {
        let read = self.part.files();
        let now: Prints = read.keys().map(|file| (file.clone(), print(file))).collect();
        let is_still = now == self.seen;
        let is_due = is_told || (is_still && now != read);
        self.seen = now;
        if !is_due {
            return;
        }
        let name = self.part.name();
        let reloaded = self.part.reload();
        self.seen = self.part.files();
        metrics.reloaded(name, reloaded.is_ok());
        match reloaded {
            Ok(()) => tracing::info!(part = name, "reloaded"),
            Err(error) => {
                tracing::error!(part = name, %error, "not reloaded; the last good one serves on");
            }
        }
    }
}
