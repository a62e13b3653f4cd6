//! How one VM keeps its copy level with the board: before a decision it listens for the bell, unless
//! it has just done so, reads the head if it has rung, and applies the frames that lead there. Where
//! frames do not lead there it loads the snapshot, in slices on the tick; until it is level its copy
//! is not fresh, and the routes say what that means.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tenantguard::control::{Epoch, Position};
use tenantguard::gate::Control;
use tenantguard::replica::{Glance, ReplicaError};

use super::bell::Rung;
use super::board::{Board, Posted};

/// How many bytes of frames are applied before a decision: some ten thousand revocations.
const FRAMES_AT_ONCE: usize = 512 * 1024;
/// How many entries of a snapshot are loaded at a time.
const SLICE: usize = 5_000;
/// How long to wait for a snapshot before looking again.
const RETRY: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Frames lead, or may lead, to the head.
    Following,
    /// It takes a snapshot.
    Lost,
}

/// One VM's way of following the board.
pub(super) struct Follower {
    /// The bell as it was before the head that this VM is level with was read.
    seen: Cell<Option<Rung>>,
    course: Cell<Course>,
    posted: RefCell<Option<Rc<Posted>>>,
    /// When to look again whether there is a snapshot that is of use.
    due: Cell<Duration>,
}

/// How loading a snapshot goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loading {
    /// There is nothing to load, or not yet.
    Idle,
    /// There is more to load.
    Busy,
    /// What there was is of no use.
    Failed,
}

impl Follower {
    pub(super) fn new() -> Self {
        Self {
            seen: Cell::default(),
            course: Cell::new(Course::Following),
            posted: RefCell::default(),
            due: Cell::default(),
        }
    }

    /// Whether there is a snapshot to load.
    pub(super) fn is_lost(&self) -> bool {
        self.course.get() == Course::Lost
    }

    /// Takes a snapshot next, whatever the copy has.
    pub(super) fn take_snapshot(&self) {
        self.course.set(Course::Lost);
    }

    /// Applies what is new on the board.
    pub(super) fn follow(&self, board: &Board, control: &Control, now: Duration) {
        let rung = board.rung();
        if rung.is_some() && rung == self.seen.get() {
            return control.glanced(Some(Glance::taken(now)));
        }
        let Some(word) = board.head().and_then(|read| read.parse()) else { return };
        if !self.is_lost() {
            self.lead(board, control, &word.head);
        }
        control.renew(&word, now);
        // Whoever is not there yet looks again next time.
        if self.is_lost() || control.position() == Some(word.head) {
            self.seen.set(rung);
            control.glanced(rung.map(|_| Glance::taken(now)));
        }
    }

    /// Applies frames until the copy stands at `target`, or for now enough of them.
    pub(super) fn lead(&self, board: &Board, control: &Control, target: &Position) {
        let mut budget = FRAMES_AT_ONCE;
        while control.position() != Some(*target) {
            let Some(used) = step(board, control, target) else {
                return self.course.set(Course::Lost);
            };
            match budget.checked_sub(used) {
                Some(left) => budget = left,
                None => return,
            }
        }
    }

    /// Loads a slice of the snapshot, for a copy that needs one. `target` is where it is to stand.
    pub(super) fn load(
        &self,
        board: &Board,
        control: &Control,
        target: &Position,
        now: Duration,
    ) -> Loading {
        if !self.is_lost() || now < self.due.get() {
            return Loading::Idle;
        }
        if control.position() == Some(*target) {
            return self.arrive(control);
        }
        match self.load_slice(board, control, target) {
            Ok(Loading::Idle) => {
                self.due.set(now + RETRY);
                board.wish();
                Loading::Idle
            }
            Ok(loading) => loading,
            Err(error) => {
                log::warn!("the snapshot is of no use: {error}");
                control.give_up();
                self.posted.replace(None);
                self.due.set(now + RETRY);
                board.wish();
                Loading::Failed
            }
        }
    }

    fn arrive(&self, control: &Control) -> Loading {
        self.posted.replace(None);
        self.seen.set(None);
        control.glanced(None);
        self.course.set(Course::Following);
        Loading::Idle
    }

    fn load_slice(
        &self,
        board: &Board,
        control: &Control,
        target: &Position,
    ) -> Result<Loading, ReplicaError> {
        let posted = self.posted.borrow().clone();
        let Some(posted) = posted else {
            let usable = board.snapshot().filter(|it| may_lead(&it.manifest.position, target));
            let Some(posted) = usable else { return Ok(Loading::Idle) };
            control.take_manifest(&posted.bytes)?;
            self.posted.replace(Some(Rc::new(posted)));
            return Ok(Loading::Busy);
        };
        // A shard is checked in one slice and applied in the next ones.
        if let Some(wanted) = control.wanted() {
            let index = posted.manifest.shards.iter().position(|shard| *shard == wanted);
            let shard = index.and_then(|index| board.shard(&posted, index)).unwrap_or_default();
            control.take_shard(shard)?;
            return Ok(Loading::Busy);
        }
        control.proceed(SLICE)?;
        let is_there = control.position() == Some(posted.manifest.position);
        if is_there {
            self.arrive(control);
        }
        Ok(Loading::Busy)
    }
}

/// Applies the next frame on the way to a position; gives its size, or `None` if none leads there.
fn step(board: &Board, control: &Control, target: &Position) -> Option<usize> {
    let held = control.position().filter(|held| may_lead(held, target))?;
    let delta = board.frame(Epoch(held.epoch.0 + 1))?;
    let size = delta.len();
    control.take_delta(delta).ok()?;
    control.proceed(1).ok()?;
    (control.position() != Some(held)).then_some(size)
}

/// Whether frames may lead from one position to another.
fn may_lead(from: &Position, to: &Position) -> bool {
    from.history == to.history && Board::reaches(from.epoch, to.epoch) && {
        from.epoch != to.epoch || from == to
    }
}
