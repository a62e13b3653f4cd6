//! The question whether a token may be used, as the control service is asked it (RFC 7662, section
//! 2.1, by the hashes of the token's handles), and its answer, held against the question.
//!
//! Only a 200 that echoes nonce and epoch, from a service that is not behind, is an answer. An
//! [`Answer`] can be made in no other way, and is good for the one request that asked.

use super::state::Revoked;
use super::watched::Watched;
use crate::control::{Epoch, HandleKind, Position, Target};
use crate::request::RandomId;
use crate::token::{Json, Object};

/// Where the question goes.
pub const QUESTION_PATH: &str = "/oauth2/introspect";
/// The longest answer that is read, in bytes.
pub const ANSWER_LIMIT: usize = 8 * 1024;

/// A question to the control service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    body: String,
    nonce: RandomId,
    held: Position,
}

/// What the control service says of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    nonce: RandomId,
    verdict: AnswerVerdict,
}

/// The content of an [`Answer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerVerdict {
    /// It may be used.
    Active {
        /// Where the service stood.
        epoch: Epoch,
    },
    /// It may not.
    Revoked(Revoked),
    /// Nothing that could be relied on.
    Unusable,
}

impl Question {
    /// Asks about a token, for the request with this id, by a copy that stands at `held`.
    pub(crate) fn new(token: &Watched, nonce: RandomId, held: Position) -> Self {
        let handles = token.handles();
        let mut body = String::with_capacity(320);
        let mut put = |name: &str, value: &dyn std::fmt::Display| {
            use std::fmt::Write as _;
            let separator = if body.is_empty() { "" } else { "&" };
            // Every value is of hexadecimal digits, decimal ones or a tenant's letters, none of
            // which a form escapes. Writing into memory does not fail.
            write!(body, "{separator}{name}={value}").unwrap_or_default();
        };
        put("token_hash", &handles.token.hash());
        put("tenant", token.tenant());
        let others = [
            ("session_hash", handles.session.as_ref()),
            ("principal_hash", Some(&handles.principal)),
            ("key_hash", handles.key.as_ref()),
        ];
        for (name, target) in others {
            if let Some(hash) = target.map(Target::hash) {
                put(name, &hash);
            }
        }
        put("iat", &token.issued());
        put("skew", &token.skew());
        put("nonce", &nonce);
        put("epoch", &held.epoch);
        Self { body, nonce, held }
    }

    /// The body of the request, `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }

    /// Reads what came back, whatever it is.
    #[must_use]
    pub fn answer(&self, status: u16, body: &[u8]) -> Answer {
        let verdict = self.read(status, body).unwrap_or(AnswerVerdict::Unusable);
        Answer { nonce: self.nonce, verdict }
    }

    fn read(&self, status: u16, body: &[u8]) -> Option<AnswerVerdict> {
        if status != 200 || body.len() > ANSWER_LIMIT {
            return None;
        }
        let told = Object::parse(body).ok()?;
        let text = |name| match told.get(name) {
            Some(Json::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let is_ours = text("nonce").is_some_and(|nonce| nonce.as_bytes() == self.nonce.digits());
        let is_same = told.get("epoch") == Some(&Json::Unsigned(self.held.epoch.0));
        let position: Position = text("position")?.parse().ok()?;
        let is_behind = position.history == self.held.history && position.epoch < self.held.epoch;
        if !is_ours || !is_same || is_behind {
            return None;
        }
        match told.get("active") {
            Some(Json::Bool(true)) => Some(AnswerVerdict::Active { epoch: position.epoch }),
            Some(Json::Bool(false)) => {
                Some(AnswerVerdict::Revoked(revoked(text("reason").unwrap_or_default())))
            }
            _ => None,
        }
    }
}

impl Answer {
    /// What it says.
    #[must_use]
    pub fn verdict(&self) -> AnswerVerdict {
        self.verdict
    }

    /// What it says to the request with this id; nothing to any other.
    pub(crate) fn to(&self, nonce: RandomId) -> AnswerVerdict {
        if self.nonce == nonce { self.verdict } else { AnswerVerdict::Unusable }
    }
}

/// The service says why only to those who may know.
fn revoked(reason: &str) -> Revoked {
    let named = |prefix: &str| {
        let kind = reason.strip_prefix(prefix)?;
        HandleKind::ALL.into_iter().find(|one| one.name() == kind)
    };
    named("suspended.")
        .map(Revoked::Suspended)
        .or_else(|| named("revoked.").map(Revoked::Handle))
        .unwrap_or(Revoked::Handle(HandleKind::Token))
}
