//! The leader's poll: one call at a time, held by the service until there is something new. What
//! comes is applied to the leader's own copy first, and published only if it was good; the next
//! poll acknowledges what is published, once every VM must have noticed, and nothing else.

use std::cell::Cell;
use std::time::Duration;

use tenantguard::control::{Delta, DeltaError, Position};
use tenantguard::replica::{Notice, Word};

use super::Controller;
use super::service::{self, ServiceError, Told};
use crate::clock;

/// How long after a poll the next one is sent at the earliest.
const INTERVAL: Duration = Duration::from_millis(20);
/// How long after a poll that failed the next one is sent: doubled each time, to a bound.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// When nothing will be heard of a poll any more.
const LOST_AFTER: Duration = Duration::from_secs(5);

/// A poll that is under way.
#[derive(Clone, Copy)]
pub(super) struct Poll {
    call: u32,
    sent: Duration,
    from: Option<Position>,
}

#[derive(Default)]
pub(super) struct Polling {
    poll: Cell<Option<Poll>>,
    due: Cell<Duration>,
    pause: Cell<Duration>,
    /// What all VMs were told of last.
    notice: Cell<Option<Notice>>,
    /// What is on the board is not what the service has: only a snapshot helps.
    is_adrift: Cell<bool>,
}

impl Polling {
    /// The poll that a call was, if it was one.
    pub(super) fn take(&self, call: u32) -> Option<Poll> {
        let poll = self.poll.get().filter(|poll| poll.call == call);
        poll.inspect(|_| self.poll.set(None))
    }

    /// How long it is until the next poll, if there is none under way.
    pub(super) fn wait(&self, now: Duration) -> Option<Duration> {
        self.poll.get().is_none().then(|| self.due.get().saturating_sub(now))
    }

    pub(super) fn adrift(&self) {
        self.is_adrift.set(true);
    }

    pub(super) fn moored(&self) {
        self.is_adrift.set(false);
    }
}

impl Controller {
    /// Polls, if it is time for it.
    pub(super) fn poll(&self, now: Duration) {
        let polling = &self.polling;
        let is_under_way = polling.poll.get().is_some_and(|poll| now < poll.sent + LOST_AFTER);
        if is_under_way || now < polling.due.get() || self.is_jumping() {
            return;
        }
        let head = self.board.head().and_then(|read| read.parse());
        let from = head.map(|word| word.head).filter(|_| !polling.is_adrift.get());
        if let Some(due) = from.map(|head| self.told(head).expires()).filter(|due| now < *due) {
            return polling.due.set(due);
        }
        match self.service.poll(from.as_ref()) {
            Ok(call) => polling.poll.set(Some(Poll { call, sent: now, from })),
            Err(error) => self.poll_failed(&error, now),
        }
    }

    /// Notice of a head that may not be this VM's own: whoever put it down may have died before it
    /// could tell anybody.
    fn told(&self, head: Position) -> Notice {
        let told = self.polling.notice.get().filter(|notice| notice.is_of(&head));
        told.unwrap_or_else(|| self.tell(head))
    }

    /// Has everybody look at the head.
    fn tell(&self, head: Position) -> Notice {
        self.board.ring();
        let notice = Notice::given(head, clock::monotonic());
        self.polling.notice.set(Some(notice));
        notice
    }

    pub(super) fn on_poll(&self, poll: Poll, headers: usize, body: usize, now: Duration) {
        if !self.leader.is_held() {
            return;
        }
        let taken = service::told(headers, body).and_then(|(told, lease)| {
            self.polling.due.set(poll.sent + INTERVAL);
            match (told, poll.from) {
                (Told::Current, None) => return Err(ServiceError::Foreign("a snapshot")),
                (Told::Current, Some(head)) => self.publish(Word { head, sent: poll.sent, lease }),
                (Told::Delta(_), None) => return Err(ServiceError::Foreign("a snapshot")),
                (Told::Delta(bytes), Some(from)) => {
                    self.take_frames(&bytes, from, (poll.sent, lease), now);
                }
                (Told::Manifest(bytes), _) => self.fetch(&bytes, (poll.sent, lease), true, now),
            }
            Ok(())
        });
        match taken {
            Ok(()) => self.poll_succeeded(),
            Err(error) => self.poll_failed(&error, now),
        }
        self.poll(now);
    }

    /// Applies the frames that lead on from where the board stands, and publishes them.
    fn take_frames(
        &self,
        bytes: &[u8],
        from: Position,
        (sent, lease): (Duration, Duration),
        now: Duration,
    ) {
        let Some(control) = self.control() else { return };
        if control.position() != Some(from) {
            // Still on its way there; or another VM has led in between.
            return self.polling.due.set(now + FIRST_PAUSE);
        }
        let head = match self.put_frames(bytes, from) {
            Ok(head) => head,
            Err(error) => {
                log::warn!("the control service's answer is of no use: {error}");
                self.metrics.poll_failed();
                return self.polling.adrift();
            }
        };
        while control.position() != Some(head) && !self.follower.is_lost() {
            self.follower.lead(&self.board, control, &head);
        }
        match control.position() == Some(head) {
            true => self.publish(Word { head, sent, lease }),
            false => self.polling.adrift(),
        }
    }

    /// Puts each frame on the board by itself, so that every VM can stop and go on anywhere.
    fn put_frames(&self, bytes: &[u8], from: Position) -> Result<Position, DeltaError> {
        let mut delta = Delta::read(bytes, &from)?;
        let mut at = from;
        while let Some(frame) = delta.next_frame()? {
            let next = delta.position();
            let single = Delta::encode(&at, std::iter::once((next.hash, frame.as_bytes())));
            self.board.put_frame(next.epoch, &single);
            at = next;
        }
        Ok(at)
    }

    /// Publishes where the proxy stands. Another VM may have been quicker; then its word counts.
    pub(super) fn publish(&self, word: Word) {
        let Some(read) = self.board.head() else { return };
        // A lease that was granted for less holds for more as well.
        let before = read.parse();
        let later = before.filter(|before| before.sent > word.sent);
        let word = later.map_or(word, |later| Word { head: word.head, ..later });
        self.board.publish(&word, &read);
        if before.is_some_and(|before| before.head == word.head) {
            // That the lease is longer nobody waits for.
            return self.board.ring();
        }
        self.tell(word.head);
    }

    fn poll_succeeded(&self) {
        if self.polling.pause.take() != Duration::ZERO {
            log::info!("the control service answers again");
        }
    }

    pub(super) fn poll_failed(&self, error: &ServiceError, now: Duration) {
        let before = self.polling.pause.get();
        if before == Duration::ZERO {
            log::warn!("the control service cannot be followed: {error}");
        }
        let pause = (before * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.polling.pause.set(pause);
        self.polling.due.set(now + pause);
        self.metrics.poll_failed();
    }
}
