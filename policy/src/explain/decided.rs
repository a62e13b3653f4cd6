//! What the gate decided, told check by check. Nothing here decides: it only reads the account.

use tenantguard::artifact::Policy;
use tenantguard::artifact::route::Usage;
use tenantguard::decision::{Check, Reason};
use tenantguard::gate::{Account, Facts, Gate, Need, Permit, Response, Step, Verdict};
use tenantguard::headers::HeaderChanges;
use tenantguard::request::{Mode, Request};
use tenantguard::time::Now;
use tenantguard::token::{CompactToken, StatedClaims};

/// One check, and how it ended.
#[derive(Debug, Clone)]
pub struct CheckStep {
    /// The check.
    pub check: Check,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// What it found out, or why it refuses.
    pub detail: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It has nothing against the request.
    Passed,
    /// It refuses the request.
    Refused,
    /// The request is permitted without it.
    NotNeeded,
    /// An earlier check has refused.
    NotReached,
    /// It is not made: there is nothing to make it on.
    Skipped,
}

impl CheckOutcome {
    /// As people read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::NotNeeded => "not needed",
            Self::NotReached => "not reached",
            Self::Skipped => "skipped",
        }
    }
}

/// A decision with its request and policy.
#[derive(Debug)]
pub struct Decided<'a> {
    policy: &'a Policy,
    request: &'a Request<'a>,
    stated: Option<&'a StatedClaims>,
    step: Step,
}

impl<'a> Decided<'a> {
    /// Lets the gate decide. `answer` is asked for what the proxy would have to fetch; what it does
    /// not give the gate does not have.
    #[must_use]
    pub fn by(
        gate: &'a Gate,
        request: &'a Request<'a>,
        now: Now,
        answer: impl FnOnce(Need),
    ) -> Self {
        let mut step = gate.begin(request, now);
        if let Step::Ask(pending, need) = step {
            answer(need);
            step = gate.resume(&pending, None, now);
        }
        Self { policy: gate.policy(), request, stated: None, step }
    }

    /// Lets the gate decide as if the request's token had these claims and a good signature.
    #[must_use]
    pub fn assuming(
        gate: &'a Gate,
        request: &'a Request<'a>,
        claims: &'a StatedClaims,
        now: Now,
    ) -> Self {
        let step = gate.begin_with_claims(request, claims, now);
        Self { policy: gate.policy(), request, stated: Some(claims), step }
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// How far the gate is rolled out where it was decided.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.account().map_or(Mode::Off, Account::mode)
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &'a Request<'a> {
        self.request
    }

    /// The claims that it was decided on, as far as there are any that can be read: those that were
    /// stated, or those of the token, which nobody need have verified.
    #[must_use]
    pub fn claims(&self) -> Option<StatedClaims> {
        match self.stated {
            Some(stated) => Some(stated.clone()),
            None => self.token().map(CompactToken::into_stated),
        }
    }

    /// The account. A step that still asks has none, but no such step comes here; where the gate is
    /// off there is nothing to tell, so whoever asks about a request says how it is decided.
    fn account(&self) -> Option<&Account> {
        match &self.step {
            Step::Permit(permit) => Some(permit.account()),
            Step::Deny(denial) => Some(denial.account()),
            Step::Ask(..) | Step::Off => None,
        }
    }

    /// What the gate found out.
    #[must_use]
    pub fn facts(&self) -> Option<&Facts> {
        self.account().map(Account::facts)
    }

    /// How it ended.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        self.account().map(Account::verdict)
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.verdict().map_or(Reason::KeysStale, Verdict::reason)
    }

    /// What was decided, or under shadow would have been.
    #[must_use]
    pub fn is_permitted(&self) -> bool {
        !matches!(self.verdict(), Some(Verdict::Deny(_)) | None)
    }

    /// Whether the gate only looked on.
    #[must_use]
    pub fn is_shadowed(&self) -> bool {
        self.account().is_some_and(|account| account.mode() == Mode::Shadow)
    }

    /// Why in detail.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        self.verdict().and_then(Verdict::detail)
    }

    /// What is done to the headers, if anything is.
    #[must_use]
    pub fn changes(&self) -> Option<&HeaderChanges> {
        match &self.step {
            Step::Permit(permit) => permit.changes(),
            _ => None,
        }
    }

    /// Identity headers that the gate would have set otherwise.
    #[must_use]
    pub fn differs(&self) -> &[String] {
        match &self.step {
            Step::Permit(Permit::Shadowed(shadowed)) => shadowed.differs(),
            _ => &[],
        }
    }

    /// What the request is billed as.
    #[must_use]
    pub fn usage(&self) -> Usage {
        match &self.step {
            Step::Permit(permit) => permit.usage(),
            _ => Usage::None,
        }
    }

    /// What the client gets, if it is refused.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        match &self.step {
            Step::Deny(denial) => Some(denial.response()),
            _ => None,
        }
    }

    /// Every check in order.
    #[must_use]
    pub fn steps(&self) -> Vec<CheckStep> {
        let steps = Check::ALL.iter().map(|(check, _)| {
            let outcome = self.outcome(*check);
            let detail = match outcome {
                CheckOutcome::Passed => self.fact(*check),
                CheckOutcome::Refused => self.detail(),
                CheckOutcome::Skipped if *check == Check::Revocation => {
                    Some("no control configured".to_owned())
                }
                CheckOutcome::Skipped => Some("only claims are given".to_owned()),
                CheckOutcome::NotNeeded | CheckOutcome::NotReached => None,
            };
            CheckStep { check: *check, outcome, detail }
        });
        steps.collect()
    }

    fn outcome(&self, check: Check) -> CheckOutcome {
        let outcome = match check.cmp(&self.reason().check()) {
            std::cmp::Ordering::Less => CheckOutcome::Passed,
            std::cmp::Ordering::Equal if self.is_permitted() => CheckOutcome::Passed,
            std::cmp::Ordering::Equal => CheckOutcome::Refused,
            std::cmp::Ordering::Greater if self.is_permitted() => CheckOutcome::NotNeeded,
            std::cmp::Ordering::Greater => CheckOutcome::NotReached,
        };
        let is_made = self.stated.is_none() || !matches!(check, Check::Token | Check::Signature);
        match outcome {
            CheckOutcome::Passed if !is_made || check == Check::Revocation => CheckOutcome::Skipped,
            outcome => outcome,
        }
    }

    /// What a check that passed found out.
    fn fact(&self, check: Check) -> Option<String> {
        let facts = self.facts()?;
        match check {
            Check::Request => self.request_fact(facts),
            Check::Route => self.route_fact(facts),
            Check::Token => self.token().map(|token| match &token.header().kid {
                Some(kid) => format!("{}, key {kid}", token.header().algorithm),
                None => format!("{}, no key named", token.header().algorithm),
            }),
            Check::Issuer => self.claims()?.issuer().map(str::to_owned),
            Check::Signature => Some("made by the issuer's key".to_owned()),
            Check::Claims => {
                facts.principal.as_ref().map(|principal| format!("valid now; {principal}"))
            }
            Check::Tenant => {
                facts.acting_tenant.as_ref().map(|tenant| format!("acting as {tenant}"))
            }
            // No control service stands behind an explanation.
            Check::Revocation => None,
            Check::Permission => {
                let permission = facts.permission.and_then(|id| self.policy.permission(id))?;
                Some(format!("{permission} is given"))
            }
            Check::Delegation => {
                let tenant = facts.resource_tenant.as_ref()?;
                Some(match &facts.delegation {
                    Some(grant) => {
                        format!("{} lets it touch {tenant}'s data", grant.id(self.policy))
                    }
                    None => format!("the data is {tenant}'s own; none is needed"),
                })
            }
        }
    }

    fn request_fact(&self, facts: &Facts) -> Option<String> {
        let (method, path) = (facts.method.as_ref()?, facts.path.as_ref()?);
        let is_rewritten =
            self.request.path(self.policy.paths()).is_ok_and(|path| path.rewritten().is_some());
        match is_rewritten {
            true => Some(format!("{method} {path} (normalized)")),
            false => Some(format!("{method} {path}")),
        }
    }

    fn route_fact(&self, facts: &Facts) -> Option<String> {
        let route = facts.route.and_then(|id| self.policy.route(id))?;
        let template = route.template();
        if self.verdict()? == &Verdict::Preflight {
            return Some(format!("{template}, a CORS preflight"));
        }
        if route.is_public() {
            return Some(format!("{template}, public"));
        }
        let permission = facts.permission.and_then(|id| self.policy.permission(id))?;
        Some(format!("{template} asks for {permission}"))
    }

    /// Reads the token again: the account keeps nothing of what the sender only claims.
    fn token(&self) -> Option<CompactToken<'_>> {
        CompactToken::parse(self.policy.token_source().find(self.request).ok()?).ok()
    }
}
