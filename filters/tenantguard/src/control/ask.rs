//! Questions to the control service, each asked for one stream and from its own context, so that it
//! ends with its stream and leaves nobody else waiting. A bounded number is under way at a time, and
//! a breaker keeps them from a service that does not answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tenantguard::replica::{Answer, AnswerVerdict, Breaker, BreakerState, Outcome, Question};

use super::service::{self, Service};
use crate::stream::Shared;

/// How many questions of one VM are under way at a time.
const LIMIT: usize = 256;
/// How long after its deadline a question is settled in any case.
const GRACE: Duration = Duration::from_millis(100);

/// A question that is under way.
struct Asked {
    call: u32,
    question: Question,
    sent: Duration,
    stream: Rc<Shared>,
}

/// A request that goes on with what it was answered.
pub(crate) struct Answered {
    pub(crate) id: u32,
    pub(crate) stream: Rc<Shared>,
    pub(crate) answer: Answer,
}

/// The questions of one VM, by the contexts of their streams.
#[derive(Default)]
pub(super) struct Asking {
    asked: RefCell<BTreeMap<u32, Asked>>,
    breaker: RefCell<Breaker>,
}

impl Asking {
    /// Puts a question for a stream whose context is in effect; `false` if it cannot be asked now.
    pub(super) fn ask(
        &self,
        service: &Service,
        (id, stream): (u32, Rc<Shared>),
        question: Question,
        now: Duration,
    ) -> bool {
        let patience = service.ask_deadline() + GRACE;
        if self.asked.borrow().len() >= LIMIT || !self.breaker.borrow_mut().admits(now, patience) {
            return false;
        }
        let Some(call) = service.ask(&question) else {
            self.breaker.borrow_mut().settle(Outcome::Failed, now);
            return false;
        };
        self.asked.borrow_mut().insert(id, Asked { call, question, sent: now, stream });
        true
    }

    /// The answer to a call, if it is to a question.
    pub(super) fn answered(
        &self,
        call: u32,
        (headers, body): (usize, usize),
        now: Duration,
    ) -> Option<Answered> {
        let found = self.asked.borrow().iter().find(|(_, it)| it.call == call).map(|(id, _)| *id);
        let (id, asked) = self.asked.borrow_mut().remove_entry(&found?)?;
        let answer = service::answer(&asked.question, headers, body);
        let outcome = match answer.verdict() {
            AnswerVerdict::Unusable => Outcome::Failed,
            AnswerVerdict::Active { .. } | AnswerVerdict::Revoked(_) => Outcome::Answered,
        };
        self.breaker.borrow_mut().settle(outcome, now);
        Some(Answered { id, stream: asked.stream, answer })
    }

    /// The stream is gone, and its question with it, if there was one.
    pub(super) fn remove(&self, id: u32) -> bool {
        self.asked.borrow_mut().remove(&id).is_some()
    }

    /// Tells the breaker what became of a question.
    pub(super) fn settle(&self, outcome: Outcome, now: Duration) {
        self.breaker.borrow_mut().settle(outcome, now);
    }

    /// The requests whose answer should have come long ago: nothing waits past its deadline.
    pub(super) fn take_overdue(&self, service: &Service, now: Duration) -> Vec<Answered> {
        let mut asked = self.asked.borrow_mut();
        let limit = service.ask_deadline() + GRACE;
        let overdue = asked.extract_if(.., |_, asked| asked.sent + limit <= now);
        let overdue = overdue.map(|(id, asked)| {
            self.breaker.borrow_mut().settle(Outcome::Failed, now);
            Answered { id, stream: asked.stream, answer: asked.question.answer(0, b"") }
        });
        overdue.collect()
    }

    pub(super) fn state(&self) -> BreakerState {
        self.breaker.borrow().state()
    }
}
