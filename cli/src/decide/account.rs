//! What the gate decided, told check by check. Nothing here decides: it only reads the account.

use tenantguard::artifact::Policy;
use tenantguard::artifact::route::{Access, Usage};
use tenantguard::decision::{Check, Reason};
use tenantguard::gate::{Account, Facts, Permit, Response, Step, Verdict};
use tenantguard::headers::HeaderChanges;
use tenantguard::request::{Mode, Request};
use tenantguard::token::CompactToken;

/// One check, and how it ended.
#[derive(Debug)]
pub(crate) struct CheckStep {
    pub(crate) check: Check,
    pub(crate) outcome: CheckOutcome,
    pub(crate) detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckOutcome {
    Passed,
    Refused,
    /// The request is permitted without it.
    NotNeeded,
    /// An earlier check has refused.
    NotReached,
}

impl CheckOutcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::NotNeeded => "not needed",
            Self::NotReached => "not reached",
        }
    }
}

/// A decision with its request and policy.
pub(crate) struct Decided<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) request: &'a Request<'a>,
    step: Step,
}

impl<'a> Decided<'a> {
    pub(crate) fn new(policy: &'a Policy, request: &'a Request<'a>, step: Step) -> Self {
        Self { policy, request, step }
    }

    /// The account; a step that still asks has none, but no such step comes here.
    fn account(&self) -> Option<&Account> {
        match &self.step {
            Step::Permit(permit) => Some(permit.account()),
            Step::Deny(denial) => Some(denial.account()),
            Step::Ask(..) => None,
        }
    }

    pub(crate) fn facts(&self) -> Option<&Facts> {
        self.account().map(Account::facts)
    }

    pub(crate) fn verdict(&self) -> Option<&Verdict> {
        self.account().map(Account::verdict)
    }

    pub(crate) fn reason(&self) -> Reason {
        self.verdict().map_or(Reason::KeysStale, Verdict::reason)
    }

    /// What was decided, or under shadow would have been.
    pub(crate) fn is_permitted(&self) -> bool {
        !matches!(self.verdict(), Some(Verdict::Deny(_)) | None)
    }

    pub(crate) fn is_shadowed(&self) -> bool {
        self.request.mode == Mode::Shadow
    }

    pub(crate) fn detail(&self) -> Option<String> {
        self.verdict().and_then(Verdict::detail)
    }

    /// What is done to the headers, if anything is.
    pub(crate) fn changes(&self) -> Option<&HeaderChanges> {
        match &self.step {
            Step::Permit(permit) => permit.changes(),
            _ => None,
        }
    }

    /// Identity headers that the gate would have set otherwise.
    pub(crate) fn differs(&self) -> &[String] {
        match &self.step {
            Step::Permit(Permit::Shadowed(shadowed)) => shadowed.differs(),
            _ => &[],
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        match &self.step {
            Step::Permit(permit) => permit.usage(),
            _ => Usage::None,
        }
    }

    pub(crate) fn response(&self) -> Option<&Response> {
        match &self.step {
            Step::Deny(denial) => Some(denial.response()),
            _ => None,
        }
    }

    /// Every check in order.
    pub(crate) fn steps(&self) -> Vec<CheckStep> {
        let last = self.reason().check();
        let steps = Check::ALL.iter().map(|(check, _)| {
            let outcome = match check.cmp(&last) {
                std::cmp::Ordering::Less => CheckOutcome::Passed,
                std::cmp::Ordering::Equal if self.is_permitted() => CheckOutcome::Passed,
                std::cmp::Ordering::Equal => CheckOutcome::Refused,
                std::cmp::Ordering::Greater if self.is_permitted() => CheckOutcome::NotNeeded,
                std::cmp::Ordering::Greater => CheckOutcome::NotReached,
            };
            let detail = match outcome {
                CheckOutcome::Passed => self.fact(*check),
                CheckOutcome::Refused => self.detail(),
                CheckOutcome::NotNeeded | CheckOutcome::NotReached => None,
            };
            CheckStep { check: *check, outcome, detail }
        });
        steps.collect()
    }

    /// What a check that passed found out.
    fn fact(&self, check: Check) -> Option<String> {
        let facts = self.account()?.facts();
        match check {
            Check::Request => self.request_fact(facts),
            Check::Route => self.route_fact(facts),
            Check::Token => self.with_token(|token| match &token.header().kid {
                Some(kid) => format!("{}, key {kid}", token.header().algorithm),
                None => format!("{}, no key named", token.header().algorithm),
            }),
            Check::Issuer => self.with_token(|token| token.claimed_issuer().map(str::to_owned))?,
            Check::Signature => Some("made by the issuer's key".to_owned()),
            Check::Claims => {
                facts.principal.as_ref().map(|principal| format!("valid now; {principal}"))
            }
            Check::Tenant => {
                facts.acting_tenant.as_ref().map(|tenant| format!("acting as {tenant}"))
            }
            Check::Permission => {
                let permission = facts.permission.and_then(|id| self.policy.permission(id))?;
                Some(format!("{permission} is given"))
            }
            Check::Delegation => {
                let tenant = facts.resource_tenant.as_ref()?;
                Some(format!("the data is {tenant}'s own; none is needed"))
            }
        }
    }

    fn request_fact(&self, facts: &Facts) -> Option<String> {
        let (method, path) = (facts.method.as_ref()?, facts.path.as_ref()?);
        let is_rewritten = self.request.path().is_ok_and(|path| path.rewritten().is_some());
        match is_rewritten {
            true => Some(format!("{method} {path} (normalized)")),
            false => Some(format!("{method} {path}")),
        }
    }

    fn route_fact(&self, facts: &Facts) -> Option<String> {
        let route = facts.route.and_then(|id| self.policy.route(id))?;
        let template = route.template.as_str();
        let asks = match (self.verdict()?, &route.access) {
            (Verdict::Preflight, _) => "a CORS preflight passes".to_owned(),
            (_, Access::Public { .. }) => "public".to_owned(),
            (_, Access::Tenant { .. }) => {
                let permission = facts.permission.and_then(|id| self.policy.permission(id))?;
                format!("asks for {permission}")
            }
        };
        Some(format!("{template} {asks}"))
    }

    /// Reads the token again: the account keeps nothing of what the sender only claims.
    fn with_token<T>(&self, read: impl FnOnce(&CompactToken<'_>) -> T) -> Option<T> {
        let token =
            CompactToken::parse(self.policy.token_source().find(self.request).ok()?).ok()?;
        Some(read(&token))
    }
}
