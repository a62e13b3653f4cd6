//! OpenID AuthZEN Authorization API 1.0, over the same compiled policy that proxies decide by: an
//! application asks the boundary that its requests came through.
//!
//! A question names a subject, an action and a resource. Who the subject is, `subject` finds out;
//! which request the action on the resource stands for, `mapping`; then [`decide`](Authzen::decide)
//! asks the policy. `question` is the wire's shapes, `batch` several questions in one, `search` the
//! questions with a hole in them.

mod batch;
mod decide;
mod mapping;
mod question;
mod search;
mod subject;

pub use self::batch::{BatchAnswer, BatchQuestion, Semantic};
pub use self::decide::{Asker, Authzen, Decision, DecisionReason};
pub use self::mapping::MappingError;
pub use self::question::{Action, Answer, AnswerContext, Entity, Question, QuestionError};
pub use self::search::{ActionName, EntityName, SearchAnswer};
pub use self::subject::SubjectError;
