//! Tests of a policy as tables: named principals, named requests, and what is expected of each pair,
//! at one fixed time. Written in YAML beside the policy, read by `read::suite` with the same care.
//!
//! `run` lets the gate decide every case, `coverage` tells which routes, roles and delegations of the
//! policy the cases have touched.

mod coverage;
mod run;

use tenantguard::decision::Reason;
use tenantguard::request::HeaderList;
use tenantguard::time::UnixTime;

pub use self::coverage::{Coverage, Item, Part};
pub use self::run::{CaseResult, Failed, run};
use crate::explain::Person;
use crate::finding::Findings;
use crate::load;
use crate::place::{FileId, Located, Place};
use crate::report::Report;
use crate::source::Source;
use crate::{SourceFile, read};

/// One file of tests.
#[derive(Debug)]
pub struct Suite {
    /// The policy that it is about, from the file's directory.
    pub policy: Option<Located<String>>,
    /// The time at which everything is decided.
    pub now: UnixTime,
    /// Who asks.
    pub principals: Vec<Principal>,
    /// What is asked.
    pub requests: Vec<Ask>,
    /// What is expected.
    pub cases: Vec<Case>,
}

/// Somebody who asks.
#[derive(Debug)]
pub struct Principal {
    /// What the file calls them.
    pub name: String,
    /// Where they stand.
    pub place: Place,
    /// What they come with.
    pub credential: Credential,
}

/// What somebody comes with.
#[derive(Debug)]
pub enum Credential {
    /// Nothing.
    Nobody,
    /// A token, whose signature is checked.
    Token(String),
    /// Claims as an issuer would write them; nothing is signed.
    Person(Box<Person>),
}

/// A request.
#[derive(Debug)]
pub struct Ask {
    /// What the file calls it.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Its headers, pseudo-headers among them.
    pub headers: HeaderList,
}

/// One cell of the table, by positions in the suite.
#[derive(Debug, Clone)]
pub struct Case {
    /// Who asks.
    pub principal: usize,
    /// What.
    pub request: usize,
    /// What must come of it.
    pub expected: Located<Expected>,
}

/// What must come of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// It is permitted, with or without identity.
    Permit,
    /// It is refused, for whatever reason.
    Deny,
    /// It has exactly this reason.
    Because(Reason),
}

impl Expected {
    /// Reads `permit`, `deny`, or the code of a reason.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "permit" => Some(Self::Permit),
            "deny" => Some(Self::Deny),
            code => Reason::ALL.iter().find(|r| r.code() == code).copied().map(Self::Because),
        }
    }

    /// Whether a decision with this reason is what was expected.
    #[must_use]
    pub fn is_met_by(self, reason: Reason) -> bool {
        match self {
            Self::Permit => reason.decision() == "permit",
            Self::Deny => reason.decision() == "deny",
            Self::Because(expected) => reason == expected,
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::Because(reason) => reason.code(),
        })
    }
}

impl Suite {
    /// Reads a file of tests.
    ///
    /// # Errors
    /// [`Findings`]: everything that is wrong with it.
    pub fn read(file: &SourceFile<'_>) -> Result<Self, Findings> {
        let mut report = Report::new();
        let suite = load::parse(file, FileId::default(), &mut report)
            .and_then(|tree| read::suite::suite(&tree, &mut report));
        report.conclude(suite)
    }

    /// Checks what the tests name in the policy.
    ///
    /// # Errors
    /// [`Findings`]: everything that is not there.
    pub fn check(&self, source: &Source) -> Result<(), Findings> {
        let mut report = Report::new();
        for principal in &self.principals {
            let Credential::Person(person) = &principal.credential else { continue };
            let known = || source.issuers.iter().map(|issuer| issuer.name.as_str());
            if !known().any(|name| name == person.issuer) {
                read::suite::unknown(
                    "issuer",
                    &person.issuer,
                    &principal.place,
                    known(),
                    &mut report,
                );
            }
        }
        report.conclude(Some(()))
    }

    /// What a case is called: who asks, and what.
    #[must_use]
    pub fn name(&self, case: &Case) -> String {
        let principal = self.principals.get(case.principal).map_or("", |one| &one.name);
        let request = self.requests.get(case.request).map_or("", |one| &one.name);
        format!("{principal} / {request}")
    }
}
