//! One question, decided: who is the subject, may this caller ask about it, is it still live, which
//! request does the question stand for, and what does the policy say.

use std::fmt;
use std::sync::Arc;

use tenantguard::artifact::evaluate::{Evaluation, Question as PolicyQuestion, Subject};
use tenantguard::decision::Reason;
use tenantguard::gate::Step;
use tenantguard::identity::NameError;
use tenantguard::path::NormalPath;
use tenantguard::request::{Request, RequestIds};

use super::mapping::{self, Mapped, MappingError};
use super::question::{Answer, Entity, Question};
use super::subject::{Directory, Power, Resolved, SubjectError};
use crate::auth::{Reach, Tokens, live};
use crate::config::AuthzenSource;
use crate::state::Subject as LiveSubject;

/// Answers questions by a policy.
#[derive(Debug)]
pub struct Authzen {
    pub(super) source: AuthzenSource,
    pub(super) directory: Directory,
    pub(super) tokens: Arc<Tokens>,
}

/// On whose behalf a question is asked.
pub struct Asker<'a> {
    /// Whose subjects the caller may ask about.
    pub reach: &'a Reach,
    /// Whether the control state refuses somebody.
    pub is_revoked: &'a (dyn Fn(&LiveSubject) -> bool + Sync),
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Permit,
    /// It may not.
    Deny(DecisionReason),
}

/// Why it may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionReason {
    /// The subject is nobody.
    Subject(SubjectError),
    /// The caller may not ask about this tenant's subjects.
    Reach,
    /// The subject, or its tenant, has been revoked.
    Revoked,
    /// The question stands for no request.
    Mapping(MappingError),
    /// The policy denies it.
    Policy(Reason),
}

impl fmt::Display for DecisionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject(error) => error.code(),
            Self::Reach => "tenant.forbidden",
            Self::Revoked => "revoked",
            Self::Mapping(error) => error.code(),
            Self::Policy(reason) => reason.code(),
        })
    }
}

impl From<Decision> for Answer {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Permit => Self::permit(),
            Decision::Deny(reason) => Self::deny(&reason.to_string()),
        }
    }
}

impl Authzen {
    /// By this policy.
    ///
    /// # Errors
    /// [`NameError`] for a listed subject whose tenant is none.
    pub fn new(source: AuthzenSource, tokens: Arc<Tokens>) -> Result<Self, NameError> {
        let directory = Directory::new(&source)?;
        Ok(Self { source, directory, tokens })
    }

    /// Decides a question.
    pub async fn decide(&self, question: &Question, asker: &Asker<'_>) -> Decision {
        match self.directory.resolve(&question.subject, &self.tokens).await {
            Ok(subject) => self.decide_for(&subject, question, asker),
            Err(error) => Decision::Deny(DecisionReason::Subject(error)),
        }
    }

    /// Decides a question whose subject is known.
    pub(super) fn decide_for(
        &self,
        subject: &Resolved,
        question: &Question,
        asker: &Asker<'_>,
    ) -> Decision {
        let decided = asker
            .may_ask(subject)
            .and_then(|()| asker.is_live(subject))
            .and_then(|()| {
                mapping::map(&self.source.mappings, question).map_err(DecisionReason::Mapping)
            })
            .and_then(|mapped| self.ask_policy(subject, &mapped, &question.resource));
        match decided {
            Ok(()) => Decision::Permit,
            Err(reason) => Decision::Deny(reason),
        }
    }

    fn ask_policy(
        &self,
        subject: &Resolved,
        mapped: &Mapped,
        resource: &Entity,
    ) -> Result<(), DecisionReason> {
        let property = |name| resource.properties.get(name).and_then(|value| value.as_str());
        let host = property("host").unwrap_or_default();
        match &subject.power {
            Power::Token(_) => self.ask_gate(subject, mapped, host),
            Power::Roles(roles) => {
                let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
                let subject = Subject {
                    tenant: subject.tenant.as_str(),
                    principal: &subject.principal,
                    roles: &roles,
                    named_tenant: property("tenant"),
                };
                self.evaluate(&subject, mapped, host)
            }
        }
    }

    fn evaluate(
        &self,
        subject: &Subject<'_>,
        mapped: &Mapped,
        host: &str,
    ) -> Result<(), DecisionReason> {
        let gate = self.tokens.gate();
        let policy = gate.policy();
        let path = NormalPath::parse_with(mapped.path.as_bytes(), policy.paths())
            .map_err(|_| DecisionReason::Policy(Reason::RequestMalformed))?;
        let at = self.tokens.now().wall;
        let question = PolicyQuestion { host, method: &mapped.method, path: &path, at };
        Err(DecisionReason::Policy(match policy.evaluate(subject, &question) {
            Evaluation::Public(_) | Evaluation::Home(..) | Evaluation::Delegated(..) => {
                return Ok(());
            }
            Evaluation::NoRoute => Reason::RouteUnknown,
            Evaluation::NoMethod(_) => Reason::RouteMethod,
            Evaluation::NoTenant => Reason::TenantUnknown,
            Evaluation::NoPermission(..) => Reason::PermissionMissing,
            Evaluation::NoDelegation(..) => Reason::DelegationNone,
        }))
    }

    /// What a proxy would decide on the request with this token.
    fn ask_gate(
        &self,
        subject: &Resolved,
        mapped: &Mapped,
        host: &str,
    ) -> Result<(), DecisionReason> {
        let Power::Token(identity) = &subject.power else { return Ok(()) };
        let gate = self.tokens.gate();
        let headers = [
            (":method".to_owned(), mapped.method.clone().into_bytes()),
            (":path".to_owned(), mapped.path.clone().into_bytes()),
            (":authority".to_owned(), host.as_bytes().to_vec()),
            ("authorization".to_owned(), format!("Bearer {}", identity.text()).into_bytes()),
        ];
        let request = Request {
            headers: &headers,
            mode: None,
            ids: RequestIds::from_entropy([0; 32]),
            certificate: None,
        };
        let now = self.tokens.now();
        let step = match gate.begin(&request, now) {
            Step::Ask(pending, _) => gate.resume(&pending, None, now),
            settled => settled,
        };
        match step {
            Step::Permit(_) => Ok(()),
            Step::Deny(denial) => Err(DecisionReason::Policy(denial.account().verdict().reason())),
            Step::Ask(..) => Err(DecisionReason::Policy(Reason::KeysStale)),
            // A route that the gate is not rolled out on: nothing there is decided by it.
            Step::Off => Err(DecisionReason::Policy(Reason::RouteUnknown)),
        }
    }
}

impl Asker<'_> {
    fn may_ask(&self, subject: &Resolved) -> Result<(), DecisionReason> {
        self.reach.cover(&subject.tenant).map_err(|_| DecisionReason::Reach)
    }

    fn is_live(&self, subject: &Resolved) -> Result<(), DecisionReason> {
        let subject = match &subject.power {
            Power::Token(identity) => live::bearer(identity),
            Power::Roles(_) => live::tenant(&subject.tenant),
        };
        if (self.is_revoked)(&subject) { Err(DecisionReason::Revoked) } else { Ok(()) }
    }
}
