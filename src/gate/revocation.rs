//! Whether a bearer is refused by the control state, and whose word counts for that: the copy's
//! within its lease, and past it what the route says.

use super::bearer::Bearer;
use super::control::Look;
use super::pipeline::{Pipeline, Stop};
use super::{Facts, Need, Waited};
use crate::artifact::route::{OnStale, Revocation, RouteRow};
use crate::decision::StaleError;
use crate::delegation::Grant;
use crate::replica::{AnswerVerdict, Freshness, Question};

/// How far what was found out goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// To everything that the copy has.
    Copy,
    /// To the token alone: the copy is stale, and the control service was asked.
    TokenOnly,
}

impl Word {
    /// Whether it is enough to use a grant. Only the copy knows of the living ones.
    pub(super) fn covers(self, grant: Option<&Grant>) -> Result<(), StaleError> {
        match (self, grant) {
            (Self::TokenOnly, Some(Grant::Living(_))) => Err(StaleError::Delegation),
            _ => Ok(()),
        }
    }
}

impl Pipeline<'_> {
    /// Whether anything is said against the bearer. What the copy has against it counts however old
    /// the copy is.
    pub(super) fn revocation(
        &self,
        bearer: &Bearer,
        route: &RouteRow<'_>,
        facts: &mut Facts,
    ) -> Result<Word, Stop> {
        let Some(look) = &self.control else { return Ok(Word::Copy) };
        let freshness = look.freshness;
        if freshness == Freshness::Never {
            return Err(self.needs_copy());
        }
        bearer.stands(look, self.now)?;
        let asks_always = route.revocation() == Revocation::Ask;
        let (word, asks) = match (freshness, route.on_stale()) {
            (Freshness::Fresh, _) => (Word::Copy, asks_always),
            (_, OnStale::Ask) => (Word::TokenOnly, true),
            (Freshness::Stale { since }, OnStale::Allow(cap))
                if self.now.monotonic < since.saturating_add(cap) =>
            {
                (Word::Copy, asks_always)
            }
            (_, OnStale::Allow(_) | OnStale::Deny) => return Err(StaleError::TooOld.into()),
        };
        if asks {
            self.ask(look, bearer, facts)?;
        }
        Ok(word)
    }

    /// Whether the first snapshot has not come yet.
    pub(super) fn lacks_copy(&self) -> bool {
        self.control.is_some_and(|look| look.freshness == Freshness::Never)
    }

    pub(super) fn needs_copy(&self) -> Stop {
        match self.waited < Waited::Snapshot {
            true => Stop::Needs(Need::Snapshot),
            false => StaleError::NoCopy.into(),
        }
    }

    /// What the control service itself says of the bearer.
    fn ask(&self, look: &Look<'_>, bearer: &Bearer, facts: &mut Facts) -> Result<(), Stop> {
        let nonce = self.request.ids.audit;
        let (Some(token), Some(held)) = (bearer.watched(), look.control.position()) else {
            return Err(StaleError::NoCopy.into());
        };
        if self.waited < Waited::Answer {
            return Err(Stop::Needs(Need::Introspect(Question::new(token, nonce, held))));
        }
        match self.answer.map_or(AnswerVerdict::Unusable, |answer| answer.to(nonce)) {
            AnswerVerdict::Unusable => Err(StaleError::NoAnswer.into()),
            AnswerVerdict::Active { .. } => {
                facts.was_asked = true;
                Ok(())
            }
            AnswerVerdict::Revoked(revoked) => {
                facts.was_asked = true;
                bearer.refused(look.version, revoked);
                Err(revoked.into())
            }
        }
    }
}
